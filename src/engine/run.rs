//! Driving: one event, to a time, until a condition, until rest.

use std::hint::black_box;
use std::time::Duration;

use thiserror::Error;

use crate::invariant::Violation;
use crate::ledger::{Event, Ledger};
use crate::model::LastStatus;
use crate::time::SimTime;

use super::Engine;
use super::stuck::Unsettled;

/// One processed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it came due, and what the clock says now.
    pub at: SimTime,
    /// Its number in the run, from 1.
    pub number: u64,
    /// What it was.
    pub event: Event,
}

/// How far a run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Events processed.
    pub events: u64,
    /// What the clock says now.
    pub now: SimTime,
}

/// Why [`run_until`](crate::Simulation::run_until) came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The condition holds; the clock is at the event that made it so.
    ConditionMet,
    /// The limit was reached first; the clock is at the limit.
    LimitReached,
    /// Nothing is pending, so the condition will never hold; the clock is at the last event.
    NothingPending,
}

/// Why a simulation did not come to rest.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum SettleError {
    /// Something was still waited for at the limit.
    #[error("not at rest at {at}: {}", waiting.join(", "))]
    LimitReached {
        /// What the clock says: the limit.
        at: SimTime,
        /// Who was still active, ten at most, and how many events were pending.
        waiting: Vec<String>,
    },
    /// Something was not as it is wanted; only `must_settle` demands that.
    #[error(transparent)]
    Stuck(Box<Unsettled>),
    /// An invariant was violated on the way.
    #[error(transparent)]
    Violation(#[from] Box<Violation>),
}

impl Engine {
    /// Processes the next event, however far away.
    pub(crate) fn step(&mut self) -> Result<Option<Step>, Violation> {
        self.tell()?;
        let Some((at, event)) = self.queue.pop() else {
            return Ok(None);
        };
        self.process(at, event);
        self.tell()?;
        Ok(Some(Step {
            at,
            number: self.steps,
            event,
        }))
    }

    fn process(&mut self, at: SimTime, event: Event) {
        self.waiting -= usize::from(!event.is_housekeeping());
        assert!(
            at >= self.now,
            "the queue gives events in the order of time"
        );
        self.now = at;
        self.steps += 1;
        self.recorder.push_event(at, self.steps, &event);
        if self.queue.has_come_near() {
            self.read_ahead();
        }
        self.dispatch(event);
    }

    /// Brings near what the events are about that come next.
    #[inline(never)]
    fn read_ahead(&mut self) {
        let is_great = self.ledger.is_great();
        let mut read = 0;
        self.queue.each_near(|event| {
            let task = event.task().filter(|_| is_great);
            read ^= task
                .and_then(|task| self.ledger.read_task(task))
                .unwrap_or(0);
        });
        black_box(read);
    }

    /// Processes every event due up to a time, then sets the clock to it.
    pub(crate) fn advance_to(&mut self, end: SimTime) -> Result<Progress, Violation> {
        self.tell()?;
        let before = self.steps;
        while self.queue.next_at().is_some_and(|next| next <= end) {
            let (at, event) = self.queue.pop_first();
            self.process(at, event);
            self.tell()?;
        }
        self.now = self.now.max(end);
        Ok(self.progress(before))
    }

    pub(crate) fn run_until(
        &mut self,
        mut condition: impl FnMut(&Ledger) -> bool,
        limit: SimTime,
    ) -> Result<Stopped, Violation> {
        self.tell()?;
        loop {
            if condition(&self.ledger) {
                return Ok(Stopped::ConditionMet);
            }
            match self.queue.next_at() {
                None => return Ok(Stopped::NothingPending),
                Some(next) if next > limit => {
                    self.now = self.now.max(limit);
                    return Ok(Stopped::LimitReached);
                }
                Some(_) => self.step()?,
            };
        }
    }

    /// Processes events until only housekeeping is pending and every reader sees the truth.
    pub(crate) fn settle(&mut self, limit: SimTime) -> Result<Progress, SettleError> {
        let before = self.steps;
        while self.waiting > 0 {
            let next = self.queue.next_at().expect("something is waited for");
            if next > limit {
                self.now = self.now.max(limit);
                return Err(SettleError::LimitReached {
                    at: self.now,
                    waiting: self.who_waits(),
                });
            }
            self.step().map_err(Box::new)?;
        }
        self.converge(limit)?;
        self.check_settled().map_err(Box::new)?;
        Ok(self.progress(before))
    }

    pub(super) fn progress(&self, before: u64) -> Progress {
        Progress {
            events: self.steps - before,
            now: self.now,
        }
    }

    /// Tasks that are on their way, ten at most, and the number of pending events.
    fn who_waits(&self) -> Vec<String> {
        let on_its_way = |last: LastStatus, wanted: bool| {
            last < LastStatus::Running || (last < LastStatus::Stopped && !wanted)
        };
        let tasks = self
            .ledger
            .tasks()
            .filter(|(_, record)| on_its_way(record.last_status, record.is_wanted()));
        let mut waiting: Vec<String> = tasks
            .take(10)
            .map(|(task, record)| format!("{task} {}", record.last_status))
            .collect();
        waiting.extend(self.controllers.who_waits());
        waiting.push(format!("{} events pending", self.waiting));
        waiting
    }
}

/// The end of a span that begins now.
pub(crate) fn after(now: SimTime, span: Duration) -> SimTime {
    now.saturating_add(span)
}
