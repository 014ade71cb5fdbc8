//! A deterministic, embeddable simulator of an Amazon-ECS-like container orchestrator, for testing schedulers.
//!
//! It has a control plane that answers the ECS API, agents that queue, pull, start and stop, and readers that may lag
//! behind; all in simulated time, all chance following from one seed. A run is a value: clone it and you have a fork.
//!
//! | to | see |
//! | --- | --- |
//! | build a simulation and choose its options | [`Simulation::builder`], [`Builder`] |
//! | call an operation of the API | the methods of [`Simulation`], the requests in [`model`] |
//! | call it with ECS's own JSON | [`model::Request::from_json`], [`Simulation::call`] |
//! | say how long things take and what containers do | [`Profile`], [`Latency`] |
//! | let time pass | [`advance`](Simulation::advance), [`step`](Simulation::step), [`run_until`](Simulation::run_until), [`settle`](Simulation::settle) |
//! | look at the truth, or at what a caller sees | [`Simulation::ledger`], [`Simulation::describe_tasks`], [`Reads`] |
//! | read what happened, compare two runs | [`trace`], [`Simulation::digest`] |
//! | say which container instances you mean | [`expr`], [`guide::query_language`] |
//! | have tasks arrive by rule or from a recording, or after each other | [`workload`], [`batch`], [`guide::workloads`] |
//! | be told of changes as EventBridge does | [`Simulation::subscribe`], [`model::StateChangeEvent`] |
//! | make something go wrong | [`Fault`], [`Simulation::inject`], [`Simulation::schedule`] |
//! | have faults come by themselves, and end | [`FaultPlan`], [`Simulation::heal`], [`Simulation::must_settle`] |
//! | state what must hold | [`invariant`] |
//! | bring your own scheduler | [`placement`] |
//! | force a decision that luck would make | [`draw`] |
//! | put a whole run in a file | [`scenario`] |
//! | learn more | [`guide`] |
//!
//! # Build a cluster
//!
//! Registering a first container instance brings the cluster `default` to be, as in a new account. CPU is in units of 1/1024
//! vCPU, memory in MiB.
//!
//! ```
//! use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, Simulation};
//!
//! let mut sim = Simulation::builder().seed(42).build()?;
//! for zone in ["us-east-1a", "us-east-1b"] {
//!     let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
//!     sim.register_container_instance(machine.attribute("ecs.availability-zone", zone))?;
//! }
//! let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! let web = sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! assert_eq!(web.task_definition.revision, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Run tasks
//!
//! A task without a place is not an error: it is a [`Failure`] in the answer, beside the tasks that were placed.
//!
//! ```
//! # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, Simulation};
//! use wavetank::{PlacementStrategy, RunTask};
//!
//! # let mut sim = Simulation::builder().seed(42).build()?;
//! # for zone in ["us-east-1a", "us-east-1b"] {
//! #     let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
//! #     sim.register_container_instance(machine.attribute("ecs.availability-zone", zone))?;
//! # }
//! # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! let out = sim.run_task(RunTask::new("web").count(9).strategy(PlacementStrategy::spread_zones()))?;
//! assert_eq!(out.tasks.len(), 8);
//! assert_eq!(out.failures[0].reason.to_string(), "RESOURCE:CPU");
//!
//! let refused = sim.run_task(RunTask::new("web").count(11)).unwrap_err();
//! assert_eq!(refused.exception(), "InvalidParameterException");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Let time pass
//!
//! Requests act at once, at the present simulated time. Whatever they set going happens when the simulation is driven. Each
//! way to drive it ends where it says, and none is without a limit.
//!
//! ```
//! # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
//! use std::time::Duration;
//! use wavetank::{LastStatus, SimTime, Stopped};
//!
//! # let mut sim = Simulation::builder().seed(42).build()?;
//! # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
//! # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! sim.run_task(RunTask::new("web"))?;
//!
//! let first = sim.step()?.expect("the payload is on its way");
//! assert_eq!(first.at, SimTime::from_millis(100));
//!
//! let runs = |ledger: &wavetank::Ledger| ledger.tasks().any(|(_, task)| task.last_status == LastStatus::Running);
//! assert_eq!(sim.run_until(runs, Duration::from_secs(60))?, Stopped::ConditionMet);
//! assert_eq!(sim.now(), SimTime::from_millis(5_700));
//!
//! sim.advance_to(SimTime::from_secs(10))?;
//! sim.settle(Duration::from_secs(3600))?; // at rest already: a task that runs for ever waits for nothing
//! assert_eq!(sim.now(), SimTime::from_secs(10));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Look
//!
//! The [`Ledger`] is the truth: what the control plane has decided, and what the hosts hold. The Describe and List
//! operations answer as ECS would, and late if [`Reads`] says so.
//!
//! ```
//! # use std::time::Duration;
//! # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
//! use wavetank::{DescribeTasks, StopTask};
//!
//! # let mut sim = Simulation::builder().seed(42).build()?;
//! # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
//! # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! let arn = sim.run_task(RunTask::new("web"))?.tasks[0].task_arn.clone();
//! sim.advance(Duration::from_secs(10))?;
//! sim.stop_task(StopTask::new(&arn).reason("seen enough"))?;
//! sim.settle(Duration::from_secs(60))?;
//!
//! let shown = &sim.describe_tasks(DescribeTasks::new([&arn]))?.tasks[0];
//! assert_eq!(shown.last_status.to_string(), "STOPPED");
//! assert_eq!(shown.stopped_reason.as_deref(), Some("seen enough"));
//! assert_eq!(shown.containers[0].exit_code, Some(0));
//!
//! let trace = sim.trace().to_string();
//! assert!(trace.lines().last().is_some_and(|line| line.starts_with("11.200s ")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # State what must hold
//!
//! Standard invariants are on unless you turn them off. A violated one comes back as an error from the call that drove the
//! simulation to it, with the evidence and the way to see it again; the run may be driven on.
//!
//! ```
//! # use std::time::Duration;
//! # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
//! use wavetank::{Checking, LastStatus, always};
//!
//! let quiet = always("no task ever stops", |seen| {
//!     match seen.ledger.tasks().find(|(_, task)| task.last_status == LastStatus::Stopped) {
//!         None => Ok(()),
//!         Some((task, _)) => Err(format!("{task} has stopped")),
//!     }
//! });
//! let mut sim = Simulation::builder().seed(42).checking(Checking::EveryEvent).invariant(quiet).build()?;
//! # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
//! # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! let arn = sim.run_task(RunTask::new("web"))?.tasks[0].task_arn.clone();
//! sim.advance(Duration::from_secs(10))?;
//! sim.stop_task(wavetank::StopTask::new(arn))?;
//!
//! let violation = sim.advance(Duration::from_secs(10)).unwrap_err();
//! assert_eq!(&*violation.invariant, "no task ever stops");
//! assert_eq!(&*violation.evidence, "task-0 has stopped");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bring your own scheduler
//!
//! A [`Scheduler`] is shown an [`Ask`](placement::Ask) and a read-only [`Pool`](placement::Pool). What it answers is
//! checked again before it is committed: a wrong answer refuses that task and is kept with the evidence.
//! [`guide::schedulers`] has the whole of it.
//!
//! ```
//! # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
//! use wavetank::placement::{Ask, FnScheduler, Pool};
//!
//! let careless = FnScheduler::new("careless", |_: &Ask<'_>, pool: &Pool<'_>| Ok(pool.instances()[0]));
//! let mut sim = Simulation::builder().scheduler(careless).build()?;
//! # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
//! # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
//! # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
//! let out = sim.run_task(RunTask::new("web").count(5))?;
//! assert_eq!(out.tasks.len(), 4);
//! assert_eq!(out.failures[0].reason.to_string(), "RESOURCE:CPU");
//! assert_eq!(
//!     sim.scheduler_errors()[0].to_string(),
//!     "0.000s scheduler careless chose container-instance-0 for task-4, which can't take it beside others of the same \
//!      request: RESOURCE:CPU, asked 512, available 0"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Put a run in a file
//!
//! A scenario file holds everything a run needs, with requests and answers in ECS's own JSON; it gives the same bytes on
//! every machine.
//!
//! ```
//! use wavetank::scenario::{RunOptions, Scenario};
//!
//! let scenario = Scenario::from_json(
//!     r#"{ "wavetank": 1, "seed": 42, "steps": [
//!          { "call": "CreateCluster", "input": { "clusterName": "demo" } },
//!          { "advance": "90s" },
//!          { "call": "RunTask", "input": { "cluster": "demo", "taskDefinition": "nothing" },
//!            "expect": { "error": { "type": "ClientException" } } } ] }"#,
//! )?;
//! let mut lines = Vec::new();
//! let outcome = scenario.run(&RunOptions::default(), |line| lines.push(line.to_owned()));
//! assert!(outcome.held());
//! assert_eq!(lines[1], r#"{"step":1,"at":90.0,"output":{"events":0}}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Determinism
//!
//! The same version, seed and inputs give the same answers, trace and digest, on every platform and in debug and release
//! builds. One default differs between them: [`Checking`] looks more often in debug builds. That decides
//! when a violation is found, and nothing of what happens.

pub mod arn;
pub mod digest;
pub mod ids;
pub mod time;

pub mod draw;
pub mod expr;
pub mod queue;

pub mod model;

pub mod ledger;
pub mod workload;

mod agent;
pub mod fault;
pub mod invariant;
pub mod observe;
pub mod placement;
pub mod trace;

mod api;
pub mod client;
mod control;

pub mod controllers;
mod engine;

mod sim;

pub mod batch;
pub mod scenario;

pub use crate::api::fault::FaultError;
pub use crate::arn::{Arn, Naming};
pub use crate::digest::Digest;
pub use crate::draw::{Draws, Latency};
pub use crate::engine::EventTies;
pub use crate::engine::announce::ToldEvent;
pub use crate::engine::input::{Input, InputKey, Outcome, PastDeadline};
pub use crate::engine::plan::FaultCount;
pub use crate::engine::run::{Progress, SettleError, Step, Stopped};
pub use crate::engine::stuck::{
    CallStage, ControllerWaitsFor, Lack, Stuck, Unsettled, WaitingContainer, WaitsFor,
};
pub use crate::fault::plan::FaultPlan;
pub use crate::fault::swarm::FaultFamily;
pub use crate::ids::TaskId;
pub use crate::invariant::{Checking, Invariant, Violation, always, eventually, sometimes};
pub use crate::ledger::Ledger;
pub use crate::model::{
    ApiError, ContainerDefinition, DescribeTasks, Failure, FailureReason, Fault, LastStatus,
    PlacementConstraint, PlacementStrategy, Profile, Reads, RegisterContainerInstance,
    RegisterTaskDefinition, Request, RunTask, StartTask, StopCode, StopTask,
};
pub use crate::placement::Scheduler;
pub use crate::sim::{BuildError, Builder, Simulation};
pub use crate::time::{Deadline, SimTime};
pub use crate::trace::TraceMode;

/// The guide: the files of `docs/`, with their examples compiled and run.
pub mod guide {
    macro_rules! pages {
        ($($name:ident = $file:literal;)*) => {$(
            #[doc = include_str!("../docs/rustdoc_links.md")]
            #[doc = ""]
            #[doc = include_str!($file)]
            pub mod $name {}
        )*};
    }
    pages! {
        tutorial = "../docs/tutorial.md";
        model = "../docs/model.md";
        api_coverage = "../docs/api-coverage.md";
        configuration = "../docs/configuration.md";
        query_language = "../docs/query-language.md";
        faults = "../docs/faults.md";
        consistency = "../docs/consistency.md";
        state_changes = "../docs/state-changes.md";
        controllers = "../docs/controllers.md";
        trace = "../docs/trace.md";
        workloads = "../docs/workloads.md";
        invariants = "../docs/invariants.md";
        schedulers = "../docs/schedulers.md";
        packing = "../docs/packing.md";
        performance = "../docs/performance.md";
        architecture = "../docs/architecture.md";
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
