//! Faults as plain data: what can be done to a run from outside the ECS API.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::duration;
use crate::model::fault_parts::{Chance, Cut, InstanceSet, Skew, Speed};
use crate::model::glob::Glob;

/// Something that goes wrong, or right again, outside the control plane.
///
/// Its JSON form names the variant under `kind`, the rest in camelCase:
///
/// ```
/// use wavetank::model::Fault;
///
/// let fault: Fault = serde_json::from_str(
///     r#"{"kind": "ContainerExit", "task": "4f5c", "container": "app", "exitCode": 137}"#,
/// )?;
/// assert_eq!(fault.kind(), "ContainerExit");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// `task` and `container_instance` hold an ARN or an id. Whether they name
/// anything is known only when the fault is injected.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", deny_unknown_fields, rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Fault {
    /// Messages between the control plane and one agent stop; the host goes on.
    AgentDisconnect {
        /// The container instance whose agent falls silent.
        container_instance: String,
    },
    /// The agent is back, and catches up.
    AgentReconnect {
        /// The container instance whose agent speaks again.
        container_instance: String,
    },
    /// The agent stops and is started again; the host goes on, and what the agent knows is kept.
    AgentRestart {
        /// The container instance whose agent is started again.
        container_instance: String,
        /// How long it is away.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// The host halts and its containers die.
    InstanceStop {
        /// The container instance that halts.
        container_instance: String,
    },
    /// A halted host comes back with the same ARN.
    InstanceStart {
        /// The container instance that comes back.
        container_instance: String,
    },
    /// The host is gone for good.
    InstanceTerminate {
        /// The container instance that is lost.
        container_instance: String,
    },
    /// Every instance of an availability zone stops.
    ZoneOutage {
        /// The availability zone, such as `us-east-1a`.
        zone: String,
    },
    /// Every stopped instance of an availability zone starts.
    ZoneRecovery {
        /// The availability zone, such as `us-east-1a`.
        zone: String,
    },
    /// The health checks of a container instance find it impaired from now on.
    InstanceHealthFail {
        /// The container instance.
        container_instance: String,
        /// Whether it is taken out of service for that, as auto repair of ECS Managed Instances does.
        repair: bool,
    },
    /// The health checks of a container instance find nothing wrong from now on.
    InstanceHealthRecover {
        /// The container instance.
        container_instance: String,
    },
    /// The two-minute notice of spot capacity, then its loss.
    SpotInterruption(SpotTarget),
    /// What a task runs on is retired for maintenance.
    TaskRetirement {
        /// The task.
        task: String,
    },
    /// The process of a container exits now.
    ContainerExit {
        /// The task.
        task: String,
        /// The container's name in the task definition.
        container: String,
        /// The exit code; 137 is what a kill for memory leaves.
        exit_code: i32,
    },
    /// A container's health check fails from now on.
    HealthFail {
        /// The task.
        task: String,
        /// The container's name in the task definition.
        container: String,
    },
    /// A container's health check passes from now on.
    HealthRecover {
        /// The task.
        task: String,
        /// The container's name in the task definition.
        container: String,
    },
    /// Pulls of matching images fail for a time.
    PullFail {
        /// Which images, by the name in the container definition.
        image: Glob,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Matching calls answer `ThrottlingException` for a time.
    Throttle {
        /// Which operations, by name.
        operation: Glob,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Matching calls answer `ServerException` for a time.
    ServerError {
        /// Which operations, by name.
        operation: Glob,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
        /// Whether the calls take effect although they answer an error.
        applied: bool,
    },
    /// A controller inside the simulation crashes: its memory, its timers and its subscriptions are gone.
    ControllerCrash {
        /// The controller, by name.
        controller: String,
    },
    /// A crashed controller begins again with the memory it was added with.
    ControllerRestart {
        /// The controller, by name.
        controller: String,
    },
    /// Every replica lags by so much for a time.
    ReadLag {
        /// How far behind the replicas are.
        #[serde(with = "duration")]
        lag: Duration,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Pulls, starts and stops of containers that begin within a time take longer.
    Slow {
        /// Which container instances.
        on: InstanceSet,
        /// How fast they go, as a part of what is usual.
        speed: Speed,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Messages between agents and the control plane are lost for a time.
    Partition {
        /// Which container instances.
        on: InstanceSet,
        /// Which messages.
        #[serde(default)]
        cut: Cut,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Messages between agents and the control plane are lost at times, and sent again.
    MessageLoss {
        /// Which container instances.
        on: InstanceSet,
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Messages between agents and the control plane arrive twice at times.
    MessageRepeat {
        /// Which container instances.
        on: InstanceSet,
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Messages between agents and the control plane are late at times, and overtaken.
    MessageReorder {
        /// Which container instances.
        on: InstanceSet,
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// State change events are lost at times.
    EventLoss {
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// State change events arrive twice at times.
    EventRepeat {
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// State change events are late at times, and overtaken.
    EventReorder {
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// The times that agents report are wrong.
    ClockSkew {
        /// Which container instances.
        on: InstanceSet,
        /// By how much.
        skew: Skew,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Pulls from an image registry fail for a time.
    RegistryOutage {
        /// Which registries, by the host in the name of the image; `docker.io` where it has none.
        registry: Glob,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Network interfaces are not attached, at times.
    EniAttachFail {
        /// How likely each is.
        chance: Chance,
        /// How long from now.
        #[serde(rename = "for", with = "duration")]
        lasting: Duration,
    },
    /// Container instances stop together, such as those of a rack.
    Outage {
        /// Which container instances.
        on: InstanceSet,
    },
    /// Those of them that are stopped start again.
    Recovery {
        /// Which container instances.
        on: InstanceSet,
    },
}

/// What a spot interruption takes away; in JSON, one key beside `kind`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SpotKeys", rename_all = "camelCase")]
#[non_exhaustive]
pub enum SpotTarget {
    /// A container instance and all that runs on it.
    ContainerInstance(String),
    /// One task on Fargate Spot capacity.
    Task(String),
}

/// The keys of a spot interruption, before it is known that there is one of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SpotKeys {
    container_instance: Option<String>,
    task: Option<String>,
}

impl TryFrom<SpotKeys> for SpotTarget {
    type Error = &'static str;

    fn try_from(keys: SpotKeys) -> Result<Self, &'static str> {
        match (keys.container_instance, keys.task) {
            (Some(instance), None) => Ok(Self::ContainerInstance(instance)),
            (None, Some(task)) => Ok(Self::Task(task)),
            _ => Err("a spot interruption takes one of `containerInstance` and `task`"),
        }
    }
}

/// The text that names the one container instance that a fault is about, if it is about one.
macro_rules! its_instance {
    ($fault:expr) => {
        match $fault {
            Fault::AgentDisconnect { container_instance }
            | Fault::AgentReconnect { container_instance }
            | Fault::AgentRestart {
                container_instance, ..
            }
            | Fault::InstanceStop { container_instance }
            | Fault::InstanceStart { container_instance }
            | Fault::InstanceTerminate { container_instance }
            | Fault::InstanceHealthFail {
                container_instance, ..
            }
            | Fault::InstanceHealthRecover { container_instance }
            | Fault::SpotInterruption(SpotTarget::ContainerInstance(container_instance)) => {
                Some(container_instance)
            }
            _ => None,
        }
    };
}

impl Fault {
    /// What names the one container instance that it is about, if it is about one.
    pub(crate) fn container_instance(&self) -> Option<&str> {
        its_instance!(self).map(String::as_str)
    }

    /// The same, to be changed.
    pub(crate) fn container_instance_mut(&mut self) -> Option<&mut String> {
        its_instance!(self)
    }

    /// The variant's name as JSON has it under `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AgentDisconnect { .. } => "AgentDisconnect",
            Self::AgentReconnect { .. } => "AgentReconnect",
            Self::AgentRestart { .. } => "AgentRestart",
            Self::InstanceStop { .. } => "InstanceStop",
            Self::InstanceStart { .. } => "InstanceStart",
            Self::InstanceTerminate { .. } => "InstanceTerminate",
            Self::ZoneOutage { .. } => "ZoneOutage",
            Self::ZoneRecovery { .. } => "ZoneRecovery",
            Self::InstanceHealthFail { .. } => "InstanceHealthFail",
            Self::InstanceHealthRecover { .. } => "InstanceHealthRecover",
            Self::SpotInterruption(_) => "SpotInterruption",
            Self::TaskRetirement { .. } => "TaskRetirement",
            Self::ContainerExit { .. } => "ContainerExit",
            Self::HealthFail { .. } => "HealthFail",
            Self::HealthRecover { .. } => "HealthRecover",
            Self::PullFail { .. } => "PullFail",
            Self::Throttle { .. } => "Throttle",
            Self::ServerError { .. } => "ServerError",
            Self::ControllerCrash { .. } => "ControllerCrash",
            Self::ControllerRestart { .. } => "ControllerRestart",
            Self::ReadLag { .. } => "ReadLag",
            Self::Slow { .. } => "Slow",
            Self::Partition { .. } => "Partition",
            Self::MessageLoss { .. } => "MessageLoss",
            Self::MessageRepeat { .. } => "MessageRepeat",
            Self::MessageReorder { .. } => "MessageReorder",
            Self::EventLoss { .. } => "EventLoss",
            Self::EventRepeat { .. } => "EventRepeat",
            Self::EventReorder { .. } => "EventReorder",
            Self::ClockSkew { .. } => "ClockSkew",
            Self::RegistryOutage { .. } => "RegistryOutage",
            Self::EniAttachFail { .. } => "EniAttachFail",
            Self::Outage { .. } => "Outage",
            Self::Recovery { .. } => "Recovery",
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;

    /// One fault of every kind, as scenario files write it.
    pub(crate) fn every_kind() -> Vec<serde_json::Value> {
        vec![
            json!({"kind": "AgentDisconnect", "containerInstance": "i"}),
            json!({"kind": "AgentReconnect", "containerInstance": "i"}),
            json!({"kind": "AgentRestart", "containerInstance": "i", "for": "5s"}),
            json!({"kind": "InstanceStop", "containerInstance": "i"}),
            json!({"kind": "InstanceStart", "containerInstance": "i"}),
            json!({"kind": "InstanceTerminate", "containerInstance": "i"}),
            json!({"kind": "ZoneOutage", "zone": "us-east-1a"}),
            json!({"kind": "ZoneRecovery", "zone": "us-east-1a"}),
            json!({"kind": "InstanceHealthFail", "containerInstance": "i", "repair": true}),
            json!({"kind": "InstanceHealthRecover", "containerInstance": "i"}),
            json!({"kind": "SpotInterruption", "containerInstance": "i"}),
            json!({"kind": "SpotInterruption", "task": "t"}),
            json!({"kind": "TaskRetirement", "task": "t"}),
            json!({"kind": "ContainerExit", "task": "t", "container": "c", "exitCode": 137}),
            json!({"kind": "HealthFail", "task": "t", "container": "c"}),
            json!({"kind": "HealthRecover", "task": "t", "container": "c"}),
            json!({"kind": "PullFail", "image": "nginx:*", "for": "1m"}),
            json!({"kind": "Throttle", "operation": "Run*", "for": "1m"}),
            json!({"kind": "ServerError", "operation": "*", "for": "1m", "applied": true}),
            json!({"kind": "ControllerCrash", "controller": "keeper"}),
            json!({"kind": "ControllerRestart", "controller": "keeper"}),
            json!({"kind": "ReadLag", "lag": "5s", "for": "1m 30s"}),
            json!({"kind": "Slow", "on": {"zone": "a"}, "speed": "1/3", "for": "1m"}),
            json!({"kind": "Partition", "on": "all", "cut": "toAgent", "for": "1m"}),
            json!({"kind": "MessageLoss", "on": {"containerInstance": "i"}, "chance": "1/20", "for": "1m"}),
            json!({"kind": "MessageRepeat", "on": "all", "chance": "1/20", "for": "1m"}),
            json!({"kind": "MessageReorder", "on": "all", "chance": "1/20", "for": "1m"}),
            json!({"kind": "EventLoss", "chance": "1/20", "for": "1m"}),
            json!({"kind": "EventRepeat", "chance": "1/20", "for": "1m"}),
            json!({"kind": "EventReorder", "chance": "1/20", "for": "1m"}),
            json!({"kind": "ClockSkew", "on": "all", "skew": {"behind": "5s"}, "for": "1m"}),
            json!({"kind": "RegistryOutage", "registry": "*.amazonaws.com", "for": "1m"}),
            json!({"kind": "EniAttachFail", "chance": "1/2", "for": "1m"}),
            json!({"kind": "Outage", "on": {"attribute": {"name": "rack", "value": "r1"}}}),
            json!({"kind": "Recovery", "on": {"attribute": {"name": "rack", "value": "r1"}}}),
        ]
    }

    #[test]
    fn every_kind_of_fault_reads_and_writes_alike() {
        for written in every_kind() {
            let fault: Fault = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(written["kind"], fault.kind());
            assert_eq!(serde_json::to_value(&fault).unwrap(), written);
        }
    }

    #[test]
    fn a_key_too_many_or_too_few_is_refused() {
        for written in every_kind() {
            let mut with_more = written.clone();
            with_more["typo"] = json!("x");
            assert!(
                serde_json::from_value::<Fault>(with_more).is_err(),
                "{written}"
            );

            let keys: Vec<String> = written.as_object().unwrap().keys().cloned().collect();
            // What may be left out has a test of its own.
            for key in keys.iter().filter(|key| *key != "cut") {
                let mut with_less = written.clone();
                with_less.as_object_mut().unwrap().remove(key);
                assert!(
                    serde_json::from_value::<Fault>(with_less).is_err(),
                    "{written}"
                );
            }
        }
    }

    #[test]
    fn a_partition_cuts_both_ways_unless_told_otherwise() {
        let written = json!({"kind": "Partition", "on": "all", "for": "1m"});
        let partition: Fault = serde_json::from_value(written).unwrap();
        let expected = json!({"kind": "Partition", "on": "all", "cut": "both", "for": "1m"});
        assert_eq!(serde_json::to_value(&partition).unwrap(), expected);
        let one_way = json!({"kind": "Partition", "on": "all", "cut": "toAgent", "for": "1m"});
        let one_way: Fault = serde_json::from_value(one_way).unwrap();
        assert!(matches!(
            one_way,
            Fault::Partition {
                cut: Cut::ToAgent,
                ..
            }
        ));
    }

    #[test]
    fn an_unknown_kind_is_named() {
        let error = serde_json::from_value::<Fault>(json!({"kind": "Flood"})).unwrap_err();
        assert!(error.to_string().contains("`Flood`"), "{error}");
    }
}
