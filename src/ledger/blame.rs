//! What a late view had to do with what a scheduler decided.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::model::ContainerInstanceStatus;
use crate::time::SimTime;

/// Missed updates that `Display` tells of.
const TOLD: usize = 4;

/// Something that happened to a container instance and that who looked at it late had not seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// When it happened.
    pub at: SimTime,
    /// What it was.
    pub what: Update,
}

/// What happened to a container instance, as far as placement goes by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Update {
    /// It registered.
    Registered,
    /// It was deregistered.
    Deregistered,
    /// A task was placed on it.
    TaskPlaced(TaskId),
    /// A task on it is no longer wanted RUNNING.
    TaskGone(TaskId),
    /// It has another status.
    Status(ContainerInstanceStatus),
    /// Its agent connected or disconnected.
    Agent {
        /// Whether it connected.
        connected: bool,
    },
    /// It registered again, or has other attributes or tags.
    Described,
    /// It has other resources left, because of a network interface.
    Resources,
}

/// Whether it was a late view that misled a scheduler into a wrong answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Blame {
    /// It was: by what the scheduler was shown its answer was right, and shown the truth it answers rightly.
    Stale {
        /// For how long what it was shown of the container instance had not been true.
        age: Duration,
        /// What it missed, oldest first, the first sixteen.
        missed: Vec<Missed>,
        /// What it chooses when it is shown the truth; `None` when it refuses the task.
        fresh: Option<ContainerInstanceId>,
    },
    /// It was not: shown the truth the scheduler answers wrongly too.
    WrongWhenFresh {
        /// What it chooses then; `None` when it has no answer.
        again: Option<ContainerInstanceId>,
    },
    /// It was not: the answer was wrong by what the scheduler was shown, though shown the truth it answers rightly.
    WrongAsSeen,
}

impl Blame {
    /// Whether it was the view.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }
}

/// What a scheduler that was shown a late view decided about a task, and what it decides when it is shown the truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hindsight {
    /// Which task.
    pub task: TaskId,
    /// What it chose; `None` when it refused the task.
    pub chosen: Option<ContainerInstanceId>,
    /// What it chooses when it is shown the truth; `None` when it refuses the task then.
    pub fresh: Option<ContainerInstanceId>,
    /// For how long what it was shown of `chosen`, or else of `fresh`, had not been true; zero when it was true.
    pub age: Duration,
    /// What it missed of that, oldest first, the first sixteen.
    pub missed: Vec<Missed>,
}

impl fmt::Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => f.write_str("registration"),
            Self::Deregistered => f.write_str("deregistration"),
            Self::TaskPlaced(task) => write!(f, "{task} placed"),
            Self::TaskGone(task) => write!(f, "{task} gone"),
            Self::Status(status) => write!(f, "status {status}"),
            Self::Agent { connected: true } => f.write_str("agent connected"),
            Self::Agent { connected: false } => f.write_str("agent disconnected"),
            Self::Described => f.write_str("other attributes"),
            Self::Resources => f.write_str("other resources"),
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.what, self.at)
    }
}

/// A list of what was missed, of which a few are told.
struct Told<'a>(&'a [Missed]);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, missed) in self.0.iter().take(TOLD).enumerate() {
            let comma = if nth == 0 { "" } else { ", " };
            write!(f, "{comma}{missed}")?;
        }
        match self.0.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// `stale: 2.300s old, missed task-7 placed at 58.000s; shown the truth it chooses …`, or why it is something else.
impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale { age, missed, fresh } => {
                let age = SimTime::ZERO.saturating_add(*age);
                write!(
                    f,
                    "stale: {age} old, missed {}; shown the truth it ",
                    Told(missed)
                )?;
                match fresh {
                    Some(instance) => write!(f, "chooses {instance}"),
                    None => f.write_str("refuses"),
                }
            }
            Self::WrongWhenFresh { again: Some(again) } => {
                write!(
                    f,
                    "wrong even when fresh: shown the truth it chooses {again}"
                )
            }
            Self::WrongWhenFresh { again: None } => f.write_str("wrong even when fresh"),
            Self::WrongAsSeen => f.write_str("wrong even by the late view it was shown"),
        }
    }
}

/// One clause on how the decision came about.
impl fmt::Display for Hindsight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.chosen {
            Some(chosen) => write!(f, "{} went to {chosen}", self.task)?,
            None => write!(f, "{} was refused", self.task)?,
        }
        if self.missed.is_empty() {
            f.write_str(" by a view that showed it as it was")?;
        } else {
            let age = SimTime::ZERO.saturating_add(self.age);
            write!(
                f,
                " by a stale view: {age} old, missed {}",
                Told(&self.missed)
            )?;
        }
        match self.fresh {
            fresh if fresh == self.chosen => f.write_str("; fresh it would too"),
            Some(fresh) => write!(f, "; fresh it goes to {fresh}"),
            None => f.write_str("; fresh it is refused"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(count: u32) -> Vec<Missed> {
        let placed = |number| Missed {
            at: SimTime::from_secs(58),
            what: Update::TaskPlaced(TaskId::new(number)),
        };
        (7..7 + count).map(placed).collect()
    }

    #[test]
    fn every_blame_reads_as_a_clause_and_survives_json() {
        let fresh = Some(ContainerInstanceId::new(2));
        let stale = |count, fresh| Blame::Stale {
            age: Duration::from_millis(2_300),
            missed: missed(count),
            fresh,
        };
        let cases = [
            (
                stale(1, fresh),
                "stale: 2.300s old, missed task-7 placed at 58.000s; shown the truth it chooses container-instance-2",
            ),
            (
                stale(6, None),
                "stale: 2.300s old, missed task-7 placed at 58.000s, task-8 placed at 58.000s, task-9 placed at 58.000s, \
                 task-10 placed at 58.000s and 2 more; shown the truth it refuses",
            ),
            (
                Blame::WrongWhenFresh { again: fresh },
                "wrong even when fresh: shown the truth it chooses container-instance-2",
            ),
            (
                Blame::WrongWhenFresh { again: None },
                "wrong even when fresh",
            ),
            (
                Blame::WrongAsSeen,
                "wrong even by the late view it was shown",
            ),
        ];
        for (blame, text) in cases {
            assert_eq!(blame.to_string(), text);
            assert_eq!(blame.is_stale(), text.starts_with("stale"));
            let json = serde_json::to_string(&blame).expect("it is plain data");
            assert_eq!(serde_json::from_str::<Blame>(&json).ok(), Some(blame));
        }
    }

    #[test]
    fn hindsight_tells_what_the_truth_would_have_made_of_it() {
        let some = |number| Some(ContainerInstanceId::new(number));
        let of = |chosen, fresh, missed| Hindsight {
            task: TaskId::new(3),
            chosen,
            fresh,
            age: Duration::from_secs(1),
            missed,
        };
        let cases = [
            (
                of(some(1), some(0), missed(1)),
                "task-3 went to container-instance-1 by a stale view: 1.000s old, missed task-7 placed at 58.000s; fresh it \
                 goes to container-instance-0",
            ),
            (
                of(some(1), some(1), Vec::new()),
                "task-3 went to container-instance-1 by a view that showed it as it was; fresh it would too",
            ),
            (
                of(some(1), None, Vec::new()),
                "task-3 went to container-instance-1 by a view that showed it as it was; fresh it is refused",
            ),
            (
                of(None, some(0), missed(1)),
                "task-3 was refused by a stale view: 1.000s old, missed task-7 placed at 58.000s; fresh it goes to \
                 container-instance-0",
            ),
        ];
        for (hindsight, text) in cases {
            assert_eq!(hindsight.to_string(), text);
        }
    }

    #[test]
    fn every_update_has_words() {
        let connected = |connected| Update::Agent { connected }.to_string();
        let words = [
            Update::Registered.to_string(),
            Update::Deregistered.to_string(),
            Update::TaskGone(TaskId::new(1)).to_string(),
            Update::Status(ContainerInstanceStatus::Draining).to_string(),
            connected(true),
            connected(false),
            Update::Described.to_string(),
            Update::Resources.to_string(),
        ];
        let expected = [
            "registration",
            "deregistration",
            "task-1 gone",
            "status DRAINING",
            "agent connected",
            "agent disconnected",
            "other attributes",
            "other resources",
        ];
        assert_eq!(words, expected);
    }
}
