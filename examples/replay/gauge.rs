//! What is in use: at most, and over time. Exact: integers, added up at every change.

use std::collections::BTreeMap;

use wavetank::ids::ContainerInstanceId;
use wavetank::time::SimTime;

use super::trace::Size;

/// CPU units, MiB and GPUs, in this order.
pub(crate) type Amounts = [u64; 3];

/// What the tasks hold that the control plane wants to run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gauge {
    /// When it last changed.
    at: SimTime,
    begin: Option<SimTime>,
    held: Amounts,
    peak: Amounts,
    /// Amounts times nanoseconds.
    area: [u128; 3],
    tasks: u64,
    peak_tasks: u64,
    /// Tasks by container instance, for those that ever had one.
    instances: BTreeMap<ContainerInstanceId, u32>,
    busy: u64,
    peak_busy: u64,
}

/// What a gauge has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) peak: Amounts,
    /// Amounts times nanoseconds, from the first arrival to the last departure.
    pub(crate) area: [u128; 3],
    /// Nanoseconds from the first arrival to the last departure.
    pub(crate) span: u64,
    pub(crate) peak_tasks: u64,
    /// Container instances in use at the same time, at most.
    pub(crate) peak_instances: u64,
    /// Container instances that were ever in use.
    pub(crate) instances: u64,
}

impl Gauge {
    /// Time passes up to `now`, with what is held now; the first call begins the measurement.
    pub(crate) fn pass(&mut self, now: SimTime) {
        self.begin.get_or_insert(now);
        let span = now.since(self.at).as_nanos();
        for (area, held) in self.area.iter_mut().zip(self.held) {
            *area += u128::from(held) * span;
        }
        self.at = now;
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
        self.peak_tasks = self.peak_tasks.max(self.tasks);
        self.peak_busy = self.peak_busy.max(self.busy);
        for (peak, held) in self.peak.iter_mut().zip(self.held) {
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
        let span = self.at.as_nanos() - self.begin.unwrap_or(self.at).as_nanos();
        Usage {
            peak: self.peak,
            area: self.area,
            span,
            peak_tasks: self.peak_tasks,
            peak_instances: self.peak_busy,
            instances: self.instances.len() as u64,
        }
    }
}

fn amounts(size: Size) -> Amounts {
    let amount = |units: i32| u64::try_from(units).unwrap_or(0);
    [
        amount(size.cpu),
        amount(size.memory),
        u64::from(size.gpus),
    ]
}
