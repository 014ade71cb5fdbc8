//! Controllers in the two phases of a test of weather: they begin again when it is over, and what keeps them from being done
//! is told.

use std::time::Duration;

use wavetank::client::{Backoff, ClientOptions};
use wavetank::controllers::Keeper;
use wavetank::model::*;
use wavetank::{CallStage, ControllerWaitsFor, FaultFamily, FaultPlan, Latency, Stuck};

use crate::support::{Trial, builder, one};

const MINUTE: Duration = Duration::from_secs(60);

/// A keeper of three tasks that looks every ten seconds, with a client of its own.
fn kept(options: ClientOptions) -> Trial {
    let mut trial = Trial::web();
    let keeper = Keeper::new("keeper", RunTask::new("web"), 3).patience(Duration::from_secs(5));
    let added = trial.add_controller_with(keeper, options);
    added.expect("the latencies of a test can be drawn");
    trial
}

#[track_caller]
fn lines(trial: &mut Trial) -> Vec<String> {
    trial.stuck().iter().map(ToString::to_string).collect()
}

fn wanted(trial: &Trial) -> usize {
    let tasks = trial.ledger().tasks();
    tasks.filter(|(_, task)| task.is_wanted()).count()
}

fn crash() -> Fault {
    let controller = "keeper".to_owned();
    Fault::ControllerCrash { controller }
}

#[test]
fn healing_lets_a_crashed_controller_begin_again() {
    let mut trial = kept(ClientOptions::default());
    trial.at(30_000);
    assert_eq!(wanted(&trial), 3);
    trial.fault(crash());
    let host = trial.host();
    trial.fault(Fault::InstanceStop {
        container_instance: host,
    });
    trial.at(200_000);
    assert_eq!(wanted(&trial), 0);
    assert_eq!(
        lines(&mut trial),
        [
            "container-instance-0: machine does not run",
            "controller-0 keeper: crashed"
        ]
    );
    trial.heal();
    trial.advance(MINUTE).expect("nothing is violated");
    trial.must_settle(MINUTE).expect("all is over");
    assert_eq!(wanted(&trial), 3);
    let trace = trial.trace().to_string();
    assert!(trace.contains("controller-0 restarted"), "{trace}");
}

#[test]
fn healing_leaves_a_controller_that_runs_alone() {
    let mut trial = kept(ClientOptions::default());
    trial.at(30_000);
    trial.heal();
    let record = trial.ledger().controllers().iter().next();
    assert_eq!(record.map(|known| known.crashes), Some(0));
    let trace = trial.trace().to_string();
    assert!(!trace.contains("restarted"), "{trace}");
}

#[test]
fn a_restart_that_healing_took_back_is_made_up_for() {
    let mut trial = kept(ClientOptions::default());
    trial.at(30_000);
    trial.fault(crash());
    let controller = "keeper".to_owned();
    let restart = Fault::ControllerRestart { controller };
    trial
        .schedule(MINUTE, wavetank::Input::Fault(restart))
        .expect("it is to come");
    trial.heal();
    trial.must_settle(MINUTE).expect("it runs again");
}

#[test]
fn a_call_under_way_says_what_becomes_of_it_next() {
    let slow = Latency::Fixed(Duration::from_secs(1_000));
    let options = ClientOptions::default().timeout(slow.clone());
    let mut answered = kept(options.clone().response(slow.clone()));
    assert_eq!(
        lines(&mut answered),
        ["controller-0 keeper: call-0 ListTasks, attempt 1 times out at 1005.000s"]
    );
    let later = Latency::Fixed(Duration::from_secs(500));
    let mut late = kept(options.clone().request(later.clone()));
    assert_eq!(
        lines(&mut late),
        ["controller-0 keeper: call-0 ListTasks, attempt 1 arrives at 505.000s"]
    );
    let mut late = kept(options.response(later));
    assert_eq!(
        lines(&mut late),
        ["controller-0 keeper: call-0 ListTasks, attempt 1 is answered at 505.050s"]
    );
}

#[test]
fn a_call_that_is_throttled_again_and_again_says_when_it_is_made_next() {
    let patient = Backoff {
        attempts: 200,
        quota: None,
        throttled: Duration::from_secs(600),
        cap: Duration::from_secs(600),
        ..Backoff::standard()
    };
    let mut trial = kept(ClientOptions::default().backoff(patient));
    trial.fault(Fault::Throttle {
        operation: Glob::new("ListTasks"),
        lasting: Duration::from_secs(100_000),
    });
    let found = trial.stuck();
    let [Stuck::Controller { waits_for, .. }] = &found[..] else {
        panic!("only the keeper is stuck: {found:?}");
    };
    let ControllerWaitsFor::Call {
        operation,
        next,
        until,
        ..
    } = waits_for
    else {
        panic!("it waits for a call: {waits_for}");
    };
    assert_eq!((*operation, *next), ("ListTasks", CallStage::Again));
    assert!(*until > trial.now());
    assert!(
        waits_for.to_string().contains(" is made at "),
        "{waits_for}"
    );
    trial.heal();
    trial
        .must_settle(10 * MINUTE)
        .expect("the next attempt is let through");
}

#[test]
fn a_controller_that_will_work_later_says_when_and_one_that_looks_around_is_done() {
    let mut trial = Trial::web();
    let keeper = Keeper::new("keeper", RunTask::new("web"), 1);
    trial.add_controller(keeper);
    assert_eq!(
        lines(&mut trial),
        ["controller-0 keeper: to be woken for work at 300.000s"]
    );
    trial
        .must_settle(10 * MINUTE)
        .expect("after that it only looks around");
    assert_eq!(wanted(&trial), 1);
}

#[test]
fn a_plan_meets_any_controller_that_runs_and_any_that_does_not() {
    let any = || "$any".to_owned();
    let plan = FaultPlan::new()
        .at(MINUTE, Fault::ControllerCrash { controller: any() })
        .at(2 * MINUTE, Fault::ControllerRestart { controller: any() })
        .at(3 * MINUTE, Fault::ControllerRestart { controller: any() });
    let mut trial = Trial::web_of(builder().faults(plan));
    for name in ["first", "second"] {
        trial.add_controller(Keeper::new(name, RunTask::new("web"), 1));
    }
    trial.at(90_000);
    let running = |trial: &Trial| {
        let known = trial.ledger().controllers().iter();
        known.filter(|known| known.is_running).count()
    };
    assert_eq!(running(&trial), 1);
    trial.at(200_000);
    assert_eq!(running(&trial), 2);
    let happened = trial.fault_counts().iter().map(|count| count.happened);
    assert_eq!(happened.collect::<Vec<_>>(), [1, 1, 0]);
}

#[test]
fn a_keeper_is_right_whatever_swarm_crashes_it() {
    for seed in 0..8 {
        let families = [
            FaultFamily::Controllers,
            FaultFamily::Calls,
            FaultFamily::Agents,
        ];
        let plan = FaultPlan::swarm(seed, &families);
        let mut trial = Trial::of(builder().seed(seed).faults(plan));
        trial.instance(4096, 8192);
        trial.define(one("web"));
        trial.add_controller(Keeper::new("keeper", RunTask::new("web"), 3));
        trial.advance(20 * MINUTE).expect("nothing is violated");
        trial.heal();
        trial.advance(10 * MINUTE).expect("nothing is violated");
        let settled = trial.must_settle(10 * MINUTE);
        assert!(settled.is_ok(), "seed {seed}: {}", settled.unwrap_err());
        assert_eq!(wanted(&trial), 3, "seed {seed}");
    }
}
