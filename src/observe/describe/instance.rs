//! A container instance as ECS shows it.

use std::sync::Arc;

use crate::ledger::Host;
use crate::ledger::versions::InstanceGlance;
use crate::model::{
    ContainerInstance, ContainerInstanceHealthStatus, GpuDevice, InstanceHealthCheckResult,
    InstanceHealthCheckState, InstanceHealthCheckType, Resource, Settings,
};

/// A version of a container instance as ECS shows it.
///
/// The two sets of ports list what is *taken*: a port that is not in them is free.
pub(crate) fn instance(
    settings: &Settings,
    seen: InstanceGlance<'_>,
    with_tags: bool,
) -> ContainerInstance {
    let record = seen.record;
    let spec = &*record.spec;
    let (cpu, memory, _) = seen.left;
    let has_gpus = !spec.gpu_ids.is_empty();
    let all_gpus: Vec<&str> = spec.gpu_ids.iter().map(|id| &**id).collect();
    let free_gpus: Vec<&str> = (0..)
        .zip(&all_gpus)
        .filter(|(bit, _)| record.gpus & (1_u64 << bit) == 0)
        .map(|(_, id)| *id)
        .collect();
    ContainerInstance {
        container_instance_arn: Arc::clone(&spec.arn),
        ec2_instance_id: Some(Arc::clone(&spec.ec2_instance_id)),
        registered_at: Some(settings.timestamp(record.registered_at)),
        version: u64::from(record.version),
        version_info: spec.request.version_info.clone().unwrap_or_default(),
        registered_resources: resources(
            (spec.cpu, spec.memory),
            &[&spec.reserved_tcp],
            &[&spec.reserved_udp],
            has_gpus.then_some(&all_gpus[..]),
        ),
        remaining_resources: resources(
            (cpu, memory),
            &[&spec.reserved_tcp, &record.tcp],
            &[&spec.reserved_udp, &record.udp],
            has_gpus.then_some(&free_gpus[..]),
        ),
        status: record.status,
        agent_connected: record.agent_connected,
        running_tasks_count: record.running,
        pending_tasks_count: record.pending,
        attributes: spec.attributes.clone(),
        tags: if with_tags {
            spec.request.tags.clone()
        } else {
            Vec::new()
        },
        gpu_devices: has_gpus.then(|| spec.gpu_ids.iter().map(|id| device(id)).collect()),
        ..ContainerInstance::default()
    }
}

/// What the health checks of a container instance say.
///
/// # Model
///
/// There is one, of the container runtime, and what it finds is known at once. ECS makes it about twice a minute, and knows
/// nothing while the agent is not connected.
pub(crate) fn instance_health(
    settings: &Settings,
    seen: &InstanceGlance<'_>,
    host: Option<&Host>,
) -> ContainerInstanceHealthStatus {
    let impaired = host.is_some_and(|host| host.impaired);
    let status = match (seen.record.agent_connected, impaired) {
        (false, _) => InstanceHealthCheckState::InsufficientData,
        (true, true) => InstanceHealthCheckState::Impaired,
        (true, false) => InstanceHealthCheckState::Ok,
    };
    let turned = host.and_then(|host| host.health_moved_at);
    let turned = turned.unwrap_or(seen.record.registered_at);
    ContainerInstanceHealthStatus {
        overall_status: Some(status),
        details: vec![InstanceHealthCheckResult {
            r#type: Some(InstanceHealthCheckType::ContainerRuntime),
            status: Some(status),
            last_status_change: Some(settings.timestamp(turned)),
            ..InstanceHealthCheckResult::default()
        }],
    }
}

fn device(id: &str) -> GpuDevice {
    GpuDevice {
        gpu_id: Some(id.to_owned()),
        ..GpuDevice::default()
    }
}

fn resources(
    (cpu, memory): (u32, u32),
    tcp: &[&Vec<u16>],
    udp: &[&Vec<u16>],
    gpus: Option<&[&str]>,
) -> Vec<Resource> {
    let amount = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let ports = |lists: &[&Vec<u16>]| {
        let mut ports: Vec<u16> = lists.iter().flat_map(|list| list.iter().copied()).collect();
        ports.sort_unstable();
        ports.iter().map(u16::to_string).collect::<Vec<_>>()
    };
    let mut shown = vec![
        Resource::integer("CPU", amount(cpu)),
        Resource::integer("MEMORY", amount(memory)),
        Resource::string_set("PORTS", ports(tcp)),
        Resource::string_set("PORTS_UDP", ports(udp)),
    ];
    if let Some(gpus) = gpus {
        shown.push(Resource::string_set("GPU", gpus.iter().copied()));
    }
    shown
}
