//! `RunTask` and `StartTask`: what their parameters must satisfy whatever the task definition.

use crate::model::{
    ApiError, CapacityProviderStrategyItem, LaunchType, NetworkConfiguration, PropagateTags,
    RunTask, StartTask, TaskVolumeConfiguration,
};

pub(crate) use super::against_definition::{against_definition, start_against_definition};
use super::{items, length, overrides, placement, present, tags};

/// Refuses a `RunTask` that no state could make right.
pub(crate) fn run_task(request: &RunTask) -> Result<(), ApiError> {
    present("taskDefinition", &request.task_definition)?;
    count(request.count)?;
    capacity(request)?;
    length("group", request.group.as_deref(), 255)?;
    started_by(request.started_by.as_deref())?;
    overrides::overrides(request.overrides.as_ref())?;
    placement::constraints(&request.placement_constraints)?;
    placement::strategy(&request.placement_strategy)?;
    network(request.network_configuration.as_ref())?;
    propagate_tags(request.propagate_tags)?;
    length("referenceId", request.reference_id.as_deref(), 1_024)?;
    tags(&request.tags)?;
    client_token(request.client_token.as_deref())?;
    platform_version(request)?;
    volumes(&request.volume_configurations)
}

/// Refuses a `StartTask` that no state could make right.
pub(crate) fn start_task(request: &StartTask) -> Result<(), ApiError> {
    present("taskDefinition", &request.task_definition)?;
    if request.container_instances.is_empty() {
        return Err(ApiError::invalid(
            "containerInstances",
            0,
            "Container instances cannot be empty.",
        ));
    }
    if request.container_instances.len() > 10 {
        let count = request.container_instances.len();
        return Err(ApiError::invalid(
            "containerInstances",
            count,
            "instanceIds can have at most 10 items.",
        ));
    }
    length("group", request.group.as_deref(), 255)?;
    started_by(request.started_by.as_deref())?;
    overrides::overrides(request.overrides.as_ref())?;
    network(request.network_configuration.as_ref())?;
    propagate_tags(request.propagate_tags)?;
    length("referenceId", request.reference_id.as_deref(), 1_024)?;
    tags(&request.tags)?;
    volumes(&request.volume_configurations)
}

fn count(count: Option<i32>) -> Result<(), ApiError> {
    match count {
        Some(count) if !(1..=10).contains(&count) => Err(ApiError::invalid(
            "count",
            count,
            "The count of tasks must be between 1 and 10.",
        )),
        _ => Ok(()),
    }
}

fn capacity(request: &RunTask) -> Result<(), ApiError> {
    if let Some(launch_type) = request
        .launch_type
        .filter(|_| !request.capacity_provider_strategy.is_empty())
    {
        let message = "Specify either Launch Type or Capacity Provider Strategy, but not both.";
        return Err(ApiError::invalid("launchType", launch_type, message));
    }
    capacity_provider_strategy(&request.capacity_provider_strategy)?;
    let items = request.capacity_provider_strategy.as_slice();
    if items.len() > 1 && items.iter().all(|item| item.weight == 0) {
        let message = "At least one capacity provider must have a weight above zero.";
        return Err(ApiError::invalid(
            "capacityProviderStrategy",
            items.len(),
            message,
        ));
    }
    Ok(())
}

/// Refuses too many items and weights and bases out of range (API reference of `CapacityProviderStrategyItem`).
pub(super) fn capacity_provider_strategy(
    strategy: &[CapacityProviderStrategyItem],
) -> Result<(), ApiError> {
    const NAME: &str = "capacityProviderStrategy";
    items(NAME, strategy.len(), 20)?;
    for item in strategy {
        present(
            "capacityProviderStrategy.capacityProvider",
            &item.capacity_provider,
        )?;
        if !(0..=1_000).contains(&item.weight) {
            return Err(ApiError::invalid(
                NAME,
                item.weight,
                "The weight of a capacity provider must be between 0 and 1000.",
            ));
        }
        if !(0..=100_000).contains(&item.base) {
            return Err(ApiError::invalid(
                NAME,
                item.base,
                "The base of a capacity provider must be between 0 and 100000.",
            ));
        }
    }
    let fargate = strategy.iter().filter(|item| item.is_of_fargate()).count();
    if fargate > 0 && fargate < strategy.len() {
        let message = "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers.";
        return Err(ApiError::invalid(NAME, strategy.len(), message));
    }
    if strategy.iter().filter(|item| item.base > 0).count() > 1 {
        return Err(ApiError::invalid(
            NAME,
            strategy.len(),
            "Only one capacity provider can have a base.",
        ));
    }
    Ok(())
}

/// Refuses a `startedBy` that is too long or has other characters than letters, digits, `-`, `_` and `/`.
pub(super) fn started_by(text: Option<&str>) -> Result<(), ApiError> {
    length("startedBy", text, 128)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    match text {
        Some(text) if !text.bytes().all(allowed) => {
            let message =
                "startedBy can have letters, digits, hyphens, underscores and slashes only.";
            Err(ApiError::invalid("startedBy", text, message))
        }
        _ => Ok(()),
    }
}

fn network(network: Option<&NetworkConfiguration>) -> Result<(), ApiError> {
    const NAME: &str = "networkConfiguration.awsvpcConfiguration";
    let Some(awsvpc) = network.and_then(|network| network.awsvpc_configuration.as_ref()) else {
        return Ok(());
    };
    if awsvpc.subnets.is_empty() {
        return Err(ApiError::invalid(NAME, 0, "subnets can not be empty."));
    }
    items("subnets", awsvpc.subnets.len(), 16)?;
    items("securityGroups", awsvpc.security_groups.len(), 5)
}

fn propagate_tags(propagate: Option<PropagateTags>) -> Result<(), ApiError> {
    match propagate {
        Some(PropagateTags::Service) => {
            let message =
                "Tags can be propagated from a task definition only: SERVICE is for services.";
            Err(ApiError::invalid(
                "propagateTags",
                PropagateTags::Service,
                message,
            ))
        }
        _ => Ok(()),
    }
}

fn client_token(token: Option<&str>) -> Result<(), ApiError> {
    match token {
        Some(token)
            if token.chars().count() > 64
                || !token.bytes().all(|byte| (33..=126).contains(&byte)) =>
        {
            let message = "clientToken can have at most 64 characters, each of ASCII 33 to 126.";
            Err(ApiError::invalid("clientToken", token, message))
        }
        _ => Ok(()),
    }
}

fn platform_version(request: &RunTask) -> Result<(), ApiError> {
    match &request.platform_version {
        Some(version)
            if request.launch_type != Some(LaunchType::Fargate)
                && request.capacity_provider_strategy.is_empty() =>
        {
            let message = "The platform version must be null when specifying an EC2 launch type";
            Err(ApiError::invalid("platformVersion", version, message))
        }
        _ => Ok(()),
    }
}

/// On Fargate there is no container instance to choose (API reference of `RunTask`).
pub(crate) fn no_placement_on_fargate(request: &RunTask) -> Result<(), ApiError> {
    for (parameter, count, what) in [
        (
            "placementConstraints",
            request.placement_constraints.len(),
            "constraints",
        ),
        (
            "placementStrategy",
            request.placement_strategy.len(),
            "strategies",
        ),
    ] {
        if count > 0 {
            let message = format!("Placement {what} are not supported with FARGATE launch type.");
            return Err(ApiError::invalid(parameter, count, message));
        }
    }
    Ok(())
}

fn volumes(volumes: &[TaskVolumeConfiguration]) -> Result<(), ApiError> {
    items("volumeConfigurations", volumes.len(), 1)?;
    volumes
        .iter()
        .try_for_each(|volume| present("volumeConfigurations.name", &volume.name))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_invalid, check_refused};
    use super::*;
    use crate::model::{ContainerOverride, PlacementStrategy, Tag};

    fn refused(change: impl FnOnce(&mut RunTask), parameter: &str) {
        let mut request = RunTask::new("web");
        assert_eq!(run_task(&request), Ok(()));
        change(&mut request);
        check_invalid(run_task(&request), parameter);
    }

    fn accepted(change: impl FnOnce(&mut RunTask)) {
        let mut request = RunTask::new("web");
        change(&mut request);
        assert_eq!(run_task(&request), Ok(()));
    }

    #[test]
    fn a_task_definition_is_needed() {
        refused(|request| request.task_definition.clear(), "taskDefinition");
    }

    #[test]
    fn one_request_runs_1_to_10_tasks() {
        accepted(|request| request.count = Some(10));
        for wrong in [0, 11, -1, i32::MIN] {
            refused(|request| request.count = Some(wrong), "count");
        }
    }

    #[test]
    fn a_launch_type_excludes_a_capacity_provider_strategy() {
        let item = CapacityProviderStrategyItem {
            capacity_provider: "spot".to_owned(),
            weight: 1,
            base: 0,
        };
        let mut request = RunTask::new("web");
        request.capacity_provider_strategy.push(item);
        assert_eq!(run_task(&request), Ok(()));
        request.launch_type = Some(LaunchType::Ec2);
        let text = "Specify either Launch Type or Capacity Provider Strategy, but not both.";
        check_refused(run_task(&request), "InvalidParameterException", text);
    }

    #[test]
    fn capacity_providers_have_a_name_a_weight_and_one_base() {
        let item = |weight, base| CapacityProviderStrategyItem {
            capacity_provider: "spot".to_owned(),
            weight,
            base,
        };
        accepted(|request| {
            request.capacity_provider_strategy = vec![item(1_000, 100_000), item(0, 0)]
        });
        for wrong in [item(1_001, 0), item(-1, 0), item(1, 100_001), item(1, -1)] {
            refused(
                |request| request.capacity_provider_strategy = vec![wrong],
                "capacityProviderStrategy",
            );
        }
        refused(
            |request| request.capacity_provider_strategy = vec![item(1, 1), item(1, 1)],
            "capacityProviderStrategy",
        );
        refused(
            |request| request.capacity_provider_strategy = vec![item(1, 0); 21],
            "capacityProviderStrategy",
        );
        let nameless = vec![CapacityProviderStrategyItem::default()];
        refused(
            |request| request.capacity_provider_strategy = nameless,
            "capacityProviderStrategy.capacityProvider",
        );
    }

    #[test]
    fn a_group_has_up_to_255_characters() {
        accepted(|request| request.group = Some("ä".repeat(255)));
        refused(|request| request.group = Some("g".repeat(256)), "group");
    }

    #[test]
    fn started_by_has_up_to_128_plain_characters() {
        accepted(|request| request.started_by = Some("ecs-svc/0_A".to_owned()));
        accepted(|request| request.started_by = Some("x".repeat(128)));
        refused(
            |request| request.started_by = Some("x".repeat(129)),
            "startedBy",
        );
        refused(
            |request| request.started_by = Some("a b".to_owned()),
            "startedBy",
        );
    }

    #[test]
    fn placement_is_checked() {
        refused(
            |request| request.placement_strategy = vec![PlacementStrategy::default()],
            "placementStrategy",
        );
        refused(
            |request| request.placement_constraints = vec![Default::default()],
            "placementConstraints",
        );
    }

    #[test]
    fn a_network_has_1_to_16_subnets_and_up_to_5_security_groups() {
        let network = |subnets: usize, groups: usize| {
            let mut network = NetworkConfiguration::subnets(vec!["subnet-1"; subnets]);
            if let Some(awsvpc) = &mut network.awsvpc_configuration {
                awsvpc.security_groups = vec!["sg-1".to_owned(); groups];
            }
            Some(network)
        };
        accepted(|request| request.network_configuration = network(16, 5));
        refused(
            |request| request.network_configuration = network(0, 0),
            "networkConfiguration.awsvpcConfiguration",
        );
        refused(
            |request| request.network_configuration = network(17, 0),
            "subnets",
        );
        refused(
            |request| request.network_configuration = network(1, 6),
            "securityGroups",
        );
    }

    #[test]
    fn tags_come_from_a_task_definition_or_not_at_all() {
        accepted(|request| request.propagate_tags = Some(PropagateTags::TaskDefinition));
        accepted(|request| request.propagate_tags = Some(PropagateTags::None));
        refused(
            |request| request.propagate_tags = Some(PropagateTags::Service),
            "propagateTags",
        );
    }

    #[test]
    fn a_reference_id_has_up_to_1024_characters() {
        accepted(|request| request.reference_id = Some("x".repeat(1_024)));
        refused(
            |request| request.reference_id = Some("x".repeat(1_025)),
            "referenceId",
        );
    }

    #[test]
    fn tags_are_checked() {
        refused(|request| request.tags = vec![Tag::new("", "")], "tags.key");
    }

    #[test]
    fn a_client_token_has_up_to_64_visible_characters() {
        accepted(|request| request.client_token = Some("!~".repeat(32)));
        for wrong in ["x".repeat(65), "a b".to_owned(), "é".to_owned()] {
            refused(|request| request.client_token = Some(wrong), "clientToken");
        }
    }

    #[test]
    fn a_platform_version_is_not_for_ec2() {
        let mut request = RunTask::new("web").launch_type(LaunchType::Fargate);
        request.platform_version = Some("1.4.0".to_owned());
        assert_eq!(run_task(&request), Ok(()));
        request.launch_type = Some(LaunchType::Ec2);
        let text = "The platform version must be null when specifying an EC2 launch type";
        check_refused(run_task(&request), "InvalidParameterException", text);
    }

    #[test]
    fn one_volume_is_configured_at_launch() {
        let volume = |name: &str| TaskVolumeConfiguration {
            name: name.to_owned(),
            managed_ebs_volume: None,
        };
        accepted(|request| request.volume_configurations = vec![volume("data")]);
        refused(
            |request| request.volume_configurations = vec![volume("a"), volume("b")],
            "volumeConfigurations",
        );
        refused(
            |request| request.volume_configurations = vec![volume("")],
            "volumeConfigurations.name",
        );
    }

    #[test]
    fn the_first_violation_in_the_fixed_order_is_reported() {
        let request = RunTask::new("web")
            .count(0)
            .group("g".repeat(256))
            .started_by("a b");
        check_invalid(run_task(&request), "count");
        check_invalid(
            run_task(&RunTask {
                count: None,
                ..request
            }),
            "group",
        );
    }

    #[test]
    fn a_task_is_started_on_1_to_10_container_instances() {
        assert_eq!(start_task(&StartTask::new("web", vec!["i"; 10])), Ok(()));
        check_invalid(
            start_task(&StartTask::new("web", Vec::<String>::new())),
            "containerInstances",
        );
        let text = "instanceIds can have at most 10 items.";
        check_refused(
            start_task(&StartTask::new("web", vec!["i"; 11])),
            "InvalidParameterException",
            text,
        );
    }

    #[test]
    fn start_task_checks_what_it_shares_with_run_task() {
        let request = || StartTask::new("web", ["i"]);
        check_invalid(start_task(&StartTask::new("", ["i"])), "taskDefinition");
        check_invalid(start_task(&request().group("g".repeat(256))), "group");
        check_invalid(start_task(&request().started_by("a b")), "startedBy");
        let nameless = request().override_container(ContainerOverride::default());
        check_invalid(start_task(&nameless), "overrides.containerOverrides");
        let propagate_tags = Some(PropagateTags::Service);
        check_invalid(
            start_task(&StartTask {
                propagate_tags,
                ..request()
            }),
            "propagateTags",
        );
    }
}
