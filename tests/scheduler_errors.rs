//! Wrong answers of schedulers: each is kept with its evidence, refuses its task and no other, and loses none.

use wavetank::Simulation;
use wavetank::ids::ContainerInstanceId;
use wavetank::model::*;
use wavetank::placement::{
    Ask, FnScheduler, Mistake, Placement, Pool, Scheduler, SchedulerError, SchedulerErrors, Unmet,
};

use crate::support::{Trial, builder, on_port, one, reasons};

/// Always the same number, whether there is such a container instance or not.
fn stubborn(number: u32) -> impl Scheduler + Clone {
    FnScheduler::new("stubborn", move |_: &Ask<'_>, _: &Pool<'_>| {
        Ok(ContainerInstanceId::new(number))
    })
}

/// Two container instances of 300 CPU units and 4096 MiB, and the family `web` that takes 256 and 512.
fn trial(scheduler: impl Scheduler + 'static) -> Trial {
    let mut trial = Trial::of(builder().scheduler(scheduler));
    trial.instance(300, 4096);
    trial.instance(300, 4096);
    trial.define(one("web"));
    trial
}

fn run(trial: &mut Trial, request: RunTask) -> RunTaskOutput {
    trial
        .run_task(request)
        .expect("a wrong answer fails no call")
}

#[track_caller]
fn the_error(trial: &Trial) -> &SchedulerError {
    match trial.scheduler_errors() {
        [error] => error,
        others => panic!("one error was expected: {others:#?}"),
    }
}

fn unmet(reason: FailureReason, asked: &str, available: &str) -> Unmet {
    Unmet {
        reason,
        asked: asked.to_owned(),
        available: available.to_owned(),
    }
}

const CPU: FailureReason = FailureReason::Resource(ResourceKind::Cpu);

#[test]
fn an_overcommit_is_refused_with_the_evidence_and_changes_nothing_else() {
    let mut trial = trial(stubborn(0));
    run(&mut trial, RunTask::new("web"));
    let host = trial.host();
    let (tasks, left) = (trial.ledger().tasks_known(), trial.left(&host));
    let answer = run(&mut trial, RunTask::new("web"));
    assert_eq!(answer.tasks, []);
    assert_eq!(reasons(&answer.failures), ["RESOURCE:CPU"]);
    let failure = &answer.failures[0];
    assert_eq!(failure.arn.as_deref(), Some(host.as_str()));
    let error = the_error(&trial);
    assert_eq!(failure.detail, Some(error.to_string()));
    assert_eq!(error.mistake, Mistake::Unfit(unmet(CPU, "256", "44")));
    assert_eq!((error.task.number(), &*error.scheduler), (1, "stubborn"));
    assert_eq!(error.chosen, Some(ContainerInstanceId::new(0)));
    assert_eq!(
        (trial.ledger().tasks_known(), trial.left(&host)),
        (tasks, left)
    );
}

#[test]
fn an_instance_used_twice_in_a_request_keeps_the_first_task_and_refuses_the_others() {
    let mut trial = trial(stubborn(1));
    let answer = run(&mut trial, RunTask::new("web").count(3));
    assert_eq!(answer.tasks.len(), 1);
    assert_eq!(reasons(&answer.failures), ["RESOURCE:CPU", "RESOURCE:CPU"]);
    let crowded = Mistake::Crowded(unmet(CPU, "256", "44"));
    let found = trial.scheduler_errors().iter();
    let found: Vec<_> = found
        .map(|error| (error.task.number(), &error.mistake))
        .collect();
    assert_eq!(found, [(1, &crowded), (2, &crowded)]);
}

#[test]
fn a_constraint_that_is_broken_is_told_with_who_is_there() {
    let mut trial = trial(stubborn(0));
    run(&mut trial, RunTask::new("web").group("apart"));
    trial.define(crate::support::sized("small", 1, 6));
    let distinct = PlacementConstraint::distinct_instance();
    let request = RunTask::new("small").group("apart").constraint(distinct);
    let answer = run(&mut trial, request);
    let reason = FailureReason::DistinctInstance;
    assert_eq!(reasons(&answer.failures), [reason.as_str()]);
    let broken = unmet(reason, "no task of apart", "1");
    assert_eq!(the_error(&trial).mistake, Mistake::Unfit(broken));
}

#[test]
fn a_port_that_clashes_is_named() {
    let mut trial = Trial::of(builder().scheduler(stubborn(0)));
    trial.instance(4096, 8192);
    trial.define(on_port("web", 8080));
    let answer = run(&mut trial, RunTask::new("web").count(2));
    assert_eq!((answer.tasks.len(), answer.failures.len()), (1, 1));
    let ports = FailureReason::Resource(ResourceKind::Ports);
    let clash = unmet(ports, "8080/tcp", "none of these");
    assert_eq!(the_error(&trial).mistake, Mistake::Crowded(clash));
}

#[test]
fn an_instance_that_is_not_in_the_cluster_is_missing() {
    for number in [2, 7] {
        let mut trial = trial(stubborn(number));
        let elsewhere = CreateCluster::new("elsewhere");
        trial.create_cluster(elsewhere).expect("the name is free");
        trial.register(
            RegisterContainerInstance::new("elsewhere")
                .cpu(9_000)
                .memory(9_000),
        );
        let answer = run(&mut trial, RunTask::new("web"));
        assert_eq!(reasons(&answer.failures), ["MISSING"]);
        assert_eq!(the_error(&trial).mistake, Mistake::UnknownInstance);
    }
}

#[test]
fn what_is_not_open_is_told_as_it_is() {
    let mut trial = trial(stubborn(0));
    let host = trial.host();
    trial.disconnect(&host);
    run(&mut trial, RunTask::new("web"));
    trial.reconnect(&host);
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    run(&mut trial, RunTask::new("web"));
    let found: Vec<String> = trial
        .scheduler_errors()
        .iter()
        .map(ToString::to_string)
        .collect();
    let chose = "0.000s scheduler stubborn chose container-instance-0 for";
    assert_eq!(
        found,
        [
            format!(
                "{chose} task-0, which can't take it: AGENT, asked a connected agent, available a disconnected one"
            ),
            format!(
                "{chose} task-1, which can't take it: INACTIVE, asked ACTIVE, available DRAINING"
            ),
        ]
    );
}

/// Answers the first rows of the pool, as many as it was made with.
#[derive(Clone, Debug)]
struct Miscounting(usize);

impl Scheduler for Miscounting {
    fn name(&self) -> &str {
        "miscounting"
    }

    fn place(&mut self, _: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        Ok(pool.instances()[0])
    }

    fn place_all(&mut self, _: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        let rows = pool.instances().iter().cycle();
        rows.take(self.0).map(|instance| Ok(*instance)).collect()
    }
}

#[test]
fn tasks_without_an_answer_are_refused_and_the_others_placed() {
    let mut trial = trial(Miscounting(2));
    let answer = run(&mut trial, RunTask::new("web").count(4));
    assert_eq!(answer.tasks.len(), 2);
    assert_eq!(reasons(&answer.failures), ["MISSING", "MISSING"]);
    let no_answer = Mistake::NoAnswer {
        asks: 4,
        answers: 2,
    };
    let errors = trial.scheduler_errors();
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.task.number(), &error.mistake))
        .collect();
    assert_eq!(found, [(2, &no_answer), (3, &no_answer)]);
}

#[test]
fn answers_left_over_are_dropped_and_told_of() {
    let mut trial = trial(Miscounting(5));
    let answer = run(&mut trial, RunTask::new("web").count(2));
    assert_eq!((answer.tasks.len(), answer.failures.len()), (2, 0));
    let surplus = Mistake::SurplusAnswers {
        asks: 2,
        answers: 5,
    };
    assert_eq!(the_error(&trial).mistake, surplus);
}

#[test]
fn one_failure_is_told_of_a_mistake_even_where_every_instance_tells() {
    let builder = builder().failures(FailureShape::EveryInstance);
    let mut trial = Trial::of(builder.scheduler(stubborn(0)));
    (0..3).for_each(|_| drop(trial.instance(300, 4096)));
    trial.define(one("web"));
    let answer = run(&mut trial, RunTask::new("web").count(2));
    assert_eq!(reasons(&answer.failures), ["RESOURCE:CPU"]);
}

#[test]
fn a_request_that_is_repeated_gets_the_same_failures_and_errs_once() {
    let mut trial = trial(stubborn(0));
    let request = RunTask::new("web").count(2).client_token("once");
    let first = run(&mut trial, request.clone());
    let again = run(&mut trial, request);
    assert_eq!(first.failures, again.failures);
    assert_eq!(trial.scheduler_errors().len(), 1);
}

#[test]
fn errors_are_in_the_trace_before_what_was_made_of_them() {
    let mut trial = trial(stubborn(0));
    run(&mut trial, RunTask::new("web").count(2));
    let trace = trial.trace().to_string();
    let end = "\
0.000s #0   task-1 scheduler error crowded on container-instance-0 RESOURCE:CPU
0.000s #0   content ";
    assert!(trace.contains(end), "{trace}");
    let last = "0.000s #0   task-1 refused RESOURCE:CPU\n";
    assert!(trace.ends_with(last), "{trace}");
}

#[test]
fn errors_are_part_of_the_run_and_of_its_digest() {
    let played = |number| {
        let mut trial = trial(stubborn(number));
        run(&mut trial, RunTask::new("web").count(2));
        let errors = trial.scheduler_errors().to_vec();
        (trial.digest(), trial.state_digest(), errors)
    };
    assert_eq!(played(7), played(7));
    assert_ne!(played(7).0, played(8).0);
    assert_ne!(played(7).1, played(8).1);
}

#[test]
fn a_fork_keeps_its_errors_to_itself() {
    let mut trial = trial(stubborn(0));
    run(&mut trial, RunTask::new("web").count(2));
    let mut fork: Simulation = trial.fork();
    fork.run_task(RunTask::new("web"))
        .expect("a wrong answer fails no call");
    assert_eq!(trial.scheduler_errors().len(), 1);
    assert_eq!(fork.scheduler_errors().len(), 2);
}

#[test]
fn the_first_are_kept_and_all_are_counted() {
    let mut trial = trial(stubborn(9));
    for _ in 0..30 {
        run(&mut trial, RunTask::new("web").count(10));
    }
    assert_eq!(trial.scheduler_errors().len(), SchedulerErrors::KEPT);
    assert_eq!(trial.ledger().scheduler_errors().count(), 300);
    let first = &trial.scheduler_errors()[0];
    assert_eq!(first.task.number(), 0);
}

#[test]
fn an_invariant_can_forbid_errors() {
    let strict = wavetank::always("the scheduler makes no mistake", |seen| {
        match seen.ledger.scheduler_errors().kept().first() {
            None => Ok(()),
            Some(first) => Err(first.to_string()),
        }
    });
    let builder = Simulation::builder()
        .scheduler(stubborn(0))
        .invariant(strict);
    let mut sim = builder.build().expect("the options are good");
    let host = RegisterContainerInstance::default().cpu(300).memory(4096);
    sim.register_container_instance(host)
        .expect("it is accepted");
    sim.register_task_definition(one("web"))
        .expect("it is accepted");
    sim.run_task(RunTask::new("web")).expect("it fits");
    sim.check().expect("nothing is wrong yet");
    sim.run_task(RunTask::new("web"))
        .expect("a wrong answer fails no call");
    let violation = sim.check().expect_err("the second does not fit");
    assert!(violation.evidence.contains("RESOURCE:CPU"), "{violation}");
}

#[test]
fn a_scheduler_that_refuses_what_would_fit_makes_no_mistake() {
    let lazy = FnScheduler::new("lazy", |ask: &Ask<'_>, pool: &Pool<'_>| {
        Err(pool.refusal(ask))
    });
    let mut trial = trial(lazy);
    let answer = run(&mut trial, RunTask::new("web"));
    assert_eq!(reasons(&answer.failures), ["MISSING"]);
    assert_eq!(trial.scheduler_errors(), []);
}
