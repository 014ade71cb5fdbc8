//! RunTask: what it answers, what its tasks take, which failures it tells (ecs-semantics 3.1, 3.4, 4.5).

use wavetank::model::*;

use crate::support::{Trial, amount, app, builder, check_refused, ms, one, reasons, sized};

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
fn a_task_definition_of_another_region_or_account_is_unknown() {
    let mut trial = Trial::web();
    for account in [
        "arn:aws:ecs:eu-west-1:123456789012",
        "arn:aws:ecs:us-east-1:210987654321",
        "arn:aws:ecs:us-east-1:1",
        "arn",
    ] {
        let reference = format!("{account}:task-definition/web:1");
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
