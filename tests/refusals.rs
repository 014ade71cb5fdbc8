//! Refused requests: which exception and text each bad input gets, and that nothing changes (ecs-semantics 3).

use proptest::prelude::*;
use wavetank::model::*;

use crate::support::script::{Player, script, stage};
use crate::support::{Trial, app, check_invalid, check_refused, one};

const INVALID: &str = "InvalidParameterException";

/// Asserts that a request is refused with this exception and text, and changes nothing.
#[track_caller]
fn check(trial: &mut Trial, request: impl Into<Request>, exception: &str, text: &str) {
    let before = (trial.digest(), trial.state_digest());
    let answer = trial.call(request);
    check_refused(answer, exception, text);
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

/// Asserts that a request is invalid for a member, whatever the text, and changes nothing.
#[track_caller]
fn check_member(request: impl Into<Request>, member: &str) {
    let mut trial = Trial::web();
    let before = (trial.digest(), trial.state_digest());
    let answer = trial.call(request);
    check_invalid(answer, member);
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

fn web() -> RunTask {
    RunTask::new("web")
}

#[test]
fn a_run_without_a_task_definition_is_refused() {
    check_member(RunTask::new(""), "taskDefinition");
    check_member(StartTask::new("", ["i"]), "taskDefinition");
}

#[test]
fn a_run_of_an_unknown_task_definition_is_refused() {
    let mut trial = Trial::web();
    let text = "TaskDefinition not found.";
    check(&mut trial, RunTask::new("db"), "ClientException", text);
    let host = trial.host();
    check(
        &mut trial,
        StartTask::new("db", [host]),
        "ClientException",
        text,
    );
}

#[test]
fn a_run_of_none_or_of_more_than_ten_is_refused() {
    for count in [0, 11, -1, i32::MAX, i32::MIN] {
        check_member(web().count(count), "count");
    }
    Trial::web().run_all(web().count(1));
}

#[test]
fn a_run_in_an_empty_cluster_is_refused() {
    let mut trial = Trial::web();
    trial
        .create_cluster(CreateCluster::new("empty"))
        .expect("the name is good");
    let text = "No Container Instances were found in your cluster.";
    check(&mut trial, web().cluster("empty"), INVALID, text);
}

#[test]
fn a_run_with_launch_type_and_capacity_providers_is_refused() {
    let item = CapacityProviderStrategyItem {
        capacity_provider: "spot".to_owned(),
        weight: 1,
        base: 0,
    };
    let request = RunTask {
        capacity_provider_strategy: vec![item],
        ..web()
    };
    let text = "Specify either Launch Type or Capacity Provider Strategy, but not both.";
    check(
        &mut Trial::web(),
        request.launch_type(LaunchType::Ec2),
        INVALID,
        text,
    );
}

#[test]
fn a_run_with_a_platform_version_on_ec2_is_refused() {
    let request = RunTask {
        platform_version: Some("1.4.0".to_owned()),
        ..web()
    };
    let text = "The platform version must be null when specifying an EC2 launch type";
    check(
        &mut Trial::web(),
        request.launch_type(LaunchType::Ec2),
        INVALID,
        text,
    );
}

#[test]
fn a_group_of_more_than_255_characters_is_refused() {
    Trial::web().run_all(web().group("g".repeat(255)));
    check_member(web().group("g".repeat(256)), "group");
}

#[test]
fn a_starter_of_more_than_128_or_odd_characters_is_refused() {
    Trial::web().run_all(web().started_by(format!("a-Z_0/{}", "x".repeat(122))));
    for who in ["x".repeat(129), "a b".to_owned(), "a:b".to_owned()] {
        check_member(web().started_by(&who), "startedBy");
        check_member(StartTask::new("web", ["i"]).started_by(&who), "startedBy");
        check_member(ListTasks::new().started_by(&who), "startedBy");
    }
}

#[test]
fn overrides_of_more_than_8192_characters_are_refused() {
    let change = ContainerOverride::new("app").command(["x".repeat(8_200)]);
    let text = "Container Overrides length must be at most 8192";
    let mut trial = Trial::web();
    check(
        &mut trial,
        web().override_container(change.clone()),
        INVALID,
        text,
    );
    let host = trial.host();
    let request = StartTask::new("web", [host]).override_container(change);
    check(&mut trial, request, INVALID, text);
}

#[test]
fn an_override_of_an_unknown_container_is_refused() {
    let change = ContainerOverride::new("db");
    let text = "Override for container named db is not a container in the TaskDefinition.";
    let mut trial = Trial::web();
    check(
        &mut trial,
        web().override_container(change.clone()),
        INVALID,
        text,
    );
    let host = trial.host();
    let request = StartTask::new("web", [host]).override_container(change);
    check(&mut trial, request, INVALID, text);
}

#[test]
fn more_than_ten_constraints_those_of_the_definition_included_are_refused() {
    let rule = || PlacementConstraint::member_of("attribute:rack == 7");
    let definition = (0..6).fold(one("picky"), |definition, _| definition.constraint(rule()));
    let mut trial = Trial::web();
    trial.define(definition);
    let request = RunTask {
        placement_constraints: vec![rule(); 5],
        ..RunTask::new("picky")
    };
    check_invalid(trial.run_task(request), "placementConstraints");
    let request = RunTask {
        placement_constraints: vec![rule(); 11],
        ..web()
    };
    check_member(request, "placementConstraints");
}

#[test]
fn a_constraint_that_is_not_well_formed_is_refused() {
    let expression = Some("attribute:rack == 7".to_owned());
    let distinct = PlacementConstraint {
        expression,
        ..PlacementConstraint::distinct_instance()
    };
    for wrong in [
        distinct,
        PlacementConstraint::default(),
        PlacementConstraint::member_of(""),
    ] {
        check_member(web().constraint(wrong), "placementConstraints");
    }
    let long = PlacementConstraint::member_of("x".repeat(2_001));
    check_member(web().constraint(long), "placementConstraints.expression");
}

#[test]
fn more_than_five_strategies_are_refused() {
    let request = RunTask {
        placement_strategy: vec![PlacementStrategy::random(); 6],
        ..web()
    };
    check_member(request, "placementStrategy");
}

#[test]
fn a_strategy_that_is_not_well_formed_is_refused() {
    let random = PlacementStrategy {
        field: Some("cpu".to_owned()),
        ..PlacementStrategy::random()
    };
    let binpack = PlacementStrategy {
        field: None,
        ..PlacementStrategy::binpack_cpu()
    };
    let disk = PlacementStrategy {
        field: Some("disk".to_owned()),
        ..binpack.clone()
    };
    let spreads = ["memory", "attribute:", ""].map(PlacementStrategy::spread);
    let untyped = PlacementStrategy::default();
    for wrong in [random, binpack, disk, untyped].into_iter().chain(spreads) {
        check_member(web().strategy(wrong), "placementStrategy");
    }
}

#[test]
fn awsvpc_needs_a_network_configuration() {
    let mut trial = Trial::web();
    trial.define(one("vpc").network_mode(NetworkMode::Awsvpc));
    let text = "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
    check(&mut trial, RunTask::new("vpc"), INVALID, text);
    let host = trial.host();
    check(&mut trial, StartTask::new("vpc", [host]), INVALID, text);
}

#[test]
fn other_network_modes_take_no_network_configuration() {
    let mut trial = Trial::web();
    let network = NetworkConfiguration::subnets(["subnet-1"]);
    let text =
        "Network Configuration is not valid for the given networkMode of this task definition.";
    check(&mut trial, web().network(network.clone()), INVALID, text);
    let host = trial.host();
    check(
        &mut trial,
        StartTask::new("web", [host]).network(network),
        INVALID,
        text,
    );
}

#[test]
fn a_network_of_no_or_too_many_subnets_or_security_groups_is_refused() {
    let subnets = |count| NetworkConfiguration::subnets(vec!["subnet-1"; count]);
    let none = subnets(0);
    check_member(
        web().network(none),
        "networkConfiguration.awsvpcConfiguration",
    );
    check_member(web().network(subnets(17)), "subnets");
    let mut guarded = subnets(1);
    let awsvpc = guarded
        .awsvpc_configuration
        .as_mut()
        .expect("it has subnets");
    awsvpc.security_groups = vec!["sg-1".to_owned(); 6];
    check_member(web().network(guarded), "securityGroups");
}

#[test]
fn tags_of_a_service_are_not_propagated_by_a_run() {
    let propagate_tags = Some(PropagateTags::Service);
    check_member(
        RunTask {
            propagate_tags,
            ..web()
        },
        "propagateTags",
    );
    check_member(
        StartTask {
            propagate_tags,
            ..StartTask::new("web", ["i"])
        },
        "propagateTags",
    );
}

#[test]
fn a_reference_id_of_more_than_1024_characters_is_refused() {
    let reference_id = Some("r".repeat(1_025));
    check_member(
        RunTask {
            reference_id,
            ..web()
        },
        "referenceId",
    );
}

#[test]
fn more_than_50_tags_are_refused() {
    let tags = (0..51).map(|nth| Tag::new(nth.to_string(), "")).collect();
    check_member(RunTask { tags, ..web() }, "tags");
}

#[test]
fn a_client_token_of_more_than_64_or_odd_characters_is_refused() {
    Trial::web().run_all(web().client_token("!".repeat(64)));
    for token in [
        "x".repeat(65),
        "a b".to_owned(),
        "ä".to_owned(),
        "a\u{7f}".to_owned(),
    ] {
        check_member(web().client_token(token), "clientToken");
    }
}

#[test]
fn a_client_token_used_with_other_parameters_is_a_conflict() {
    let mut trial = Trial::web();
    trial.run_all(web().client_token("once"));
    let before = trial.state_digest();
    let error = trial.run_task(web().client_token("once").group("g"));
    assert_eq!(
        error.expect_err("the group differs").exception(),
        "ConflictException"
    );
    assert_eq!(trial.state_digest(), before);
}

#[test]
fn more_than_one_volume_is_refused() {
    let volume = || TaskVolumeConfiguration {
        name: "data".to_owned(),
        managed_ebs_volume: None,
    };
    let volume_configurations = vec![volume(), volume()];
    check_member(
        RunTask {
            volume_configurations,
            ..web()
        },
        "volumeConfigurations",
    );
}

#[test]
fn capacity_that_is_not_simulated_is_refused() {
    let mut trial = Trial::web();
    let before = trial.state_digest();
    let error = trial
        .run_task(web().launch_type(LaunchType::ManagedInstances))
        .expect_err("it is not simulated");
    assert_eq!(error.exception(), "UnsupportedFeatureException");
    assert_eq!(trial.state_digest(), before);
}

#[test]
fn a_start_on_no_or_more_than_ten_container_instances_is_refused() {
    for count in [0, 11] {
        check_member(
            StartTask::new("web", vec!["i"; count]),
            "containerInstances",
        );
    }
}

#[test]
fn a_stop_of_an_unknown_task_is_refused() {
    let text = "The referenced task was not found.";
    check(&mut Trial::web(), StopTask::new("nobody"), INVALID, text);
}

#[test]
fn a_stop_without_a_task_is_refused() {
    check_member(StopTask::new(""), "task");
}

#[test]
fn a_reason_of_more_than_1024_characters_is_refused() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let reason = |length| StopTask::new(&task).reason("ä".repeat(length));
    check_invalid(trial.stop_task(reason(1_025)), "reason");
    trial.stop_task(reason(1_024)).expect("it is short enough");
}

#[test]
fn a_description_of_no_task_is_refused() {
    let none = DescribeTasks::default();
    check(&mut Trial::web(), none, INVALID, "Tasks cannot be empty.");
}

#[test]
fn a_description_of_more_than_100_tasks_is_refused() {
    check_member(DescribeTasks::new(vec!["t"; 101]), "tasks");
}

#[test]
fn a_list_by_starter_takes_no_other_filter() {
    let by = || ListTasks::new().started_by("me");
    let service_name = Some("web".to_owned());
    let launch_type = Some(LaunchType::Ec2);
    for wrong in [
        by().family("web"),
        by().container_instance("i"),
        by().desired_status(DesiredStatus::Stopped),
        ListTasks {
            service_name,
            ..by()
        },
        ListTasks {
            launch_type,
            ..by()
        },
    ] {
        let error = Trial::web()
            .list_tasks(wrong)
            .expect_err("it has two filters");
        assert_eq!(error.exception(), INVALID);
    }
    let fine = by().cluster("default").max_results(5);
    Trial::web()
        .list_tasks(fine)
        .expect("a cluster and a page size are no filters");
}

#[test]
fn a_list_by_an_unknown_service_is_refused() {
    let request = ListTasks {
        service_name: Some("web".to_owned()),
        ..ListTasks::new()
    };
    check(
        &mut Trial::web(),
        request,
        "ServiceNotFoundException",
        "Service not found.",
    );
}

#[test]
fn a_page_of_none_or_of_more_than_100_is_refused() {
    for count in [0, 101, -1] {
        check_member(ListTasks::new().max_results(count), "maxResults");
        check_member(ListClusters::new().max_results(count), "maxResults");
        check_member(
            ListContainerInstances::new().max_results(count),
            "maxResults",
        );
    }
}

#[test]
fn a_state_other_than_active_and_draining_is_refused() {
    let mut trial = Trial::web();
    let host = trial.host();
    let text = "Container instance status should be one of [ACTIVE, DRAINING]";
    for status in [
        ContainerInstanceStatus::Inactive,
        ContainerInstanceStatus::Registering,
    ] {
        let request = UpdateContainerInstancesState::new([&host], status);
        check(&mut trial, request, INVALID, text);
    }
}

#[test]
fn a_state_for_no_or_more_than_ten_container_instances_is_refused() {
    for count in [0, 11] {
        let draining = ContainerInstanceStatus::Draining;
        let request = UpdateContainerInstancesState::new(vec!["i"; count], draining);
        check_member(request, "containerInstances");
    }
}

#[test]
fn a_cluster_name_that_is_no_name_is_refused() {
    for name in ["", "a b", "a/b", "a.b", &"a".repeat(256)] {
        check_member(CreateCluster::new(name), "clusterName");
    }
}

#[test]
fn container_instances_of_impossible_size_are_refused() {
    let request = RegisterContainerInstance::default;
    for wrong in [
        request().cpu(-1),
        request().memory(-1),
        request().cpu(1).cpu(2),
    ] {
        check_member(wrong, "totalResources");
    }
}

#[test]
fn task_definitions_that_break_a_rule_are_refused_with_the_text_of_ecs() {
    let unnamed = ContainerDefinition::new("", "web:1").memory(6);
    let imageless = ContainerDefinition::new("app", "").memory(6);
    let sizeless = ContainerDefinition::new("app", "web:1");
    let helper = app().essential(false);
    let waiting = ContainerDefinition::new("web", "web:1").memory(6);
    let waits = |on: &str, condition| {
        let waiting = waiting.clone().depends_on(on, condition);
        RegisterTaskDefinition::new("x")
            .container(app())
            .container(waiting)
    };
    let of = |container| RegisterTaskDefinition::new("x").container(container);
    for (wrong, text) in [
        (
            RegisterTaskDefinition::new("x"),
            "Container list cannot be empty",
        ),
        (of(unnamed), "Container.name should not be null or empty."),
        (
            of(imageless),
            "Container.image should not be null or empty.",
        ),
        (
            of(helper),
            "Task definition doesn't have any essential container.",
        ),
        (
            of(sizeless),
            "Invalid setting for container 'app'. At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
        (
            of(app().memory_reservation(513)),
            "'memory' must be greater than or equal to 'memoryReservation'",
        ),
        (
            of(app()).memory("511"),
            "The 'memory' setting for container 'app' is greater than for the task",
        ),
        (
            waits("db", ContainerCondition::Start),
            "Cannot depend on container db because it does not exist",
        ),
        (
            waits("app", ContainerCondition::Success),
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            waits("app", ContainerCondition::Healthy),
            "A dependency container with HEALTHY condition must have health check configured",
        ),
    ] {
        check(&mut Trial::web(), wrong, "ClientException", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_refused_request_leaves_everything_as_it_was(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        for action in &script {
            let before = (player.sim.digest(), player.sim.state_digest());
            let refused = match (player.request(action), player.fault(action)) {
                // After an error of the server the request may have acted.
                (Some(request), _) => {
                    let answer = player.sim.clone().call(request);
                    answer.is_err_and(|error| !matches!(error, ApiError::Server(_)))
                }
                (None, Some(fault)) => player.sim.clone().inject(&fault).is_err(),
                (None, None) => false,
            };
            player.act(action);
            if refused {
                prop_assert_eq!((player.sim.digest(), player.sim.state_digest()), before);
            }
        }
    }
}
