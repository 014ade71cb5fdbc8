//! What a launch type asks for: Fargate without container instances, and machines elsewhere (ecs-semantics 2.6, 3.1, 5.1).

use std::collections::BTreeMap;

use wavetank::model::*;

use crate::support::{Trial, app, builder, check_refused, ms, one, reasons};

fn serverless(family: &str) -> RegisterTaskDefinition {
    RegisterTaskDefinition {
        network_mode: Some(NetworkMode::Awsvpc),
        requires_compatibilities: vec![Compatibility::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        ..RegisterTaskDefinition::new(family).container(app())
    }
}

fn request(subnets: &[&str]) -> RunTask {
    RunTask::new("free")
        .launch_type(LaunchType::Fargate)
        .network(NetworkConfiguration::subnets(subnets.iter().copied()))
}

/// A cluster without any container instance.
fn fargate() -> Trial {
    fargate_of(builder())
}

fn fargate_of(builder: wavetank::Builder) -> Trial {
    let mut trial = Trial::of(builder);
    trial
        .create_cluster(CreateCluster::default())
        .expect("a cluster can be created");
    trial.define(serverless("free"));
    trial
}

fn statistic(trial: &mut Trial, name: &str) -> Option<String> {
    let request = DescribeClusters {
        include: vec![ClusterField::Statistics],
        ..DescribeClusters::default()
    };
    let answer = trial
        .describe_clusters(request)
        .expect("the default cluster is there");
    let pairs = answer.clusters[0].statistics.iter();
    let mut named = pairs.filter(|pair| pair.name.as_deref() == Some(name));
    named.next().and_then(|pair| pair.value.clone())
}

#[test]
fn a_task_on_fargate_needs_no_container_instance() {
    let mut trial = fargate();
    let answer = trial
        .run_task(request(&["subnet-a"]))
        .expect("there is always room");
    let new = &answer.tasks[0];
    assert_eq!(
        (new.last_status, new.container_instance_arn.as_deref()),
        (LastStatus::Provisioning, None)
    );
    assert_eq!(new.launch_type, Some(LaunchType::Fargate));
    assert_eq!(new.availability_zone.as_deref(), Some("us-east-1a"));
    let task = new.task_arn.clone();
    trial.at(4_000);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, ms(seen.connectivity_at)),
        (LastStatus::Pending, Some(4_000))
    );
    trial.rest();
    let seen = trial.task(&task);
    assert_eq!(seen.last_status, LastStatus::Running);
    assert_eq!(
        [
            ms(seen.pull_started_at),
            ms(seen.pull_stopped_at),
            ms(seen.started_at)
        ],
        [Some(12_000), Some(17_000), Some(17_600)]
    );
}

#[test]
fn a_task_on_fargate_is_stopped_and_deprovisioned() {
    let mut trial = fargate();
    let task = trial.run_all(request(&["subnet-a"])).remove(0);
    trial.at(30_000);
    trial.stop(&task);
    trial.at(30_000);
    assert_eq!(trial.status(&task).0, LastStatus::Stopping);
    trial.at(31_200);
    assert_eq!(trial.status(&task).0, LastStatus::Deprovisioning);
    trial.at(41_200);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, seen.containers[0].exit_code),
        (LastStatus::Stopped, Some(0))
    );
    trial.at(41_200 + 3_600_000);
    let answer = trial
        .describe_tasks(DescribeTasks::new([task]))
        .expect("the request is good");
    assert_eq!(reasons(&answer.failures), ["MISSING"]);
}

#[test]
fn a_task_on_fargate_stopped_before_its_host_is_there_never_runs() {
    for stop in [2_000, 8_000] {
        let mut trial = fargate();
        let task = trial.run_all(request(&["subnet-a"])).remove(0);
        trial.at(stop);
        trial.stop(&task);
        trial.rest();
        let seen = trial.task(&task);
        assert_eq!(
            (
                seen.last_status,
                seen.pull_started_at,
                seen.containers[0].exit_code
            ),
            (LastStatus::Stopped, None, None)
        );
    }
}

#[test]
fn tasks_on_fargate_are_spread_over_the_zones_of_their_subnets() {
    let mut trial = fargate_of(builder().seed(7).placement_ties(PlacementTies::Seeded));
    let subnets = ["subnet-1", "subnet-2", "subnet-3"];
    let mut zones: BTreeMap<String, u32> = BTreeMap::new();
    for count in [1, 4, 2] {
        let answer = trial
            .run_task(request(&subnets).count(count))
            .expect("there is always room");
        for task in &answer.tasks {
            *zones
                .entry(
                    task.availability_zone
                        .as_deref()
                        .unwrap_or_default()
                        .to_owned(),
                )
                .or_default() += 1;
        }
        let (most, least) = (zones.values().max(), zones.values().min());
        assert!(
            zones.len() < 3
                || most
                    .zip(least)
                    .is_some_and(|(most, least)| most - least <= 1),
            "{zones:?}"
        );
    }
    assert_eq!(zones.into_values().sum::<u32>(), 7);
    let gone = trial
        .list_tasks(ListTasks::new())
        .expect("it is listed")
        .task_arns;
    for task in &gone {
        trial.stop(task);
    }
    trial.rest();
}

#[test]
fn the_zone_of_a_subnet_on_fargate_is_the_one_the_run_was_built_with() {
    let mut trial = fargate_of(builder().subnet("subnet-a", "eu-west-3c"));
    let answer = trial
        .run_task(request(&["subnet-a"]))
        .expect("there is always room");
    assert_eq!(
        answer.tasks[0].availability_zone.as_deref(),
        Some("eu-west-3c")
    );
}

#[test]
fn a_task_on_fargate_shows_its_platform_and_its_scratch_space() {
    let mut trial = fargate();
    let answer = trial
        .run_task(request(&["subnet-a"]))
        .expect("there is always room");
    let task = &answer.tasks[0];
    assert_eq!(
        (
            task.platform_version.as_deref(),
            task.platform_family.as_deref()
        ),
        (Some("1.4.0"), Some("Linux"))
    );
    assert_eq!(
        task.ephemeral_storage
            .as_ref()
            .map(|storage| storage.size_in_gib),
        Some(20)
    );
    assert_eq!(
        task.attributes,
        [Attribute::new("ecs.cpu-architecture", "x86_64")]
    );
}

#[test]
fn an_unknown_platform_version_is_refused() {
    let mut trial = fargate();
    let mut wrong = request(&["subnet-a"]);
    wrong.platform_version = Some("9.9.9".to_owned());
    let error = trial
        .run_task(wrong.clone())
        .expect_err("there is no such version");
    assert_eq!(error.exception(), "PlatformUnknownException");
    wrong.platform_version = Some("1.3.0".to_owned());
    assert!(trial.run_task(wrong).is_ok());
}

#[test]
fn an_old_platform_version_refuses_what_came_after_it() {
    let mut trial = fargate();
    let mut definition = serverless("large");
    definition.ephemeral_storage = Some(EphemeralStorage { size_in_gib: 100 });
    trial.define(definition);
    let mut wrong = request(&["subnet-a"]);
    wrong.task_definition = "large".to_owned();
    wrong.platform_version = Some("1.3.0".to_owned());
    let error = trial.run_task(wrong.clone()).expect_err("it needs 1.4.0");
    assert_eq!(
        error.exception(),
        "PlatformTaskDefinitionIncompatibilityException"
    );
    wrong.platform_version = Some("LATEST".to_owned());
    assert!(trial.run_task(wrong).is_ok());
}

#[test]
fn a_definition_that_is_not_valid_for_fargate_does_not_run_there() {
    let mut trial = fargate();
    trial.define(one("web"));
    let request = RunTask::new("web").launch_type(LaunchType::Fargate);
    let text = "Task definition does not support launch_type FARGATE.";
    check_refused(trial.run_task(request), "InvalidParameterException", text);
}

#[test]
fn placement_rules_have_nothing_to_choose_on_fargate() {
    let mut trial = fargate();
    let strategy = request(&["subnet-a"]).strategy(PlacementStrategy::binpack_cpu());
    let text = "Placement strategies are not supported with FARGATE launch type.";
    check_refused(trial.run_task(strategy), "InvalidParameterException", text);
    let constraint = request(&["subnet-a"]).constraint(PlacementConstraint::distinct_instance());
    let text = "Placement constraints are not supported with FARGATE launch type.";
    check_refused(
        trial.run_task(constraint),
        "InvalidParameterException",
        text,
    );
}

#[test]
fn a_clusters_statistics_tell_fargate_from_ec2() {
    let mut trial = Trial::web();
    trial.define(serverless("free"));
    trial.run("web");
    trial.run_all(request(&["subnet-a"]).count(2));
    trial.at(6_000);
    let found = |trial: &mut Trial| {
        [
            "runningEC2TasksCount",
            "runningFargateTasksCount",
            "pendingEC2TasksCount",
            "pendingFargateTasksCount",
        ]
        .map(|name| statistic(trial, name).unwrap_or_default())
    };
    assert_eq!(found(&mut trial), ["1", "0", "0", "2"]);
    trial.rest();
    assert_eq!(found(&mut trial), ["1", "2", "0", "0"]);
}

#[test]
fn a_cluster_with_tasks_on_fargate_is_not_deleted() {
    let mut trial = fargate();
    let task = trial.run_all(request(&["subnet-a"])).remove(0);
    let refused = trial.delete_cluster(DeleteCluster::new("default"));
    assert_eq!(
        refused.expect_err("it has a task").exception(),
        "ClusterContainsTasksException"
    );
    trial.stop(&task);
    trial.rest();
    assert!(trial.delete_cluster(DeleteCluster::new("default")).is_ok());
}

#[test]
fn tasks_are_listed_by_launch_type() {
    let mut trial = Trial::web();
    trial.define(serverless("free"));
    let there = trial.run("web");
    let nowhere = trial.run_all(request(&["subnet-a"])).remove(0);
    for (launch_type, expected) in [(LaunchType::Ec2, &there), (LaunchType::Fargate, &nowhere)] {
        let filter = ListTasks {
            launch_type: Some(launch_type),
            ..ListTasks::new()
        };
        let listed = trial.list_tasks(filter).expect("it is listed").task_arns;
        assert_eq!(listed, [expected.as_str()]);
    }
}

#[test]
fn a_repeated_request_on_fargate_starts_nothing() {
    let mut trial = fargate();
    let request = request(&["subnet-a"]).count(2).client_token("once");
    let first = trial.run_all(request.clone());
    assert_eq!(trial.run_all(request), first);
}

/// A machine that is not of EC2.
fn elsewhere() -> RegisterContainerInstance {
    let mut request = RegisterContainerInstance::default().cpu(1024).memory(1024);
    request.attributes.push(Attribute {
        name: "ecs.capability.external".into(),
        ..Attribute::default()
    });
    request
}

#[test]
fn external_tasks_go_to_machines_elsewhere_and_only_they_do() {
    let mut trial = Trial::web();
    let home = trial.host();
    let away = trial.register(elsewhere());
    let on = |trial: &mut Trial, launch_type| {
        let answer = trial
            .run_task(RunTask::new("web").launch_type(launch_type))
            .expect("there is room");
        answer.tasks[0]
            .container_instance_arn
            .as_deref()
            .map(str::to_owned)
    };
    for _ in 0..2 {
        assert_eq!(on(&mut trial, LaunchType::External).as_ref(), Some(&away));
        assert_eq!(on(&mut trial, LaunchType::Ec2).as_ref(), Some(&home));
    }
    let full = trial
        .run_task(RunTask::new("web").launch_type(LaunchType::External))
        .expect("the request is good");
    assert_eq!(reasons(&full.failures), ["RESOURCE:MEMORY"]);
}

#[test]
fn without_a_machine_of_the_right_kind_a_request_is_refused() {
    let text = "No Container Instances were found in your cluster.";
    let mut trial = Trial::web();
    let request = RunTask::new("web").launch_type(LaunchType::External);
    check_refused(trial.run_task(request), "InvalidParameterException", text);
    let mut trial = Trial::new();
    trial.register(elsewhere());
    trial.define(one("web"));
    check_refused(
        trial.run_task(RunTask::new("web")),
        "InvalidParameterException",
        text,
    );
}

#[test]
fn managed_instances_are_not_simulated() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").launch_type(LaunchType::ManagedInstances);
    let error = trial.run_task(request).expect_err("there are none");
    assert_eq!(error.exception(), "UnsupportedFeatureException");
}

fn item(provider: &str) -> CapacityProviderStrategyItem {
    CapacityProviderStrategyItem {
        capacity_provider: provider.to_owned(),
        weight: 1,
        base: 0,
    }
}

#[test]
fn a_strategy_of_fargate_runs_on_fargate() {
    let mut trial = fargate();
    let mut spot = request(&["subnet-a"]);
    spot.launch_type = None;
    spot.capacity_provider_strategy = vec![item("FARGATE_SPOT")];
    let answer = trial.run_task(spot).expect("there is always room");
    let task = &answer.tasks[0];
    assert_eq!(
        (task.launch_type, task.capacity_provider_name.as_deref()),
        (Some(LaunchType::Fargate), Some("FARGATE_SPOT"))
    );
}

#[test]
fn a_strategy_is_of_fargate_or_of_instances_and_not_of_both() {
    let mut trial = fargate();
    let mut mixed = request(&["subnet-a"]);
    mixed.launch_type = None;
    mixed.capacity_provider_strategy = vec![item("FARGATE"), item("machines")];
    let text = "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers.";
    check_refused(trial.run_task(mixed), "InvalidParameterException", text);
}

#[test]
fn a_request_that_says_nothing_gets_what_its_cluster_gives() {
    let mut trial = Trial::new();
    let cluster = CreateCluster {
        default_capacity_provider_strategy: vec![item("FARGATE")],
        ..CreateCluster::new("default")
    };
    trial
        .create_cluster(cluster)
        .expect("a cluster can be created");
    trial.define(serverless("free"));
    let mut silent = request(&["subnet-a"]);
    silent.launch_type = None;
    let answer = trial.run_task(silent).expect("there is always room");
    assert_eq!(answer.tasks[0].launch_type, Some(LaunchType::Fargate));
}
