//! Tasks with network mode `awsvpc` on container instances (ecs-semantics 2.3, 5.9, 6.1, 12).

use std::time::Duration;

use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, app, builder, check_refused, ms, reasons};

/// A family of one container with a network interface of its own.
fn networked(family: &str) -> RegisterTaskDefinition {
    RegisterTaskDefinition {
        network_mode: Some(NetworkMode::Awsvpc),
        ..RegisterTaskDefinition::new(family).container(app())
    }
}

fn request(count: i32) -> RunTask {
    let network = NetworkConfiguration::subnets(["subnet-a", "subnet-b"]);
    RunTask::new("net").count(count).network(network)
}

/// A machine of a type in a zone.
fn machine(kind: &str, zone: &str) -> RegisterContainerInstance {
    RegisterContainerInstance::default()
        .cpu(8192)
        .memory(16_384)
        .attribute("ecs.instance-type", kind)
        .attribute("ecs.availability-zone", zone)
}

/// One m5.large (two interfaces for tasks) and the family `net`.
fn trial() -> Trial {
    trial_of(builder())
}

fn trial_of(builder: wavetank::Builder) -> Trial {
    let mut trial = Trial::of(builder);
    trial.register(machine("m5.large", "us-east-1a"));
    trial.define(networked("net"));
    trial
}

/// The status of the one attachment of a task.
#[track_caller]
fn attachment(task: &Task) -> AttachmentStatus {
    assert_eq!(task.attachments.len(), 1, "it has one interface");
    assert_eq!(&*task.attachments[0].r#type, "ElasticNetworkInterface");
    task.attachments[0]
        .status
        .expect("an attachment has a status")
}

fn detail<'a>(task: &'a Task, name: &str) -> Option<&'a str> {
    let details = task.attachments[0].details.iter();
    let mut named = details.filter(|pair| pair.name.as_deref() == Some(name));
    named.next().and_then(|pair| pair.value.as_deref())
}

#[test]
fn a_task_is_provisioning_until_its_interface_is_attached() {
    let mut trial = trial();
    let answer = trial.run_task(request(1)).expect("there is room");
    let new = &answer.tasks[0];
    assert_eq!(
        (new.last_status, attachment(new)),
        (LastStatus::Provisioning, AttachmentStatus::Precreated)
    );
    assert_eq!((new.connectivity, new.version), (None, 1));
    let task = new.task_arn.clone();
    trial.at(3_999);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, attachment(&seen)),
        (LastStatus::Provisioning, AttachmentStatus::Attaching)
    );
    trial.at(4_000);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, attachment(&seen)),
        (LastStatus::Pending, AttachmentStatus::Attached)
    );
    assert_eq!(
        (seen.connectivity, ms(seen.connectivity_at)),
        (Some(Connectivity::Connected), Some(4_000))
    );
    trial.rest();
    let seen = trial.task(&task);
    assert_eq!(
        [
            ms(seen.pull_started_at),
            ms(seen.pull_stopped_at),
            ms(seen.started_at)
        ],
        [Some(4_100), Some(9_100), Some(9_700)]
    );
    assert_eq!(seen.version, 4);
}

#[test]
fn a_stopped_task_is_deprovisioning_until_its_interface_is_gone() {
    let mut trial = trial();
    let task = trial.run_all(request(1)).remove(0);
    trial.at(20_000);
    trial.stop(&task);
    trial.at(21_200);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, attachment(&seen)),
        (LastStatus::Deprovisioning, AttachmentStatus::Detaching)
    );
    assert_eq!(
        (ms(seen.execution_stopped_at), seen.stopped_at),
        (Some(21_100), None)
    );
    trial.at(31_200);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, attachment(&seen)),
        (LastStatus::Stopped, AttachmentStatus::Deleted)
    );
    assert_eq!(ms(seen.stopped_at), Some(31_200));
}

#[test]
fn a_task_stopped_while_it_is_provisioning_goes_by_way_of_deprovisioning() {
    let mut trial = trial();
    let task = trial.run_all(request(1)).remove(0);
    trial.at(2_000);
    assert_eq!(trial.stop(&task).last_status, LastStatus::Provisioning);
    trial.at(2_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Deprovisioning, DesiredStatus::Stopped)
    );
    trial.at(12_000);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, seen.stop_code),
        (LastStatus::Stopped, Some(StopCode::UserInitiated))
    );
    assert_eq!(
        (seen.pull_started_at, seen.containers[0].last_status),
        (None, LastStatus::Stopped)
    );
    assert_eq!(seen.connectivity, None, "it was never attached");
}

#[test]
fn an_interface_that_does_not_come_in_time_fails_the_task() {
    let mut profile = Profile::ideal();
    profile.latencies.eni_attach =
        Latency::fixed(Duration::from_secs(181)).expect("it is short enough");
    let mut trial = trial_of(builder().profile(profile));
    let task = trial.run_all(request(1)).remove(0);
    trial.at(180_000);
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, attachment(&seen)),
        (LastStatus::Stopped, AttachmentStatus::Failed)
    );
    assert_eq!(seen.stop_code, Some(StopCode::TaskFailedToStart));
    let reason = "Timeout waiting for network interface provisioning to complete.";
    assert_eq!(seen.stopped_reason.as_deref(), Some(reason));
    // Its slot is free again.
    assert_eq!(trial.run_all(request(2)).len(), 2);
}

#[test]
fn each_task_takes_one_of_the_interfaces_of_its_instance_type() {
    let mut trial = trial();
    let answer = trial.run_task(request(3)).expect("the request is good");
    assert_eq!(
        (answer.tasks.len(), reasons(&answer.failures)),
        (2, vec!["RESOURCE:ENI"])
    );
}

#[test]
fn an_instance_of_an_unknown_type_has_interfaces_enough() {
    let mut trial = Trial::new();
    trial.instance(8192, 16_384);
    trial.define(networked("net"));
    assert_eq!(trial.run_all(request(10)).len(), 10);
}

#[test]
fn an_interface_is_held_until_the_task_has_stopped_though_cpu_is_not() {
    let mut trial = trial();
    let tasks = trial.run_all(request(2));
    trial.at(20_000);
    trial.stop(&tasks[0]);
    let host = trial.host();
    assert_eq!(trial.left(&host), (8192 - 256, 16_384 - 512));
    for now in [20_000, 31_199] {
        trial.at(now);
        let answer = trial.run_task(request(1)).expect("the request is good");
        assert_eq!(reasons(&answer.failures), ["RESOURCE:ENI"]);
    }
    trial.at(31_200);
    assert_eq!(trial.run_all(request(1)).len(), 1);
}

#[test]
fn an_instance_in_another_zone_than_every_subnet_is_refused() {
    let mut trial = Trial::of(
        builder()
            .subnet("subnet-a", "us-east-1a")
            .subnet("subnet-b", "us-east-1b"),
    );
    trial.define(networked("net"));
    trial.register(machine("m5.large", "us-east-1c"));
    let answer = trial.run_task(request(1)).expect("the request is good");
    assert_eq!(reasons(&answer.failures), ["LOCATION"]);
    let there = trial.register(machine("m5.large", "us-east-1b"));
    let answer = trial.run_task(request(1)).expect("there is room");
    assert_eq!(
        answer.tasks[0].container_instance_arn.as_deref(),
        Some(&*there)
    );
    assert_eq!(detail(&answer.tasks[0], "subnetId"), Some("subnet-b"));
}

#[test]
fn the_zone_of_a_subnet_is_learnt_from_the_instances_in_it() {
    let mut trial = Trial::new();
    trial.define(networked("net"));
    let first =
        trial.register(machine("m5.large", "us-east-1a").attribute("ecs.subnet-id", "subnet-x"));
    trial.register(machine("m5.large", "us-east-1b").attribute("ecs.subnet-id", "subnet-y"));
    let only = RunTask::new("net")
        .count(3)
        .network(NetworkConfiguration::subnets(["subnet-x"]));
    let answer = trial.run_task(only).expect("the request is good");
    let on: Vec<_> = answer
        .tasks
        .iter()
        .map(|task| task.container_instance_arn.as_deref())
        .collect();
    assert_eq!(on, [Some(&*first), Some(&*first)]);
    assert_eq!(answer.failures.len(), 1);
}

#[test]
fn a_subnet_nobody_told_of_serves_every_zone() {
    let mut trial = trial();
    let answer = trial.run_task(request(1)).expect("there is room");
    assert_eq!(answer.failures, []);
}

#[test]
fn an_attached_interface_shows_its_addresses_on_the_task_and_its_containers() {
    let mut trial = trial();
    let task = trial.run_all(request(1)).remove(0);
    assert_eq!(detail(&trial.task(&task), "privateIPv4Address"), None);
    trial.rest();
    let seen = trial.task(&task);
    let address = detail(&seen, "privateIPv4Address").expect("it has an address");
    let of_container = &seen.containers[0].network_interfaces[0];
    assert_eq!(of_container.private_ipv4_address.as_deref(), Some(address));
    assert_eq!(
        of_container.attachment_id.as_deref(),
        Some(&*seen.attachments[0].id)
    );
    assert!(detail(&seen, "networkInterfaceId").is_some_and(|id| id.starts_with("eni-")));
    assert_eq!(seen.containers[0].network_bindings, []);
}

#[test]
fn ports_of_awsvpc_tasks_never_clash() {
    let mut trial = Trial::new();
    trial.instance(8192, 16_384);
    let mut definition = networked("net");
    definition.container_definitions[0]
        .port_mappings
        .push(PortMapping::tcp(80));
    trial.define(definition);
    assert_eq!(trial.run_all(request(2)).len(), 2);
}

#[test]
fn start_task_gives_an_interface_too() {
    let mut trial = trial();
    let host = trial.host();
    let network = NetworkConfiguration::subnets(["subnet-a"]);
    for expected in [&[][..], &[], &["RESOURCE:ENI"]] {
        let request = StartTask::new("net", [host.as_str()]).network(network.clone());
        let answer = trial.start_task(request).expect("the request is good");
        assert_eq!(reasons(&answer.failures), expected);
    }
}

#[test]
fn an_agent_that_is_away_when_the_interface_comes_gets_the_task_when_it_is_back() {
    let mut trial = trial();
    let host = trial.host();
    let task = trial.run_all(request(1)).remove(0);
    trial.at(1_000);
    trial.disconnect(&host);
    trial.at(10_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(ms(trial.task(&task).pull_started_at), Some(10_100));
}

#[test]
fn a_pending_task_that_no_agent_has_gives_its_interface_back_when_it_is_stopped() {
    let mut trial = trial();
    let host = trial.host();
    let task = trial.run_all(request(1)).remove(0);
    trial.at(1_000);
    trial.disconnect(&host);
    trial.at(10_000);
    trial.stop(&task);
    trial.at(10_000);
    assert_eq!(trial.status(&task).0, LastStatus::Deprovisioning);
    trial.reconnect(&host);
    trial.rest();
    let seen = trial.task(&task);
    assert_eq!(
        (seen.last_status, ms(seen.stopped_at)),
        (LastStatus::Stopped, Some(20_000))
    );
}

#[test]
fn forced_deregistration_ends_tasks_in_every_state_and_deletes_their_interfaces() {
    let mut trial = trial();
    let host = trial.host();
    let leaving = trial.run_all(request(1)).remove(0);
    trial.at(20_000);
    trial.stop(&leaving);
    let coming = trial.run_all(request(1)).remove(0);
    trial.at(22_000);
    assert_eq!(trial.status(&leaving).0, LastStatus::Deprovisioning);
    assert_eq!(trial.status(&coming).0, LastStatus::Provisioning);
    trial.give_up(&host);
    for task in [&leaving, &coming] {
        let seen = trial.task(task);
        assert_eq!(
            (seen.last_status, attachment(&seen)),
            (LastStatus::Stopped, AttachmentStatus::Deleted)
        );
        assert_eq!(ms(seen.stopped_at), Some(22_000));
    }
    trial.at(60_000);
}

#[test]
fn a_task_that_exits_by_itself_is_deprovisioned_too() {
    let mut trial = trial();
    let task = trial.run_all(request(1)).remove(0);
    trial.at(20_000);
    trial.exit(&task, "app", 3);
    trial.at(20_100);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Deprovisioning, DesiredStatus::Stopped)
    );
    trial.rest();
    let seen = trial.task(&task);
    assert_eq!(
        (seen.stop_code, ms(seen.stopped_at)),
        (Some(StopCode::EssentialContainerExited), Some(30_100))
    );
}

#[test]
fn an_instance_elsewhere_has_no_interfaces_to_give() {
    let mut trial = trial();
    let request = request(1).launch_type(LaunchType::External);
    let text = "The network mode awsvpc is not supported with EXTERNAL launch type.";
    check_refused(trial.run_task(request), "InvalidParameterException", text);
}
