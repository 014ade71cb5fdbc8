//! A cluster as ECS shows it.

use std::sync::Arc;

use crate::ledger::ClusterRecord;
use crate::model::{
    Cluster, ClusterField, ClusterServiceConnectDefaults, ClusterStatus, KeyValuePair,
};

/// A cluster as ECS shows it, with the parts that `include` asks for.
pub(crate) fn cluster(record: &ClusterRecord, include: &[ClusterField]) -> Cluster {
    let request = &record.spec.request;
    let has = |field: ClusterField| include.contains(&field);
    Cluster {
        cluster_arn: Arc::clone(&record.spec.arn),
        cluster_name: Arc::clone(&record.spec.name),
        configuration: request
            .configuration
            .clone()
            .filter(|_| has(ClusterField::Configurations)),
        service_connect_defaults: request.service_connect_defaults.as_ref().map(|defaults| {
            ClusterServiceConnectDefaults {
                namespace: defaults.namespace.clone(),
            }
        }),
        status: if record.active {
            ClusterStatus::Active
        } else {
            ClusterStatus::Inactive
        },
        registered_container_instances_count: u32::try_from(record.capacity.len())
            .unwrap_or(u32::MAX),
        running_tasks_count: record.running,
        pending_tasks_count: record.pending,
        statistics: if has(ClusterField::Statistics) {
            statistics(record)
        } else {
            Vec::new()
        },
        tags: if has(ClusterField::Tags) {
            request.tags.clone()
        } else {
            Vec::new()
        },
        settings: if has(ClusterField::Settings) {
            request.settings.clone()
        } else {
            Vec::new()
        },
        capacity_providers: request.capacity_providers.clone(),
        default_capacity_provider_strategy: request.default_capacity_provider_strategy.clone(),
        ..Cluster::default()
    }
}

/// The counts split by launch type; machines elsewhere count as EC2.
fn statistics(record: &ClusterRecord) -> Vec<KeyValuePair> {
    let counts = [
        (
            "runningEC2TasksCount",
            record.running - record.running_on_fargate,
        ),
        ("runningFargateTasksCount", record.running_on_fargate),
        (
            "pendingEC2TasksCount",
            record.pending - record.pending_on_fargate,
        ),
        ("pendingFargateTasksCount", record.pending_on_fargate),
        ("activeEC2ServiceCount", 0),
        ("activeFargateServiceCount", 0),
        ("drainingEC2ServiceCount", 0),
        ("drainingFargateServiceCount", 0),
    ];
    counts
        .iter()
        .map(|(name, count)| KeyValuePair::new(*name, count.to_string()))
        .collect()
}
