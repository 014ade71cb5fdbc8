//! Containers of one task: what they wait for, what can't start any more, restarts, memory, and the order of stopping
//! (ecs-semantics 7.1 to 7.6, 7.9).

use std::time::Duration;

use wavetank::model::*;
use wavetank::{Builder, Latency};

use crate::support::{Trial, builder, ms, profile, workload};

pub(crate) fn lasting(seconds: u64) -> Latency {
    Latency::Fixed(Duration::from_secs(seconds))
}

/// A container with an image of its own name.
pub(crate) fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::new(name, format!("{name}:1")).memory(64)
}

/// A helper: a container that is not essential.
pub(crate) fn helper(name: &str) -> ContainerDefinition {
    container(name).essential(false)
}

pub(crate) fn ends(seconds: u64, code: i32) -> Workload {
    workload(|it| {
        it.run = Run::For(lasting(seconds));
        it.exit_code = ExitCode::Always(code);
    })
}

/// A check every 10 s, unhealthy at the third failure.
pub(crate) fn check() -> HealthCheck {
    HealthCheck {
        interval: Some(10),
        ..HealthCheck::shell("true")
    }
}

/// A task of these containers, run at 0 s, in which some do something of their own.
pub(crate) fn run(
    rows: impl IntoIterator<Item = (&'static str, Workload)>,
    containers: impl IntoIterator<Item = ContainerDefinition>,
) -> (Trial, String) {
    run_of(builder().profile(profile(rows)), containers)
}

pub(crate) fn run_of(
    builder: Builder,
    containers: impl IntoIterator<Item = ContainerDefinition>,
) -> (Trial, String) {
    let mut trial = Trial::web_of(builder);
    let empty = RegisterTaskDefinition::new("order");
    let definition = containers
        .into_iter()
        .fold(empty, RegisterTaskDefinition::container);
    trial.define(definition);
    let task = trial.run("order");
    (trial, task)
}

/// Name, last status and exit code of every container.
pub(crate) fn shown(trial: &mut Trial, task: &str) -> Vec<(String, LastStatus, Option<i32>)> {
    let task = trial.task(task);
    let containers = task.containers.iter();
    containers
        .map(|it| (it.name.to_string(), it.last_status, it.exit_code))
        .collect()
}

/// The lines of the trace in which a container of the first task moves on its host, as `time index what`.
fn moves(trial: &Trial) -> Vec<String> {
    let trace = trial.trace().to_string();
    let lines = trace.lines().filter_map(|line| {
        let (head, rest) = line.split_once("host task-0/")?;
        let at = head.split_whitespace().next()?;
        Some(format!("{at} {rest}"))
    });
    lines.collect()
}

/// The lines of `moves` that say one thing.
pub(crate) fn when(trial: &Trial, what: &str) -> Vec<String> {
    let all = moves(trial);
    all.into_iter()
        .filter(|line| line.ends_with(what))
        .collect()
}

pub(crate) fn why(trial: &mut Trial, task: &str) -> (Option<StopCode>, Option<u64>) {
    let task = trial.task(task);
    (task.stop_code, ms(task.stopped_at))
}

#[test]
fn a_container_pulls_only_when_the_one_it_depends_on_has_started() {
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let (mut trial, task) = run([], [app, container("db")]);
    trial.rest();
    assert_eq!(when(&trial, "-> pulling"), ["5.600s 0 -> pulling"]);
    assert_eq!(
        when(&trial, "-> running"),
        ["5.600s 1 -> running", "11.100s 0 -> running"]
    );
    let task = trial.task(&task);
    assert_eq!(
        [task.pull_started_at, task.pull_stopped_at, task.started_at].map(ms),
        [Some(100), Some(10_600), Some(11_200)]
    );
}

#[test]
fn the_first_of_a_chain_is_seen_running_while_its_task_is_pending() {
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let (mut trial, task) = run([], [app, container("db")]);
    trial.at(6_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    let found = shown(&mut trial, &task);
    assert_eq!(found[0].1, LastStatus::Pending);
    assert_eq!(found[1].1, LastStatus::Running);
}

#[test]
fn an_agent_may_pull_before_the_dependencies_hold() {
    let mut profile = Profile::ideal();
    profile.agents.pull_dependent_containers_upfront = true;
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let (mut trial, _) = run_of(builder().profile(profile), [app, container("db")]);
    trial.rest();
    assert_eq!(when(&trial, "-> pulled"), ["5.100s 0 -> pulled"]);
    assert_eq!(
        when(&trial, "-> running"),
        ["5.600s 1 -> running", "6.100s 0 -> running"]
    );
}

#[test]
fn complete_takes_any_exit_code_and_success_only_zero() {
    for (condition, code, runs) in [
        (ContainerCondition::Complete, 0, true),
        (ContainerCondition::Complete, 3, true),
        (ContainerCondition::Success, 0, true),
        (ContainerCondition::Success, 3, false),
    ] {
        let app = container("app").depends_on("init", condition);
        let (mut trial, task) = run([("init", ends(20, code))], [app, helper("init")]);
        trial.rest();
        let expected = if runs {
            LastStatus::Running
        } else {
            LastStatus::Stopped
        };
        assert_eq!(trial.status(&task).0, expected, "{condition} of {code}");
    }
}

#[test]
fn what_cannot_start_any_more_is_stopped_with_143_and_says_why() {
    let app = container("app").depends_on("init", ContainerCondition::Success);
    let (mut trial, task) = run([("init", ends(20, 3))], [app, helper("init")]);
    trial.rest();
    let found = trial.task(&task);
    assert_eq!(found.containers[0].exit_code, Some(143));
    let reason = found.containers[0].reason.clone().expect("it says why");
    assert!(
        reason.starts_with("CannotStartContainerError: "),
        "{reason}"
    );
    assert!(reason.contains("init (SUCCESS)"), "{reason}");
    assert_eq!(found.stopped_reason, Some(reason));
    assert_eq!(
        why(&mut trial, &task),
        (Some(StopCode::TaskFailedToStart), Some(25_700))
    );
}

#[test]
fn a_task_goes_on_without_a_helper_that_cannot_start() {
    let proxy = helper("proxy").depends_on("init", ContainerCondition::Success);
    let (mut trial, task) = run(
        [("init", ends(20, 3))],
        [container("app"), proxy, helper("init")],
    );
    trial.at(20_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.rest();
    let stopped = LastStatus::Stopped;
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert_eq!(
        shown(&mut trial, &task)[1..],
        [
            ("proxy".to_owned(), stopped, Some(143)),
            ("init".to_owned(), stopped, Some(3))
        ]
    );
}

#[test]
fn what_never_started_can_start_nothing_that_depends_on_it() {
    let last = helper("last").depends_on("middle", ContainerCondition::Start);
    let middle = helper("middle").depends_on("init", ContainerCondition::Success);
    let (mut trial, task) = run(
        [("init", ends(1, 1))],
        [container("app"), last, middle, helper("init")],
    );
    trial.rest();
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    let codes: Vec<_> = shown(&mut trial, &task)
        .into_iter()
        .map(|it| it.2)
        .collect();
    assert_eq!(codes, [None, Some(143), Some(143), Some(1)]);
}

#[test]
fn a_start_timeout_counts_from_the_start_of_the_one_that_is_waited_for() {
    let mut init = helper("init");
    init.start_timeout = Some(30);
    let app = container("app").depends_on("init", ContainerCondition::Complete);
    let (mut trial, task) = run([("init", ends(60, 0))], [app, init]);
    trial.rest();
    let found = trial.task(&task);
    let reason = found.containers[0].reason.clone().unwrap_or_default();
    assert!(reason.contains("timeout"), "{reason}");
    assert_eq!(found.containers[0].exit_code, Some(143));
    // It started at 5.6 s; 30 s later it is told to stop with the task, and obeys within a second.
    assert_eq!(ms(found.execution_stopped_at), Some(35_600));
    assert_eq!(
        why(&mut trial, &task),
        (Some(StopCode::TaskFailedToStart), Some(36_700))
    );
}

#[test]
fn a_start_timeout_is_nothing_to_one_that_was_quick_enough() {
    let mut init = helper("init");
    init.start_timeout = Some(30);
    let app = container("app").depends_on("init", ContainerCondition::Complete);
    let (mut trial, task) = run([("init", ends(29, 0))], [app, init]);
    trial.rest();
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

#[test]
fn a_container_that_waits_for_health_pulls_at_the_first_probe_that_passes() {
    let db = container("db").health_check(check());
    let app = container("app").depends_on("db", ContainerCondition::Healthy);
    let warm = workload(|it| it.health = Health::PassesAfter(lasting(25)));
    let (mut trial, _) = run([("db", warm)], [app, db]);
    trial.rest();
    assert_eq!(when(&trial, "-> pulling"), ["35.600s 0 -> pulling"]);
}

#[test]
fn volumes_wait_for_a_creation_and_links_for_a_start() {
    let slow = workload(|it| it.create = lasting(2));
    let mut reader = container("reader");
    reader.volumes_from = vec![VolumeFrom {
        source_container: Some("data".to_owned()),
        read_only: None,
    }];
    let mut caller = container("caller");
    caller.links = vec!["data".to_owned()];
    let (mut trial, _) = run([("data", slow)], [reader, caller, container("data")]);
    trial.rest();
    assert_eq!(
        when(&trial, "-> pulling"),
        ["7.100s 0 -> pulling", "7.600s 1 -> pulling"]
    );
    assert_eq!(when(&trial, "-> creating"), ["5.100s 2 -> creating"]);
}

#[test]
fn containers_stop_in_the_order_opposite_to_their_dependencies_and_timeouts_add_up() {
    let slow = |seconds| workload(move |it| it.stop = lasting(seconds));
    let web = container("web").depends_on("app", ContainerCondition::Start);
    let app = container("app")
        .stop_timeout(5)
        .depends_on("db", ContainerCondition::Start);
    let rows = [("web", slow(3)), ("app", slow(60)), ("db", slow(2))];
    let (mut trial, task) = run(rows, [web, app, container("db")]);
    trial.at(60_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(
        when(&trial, "-> stopping"),
        [
            "60.100s 0 -> stopping",
            "63.100s 1 -> stopping",
            "68.100s 2 -> stopping"
        ]
    );
    let codes: Vec<_> = shown(&mut trial, &task)
        .into_iter()
        .map(|it| it.2)
        .collect();
    assert_eq!(codes, [Some(0), Some(137), Some(0)]);
    assert_eq!(
        why(&mut trial, &task),
        (Some(StopCode::UserInitiated), Some(70_200))
    );
}

#[test]
fn containers_that_nothing_depends_on_stop_at_once() {
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let (mut trial, task) = run([], [app, container("db"), container("log")]);
    trial.at(60_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(
        when(&trial, "-> stopping"),
        [
            "60.100s 0 -> stopping",
            "60.100s 2 -> stopping",
            "61.100s 1 -> stopping"
        ]
    );
}

#[test]
fn an_essential_container_that_ends_takes_the_others_down_in_order() {
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let log = container("log");
    let (mut trial, task) = run([("log", ends(30, 0))], [app, container("db"), log]);
    trial.rest();
    assert_eq!(
        when(&trial, "-> stopping"),
        ["35.600s 0 -> stopping", "36.600s 1 -> stopping"]
    );
    assert_eq!(
        why(&mut trial, &task),
        (Some(StopCode::EssentialContainerExited), Some(37_700))
    );
}

#[test]
fn a_container_that_waits_never_runs_when_its_task_is_stopped() {
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let (mut trial, task) = run([], [app, container("db")]);
    trial.at(3_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(when(&trial, "-> running"), [""; 0]);
    assert_eq!(
        why(&mut trial, &task),
        (Some(StopCode::UserInitiated), Some(3_200))
    );
}

#[test]
fn a_process_may_obey_with_a_code_of_its_own() {
    let bare = workload(|it| it.stop_exit_code = 143);
    let (mut trial, task) = run([("app", bare)], [container("app")]);
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    assert_eq!(shown(&mut trial, &task)[0].2, Some(143));
}

/// A restart policy with a period of 60 s.
pub(crate) fn restarting(ignored: &[i32]) -> ContainerDefinition {
    let mut app = container("app");
    app.restart_policy = Some(ContainerRestartPolicy {
        enabled: Some(true),
        ignored_exit_codes: ignored.to_vec(),
        restart_attempt_period: Some(60),
    });
    app
}

#[test]
fn a_container_is_started_again_in_place_while_its_task_runs_on() {
    let (mut trial, task) = run([("app", ends(100, 1))], [restarting(&[])]);
    trial.at(150_000);
    let before = trial.task(&task);
    assert_eq!(
        when(&trial, "started again after exit 1"),
        ["105.600s 0 started again after exit 1"]
    );
    assert_eq!(before.last_status, LastStatus::Running);
    assert_eq!((before.version, before.containers[0].exit_code), (2, None));
    trial.at(250_000);
    assert_eq!(when(&trial, "started again after exit 1").len(), 2);
    trial.stop(&task);
    trial.rest();
    assert_eq!(when(&trial, "started again after exit 1").len(), 2);
}

#[test]
fn a_container_that_ran_too_briefly_or_exits_with_an_ignored_code_stays_down() {
    for (app, ignored) in [(ends(59, 1), &[][..]), (ends(100, 7), &[7][..])] {
        let (mut trial, task) = run([("app", app)], [restarting(ignored)]);
        trial.rest();
        assert_eq!(when(&trial, "started again after exit 1"), [""; 0]);
        assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    }
}

#[test]
fn each_run_of_a_container_has_luck_of_its_own() {
    let drawn = workload(|it| {
        it.run = Run::For(
            Latency::uniform(Duration::from_secs(100), Duration::from_secs(200))
                .expect("it is a range"),
        );
        it.exit_code = ExitCode::Always(1);
    });
    let (mut trial, _) = run([("app", drawn)], [restarting(&[])]);
    trial.at(1_000_000);
    let again = when(&trial, "started again after exit 1");
    let times: Vec<f64> = again
        .iter()
        .map(|line| {
            line.split('s')
                .next()
                .unwrap_or_default()
                .parse()
                .expect("a time")
        })
        .collect();
    assert!(times.len() >= 4, "{again:?}");
    let first = times[1] - times[0];
    assert!(
        times
            .windows(2)
            .any(|pair| (pair[1] - pair[0] - first).abs() > 1.0)
    );
}

#[test]
fn a_process_that_uses_more_than_its_limit_is_killed() {
    let greedy = workload(|it| {
        it.memory = vec![
            MemoryStep::new(lasting(0), 32),
            MemoryStep::new(lasting(30), 65),
        ];
    });
    let (mut trial, task) = run([("app", greedy)], [container("app")]);
    trial.rest();
    let found = trial.task(&task);
    assert_eq!(ms(found.execution_stopped_at), Some(35_600));
    assert_eq!(found.containers[0].exit_code, Some(137));
    let reason = found.containers[0].reason.as_deref();
    assert_eq!(
        reason,
        Some("OutOfMemoryError: Container killed due to memory usage")
    );
    assert_eq!(found.stop_code, Some(StopCode::EssentialContainerExited));
}

#[test]
fn a_process_that_stays_within_its_limit_or_ends_before_is_not_killed() {
    let uses = |seconds, mib| MemoryStep::new(lasting(seconds), mib);
    for (memory, expected) in [(vec![uses(0, 64)], Some(5)), (vec![uses(30, 65)], Some(5))] {
        let app = workload(|it| {
            it.memory = memory.clone();
            it.run = Run::For(lasting(20));
            it.exit_code = ExitCode::Always(5);
        });
        let (mut trial, task) = run([("app", app)], [container("app")]);
        trial.rest();
        assert_eq!(shown(&mut trial, &task)[0].2, expected);
    }
}

/// Two containers of a task of 100 MiB that use 30 MiB and then, at those times after their starts, so many.
fn sharing(app: (u64, u32), helper_uses: (u64, u32)) -> (Trial, String) {
    let uses = |(after, mib): (u64, u32)| {
        workload(|it| {
            it.memory = vec![
                MemoryStep::new(lasting(0), 30),
                MemoryStep::new(lasting(after), mib),
            ];
        })
    };
    let rows = [("app", uses(app)), ("helper", uses(helper_uses))];
    let mut trial = Trial::web_of(builder().profile(profile(rows)));
    let mut helper = helper("helper");
    let mut app = container("app");
    (helper.memory, app.memory) = (None, None);
    let definition = RegisterTaskDefinition::new("sharing").memory("100");
    trial.define(definition.container(app).container(helper));
    let task = trial.run("sharing");
    (trial, task)
}

#[test]
fn containers_share_the_memory_of_their_task_and_the_one_that_uses_most_is_killed() {
    // The greater one is killed, whoever took the last bit.
    let (mut trial, task) = sharing((40, 60), (20, 70));
    trial.rest();
    let ended = trial.task(&task);
    assert_eq!(ended.last_status, LastStatus::Running, "a helper may go");
    let killed = when(&trial, "ended exit 137 out-of-memory");
    assert_eq!(killed, ["45.600s 1 ended exit 137 out-of-memory"]);
    let (mut trial, task) = sharing((20, 65), (40, 60));
    trial.rest();
    let ended = trial.task(&task);
    assert_eq!(ms(ended.execution_stopped_at), Some(45_600));
    assert_eq!(ended.containers[0].exit_code, Some(137));
    assert_eq!(ended.containers[1].exit_code, Some(0), "told to stop");
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    assert_eq!(ended.containers[0].reason.as_deref(), Some(reason));
}

#[test]
fn containers_that_stay_within_the_memory_of_their_task_together_run_on() {
    for (app, helper) in [((20, 50), (40, 50)), ((40, 60), (20, 40))] {
        let (mut trial, task) = sharing(app, helper);
        trial.rest();
        assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    }
}

#[test]
fn memory_of_a_container_that_has_gone_is_free_for_the_others() {
    let (mut trial, task) = sharing((40, 60), (20, 70));
    trial.at(40_000);
    trial.exit(&task, "helper", 0);
    trial.rest();
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    assert_eq!(shown(&mut trial, &task)[0].2, None);
}

#[test]
fn an_override_of_the_task_s_memory_moves_the_limit_of_its_containers() {
    let greedy = workload(|it| it.memory = vec![MemoryStep::new(lasting(1), 100)]);
    let mut trial = Trial::web_of(builder().profile(profile([("app", greedy)])));
    let mut app = container("app");
    app.memory = None;
    trial.define(
        RegisterTaskDefinition::new("greedy")
            .memory("64")
            .container(app),
    );
    for (memory, expected) in [("64", LastStatus::Stopped), ("128", LastStatus::Running)] {
        let overrides = TaskOverride {
            memory: Some(memory.to_owned()),
            ..TaskOverride::default()
        };
        let request = RunTask {
            overrides: Some(overrides),
            ..RunTask::new("greedy")
        };
        let task = trial.run_all(request).remove(0);
        trial.rest();
        assert_eq!(trial.task(&task).last_status, expected, "{memory}");
    }
}

#[test]
fn changes_of_containers_alone_are_told_together() {
    let mut profile = profile([("early", ends(20, 0)), ("late", ends(25, 0))]);
    profile.latencies.container_report = lasting(10);
    let (mut trial, task) = run_of(
        builder().profile(profile),
        [container("app"), helper("early"), helper("late")],
    );
    trial.rest();
    // The first ends at 25.6 s and is told of at 35.6 s, and so is the one that ended meanwhile.
    let trace = trial.trace().to_string();
    let told = trace
        .lines()
        .filter(|line| line.contains("-> STOPPED exit 0"));
    let told: Vec<&str> = told.filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(told, ["35.600s", "35.600s"]);
    let versions = trial.task(&task).version;
    assert_eq!(versions, 3, "created, RUNNING, and both ends at once");
}

#[test]
fn an_override_of_the_memory_moves_the_limit() {
    let greedy = workload(|it| it.memory = vec![MemoryStep::new(lasting(1), 100)]);
    let mut trial = Trial::web_of(builder().profile(profile([("app", greedy)])));
    trial.define(RegisterTaskDefinition::new("greedy").container(container("app")));
    let more = ContainerOverride {
        name: Some("app".to_owned()),
        memory: Some(128),
        ..ContainerOverride::default()
    };
    let overrides = TaskOverride {
        container_overrides: vec![more],
        ..TaskOverride::default()
    };
    let request = RunTask {
        overrides: Some(overrides),
        ..RunTask::new("greedy")
    };
    let (kept, killed) = (trial.run_all(request).remove(0), trial.run("greedy"));
    trial.rest();
    assert_eq!(trial.status(&kept).0, LastStatus::Running);
    assert_eq!(trial.status(&killed).0, LastStatus::Stopped);
}
