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

pub use crate::sim::{BuildError, Builder, Simulation};
