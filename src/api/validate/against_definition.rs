//! `RunTask` and `StartTask` once more, when it is known which task definition they mean.

use crate::model::{
    ApiError, ContainerOverride, LaunchType, NetworkConfiguration, NetworkMode, OsFamily, RunTask,
    StartTask, TaskDefinition, TaskOverride, TaskVolumeConfiguration, is_fargate_size,
};

use super::placement::CONSTRAINTS_MAX;
use super::sizes::{parse_cpu, parse_memory};

/// Refuses a `RunTask` that doesn't go with its task definition.
pub(crate) fn against_definition(
    request: &RunTask,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    network(request.network_configuration.as_ref(), definition)?;
    external(request, definition)?;
    overrides(request.overrides.as_ref(), definition)?;
    if request.launch_type == Some(LaunchType::Fargate) {
        fargate_size(request.overrides.as_ref(), definition)?;
    }
    let constraints = request.placement_constraints.len() + definition.placement_constraints.len();
    if constraints > CONSTRAINTS_MAX {
        let message = format!(
            "A task can have at most {CONSTRAINTS_MAX} placement constraints, those of its task definition included."
        );
        return Err(ApiError::invalid(
            "placementConstraints",
            constraints,
            message,
        ));
    }
    volumes(&request.volume_configurations, definition)
}

/// Refuses a `StartTask` that doesn't go with its task definition.
pub(crate) fn start_against_definition(
    request: &StartTask,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    network(request.network_configuration.as_ref(), definition)?;
    overrides(request.overrides.as_ref(), definition)?;
    volumes(&request.volume_configurations, definition)
}

fn network(
    network: Option<&NetworkConfiguration>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    let given = network.is_some_and(|network| network.awsvpc_configuration.is_some());
    let mode = definition.network_mode_or_bridge();
    let message = match (mode, given) {
        (NetworkMode::Awsvpc, false) => {
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        }
        (NetworkMode::Bridge | NetworkMode::Host | NetworkMode::None, true) => {
            "Network Configuration is not valid for the given networkMode of this task definition."
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid("networkConfiguration", mode, message))
}

/// A machine elsewhere has no network interfaces to give (API reference of `RunTask`).
fn external(request: &RunTask, definition: &TaskDefinition) -> Result<(), ApiError> {
    let mode = definition.network_mode_or_bridge();
    if request.launch_type == Some(LaunchType::External) && mode == NetworkMode::Awsvpc {
        let message = "The network mode awsvpc is not supported with EXTERNAL launch type.";
        return Err(ApiError::invalid(
            "launchType",
            LaunchType::External,
            message,
        ));
    }
    Ok(())
}

fn overrides(
    overrides: Option<&TaskOverride>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    let changes = overrides.map_or(&[][..], |overrides| &overrides.container_overrides);
    let named = changes.iter().filter_map(|change| change.name.as_deref());
    for name in named {
        if definition.container(name).is_none() {
            let message = format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            );
            return Err(ApiError::invalid(
                "overrides.containerOverrides",
                name,
                message,
            ));
        }
    }
    let Some(overrides) = overrides else {
        return Ok(());
    };
    let known = |name: &str| {
        let mut accelerators = definition.inference_accelerators.iter();
        accelerators.any(|known| known.device_name == name)
    };
    let devices = overrides.inference_accelerator_overrides.iter();
    let mut devices = devices.map(|change| change.device_name.as_deref().unwrap_or_default());
    if let Some(name) = devices.find(|name| !known(name)) {
        let message = format!("The task definition has no accelerator named {name}.");
        let parameter = "overrides.inferenceAcceleratorOverrides";
        return Err(ApiError::invalid(parameter, name, message));
    }
    sizes_together(overrides, definition)
}

/// Refuses sizes that don't go together any more once the overrides are merged.
///
/// # Model
///
/// ECS documents no such check. The rules and the texts are those of a registration, so that overrides can't make a task
/// that could not have been defined.
fn sizes_together(overrides: &TaskOverride, definition: &TaskDefinition) -> Result<(), ApiError> {
    const NAME: &str = "overrides.containerOverrides";
    let size = |new: Option<u32>, old: Option<&str>| new.or_else(|| old?.parse().ok());
    let task_cpu = size(
        overrides.cpu.as_deref().and_then(parse_cpu),
        definition.cpu.as_deref(),
    );
    let task_memory = size(
        overrides.memory.as_deref().and_then(parse_memory),
        definition.memory.as_deref(),
    );
    let task_memory = task_memory.map(i64::from);
    let (mut cpu, mut reserved) = (0, 0);
    for container in &definition.container_definitions {
        let mut changes = overrides.container_overrides.iter();
        let change = changes.find(|change| change.name.as_deref() == Some(&container.name));
        let changed = |get: fn(&ContainerOverride) -> Option<i32>| change.and_then(get);
        let hard = changed(|change| change.memory).or(container.memory);
        let soft = changed(|change| change.memory_reservation).or(container.memory_reservation);
        cpu += i64::from(changed(|change| change.cpu).unwrap_or(container.cpu));
        reserved += i64::from(soft.or(hard).unwrap_or(0));
        let hard = hard.map_or(i64::MAX, i64::from);
        if soft.is_some_and(|soft| hard < i64::from(soft)) {
            let message = "'memory' must be greater than or equal to 'memoryReservation'";
            return Err(ApiError::invalid(NAME, hard, message));
        }
        if hard < i64::MAX && task_memory.is_some_and(|task| hard > task) {
            let name = &container.name;
            let message =
                format!("The 'memory' setting for container '{name}' is greater than for the task");
            return Err(ApiError::invalid(NAME, hard, message));
        }
    }
    for (member, sum, most) in [
        ("memory", reserved, task_memory),
        ("cpu", cpu, task_cpu.map(i64::from)),
    ] {
        if most.is_some_and(|most| sum > most) {
            let message = format!(
                "The sum of all container '{member}' values cannot be greater than the value of the task '{member}'."
            );
            return Err(ApiError::invalid(NAME, sum, message));
        }
    }
    Ok(())
}

/// Refuses sizes of a task, overrides merged, that Fargate doesn't have.
fn fargate_size(
    overrides: Option<&TaskOverride>,
    definition: &TaskDefinition,
) -> Result<(), ApiError> {
    let Some(overrides) = overrides.filter(|it| it.cpu.is_some() || it.memory.is_some()) else {
        return Ok(());
    };
    let cpu = overrides.cpu.as_deref().or(definition.cpu.as_deref());
    let memory = overrides.memory.as_deref().or(definition.memory.as_deref());
    let platform = definition.runtime_platform.as_ref();
    let system = platform.and_then(|platform| platform.operating_system_family);
    let is_windows = system.is_some_and(|system| system != OsFamily::Linux);
    let sizes = cpu.and_then(parse_cpu).zip(memory.and_then(parse_memory));
    if sizes.is_some_and(|(cpu, memory)| is_fargate_size(cpu, memory, is_windows)) {
        return Ok(());
    }
    let value = format!("{} CPU, {} memory", cpu.unwrap_or(""), memory.unwrap_or(""));
    let message = "No Fargate configuration exists for given values.";
    Err(ApiError::invalid("overrides.cpu", value, message))
}

/// Refuses a volume that the task definition doesn't leave to the request.
fn volumes(given: &[TaskVolumeConfiguration], definition: &TaskDefinition) -> Result<(), ApiError> {
    let left_open = |name: &str| {
        let mut volumes = definition.volumes.iter();
        volumes.any(|volume| {
            volume.configured_at_launch == Some(true) && volume.name.as_deref() == Some(name)
        })
    };
    match given.iter().find(|volume| !left_open(&volume.name)) {
        Some(volume) => {
            let message = format!(
                "The volume {} is not configured at launch in the task definition.",
                volume.name
            );
            Err(ApiError::invalid(
                "volumeConfigurations",
                &volume.name,
                message,
            ))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;
    use crate::model::{ContainerDefinition, PlacementConstraint, Volume};

    fn definition(mode: Option<NetworkMode>) -> TaskDefinition {
        TaskDefinition {
            network_mode: mode,
            container_definitions: vec![ContainerDefinition::new("app", "image")],
            ..TaskDefinition::default()
        }
    }

    #[test]
    fn awsvpc_needs_a_network_configuration() {
        let definition = definition(Some(NetworkMode::Awsvpc));
        let with = RunTask::new("web").network(NetworkConfiguration::subnets(["subnet-1"]));
        assert_eq!(against_definition(&with, &definition), Ok(()));
        let text = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
        for without in [
            RunTask::new("web"),
            RunTask::new("web").network(NetworkConfiguration::default()),
        ] {
            check_refused(
                against_definition(&without, &definition),
                "InvalidParameterException",
                text,
            );
        }
    }

    #[test]
    fn other_network_modes_take_no_network_configuration() {
        let text =
            "Network Configuration is not valid for the given networkMode of this task definition.";
        let network = NetworkConfiguration::subnets(["subnet-1"]);
        for mode in [
            None,
            Some(NetworkMode::Bridge),
            Some(NetworkMode::Host),
            Some(NetworkMode::None),
        ] {
            let definition = definition(mode);
            assert_eq!(
                against_definition(&RunTask::new("web"), &definition),
                Ok(())
            );
            let run = RunTask::new("web").network(network.clone());
            check_refused(
                against_definition(&run, &definition),
                "InvalidParameterException",
                text,
            );
            let start = StartTask::new("web", ["i"]).network(network.clone());
            check_refused(
                start_against_definition(&start, &definition),
                "InvalidParameterException",
                text,
            );
        }
    }

    #[test]
    fn an_override_names_a_container_of_the_definition() {
        let change = |name: &str| ContainerOverride::new(name).cpu(1);
        let known = RunTask::new("web").override_container(change("app"));
        assert_eq!(against_definition(&known, &definition(None)), Ok(()));
        let text = "Override for container named db is not a container in the TaskDefinition.";
        let run = known.override_container(change("db"));
        check_refused(
            against_definition(&run, &definition(None)),
            "InvalidParameterException",
            text,
        );
        let start = StartTask::new("web", ["i"]).override_container(change("db"));
        check_refused(
            start_against_definition(&start, &definition(None)),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn constraints_of_request_and_definition_count_together() {
        let constraint = || PlacementConstraint::member_of("attribute:a == b");
        let mut definition = definition(None);
        definition.placement_constraints = vec![constraint(); 6];
        let mut request = RunTask::new("web");
        request.placement_constraints = vec![constraint(); 4];
        assert_eq!(against_definition(&request, &definition), Ok(()));
        check_invalid(
            against_definition(&request.constraint(constraint()), &definition),
            "placementConstraints",
        );
    }

    #[test]
    fn a_volume_is_configured_only_where_the_definition_leaves_it_open() {
        let mut definition = definition(None);
        let volume = |name: &str, open| Volume {
            name: Some(name.to_owned()),
            configured_at_launch: open,
            ..Volume::default()
        };
        definition.volumes = vec![volume("open", Some(true)), volume("fixed", None)];
        let request = |name: &str| RunTask {
            volume_configurations: vec![TaskVolumeConfiguration {
                name: name.to_owned(),
                managed_ebs_volume: None,
            }],
            ..RunTask::new("web")
        };
        assert_eq!(against_definition(&request("open"), &definition), Ok(()));
        check_invalid(
            against_definition(&request("fixed"), &definition),
            "volumeConfigurations",
        );
    }
}
