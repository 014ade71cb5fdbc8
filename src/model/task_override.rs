//! Overrides: what a request changes about the task definition, for the tasks it starts.

use super::common::KeyValuePair;
use super::container_parts::{EnvironmentFile, ResourceRequirement};
use super::shape::shape;
use super::task_definition::EphemeralStorage;

shape! {
    /// What a request changes about the task definition.
    ///
    /// Sizes it changes are changed before anything is placed.
    pub struct TaskOverride {
        /// Changes to containers.
        pub container_overrides: Vec<ContainerOverride>,
        /// CPU units of the whole task.
        pub cpu: Option<String>,
        /// Changes to accelerators of a retired kind.
        pub inference_accelerator_overrides: Vec<InferenceAcceleratorOverride>,
        /// The role of the agent.
        pub execution_role_arn: Option<String>,
        /// Memory of the whole task.
        pub memory: Option<String>,
        /// The role of the containers.
        pub task_role_arn: Option<String>,
        /// The size of its scratch space.
        pub ephemeral_storage: Option<EphemeralStorage>,
    }

    /// What a request changes about one container.
    pub struct ContainerOverride {
        /// The container.
        pub name: Option<String>,
        /// Replaces its command.
        pub command: Vec<String>,
        /// Environment variables added or replaced, by name.
        pub environment: Vec<KeyValuePair>,
        /// Files with environment variables.
        pub environment_files: Vec<EnvironmentFile>,
        /// CPU units (1/1024 vCPU).
        pub cpu: Option<i32>,
        /// The most memory it may use, in MiB.
        pub memory: Option<i32>,
        /// The memory reserved for it, in MiB.
        pub memory_reservation: Option<i32>,
        /// GPUs and accelerators it needs.
        pub resource_requirements: Vec<ResourceRequirement>,
    }

    /// What a request changes about an accelerator of a retired kind.
    pub struct InferenceAcceleratorOverride {
        /// The name containers ask for it by.
        pub device_name: Option<String>,
        /// What it is.
        pub device_type: Option<String>,
    }
}

impl TaskOverride {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self {
            container_overrides,
            cpu,
            inference_accelerator_overrides,
            execution_role_arn,
            memory,
            task_role_arn,
            ephemeral_storage,
        } = self;
        container_overrides.is_empty()
            && cpu.is_none()
            && inference_accelerator_overrides.is_empty()
            && execution_role_arn.is_none()
            && memory.is_none()
            && task_role_arn.is_none()
            && ephemeral_storage.is_none()
    }
}

impl ContainerOverride {
    /// A change to the container of that name, which changes nothing yet.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// Replaces its CPU units.
    #[must_use]
    pub fn cpu(mut self, units: i32) -> Self {
        self.cpu = Some(units);
        self
    }

    /// Replaces the most memory it may use, in MiB.
    #[must_use]
    pub fn memory(mut self, mib: i32) -> Self {
        self.memory = Some(mib);
        self
    }

    /// Replaces the memory reserved for it, in MiB.
    #[must_use]
    pub fn memory_reservation(mut self, mib: i32) -> Self {
        self.memory_reservation = Some(mib);
        self
    }

    /// Adds or replaces an environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.push(KeyValuePair::new(name, value));
        self
    }

    /// Replaces its command.
    #[must_use]
    pub fn command<S: Into<String>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        self.command = command.into_iter().map(Into::into).collect();
        self
    }
}
