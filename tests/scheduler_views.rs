//! Schedulers that see late: what they are shown, and whether the view is to blame for what they got wrong.

use std::time::Duration;

use proptest::prelude::*;
use wavetank::ids::ContainerInstanceId;
use wavetank::model::*;
use wavetank::placement::{
    Ask, Baseline, Blame, FnScheduler, Missed, Mistake, Placement, Pool, Remaining, Scheduler,
    Update,
};
use wavetank::{Builder, Checking, Invariant, Ledger, SimTime, Simulation, TaskId, always};

use crate::support::script::{Action, Player, script, stage};
use crate::support::{Trial, builder, reasons, sized};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Machines of so many CPU units, the family `web` of 256, and a scheduler that sees everything five seconds late.
fn late(scheduler: impl Scheduler + 'static, machines: &[i32]) -> (Trial, Vec<String>) {
    late_by(ViewModel::FixedLag(secs(5)), scheduler, machines)
}

fn late_by(
    view: ViewModel,
    scheduler: impl Scheduler + 'static,
    machines: &[i32],
) -> (Trial, Vec<String>) {
    of(
        builder().scheduler(scheduler).scheduler_sees(view),
        machines,
    )
}

fn of(builder: Builder, machines: &[i32]) -> (Trial, Vec<String>) {
    let mut trial = Trial::of(builder);
    trial.define(sized("web", 256, 64));
    let machines = machines.iter().map(|cpu| trial.instance(*cpu, 4096));
    let machines = machines.collect();
    trial.at(60_000);
    (trial, machines)
}

fn first(machine: u32) -> Option<ContainerInstanceId> {
    Some(ContainerInstanceId::new(machine))
}

/// Always the same machine.
fn stubborn(machine: u32) -> impl Scheduler {
    let choose = move |_: &Ask<'_>, _: &Pool<'_>| Ok(ContainerInstanceId::new(machine));
    FnScheduler::new("stubborn", choose)
}

fn placed(at: u64, task: u32) -> Missed {
    Missed {
        at: SimTime::from_millis(at),
        what: Update::TaskPlaced(TaskId::new(task)),
    }
}

#[test]
fn a_late_view_that_misled_a_scheduler_is_blamed_with_what_it_missed() {
    let (mut trial, _) = late(Baseline::FirstFit, &[256, 256]);
    trial.run("web");
    trial.at(62_300);
    let out = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&out.failures), ["RESOURCE:CPU"]);
    let error = &trial.scheduler_errors()[0];
    assert!(matches!(error.mistake, Mistake::Unfit(_)));
    let blame = error.blame.as_deref();
    let expected = Blame::Stale {
        age: Duration::from_millis(2_300),
        missed: vec![placed(60_000, 0)],
        fresh: first(1),
    };
    assert_eq!(blame, Some(&expected));
    let told = "62.300s scheduler first-fit chose container-instance-0 for task-1, which can't take it: RESOURCE:CPU, \
                asked 256, available 0; stale: 2.300s old, missed task-0 placed at 60.000s; shown the truth it chooses \
                container-instance-1";
    assert_eq!(error.to_string(), told);
    assert_eq!(out.failures[0].detail.as_deref(), Some(told));
    trial.at(65_000);
    trial.run("web");
    assert_eq!(trial.scheduler_errors().len(), 1);
}

#[test]
fn a_scheduler_that_errs_by_the_truth_too_is_not_excused_by_its_view() {
    let (mut trial, _) = late(stubborn(0), &[256, 256]);
    trial.run("web");
    let out = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&out.failures), ["RESOURCE:CPU"]);
    let error = &trial.scheduler_errors()[0];
    assert_eq!(
        error.blame.as_deref(),
        Some(&Blame::WrongWhenFresh { again: first(0) })
    );
    assert!(
        error.to_string().ends_with(
            "available 0; wrong even when fresh: shown the truth it chooses container-instance-0"
        ),
        "{error}"
    );
}

#[test]
fn an_answer_that_is_wrong_by_the_view_itself_is_told_apart() {
    // It takes the first machine when that is full, else the second.
    let odd = FnScheduler::new("odd", |_: &Ask<'_>, pool: &Pool<'_>| {
        let row = usize::from(pool.remaining(0).cpu > 0);
        Ok(pool.instances()[row])
    });
    let (mut trial, machines) = late(odd, &[512, 1024]);
    let small = trial.start("web", &machines[0]);
    trial.start("web", &machines[0]);
    trial.at(66_000);
    trial.stop(&small);
    trial.define(sized("wide", 512, 64));
    trial
        .run_task(RunTask::new("wide"))
        .expect("the request is good");
    let error = &trial.scheduler_errors()[0];
    assert_eq!(error.blame.as_deref(), Some(&Blame::WrongAsSeen), "{error}");
}

#[test]
fn a_scheduler_that_is_shown_the_truth_is_not_excused_at_all() {
    let (mut trial, _) = late_by(ViewModel::Fresh, stubborn(0), &[256, 256]);
    trial.run("web");
    trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(trial.scheduler_errors()[0].blame, None);
    assert!(trial.hindsight().is_empty());
}

#[test]
fn each_task_of_a_request_is_judged_with_those_before_it() {
    let (mut trial, _) = late(Baseline::FirstFit, &[512, 512]);
    trial.run("web");
    trial.at(61_000);
    let out = trial
        .run_task(RunTask::new("web").count(3))
        .expect("the request is good");
    // By the view two fit on the first machine and one on the second; by the truth one and two.
    assert_eq!(
        (out.tasks.len(), reasons(&out.failures)),
        (2, vec!["RESOURCE:CPU"])
    );
    let error = &trial.scheduler_errors()[0];
    assert_eq!(error.task, TaskId::new(2));
    assert!(matches!(error.mistake, Mistake::Crowded(_)), "{error}");
    let blame = error.blame.as_deref().expect("it saw late");
    assert!(
        matches!(blame, Blame::Stale { fresh, .. } if *fresh == first(1)),
        "{blame}"
    );
    let fresh: Vec<_> = trial.hindsight().iter().map(|known| known.fresh).collect();
    assert_eq!(fresh, [first(0), first(1), first(1)]);
}

#[test]
fn a_machine_that_is_gone_is_chosen_while_it_is_seen() {
    let (mut trial, machines) = late(Baseline::FirstFit, &[256, 256]);
    trial.give_up(&machines[0]);
    let out = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&out.failures), ["MISSING"]);
    let error = &trial.scheduler_errors()[0];
    assert_eq!(error.mistake, Mistake::UnknownInstance);
    let blame = error.blame.as_deref().expect("it saw late").to_string();
    assert_eq!(
        blame,
        "stale: 0.000s old, missed deregistration at 60.000s; shown the truth it chooses container-instance-1"
    );
    trial.at(65_000);
    trial.run("web");
}

#[test]
fn a_machine_that_is_new_or_free_again_is_not_chosen_until_it_is_seen() {
    let (mut trial, _) = late(Baseline::FirstFit, &[256]);
    let task = trial.run("web");
    trial.at(80_000);
    trial.instance(256, 4096);
    let out = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&out.failures), ["RESOURCE:CPU"]);
    assert!(trial.scheduler_errors().is_empty(), "to refuse is no error");
    let known = trial.hindsight()[0].clone();
    assert_eq!((known.chosen, known.fresh), (None, first(1)));
    assert_eq!(
        known.to_string(),
        "task-1 was refused by a stale view: 0.000s old, missed registration at 80.000s; fresh it goes to \
         container-instance-1"
    );
    trial.at(85_000);
    trial.run("web");
    trial.stop(&task);
    let refused = trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    assert_eq!(reasons(&refused.failures), ["RESOURCE:CPU"]);
    trial.at(90_000);
    trial.run("web");
}

#[test]
fn status_connection_and_attributes_are_seen_late() {
    let rack = PlacementConstraint::member_of("attribute:rack == 7");
    let (mut trial, machines) = late(Baseline::FirstFit, &[1024]);
    let machine = machines[0].as_str();
    let attribute = Attribute::new("rack", "7").on(machine);
    let put = |trial: &mut Trial| trial.put_attributes(PutAttributes::new([attribute.clone()]));
    put(&mut trial).expect("the machine is there");
    trial.at(66_000);
    let trial = &mut trial;
    let error = |change: &dyn Fn(&mut Trial), reason: &str, told: &str| {
        let mut fork = trial.clone();
        change(&mut fork);
        let request = RunTask::new("web").constraint(rack.clone());
        let out = fork.run_task(request).expect("the request is good");
        assert_eq!(reasons(&out.failures), [reason]);
        let blame = fork.scheduler_errors()[0]
            .blame
            .as_deref()
            .expect("it saw late");
        let expected =
            format!("stale: 0.000s old, missed {told} at 66.000s; shown the truth it refuses");
        assert_eq!(blame.to_string(), expected);
    };
    let drain = |trial: &mut Trial| trial.set_state(machine, ContainerInstanceStatus::Draining);
    error(&drain, "INACTIVE", "status DRAINING");
    error(
        &|trial| trial.disconnect(machine),
        "AGENT",
        "agent disconnected",
    );
    let moved = |trial: &mut Trial| {
        let attribute = Attribute::new("rack", "8").on(machine);
        let put = trial.put_attributes(PutAttributes::new([attribute]));
        put.expect("the machine is there");
    };
    error(&moved, FailureReason::MemberOf.as_str(), "other attributes");
}

#[test]
fn tasks_of_the_group_are_seen_late_by_spread_and_distinct_instance() {
    let view = ViewModel::FixedLag(secs(5));
    let (mut trial, machines) = of(builder().scheduler_sees(view), &[1024, 1024]);
    trial.start("web", &machines[0]);
    let spread = || RunTask::new("web").strategy(PlacementStrategy::spread_instances());
    let on = |trial: &mut Trial, request: RunTask| {
        let out = trial.run_task(request).expect("the request is good");
        assert_eq!(reasons(&out.failures), [""; 0]);
        out.tasks[0]
            .container_instance_arn
            .as_deref()
            .map(str::to_owned)
    };
    assert_eq!(on(&mut trial.clone(), spread()), Some(machines[0].clone()));
    let distinct = spread().constraint(PlacementConstraint::distinct_instance());
    let out = trial
        .run_task(distinct.clone())
        .expect("the request is good");
    assert_eq!(
        reasons(&out.failures),
        [FailureReason::DistinctInstance.as_str()]
    );
    assert!(
        trial.scheduler_errors()[0]
            .blame
            .as_deref()
            .is_some_and(Blame::is_stale)
    );
    trial.at(65_000);
    assert_eq!(on(&mut trial.clone(), spread()), Some(machines[1].clone()));
    assert_eq!(on(&mut trial, distinct), Some(machines[1].clone()));
}

#[test]
fn a_scheduler_that_sees_its_own_writes_misses_only_those_of_others() {
    let view = ViewModel::ReadYourWrites(Lateness::fixed(secs(5)));
    let (mut trial, machines) = late_by(view, Baseline::FirstFit, &[256, 256, 256]);
    trial.run("web");
    trial.run("web");
    assert!(trial.scheduler_errors().is_empty());
    trial.set_state(&machines[2], ContainerInstanceStatus::Draining);
    trial
        .run_task(RunTask::new("web"))
        .expect("the request is good");
    let blame = trial.scheduler_errors()[0].blame.as_deref();
    assert!(blame.is_some_and(Blame::is_stale));
}

/// Two machines, whose scheduler sees what was five seconds ago, and an invariant.
fn misled(
    invariant: impl Invariant + 'static,
    scheduler: impl Scheduler + 'static,
    checking: Checking,
) -> Simulation {
    let options = builder()
        .scheduler(scheduler)
        .scheduler_sees(ViewModel::FixedLag(secs(5)))
        .checking(checking)
        .invariant(invariant);
    let mut sim = options.build().expect("the options are good");
    sim.register_task_definition(sized("web", 256, 64))
        .expect("it is good");
    for _ in 0..2 {
        let machine = RegisterContainerInstance::default().cpu(1024).memory(4096);
        sim.register_container_instance(machine)
            .expect("it is good");
    }
    sim.advance(secs(60)).expect("nothing happens");
    sim
}

#[test]
fn a_violation_tells_what_the_view_had_to_do_with_the_decision() {
    let lonely = always("one task a machine", |seen| {
        let crowded = seen
            .ledger
            .instances()
            .iter()
            .find(|(_, known)| known.running > 1);
        match crowded {
            Some((instance, _)) => Err(format!("{instance} has two")),
            None => Ok(()),
        }
    });
    let mut sim = misled(lonely, Baseline::WorstFit, Checking::EveryEvent);
    sim.run_task(RunTask::new("web")).expect("there is room");
    sim.run_task(RunTask::new("web")).expect("there is room");
    let violation = sim.advance(secs(1)).expect_err("both went to the first");
    assert_eq!(
        &*violation.evidence,
        "container-instance-0 has two; task-1 went to container-instance-0 by a stale view: 0.000s old, missed task-0 \
         placed at 60.000s; fresh it goes to container-instance-1"
    );
}

/// Two machines, and an invariant that one of them must not come to run two tasks.
fn lonely(scheduler: impl Scheduler + 'static, checking: Checking) -> Simulation {
    let lonely = always("one task runs on a machine", |seen| {
        let runs = |on| {
            let tasks = seen
                .ledger
                .tasks()
                .filter(move |(_, task)| task.on == Some(on));
            tasks.filter(|(_, task)| task.last_status == LastStatus::Running)
        };
        let mut machines = seen.ledger.instances().iter();
        match machines.find(|(instance, _)| runs(*instance).count() > 1) {
            Some((instance, _)) => Err(format!("{instance} has two")),
            None => Ok(()),
        }
    });
    misled(lonely, scheduler, checking)
}

const MISLED: &str = "; task-1 went to container-instance-0 by a stale view: 2.000s old, missed task-0 placed at 60.000s; \
                      fresh it goes to container-instance-1";

#[test]
fn a_violation_that_comes_after_the_decision_tells_of_it_too() {
    for checking in [
        Checking::EveryEvent,
        Checking::EveryNth(1),
        Checking::AtRest,
    ] {
        let mut sim = lonely(Baseline::WorstFit, checking);
        sim.run_task(RunTask::new("web")).expect("there is room");
        sim.advance(secs(2)).expect("one runs nowhere yet");
        sim.run_task(RunTask::new("web")).expect("there is room");
        let violation = match sim.advance(secs(30)) {
            Err(violation) => violation,
            Ok(_) => sim.check().expect_err("both run on the first"),
        };
        let expected = format!("container-instance-0 has two{MISLED}");
        assert_eq!(&*violation.evidence, expected, "{checking:?}");
    }
}

#[test]
fn a_decision_that_the_truth_would_have_made_too_is_said_to_be_wrong_even_when_fresh() {
    let mut sim = lonely(stubborn(0), Checking::EveryEvent);
    for _ in 0..2 {
        sim.run_task(RunTask::new("web")).expect("there is room");
        sim.advance(secs(2)).expect("neither runs yet");
    }
    let violation = sim.advance(secs(30)).expect_err("both run on the first");
    assert_eq!(
        &*violation.evidence,
        "container-instance-0 has two; task-1 went to container-instance-0 by a stale view: 2.000s old, missed task-0 \
         placed at 60.000s; fresh it would too: wrong even when fresh"
    );
}

#[test]
fn a_decision_that_broke_nothing_is_not_told_of_once_all_was_found_well() {
    let mut sim = lonely(Baseline::WorstFit, Checking::AtRest);
    let first = sim.run_task(RunTask::new("web")).expect("there is room");
    sim.advance(secs(2)).expect("one runs nowhere yet");
    sim.run_task(RunTask::new("web")).expect("there is room");
    let task = &first.tasks[0].task_arn;
    sim.stop_task(StopTask::new(task)).expect("it is there");
    sim.settle(secs(60)).expect("one of them runs");
    let machines = ListContainerInstances::new();
    let machines = sim.list_container_instances(machines).expect("it is good");
    let on = &machines.container_instance_arns[0];
    sim.start_task(StartTask::new("web", [on.as_str()]))
        .expect("there is room");
    sim.advance(secs(30)).expect("nobody looks");
    let violation = sim.check().expect_err("two run on the first");
    assert_eq!(&*violation.evidence, "container-instance-0 has two");
}

/// First fit that writes down what it was shown.
#[derive(Clone, Debug, Default)]
struct Watching {
    shown: Vec<Vec<Shown>>,
}

/// A row: whose, what is left, whether it is open, tasks of the group.
type Shown = (ContainerInstanceId, Remaining, bool, u32);

fn shown(pool: &Pool<'_>, ask: &Ask<'_>) -> Vec<Shown> {
    let row = |row: usize| {
        let group = pool.tasks_of_group(row, ask.group);
        let record = pool.record(row);
        (
            pool.instances()[row],
            pool.remaining(row),
            record.is_open(),
            group,
        )
    };
    (0..pool.len()).map(row).collect()
}

impl Scheduler for Watching {
    fn name(&self) -> &str {
        "watching"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        self.shown.push(shown(pool, ask));
        pool.least(ask, |_| 0)
    }
}

/// What the truth was at some time, for the asks of one family.
fn truth(ledger: &Ledger) -> Option<Vec<Shown>> {
    let (cluster, _) = ledger.clusters().named("default")?;
    let pool = Pool::new(ledger, cluster);
    let group = ledger.groups().named(cluster, "family:web");
    let row = |row: usize| {
        let record = pool.record(row);
        let tasks = pool.tasks_of_group(row, group);
        (
            pool.instances()[row],
            pool.remaining(row),
            record.is_open(),
            tasks,
        )
    };
    Some((0..pool.len()).map(row).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_fixed_lag_shows_the_pool_as_it_was(turns in prop::collection::vec((0..6_u8, 0..4_u8), 1..40)) {
        let view = ViewModel::FixedLag(secs(5));
        let (mut trial, mut machines) = late_by(view, Watching::default(), &[1024, 1024]);
        // The ledger at the end of each second: what is seen five seconds later.
        let mut past: Vec<Ledger> = Vec::new();
        let mut tasks: Vec<String> = Vec::new();
        for (turn, which) in turns {
            let machine = machines[usize::from(which) % machines.len()].clone();
            match turn {
                0 => machines.push(trial.instance(512, 1024)),
                1 => {
                    let _ = trial.call(StartTask::new("web", [machine.as_str()]));
                }
                2 if !tasks.is_empty() => {
                    let task = tasks.swap_remove(usize::from(which) % tasks.len());
                    trial.stop(&task);
                }
                3 => trial.set_state(&machine, ContainerInstanceStatus::Draining),
                4 if machines.len() > 1 => {
                    machines.retain(|known| *known != machine);
                    trial.give_up(&machine);
                }
                _ => {}
            }
            let out = trial.run_task(RunTask::new("web")).expect("the request is good");
            tasks.extend(out.tasks.into_iter().map(|task| task.task_arn.into()));
            let watching = trial.scheduler().downcast_ref::<Watching>();
            let shown = watching.and_then(|watching| watching.shown.last()).expect("it was asked");
            if let Some(then) = past.len().checked_sub(5) {
                let expected = truth(&past[then]);
                prop_assert_eq!(Some(shown), expected.as_ref());
            }
            past.push(trial.ledger().clone());
            trial.advance(secs(1)).expect("no invariant is violated");
        }
    }

    #[test]
    fn a_view_that_is_not_late_changes_no_decision(stage in stage(), script in script(40)) {
        let play = |view: ViewModel| {
            let mut player = Player::of(stage, |builder| builder.scheduler_sees(view));
            let is_calm = |action: &&Action| !matches!(action, Action::ReadLag { .. });
            script.iter().filter(is_calm).for_each(|action| player.act(action));
            player
        };
        let fresh = play(ViewModel::Fresh);
        let late = play(ViewModel::FixedLag(Duration::ZERO));
        prop_assert_eq!(fresh.sim.digest(), late.sim.digest());
        for (fresh, late) in fresh.answers.iter().zip(&late.answers) {
            prop_assert_eq!(fresh, late);
        }
    }

    #[test]
    fn whatever_a_scheduler_sees_it_breaks_nothing_and_is_never_wrong_by_its_own_view(
        stage in stage(),
        script in script(40),
        view in prop::sample::select(ViewModel::sweep().to_vec()),
    ) {
        let mut player = Player::of(stage, |builder| builder.scheduler_sees(view.clone()));
        player.play(&script);
        let mut again = Player::of(stage, |builder| builder.scheduler_sees(view));
        again.play(&script);
        prop_assert_eq!(player.sim.digest(), again.sim.digest());
        prop_assert!(player.sim.violations().is_empty(), "{}", player.sim.violations()[0]);
        for error in player.sim.scheduler_errors() {
            prop_assert!(error.blame.as_deref().is_some_and(Blame::is_stale), "{}", error);
        }
    }
}

#[test]
fn a_call_that_comes_back_to_a_machine_has_its_tasks_counted_there_once() {
    let (mut trial, _) = late(Baseline::RoundRobin, &[2048; 5]);
    trial.run_all(RunTask::new("web").count(10));
    trial.at(70_000);
    assert!(trial.violations().is_empty());
    let versions = trial.ledger().versions();
    for (machine, history) in versions.instances().iter() {
        let most = history.newest().map_or(0, |seen| seen.wanted.len());
        assert_eq!(most, 2, "on {machine}");
    }
}
