//! Container instances: the machines tasks run on, what they offer and what is left of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::common::{Attachment, Tag};
use super::shape::{shape, words};
use super::timestamp::Timestamp;

shape! {
    /// A machine registered in a cluster, which tasks can be placed on.
    pub struct ContainerInstance {
        /// Its ARN.
        pub container_instance_arn: Arc<str>,
        /// The machine's id in EC2.
        pub ec2_instance_id: Option<Arc<str>>,
        /// The capacity provider it came from.
        pub capacity_provider_name: Option<Arc<str>>,
        /// Why it has its status, if registration failed.
        pub status_reason: Option<String>,
        /// How far an update of its agent got.
        pub agent_update_status: Option<AgentUpdateStatus>,
        /// When it was registered.
        pub registered_at: Option<Timestamp>,
        /// What its health checks say, if a describe call includes `CONTAINER_INSTANCE_HEALTH`.
        pub health_status: Option<ContainerInstanceHealthStatus>,
        /// Its GPUs and what is left of them.
        pub gpu_devices: Option<Vec<GpuDevice>>,
        shown {
            /// How often it changed in a way that ECS announces; starts at 1.
            pub version: u64,
            /// What its agent runs.
            pub version_info: VersionInfo,
            /// What new tasks can still have; for port sets, the ports that are *taken*.
            pub remaining_resources: Vec<Resource>,
            /// What it had when nothing ran on it; for port sets, the ports it keeps for itself.
            pub registered_resources: Vec<Resource>,
            /// Whether tasks are placed on it.
            pub status: ContainerInstanceStatus,
            /// Whether its agent can be reached; tasks are placed only on connected ones.
            pub agent_connected: bool,
            /// Tasks on it whose *desired* status is `RUNNING`.
            pub running_tasks_count: u32,
            /// Tasks on it whose last status is `PENDING`; they count as running too.
            pub pending_tasks_count: u32,
            /// What constraints can ask about it.
            pub attributes: Vec<Attribute>,
            /// Network interfaces fastened to it.
            pub attachments: Vec<Attachment>,
            /// Its labels, filled when a describe call includes `TAGS`.
            pub tags: Vec<Tag>,
        }
    }

    /// An amount of something a container instance offers.
    pub struct Resource {
        /// What it is: `CPU` (units of 1/1024 vCPU), `MEMORY` (MiB), `PORTS`, `PORTS_UDP` or `GPU`.
        pub name: String,
        /// Which of the values counts: `INTEGER`, `DOUBLE`, `LONG` or `STRINGSET`.
        pub r#type: Option<String>,
        /// The amount, for type `DOUBLE`.
        pub double_value: Option<Double>,
        /// The amount, for type `LONG`.
        pub long_value: Option<i64>,
        /// The amount, for type `INTEGER`.
        pub integer_value: Option<i32>,
        /// The members, for type `STRINGSET`.
        pub string_set_value: Option<Vec<String>>,
    }

    /// A name, perhaps with a value, that a container instance carries or a task definition asks for.
    pub struct Attribute {
        /// Its name, up to 128 characters.
        pub name: Arc<str>,
        /// Its value, up to 128 characters.
        pub value: Option<Arc<str>>,
        /// What carries it.
        pub target_type: Option<TargetType>,
        /// The ARN or id of what carries it.
        pub target_id: Option<String>,
    }

    /// The versions of the agent and of the container runtime.
    pub struct VersionInfo {
        /// The agent's version.
        pub agent_version: Option<Arc<str>>,
        /// The commit the agent was built from.
        pub agent_hash: Option<Arc<str>>,
        /// The runtime's version.
        pub docker_version: Option<Arc<str>>,
    }

    /// A device that is handed out whole.
    pub struct PlatformDevice {
        /// Its identifier.
        pub id: String,
        /// What it is.
        pub r#type: Option<PlatformDeviceType>,
    }

    /// What the health checks of a container instance say.
    pub struct ContainerInstanceHealthStatus {
        /// All checks together.
        pub overall_status: Option<InstanceHealthCheckState>,
        /// Each check.
        pub details: Vec<InstanceHealthCheckResult>,
    }

    /// What one health check of a container instance says.
    pub struct InstanceHealthCheckResult {
        /// What was checked.
        pub r#type: Option<InstanceHealthCheckType>,
        /// What was found.
        pub status: Option<InstanceHealthCheckState>,
        /// Why.
        pub status_reason: Option<String>,
        /// When it was last checked.
        pub last_updated: Option<Timestamp>,
        /// When the finding last changed.
        pub last_status_change: Option<Timestamp>,
    }

    /// A GPU of a container instance and what is left of it.
    pub struct GpuDevice {
        /// Its identifier.
        pub gpu_id: Option<String>,
        /// How containers share it.
        pub sharing_mode: Option<GpuSharingMode>,
        /// Its memory in MiB.
        #[serde(rename = "totalMemoryInMiB")]
        pub total_memory_in_mib: Option<i32>,
        /// Its memory that no container has asked for, in MiB.
        #[serde(rename = "remainingMemoryInMiB")]
        pub remaining_memory_in_mib: Option<i32>,
        /// How many containers use it.
        pub container_count: Option<i32>,
    }
}

impl Resource {
    /// A countable resource, with the zeros that ECS shows beside the amount.
    ///
    /// ```
    /// # use wavetank::model::Resource;
    /// let cpu = Resource::integer("CPU", 2048);
    /// assert_eq!(cpu.integer_value, Some(2048));
    /// ```
    pub fn integer(name: impl Into<String>, amount: i32) -> Self {
        Self {
            r#type: Some("INTEGER".to_owned()),
            integer_value: Some(amount),
            ..Self::zero(name.into())
        }
    }

    /// A resource that is a set of names, with the zeros that ECS shows beside it.
    pub fn string_set<S: Into<String>>(
        name: impl Into<String>,
        members: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            r#type: Some("STRINGSET".to_owned()),
            string_set_value: Some(members.into_iter().map(Into::into).collect()),
            ..Self::zero(name.into())
        }
    }

    fn zero(name: String) -> Self {
        Self {
            name,
            r#type: None,
            double_value: Some(Double::default()),
            long_value: Some(0),
            integer_value: Some(0),
            string_set_value: None,
        }
    }
}

/// A floating-point amount that is kept and shown, and never computed with.
///
/// Two are equal when their bits are, so that what holds one can be compared exactly.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Double(u64);

impl Double {
    /// The amount as a number.
    pub const fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl From<f64> for Double {
    fn from(amount: f64) -> Self {
        Self(amount.to_bits())
    }
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from)
    }
}

impl Attribute {
    /// An attribute that is only a name, as capabilities are.
    pub fn named(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// An attribute with a value.
    pub fn new(name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::named(name)
        }
    }

    /// Says which container instance carries it, by id or ARN.
    #[must_use]
    pub fn on(mut self, container_instance: impl Into<String>) -> Self {
        self.target_type = Some(TargetType::ContainerInstance);
        self.target_id = Some(container_instance.into());
        self
    }

    /// Whether it is one that ECS and its agent tell of a container instance, rather than a custom one.
    ///
    /// ```
    /// # use wavetank::model::Attribute;
    /// assert!(Attribute::named("com.amazonaws.ecs.capability.ecr-auth").is_built_in());
    /// assert!(!Attribute::new("stack", "production").is_built_in());
    /// ```
    ///
    /// # Model
    ///
    /// These are the names that begin with `ecs.` and `com.amazonaws.ecs.`: all that the developer guide and the agent's
    /// source give an instance do. The API reference states no rule.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("ecs.") || self.name.starts_with("com.amazonaws.ecs.")
    }
}

impl PlatformDevice {
    /// A GPU.
    pub fn gpu(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            r#type: Some(PlatformDeviceType::Gpu),
        }
    }
}

words! {
    /// Whether tasks are placed on a container instance.
    #[derive(Default)]
    pub enum ContainerInstanceStatus {
        /// They are, as long as its agent is connected.
        #[default]
        Active = "ACTIVE",
        /// No new ones; those of services move elsewhere.
        Draining = "DRAINING",
        /// Not yet: its trunk network interface is being attached.
        Registering = "REGISTERING",
        /// No more: its trunk network interface is being removed.
        Deregistering = "DEREGISTERING",
        /// Never: its trunk network interface could not be attached.
        RegistrationFailed = "REGISTRATION_FAILED",
        /// No more: it was deregistered.
        Inactive = "INACTIVE",
    }

    /// How far an update of the agent got.
    pub enum AgentUpdateStatus {
        /// Asked for.
        Pending = "PENDING",
        /// Being downloaded.
        Staging = "STAGING",
        /// Downloaded.
        Staged = "STAGED",
        /// Being installed.
        Updating = "UPDATING",
        /// Done.
        Updated = "UPDATED",
        /// It failed.
        Failed = "FAILED",
    }

    /// What carries an attribute.
    pub enum TargetType {
        /// A container instance.
        ContainerInstance = "container-instance",
    }

    /// The kind of a device that is handed out whole.
    pub enum PlatformDeviceType {
        /// A graphics processor.
        Gpu = "GPU",
        /// A machine-learning accelerator of the Neuron family.
        NeuronDevice = "NEURON_DEVICE",
    }

    /// What a health check of a container instance found.
    pub enum InstanceHealthCheckState {
        /// Nothing wrong.
        Ok = "OK",
        /// Something wrong.
        Impaired = "IMPAIRED",
        /// Too little to say.
        InsufficientData = "INSUFFICIENT_DATA",
        /// The check hasn't run yet.
        Initializing = "INITIALIZING",
    }

    /// What a health check of a container instance looks at.
    pub enum InstanceHealthCheckType {
        /// The container runtime.
        ContainerRuntime = "CONTAINER_RUNTIME",
        /// GPUs and other accelerators.
        AcceleratedCompute = "ACCELERATED_COMPUTE",
        /// The daemons that run on every instance.
        Daemon = "DAEMON",
        /// The agent's connection.
        AgentConnectivity = "AGENT_CONNECTIVITY",
    }

    /// How containers share a GPU.
    pub enum GpuSharingMode {
        /// No container uses it.
        Idle = "IDLE",
        /// Several containers share it.
        NvidiaMps = "NVIDIA_MPS",
        /// One container has it alone.
        Dedicated = "DEDICATED",
    }

    /// What a describe call may add to a container instance.
    pub enum ContainerInstanceField {
        /// Its labels.
        Tags = "TAGS",
        /// What its health checks say.
        ContainerInstanceHealth = "CONTAINER_INSTANCE_HEALTH",
    }
}
