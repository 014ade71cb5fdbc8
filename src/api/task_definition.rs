//! RegisterTaskDefinition.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::digest::Digest;
use crate::ids::TaskDefinitionId;
use crate::ledger::change::Change;
use crate::ledger::definition::DefinitionSpec;
use crate::ledger::demand::{gpu_count, static_host_port};
use crate::ledger::launch::{ContainerPlan, HealthPlan, PortPlan, RestartPlan};
use crate::ledger::{Ctx, Demand, Effects};
use crate::model::constraint::Constraint;
use crate::model::presets::{
    HEALTH_INTERVAL, HEALTH_RETRIES, HEALTH_TIMEOUT, RESTART_ATTEMPT_PERIOD,
};
use crate::model::{
    Amount, Attribute, Capabilities, Capability, ContainerDefinition, ContainerRestartPolicy,
    HealthCheck, NetworkMode, RegisterTaskDefinition, StartOrder, TaskDefinition,
    TaskDefinitionStatus, TaskOverride, TransportProtocol,
};

use super::validate::{self, sizes};

/// Registers the next revision of a family, whose placement constraints are compiled already.
pub(crate) fn register(
    ctx: &Ctx<'_>,
    mut request: RegisterTaskDefinition,
    fingerprint: Digest,
    constraints: Vec<Arc<Constraint>>,
    out: &mut Effects,
) -> TaskDefinitionId {
    let id = ctx.ledger.next_definition();
    let revision = ctx.ledger.definitions().next_revision(&request.family);
    let arn: Arc<str> = ctx
        .settings
        .naming
        .task_definition_arn(&request.family, revision)
        .into();
    let tags = mem::take(&mut request.tags);
    let mut definition = shown(ctx, request, revision, &arn);
    let requires = Capabilities::required_by(&definition);
    let names = requires.iter().map(Capability::as_str);
    definition.requires_attributes = names.map(Attribute::named).collect();
    let order = StartOrder::of(&definition.container_definitions);
    let order = order.expect("validation refuses containers that wait for each other");
    let containers: Arc<[ContainerPlan]> = (0..definition.container_definitions.len())
        .map(|position| plan(ctx, &definition, &order, position))
        .collect();
    let demand = Demand::of(&definition, &TaskOverride::default());
    out.change(Change::DefinitionRegistered {
        definition: id,
        spec: Arc::new(DefinitionSpec {
            family: Arc::clone(&definition.family),
            revision,
            arn,
            definition: Arc::new(definition),
            tags,
            fingerprint,
            demand,
            requires,
            containers,
            constraints: constraints.into(),
        }),
    });
    id
}

/// The definition as ECS shows it: sizes as integers, defaults filled in.
fn shown(
    ctx: &Ctx<'_>,
    request: RegisterTaskDefinition,
    revision: u32,
    arn: &Arc<str>,
) -> TaskDefinition {
    let size = |text: Option<String>| text.map(Arc::from);
    let compatibilities = validate::compatibilities(&request);
    TaskDefinition {
        task_definition_arn: Arc::clone(arn),
        family: Arc::from(request.family.as_str()),
        task_role_arn: request.task_role_arn,
        execution_role_arn: request.execution_role_arn,
        network_mode: request.network_mode,
        runtime_platform: request.runtime_platform,
        requires_compatibilities: request.requires_compatibilities,
        cpu: size(request.cpu.as_deref().and_then(sizes::normal_cpu)),
        memory: size(request.memory.as_deref().and_then(sizes::normal_memory)),
        inference_accelerators: request.inference_accelerators,
        pid_mode: request.pid_mode,
        ipc_mode: request.ipc_mode,
        proxy_configuration: request.proxy_configuration,
        registered_at: Some(ctx.settings.timestamp(ctx.now)),
        ephemeral_storage: request.ephemeral_storage,
        enable_fault_injection: request.enable_fault_injection,
        trusted_execution_configuration: request.trusted_execution_configuration,
        container_definitions: request
            .container_definitions
            .into_iter()
            .map(|container| shown_container(request.network_mode, container))
            .collect(),
        revision,
        volumes: request.volumes,
        status: TaskDefinitionStatus::Active,
        placement_constraints: request.placement_constraints,
        compatibilities,
        ..TaskDefinition::default()
    }
}

/// A container as ECS shows it: `essential`, `hostPort`, `protocol` and the times of its health check filled in.
fn shown_container(
    network_mode: Option<NetworkMode>,
    mut shown: ContainerDefinition,
) -> ContainerDefinition {
    shown.essential = Some(shown.essential.unwrap_or(true));
    if let Some(check) = &mut shown.health_check {
        check.interval.get_or_insert(HEALTH_INTERVAL);
        check.timeout.get_or_insert(HEALTH_TIMEOUT);
        check.retries.get_or_insert(HEALTH_RETRIES);
    }
    for mapping in &mut shown.port_mappings {
        mapping.protocol = Some(mapping.protocol.unwrap_or(TransportProtocol::Tcp));
        let same = matches!(network_mode, Some(NetworkMode::Host | NetworkMode::Awsvpc));
        if mapping.container_port_range.is_none() {
            let default = if same {
                mapping.container_port
            } else {
                Some(0)
            };
            mapping.host_port = mapping.host_port.or(default);
        }
    }
    shown
}

/// A container as an agent runs it.
fn plan(
    ctx: &Ctx<'_>,
    definition: &TaskDefinition,
    order: &StartOrder,
    position: usize,
) -> ContainerPlan {
    let container = &definition.container_definitions[position];
    let has_host_ports = !matches!(
        definition.network_mode,
        Some(NetworkMode::Awsvpc | NetworkMode::None)
    );
    let ports = container
        .port_mappings
        .iter()
        .filter(|_| has_host_ports)
        .filter_map(|mapping| {
            let (container_port, count) = match &mapping.container_port_range {
                Some(range) => {
                    let (first, last) = validate::parse_range(range)?;
                    (first, last - first + 1)
                }
                None => (u16::try_from(mapping.container_port?).ok()?, 1),
            };
            Some(PortPlan {
                container_port,
                count,
                protocol: mapping.protocol.unwrap_or(TransportProtocol::Tcp),
                host_port: static_host_port(
                    definition.network_mode,
                    mapping.host_port,
                    mapping.container_port,
                ),
            })
        });
    ContainerPlan {
        name: Arc::from(container.name.as_str()),
        image: Arc::from(container.image.as_str()),
        essential: container.essential.unwrap_or(true),
        stop_timeout: container
            .stop_timeout
            .map_or(ctx.profile.agents.container_stop_timeout, seconds),
        workload: ctx
            .profile
            .workload(&definition.family, &container.name)
            .clone(),
        waits_for: order.waits_for(position).to_vec(),
        // Absent or 0 is no limit.
        start_timeout: container
            .start_timeout
            .map(seconds)
            .filter(|timeout| !timeout.is_zero()),
        health: container.health_check.as_ref().map(health),
        restart: container.restart_policy.as_ref().and_then(restart),
        memory_limit: container
            .memory
            .and_then(|mib| u32::try_from(mib).ok())
            .or_else(|| definition.memory.as_deref()?.parse().ok()),
        wave: order.wave(position),
        ports: ports.collect(),
        gpus: container
            .resource_requirements
            .iter()
            .filter_map(gpu_count)
            .sum(),
        cpu: container.cpu.into(),
        memory: container.memory.map(Amount::from),
        memory_reservation: container.memory_reservation.map(Amount::from),
    }
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn health(check: &HealthCheck) -> HealthPlan {
    let retries = check.retries.unwrap_or(HEALTH_RETRIES);
    HealthPlan {
        interval: seconds(check.interval.unwrap_or(HEALTH_INTERVAL)),
        timeout: seconds(check.timeout.unwrap_or(HEALTH_TIMEOUT)),
        retries: u32::try_from(retries).unwrap_or(1),
        start_period: seconds(check.start_period.unwrap_or(0)),
    }
}

fn restart(policy: &ContainerRestartPolicy) -> Option<RestartPlan> {
    let period = policy.restart_attempt_period;
    (policy.enabled == Some(true)).then(|| RestartPlan {
        ignored_exit_codes: policy.ignored_exit_codes.clone(),
        attempt_period: seconds(period.unwrap_or(RESTART_ATTEMPT_PERIOD)),
    })
}
