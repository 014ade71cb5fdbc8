//! All a handler may read, and all it may write.

use std::time::Duration;

use crate::draw::{Draws, Latency, Purpose};
use crate::ids::TaskId;
use crate::model::{Profile, Settings};
use crate::time::SimTime;

use super::Ledger;
use super::change::Change;
use super::event::Event;

/// What a handler may read: the ledger as it was before the handler's own effects, and what the run was built with.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The simulated time.
    pub now: SimTime,
    /// The truth.
    pub ledger: &'a Ledger,
    /// All randomness.
    pub draws: &'a Draws,
    /// How long things take.
    pub profile: &'a Profile,
    /// How things are called and which choices the run makes where ECS is silent.
    pub settings: &'a Settings,
}

impl Ctx<'_> {
    /// How long something takes for a task this time.
    #[must_use]
    pub fn delay(&self, latency: &Latency, purpose: Purpose, task: TaskId, nth: u16) -> Duration {
        self.draws
            .duration(latency, purpose, u64::from(task.number()), nth)
    }
}

/// What a handler writes: changes, timers and cancellations, applied by one commit.
///
/// The engine keeps one and clears it between commits, so that no handler allocates.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    changes: Vec<Change>,
    timers: Vec<(Duration, Event)>,
    cancels: Vec<(TaskId, u16)>,
}

impl Effects {
    /// Moves the ledger.
    pub fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Makes an event come due after a delay.
    pub fn after(&mut self, delay: Duration, event: Event) {
        self.timers.push((delay, event));
    }

    /// Cancels the next stage of a container, if one is pending.
    pub fn cancel(&mut self, task: TaskId, container: u16) {
        self.cancels.push((task, container));
    }

    /// The changes so far, in order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The timers so far, in order.
    #[must_use]
    pub fn timers(&self) -> &[(Duration, Event)] {
        &self.timers
    }

    /// The cancellations so far, in order.
    #[must_use]
    pub fn cancels(&self) -> &[(TaskId, u16)] {
        &self.cancels
    }

    /// Forgets everything but keeps the buffers.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.timers.clear();
        self.cancels.clear();
    }
}
