//! Controllers inside the simulation: their calls, their retries, their crashes.

use std::time::Duration;

use wavetank::client::{Backoff, CallError, Client, ClientOptions, Controller, ReadsThrough};
use wavetank::ids::{CallId, ControllerId};
use wavetank::model::*;
use wavetank::{Input, Latency, SettleError, SimTime, Simulation};

use crate::support::{Trial, builder, one};

/// Calls RunTask once, `after` it was started, and writes down what it learns and when.
#[derive(Clone, Debug, Default)]
struct Once {
    after: Duration,
    request: Option<Request>,
    subscribes: bool,
    seen: Vec<(u64, String)>,
}

impl Once {
    fn run() -> Self {
        Self::call(RunTask::new("web"))
    }

    fn call(request: impl Into<Request>) -> Self {
        Self {
            request: Some(request.into()),
            ..Self::default()
        }
    }

    fn write(&mut self, client: &Client<'_>, text: impl Into<String>) {
        self.seen
            .push((client.now().as_nanos() / 1_000_000, text.into()));
    }
}

impl Controller for Once {
    fn name(&self) -> &str {
        "once"
    }

    fn started(&mut self, client: &mut Client<'_>) {
        self.write(client, "started");
        if self.subscribes {
            client
                .subscribe(EventPattern::tasks(), Delivery::ideal())
                .expect("it can be drawn");
        }
        client.wake_after(self.after, 7);
    }

    fn woken(&mut self, tag: u64, client: &mut Client<'_>) {
        assert_eq!(tag, 7);
        if let Some(request) = self.request.clone() {
            client.call(request);
        }
    }

    fn answered(&mut self, _: CallId, answer: Result<Output, CallError>, client: &mut Client<'_>) {
        let text = match answer {
            Ok(Output::RunTask(output)) => format!("{} tasks", output.tasks.len()),
            Ok(_) => "done".to_owned(),
            Err(error) => error.to_string(),
        };
        self.write(client, text);
    }

    fn told(&mut self, event: &StateChangeEvent, client: &mut Client<'_>) {
        let status = event.task().map(|task| task.last_status);
        self.write(client, format!("told {status:?}"));
    }
}

fn fixed(millis: u64) -> Latency {
    Latency::Fixed(Duration::from_millis(millis))
}

/// What a controller of this kind has written down; nothing while it is crashed.
fn seen(sim: &Simulation, controller: ControllerId) -> Vec<(u64, String)> {
    let known = sim.controller(controller);
    let known = known.and_then(|known| known.downcast_ref::<Once>());
    known.map(|known| known.seen.clone()).unwrap_or_default()
}

fn last(sim: &Simulation, controller: ControllerId) -> (u64, String) {
    seen(sim, controller).pop().expect("it was started")
}

fn tasks(trial: &Trial) -> usize {
    trial.ledger().tasks_known()
}

fn throttle(trial: &mut Trial, seconds: u64) {
    trial.fault(Fault::Throttle {
        operation: Glob::new("RunTask"),
        lasting: Duration::from_secs(seconds),
    });
}

fn with(trial: &mut Trial, controller: Once, options: ClientOptions) -> ControllerId {
    let added = trial.add_controller_with(controller, options);
    added.expect("the latencies of a test can be drawn")
}

#[test]
fn a_call_acts_after_the_request_latency_and_is_answered_after_that_of_the_response() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once::run());
    trial.at(49);
    assert_eq!(tasks(&trial), 0);
    trial.at(50);
    assert_eq!((tasks(&trial), seen(&trial, once).len()), (1, 1));
    trial.at(100);
    assert_eq!(last(&trial, once), (100, "1 tasks".to_owned()));
}

#[test]
fn a_throttled_call_is_made_again_until_it_is_let_through() {
    let mut trial = Trial::web();
    throttle(&mut trial, 1);
    let many = Backoff {
        attempts: 20,
        ..Backoff::standard()
    };
    let once = with(
        &mut trial,
        Once::run(),
        ClientOptions::default().backoff(many),
    );
    trial.at(60_000);
    let (at, what) = last(&trial, once);
    assert!((1_050..40_000).contains(&at), "{at}");
    assert_eq!((what.as_str(), tasks(&trial)), ("1 tasks", 1));
    assert!(trial.trace().to_string().contains("throttled"));
}

#[test]
fn a_call_that_is_throttled_to_the_end_is_known_to_have_had_no_effect() {
    let mut trial = Trial::web();
    throttle(&mut trial, 3_600);
    let once = trial.add_controller(Once::run());
    trial.rest();
    let (_, what) = last(&trial, once);
    assert_eq!(what, "ThrottlingException: Rate exceeded (attempts: 3)");
    assert_eq!(tasks(&trial), 0);
}

#[test]
fn an_error_that_would_come_again_is_told_at_once() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once::call(RunTask::new("nobody")));
    trial.rest();
    let (at, what) = last(&trial, once);
    assert_eq!(at, 100);
    assert!(what.ends_with("(attempts: 1)"), "{what}");
}

#[test]
fn a_call_made_again_launches_once_because_the_client_gives_it_a_token() {
    for (options, launched) in [
        (ClientOptions::default(), 1),
        (ClientOptions::default().without_tokens(), 3),
    ] {
        let mut trial = Trial::web();
        let options = options.response(fixed(5_000)).timeout(fixed(1_000));
        let once = with(&mut trial, Once::run(), options);
        trial.rest();
        let (_, what) = last(&trial, once);
        assert_eq!(
            what,
            "no answer in time (attempts: 3); it may have taken effect"
        );
        assert_eq!(tasks(&trial), launched);
    }
}

#[test]
fn an_answer_to_a_call_that_failed_though_it_acted_is_had_by_making_it_again() {
    let mut trial = Trial::web();
    trial.fault(Fault::ServerError {
        operation: Glob::new("RunTask"),
        lasting: Duration::from_millis(60),
        applied: true,
    });
    let once = trial.add_controller(Once::run());
    trial.rest();
    assert_eq!(last(&trial, once).1, "1 tasks");
    assert_eq!(tasks(&trial), 1);
}

#[test]
fn a_request_that_is_given_up_acts_when_it_arrives() {
    let mut trial = Trial::web();
    let options = ClientOptions::default()
        .request(fixed(10_000))
        .timeout(fixed(1_000))
        .backoff(Backoff::never());
    let once = with(&mut trial, Once::run(), options);
    trial.at(9_999);
    assert_eq!(last(&trial, once).0, 1_000);
    assert_eq!(tasks(&trial), 0);
    trial.at(10_000);
    assert_eq!((tasks(&trial), seen(&trial, once).len()), (1, 2));
}

#[test]
fn a_quota_that_is_used_up_ends_retries() {
    let mut trial = Trial::web();
    throttle(&mut trial, 3_600);
    let stingy = Backoff {
        quota: Some(7),
        attempts: 10,
        ..Backoff::standard()
    };
    let once = with(
        &mut trial,
        Once::run(),
        ClientOptions::default().backoff(stingy),
    );
    trial.rest();
    let (_, what) = last(&trial, once);
    assert!(what.ends_with("(attempts: 2)"), "{what}");
}

#[test]
fn a_crash_loses_the_answer_but_not_the_call_and_a_restart_begins_afresh() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once::run());
    trial.at(20);
    assert!(trial.crash_controller(once));
    assert!(!trial.crash_controller(once), "it does not run");
    assert!(trial.controller(once).is_none());
    trial.rest();
    assert_eq!(tasks(&trial), 1, "the call had left");
    trial.at(60_000);
    assert!(trial.restart_controller(once));
    assert!(!trial.restart_controller(once), "it runs");
    assert_eq!(seen(&trial, once), [(60_000, "started".to_owned())]);
    trial.rest();
    assert_eq!(tasks(&trial), 2, "it does not know what it did before");
    let record = trial.ledger().controllers().get(once).expect("it is there");
    assert_eq!((record.crashes, record.calls), (1, 2));
}

#[test]
fn a_crash_takes_timers_subscriptions_and_calls_that_wait_to_be_made_again() {
    let mut trial = Trial::web();
    throttle(&mut trial, 1);
    let slow = Backoff {
        throttled: Duration::from_secs(1_000),
        cap: Duration::from_secs(1_000),
        ..Backoff::standard()
    };
    let controller = Once {
        subscribes: true,
        ..Once::run()
    };
    let once = with(
        &mut trial,
        controller,
        ClientOptions::default().backoff(slow),
    );
    let timed = trial.add_controller(Once {
        after: Duration::from_secs(30),
        ..Once::run()
    });
    trial.at(150);
    let waiting = |trial: &Trial| trial.pending();
    assert!(waiting(&trial) > 0);
    trial.crash_controller(once);
    trial.crash_controller(timed);
    assert_eq!(waiting(&trial), 0);
    assert!(!trial.ledger().subscriptions().is_any());
    trial.rest();
    assert_eq!(tasks(&trial), 0);
}

#[test]
fn a_controller_is_told_of_what_it_subscribed_to() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once {
        subscribes: true,
        ..Once::default()
    });
    trial.run("web");
    trial.rest();
    let told: Vec<String> = seen(&trial, once)
        .into_iter()
        .map(|(_, what)| what)
        .collect();
    assert_eq!(
        told,
        ["started", "told Some(Pending)", "told Some(Running)"]
    );
}

#[test]
fn the_simulation_rests_only_when_no_call_is_under_way() {
    let mut trial = Trial::web();
    let options = ClientOptions::default().response(fixed(20_000));
    with(&mut trial, Once::run(), options);
    let error = trial
        .settle(Duration::from_secs(10))
        .expect_err("a call is under way");
    let SettleError::LimitReached { waiting, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        waiting.contains(&"call-0 RunTask of once".to_owned()),
        "{waiting:?}"
    );
    trial.rest();
    assert_eq!(trial.now(), SimTime::from_millis(20_050));
}

#[test]
fn the_simulation_rests_only_when_nobody_is_to_be_woken_for_work() {
    let mut trial = Trial::web();
    trial.add_controller(Once {
        after: Duration::from_secs(20),
        ..Once::default()
    });
    let error = trial.settle(Duration::from_secs(10));
    let error = error.expect_err("it has work to do").to_string();
    assert!(error.contains("once, to be woken"), "{error}");
    trial.rest();
    assert_eq!(trial.now(), SimTime::from_secs(20));
}

/// Lists tasks every second, and remembers whether it ever saw fewer than before.
#[derive(Clone, Debug, Default)]
struct Backwards {
    most: usize,
    went_back: bool,
}

impl Controller for Backwards {
    fn name(&self) -> &str {
        "backwards"
    }

    fn started(&mut self, client: &mut Client<'_>) {
        client.look_after(Duration::from_millis(500), 0);
    }

    fn woken(&mut self, _: u64, client: &mut Client<'_>) {
        client.call(ListTasks::new());
        client.look_after(Duration::from_millis(500), 0);
    }

    fn answered(&mut self, _: CallId, answer: Result<Output, CallError>, _: &mut Client<'_>) {
        if let Ok(Output::ListTasks(listed)) = answer {
            let seen = listed.task_arns.len();
            self.went_back |= seen < self.most;
            self.most = self.most.max(seen);
        }
    }
}

#[test]
fn a_session_of_a_controller_never_goes_backwards() {
    let goes_back = |through, seed| {
        let mut trial = Trial::web_of(builder().seed(seed).reads(Reads::realistic()));
        let options = ClientOptions::default().reads(through);
        let added = trial.add_controller_with(Backwards::default(), options);
        for second in 0..8 {
            trial.at(second * 1_000);
            trial.run("web");
        }
        trial.at(60_000);
        let known = trial.controller(added.expect("it can be drawn"));
        let known = known.and_then(|known| known.downcast_ref::<Backwards>());
        known.expect("it runs").went_back
    };
    assert!((0..20).any(|seed| goes_back(ReadsThrough::AnyReplica, seed)));
    assert!(!(0..20).any(|seed| goes_back(ReadsThrough::Session, seed)));
}

/// Looks around for ever.
#[derive(Clone, Debug)]
struct Watch;

impl Controller for Watch {
    fn name(&self) -> &str {
        "watch"
    }

    fn started(&mut self, client: &mut Client<'_>) {
        client.look_after(Duration::from_secs(1), 0);
    }

    fn woken(&mut self, _: u64, client: &mut Client<'_>) {
        client.look_after(Duration::from_secs(1), 0);
    }
}

#[test]
fn looking_around_for_ever_keeps_nothing_from_resting() {
    let mut trial = Trial::web();
    trial.add_controller(Watch);
    trial.run("web");
    trial.rest();
    assert_eq!(trial.now(), SimTime::from_millis(5_700));
    assert_eq!(trial.pending(), 1);
}

#[test]
fn faults_crash_and_restart_controllers_by_name() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once::default());
    let controller = "once".to_owned();
    let crash = Fault::ControllerCrash {
        controller: controller.clone(),
    };
    let restart = Fault::ControllerRestart { controller };
    trial
        .schedule(Duration::from_secs(5), Input::Fault(crash))
        .expect("it is to come");
    trial.at(5_000);
    assert!(trial.controller(once).is_none());
    trial.fault(restart);
    assert_eq!(last(&trial, once), (5_000, "started".to_owned()));
    let nobody = Fault::ControllerCrash {
        controller: "nobody".to_owned(),
    };
    let error = trial.inject(&nobody).expect_err("there is none");
    assert_eq!(error.to_string(), "no controller is called \"nobody\"");
}

/// The realistic profile, with a controller that calls once.
fn lively(others: usize) -> (Trial, ControllerId) {
    let mut trial = Trial::web_of(builder().profile(Profile::realistic()));
    trial.define(one("other"));
    let once = trial.add_controller(Once::run());
    for _ in 0..others {
        trial.add_controller(Once::call(ListTasks::default()));
    }
    (trial, once)
}

#[test]
fn a_controller_keeps_its_luck_when_others_come() {
    let (mut alone, once) = lively(0);
    let (mut crowded, _) = lively(3);
    alone.at(10_000);
    crowded.at(10_000);
    assert_eq!(seen(&alone, once).len(), 2);
    assert_eq!(seen(&alone, once), seen(&crowded, once));
}

#[test]
fn a_fork_takes_its_controllers_along_in_the_middle_of_a_call() {
    let (mut trial, once) = lively(1);
    trial
        .advance(Duration::from_millis(1))
        .expect("nothing is violated");
    let mut fork = trial.fork();
    assert_eq!(trial.state_digest(), fork.state_digest());
    trial.rest();
    assert_ne!(trial.state_digest(), fork.state_digest());
    fork.settle(Duration::from_secs(3_600))
        .expect("it comes to rest");
    assert_eq!(seen(&trial, once), seen(&fork, once));
    assert_eq!(trial.digest(), fork.digest());
    assert_eq!(trial.state_digest(), fork.state_digest());
}

#[test]
fn options_that_cannot_be_drawn_are_refused() {
    let mut trial = Trial::new();
    let empty = Latency::Uniform {
        low: Duration::from_secs(2),
        high: Duration::from_secs(1),
    };
    let refused = trial.add_controller_with(Watch, ClientOptions::default().timeout(empty));
    let error = refused.expect_err("no time is between the two");
    assert!(error.to_string().starts_with("clientTimeout"), "{error}");
    assert!(trial.ledger().controllers().is_untouched());
}

#[test]
fn what_a_controller_does_is_told_in_the_trace() {
    let mut trial = Trial::web();
    let once = trial.add_controller(Once::run());
    trial.at(150);
    trial.crash_controller(once);
    trial.restart_controller(once);
    let trace = trial.trace().to_string();
    for line in [
        "0.000s #0   controller-0 added",
        "0.000s #1 controller-woken controller-0 to work",
        "0.000s #1   call-0 RunTask by controller-0",
        "0.050s #2 call-arrived call-0",
        "0.100s #3 call-answered call-0 done",
        "controller-0 crashed",
        "controller-0 restarted",
    ] {
        assert!(trace.contains(line), "{line} in\n{trace}");
    }
}
