//! The read operations: Describe and List.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId};
use crate::ledger::{InstanceRecord, filter_hash};
use crate::model::{
    ApiError, ClusterField, ContainerInstance, ContainerInstanceField, ContainerInstanceStatus,
    DescribeClusters, DescribeClustersOutput, DescribeContainerInstances,
    DescribeContainerInstancesOutput, DescribeTasks, DescribeTasksOutput, Failure, FailureReason,
    ListClusters, ListClustersOutput, ListContainerInstances, ListContainerInstancesOutput,
    Settings, TaskField,
};

use super::describe;
use super::page::Page;
use super::view::View;

pub(crate) fn describe_clusters(
    settings: &Settings,
    view: &View<'_>,
    request: &DescribeClusters,
) -> DescribeClustersOutput {
    let mut output = DescribeClustersOutput::default();
    let default = ["default".to_owned()];
    let names = if request.clusters.is_empty() {
        &default[..]
    } else {
        &request.clusters
    };
    for text in names {
        match view.ledger().find_cluster(text) {
            Some((_, record)) => output
                .clusters
                .push(describe::cluster(record, &request.include)),
            None => {
                let arn = if text.starts_with("arn:") {
                    text.clone()
                } else {
                    settings.naming.cluster_arn(text)
                };
                output
                    .failures
                    .push(Failure::new(arn, FailureReason::Missing));
            }
        }
    }
    output
}

pub(crate) fn list_clusters(
    view: &View<'_>,
    request: &ListClusters,
) -> Result<ListClustersOutput, ApiError> {
    let filter = filter_hash(&[Some("clusters")]);
    let page = Page::read(filter, request.next_token.as_deref(), request.max_results)?;
    // The order is that of first creation, which a name keeps when its cluster is deleted and created again.
    let numbered = (0_u32..)
        .zip(view.ledger().clusters().iter())
        .filter(|(number, (_, record))| *number >= page.first && record.active);
    let (cluster_arns, next_token) =
        page.cut(numbered.map(|(number, (_, record))| (number, record.spec.arn.to_string())));
    Ok(ListClustersOutput {
        next_token,
        cluster_arns,
    })
}

pub(crate) fn describe_container_instances(
    settings: &Settings,
    view: &View<'_>,
    request: &DescribeContainerInstances,
) -> Result<DescribeContainerInstancesOutput, ApiError> {
    let cluster = view.ledger().resolve_cluster(request.cluster.as_deref())?;
    let mut output = DescribeContainerInstancesOutput::default();
    let with_tags = request.include.contains(&ContainerInstanceField::Tags);
    let with_health = request
        .include
        .contains(&ContainerInstanceField::ContainerInstanceHealth);
    for text in &request.container_instances {
        let instance = view
            .ledger()
            .resolve_instance(&settings.naming, cluster, text);
        match instance.and_then(|instance| Some((instance, view.instance(instance)?))) {
            Some((instance, seen)) => {
                let health_status = with_health.then(|| {
                    let host = view.ledger().hosts().host(instance);
                    describe::instance_health(settings, &seen, host)
                });
                output.container_instances.push(ContainerInstance {
                    health_status,
                    ..describe::instance(settings, seen, with_tags)
                });
            }
            None => {
                let arn = arn_of(settings, view, cluster, "container-instance", text);
                output
                    .failures
                    .push(Failure::new(arn, FailureReason::Missing));
            }
        }
    }
    Ok(output)
}

/// Lists container instances; `passes` tells which of them, as this read sees them, the filter lets through.
pub(crate) fn list_container_instances(
    view: &View<'_>,
    request: &ListContainerInstances,
    passes: impl Fn(ContainerInstanceId, &InstanceRecord) -> bool,
) -> Result<ListContainerInstancesOutput, ApiError> {
    let cluster = view.ledger().resolve_cluster(request.cluster.as_deref())?;
    let name = view.ledger().cluster(cluster).spec.name.as_ref();
    let status = request.status.map(ContainerInstanceStatus::as_str);
    let filter = filter_hash(&[
        Some("container-instances"),
        Some(name),
        request.filter.as_deref(),
        status,
    ]);
    let page = Page::read(filter, request.next_token.as_deref(), request.max_results)?;
    let wanted = |found: ContainerInstanceStatus| match request.status {
        Some(status) => found == status,
        None => found != ContainerInstanceStatus::Inactive,
    };
    let instances = view
        .instance_numbers()
        .skip_while(|instance| instance.number() < page.first)
        .filter_map(|instance| {
            let seen = view.instance(instance)?;
            let listed = seen.record.spec.cluster == cluster
                && wanted(seen.record.status)
                && passes(instance, seen.record);
            listed.then(|| (instance.number(), seen.record.spec.arn.to_string()))
        });
    let (container_instance_arns, next_token) = page.cut(instances);
    Ok(ListContainerInstancesOutput {
        next_token,
        container_instance_arns,
    })
}

pub(crate) fn describe_tasks(
    settings: &Settings,
    view: &View<'_>,
    request: &DescribeTasks,
) -> Result<DescribeTasksOutput, ApiError> {
    let cluster = view.ledger().resolve_cluster(request.cluster.as_deref())?;
    let mut output = DescribeTasksOutput::default();
    let with_tags = request.include.contains(&TaskField::Tags);
    for text in &request.tasks {
        let task = view.ledger().task_number(&settings.naming, cluster, text);
        let seen = task.and_then(|task| Some((task, view.task(task)?)));
        match seen.filter(|(_, seen)| seen.launch.cluster == cluster) {
            Some((task, seen)) => {
                let seen = (task, &seen, with_tags);
                describe::push_task(&mut output.tasks, settings, view.ledger(), seen);
            }
            None => {
                let arn = arn_of(settings, view, cluster, "task", text);
                output
                    .failures
                    .push(Failure::new(arn, FailureReason::Missing));
            }
        }
    }
    Ok(output)
}

/// The ARN under which a failure tells of what was asked for.
fn arn_of(
    settings: &Settings,
    view: &View<'_>,
    cluster: ClusterId,
    kind: &str,
    text: &str,
) -> Arc<str> {
    if text.starts_with("arn:") {
        return Arc::from(text);
    }
    let naming = &settings.naming;
    let name = &view.ledger().cluster(cluster).spec.name;
    Arc::from(format!(
        "arn:aws:ecs:{}:{}:{kind}/{name}/{text}",
        naming.region(),
        naming.account_id()
    ))
}

/// What a write of a cluster answers with beside the counts.
pub(crate) const WRITTEN_CLUSTER: &[ClusterField] = &[
    ClusterField::Configurations,
    ClusterField::Settings,
    ClusterField::Tags,
];
