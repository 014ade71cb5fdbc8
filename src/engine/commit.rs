//! The one door through which anything moves: apply, record, schedule.

use std::time::Duration;

use crate::draw::Purpose;
use crate::invariant::Checking;
use crate::ledger::{Change, Event};
use crate::queue::Key;

use super::{Engine, EventTies, timers};

impl Engine {
    /// Moves the simulation by what the last handler wrote, `event` being what made it, if it was not a call.
    pub(super) fn commit(&mut self, event: Option<&Event>) {
        let (now, step) = (self.now, self.steps);
        if event.is_none() && !self.effects.changes().is_empty() {
            self.recorder.push_call(now, step);
        }
        for (task, container) in self.effects.cancels() {
            if let Some(key) = self.timer(*task, *container) {
                let cancelled = self.queue.cancel(key);
                self.waiting -=
                    usize::from(cancelled.is_some_and(|event| !event.is_housekeeping()));
            }
        }
        let before = if self.ledger.subscriptions().is_any() {
            self.ledger.versions_before(self.effects.changes())
        } else {
            Vec::new()
        };
        if self.ledger.versions().are_kept() {
            self.ledger.note_versions(self.effects.changes());
        }
        self.ledger.begin_commit();
        for change in self.effects.changes() {
            self.ledger.apply(now, change);
            self.recorder.push_change(now, step, change);
            if let Change::HostForgotten { task } = change {
                timers::forget(&mut self.timers, *task);
            }
        }
        self.forget_definitions();
        self.announce(&before);
        if self.ledger.versions().are_kept() {
            let by = event.is_none().then_some(self.caller);
            self.ledger.record_versions(now, by, self.effects.changes());
        }
        if self.ledger.hazards().is_calm() {
            for nth in 0..self.effects.timers().len() {
                let (delay, event) = self.effects.timers()[nth];
                self.push(delay, event);
            }
        } else {
            self.push_through_weather();
        }
        if self.planned.is_some() {
            self.tie_faults();
        }
        if self.checking != Checking::AtRest {
            let effects = std::mem::take(&mut self.effects);
            self.watch(event, effects.changes());
            self.effects = effects;
        }
        self.effects.clear();
    }

    /// Whatever ended the last task of a task definition that is to be deleted, the definition goes with it.
    fn forget_definitions(&mut self) {
        while let Some(definition) = self.ledger.definitions().unused() {
            let forgotten = Change::DefinitionForgotten { definition };
            self.ledger.apply(self.now, &forgotten);
            self.recorder.push_change(self.now, self.steps, &forgotten);
            self.effects.change(forgotten);
        }
    }

    /// Makes an event come due after a delay.
    pub(super) fn push(&mut self, delay: Duration, event: Event) -> Key {
        let tie = match self.event_ties {
            EventTies::Sequence => 0,
            EventTies::Shuffled => self.tie(&event),
        };
        let key = self.queue.push_after(self.now, delay, tie, event);
        self.waiting += usize::from(!event.is_housekeeping());
        if let Some((task, container)) = event.stage_of() {
            self.set_timer(task, container, key);
        }
        key
    }

    /// The luck of an event among those due at the same time, by what it is about.
    #[inline(never)]
    fn tie(&self, event: &Event) -> u16 {
        let (subject, container) = match event.stage_of() {
            Some((task, container)) => (u64::from(task.number()), container),
            None => (event.task().map_or(0, |task| u64::from(task.number())), 0),
        };
        let kind = event.name().bytes().fold(0_u16, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u16::from(byte))
        });
        let mut draw = self
            .draws
            .at(Purpose::EventTie, subject, kind.wrapping_add(container));
        u16::try_from(draw.below(1 << 16)).expect("it is below 65536")
    }
}
