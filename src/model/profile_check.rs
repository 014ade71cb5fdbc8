//! Whether a profile can be lived by: its parts are open to be written by hand, so they are checked before a run.

use thiserror::Error;

use crate::draw::{Latency, LatencyError};

use super::profile::{Latencies, Profile};
use super::reads::Reads;
use super::view::ViewModel;
use super::workload::{ExitCode, Health, InvalidWeights, Run, Workload};

/// What is wrong with a profile, or with how reads lag, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A latency that no draw can follow.
    #[error("{place}: {error}")]
    Latency {
        /// Where it stands, such as `payload` or `workloads[0].pull`.
        place: String,
        /// What is wrong with it.
        error: LatencyError,
    },
    /// Exit codes of which none can be drawn.
    #[error("{place}: {error}")]
    ExitCode {
        /// Where they stand.
        place: String,
        /// What is wrong with them.
        error: InvalidWeights,
    },
}

impl Profile {
    /// Checks what can be written by hand: the latencies and the weights of exit codes.
    ///
    /// # Errors
    ///
    /// The first part that no draw can follow.
    pub fn validate(&self) -> Result<(), ProfileError> {
        for (name, value) in self.latencies.named() {
            latency(name.to_owned(), value)?;
        }
        for (nth, row) in self.workloads.iter().enumerate() {
            workload(&format!("workloads[{nth}]"), &row.workload)?;
        }
        workload("default_workload", &self.default_workload)
    }
}

impl Reads {
    /// Checks what can be written by hand: the lag.
    ///
    /// # Errors
    ///
    /// When no draw can follow it.
    pub fn validate(&self) -> Result<(), ProfileError> {
        match self {
            Self::Consistent => Ok(()),
            Self::Lagging { lag, .. } => latency("reads.lag".to_owned(), lag),
            Self::Through(view) => viewed("reads.lag", view),
        }
    }
}

/// Checks what can be written by hand of a view model that stands in `place`.
pub(crate) fn viewed(place: &str, view: &ViewModel) -> Result<(), ProfileError> {
    view.validate().map_err(|error| ProfileError::Latency {
        place: place.to_owned(),
        error,
    })
}

impl Latencies {
    /// Each latency with its name, in the order of the names.
    fn named(&self) -> impl Iterator<Item = (&'static str, &Latency)> {
        let values: [&Latency; Self::NAMES.len()] = [
            &self.payload,
            &self.report,
            &self.container_report,
            &self.eni_attach,
            &self.eni_detach,
            &self.host_prepare,
            &self.instance_launch,
            &self.agent_lost,
            &self.deregistration_window,
            &self.telemetry,
            &self.cached_pull,
            &self.activation,
            &self.deactivation,
            &self.client_request,
            &self.client_response,
            &self.client_timeout,
        ];
        Self::NAMES.iter().copied().zip(values)
    }
}

/// Checks one latency that stands at a place.
pub(super) fn latency(place: String, value: &Latency) -> Result<(), ProfileError> {
    value
        .validate()
        .map_err(|error| ProfileError::Latency { place, error })
}

fn workload(place: &str, value: &Workload) -> Result<(), ProfileError> {
    let at = |part: &str| format!("{place}.{part}");
    latency(at("pull"), &value.pull)?;
    latency(at("create"), &value.create)?;
    latency(at("start"), &value.start)?;
    latency(at("stop"), &value.stop)?;
    if let Run::For(run) = &value.run {
        latency(at("run"), run)?;
    }
    if let Health::PassesAfter(after) | Health::FailsAfter(after) | Health::HangsAfter(after) =
        &value.health
    {
        latency(at("health"), after)?;
    }
    for (nth, step) in value.memory.iter().enumerate() {
        latency(at(&format!("memory[{nth}]")), &step.after)?;
    }
    if let ExitCode::Weighted(rows) = &value.exit_code {
        let checked = ExitCode::weighted(rows.clone());
        checked.map_err(|error| ProfileError::ExitCode {
            place: at("exit_code"),
            error,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::profile::WorkloadRow;
    use super::*;

    #[test]
    fn both_presets_can_be_lived_by() {
        assert_eq!(Profile::ideal().validate(), Ok(()));
        assert_eq!(Profile::realistic().validate(), Ok(()));
    }

    #[test]
    fn a_latency_written_wrongly_by_hand_is_named_with_its_place() {
        let mut profile = Profile::ideal();
        profile.latencies.agent_lost = Latency::Choice(Vec::new());
        let error = profile.validate().expect_err("nothing can be chosen");
        assert_eq!(
            error.to_string(),
            "agentLost: a choice needs a weight above zero"
        );
    }

    #[test]
    fn exit_codes_of_which_none_can_be_drawn_are_refused() {
        let mut profile = Profile::ideal();
        let mut job = Workload::ideal();
        job.exit_code = ExitCode::Weighted(vec![(0, 1)]);
        profile.workloads.push(WorkloadRow::new("job", "*", job));
        let error = profile.validate().expect_err("no weight is above zero");
        assert!(
            error.to_string().starts_with("workloads[0].exit_code: "),
            "{error}"
        );
    }

    #[test]
    fn a_lag_with_its_bounds_the_wrong_way_round_is_refused() {
        let reads = Reads::Lagging {
            lag: Latency::Uniform {
                low: Duration::from_secs(2),
                high: Duration::from_secs(1),
            },
            stale_probability: crate::draw::Ratio::ONE,
            bound: Duration::from_secs(9),
        };
        assert!(reads.validate().is_err());
    }
}
