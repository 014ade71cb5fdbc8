//! Tasks and container instances as they stand or stood, with all that is needed to describe them.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, GroupId, TaskId};

use super::Ledger;
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
    pub launch: &'a LaunchSpec,
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
    /// Its tasks wanted RUNNING and their groups, in order of creation; kept for schedulers that see it late.
    pub wanted: Vec<(TaskId, GroupId)>,
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

    /// Whether nothing that anybody sees has changed since.
    pub(super) fn is_still(&self, now: &Self) -> bool {
        let (was, is) = (&self.record, &now.record);
        (was.version, was.running, was.pending) == (is.version, is.running, is.pending)
            && (was.status, was.agent_connected) == (is.status, is.agent_connected)
            && Arc::ptr_eq(&was.spec, &is.spec)
            && (self.left, self.enis) == (now.left, now.enis)
            && (&was.tasks, &self.wanted) == (&is.tasks, &now.wanted)
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

impl Ledger {
    /// A task as it stands.
    #[must_use]
    pub fn task_seen(&self, task: TaskId) -> Option<TaskSeen> {
        let record = *self.task(task)?;
        Some(TaskSeen {
            record,
            extras: self.extras(task).cloned().map(Box::new),
            launch: Arc::clone(self.launch_of(&record)),
            chosen_ports: self.hosts.chosen_ports(task).into(),
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

    /// A container instance as it stands, with what those who lag may be shown of it.
    #[must_use]
    pub fn instance_seen(&self, instance: ContainerInstanceId) -> Option<InstanceSeen> {
        let record = self.instance(instance)?;
        let (tasks, wanted) = match self.versions.are_for_schedulers() {
            true => (record.tasks.clone(), self.wanted_on(record).collect()),
            false => (Vec::new(), Vec::new()),
        };
        Some(InstanceSeen {
            record: InstanceRecord {
                spec: Arc::clone(&record.spec),
                tasks,
                tcp: record.tcp.clone(),
                udp: record.udp.clone(),
                ..*record
            },
            left: self.left_on(instance, record),
            enis: self.enis_left_on(instance, record),
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
