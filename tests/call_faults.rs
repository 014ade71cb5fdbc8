//! Calls that are throttled or answered by an error, by a fault or by the request rates of the account.

use std::time::Duration;

use wavetank::model::*;
use wavetank::{Input, Outcome};

use crate::support::{Trial, builder, check_refused};

const RATE: &str = "Rate exceeded";
const UNAVAILABLE: &str = "Service Unavailable. Please try again later.";

fn throttle(trial: &mut Trial, operation: &str, seconds: u64) {
    trial.fault(Fault::Throttle {
        operation: Glob::new(operation),
        lasting: Duration::from_secs(seconds),
    });
}

fn fail(trial: &mut Trial, operation: &str, seconds: u64, applied: bool) {
    trial.fault(Fault::ServerError {
        operation: Glob::new(operation),
        lasting: Duration::from_secs(seconds),
        applied,
    });
}

fn tasks(trial: &Trial) -> usize {
    trial.ledger().tasks_known()
}

#[test]
fn a_throttled_call_has_no_effect_whichever_way_it_is_made() {
    let mut trial = Trial::web();
    throttle(&mut trial, "Run*", 10);
    let before = trial.digest();
    check_refused(
        trial.run_task(RunTask::new("web")),
        "ThrottlingException",
        RATE,
    );
    check_refused(trial.call(RunTask::new("web")), "ThrottlingException", RATE);
    assert_eq!(trial.digest(), before);
    let late = trial.schedule(Duration::from_secs(9), RunTask::new("web"));
    let later = trial.schedule(Duration::from_secs(10), RunTask::new("web"));
    trial.at(10_000);
    let Some(Outcome::Answer(answer)) = trial.take_outcome(late.expect("it is to come")) else {
        panic!("a request was scheduled");
    };
    check_refused(*answer, "ThrottlingException", RATE);
    let outcome = trial.take_outcome(later.expect("it is to come"));
    assert!(outcome.is_some_and(|outcome| outcome.is_ok()));
    assert_eq!(tasks(&trial), 1);
}

#[test]
fn calls_of_other_operations_are_answered() {
    let mut trial = Trial::web();
    throttle(&mut trial, "Describe*", 10);
    let task = trial.run("web");
    let refused = trial.describe_tasks(DescribeTasks::new([&*task]));
    check_refused(refused, "ThrottlingException", RATE);
    let refused = trial.describe_clusters(DescribeClusters::default());
    check_refused(refused, "ThrottlingException", RATE);
    trial.stop(&task);
    let define = RegisterTaskDefinition::new("bad");
    throttle(&mut trial, "Register*", 10);
    check_refused(
        trial.register_task_definition(define),
        "ThrottlingException",
        RATE,
    );
}

#[test]
fn a_server_error_says_nothing_of_whether_the_call_took_effect() {
    let mut trial = Trial::web();
    for (applied, known) in [(false, 0), (true, 1)] {
        fail(&mut trial, "*", 10, applied);
        let run = RunTask::new("web");
        check_refused(trial.run_task(run), "ServerException", UNAVAILABLE);
        assert_eq!(tasks(&trial), known);
    }
    let end = trial.now().as_nanos() / 1_000_000 + 10_000;
    trial.at(end);
    trial.run("web");
}

#[test]
fn a_call_made_again_with_its_token_does_not_launch_twice() {
    let mut trial = Trial::web();
    let run = || RunTask::new("web").client_token("once");
    fail(&mut trial, "RunTask", 10, true);
    check_refused(trial.run_task(run()), "ServerException", UNAVAILABLE);
    trial.at(10_000);
    let again = trial.run_task(run()).expect("nothing fails any more");
    assert_eq!((again.tasks.len(), tasks(&trial)), (1, 1));
}

#[test]
fn a_call_that_would_be_refused_anyway_is_answered_by_the_error() {
    let mut trial = Trial::web();
    fail(&mut trial, "*", 10, true);
    let refused = trial.run_task(RunTask::new("nobody"));
    check_refused(refused, "ServerException", UNAVAILABLE);
    assert_eq!(tasks(&trial), 0);
}

#[test]
fn what_is_throttled_goes_before_what_fails() {
    let mut trial = Trial::web();
    throttle(&mut trial, "RunTask", 5);
    fail(&mut trial, "*", 10, true);
    check_refused(
        trial.run_task(RunTask::new("web")),
        "ThrottlingException",
        RATE,
    );
    trial.at(5_000);
    check_refused(
        trial.run_task(RunTask::new("web")),
        "ServerException",
        UNAVAILABLE,
    );
}

#[test]
fn a_fault_can_be_scheduled_and_is_told_in_the_trace() {
    let mut trial = Trial::web();
    let fault = Fault::Throttle {
        operation: Glob::new("*"),
        lasting: Duration::from_secs(1),
    };
    let key = trial.schedule(Duration::from_secs(5), Input::Fault(fault));
    trial.at(5_500);
    assert!(trial.take_outcome(key.expect("it is to come")).is_some());
    check_refused(
        trial.run_task(RunTask::new("web")),
        "ThrottlingException",
        RATE,
    );
    let trace = trial.trace().to_string();
    assert!(trace.contains("calls throttled until 6.000s"), "{trace}");
}

#[test]
fn request_rates_are_the_documented_ones_and_off_unless_asked_for() {
    let mut free = Trial::web();
    for _ in 0..300 {
        free.describe_clusters(DescribeClusters::default())
            .expect("any number of calls is answered");
    }
    let mut trial = Trial::of(builder().request_rates(RequestRates::Documented));
    let create = |trial: &mut Trial| trial.create_cluster(CreateCluster::new("a"));
    for _ in 0..20 {
        create(&mut trial).expect("the burst is 20");
    }
    check_refused(create(&mut trial), "ThrottlingException", RATE);
    trial
        .list_clusters(ListClusters::default())
        .expect("reads have a bucket of their own");
    trial.at(999);
    check_refused(create(&mut trial), "ThrottlingException", RATE);
    trial.at(1_000);
    create(&mut trial).expect("one comes back each second");
    check_refused(create(&mut trial), "ThrottlingException", RATE);
}

#[test]
fn a_call_that_a_fault_throttles_takes_no_token_and_one_that_fails_does() {
    let mut trial = Trial::of(builder().request_rates(RequestRates::Documented));
    let delete = || DeleteTaskDefinitions::new(["web:1"]);
    throttle(&mut trial, "Delete*", 1);
    for _ in 0..10 {
        check_refused(
            trial.delete_task_definitions(delete()),
            "ThrottlingException",
            RATE,
        );
    }
    let ended = trial.now().as_nanos() / 1_000_000 + 1_000;
    trial.at(ended);
    fail(&mut trial, "Delete*", 1, false);
    for _ in 0..5 {
        check_refused(
            trial.delete_task_definitions(delete()),
            "ServerException",
            UNAVAILABLE,
        );
    }
    check_refused(
        trial.delete_task_definitions(delete()),
        "ThrottlingException",
        RATE,
    );
}

#[test]
fn a_fork_has_tokens_of_its_own() {
    let mut trial = Trial::of(builder().request_rates(RequestRates::Documented));
    let mut fork = trial.fork();
    for _ in 0..5 {
        let delete = DeleteTaskDefinitions::new(["web:1"]);
        fork.delete_task_definitions(delete)
            .expect("the burst is 5");
    }
    assert_ne!(trial.state_digest(), fork.state_digest());
    let delete = DeleteTaskDefinitions::new(["web:1"]);
    assert!(fork.delete_task_definitions(delete.clone()).is_err());
    assert!(trial.delete_task_definitions(delete).is_ok());
}
