//! What all tasks of one request share.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::arn::TaskNaming;
use crate::draw::Latency;
use crate::ids::{ClusterId, GroupId, LaunchId, TaskDefinitionId};
use crate::model::{
    Amount, CapacityProviderStrategyItem, Dependency, LaunchType, NetworkConfiguration, Tag,
    TaskOverride, TaskVolumeConfiguration, TransportProtocol, Workload,
};

use super::demand::Demand;
use super::instance::InstanceKind;
use super::listing::ListKeys;

/// One container as an agent will run it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerPlan {
    /// Unique in its task.
    pub name: Arc<str>,
    /// What is pulled.
    pub image: Arc<str>,
    /// Whether the task ends with it.
    pub essential: bool,
    /// From SIGTERM to SIGKILL.
    pub stop_timeout: Duration,
    /// How long its pull, start, run and stop take.
    pub workload: Workload,
    /// What it waits for before its image is pulled.
    pub waits_for: Vec<Dependency>,
    /// How long others wait for it to exit or to be healthy, from its start.
    pub start_timeout: Option<Duration>,
    /// How its health is asked for.
    pub health: Option<HealthPlan>,
    /// Whether and when it is started again after an exit.
    pub restart: Option<RestartPlan>,
    /// Beyond so many MiB its process is killed: its own hard limit, else the task's.
    pub memory_limit: Option<u32>,
    /// How many others, one after the other, must go before it; they stop in the opposite order.
    pub wave: u16,
    /// Its port mappings.
    pub ports: Vec<PortPlan>,
    /// Whole GPUs of its own.
    pub gpus: u32,
    /// CPU units as ECS shows them.
    pub cpu: Amount,
    /// Hard limit in MiB as ECS shows it.
    pub memory: Option<Amount>,
    /// Soft limit in MiB as ECS shows it.
    pub memory_reservation: Option<Amount>,
}

/// A health check as an agent runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HealthPlan {
    /// Between the end of a probe, or the start of the container, and the next probe.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
    /// Failures in a row that make it unhealthy.
    pub retries: u32,
    /// After the start, so long, failures do not count.
    pub start_period: Duration,
}

/// A restart policy as an agent follows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestartPlan {
    /// Exit codes after which the container is not started again.
    pub ignored_exit_codes: Vec<i32>,
    /// How long it must have run to be started again.
    pub attempt_period: Duration,
}

impl ContainerPlan {
    /// Whether its agent must remember more of it than most: when it was pulled and started, and its health.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        !self.waits_for.is_empty() || self.health.is_some() || self.restart.is_some()
    }

    /// Whether, alone in its task, it does nothing but be pulled, start, run and stop.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        let is_created_at_once =
            matches!(self.workload.create, Latency::Fixed(time) if time.is_zero());
        !self.is_followed()
            && is_created_at_once
            && self.workload.memory.is_empty()
            && self.ports.is_empty()
    }
}

#[cfg(test)]
impl ContainerPlan {
    /// A container of 256 CPU units without ports, for unit tests.
    pub(crate) fn example() -> Self {
        Self {
            name: "app".into(),
            image: "web:1".into(),
            essential: true,
            stop_timeout: Duration::from_secs(30),
            workload: Workload::ideal(),
            waits_for: Vec::new(),
            start_timeout: None,
            health: None,
            restart: None,
            memory_limit: None,
            wave: 0,
            ports: Vec::new(),
            gpus: 0,
            cpu: 256.into(),
            memory: None,
            memory_reservation: None,
        }
    }
}

/// One port mapping of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PortPlan {
    /// The port inside; of a range the first.
    pub container_port: u16,
    /// How many ports one after the other: more than one in a range.
    pub count: u16,
    /// tcp or udp.
    pub protocol: TransportProtocol,
    /// The port outside; `None` lets the agent choose one when the container starts.
    pub host_port: Option<u16>,
}

/// What all tasks of one request share: where they belong, what they ask for, what they run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaunchSpec {
    /// The cluster they run in.
    pub cluster: ClusterId,
    /// What they were made from.
    pub definition: TaskDefinitionId,
    /// The family of that.
    pub family: Arc<str>,
    /// Their task group.
    pub group: GroupId,
    /// Its name.
    pub group_name: Arc<str>,
    /// What each of them takes from a container instance, overrides merged.
    pub demand: Demand,
    /// On which kind of container instance they may be.
    pub kind: InstanceKind,
    /// The availability zones of their subnets, with network mode `awsvpc`; empty when they may be in any.
    pub zones: Arc<[Arc<str>]>,
    /// Whether each of them must be on an instance of its own within the group.
    pub distinct_instance: bool,
    /// Their containers in the order of the task definition; never empty.
    pub containers: Arc<[ContainerPlan]>,
    /// Whether they are one container that is [simple](ContainerPlan::is_simple).
    pub is_simple: bool,
    /// The hard limit in MiB of each task, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_memory: Option<u32>,
    /// The same, where its containers share it and somebody says what they use.
    #[serde(skip)]
    pub shared_memory: Option<u32>,
    /// `cluster` as an ARN.
    pub cluster_arn: Arc<str>,
    /// `definition` as an ARN.
    pub definition_arn: Arc<str>,
    /// The rule by which they are named.
    #[serde(skip)]
    pub task_naming: Arc<TaskNaming>,
    /// Reserved CPU units as ECS shows them.
    pub cpu: Amount,
    /// Reserved MiB as ECS shows them.
    pub memory: Amount,
    /// As the caller sent it, to be shown again.
    pub echo: LaunchEcho,
    /// Whether `echo` is [bare](LaunchEcho::is_bare).
    #[serde(skip)]
    pub is_bare: bool,
}

impl LaunchSpec {
    /// What the containers of a task with a hard limit share of it, if somebody says what memory they use.
    #[must_use]
    pub fn shared(task_memory: Option<u32>, containers: &[ContainerPlan]) -> Option<u32> {
        let uses = |plan: &ContainerPlan| !plan.workload.memory.is_empty();
        task_memory.filter(|_| containers.len() > 1 && containers.iter().any(uses))
    }
}

/// What a task on Fargate runs on, as ECS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FargatePlatform {
    /// The operating system.
    pub family: String,
    /// The processor.
    pub processor: &'static str,
    /// Scratch space in GiB.
    pub storage_gib: i32,
}

/// What a caller sent with a launch and sees again on its tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LaunchEcho {
    /// Who says it started them.
    pub started_by: Option<Arc<str>>,
    /// EC2 unless the caller said otherwise.
    pub launch_type: Option<LaunchType>,
    /// The caller's changes to the definition.
    pub overrides: Arc<TaskOverride>,
    /// The caller's tags.
    pub tags: Vec<Tag>,
    /// Whether ECS Exec was asked for.
    pub enable_execute_command: bool,
    /// Whether ECS's own tags were asked for.
    pub enable_ecs_managed_tags: bool,
    /// The caller's label.
    pub reference_id: Option<String>,
    /// Fargate's platform version; `LATEST` is resolved.
    pub platform_version: Option<String>,
    /// What its tasks run on, on Fargate.
    pub fargate: Option<FargatePlatform>,
    /// Kept until capacity providers are acted on.
    pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
    /// Kept until awsvpc is acted on.
    pub network_configuration: Option<NetworkConfiguration>,
    /// Kept; volumes have no bearing on placement.
    pub volume_configurations: Vec<TaskVolumeConfiguration>,
}

impl LaunchEcho {
    /// Whether the caller sent nothing of this but perhaps a launch type.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.started_by.is_none()
            && self.overrides.is_empty()
            && self.tags.is_empty()
            && !self.enable_execute_command
            && !self.enable_ecs_managed_tags
            && self.reference_id.is_none()
            && self.platform_version.is_none()
            && self.fargate.is_none()
            && self.capacity_provider_strategy.is_empty()
            && self.network_configuration.is_none()
            && self.volume_configurations.is_empty()
    }
}

/// A launch and how many of its tasks are still known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Launch {
    /// What its tasks share.
    pub spec: Arc<LaunchSpec>,
    /// Tasks live or retained; the launch goes with the last of them.
    pub tasks: u32,
    /// Where List finds its tasks.
    #[serde(skip)]
    pub(crate) keys: ListKeys,
}

/// The launch that a plain request (nothing but a definition and a count) of a cluster uses again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PlainLaunch {
    /// Where.
    pub cluster: ClusterId,
    /// Which.
    pub launch: LaunchId,
}
