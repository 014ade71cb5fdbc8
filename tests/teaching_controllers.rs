//! The controllers that are shipped: the naive one is wrong where reads lag, the others are right in any weather.

use std::time::Duration;

use proptest::prelude::*;
use wavetank::client::{Backoff, ClientOptions};
use wavetank::controllers::{Dispatcher, Keeper, LoadScaler, NaiveKeeper};
use wavetank::ids::ControllerId;
use wavetank::invariant::Seen;
use wavetank::model::*;
use wavetank::{Builder, Fault, Input, Latency, Ledger, SimTime, Simulation, always};

use crate::support::{Trial, builder, one, workload};

/// Tasks that are wanted now.
fn wanted(ledger: &Ledger) -> usize {
    let tasks = ledger.tasks();
    tasks.filter(|(_, record)| record.is_wanted()).count()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Every write is seen after exactly so long.
fn late(lag: u64) -> Reads {
    Reads::Lagging {
        lag: Latency::Fixed(seconds(lag)),
        stale_probability: wavetank::draw::Ratio::ONE,
        bound: seconds(lag),
    }
}

/// Four container instances and the family `web`.
fn cluster(builder: Builder) -> Trial {
    let mut trial = Trial::of(builder);
    for _ in 0..4 {
        trial.instance(2048, 4096);
    }
    trial.define(one("web"));
    trial
}

/// Lets time pass and tells the most tasks that were wanted at once.
fn most(trial: &mut Trial, lasting: Duration) -> usize {
    let end = trial.now().saturating_add(lasting);
    let mut most = 0;
    while trial.next_event_at().is_some_and(|next| next <= end) {
        trial.step().expect("no invariant is violated");
        most = most.max(wanted(trial.ledger()));
    }
    trial.advance_to(end).expect("nothing is due");
    most
}

#[test]
fn counting_what_one_sees_launches_too_many_where_reads_lag() {
    let mut trial = cluster(builder().reads(late(25)));
    let naive = trial.add_controller(NaiveKeeper::new("naive", RunTask::new("web"), 3));
    assert_eq!(most(&mut trial, seconds(120)), 9);
    let known = trial.controller(naive).expect("it runs");
    let known = known.downcast_ref::<NaiveKeeper>().expect("it is one");
    let log: Vec<&str> = known.log().lines().map(|(_, line)| line).collect();
    assert_eq!(log, ["sees 0 of 3, runs 3"; 3]);
}

#[test]
fn counting_what_one_sees_is_right_where_reads_are_consistent() {
    let mut trial = cluster(builder());
    trial.add_controller(NaiveKeeper::new("naive", RunTask::new("web"), 3));
    assert_eq!(most(&mut trial, seconds(120)), 3);
}

#[test]
fn the_naive_keeper_errs_in_realistic_weather_too_when_it_is_quick() {
    let errs = |seed| {
        let mut trial = cluster(builder().seed(seed).reads(Reads::realistic()));
        let naive = NaiveKeeper::new("naive", RunTask::new("web"), 3).every(seconds(1));
        trial.add_controller(naive);
        most(&mut trial, seconds(60)) > 3
    };
    let wrong = (0..20).filter(|seed| errs(*seed)).count();
    assert!(wrong > 0);
}

/// What goes wrong with calls: some answers come too late, for stretches nothing is let through, or what is done is not
/// answered; and the controller crashes now and then.
fn bad_weather(seed: u64, run: Run) -> (Trial, ClientOptions) {
    let ends = workload(|app| app.run = run);
    let mut profile = Profile::realistic();
    profile.workloads.push(WorkloadRow::new("*", "*", ends));
    let never_more = |desired: usize| {
        always("never too many", move |seen: &Seen<'_>| {
            match wanted(seen.ledger) {
                count if count <= desired => Ok(()),
                count => Err(format!("{count} of {desired}")),
            }
        })
    };
    let builder = builder()
        .seed(seed)
        .profile(profile)
        .reads(Reads::realistic())
        .invariant(never_more(5));
    let mut trial = cluster(builder);
    for round in 0..6_u64 {
        let begins = 60 + 150 * round + seed % 60;
        let operation = Glob::new(["*", "RunTask", "Run*", "Start*"][(seed + round) as usize % 4]);
        let lasting = seconds(20 + seed % 40);
        let fault = match (seed / 4 + round) % 3 {
            0 => Fault::Throttle { operation, lasting },
            nth => Fault::ServerError {
                operation,
                lasting,
                applied: nth == 1,
            },
        };
        schedule(&mut trial, begins, fault);
        let controller = || "it".to_owned();
        let crash = Fault::ControllerCrash {
            controller: controller(),
        };
        let restart = Fault::ControllerRestart {
            controller: controller(),
        };
        let crashes = begins + 70 + seed % 31;
        schedule(&mut trial, crashes, crash);
        schedule(&mut trial, crashes + 1 + seed % 37, restart);
    }
    let slow = Latency::choice(vec![
        (4, Latency::Fixed(Duration::from_millis(50))),
        (1, Latency::Fixed(seconds(5))),
    ]);
    let options = ClientOptions::default()
        .request(slow.clone().expect("it can be drawn"))
        .response(slow.expect("it can be drawn"))
        .timeout(Latency::Fixed(seconds(2)));
    (trial, options)
}

/// Tasks end by themselves, after two minutes on the average.
fn two_minutes() -> Run {
    Run::For(Latency::Exponential { mean: seconds(120) })
}

fn schedule(trial: &mut Trial, at: u64, fault: Fault) {
    trial
        .schedule(SimTime::from_secs(at), Input::Fault(fault))
        .expect("it is to come");
}

fn added(
    trial: &mut Trial,
    controller: impl wavetank::client::Controller + 'static,
    options: ClientOptions,
) -> ControllerId {
    let added = trial.add_controller_with(controller, options);
    added.expect("the latencies can be drawn")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_right_keeper_never_launches_too_many_in_any_weather(seed in 0_u64..1_000_000) {
        let (mut trial, options) = bad_weather(seed, two_minutes());
        let keeper = Keeper::new("it", RunTask::new("web"), 5).patience(seconds(50));
        added(&mut trial, keeper, options);
        // The invariant would be violated if there were more at any moment.
        let most = most(&mut trial, seconds(1_200));
        prop_assert_eq!(most, 5, "it reaches what is desired, and no more");
    }

    #[test]
    fn the_dispatcher_starts_each_job_once_in_any_weather(seed in 0_u64..1_000_000) {
        let (mut trial, options) = bad_weather(seed, Run::Forever);
        let dispatcher = Dispatcher::new("it", "web", (256, 512), 5).patience(seconds(50));
        let id = added(&mut trial, dispatcher, options);
        most(&mut trial, seconds(1_800));
        prop_assert_eq!(trial.ledger().tasks_known(), 5);
        let known = trial.controller(id).expect("it was restarted");
        let known = known.downcast_ref::<Dispatcher>().expect("it is one");
        prop_assert_eq!(known.started_jobs(), 5);
    }
}

#[test]
fn the_weather_is_bad_enough_to_undo_the_naive_keeper() {
    let undone = |seed| {
        let (mut trial, options) = bad_weather(seed, two_minutes());
        let naive = NaiveKeeper::new("it", RunTask::new("web"), 5).every(seconds(2));
        added(&mut trial, naive, options);
        let mut fork = trial.fork();
        fork.advance(seconds(1_200)).is_err()
    };
    assert!((0..10).any(undone));
}

#[test]
fn the_keeper_fills_the_places_of_tasks_that_end() {
    let mut trial = cluster(builder().reads(late(20)));
    let keeper = Keeper::new("keeper", RunTask::new("web"), 3).patience(seconds(0));
    let id = trial.add_controller(keeper);
    assert_eq!(most(&mut trial, seconds(60)), 3);
    let held: Vec<String> = keeper_of(&trial, id).tasks().map(str::to_owned).collect();
    trial.stop(&held[1]);
    assert_eq!(wanted(trial.ledger()), 2);
    assert_eq!(most(&mut trial, seconds(60)), 3);
    let now: Vec<&str> = keeper_of(&trial, id).tasks().collect();
    assert_eq!((now.len(), now.contains(&&*held[1])), (3, false));
}

fn keeper_of(sim: &Simulation, id: ControllerId) -> &Keeper {
    let known = sim.controller(id).expect("it runs");
    known.downcast_ref().expect("it is a keeper")
}

#[test]
fn the_keeper_adopts_after_a_crash_what_it_launched_before() {
    let launched = |patience| {
        let mut trial = cluster(builder().reads(late(20)));
        let keeper = Keeper::new("keeper", RunTask::new("web"), 3).patience(seconds(patience));
        let id = trial.add_controller(keeper);
        // Five seconds after it has launched.
        trial
            .advance(seconds(patience + 5))
            .expect("nothing is violated");
        trial.crash_controller(id);
        trial.restart_controller(id);
        trial.advance(seconds(200)).expect("nothing is violated");
        trial.ledger().tasks_known()
    };
    assert_eq!(launched(30), 3);
    assert_eq!(
        launched(0),
        6,
        "without patience it believes a reader that is late"
    );
}

#[test]
fn the_keeper_asks_again_for_what_had_no_place() {
    let mut trial = Trial::new();
    trial.instance(512, 4096);
    trial.define(one("web"));
    let keeper = Keeper::new("keeper", RunTask::new("web"), 3).patience(seconds(0));
    trial.add_controller(keeper);
    assert_eq!(most(&mut trial, seconds(30)), 2);
    trial.instance(512, 4096);
    assert_eq!(most(&mut trial, seconds(30)), 3);
}

#[test]
fn the_scaler_follows_the_load_up_at_once_and_down_when_it_has_cooled() {
    let mut trial = cluster(builder().reads(late(5)));
    let scaler = LoadScaler::new("scaler", RunTask::new("web"), 100)
        .load(SimTime::ZERO, 90)
        .load(SimTime::from_secs(60), 560)
        .load(SimTime::from_secs(300), 150)
        .every(seconds(10))
        .cooldown(seconds(120))
        .patience(seconds(10));
    trial.add_controller(scaler);
    let mut counts = Vec::new();
    for at in [50, 90, 299, 400, 460] {
        trial.at(at * 1_000);
        counts.push(wanted(trial.ledger()));
    }
    assert_eq!(counts, [1, 6, 6, 6, 2]);
    trial.at(3_000_000);
    assert_eq!(wanted(trial.ledger()), 2);
}

#[test]
fn the_dispatcher_puts_each_job_where_most_memory_is_left() {
    let mut trial = Trial::of(builder().reads(late(20)));
    let hosts: Vec<String> = [1024, 3072, 2048]
        .map(|memory| trial.instance(2048, memory))
        .into();
    trial.define(one("job"));
    let dispatcher = Dispatcher::new("dispatcher", "job", (256, 512), 6).patience(seconds(30));
    let options = ClientOptions::default().backoff(Backoff::standard());
    added(&mut trial, dispatcher, options);
    most(&mut trial, seconds(120));
    let left: Vec<i32> = hosts.iter().map(|host| trial.left(host).1).collect();
    assert_eq!(left, [1024, 1024, 1024]);
}

#[test]
fn two_dispatchers_that_do_not_know_of_each_other_do_not_overbook() {
    let mut trial = Trial::of(builder().reads(late(20)));
    trial.instance(2048, 2048);
    trial.define(one("job"));
    for name in ["left", "right"] {
        let dispatcher = Dispatcher::new(name, "job", (256, 512), 3).patience(seconds(30));
        trial.add_controller(dispatcher);
    }
    assert_eq!(most(&mut trial, seconds(300)), 4);
    assert_eq!(trial.ledger().tasks_known(), 4);
}

#[test]
fn the_dispatcher_sees_container_instances_beyond_the_first_page() {
    let mut trial = Trial::new();
    for _ in 0..250 {
        trial.instance(128, 128);
    }
    let roomy = trial.instance(1024, 4096);
    trial.define(one("job"));
    trial.add_controller(Dispatcher::new("it", "job", (256, 512), 3).patience(seconds(10)));
    most(&mut trial, seconds(60));
    assert_eq!(trial.left(&roomy), (256, 2560));
    assert_eq!(trial.ledger().tasks_known(), 3);
}

#[test]
fn the_keeper_fills_the_place_of_a_task_that_was_forgotten_while_nobody_could_ask() {
    let mut trial = cluster(builder());
    let keeper = Keeper::new("keeper", RunTask::new("web"), 2).patience(seconds(5));
    let id = trial.add_controller(keeper);
    trial.at(60_000);
    let held: Vec<String> = keeper_of(&trial, id).tasks().map(str::to_owned).collect();
    trial.fault(Fault::Throttle {
        operation: Glob::new("DescribeTasks"),
        lasting: seconds(4_000),
    });
    trial.stop(&held[0]);
    trial.at(4_000_000);
    assert_eq!(wanted(trial.ledger()), 1);
    let described = trial.ledger().tasks().count();
    assert_eq!(described, 1, "the one that was stopped is forgotten");
    assert_eq!(most(&mut trial, seconds(300)), 2);
    assert!(!keeper_of(&trial, id).tasks().any(|task| task == held[0]));
}

#[test]
fn the_keeper_does_not_take_a_late_reader_at_its_word_that_a_task_is_missing() {
    let mut trial = cluster(builder().reads(late(3_000)));
    let keeper = Keeper::new("keeper", RunTask::new("web"), 2).patience(seconds(0));
    trial.add_controller(keeper);
    assert_eq!(most(&mut trial, seconds(7_200)), 2);
}
