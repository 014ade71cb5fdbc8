//! The handle users hold.

pub(crate) mod builder;
mod controllers;
mod drive;
mod sessions;
mod subscribe;
mod verbs;

use crate::api::fault::FaultError;
use crate::digest::Digest;
use crate::engine::Engine;
use crate::engine::input::{Input, InputKey, Outcome, PastDeadline};
use crate::expr::ExprError;
use crate::invariant::{Coverage, Violation};
use crate::ledger::Ledger;
use crate::ledger::blame::Hindsight;
use crate::ledger::scheduler_error::SchedulerError;
use crate::model::constraint::Constraint;
use crate::model::{ApiError, Fault, Output, Request, Timestamp};
use crate::placement::{Explanation, Scheduler};
use crate::time::{Deadline, SimTime};
use crate::trace::Recorder;

pub use builder::{BuildError, Builder};

/// A simulated ECS control plane with its agents, in simulated time.
///
/// Made by [`Simulation::builder`]. It owns everything: what was registered and run, what is pending, the trace so far.
/// It is a value: a clone is a fork that goes its own way from here, and it can be sent to another thread.
///
/// *Requests* are answered at once, at the present simulated time; what they set going happens when the simulation is
/// driven: [`step`](Self::step), [`advance`](Self::advance), [`run_until`](Self::run_until) or
/// [`settle`](Self::settle). The same seed and the same inputs give the same run, byte for byte.
///
/// ```
/// use std::time::Duration;
/// use wavetank::model::{ContainerDefinition, LastStatus, RegisterContainerInstance, RegisterTaskDefinition, RunTask};
/// use wavetank::Simulation;
///
/// let mut sim = Simulation::builder().seed(42).build()?;
/// sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
/// let container = ContainerDefinition::new("app", "web:1").cpu(512).memory(1024);
/// sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))?;
///
/// let out = sim.run_task(RunTask::new("web").count(5))?;
/// assert_eq!((out.tasks.len(), out.failures.len()), (4, 1));
/// assert_eq!(out.failures[0].reason.to_string(), "RESOURCE:CPU");
///
/// sim.advance(Duration::from_secs(6))?;
/// let running = sim.ledger().tasks().filter(|(_, task)| task.last_status == LastStatus::Running);
/// assert_eq!(running.count(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Simulation {
    engine: Engine,
}

impl Simulation {
    /// Begins to build one.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Answers any request.
    ///
    /// # Errors
    ///
    /// What ECS answers to the request; nothing has changed then.
    pub fn call(&mut self, request: impl Into<Request>) -> Result<Output, ApiError> {
        self.engine.request(&request.into())
    }

    /// Makes a fault happen now.
    ///
    /// # Errors
    ///
    /// When it names what is not there, or its kind is not simulated yet; nothing has changed then.
    pub fn inject(&mut self, fault: &Fault) -> Result<(), FaultError> {
        self.engine.inject(fault)
    }

    /// Makes a request or a fault happen at a time to come; the simulation is then at rest only after it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::Simulation;
    /// use wavetank::model::CreateCluster;
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// let key = sim.schedule(Duration::from_secs(10), CreateCluster::new("later"))?;
    /// sim.advance(Duration::from_secs(10))?;
    /// assert!(sim.take_outcome(key).is_some_and(|outcome| outcome.is_ok()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When that time has passed.
    pub fn schedule(
        &mut self,
        when: impl Deadline,
        input: impl Into<Input>,
    ) -> Result<InputKey, PastDeadline> {
        self.engine.schedule(when.at(self.now()), input.into())
    }

    /// Makes many requests or faults happen, each at its time; see [`workload`](crate::workload) for where they may come
    /// from. Their names are in the order in which they were given.
    ///
    /// # Errors
    ///
    /// The first time that has passed; those before it are scheduled.
    pub fn schedule_all<I: Into<Input>>(
        &mut self,
        inputs: impl IntoIterator<Item = (SimTime, I)>,
    ) -> Result<Vec<InputKey>, PastDeadline> {
        let inputs = inputs.into_iter();
        inputs.map(|(at, input)| self.schedule(at, input)).collect()
    }

    /// What became of a scheduled request or fault: once, and only after its time.
    pub fn take_outcome(&mut self, key: InputKey) -> Option<Outcome> {
        self.engine.take_outcome(key)
    }

    /// What the simulated clock says.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.engine.now()
    }

    /// A simulated time as the API shows it.
    #[must_use]
    pub fn timestamp(&self, time: SimTime) -> Timestamp {
        self.engine.settings().timestamp(time)
    }

    /// Reads an expression of the cluster query language, to be judged for container instances of this simulation.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn constraint(&self, expression: &str) -> Result<Constraint, ExprError> {
        Constraint::new(expression, self.engine.settings().epoch)
    }

    /// When the next event comes due.
    #[must_use]
    pub fn next_event_at(&self) -> Option<SimTime> {
        self.engine.next_event_at()
    }

    /// How many events are pending.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.engine.pending()
    }

    /// How many events have been processed.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.engine.steps()
    }

    /// The seed of the run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.engine.seed()
    }

    /// The truth: for schedulers' tests, invariants and conditions. A controller would only see what Describe shows.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        self.engine.ledger()
    }

    /// What happened so far, as far as it was kept.
    #[must_use]
    pub fn trace(&self) -> &Recorder {
        self.engine.recorder()
    }

    /// The digest over every record of the trace, kept or not: equal for equal runs, on every machine.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.engine.recorder().digest()
    }

    /// A digest of the state as it is now: time, ledger and what is pending. It costs a walk over all of it.
    #[must_use]
    pub fn state_digest(&self) -> Digest {
        Digest::of(&self.engine.state_bytes())
    }

    /// Every violation found so far.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.engine.violations()
    }

    /// What the scheduler got wrong, in order: the first [`KEPT`](crate::placement::SchedulerErrors::KEPT).
    ///
    /// A wrong answer does not fail the call, and no task is lost: see [`Mistake`](crate::placement::Mistake) for what
    /// becomes of it. How many there were is [`Ledger::scheduler_errors`]' to tell, and the trace tells of each.
    #[must_use]
    pub fn scheduler_errors(&self) -> &[SchedulerError] {
        self.engine.ledger().scheduler_errors().kept()
    }

    /// What the scheduler would have made of the tasks that the last RunTask asked for, had it been shown the truth; empty unless
    /// [it sees late](Builder::scheduler_sees).
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::model::ViewModel;
    /// # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
    ///
    /// let late = ViewModel::FixedLag(Duration::from_secs(5));
    /// let mut sim = Simulation::builder().scheduler_sees(late).build()?;
    /// # sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(1024))?;
    /// # let container = ContainerDefinition::new("app", "app:1").memory(512);
    /// # sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))?;
    /// // A machine has just registered.
    /// sim.run_task(RunTask::new("web"))?;
    /// let [known] = sim.hindsight() else { unreachable!("one task was asked for") };
    /// assert!(known.chosen.is_none() && known.fresh.is_some());
    /// println!("{known}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn hindsight(&self) -> &[Hindsight] {
        self.engine.hindsight()
    }

    /// Who places tasks. A look at what it kept is had through its `downcast_ref`: see
    /// [`Recording`](crate::placement::Recording).
    #[must_use]
    pub fn scheduler(&self) -> &(dyn Scheduler + 'static) {
        self.engine.scheduler()
    }

    /// Why each task of a request would go where it would go now, or nowhere; nothing changes.
    ///
    /// The request is made to a fork, so the answer is what [`run_task`](Self::run_task) would do next, luck included. Of
    /// [`StartTask`](crate::model::StartTask), each container instance that it names is told by itself. It is empty where
    /// nothing is placed on container instances: on Fargate, for a request made before with its client token, and for
    /// every other operation.
    ///
    /// ```
    /// use wavetank::model::PlacementStrategy;
    /// # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
    ///
    /// let mut sim = Simulation::builder().build()?;
    /// for memory in [256, 4096, 2048] {
    ///     sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(memory))?;
    /// }
    /// let container = ContainerDefinition::new("app", "app:1").memory(512);
    /// sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))?;
    /// let explained = sim.explain(&RunTask::new("web").strategy(PlacementStrategy::binpack_memory()))?;
    /// assert_eq!(explained[0].considered[0].unmet[0].reason.as_str(), "RESOURCE:MEMORY");
    /// assert_eq!(explained[0].runner_up.as_ref().map(|next| next.margin), Some(2048));
    /// println!("{}", explained[0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What ECS answers to the request.
    pub fn explain<R: Clone + Into<Request>>(
        &self,
        request: &R,
    ) -> Result<Vec<Explanation>, ApiError> {
        let mut fork = self.fork();
        let request = request.clone().into();
        if let Request::StartTask(request) = &request {
            return fork.engine.explain_start(request);
        }
        fork.engine.explain();
        fork.engine.request(&request)?;
        let explained = fork.engine.explanations().iter();
        Ok(explained.map(|one| Explanation::clone(one)).collect())
    }

    /// Which invariants never looked, and which situations were never reached.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.engine.invariants().coverage()
    }

    /// A copy that goes its own way from here; the same as a clone.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }
}
