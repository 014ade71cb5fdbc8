//! The only ways in which a ledger moves.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::model::{ContainerInstanceStatus, FailureReason, Glob, LastStatus, StopCode};
use crate::time::SimTime;

use super::cluster::ClusterSpec;
use super::definition::DefinitionSpec;
use super::host::HostContainerPhase;
use super::instance::InstanceSpec;
use super::launch::LaunchSpec;
use super::task::{ContainerReason, ContainerStatus, Moment, StoppedReason};
use super::token::Token;

/// One movement of the ledger.
///
/// Handlers write changes into [`Effects`](super::Effects); one commit applies them. Changes to the control plane's
/// truth come first here, then those to the hosts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Change {
    /// A cluster came to be, or came back under its name.
    ClusterCreated {
        cluster: ClusterId,
        spec: Arc<ClusterSpec>,
    },
    /// A cluster was deleted.
    ClusterDeleted { cluster: ClusterId },
    /// A container instance came to be.
    InstanceRegistered {
        instance: ContainerInstanceId,
        spec: Arc<InstanceSpec>,
    },
    /// An agent came back under its ARN, perhaps with other attributes or versions.
    InstanceReregistered {
        instance: ContainerInstanceId,
        spec: Arc<InstanceSpec>,
    },
    /// ACTIVE to DRAINING or back.
    InstanceStatusChanged {
        instance: ContainerInstanceId,
        to: ContainerInstanceStatus,
    },
    /// Messages between agent and control plane stop or resume.
    AgentConnectionChanged {
        instance: ContainerInstanceId,
        connected: bool,
    },
    /// A container instance became INACTIVE; its host is no longer followed.
    InstanceDeregistered { instance: ContainerInstanceId },
    /// An INACTIVE container instance is no longer described.
    InstanceForgotten { instance: ContainerInstanceId },
    /// A revision of a family came to be.
    DefinitionRegistered {
        definition: TaskDefinitionId,
        spec: Arc<DefinitionSpec>,
    },
    /// A task group was named for the first time.
    GroupOpened {
        group: GroupId,
        cluster: ClusterId,
        name: Arc<str>,
    },
    /// A request was accepted whose tasks will share this.
    LaunchOpened {
        launch: LaunchId,
        spec: Arc<LaunchSpec>,
        plain: bool,
    },
    /// A task was placed: it is PENDING and holds its demand in the ledger.
    TaskPlaced {
        task: TaskId,
        launch: LaunchId,
        on: ContainerInstanceId,
    },
    /// A task was asked for and could not be placed; its number is spent all the same.
    TaskRefused { task: TaskId, reason: FailureReason },
    /// A task was told to stop, or is known to stop by itself: its demand returns to the ledger.
    TaskUnwanted {
        task: TaskId,
        code: StopCode,
        reason: StoppedReason,
        given: Option<Arc<str>>,
    },
    /// A task's last status rose.
    TaskMoved { task: TaskId, to: LastStatus },
    /// The control plane learnt when a task's images were pulled and when it ceased to execute.
    TaskTimed {
        task: TaskId,
        pull_started: Moment,
        pull_stopped: Moment,
        execution_stopped: Moment,
    },
    /// The control plane learnt what became of a container.
    ContainerMoved {
        task: TaskId,
        container: u16,
        to: ContainerStatus,
        exit_code: Option<i32>,
        reason: ContainerReason,
    },
    /// A change that only a container saw became visible: the task's version grows.
    TaskTouched { task: TaskId },
    /// A stopped task is no longer described.
    TaskForgotten { task: TaskId },
    /// An idempotency token was used for the first time.
    TokenKept {
        cluster: ClusterId,
        name: Arc<str>,
        token: Arc<Token>,
    },
    /// Pulls of matching images fail until then.
    PullFailing { image: Glob, until: SimTime },

    /// An agent has a task in its queue.
    HostAccepted {
        task: TaskId,
        launch: LaunchId,
        on: ContainerInstanceId,
    },
    /// A task left the queue and holds its demand on the host.
    HostStarted { task: TaskId },
    /// A task left the queue without ever holding anything.
    HostDequeued { task: TaskId },
    /// An agent was told to stop a task.
    HostToldToStop { task: TaskId },
    /// A container moved on.
    HostContainerMoved {
        task: TaskId,
        container: u16,
        to: HostContainerPhase,
    },
    /// A container ended, or will never begin.
    HostContainerEnded {
        task: TaskId,
        container: u16,
        exit_code: Option<i32>,
        reason: ContainerReason,
        essential: bool,
    },
    /// An agent chose host ports for a container.
    HostPortsChosen { task: TaskId, ports: Vec<u16> },
    /// A pull of a task ended.
    HostPulled { task: TaskId },
    /// Every container of a task runs or has ended.
    HostRunning { task: TaskId },
    /// Every container of a task has ended: what it held returns to the host.
    HostStopped { task: TaskId },
    /// The control plane acknowledged the end of a task.
    HostForgotten { task: TaskId },
}

/// How long a stopped task stays describable: at least an hour, says the API reference of `DescribeTasks`; exactly an
/// hour here.
pub const STOPPED_TASK_RETENTION: Duration = Duration::from_secs(3600);

/// How long an INACTIVE container instance stays describable: about an hour, says the developer guide; exactly an hour
/// here.
pub const INACTIVE_INSTANCE_RETENTION: Duration = Duration::from_secs(3600);
