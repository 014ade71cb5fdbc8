//! One method for each operation of the API.

use crate::model::*;

use super::Simulation;

macro_rules! verbs {
    ($($(#[$doc:meta])* $method:ident($request:ident) -> $output:ident;)*) => {
        impl Simulation {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                ///
                /// What ECS answers to the request; nothing has changed then.
                pub fn $method(&mut self, request: $request) -> Result<$output, ApiError> {
                    self.engine.admitted(stringify!($request), |engine| engine.$method(&request))
                }
            )*
        }
    };
}

impl Simulation {
    /// Registers the next revision of a family, which is made of the request itself.
    ///
    /// # Errors
    ///
    /// What ECS answers to the request; nothing has changed then.
    pub fn register_task_definition(
        &mut self,
        request: RegisterTaskDefinition,
    ) -> Result<RegisterTaskDefinitionOutput, ApiError> {
        self.engine.admitted("RegisterTaskDefinition", |engine| {
            engine.register_task_definition(request)
        })
    }
}

verbs! {
    /// Creates a cluster; an active one of that name is the answer as it is.
    create_cluster(CreateCluster) -> CreateClusterOutput;
    /// Deletes an empty cluster.
    delete_cluster(DeleteCluster) -> DeleteClusterOutput;
    /// Describes clusters; unknown ones are failures.
    describe_clusters(DescribeClusters) -> DescribeClustersOutput;
    /// Lists the ARNs of active clusters, in order of creation.
    list_clusters(ListClusters) -> ListClustersOutput;
    /// Registers a container instance, as its agent does.
    register_container_instance(RegisterContainerInstance) -> RegisterContainerInstanceOutput;
    /// Deregisters a container instance; with `force` its tasks are given up.
    deregister_container_instance(DeregisterContainerInstance) -> DeregisterContainerInstanceOutput;
    /// Describes container instances; unknown ones are failures.
    describe_container_instances(DescribeContainerInstances) -> DescribeContainerInstancesOutput;
    /// Lists the ARNs of container instances, in order of registration.
    list_container_instances(ListContainerInstances) -> ListContainerInstancesOutput;
    /// Starts or ends the draining of container instances.
    update_container_instances_state(UpdateContainerInstancesState) -> UpdateContainerInstancesStateOutput;
    /// Describes a task definition.
    describe_task_definition(DescribeTaskDefinition) -> DescribeTaskDefinitionOutput;
    /// Makes a task definition INACTIVE: no more tasks are made from it, but what runs goes on.
    deregister_task_definition(DeregisterTaskDefinition) -> DeregisterTaskDefinitionOutput;
    /// Lets up to ten INACTIVE task definitions go as soon as no task uses them; those that can't are failures.
    delete_task_definitions(DeleteTaskDefinitions) -> DeleteTaskDefinitionsOutput;
    /// Lists the ARNs of task definitions, by family and number.
    list_task_definitions(ListTaskDefinitions) -> ListTaskDefinitionsOutput;
    /// Lists the names of families, in order.
    list_task_definition_families(ListTaskDefinitionFamilies) -> ListTaskDefinitionFamiliesOutput;
    /// Places up to ten tasks; those without a place are failures, not an error.
    run_task(RunTask) -> RunTaskOutput;
    /// Starts a task on each of some named container instances.
    start_task(StartTask) -> StartTaskOutput;
    /// Wants a task stopped.
    stop_task(StopTask) -> StopTaskOutput;
    /// Describes tasks; unknown ones are failures.
    describe_tasks(DescribeTasks) -> DescribeTasksOutput;
    /// Lists the ARNs of tasks, in order of creation.
    list_tasks(ListTasks) -> ListTasksOutput;
    /// Sets attributes of container instances, all of them or none.
    put_attributes(PutAttributes) -> PutAttributesOutput;
    /// Takes custom attributes from container instances.
    delete_attributes(DeleteAttributes) -> DeleteAttributesOutput;
    /// Lists the attributes of container instances, in order of registration.
    list_attributes(ListAttributes) -> ListAttributesOutput;
    /// Puts tags on a task, a container instance, a cluster or a task definition.
    tag_resource(TagResource) -> TagResourceOutput;
    /// Takes tags from a resource.
    untag_resource(UntagResource) -> UntagResourceOutput;
    /// Lists the tags of a resource.
    list_tags_for_resource(ListTagsForResource) -> ListTagsForResourceOutput;
    /// Sets an account setting of one principal.
    put_account_setting(PutAccountSetting) -> PutAccountSettingOutput;
    /// Sets an account setting of all who did not set their own.
    put_account_setting_default(PutAccountSettingDefault) -> PutAccountSettingDefaultOutput;
    /// Forgets what a principal set.
    delete_account_setting(DeleteAccountSetting) -> DeleteAccountSettingOutput;
    /// Lists the account settings of a principal.
    list_account_settings(ListAccountSettings) -> ListAccountSettingsOutput;
}
