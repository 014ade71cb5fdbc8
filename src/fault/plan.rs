//! Plans of faults: what goes wrong when, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::draw::{Latency, LatencyError};
use crate::model::object::{object, objects};
use crate::model::{ContainerInstanceStatus, Fault, Glob, LastStatus, distribution, duration};

use super::ending;
use super::target::{self, TargetError};

/// Faults to come: each at a time, at a rate, or when something happens.
///
/// Where a fault names a container instance, a task, a container, a zone or a controller, it may leave that open:
///
/// | text | stands for |
/// | --- | --- |
/// | `$any` | one of them by luck: container instances that run and are connected, tasks that are wanted, containers of the task, zones that have container instances, controllers that run; of what is down, where the fault brings something back |
/// | `$any:us-east-1a` | of container instances: one of that zone |
/// | `$any:rack=r1` | of container instances: one with an attribute of that value |
/// | `$any:web*` | of tasks: one of a family that matches |
/// | `$cause` | the task, or the container instance, that the fault is tied to; of a task its container instance too |
///
/// How long a fault lasts is a part of it, or drawn anew each time: a row may say it `for` itself.
///
/// Luck is drawn by address: by the row of the plan and how often it came, so a plan meets the same numbers whatever else
/// happens. A fault that finds nobody, or can't happen, does nothing.
///
/// ```
/// use wavetank::FaultPlan;
///
/// let plan: FaultPlan = serde_json::from_str(r#"[
///     { "when": { "at": "5m" }, "fault": { "kind": "ZoneOutage", "zone": "us-east-1a" } },
///     { "when": { "every": { "gap": { "exponential": { "mean": "20m" } }, "until": "8h" } },
///       "fault": { "kind": "AgentRestart", "containerInstance": "$any", "for": "5s" } },
///     { "when": { "task": { "family": "web*", "is": "RUNNING", "nth": 3, "after": "2s" } },
///       "fault": { "kind": "InstanceStop", "containerInstance": "$cause" } } ]"#)?;
/// assert_eq!(plan.rows().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultPlan {
    #[serde(deserialize_with = "objects")]
    rows: Vec<PlannedFault>,
}

/// One row of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// When it comes.
    pub when: When,
    /// What comes.
    #[serde(deserialize_with = "object")]
    pub fault: Fault,
    /// How long it lasts each time, in place of what it says itself. A fault that another one undoes, such as a stop by a
    /// start, is undone after that. In JSON under `for`.
    #[serde(
        rename = "for",
        default,
        with = "lasting",
        skip_serializing_if = "Option::is_none"
    )]
    pub lasting: Option<Latency>,
}

/// The form of a distribution that may be left out.
mod lasting {
    use serde::{Deserializer, Serializer};

    use crate::draw::Latency;
    use crate::model::distribution;

    pub(super) fn serialize<S: Serializer>(
        lasting: &Option<Latency>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match lasting {
            Some(lasting) => distribution::serialize(lasting, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Latency>, D::Error> {
        distribution::deserialize(deserializer).map(Some)
    }
}

/// When a planned fault comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum When {
    /// So long after the run began.
    At(#[serde(with = "duration")] Duration),
    /// Again and again.
    Every(#[serde(deserialize_with = "object")] Rate),
    /// When a task comes that far.
    Task(#[serde(deserialize_with = "object")] OfTask),
    /// When that becomes of a container instance.
    ContainerInstance(#[serde(deserialize_with = "object")] OfInstance),
}

/// A fault that comes again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// From one to the next, and from the beginning to the first; at least a millisecond.
    #[serde(with = "distribution")]
    pub gap: Latency,
    /// From when on, counted from the beginning of the run.
    #[serde(default, with = "duration")]
    pub from: Duration,
    /// Until when, that moment excluded; for ever unless set.
    #[serde(default = "for_ever", with = "duration")]
    pub until: Duration,
}

/// A fault that is tied to what becomes of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfTask {
    /// Of which families.
    #[serde(default = "Glob::any")]
    pub family: Glob,
    /// What the last status of the task becomes.
    pub is: LastStatus,
    /// At which of them first: 1 is the first.
    #[serde(default = "once")]
    pub nth: u32,
    /// How many of them from there on.
    #[serde(default = "once")]
    pub times: u32,
    /// How much later.
    #[serde(default, with = "duration")]
    pub after: Duration,
}

/// A fault that is tied to what becomes of container instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OfInstance {
    /// What it becomes; ACTIVE when it registers, too.
    pub is: ContainerInstanceStatus,
    /// At which of them first: 1 is the first.
    #[serde(default = "once")]
    pub nth: u32,
    /// How many of them from there on.
    #[serde(default = "once")]
    pub times: u32,
    /// How much later.
    #[serde(default, with = "duration")]
    pub after: Duration,
}

impl When {
    /// Of one that is tied to something: at which of them first, how many of them from there on, and how much later.
    pub(crate) fn counted(&self) -> Option<(u32, u32, Duration)> {
        match self {
            Self::At(_) | Self::Every(_) => None,
            Self::Task(tie) => Some((tie.nth, tie.times, tie.after)),
            Self::ContainerInstance(tie) => Some((tie.nth, tie.times, tie.after)),
        }
    }
}

impl Rate {
    /// At such a rate, from the beginning on and for ever.
    #[must_use]
    pub fn of(gap: Latency) -> Self {
        Self {
            gap,
            from: Duration::ZERO,
            until: for_ever(),
        }
    }
}

impl OfTask {
    /// The first task of a matching family that is that far.
    #[must_use]
    pub fn first(family: impl Into<String>, is: LastStatus) -> Self {
        Self {
            family: Glob::new(family),
            is,
            nth: 1,
            times: 1,
            after: Duration::ZERO,
        }
    }
}

impl OfInstance {
    /// The first container instance of which that becomes.
    #[must_use]
    pub fn first(is: ContainerInstanceStatus) -> Self {
        Self {
            is,
            nth: 1,
            times: 1,
            after: Duration::ZERO,
        }
    }
}

fn once() -> u32 {
    1
}

/// As long as a latency can be: longer than any run.
fn for_ever() -> Duration {
    Latency::LONGEST
}

/// What a plan can't be made of.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The gap of a rate can't be drawn.
    #[error("row {row} of the plan of faults: {error}")]
    Gap {
        /// Which row, from 0.
        row: usize,
        /// Why.
        error: LatencyError,
    },
    /// How long a fault lasts can't be drawn.
    #[error("row {row} of the plan of faults: {error}")]
    Lasting {
        /// Which row, from 0.
        row: usize,
        /// Why.
        error: LatencyError,
    },
    /// A fault of a kind that neither lasts nor is undone by another is to last.
    #[error("row {row} of the plan of faults: {kind} has no end, so `for` says nothing")]
    Endless {
        /// Which row, from 0.
        row: usize,
        /// The kind.
        kind: &'static str,
    },
    /// A fault that is tied to something is tied to the none-th of them, or to none of them.
    #[error("row {row} of the plan of faults: `nth` and `times` are at least 1")]
    Never {
        /// Which row, from 0.
        row: usize,
    },
    /// What a fault leaves open can't be found.
    #[error("row {row} of the plan of faults: {error}")]
    Target {
        /// Which row, from 0.
        row: usize,
        /// Why.
        error: TargetError,
    },
    /// There are more rows than can be told apart.
    #[error("a plan of faults has {rows} rows, and may have 65535")]
    TooLong {
        /// How many.
        rows: usize,
    },
}

impl FaultPlan {
    /// A plan of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault that comes so long after the run began.
    #[must_use]
    pub fn at(self, at: Duration, fault: Fault) -> Self {
        self.row(When::At(at), fault)
    }

    /// Adds a fault that comes again and again.
    #[must_use]
    pub fn every(self, gap: Latency, fault: Fault) -> Self {
        self.row(When::Every(Rate::of(gap)), fault)
    }

    /// Adds a fault that comes with the first task of a matching family that is that far.
    #[must_use]
    pub fn when_task(self, family: &str, is: LastStatus, fault: Fault) -> Self {
        self.row(When::Task(OfTask::first(family, is)), fault)
    }

    /// Adds a row.
    #[must_use]
    pub fn row(mut self, when: When, fault: Fault) -> Self {
        self.rows.push(PlannedFault {
            when,
            fault,
            lasting: None,
        });
        self
    }

    /// Has the fault of the last row last so long each time: what [`PlannedFault::lasting`] says. Nothing without a row.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::{Fault, FaultPlan, Latency};
    ///
    /// let hours = |hours: u64| Latency::exponential(Duration::from_secs(3600 * hours));
    /// let outage = Fault::ZoneOutage { zone: "$any".to_owned() };
    /// let plan = FaultPlan::new().every(hours(200)?, outage).lasting(hours(1)?);
    /// assert_eq!(plan.validate(), Ok(()));
    /// # Ok::<(), wavetank::draw::LatencyError>(())
    /// ```
    #[must_use]
    pub fn lasting(mut self, lasting: Latency) -> Self {
        if let Some(last) = self.rows.last_mut() {
            last.lasting = Some(lasting);
        }
        self
    }

    /// Adds the rows of another plan behind its own.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.rows.extend(other.rows);
        self
    }

    /// Its rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[PlannedFault] {
        &self.rows
    }

    /// Checks what can be judged before the run.
    ///
    /// # Errors
    ///
    /// [`PlanError::TooLong`]; or the first row whose gap or length can't be drawn, which is tied to the none-th or to none of
    /// something, which is to last and has no end, or whose fault leaves open what can't be found.
    pub fn validate(&self) -> Result<(), PlanError> {
        if self.rows.len() > usize::from(u16::MAX) {
            let rows = self.rows.len();
            return Err(PlanError::TooLong { rows });
        }
        for (row, planned) in self.rows.iter().enumerate() {
            if let When::Every(rate) = &planned.when {
                let valid = rate.gap.validate();
                valid.map_err(|error| PlanError::Gap { row, error })?;
            }
            let is_never = |(nth, times, _)| nth == 0 || times == 0;
            if planned.when.counted().is_some_and(is_never) {
                return Err(PlanError::Never { row });
            }
            if let Some(lasting) = &planned.lasting {
                let valid = lasting.validate();
                valid.map_err(|error| PlanError::Lasting { row, error })?;
                let mut fault = planned.fault.clone();
                if ending::undoing(&fault).is_none() && ending::lasting_mut(&mut fault).is_none() {
                    let kind = fault.kind();
                    return Err(PlanError::Endless { row, kind });
                }
            }
            let found = target::check(planned);
            found.map_err(|error| PlanError::Target { row, error })?;
        }
        Ok(())
    }
}
