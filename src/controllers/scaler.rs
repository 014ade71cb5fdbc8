//! An autoscaler: as many tasks as the load needs.

use std::time::Duration;

use crate::client::{CallError, Client, Controller};
use crate::ids::CallId;
use crate::model::{Output, RunTask};
use crate::time::SimTime;

use super::keeper::Keeper;

/// The timer of the scaler; the keeper's are others.
const SCALE: u64 = 100;

/// Keeps as many tasks as a load needs: more at once, fewer only when the load has been low for a while.
///
/// The load is a table of steps; what is measured of a real system would arrive late as well, which [`delay`](Self::delay)
/// stands for. How many tasks are launched and stopped is left to a [`Keeper`], so a slow or failing API does not make it
/// launch twice.
#[derive(Clone, Debug)]
pub struct LoadScaler {
    keeper: Keeper,
    /// From when on the load is so much, in order.
    load: Vec<(SimTime, u32)>,
    per_task: u32,
    between: (u32, u32),
    every: Duration,
    delay: Duration,
    cooldown: Duration,
    /// When it last had reason to keep as many as it does.
    needed_at: SimTime,
}

impl LoadScaler {
    /// One that keeps a task of a request for each `per_task` of load, at least one and at most a hundred, measures every
    /// thirty seconds, and keeps tasks for three minutes longer than the load needs them.
    ///
    /// # Panics
    ///
    /// When a task serves nothing.
    #[must_use]
    pub fn new(name: impl Into<String>, request: RunTask, per_task: u32) -> Self {
        assert!(per_task > 0, "a task serves something");
        Self {
            keeper: Keeper::new(name, request, 1),
            load: Vec::new(),
            per_task,
            between: (1, 100),
            every: Duration::from_secs(30),
            delay: Duration::ZERO,
            cooldown: Duration::from_secs(180),
            needed_at: SimTime::ZERO,
        }
    }

    /// Adds a step of the load: so much from that time on. Times are given in order.
    #[must_use]
    pub fn load(mut self, from: SimTime, load: u32) -> Self {
        self.load.push((from, load));
        self
    }

    /// Sets the fewest and the most tasks.
    #[must_use]
    pub fn between(mut self, fewest: u32, most: u32) -> Self {
        self.between = (fewest, most.max(fewest));
        self
    }

    /// Sets how often it measures.
    #[must_use]
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Sets how old a measurement is when it has it.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets for how long tasks are kept that the load no longer needs.
    #[must_use]
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// Sets the patience of its keeper, see [`Keeper::patience`].
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.keeper = self.keeper.patience(patience);
        self
    }

    /// Who launches and stops for it.
    #[must_use]
    pub fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// The tasks that the load needs, as it was measured last.
    fn needed(&self, now: SimTime) -> u32 {
        let measured = now.since(SimTime::ZERO).saturating_sub(self.delay);
        let past = self.load.iter().rev();
        let mut past = past.filter(|(from, _)| from.since(SimTime::ZERO) <= measured);
        let load = past.next().map_or(0, |(_, load)| *load);
        let (fewest, most) = self.between;
        load.div_ceil(self.per_task).clamp(fewest, most)
    }

    fn scale(&mut self, client: &mut Client<'_>) {
        let now = client.now();
        let needed = self.needed(now);
        let kept = self.keeper.desired();
        if needed as usize >= kept {
            self.needed_at = now;
        }
        let is_late = now >= self.needed_at.saturating_add(self.cooldown);
        if needed as usize > kept || (is_late && (needed as usize) < kept) {
            self.keeper
                .note(client, format!("from {kept} to {needed} tasks"));
            self.keeper.set_desired(needed);
            self.needed_at = now;
        }
    }
}

impl Controller for LoadScaler {
    fn name(&self) -> &str {
        self.keeper.name()
    }

    fn started(&mut self, client: &mut Client<'_>) {
        self.scale(client);
        client.look_after(self.every, SCALE);
        self.keeper.started(client);
    }

    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        if tag == SCALE {
            self.scale(client);
            client.look_after(self.every, SCALE);
        } else {
            self.keeper.woken(tag, client);
        }
    }

    fn answered(
        &mut self,
        call: CallId,
        answer: Result<Output, CallError>,
        client: &mut Client<'_>,
    ) {
        self.keeper.answered(call, answer, client);
    }
}
