//! Sizes of the containers of a task definition, alone and together.

use crate::model::{ApiError, ContainerDefinition, RegisterTaskDefinition};

use super::sizes::{task_cpu, task_memory};

/// The least memory of a container in MiB (API reference of `ContainerDefinition`, Docker 20.10 and later).
pub(super) const MEMORY_MIN_MIB: i32 = 6;

/// CPU units of a whole task: 0.125 to 192 vCPU (API reference of `RegisterTaskDefinition`).
pub(super) const TASK_CPU: std::ops::RangeInclusive<u32> = 128..=196_608;

/// Refuses sizes that are missing, too small, or more than the task's.
pub(super) fn sizes(request: &RegisterTaskDefinition) -> Result<(), ApiError> {
    let task_cpu = task_cpu(request.cpu.as_deref())?;
    if let Some(cpu) = task_cpu.filter(|cpu| !TASK_CPU.contains(cpu)) {
        let message = format!(
            "The task 'cpu' must be between {} and {} units.",
            TASK_CPU.start(),
            TASK_CPU.end()
        );
        return Err(ApiError::client("cpu", cpu, message));
    }
    let task_memory = task_memory(request.memory.as_deref())?.map(i64::from);
    if let Some(memory) = task_memory.filter(|mib| *mib < i64::from(MEMORY_MIN_MIB)) {
        let message = format!("The task 'memory' must be at least {MEMORY_MIN_MIB} MiB.");
        return Err(ApiError::client("memory", memory, message));
    }
    let containers = &request.container_definitions;
    containers
        .iter()
        .try_for_each(|container| container_size(container, task_memory))?;
    let reserved: i64 = containers
        .iter()
        .map(|container| i64::from(container.memory_reserved()))
        .sum();
    if task_memory.is_some_and(|memory| reserved > memory) {
        let message = "The sum of all container 'memory' values cannot be greater than the value of the task 'memory'.";
        return Err(ApiError::client("memory", reserved, message));
    }
    let cpu: i64 = containers
        .iter()
        .map(|container| i64::from(container.cpu))
        .sum();
    if task_cpu.is_some_and(|units| cpu > i64::from(units)) {
        let message = "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.";
        return Err(ApiError::client("cpu", cpu, message));
    }
    Ok(())
}

fn container_size(
    container: &ContainerDefinition,
    task_memory: Option<i64>,
) -> Result<(), ApiError> {
    let name = &container.name;
    if container.cpu < 0 {
        let message = format!("The 'cpu' setting for container '{name}' cannot be negative.");
        return Err(ApiError::client(
            "containerDefinitions.cpu",
            container.cpu,
            message,
        ));
    }
    let (hard, soft) = (container.memory, container.memory_reservation);
    if hard.is_none() && soft.is_none() && task_memory.is_none() {
        let message = format!(
            "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be specified."
        );
        return Err(ApiError::client("containerDefinitions.memory", "", message));
    }
    for (member, mib) in [("memory", hard), ("memoryReservation", soft)] {
        if let Some(mib) = mib.filter(|mib| *mib < MEMORY_MIN_MIB) {
            let message = format!(
                "The '{member}' setting for container '{name}' must be at least {MEMORY_MIN_MIB} MiB."
            );
            return Err(ApiError::client(
                format!("containerDefinitions.{member}"),
                mib,
                message,
            ));
        }
    }
    if let (Some(hard), Some(soft)) = (hard, soft) {
        if hard < soft {
            let message = "'memory' must be greater than or equal to 'memoryReservation'";
            return Err(ApiError::client(
                "containerDefinitions.memory",
                hard,
                message,
            ));
        }
    }
    match (hard, task_memory) {
        (Some(hard), Some(task)) if i64::from(hard) > task => {
            let message =
                format!("The 'memory' setting for container '{name}' is greater than for the task");
            Err(ApiError::client(
                "containerDefinitions.memory",
                hard,
                message,
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::task_definition::tests::{
        check_accepted, check_member, check_text, container, task_of,
    };
    use super::*;

    #[test]
    fn a_container_needs_memory_unless_the_task_has_some() {
        let bare = || task_of([ContainerDefinition::new("app", "image")]);
        check_accepted(&bare().memory("128"));
        check_accepted(&task_of([
            ContainerDefinition::new("app", "image").memory_reservation(6)
        ]));
        let text = "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.";
        check_text(&bare(), text);
    }

    #[test]
    fn memory_is_at_least_the_reservation() {
        check_accepted(&task_of([container("a").memory(64).memory_reservation(64)]));
        let text = "'memory' must be greater than or equal to 'memoryReservation'";
        check_text(
            &task_of([container("a").memory(64).memory_reservation(65)]),
            text,
        );
    }

    #[test]
    fn memory_is_at_least_6_mib() {
        check_accepted(&task_of([container("a").memory(6)]));
        check_member(
            &task_of([container("a").memory(5)]),
            "containerDefinitions.memory",
        );
        check_member(
            &task_of([container("a").memory_reservation(5)]),
            "containerDefinitions.memoryReservation",
        );
        check_member(&task_of([container("a")]).memory("5"), "memory");
    }

    #[test]
    fn no_container_has_more_memory_than_its_task() {
        check_accepted(&task_of([container("a").memory(512)]).memory("0.5 GB"));
        let text = "The 'memory' setting for container 'a' is greater than for the task";
        check_text(
            &task_of([container("a").memory(513)]).memory("0.5 GB"),
            text,
        );
    }

    #[test]
    fn containers_together_have_no_more_memory_than_their_task() {
        let two = || task_of([container("a").memory(300), container("b").memory(300)]);
        check_accepted(&two().memory("600"));
        check_member(&two().memory("599"), "memory");
        // What counts is the reservation, as in the ledger.
        check_accepted(
            &task_of([
                container("a").memory(300).memory_reservation(100),
                container("b").memory(300),
            ])
            .memory("400"),
        );
    }

    #[test]
    fn containers_together_have_no_more_cpu_than_their_task() {
        let two = || task_of([container("a").cpu(512), container("b").cpu(512)]);
        check_accepted(&two().cpu("1 vCPU"));
        let text = "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.";
        check_text(&two().cpu("1023"), text);
    }

    #[test]
    fn the_cpu_of_a_task_is_a_size_from_an_eighth_to_192_vcpus() {
        let task = |cpu: &str| task_of([container("a")]).cpu(cpu);
        check_accepted(&task("128"));
        check_accepted(&task("192 vCPU"));
        for wrong in ["127", "196609", "much", "-1", ""] {
            check_member(&task(wrong), "cpu");
        }
    }

    #[test]
    fn the_memory_of_a_task_is_a_size() {
        check_member(&task_of([container("a")]).memory("2 MB"), "memory");
    }

    #[test]
    fn the_cpu_of_a_container_is_not_negative() {
        check_accepted(&task_of([container("a").cpu(0)]));
        check_member(
            &task_of([container("a").cpu(-1)]),
            "containerDefinitions.cpu",
        );
    }
}
