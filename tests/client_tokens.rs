//! Client tokens: what makes a repeated RunTask harmless, and for how long (ecs-semantics 3.2).

use wavetank::model::*;

use crate::support::{Trial, id, ms, one};

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
    let body = serde_json::to_value(&error).expect("an error can be written");
    assert_eq!(body["__type"], "ConflictException");
    assert_eq!(body["resourceIds"], serde_json::json!([task]));
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
fn a_repetition_may_name_its_cluster_in_another_way() {
    let mut trial = Trial::web();
    let request = RunTask::new("web").client_token("once");
    let first = trial.run_all(request.clone());
    assert_eq!(trial.run_all(request.cluster("default")), first);
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
        task_arn: task.into(),
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
