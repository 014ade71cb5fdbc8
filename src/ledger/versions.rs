//! What those who lag may still see: past versions of tasks and container instances, pruned beyond the longest lag.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::model::ReadAs;
use crate::time::{SimTime, saturating_nanos};

use super::Ledger;
use super::change::Change;
use super::subscription::Changed;
use super::tags::TaggedResource;

pub use super::glance::{InstanceGlance, InstanceSeen, TaskGlance, TaskSeen};
use super::histories::Made;
pub use super::histories::{Histories, History, Version};

/// So often in the longest lag it is looked for what nobody can see any more.
const PRUNES_A_LAG: u32 = 32;

/// A time in which all replicas lag: the fault ReadLag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LagSpike {
    /// How late each change is at each replica, but not later than the end.
    pub lag: Duration,
    /// When it ends, that moment excluded.
    pub until: SimTime,
    /// Its number, from 1: versions that count fewer spikes were there before it.
    pub number: u32,
}

/// The versions that somebody may still see, kept only while somebody lags.
///
/// What did not change within the longest lag is seen as it is, and takes no memory here.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// How far back those may see who lag for the whole run; `None` when nobody does.
    bound: Option<Duration>,
    /// Whether a scheduler is among them.
    for_schedulers: bool,
    spikes: Vec<LagSpike>,
    spikes_begun: u32,
    tasks: Histories<TaskId, TaskSeen>,
    instances: Histories<ContainerInstanceId, InstanceSeen>,
    /// What became a version when, oldest first.
    due: VecDeque<(SimTime, Changed)>,
    /// What the commit under way is about.
    touched: Vec<Changed>,
    /// When it is looked again for what nobody can see any more.
    next_prune: SimTime,
}

/// Of the versions only the spikes are part of the state: the rest follows from what happened.
impl Serialize for Versions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spikes.serialize(serializer)
    }
}

impl Versions {
    /// Keeps versions that somebody may see for `bound` after they were replaced.
    pub(crate) fn keep_for(&mut self, bound: Duration, is_scheduler: bool) {
        self.bound = self.bound.max(Some(bound));
        self.for_schedulers |= is_scheduler;
    }

    /// Whether somebody may see something else than the truth.
    #[inline]
    #[must_use]
    pub fn are_kept(&self) -> bool {
        self.bound.is_some() || !self.spikes.is_empty()
    }

    /// Whether no spike is on.
    pub(super) fn are_calm(&self) -> bool {
        self.spikes.is_empty()
    }

    /// The spikes that are on, and perhaps some that ended.
    #[must_use]
    pub fn spikes(&self) -> &[LagSpike] {
        &self.spikes
    }

    /// The tasks that changed of late, in order of creation.
    #[must_use]
    pub fn tasks(&self) -> &Histories<TaskId, TaskSeen> {
        &self.tasks
    }

    /// The container instances that changed of late, in order of registration.
    #[must_use]
    pub fn instances(&self) -> &Histories<ContainerInstanceId, InstanceSeen> {
        &self.instances
    }

    /// How many versions are kept, for whoever wants to know what that takes.
    #[must_use]
    pub fn len(&self) -> usize {
        let tasks = self.tasks.iter();
        let tasks = tasks.map(|(_, history)| history.recent.len() + 1);
        let instances = self.instances.iter();
        let instances = instances.map(|(_, history)| history.recent.len() + 1);
        tasks.sum::<usize>() + instances.sum::<usize>()
    }

    /// How many bytes they take, what they share with the records as they are left out.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let due = self.due.capacity() * size_of::<(SimTime, Changed)>();
        self.tasks.bytes(TaskSeen::beside) + self.instances.bytes(InstanceSeen::beside) + due
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.instances.is_empty()
    }

    /// Begins a spike.
    pub(super) fn spike(&mut self, lag: Duration, until: SimTime) {
        self.spikes_begun += 1;
        self.spikes.push(LagSpike {
            lag,
            until,
            number: self.spikes_begun,
        });
    }

    /// Whether a scheduler may be shown what is kept.
    pub(super) fn are_for_schedulers(&self) -> bool {
        self.for_schedulers
    }

    /// Ends every spike.
    pub(super) fn calm(&mut self) {
        self.spikes.clear();
        self.forget_unless_kept();
    }

    fn forget_unless_kept(&mut self) {
        if !self.are_kept() {
            self.tasks = Histories::default();
            self.instances = Histories::default();
            self.due.clear();
            self.touched.clear();
        }
    }

    /// How long a version may be seen after it was replaced.
    fn retention(&self) -> Duration {
        let bound = self.bound.unwrap_or_default();
        let spikes = self.spikes.iter().map(|spike| spike.lag);
        spikes.fold(bound, Duration::max)
    }

    /// Lets go of what nobody can see any more.
    fn prune(&mut self, now: SimTime) {
        if !self.spikes.is_empty() {
            self.spikes.retain(|spike| spike.until > now);
            self.forget_unless_kept();
        } else if now < self.next_prune {
            return;
        }
        self.next_prune = now.saturating_add(self.retention() / PRUNES_A_LAG);
        let retention = saturating_nanos(self.retention());
        let Some(end) = now.as_nanos().checked_sub(retention) else {
            return;
        };
        let end = SimTime::from_nanos(end);
        while let Some((at, about)) = self.due.front().copied() {
            if at > end {
                return;
            }
            self.due.pop_front();
            match about {
                Changed::Task(task) => self.tasks.prune(task, end),
                Changed::ContainerInstance(instance) => self.instances.prune(instance, end),
            }
        }
    }
}

impl Ledger {
    /// Keeps versions for who lags for the whole run.
    pub(crate) fn keep_versions(&mut self, bound: Duration, is_scheduler: bool) {
        self.versions.keep_for(bound, is_scheduler);
    }

    /// Writes down what is about to change, as it is before; only while somebody lags.
    pub(crate) fn note_versions(&mut self, changes: &[Change]) {
        let mut touched = std::mem::take(&mut self.versions.touched);
        touched.clear();
        for change in changes {
            if let Some(task) = change.task() {
                mention(&mut touched, Changed::Task(task));
            }
            if let Some(instance) = self.instance_of(change) {
                mention(&mut touched, Changed::ContainerInstance(instance));
            }
        }
        for about in &touched {
            match *about {
                Changed::Task(task) if !self.versions.tasks.contains(task) => {
                    let base = self.task_seen(task);
                    self.versions.tasks.begin(task, base);
                }
                Changed::ContainerInstance(instance)
                    if !self.versions.instances.contains(instance) =>
                {
                    let base = self.instance_seen(instance);
                    self.versions.instances.begin(instance, base);
                }
                _ => {}
            }
        }
        self.versions.touched = touched;
    }

    /// The container instance of which a change may be visible, to readers or to schedulers.
    fn instance_of(&self, change: &Change) -> Option<ContainerInstanceId> {
        match *change {
            Change::TaskPlaced { on, .. } => on,
            // What it holds, whether it is PENDING, its network interface: the rest of a task is not its instance's.
            Change::TaskUnwanted { task, .. }
            | Change::TaskMoved { task, .. }
            | Change::TaskHeard { task, .. }
            | Change::InterfaceAsked { task, .. }
            | Change::InterfaceMoved { task, .. } => self.task(task)?.on,
            _ => visible_instance(change),
        }
    }

    /// Adds the versions of what [`note_versions`](Self::note_versions) was told of; `by` made the call, if it was one.
    pub(crate) fn record_versions(&mut self, now: SimTime, by: Option<ReadAs>, changes: &[Change]) {
        let touched = std::mem::take(&mut self.versions.touched);
        let made = Made {
            at: now,
            spikes: self.versions.spikes_begun,
            by,
            placed: by.is_some() && changes.iter().any(is_placing),
            for_scheduler: false,
        };
        for about in &touched {
            match *about {
                Changed::Task(task) => {
                    let seen = self.task_seen(task);
                    let Some(history) = self.versions.tasks.get_mut(task) else {
                        continue;
                    };
                    let nth = seen.as_ref().map(|seen| seen.record.version);
                    history.push(&made, nth, seen);
                }
                Changed::ContainerInstance(instance) => {
                    let known = self.versions.instances.get(instance);
                    let was = known.and_then(History::newest);
                    let seen = self.instance_seen_after(instance, was, changes);
                    let Some(history) = self.versions.instances.get_mut(instance) else {
                        continue;
                    };
                    let mut for_scheduler = false;
                    if let (Some(was), Some(is)) = (history.newest(), &seen) {
                        for_scheduler = was.is_still_to_readers(is);
                        if for_scheduler && was.is_still_to_schedulers(is) {
                            if history.recent.is_empty() {
                                self.versions.instances.end(instance);
                            }
                            continue;
                        }
                    }
                    let nth = seen.as_ref().map(|seen| seen.record.version);
                    let made = Made {
                        for_scheduler,
                        ..made
                    };
                    history.push(&made, nth, seen);
                }
            }
            self.versions.due.push_back((now, *about));
        }
        self.versions.touched = touched;
        self.versions.touched.clear();
        self.versions.prune(now);
    }
}

/// The container instance of which a change is visible to readers.
pub(crate) fn visible_instance(change: &Change) -> Option<ContainerInstanceId> {
    match *change {
        Change::InstanceRegistered { instance, .. }
        | Change::InstanceReregistered { instance, .. }
        | Change::InstanceStatusChanged { instance, .. }
        | Change::AgentConnectionChanged { instance, .. }
        | Change::InstanceDeregistered { instance }
        | Change::InstanceForgotten { instance }
        | Change::AttributesPut { instance, .. }
        | Change::AttributesDeleted { instance, .. }
        | Change::TagsSet {
            resource: TaggedResource::ContainerInstance(instance),
            ..
        } => Some(instance),
        _ => None,
    }
}

/// Adds what a commit is about, once: changes of one thing stand together, and there are few things.
fn mention(touched: &mut Vec<Changed>, about: Changed) {
    const FEW: usize = 4;
    let recent = touched.len().saturating_sub(FEW);
    if !touched[recent..].contains(&about) {
        touched.push(about);
    }
}

/// Whether a change is what a scheduler decided.
fn is_placing(change: &Change) -> bool {
    matches!(change, Change::TaskPlaced { .. })
}

#[cfg(test)]
impl Ledger {
    /// Makes a version of a container instance say something else than it did.
    pub(crate) fn falsify_version(
        &mut self,
        instance: ContainerInstanceId,
        nth: usize,
        falsify: impl FnOnce(&mut InstanceSeen),
    ) {
        let history = self.versions.instances.get_mut(instance);
        let version = history.and_then(|history| history.recent.get_mut(nth));
        let seen = version.and_then(|version| version.seen.as_mut());
        falsify(seen.expect("there is such a version"));
    }
}
