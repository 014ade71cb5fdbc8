//! Scenario files: everything a run needs in one JSON document.
//!
//! A scenario holds a seed, a configuration, and steps in order: calls of the ECS API in ECS's
//! own JSON, the passing of time, faults, and what is expected of each. The same file on the
//! same version prints the same bytes on every machine, so a scenario is at once a replay, a
//! regression test and a lesson.
//!
//! | to read about | see |
//! | --- | --- |
//! | reading and running one | [`Scenario`] |
//! | what is wrong with a file | [`ScenarioError`] |
//! | what a run came to | [`Outcome`] |

mod agents;
mod check;
mod config;
mod document;
mod error;
mod faults;
mod matcher;
mod path;
mod pointer;
mod reference;
mod report;
mod run;
mod step;
mod unique;
mod workload;

pub use crate::scenario::document::{RunOptions, Scenario};
pub use crate::scenario::error::{Position, ScenarioError};
pub use crate::scenario::run::Outcome;
