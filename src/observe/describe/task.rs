//! A task as ECS shows it.

use std::sync::Arc;

use crate::arn::{Arn, TaskNaming};
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::task::ContainerReason;
use crate::ledger::versions::TaskGlance;
use crate::ledger::{
    ContainerPlan, ContainerRecord, ContainerStatus, LaunchSpec, Ledger, Moment, StoppedReason,
    TaskExtras, TaskRecord,
};
use crate::model::{
    Attribute, Connectivity, Container, EphemeralStorage, HealthStatus, LastStatus, NetworkBinding,
    Settings, Task, TaskEphemeralStorage, TaskOverride, Timestamp,
};

use super::interface;

/// Network bindings that are shown of one container (ECS agent, `ecs-agent/api/ecs`).
const BINDINGS_MAX: usize = 100;

/// A version of a task as ECS shows it.
pub(crate) fn task(
    settings: &Settings,
    ledger: &Ledger,
    id: TaskId,
    seen: &TaskGlance<'_>,
    with_tags: bool,
) -> Task {
    let (record, launch) = (seen.record, seen.launch);
    let cluster = &*ledger.cluster(launch.cluster).spec;
    let moment =
        |moment: Moment| -> Option<Timestamp> { moment.get().map(|time| settings.timestamp(time)) };
    let interface = seen.extras.and_then(|extras| extras.interface.as_ref());
    let (instance_arn, zone) = match record.on {
        Some(on) => place(settings, ledger, &cluster.name, on),
        None => (None, interface.and_then(|interface| interface.zone.clone())),
    };
    let fargate = launch.echo.fargate.as_ref();
    Task {
        task_arn: Arn::of_task(&cluster.task_naming, id),
        containers: containers(settings, ledger, &cluster.task_naming, id, seen),
        cluster_arn: Arc::clone(&launch.cluster_arn),
        task_definition_arn: Arc::clone(&launch.definition_arn),
        container_instance_arn: instance_arn,
        availability_zone: zone,
        launch_type: launch.echo.launch_type,
        capacity_provider_name: capacity_provider(launch),
        group: Some(Arc::clone(&launch.group_name)),
        started_by: launch.echo.started_by.clone(),
        cpu: Some(Arc::clone(&launch.cpu)),
        memory: Some(Arc::clone(&launch.memory)),
        created_at: Some(settings.timestamp(record.created_at)),
        pull_started_at: moment(record.pull_started_at),
        pull_stopped_at: moment(record.pull_stopped_at),
        started_at: moment(record.started_at),
        stopping_at: moment(record.stopping_at),
        execution_stopped_at: moment(record.execution_stopped_at),
        stopped_at: moment(record.stopped_at),
        stop_code: record.stop_code,
        stopped_reason: stopped_reason(settings, ledger, seen),
        health_status: Some(health(seen.extras, launch)),
        connectivity: interface
            .filter(|interface| interface.connected_at.has_come())
            .map(|_| Connectivity::Connected),
        connectivity_at: interface.and_then(|interface| moment(interface.connected_at)),
        attachments: list(
            interface.map(|interface| interface::attachment(settings, id, interface, launch)),
        ),
        platform_version: launch.echo.platform_version.clone(),
        platform_family: fargate.map(|platform| platform.family.clone()),
        ephemeral_storage: fargate.map(|platform| EphemeralStorage {
            size_in_gib: platform.storage_gib,
        }),
        fargate_ephemeral_storage: fargate.map(|platform| TaskEphemeralStorage {
            kms_key_id: None,
            size_in_gib: platform.storage_gib,
        }),
        attributes: list(
            fargate.map(|platform| Attribute::new("ecs.cpu-architecture", platform.processor)),
        ),
        desired_status: record.desired_status,
        last_status: record.last_status,
        enable_execute_command: launch.echo.enable_execute_command,
        overrides: overrides(&launch.echo.overrides),
        tags: if with_tags {
            seen.tags().to_vec()
        } else {
            Vec::new()
        },
        version: u64::from(record.version),
        // Every member is named: a default would be made and dropped for each task shown.
        inference_accelerators: Vec::new(),
        trusted_execution_summary: None,
    }
}

/// At most one thing as a list.
fn list<T>(only: Option<T>) -> Vec<T> {
    match only {
        Some(only) => vec![only],
        None => Vec::new(),
    }
}

/// What the caller changed, which is nearly always nothing.
fn overrides(given: &TaskOverride) -> TaskOverride {
    if given.is_empty() {
        return TaskOverride::default();
    }
    given.clone()
}

/// The capacity provider, when there was only one to choose from: which of several a task got is not decided yet.
fn capacity_provider(launch: &LaunchSpec) -> Option<Arc<str>> {
    match &launch.echo.capacity_provider_strategy[..] {
        [only] => Some(Arc::from(only.capacity_provider.as_str())),
        _ => None,
    }
}

/// The ARN and the zone of a container instance, which may be forgotten already.
fn place(
    settings: &Settings,
    ledger: &Ledger,
    cluster: &str,
    on: ContainerInstanceId,
) -> (Option<Arc<str>>, Option<Arc<str>>) {
    let arn = match ledger.instance(on) {
        Some(instance) => Arc::clone(&instance.spec.arn),
        None => settings.naming.container_instance_arn(cluster, on).into(),
    };
    (Some(arn), ledger.instances().zone(on).cloned())
}

/// A stopped task as the repetition of an idempotent RunTask shows it: no more than its name and its state.
pub(crate) fn stopped_task(naming: &Arc<TaskNaming>, id: TaskId) -> Task {
    Task {
        task_arn: Arn::of_task(naming, id),
        last_status: LastStatus::Stopped,
        desired_status: crate::model::DesiredStatus::Stopped,
        ..Task::default()
    }
}

fn stopped_reason(settings: &Settings, ledger: &Ledger, seen: &TaskGlance<'_>) -> Option<String> {
    let (record, extras, launch) = (seen.record, seen.extras, seen.launch);
    let host = || {
        let known = record.on.and_then(|on| ledger.instance(on));
        let known = known.map(|instance| instance.spec.ec2_instance_id.to_string());
        known
            .or_else(|| record.on.map(|on| settings.naming.ec2_instance_id(on)))
            .unwrap_or_default()
    };
    let text = match record.stopped_reason {
        StoppedReason::None => return None,
        StoppedReason::Given => {
            return extras
                .and_then(|extras| extras.reason.as_deref())
                .map(str::to_owned);
        }
        StoppedReason::StoppedByUser => "Task stopped by user",
        StoppedReason::EssentialContainerExited => "Essential container in task exited",
        StoppedReason::DeregistrationForced => "Container instance deregistration forced by user",
        StoppedReason::InterfaceTimeout => {
            "Timeout waiting for network interface provisioning to complete."
        }
        StoppedReason::HostStopped => {
            return Some(format!("Host EC2 (instance {}) stopped.", host()));
        }
        StoppedReason::HostTerminated => {
            return Some(format!("Host EC2 (instance {}) terminated.", host()));
        }
        StoppedReason::SpotInterrupted => "Your Spot Task was interrupted.",
        StoppedReason::Maintenance => {
            "ECS is performing maintenance on the underlying infrastructure hosting the task."
        }
        StoppedReason::InstanceImpaired => {
            return Some(format!("Host EC2 (instance {}) is impaired.", host()));
        }
        StoppedReason::CannotPull | StoppedReason::CannotStart => {
            return Some(failed_to_start(record, extras, launch));
        }
    };
    Some(text.to_owned())
}

/// The reason of the container that could not start, which becomes the task's: that of the first essential one, else of
/// the first.
fn failed_to_start(
    record: &TaskRecord,
    extras: Option<&TaskExtras>,
    launch: &LaunchSpec,
) -> String {
    let rest = extras.map_or(&[][..], |extras| &extras.rest);
    let records = std::iter::once(&record.first).chain(rest);
    let failed = records.zip(launch.containers.iter()).filter(|(record, _)| {
        !matches!(
            record.reason,
            ContainerReason::None | ContainerReason::OutOfMemory
        )
    });
    let failed = failed.min_by_key(|(_, plan)| !plan.essential);
    failed
        .and_then(|(record, plan)| container_reason(record, plan, launch))
        .unwrap_or_default()
}

fn container_reason(
    record: &ContainerRecord,
    plan: &ContainerPlan,
    launch: &LaunchSpec,
) -> Option<String> {
    let waited_for = || {
        let names = plan.waits_for.iter().map(|it| {
            let other = &launch.containers[usize::from(it.on)];
            format!("{} ({})", other.name, it.condition)
        });
        names.collect::<Vec<_>>().join(", ")
    };
    match record.reason {
        ContainerReason::None => None,
        ContainerReason::OutOfMemory => {
            Some("OutOfMemoryError: Container killed due to memory usage".to_owned())
        }
        ContainerReason::CannotPull => Some(format!(
            "CannotPullContainerError: image {} could not be pulled",
            plan.image
        )),
        ContainerReason::PortTaken => Some(
            "CannotStartContainerError: Error response from daemon: driver failed programming external connectivity: \
             port is already allocated"
                .to_owned(),
        ),
        ContainerReason::DependencyFailed => Some(format!(
            "CannotStartContainerError: dependency graph: it depends on {}, which can't hold any more",
            waited_for()
        )),
        ContainerReason::DependencyTimedOut => Some(format!(
            "CannotStartContainerError: dependency graph: it depends on {}, and a start timeout has passed",
            waited_for()
        )),
    }
}

/// What was last heard of a container's health.
fn container_health(extras: Option<&TaskExtras>, nth: usize) -> HealthStatus {
    let known = extras.and_then(|extras| extras.health.get(nth));
    known.copied().unwrap_or(HealthStatus::Unknown)
}

/// The health of a task: the worst of its essential containers, one without a check being UNKNOWN (API reference of
/// `HealthCheck`).
fn health(extras: Option<&TaskExtras>, launch: &LaunchSpec) -> HealthStatus {
    if extras.is_none_or(|extras| extras.health.is_empty()) {
        return HealthStatus::Unknown;
    }
    let essential = launch.containers.iter().enumerate();
    let essential = essential.filter(|(_, plan)| plan.essential);
    let all: Vec<_> = essential
        .map(|(nth, _)| container_health(extras, nth))
        .collect();
    let any = |health| all.contains(&health);
    if any(HealthStatus::Unhealthy) {
        HealthStatus::Unhealthy
    } else if any(HealthStatus::Unknown) {
        HealthStatus::Unknown
    } else {
        HealthStatus::Healthy
    }
}

fn containers(
    settings: &Settings,
    ledger: &Ledger,
    naming: &Arc<TaskNaming>,
    id: TaskId,
    seen: &TaskGlance<'_>,
) -> Vec<Container> {
    let launch = seen.launch;
    let rest = seen.extras.map_or(&[][..], |extras| &extras.rest);
    let records = std::iter::once(&seen.record.first).chain(rest);
    let interface = seen.extras.and_then(|extras| extras.interface.as_ref());
    let mut chosen = seen.chosen_ports.iter().copied();
    let mut given = seen.extras.map_or(0, |extras| extras.gpus);
    let mut shown = Vec::with_capacity(launch.containers.len());
    for ((nth, record), plan) in (0_u16..).zip(records).zip(launch.containers.iter()) {
        let has_run =
            record.status == ContainerStatus::Running || record.exit_code.code().is_some();
        shown.push(Container {
            container_arn: Arn::of_container(naming, id, nth),
            task_arn: Arn::of_task(naming, id),
            name: Arc::clone(&plan.name),
            image: Arc::clone(&plan.image),
            runtime_id: has_run.then(|| settings.naming.runtime_id(id, nth.into())),
            exit_code: record.exit_code.code(),
            reason: container_reason(record, plan, launch),
            health_status: Some(container_health(seen.extras, nth.into())),
            cpu: Some(Arc::clone(&plan.cpu)),
            memory: plan.memory.clone(),
            memory_reservation: plan.memory_reservation.clone(),
            gpu_ids: gpu_ids(ledger, seen, plan, &mut given),
            last_status: match record.status {
                ContainerStatus::Pending => LastStatus::Pending,
                ContainerStatus::Running => LastStatus::Running,
                ContainerStatus::Stopped => LastStatus::Stopped,
            },
            network_bindings: if has_run {
                bindings(plan, &mut chosen)
            } else {
                Vec::new()
            },
            network_interfaces: list(
                interface.map(|interface| interface::of_container(settings, id, interface)),
            ),
            image_digest: None,
            managed_agents: Vec::new(),
            neuron_device_ids: Vec::new(),
            gpu_sharing_strategy: None,
        });
    }
    shown
}

/// The ports of a container as it is reached from outside.
fn bindings(plan: &ContainerPlan, chosen: &mut impl Iterator<Item = u16>) -> Vec<NetworkBinding> {
    let bound = plan.ports.iter().filter_map(|port| {
        let host_port = port.host_port.or_else(|| chosen.next())?;
        if port.count > 1 {
            // The rest of the block follows in the list.
            let last = chosen.nth(usize::from(port.count) - 2)?;
            let end = port.container_port.saturating_add(port.count - 1);
            return Some(NetworkBinding {
                bind_ip: Some(Arc::from("0.0.0.0")),
                container_port_range: Some(format!("{}-{end}", port.container_port)),
                host_port_range: Some(format!("{host_port}-{last}")),
                protocol: Some(port.protocol),
                ..NetworkBinding::default()
            });
        }
        Some(NetworkBinding {
            bind_ip: Some(Arc::from("0.0.0.0")),
            container_port: Some(i32::from(port.container_port)),
            host_port: Some(i32::from(host_port)),
            protocol: Some(port.protocol),
            ..NetworkBinding::default()
        })
    });
    // All of them are taken, so that the next container finds its own.
    let mut bound: Vec<NetworkBinding> = bound.collect();
    bound.truncate(BINDINGS_MAX);
    bound
}

/// The ids of the next GPUs of a task, as many as the container asked for.
fn gpu_ids(
    ledger: &Ledger,
    seen: &TaskGlance<'_>,
    plan: &ContainerPlan,
    given: &mut u64,
) -> Vec<String> {
    if *given == 0 {
        return Vec::new();
    }
    let instance = seen.record.on.and_then(|on| ledger.instance(on));
    let Some(instance) = instance else {
        return Vec::new();
    };
    let mut ids = Vec::new();
    for (bit, id) in instance.spec.gpu_ids.iter().enumerate() {
        let wanted = ids.len() < plan.gpus as usize;
        if wanted && *given & (1 << bit) != 0 {
            *given &= !(1 << bit);
            ids.push(id.to_string());
        }
    }
    ids
}
