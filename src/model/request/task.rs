//! Requests about tasks.

use crate::model::cluster::CapacityProviderStrategyItem;
use crate::model::common::Tag;
use crate::model::error::Failure;
use crate::model::network::NetworkConfiguration;
use crate::model::placement::{PlacementConstraint, PlacementStrategy};
use crate::model::shape::shape;
use crate::model::task::{DesiredStatus, LaunchType, Task, TaskField, tasks_and_remains};
use crate::model::task_definition::PropagateTags;
use crate::model::task_override::{ContainerOverride, TaskOverride};
use crate::model::volume::TaskVolumeConfiguration;

shape! {
    /// Asks for tasks to be placed and started.
    ///
    /// ```
    /// # use wavetank::model::{PlacementStrategy, RunTask};
    /// let request = RunTask::new("web").count(10).strategy(PlacementStrategy::binpack_memory());
    /// assert_eq!(request.count, Some(10));
    /// ```
    pub struct RunTask {
        /// How the tasks are split over capacity providers; not together with a launch type.
        pub capacity_provider_strategy: Vec<CapacityProviderStrategyItem>,
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// How many tasks, 1 to 10; absent means 1.
        pub count: Option<i32>,
        /// Whether ECS labels the tasks with their cluster.
        #[serde(rename = "enableECSManagedTags")]
        pub enable_ecs_managed_tags: Option<bool>,
        /// Whether commands can be run in the containers.
        pub enable_execute_command: Option<bool>,
        /// The task group; absent means `family:` and the family.
        pub group: Option<String>,
        /// The kind of capacity.
        pub launch_type: Option<LaunchType>,
        /// The network, for network mode `awsvpc`.
        pub network_configuration: Option<NetworkConfiguration>,
        /// What to change about the task definition.
        pub overrides: Option<TaskOverride>,
        /// Rules for where tasks may go.
        pub placement_constraints: Vec<PlacementConstraint>,
        /// Preferences for where tasks go, the first above the second and so on.
        pub placement_strategy: Vec<PlacementStrategy>,
        /// The version of the Fargate platform.
        pub platform_version: Option<String>,
        /// Where further labels come from.
        pub propagate_tags: Option<PropagateTags>,
        /// A name of the caller's for the request.
        pub reference_id: Option<String>,
        /// Who starts the tasks, in the caller's words.
        pub started_by: Option<String>,
        /// Labels of the tasks.
        pub tags: Vec<Tag>,
        /// A family for its latest active revision, `family:revision`, or an ARN.
        pub task_definition: String,
        /// Makes a repetition of the request harmless.
        pub client_token: Option<String>,
        /// What volumes are, for those configured at launch.
        pub volume_configurations: Vec<TaskVolumeConfiguration>,
    }

    /// The tasks that were placed, and why the others were not.
    pub struct RunTaskOutput {
        shown {
            /// Those placed; of one that a repeated request finds stopped, its ARN and where it is are left.
            #[serde(serialize_with = "tasks_and_remains")]
            pub tasks: Vec<Task>,
            /// Container instances that refused, with the reason.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks for a task on each of some container instances.
    pub struct StartTask {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Ids or ARNs, 1 to 10.
        pub container_instances: Vec<String>,
        /// Whether ECS labels the tasks with their cluster.
        #[serde(rename = "enableECSManagedTags")]
        pub enable_ecs_managed_tags: Option<bool>,
        /// Whether commands can be run in the containers.
        pub enable_execute_command: Option<bool>,
        /// The task group; absent means `family:` and the family.
        pub group: Option<String>,
        /// The network, for network mode `awsvpc`.
        pub network_configuration: Option<NetworkConfiguration>,
        /// What to change about the task definition.
        pub overrides: Option<TaskOverride>,
        /// Where further labels come from.
        pub propagate_tags: Option<PropagateTags>,
        /// A name of the caller's for the request.
        pub reference_id: Option<String>,
        /// Who starts the tasks, in the caller's words.
        pub started_by: Option<String>,
        /// Labels of the tasks.
        pub tags: Vec<Tag>,
        /// A family for its latest active revision, `family:revision`, or an ARN.
        pub task_definition: String,
        /// What volumes are, for those configured at launch.
        pub volume_configurations: Vec<TaskVolumeConfiguration>,
    }

    /// The tasks that were started, and why the others were not.
    pub struct StartTaskOutput {
        shown {
            /// Those started.
            pub tasks: Vec<Task>,
            /// Container instances that refused, with the reason.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks for the end of a task.
    pub struct StopTask {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Its id or ARN.
        pub task: String,
        /// Why, in the caller's words.
        pub reason: Option<String>,
    }

    /// The task that is to stop.
    pub struct StopTaskOutput {
        shown {
            /// The task.
            pub task: Task,
        }
    }

    /// Asks what tasks are like.
    pub struct DescribeTasks {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Ids or ARNs, 1 to 100.
        pub tasks: Vec<String>,
        /// What to add.
        pub include: Vec<TaskField>,
    }

    /// What tasks are like.
    pub struct DescribeTasksOutput {
        shown {
            /// Those found.
            pub tasks: Vec<Task>,
            /// Those not found.
            pub failures: Vec<Failure>,
        }
    }

    /// Asks which tasks a cluster has.
    pub struct ListTasks {
        /// The cluster's name or ARN; absent means `default`.
        pub cluster: Option<String>,
        /// Only those on this container instance, by id or ARN.
        pub container_instance: Option<String>,
        /// Only those of this family.
        pub family: Option<String>,
        /// Where the last page ended.
        pub next_token: Option<String>,
        /// The most ARNs of a page, 1 to 100; absent means 100.
        pub max_results: Option<i32>,
        /// Only those started by this; no other filter goes with it.
        pub started_by: Option<String>,
        /// Only those of this service.
        pub service_name: Option<String>,
        /// Only those wanted so; absent means `RUNNING`.
        pub desired_status: Option<DesiredStatus>,
        /// Only those on this kind of capacity.
        pub launch_type: Option<LaunchType>,
        /// Only those of this daemon.
        pub daemon_name: Option<String>,
    }

    /// A page of task ARNs.
    pub struct ListTasksOutput {
        /// Where the next page begins; absent at the end.
        pub next_token: Option<String>,
        shown {
            /// The ARNs.
            pub task_arns: Vec<String>,
        }
    }
}

impl RunTask {
    /// One task of that family, `family:revision` or ARN, in the default cluster.
    pub fn new(task_definition: impl Into<String>) -> Self {
        Self {
            task_definition: task_definition.into(),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Asks for so many tasks.
    #[must_use]
    pub fn count(mut self, count: i32) -> Self {
        self.count = Some(count);
        self
    }

    /// Names the task group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Chooses the kind of capacity.
    #[must_use]
    pub fn launch_type(mut self, launch_type: LaunchType) -> Self {
        self.launch_type = Some(launch_type);
        self
    }

    /// Gives the tasks a network, for network mode `awsvpc`.
    #[must_use]
    pub fn network(mut self, network: NetworkConfiguration) -> Self {
        self.network_configuration = Some(network);
        self
    }

    /// Adds a rule for where tasks may go.
    #[must_use]
    pub fn constraint(mut self, constraint: PlacementConstraint) -> Self {
        self.placement_constraints.push(constraint);
        self
    }

    /// Adds a preference for where tasks go, below those before it.
    #[must_use]
    pub fn strategy(mut self, strategy: PlacementStrategy) -> Self {
        self.placement_strategy.push(strategy);
        self
    }

    /// Says who starts the tasks.
    #[must_use]
    pub fn started_by(mut self, who: impl Into<String>) -> Self {
        self.started_by = Some(who.into());
        self
    }

    /// Makes a repetition of the request harmless.
    #[must_use]
    pub fn client_token(mut self, token: impl Into<String>) -> Self {
        self.client_token = Some(token.into());
        self
    }

    /// Changes something about a container.
    #[must_use]
    pub fn override_container(mut self, change: ContainerOverride) -> Self {
        self.overrides
            .get_or_insert_default()
            .container_overrides
            .push(change);
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push(Tag::new(key, value));
        self
    }
}

impl StartTask {
    /// A task of that definition on each of those container instances, by id or ARN.
    pub fn new<S: Into<String>>(
        task_definition: impl Into<String>,
        container_instances: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            task_definition: task_definition.into(),
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

    /// Names the task group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Gives the tasks a network, for network mode `awsvpc`.
    #[must_use]
    pub fn network(mut self, network: NetworkConfiguration) -> Self {
        self.network_configuration = Some(network);
        self
    }

    /// Says who starts the tasks.
    #[must_use]
    pub fn started_by(mut self, who: impl Into<String>) -> Self {
        self.started_by = Some(who.into());
        self
    }

    /// Changes something about a container.
    #[must_use]
    pub fn override_container(mut self, change: ContainerOverride) -> Self {
        self.overrides
            .get_or_insert_default()
            .container_overrides
            .push(change);
        self
    }
}

impl StopTask {
    /// The end of the task of that id or ARN.
    pub fn new(task: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl DescribeTasks {
    /// The tasks of those ids or ARNs.
    pub fn new<S: Into<String>>(tasks: impl IntoIterator<Item = S>) -> Self {
        Self {
            tasks: tasks.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Adds something to each task.
    #[must_use]
    pub fn include(mut self, field: TaskField) -> Self {
        self.include.push(field);
        self
    }
}

impl ListTasks {
    /// The running tasks of the default cluster, from the first page.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// Only those on a container instance, by id or ARN.
    #[must_use]
    pub fn container_instance(mut self, container_instance: impl Into<String>) -> Self {
        self.container_instance = Some(container_instance.into());
        self
    }

    /// Only those of a family.
    #[must_use]
    pub fn family(mut self, family: impl Into<String>) -> Self {
        self.family = Some(family.into());
        self
    }

    /// Only those started by someone; no other filter goes with it.
    #[must_use]
    pub fn started_by(mut self, who: impl Into<String>) -> Self {
        self.started_by = Some(who.into());
        self
    }

    /// Only those wanted so.
    #[must_use]
    pub fn desired_status(mut self, status: DesiredStatus) -> Self {
        self.desired_status = Some(status);
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
