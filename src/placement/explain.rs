//! Why a task went where it went, or nowhere: a decision told as a value.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::InstanceRecord;
use crate::ledger::instance::InstanceKind;
use crate::ledger::scheduler_error::Unmet;
use crate::model::{FailureReason, ResourceKind};

use super::ask::Ask;
use super::pool::Pool;
use super::rank;
use super::stop_choice::StopAsk;
use super::{Complaint, Placement, Scheduler};

/// One decision: who was considered, what the rules made of the candidates, who won and by how much.
///
/// Got from [`Simulation::explain`](crate::Simulation::explain), or from the wrapper [`Explaining`]. Container instances go by
/// their ARNs. Its `Display` is for people, its JSON for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The task.
    pub task: TaskId,
    /// Who decided.
    pub scheduler: String,
    /// Every container instance, in order of registration, with each requirement it does not meet; of a StartTask only
    /// the one that the caller named.
    pub considered: Vec<Considered>,
    /// What each rule of the strategy left of the candidates, in order.
    pub rules: Vec<Narrowing>,
    /// Where the task goes.
    pub winner: Option<Arc<str>>,
    /// The candidate that came next by the rules; nobody when the scheduler took one that the rules would not.
    pub runner_up: Option<RunnerUp>,
    /// Why the task goes nowhere.
    pub refusal: Option<FailureReason>,
    /// When it goes nowhere: the container instance that came closest.
    pub closest: Option<Closest>,
}

/// A container instance and what it lacks for the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Considered {
    /// Which.
    pub container_instance: Arc<str>,
    /// Each requirement it does not meet; empty for a candidate.
    pub unmet: Vec<Unmet>,
}

/// What one rule made of the candidates before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Narrowing {
    /// The rule, such as `binpack(memory)`.
    pub rule: String,
    /// Each candidate and what the rule counts for it: the least is kept. Empty for `random`, which counts nothing.
    pub scores: Vec<Score>,
    /// How many candidates were left.
    pub kept: usize,
}

/// What a rule counts for a candidate: tasks for `spread`, CPU units or MiB left for `binpack`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Which.
    pub container_instance: Arc<str>,
    /// How much.
    pub score: u32,
}

/// The candidate that came next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunnerUp {
    /// Which.
    pub container_instance: Arc<str>,
    /// The rule that told it from the winner; `None` when luck or age did.
    pub rule: Option<String>,
    /// By how much: zero when luck or age did.
    pub margin: u32,
}

/// The container instance that came closest to taking the task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Closest {
    /// Which.
    pub container_instance: Arc<str>,
    /// What it lacks.
    pub unmet: Vec<Unmet>,
    /// The least that would have to be otherwise, one change for each requirement, in words.
    pub changes: Vec<String>,
}

impl Explanation {
    /// Explains the answer that a scheduler gave to an ask over a pool.
    #[must_use]
    pub fn of(scheduler: &str, ask: &Ask<'_>, pool: &Pool<'_>, answer: &Placement) -> Self {
        let considered: Vec<Considered> = (0..pool.len())
            .map(|row| Considered {
                container_instance: arn(pool, row),
                unmet: unmet(pool, ask, row),
            })
            .collect();
        let candidates = (0..pool.len()).filter(|row| considered[*row].unmet.is_empty());
        let chosen = answer.as_ref().ok();
        let chosen = chosen.and_then(|instance| pool.capacity().row(*instance));
        let (rules, runner_up) = narrow(pool, ask, candidates.collect(), chosen);
        let refused = answer.as_ref().err();
        let closest = refused.and_then(|refusal| pool.capacity().row(refusal.closest?));
        Self {
            task: ask.task,
            scheduler: scheduler.to_owned(),
            rules,
            winner: chosen.map(|row| arn(pool, row)),
            runner_up,
            refusal: refused.map(|refusal| refusal.reason),
            closest: closest.map(|row| Closest {
                container_instance: arn(pool, row),
                unmet: considered[row].unmet.clone(),
                changes: considered[row].unmet.iter().map(change).collect(),
            }),
            considered,
        }
    }

    /// Explains what StartTask makes of one container instance that the caller named, with this ARN; `known` is `None`
    /// when the cluster never had such an instance.
    pub(crate) fn of_start(
        ask: &Ask<'_>,
        pool: &Pool<'_>,
        named: Arc<str>,
        known: Option<(ContainerInstanceId, &InstanceRecord)>,
    ) -> Self {
        let row = known.and_then(|(instance, _)| pool.capacity().row(instance));
        let unmet = match (row, known) {
            (Some(row), _) => unmet(pool, ask, row),
            (None, Some((_, record))) => vec![Unmet {
                reason: FailureReason::Inactive,
                asked: "ACTIVE".to_owned(),
                available: record.status.as_str().to_owned(),
            }],
            (None, None) => vec![Unmet {
                reason: FailureReason::Missing,
                asked: "a container instance of the cluster".to_owned(),
                available: "none of that name".to_owned(),
            }],
        };
        let refusal = unmet.first().map(|unmet| unmet.reason);
        Self {
            task: ask.task,
            scheduler: CALLER.to_owned(),
            rules: Vec::new(),
            winner: refusal.is_none().then(|| Arc::clone(&named)),
            runner_up: None,
            refusal,
            closest: refusal.map(|_| Closest {
                container_instance: Arc::clone(&named),
                unmet: unmet.clone(),
                changes: unmet.iter().map(change).collect(),
            }),
            considered: vec![Considered {
                container_instance: named,
                unmet,
            }],
        }
    }
}

/// Who decides in StartTask.
const CALLER: &str = "the caller";

fn arn(pool: &Pool<'_>, row: usize) -> Arc<str> {
    Arc::clone(&pool.record(row).spec.arn)
}

fn unmet(pool: &Pool<'_>, ask: &Ask<'_>, row: usize) -> Vec<Unmet> {
    let reasons = pool.shortfalls(ask, row);
    reasons
        .iter()
        .map(|reason| pool.evidence(ask, row, reason))
        .collect()
}

/// Goes through the rules as the built-in scheduler does; whoever is left out last came next.
fn narrow(
    pool: &Pool<'_>,
    ask: &Ask<'_>,
    mut candidates: Vec<usize>,
    chosen: Option<usize>,
) -> (Vec<Narrowing>, Option<RunnerUp>) {
    let (mut rules, mut next) = (Vec::new(), None);
    for rule in ask.rules {
        if candidates.len() <= 1 {
            break;
        }
        let Some(scores) = rank::scores(pool, ask, rule, &candidates) else {
            rules.push(Narrowing {
                rule: rule.to_string(),
                scores: Vec::new(),
                kept: 1,
            });
            break;
        };
        let least = scores.iter().copied().min().unwrap_or(0);
        let pairs = || candidates.iter().copied().zip(scores.iter().copied());
        let left_out = pairs().filter(|(_, score)| *score > least);
        if let Some((row, score)) = left_out.min_by_key(|(row, score)| (*score, *row)) {
            next = Some((row, Some(rule.to_string()), score - least));
        }
        let kept: Vec<usize> = pairs()
            .filter(|(_, score)| *score == least)
            .map(|(row, _)| row)
            .collect();
        rules.push(Narrowing {
            rule: rule.to_string(),
            scores: pairs()
                .map(|(row, score)| Score {
                    container_instance: arn(pool, row),
                    score,
                })
                .collect(),
            kept: kept.len(),
        });
        candidates = kept;
    }
    let Some(chosen) = chosen.filter(|chosen| candidates.contains(chosen)) else {
        return (rules, None);
    };
    if let Some(row) = candidates.iter().copied().find(|row| *row != chosen) {
        next = Some((row, None, 0));
    }
    let runner_up = next.map(|(row, rule, margin)| RunnerUp {
        container_instance: arn(pool, row),
        rule,
        margin,
    });
    (rules, runner_up)
}

/// The least that would have to be otherwise for a requirement to be met.
fn change(unmet: &Unmet) -> String {
    let less = |what: &str| {
        let amounts = (unmet.asked.parse::<u32>(), unmet.available.parse::<u32>());
        match amounts {
            (Ok(asked), Ok(available)) => {
                format!(
                    "{} {what} less, or so much more free",
                    asked.saturating_sub(available)
                )
            }
            _ => format!("less {what}"),
        }
    };
    match unmet.reason {
        FailureReason::Inactive => "the container instance set to ACTIVE".to_owned(),
        FailureReason::Agent => "its agent connected".to_owned(),
        FailureReason::Attribute if unmet.asked == InstanceKind::Ec2.as_str() => {
            "a container instance of EC2".to_owned()
        }
        FailureReason::Attribute if unmet.asked == InstanceKind::External.as_str() => {
            "an external container instance".to_owned()
        }
        FailureReason::Attribute => format!("an agent that offers {}", unmet.asked),
        FailureReason::Location => format!("a subnet in {}", unmet.available),
        FailureReason::Resource(ResourceKind::Cpu) => less("CPU units"),
        FailureReason::Resource(ResourceKind::Memory) => less("MiB"),
        FailureReason::Resource(ResourceKind::Ports) if unmet.available.starts_with("fewer") => {
            "fewer host ports".to_owned()
        }
        FailureReason::Resource(ResourceKind::Ports) => {
            let taken = unmet.available.strip_prefix("all but ");
            format!("other host ports than {}", taken.unwrap_or(&unmet.asked))
        }
        FailureReason::Resource(ResourceKind::Eni) => less("network interfaces"),
        FailureReason::Resource(ResourceKind::Gpu) => less("GPUs"),
        FailureReason::MemberOf if unmet.asked.starts_with('`') => {
            format!("none of the constraints {}", unmet.asked)
        }
        FailureReason::MemberOf => format!("no constraint `{}`", unmet.asked),
        FailureReason::DistinctInstance => "no task of its group there".to_owned(),
        FailureReason::Missing => "a container instance that is there".to_owned(),
        other => format!("no {other}"),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.winner {
            Some(winner) => writeln!(
                f,
                "{} goes on {}, says {}",
                self.task,
                id(winner),
                self.scheduler
            )?,
            None => writeln!(f, "{} goes nowhere, says {}", self.task, self.scheduler)?,
        }
        for one in self.considered.iter().filter(|one| !one.unmet.is_empty()) {
            let unmet: Vec<String> = one.unmet.iter().map(ToString::to_string).collect();
            writeln!(
                f,
                "  not {}: {}",
                id(&one.container_instance),
                unmet.join("; ")
            )?;
        }
        for rule in &self.rules {
            writeln!(f, "  {} leaves {}", rule.rule, rule.kept)?;
            for score in &rule.scores {
                writeln!(f, "    {} {}", score.score, id(&score.container_instance))?;
            }
        }
        if let Some(next) = &self.runner_up {
            let by = next.rule.as_deref().unwrap_or("a tie");
            writeln!(
                f,
                "  next {}, by {by}, margin {}",
                id(&next.container_instance),
                next.margin
            )?;
        }
        if let Some(closest) = &self.closest {
            let changes = closest.changes.join(" and ");
            writeln!(
                f,
                "  closest {}: it would take {changes}",
                id(&closest.container_instance)
            )?;
        }
        Ok(())
    }
}

/// The last part of an ARN.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Keeps an explanation of each answer of the scheduler inside.
///
/// A copy shares what was explained before with the original, so that a fork costs no more than without.
#[derive(Clone, Debug, Default)]
pub struct Explaining<S> {
    inner: S,
    /// Whoever explains first after a fork copies the list, and of each explanation no more than where it is.
    explanations: Arc<Vec<Arc<Explanation>>>,
}

impl<S> Explaining<S> {
    /// Wraps a scheduler.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            explanations: Arc::default(),
        }
    }

    /// What was explained so far, in order.
    #[must_use]
    pub fn explanations(&self) -> &[Arc<Explanation>] {
        &self.explanations
    }

    fn keep(&mut self, explained: Explanation) {
        Arc::make_mut(&mut self.explanations).push(Arc::new(explained));
    }
}

impl<S: Scheduler + Clone + 'static> Scheduler for Explaining<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let answer = self.inner.place(ask, pool);
        let explained = Explanation::of(self.inner.name(), ask, pool, &answer);
        self.keep(explained);
        answer
    }

    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        let mut seen = pool.clone();
        let answers = self.inner.place_all(asks, pool);
        for (ask, answer) in asks.iter().zip(&answers) {
            let explained = Explanation::of(self.inner.name(), ask, &seen, answer);
            self.keep(explained);
            if let Ok(instance) = answer {
                // What does not fit is told by the check of the decisions.
                let _ = seen.take(ask, *instance);
            }
        }
        answers
    }

    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.inner.choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        self.inner.complaints()
    }
}
