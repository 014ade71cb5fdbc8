//! The one door through which anything moves: apply, record, schedule.

use std::time::Duration;

use crate::draw::Purpose;
use crate::ledger::{Change, Event};

use super::{Engine, EventTies};

impl Engine {
    /// Moves the simulation by what the last handler wrote, `event` being what made it, if it was not a call.
    pub(super) fn commit(&mut self, event: Option<&Event>) {
        let mut effects = std::mem::take(&mut self.effects);
        if event.is_none() && !effects.changes().is_empty() {
            self.recorder.push_call(self.now, self.steps);
        }
        for (task, container) in effects.cancels() {
            if let Some(key) = self.timers.get(*task, *container) {
                let cancelled = self.queue.cancel(key);
                self.waiting -=
                    usize::from(cancelled.is_some_and(|event| !event.is_housekeeping()));
            }
        }
        self.ledger.begin_commit();
        for change in effects.changes() {
            self.apply(change);
            if let Change::HostForgotten { task } = change {
                self.timers.forget(*task);
            }
        }
        // Whatever ended the last task of a task definition that is to be deleted, the definition goes with it.
        while let Some(definition) = self.ledger.definitions().unused() {
            let forgotten = Change::DefinitionForgotten { definition };
            self.apply(&forgotten);
            effects.change(forgotten);
        }
        self.ledger.record_versions(self.now, effects.changes());
        for (delay, event) in effects.timers() {
            self.push(*delay, *event);
        }
        self.watch(event, effects.changes());
        self.effects = effects;
        self.effects.clear();
    }

    /// Moves the ledger by one change and writes it down.
    fn apply(&mut self, change: &Change) {
        self.ledger.apply(self.now, change);
        self.recorder.push_change(self.now, self.steps, change);
    }

    /// Makes an event come due after a delay.
    pub(super) fn push(&mut self, delay: Duration, event: Event) {
        let tie = match self.event_ties {
            EventTies::Sequence => 0,
            EventTies::Shuffled => self.tie(&event),
        };
        let key = self.queue.push_after(self.now, delay, tie, event);
        self.waiting += usize::from(!event.is_housekeeping());
        if let Some((task, container)) = event.stage_of() {
            self.timers.set(task, container, key);
        }
    }

    /// The luck of an event among those due at the same time, by what it is about.
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
