//! Requests about container instances.

use crate::model::common::Tag;
use crate::model::container_instance::{
    Attribute, ContainerInstance, ContainerInstanceField, ContainerInstanceStatus, PlatformDevice,
    Resource, VersionInfo,
};
use crate::model::error::Failure;
use crate::model::shape::shape;

shape! {
    /// What the agent of a machine sends to make it a container instance.
    ///
    /// ```
    /// # use wavetank::model::RegisterContainerInstance;
    /// let request = RegisterContainerInstance::new("default")
    ///     .cpu(2048)
    ///     .memory(3840)
    ///     .attribute("ecs.availability-zone", "us-east-1a");
    /// assert_eq!(request.total_resources.len(), 2);
    /// ```
    pub struct RegisterContainerInstance {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// What EC2 says about the machine; kept out of the record.
        pub instance_identity_document: Option<String>,
        /// EC2's signature of it.
        pub instance_identity_document_signature: Option<String>,
        /// What the machine offers.
        pub total_resources: Vec<Resource>,
        /// What its agent runs.
        pub version_info: Option<VersionInfo>,
        /// The ARN it already has, if its agent registers again.
        pub container_instance_arn: Option<String>,
        /// What constraints can ask about it.
        pub attributes: Vec<Attribute>,
        /// Its devices.
        pub platform_devices: Vec<PlatformDevice>,
        /// Its labels.
        pub tags: Vec<Tag>,
    }

    /// The container instance that was registered.
    pub struct RegisterContainerInstanceOutput {
        shown {
            /// The container instance.
            pub container_instance: ContainerInstance,
        }
    }

    /// Asks for a container instance to be forgotten.
    pub struct DeregisterContainerInstance {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Its id or ARN.
        pub container_instance: String,
        /// Whether tasks on it are given up; absent means no.
        pub force: Option<bool>,
    }

    /// The container instance that was deregistered.
    pub struct DeregisterContainerInstanceOutput {
        shown {
            /// The container instance, now `INACTIVE`.
            pub container_instance: ContainerInstance,
        }
    }

    /// Asks what container instances are like.
    pub struct DescribeContainerInstances {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Ids or ARNs, 1 to 100.
        pub container_instances: Vec<String>,
        /// What to add.
        pub include: Vec<ContainerInstanceField>,
    }

    /// What container instances are like.
    pub struct DescribeContainerInstancesOutput {
        shown {
            /// Those found.
            pub container_instances: Vec<ContainerInstance>,
            /// Those not found.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks which container instances a cluster has.
    pub struct ListContainerInstances {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// What must hold for them, in the cluster query language.
        pub filter: Option<String>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most ARNs of a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
        /// The status they must have; absent means any but `INACTIVE`.
        pub status: Option<ContainerInstanceStatus>,
    }

    /// A page of container instance ARNs.
    pub struct ListContainerInstancesOutput {
        /// Where the next page begins; absent at the end.
        pub next_token: Option<String>,
        shown {
            /// The ARNs.
            pub container_instance_arns: Vec<String>,
        }
    }

    /// Asks for container instances to be drained, or to take tasks again.
    pub struct UpdateContainerInstancesState {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Ids or ARNs, 1 to 10.
        pub container_instances: Vec<String>,
        /// `DRAINING` or `ACTIVE`.
        pub status: Option<ContainerInstanceStatus>,
    }

    /// The container instances that changed.
    pub struct UpdateContainerInstancesStateOutput {
        shown {
            /// Those changed.
            pub container_instances: Vec<ContainerInstance>,
            /// Those not changed.
            pub failures: Vec<Failure>,
        }
    }
}

impl RegisterContainerInstance {
    /// A machine for that cluster, which offers nothing yet.
    pub fn new(cluster: impl Into<String>) -> Self {
        Self {
            cluster: Some(cluster.into()),
            ..Self::default()
        }
    }

    /// Offers CPU units of 1/1024 vCPU.
    #[must_use]
    pub fn cpu(self, units: i32) -> Self {
        self.resource(Resource::integer("CPU", units))
    }

    /// Offers memory, in MiB.
    #[must_use]
    pub fn memory(self, mib: i32) -> Self {
        self.resource(Resource::integer("MEMORY", mib))
    }

    /// Offers a resource.
    #[must_use]
    pub fn resource(mut self, resource: Resource) -> Self {
        self.total_resources.push(resource);
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push(Attribute::new(name, value));
        self
    }

    /// Adds a GPU.
    #[must_use]
    pub fn gpu(mut self, id: impl Into<String>) -> Self {
        self.platform_devices.push(PlatformDevice::gpu(id));
        self
    }
}

impl DeregisterContainerInstance {
    /// The container instance of that id or ARN, if it has no tasks.
    pub fn new(container_instance: impl Into<String>) -> Self {
        Self {
            container_instance: container_instance.into(),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Gives up the tasks on it.
    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = Some(true);
        self
    }
}

impl DescribeContainerInstances {
    /// The container instances of those ids or ARNs.
    pub fn new<S: Into<String>>(container_instances: impl IntoIterator<Item = S>) -> Self {
        Self {
            container_instances: container_instances.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Adds something to each container instance.
    #[must_use]
    pub fn include(mut self, field: ContainerInstanceField) -> Self {
        self.include.push(field);
        self
    }
}

impl ListContainerInstances {
    /// Those of the default cluster, from the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Asks for something to hold for them, in the cluster query language.
    #[must_use]
    pub fn filter(mut self, expression: impl Into<String>) -> Self {
        self.filter = Some(expression.into());
        self
    }

    /// Asks for one status.
    #[must_use]
    pub fn status(mut self, status: ContainerInstanceStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Goes on where the last page ended.
    #[must_use]
    pub fn next_token(mut self, token: impl Into<String>) -> Self {
        self.next_token = Some(token.into());
        self
    }

    /// Sets the most ARNs of a page.
    #[must_use]
    pub fn max_results(mut self, count: i32) -> Self {
        self.max_results = Some(count);
        self
    }
}

impl UpdateContainerInstancesState {
    /// A status for the container instances of those ids or ARNs.
    pub fn new<S: Into<String>>(
        container_instances: impl IntoIterator<Item = S>,
        status: ContainerInstanceStatus,
    ) -> Self {
        Self {
            cluster: None,
            container_instances: container_instances.into_iter().map(Into::into).collect(),
            status: Some(status),
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }
}
