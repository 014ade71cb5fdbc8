//! What readers that lag may still see: past versions of tasks and container instances, pruned beyond a bound.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ContainerInstanceId, TaskId};
use crate::time::SimTime;

use super::Ledger;
use super::change::Change;
use super::instance::InstanceRecord;
use super::launch::LaunchSpec;
use super::tags::TaggedResource;
use super::task::{TaskExtras, TaskRecord};

/// A task as it stood, with all that is needed to describe it.
#[derive(Clone, Debug)]
pub struct TaskSeen {
    /// Its record.
    pub record: TaskRecord,
    /// What only some tasks have.
    pub extras: Option<TaskExtras>,
    /// What it shares with the others of its request.
    pub launch: Arc<LaunchSpec>,
    /// The host ports its agent chose.
    pub chosen_ports: Vec<u16>,
}

impl TaskSeen {
    /// What it takes to describe it.
    #[must_use]
    pub fn glance(&self) -> TaskGlance<'_> {
        TaskGlance {
            record: &self.record,
            extras: self.extras.as_ref(),
            launch: &self.launch,
            chosen_ports: &self.chosen_ports,
        }
    }
}

/// What it takes to describe a task, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct TaskGlance<'a> {
    /// Its record.
    pub record: &'a TaskRecord,
    /// What only some tasks have.
    pub extras: Option<&'a TaskExtras>,
    /// What it shares with the others of its request.
    pub launch: &'a LaunchSpec,
    /// The host ports its agent chose.
    pub chosen_ports: &'a [u16],
}

/// A container instance as it stood.
#[derive(Clone, Debug)]
pub struct InstanceSeen {
    /// Its record.
    pub record: InstanceRecord,
    /// CPU units, MiB and GPUs left.
    pub left: (u32, u32, u32),
}

impl InstanceSeen {
    /// The same, borrowed.
    #[must_use]
    pub fn glance(&self) -> InstanceGlance<'_> {
        InstanceGlance {
            record: &self.record,
            left: self.left,
        }
    }
}

/// What it takes to describe a container instance, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct InstanceGlance<'a> {
    /// Its record.
    pub record: &'a InstanceRecord,
    /// CPU units, MiB and GPUs left.
    pub left: (u32, u32, u32),
}

/// One version of a record.
#[derive(Clone, Debug)]
pub struct Version<T> {
    /// When it was committed.
    pub at: SimTime,
    /// Counts the versions of one record, so that each has luck of its own.
    pub nth: u16,
    /// The record; `None` when it was forgotten.
    pub seen: Option<T>,
}

/// The versions of one record, oldest first.
pub type History<T> = VecDeque<Version<T>>;

/// The recent versions of every record, kept only when reads lag.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// How far back a reader may see; `None` when all reads are consistent and nothing is kept.
    bound: Option<Duration>,
    tasks: BTreeMap<TaskId, History<TaskSeen>>,
    instances: BTreeMap<ContainerInstanceId, History<InstanceSeen>>,
    /// Tasks forgotten, so that their histories go once the bound has passed.
    ended: VecDeque<(SimTime, TaskId)>,
    last_commit: SimTime,
}

impl Versions {
    /// Keeps versions that a reader may see for `bound` after they were replaced.
    #[must_use]
    pub fn kept_for(bound: Duration) -> Self {
        Self {
            bound: Some(bound),
            ..Self::default()
        }
    }

    /// How far back a reader may see; `None` when nothing is kept.
    #[must_use]
    pub fn bound(&self) -> Option<Duration> {
        self.bound
    }

    /// The versions of every task, in order of creation.
    #[must_use]
    pub fn tasks(&self) -> &BTreeMap<TaskId, History<TaskSeen>> {
        &self.tasks
    }

    /// The versions of every container instance, in order of registration.
    #[must_use]
    pub fn instances(&self) -> &BTreeMap<ContainerInstanceId, History<InstanceSeen>> {
        &self.instances
    }

    /// When a version was last committed.
    #[must_use]
    pub fn last_commit(&self) -> SimTime {
        self.last_commit
    }
}

fn push<T>(history: &mut History<T>, now: SimTime, bound: Duration, seen: Option<T>) {
    let nth = match history.back_mut() {
        // Changes of one commit make one version.
        Some(last) if last.at == now => {
            last.seen = seen;
            return;
        }
        Some(last) => last.nth.wrapping_add(1),
        None => 0,
    };
    while history.len() > 1 && history[1].at.saturating_add(bound) <= now {
        history.pop_front();
    }
    history.push_back(Version { at: now, nth, seen });
}

impl Ledger {
    /// Keeps versions for readers that lag.
    pub(crate) fn keep_versions(&mut self, bound: Duration) {
        self.versions = Versions::kept_for(bound);
    }

    /// Writes down the new versions of what `changes` touched; does nothing when reads are consistent.
    pub(crate) fn record_versions(&mut self, now: SimTime, changes: &[Change]) {
        let Some(bound) = self.versions.bound else {
            return;
        };
        let mut tasks: Vec<TaskId> = changes.iter().filter_map(Change::task).collect();
        tasks.sort_unstable();
        tasks.dedup();
        let mut instances: Vec<ContainerInstanceId> =
            changes.iter().filter_map(visible_instance).collect();
        instances.extend(
            tasks
                .iter()
                .filter_map(|task| self.task(*task))
                .filter_map(|record| record.on),
        );
        instances.sort_unstable();
        instances.dedup();
        if tasks.is_empty() && instances.is_empty() {
            return;
        }
        self.versions.last_commit = now;
        for task in tasks {
            let seen = self.task_seen(task);
            if seen.is_none() {
                self.versions.ended.push_back((now, task));
            }
            push(
                self.versions.tasks.entry(task).or_default(),
                now,
                bound,
                seen,
            );
        }
        for instance in instances {
            let seen = self.instance_glance(instance);
            let seen = seen.map(|seen| InstanceSeen {
                record: seen.record.clone(),
                left: seen.left,
            });
            push(
                self.versions.instances.entry(instance).or_default(),
                now,
                bound,
                seen,
            );
        }
        while let Some((at, task)) = self.versions.ended.front().copied() {
            if at.saturating_add(bound) > now {
                break;
            }
            self.versions.tasks.remove(&task);
            self.versions.ended.pop_front();
        }
    }

    /// A task as it stands.
    #[must_use]
    pub fn task_seen(&self, task: TaskId) -> Option<TaskSeen> {
        let record = *self.task(task)?;
        Some(TaskSeen {
            record,
            extras: self.extras(task).cloned(),
            launch: Arc::clone(self.launch_of(&record)),
            chosen_ports: self.hosts.chosen_ports(task).to_vec(),
        })
    }

    /// A task as it stands, borrowed.
    #[must_use]
    pub fn glance(&self, task: TaskId) -> Option<TaskGlance<'_>> {
        let record = self.task(task)?;
        Some(TaskGlance {
            record,
            extras: self.extras(task),
            launch: self.launch_of(record),
            chosen_ports: self.hosts.chosen_ports(task),
        })
    }

    /// A container instance as it stands.
    #[must_use]
    pub fn instance_glance(&self, instance: ContainerInstanceId) -> Option<InstanceGlance<'_>> {
        let record = self.instance(instance)?;
        let left = self.left_on(instance, record);
        Some(InstanceGlance { record, left })
    }

    /// Network interfaces that the control plane has left to give on a container instance.
    #[must_use]
    pub fn enis_left_on(&self, instance: ContainerInstanceId, record: &InstanceRecord) -> u32 {
        let capacity = &self.cluster(record.spec.cluster).capacity;
        let row = capacity.row(instance);
        row.map_or(record.spec.eni_slots, |row| capacity.enis[row])
    }

    /// CPU units, MiB and GPUs that the control plane has left to give on a container instance.
    #[must_use]
    pub fn left_on(
        &self,
        instance: ContainerInstanceId,
        record: &InstanceRecord,
    ) -> (u32, u32, u32) {
        let capacity = &self.cluster(record.spec.cluster).capacity;
        match capacity.row(instance) {
            Some(row) => (capacity.cpu[row], capacity.memory[row], capacity.gpus[row]),
            None => {
                let gpus = u32::try_from(record.spec.gpu_ids.len()).unwrap_or(u32::MAX);
                (record.spec.cpu, record.spec.memory, gpus)
            }
        }
    }
}

/// The container instance of which a change is visible to readers.
pub(super) fn visible_instance(change: &Change) -> Option<ContainerInstanceId> {
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
