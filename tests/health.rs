//! Health checks as agents make them and as readers see them (ecs-semantics 7.8).

use std::time::Duration;

use wavetank::model::*;
use wavetank::{FaultError, Latency};

use crate::support::{Trial, app, builder, one, profile, workload};

use HealthStatus::{Healthy, Unhealthy, Unknown};

fn lasting(seconds: u64) -> Latency {
    Latency::Fixed(Duration::from_secs(seconds))
}

/// A check every 10 s that may take 5 s, unhealthy at the third failure.
fn check() -> HealthCheck {
    HealthCheck {
        interval: Some(10),
        timeout: Some(5),
        retries: Some(3),
        ..HealthCheck::shell("true")
    }
}

/// A task of `app` with that check; its process starts at 5.6 s and is healthy as `health` says.
fn checked(check: HealthCheck, health: Health) -> (Trial, String) {
    let rows = [("app", workload(|it| it.health = health))];
    let definition = RegisterTaskDefinition::new("checked").container(app().health_check(check));
    let mut trial = Trial::web_with(profile(rows), definition);
    let task = trial.run("checked");
    (trial, task)
}

/// The health of a task, and that of its containers.
fn health(trial: &mut Trial, task: &str) -> (HealthStatus, Vec<HealthStatus>) {
    let task = trial.task(task);
    let containers = task.containers.iter().map(|it| it.health_status);
    let known = |health: Option<HealthStatus>| health.expect("health is always shown");
    (known(task.health_status), containers.map(known).collect())
}

/// Asserts that the task's health is first seen at a time.
#[track_caller]
fn check_turn(trial: &mut Trial, task: &str, at: u64, from: HealthStatus, to: HealthStatus) {
    trial.at(at - 1);
    assert_eq!(health(trial, task).0, from);
    trial.at(at);
    assert_eq!(health(trial, task).0, to);
}

fn fail(trial: &mut Trial, task: &str, recovers: bool) {
    let (task, container) = (task.to_owned(), "app".to_owned());
    trial.fault(if recovers {
        Fault::HealthRecover { task, container }
    } else {
        Fault::HealthFail { task, container }
    });
}

#[test]
fn health_is_unknown_until_the_first_probe_passes() {
    let (mut trial, task) = checked(check(), Health::Passes);
    check_turn(&mut trial, &task, 15_700, Unknown, Healthy);
}

#[test]
fn so_many_failures_in_a_row_make_a_container_unhealthy() {
    let (mut trial, task) = checked(check(), Health::Fails);
    check_turn(&mut trial, &task, 35_700, Unknown, Unhealthy);
    trial.rest();
    assert_eq!(
        trial.status(&task).0,
        LastStatus::Running,
        "nothing else happens"
    );
}

#[test]
fn probes_that_hang_take_their_timeout() {
    let (mut trial, task) = checked(check(), Health::Hangs);
    check_turn(&mut trial, &task, 50_700, Unknown, Unhealthy);
}

#[test]
fn the_number_of_retries_and_the_timeout_count() {
    let (mut trial, task) = checked(
        HealthCheck {
            retries: Some(1),
            timeout: Some(2),
            ..check()
        },
        Health::Hangs,
    );
    check_turn(&mut trial, &task, 17_700, Unknown, Unhealthy);
}

#[test]
fn failures_in_the_start_period_do_not_count_and_a_success_ends_it() {
    let patient = HealthCheck {
        start_period: Some(60),
        ..check()
    };
    let (mut trial, task) = checked(patient.clone(), Health::Fails);
    check_turn(&mut trial, &task, 85_700, Unknown, Unhealthy);
    let (mut trial, task) = checked(patient.clone(), Health::PassesAfter(lasting(12)));
    check_turn(&mut trial, &task, 25_700, Unknown, Healthy);
    let (mut trial, task) = checked(patient, Health::FailsAfter(lasting(12)));
    check_turn(&mut trial, &task, 15_700, Unknown, Healthy);
    check_turn(&mut trial, &task, 45_700, Healthy, Unhealthy);
}

#[test]
fn a_container_gets_well_with_the_first_probe_that_passes() {
    let (mut trial, task) = checked(check(), Health::PassesAfter(lasting(60)));
    check_turn(&mut trial, &task, 35_700, Unknown, Unhealthy);
    check_turn(&mut trial, &task, 65_700, Unhealthy, Healthy);
}

#[test]
fn faults_turn_the_health_of_a_running_container() {
    let (mut trial, task) = checked(check(), Health::Passes);
    trial.at(20_000);
    fail(&mut trial, &task, false);
    check_turn(&mut trial, &task, 45_700, Healthy, Unhealthy);
    fail(&mut trial, &task, true);
    check_turn(&mut trial, &task, 55_700, Unhealthy, Healthy);
}

#[test]
fn a_fault_that_changes_nothing_leaves_the_count_of_failures() {
    let (mut trial, task) = checked(check(), Health::Fails);
    trial.at(30_000);
    fail(&mut trial, &task, false);
    check_turn(&mut trial, &task, 35_700, Unknown, Unhealthy);
}

#[test]
fn health_can_be_forced_only_of_what_runs_and_is_checked() {
    let (mut trial, task) = checked(check(), Health::Passes);
    let bare = trial.run("web");
    let fail = |task: &str| Fault::HealthFail {
        task: task.to_owned(),
        container: "app".to_owned(),
    };
    let early = trial.inject(&fail(&task));
    assert!(
        matches!(early, Err(FaultError::NotRunning { .. })),
        "{early:?}"
    );
    trial.at(10_000);
    let unchecked = trial.inject(&fail(&bare));
    assert!(
        matches!(unchecked, Err(FaultError::NoHealthCheck { .. })),
        "{unchecked:?}"
    );
}

#[test]
fn the_health_of_a_task_is_the_worst_of_its_essential_containers() {
    let container = |name: &str| ContainerDefinition::new(name, "x:1").memory(64);
    let helper = |checked| {
        let helper = container("helper").essential(false);
        if checked {
            helper.health_check(check())
        } else {
            helper
        }
    };
    let app = app().health_check(check());
    let sick = || profile([("helper", workload(|it| it.health = Health::Fails))]);
    let cases = [
        (helper(true), (Healthy, vec![Healthy, Unhealthy])),
        (
            helper(true).essential(true),
            (Unhealthy, vec![Healthy, Unhealthy]),
        ),
        (helper(false), (Healthy, vec![Healthy, Unknown])),
        (
            helper(false).essential(true),
            (Unknown, vec![Healthy, Unknown]),
        ),
    ];
    for (helper, expected) in cases {
        let both = RegisterTaskDefinition::new("both")
            .container(app.clone())
            .container(helper);
        let mut trial = Trial::web_with(sick(), both);
        let task = trial.run("both");
        trial.rest();
        assert_eq!(health(&mut trial, &task), expected);
    }
}

#[test]
fn health_is_frozen_while_the_agent_is_disconnected_and_told_when_it_is_back() {
    let (mut trial, task) = checked(check(), Health::FailsAfter(lasting(20)));
    let host = trial.host();
    trial.at(20_000);
    assert_eq!(health(&mut trial, &task).0, Healthy);
    trial.disconnect(&host);
    trial.at(100_000);
    assert_eq!(health(&mut trial, &task).0, Healthy);
    trial.reconnect(&host);
    check_turn(&mut trial, &task, 100_100, Healthy, Unhealthy);
}

#[test]
fn health_comes_with_the_measurements_and_is_not_counted_in_the_version() {
    let mut late = profile([]);
    late.latencies.telemetry = lasting(15);
    let definition = RegisterTaskDefinition::new("checked").container(app().health_check(check()));
    let mut trial = Trial::web_with(late, definition);
    let task = trial.run("checked");
    check_turn(&mut trial, &task, 30_600, Unknown, Healthy);
    assert_eq!(trial.task(&task).version, 2);
}

#[test]
fn a_container_that_is_started_again_is_unknown_until_it_is_probed() {
    let mut restarting = app().health_check(check());
    restarting.restart_policy = Some(ContainerRestartPolicy {
        enabled: Some(true),
        restart_attempt_period: Some(60),
        ..ContainerRestartPolicy::default()
    });
    let definition = RegisterTaskDefinition::new("checked").container(restarting);
    let mut trial = Trial::web_with(Profile::ideal(), definition);
    let task = trial.run("checked");
    trial.at(100_000);
    trial.exit(&task, "app", 1);
    check_turn(&mut trial, &task, 100_100, Healthy, Unknown);
    check_turn(&mut trial, &task, 110_100, Unknown, Healthy);
}

#[test]
fn nothing_is_waited_for_once_a_checked_task_is_stopped() {
    let (mut trial, task) = checked(check(), Health::FailsAfter(lasting(1_000_000)));
    trial.at(20_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(trial.now().as_millis(), 21_200);
}

#[test]
fn a_task_without_a_check_stays_unknown() {
    let mut trial = Trial::of(builder());
    trial.instance(1024, 1024);
    trial.define(one("web"));
    let task = trial.run("web");
    trial.rest();
    assert_eq!(health(&mut trial, &task), (Unknown, vec![Unknown]));
}
