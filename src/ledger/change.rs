//! The only ways in which a ledger moves.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::ids::{
    ClusterId, ContainerInstanceId, DeliveryId, GroupId, LaunchId, SubscriptionId,
    TaskDefinitionId, TaskId,
};
use crate::model::{
    AttachmentStatus, Attribute, ContainerInstanceStatus, FailureReason, Glob, HealthStatus,
    LastStatus, SettingName, StateChangeEvent, StopCode, Tag,
};
use crate::time::SimTime;

use super::account_settings::Principal;
use super::call_fault::CallFaultChange;
use super::cluster::ClusterSpec;
use super::controller::ControllerChange;
use super::definition::DefinitionSpec;
use super::hazard::HazardChange;
use super::host::{Download, HostContainerPhase, Power};
use super::instance::InstanceSpec;
use super::launch::LaunchSpec;
use super::scheduler_error::SchedulerError;
use super::subscription::{Changed, SubscriptionSpec};
use super::tags::TaggedResource;
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
        /// Which cluster.
        cluster: ClusterId,
        /// What it was made with.
        spec: Arc<ClusterSpec>,
    },
    /// A cluster was deleted.
    ClusterDeleted {
        /// Which cluster.
        cluster: ClusterId,
    },
    /// A container instance came to be.
    InstanceRegistered {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// What it was made with.
        spec: Arc<InstanceSpec>,
    },
    /// An agent came back under its ARN, perhaps with other attributes or versions.
    InstanceReregistered {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// What it was made with.
        spec: Arc<InstanceSpec>,
    },
    /// ACTIVE to DRAINING or back.
    InstanceStatusChanged {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// What it becomes.
        to: ContainerInstanceStatus,
    },
    /// Messages between agent and control plane stop or resume.
    AgentConnectionChanged {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Whether they resume.
        connected: bool,
    },
    /// A container instance became INACTIVE; what still runs on its host is followed until it is forgotten.
    InstanceDeregistered {
        /// Which container instance.
        instance: ContainerInstanceId,
    },
    /// An INACTIVE container instance is no longer described.
    InstanceForgotten {
        /// Which container instance.
        instance: ContainerInstanceId,
    },
    /// A revision of a family came to be.
    DefinitionRegistered {
        /// Which task definition.
        definition: TaskDefinitionId,
        /// What it was made with.
        spec: Arc<DefinitionSpec>,
    },
    /// A task definition became INACTIVE.
    DefinitionDeregistered {
        /// Which task definition.
        definition: TaskDefinitionId,
        /// From when on callers can't launch it any more.
        refused_from: SimTime,
    },
    /// The deletion of an INACTIVE task definition was asked for.
    DefinitionDeleteRequested {
        /// Which task definition.
        definition: TaskDefinitionId,
    },
    /// A task definition is gone: its deletion was asked for, and no task of it is left that has not STOPPED.
    ///
    /// No handler writes this: the commit adds it to the changes that made it due.
    DefinitionForgotten {
        /// Which task definition.
        definition: TaskDefinitionId,
    },
    /// A task group was named for the first time.
    GroupOpened {
        /// Which task group.
        group: GroupId,
        /// Which cluster.
        cluster: ClusterId,
        /// Its name.
        name: Arc<str>,
    },
    /// A request was accepted whose tasks will share this.
    LaunchOpened {
        /// Which launch.
        launch: LaunchId,
        /// What it was made with.
        spec: Arc<LaunchSpec>,
        /// Whether plain requests use it again.
        plain: bool,
    },
    /// A task was placed: it is PENDING, or PROVISIONING with `awsvpc`, and holds its demand in the ledger.
    TaskPlaced {
        /// Which task.
        task: TaskId,
        /// Which launch.
        launch: LaunchId,
        /// Which container instance; `None` on Fargate.
        on: Option<ContainerInstanceId>,
    },
    /// A task just placed is to get a network interface.
    InterfaceAsked {
        /// Which task.
        task: TaskId,
        /// In which subnet: the `n`-th of the request.
        subnet: u16,
        /// In which zone, where no container instance tells it.
        zone: Option<Arc<str>>,
    },
    /// The network interface of a task came further.
    InterfaceMoved {
        /// Which task.
        task: TaskId,
        /// How far.
        to: AttachmentStatus,
    },
    /// A task was asked for and could not be placed; its number is spent all the same.
    TaskRefused {
        /// Which task.
        task: TaskId,
        /// Why.
        reason: FailureReason,
    },
    /// A scheduler's answer was wrong; what became of the task is a change of its own.
    SchedulerErred {
        /// What is wrong with it.
        error: Arc<SchedulerError>,
    },
    /// A task was told to stop, or is known to stop by itself: its demand returns to the ledger.
    TaskUnwanted {
        /// Which task.
        task: TaskId,
        /// Who or what stops it.
        code: StopCode,
        /// Why.
        reason: StoppedReason,
        /// Why, in the caller's words.
        given: Option<Arc<str>>,
    },
    /// A task's last status rose.
    TaskMoved {
        /// Which task.
        task: TaskId,
        /// What it becomes.
        to: LastStatus,
    },
    /// An agent's report of a task arrived: its last status rose, and the control plane learnt when its images were pulled and
    /// when it ceased to execute. When the report is of its end, the agent forgets the task.
    TaskHeard {
        /// Which task.
        task: TaskId,
        /// What it becomes.
        to: LastStatus,
        /// When its first pull began.
        pull_started: Moment,
        /// When its last pull ended.
        pull_stopped: Moment,
        /// When its first essential container stopped.
        execution_stopped: Moment,
    },
    /// The control plane learnt what became of a container.
    ContainerMoved {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// What it becomes.
        to: ContainerStatus,
        /// Absent when it never ran.
        exit_code: Option<i32>,
        /// Why.
        reason: ContainerReason,
    },
    /// A change that only a container saw became visible: the task's version grows.
    TaskTouched {
        /// Which task.
        task: TaskId,
    },
    /// The control plane learnt of a container's health.
    ContainerHealthMoved {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// What it becomes.
        to: HealthStatus,
    },
    /// A stopped task is no longer described.
    TaskForgotten {
        /// Which task.
        task: TaskId,
    },
    /// Somebody wants to know of state changes from now on.
    Subscribed {
        /// Which subscription.
        subscription: SubscriptionId,
        /// What was asked for.
        spec: Arc<SubscriptionSpec>,
    },
    /// A subscriber no longer wants to know; what was on its way to it is lost.
    Unsubscribed {
        /// Which subscription.
        subscription: SubscriptionId,
    },
    /// One copy of a state change is on its way to a subscriber.
    StateChangeSent {
        /// Which copy.
        delivery: DeliveryId,
        /// To whom.
        to: SubscriptionId,
        /// What changed.
        changed: Changed,
        /// How often it had changed then.
        version: u32,
        /// What is sent.
        event: Arc<StateChangeEvent>,
    },
    /// A copy of a state change reached its subscriber.
    StateChangeDelivered {
        /// Which copy.
        delivery: DeliveryId,
        /// To whom.
        to: SubscriptionId,
    },
    /// An idempotency token was used for the first time.
    TokenKept {
        /// Which cluster.
        cluster: ClusterId,
        /// Its name.
        name: Arc<str>,
        /// The first call that used it.
        token: Arc<Token>,
    },
    /// Pulls of matching images fail until then.
    PullFailing {
        /// Which images.
        image: Glob,
        /// Until when, that moment excluded.
        until: SimTime,
    },
    /// Whatever changes from now on reaches every replica so much later, or when that time has come.
    ReadsLagging {
        /// How much later.
        lag: Duration,
        /// Until when, that moment excluded.
        until: SimTime,
    },
    /// Replicas lag no more than they do by themselves.
    ReadLagEnded,
    /// Calls of the API meet other faults.
    CallFault(CallFaultChange),
    /// A controller came, went, or made a call.
    Controller(ControllerChange),
    /// Attributes of a container instance were set; those of other names stay.
    AttributesPut {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Names and values, each name once.
        attributes: Arc<[Attribute]>,
    },
    /// Attributes of a container instance are gone.
    AttributesDeleted {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// Their names, each of which was there.
        names: Arc<[Arc<str>]>,
    },
    /// A resource has these tags and no others from now on.
    TagsSet {
        /// What carries them.
        resource: TaggedResource,
        /// All of them.
        tags: Arc<[Tag]>,
    },
    /// An account setting was set.
    AccountSettingPut {
        /// For whom.
        principal: Principal,
        /// Which setting.
        name: SettingName,
        /// What it is set to.
        value: Arc<str>,
    },
    /// What a principal had set was forgotten.
    AccountSettingDeleted {
        /// Whose.
        principal: Principal,
        /// Which setting.
        name: SettingName,
    },

    /// An agent has a task in its queue.
    HostAccepted {
        /// Which task.
        task: TaskId,
        /// Which launch.
        launch: LaunchId,
        /// Which container instance; `None` on Fargate.
        on: Option<ContainerInstanceId>,
    },
    /// An agent has a task that waits for no other: it holds its demand on the host at once.
    HostStartedAtOnce {
        /// Which task.
        task: TaskId,
        /// Which launch.
        launch: LaunchId,
        /// Which container instance; `None` on Fargate.
        on: Option<ContainerInstanceId>,
    },
    /// A task left the queue and holds its demand on the host.
    HostStarted {
        /// Which task.
        task: TaskId,
    },
    /// A task left the queue without ever holding anything.
    HostDequeued {
        /// Which task.
        task: TaskId,
    },
    /// An agent was told to stop a task.
    HostToldToStop {
        /// Which task.
        task: TaskId,
    },
    /// A container moved on; when it starts, a pull of its task has ended. When the only one of a task runs, so does the task.
    HostContainerMoved {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// What it becomes.
        to: HostContainerPhase,
    },
    /// A container ended, or will never begin. With the only one of a task, what the task held returns to the host.
    HostContainerEnded {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// Absent when it never ran.
        exit_code: Option<i32>,
        /// Why.
        reason: ContainerReason,
        /// Whether the task ends with it.
        essential: bool,
    },
    /// A container's process ended and is started again in place.
    HostContainerRestarted {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// What it exited with.
        exit_code: i32,
        /// When its next process is up.
        up_at: SimTime,
    },
    /// A container's health check came to another verdict.
    HostHealthMoved {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// What it becomes.
        to: HealthStatus,
    },
    /// A fault says what a container's health check finds from now on.
    HostHealthForced {
        /// Which task.
        task: TaskId,
        /// Which container, in the order of the task definition.
        container: u16,
        /// Whether its probes pass.
        passes: bool,
        /// Since when they did so, or did not, without a break.
        since: SimTime,
    },
    /// Other images are on their way to a container instance, or the same with other shares of its bandwidth.
    HostDownloading {
        /// Which container instance.
        on: ContainerInstanceId,
        /// All that are on their way now.
        downloads: Arc<[Download]>,
    },
    /// The machine of a container instance halts, is gone, or runs again; while it does not run no message passes.
    HostPowered {
        /// Which container instance.
        instance: ContainerInstanceId,
        /// What becomes of it.
        to: Power,
    },
    /// An image has come to a container instance and is kept.
    HostImageKept {
        /// Which container instance.
        on: ContainerInstanceId,
        /// Which image.
        image: Arc<str>,
    },
    /// An agent chose host ports for a container.
    HostPortsChosen {
        /// Which task.
        task: TaskId,
        /// The ports, in the order of the container's dynamic mappings.
        ports: Vec<u16>,
    },
    /// A fault that lasts came, or went, or is known.
    Hazard(HazardChange),
    /// Every container of a task that has several runs or has ended.
    HostRunning {
        /// Which task.
        task: TaskId,
    },
    /// Every container of a task that has several has ended: what it held returns to the host.
    HostStopped {
        /// Which task.
        task: TaskId,
    },
    /// An agent forgets a task of which no report is heard any more.
    HostForgotten {
        /// Which task.
        task: TaskId,
    },
}

pub use crate::model::presets::INACTIVE_INSTANCE_RETENTION;
