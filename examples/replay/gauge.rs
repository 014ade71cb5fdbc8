//! What is in use: at most, and over time. Exact: integers, added up at every change.

use std::collections::BTreeMap;

use wavetank::ids::ContainerInstanceId;
use wavetank::time::SimTime;

use super::shapes::Size;

/// CPU units, MiB and GPUs, in this order.
pub(crate) type Amounts = [u64; 3];

/// What the tasks hold that the control plane wants to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge {
    /// When it last changed.
    at: SimTime,
    begin: Option<SimTime>,
    held: Amounts,
    area: [u128; 3],
    tasks: u64,
    /// Tasks by container instance, for those that ever had one.
    instances: BTreeMap<ContainerInstanceId, u32>,
    busy: u64,
    usage: Usage,
}

/// What was in use, at most and over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) peak: Amounts,
    pub(crate) peak_tasks: u64,
    /// Container instances in use at the same time, at most.
    pub(crate) peak_instances: u64,
    /// Container instances that were ever in use.
    pub(crate) instances: u64,
    /// From the first arrival to the last.
    pub(crate) arriving: Area,
    /// From the first arrival to the last departure.
    pub(crate) whole: Area,
}

/// What was in use over a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Area {
    /// Amounts times nanoseconds.
    pub(crate) amounts: [u128; 3],
    pub(crate) nanos: u64,
}

impl Gauge {
    /// Somebody asks for tasks; the first call begins the measurement.
    pub(crate) fn arrive(&mut self, now: SimTime) {
        self.pass(now);
        self.begin.get_or_insert(now);
        self.usage.arriving = self.so_far();
    }

    /// A task was placed.
    pub(crate) fn take(&mut self, now: SimTime, size: Size, on: ContainerInstanceId) {
        self.pass(now);
        self.tasks += 1;
        for (held, amount) in self.held.iter_mut().zip(amounts(size)) {
            *held += amount;
        }
        let tasks = self.instances.entry(on).or_insert(0);
        self.busy += u64::from(*tasks == 0);
        *tasks += 1;
        let usage = &mut self.usage;
        usage.peak_tasks = usage.peak_tasks.max(self.tasks);
        usage.peak_instances = usage.peak_instances.max(self.busy);
        for (peak, held) in usage.peak.iter_mut().zip(self.held) {
            *peak = held.max(*peak);
        }
    }

    /// A task that was placed holds nothing any more.
    pub(crate) fn give_back(&mut self, now: SimTime, size: Size, on: ContainerInstanceId) {
        self.pass(now);
        self.tasks -= 1;
        for (held, amount) in self.held.iter_mut().zip(amounts(size)) {
            *held -= amount;
        }
        if let Some(tasks) = self.instances.get_mut(&on) {
            *tasks -= 1;
            self.busy -= u64::from(*tasks == 0);
        }
    }

    /// How many tasks hold something.
    pub(crate) fn tasks(&self) -> u64 {
        self.tasks
    }

    /// What it has seen.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            instances: self.instances.len() as u64,
            whole: self.so_far(),
            ..self.usage.clone()
        }
    }

    /// Time passes, with what is held now.
    fn pass(&mut self, now: SimTime) {
        let span = now.since(self.at).as_nanos();
        for (area, held) in self.area.iter_mut().zip(self.held) {
            *area += u128::from(held) * span;
        }
        self.at = now;
    }

    fn so_far(&self) -> Area {
        let begin = self.begin.unwrap_or(self.at);
        Area {
            amounts: self.area,
            nanos: self.at.as_nanos() - begin.as_nanos(),
        }
    }
}

/// A size as amounts.
pub(crate) fn amounts(size: Size) -> Amounts {
    let amount = |units: i32| u64::try_from(units).unwrap_or(0);
    [amount(size.cpu), amount(size.memory), u64::from(size.gpus)]
}
