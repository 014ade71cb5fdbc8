//! Task definitions: revisions, defaults and what is shown of them (ecs-semantics 2.1 to 2.5).

use wavetank::model::*;

use crate::support::{Trial, app, ms, one};

#[test]
fn revisions_of_a_family_count_from_one() {
    let mut trial = Trial::new();
    let revisions = [one("web"), one("db"), one("web"), one("web")]
        .map(|definition| trial.define(definition).family_and_revision());
    assert_eq!(revisions, ["web:1", "db:1", "web:2", "web:3"]);
}

#[test]
fn the_same_definition_again_is_a_new_revision() {
    let mut trial = Trial::new();
    let (first, second) = (trial.define(one("web")), trial.define(one("web")));
    assert_ne!(first.task_definition_arn, second.task_definition_arn);
}

#[test]
fn a_new_definition_is_active_and_says_when_it_was_registered() {
    let mut trial = Trial::new();
    trial.at(7_000);
    let shown = trial.define(one("web"));
    assert_eq!(shown.status, TaskDefinitionStatus::Active);
    assert_eq!(ms(shown.registered_at), Some(7_000));
    let arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
    assert_eq!(&*shown.task_definition_arn, arn);
}

#[test]
fn what_was_left_out_is_shown_as_its_default() {
    let mut trial = Trial::new();
    let shown = trial.define(RegisterTaskDefinition::new("web").container(app().port(
        PortMapping {
            protocol: None,
            ..PortMapping::tcp(80)
        },
    )));
    let container = &shown.container_definitions[0];
    assert_eq!(container.essential, Some(true));
    let mapping = &container.port_mappings[0];
    assert_eq!(
        (mapping.host_port, mapping.protocol),
        (Some(0), Some(TransportProtocol::Tcp))
    );
}

#[test]
fn under_host_and_awsvpc_networking_a_host_port_is_the_container_port() {
    for mode in [NetworkMode::Host, NetworkMode::Awsvpc] {
        let definition =
            RegisterTaskDefinition::new("web").container(app().port(PortMapping::tcp(80)));
        let shown = Trial::new().define(definition.network_mode(mode));
        assert_eq!(
            shown.container_definitions[0].port_mappings[0].host_port,
            Some(80),
            "{mode}"
        );
    }
}

#[test]
fn sizes_of_a_task_are_shown_as_whole_units() {
    let mut trial = Trial::new();
    for (cpu, memory, expected) in [
        ("1 vCPU", "2 GB", ("1024", "2048")),
        ("1 vcpu", "2GB", ("1024", "2048")),
        (".5 vCPU", "0.5 GB", ("512", "512")),
        ("256", "512", ("256", "512")),
    ] {
        let shown = trial.define(
            RegisterTaskDefinition::new("web")
                .container(ContainerDefinition::new("app", "web:1"))
                .cpu(cpu)
                .memory(memory),
        );
        assert_eq!(
            (shown.cpu.as_deref(), shown.memory.as_deref()),
            (Some(expected.0), Some(expected.1))
        );
    }
}

#[test]
fn labels_of_a_definition_are_shown_beside_it_when_asked_for() {
    let mut trial = Trial::new();
    trial.define(one("web").tag("team", "red"));
    let mut tags = |request: DescribeTaskDefinition| {
        let answer = trial.describe_task_definition(request);
        answer.expect("it is registered").tags
    };
    assert_eq!(tags(DescribeTaskDefinition::new("web")), []);
    let request = DescribeTaskDefinition::new("web").include(TaskDefinitionField::Tags);
    assert_eq!(tags(request), [Tag::new("team", "red")]);
}

#[test]
fn what_is_not_acted_on_is_shown_again() {
    let mut trial = Trial::new();
    let container = ContainerDefinition {
        command: vec!["serve".to_owned()],
        environment: vec![KeyValuePair::new("MODE", "fast")],
        hostname: Some("box".to_owned()),
        ..app()
    };
    let shown = trial.define(RegisterTaskDefinition::new("web").container(container.clone()));
    let again = &shown.container_definitions[0];
    assert_eq!(
        (&again.command, &again.environment),
        (&container.command, &container.environment)
    );
    assert_eq!(again.hostname, container.hostname);
}

#[test]
fn a_definition_survives_its_tasks_and_its_cluster() {
    let mut trial = Trial::web();
    trial.run("web");
    let host = trial.host();
    trial.give_up(&host);
    trial
        .delete_cluster(DeleteCluster::new("default"))
        .expect("it is empty");
    let answer = trial.describe_task_definition(DescribeTaskDefinition::new("web:1"));
    assert_eq!(
        answer.expect("it is registered").task_definition.revision,
        1
    );
}
