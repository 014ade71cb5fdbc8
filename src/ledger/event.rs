//! Everything that can come due.

use serde::Serialize;

use crate::ids::{CallId, ContainerInstanceId, DeliveryId, TaskId};
use crate::model::AttachmentStatus;

/// Beside the index of a container: the slot of its health among the pending events.
pub const HEALTH_SLOT: u16 = 0x100;

/// Likewise of the end of the time that others have to wait for it.
pub const START_TIMEOUT_SLOT: u16 = 0x200;

/// The slot of a task's own, for the end of its memory.
pub const MEMORY_SLOT: u16 = 0x400;

/// What an agent tells the control plane of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Report {
    /// Every container runs or has ended.
    Running,
    /// Every container has ended.
    Stopped,
}

/// What a controller is woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Waking {
    /// Something is to be done then: the simulation is not at rest before.
    Work,
    /// A look around.
    Look,
}

/// What an attempt of a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// It succeeded.
    Done,
    /// It was throttled.
    Throttled,
    /// ECS failed.
    Failed,
    /// It was refused for what it asks.
    Refused,
}

/// Set in the number of a fault of a plan where it does not come but ends.
pub const FAULT_ENDS: u32 = 1 << 31;

/// How many of the low bits of a message that is sent again tell how often it was sent before.
pub const TRIES_BITS: u32 = 9;

/// The most tries that are told apart.
pub const TRIES_MAX: u16 = (1 << TRIES_BITS) - 1;

/// Something that comes due at a point in simulated time: closed, small, serializable.
///
/// Those about tasks stand together, the stages of containers among them, and so does housekeeping: to tell them apart takes
/// one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Event {
    /// A request or fault that the user scheduled.
    Input(u32),
    /// The control plane has learnt that a machine no longer runs: the so-manieth time that this one was halted.
    HostLost(ContainerInstanceId, u16),
    /// The notice of a machine on spot capacity has run out: it is terminated.
    HostReclaimed(ContainerInstanceId),
    /// An agent that was restarted speaks again.
    AgentBack(ContainerInstanceId),
    /// A partition is over.
    CutOver(u32),
    /// The control plane notices that it does not hear an agent, for the partition whose number has these low bits.
    SilenceNoticed(ContainerInstanceId, u16),
    /// Messages pass again between the control plane and an agent.
    LinkRestored(ContainerInstanceId),
    /// An agent asks that its container instance drains, since its spot capacity will be taken back.
    DrainAsked(ContainerInstanceId),
    /// A copy of a state change reaches its subscriber.
    StateChangeDue(DeliveryId),
    /// An attempt of a controller's call reaches ECS.
    CallArrived(CallId, u8),
    /// The answer to an attempt reaches the client.
    CallAnswered(CallId, u8, Verdict),
    /// A client has waited for the answer to an attempt as long as it does.
    CallTimedOut(CallId, u8),
    /// The agent receives a new task.
    PayloadDelivered(TaskId),
    /// A task whose containers run is registered wherever it is to be.
    TaskActivated(TaskId),
    /// The control plane stops a running task: it begins to remove it from where it was registered, or sends its stop.
    StopSent(TaskId),
    /// A task that is to stop is removed from wherever it was registered.
    TaskDeactivated(TaskId),
    /// The agent receives the stop of a task.
    StopDelivered(TaskId),
    /// The network interface of a task comes further, or fails to.
    InterfaceDue(TaskId, AttachmentStatus),
    /// The control plane receives the health of a container.
    HealthReported(TaskId, u16),
    /// The control plane receives a task's state.
    TaskReported(TaskId, Report),
    /// The control plane receives a container's state while its task goes on.
    ContainerReported(TaskId, u16),
    /// A message between the control plane and an agent is sent again, since nobody has acknowledged it: which one, and how often it
    /// was sent before, in bits of [`fault`](crate::fault).
    MessageResent(TaskId, u16),
    /// An image pull ends, well or not.
    PullEnded(TaskId, u16),
    /// A container has been created, where that is a step of its own.
    ContainerCreated(TaskId, u16),
    /// A container's process begins.
    ContainerStarted(TaskId, u16),
    /// A container's process ends by itself.
    ContainerExited(TaskId, u16),
    /// A container's process ends because it was told to, or was killed at its stop timeout.
    ContainerStopped(TaskId, u16),
    /// A container that was told to stop is killed at its stop timeout, because its host is slow.
    ContainerKilled(TaskId, u16),
    /// Others have waited for a container as long as its start timeout lets them.
    StartTimedOut(TaskId, u16),
    /// The containers of a task use more memory together than it may: this one is killed.
    MemoryShort(TaskId, u16),
    /// A container's health check comes to another verdict.
    HealthJudged(TaskId, u16),
    /// A stopped task has been describable for an hour.
    TaskExpired(TaskId),
    /// A deregistered container instance has been describable for an hour.
    ContainerInstanceExpired(ContainerInstanceId),
    /// A fault that lasts is over.
    HazardOver(u32),
    /// A fault of a plan comes: of which row, and which one of it; with [`FAULT_ENDS`] it is undone.
    FaultDue(u16, u32),
    /// A timer of a controller runs out: which controller, which timer, and what for.
    ControllerWoken(u16, u32, Waking),
}

impl Event {
    /// Whether only bookkeeping waits for it: such events never keep a simulation from being at rest.
    #[must_use]
    pub fn is_housekeeping(&self) -> bool {
        matches!(
            self,
            Self::TaskExpired(_)
                | Self::ContainerInstanceExpired(_)
                | Self::HazardOver(_)
                | Self::FaultDue(..)
                | Self::ControllerWoken(..)
        ) && !self.is_work()
    }

    /// Whether a controller has something to do then. It is asked of few events, and would cost the others a little.
    #[inline(never)]
    fn is_work(&self) -> bool {
        matches!(self, Self::ControllerWoken(_, _, Waking::Work))
    }

    /// The container whose next stage this is: a container has at most one such event pending. Its health and the time
    /// others have to wait for it have slots of their own.
    #[must_use]
    pub fn stage_of(&self) -> Option<(TaskId, u16)> {
        match *self {
            Self::PullEnded(task, container)
            | Self::ContainerCreated(task, container)
            | Self::ContainerStarted(task, container)
            | Self::ContainerExited(task, container)
            | Self::ContainerKilled(task, container)
            | Self::ContainerStopped(task, container) => Some((task, container)),
            Self::HealthJudged(..) | Self::StartTimedOut(..) | Self::MemoryShort(..) => {
                self.own_slot()
            }
            _ => None,
        }
    }

    /// The slot of an event that is beside the stages of its container.
    #[inline(never)]
    fn own_slot(&self) -> Option<(TaskId, u16)> {
        match *self {
            Self::HealthJudged(task, container) => Some((task, container | HEALTH_SLOT)),
            Self::StartTimedOut(task, container) => Some((task, container | START_TIMEOUT_SLOT)),
            Self::MemoryShort(task, _) => Some((task, MEMORY_SLOT)),
            _ => None,
        }
    }

    /// The task it is about.
    #[must_use]
    pub fn task(&self) -> Option<TaskId> {
        match *self {
            Self::PayloadDelivered(task)
            | Self::TaskActivated(task)
            | Self::StopSent(task)
            | Self::TaskDeactivated(task)
            | Self::StopDelivered(task)
            | Self::InterfaceDue(task, _)
            | Self::PullEnded(task, _)
            | Self::ContainerCreated(task, _)
            | Self::StartTimedOut(task, _)
            | Self::MemoryShort(task, _)
            | Self::MessageResent(task, _)
            | Self::HealthJudged(task, _)
            | Self::HealthReported(task, _)
            | Self::ContainerStarted(task, _)
            | Self::ContainerExited(task, _)
            | Self::ContainerStopped(task, _)
            | Self::ContainerKilled(task, _)
            | Self::TaskReported(task, _)
            | Self::ContainerReported(task, _)
            | Self::TaskExpired(task) => Some(task),
            Self::Input(_)
            | Self::HostLost(..)
            | Self::AgentBack(_)
            | Self::DrainAsked(_)
            | Self::HazardOver(_)
            | Self::CutOver(_)
            | Self::FaultDue(..)
            | Self::SilenceNoticed(..)
            | Self::LinkRestored(_)
            | Self::HostReclaimed(_)
            | Self::ContainerInstanceExpired(_)
            | Self::StateChangeDue(_)
            | Self::ControllerWoken(..)
            | Self::CallArrived(..)
            | Self::CallAnswered(..)
            | Self::CallTimedOut(..) => None,
        }
    }

    /// The container instance it is about; not of the events of a task.
    #[must_use]
    pub fn container_instance(&self) -> Option<ContainerInstanceId> {
        match *self {
            Self::HostLost(instance, _)
            | Self::AgentBack(instance)
            | Self::DrainAsked(instance)
            | Self::SilenceNoticed(instance, _)
            | Self::LinkRestored(instance)
            | Self::HostReclaimed(instance)
            | Self::ContainerInstanceExpired(instance) => Some(instance),
            _ => None,
        }
    }

    /// Whether it is a message between the control plane and an agent that arrives, or is sent again.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(
            self,
            Self::PayloadDelivered(_)
                | Self::StopDelivered(_)
                | Self::TaskReported(..)
                | Self::ContainerReported(..)
                | Self::HealthReported(..)
                | Self::MessageResent(..)
        )
    }

    /// Its name in traces.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input(_) => "input",
            Self::PayloadDelivered(_) => "payload-delivered",
            Self::TaskActivated(_) => "task-activated",
            Self::StopSent(_) => "stop-sent",
            Self::TaskDeactivated(_) => "task-deactivated",
            Self::StopDelivered(_) => "stop-delivered",
            Self::InterfaceDue(..) => "interface-due",
            Self::PullEnded(..) => "pull-ended",
            Self::ContainerCreated(..) => "container-created",
            Self::StartTimedOut(..) => "start-timed-out",
            Self::MemoryShort(..) => "memory-short",
            Self::MessageResent(..) => "message-resent",
            Self::HealthJudged(..) => "health-judged",
            Self::HealthReported(..) => "health-reported",
            Self::ContainerStarted(..) => "container-started",
            Self::ContainerExited(..) => "container-exited",
            Self::ContainerStopped(..) => "container-stopped",
            Self::TaskReported(..) => "task-reported",
            Self::ContainerReported(..) => "container-reported",
            Self::HostLost(..) => "host-lost",
            Self::AgentBack(_) => "agent-back",
            Self::DrainAsked(_) => "drain-asked",
            Self::HazardOver(_) => "hazard-over",
            Self::CutOver(_) => "cut-over",
            Self::FaultDue(..) => "fault-due",
            Self::SilenceNoticed(..) => "silence-noticed",
            Self::LinkRestored(_) => "link-restored",
            Self::ContainerKilled(..) => "container-killed",
            Self::HostReclaimed(_) => "host-reclaimed",
            Self::TaskExpired(_) => "task-expired",
            Self::ContainerInstanceExpired(_) => "container-instance-expired",
            Self::StateChangeDue(_) => "state-change-due",
            Self::ControllerWoken(..) => "controller-woken",
            Self::CallArrived(..) => "call-arrived",
            Self::CallAnswered(..) => "call-answered",
            Self::CallTimedOut(..) => "call-timed-out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_small() {
        // There are as many in the queue as tasks, so four bytes more are felt.
        assert_eq!(size_of::<Event>(), 8);
    }
}
