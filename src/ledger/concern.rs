//! What a change is about, and of what sort it is.

use crate::ids::TaskId;
use crate::model::LastStatus;

use super::change::Change;
use super::tags::TaggedResource;

impl Change {
    /// The task whose last status it raises, and what that becomes: by a decision of the control plane or by an agent's report.
    ///
    /// A task that is placed has its first status by that, which counts for nothing here.
    ///
    /// ```
    /// use wavetank::ledger::Change;
    /// use wavetank::model::LastStatus;
    /// use wavetank::TaskId;
    ///
    /// let (task, to) = (TaskId::new(3), LastStatus::Stopping);
    /// assert_eq!(Change::TaskMoved { task, to }.moved(), Some((task, to)));
    /// assert_eq!(Change::TaskForgotten { task }.moved(), None);
    /// ```
    #[must_use]
    pub fn moved(&self) -> Option<(TaskId, LastStatus)> {
        match *self {
            Self::TaskMoved { task, to } | Self::TaskHeard { task, to, .. } => Some((task, to)),
            _ => None,
        }
    }

    /// The task whose record on the control plane it makes, moves or removes: what readers may notice.
    #[must_use]
    pub fn task(&self) -> Option<TaskId> {
        match *self {
            Self::TaskPlaced { task, .. }
            | Self::InterfaceAsked { task, .. }
            | Self::InterfaceMoved { task, .. }
            | Self::TaskUnwanted { task, .. }
            | Self::TaskMoved { task, .. }
            | Self::TaskHeard { task, .. }
            | Self::ContainerMoved { task, .. }
            | Self::ContainerHealthMoved { task, .. }
            | Self::TaskTouched { task }
            | Self::TaskForgotten { task }
            | Self::TagsSet {
                resource: TaggedResource::Task(task),
                ..
            } => Some(task),
            _ => None,
        }
    }

    /// Whether it is one that tasks meet in a plain life: the ledger copies all that these hold, so that nothing of
    /// them needs to be dropped.
    #[inline]
    pub(crate) fn is_usual(&self) -> bool {
        matches!(
            self,
            Self::TaskPlaced { .. }
                | Self::TaskUnwanted { given: None, .. }
                | Self::TaskMoved { .. }
                | Self::TaskHeard { .. }
                | Self::ContainerMoved { .. }
                | Self::TaskForgotten { .. }
                | Self::HostAccepted { .. }
                | Self::HostStartedAtOnce { .. }
                | Self::HostStarted { .. }
                | Self::HostToldToStop { .. }
                | Self::HostContainerMoved { .. }
                | Self::HostContainerEnded { .. }
                | Self::HostRunning { .. }
                | Self::HostStopped { .. }
                | Self::HostForgotten { .. }
        )
    }
}
