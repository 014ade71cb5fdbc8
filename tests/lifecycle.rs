//! The life of a task under the ideal profile: when it starts, stops and is forgotten (ecs-semantics 6, 7.5 to 7.7).

use std::time::Duration;

use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, app, ms, profile, reasons, workload};

/// What a task tells of its times: created, pull started, pull stopped, started, stopping, execution stopped, stopped.
fn times(task: &Task) -> [Option<u64>; 7] {
    [
        task.created_at,
        task.pull_started_at,
        task.pull_stopped_at,
        task.started_at,
        task.stopping_at,
        task.execution_stopped_at,
        task.stopped_at,
    ]
    .map(ms)
}

fn lasting(millis: u64) -> Latency {
    Latency::Fixed(Duration::from_millis(millis))
}

fn stops_in(seconds: u64) -> Workload {
    workload(|app| app.stop = lasting(seconds * 1_000))
}

fn runs_for(seconds: u64, code: i32) -> Workload {
    workload(|app| {
        app.run = Run::For(lasting(seconds * 1_000));
        app.exit_code = ExitCode::Always(code);
    })
}

/// A family of the essential container `app` and the container `helper`.
fn pair(essential: bool) -> RegisterTaskDefinition {
    let helper = ContainerDefinition::new("helper", "helper:1")
        .memory(64)
        .essential(essential);
    RegisterTaskDefinition::new("pair")
        .container(app())
        .container(helper)
}

/// A task of `pair` in which containers do something of their own, as it runs at 10 s.
fn running_pair(
    essential: bool,
    rows: impl IntoIterator<Item = (&'static str, Workload)>,
) -> (Trial, String) {
    let mut trial = Trial::web_with(profile(rows), pair(essential));
    let task = trial.run("pair");
    trial.at(10_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    (trial, task)
}

/// A task of `web` as it runs at 10 s, its container doing something of its own.
fn running(app: Workload) -> (Trial, String) {
    let mut trial = Trial::web_with(profile([("app", app)]), pair(false));
    let task = trial.run("web");
    trial.at(10_000);
    (trial, task)
}

/// Last status and exit code of a container.
fn container(task: &Task, name: &str) -> (LastStatus, Option<i32>) {
    let container = task.container(name).expect("the definition has it");
    (container.last_status, container.exit_code)
}

fn why(task: &Task) -> (Option<StopCode>, Option<&str>) {
    (task.stop_code, task.stopped_reason.as_deref())
}

const EXITED: (Option<StopCode>, Option<&str>) = (
    Some(StopCode::EssentialContainerExited),
    Some("Essential container in task exited"),
);

#[test]
fn a_task_starts_on_the_timeline_of_the_ideal_profile() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(5_699);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Pending, DesiredStatus::Running)
    );
    trial.at(5_700);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Running, DesiredStatus::Running)
    );
    assert_eq!(
        times(&task),
        [
            Some(0),
            Some(100),
            Some(5_100),
            Some(5_700),
            None,
            None,
            None
        ]
    );
    assert_eq!(container(&task, "app"), (LastStatus::Running, None));
}

#[test]
fn a_task_stops_on_the_timeline_of_the_ideal_profile() {
    let (mut trial, task) = running(Workload::ideal());
    trial.stop(&task);
    trial
        .advance(Duration::ZERO)
        .expect("no invariant is violated");
    assert_eq!(
        trial.status(&task),
        (LastStatus::Stopping, DesiredStatus::Stopped)
    );
    trial.at(11_199);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Stopping, DesiredStatus::Stopped)
    );
    trial.at(11_200);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Stopped, DesiredStatus::Stopped)
    );
    assert_eq!(
        times(&task)[4..],
        [Some(10_000), Some(11_100), Some(11_200)]
    );
    assert_eq!(
        why(&task),
        (Some(StopCode::UserInitiated), Some("Task stopped by user"))
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, Some(0)));
}

#[test]
fn a_container_that_does_not_obey_is_killed_after_30_seconds() {
    let (mut trial, task) = running(stops_in(45));
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        times(&task)[4..],
        [Some(10_000), Some(40_100), Some(40_200)]
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, Some(137)));
    assert_eq!(
        task.containers[0].reason, None,
        "it was not killed for memory"
    );
}

#[test]
fn a_container_that_does_not_obey_is_killed_at_its_stop_timeout() {
    let definition = RegisterTaskDefinition::new("slow").container(app().stop_timeout(5));
    let mut trial = Trial::web_with(profile([("app", stops_in(45))]), definition);
    let task = trial.run("slow");
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(times(&task)[5..], [Some(15_100), Some(15_200)]);
    assert_eq!(container(&task, "app").1, Some(137));
}

#[test]
fn a_container_that_obeys_in_the_last_moment_is_not_killed() {
    let (mut trial, task) = running(stops_in(30));
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (container(&task, "app").1, times(&task)[5]),
        (Some(0), Some(40_100))
    );
}

#[test]
fn a_task_stopped_before_its_payload_arrives_touches_no_container() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(50);
    trial.stop(&task);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Pending, DesiredStatus::Stopped)
    );
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(task.last_status, LastStatus::Stopped);
    assert_eq!(
        times(&task),
        [Some(0), None, None, None, Some(50), None, Some(250)]
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, None));
    assert_eq!(task.stop_code, Some(StopCode::UserInitiated));
}

#[test]
fn a_task_stopped_while_it_pulls_ends_without_a_signal() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(3_000);
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (ms(task.stopped_at), ms(task.started_at)),
        (Some(3_200), None)
    );
    assert_eq!(
        (ms(task.pull_started_at), ms(task.pull_stopped_at)),
        (Some(100), None)
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, None));
}

#[test]
fn a_task_stopped_while_its_container_starts_ends_without_a_signal() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(5_300);
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (ms(task.stopped_at), ms(task.started_at)),
        (Some(5_500), None)
    );
    assert_eq!(container(&task, "app").1, None);
}

#[test]
fn nothing_more_happens_on_a_host_once_a_pull_was_given_up() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(3_000);
    trial.stop(&task);
    trial.at(3_200);
    let (stopped, digest) = (trial.task(&task), trial.digest());
    trial.at(60_000);
    assert_eq!((trial.task(&task), trial.digest()), (stopped, digest));
}

#[test]
fn a_task_of_one_container_that_ends_by_itself_has_exited() {
    let (mut trial, task) = running(runs_for(20, 0));
    trial.at(25_699);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Running, DesiredStatus::Running)
    );
    trial.at(25_700);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Stopped, DesiredStatus::Stopped)
    );
    assert_eq!(why(&task), EXITED);
    assert_eq!(times(&task)[5..], [Some(25_600), Some(25_700)]);
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, Some(0)));
}

#[test]
fn exit_codes_are_shown_as_they_were() {
    let (mut trial, task) = running(runs_for(20, 42));
    trial.rest();
    assert_eq!(container(&trial.task(&task), "app").1, Some(42));
}

#[test]
fn a_container_can_be_made_to_exit_now() {
    let (mut trial, task) = running(Workload::ideal());
    trial.exit(&task, "app", 1);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!((why(&task), container(&task, "app").1), (EXITED, Some(1)));
    assert_eq!(times(&task)[5..], [Some(10_000), Some(10_100)]);
}

#[test]
fn a_container_killed_for_memory_says_so() {
    let (mut trial, task) = running(Workload::ideal());
    trial.exit(&task, "app", 137);
    trial.rest();
    let shown = trial.task(&task).containers.remove(0);
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    assert_eq!(
        (shown.exit_code, shown.reason.as_deref()),
        (Some(137), Some(reason))
    );
}

#[test]
fn with_an_essential_container_the_others_are_told_to_stop() {
    let (mut trial, task) = running_pair(false, [("helper", stops_in(3))]);
    trial.exit(&task, "app", 2);
    trial.at(12_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Running, DesiredStatus::Running)
    );
    trial.at(13_100);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, why(&task)),
        (LastStatus::Stopped, EXITED)
    );
    assert_eq!(times(&task)[5..], [Some(10_000), Some(13_100)]);
    assert_eq!(container(&task, "app").1, Some(2));
    assert_eq!(container(&task, "helper").1, Some(0));
}

#[test]
fn an_exit_is_seen_before_the_task_has_stopped() {
    let (mut trial, task) = running_pair(false, [("helper", stops_in(3))]);
    trial.exit(&task, "app", 2);
    trial.at(10_100);
    let task = trial.task(&task);
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, Some(2)));
    assert_eq!(container(&task, "helper"), (LastStatus::Running, None));
}

#[test]
fn a_task_goes_on_without_a_container_that_is_not_essential() {
    let (mut trial, task) = running_pair(false, []);
    trial.exit(&task, "helper", 1);
    trial.at(3_600_000);
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.desired_status),
        (LastStatus::Running, DesiredStatus::Running)
    );
    assert_eq!(container(&task, "helper"), (LastStatus::Stopped, Some(1)));
    assert_eq!(container(&task, "app"), (LastStatus::Running, None));
    assert_eq!(times(&task)[5..], [None, None]);
}

#[test]
fn either_of_two_essential_containers_ends_the_task() {
    for name in ["app", "helper"] {
        let (mut trial, task) = running_pair(true, []);
        trial.exit(&task, name, 0);
        trial.rest();
        assert_eq!(why(&trial.task(&task)), EXITED, "{name}");
    }
}

#[test]
fn containers_stop_side_by_side() {
    let (mut trial, task) = running_pair(true, [("app", stops_in(4)), ("helper", stops_in(7))]);
    trial.stop(&task);
    trial.rest();
    assert_eq!(times(&trial.task(&task))[5..], [Some(14_100), Some(17_200)]);
}

#[test]
fn a_task_runs_once_all_its_containers_do() {
    let slow = workload(|helper| helper.pull = lasting(8_000));
    let mut trial = Trial::web_with(profile([("helper", slow)]), pair(false));
    let task = trial.run("pair");
    trial.at(8_699);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.at(8_700);
    let expected = [
        Some(0),
        Some(100),
        Some(8_100),
        Some(8_700),
        None,
        None,
        None,
    ];
    assert_eq!(times(&trial.task(&task)), expected);
}

#[test]
fn a_container_that_has_ended_does_not_keep_its_task_pending() {
    let slow = workload(|app| app.pull = lasting(8_000));
    let rows = [("app", slow), ("helper", runs_for(1, 0))];
    let mut trial = Trial::web_with(profile(rows), pair(false));
    let task = trial.run("pair");
    trial.at(8_700);
    let task = trial.task(&task);
    assert_eq!(task.last_status, LastStatus::Running);
    assert_eq!(container(&task, "helper"), (LastStatus::Stopped, Some(0)));
}

#[test]
fn an_essential_exit_ends_a_task_whose_other_containers_are_still_pulling() {
    let slow = workload(|helper| helper.pull = lasting(8_000));
    let rows = [("helper", slow), ("app", runs_for(1, 4))];
    let mut trial = Trial::web_with(profile(rows), pair(false));
    let task = trial.run("pair");
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        times(&task)[3..],
        [None, Some(6_700), Some(6_600), Some(6_700)]
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, Some(4)));
    assert_eq!(container(&task, "helper"), (LastStatus::Stopped, None));
}

#[test]
fn a_stopped_task_is_described_for_an_hour() {
    let (mut trial, task) = running(Workload::ideal());
    trial.stop(&task);
    trial.at(11_200 + 3_599_999);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    trial.at(11_200 + 3_600_000);
    let answer = trial.describe_tasks(DescribeTasks::new([task]));
    assert_eq!(
        reasons(&answer.expect("the cluster is there").failures),
        ["MISSING"]
    );
}

/// Steps through everything that is due within a minute and asserts that the version counts the visible changes.
#[track_caller]
fn check_versions(trial: &mut Trial, task: &str) {
    let mut before = trial.task(task);
    let end = trial.now() + Duration::from_secs(60);
    while trial.next_event_at().is_some_and(|next| next <= end) {
        trial.step().expect("no invariant is violated");
        let after = trial.task(task);
        let unchanged = Task {
            version: before.version,
            ..after.clone()
        } == before;
        let grown = after.version - before.version;
        let (from, to) = (before.last_status, after.last_status);
        assert_eq!(grown, u64::from(!unchanged), "{from} to {to}");
        before = after;
    }
}

#[test]
fn the_version_grows_by_one_with_each_change_from_start_to_stop() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    check_versions(&mut trial, &task);
    let version = trial.task(&task).version;
    assert_eq!(trial.stop(&task).version, version + 1);
    check_versions(&mut trial, &task);
    assert_eq!(
        trial.task(&task).version,
        5,
        "placed, RUNNING, told to stop, STOPPING, STOPPED"
    );
}

#[test]
fn the_version_grows_by_one_when_a_task_ends_by_itself() {
    let (mut trial, task) = running(runs_for(20, 0));
    check_versions(&mut trial, &task);
}

#[test]
fn the_version_grows_by_one_with_each_change_of_a_container() {
    let (mut trial, task) = running_pair(false, []);
    trial.exit(&task, "helper", 1);
    check_versions(&mut trial, &task);
    trial.exit(&task, "app", 1);
    check_versions(&mut trial, &task);
}

#[test]
fn the_version_grows_by_one_when_a_task_is_given_up() {
    let (mut trial, task) = running(Workload::ideal());
    let host = trial.host();
    let version = trial.task(&task).version;
    trial.give_up(&host);
    assert_eq!(trial.task(&task).version, version + 1);
}

#[test]
fn a_task_that_ends_by_itself_before_its_stop_arrives_was_stopped_by_its_user() {
    let (mut trial, task) = running(Workload::ideal());
    trial.stop(&task);
    trial.exit(&task, "app", 9);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (task.stop_code, container(&task, "app").1),
        (Some(StopCode::UserInitiated), Some(9))
    );
    assert_eq!(
        times(&task)[4..],
        [Some(10_000), Some(10_000), Some(10_100)]
    );
}

#[test]
fn a_container_killed_while_it_stops_ends_there() {
    let (mut trial, task) = running(stops_in(20));
    trial.stop(&task);
    trial.at(15_000);
    trial.exit(&task, "app", 137);
    trial.rest();
    assert_eq!(times(&trial.task(&task))[5..], [Some(15_000), Some(15_100)]);
}
