//! How long everything outside the control plane takes, and what containers do.

use serde::Serialize;

use crate::draw::Latency;
use crate::model::agents::Agents;
use crate::model::glob::Glob;
use crate::model::presets;
use crate::model::workload::Workload;

/// The timing and the behaviour of the world a control plane works in.
///
/// Start from [`Profile::ideal`] or [`Profile::realistic`] and change what matters.
/// Rows of `workloads` are found by name, so they may be written before the task
/// definitions they are for are registered.
///
/// ```
/// use std::time::Duration;
/// use wavetank::draw::Latency;
/// use wavetank::model::{Profile, Run, WorkloadRow};
///
/// let mut profile = Profile::ideal();
/// let mut batch = profile.default_workload.clone();
/// batch.run = Run::For(Latency::Fixed(Duration::from_secs(30)));
/// profile.workloads.push(WorkloadRow::new("batch-*", "*", batch.clone()));
///
/// assert_eq!(profile.workload("batch-nightly", "work"), &batch);
/// assert_eq!(profile.workload("web", "nginx").run, Run::Forever);
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// The delays between planes and of capacity.
    pub latencies: Latencies,
    /// What containers do, by name; the first row that matches decides.
    pub workloads: Vec<WorkloadRow>,
    /// What a container does that no row matches.
    pub default_workload: Workload,
    /// How the agents of all container instances are set up.
    pub agents: Agents,
}

impl Profile {
    /// Fixed latencies: the numbers that tests and scenarios are written against.
    pub fn ideal() -> Self {
        Self {
            latencies: Latencies::ideal(),
            workloads: Vec::new(),
            default_workload: Workload::ideal(),
            agents: Agents::default(),
        }
    }

    /// Latencies drawn from ranges seen in public traces and agent constants.
    pub fn realistic() -> Self {
        Self {
            latencies: Latencies::realistic(),
            workloads: Vec::new(),
            default_workload: Workload::realistic(),
            agents: Agents {
                image_cache: true,
                ..Agents::default()
            },
        }
    }

    /// What the container named `container` of a task of `family` does.
    pub fn workload(&self, family: &str, container: &str) -> &Workload {
        self.workloads
            .iter()
            .find(|row| row.family.matches(family) && row.container.matches(container))
            .map_or(&self.default_workload, |row| &row.workload)
    }
}

impl Default for Profile {
    /// The [`Profile::ideal`] one.
    fn default() -> Self {
        Self::ideal()
    }
}

/// How long messages, network interfaces and capacity take.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Latencies {
    /// Control plane to agent: a new task, or the wish to stop one.
    pub payload: Latency,
    /// Agent to control plane: a task's state change.
    pub report: Latency,
    /// Agent to control plane: a state change of a container alone.
    pub container_report: Latency,
    /// Attaching the network interface of an `awsvpc` task (PROVISIONING).
    pub eni_attach: Latency,
    /// Removing the network interface of an `awsvpc` task (DEPROVISIONING).
    pub eni_detach: Latency,
    /// Fargate: finding a place to run.
    pub host_prepare: Latency,
    /// A capacity provider: from the decision to an ACTIVE container instance.
    pub instance_launch: Latency,
    /// A host gone silent: until its `agentConnected` is false.
    pub agent_lost: Latency,
    /// A task definition deregistered: until RunTask and StartTask are refused for it.
    pub deregistration_window: Latency,
    /// Agent to control plane: a container's health, which is sent with its measurements.
    pub telemetry: Latency,
    /// A pull of an image that the container instance has: asking the registry whether it is still the same.
    pub cached_pull: Latency,
    /// From the last container's start to RUNNING, for what registers tasks with others (ACTIVATING); of no length where
    /// nothing does.
    pub activation: Latency,
    /// Until a task that is to stop is removed from where it was registered (DEACTIVATING); of no length likewise.
    pub deactivation: Latency,
    /// A controller's client to ECS: a call.
    pub client_request: Latency,
    /// ECS to a controller's client: the answer.
    pub client_response: Latency,
    /// A controller's client: how long an attempt waits for its answer.
    pub client_timeout: Latency,
}

/// A latency name that [`Latencies::set`] does not know.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown latency `{name}`, expected one of {}",
    quoted(Latencies::NAMES)
)]
pub struct UnknownLatency {
    name: String,
}

impl Latencies {
    /// The names [`Latencies::set`] takes, in the order of the fields.
    pub const NAMES: &'static [&'static str] = &[
        "payload",
        "report",
        "containerReport",
        "eniAttach",
        "eniDetach",
        "hostPrepare",
        "instanceLaunch",
        "agentLost",
        "deregistrationWindow",
        "telemetry",
        "cachedPull",
        "activation",
        "deactivation",
        "clientRequest",
        "clientResponse",
        "clientTimeout",
    ];

    /// The fixed latencies of [`Profile::ideal`].
    ///
    /// They are round numbers inside the ranges of [`Latencies::realistic`], but for
    /// `container_report`, which is as quick as `report` so that nothing has to be waited for. And a task definition
    /// that is deregistered can't be launched from that moment on.
    pub fn ideal() -> Self {
        presets::ideal_latencies()
    }

    /// The distributions of [`Profile::realistic`], uniform where only a range is known.
    pub fn realistic() -> Self {
        presets::realistic_latencies()
    }

    /// Whether a task that runs is removed from somewhere before it is stopped.
    #[must_use]
    pub fn deactivates(&self) -> bool {
        !self.deactivation.is_never()
    }

    /// Whether a task whose containers run is registered somewhere before it counts as RUNNING.
    #[must_use]
    pub fn activates(&self) -> bool {
        !self.activation.is_never()
    }

    /// Replaces the latency with the camelCase name `name`, as scenario files write it.
    ///
    /// # Errors
    ///
    /// [`UnknownLatency`] when `name` is not one of [`Latencies::NAMES`].
    pub fn set(&mut self, name: &str, latency: Latency) -> Result<(), UnknownLatency> {
        let field = match name {
            "payload" => &mut self.payload,
            "report" => &mut self.report,
            "containerReport" => &mut self.container_report,
            "eniAttach" => &mut self.eni_attach,
            "eniDetach" => &mut self.eni_detach,
            "hostPrepare" => &mut self.host_prepare,
            "instanceLaunch" => &mut self.instance_launch,
            "agentLost" => &mut self.agent_lost,
            "deregistrationWindow" => &mut self.deregistration_window,
            "telemetry" => &mut self.telemetry,
            "cachedPull" => &mut self.cached_pull,
            "activation" => &mut self.activation,
            "deactivation" => &mut self.deactivation,
            "clientRequest" => &mut self.client_request,
            "clientResponse" => &mut self.client_response,
            "clientTimeout" => &mut self.client_timeout,
            _ => {
                return Err(UnknownLatency {
                    name: name.to_owned(),
                });
            }
        };
        *field = latency;
        Ok(())
    }
}

/// A workload and the containers it is for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct WorkloadRow {
    /// Which task definition families.
    pub family: Glob,
    /// Which containers of them, by name.
    pub container: Glob,
    /// What those containers do.
    pub workload: Workload,
}

impl WorkloadRow {
    /// The row that gives `workload` to containers matching `container` in families matching `family`.
    pub fn new(family: &str, container: &str, workload: Workload) -> Self {
        Self {
            family: Glob::new(family),
            container: Glob::new(container),
            workload,
        }
    }
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::workload::{ExitCode, InvalidWeights};

    fn fixed_ms(milliseconds: u64) -> Latency {
        Latency::Fixed(Duration::from_millis(milliseconds))
    }

    #[test]
    fn every_latency_has_the_name_it_is_written_with() {
        let odd = fixed_ms(77);
        for name in Latencies::NAMES {
            let mut latencies = Latencies::ideal();
            latencies.set(name, odd.clone()).unwrap();
            let written = serde_json::to_value(&latencies).unwrap();
            assert_eq!(written[name], serde_json::to_value(&odd).unwrap());
        }
        let written = serde_json::to_value(Latencies::ideal()).unwrap();
        assert_eq!(written.as_object().unwrap().len(), Latencies::NAMES.len());
    }

    #[test]
    fn an_unknown_latency_is_named() {
        let error = Latencies::ideal().set("pul", fixed_ms(1)).unwrap_err();
        assert!(error.to_string().starts_with("unknown latency `pul`"));
    }

    #[test]
    fn nothing_is_left_to_chance_in_the_ideal_profile() {
        let latencies = Latencies::ideal();
        let workload = Workload::ideal();
        for latency in [
            &latencies.payload,
            &latencies.report,
            &latencies.container_report,
            &latencies.eni_attach,
            &latencies.eni_detach,
            &latencies.host_prepare,
            &latencies.instance_launch,
            &latencies.agent_lost,
            &latencies.deregistration_window,
            &latencies.telemetry,
            &latencies.cached_pull,
            &latencies.client_request,
            &latencies.client_response,
            &latencies.client_timeout,
            &workload.create,
            &workload.pull,
            &workload.start,
            &workload.stop,
        ] {
            assert!(latency.as_constant().is_some(), "{latency:?}");
        }
        assert_eq!(Profile::default(), Profile::ideal());
        assert_ne!(Profile::ideal(), Profile::realistic());
    }

    #[test]
    fn the_first_row_that_matches_decides() {
        let mut profile = Profile::ideal();
        let mut slow = Workload::ideal();
        slow.pull = fixed_ms(60_000);
        let mut quick = Workload::ideal();
        quick.pull = fixed_ms(1);
        profile
            .workloads
            .push(WorkloadRow::new("web*", "nginx", slow.clone()));
        profile
            .workloads
            .push(WorkloadRow::new("web*", "*", quick.clone()));
        assert_eq!(profile.workload("web1", "nginx"), &slow);
        assert_eq!(profile.workload("web1", "sidecar"), &quick);
        assert_eq!(profile.workload("job", "nginx"), &profile.default_workload);
    }

    #[test]
    fn weights_that_could_never_be_drawn_are_refused() {
        assert_eq!(ExitCode::weighted(vec![]), Err(InvalidWeights));
        assert_eq!(ExitCode::weighted(vec![(0, 1)]), Err(InvalidWeights));
        assert!(ExitCode::weighted(vec![(0, 1), (2, 0)]).is_ok());
    }
}
