//! A deterministic, embeddable simulator of an Amazon-ECS-like container orchestrator, for testing schedulers.

pub mod arn;
pub mod digest;
pub mod ids;
pub mod time;

pub mod draw;
pub mod queue;

pub mod model;

pub mod ledger;

mod agent;
pub mod invariant;
pub mod observe;
pub mod placement;
pub mod trace;

mod api;
mod control;

mod engine;

mod sim;

pub mod scenario;

pub use crate::api::fault::FaultError;
pub use crate::arn::Naming;
pub use crate::digest::Digest;
pub use crate::draw::{Draws, Latency};
pub use crate::engine::EventTies;
pub use crate::engine::input::{Input, InputKey, PastDeadline};
pub use crate::engine::run::{Progress, SettleError, Step, Stopped};
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
