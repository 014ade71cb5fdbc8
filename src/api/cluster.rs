//! CreateCluster and DeleteCluster.

use std::sync::Arc;

use crate::ids::ClusterId;
use crate::ledger::change::Change;
use crate::ledger::cluster::ClusterSpec;
use crate::ledger::{Ctx, Effects};
use crate::model::{ApiError, CreateCluster, DeleteCluster, Problem};

/// The name of a cluster that is created without one.
pub(crate) const DEFAULT: &str = "default";

/// Creates a cluster; an active one of that name is the answer as it is.
pub(crate) fn create(ctx: &Ctx<'_>, request: &CreateCluster, out: &mut Effects) -> ClusterId {
    let name = request.cluster_name.as_deref().unwrap_or(DEFAULT);
    if let Some((cluster, record)) = ctx.ledger.clusters().named(name) {
        if record.active {
            return cluster;
        }
    }
    let cluster = ctx.ledger.next_cluster();
    out.change(Change::ClusterCreated {
        cluster,
        spec: Arc::new(ClusterSpec {
            name: Arc::from(name),
            arn: Arc::from(ctx.settings.naming.cluster_arn(name)),
            request: request.clone(),
            task_naming: Arc::new(ctx.settings.naming.of_tasks_in(name)),
        }),
    });
    cluster
}

/// Deletes an empty cluster.
pub(crate) fn delete(
    ctx: &Ctx<'_>,
    request: &DeleteCluster,
    out: &mut Effects,
) -> Result<ClusterId, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(Some(&request.cluster))?;
    let record = ctx.ledger.cluster(cluster);
    if !record.capacity.is_empty() {
        let message =
            "The Cluster cannot be deleted while Container Instances are active or draining.";
        return Err(ApiError::ClusterContainsContainerInstances(Problem::about(
            "cluster",
            &request.cluster,
            message,
        )));
    }
    if record.live > 0 {
        let message = "The Cluster cannot be deleted while Tasks are active.";
        return Err(ApiError::ClusterContainsTasks(Problem::about(
            "cluster",
            &request.cluster,
            message,
        )));
    }
    out.change(Change::ClusterDeleted { cluster });
    Ok(cluster)
}
