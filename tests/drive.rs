//! Driving a simulation: where each way ends and what it returns.

use std::time::Duration;

use wavetank::invariant::always;
use wavetank::ledger::{Event, Report};
use wavetank::model::*;
use wavetank::{Input, InputKey, Outcome, SettleError, SimTime, Simulation, Stopped};

use crate::support::{Trial, builder, one, profile, reasons, workload};

const SECOND: Duration = Duration::from_secs(1);

fn millis(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}

fn runs(sim: &wavetank::Ledger) -> bool {
    sim.tasks()
        .any(|(_, task)| task.last_status == LastStatus::Running)
}

/// Advances and tells how many events there were.
fn events(trial: &mut Trial, span: Duration) -> u64 {
    let before = trial.events();
    let progress = trial.advance(span).expect("no invariant is violated");
    assert_eq!(progress.now, trial.now());
    assert_eq!(progress.events, trial.events() - before);
    progress.events
}

#[test]
fn a_step_processes_one_event_and_sets_the_clock_to_it() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(trial.next_event_at(), Some(millis(100)));
    let step = trial
        .step()
        .expect("no invariant is violated")
        .expect("a payload is pending");
    assert_eq!((step.at, step.number), (millis(100), 1));
    assert!(matches!(step.event, Event::PayloadDelivered(_)));
    assert_eq!((trial.now(), trial.events()), (millis(100), 1));
}

#[test]
fn steps_of_a_task_come_in_the_order_of_its_life() {
    let mut trial = Trial::web();
    trial.run("web");
    let mut names = Vec::new();
    while let Some(step) = trial.step().expect("no invariant is violated") {
        names.push((step.at.as_millis(), step.event.name()));
    }
    let expected = [
        (100, "payload-delivered"),
        (5_100, "pull-ended"),
        (5_600, "container-started"),
        (5_700, "task-reported"),
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_step_with_nothing_pending_is_none_and_leaves_the_clock() {
    let mut trial = Trial::web();
    trial.at(7_000);
    assert_eq!(trial.step(), Ok(None));
    assert_eq!((trial.now(), trial.events()), (millis(7_000), 0));
}

#[test]
fn a_step_goes_as_far_as_the_next_event_is_away() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.stop(&task);
    trial.rest();
    let step = trial
        .step()
        .expect("no invariant is violated")
        .expect("it will be forgotten");
    assert_eq!(step.at, millis(200 + 3_600_000));
}

#[test]
fn events_of_one_time_come_in_the_order_in_which_they_were_scheduled() {
    let mut trial = Trial::web();
    for name in ["a", "b", "c"] {
        trial
            .schedule(SECOND, CreateCluster::new(name))
            .expect("it is to come");
    }
    trial.advance(SECOND).expect("no invariant is violated");
    let answer = trial
        .list_clusters(ListClusters::new())
        .expect("the request is good");
    let names: Vec<_> = answer
        .cluster_arns
        .iter()
        .map(|arn| crate::support::id(arn))
        .collect();
    assert_eq!(names, ["default", "a", "b", "c"]);
}

#[test]
fn advancing_ends_exactly_at_the_end_of_the_span() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(events(&mut trial, Duration::from_millis(5_099)), 1);
    assert_eq!(trial.now(), millis(5_099));
}

#[test]
fn advancing_processes_what_is_due_at_the_very_end() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(events(&mut trial, Duration::from_millis(5_100)), 2);
}

#[test]
fn advancing_by_nothing_processes_what_is_due_now() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    assert_eq!(events(&mut trial, Duration::ZERO), 0);
    trial.stop(&task);
    assert_eq!(events(&mut trial, Duration::ZERO), 1);
    assert_eq!(trial.now(), millis(10_000));
}

#[test]
fn advancing_in_pieces_is_advancing_at_once() {
    let mut whole = Trial::web();
    whole.run_all(RunTask::new("web").count(3));
    let mut pieces = whole.clone();
    whole.at(9_000);
    for end in [0, 1, 99, 100, 100, 5_100, 8_999, 9_000] {
        pieces.at(end);
    }
    assert_eq!(pieces.digest(), whole.digest());
    assert_eq!(pieces.state_digest(), whole.state_digest());
}

#[test]
fn advancing_to_a_time_that_has_passed_changes_nothing() {
    let mut trial = Trial::web();
    trial.run("web");
    trial.at(3_000);
    let before = trial.state_digest();
    let progress = trial
        .advance_to(millis(1_000))
        .expect("no invariant is violated");
    assert_eq!((progress.events, progress.now), (0, millis(3_000)));
    assert_eq!(trial.state_digest(), before);
}

#[test]
fn advancing_without_end_ends_at_the_last_time_there_is() {
    let mut trial = Trial::web();
    trial.run("web");
    trial
        .advance(Duration::MAX)
        .expect("no invariant is violated");
    assert_eq!(trial.now(), SimTime::MAX);
}

#[test]
fn running_until_a_condition_ends_at_the_event_that_made_it_so() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(
        trial.run_until(runs, Duration::from_secs(60)),
        Ok(Stopped::ConditionMet)
    );
    assert_eq!(trial.now(), millis(5_700));
}

#[test]
fn running_until_what_holds_already_processes_nothing() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(
        trial.run_until(|_| true, Duration::ZERO),
        Ok(Stopped::ConditionMet)
    );
    assert_eq!((trial.now(), trial.events()), (SimTime::ZERO, 0));
}

#[test]
fn running_until_a_condition_ends_exactly_at_the_limit() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(
        trial.run_until(runs, Duration::from_millis(5_699)),
        Ok(Stopped::LimitReached)
    );
    assert_eq!(trial.now(), millis(5_699));
    assert_eq!(
        trial.run_until(runs, millis(5_700)),
        Ok(Stopped::ConditionMet)
    );
}

#[test]
fn running_until_a_condition_gives_up_when_nothing_is_pending() {
    let mut trial = Trial::web();
    trial.run("web");
    let never = |_: &wavetank::Ledger| false;
    assert_eq!(
        trial.run_until(never, Duration::from_secs(60)),
        Ok(Stopped::NothingPending)
    );
    assert_eq!(trial.now(), millis(5_700), "the last event");
}

#[test]
fn running_until_a_limit_that_has_passed_changes_nothing() {
    let mut trial = Trial::web();
    trial.run("web");
    trial.at(3_000);
    assert_eq!(
        trial.run_until(runs, millis(1_000)),
        Ok(Stopped::LimitReached)
    );
    assert_eq!((trial.now(), trial.events()), (millis(3_000), 1));
}

#[test]
fn settling_ends_at_the_last_event_that_anyone_waits_for() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let progress = trial
        .settle(Duration::from_secs(60))
        .expect("it comes to rest");
    assert_eq!((progress.events, progress.now), (4, millis(5_700)));
    trial.stop(&task);
    let progress = trial
        .settle(Duration::from_secs(60))
        .expect("it comes to rest");
    assert_eq!(progress.now, millis(5_700 + 1_200));
    assert_eq!(
        trial.pending(),
        1,
        "that it will be forgotten keeps nothing from being at rest"
    );
}

#[test]
fn settling_at_rest_does_nothing() {
    let mut trial = Trial::web();
    trial.at(7_000);
    let progress = trial.settle(Duration::ZERO).expect("it is at rest");
    assert_eq!((progress.events, progress.now), (0, millis(7_000)));
}

#[test]
fn settling_in_too_short_a_time_ends_exactly_at_the_limit_and_tells_who_was_active() {
    let mut trial = Trial::web();
    trial.run("web");
    let Err(SettleError::LimitReached { at, waiting }) = trial.settle(SECOND) else {
        panic!("a pull takes five seconds");
    };
    assert_eq!((at, trial.now()), (millis(1_000), millis(1_000)));
    assert!(
        waiting.iter().any(|who| who.starts_with("task-0")),
        "{waiting:?}"
    );
    trial
        .settle(Duration::from_secs(10))
        .expect("it comes to rest later");
}

#[test]
fn settling_waits_for_a_task_that_will_end_by_itself() {
    let batch = workload(|app| app.run = Run::For(wavetank::Latency::Fixed(600 * SECOND)));
    let mut trial = Trial::web_with(profile([("app", batch)]), one("job"));
    trial.run("job");
    trial.rest();
    assert_eq!(trial.now(), millis(5_700 + 600_000));
}

#[test]
fn settling_waits_for_what_was_scheduled() {
    let mut trial = Trial::web();
    trial
        .schedule(30 * SECOND, RunTask::new("web"))
        .expect("it is to come");
    trial.rest();
    assert_eq!(trial.now(), millis(35_700));
}

/// The answer to a scheduled request whose time has come.
#[track_caller]
fn answer(trial: &mut Trial, key: InputKey) -> Result<Output, ApiError> {
    match trial.take_outcome(key) {
        Some(Outcome::Answer(answer)) => *answer,
        other => panic!("a request has an answer: {other:?}"),
    }
}

#[test]
fn a_scheduled_request_is_answered_when_its_time_comes_and_once() {
    let mut trial = Trial::web();
    let key = trial
        .schedule(10 * SECOND, RunTask::new("web").count(2))
        .expect("it is to come");
    trial.at(9_999);
    assert_eq!(trial.take_outcome(key), None);
    trial.at(10_000);
    let Ok(Output::RunTask(answer)) = answer(&mut trial, key) else {
        panic!("there is room");
    };
    assert_eq!((answer.tasks.len(), reasons(&answer.failures)), (2, vec![]));
    assert_eq!(trial.take_outcome(key), None);
}

#[test]
fn a_scheduled_request_that_is_refused_tells_so() {
    let mut trial = Trial::web();
    let key = trial
        .schedule(SECOND, RunTask::new("db"))
        .expect("it is to come");
    trial.rest();
    let refused = answer(&mut trial, key);
    crate::support::check_refused(refused, "ClientException", "TaskDefinition not found.");
}

#[test]
fn a_scheduled_fault_whose_target_has_gone_tells_so() {
    let mut trial = Trial::web();
    let container_instance = trial.host();
    let fault = Fault::AgentDisconnect {
        container_instance: container_instance.clone(),
    };
    let key = trial
        .schedule(SECOND, Input::Fault(fault))
        .expect("it is to come");
    trial.give_up(&container_instance);
    trial.rest();
    assert!(matches!(
        trial.take_outcome(key),
        Some(Outcome::Fault(Err(_)))
    ));
}

#[test]
fn a_scheduled_fault_happens_in_its_time() {
    let mut trial = Trial::web();
    let container_instance = trial.host();
    let fault = Fault::AgentDisconnect {
        container_instance: container_instance.clone(),
    };
    trial
        .schedule(SECOND, Input::Fault(fault))
        .expect("it is to come");
    trial.at(999);
    assert!(trial.shown(&container_instance).agent_connected);
    trial.at(1_000);
    assert!(!trial.shown(&container_instance).agent_connected);
}

#[test]
fn nothing_is_scheduled_for_a_time_that_has_passed() {
    let mut trial = Trial::web();
    trial.at(3_000);
    let before = trial.state_digest();
    let refused = trial
        .schedule(millis(2_999), RunTask::new("web"))
        .expect_err("it has passed");
    assert_eq!((refused.at, refused.now), (millis(2_999), millis(3_000)));
    assert_eq!(trial.state_digest(), before);
    trial
        .schedule(millis(3_000), RunTask::new("web"))
        .expect("now is to come");
}

#[test]
fn the_state_digest_tells_what_is_scheduled() {
    let scheduled = |count| {
        let mut trial = Trial::web();
        trial
            .schedule(SECOND, RunTask::new("web").count(count))
            .expect("it is to come");
        trial.state_digest()
    };
    assert_eq!(scheduled(1), scheduled(1));
    assert_ne!(scheduled(1), scheduled(2));
}

#[test]
fn a_report_tells_of_the_task_that_it_is_about() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(5_600);
    let step = trial
        .step()
        .expect("no invariant is violated")
        .expect("a report is pending");
    assert!(matches!(
        step.event,
        Event::TaskReported(_, Report::Running)
    ));
    assert_eq!(step.event.task().map(|task| task.number()), Some(0));
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

/// A simulation in which it counts as wrong that a task runs.
fn strict() -> Simulation {
    let idle = always("nothing runs", |seen| match runs(seen.ledger) {
        true => Err("a task runs".to_owned()),
        false => Ok(()),
    });
    let mut sim = builder()
        .invariant(idle)
        .build()
        .expect("the options are good");
    let host = RegisterContainerInstance::default().cpu(2048).memory(4096);
    sim.register_container_instance(host)
        .expect("it is accepted");
    sim.register_task_definition(one("web"))
        .expect("it is accepted");
    sim.run_task(RunTask::new("web")).expect("there is room");
    sim
}

#[test]
fn advancing_stops_at_the_event_that_violates_an_invariant() {
    let mut sim = strict();
    let violation = sim
        .advance(Duration::from_secs(60))
        .expect_err("a task runs");
    assert_eq!(
        (&*violation.invariant, &*violation.evidence),
        ("nothing runs", "a task runs")
    );
    assert_eq!((violation.at, sim.now()), (millis(5_700), millis(5_700)));
    assert_eq!(sim.violations(), [violation]);
}

#[test]
fn a_violation_is_told_once_and_the_simulation_can_be_driven_on() {
    let mut sim = strict();
    sim.advance(Duration::from_secs(60))
        .expect_err("a task runs");
    sim.advance_to(millis(60_000)).expect("it was told");
    assert_eq!((sim.now(), sim.violations().len()), (millis(60_000), 1));
}

#[test]
fn every_way_of_driving_tells_of_a_violation() {
    let within = Duration::from_secs(60);
    let never = |_: &wavetank::Ledger| false;
    assert!(strict().run_until(never, within).is_err());
    assert!(matches!(
        strict().settle(within),
        Err(SettleError::Violation(_))
    ));
    let mut sim = strict();
    let steps: Vec<bool> = (0..4).map(|_| sim.step().is_ok()).collect();
    assert_eq!(steps, [true, true, true, false]);
}
