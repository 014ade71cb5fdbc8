//! Schedulers around other schedulers: to record what one answers, to replay it, to find out whether it is a function.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ClusterId, TaskId};
use crate::ledger::Demand;
use crate::ledger::instance::InstanceKind;
use crate::ledger::scheduler_error::Mistake;

use super::ask::{Ask, Rule};
use super::ecs::EcsScheduler;
use super::pool::Pool;
use super::stop_choice::StopAsk;
use super::{Complaint, Placement, Scheduler};

/// What a scheduler was asked and what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The task.
    pub task: TaskId,
    /// Where it was to run.
    pub cluster: ClusterId,
    /// The name of its task group.
    pub group: String,
    /// What it takes.
    pub demand: Demand,
    /// On which kind of container instance it might be.
    pub kind: InstanceKind,
    /// The availability zones of its subnets; empty when it might be in any.
    pub zones: Vec<String>,
    /// The names of the attributes that the agent had to have for it.
    pub requires: Vec<String>,
    /// Its `memberOf` constraints, as text: those of its definition, then those of the request.
    pub constraints: Vec<String>,
    /// Whether it had to be on an instance without a wanted task of its group.
    pub distinct_instance: bool,
    /// The strategy, in order.
    pub rules: Vec<Rule>,
    /// The answer.
    pub answer: Placement,
}

impl Decision {
    fn new(ask: &Ask<'_>, answer: Placement) -> Self {
        let texts = ask.constraints.iter().map(|constraint| constraint.text());
        let requires = ask.requires.iter();
        Self {
            task: ask.task,
            cluster: ask.cluster,
            group: ask.group_name.to_owned(),
            demand: ask.demand.clone(),
            kind: ask.kind,
            zones: ask.zones.iter().map(|zone| zone.to_string()).collect(),
            requires: requires.map(|one| one.as_str().to_owned()).collect(),
            constraints: texts.map(|text| text.to_string()).collect(),
            distinct_instance: ask.distinct_instance,
            rules: ask.rules.to_vec(),
            answer,
        }
    }

    /// Whether it answered the same question.
    fn is_about(&self, ask: &Ask<'_>) -> bool {
        *self == Self::new(ask, self.answer)
    }
}

/// Keeps what the scheduler inside is asked and answers.
///
/// It goes by the name of the scheduler inside. What was kept is read through
/// [`Simulation::scheduler`](crate::Simulation::scheduler); a fork goes on with a copy. Choices of tasks to stop are
/// passed on and not kept.
///
/// ```
/// use wavetank::placement::{EcsScheduler, Recording, Replaying};
/// use wavetank::Simulation;
///
/// let sim = Simulation::builder().scheduler(Recording::new(EcsScheduler::default())).build()?;
/// let recording = sim.scheduler().downcast_ref::<Recording<EcsScheduler>>().expect("it was built with it");
/// let again = Simulation::builder().scheduler(Replaying::new(recording.decisions().to_vec())).build()?;
/// assert_eq!(again.scheduler().name(), "replaying");
/// # Ok::<(), wavetank::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Recording<S> {
    inner: S,
    decisions: Vec<Decision>,
}

impl<S> Recording<S> {
    /// Wraps a scheduler.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            decisions: Vec::new(),
        }
    }

    /// What was asked and answered so far, in order.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The scheduler inside.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Scheduler + Clone + 'static> Scheduler for Recording<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let answer = self.inner.place(ask, pool);
        self.decisions.push(Decision::new(ask, answer));
        answer
    }

    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        let answers = self.inner.place_all(asks, pool);
        let decisions = asks.iter().zip(&answers);
        let decisions = decisions.map(|(ask, answer)| Decision::new(ask, *answer));
        self.decisions.extend(decisions);
        answers
    }

    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.inner.choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        self.inner.complaints()
    }
}

/// Answers as was recorded, task by task; where it can't, a fallback answers and the divergence is a scheduler error.
///
/// It can't when nothing was recorded for the task ([`Mistake::Unrecorded`]), when something else was asked then, or
/// when the recorded container instance can't take the task now ([`Mistake::Diverged`]). Which tasks to stop is the
/// fallback's choice.
#[derive(Clone, Debug)]
pub struct Replaying<F = EcsScheduler> {
    /// Shared by forks: nothing is added.
    decisions: Arc<BTreeMap<TaskId, Decision>>,
    fallback: F,
    complaints: Vec<Complaint>,
}

impl Replaying {
    /// Replays decisions, with ECS's own scheduler as the fallback. Of two for one task the later counts.
    #[must_use]
    pub fn new(decisions: impl IntoIterator<Item = Decision>) -> Self {
        Self::or_else(decisions, EcsScheduler::default())
    }
}

impl<F> Replaying<F> {
    /// Replays decisions, with another scheduler as the fallback.
    pub fn or_else(decisions: impl IntoIterator<Item = Decision>, fallback: F) -> Self {
        let decisions = decisions.into_iter();
        let by_task = decisions.map(|decision| (decision.task, decision));
        Self {
            decisions: Arc::new(by_task.collect()),
            fallback,
            complaints: Vec::new(),
        }
    }
}

impl<F: Scheduler + Clone + 'static> Scheduler for Replaying<F> {
    fn name(&self) -> &str {
        "replaying"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let mistake = match self.decisions.get(&ask.task) {
            None => Mistake::Unrecorded,
            Some(decision) => {
                let can_be = match decision.answer {
                    Ok(instance) => pool.can_take(ask, instance).is_ok(),
                    Err(_) => true,
                };
                if can_be && decision.is_about(ask) {
                    return decision.answer;
                }
                Mistake::Diverged {
                    recorded: decision.answer.ok(),
                }
            }
        };
        let answer = self.fallback.place(ask, pool);
        self.complaints.push(Complaint {
            task: ask.task,
            chosen: answer.ok(),
            mistake,
        });
        answer
    }

    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.fallback.choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        let mut complaints = std::mem::take(&mut self.complaints);
        complaints.extend(self.fallback.complaints());
        complaints
    }
}

/// Asks the scheduler inside everything twice, to find out whether it is a function of what it is shown.
///
/// The first answer counts; a second that differs is a scheduler error ([`Mistake::Impure`]). It goes by the name of the
/// scheduler inside. A [`Recording`] belongs around it, since inside it would keep everything twice.
#[derive(Clone, Debug, Default)]
pub struct Twice<S> {
    inner: S,
    complaints: Vec<Complaint>,
}

impl<S> Twice<S> {
    /// Wraps a scheduler.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            complaints: Vec::new(),
        }
    }

    fn compare(&mut self, ask: &Ask<'_>, first: Option<&Placement>, again: Option<&Placement>) {
        let chosen = |answer: Option<&Placement>| answer.and_then(|answer| answer.ok());
        if first != again {
            self.complaints.push(Complaint {
                task: ask.task,
                chosen: chosen(first),
                mistake: Mistake::Impure {
                    again: chosen(again),
                },
            });
        }
    }
}

impl<S: Scheduler + Clone + 'static> Scheduler for Twice<S> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let first = self.inner.place(ask, pool);
        let again = self.inner.place(ask, pool);
        self.compare(ask, Some(&first), Some(&again));
        first
    }

    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        let mut copy = pool.clone();
        let first = self.inner.place_all(asks, pool);
        let again = self.inner.place_all(asks, &mut copy);
        for (nth, ask) in asks.iter().enumerate() {
            self.compare(ask, first.get(nth), again.get(nth));
        }
        first
    }

    /// Passed on, and asked once: no verb stops tasks by choice yet, so nobody would hear the complaint.
    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.inner.choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        let mut complaints = std::mem::take(&mut self.complaints);
        complaints.extend(self.inner.complaints());
        complaints
    }
}
