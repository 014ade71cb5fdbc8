//! What Fargate adds to the rules of task definitions.
//!
//! Texts are those of ECS where they are public. What `awsvpc` excludes already is not looked at again: links,
//! `disableNetworking`, name servers, search domains and hosts.

use crate::model::{
    ApiError, ContainerDefinition, LogDriver, NetworkMode, OsFamily, PidMode,
    RegisterTaskDefinition, ResourceType, is_ecr_image, is_fargate_size,
};

use super::settings::range;
use super::sizes;

/// Seconds that a container on Fargate can have to start or to stop (API reference of `ContainerDefinition`).
const TIMEOUT: (i32, i32) = (2, 120);

/// Refuses a task definition that Fargate can't run, which breaks no other rule.
pub(super) fn fargate(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let mode = request.network_mode.unwrap_or(NetworkMode::Bridge);
    if mode != NetworkMode::Awsvpc {
        let message = "Fargate only supports network mode ‘awsvpc’.";
        return Err(ApiError::client("networkMode", mode, message));
    }
    task_size(request)?;
    let containers = &request.container_definitions;
    containers.iter().try_for_each(container)?;
    containers
        .iter()
        .try_for_each(|container| roles(container, request))?;
    namespaces(request)?;
    for volume in &request.volumes {
        let host = volume.host.as_ref();
        let path = host.and_then(|host| host.source_path.as_deref());
        if path.is_some_and(|path| !path.is_empty()) {
            return Err(unsupported("volumes.host.sourcePath", "sourcePath"));
        }
        if volume.docker_volume_configuration.is_some() {
            let member = "dockerVolumeConfiguration";
            return Err(unsupported("volumes.dockerVolumeConfiguration", member));
        }
    }
    if !request.placement_constraints.is_empty() {
        return Err(unsupported("placementConstraints", "constraints"));
    }
    Ok(())
}

/// Refuses sizes of a task that Fargate doesn't have.
fn task_size(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let missing = |member: &str| {
        let message = format!("Fargate requires that '{member}' be defined at the task level.");
        ApiError::client(member, "", message)
    };
    let cpu = request.cpu.as_deref().ok_or_else(|| missing("cpu"))?;
    let memory = request.memory.as_deref().ok_or_else(|| missing("memory"))?;
    let sizes = sizes::parse_cpu(cpu).zip(sizes::parse_memory(memory));
    if sizes.is_some_and(|(cpu, memory)| is_fargate_size(cpu, memory, is_windows(request))) {
        return Ok(());
    }
    let message = "No Fargate configuration exists for given values.";
    let value = format!("{cpu} CPU, {memory} memory");
    Err(ApiError::client("cpu", value, message))
}

/// Whether a task definition says that it is for Windows.
pub(super) fn is_windows(request: &RegisterTaskDefinition) -> bool {
    let platform = request.runtime_platform.as_ref();
    let family = platform.and_then(|platform| platform.operating_system_family);
    family.is_some_and(|family| family != OsFamily::Linux)
}

fn container(container: &ContainerDefinition) -> Result<(), ApiError> {
    let linux = container.linux_parameters.as_ref();
    let mut needed = container.resource_requirements.iter();
    let excluded = [
        ("privileged", container.privileged == Some(true)),
        (
            "dockerSecurityOptions",
            !container.docker_security_options.is_empty(),
        ),
        (
            "gpu",
            needed.any(|needed| needed.r#type == Some(ResourceType::Gpu)),
        ),
        (
            "devices",
            linux.is_some_and(|linux| !linux.devices.is_empty()),
        ),
        (
            "sharedMemorySize",
            linux.is_some_and(|linux| linux.shared_memory_size.is_some()),
        ),
        (
            "maxSwap",
            linux.is_some_and(|linux| linux.max_swap.is_some()),
        ),
        (
            "swappiness",
            linux.is_some_and(|linux| linux.swappiness.is_some()),
        ),
    ];
    if let Some((member, _)) = excluded.iter().find(|(_, given)| *given) {
        let parameter = match *member {
            "gpu" => "containerDefinitions.resourceRequirements".to_owned(),
            "privileged" | "dockerSecurityOptions" => format!("containerDefinitions.{member}"),
            _ => format!("containerDefinitions.linuxParameters.{member}"),
        };
        return Err(unsupported(parameter, member));
    }
    let (min, max) = TIMEOUT;
    range(container, "startTimeout", container.start_timeout, min, max)?;
    range(container, "stopTimeout", container.stop_timeout, min, max)?;
    let logs = container.log_configuration.as_ref();
    match logs.and_then(|logs| logs.log_driver) {
        None | Some(LogDriver::Awslogs | LogDriver::Splunk | LogDriver::Awsfirelens) => Ok(()),
        Some(driver) => {
            let message = format!("Fargate does not support the log driver {driver}.");
            let parameter = "containerDefinitions.logConfiguration";
            Err(ApiError::client(parameter, driver, message))
        }
    }
}

/// Refuses what Fargate does with the execution role, when there is none.
fn roles(
    container: &ContainerDefinition,
    request: &RegisterTaskDefinition,
) -> Result<(), ApiError> {
    if request.execution_role_arn.is_some() {
        return Ok(());
    }
    let logs = container.log_configuration.as_ref();
    let message = if logs.is_some_and(|logs| logs.log_driver == Some(LogDriver::Awslogs)) {
        "Fargate requires task definition to have execution role ARN to support log driver awslogs."
    } else if is_ecr_image(&container.image) {
        "Fargate requires task definition to have execution role ARN to support ECR images."
    } else {
        return Ok(());
    };
    Err(ApiError::client("executionRoleArn", "", message))
}

fn namespaces(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    if let Some(mode) = request.ipc_mode {
        let message = "Tasks using the Fargate launch type do not support ipcMode.";
        return Err(ApiError::client("ipcMode", mode, message));
    }
    match request.pid_mode {
        None | Some(PidMode::Task) => Ok(()),
        Some(mode) => {
            let message = format!(
                "Tasks using the Fargate launch type do not support pidMode '{mode}'. The supported value for pidMode is 'task'."
            );
            Err(ApiError::client("pidMode", mode, message))
        }
    }
}

fn unsupported(parameter: impl Into<String>, member: &str) -> ApiError {
    let message = format!("Fargate compatible task definitions do not support {member}");
    ApiError::client(parameter, member, message)
}
