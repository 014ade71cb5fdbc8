//! What the control plane knows of a task.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::ids::{ContainerInstanceId, LaunchId};
use crate::model::{AttachmentStatus, DesiredStatus, HealthStatus, LastStatus, StopCode, Tag};
use crate::time::SimTime;

use super::launch::LaunchSpec;

/// A point in simulated time that may not have come yet, in eight bytes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Moment(SimTime);

impl Moment {
    /// The moment that has not come.
    pub const NEVER: Self = Self(SimTime::MAX);

    /// The moment, when it has come.
    #[must_use]
    pub fn get(self) -> Option<SimTime> {
        (self != Self::NEVER).then_some(self.0)
    }

    /// Whether it has come.
    #[must_use]
    pub fn has_come(self) -> bool {
        self != Self::NEVER
    }
}

impl From<SimTime> for Moment {
    fn from(time: SimTime) -> Self {
        Self(time)
    }
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.get() {
            Some(time) => write!(f, "{time}"),
            None => f.write_str("never"),
        }
    }
}

/// An exit code that a container may not have, in five bytes that fit in anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(Rust, packed)]
pub struct Exit {
    code: i32,
    is_known: bool,
}

impl Exit {
    /// No exit code.
    pub const NONE: Self = Self {
        code: 0,
        is_known: false,
    };

    /// The exit code, if there is one.
    #[must_use]
    pub fn code(self) -> Option<i32> {
        self.is_known.then_some(self.code)
    }
}

impl From<Option<i32>> for Exit {
    fn from(code: Option<i32>) -> Self {
        Self {
            code: code.unwrap_or(0),
            is_known: code.is_some(),
        }
    }
}

impl std::fmt::Debug for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.code().fmt(f)
    }
}

impl Serialize for Exit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.code().serialize(serializer)
    }
}

/// The status of a container as the agent reports it to the control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[repr(u8)]
pub enum ContainerStatus {
    /// Waiting, pulling or starting.
    Pending,
    /// Its process runs.
    Running,
    /// Its process ended, or never began.
    Stopped,
}

impl ContainerStatus {
    /// ECS's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Why a container stopped, when there is more to say than its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum ContainerReason {
    /// The exit code says it all.
    None,
    /// Killed for memory (exit code 137).
    OutOfMemory,
    /// Its image could not be pulled.
    CannotPull,
    /// What it depends on can't come true any more.
    DependencyFailed,
    /// It waited longer for a container than that container's start timeout.
    DependencyTimedOut,
    /// A host port that it needs is taken.
    PortTaken,
}

/// What the control plane knows of one container of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerRecord {
    /// As last reported.
    pub status: ContainerStatus,
    /// Why it stopped.
    pub reason: ContainerReason,
    /// Absent while it runs, and when it never ran.
    pub exit_code: Exit,
}

impl ContainerRecord {
    /// A container nothing has been heard of yet.
    pub const PENDING: Self = Self {
        status: ContainerStatus::Pending,
        reason: ContainerReason::None,
        exit_code: Exit::NONE,
    };
}

/// Why a task stopped: the kinds of public `stoppedReason` texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum StoppedReason {
    /// It has not been told to stop.
    None,
    /// A caller stopped it and said why; the text is in [`TaskExtras::reason`].
    Given,
    /// A caller stopped it and did not say why.
    StoppedByUser,
    /// An essential container ended.
    EssentialContainerExited,
    /// The image of a container without which the task can't be could not be pulled.
    CannotPull,
    /// Its container instance was deregistered by force.
    DeregistrationForced,
    /// Its network interface was not attached in time.
    InterfaceTimeout,
    /// What an essential container depends on could not come true, or a port that it needs was taken.
    CannotStart,
    /// The machine it was on was stopped.
    HostStopped,
    /// The machine it was on was terminated.
    HostTerminated,
    /// Its spot capacity was taken back.
    SpotInterrupted,
    /// The container instance it was on was found impaired, and is taken out of service.
    InstanceImpaired,
    /// What it ran on was retired for maintenance.
    Maintenance,
}

/// What the control plane knows of a task: one record of fixed size.
///
/// What few tasks have (a second container, a reason in a caller's words, GPUs) is in [`TaskExtras`]; what all
/// tasks of a request share is in [`Launch`](super::Launch).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TaskRecord {
    /// The request it came from.
    pub launch: LaunchId,
    /// The container instance it was placed on; `None` on Fargate, where it has a place of its own.
    pub on: Option<ContainerInstanceId>,
    /// Grows by one with every visible change.
    pub version: u32,
    /// How far it has come, as the control plane knows.
    pub last_status: LastStatus,
    /// What the control plane wants of it.
    pub desired_status: DesiredStatus,
    /// Who or what ended it.
    pub stop_code: Option<StopCode>,
    /// Why.
    pub stopped_reason: StoppedReason,
    /// Its first container, in the order of the task definition.
    pub first: ContainerRecord,
    /// When the record was made.
    pub created_at: SimTime,
    /// When its first image pull began (agent's clock).
    pub pull_started_at: Moment,
    /// When its last image pull ended (agent's clock).
    pub pull_stopped_at: Moment,
    /// When the control plane learnt that it runs.
    pub started_at: Moment,
    /// When its first essential container stopped (agent's clock).
    pub execution_stopped_at: Moment,
    /// When it was told to stop.
    pub stopping_at: Moment,
    /// When the control plane learnt that it had stopped.
    pub stopped_at: Moment,
}

impl TaskRecord {
    /// Its last status rises; gives what that was, and where the task is of which launch.
    #[inline]
    pub(super) fn move_to(
        &mut self,
        now: SimTime,
        to: LastStatus,
    ) -> (LastStatus, Option<ContainerInstanceId>, LaunchId) {
        let from = self.last_status;
        assert!(from < to, "last status never goes back: {from:?} to {to:?}");
        self.last_status = to;
        match to {
            LastStatus::Running => self.started_at = now.into(),
            LastStatus::Stopped => self.stopped_at = now.into(),
            _ => {}
        }
        assert!(
            to != LastStatus::Stopped || !self.is_wanted(),
            "a stopped task is not wanted"
        );
        (from, self.on, self.launch)
    }

    /// A task just placed, wanted RUNNING, version 1.
    pub(crate) fn placed(
        launch: LaunchId,
        on: Option<ContainerInstanceId>,
        last_status: LastStatus,
        now: SimTime,
    ) -> Self {
        Self {
            launch,
            on,
            version: 1,
            last_status,
            desired_status: DesiredStatus::Running,
            stop_code: None,
            stopped_reason: StoppedReason::None,
            first: ContainerRecord::PENDING,
            created_at: now,
            pull_started_at: Moment::NEVER,
            pull_stopped_at: Moment::NEVER,
            started_at: Moment::NEVER,
            execution_stopped_at: Moment::NEVER,
            stopping_at: Moment::NEVER,
            stopped_at: Moment::NEVER,
        }
    }

    /// Whether the control plane wants it to run: only then does it hold resources in the ledger.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.desired_status == DesiredStatus::Running
    }

    /// Whether it has stopped for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.last_status >= LastStatus::Stopped
    }
}

/// What only some tasks have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TaskExtras {
    /// The reason a caller gave for stopping it.
    pub reason: Option<Arc<str>>,
    /// Its second and later containers, in the order of the task definition.
    pub rest: Vec<ContainerRecord>,
    /// The GPUs it was given: bit `i` is the instance's `i`-th.
    pub gpus: u64,
    /// Its tags, once somebody changed those it shares with the others of its request.
    pub tags: Option<Arc<[Tag]>>,
    /// Its network interface, with network mode `awsvpc`.
    pub interface: Option<Interface>,
    /// The health of its containers, once one of them was heard of.
    pub health: Vec<HealthStatus>,
}

impl TaskExtras {
    /// What was last heard of a container's health.
    #[must_use]
    pub fn health_of(&self, container: usize) -> HealthStatus {
        let known = self.health.get(container);
        known.copied().unwrap_or(HealthStatus::Unknown)
    }

    /// The health of the task: the worst of its essential containers, one without a check being UNKNOWN (API reference
    /// of `HealthCheck`).
    #[must_use]
    pub fn health(&self, launch: &LaunchSpec) -> HealthStatus {
        if self.health.is_empty() {
            return HealthStatus::Unknown;
        }
        let essential = launch.containers.iter().enumerate();
        let essential = essential.filter(|(_, plan)| plan.essential);
        let all: Vec<_> = essential.map(|(nth, _)| self.health_of(nth)).collect();
        let any = |health| all.contains(&health);
        if any(HealthStatus::Unhealthy) {
            HealthStatus::Unhealthy
        } else if any(HealthStatus::Unknown) {
            HealthStatus::Unknown
        } else {
            HealthStatus::Healthy
        }
    }
}

/// The network interface of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// How far it got.
    pub status: AttachmentStatus,
    /// The subnet it is in: the `n`-th of the request.
    pub subnet: u16,
    /// The availability zone of a task that has no container instance to tell it.
    pub zone: Option<Arc<str>>,
    /// When the task could be reached.
    pub connected_at: Moment,
}

#[cfg(test)]
mod tests {
    use super::super::HostTask;
    use super::*;

    /// What List walks of a task, at most: docs/performance.md.
    const LISTED: usize = 20;

    #[test]
    fn a_running_task_takes_little_in_the_two_tables() {
        let sizes = [
            size_of::<Option<TaskRecord>>(),
            size_of::<Option<HostTask>>(),
        ];
        assert_eq!(sizes, [80, 72]);
        // The aim is 200 bytes in all.
        assert_eq!(sizes.iter().sum::<usize>() + LISTED, 172);
    }

    #[test]
    fn an_exit_code_is_what_it_was_made_of() {
        for code in [None, Some(0), Some(-1), Some(137), Some(i32::MIN)] {
            let exit = Exit::from(code);
            assert_eq!(exit.code(), code);
            assert_eq!(format!("{exit:?}"), format!("{code:?}"));
            assert_eq!(serde_json::json!(exit), serde_json::json!(code));
        }
        assert_eq!(Exit::NONE, None.into());
    }
}
