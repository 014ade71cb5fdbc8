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
    Attribute, Connectivity, Container, Containers, EphemeralStorage, HealthStatus, LastStatus,
    NetworkBinding, OfNewTask, Settings, Task, TaskEphemeralStorage, Timestamp,
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
    let mut task = new(settings, ledger, id, seen);
    if !is_new(seen) {
        complete(&mut task, settings, ledger, (id, seen, with_tags));
    }
    task
}

/// The same, put behind others: a task is long, so it is written where it stays.
#[inline]
pub(crate) fn push_task(
    tasks: &mut Vec<Task>,
    settings: &Settings,
    ledger: &Ledger,
    (id, seen, with_tags): (TaskId, &TaskGlance<'_>, bool),
) {
    tasks.extend(std::iter::once_with(|| new(settings, ledger, id, seen)));
    if !is_new(seen) {
        let task = tasks.last_mut().expect("it was just pushed");
        complete(task, settings, ledger, (id, seen, with_tags));
    }
}

/// Whether there is no more to show of a task than of every new one whose request was bare.
#[inline]
fn is_new(seen: &TaskGlance<'_>) -> bool {
    let record = seen.record;
    record.first == ContainerRecord::PENDING
        && record.stopped_reason == StoppedReason::None
        && seen.launch.is_bare
        && seen.extras.is_none()
}

/// Adds what tasks do not have from the beginning.
fn complete(
    task: &mut Task,
    settings: &Settings,
    ledger: &Ledger,
    (id, seen, with_tags): (TaskId, &TaskGlance<'_>, bool),
) {
    task.containers = containers(settings, ledger, id, seen).into();
    task.stopped_reason = stopped_reason(settings, ledger, seen);
    if !seen.launch.is_bare {
        show_echo(task, seen.launch);
    }
    if let Some(extras) = seen.extras {
        show_extras(task, settings, id, (extras, seen.launch));
    }
    if with_tags {
        task.tags = seen.tags().to_vec();
    }
}

/// A task with what every task has, its containers as if nothing was heard of them.
///
/// Every member is named: a default would be made and dropped for each task shown. And it is built into its callers, so that
/// the members go where the task is going to be.
#[inline(always)]
fn new(settings: &Settings, ledger: &Ledger, id: TaskId, seen: &TaskGlance<'_>) -> Task {
    let (record, launch) = (seen.record, seen.launch);
    let moment =
        |moment: Moment| -> Option<Timestamp> { moment.get().map(|time| settings.timestamp(time)) };
    let (container_instance_arn, availability_zone) = match record.on {
        Some(on) => place(settings, ledger, launch, on),
        None => (None, None),
    };
    Task {
        task_arn: Arn::of_task(&launch.task_naming, id),
        cluster_arn: Arc::clone(&launch.cluster_arn),
        task_definition_arn: Arc::clone(&launch.definition_arn),
        container_instance_arn,
        availability_zone,
        launch_type: launch.echo.launch_type,
        capacity_provider_name: None,
        group: Some(Arc::clone(&launch.group_name)),
        started_by: None,
        cpu: Some(launch.cpu),
        memory: Some(launch.memory),
        created_at: Some(settings.timestamp(record.created_at)),
        pull_started_at: moment(record.pull_started_at),
        pull_stopped_at: moment(record.pull_stopped_at),
        started_at: moment(record.started_at),
        stopping_at: moment(record.stopping_at),
        execution_stopped_at: moment(record.execution_stopped_at),
        stopped_at: moment(record.stopped_at),
        stop_code: record.stop_code,
        stopped_reason: None,
        health_status: Some(HealthStatus::Unknown),
        connectivity: None,
        connectivity_at: None,
        attachments: Vec::new(),
        platform_version: None,
        platform_family: None,
        ephemeral_storage: None,
        fargate_ephemeral_storage: None,
        attributes: Vec::new(),
        containers: Containers::of_new(id, launch.clone()),
        desired_status: record.desired_status,
        last_status: record.last_status,
        enable_execute_command: false,
        overrides: Arc::clone(&launch.echo.overrides),
        tags: Vec::new(),
        version: u64::from(record.version),
        inference_accelerators: Vec::new(),
        trusted_execution_summary: None,
    }
}

/// Adds what the caller sent with the request.
fn show_echo(task: &mut Task, launch: &LaunchSpec) {
    let echo = &launch.echo;
    task.capacity_provider_name = capacity_provider(launch);
    task.started_by.clone_from(&echo.started_by);
    task.platform_version.clone_from(&echo.platform_version);
    task.enable_execute_command = echo.enable_execute_command;
    if let Some(platform) = &echo.fargate {
        let size_in_gib = platform.storage_gib;
        task.platform_family = Some(platform.family.clone());
        task.ephemeral_storage = Some(EphemeralStorage { size_in_gib });
        task.fargate_ephemeral_storage = Some(TaskEphemeralStorage {
            kms_key_id: None,
            size_in_gib,
        });
        task.attributes = vec![Attribute::new("ecs.cpu-architecture", platform.processor)];
    }
}

/// Adds what only some tasks have: a network interface, and health.
fn show_extras(
    task: &mut Task,
    settings: &Settings,
    id: TaskId,
    (extras, launch): (&TaskExtras, &LaunchSpec),
) {
    task.health_status = Some(extras.health(launch));
    let Some(interface) = &extras.interface else {
        return;
    };
    task.attachments = vec![interface::attachment(settings, id, interface, launch)];
    if task.container_instance_arn.is_none() {
        task.availability_zone.clone_from(&interface.zone);
    }
    if let Some(time) = interface.connected_at.get() {
        task.connectivity = Some(Connectivity::Connected);
        task.connectivity_at = Some(settings.timestamp(time));
    }
}

/// The capacity provider, when there was only one to choose from: which of several a task got is not decided yet.
fn capacity_provider(launch: &LaunchSpec) -> Option<Arc<str>> {
    match &launch.echo.capacity_provider_strategy[..] {
        [only] => Some(Arc::from(only.capacity_provider.as_str())),
        _ => None,
    }
}

/// The ARN and the zone of a container instance, which may be forgotten already.
#[inline]
fn place(
    settings: &Settings,
    ledger: &Ledger,
    launch: &LaunchSpec,
    on: ContainerInstanceId,
) -> (Option<Arc<str>>, Option<Arc<str>>) {
    let arn = match ledger.instance(on) {
        Some(instance) => Arc::clone(&instance.spec.arn),
        None => {
            let cluster = &ledger.cluster(launch.cluster).spec.name;
            settings.naming.container_instance_arn(cluster, on).into()
        }
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

impl OfNewTask for LaunchSpec {
    fn containers(&self, task: TaskId) -> Vec<Container> {
        let plans = (0..).zip(self.containers.iter());
        plans
            .map(|(nth, plan)| container(self, task, (nth, plan), ContainerRecord::PENDING))
            .collect()
    }
}

/// A container with what every container has.
fn container(
    launch: &LaunchSpec,
    task: TaskId,
    (nth, plan): (u16, &ContainerPlan),
    record: ContainerRecord,
) -> Container {
    let naming = &launch.task_naming;
    Container {
        container_arn: Arn::of_container(naming, task, nth),
        task_arn: Arn::of_task(naming, task),
        name: Arc::clone(&plan.name),
        image: Arc::clone(&plan.image),
        runtime_id: None,
        exit_code: record.exit_code.code(),
        reason: None,
        health_status: Some(HealthStatus::Unknown),
        cpu: Some(plan.cpu),
        memory: plan.memory,
        memory_reservation: plan.memory_reservation,
        gpu_ids: Vec::new(),
        last_status: match record.status {
            ContainerStatus::Pending => LastStatus::Pending,
            ContainerStatus::Running => LastStatus::Running,
            ContainerStatus::Stopped => LastStatus::Stopped,
        },
        network_bindings: Vec::new(),
        network_interfaces: Vec::new(),
        image_digest: None,
        managed_agents: Vec::new(),
        neuron_device_ids: Vec::new(),
        gpu_sharing_strategy: None,
    }
}

fn containers(
    settings: &Settings,
    ledger: &Ledger,
    id: TaskId,
    seen: &TaskGlance<'_>,
) -> Vec<Container> {
    let launch = seen.launch;
    let rest = seen.extras.map_or(&[][..], |extras| &extras.rest);
    let records = std::iter::once(&seen.record.first).chain(rest);
    let mut chosen = seen.chosen_ports.iter().copied();
    let mut given = seen.extras.map_or(0, |extras| extras.gpus);
    let mut shown = Vec::with_capacity(launch.containers.len());
    for ((nth, record), plan) in (0_u16..).zip(records).zip(launch.containers.iter()) {
        shown.push(container(launch, id, (nth, plan), *record));
        let has_run =
            record.status == ContainerStatus::Running || record.exit_code.code().is_some();
        if !has_run && record.reason == ContainerReason::None && seen.extras.is_none() {
            continue;
        }
        let container = shown.last_mut().expect("it was just pushed");
        if has_run {
            container.runtime_id = Some(settings.naming.runtime_id(id, nth.into()));
            container.network_bindings = bindings(plan, &mut chosen);
        }
        container.reason = container_reason(record, plan, launch);
        if let Some(extras) = seen.extras {
            container.health_status = Some(extras.health_of(nth.into()));
            container.gpu_ids = gpu_ids(ledger, seen, plan, &mut given);
            if let Some(interface) = &extras.interface {
                let interface = interface::of_container(settings, id, interface);
                container.network_interfaces = vec![interface];
            }
        }
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
