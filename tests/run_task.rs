//! RunTask: what it answers, what its tasks take, what makes a repetition harmless (ecs-semantics 3.1, 3.2, 4.3 to 4.5).

use wavetank::model::*;

use crate::support::{
    Trial, amount, app, builder, check_refused, id, ms, on_port, one, reasons, sized,
};

/// One container instance of 4096 CPU units and 8192 MiB, with a definition.
fn with(definition: RegisterTaskDefinition) -> (Trial, String) {
    let mut trial = Trial::new();
    let host = trial.instance(4096, 8192);
    trial.define(definition);
    (trial, host)
}

/// What one task of a request takes: CPU units and MiB.
#[track_caller]
fn taken(definition: RegisterTaskDefinition, request: RunTask) -> (i32, i32) {
    let (mut trial, host) = with(definition);
    trial.run_all(request);
    let (cpu, memory) = trial.left(&host);
    (4096 - cpu, 8192 - memory)
}

/// The failures of a request.
fn failed(trial: &mut Trial, request: RunTask) -> Vec<&'static str> {
    let answer = trial.run_task(request).expect("the request is good");
    assert!(answer.tasks.is_empty(), "nothing is to be placed");
    reasons(&answer.failures)
}

#[test]
fn a_new_task_is_pending_and_wanted_running() {
    let mut trial = Trial::web();
    trial.at(1_000);
    let answer = trial.run_task(RunTask::new("web")).expect("there is room");
    let task = &answer.tasks[0];
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Pending, DesiredStatus::Running)
    );
    assert_eq!((task.version, ms(task.created_at)), (1, Some(1_000)));
    assert_eq!(
        (task.started_at, task.pull_started_at, task.stopped_at),
        (None, None, None)
    );
    assert_eq!(task.containers[0].last_status, LastStatus::Pending);
}

#[test]
fn a_new_task_says_where_it_comes_from_and_what_it_takes() {
    let mut trial = Trial::web();
    let host = trial.host();
    let answer = trial.run_task(RunTask::new("web")).expect("there is room");
    let task = &answer.tasks[0];
    let prefix = "arn:aws:ecs:us-east-1:123456789012";
    assert_eq!(
        *task.task_definition_arn,
        *format!("{prefix}:task-definition/web:1")
    );
    assert_eq!(*task.cluster_arn, *format!("{prefix}:cluster/default"));
    assert_eq!(task.container_instance_arn.as_deref(), Some(host.as_str()));
    assert_eq!(
        (task.cpu.as_deref(), task.memory.as_deref()),
        (Some("256"), Some("512"))
    );
    assert_eq!(
        (task.launch_type, task.group.as_deref()),
        (Some(LaunchType::Ec2), Some("family:web"))
    );
}

#[test]
fn what_run_task_answers_is_what_describe_shows() {
    let mut trial = Trial::web();
    let answer = trial.run_task(RunTask::new("web")).expect("there is room");
    assert_eq!(trial.task(&answer.tasks[0].task_arn), answer.tasks[0]);
}

#[test]
fn a_request_without_a_count_runs_one_task() {
    let mut trial = Trial::web();
    assert_eq!(trial.run_all(RunTask::new("web")).len(), 1);
}

#[test]
fn every_task_asked_for_is_a_task_or_a_failure() {
    let mut trial = Trial::web();
    let answer = trial
        .run_task(RunTask::new("web").count(10))
        .expect("the request is good");
    assert_eq!((answer.tasks.len(), answer.failures.len()), (8, 2));
}

#[test]
fn a_request_of_which_nothing_fits_is_answered_all_the_same() {
    let mut trial = Trial::web();
    trial.define(sized("huge", 2049, 6));
    assert_eq!(
        failed(&mut trial, RunTask::new("huge").count(2)),
        ["RESOURCE:CPU", "RESOURCE:CPU"]
    );
}

#[test]
fn a_failure_names_the_container_instance() {
    let mut trial = Trial::web();
    trial.define(sized("huge", 1, 9999));
    let host = trial.host();
    let answer = trial
        .run_task(RunTask::new("huge"))
        .expect("the request is good");
    assert_eq!(answer.failures[0].arn.as_deref(), Some(host.as_str()));
    assert_eq!(reasons(&answer.failures), ["RESOURCE:MEMORY"]);
}

#[test]
fn a_family_means_its_latest_revision() {
    let mut trial = Trial::web();
    trial.define(one("web"));
    let mut revision = |reference: &str| {
        let task = trial.run(reference);
        trial
            .task(&task)
            .task_definition_arn
            .rsplit_once(':')
            .map(|(_, number)| number.to_owned())
    };
    assert_eq!(revision("web").as_deref(), Some("2"));
    assert_eq!(revision("web:1").as_deref(), Some("1"));
    let arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1";
    assert_eq!(revision(arn).as_deref(), Some("1"));
}

#[test]
fn an_unknown_task_definition_is_refused() {
    let mut trial = Trial::web();
    for reference in ["db", "web:2", "web:0", "web:x", "web:1:1"] {
        let answer = trial.run_task(RunTask::new(reference));
        check_refused(answer, "ClientException", "TaskDefinition not found.");
    }
}

#[test]
fn a_revision_is_written_in_digits_only() {
    let mut trial = Trial::web();
    for reference in ["web:+1", "web:01"] {
        let answer = trial.run_task(RunTask::new(reference));
        check_refused(answer, "ClientException", "TaskDefinition not found.");
    }
}

#[test]
fn what_the_caller_says_of_a_task_is_shown_again() {
    let mut trial = Trial::web();
    let request = RunTask::new("web")
        .group("batch")
        .started_by("nightly/7")
        .tag("team", "red");
    let task = trial.run_all(request).remove(0);
    let described = DescribeTasks::new([&task]).include(TaskField::Tags);
    let shown = trial
        .describe_tasks(described)
        .expect("the task is known")
        .tasks
        .remove(0);
    assert_eq!(
        (shown.group.as_deref(), shown.started_by.as_deref()),
        (Some("batch"), Some("nightly/7"))
    );
    assert_eq!(shown.tags, [Tag::new("team", "red")]);
    assert_eq!(trial.task(&task).tags, [], "they were not asked for");
}

#[test]
fn labels_come_from_the_definition_when_asked_for() {
    let (mut trial, _) = with(one("web").tag("team", "red").tag("tier", "1"));
    let request = RunTask {
        propagate_tags: Some(PropagateTags::TaskDefinition),
        ..RunTask::new("web").tag("team", "blue")
    };
    let answer = trial.run_task(request).expect("there is room");
    assert_eq!(
        answer.tasks[0].tags,
        [Tag::new("team", "blue"), Tag::new("tier", "1")]
    );
}

#[test]
fn a_task_takes_what_its_containers_add_up_to() {
    let helper = ContainerDefinition::new("helper", "helper:1")
        .cpu(64)
        .memory(100);
    assert_eq!(
        taken(one("web").container(helper), RunTask::new("web")),
        (320, 612)
    );
}

#[test]
fn a_reservation_counts_and_not_the_limit_above_it() {
    let definition = RegisterTaskDefinition::new("web").container(app().memory_reservation(128));
    assert_eq!(taken(definition, RunTask::new("web")), (256, 128));
}

#[test]
fn the_size_of_the_task_counts_before_that_of_its_containers() {
    assert_eq!(
        taken(one("web").cpu("1 vCPU").memory("2 GB"), RunTask::new("web")),
        (1024, 2048)
    );
    assert_eq!(
        taken(one("web").cpu(".5 vCPU").memory("1GB"), RunTask::new("web")),
        (512, 1024)
    );
    assert_eq!(
        taken(one("web").cpu("300").memory("600"), RunTask::new("web")),
        (300, 600)
    );
}

#[test]
fn overrides_of_a_container_change_what_its_task_takes() {
    let change = ContainerOverride::new("app").cpu(1000).memory(2000);
    assert_eq!(
        taken(one("web"), RunTask::new("web").override_container(change)),
        (1000, 2000)
    );
    let change = ContainerOverride::new("app").memory_reservation(64);
    assert_eq!(
        taken(one("web"), RunTask::new("web").override_container(change)),
        (256, 64)
    );
}

#[test]
fn overrides_of_a_task_change_what_it_takes() {
    let overrides = TaskOverride {
        cpu: Some("2 vCPU".to_owned()),
        memory: Some("3000".to_owned()),
        ..TaskOverride::default()
    };
    let request = RunTask {
        overrides: Some(overrides),
        ..RunTask::new("web")
    };
    assert_eq!(
        taken(one("web").cpu("256").memory("512"), request),
        (2048, 3000)
    );
}

#[test]
fn an_override_can_make_a_task_too_large() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").override_container(ContainerOverride::new("app").cpu(2049));
    assert_eq!(failed(&mut trial, request), ["RESOURCE:CPU"]);
}

#[test]
fn tasks_without_cpu_pack_without_bound() {
    let (mut trial, host) = with(sized("idle", 0, 6));
    for _ in 0..3 {
        trial.run_all(RunTask::new("idle").count(10));
    }
    assert_eq!(trial.left(&host), (4096, 8192 - 180));
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
    let taken = crate::support::members(&taken, "PORTS").expect("ports are shown");
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

#[test]
fn the_same_token_gives_the_same_tasks_and_no_more() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").count(2).client_token("once");
    let first = trial.run_task(request.clone()).expect("there is room");
    let digest = trial.state_digest();
    let again = trial.run_task(request).expect("a repetition is good");
    assert_eq!(again, first);
    assert_eq!(trial.state_digest(), digest);
}

#[test]
fn without_a_token_a_repetition_runs_twice() {
    let mut trial = Trial::web();
    assert_ne!(trial.run("web"), trial.run("web"));
}

#[test]
fn a_repetition_tells_the_failures_of_the_first_call() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").count(10).client_token("once");
    trial
        .run_task(request.clone())
        .expect("the request is good");
    trial.instance(4096, 8192);
    let again = trial.run_task(request).expect("a repetition is good");
    assert_eq!((again.tasks.len(), again.failures.len()), (8, 2));
}

#[test]
fn a_token_with_other_parameters_is_a_conflict_that_names_the_tasks() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").client_token("once");
    let task = trial.run_all(request.clone()).remove(0);
    let error = trial
        .run_task(request.count(2))
        .expect_err("the count differs");
    assert_eq!(error.exception(), "ConflictException");
    assert!(error.message().contains(&task), "{error}");
}

#[test]
fn a_token_is_of_one_cluster() {
    let mut trial = Trial::web();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    trial.register(
        RegisterContainerInstance::new("other")
            .cpu(2048)
            .memory(4096),
    );
    let request = RunTask::new("web").client_token("once");
    let here = trial.run_all(request.clone());
    let there = trial.run_all(request.cluster("other"));
    assert_ne!(id(&here[0]), id(&there[0]));
}

#[test]
fn a_repetition_shows_of_a_stopped_task_no_more_than_its_state() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").client_token("once");
    let task = trial.run_all(request.clone()).remove(0);
    trial.stop(&task);
    trial.rest();
    let again = trial.run_task(request).expect("a repetition is good");
    let short = Task {
        task_arn: task,
        last_status: LastStatus::Stopped,
        desired_status: DesiredStatus::Stopped,
        ..Task::default()
    };
    assert_eq!(again.tasks, [short]);
}

/// Whether a request under the token `once` is a repetition now.
fn repeats(trial: &mut Trial, first: &str) -> bool {
    trial.run_all(RunTask::new("web").client_token("once"))[0] == first
}

const HOUR: u64 = 3_600_000;

#[test]
fn a_token_lives_as_long_as_its_tasks_and_an_hour() {
    let mut trial = Trial::web();
    let task = trial
        .run_all(RunTask::new("web").client_token("once"))
        .remove(0);
    trial.at(2 * HOUR);
    trial.stop(&task);
    trial.rest();
    let stopped = ms(trial.task(&task).stopped_at).expect("it has stopped");
    trial.at(stopped + HOUR - 1);
    assert!(repeats(&mut trial, &task));
    trial.at(stopped + HOUR);
    assert!(!repeats(&mut trial, &task));
}

#[test]
fn a_token_lives_a_day_at_most() {
    let mut trial = Trial::web();
    let task = trial
        .run_all(RunTask::new("web").client_token("once"))
        .remove(0);
    trial.at(24 * HOUR - 1);
    assert!(repeats(&mut trial, &task));
    trial.at(24 * HOUR);
    assert!(!repeats(&mut trial, &task));
}

#[test]
fn a_repetition_means_what_the_family_meant_then() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").client_token("once");
    let first = trial.run_all(request.clone());
    trial.define(one("web"));
    assert_eq!(trial.run_all(request), first);
}

fn every_instance() -> Trial {
    let mut trial = Trial::of(builder().failures(FailureShape::EveryInstance));
    trial.define(sized("big", 1024, 6));
    trial
}

#[test]
fn failures_can_be_told_of_every_container_instance() {
    let mut trial = every_instance();
    trial.instance(512, 4096);
    trial.instance(2048, 5);
    assert_eq!(
        failed(&mut trial, RunTask::new("big")),
        ["RESOURCE:CPU", "RESOURCE:MEMORY"]
    );
}

#[test]
fn failures_are_told_of_ten_container_instances_at_most() {
    let mut trial = every_instance();
    for _ in 0..12 {
        trial.instance(512, 4096);
    }
    assert_eq!(failed(&mut trial, RunTask::new("big")).len(), 10);
}

#[test]
fn failures_of_every_container_instance_see_the_tasks_placed_before() {
    let mut trial = every_instance();
    trial.instance(2048, 4096);
    let answer = trial
        .run_task(RunTask::new("big").count(3))
        .expect("the request is good");
    assert_eq!(
        (answer.tasks.len(), reasons(&answer.failures)),
        (2, vec!["RESOURCE:CPU"])
    );
}

#[test]
fn a_task_that_was_refused_takes_nothing() {
    let mut trial = Trial::web();
    trial.define(sized("huge", 1, 9999));
    failed(&mut trial, RunTask::new("huge").count(3));
    let host = trial.host();
    let shown = trial.shown(&host);
    assert_eq!(amount(&shown.remaining_resources, "MEMORY"), Some(4096));
    assert_eq!((shown.version, shown.running_tasks_count), (1, 0));
}
