//! Who sees what of the truth: lag spikes, sessions and named view models (ecs-semantics 8).

use std::time::Duration;

use proptest::prelude::*;
use wavetank::client::{CallError, Client, ClientOptions, Controller, ReadsThrough};
use wavetank::draw::{Latency, Ratio};
use wavetank::ids::CallId;
use wavetank::invariant::ViewsWithinBound;
use wavetank::model::*;
use wavetank::{Builder, Checking, Outcome, Reads, SimTime, Simulation};

use crate::support::script::{Action, Player, Stage, script, stage};
use crate::support::{Trial, builder, reasons, sized};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn lag(trial: &mut Trial, lag: u64, lasting: u64) {
    trial.fault(Fault::ReadLag {
        lag: secs(lag),
        lasting: secs(lasting),
    });
}

fn is_missing(trial: &mut Simulation, task: &str) -> bool {
    let answer = trial.describe_tasks(DescribeTasks::new([task]));
    let answer = answer.expect("the default cluster is there");
    assert_eq!(answer.tasks.len() + answer.failures.len(), 1);
    reasons(&answer.failures) == ["MISSING"]
}

fn listed(sim: &mut Simulation) -> Vec<String> {
    let answer = sim.list_tasks(ListTasks::new());
    answer.expect("the default cluster is there").task_arns
}

/// Late by a few seconds, each version by itself.
fn ragged() -> Lateness {
    Lateness {
        lag: Latency::Exponential { mean: secs(4) },
        stale_probability: Ratio::new(1, 2),
        bound: secs(20),
    }
}

fn web(view: ViewModel) -> Trial {
    let mut trial = Trial::web_of(builder().reads(view));
    trial.at(60_000);
    trial
}

#[test]
fn what_was_written_before_a_read_lag_is_seen_and_what_comes_after_is_not() {
    let mut trial = Trial::web();
    trial.at(60_000);
    let before = trial.run("web");
    lag(&mut trial, 10, 300);
    let after = trial.run("web");
    assert!(!is_missing(&mut trial, &before));
    assert!(is_missing(&mut trial, &after));
    assert_eq!(listed(&mut trial), [before.as_str()]);
    trial.at(69_999);
    assert!(is_missing(&mut trial, &after));
    assert_eq!(trial.task(&before).last_status, LastStatus::Pending);
    trial.at(70_000);
    assert_eq!(trial.task(&after).last_status, LastStatus::Pending);
    assert_eq!(listed(&mut trial), [before.as_str(), &after]);
    trial.at(75_700);
    assert_eq!(trial.task(&after).last_status, LastStatus::Running);
}

#[test]
fn reads_are_as_configured_once_a_read_lag_is_over() {
    let mut trial = Trial::web();
    lag(&mut trial, 100, 30);
    let task = trial.run("web");
    trial.at(29_999);
    assert!(is_missing(&mut trial, &task));
    trial.at(30_000);
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    assert_eq!(trial.stop(&task).desired_status, DesiredStatus::Stopped);
    assert_eq!(trial.status(&task).1, DesiredStatus::Stopped);

    let mut late = web(ViewModel::FixedLag(secs(2)));
    lag(&mut late, 10, 30);
    let task = late.run("web");
    late.at(69_999);
    assert!(is_missing(&mut late, &task));
    late.at(90_000);
    let task = late.run("web");
    late.at(91_999);
    assert!(is_missing(&mut late, &task));
    late.at(92_000);
    assert!(!is_missing(&mut late, &task));
}

#[test]
fn of_two_read_lags_the_longer_one_holds() {
    let mut trial = Trial::web();
    lag(&mut trial, 10, 60);
    lag(&mut trial, 20, 15);
    let task = trial.run("web");
    trial.at(14_999);
    assert!(is_missing(&mut trial, &task));
    trial.at(15_000);
    assert!(!is_missing(&mut trial, &task));
    let later = trial.run("web");
    trial.at(24_999);
    assert!(is_missing(&mut trial, &later));
    trial.at(25_000);
    assert!(!is_missing(&mut trial, &later));
}

#[test]
fn versions_are_kept_from_a_read_lag_to_its_end_and_no_longer() {
    let mut trial = Trial::web();
    trial.run("web");
    assert!(!trial.ledger().versions().are_kept());
    lag(&mut trial, 10, 30);
    assert!(trial.ledger().versions().is_empty());
    trial.run("web");
    assert_eq!(trial.ledger().versions().len(), 4);
    trial.at(30_000);
    trial.run("web");
    let versions = trial.ledger().versions();
    assert!(versions.is_empty() && !versions.are_kept());
}

#[test]
fn a_read_lag_that_is_on_is_part_of_the_state_and_of_the_trace() {
    let mut trial = Trial::web();
    let mut other = trial.clone();
    lag(&mut trial, 10, 30);
    lag(&mut other, 11, 30);
    assert_ne!(trial.state_digest(), other.state_digest());
    assert_ne!(trial.digest(), other.digest());
    let trace = trial.trace().to_string();
    assert!(trace.contains("  reads lag until 30.000s\n"), "{trace}");
}

#[test]
fn a_container_instance_that_is_gone_is_listed_while_readers_lag() {
    let mut trial = Trial::web();
    let host = trial.host();
    lag(&mut trial, 10, 300);
    trial.give_up(&host);
    let new = trial.instance(1024, 1024);
    assert_eq!(trial.host(), host);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
    trial.at(10_000);
    assert_eq!(trial.host(), new);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Inactive);
}

#[test]
fn settling_waits_for_a_read_lag_only_as_long_as_something_is_unseen() {
    let mut trial = Trial::web();
    lag(&mut trial, 10, 300);
    let task = trial.run("web");
    trial.rest();
    assert_eq!(trial.now().as_millis(), 15_700);
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    trial.rest();
    assert_eq!(trial.now().as_millis(), 15_700);

    lag(&mut trial, 3600, 600);
    trial.stop(&task);
    let tired = trial
        .settle(secs(60))
        .expect_err("replicas lag until the end");
    assert!(
        tired.to_string().contains("replicas, until 615.700s"),
        "{tired}"
    );
    trial.rest();
    assert_eq!(trial.now().as_millis(), 615_700);
}

/// Versions of a task as some reader sees them while it lives, and whether they ever fell.
fn goes_back(view: ViewModel, seed: u64, reader: impl Fn(&mut Trial) -> ReadAs) -> bool {
    let mut trial = Trial::web_of(builder().seed(seed).reads(view));
    trial.at(60_000);
    let reader = reader(&mut trial);
    let task = trial.run("web");
    let (mut last, mut fell) = (0, false);
    for tick in 0..200 {
        if tick == 100 {
            trial.stop(&task);
        }
        trial.at(60_000 + tick * 200);
        let seen = trial.as_caller(reader, |sim| {
            sim.describe_tasks(DescribeTasks::new([&task]))
        });
        let seen = seen.expect("the default cluster is there").tasks;
        let version = seen.first().map_or(0, |seen| seen.version);
        fell |= version < last;
        last = version;
    }
    fell
}

#[test]
fn a_session_never_goes_backwards_where_any_replica_would() {
    let ever = |view: ViewModel, reader: fn(&mut Trial) -> ReadAs| {
        (0..20).any(|seed| goes_back(view.clone(), seed, reader))
    };
    let lagging = ViewModel::PerRecordLag(ragged());
    assert!(ever(lagging.clone(), |_| ReadAs::AnyReplica));
    assert!(!ever(lagging, |trial| trial.session().into()));
    for view in [
        ViewModel::MonotonicSession(ragged()),
        ViewModel::ReadYourWrites(ragged()),
    ] {
        assert!(!ever(view, |_| ReadAs::AnyReplica));
    }
    assert!(ever(ViewModel::ReorderedEvents(ragged()), |trial| trial
        .session()
        .into()));
}

#[test]
fn sessions_are_told_apart_and_may_see_different_things() {
    let mut trial = web(ViewModel::MonotonicSession(ragged()));
    let sessions: Vec<Session> = (0..12).map(|_| trial.session()).collect();
    let tasks = trial.run_all(RunTask::new("web").count(8));
    trial.at(61_000);
    let mut seen: Vec<usize> = Vec::new();
    for session in sessions {
        let of = |trial: &mut Trial| trial.as_caller(session, listed);
        let first = of(&mut trial);
        assert_eq!(of(&mut trial), first, "nothing has happened since");
        seen.push(first.len());
    }
    assert!(
        seen.iter().any(|count| *count != seen[0]),
        "{seen:?} of {}",
        tasks.len()
    );
}

#[test]
fn a_describe_may_miss_what_a_list_shows() {
    let mut trial = web(ViewModel::PerRecordLag(ragged()));
    let tasks = trial.run_all(RunTask::new("web").count(8));
    trial.at(61_000);
    let disagree = (0..50).any(|_| {
        let answer = listed(&mut trial);
        tasks
            .iter()
            .any(|task| is_missing(&mut trial, task) == answer.contains(task))
    });
    assert!(disagree);
}

#[test]
fn who_wrote_sees_it_at_once_and_others_see_it_late() {
    let mut trial = web(ViewModel::ReadYourWrites(Lateness::fixed(secs(5))));
    let writer = trial.session();
    let task = trial.as_caller(writer, |sim| {
        let out = sim.run_task(RunTask::new("web")).expect("there is room");
        out.tasks[0].task_arn.clone()
    });
    assert!(!trial.as_caller(writer, |sim| is_missing(sim, &task)));
    assert!(is_missing(&mut trial, &task));
    trial.at(65_000);
    let other = trial.session();
    assert!(!trial.as_caller(other, |sim| is_missing(sim, &task)));
    // What became of it without the writer is as late for the writer as for all.
    let status = |sim: &mut Simulation| {
        let answer = sim.call(DescribeTasks::new([&task])).expect("it is known");
        let Output::DescribeTasks(answer) = answer else {
            panic!("{answer:?}");
        };
        answer.tasks[0].last_status
    };
    trial.at(66_000);
    assert_eq!(trial.as_caller(writer, status), LastStatus::Pending);
    trial.at(70_700);
    assert_eq!(trial.as_caller(writer, status), LastStatus::Running);
}

#[test]
fn a_missed_update_is_made_up_for_by_the_next_or_at_the_bound() {
    let missed = |missed| ViewModel::MissedUpdates {
        missed,
        bound: secs(30),
    };
    let mut trial = web(missed(Ratio::ONE));
    let task = trial.run("web");
    trial.at(89_999);
    assert!(is_missing(&mut trial, &task));
    trial.at(90_000);
    assert_eq!(trial.task(&task).last_status, LastStatus::Pending);
    let mut lucky = web(missed(Ratio::ZERO));
    let task = lucky.run("web");
    assert!(!is_missing(&mut lucky, &task));
}

#[test]
fn every_named_view_shows_the_truth_once_all_is_quiet() {
    for view in ViewModel::sweep() {
        let mut trial = web(view.clone());
        let tasks = trial.run_all(RunTask::new("web").count(3));
        trial.rest();
        trial.stop(&tasks[0]);
        trial.rest();
        for _ in 0..10 {
            let session = trial.session();
            for reader in [ReadAs::AnyReplica, session.into()] {
                let seen = trial.as_caller(reader, listed);
                assert_eq!(seen, tasks[1..], "{view}");
            }
        }
        let looks = trial.coverage().invariants;
        assert!(
            looks
                .iter()
                .any(|look| look.invariant == "a version never lies")
        );
    }
}

/// A day in which ten tasks come each ten minutes and go after five.
#[test]
fn versions_stay_few_over_a_simulated_day() {
    let options = builder()
        .reads(Reads::realistic())
        .checking(wavetank::Checking::AtRest);
    let mut trial = Trial::of(options);
    trial.define(sized("web", 64, 64));
    for _ in 0..4 {
        trial.instance(4096, 16_384);
    }
    let mut most = [0; 2];
    for round in 0..24 * 6_u64 {
        let tasks = trial.run_all(RunTask::new("web").count(10));
        let half = usize::from(round >= 72);
        most[half] = most[half].max(trial.ledger().versions().len());
        trial.at(round * 600_000 + 300_000);
        for task in tasks {
            trial.stop(&task);
        }
        most[half] = most[half].max(trial.ledger().versions().len());
        trial.at(round * 600_000 + 600_000);
    }
    assert_eq!(most[0], most[1], "what is kept does not grow with the day");
    assert!(
        most[0] < 150,
        "ten tasks and four machines within half a minute: {most:?}"
    );
}

fn seeing(stage: Stage, reads: impl Into<Reads>) -> Player {
    Player::of(stage, |builder: Builder| builder.reads(reads))
}

/// Some filters of lists that fit on a page.
fn filters() -> [ListTasks; 4] {
    let stopped = || ListTasks::new().desired_status(DesiredStatus::Stopped);
    [
        ListTasks::new(),
        ListTasks::new().family("f1"),
        stopped(),
        stopped().family("f0"),
    ]
}

/// What a list shows to who sees the truth, by a plain look at every task.
fn listed_in_truth(sim: &Simulation, filter: &ListTasks) -> Vec<String> {
    let ledger = sim.ledger();
    let naming = wavetank::Naming::new(sim.seed(), "us-east-1", "123456789012");
    let naming = naming.expect("both are good");
    let desired = filter.desired_status.unwrap_or(DesiredStatus::Running);
    let passes = |record: &wavetank::ledger::TaskRecord| {
        let launch = ledger.launch_of(record);
        let of = |family: &String| **family == *launch.family;
        *ledger.cluster(launch.cluster).spec.name == *"default"
            && record.desired_status == desired
            && filter.family.as_ref().is_none_or(of)
    };
    let tasks = ledger.tasks().filter(|(_, record)| passes(record));
    let arns = tasks.map(|(task, _)| naming.task_arn("default", task));
    arns.take(100).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_lag_of_nothing_shows_the_truth_whenever_it_is_asked(stage in stage(), script in script(40)) {
        let is_calm = |action: &&Action| !matches!(action, Action::ReadLag { .. });
        let mut fresh = seeing(stage, ViewModel::Fresh);
        let mut late = seeing(stage, ViewModel::FixedLag(Duration::ZERO));
        for action in script.iter().filter(is_calm) {
            fresh.act(action);
            late.act(action);
        }
        prop_assert_eq!(fresh.answers, late.answers);
        prop_assert_eq!(fresh.sim.digest(), late.sim.digest());
    }

    #[test]
    fn a_list_with_a_fixed_lag_is_that_of_so_long_ago(stage in stage(), script in script(60)) {
        let mut late = seeing(stage, ViewModel::FixedLag(secs(5)));
        // What lists are to show five seconds after the end of each second.
        let mut past: Vec<Vec<Vec<String>>> = Vec::new();
        let is_brief = |action: &&Action| match action {
            Action::Advance { .. } | Action::Step(_) | Action::Settle | Action::ReadLag { .. } => false,
            // A cluster that is gone lists nothing.
            Action::DeleteCluster(_) => false,
            Action::Weather(weather) => !weather.meets_calls(),
            _ => true,
        };
        for action in script.iter().filter(is_brief) {
            late.act(action);
            // What takes no time belongs to this moment.
            let _ = late.sim.advance(Duration::ZERO);
            if let Some(then) = past.len().checked_sub(5) {
                let shown = filters().map(|filter| late.sim.list_tasks(filter.clone()));
                let shown = shown.map(|answer| answer.expect("the filter is good").task_arns);
                prop_assert_eq!(&shown.to_vec(), &past[then]);
            }
            let truth = filters().map(|filter| listed_in_truth(&late.sim, &filter));
            past.push(truth.to_vec());
            let _ = late.sim.advance(secs(1));
        }
        prop_assert!(late.sim.violations().is_empty(), "{}", late.sim.violations()[0]);
    }

    #[test]
    fn whatever_is_seen_on_the_way_all_views_end_at_the_truth(
        stage in stage(),
        script in script(40),
        view in prop::sample::select(ViewModel::sweep().to_vec()),
    ) {
        let mut late = seeing(stage, view);
        late.play(&script);
        if late.sim.settle(secs(24 * 3600)).is_err() {
            prop_assert!(late.sim.violations().is_empty(), "{}", late.sim.violations()[0]);
            return Ok(());
        }
        let known: Vec<String> = late.tasks.clone();
        for _ in 0..4 {
            let session = late.sim.session();
            for task in &known {
                let request = DescribeTasks::new([task]);
                let one = late.sim.as_caller(session, |sim| sim.describe_tasks(request.clone()));
                let other = late.sim.describe_tasks(request);
                prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
            }
        }
        prop_assert!(late.sim.violations().is_empty(), "{}", late.sim.violations()[0]);
    }
}

#[test]
fn what_was_scheduled_is_nobody_s_whoever_drives() {
    let mut trial = web(ViewModel::ReadYourWrites(Lateness::fixed(secs(5))));
    let driver = trial.session();
    let task = trial.schedule(secs(1), RunTask::new("web"));
    let task = task.expect("that time has not passed");
    trial.as_caller(driver, |sim| {
        sim.advance(secs(2)).expect("no invariant is violated");
    });
    let Some(Outcome::Answer(answer)) = trial.take_outcome(task) else {
        panic!("the request was answered");
    };
    let Ok(Output::RunTask(answer)) = *answer else {
        panic!("{answer:?}");
    };
    let task = answer.tasks[0].task_arn.clone();
    assert!(trial.as_caller(driver, |sim| is_missing(sim, &task)));
}

/// Runs a task when it is started first, and writes down how many it sees when it is started again.
#[derive(Clone, Debug, Default)]
struct Heir {
    saw: Option<usize>,
}

impl Controller for Heir {
    fn name(&self) -> &str {
        "heir"
    }

    fn started(&mut self, client: &mut Client<'_>) {
        if client.now() == SimTime::from_secs(60) {
            client.call(RunTask::new("web"));
        } else {
            client.wake_after(secs(1), 0);
        }
    }

    fn woken(&mut self, _: u64, client: &mut Client<'_>) {
        client.call(ListTasks::new());
    }

    fn answered(&mut self, _: CallId, answer: Result<Output, CallError>, _: &mut Client<'_>) {
        if let Ok(Output::ListTasks(page)) = answer {
            self.saw = Some(page.task_arns.len());
        }
    }
}

#[test]
fn what_a_crashed_controller_had_sent_is_not_its_successor_s() {
    let mut trial = web(ViewModel::ReadYourWrites(Lateness::fixed(secs(5))));
    let mut options = ClientOptions::default();
    options.reads = ReadsThrough::Session;
    let heir = trial.add_controller_with(Heir::default(), options);
    let heir = heir.expect("nothing is drawn");
    trial.at(60_010);
    trial.crash_controller(heir);
    trial.restart_controller(heir);
    trial.at(62_000);
    let known = trial
        .controller(heir)
        .and_then(|it| it.downcast_ref::<Heir>());
    assert_eq!(trial.ledger().tasks_known(), 1);
    assert_eq!(known.and_then(|it| it.saw), Some(0));
}

#[test]
fn a_view_that_is_too_old_is_found_however_seldom_anybody_looks() {
    for checking in [Checking::EveryNth(1), Checking::EveryEvent] {
        let strict = ViewsWithinBound::of(secs(1));
        let late = builder().reads(ViewModel::PerRecordLag(Lateness::fixed(secs(30))));
        let mut sim = late
            .checking(checking)
            .invariant(strict)
            .build()
            .expect("it is good");
        let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
        sim.register_container_instance(machine)
            .expect("it registers");
        sim.register_task_definition(sized("web", 256, 512))
            .expect("it registers");
        sim.run_task(RunTask::new("web")).expect("there is room");
        let found = sim
            .advance(secs(10))
            .expect_err("readers see nothing for half a minute");
        assert_eq!(
            &*found.invariant, "no view is older than its bound",
            "{checking:?}"
        );
    }
}

#[test]
fn calls_are_made_as_before_after_a_panic_that_is_caught() {
    let mut trial = web(ViewModel::ReadYourWrites(Lateness::fixed(secs(5))));
    let writer = trial.session();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        trial.as_caller(writer, |_| panic!("it is caught"));
    }));
    assert!(caught.is_err());
    // It is not the writer's, so the writer sees it late.
    let task = trial.run("web");
    assert!(trial.as_caller(writer, |sim| is_missing(sim, &task)));
}
