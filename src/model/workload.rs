//! What containers do: the part of a run that ECS does not decide.

use serde::Serialize;

use crate::draw::Latency;

use super::presets;
use super::workload_logic::Logic;

/// What one container does: the part of a run that ECS does not decide.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Workload {
    /// Pulling the image.
    pub pull: Latency,
    /// Creating and starting the container once its image is there.
    pub start: Latency,
    /// How long the process runs when nothing stops it.
    pub run: Run,
    /// What the process exits with when it ends by itself.
    pub exit_code: ExitCode,
    /// How long the process takes to obey SIGTERM; past the container's stop timeout it is killed.
    pub stop: Latency,
    /// What the container's health check finds, for containers that define one.
    pub health: Health,
    /// Creating the container before it is started, when that is to show as a step of its own.
    pub create: Latency,
    /// What the process exits with when it obeys SIGTERM; one that is killed exits with 137.
    pub stop_exit_code: i32,
    /// How much memory the process uses, from when on; beyond the container's hard limit it is killed. What it uses
    /// before the first step is no concern.
    pub memory: Vec<MemoryStep>,
    /// Code that decides all this for each task: see [`Workload::decided_by`].
    #[serde(skip)]
    pub(crate) logic: Option<Logic>,
}

/// From some time after a container's start on, its process uses so much memory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MemoryStep {
    /// How long after the start.
    pub after: Latency,
    /// How much, in MiB.
    pub mib: u32,
}

impl MemoryStep {
    /// `mib` MiB from `after` the start on.
    pub fn new(after: Latency, mib: u32) -> Self {
        Self { after, mib }
    }
}

impl Workload {
    /// The workload of [`Profile::ideal`](super::Profile::ideal): fixed, runs for ever, healthy.
    pub fn ideal() -> Self {
        presets::default_workload(|(ideal, _)| ideal)
    }

    /// The workload of [`Profile::realistic`](super::Profile::realistic): runs for ever, healthy, its delays drawn.
    pub fn realistic() -> Self {
        presets::default_workload(|(_, realistic)| realistic)
    }
}

/// How long a process runs when nothing stops it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Run {
    /// Until it is stopped.
    Forever,
    /// For so long from its start, then it exits by itself.
    For(Latency),
}

/// What a process exits with when it ends by itself.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ExitCode {
    /// The same code each time.
    Always(i32),
    /// A code drawn by weight, as (weight, code); [`ExitCode::weighted`] checks the rows.
    Weighted(Vec<(u32, i32)>),
}

/// Weights of which none is above zero, so that nothing could be drawn.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("weights need at least one above zero")]
#[non_exhaustive]
pub struct InvalidWeights;

impl ExitCode {
    /// A code drawn by weight from rows of (weight, code).
    ///
    /// # Errors
    ///
    /// [`InvalidWeights`] when no weight is above zero.
    pub fn weighted(rows: Vec<(u32, i32)>) -> Result<Self, InvalidWeights> {
        if rows.iter().all(|(weight, _)| *weight == 0) {
            return Err(InvalidWeights);
        }
        Ok(Self::Weighted(rows))
    }
}

/// What a container's health check finds, once the check runs at all.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Health {
    /// Every probe passes.
    Passes,
    /// Every probe fails.
    Fails,
    /// Probes fail until the container has run for so long, then pass.
    PassesAfter(Latency),
    /// Probes pass until the container has run for so long, then fail.
    FailsAfter(Latency),
    /// No probe ever answers: each of them fails when its timeout has passed.
    Hangs,
    /// Probes pass until the container has run for so long, then hang.
    HangsAfter(Latency),
}
