//! Task definitions and their families.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::digest::Digest;
use crate::ids::{ClusterId, LaunchId, TaskDefinitionId};
use crate::model::constraint::Constraint;
use crate::model::{Capabilities, Tag, TaskDefinition, TaskDefinitionStatus};
use crate::time::SimTime;

use super::demand::Demand;
use super::family::Families;
use super::launch::{ContainerPlan, PlainLaunch};
use super::table::Table;
use super::task::Moment;

/// One revision of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefinitionSpec {
    /// What it is a revision of.
    pub family: Arc<str>,
    /// From 1.
    pub revision: u32,
    /// As shown in answers.
    pub arn: Arc<str>,
    /// As registered, normalised; what became of it since is in [`DefinitionRecord`].
    pub definition: Arc<TaskDefinition>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// The digest of the request that registered it: everything else here follows from that.
    pub fingerprint: Digest,
    /// What a task of it takes when nothing is overridden.
    pub demand: Demand,
    /// What the agent of a container instance must be able to do for it.
    pub requires: Capabilities,
    /// Its containers as an agent runs them.
    pub containers: Arc<[ContainerPlan]>,
    /// Its placement constraints, compiled; their texts are in `definition`.
    #[serde(skip)]
    pub constraints: Arc<[Arc<Constraint>]>,
}

#[cfg(test)]
impl DefinitionSpec {
    /// `web:1` without containers, for unit tests.
    pub(crate) fn example() -> Self {
        Self {
            family: "web".into(),
            revision: 1,
            arn: "arn:definition".into(),
            definition: Arc::new(TaskDefinition::default()),
            tags: Vec::new(),
            fingerprint: Digest::of(b"web"),
            demand: Demand::default(),
            requires: Capabilities::NONE,
            containers: Arc::from([]),
            constraints: Arc::from([]),
        }
    }
}

/// One revision and what refers to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefinitionRecord {
    /// The revision.
    pub spec: Arc<DefinitionSpec>,
    /// How far its life has come.
    pub status: TaskDefinitionStatus,
    /// When it became INACTIVE.
    pub deregistered_at: Moment,
    /// From when on callers can't launch it any more: some time after it became INACTIVE.
    pub refused_from: Moment,
    /// When its deletion was asked for.
    pub delete_requested_at: Moment,
    /// Tasks of it that have not STOPPED.
    pub live: u32,
    /// Launches of plain requests, one for each cluster that has any.
    pub plain: Vec<PlainLaunch>,
}

impl DefinitionRecord {
    /// The launch that a plain request in `cluster` uses again.
    #[must_use]
    pub fn plain_launch(&self, cluster: ClusterId) -> Option<LaunchId> {
        self.plain
            .iter()
            .find(|plain| plain.cluster == cluster)
            .map(|plain| plain.launch)
    }

    /// Whether RunTask and StartTask may launch it at that time.
    ///
    /// # Model
    ///
    /// An INACTIVE one can be launched until the window closes that was drawn when it was deregistered; the API
    /// reference of DeregisterTaskDefinition allows for up to ten minutes. This judges what callers ask for, and
    /// nothing else: a service that uses the definition already launches it as long as it exists, so whatever makes the
    /// tasks of services must not ask here.
    #[must_use]
    pub fn can_be_launched(&self, now: SimTime) -> bool {
        match self.status {
            TaskDefinitionStatus::Active => true,
            TaskDefinitionStatus::Inactive => {
                self.refused_from.get().is_none_or(|closes| now < closes)
            }
            TaskDefinitionStatus::DeleteInProgress => false,
        }
    }

    /// Whether nothing keeps it any more.
    fn is_unused(&self) -> bool {
        self.status == TaskDefinitionStatus::DeleteInProgress && self.live == 0
    }
}

/// All task definitions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Definitions {
    records: Table<DefinitionRecord>,
    /// How many there ever were.
    minted: u32,
    families: Families,
    /// Those that go with the commit under way.
    #[serde(skip)]
    unused: BTreeSet<TaskDefinitionId>,
}

impl Definitions {
    /// A task definition, unless it is gone.
    #[must_use]
    pub fn get(&self, definition: TaskDefinitionId) -> Option<&DefinitionRecord> {
        self.records.get(definition.number())
    }

    /// Every task definition that is not gone, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (TaskDefinitionId, &DefinitionRecord)> {
        self.records
            .iter()
            .map(|(number, record)| (TaskDefinitionId::new(number), record))
    }

    /// Which revisions there are.
    #[must_use]
    pub fn families(&self) -> &Families {
        &self.families
    }

    /// The number that the next revision of a family gets: numbers are never given again.
    ///
    /// # Panics
    ///
    /// When a family has had 2³² − 1 revisions; ECS allows 1,000,000.
    #[must_use]
    pub fn next_revision(&self, family: &str) -> u32 {
        self.families.next_revision(family)
    }

    /// The number that the next task definition gets.
    #[must_use]
    pub fn next(&self) -> TaskDefinitionId {
        TaskDefinitionId::new(self.minted)
    }

    /// One that is to be deleted and that no task keeps any more: the commit forgets it.
    pub(crate) fn unused(&self) -> Option<TaskDefinitionId> {
        self.unused.first().copied()
    }

    pub(super) fn registered(&mut self, definition: TaskDefinitionId, spec: &Arc<DefinitionSpec>) {
        assert_eq!(definition, self.next(), "task definitions are dense");
        self.minted = self
            .minted
            .checked_add(1)
            .expect("there are fewer task definitions than u32 can count");
        self.families.add(&spec.family, spec.revision, definition);
        self.records.insert(
            definition.number(),
            DefinitionRecord {
                spec: Arc::clone(spec),
                status: TaskDefinitionStatus::Active,
                deregistered_at: Moment::NEVER,
                refused_from: Moment::NEVER,
                delete_requested_at: Moment::NEVER,
                live: 0,
                plain: Vec::new(),
            },
        );
    }

    pub(super) fn deregistered(
        &mut self,
        now: SimTime,
        definition: TaskDefinitionId,
        refused_from: SimTime,
    ) {
        let record = self.rise(definition, TaskDefinitionStatus::Inactive);
        record.deregistered_at = now.into();
        record.refused_from = refused_from.into();
    }

    pub(super) fn delete_requested(&mut self, now: SimTime, definition: TaskDefinitionId) {
        let record = self.rise(definition, TaskDefinitionStatus::DeleteInProgress);
        record.delete_requested_at = now.into();
        if record.is_unused() {
            self.unused.insert(definition);
        }
    }

    pub(super) fn forgotten(&mut self, definition: TaskDefinitionId) {
        let record = self.records.remove(definition.number());
        let record = record.expect("a task definition is forgotten once");
        assert!(
            record.is_unused(),
            "only a task definition that is to be deleted and has no task is forgotten"
        );
        let spec = &record.spec;
        self.families
            .remove(&spec.family, spec.revision, record.status);
        self.unused.remove(&definition);
    }

    /// A task of it was placed.
    pub(super) fn tagged(&mut self, definition: TaskDefinitionId, tags: &[Tag]) {
        Arc::make_mut(&mut self.known(definition).spec).tags = tags.to_vec();
    }

    pub(super) fn task_placed(&mut self, definition: TaskDefinitionId) {
        self.known(definition).live += 1;
    }

    /// A task of it has stopped.
    pub(super) fn task_stopped(&mut self, definition: TaskDefinitionId) {
        let record = self.known(definition);
        record.live -= 1;
        if record.is_unused() {
            self.unused.insert(definition);
        }
    }

    /// A plain launch of it was opened.
    pub(super) fn plain_opened(&mut self, definition: TaskDefinitionId, plain: PlainLaunch) {
        self.known(definition).plain.push(plain);
    }

    /// A launch that may have been of it is no longer known. It may have outlived the definition: its last task stays
    /// describable for an hour.
    pub(super) fn launch_closed(&mut self, definition: TaskDefinitionId, launch: LaunchId) {
        if let Some(record) = self.records.get_mut(definition.number()) {
            record.plain.retain(|plain| plain.launch != launch);
        }
    }

    /// The record, one step further in its life.
    fn rise(
        &mut self,
        definition: TaskDefinitionId,
        to: TaskDefinitionStatus,
    ) -> &mut DefinitionRecord {
        let record = self.records.get_mut(definition.number());
        let record = record.expect("changes are about known task definitions");
        let from = match to {
            TaskDefinitionStatus::DeleteInProgress => TaskDefinitionStatus::Inactive,
            _ => TaskDefinitionStatus::Active,
        };
        assert_eq!(record.status, from, "a task definition takes no step twice");
        record.status = to;
        let spec = &record.spec;
        self.families.change(&spec.family, spec.revision, from, to);
        record
    }

    fn known(&mut self, definition: TaskDefinitionId) -> &mut DefinitionRecord {
        self.records
            .get_mut(definition.number())
            .expect("a task definition stays while a task of it has not stopped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_definition_can_be_launched_until_its_window_closes() {
        let at = SimTime::from_secs;
        let mut definitions = Definitions::default();
        let first = definitions.next();
        definitions.registered(first, &DefinitionSpec::example().into());
        let can = |definitions: &Definitions, seconds| {
            let record = definitions.get(first).expect("it is known");
            record.can_be_launched(at(seconds))
        };
        assert!(can(&definitions, 0));
        definitions.deregistered(at(10), first, at(20));
        assert!(can(&definitions, 19));
        assert!(!can(&definitions, 20));
        definitions.task_placed(first);
        definitions.delete_requested(at(11), first);
        assert!(!can(&definitions, 12), "its deletion ends the window");
    }

    #[test]
    fn a_definition_to_be_deleted_is_unused_when_its_last_task_has_stopped() {
        let mut definitions = Definitions::default();
        let first = definitions.next();
        definitions.registered(first, &DefinitionSpec::example().into());
        definitions.task_placed(first);
        definitions.task_placed(first);
        definitions.deregistered(SimTime::ZERO, first, SimTime::ZERO);
        definitions.delete_requested(SimTime::ZERO, first);
        definitions.task_stopped(first);
        assert_eq!(definitions.unused(), None);
        definitions.task_stopped(first);
        assert_eq!(definitions.unused(), Some(first));
        definitions.forgotten(first);
        assert_eq!(definitions.unused(), None);
        assert!(definitions.get(first).is_none());
        assert_ne!(definitions.next(), first);
    }

    #[test]
    #[should_panic(expected = "takes no step twice")]
    fn an_active_definition_is_not_deleted() {
        let mut definitions = Definitions::default();
        let first = definitions.next();
        definitions.registered(first, &DefinitionSpec::example().into());
        definitions.delete_requested(SimTime::ZERO, first);
    }
}
