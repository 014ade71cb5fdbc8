//! Requests about task definitions.

use crate::model::common::Tag;
use crate::model::container::ContainerDefinition;
use crate::model::container_parts::InferenceAccelerator;
use crate::model::network::NetworkMode;
use crate::model::placement::PlacementConstraint;
use crate::model::shape::shape;
use crate::model::task_definition::{
    Compatibility, EphemeralStorage, IpcMode, PidMode, ProxyConfiguration, RuntimePlatform,
    TaskDefinition, TaskDefinitionField, TrustedExecutionConfiguration,
};
use crate::model::volume::Volume;

shape! {
    /// Asks for a new revision of a task definition.
    ///
    /// ```
    /// # use wavetank::model::{ContainerDefinition, RegisterTaskDefinition};
    /// let web = RegisterTaskDefinition::new("web")
    ///     .container(ContainerDefinition::new("nginx", "nginx:1.27").cpu(256).memory(512));
    /// assert_eq!(web.container_definitions.len(), 1);
    /// ```
    pub struct RegisterTaskDefinition {
        /// The name its revisions share.
        pub family: String,
        /// The role of its containers.
        pub task_role_arn: Option<String>,
        /// The role of the agent.
        pub execution_role_arn: Option<String>,
        /// How its containers are connected; absent means `bridge`.
        pub network_mode: Option<NetworkMode>,
        /// Its containers, 1 to 10.
        pub container_definitions: Vec<ContainerDefinition>,
        /// The storage its containers can mount.
        pub volumes: Vec<Volume>,
        /// Constraints that hold for every task made from it; only `memberOf`.
        pub placement_constraints: Vec<PlacementConstraint>,
        /// The launch types it must be valid for.
        pub requires_compatibilities: Vec<Compatibility>,
        /// CPU of the whole task: units such as `1024`, or `1 vCPU`.
        pub cpu: Option<String>,
        /// Memory of the whole task: MiB such as `2048`, or `2 GB`.
        pub memory: Option<String>,
        /// Its labels.
        pub tags: Vec<Tag>,
        /// Whose processes its containers see.
        pub pid_mode: Option<PidMode>,
        /// Whose shared memory its containers see.
        pub ipc_mode: Option<IpcMode>,
        /// The container that all traffic goes through.
        pub proxy_configuration: Option<ProxyConfiguration>,
        /// Accelerators of a retired kind.
        pub inference_accelerators: Vec<InferenceAccelerator>,
        /// The size of its scratch space.
        pub ephemeral_storage: Option<EphemeralStorage>,
        /// The operating system and processor it needs.
        pub runtime_platform: Option<RuntimePlatform>,
        /// Whether faults may be injected into its tasks from within.
        pub enable_fault_injection: Option<bool>,
        /// How its tasks are isolated.
        pub trusted_execution_configuration: Option<TrustedExecutionConfiguration>,
    }

    /// The revision that was registered.
    pub struct RegisterTaskDefinitionOutput {
        /// Its labels.
        pub tags: Vec<Tag>,
        shown {
            /// The task definition.
            pub task_definition: TaskDefinition,
        }
    }

    /// Asks what a task definition is like.
    pub struct DescribeTaskDefinition {
        /// A family for its latest active revision, `family:revision`, or an ARN.
        pub task_definition: String,
        /// What to add.
        pub include: Vec<TaskDefinitionField>,
    }

    /// What a task definition is like.
    pub struct DescribeTaskDefinitionOutput {
        /// Its labels, if they were asked for.
        pub tags: Vec<Tag>,
        shown {
            /// The task definition.
            pub task_definition: TaskDefinition,
        }
    }
}

impl RegisterTaskDefinition {
    /// A revision of that family, without containers yet.
    pub fn new(family: impl Into<String>) -> Self {
        Self {
            family: family.into(),
            ..Self::default()
        }
    }

    /// Adds a container.
    #[must_use]
    pub fn container(mut self, container: ContainerDefinition) -> Self {
        self.container_definitions.push(container);
        self
    }

    /// Sets how its containers are connected.
    #[must_use]
    pub fn network_mode(mut self, mode: NetworkMode) -> Self {
        self.network_mode = Some(mode);
        self
    }

    /// Sets the CPU of the whole task: `1024` or `1 vCPU`.
    #[must_use]
    pub fn cpu(mut self, cpu: impl Into<String>) -> Self {
        self.cpu = Some(cpu.into());
        self
    }

    /// Sets the memory of the whole task: `2048` or `2 GB`.
    #[must_use]
    pub fn memory(mut self, memory: impl Into<String>) -> Self {
        self.memory = Some(memory.into());
        self
    }

    /// Adds a constraint that holds for every task made from it.
    #[must_use]
    pub fn constraint(mut self, constraint: PlacementConstraint) -> Self {
        self.placement_constraints.push(constraint);
        self
    }

    /// Adds storage its containers can mount.
    #[must_use]
    pub fn volume(mut self, volume: Volume) -> Self {
        self.volumes.push(volume);
        self
    }

    /// Adds a launch type it must be valid for.
    #[must_use]
    pub fn requires(mut self, compatibility: Compatibility) -> Self {
        self.requires_compatibilities.push(compatibility);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }
}

impl DescribeTaskDefinition {
    /// The task definition of that family, `family:revision` or ARN.
    pub fn new(task_definition: impl Into<String>) -> Self {
        Self {
            task_definition: task_definition.into(),
            include: Vec::new(),
        }
    }

    /// Adds something to it.
    #[must_use]
    pub fn include(mut self, field: TaskDefinitionField) -> Self {
        self.include.push(field);
        self
    }
}
