//! Every integration test, as one binary: one module for each thing that is claimed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "tests read files, the environment and statistics; only the library must not"
)]

mod clusters;
mod container_instances;
mod determinism;
mod drive;
mod golden;
mod lifecycle;
mod placement;
mod properties;
mod reads;
mod refusals;
mod replay;
mod run_task;
mod scenarios;
mod start_stop;
mod support;
mod tidy;
mod two_ledgers;
