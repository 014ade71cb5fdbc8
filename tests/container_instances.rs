//! Container instances: registered, filled, drained and deregistered (ecs-semantics 4).

use wavetank::model::*;

use crate::support::{
    Trial, amount, builder, check_refused, id, members, ms, on_port, one, profile, reasons,
    workload,
};

fn deregister(trial: &mut Trial, request: DeregisterContainerInstance) -> ContainerInstance {
    let answer = trial.deregister_container_instance(request);
    answer
        .expect("the container instance can go")
        .container_instance
}

fn missing(trial: &mut Trial, instance: &str) -> Vec<&'static str> {
    let answer = trial.describe_container_instances(DescribeContainerInstances::new([instance]));
    reasons(&answer.expect("the cluster is there").failures)
}

fn arns(trial: &mut Trial, request: ListContainerInstances) -> Vec<String> {
    let answer = trial.list_container_instances(request);
    answer.expect("the request is good").container_instance_arns
}

/// Two GPUs, and the family `gpu` whose second container asks for some.
fn with_gpus(count: u32) -> (Trial, String) {
    let mut trial = Trial::new();
    let request = RegisterContainerInstance::default().cpu(2048).memory(4096);
    let host = trial.register(request.gpu("gpu-a").gpu("gpu-b"));
    let mut trainer = ContainerDefinition::new("trainer", "train:1").memory(256);
    trainer
        .resource_requirements
        .push(ResourceRequirement::gpu(count));
    let helper = ContainerDefinition::new("helper", "helper:1").memory(64);
    trial.define(
        RegisterTaskDefinition::new("gpu")
            .container(helper)
            .container(trainer),
    );
    (trial, host)
}

fn gpus_of(task: &Task, container: &str) -> Vec<String> {
    let container = task.container(container).expect("the definition has it");
    container.gpu_ids.clone()
}

#[test]
fn a_container_instance_is_active_connected_and_at_version_1_when_it_registers() {
    let mut trial = Trial::new();
    trial.at(1_500);
    let arn = trial.instance(2048, 3767);
    let shown = trial.shown(&arn);
    assert_eq!(shown.status, ContainerInstanceStatus::Active);
    assert_eq!((shown.agent_connected, shown.version), (true, 1));
    assert_eq!(ms(shown.registered_at), Some(1_500));
    assert_eq!(
        (shown.running_tasks_count, shown.pending_tasks_count),
        (0, 0)
    );
}

#[test]
fn the_first_container_instance_makes_the_default_cluster() {
    let mut trial = Trial::new();
    let arn = trial.instance(1024, 1024);
    assert!(arn.starts_with("arn:aws:ecs:us-east-1:123456789012:container-instance/default/"));
}

#[test]
fn registered_ports_are_those_an_agent_on_linux_reserves() {
    let mut trial = Trial::web();
    let host = trial.host();
    let registered = trial.shown(&host).registered_resources;
    let ports = members(&registered, "PORTS");
    assert_eq!(
        ports,
        Some(
            ["22", "2375", "2376", "51678", "51679"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    assert_eq!(members(&registered, "PORTS_UDP"), Some(vec![]));
}

#[test]
fn ports_that_the_agent_lists_are_reserved_instead_of_the_defaults() {
    let mut trial = Trial::new();
    let ports = Resource::string_set("PORTS", ["22", "9100"]);
    let request = RegisterContainerInstance::default()
        .cpu(1)
        .memory(6)
        .resource(ports);
    let host = trial.register(request);
    let left = trial.shown(&host).remaining_resources;
    assert_eq!(
        members(&left, "PORTS"),
        Some(vec!["22".to_owned(), "9100".to_owned()])
    );
}

#[test]
fn what_is_left_falls_when_a_task_is_placed() {
    let mut trial = Trial::web();
    trial.define(on_port("api", 8080));
    let host = trial.host();
    trial.run("api");
    let shown = trial.shown(&host);
    assert_eq!(amount(&shown.remaining_resources, "CPU"), Some(2048 - 256));
    assert_eq!(
        amount(&shown.remaining_resources, "MEMORY"),
        Some(4096 - 512)
    );
    let taken = members(&shown.remaining_resources, "PORTS").expect("ports are shown");
    assert!(taken.contains(&"8080".to_owned()), "{taken:?}");
    assert_eq!(amount(&shown.registered_resources, "CPU"), Some(2048));
}

#[test]
fn what_a_task_held_returns_to_the_control_plane_when_it_is_told_to_stop() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    assert_eq!(trial.left(&host), (2048, 4096));
}

#[test]
fn what_a_task_held_that_ends_by_itself_returns_when_its_agent_says_so() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.exit(&task, "app", 0);
    trial.at(10_099);
    assert_eq!(trial.left(&host), (2048 - 256, 4096 - 512));
    trial.at(10_100);
    assert_eq!(trial.left(&host), (2048, 4096));
}

#[test]
fn what_a_task_held_returns_once() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(trial.left(&host), (2048, 4096));
}

#[test]
fn a_pending_task_counts_as_running_and_as_pending_and_a_stopping_one_as_neither() {
    let mut trial = Trial::web();
    let host = trial.host();
    let counts = |trial: &mut Trial| {
        let shown = trial.shown(&host);
        (shown.running_tasks_count, shown.pending_tasks_count)
    };
    let task = trial.run("web");
    assert_eq!(counts(&mut trial), (1, 1));
    trial.at(10_000);
    assert_eq!(counts(&mut trial), (1, 0));
    trial.stop(&task);
    assert_eq!(counts(&mut trial), (0, 0));
}

#[test]
fn the_version_rises_when_a_task_is_placed_and_when_it_goes() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    assert_eq!(trial.shown(&host).version, 2);
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(trial.shown(&host).version, 3);
}

#[test]
fn a_disconnected_container_instance_stays_active_and_its_tasks_keep_their_status() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.disconnect(&host);
    let shown = trial.shown(&host);
    assert_eq!(shown.status, ContainerInstanceStatus::Active);
    assert_eq!((shown.agent_connected, shown.version), (false, 3));
    trial.at(600_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Running, DesiredStatus::Running)
    );
}

#[test]
fn a_draining_container_instance_keeps_its_standalone_tasks() {
    let mut trial = Trial::web();
    let host = trial.host();
    let running = trial.run("web");
    trial.at(10_000);
    let pending = trial.run("web");
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    trial.at(60_000);
    for task in [running, pending] {
        assert_eq!(
            trial.status(&task),
            (LastStatus::Running, DesiredStatus::Running)
        );
    }
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Draining);
}

#[test]
fn a_draining_container_instance_takes_tasks_again_once_it_is_active() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    let answer = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&answer.failures), ["INACTIVE"]);
    trial.set_state(&host, ContainerInstanceStatus::Active);
    trial.run("web");
}

#[test]
fn a_state_that_an_instance_has_already_is_no_change() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.set_state(&host, ContainerInstanceStatus::Active);
    assert_eq!(trial.shown(&host).version, 1);
}

#[test]
fn a_state_change_tells_which_container_instances_it_does_not_reach() {
    let mut trial = Trial::web();
    let (host, gone) = (trial.host(), trial.instance(1, 6));
    trial.give_up(&gone);
    let draining = ContainerInstanceStatus::Draining;
    let request = UpdateContainerInstancesState::new([host.as_str(), "nobody", &gone], draining);
    let answer = trial.update_container_instances_state(request);
    let answer = answer.expect("the request is good");
    assert_eq!(answer.container_instances.len(), 1);
    assert_eq!(reasons(&answer.failures), ["MISSING", "INACTIVE"]);
}

#[test]
fn a_container_instance_with_tasks_is_not_deregistered() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.run("web");
    let answer = trial.deregister_container_instance(DeregisterContainerInstance::new(&host));
    let text = "Found running tasks on the instance.";
    check_refused(answer, "InvalidParameterException", text);
}

#[test]
fn a_container_instance_whose_tasks_have_stopped_is_deregistered() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.stop(&task);
    trial.rest();
    let gone = deregister(&mut trial, DeregisterContainerInstance::new(&host));
    assert_eq!(gone.status, ContainerInstanceStatus::Inactive);
}

#[test]
fn deregistering_by_force_gives_up_the_tasks() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    let gone = deregister(&mut trial, DeregisterContainerInstance::new(&host).force());
    assert_eq!(
        (gone.status, gone.agent_connected),
        (ContainerInstanceStatus::Inactive, false)
    );
    assert_eq!((gone.running_tasks_count, gone.pending_tasks_count), (0, 0));
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Stopped, DesiredStatus::Stopped)
    );
    let reason = "Container instance deregistration forced by user";
    assert_eq!(task.stopped_reason.as_deref(), Some(reason));
    assert_eq!(ms(task.stopped_at), Some(10_000));
    assert_eq!(task.containers[0].last_status, LastStatus::Stopped);
}

#[test]
fn a_task_given_up_stays_stopped_whatever_was_on_its_way() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(5_650);
    trial.give_up(&host);
    let given_up = trial.task(&task);
    trial.rest();
    assert_eq!(trial.task(&task), given_up);
}

#[test]
fn an_inactive_container_instance_is_described_for_an_hour_and_not_listed() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.at(10_000);
    trial.give_up(&host);
    assert_eq!(arns(&mut trial, ListContainerInstances::new()), [""; 0]);
    trial.at(3_609_999);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Inactive);
    trial.at(3_610_000);
    assert_eq!(missing(&mut trial, &host), ["MISSING"]);
}

#[test]
fn an_unknown_container_instance_is_not_deregistered() {
    let mut trial = Trial::web();
    let answer = trial.deregister_container_instance(DeregisterContainerInstance::new("nobody"));
    let text = "The referenced container instance was not found.";
    check_refused(answer, "InvalidParameterException", text);
}

/// The agent of a container instance registers again.
fn again(arn: &str) -> RegisterContainerInstance {
    RegisterContainerInstance {
        container_instance_arn: Some(arn.to_owned()),
        ..RegisterContainerInstance::default().cpu(2048).memory(4096)
    }
}

#[test]
fn an_agent_that_registers_again_keeps_its_arn_and_its_tasks() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    assert_eq!(trial.register(again(&host)), host);
    assert_eq!(trial.left(&host), (2048 - 256, 4096 - 512));
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

#[test]
fn an_agent_that_registers_again_keeps_its_attributes() {
    let mut trial = Trial::new();
    let request = RegisterContainerInstance::default().cpu(2048).memory(4096);
    let host = trial.register(request.attribute("rack", "7"));
    trial.register(again(&host));
    assert_eq!(trial.shown(&host).attributes, [Attribute::new("rack", "7")]);
}

#[test]
fn an_agent_that_registers_again_with_another_attribute_keeps_the_others() {
    let mut trial = Trial::new();
    let request = RegisterContainerInstance::default().cpu(2048).memory(4096);
    let host = trial.register(request.attribute("rack", "7"));
    trial.register(again(&host).attribute("disk", "ssd"));
    let attributes = trial.shown(&host).attributes;
    assert!(
        attributes.contains(&Attribute::new("rack", "7")),
        "{attributes:?}"
    );
    assert!(
        attributes.contains(&Attribute::new("disk", "ssd")),
        "{attributes:?}"
    );
}

#[test]
fn an_agent_that_registers_again_is_connected() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.disconnect(&host);
    trial.register(again(&host));
    assert!(trial.shown(&host).agent_connected);
}

#[test]
fn an_agent_that_registers_again_may_not_have_changed_its_size() {
    let mut trial = Trial::web();
    let host = trial.host();
    let answer = trial.register_container_instance(RegisterContainerInstance {
        total_resources: vec![
            Resource::integer("CPU", 4096),
            Resource::integer("MEMORY", 4096),
        ],
        ..again(&host)
    });
    let text = "Container instance type changes are not supported.";
    check_refused(answer, "ClientException", text);
}

#[test]
fn an_agent_that_registers_again_in_a_cluster_that_is_gone_is_refused() {
    let mut trial = Trial::new();
    let before = trial.state_digest();
    let answer = trial.register_container_instance(again("0123"));
    let text = "The referenced container instance was not found.";
    check_refused(answer, "ClientException", text);
    assert_eq!(trial.state_digest(), before);
}

#[test]
fn container_instances_are_listed_by_status() {
    let mut trial = Trial::web();
    let (draining, active) = (trial.host(), trial.instance(1, 6));
    trial.set_state(&draining, ContainerInstanceStatus::Draining);
    let of = |status| ListContainerInstances::new().status(status);
    assert_eq!(
        arns(&mut trial, of(ContainerInstanceStatus::Draining)),
        [draining.as_str()]
    );
    assert_eq!(
        arns(&mut trial, of(ContainerInstanceStatus::Active)),
        [active.as_str()]
    );
    assert_eq!(
        arns(&mut trial, ListContainerInstances::new()),
        [draining, active]
    );
}

#[test]
fn a_container_instance_goes_by_its_id_and_by_both_forms_of_its_arn() {
    let mut trial = Trial::web();
    let host = trial.host();
    let old = host.replace("/default/", "/");
    let shown = trial.shown(&host);
    assert_eq!(trial.shown(id(&host)), shown);
    assert_eq!(trial.shown(&old), shown);
}

#[test]
fn a_container_instance_of_another_cluster_or_region_is_missing() {
    let mut trial = Trial::web();
    let other = trial.create_cluster(CreateCluster::new("other"));
    other.expect("the name is good");
    let elsewhere = trial.register(RegisterContainerInstance::new("other").cpu(1).memory(6));
    assert_eq!(missing(&mut trial, &elsewhere), ["MISSING"]);
    let host = trial.host().replace("us-east-1", "eu-west-1");
    assert_eq!(missing(&mut trial, &host), ["MISSING"]);
}

#[test]
fn labels_of_a_container_instance_are_shown_only_when_asked_for() {
    let mut trial = Trial::new();
    let tags = vec![Tag::new("owner", "ann")];
    let host = trial.register(RegisterContainerInstance {
        tags: tags.clone(),
        ..RegisterContainerInstance::default().cpu(1).memory(6)
    });
    assert_eq!(trial.shown(&host).tags, []);
    let request = DescribeContainerInstances::new([host]).include(ContainerInstanceField::Tags);
    let answer = trial
        .describe_container_instances(request)
        .expect("the request is good");
    assert_eq!(answer.container_instances[0].tags, tags);
}

#[test]
fn gpus_are_given_whole_and_come_back() {
    let (mut trial, _) = with_gpus(1);
    let answer = trial
        .run_task(RunTask::new("gpu").count(3))
        .expect("the request is good");
    assert_eq!(
        (answer.tasks.len(), reasons(&answer.failures)),
        (2, vec!["RESOURCE:GPU"])
    );
    trial.stop(&answer.tasks[0].task_arn);
    trial.run("gpu");
}

#[test]
fn a_container_shows_the_gpus_it_asked_for() {
    let (mut trial, _) = with_gpus(2);
    let task = trial.run("gpu");
    let task = trial.task(&task);
    assert_eq!(gpus_of(&task, "trainer"), ["gpu-a", "gpu-b"]);
    assert_eq!(gpus_of(&task, "helper"), [""; 0]);
}

#[test]
fn a_container_shows_the_gpus_that_an_override_asked_for() {
    let (mut trial, _) = with_gpus(1);
    let change = ContainerOverride {
        resource_requirements: vec![ResourceRequirement::gpu(2)],
        ..ContainerOverride::new("trainer")
    };
    let task = trial
        .run_all(RunTask::new("gpu").override_container(change))
        .remove(0);
    assert_eq!(gpus_of(&trial.task(&task), "trainer"), ["gpu-a", "gpu-b"]);
}

#[test]
fn free_gpus_are_shown_by_id_down_to_none() {
    let (mut trial, host) = with_gpus(1);
    let free = |trial: &mut Trial| members(&trial.shown(&host).remaining_resources, "GPU");
    trial.run("gpu");
    assert_eq!(free(&mut trial), Some(vec!["gpu-b".to_owned()]));
    trial.run("gpu");
    assert_eq!(free(&mut trial), Some(vec![]));
}

#[test]
fn an_identity_document_tells_zone_type_and_machine() {
    let mut trial = Trial::new();
    let document =
        r#"{"instanceId": "i-0abc", "instanceType": "m5.large", "availabilityZone": "us-east-1b"}"#;
    let host = trial.register(RegisterContainerInstance {
        instance_identity_document: Some(document.to_owned()),
        ..RegisterContainerInstance::default().cpu(1).memory(6)
    });
    let shown = trial.shown(&host);
    assert_eq!(shown.ec2_instance_id.as_deref(), Some("i-0abc"));
    let zone = Attribute::new("ecs.availability-zone", "us-east-1b");
    let kind = Attribute::new("ecs.instance-type", "m5.large");
    assert!(shown.attributes.contains(&zone) && shown.attributes.contains(&kind));
}

#[test]
fn a_task_shows_the_zone_of_its_container_instance() {
    let mut trial = Trial::new();
    let request = RegisterContainerInstance::default().cpu(2048).memory(4096);
    trial.register(request.attribute("ecs.availability-zone", "us-east-1c"));
    trial.define(one("web"));
    let task = trial.run("web");
    assert_eq!(
        trial.task(&task).availability_zone.as_deref(),
        Some("us-east-1c")
    );
}

#[test]
fn ids_and_arns_carry_region_and_account() {
    let mut trial = Trial::web_of(builder().region("eu-west-1").account_id("210987654321"));
    let task = trial.run("web");
    assert!(
        task.starts_with("arn:aws:ecs:eu-west-1:210987654321:task/default/"),
        "{task}"
    );
    assert_eq!(id(&task).len(), 32);
    assert!(
        trial
            .host()
            .starts_with("arn:aws:ecs:eu-west-1:210987654321:container-instance/")
    );
}

#[test]
fn a_task_that_is_slow_to_stop_holds_its_place_on_the_host_alone() {
    let stubborn =
        workload(|app| app.stop = wavetank::Latency::Fixed(std::time::Duration::from_secs(20)));
    let mut trial = Trial::web_of(builder().profile(profile([("app", stubborn)])));
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    trial.at(20_000);
    assert_eq!(trial.left(&host), (2048, 4096));
    let on_host = trial
        .ledger()
        .hosts()
        .host(wavetank::ids::ContainerInstanceId::new(0));
    assert_eq!(on_host.map(|host| host.cpu), Some(2048 - 256));
}
