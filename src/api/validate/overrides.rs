//! Overrides of a request: what they may say whatever the task definition.

use crate::model::{
    ApiError, ContainerOverride, InferenceAcceleratorOverride, ResourceRequirement, ResourceType,
    TaskOverride,
};

use super::containers::{MEMORY_MIN_MIB, TASK_CPU};
use super::{JsonLength, parts, sizes};

/// Characters of the overrides as JSON (API reference of `RunTask`).
const OVERRIDES_MAX: usize = 8_192;

/// Refuses overrides that are too long, or that change something to what it can't be.
pub(super) fn overrides(overrides: Option<&TaskOverride>) -> Result<(), ApiError> {
    let Some(overrides) = overrides else {
        return Ok(());
    };
    let characters = JsonLength::of(overrides).characters;
    if characters > OVERRIDES_MAX {
        let message = format!("Container Overrides length must be at most {OVERRIDES_MAX}");
        return Err(ApiError::invalid("overrides", characters, message));
    }
    task_size(overrides)?;
    let storage = overrides.ephemeral_storage.as_ref();
    parts::scratch_space(storage.map(|storage| storage.size_in_gib))?;
    let is_complete = |change: &InferenceAcceleratorOverride| {
        change.device_name.is_some() && change.device_type.is_some()
    };
    let mut accelerators = overrides.inference_accelerator_overrides.iter();
    if let Some(change) = accelerators.find(|change| !is_complete(change)) {
        let value = change.device_name.as_deref().unwrap_or_default();
        let message = "An accelerator override needs the name and the type of a device.";
        let parameter = "overrides.inferenceAcceleratorOverrides";
        return Err(ApiError::invalid(parameter, value, message));
    }
    overrides
        .container_overrides
        .iter()
        .try_for_each(container_override)
}

/// Refuses sizes of the whole task that are none, or that no task can have.
fn task_size(overrides: &TaskOverride) -> Result<(), ApiError> {
    let refused = |member: &str, value: &str| {
        let message = format!("Invalid '{member}' setting for task: {value}");
        Err(ApiError::invalid(
            format!("overrides.{member}"),
            value,
            message,
        ))
    };
    if let Some(text) = &overrides.cpu {
        if !sizes::parse_cpu(text).is_some_and(|units| TASK_CPU.contains(&units)) {
            return refused("cpu", text);
        }
    }
    if let Some(text) = &overrides.memory {
        let is_enough = |mib| i64::from(mib) >= i64::from(MEMORY_MIN_MIB);
        if !sizes::parse_memory(text).is_some_and(is_enough) {
            return refused("memory", text);
        }
    }
    Ok(())
}

fn container_override(change: &ContainerOverride) -> Result<(), ApiError> {
    const NAME: &str = "overrides.containerOverrides";
    if change.name.as_deref().unwrap_or_default().is_empty() {
        return Err(ApiError::invalid(
            NAME,
            "",
            "A container override needs the name of a container.",
        ));
    }
    if let Some(cpu) = change.cpu.filter(|cpu| *cpu < 0) {
        return Err(ApiError::invalid(
            NAME,
            cpu,
            "The cpu of a container override cannot be negative.",
        ));
    }
    for (member, mib) in [
        ("memory", change.memory),
        ("memoryReservation", change.memory_reservation),
    ] {
        if let Some(mib) = mib.filter(|mib| *mib < MEMORY_MIN_MIB) {
            let message = format!(
                "The {member} of a container override must be at least {MEMORY_MIN_MIB} MiB."
            );
            return Err(ApiError::invalid(NAME, mib, message));
        }
    }
    if let Some(requirement) = change
        .resource_requirements
        .iter()
        .find(|needed| !is_countable(needed))
    {
        let value = requirement.value.as_deref().unwrap_or_default();
        return Err(ApiError::invalid(NAME, value, GPU_COUNT_TEXT));
    }
    parts::environment_files(
        "overrides.containerOverrides.environmentFiles",
        &change.environment_files,
    )
}

/// Our text for a GPU requirement that isn't a number.
///
/// ECS also takes `ALL`, which the ledger can't count before a container instance is chosen.
pub(super) const GPU_COUNT_TEXT: &str =
    "A GPU requirement must be a number of at least 1; ALL is not simulated.";

/// Whether a requirement is a positive number of GPUs, or not about whole GPUs.
pub(super) fn is_countable(requirement: &ResourceRequirement) -> bool {
    let is_about_gpus =
        requirement.r#type == Some(ResourceType::Gpu) && requirement.sharing_strategy.is_none();
    !is_about_gpus || requirement.gpu_count().is_some_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;

    fn of_containers(change: ContainerOverride) -> TaskOverride {
        TaskOverride {
            container_overrides: vec![change],
            ..TaskOverride::default()
        }
    }

    fn check(given: &TaskOverride) -> Result<(), ApiError> {
        overrides(Some(given))
    }

    #[test]
    fn overrides_have_up_to_8192_characters_of_json() {
        let overriding = |length: usize| {
            of_containers(ContainerOverride::new("app").command(["x".repeat(length)]))
        };
        let overhead = r#"{"containerOverrides":[{"name":"app","command":[""]}]}"#.len();
        assert_eq!(check(&overriding(8_192 - overhead)), Ok(()));
        let text = "Container Overrides length must be at most 8192";
        check_refused(
            check(&overriding(8_193 - overhead)),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn sizes_in_overrides_are_sizes() {
        let sized = |cpu: &str, memory: &str| {
            let (cpu, memory) = (Some(cpu.to_owned()), Some(memory.to_owned()));
            check(&TaskOverride {
                cpu,
                memory,
                ..TaskOverride::default()
            })
        };
        assert_eq!(sized("1 vCPU", "2 GB"), Ok(()));
        check_invalid(sized("much", "2 GB"), "overrides.cpu");
        check_invalid(sized("256", "2 MB"), "overrides.memory");
    }

    #[test]
    fn a_container_override_has_a_name_and_possible_amounts() {
        let gpu = |count| ContainerOverride {
            resource_requirements: vec![ResourceRequirement::gpu(count)],
            ..ContainerOverride::new("a")
        };
        for wrong in [
            ContainerOverride::default(),
            ContainerOverride::new("a").cpu(-1),
            ContainerOverride::new("a").memory(5),
            ContainerOverride::new("a").memory_reservation(0),
            gpu(0),
        ] {
            check_invalid(check(&of_containers(wrong)), "overrides.containerOverrides");
        }
        assert_eq!(check(&of_containers(gpu(2))), Ok(()));
    }
}
