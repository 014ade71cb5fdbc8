//! Reading ahead: what is needed soon is brought near the processor, many records at a time.
//!
//! In a great ledger a record is waited for as long as some hundred decisions take, and those that are read where they are
//! needed are waited for one by one. Read with no regard to each other they come together. What is read here means
//! nothing, so nothing follows from it.

use std::hint::black_box;
use std::sync::Arc;

use crate::ids::{ContainerInstanceId, GroupId, TaskId};
use crate::time::SimTime;

use super::Ledger;
use super::group::Counts;
use super::instance::InstanceRecord;
use super::task::{Moment, TaskRecord};

/// With fewer tasks all of them are near anyway. `tests/great_ledgers.rs` has a few more.
const FEW: usize = 8_000;

impl Ledger {
    /// Whether there is so much that reading ahead pays.
    #[inline]
    pub(crate) fn is_great(&self) -> bool {
        self.tasks.len() >= FEW
    }

    /// Reads a little of everything that is touched when tasks of a group are placed on these container instances, and shown,
    /// where that pays.
    #[inline]
    pub(crate) fn read_instances_ahead(
        &self,
        instances: impl Iterator<Item = ContainerInstanceId>,
        group: GroupId,
    ) {
        if self.is_great() {
            let wanted = self.groups.get(group).map(|group| &group.wanted);
            let read = instances.filter_map(|on| self.read_shown(on, wanted));
            black_box(read.fold(0, |all, one| all ^ one));
        }
    }

    fn read_shown(&self, on: ContainerInstanceId, wanted: Option<&Counts>) -> Option<u64> {
        let record = self.instance(on)?;
        let zone = record.spec.zone.as_ref().map_or(0, Arc::strong_count);
        let shown = (Arc::strong_count(&record.spec.arn) ^ zone) as u64;
        let count = wanted.map_or(0, |wanted| wanted.on(on));
        Some(self.read_instance(on, record)? ^ shown ^ self.listing.read(on)? ^ u64::from(count))
    }

    /// Reads a little of everything that events about a task will touch: of its records the begin and the end, for these are
    /// longer than what comes at a time.
    pub(crate) fn read_task(&self, task: TaskId) -> Option<u64> {
        let record = self.task(task)?;
        let read = u64::from(record.version) ^ bits(record.created_at) ^ at(record.stopped_at);
        if record.is_stopped() {
            return Some(read);
        }
        let held = self.hosts.task(task)?;
        let read = read ^ u64::from(held.launch.number()) ^ at(held.running_at);
        let on = record.on?;
        let read = read ^ self.read_instance(on, self.instance(on)?)?;
        Some(read ^ self.read_count(record, on)?)
    }

    #[inline]
    fn read_instance(&self, on: ContainerInstanceId, record: &InstanceRecord) -> Option<u64> {
        let newest = record.tasks.last().map_or(0, |task| task.number());
        Some(self.hosts.host(on)?.gpus ^ u64::from(newest ^ record.version))
    }

    fn read_count(&self, record: &TaskRecord, on: ContainerInstanceId) -> Option<u64> {
        let group = self.launch(record.launch)?.spec.group;
        Some(self.groups.get(group)?.wanted.on(on).into())
    }
}

fn at(moment: Moment) -> u64 {
    moment.get().map_or(0, bits)
}

fn bits(time: SimTime) -> u64 {
    time.as_nanos()
}
