//! The one door through which anything moves: apply, record, schedule.

use std::time::Duration;

use crate::draw::Purpose;
use crate::invariant::Checking;
use crate::ledger::subscription::Changed;
use crate::ledger::{Change, Event};
use crate::queue::Key;

use super::{Engine, EventTies};

impl Engine {
    /// Moves the simulation by what the last handler wrote, `event` being what made it, if it was not a call.
    pub(super) fn commit(&mut self, event: Option<&Event>) {
        self.commit_here(event);
    }

    /// The same, where it is on the way of every event.
    #[inline(always)]
    pub(super) fn commit_here(&mut self, event: Option<&Event>) {
        debug_assert!(
            self.followed || !self.is_followed(),
            "only a rare change makes somebody follow"
        );
        if event.is_none() && !self.effects.changes().is_empty() {
            self.recorder.push_call(self.now, self.steps);
        }
        if !self.effects.cancels().is_empty() {
            self.cancel_timers();
        }
        if self.followed || self.effects.is_rare() {
            self.commit_followed(event);
        } else {
            self.apply_changes();
            self.push_timers();
        }
        self.effects.clear();
    }

    /// The same while somebody follows each step, or may do so from now on.
    #[inline(never)]
    fn commit_followed(&mut self, event: Option<&Event>) {
        let was_followed = self.followed;
        let before = match was_followed {
            true => self.note_before(),
            false => Vec::new(),
        };
        self.apply_changes();
        self.followed = self.is_followed();
        if was_followed || self.followed {
            self.follow(event, &before);
        } else {
            self.push_timers();
        }
    }

    /// Whether somebody follows each step, or faults meddle with what comes of it. None of the changes that tasks meet in a plain
    /// life makes it so.
    pub(super) fn is_followed(&self) -> bool {
        self.ledger.subscriptions().is_any()
            || self.ledger.versions().are_kept()
            || !self.ledger.hazards().is_calm()
            || self.planned.is_some()
            || self.checking != Checking::AtRest
    }

    /// Notes what is about to change, for late readers; gives how often it changed before, for subscribers.
    #[inline(never)]
    fn note_before(&mut self) -> Vec<(Changed, Option<u32>)> {
        let before = if self.ledger.subscriptions().is_any() {
            self.ledger.versions_before(self.effects.changes())
        } else {
            Vec::new()
        };
        if self.ledger.versions().are_kept() {
            self.ledger.note_versions(self.effects.changes());
        }
        before
    }

    /// Makes what the last handler wants come due, and lets subscribers, late readers, faults and invariants know what it did.
    #[inline(never)]
    fn follow(&mut self, event: Option<&Event>, before: &[(Changed, Option<u32>)]) {
        self.announce(before);
        if self.ledger.versions().are_kept() {
            let by = event.is_none().then_some(self.caller);
            self.ledger
                .record_versions(self.now, by, self.effects.changes());
        }
        if self.ledger.hazards().is_calm() {
            self.push_timers();
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
    }

    /// Applies and records what the last handler wrote.
    #[inline]
    fn apply_changes(&mut self) {
        let (now, step) = (self.now, self.steps);
        self.ledger.begin_commit();
        for change in self.effects.changes() {
            self.ledger.apply(now, change);
            self.recorder.push_change(now, step, change);
        }
        if !self.timers.is_empty() {
            self.forget_timers();
        }
        if self.ledger.definitions().unused().is_some() {
            self.forget_definitions();
        }
    }

    /// Makes what the last handler wants come due.
    #[inline(always)]
    fn push_timers(&mut self) {
        let mut nth = 0;
        while let Some(&(delay, event)) = self.effects.timers().get(nth) {
            self.push_plainly(delay, event);
            nth += 1;
        }
    }

    /// Whatever ended the last task of a task definition that is to be deleted, the definition goes with it.
    #[cold]
    fn forget_definitions(&mut self) {
        while let Some(definition) = self.ledger.definitions().unused() {
            let forgotten = Change::DefinitionForgotten { definition };
            self.change(&forgotten);
            self.effects.change(forgotten);
        }
    }

    /// Applies and records one change that no handler wrote.
    #[inline(never)]
    pub(super) fn change(&mut self, change: &Change) {
        self.ledger.apply(self.now, change);
        self.recorder.push_change(self.now, self.steps, change);
    }

    /// Makes an event come due after a delay.
    #[inline(never)]
    pub(super) fn push(&mut self, delay: Duration, event: Event) -> Key {
        self.push_plainly(delay, event)
    }

    /// The same where most events are pushed.
    #[inline(always)]
    fn push_plainly(&mut self, delay: Duration, event: Event) -> Key {
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
