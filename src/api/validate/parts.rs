//! The smaller parts of a task definition: members they can't do without, and what they name.

use crate::model::{
    ApiError, ContainerDefinition, EnvironmentFile, NvidiaMpsAllocation, PortMapping,
    RegisterTaskDefinition, ResourceRequirement, ResourceType, Volume,
};

use super::overrides::{GPU_COUNT_TEXT, is_countable};

/// Characters of an image's name (API reference of `ContainerDefinition`).
const IMAGE_MAX: usize = 255;

/// Environment files of a container (API reference of `ContainerDefinition`).
const FILES_MAX: usize = 10;

/// GiB of scratch space that a task can ask for (API reference of `EphemeralStorage`).
const SCRATCH: std::ops::RangeInclusive<i32> = 21..=200;

/// Refuses parts of containers that lack a member, and names out of their character set.
pub(super) fn of_containers(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    request
        .container_definitions
        .iter()
        .try_for_each(|container| {
            of_container(container)?;
            environment_files(
                "containerDefinitions.environmentFiles",
                &container.environment_files,
            )
            .map_err(of_definition)
        })?;
    port_names(request)
}

fn of_container(container: &ContainerDefinition) -> Result<(), ApiError> {
    let logs = container.log_configuration.as_ref();
    let login = container.repository_credentials.as_ref();
    let router = container.firelens_configuration.as_ref();
    let linux = container.linux_parameters.as_ref();
    let options = logs.map_or(&[][..], |logs| &logs.secret_options);
    let mut secrets = container.secrets.iter().chain(options);
    let missing = [
        (
            "secrets",
            secrets.any(|secret| secret.name.is_empty() || secret.value_from.is_empty()),
        ),
        (
            "logConfiguration.logDriver",
            logs.is_some_and(|logs| logs.log_driver.is_none()),
        ),
        (
            "repositoryCredentials.credentialsParameter",
            login.is_some_and(|login| login.credentials_parameter.is_empty()),
        ),
        (
            "firelensConfiguration.type",
            router.is_some_and(|router| router.r#type.is_none()),
        ),
        (
            "extraHosts",
            container
                .extra_hosts
                .iter()
                .any(|host| host.hostname.is_empty() || host.ip_address.is_empty()),
        ),
        (
            "ulimits.name",
            container.ulimits.iter().any(|limit| limit.name.is_none()),
        ),
        (
            "linuxParameters.devices",
            linux.is_some_and(|linux| linux.devices.iter().any(|it| it.host_path.is_empty())),
        ),
        (
            "linuxParameters.tmpfs",
            linux.is_some_and(|linux| {
                let mut tmpfs = linux.tmpfs.iter();
                tmpfs.any(|it| it.container_path.is_empty() || it.size < 1)
            }),
        ),
    ];
    first_missing("containerDefinitions.", &container.name, &missing)
}

/// Refuses the first of some members that is missing.
fn first_missing(prefix: &str, of: &str, missing: &[(&str, bool)]) -> Result<(), ApiError> {
    match missing.iter().find(|(_, missing)| *missing) {
        Some((member, _)) => {
            let message = format!("Invalid '{member}' setting: a required value is missing.");
            Err(ApiError::client(format!("{prefix}{member}"), of, message))
        }
        None => Ok(()),
    }
}

/// Refuses the name of an image that is too long or has characters that no image has.
pub(super) fn image(container: &ContainerDefinition) -> Result<(), ApiError> {
    let image = container.image.as_str();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:./#@".contains(&byte);
    if image.len() <= IMAGE_MAX && image.bytes().all(allowed) {
        return Ok(());
    }
    let message = format!(
        "The image of container '{}' must have up to {IMAGE_MAX} letters, digits and - _ : . / # @.",
        container.name
    );
    Err(ApiError::client(
        "containerDefinitions.image",
        image,
        message,
    ))
}

/// Refuses too many environment files, and any that isn't an object of S3 whose name ends in `.env`.
pub(super) fn environment_files(
    parameter: &str,
    files: &[EnvironmentFile],
) -> Result<(), ApiError> {
    if files.len() > FILES_MAX {
        let message = format!("A container can have at most {FILES_MAX} environment files.");
        return Err(ApiError::invalid(parameter, files.len(), message));
    }
    for file in files {
        let message = if file.r#type.is_none() {
            "An environment file needs a type."
        } else if !file.value.ends_with(".env") {
            "The name of an environment file must end in .env."
        } else if !(file.value.starts_with("arn:") && file.value.contains(":s3:::")) {
            "An environment file must be the ARN of an object in S3."
        } else {
            continue;
        };
        return Err(ApiError::invalid(parameter, &file.value, message));
    }
    Ok(())
}

/// An error about a request in itself, as one by the rules of task definitions.
fn of_definition(error: ApiError) -> ApiError {
    ApiError::Client(error.problem().clone())
}

/// Refuses names of ports that are malformed or used twice in a task (API reference of `PortMapping`).
fn port_names(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let mut containers = request.container_definitions.iter();
    let named = |container: &ContainerDefinition| {
        let mut ports = container.port_mappings.iter();
        ports.any(|mapping| mapping.name.is_some())
    };
    if !containers.any(named) {
        return Ok(());
    }
    let mappings = request.container_definitions.iter();
    let mappings = mappings.flat_map(|container| &container.port_mappings);
    let name = |mapping: &PortMapping| mapping.name.clone();
    let names: Vec<String> = mappings.filter_map(name).collect();
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-'
    };
    for (nth, name) in names.iter().enumerate() {
        let is_well_formed =
            (1..=64).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('-');
        let message = if !is_well_formed {
            "A port name must have up to 64 lower-case letters, digits, _ and -, and not begin with -."
        } else if names[..nth].contains(name) {
            "A port name can be used only once in a task definition."
        } else {
            continue;
        };
        let parameter = "containerDefinitions.portMappings.name";
        return Err(ApiError::client(parameter, name, message));
    }
    Ok(())
}

/// Refuses GPUs and accelerators that are asked for in a way that can't be met.
pub(super) fn resources(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let mut whole = None;
    let mut neuron = None;
    for container in &request.container_definitions {
        for needed in &container.resource_requirements {
            let refused = |message: &str| {
                let value = needed.value.as_deref().unwrap_or_default();
                let parameter = "containerDefinitions.resourceRequirements";
                Err(ApiError::client(parameter, value, message))
            };
            let Some(kind) = needed.r#type else {
                return refused("A resource requirement needs a type.");
            };
            let message = match kind {
                ResourceType::Gpu => gpu(needed, &mut whole),
                ResourceType::NeuronDevice if needed.value.as_deref() != Some("ALL") => {
                    Some("The value of a NeuronDevice requirement must be ALL.")
                }
                ResourceType::NeuronDevice if neuron.replace(&container.name).is_some() => {
                    Some("Only one container of a task can have Neuron devices.")
                }
                ResourceType::InferenceAccelerator if !has_accelerator(request, needed) => Some(
                    "An InferenceAccelerator requirement must name an accelerator of the task.",
                ),
                ResourceType::NeuronDevice | ResourceType::InferenceAccelerator => None,
            };
            if let Some(message) = message {
                return refused(message);
            }
            if kind == ResourceType::Gpu && super::fargate::is_windows(request) {
                return refused("GPUs are not supported on Windows.");
            }
        }
    }
    Ok(())
}

/// What is wrong with a GPU requirement; `whole` is whether those before it asked for whole ones.
fn gpu(needed: &ResourceRequirement, whole: &mut Option<bool>) -> Option<&'static str> {
    let shares = needed.sharing_strategy.as_ref();
    if shares.is_some() == needed.value.is_some() {
        return Some("A GPU requirement needs either a value or a sharing strategy.");
    }
    if *whole.get_or_insert(shares.is_none()) != shares.is_none() {
        return Some("A task can have whole GPUs or shares of them, not both.");
    }
    let share = shares.map(|shares| shares.nvidia_mps.as_ref());
    let is_possible = |share: &NvidiaMpsAllocation| {
        let percent = share.max_compute_percent.unwrap_or(100);
        share.memory >= 1 && (1..=100).contains(&percent)
    };
    match share {
        None if !is_countable(needed) => Some(GPU_COUNT_TEXT),
        Some(None) => Some("A sharing strategy needs nvidiaMps."),
        Some(Some(share)) if !is_possible(share) => {
            Some("A share of a GPU has at least 1 MiB and 1 to 100 percent of its threads.")
        }
        _ => None,
    }
}

fn has_accelerator(request: &RegisterTaskDefinition, needed: &ResourceRequirement) -> bool {
    let mut known = request.inference_accelerators.iter();
    known.any(|known| Some(known.device_name.as_str()) == needed.value.as_deref())
}

/// Refuses parts of the task itself that lack a member or name what isn't there.
pub(super) fn of_task(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let isolation = request.trusted_execution_configuration.as_ref();
    let volume = |missing: fn(&Volume) -> bool| request.volumes.iter().any(missing);
    let missing = [
        (
            "inferenceAccelerators",
            request
                .inference_accelerators
                .iter()
                .any(|it| it.device_name.is_empty() || it.device_type.is_empty()),
        ),
        (
            "trustedExecutionConfiguration.isolationMode",
            isolation.is_some_and(|isolation| isolation.isolation_mode.is_none()),
        ),
        (
            "volumes.efsVolumeConfiguration.fileSystemId",
            volume(|volume| {
                let efs = volume.efs_volume_configuration.as_ref();
                efs.is_some_and(|efs| efs.file_system_id.is_empty())
            }),
        ),
        (
            "volumes.s3filesVolumeConfiguration.fileSystemArn",
            volume(|volume| {
                let s3 = volume.s3files_volume_configuration.as_ref();
                s3.is_some_and(|s3| s3.file_system_arn.is_empty())
            }),
        ),
        (
            "volumes.fsxWindowsFileServerVolumeConfiguration",
            volume(|volume| {
                let fsx = volume.fsx_windows_file_server_volume_configuration.as_ref();
                fsx.is_some_and(|fsx| {
                    fsx.file_system_id.is_empty()
                        || fsx.root_directory.is_empty()
                        || fsx.authorization_config.is_none()
                })
            }),
        ),
    ];
    first_missing("", &request.family, &missing)?;
    if let Some(proxy) = &request.proxy_configuration {
        let mut containers = request.container_definitions.iter();
        if !containers.any(|container| container.name == proxy.container_name) {
            let message = format!(
                "The proxy container {} does not exist.",
                proxy.container_name
            );
            let parameter = "proxyConfiguration.containerName";
            return Err(ApiError::client(parameter, &proxy.container_name, message));
        }
    }
    let storage = request.ephemeral_storage.as_ref();
    scratch_space(storage.map(|storage| storage.size_in_gib)).map_err(of_definition)
}

/// Refuses scratch space of a size that a task can't have.
pub(super) fn scratch_space(gib: Option<i32>) -> Result<(), ApiError> {
    let (parameter, min, max) = ("ephemeralStorage", SCRATCH.start(), SCRATCH.end());
    let message = match gib {
        Some(gib) if gib < *min => format!("EphemeralStorage size should be at least {min}"),
        Some(gib) if gib > *max => format!("EphemeralStorage size should be at most {max}"),
        _ => return Ok(()),
    };
    Err(ApiError::invalid(
        parameter,
        gib.unwrap_or_default(),
        message,
    ))
}
