//! One seed and one script give one run, byte for byte: played twice, as a clone, in another thread.

use proptest::prelude::*;
use wavetank::model::*;
use wavetank::{Builder, Checking, Digest, EventTies, Simulation, TraceMode};

use crate::support::script::{Action, Player, Stage, script, stage};
use crate::support::{Trial, builder, one};

/// All that can be told of a run from outside.
fn outcome(player: &Player) -> (Digest, Digest, u64, &[String]) {
    let sim = &player.sim;
    (
        sim.digest(),
        sim.state_digest(),
        sim.events(),
        &player.answers,
    )
}

fn played(stage: Stage, script: &[Action]) -> Player {
    let mut player = Player::on(stage);
    player.play(script);
    player
}

/// The digest of a realistic run of ten tasks.
fn realistic(seed: u64, ties: EventTies) -> Digest {
    let profile = Profile::realistic();
    let mut trial = Trial::web_of(builder().seed(seed).profile(profile).event_ties(ties));
    trial.instance(4096, 8192);
    trial.run_all(RunTask::new("web").count(10));
    trial.rest();
    trial.digest()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_script_played_twice_gives_the_same_run(stage in stage(), script in script(30)) {
        let (first, second) = (played(stage, &script), played(stage, &script));
        prop_assert_eq!(outcome(&first), outcome(&second));
    }

    /// The digest takes the time and the step of causes alone.
    #[test]
    fn changes_are_told_at_the_time_and_in_the_step_of_their_cause(stage in stage(), script in script(30)) {
        let player = played(stage, &script);
        let mut cause = None;
        for record in player.sim.trace().records() {
            let when = Some((record.at(), record.step()));
            if record.kind().is_cause() {
                cause = when;
            }
            prop_assert!(cause.is_none() || when == cause, "{record}");
        }
        prop_assert!(cause.is_some() || player.sim.trace().is_empty());
    }

    #[test]
    fn a_clone_goes_on_as_the_original_does(
        stage in stage(),
        before in script(20),
        after in script(20),
    ) {
        let mut original = played(stage, &before);
        let mut clone = original.clone();
        original.play(&after);
        clone.play(&after);
        prop_assert_eq!(outcome(&original), outcome(&clone));
    }

    #[test]
    fn what_a_clone_does_leaves_the_original_alone(
        stage in stage(),
        before in script(20),
        after in script(20),
    ) {
        let original = played(stage, &before);
        let state = original.sim.state_digest();
        let mut clone = original.clone();
        clone.play(&after);
        prop_assert_eq!(original.sim.state_digest(), state);
    }

    #[test]
    fn no_order_of_events_of_one_time_violates_an_invariant(stage in stage(), script in script(40)) {
        let mut player = played(Stage { shuffled: true, ..stage }, &script);
        let verdict = player.sim.check();
        prop_assert!(verdict.is_ok(), "{}", verdict.unwrap_err());
        prop_assert_eq!(player.sim.violations(), &[]);
    }
}

#[test]
fn different_seeds_give_different_runs() {
    let ties = EventTies::Sequence;
    let digests: std::collections::BTreeSet<_> = (0..10)
        .map(|seed| realistic(seed, ties).to_string())
        .collect();
    assert_eq!(digests.len(), 10);
}

#[test]
fn a_seed_gives_one_interleaving_of_events_of_one_time() {
    let shuffled = EventTies::Shuffled;
    assert_eq!(realistic(7, shuffled), realistic(7, shuffled));
}

#[test]
fn shuffled_events_of_one_time_come_in_another_order() {
    let order = |seed, ties| {
        let mut trial = Trial::web_of(builder().seed(seed).event_ties(ties));
        trial.run_all(RunTask::new("web").count(8));
        let mut tasks = Vec::new();
        while let Ok(Some(step)) = trial.step() {
            tasks.extend(step.event.task());
        }
        tasks
    };
    let in_sequence = order(1, EventTies::Sequence);
    assert!((1..5).any(|seed| order(seed, EventTies::Shuffled) != in_sequence));
}

#[test]
fn ids_come_from_the_seed() {
    let task = |seed| Trial::web_of(builder().seed(seed)).run("web");
    assert_eq!(task(1), task(1));
    assert_ne!(task(1), task(2));
}

#[test]
fn a_simulation_goes_on_in_another_thread() {
    let mut trial = Trial::web();
    trial.run_all(RunTask::new("web").count(4));
    trial.at(3_000);
    let mut here: Simulation = trial.fork();
    let mut there = trial.fork();
    let minute = std::time::Duration::from_secs(60);
    here.advance(minute).expect("no invariant is violated");
    let worker = std::thread::spawn(move || {
        there.advance(minute).expect("no invariant is violated");
        (there.digest(), there.state_digest())
    });
    let of_there = worker.join().expect("the thread ends well");
    assert_eq!(of_there, (here.digest(), here.state_digest()));
}

#[test]
fn a_clone_keeps_what_was_scheduled() {
    let mut trial = Trial::web();
    let second = std::time::Duration::from_secs(1);
    let key = trial
        .schedule(second, RunTask::new("web"))
        .expect("it is to come");
    let mut clone = trial.clone();
    trial.at(1_000);
    assert_eq!(clone.take_outcome(key), None);
    clone.at(1_000);
    assert_eq!(clone.take_outcome(key), trial.take_outcome(key));
}

#[test]
fn looking_changes_nothing_of_the_run_to_come() {
    let mut watched = Trial::web_of(builder().profile(Profile::realistic()));
    let mut alone = watched.clone();
    let tasks = [&mut watched, &mut alone].map(|trial| trial.run("web"));
    for second in 1..20 {
        watched.at(second * 1_000);
        watched.task(&tasks[0]);
        watched.check().expect("no invariant is violated");
    }
    alone.at(19_000);
    assert_eq!(watched.digest(), alone.digest());
    assert_eq!(watched.state_digest(), alone.state_digest());
}

#[test]
fn neither_how_much_is_kept_nor_how_often_it_is_judged_changes_a_run() {
    let run = |builder: Builder| {
        let mut trial = Trial::web_of(builder.profile(Profile::realistic()));
        trial.run_all(RunTask::new("web").count(5));
        trial.rest();
        (trial.digest(), trial.state_digest())
    };
    let expected = run(builder());
    for mode in [TraceMode::Off, TraceMode::Ring(3), TraceMode::Full] {
        assert_eq!(run(builder().trace(mode)), expected, "{mode:?}");
    }
    for checking in [
        Checking::EveryEvent,
        Checking::EveryNth(3),
        Checking::AtRest,
    ] {
        assert_eq!(run(builder().checking(checking)), expected, "{checking:?}");
    }
    assert_eq!(run(builder().without_invariants()), expected);
}

#[test]
fn the_calendar_begins_where_it_is_told_to() {
    let started = |epoch: &str| {
        let epoch = epoch.parse().expect("it is a time");
        let mut trial = Trial::web_of(builder().epoch(epoch));
        let task = trial.run("web");
        trial.rest();
        let shown = trial.task(&task).started_at.map(|at| at.to_string());
        assert_eq!(shown, Some(trial.timestamp(trial.now()).to_string()));
        shown
    };
    assert_eq!(
        started("2026-01-01T00:00:00Z").as_deref(),
        Some("2026-01-01T00:00:05.700Z")
    );
    assert_eq!(
        started("1999-12-31T23:59:59Z").as_deref(),
        Some("2000-01-01T00:00:04.700Z")
    );
}

#[test]
fn a_definition_more_moves_no_luck_of_the_others() {
    let started = |more: bool| {
        let mut trial = Trial::web_of(builder().profile(Profile::realistic()));
        if more {
            trial.define(one("other"));
        }
        let task = trial.run("web");
        trial.rest();
        trial.task(&task).started_at
    };
    assert_eq!(started(false), started(true));
}
