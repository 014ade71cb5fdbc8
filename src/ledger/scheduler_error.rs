//! What a scheduler got wrong, with the evidence.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::model::FailureReason;
use crate::time::SimTime;

use super::blame::Blame;

/// An answer of a scheduler that was wrong, with the evidence.
///
/// `Display` tells it in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulerError {
    /// When it was asked, in simulated time.
    pub at: SimTime,
    /// Its name.
    pub scheduler: Arc<str>,
    /// The task it was asked about.
    pub task: TaskId,
    /// What it chose; `None` when it chose nothing.
    pub chosen: Option<ContainerInstanceId>,
    /// What is wrong with that.
    pub mistake: Mistake,
    /// Whether a late view misled it; `None` when it was shown the truth, or when the task is not refused for this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Box<Blame>>,
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Mistake {
    /// The cluster has no such container instance. The task is refused.
    UnknownInstance,
    /// The container instance can't take the task. The task is refused.
    Unfit(Unmet),
    /// The container instance could take the task, were it not for others of the same request that were placed on it
    /// before. The task is refused.
    Crowded(Unmet),
    /// A whole request got too few answers, and this task none. The task is refused.
    NoAnswer {
        /// For how many tasks was asked.
        asks: usize,
        /// For how many there was an answer.
        answers: usize,
    },
    /// A whole request got too many answers; those left over are dropped.
    SurplusAnswers {
        /// For how many tasks was asked.
        asks: usize,
        /// How many answers there were.
        answers: usize,
    },
    /// Asked again, with the same ask over the same pool, it answered otherwise. The first answer counts.
    Impure {
        /// The other answer; `None` when it chose nothing then.
        again: Option<ContainerInstanceId>,
    },
    /// A recording that is replayed has nothing on this task. The fallback answered.
    Unrecorded,
    /// A recording that is replayed has an answer for this task, but to another ask, or one that can't be now. The
    /// fallback answered.
    Diverged {
        /// What was recorded; `None` for a refusal.
        recorded: Option<ContainerInstanceId>,
    },
}

/// One requirement that a container instance does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// Which requirement, as ECS names it.
    pub reason: FailureReason,
    /// What the task asks for: an amount, or words.
    pub asked: String,
    /// What there is instead.
    pub available: String,
}

impl Mistake {
    /// Why the task is refused; `None` when it is not for this mistake.
    ///
    /// ECS has no word for a scheduler that errs. So it is the reason that ECS tells for the container instance chosen,
    /// and `MISSING` when none was, or one that there isn't.
    #[must_use]
    pub fn refusal(&self) -> Option<FailureReason> {
        match self {
            Self::Unfit(unmet) | Self::Crowded(unmet) => Some(unmet.reason),
            Self::UnknownInstance | Self::NoAnswer { .. } => Some(FailureReason::Missing),
            _ => None,
        }
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (asked, available) = (&self.asked, &self.available);
        write!(f, "{}, asked {asked}, available {available}", self.reason)
    }
}

impl fmt::Display for SchedulerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = self.task;
        write!(f, "{} scheduler {} ", self.at, self.scheduler)?;
        match self.chosen {
            Some(chosen) => write!(f, "chose {chosen} for {task}")?,
            None => write!(f, "chose nothing for {task}")?,
        }
        match &self.mistake {
            Mistake::UnknownInstance => f.write_str(", which is not in the cluster"),
            Mistake::Unfit(unmet) => write!(f, ", which can't take it: {unmet}"),
            Mistake::Crowded(unmet) => write!(
                f,
                ", which can't take it beside others of the same request: {unmet}"
            ),
            Mistake::NoAnswer { asks, answers } => {
                write!(f, ": {asks} tasks got {answers} answers")
            }
            Mistake::SurplusAnswers { asks, answers } => {
                write!(f, ", and more: {asks} tasks got {answers} answers")
            }
            Mistake::Impure { again: Some(again) } => write!(f, ", and {again} when asked again"),
            Mistake::Impure { again: None } => f.write_str(", and nothing when asked again"),
            Mistake::Unrecorded => f.write_str(", of which nothing was recorded"),
            Mistake::Diverged { recorded } => match recorded {
                Some(recorded) => write!(f, ", where {recorded} was recorded"),
                None => f.write_str(", where a refusal was recorded"),
            },
        }?;
        match &self.blame {
            Some(blame) => write!(f, "; {blame}"),
            None => Ok(()),
        }
    }
}

impl Error for SchedulerError {}

/// What schedulers got wrong in a run: how often, and the first of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SchedulerErrors {
    /// Shared by forks until one of them adds to it.
    kept: Arc<Vec<SchedulerError>>,
    count: u64,
}

impl SchedulerErrors {
    /// How many are kept: the first so many. The trace tells of all.
    pub const KEPT: usize = 256;

    /// The first of them, in order.
    #[must_use]
    pub fn kept(&self) -> &[SchedulerError] {
        &self.kept
    }

    /// How many there were, kept or not.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn add(&mut self, error: &SchedulerError) {
        self.count += 1;
        if self.kept.len() < Self::KEPT {
            Arc::make_mut(&mut self.kept).push(error.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ResourceKind;

    fn error(mistake: Mistake) -> SchedulerError {
        SchedulerError {
            at: SimTime::from_secs(5),
            scheduler: "mine".into(),
            task: TaskId::new(4),
            chosen: Some(ContainerInstanceId::new(0)),
            mistake,
            blame: None,
        }
    }

    fn unmet() -> Unmet {
        Unmet {
            reason: FailureReason::Resource(ResourceKind::Cpu),
            asked: "512".to_owned(),
            available: "44".to_owned(),
        }
    }

    #[test]
    fn every_mistake_reads_as_a_sentence_and_survives_json() {
        let again = Some(ContainerInstanceId::new(1));
        let (asks, answers) = (3, 4);
        let cases = [
            (Mistake::UnknownInstance, ", which is not in the cluster"),
            (
                Mistake::Unfit(unmet()),
                ", which can't take it: RESOURCE:CPU, asked 512, available 44",
            ),
            (
                Mistake::Crowded(unmet()),
                ", which can't take it beside others of the same request: RESOURCE:CPU, asked 512, available 44",
            ),
            (
                Mistake::NoAnswer { asks, answers: 2 },
                ": 3 tasks got 2 answers",
            ),
            (
                Mistake::SurplusAnswers { asks, answers },
                ", and more: 3 tasks got 4 answers",
            ),
            (
                Mistake::Impure { again },
                ", and container-instance-1 when asked again",
            ),
            (
                Mistake::Impure { again: None },
                ", and nothing when asked again",
            ),
            (Mistake::Unrecorded, ", of which nothing was recorded"),
            (
                Mistake::Diverged { recorded: again },
                ", where container-instance-1 was recorded",
            ),
            (
                Mistake::Diverged { recorded: None },
                ", where a refusal was recorded",
            ),
        ];
        for (mistake, end) in cases {
            let error = error(mistake);
            let begin = "5.000s scheduler mine chose container-instance-0 for task-4";
            assert_eq!(error.to_string(), format!("{begin}{end}"));
            let json = serde_json::to_string(&error).expect("an error is plain data");
            assert_eq!(
                serde_json::from_str::<SchedulerError>(&json).ok(),
                Some(error)
            );
        }
    }

    #[test]
    fn blame_stands_at_the_end_and_is_left_out_where_there_is_none() {
        let plain = error(Mistake::UnknownInstance);
        let json = serde_json::to_string(&plain).expect("an error is plain data");
        assert!(!json.contains("blame"));
        let blamed = SchedulerError {
            blame: Some(Box::new(Blame::WrongWhenFresh { again: None })),
            ..plain.clone()
        };
        assert_eq!(
            blamed.to_string(),
            format!("{plain}; wrong even when fresh")
        );
        let json = serde_json::to_string(&blamed).expect("an error is plain data");
        assert_eq!(
            serde_json::from_str::<SchedulerError>(&json).ok(),
            Some(blamed)
        );
    }

    #[test]
    fn the_first_are_kept_and_all_are_counted() {
        let mut errors = SchedulerErrors::default();
        for number in 0..1_000 {
            let task = TaskId::new(number);
            let error = error(Mistake::Unrecorded);
            errors.add(&SchedulerError { task, ..error });
        }
        assert_eq!(errors.count(), 1_000);
        let kept: Vec<u32> = errors
            .kept()
            .iter()
            .map(|kept| kept.task.number())
            .collect();
        assert!(kept.into_iter().eq(0..256));
    }
}
