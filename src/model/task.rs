//! Tasks: running copies of a task definition, and their containers.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::arn::Arn;

use super::amount::Amount;
use super::common::{Attachment, Tag};
use super::container::TransportProtocol;
use super::container_instance::Attribute;
use super::container_parts::{InferenceAccelerator, SharingStrategy};
use super::containers::Containers;
use super::shape::{shape, words};
use super::task_definition::{EphemeralStorage, IsolationMode};
use super::task_override::{ContainerOverride, InferenceAcceleratorOverride, TaskOverride};
use super::timestamp::Timestamp;

shape! {
    /// A running copy of a task definition.
    pub struct Task {
        /// Its ARN.
        pub task_arn: Arn,
        /// The ARN of its cluster.
        pub cluster_arn: Arc<str>,
        /// The ARN of its task definition.
        pub task_definition_arn: Arc<str>,
        /// The ARN of the container instance it was placed on.
        pub container_instance_arn: Option<Arc<str>>,
        /// The availability zone it is in.
        pub availability_zone: Option<Arc<str>>,
        /// The capacity provider it was given to.
        pub capacity_provider_name: Option<Arc<str>>,
        /// The launch type, if it wasn't given to a capacity provider.
        pub launch_type: Option<LaunchType>,
        /// The task group it counts in.
        pub group: Option<Arc<str>>,
        /// Who started it, in the caller's words; for a service, the deployment.
        pub started_by: Option<Arc<str>>,
        /// CPU units (1/1024 vCPU) of the whole task, as a decimal number.
        pub cpu: Option<Amount>,
        /// Memory of the whole task in MiB, as a decimal number.
        pub memory: Option<Amount>,
        /// Whether its network is up.
        pub connectivity: Option<Connectivity>,
        /// When its network came up.
        pub connectivity_at: Option<Timestamp>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// When the first pull of an image began.
        pub pull_started_at: Option<Timestamp>,
        /// When the last pull of an image ended.
        pub pull_stopped_at: Option<Timestamp>,
        /// When it became `RUNNING`.
        pub started_at: Option<Timestamp>,
        /// When its stop was decided.
        pub stopping_at: Option<Timestamp>,
        /// When its first essential container stopped.
        pub execution_stopped_at: Option<Timestamp>,
        /// When it became `STOPPED`.
        pub stopped_at: Option<Timestamp>,
        /// Who or what stopped it.
        pub stop_code: Option<StopCode>,
        /// Why it was stopped, in words.
        pub stopped_reason: Option<String>,
        /// What the health checks of its essential containers say together.
        pub health_status: Option<HealthStatus>,
        /// Accelerators of a retired kind.
        pub inference_accelerators: Vec<InferenceAccelerator>,
        /// The version of the Fargate platform.
        pub platform_version: Option<String>,
        /// The operating system, on Fargate.
        pub platform_family: Option<String>,
        /// The size of its scratch space.
        pub ephemeral_storage: Option<EphemeralStorage>,
        /// The size and key of its scratch space, on Fargate.
        pub fargate_ephemeral_storage: Option<TaskEphemeralStorage>,
        /// How it is isolated.
        pub trusted_execution_summary: Option<TrustedExecutionSummary>,
        shown {
            /// What was fastened to it, such as its network interface.
            pub attachments: Vec<Attachment>,
            /// Attributes of the task.
            pub attributes: Vec<Attribute>,
            /// Its containers.
            pub containers: Containers,
            /// Where the control plane wants it.
            pub desired_status: DesiredStatus,
            /// Whether commands can be run in its containers.
            pub enable_execute_command: bool,
            /// Where it is, as far as the control plane was told.
            pub last_status: LastStatus,
            /// What the request changed about the task definition.
            #[serde(serialize_with = "overrides_with_lists")]
            pub overrides: Arc<TaskOverride>,
            /// Its labels, filled when a describe call includes `TAGS`.
            pub tags: Vec<Tag>,
            /// How often it changed in a way that ECS announces; starts at 1.
            pub version: u64,
        }
    }

    /// One container of a task.
    pub struct Container {
        /// Its ARN.
        pub container_arn: Arn,
        /// The ARN of its task.
        pub task_arn: Arn,
        /// Its name in the task definition.
        pub name: Arc<str>,
        /// Its image.
        pub image: Arc<str>,
        /// The digest of its image, once the agent resolved it.
        pub image_digest: Option<Arc<str>>,
        /// Its id in the container runtime, once it exists there.
        pub runtime_id: Option<String>,
        /// What its process exited with; absent if it never ran.
        pub exit_code: Option<i32>,
        /// What went wrong, in words.
        pub reason: Option<String>,
        /// What its health check says.
        pub health_status: Option<HealthStatus>,
        /// What the agent runs beside it.
        pub managed_agents: Vec<ManagedAgent>,
        /// CPU units (1/1024 vCPU), as a decimal number.
        pub cpu: Option<Amount>,
        /// The most memory it may use, in MiB, as a decimal number.
        pub memory: Option<Amount>,
        /// The memory reserved for it, in MiB, as a decimal number.
        pub memory_reservation: Option<Amount>,
        /// Ids of the GPUs it was given.
        pub gpu_ids: Vec<String>,
        /// Ids of the Neuron devices it was given.
        pub neuron_device_ids: Vec<String>,
        /// How it shares a GPU.
        pub gpu_sharing_strategy: Option<SharingStrategy>,
        shown {
            /// Where it is, as far as the control plane was told.
            pub last_status: LastStatus,
            /// The host's ports that lead to it.
            pub network_bindings: Vec<NetworkBinding>,
            /// The network interfaces of its task.
            pub network_interfaces: Vec<NetworkInterface>,
        }
    }

    /// A port of the host that leads to a container.
    pub struct NetworkBinding {
        /// The address of the host it is bound to.
        #[serde(rename = "bindIP")]
        pub bind_ip: Option<Arc<str>>,
        /// The port in the container.
        pub container_port: Option<i32>,
        /// The port on the host.
        pub host_port: Option<i32>,
        /// The transport protocol.
        pub protocol: Option<TransportProtocol>,
        /// The ports in the container, `first-last`, in place of a single one.
        pub container_port_range: Option<String>,
        /// The ports on the host, `first-last`, in place of a single one.
        pub host_port_range: Option<String>,
    }

    /// A network interface of a task.
    pub struct NetworkInterface {
        /// The attachment it belongs to.
        pub attachment_id: Option<String>,
        /// Its private address.
        pub private_ipv4_address: Option<String>,
        /// Its IPv6 address.
        pub ipv6_address: Option<String>,
    }

    /// Something the agent runs beside a container.
    pub struct ManagedAgent {
        /// When it last started.
        pub last_started_at: Option<Timestamp>,
        /// What it is.
        pub name: Option<ManagedAgentName>,
        /// What went wrong with it.
        pub reason: Option<String>,
        /// Where it is.
        pub last_status: Option<LastStatus>,
    }

    /// The size and key of a task's scratch space on Fargate.
    pub struct TaskEphemeralStorage {
        /// The key it is encrypted with.
        pub kms_key_id: Option<String>,
        shown {
            /// Its size in GiB.
            #[serde(rename = "sizeInGiB")]
            pub size_in_gib: i32,
        }
    }

    /// How a task is isolated from its host.
    pub struct TrustedExecutionSummary {
        /// The degree.
        pub isolation_mode: Option<IsolationMode>,
        /// Whether a policy is in force by which it proves itself.
        pub attestation_policy_status: Option<AttestationPolicyStatus>,
    }
}

impl Task {
    /// Its container of that name.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers
            .iter()
            .find(|container| &*container.name == name)
    }
}

/// Writes tasks; of those that are no more than an ARN and two statuses, these alone, as ECS does.
pub(super) fn tasks_and_remains<S: Serializer>(
    tasks: &[Task],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Remains<'a> {
        task_arn: &'a str,
        desired_status: DesiredStatus,
        last_status: LastStatus,
    }
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Shown<'a> {
        Whole(&'a Task),
        Remains(Remains<'a>),
    }
    serializer.collect_seq(tasks.iter().map(|task| {
        if task.created_at.is_some() {
            return Shown::Whole(task);
        }
        Shown::Remains(Remains {
            task_arn: &task.task_arn,
            desired_status: task.desired_status,
            last_status: task.last_status,
        })
    }))
}

/// Writes the overrides of a task as ECS shows them: with two lists even when they are empty.
fn overrides_with_lists<S: Serializer>(
    overrides: &TaskOverride,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Shown<'a> {
        container_overrides: &'a [ContainerOverride],
        inference_accelerator_overrides: &'a [InferenceAcceleratorOverride],
        #[serde(flatten)]
        rest: TaskOverride,
    }
    let rest = TaskOverride {
        container_overrides: Vec::new(),
        inference_accelerator_overrides: Vec::new(),
        ..overrides.clone()
    };
    Shown {
        container_overrides: &overrides.container_overrides,
        inference_accelerator_overrides: &overrides.inference_accelerator_overrides,
        rest,
    }
    .serialize(serializer)
}

words! {
    /// Where a task is in its life, in the order it passes through.
    ///
    /// A task may skip a status and never goes back to an earlier one.
    ///
    /// ```
    /// # use wavetank::model::LastStatus;
    /// assert!(LastStatus::Pending < LastStatus::Running);
    /// assert_eq!(LastStatus::Running.to_string(), "RUNNING");
    /// ```
    #[derive(Default)]
    #[repr(u8)]
    pub enum LastStatus {
        /// It waits for a network interface or for a place.
        #[default]
        Provisioning = "PROVISIONING",
        /// It has a place; the agent queues it, pulls images and creates containers.
        Pending = "PENDING",
        /// Its containers run; it is being made known to load balancers.
        Activating = "ACTIVATING",
        /// It runs.
        Running = "RUNNING",
        /// It is being taken away from load balancers.
        Deactivating = "DEACTIVATING",
        /// Its containers are being stopped.
        Stopping = "STOPPING",
        /// Its network interface is being removed.
        Deprovisioning = "DEPROVISIONING",
        /// It ended.
        Stopped = "STOPPED",
        /// It ended so long ago that it is about to be forgotten.
        Deleted = "DELETED",
    }

    /// Where the control plane wants a task.
    #[derive(Default)]
    #[repr(u8)]
    pub enum DesiredStatus {
        /// Running.
        #[default]
        Running = "RUNNING",
        /// Accepted as a filter by list calls; no task ever has it.
        Pending = "PENDING",
        /// Stopped; no way back.
        Stopped = "STOPPED",
    }

    /// Who or what stopped a task.
    #[repr(u8)]
    pub enum StopCode {
        /// It never ran.
        TaskFailedToStart = "TaskFailedToStart",
        /// One of its essential containers exited.
        EssentialContainerExited = "EssentialContainerExited",
        /// A caller.
        UserInitiated = "UserInitiated",
        /// The scheduler of its service.
        ServiceSchedulerInitiated = "ServiceSchedulerInitiated",
        /// Its spot capacity was taken back.
        SpotInterruption = "SpotInterruption",
        /// Its host was retired or terminated.
        TerminationNotice = "TerminationNotice",
        /// Its host was found unhealthy.
        InfrastructureHealth = "InfrastructureHealth",
    }

    /// What health checks say.
    #[repr(u8)]
    pub enum HealthStatus {
        /// The last check passed.
        Healthy = "HEALTHY",
        /// Too many checks in a row failed.
        Unhealthy = "UNHEALTHY",
        /// There is no check, or none has finished.
        Unknown = "UNKNOWN",
    }

    /// Whether a task's network is up.
    #[repr(u8)]
    pub enum Connectivity {
        /// It is.
        Connected = "CONNECTED",
        /// It isn't.
        Disconnected = "DISCONNECTED",
    }

    /// The kind of capacity a task runs on.
    #[repr(u8)]
    pub enum LaunchType {
        /// Container instances of EC2.
        Ec2 = "EC2",
        /// Fargate.
        Fargate = "FARGATE",
        /// Machines elsewhere.
        External = "EXTERNAL",
        /// Instances that ECS manages.
        ManagedInstances = "MANAGED_INSTANCES",
    }

    /// Something the agent can run beside a container.
    pub enum ManagedAgentName {
        /// What commands are run through.
        ExecuteCommandAgent = "ExecuteCommandAgent",
    }

    /// Whether a policy is in force by which a task proves itself.
    pub enum AttestationPolicyStatus {
        /// One is.
        Configured = "CONFIGURED",
    }

    /// What a describe call may add to a task.
    pub enum TaskField {
        /// Its labels.
        Tags = "TAGS",
    }
}
