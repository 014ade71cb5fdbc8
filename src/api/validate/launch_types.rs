//! For which launch types a task definition will do.

use crate::model::{
    ApiError, Compatibility, ContainerDefinition, NetworkMode, RegisterTaskDefinition, ResourceType,
};

use super::fargate::{fargate, is_windows};

/// The launch types in the order in which they are checked and shown.
const ALL: [Compatibility; 4] = [
    Compatibility::Ec2,
    Compatibility::External,
    Compatibility::Fargate,
    Compatibility::ManagedInstances,
];

/// Refuses a task definition that will not do for a launch type that it says it requires.
pub(super) fn required(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let required = ALL
        .iter()
        .filter(|kind| request.requires_compatibilities.contains(kind));
    required
        .copied()
        .try_for_each(|kind| compatible(request, kind))
}

/// Every launch type for which a valid task definition will do, required or not.
pub(crate) fn compatibilities(request: &RegisterTaskDefinition) -> Vec<Compatibility> {
    let fits = |kind: &Compatibility| compatible(request, *kind).is_ok();
    ALL.into_iter().filter(fits).collect()
}

fn compatible(request: &RegisterTaskDefinition, kind: Compatibility) -> Result<(), ApiError> {
    if kind != Compatibility::ManagedInstances {
        let needs_neuron = |container: &&ContainerDefinition| needs_neuron(container);
        if let Some(container) = request.container_definitions.iter().find(needs_neuron) {
            let message = format!("Neuron devices are not supported on {kind}.");
            let parameter = "containerDefinitions.resourceRequirements";
            return Err(ApiError::client(parameter, &container.name, message));
        }
    }
    match kind {
        Compatibility::Ec2 => Ok(()),
        Compatibility::External => external(request),
        Compatibility::Fargate => fargate(request),
        Compatibility::ManagedInstances => managed(request),
    }
}

fn needs_neuron(container: &ContainerDefinition) -> bool {
    let mut needed = container.resource_requirements.iter();
    needed.any(|needed| needed.r#type == Some(ResourceType::NeuronDevice))
}

/// Refuses what an agent on a machine outside of EC2 can't do.
///
/// # Model
///
/// These are the capabilities that the ECS agent does not register there (`externalUnsupportedCapabilities`).
fn external(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let attaches = |open: Option<bool>| open == Some(true);
    let excluded = [
        (
            "networkMode",
            request.network_mode == Some(NetworkMode::Awsvpc),
        ),
        ("proxyConfiguration", request.proxy_configuration.is_some()),
        (
            "inferenceAccelerators",
            !request.inference_accelerators.is_empty(),
        ),
        (
            "enableFaultInjection",
            request.enable_fault_injection == Some(true),
        ),
        (
            "volumes.configuredAtLaunch",
            request
                .volumes
                .iter()
                .any(|volume| attaches(volume.configured_at_launch)),
        ),
    ];
    match excluded.iter().find(|(_, given)| *given) {
        Some(("networkMode", _)) => {
            let message = "External instances do not support network mode awsvpc.";
            Err(ApiError::client(
                "networkMode",
                NetworkMode::Awsvpc,
                message,
            ))
        }
        Some((member, _)) => {
            let message = format!("External instances do not support {member}.");
            Err(ApiError::client(*member, true, message))
        }
        None => Ok(()),
    }
}

/// Refuses what instances that ECS manages can't do.
///
/// # Model
///
/// Two rules of the developer guide: the network modes are `awsvpc` and `host`, and the system is Linux.
fn managed(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let mode = request.network_mode.unwrap_or(NetworkMode::Bridge);
    if !matches!(mode, NetworkMode::Awsvpc | NetworkMode::Host) {
        let message = format!("Managed instances do not support network mode {mode}.");
        return Err(ApiError::client("networkMode", mode, message));
    }
    if is_windows(request) {
        let message = "Managed instances do not support Windows.";
        return Err(ApiError::client("runtimePlatform", "", message));
    }
    Ok(())
}
