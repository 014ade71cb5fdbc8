//! Driving a simulation through simulated time.

use std::time::Duration;

use crate::engine::plan::FaultCount;
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

    /// Ends every fault under way and all that were scheduled, and reconnects everything: the first half of a test of what
    /// a system comes to when the weather is over. [`must_settle`](Self::must_settle) is the second.
    ///
    /// Machines that were stopped run again; those that were terminated stay gone. Agents that were disconnected are back,
    /// and each side says again what the other missed. Pulls and health checks are as their workloads say. A notice of spot
    /// capacity is withdrawn; a container instance that its agent has set to DRAINING for it stays so. Controllers that
    /// crashed begin again, with the memory they were added with.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::{Fault, RegisterContainerInstance, Simulation};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// let machine = sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(1024))?;
    /// let container_instance = machine.container_instance.container_instance_arn.to_string();
    /// sim.inject(&Fault::InstanceStop { container_instance })?;
    /// sim.advance(Duration::from_secs(600))?;
    /// let are_connected = |sim: &Simulation| sim.ledger().instances().iter().all(|(_, known)| known.agent_connected);
    /// assert!(!are_connected(&sim));
    /// sim.heal();
    /// assert!(are_connected(&sim));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn heal(&mut self) {
        self.engine.heal();
    }

    /// How often each row of the [plan of faults](crate::FaultPlan) came, and how often it met somebody; in order.
    #[must_use]
    pub fn fault_counts(&self) -> &[FaultCount] {
        self.engine.fault_counts()
    }

    /// Comes to rest, as [`settle`](Self::settle) does, and demands that everything is then as it is wanted: tasks run or
    /// have stopped, agents are connected, replicas show the truth, controllers run and have nothing under way.
    ///
    /// Something may be pending still when `within` has passed, such as the exit of a task that runs: that is no failure.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::{ContainerDefinition, Fault, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// let machine = RegisterContainerInstance::default().cpu(1024).memory(1024);
    /// let machine = sim.register_container_instance(machine)?.container_instance.container_instance_arn;
    /// let container = ContainerDefinition::new("app", "app:1").memory(512);
    /// sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))?;
    /// sim.run_task(RunTask::new("web"))?;
    /// sim.inject(&Fault::AgentDisconnect { container_instance: machine.to_string() })?;
    ///
    /// let stuck = sim.must_settle(Duration::from_secs(60)).unwrap_err().to_string();
    /// assert!(stuck.ends_with("task-0 of web, PENDING, wanted RUNNING, on container-instance-0: agent not connected"));
    /// sim.heal();
    /// sim.must_settle(Duration::from_secs(60))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettleError::Stuck`] with all that is not as it is wanted, and what each waits for; or the first invariant violated.
    pub fn must_settle(&mut self, within: Duration) -> Result<Progress, SettleError> {
        let limit = after(self.now(), within);
        self.engine.must_settle(limit)
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
