//! Requests about task definitions.

use std::sync::Arc;

use crate::model::common::{SortOrder, Tag};
use crate::model::container::ContainerDefinition;
use crate::model::container_parts::InferenceAccelerator;
use crate::model::error::Failure;
use crate::model::network::NetworkMode;
use crate::model::placement::PlacementConstraint;
use crate::model::shape::shape;
use crate::model::task_definition::{
    Compatibility, EphemeralStorage, IpcMode, PidMode, ProxyConfiguration, RuntimePlatform,
    TaskDefinition, TaskDefinitionFamilyStatus, TaskDefinitionField, TaskDefinitionStatus,
    TrustedExecutionConfiguration,
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
            pub task_definition: Arc<TaskDefinition>,
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
            pub task_definition: Arc<TaskDefinition>,
        }
    }

    /// Asks that no more tasks be made from a task definition.
    pub struct DeregisterTaskDefinition {
        /// `family:revision` or an ARN with a revision.
        pub task_definition: String,
    }

    /// The task definition, now `INACTIVE`.
    pub struct DeregisterTaskDefinitionOutput {
        shown {
            /// The task definition.
            pub task_definition: Arc<TaskDefinition>,
        }
    }

    /// Asks that `INACTIVE` task definitions go away as soon as nothing uses them.
    ///
    /// ```
    /// # use wavetank::model::DeleteTaskDefinitions;
    /// let request = DeleteTaskDefinitions::new(["web:1", "web:2"]);
    /// assert_eq!(request.task_definitions.len(), 2);
    /// ```
    pub struct DeleteTaskDefinitions {
        /// 1 to 10 of `family:revision` and ARNs with a revision.
        pub task_definitions: Vec<String>,
    }

    /// The task definitions that go away, and those that can't.
    pub struct DeleteTaskDefinitionsOutput {
        shown {
            /// Those that go away, in the order of the request.
            pub task_definitions: Vec<Arc<TaskDefinition>>,
            /// The others, likewise.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks which task definitions there are.
    pub struct ListTaskDefinitions {
        /// Those of this family alone: its whole name, despite the name of the member.
        pub family_prefix: Option<String>,
        /// Those with this status; absent means `ACTIVE`.
        pub status: Option<TaskDefinitionStatus>,
        /// By family and number of the revision; absent means `ASC`, which puts the newest last.
        pub sort: Option<SortOrder>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most on a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
    }

    /// Which task definitions there are.
    pub struct ListTaskDefinitionsOutput {
        /// Where this page ended, unless it is the last.
        pub next_token: Option<String>,
        shown {
            /// Their ARNs.
            pub task_definition_arns: Vec<String>,
        }
    }

    /// Asks which families of task definitions there are.
    pub struct ListTaskDefinitionFamilies {
        /// Those whose names begin so.
        pub family_prefix: Option<String>,
        /// Those with an `ACTIVE` revision, those without, or both; absent means both.
        pub status: Option<TaskDefinitionFamilyStatus>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most on a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
    }

    /// Which families of task definitions there are.
    pub struct ListTaskDefinitionFamiliesOutput {
        /// Where this page ended, unless it is the last.
        pub next_token: Option<String>,
        shown {
            /// Their names.
            pub families: Vec<String>,
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

impl DeregisterTaskDefinition {
    /// That `family:revision` or ARN.
    pub fn new(task_definition: impl Into<String>) -> Self {
        Self {
            task_definition: task_definition.into(),
        }
    }
}

impl DeleteTaskDefinitions {
    /// Those of these `family:revision`s or ARNs.
    pub fn new(task_definitions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            task_definitions: task_definitions.into_iter().map(Into::into).collect(),
        }
    }
}

impl ListTaskDefinitions {
    /// All that are ACTIVE.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those of one family, by its whole name.
    #[must_use]
    pub fn family(mut self, family: impl Into<String>) -> Self {
        self.family_prefix = Some(family.into());
        self
    }

    /// Only those with a status.
    #[must_use]
    pub fn status(mut self, status: TaskDefinitionStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Which end comes first.
    #[must_use]
    pub fn sort(mut self, order: SortOrder) -> Self {
        self.sort = Some(order);
        self
    }

    /// Where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// The most on a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}

impl ListTaskDefinitionFamilies {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those whose names begin so.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.family_prefix = Some(prefix.into());
        self
    }

    /// Only those with, or without, an ACTIVE revision.
    #[must_use]
    pub fn status(mut self, status: TaskDefinitionFamilyStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// The most on a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}
