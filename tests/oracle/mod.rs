//! An oracle beside the simulator: the whole pipeline of placement once more, slow and plain, sharing none of its code.
//!
//! It reads what Describe shows and nothing else. On random clusters with random histories it must know who is in the tie,
//! why a task has no place and how many have one; and of every tie each must be reached.

mod broken;
mod expression;
mod history;
mod least_change;
mod picture;
mod pipeline;
mod stopping;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use wavetank::Simulation;
use wavetank::model::*;
use wavetank::placement::Baseline;

use expression::{Expression, expression};
use history::{Action, Asked, Play, asked, history, setup, setup_of_many};
use picture::Picture;
use pipeline::{Question, Rule, closest, feasible, lacks, winners};

use crate::support::builder;

/// How the simulator chooses in one case.
#[derive(Clone, Copy, Debug)]
struct Mode {
    seed: u64,
    ties: PlacementTies,
    failures: FailureShape,
    baseline: Option<Baseline>,
}

fn mode() -> impl Strategy<Value = Mode> {
    let ties = prop_oneof![
        Just(PlacementTies::Seeded),
        Just(PlacementTies::OldestInstance)
    ];
    let failures = prop_oneof![
        Just(FailureShape::Closest),
        Just(FailureShape::EveryInstance)
    ];
    let baseline = prop_oneof![
        3 => Just(None),
        1 => prop::sample::select(&Baseline::ALL[..]).prop_map(Some),
    ];
    (any::<u64>(), ties, failures, baseline).prop_map(|(seed, ties, failures, baseline)| Mode {
        seed,
        ties,
        failures,
        baseline,
    })
}

fn build(mode: Mode) -> wavetank::Builder {
    let builder = builder()
        .seed(mode.seed)
        .placement_ties(mode.ties)
        .failures(mode.failures);
    match mode.baseline {
        Some(baseline) => builder.scheduler(baseline),
        None => builder,
    }
}

/// What cases led to, for the test that they lead everywhere.
type Reached = BTreeMap<String, u32>;

/// Runs a request and holds the answer against the oracle's.
fn compare(
    play: &mut Play,
    asked: &Asked,
    mode: Mode,
    reached: &mut Reached,
) -> Result<(), TestCaseError> {
    let mut picture = play.picture();
    let question = play.question(asked);
    let request = play.run(asked);
    let of_kind = |machine: &picture::Machine| machine.external == question.external;
    let answer = match play.sim.run_task(request) {
        Ok(answer) => answer,
        Err(error) => {
            prop_assert!(error.message().starts_with("No Container Instances"));
            prop_assert!(!picture.machines.iter().any(of_kind));
            return Ok(());
        }
    };
    let mut note = |what: String| *reached.entry(what).or_default() += 1;
    for task in &answer.tasks {
        let on = picture.number(task.container_instance_arn.as_deref());
        let best = match mode.baseline {
            None => winners(&picture, &question),
            Some(_) => feasible(&picture, &question),
        };
        let Some(on) = on.filter(|on| best.contains(on)) else {
            prop_assert!(false, "{:?} is not of {:?}: {:?}", on, best, question);
            continue;
        };
        let by_lot = question.rules.is_empty() || question.rules.contains(&Rule::Random);
        if mode.baseline.is_none() && mode.ties == PlacementTies::OldestInstance && !by_lot {
            prop_assert_eq!(on, best[0], "the oldest wins: {:?}", question);
        }
        note(format!("placed, tie {}", best.len().min(2)));
        picture.machines[on].take(&question.need, &question.group);
        play.tasks.push(task.task_arn.to_string());
    }
    let without = usize::try_from(asked.count).expect("it is positive") - answer.tasks.len();
    if without > 0 {
        prop_assert_eq!(
            feasible(&picture, &question),
            [0_usize; 0],
            "{:?}",
            question
        );
        let told = answer.failures.iter();
        let told: Vec<_> = told
            .map(|failure| (picture.number(failure.arn.as_deref()), failure.reason))
            .collect();
        prop_assert_eq!(
            &told,
            &expected_failures(&picture, &question, mode, without)
        );
        told.iter().for_each(|(_, reason)| note(reason.to_string()));
    } else {
        prop_assert_eq!(answer.failures, []);
    }
    prop_assert_eq!(play.sim.scheduler_errors(), []);
    Ok(())
}

/// Does what a history says, and holds the answers to its requests against the oracle's.
fn compare_all(
    play: &mut Play,
    history: &[Action],
    mode: Mode,
    reached: &mut Reached,
) -> Result<(), TestCaseError> {
    for action in history {
        play.act(action);
        if let Action::Run(asked) = action {
            compare(play, asked, mode, reached)?;
        }
    }
    Ok(())
}

/// The failures of so many tasks that have no place.
fn expected_failures(
    picture: &Picture,
    question: &Question,
    mode: Mode,
    tasks: usize,
) -> Vec<(Option<usize>, FailureReason)> {
    let of_one: Vec<_> = match mode.failures {
        FailureShape::Closest => {
            let (number, reason) = closest(picture, question).expect("there is a machine");
            vec![(Some(number), reason)]
        }
        FailureShape::EveryInstance => {
            let machines = picture.machines.iter().enumerate();
            // No more are told of one task (docs/configuration.md).
            machines
                .take(10)
                .map(|(number, machine)| (Some(number), lacks(machine, question)[0]))
                .collect()
        }
    };
    (0..tasks).flat_map(|_| of_one.clone()).collect()
}

/// What the simulator says is left on each container instance is what the oracle added up.
fn amounts_agree(play: &mut Play) -> Result<(), TestCaseError> {
    for machine in play.picture().machines {
        let request = DescribeContainerInstances::new([&machine.arn]);
        let shown = play.sim.describe_container_instances(request);
        let shown = shown.expect("it is known").container_instances.remove(0);
        let left = |name| crate::support::amount(&shown.remaining_resources, name).map(i64::from);
        prop_assert_eq!(left("CPU"), Some(machine.cpu));
        prop_assert_eq!(left("MEMORY"), Some(machine.memory));
    }
    Ok(())
}

/// StartTask takes no advice: it succeeds on a container instance exactly where the oracle finds nothing lacking.
fn try_everywhere(play: &mut Play, asked: &Asked) -> Result<(), TestCaseError> {
    let question = Question {
        distinct: false,
        external: false,
        constraints: Vec::new(),
        ..play.question(asked)
    };
    for machine in play.picture().machines {
        let request = play.start(machine.arn.clone(), asked);
        let answer = play.sim.fork().start_task(request);
        let answer = answer.expect("the request is good");
        let found: Vec<_> = answer
            .failures
            .iter()
            .map(|failure| failure.reason)
            .collect();
        let expected: Vec<_> = lacks(&machine, &question).into_iter().take(1).collect();
        prop_assert_eq!(found, expected);
    }
    Ok(())
}

/// A filter of ListContainerInstances lets through exactly those for which the oracle finds that it holds.
fn filter_everywhere(
    play: &mut Play,
    text: &str,
    expression: &Expression,
) -> Result<(), TestCaseError> {
    let request = ListContainerInstances::new().filter(text);
    let listed = play.sim.list_container_instances(request);
    let listed = listed
        .expect("the expression is good")
        .container_instance_arns;
    let machines = play.picture().machines;
    let holds = machines.iter().filter(|machine| expression.holds(machine));
    let holds: Vec<&str> = holds.map(|machine| &*machine.arn).collect();
    let listed: Vec<&str> = listed.iter().map(|arn| &**arn).collect();
    prop_assert_eq!(listed, holds, "{}", text);
    Ok(())
}

/// Where one task goes under so much luck as it takes to see every one of `best`; luck goes by the task's number, so a
/// number is spent on nothing before each try.
fn places(play: &Play, asked: &Asked, best: usize) -> BTreeSet<Option<String>> {
    let mut spending: Simulation = play.sim.fork();
    let nothing = ContainerDefinition::new("app", "none:1").memory(1 << 20);
    let nothing = RegisterTaskDefinition::new("nothing").container(nothing);
    spending
        .register_task_definition(nothing)
        .expect("it is accepted");
    let mut reached = BTreeSet::new();
    for _ in 0..400 {
        let answer = spending.fork().run_task(play.run(asked));
        let answer = answer.expect("the request was good before");
        reached.extend(
            answer
                .tasks
                .into_iter()
                .map(|task| task.container_instance_arn.map(|arn| arn.to_string())),
        );
        if reached.len() >= best {
            break;
        }
        // Of the kind that there is, since a cluster without any refuses the request.
        let nothing = RunTask {
            launch_type: play.run(asked).launch_type,
            ..RunTask::new("nothing")
        };
        let refused = spending.run_task(nothing);
        assert_eq!(refused.expect("the request is good").tasks, []);
    }
    reached
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_simulator_places_and_refuses_as_the_oracle_does(
        setup in setup(),
        history in history(30),
        mode in mode(),
    ) {
        let mut play = Play::new(&setup, build(mode));
        compare_all(&mut play, &history, mode, &mut Reached::new())?;
        amounts_agree(&mut play)?;
    }

    #[test]
    fn a_task_is_refused_only_where_trying_each_container_instance_finds_no_place(
        setup in setup(),
        history in history(15),
        asked in asked(),
        seed: u64,
    ) {
        let mode = Mode {
            seed,
            ties: PlacementTies::Seeded,
            failures: FailureShape::Closest,
            baseline: None,
        };
        let mut play = Play::new(&setup, build(mode));
        compare_all(&mut play, &history, mode, &mut Reached::new())?;
        try_everywhere(&mut play, &asked)?;
    }

    #[test]
    fn an_expression_lists_and_admits_the_container_instances_for_which_it_holds(
        setup in setup(),
        history in history(20),
        expressions in proptest::collection::vec((expression(), any::<bool>()), 1..12),
    ) {
        let mut play = Play::new(&setup, builder());
        for action in &history {
            play.act(action);
            if let Action::Run(asked) = action {
                let request = play.run(asked);
                let answer = play.sim.run_task(request);
                let tasks = answer.map(|answer| answer.tasks).unwrap_or_default();
                play.tasks.extend(tasks.into_iter().map(|task| task.task_arn.into()));
            }
        }
        for (expression, in_words) in &expressions {
            filter_everywhere(&mut play, &expression.text(*in_words), expression)?;
        }
    }

    #[test]
    fn of_every_tie_each_is_reached_and_nobody_else(
        setup in setup(),
        history in history(10),
        asked in asked(),
        seed: u64,
    ) {
        let ties = PlacementTies::Seeded;
        let mut play = Play::new(&setup, builder().seed(seed).placement_ties(ties));
        history.iter().for_each(|action| play.act(action));
        let asked = Asked { count: 1, ..asked };
        let (picture, question) = (play.picture(), play.question(&asked));
        let best = winners(&picture, &question);
        let best: BTreeSet<_> = best.iter().map(|number| Some(picture.machines[*number].arn.clone())).collect();
        if !best.is_empty() {
            prop_assert_eq!(places(&play, &asked, best.len()), best);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn among_many_container_instances_the_simulator_finds_places_as_the_oracle_does(
        setup in setup_of_many(),
        history in history(60),
        mode in mode(),
    ) {
        let mut play = Play::new(&setup, build(mode));
        compare_all(&mut play, &history, mode, &mut Reached::new())?;
        amounts_agree(&mut play)?;
    }
}

#[test]
fn cases_lead_to_every_answer_there_is() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = Reached::new();
    for _ in 0..150 {
        let tree = (setup(), history(30), mode()).new_tree(&mut runner);
        let (setup, history, mode) = tree.expect("a case is never rejected").current();
        let mut play = Play::new(&setup, build(mode));
        let compared = compare_all(&mut play, &history, mode, &mut reached);
        compared.expect("the oracle agrees");
    }
    let expected = [
        "AGENT",
        "ATTRIBUTE",
        "DistinctInstance placement constraint unsatisfied",
        "INACTIVE",
        "LOCATION",
        "MemberOf placement constraint unsatisfied",
        "RESOURCE:CPU",
        "RESOURCE:ENI",
        "RESOURCE:GPU",
        "RESOURCE:MEMORY",
        "RESOURCE:PORTS",
        "placed, tie 1",
        "placed, tie 2",
    ];
    let known: Vec<&str> = reached.keys().map(String::as_str).collect();
    assert_eq!(known, expected, "{reached:#?}");
    assert!(reached.values().all(|times| *times > 2), "{reached:#?}");
}
