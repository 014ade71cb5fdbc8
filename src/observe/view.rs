//! Which version of a record a read sees.

use std::time::Duration;

use crate::draw::{Draws, Purpose};
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::Ledger;
use crate::ledger::versions::{
    History, InstanceGlance, InstanceSeen, TaskGlance, TaskSeen, Version,
};
use crate::model::Reads;
use crate::time::SimTime;

pub use crate::model::presets::REPLICAS;

/// The records of a ledger as one read sees them.
///
/// Under [`Reads::Consistent`] that is the truth. Under [`Reads::Lagging`] each read goes to one of three replicas, and
/// each version of a record reaches each replica after a lag of its own: so List may omit what Describe shows, and
/// two reads may go backwards. A version is never older than the bound, and never a mixture of two.
///
/// # Model
///
/// Tasks and container instances lag; clusters and task definitions do not yet.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    ledger: &'a Ledger,
    draws: &'a Draws,
    reads: &'a Reads,
    now: SimTime,
    replica: u8,
}

impl<'a> View<'a> {
    /// What the `nth` read of a run sees.
    #[must_use]
    pub fn new(
        ledger: &'a Ledger,
        draws: &'a Draws,
        reads: &'a Reads,
        now: SimTime,
        nth: u64,
    ) -> Self {
        let replica = match reads {
            Reads::Consistent => 0,
            // Only the low 40 bits fit an address; reads that far apart may share their luck.
            Reads::Lagging { .. } => {
                let drawn = draws
                    .at(Purpose::ReadReplica, nth & ((1 << 40) - 1), 0)
                    .below(u64::from(REPLICAS));
                u8::try_from(drawn).expect("there are few replicas")
            }
        };
        Self {
            ledger,
            draws,
            reads,
            now,
            replica,
        }
    }

    /// The truth beneath it.
    #[must_use]
    pub fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    /// A task as this read sees it.
    #[must_use]
    pub fn task(&self, task: TaskId) -> Option<TaskGlance<'a>> {
        if !self.lags() {
            return self.ledger.glance(task);
        }
        let history = self.ledger.versions().tasks().get(&task)?;
        self.seen(0, u64::from(task.number()), history)
            .map(TaskSeen::glance)
    }

    /// Whether what it sees may be older than the truth.
    #[must_use]
    pub fn lags(&self) -> bool {
        self.ledger.versions().bound().is_some()
    }

    /// A container instance as this read sees it.
    #[must_use]
    pub fn instance(&self, instance: ContainerInstanceId) -> Option<InstanceGlance<'a>> {
        if !self.lags() {
            return self.ledger.instance_glance(instance);
        }
        let history = self.ledger.versions().instances().get(&instance)?;
        self.seen(1, u64::from(instance.number()), history)
            .map(InstanceSeen::glance)
    }

    /// The numbers of tasks from `first` on that this read may see, in order of creation.
    pub fn task_numbers(&self, first: TaskId) -> Box<dyn Iterator<Item = TaskId> + 'a> {
        match self.ledger.versions().bound() {
            None => Box::new(self.ledger.tasks_from(first).map(|(task, _)| task)),
            Some(_) => Box::new(
                self.ledger
                    .versions()
                    .tasks()
                    .range(first..)
                    .map(|(task, _)| *task),
            ),
        }
    }

    /// The numbers of container instances that this read may see, in order of registration.
    pub fn instance_numbers(&self) -> Box<dyn Iterator<Item = ContainerInstanceId> + 'a> {
        match self.ledger.versions().bound() {
            None => Box::new(self.ledger.instances().iter().map(|(instance, _)| instance)),
            Some(_) => Box::new(self.ledger.versions().instances().keys().copied()),
        }
    }

    /// The newest version that has reached this replica.
    fn seen<T>(&self, kind: u64, number: u64, history: &'a History<T>) -> Option<&'a T> {
        let reached = |version: &&Version<T>| {
            self.reached_at(kind, number, version.at, version.nth) <= self.now
        };
        history.iter().rev().find(reached)?.seen.as_ref()
    }

    /// When a version reaches this replica.
    fn reached_at(&self, kind: u64, number: u64, committed: SimTime, nth: u16) -> SimTime {
        committed.saturating_add(lag(self.draws, self.reads, self.replica, kind, number, nth))
    }
}

/// How long a version takes to reach a replica.
fn lag(draws: &Draws, reads: &Reads, replica: u8, kind: u64, number: u64, nth: u16) -> Duration {
    let Reads::Lagging {
        lag,
        stale_probability,
        bound,
    } = reads
    else {
        return Duration::ZERO;
    };
    let subject = number | kind << 32 | u64::from(replica) << 34;
    let mut draw = draws.at(Purpose::ViewLag, subject, nth);
    if draw.chance(*stale_probability) {
        lag.sample(&mut draw).min(*bound)
    } else {
        Duration::ZERO
    }
}

/// When every version committed so far will have reached every replica.
#[must_use]
pub fn converged_at(ledger: &Ledger, draws: &Draws, reads: &Reads) -> SimTime {
    let newest = |kind: u64, number: u32, at: SimTime, nth: u16| {
        (0..REPLICAS).map(move |replica| {
            at.saturating_add(lag(draws, reads, replica, kind, u64::from(number), nth))
        })
    };
    let tasks = ledger
        .versions()
        .tasks()
        .iter()
        .filter_map(|(task, history)| Some((task.number(), history.back()?)));
    let tasks = tasks.flat_map(|(number, version)| newest(0, number, version.at, version.nth));
    let instances = ledger.versions().instances().iter();
    let instances =
        instances.filter_map(|(instance, history)| Some((instance.number(), history.back()?)));
    let instances =
        instances.flat_map(|(number, version)| newest(1, number, version.at, version.nth));
    tasks.chain(instances).max().unwrap_or(SimTime::ZERO)
}
