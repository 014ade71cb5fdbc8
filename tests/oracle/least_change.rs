//! The least change that an explanation tells: made, the task fits; with any less of it, it does not.

use proptest::prelude::*;
use wavetank::model::*;

use super::history::{Action, Asked, Play, asked, history, setup};
use super::picture::Machine;
use super::pipeline::{Question, lacks};
use crate::support::builder;

/// A machine, what is asked of it, and the constraints that did not hold before anything was changed.
#[derive(Clone, Debug)]
struct Obstacles {
    machine: Machine,
    question: Question,
    unmet: Vec<String>,
}

/// A change in its parts: words, and how much of it there is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Amount(i64, String),
    Parts(&'static str, Vec<String>),
    Whole(String),
}

const FREE: &str = " less, or so much more free";

impl Change {
    fn read(text: &str) -> Self {
        let parts = |rest: &str, joint: &str| -> Vec<String> {
            let mut parts: Vec<String> = rest.split(joint).map(str::to_owned).collect();
            parts.sort_unstable();
            parts.dedup();
            parts
        };
        if let Some((count, what)) = text
            .strip_suffix(FREE)
            .and_then(|amount| amount.split_once(' '))
        {
            let count = count.parse().expect("it begins with a number");
            return Self::Amount(count, what.to_owned());
        }
        for prefix in ["an agent that offers ", "other host ports than "] {
            if let Some(rest) = text.strip_prefix(prefix) {
                return Self::Parts(prefix, parts(rest, " "));
            }
        }
        for prefix in ["no constraint `", "none of the constraints `"] {
            let rest = text.strip_prefix(prefix);
            if let Some(rest) = rest.and_then(|rest| rest.strip_suffix('`')) {
                return Self::Parts("constraints", parts(rest, "` and `"));
            }
        }
        Self::Whole(text.to_owned())
    }

    /// The next smaller changes; one of no size at all is left out.
    fn smaller(&self) -> Vec<Option<Self>> {
        match self {
            Self::Amount(1, _) | Self::Whole(_) => vec![None],
            Self::Amount(count, what) => vec![Some(Self::Amount(count - 1, what.clone()))],
            Self::Parts(_, parts) if parts.len() == 1 => vec![None],
            Self::Parts(prefix, parts) => {
                let without = |at: usize| {
                    let mut parts = parts.clone();
                    parts.remove(at);
                    Some(Self::Parts(prefix, parts))
                };
                (0..parts.len()).map(without).collect()
            }
        }
    }
}

impl Obstacles {
    fn new(machine: &Machine, question: &Question, asked: &Asked, own: Option<&str>) -> Self {
        let texts = own.map(str::to_owned).into_iter().chain(
            asked
                .constraints
                .iter()
                .map(|constraint| constraint.text(asked.in_words)),
        );
        let judged = question.constraints.iter().zip(texts);
        let unmet = judged.filter(|(constraint, _)| !constraint.holds(machine));
        Self {
            unmet: unmet.map(|(_, text)| text).collect(),
            machine: machine.clone(),
            question: Question {
                constraints: Vec::new(),
                ..question.clone()
            },
        }
    }

    fn are_none(&self) -> bool {
        self.unmet.is_empty() && lacks(&self.machine, &self.question).is_empty()
    }

    fn change(&mut self, change: &Change) {
        let (machine, question) = (&mut self.machine, &mut self.question);
        match change {
            Change::Amount(count, what) => match what.as_str() {
                "CPU units" => machine.cpu += count,
                "MiB" => machine.memory += count,
                "GPUs" => machine.gpus += count,
                "network interfaces" => machine.interfaces += count,
                other => panic!("{other} is no amount"),
            },
            Change::Parts("constraints", texts) => self.unmet.retain(|text| !texts.contains(text)),
            Change::Parts("other host ports than ", ports) => {
                question.need.ports.retain(|port| !ports.contains(port));
            }
            Change::Parts(_, capabilities) => {
                machine.capabilities.extend(capabilities.iter().cloned());
            }
            Change::Whole(text) => match text.as_str() {
                "the container instance set to ACTIVE" => machine.active = true,
                "its agent connected" => machine.connected = true,
                "no task of its group there" => {
                    machine.groups.remove(&question.group);
                }
                text => match text.strip_prefix("a subnet in ") {
                    Some(zone) => question.zones.push(zone.to_owned()),
                    None => panic!("what is {text}?"),
                },
            },
        }
    }

    /// Whether the task fits when some changes are made.
    fn fits(&self, changes: impl Iterator<Item = Option<Change>>) -> bool {
        let mut changed = self.clone();
        changes.flatten().for_each(|change| changed.change(&change));
        changed.are_none()
    }
}

/// Holds what is explained of a request against what the oracle finds; how many changes were told.
fn check(play: &mut Play, asked: &Asked) -> Result<Vec<Change>, TestCaseError> {
    let request = play.run(asked);
    let Ok(told) = play.sim.explain(&request) else {
        return Ok(Vec::new());
    };
    let (mut picture, question) = (play.picture(), play.question(asked));
    let own = play.own_constraint(asked);
    for one in told {
        if let Some(winner) = picture.number(one.winner.as_deref()) {
            picture.machines[winner].take(&question.need, &question.group);
            continue;
        }
        let closest = one.closest.expect("there are container instances");
        let number = picture.number(Some(&closest.container_instance));
        let machine = &picture.machines[number.expect("it is registered")];
        let reasons: Vec<FailureReason> = closest.unmet.iter().map(|unmet| unmet.reason).collect();
        prop_assert_eq!(reasons, lacks(machine, &question));
        let obstacles = Obstacles::new(machine, &question, asked, own.as_deref());
        let changes: Vec<Change> = closest
            .changes
            .iter()
            .map(|text| Change::read(text))
            .collect();
        let whole = || changes.iter().cloned().map(Some);
        prop_assert!(
            obstacles.fits(whole()),
            "{changes:?} is not enough: {obstacles:?}"
        );
        for at in 0..changes.len() {
            for smaller in changes[at].smaller() {
                let mut less: Vec<Option<Change>> = whole().collect();
                less[at].clone_from(&smaller);
                prop_assert!(
                    !obstacles.fits(less.into_iter()),
                    "{smaller:?} is enough instead of {:?}: {obstacles:?}",
                    changes[at]
                );
            }
        }
        return Ok(changes);
    }
    Ok(Vec::new())
}

/// Does what a history says, and checks each RunTask of it first.
fn act(play: &mut Play, history: &[Action]) -> Result<Vec<Change>, TestCaseError> {
    let mut changes = Vec::new();
    for action in history {
        play.act(action);
        if let Action::Run(asked) = action {
            changes.extend(check(play, asked)?);
            let answer = play.sim.run_task(play.run(asked));
            let tasks = answer.map(|answer| answer.tasks).unwrap_or_default();
            play.tasks
                .extend(tasks.into_iter().map(|task| task.task_arn.into()));
        }
    }
    Ok(changes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_change_that_is_told_is_enough_and_no_smaller_one_is(
        setup in setup(),
        history in history(20),
        asked in asked(),
    ) {
        let mut play = Play::new(&setup, builder());
        act(&mut play, &history)?;
        check(&mut play, &asked)?;
    }
}

#[test]
fn changes_of_every_kind_are_told() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..80 {
        let tree = (setup(), history(30)).new_tree(&mut runner);
        let (setup, history) = tree.expect("a case is never rejected").current();
        let changes = act(&mut Play::new(&setup, builder()), &history);
        kinds.extend(
            changes
                .expect("the oracle agrees")
                .into_iter()
                .map(|change| match change {
                    Change::Amount(_, what) => what,
                    Change::Parts(what, _) => what.trim_end().to_owned(),
                    Change::Whole(text) if text.starts_with("a subnet") => "a subnet".to_owned(),
                    Change::Whole(text) => text,
                }),
        );
    }
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "CPU units",
            "GPUs",
            "MiB",
            "a subnet",
            "an agent that offers",
            "constraints",
            "its agent connected",
            "network interfaces",
            "no task of its group there",
            "other host ports than",
            "the container instance set to ACTIVE",
        ]
    );
}
