//! Tasks and container instances as they stand or stood, with all that is needed to describe them.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, GroupId, TaskId};

use super::Ledger;
use super::change::Change;
use super::instance::InstanceRecord;
use super::launch::LaunchSpec;
use super::task::{TaskExtras, TaskRecord};

/// A task as it stood, with all that is needed to describe it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSeen {
    /// Its record.
    pub record: TaskRecord,
    /// What only some tasks have.
    pub extras: Option<Box<TaskExtras>>,
    /// What it shares with the others of its request.
    pub launch: Arc<LaunchSpec>,
    /// The host ports its agent chose.
    pub chosen_ports: Box<[u16]>,
}

impl TaskSeen {
    /// Bytes of its own beside it.
    pub(super) fn beside(&self) -> usize {
        let extras = self.extras.as_deref().map_or(0, |extras| {
            size_of_val(extras) + size_of_val(&*extras.rest) + size_of_val(&*extras.health)
        });
        extras + size_of_val(&*self.chosen_ports)
    }

    /// What it takes to describe it.
    #[must_use]
    pub fn glance(&self) -> TaskGlance<'_> {
        TaskGlance {
            record: &self.record,
            extras: self.extras.as_deref(),
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
    pub launch: &'a Arc<LaunchSpec>,
    /// The host ports its agent chose.
    pub chosen_ports: &'a [u16],
}

/// A container instance as it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSeen {
    /// Its record; readers see only how many tasks there are, so their list is kept for schedulers alone.
    pub record: InstanceRecord,
    /// CPU units, MiB and GPUs left.
    pub left: (u32, u32, u32),
    /// Network interfaces left.
    pub enis: u32,
    /// Its tasks wanted RUNNING and their groups, in order of creation; kept for schedulers that see it late. Versions in
    /// which they are the same share them.
    pub wanted: Arc<[(TaskId, GroupId)]>,
}

impl InstanceSeen {
    /// Bytes of its own beside it.
    pub(super) fn beside(&self) -> usize {
        let known = &self.record;
        let ports = size_of_val(&*known.tcp) + size_of_val(&*known.udp);
        ports + size_of_val(&*known.tasks) + size_of_val(&*self.wanted)
    }

    /// The same, borrowed.
    #[must_use]
    pub fn glance(&self) -> InstanceGlance<'_> {
        InstanceGlance {
            record: &self.record,
            left: self.left,
        }
    }

    /// Whether nothing that readers see has changed since.
    pub(super) fn is_still_to_readers(&self, now: &Self) -> bool {
        let (was, is) = (&self.record, &now.record);
        (was.version, was.running, was.pending) == (is.version, is.running, is.pending)
            && (was.status, was.agent_connected) == (is.status, is.agent_connected)
            && Arc::ptr_eq(&was.spec, &is.spec)
            && self.left == now.left
    }

    /// Whether nothing that schedulers see beside that has changed since.
    pub(super) fn is_still_to_schedulers(&self, now: &Self) -> bool {
        self.enis == now.enis
            && (&self.record.tasks, &self.wanted) == (&now.record.tasks, &now.wanted)
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

/// Of so many changes at most it is looked through what they mean for the tasks of a container instance; beyond, those are
/// gathered anew.
const FEW_CHANGES: usize = 64;

impl Ledger {
    /// A task as it stands.
    #[must_use]
    pub fn task_seen(&self, task: TaskId) -> Option<TaskSeen> {
        let record = *self.task(task)?;
        let ports = self.hosts.chosen_ports(task);
        Some(TaskSeen {
            record,
            extras: self.extras(task).cloned().map(Box::new),
            launch: Arc::clone(self.launch_of(&record)),
            // Most have none, and to copy nothing is a call too.
            chosen_ports: if ports.is_empty() {
                Box::default()
            } else {
                ports.into()
            },
        })
    }

    /// A task as it stands, borrowed.
    #[must_use]
    #[inline]
    pub fn glance(&self, task: TaskId) -> Option<TaskGlance<'_>> {
        let record = self.task(task)?;
        Some(TaskGlance {
            record,
            extras: self.extras(task),
            launch: self.launch_of(record),
            chosen_ports: self.hosts.chosen_ports(task),
        })
    }

    /// A container instance as it stands, with what those who lag may be shown of it.
    #[must_use]
    pub fn instance_seen(&self, instance: ContainerInstanceId) -> Option<InstanceSeen> {
        let wanted = |record: &InstanceRecord| self.wanted_on(record).collect();
        self.instance_seen_with(instance, wanted)
    }

    /// The same after some changes, `was` being what it was before them.
    pub(super) fn instance_seen_after(
        &self,
        instance: ContainerInstanceId,
        was: Option<&InstanceSeen>,
        changes: &[Change],
    ) -> Option<InstanceSeen> {
        self.instance_seen_with(instance, |record| {
            let Some(was) = was.filter(|_| changes.len() <= FEW_CHANGES) else {
                return self.wanted_on(record).collect();
            };
            let unwanted = changes.iter().filter_map(|change| match *change {
                Change::TaskUnwanted { task, .. } => Some(task),
                _ => None,
            });
            let mut gone = unwanted;
            let is_there = |task| {
                was.wanted
                    .binary_search_by_key(&task, |known| known.0)
                    .is_ok()
            };
            let placed = changes.iter().filter_map(|change| match *change {
                // What is known already was mentioned before in the same commit.
                Change::TaskPlaced { task, on, .. } if on == Some(instance) && !is_there(task) => {
                    Some((task, self.launch_of(self.task(task)?).group))
                }
                _ => None,
            });
            let mut placed = placed.peekable();
            if placed.peek().is_none() && !gone.any(is_there) {
                return Arc::clone(&was.wanted);
            }
            let is_wanted = |(task, _): &(TaskId, GroupId)| {
                !changes.iter().any(|change| {
                    matches!(change, Change::TaskUnwanted { task: gone, .. } if gone == task)
                })
            };
            let all = was.wanted.iter().copied().chain(placed);
            all.filter(is_wanted).collect()
        })
    }

    fn instance_seen_with(
        &self,
        instance: ContainerInstanceId,
        wanted: impl FnOnce(&InstanceRecord) -> Arc<[(TaskId, GroupId)]>,
    ) -> Option<InstanceSeen> {
        let record = self.instance(instance)?;
        let (tasks, wanted) = match self.versions.are_for_schedulers() {
            true => (record.tasks.clone(), wanted(record)),
            false => (Vec::new(), Arc::default()),
        };
        let (left, enis) = self.all_left_on(instance, record);
        Some(InstanceSeen {
            record: InstanceRecord {
                spec: Arc::clone(&record.spec),
                tasks,
                tcp: record.tcp.clone(),
                udp: record.udp.clone(),
                ..*record
            },
            left,
            enis,
            wanted,
        })
    }

    /// The tasks of a container instance that are wanted RUNNING, with their groups, in order of creation.
    pub(crate) fn wanted_on<'a>(
        &'a self,
        record: &'a InstanceRecord,
    ) -> impl Iterator<Item = (TaskId, GroupId)> + 'a {
        let known = record.tasks.iter();
        let known = known.filter_map(|task| Some((*task, self.task(*task)?)));
        known
            .filter(|(_, record)| record.is_wanted())
            .map(|(task, record)| (task, self.launch_of(record).group))
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
        self.all_left_on(instance, record).1
    }

    /// CPU units, MiB and GPUs that the control plane has left to give on a container instance.
    #[must_use]
    pub fn left_on(
        &self,
        instance: ContainerInstanceId,
        record: &InstanceRecord,
    ) -> (u32, u32, u32) {
        self.all_left_on(instance, record).0
    }

    /// CPU units, MiB and GPUs, and network interfaces: what it registered with once it is registered no more.
    #[inline]
    fn all_left_on(
        &self,
        instance: ContainerInstanceId,
        record: &InstanceRecord,
    ) -> ((u32, u32, u32), u32) {
        let (spec, capacity) = (&record.spec, &self.cluster(record.spec.cluster).capacity);
        match capacity.row(instance) {
            Some(row) => (
                (capacity.cpu[row], capacity.memory[row], capacity.gpus[row]),
                capacity.enis[row],
            ),
            None => ((spec.cpu, spec.memory, spec.gpu_count()), spec.eni_slots),
        }
    }
}
