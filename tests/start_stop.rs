//! StartTask and StopTask as their callers see them (ecs-semantics 3.3, 3.6).

use wavetank::model::*;

use crate::support::{Trial, check_refused, id, ms, on_port, one, reasons, sized};

/// Starts `web` on container instances, and tells how many tasks there are and what failed.
fn start(trial: &mut Trial, instances: &[&str]) -> (usize, Vec<&'static str>) {
    let answer = trial.start_task(StartTask::new("web", instances.iter().copied()));
    let answer = answer.expect("the request is good");
    (answer.tasks.len(), reasons(&answer.failures))
}

#[test]
fn one_task_starts_on_each_container_instance_named() {
    let mut trial = Trial::web();
    let (first, second) = (trial.host(), trial.instance(1024, 1024));
    let answer = trial.start_task(StartTask::new("web", [id(&second), &first]));
    let tasks = answer.expect("there is room").tasks;
    let places: Vec<_> = tasks
        .iter()
        .map(|task| task.container_instance_arn.as_deref())
        .collect();
    assert_eq!(places, [Some(second.as_str()), Some(first.as_str())]);
    assert!(
        tasks
            .iter()
            .all(|task| task.launch_type == Some(LaunchType::Ec2))
    );
}

#[test]
fn a_started_task_runs_as_one_that_was_placed() {
    let mut trial = Trial::web();
    let host = trial.host();
    let task = trial.start("web", &host);
    trial.at(5_700);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, ms(task.started_at)),
        (LastStatus::Running, Some(5_700))
    );
    assert_eq!(task.group.as_deref(), Some("family:web"));
}

#[test]
fn an_unknown_container_instance_is_missing() {
    let mut trial = Trial::web();
    assert_eq!(start(&mut trial, &["nobody"]), (0, vec!["MISSING"]));
}

#[test]
fn a_container_instance_of_another_cluster_is_missing() {
    let mut trial = Trial::web();
    let other = trial.create_cluster(CreateCluster::new("other"));
    other.expect("the name is good");
    let request = RegisterContainerInstance::new("other").cpu(2048);
    let elsewhere = trial.register(request.memory(4096));
    assert_eq!(start(&mut trial, &[&elsewhere]), (0, vec!["MISSING"]));
    assert_eq!(start(&mut trial, &[id(&elsewhere)]), (0, vec!["MISSING"]));
}

#[test]
fn a_deregistered_container_instance_is_inactive() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.give_up(&host);
    assert_eq!(start(&mut trial, &[&host]), (0, vec!["INACTIVE"]));
}

#[test]
fn a_draining_container_instance_refuses_as_inactive() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    assert_eq!(start(&mut trial, &[&host]), (0, vec!["INACTIVE"]));
}

#[test]
fn a_disconnected_container_instance_refuses_for_its_agent() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.disconnect(&host);
    assert_eq!(start(&mut trial, &[&host]), (0, vec!["AGENT"]));
}

#[test]
fn a_full_container_instance_refuses_for_what_it_lacks() {
    let mut trial = Trial::web();
    let host = trial.host();
    for (family, definition, reason) in [
        ("cpu", sized("cpu", 2049, 6), "RESOURCE:CPU"),
        ("memory", sized("memory", 1, 4097), "RESOURCE:MEMORY"),
        ("port", on_port("port", 22), "RESOURCE:PORTS"),
    ] {
        trial.define(definition);
        let answer = trial.start_task(StartTask::new(family, [&host]));
        let failures = answer.expect("the request is good").failures;
        assert_eq!(reasons(&failures), [reason]);
        assert_eq!(failures[0].arn.as_deref(), Some(host.as_str()));
    }
}

#[test]
fn what_fails_on_one_container_instance_starts_on_the_others() {
    let mut trial = Trial::web();
    let host = trial.host();
    assert_eq!(start(&mut trial, &["nobody", &host]), (1, vec!["MISSING"]));
}

#[test]
fn a_container_instance_named_twice_is_filled_once_after_the_other() {
    let mut trial = Trial::new();
    let host = trial.instance(256, 4096);
    trial.define(one("web"));
    assert_eq!(
        start(&mut trial, &[&host, &host]),
        (1, vec!["RESOURCE:CPU"])
    );
}

#[test]
fn constraints_of_the_definition_do_not_bind_a_caller_who_names_the_place() {
    let mut trial = Trial::web();
    let host = trial.host();
    let rule = PlacementConstraint::member_of("attribute:rack == 7");
    trial.define(one("web").constraint(rule));
    assert_eq!(start(&mut trial, &[&host]), (1, vec![]));
}

#[test]
fn a_started_task_shows_its_group_and_who_started_it() {
    let mut trial = Trial::web();
    let host = trial.host();
    let request = StartTask::new("web", [host])
        .group("batch")
        .started_by("me");
    let task = trial
        .start_task(request)
        .expect("there is room")
        .tasks
        .remove(0);
    assert_eq!(
        (task.group.as_deref(), task.started_by.as_deref()),
        (Some("batch"), Some("me"))
    );
}

#[test]
fn overrides_count_when_a_task_is_started() {
    let mut trial = Trial::web();
    let host = trial.host();
    let change = ContainerOverride::new("app").cpu(2049);
    let answer = trial.start_task(StartTask::new("web", [host]).override_container(change));
    assert_eq!(
        reasons(&answer.expect("the request is good").failures),
        ["RESOURCE:CPU"]
    );
}

/// A task that has run since 5.7 s, at 10 s.
fn running() -> (Trial, String) {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    (trial, task)
}

#[test]
fn a_stopped_task_is_wanted_stopped_at_once() {
    let (mut trial, task) = running();
    let told = trial.stop(&task);
    assert_eq!(
        (told.last_status, told.desired_status),
        (LastStatus::Running, DesiredStatus::Stopped)
    );
    assert_eq!(
        (told.stop_code, ms(told.stopping_at)),
        (Some(StopCode::UserInitiated), Some(10_000))
    );
    assert_eq!(trial.task(&task), told);
}

#[test]
fn a_task_stopped_without_a_reason_was_stopped_by_its_user() {
    let (mut trial, task) = running();
    assert_eq!(
        trial.stop(&task).stopped_reason.as_deref(),
        Some("Task stopped by user")
    );
}

#[test]
fn a_task_shows_why_it_was_stopped_in_the_words_of_the_caller() {
    let (mut trial, task) = running();
    let request = StopTask::new(id(&task)).reason("seen enough");
    trial.stop_task(request).expect("the task is known");
    trial.rest();
    assert_eq!(
        trial.task(&task).stopped_reason.as_deref(),
        Some("seen enough")
    );
}

#[test]
fn a_task_told_to_stop_twice_keeps_the_first_reason_and_time() {
    let (mut trial, task) = running();
    let first = trial.stop(&task);
    trial.at(10_050);
    let second = trial
        .stop_task(StopTask::new(&task).reason("again"))
        .expect("it is known")
        .task;
    assert_eq!(
        (second.stopped_reason, second.stopping_at),
        (first.stopped_reason, first.stopping_at)
    );
}

#[test]
fn a_task_that_has_stopped_is_the_answer_as_it_is() {
    let (mut trial, task) = running();
    trial.exit(&task, "app", 3);
    trial.rest();
    let stopped = trial.task(&task);
    assert_eq!(trial.stop(&task), stopped);
}

#[test]
fn an_unknown_task_is_not_stopped() {
    let (mut trial, task) = running();
    let elsewhere = task.replace("us-east-1", "eu-west-1");
    let other = task.replace("/default/", "/other/");
    for name in ["nobody", &elsewhere, &other] {
        let answer = trial.stop_task(StopTask::new(name));
        check_refused(
            answer,
            "InvalidParameterException",
            "The referenced task was not found.",
        );
    }
}

#[test]
fn a_task_is_not_found_once_it_is_forgotten() {
    let (mut trial, task) = running();
    trial.stop(&task);
    trial.at(4_000_000);
    let answer = trial.stop_task(StopTask::new(&task));
    check_refused(
        answer,
        "InvalidParameterException",
        "The referenced task was not found.",
    );
}

#[test]
fn labels_of_a_task_go_when_it_is_stopped() {
    let mut trial = Trial::web();
    let task = trial
        .run_all(RunTask::new("web").tag("team", "red"))
        .remove(0);
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    let request = DescribeTasks::new([task]).include(TaskField::Tags);
    let answer = trial.describe_tasks(request).expect("the task is known");
    assert_eq!(answer.tasks[0].tags, []);
}
