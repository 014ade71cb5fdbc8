//! Host ports: static ones in the ledger, dynamic ones of the agent, and what is shown of both (ecs-semantics 4.3, 4.4).

use wavetank::model::*;

use crate::support::{Trial, app, members, on_port, reasons};

/// One large container instance, with a definition.
fn with(definition: RegisterTaskDefinition) -> (Trial, String) {
    let mut trial = Trial::new();
    let host = trial.instance(4096, 8192);
    trial.define(definition);
    (trial, host)
}

/// The failures of a request of which nothing is placed.
fn failed(trial: &mut Trial, request: RunTask) -> Vec<&'static str> {
    let answer = trial.run_task(request).expect("the request is good");
    assert!(answer.tasks.is_empty(), "nothing is to be placed");
    reasons(&answer.failures)
}

#[test]
fn a_static_host_port_is_taken_once_on_a_container_instance() {
    let (mut trial, _) = with(on_port("api", 8080));
    trial.run("api");
    assert_eq!(failed(&mut trial, RunTask::new("api")), ["RESOURCE:PORTS"]);
    trial.instance(4096, 8192);
    trial.run("api");
}

#[test]
fn a_port_that_the_agent_reserves_is_never_free() {
    for port in [22, 2375, 2376, 51_678, 51_679] {
        let (mut trial, _) = with(on_port("api", port));
        assert_eq!(
            failed(&mut trial, RunTask::new("api")),
            ["RESOURCE:PORTS"],
            "{port}"
        );
    }
}

#[test]
fn tcp_and_udp_ports_do_not_meet() {
    let (mut trial, _) = with(on_port("tcp", 53));
    let udp = app().port(PortMapping::udp(53).host_port(53));
    trial.define(RegisterTaskDefinition::new("udp").container(udp));
    trial.run("tcp");
    trial.run("udp");
    assert_eq!(failed(&mut trial, RunTask::new("udp")), ["RESOURCE:PORTS"]);
}

#[test]
fn under_host_networking_a_container_port_is_a_host_port() {
    let api = app().port(PortMapping::tcp(8080));
    let definition = RegisterTaskDefinition::new("api").container(api);
    let (mut trial, _) = with(definition.network_mode(NetworkMode::Host));
    trial.run("api");
    assert_eq!(failed(&mut trial, RunTask::new("api")), ["RESOURCE:PORTS"]);
}

#[test]
fn an_instance_has_room_for_100_static_ports_the_reserved_ones_included() {
    let ports = |family: &str, count: i32| {
        let many = (0..count).fold(app(), |app, nth| {
            app.port(PortMapping::tcp(1000 + nth).host_port(1000 + nth))
        });
        RegisterTaskDefinition::new(family).container(many)
    };
    let (mut trial, _) = with(ports("95", 95));
    trial.define(ports("96", 96));
    assert_eq!(failed(&mut trial, RunTask::new("96")), ["RESOURCE:PORTS"]);
    trial.run("95");
}

/// The host ports of the only container of a task.
fn host_ports(trial: &mut Trial, task: &str) -> Vec<i32> {
    let bindings = &trial.task(task).containers[0].network_bindings;
    bindings
        .iter()
        .filter_map(|binding| binding.host_port)
        .collect()
}

#[test]
fn a_dynamic_port_is_chosen_by_the_agent_and_shown_once_the_task_runs() {
    let dynamic = app()
        .port(PortMapping::tcp(80))
        .port(PortMapping::tcp(81).host_port(0));
    let (mut trial, host) = with(RegisterTaskDefinition::new("api").container(dynamic));
    let tasks = trial.run_all(RunTask::new("api").count(2));
    assert_eq!(host_ports(&mut trial, &tasks[0]), [0; 0]);
    trial.at(6_000);
    let mut ports = host_ports(&mut trial, &tasks[0]);
    ports.extend(host_ports(&mut trial, &tasks[1]));
    assert_eq!(ports, [32_768, 32_769, 32_770, 32_771]);
    let taken = trial.shown(&host).remaining_resources;
    let taken = members(&taken, "PORTS").expect("ports are shown");
    assert!(
        !taken.contains(&"32768".to_owned()),
        "the control plane does not count them"
    );
}

#[test]
fn a_binding_shows_both_ports_and_the_protocol() {
    let (mut trial, _) = with(on_port("api", 8080));
    let task = trial.run("api");
    trial.at(6_000);
    let binding = trial.task(&task).containers[0].network_bindings.remove(0);
    assert_eq!(
        (binding.container_port, binding.host_port),
        (Some(80), Some(8080))
    );
    assert_eq!(binding.protocol, Some(TransportProtocol::Tcp));
}

/// A definition of many dynamic ports.
fn dynamic(count: i32) -> RegisterTaskDefinition {
    let many = (1..=count).fold(
        ContainerDefinition::new("app", "web:1").memory(6),
        |app, port| app.port(PortMapping::tcp(port)),
    );
    RegisterTaskDefinition::new("api").container(many)
}

#[test]
fn a_container_shows_at_most_100_bindings() {
    let (mut trial, _) = with(dynamic(101));
    let task = trial.run("api");
    trial.at(6_000);
    assert_eq!(host_ports(&mut trial, &task).len(), 100);
}

#[test]
fn a_container_with_too_many_bindings_leaves_the_others_their_own() {
    let helper = ContainerDefinition::new("helper", "helper:1").memory(6);
    let (mut trial, _) = with(dynamic(101).container(helper.port(PortMapping::tcp(80))));
    let task = trial.run("api");
    trial.at(6_000);
    let binding = trial.task(&task).containers[1].network_bindings.remove(0);
    assert_eq!(binding.host_port, Some(32_768 + 101));
}

#[test]
fn the_agent_chooses_no_port_that_it_uses_itself() {
    let (mut trial, _) = with(dynamic(1_200));
    for _ in 0..2 {
        trial.run_all(RunTask::new("api").count(10));
    }
    trial.at(10_000);
    let hosts = trial.ledger().hosts();
    let chosen: Vec<u16> = hosts
        .tasks()
        .flat_map(|(task, _)| hosts.chosen_ports(task))
        .copied()
        .collect();
    assert!(chosen.contains(&51_677) && chosen.contains(&51_680));
    assert!(!chosen.contains(&51_678) && !chosen.contains(&51_679));
}
