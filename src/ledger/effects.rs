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
    #[inline]
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
    /// Whether one of them is none of those that each task meets.
    is_rare: bool,
    timers: Vec<(Duration, Event)>,
    cancels: Vec<(TaskId, u16)>,
}

impl Effects {
    /// Moves the ledger.
    #[inline]
    pub fn change(&mut self, change: Change) {
        self.is_rare |= !change.is_usual();
        self.changes.push(change);
    }

    /// Makes an event come due after a delay.
    #[inline]
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

    /// Whether there is a change that not every task meets in its life.
    pub(crate) fn is_rare(&self) -> bool {
        self.is_rare
    }

    /// Forgets everything but keeps the buffers.
    pub fn clear(&mut self) {
        if self.is_rare {
            self.changes.clear();
            self.is_rare = false;
        }
        // What each task meets is plain, and need not be looked at to be let go of.
        while let Some(usual) = self.changes.pop() {
            std::mem::forget(usual);
        }
        self.timers.clear();
        self.cancels.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ledger::task::StoppedReason;
    use crate::model::StopCode;

    #[test]
    fn what_a_change_holds_is_let_go_of_when_effects_are_cleared() {
        let text: Arc<str> = Arc::from("no longer needed");
        let task = TaskId::new(0);
        let mut effects = Effects::default();
        for given in [Some(Arc::clone(&text)), None] {
            effects.change(Change::TaskForgotten { task });
            effects.change(Change::TaskUnwanted {
                task,
                code: StopCode::UserInitiated,
                reason: StoppedReason::None,
                given: given.clone(),
            });
            assert_eq!(effects.is_rare(), given.is_some());
            drop(given);
            effects.clear();
            assert_eq!(Arc::strong_count(&text), 1);
            assert!(effects.changes().is_empty() && !effects.is_rare());
        }
    }
}
