//! Timelines of whole lives, whenever a task is stopped and whatever the luck (scenario-format, ecs-semantics 16).

use std::time::Duration;

use proptest::prelude::*;
use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, app, builder, ms, profile, workload};

/// Pull started, pull stopped, started, execution stopped and stopped, and the exit code.
type Life = ([Option<u64>; 5], Option<i32>);

fn life(task: &Task) -> Life {
    let times = [
        task.pull_started_at,
        task.pull_stopped_at,
        task.started_at,
        task.execution_stopped_at,
        task.stopped_at,
    ];
    (times.map(ms), task.containers[0].exit_code)
}

/// The life of a task that was run at 0 and stopped at a time, under the ideal profile.
fn stopped_at(stop: u64) -> Life {
    let pulled = (stop + 100 >= 5_100).then_some(5_100);
    let started = (stop >= 5_700).then_some(5_700);
    match stop {
        0..100 => ([None, None, None, None, Some(stop + 200)], None),
        100..5_500 => {
            let ended = [Some(stop + 100), Some(stop + 200)];
            ([Some(100), pulled, None, ended[0], ended[1]], None)
        }
        _ => {
            let ended = [Some(stop + 1_100), Some(stop + 1_200)];
            ([Some(100), pulled, started, ended[0], ended[1]], Some(0))
        }
    }
}

/// How long it was from one time to another.
#[track_caller]
fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> u64 {
    let (from, to) = (ms(from).expect("it began"), ms(to).expect("it ended"));
    to.checked_sub(from).expect("it ended after it began")
}

/// When a task that was run at 0 is known to run, while its agent is away from one time to another.
fn started_despite(away: u64, back: u64) -> u64 {
    // What is due when the agent goes still arrives; what is due when it comes back is lost.
    let is_lost = |at| away < at && at <= back;
    let accepted = if is_lost(100) { back + 100 } else { 100 };
    let runs = accepted + 5_500;
    if is_lost(runs) || is_lost(runs + 100) {
        back + 100
    } else {
        runs + 100
    }
}

proptest! {
    #[test]
    fn a_task_starts_as_soon_as_its_agent_can_tell(away in 0..7_000_u64, span in 1..8_000_u64) {
        let mut trial = Trial::web();
        let (host, task) = (trial.host(), trial.run("web"));
        trial.at(away);
        trial.disconnect(&host);
        trial.at(away + span);
        trial.reconnect(&host);
        trial.rest();
        let task = trial.task(&task);
        prop_assert_eq!(ms(task.started_at), Some(started_despite(away, away + span)));
        prop_assert_eq!(task.version, 2);
    }

    #[test]
    fn a_task_ends_as_its_timeline_says_whenever_it_is_stopped(stop in 0..12_000_u64) {
        let mut trial = Trial::web();
        let task = trial.run("web");
        trial.at(stop);
        trial.stop(&task);
        trial.rest();
        prop_assert_eq!(life(&trial.task(&task)), stopped_at(stop));
    }

    #[test]
    fn a_task_ends_as_its_timeline_says_when_its_process_does(millis in 0..60_000_u64, code in 0..256) {
        let brief = workload(|app| {
            app.run = Run::For(Latency::Fixed(Duration::from_millis(millis)));
            app.exit_code = ExitCode::Always(code);
        });
        let mut trial = Trial::web_of(builder().profile(profile([("app", brief)])));
        let task = trial.run("web");
        trial.rest();
        let task = trial.task(&task);
        let (times, exit_code) = life(&task);
        prop_assert_eq!(exit_code, Some(code));
        prop_assert_eq!(times[3..].to_vec(), [Some(5_600 + millis), Some(5_700 + millis)]);
        prop_assert_eq!(task.stop_code, Some(StopCode::EssentialContainerExited));
    }

    #[test]
    fn every_stage_of_a_realistic_life_takes_as_long_as_its_source_says(seed: u64) {
        let mut trial = Trial::web_of(builder().seed(seed).profile(Profile::realistic()));
        let task = trial.run("web");
        trial.rest();
        trial.stop(&task);
        trial.rest();
        let task = trial.task(&task);
        // Times are shown in whole milliseconds, so a span may look one longer or shorter.
        for (from, to, low, high) in [
            (task.created_at, task.pull_started_at, 100, 1_000),
            (task.pull_started_at, task.pull_stopped_at, 4_000, 10_000),
            (task.pull_stopped_at, task.started_at, 200 + 100, 600 + 1_000),
            (task.stopping_at, task.execution_stopped_at, 100 + 100, 1_000 + 3_000),
            (task.execution_stopped_at, task.stopped_at, 100, 1_000),
        ] {
            let span = between(from, to);
            prop_assert!((low - 1..=high + 1).contains(&span), "{} of {}..{}", span, low, high);
        }
    }

    #[test]
    fn a_task_starts_with_the_slowest_of_its_containers(pulls in proptest::collection::vec(0..20_000_u64, 1..10)) {
        let mut profile = Profile::ideal();
        let mut definition = RegisterTaskDefinition::new("many").container(app());
        for (number, pull) in pulls.iter().enumerate() {
            let name = format!("c{number}");
            let slow = workload(|slow| slow.pull = Latency::Fixed(Duration::from_millis(*pull)));
            profile.workloads.push(WorkloadRow::new("many", &name, slow));
            definition = definition.container(ContainerDefinition::new(name, "c:1").memory(6));
        }
        let mut trial = Trial::web_with(profile, definition);
        let task = trial.run("many");
        trial.rest();
        let slowest = pulls.iter().copied().chain([5_000]).max();
        let task = trial.task(&task);
        prop_assert_eq!(ms(task.pull_stopped_at), slowest.map(|pull| 100 + pull));
        prop_assert_eq!(ms(task.started_at), slowest.map(|pull| 700 + pull));
    }
}
