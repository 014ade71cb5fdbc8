//! Task definitions: the plan that tasks are made from.

use std::sync::Arc;

use super::common::KeyValuePair;
use super::container::ContainerDefinition;
use super::container_instance::Attribute;
use super::container_parts::InferenceAccelerator;
use super::network::NetworkMode;
use super::placement::PlacementConstraint;
use super::shape::{shape, words};
use super::timestamp::Timestamp;
use super::volume::Volume;

shape! {
    /// A plan that tasks are made from: its containers and what they need together.
    ///
    /// It is known by its family and a revision that is never given out twice.
    pub struct TaskDefinition {
        /// Its ARN.
        pub task_definition_arn: Arc<str>,
        /// The name its revisions share.
        pub family: Arc<str>,
        /// The role of its containers.
        pub task_role_arn: Option<String>,
        /// The role of the agent.
        pub execution_role_arn: Option<String>,
        /// How its containers are connected.
        pub network_mode: Option<NetworkMode>,
        /// The operating system and processor it needs.
        pub runtime_platform: Option<RuntimePlatform>,
        /// The launch types it was checked for.
        pub requires_compatibilities: Vec<Compatibility>,
        /// CPU units (1/1024 vCPU) of the whole task, as a decimal number.
        pub cpu: Option<Arc<str>>,
        /// Memory of the whole task in MiB, as a decimal number.
        pub memory: Option<Arc<str>>,
        /// Accelerators of a retired kind.
        pub inference_accelerators: Vec<InferenceAccelerator>,
        /// Whose processes its containers see.
        pub pid_mode: Option<PidMode>,
        /// Whose shared memory its containers see.
        pub ipc_mode: Option<IpcMode>,
        /// The container that all traffic goes through.
        pub proxy_configuration: Option<ProxyConfiguration>,
        /// When it was registered.
        pub registered_at: Option<Timestamp>,
        /// When it became `INACTIVE`.
        pub deregistered_at: Option<Timestamp>,
        /// When its deletion was asked for.
        pub delete_requested_at: Option<Timestamp>,
        /// Who registered it.
        pub registered_by: Option<String>,
        /// The size of its scratch space.
        pub ephemeral_storage: Option<EphemeralStorage>,
        /// Whether faults may be injected into its tasks from within.
        pub enable_fault_injection: Option<bool>,
        /// How its tasks are isolated.
        pub trusted_execution_configuration: Option<TrustedExecutionConfiguration>,
        shown {
            /// Its containers, 1 to 10.
            pub container_definitions: Vec<ContainerDefinition>,
            /// Its number within the family, from 1.
            pub revision: u32,
            /// The storage its containers can mount.
            pub volumes: Vec<Volume>,
            /// Whether tasks can be made from it.
            pub status: TaskDefinitionStatus,
            /// Attributes a container instance must have, derived from what the containers use.
            pub requires_attributes: Vec<Attribute>,
            /// Constraints that hold for every task made from it.
            pub placement_constraints: Vec<PlacementConstraint>,
            /// Every launch type it is valid for.
            pub compatibilities: Vec<Compatibility>,
        }
    }

    /// The operating system and processor a task needs.
    pub struct RuntimePlatform {
        /// The processor.
        pub cpu_architecture: Option<CpuArchitecture>,
        /// The operating system.
        pub operating_system_family: Option<OsFamily>,
    }

    /// The size of a task's scratch space.
    pub struct EphemeralStorage {
        shown {
            /// Its size in GiB.
            #[serde(rename = "sizeInGiB")]
            pub size_in_gib: i32,
        }
    }

    /// The container that all traffic of a task goes through.
    pub struct ProxyConfiguration {
        /// What it is.
        pub r#type: Option<ProxyConfigurationType>,
        /// The container.
        pub container_name: String,
        /// Its parameters.
        pub properties: Vec<KeyValuePair>,
    }

    /// How a task is isolated from its host.
    pub struct TrustedExecutionConfiguration {
        /// The degree.
        pub isolation_mode: Option<IsolationMode>,
        /// The policy by which it proves itself.
        pub attestation_policy: Option<String>,
    }
}

impl TaskDefinition {
    /// `family:revision`, its short name.
    pub fn family_and_revision(&self) -> String {
        format!("{}:{}", self.family, self.revision)
    }

    /// Its container of that name.
    pub fn container(&self, name: &str) -> Option<&ContainerDefinition> {
        self.container_definitions
            .iter()
            .find(|container| container.name == name)
    }

    /// How its containers are connected, `bridge` if it doesn't say.
    pub fn network_mode_or_bridge(&self) -> NetworkMode {
        self.network_mode.unwrap_or(NetworkMode::Bridge)
    }
}

words! {
    /// Whether tasks can be made from a task definition.
    #[derive(Default)]
    pub enum TaskDefinitionStatus {
        /// They can.
        #[default]
        Active = "ACTIVE",
        /// By services that already use it, and for a while by anybody: see [`Latencies::deregistration_window`].
        ///
        /// [`Latencies::deregistration_window`]: crate::model::Latencies::deregistration_window
        Inactive = "INACTIVE",
        /// Only by services that already use it, and it goes away once nothing uses it.
        DeleteInProgress = "DELETE_IN_PROGRESS",
    }

    /// Which families are listed.
    #[derive(Default)]
    pub enum TaskDefinitionFamilyStatus {
        /// Those with an ACTIVE revision.
        Active = "ACTIVE",
        /// Those with revisions, none of them ACTIVE.
        Inactive = "INACTIVE",
        /// Both.
        #[default]
        All = "ALL",
    }

    /// A launch type a task definition is valid for.
    pub enum Compatibility {
        /// Container instances of EC2.
        Ec2 = "EC2",
        /// Fargate.
        Fargate = "FARGATE",
        /// Machines elsewhere.
        External = "EXTERNAL",
        /// Instances that ECS manages.
        ManagedInstances = "MANAGED_INSTANCES",
    }

    /// Whose processes the containers of a task see.
    pub enum PidMode {
        /// The host's.
        Host = "host",
        /// The task's.
        Task = "task",
    }

    /// Whose shared memory the containers of a task see.
    pub enum IpcMode {
        /// The host's.
        Host = "host",
        /// The task's.
        Task = "task",
        /// Their own.
        None = "none",
    }

    /// A processor architecture.
    pub enum CpuArchitecture {
        /// 64-bit x86.
        X86_64 = "X86_64",
        /// 64-bit Arm.
        Arm64 = "ARM64",
    }

    /// An operating system.
    pub enum OsFamily {
        /// Windows Server 2019, Full.
        WindowsServer2019Full = "WINDOWS_SERVER_2019_FULL",
        /// Windows Server 2019, Core.
        WindowsServer2019Core = "WINDOWS_SERVER_2019_CORE",
        /// Windows Server 2016, Full.
        WindowsServer2016Full = "WINDOWS_SERVER_2016_FULL",
        /// Windows Server 2004, Core.
        WindowsServer2004Core = "WINDOWS_SERVER_2004_CORE",
        /// Windows Server 2022, Core.
        WindowsServer2022Core = "WINDOWS_SERVER_2022_CORE",
        /// Windows Server 2022, Full.
        WindowsServer2022Full = "WINDOWS_SERVER_2022_FULL",
        /// Windows Server 2025, Core.
        WindowsServer2025Core = "WINDOWS_SERVER_2025_CORE",
        /// Windows Server 2025, Full.
        WindowsServer2025Full = "WINDOWS_SERVER_2025_FULL",
        /// Windows Server 20H2, Core.
        WindowsServer20H2Core = "WINDOWS_SERVER_20H2_CORE",
        /// Linux.
        Linux = "LINUX",
    }

    /// A kind of proxy.
    pub enum ProxyConfigurationType {
        /// App Mesh.
        Appmesh = "APPMESH",
    }

    /// How strongly a task is isolated from its host.
    pub enum IsolationMode {
        /// It shares the kernel.
        Shared = "SHARED",
        /// It has a sandbox.
        IsolatedSandbox = "ISOLATED_SANDBOX",
        /// It has a sandbox with encrypted memory.
        ConfidentialSandbox = "CONFIDENTIAL_SANDBOX",
    }

    /// Where further labels of a task come from.
    pub enum PropagateTags {
        /// Its task definition.
        TaskDefinition = "TASK_DEFINITION",
        /// Its service.
        Service = "SERVICE",
        /// Nowhere.
        None = "NONE",
    }

    /// What a describe call may add to a task definition.
    pub enum TaskDefinitionField {
        /// Its labels.
        Tags = "TAGS",
    }
}
