//! The hosts: what agents really hold, queue and run. The control plane never reads this.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::model::HealthStatus;
use crate::queue::Key;
use crate::time::SimTime;

use super::table::Table;
use super::task::{ContainerReason, Exit, Moment};
use super::waiting::Waiting;

/// Where an agent stands with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[repr(u8)]
pub enum HostPhase {
    /// Accepted; waits in the queue until it fits and is at the head.
    Queued,
    /// Holds resources; its containers pull, start, run or stop.
    Active,
    /// All its containers ended; it holds nothing.
    Stopped,
}

/// Where an agent stands with one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[repr(u8)]
pub enum HostContainerPhase {
    /// Its task waits in the queue, or it waits for other containers.
    Waiting,
    /// Its image is being pulled.
    Pulling,
    /// Its image is there, and its dependencies do not hold yet: only where images are pulled before they do.
    Pulled,
    /// It is being created, where that is a step of its own.
    Creating,
    /// It is created, and being started.
    Starting,
    /// Its process runs.
    Running,
    /// It was sent SIGTERM.
    Stopping,
    /// Its process ended, or never began.
    Stopped,
}

/// One container on its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HostContainer {
    /// How far it is.
    pub phase: HostContainerPhase,
    /// Why it stopped.
    pub reason: ContainerReason,
    /// Absent when it never ran.
    pub exit_code: Exit,
    /// When it stopped.
    pub stopped_at: Moment,
}

impl HostContainer {
    /// A container whose task was just accepted.
    pub const WAITING: Self = Self {
        phase: HostContainerPhase::Waiting,
        reason: ContainerReason::None,
        exit_code: Exit::NONE,
        stopped_at: Moment::NEVER,
    };

    /// A container whose task was just started, if it waits for no other.
    pub(super) const PULLING: Self = Self {
        phase: HostContainerPhase::Pulling,
        ..Self::WAITING
    };

    /// It moves on; gives whether its image was being pulled.
    #[inline]
    pub(super) fn move_to(&mut self, to: HostContainerPhase) -> bool {
        assert!(self.phase < to, "a container never goes back on its host");
        let was_pulling = self.phase == HostContainerPhase::Pulling;
        self.phase = to;
        was_pulling
    }

    /// It ended, or will never begin.
    #[inline]
    pub(super) fn end(&mut self, now: SimTime, exit_code: Exit, reason: ContainerReason) {
        assert!(!self.is_stopped(), "a container ends once");
        self.phase = HostContainerPhase::Stopped;
        self.exit_code = exit_code;
        self.reason = reason;
        self.stopped_at = now.into();
    }

    /// Whether its process ended or never will begin.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.phase == HostContainerPhase::Stopped
    }
}

/// What an agent remembers of a container that depends on others, has a health check or may be started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerLife {
    /// When its pull began.
    pub pull_started_at: Moment,
    /// When its process began, the last time.
    pub started_at: Moment,
    /// When that process was up, or will be.
    pub up_at: Moment,
    /// How often it was started again.
    pub restarts: u16,
    /// What its health check says.
    pub health: HealthStatus,
    /// What a fault says of its health check, and since when: whether it passes.
    pub forced: Option<(bool, SimTime)>,
}

impl ContainerLife {
    /// A container whose task was just accepted.
    pub const NEW: Self = Self {
        pull_started_at: Moment::NEVER,
        started_at: Moment::NEVER,
        up_at: Moment::NEVER,
        restarts: 0,
        health: HealthStatus::Unknown,
        forced: None,
    };
}

/// An image on its way to a container instance: one download, however many containers want it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Download {
    /// Which image.
    pub image: Arc<str>,
    /// The containers that want it: the first began it, and the others wait for it.
    pub wanted_by: Vec<(TaskId, u16)>,
    /// How long it would still take alone.
    pub left: Duration,
}

/// The images of a container instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Images {
    /// Those that are there.
    pub kept: BTreeSet<Arc<str>>,
    /// Those on their way, in the order in which they were asked for; they share the bandwidth evenly.
    pub downloads: Vec<Download>,
    /// When `downloads` was written.
    pub as_of: SimTime,
}

/// A task on its host, of fixed size; [`Hosts::containers`] has all of its containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HostTask {
    /// What it runs.
    pub launch: LaunchId,
    /// Whose agent has it; `None` on Fargate, where the agent has no other.
    pub on: Option<ContainerInstanceId>,
    /// How far it is.
    pub phase: HostPhase,
    /// Whether the agent was told to stop it.
    pub told_to_stop: bool,
    /// Its first container.
    pub first: HostContainer,
    /// When the first pull began.
    pub pull_started_at: Moment,
    /// When the last pull ended.
    pub pull_stopped_at: Moment,
    /// When every container ran or had ended: the moment the agent reports RUNNING.
    pub running_at: Moment,
    /// When the first essential container stopped.
    pub execution_stopped_at: Moment,
    /// The next stage of its first container, if one was ever pending; when that has come the key is harmless.
    #[serde(skip)]
    pub(crate) timer: Option<Key>,
}

impl HostTask {
    /// A task that its agent was just given.
    pub(super) const fn queued(launch: LaunchId, on: Option<ContainerInstanceId>) -> Self {
        Self {
            launch,
            on,
            phase: HostPhase::Queued,
            told_to_stop: false,
            first: HostContainer::WAITING,
            pull_started_at: Moment::NEVER,
            pull_stopped_at: Moment::NEVER,
            running_at: Moment::NEVER,
            execution_stopped_at: Moment::NEVER,
            timer: None,
        }
    }

    /// It holds nothing any more; gives what it ran, and where.
    #[inline]
    pub(super) fn stop(&mut self) -> (LaunchId, Option<ContainerInstanceId>) {
        assert_eq!(
            self.phase,
            HostPhase::Active,
            "what a task held returns once"
        );
        self.phase = HostPhase::Stopped;
        (self.launch, self.on)
    }
}

/// Whether the machine of a container instance runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[repr(u8)]
pub enum Power {
    /// It runs.
    #[default]
    On,
    /// It was stopped, and can be started again.
    Off,
    /// It is gone for good.
    Terminated,
}

impl Power {
    /// Whether the machine runs.
    #[must_use]
    pub fn is_on(&self) -> bool {
        *self == Self::On
    }
}

/// What an agent holds on one container instance.
///
/// What the life of a plain task touches comes first, and within one cache line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[repr(C, align(64))]
pub struct Host {
    /// CPU units not held by a task that has started.
    pub cpu: u32,
    /// MiB not held.
    pub memory: u32,
    /// GPUs held: bit `i` is the instance's `i`-th.
    pub gpus: u64,
    /// Tasks that wait, first come first served.
    pub queue: Waiting,
    /// Whether its machine runs.
    #[serde(skip_serializing_if = "Power::is_on")]
    pub power: Power,
    /// Whether its agent knows that its spot capacity will be taken back, and has it drain.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub noticed: bool,
    /// Whether the health checks of the container instance find it impaired.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub impaired: bool,
    /// How often it was halted.
    #[serde(skip_serializing_if = "is_none_yet")]
    pub halts: u16,
    /// The port its agent chose last; the next search begins after it.
    pub last_dynamic: u16,
    /// When its health checks last found something else than before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_moved_at: Option<SimTime>,
    /// TCP ports bound or reserved by a started task, ascending.
    pub tcp: Vec<u16>,
    /// UDP ports, likewise.
    pub udp: Vec<u16>,
    /// Host ports the agent chose, ascending.
    pub dynamic: Vec<u16>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none_yet(halts: &u16) -> bool {
    *halts == 0
}

/// All hosts and the tasks on them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hosts {
    /// By number of the container instance.
    pub(crate) hosts: Table<Host>,
    pub(crate) tasks: Table<HostTask>,
    pub(crate) rest: BTreeMap<TaskId, Vec<HostContainer>>,
    /// The host ports an agent chose for a task, in the order of its dynamic port mappings.
    pub(crate) chosen_ports: BTreeMap<TaskId, Vec<u16>>,
    /// Of the tasks with a container that is followed: every container of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) lives: BTreeMap<TaskId, Vec<ContainerLife>>,
    /// Of container instances that keep images and pulled one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) images: BTreeMap<ContainerInstanceId, Images>,
}

impl Hosts {
    /// What an agent holds on a container instance.
    #[must_use]
    pub fn host(&self, instance: ContainerInstanceId) -> Option<&Host> {
        self.hosts.get(instance.number())
    }

    #[inline]
    pub(crate) fn host_mut(&mut self, instance: ContainerInstanceId) -> &mut Host {
        let host = self.hosts.get_mut(instance.number());
        host.expect("a container instance has a host until it goes")
    }

    /// A task, when its agent has it.
    #[must_use]
    pub fn task(&self, task: TaskId) -> Option<&HostTask> {
        self.tasks.get(task.number())
    }

    /// One container of a task that its agent has.
    #[must_use]
    pub fn container(&self, task: TaskId, index: usize) -> Option<&HostContainer> {
        match index {
            0 => self.task(task).map(|record| &record.first),
            _ => self.rest.get(&task)?.get(index - 1),
        }
    }

    /// Every container of a task that its agent has, in the order of the task definition.
    pub fn containers(&self, task: TaskId) -> impl Iterator<Item = &HostContainer> {
        let held = self.task(task);
        let rest = held.map_or(&[][..], |_| self.rest(task));
        held.map(|held| &held.first).into_iter().chain(rest)
    }

    /// The second and later containers of a task that its agent has.
    #[inline]
    pub(crate) fn rest(&self, task: TaskId) -> &[HostContainer] {
        if self.rest.is_empty() {
            return &[];
        }
        self.rest.get(&task).map_or(&[], Vec::as_slice)
    }

    /// What an agent remembers of a container, if it does: see [`ContainerPlan::is_followed`].
    ///
    /// [`ContainerPlan::is_followed`]: super::ContainerPlan::is_followed
    #[must_use]
    pub fn life(&self, task: TaskId, index: usize) -> Option<&ContainerLife> {
        self.lives.get(&task)?.get(index)
    }

    /// The images of a container instance, once it pulled one and keeps them.
    #[must_use]
    pub fn images(&self, instance: ContainerInstanceId) -> Option<&Images> {
        self.images.get(&instance)
    }

    /// The host ports that an agent chose for a task.
    #[must_use]
    pub fn chosen_ports(&self, task: TaskId) -> &[u16] {
        self.chosen_ports.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Every task that an agent has, with its number, in order.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &HostTask)> {
        self.tasks
            .iter()
            .map(|(number, record)| (TaskId::new(number), record))
    }
}
