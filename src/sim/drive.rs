//! Driving a simulation through simulated time.

use std::time::Duration;

use crate::engine::run::{Progress, SettleError, Step, Stopped, after};
use crate::invariant::Violation;
use crate::ledger::Ledger;
use crate::time::{Deadline, SimTime};

use super::Simulation;

impl Simulation {
    /// Processes the next event, however far away, and sets the clock to it; `None` when nothing is pending.
    ///
    /// # Errors
    ///
    /// The first invariant that the event violated; the event has been processed.
    pub fn step(&mut self) -> Result<Option<Step>, Violation> {
        self.engine.step()
    }

    /// Processes every event due within `span`, then sets the clock to exactly its end.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::{SimTime, Simulation};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// sim.advance(Duration::from_secs(90))?;
    /// assert_eq!(sim.now(), SimTime::from_secs(90));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first invariant violated on the way; the clock is then at the event that violated it, and the simulation
    /// can be driven on.
    pub fn advance(&mut self, span: Duration) -> Result<Progress, Violation> {
        self.engine.advance_to(after(self.now(), span))
    }

    /// Processes every event due up to `end`, then sets the clock to exactly it; a time that has passed changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`advance`](Self::advance).
    pub fn advance_to(&mut self, end: SimTime) -> Result<Progress, Violation> {
        self.engine.advance_to(end)
    }

    /// Processes events until `condition` holds, and says why it came back.
    ///
    /// The condition is asked before the first event and after each. When it holds, the clock is at the event that made
    /// it so; at the limit, the clock is exactly there; when nothing is pending, it stays at the last event.
    ///
    /// # Errors
    ///
    /// As [`advance`](Self::advance).
    pub fn run_until(
        &mut self,
        condition: impl FnMut(&Ledger) -> bool,
        limit: impl Deadline,
    ) -> Result<Stopped, Violation> {
        let limit = limit.at(self.now());
        self.engine.run_until(condition, limit)
    }

    /// Processes events until none is left that a task, a container instance or a lagging replica waits for; the clock
    /// is then at the last of them, or where the last replica caught up.
    ///
    /// That a stopped task will be forgotten in an hour keeps nothing from being at rest. A container that runs
    /// for ever waits for nothing; one that will exit does.
    ///
    /// # Errors
    ///
    /// [`SettleError::LimitReached`] when `limit` passes first, the clock then being exactly there and the error saying
    /// who was active; or the first invariant violated.
    pub fn settle(&mut self, limit: Duration) -> Result<Progress, SettleError> {
        let limit = after(self.now(), limit);
        self.engine.settle(limit)
    }

    /// Lets every invariant look at everything now.
    ///
    /// # Errors
    ///
    /// The first that is violated; [`violations`](Self::violations) has all of them.
    pub fn check(&mut self) -> Result<(), Violation> {
        self.engine.check()
    }
}
