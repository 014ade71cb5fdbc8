//! How the hosts move: what agents accept, hold, run and give back.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::queue::Key;
use crate::time::SimTime;

use super::ContainerPlan;
use super::Ledger;
use super::change::Change;
use super::demand::{Demand, give_back_ports, take_ports};
use super::host::{ContainerLife, Host, HostContainer, HostContainerPhase, HostPhase, HostTask};
use super::instance::InstanceSpec;
use super::task::{ContainerReason, Exit};

impl Ledger {
    /// Moves the hosts by one change.
    ///
    /// # Panics
    ///
    /// When the change contradicts the hosts, or is one of the control plane that is applied before.
    pub(super) fn apply_host(&mut self, now: SimTime, change: &Change) {
        match change {
            Change::HostDequeued { task } => self.host_dequeued(now, *task),
            Change::HostToldToStop { task } => self.host_task_mut(*task).told_to_stop = true,
            Change::HostPortsChosen { task, ports } => {
                let on = self.host_task_mut(*task).on;
                let on = on.expect("ports are chosen on a container instance");
                let host = self.hosts.host_mut(on);
                take_ports(&mut host.dynamic, ports);
                host.last_dynamic = ports.last().copied().unwrap_or(host.last_dynamic);
                self.hosts
                    .chosen_ports
                    .entry(*task)
                    .or_default()
                    .extend(ports);
            }
            _ => self.apply_life(now, change),
        }
    }

    pub(super) fn host_registered(
        &mut self,
        instance: ContainerInstanceId,
        spec: &Arc<InstanceSpec>,
    ) {
        let host = Host {
            cpu: spec.cpu,
            memory: spec.memory,
            ..Host::default()
        };
        self.hosts.hosts.insert(instance.number(), host);
    }

    /// Stops following a host whose tasks have been forgotten.
    pub(super) fn host_abandoned(&mut self, instance: ContainerInstanceId) {
        let gone = self.hosts.hosts.remove(instance.number());
        assert!(
            gone.is_some(),
            "a container instance has a host until it goes"
        );
        self.hosts.images.remove(&instance);
    }

    #[inline(never)]
    pub(super) fn host_accepted(
        &mut self,
        task: TaskId,
        launch: LaunchId,
        on: Option<ContainerInstanceId>,
    ) {
        self.host_has(task, HostTask::queued(launch, on));
        if let Some(on) = on {
            self.hosts.host_mut(on).queue.join(task);
        }
    }

    #[inline(never)]
    pub(super) fn host_started_at_once(
        &mut self,
        now: SimTime,
        task: TaskId,
        launch: LaunchId,
        on: Option<ContainerInstanceId>,
    ) {
        let record = HostTask {
            phase: HostPhase::Active,
            first: HostContainer::PULLING,
            pull_started_at: now.into(),
            ..HostTask::queued(launch, on)
        };
        self.host_has(task, record);
        self.pulls_begin(now, task);
        if let Some(host) = self.host_taken(task, launch, on) {
            assert!(host.queue.is_empty(), "the queue is served from its head");
        }
    }

    /// An agent has a task from now on.
    #[inline(always)]
    fn host_has(&mut self, task: TaskId, record: HostTask) {
        let spec = &self
            .launches
            .get(record.launch.number())
            .expect("a launch stays with its tasks")
            .spec;
        if !spec.is_simple {
            let containers = spec.containers.len();
            let is_followed = spec.containers.iter().any(ContainerPlan::is_followed);
            if is_followed || spec.shared_memory.is_some() {
                let lives = vec![ContainerLife::NEW; containers];
                self.hosts.lives.insert(task, lives);
            }
            if containers > 1 {
                let rest = vec![HostContainer::WAITING; containers - 1];
                self.hosts.rest.insert(task, rest);
            }
        }
        self.hosts.tasks.insert(task.number(), record);
    }

    #[inline(never)]
    pub(super) fn host_started(&mut self, now: SimTime, task: TaskId) {
        let record = self.host_task_mut(task);
        assert_eq!(record.phase, HostPhase::Queued, "a task starts once");
        record.phase = HostPhase::Active;
        record.first.phase = HostContainerPhase::Pulling;
        record.pull_started_at = now.into();
        let (launch, on) = (record.launch, record.on);
        self.pulls_begin(now, task);
        if let Some(host) = self.host_taken(task, launch, on) {
            let first = host.queue.leave_first();
            assert_eq!(first, Some(task), "the queue is served from its head");
        }
    }

    /// The images of the other containers of a task are pulled too.
    #[inline(always)]
    fn pulls_begin(&mut self, now: SimTime, task: TaskId) {
        if !self.hosts.rest.is_empty() {
            for container in self.hosts.rest.get_mut(&task).into_iter().flatten() {
                container.phase = HostContainerPhase::Pulling;
            }
        }
        if !self.hosts.lives.is_empty() {
            self.followed_started(now, task);
        }
    }

    /// A task holds its demand on its host, which is given. On Fargate it has a host to itself, of its own size: nothing to count.
    #[inline(always)]
    fn host_taken(
        &mut self,
        task: TaskId,
        launch: LaunchId,
        on: Option<ContainerInstanceId>,
    ) -> Option<&mut Host> {
        let on = on?;
        let demand = demand_of(&self.launches, launch);
        let gpus = self.extras.get(&task).map_or(0, |extras| extras.gpus);
        let host = self.hosts.host_mut(on);
        let left = |have: u32, want: u32| {
            have.checked_sub(want)
                .expect("a task starts only when it fits its host")
        };
        host.cpu = left(host.cpu, demand.cpu);
        host.memory = left(host.memory, demand.memory);
        assert_eq!(host.gpus & gpus, 0, "a GPU is held by one task");
        host.gpus |= gpus;
        take_ports(&mut host.tcp, &demand.tcp);
        take_ports(&mut host.udp, &demand.udp);
        Some(host)
    }

    fn host_dequeued(&mut self, now: SimTime, task: TaskId) {
        let record = self.host_task_mut(task);
        assert_eq!(
            record.phase,
            HostPhase::Queued,
            "only a task that waits leaves the queue so"
        );
        record.phase = HostPhase::Stopped;
        record.first.phase = HostContainerPhase::Stopped;
        record.first.stopped_at = now.into();
        let on = record.on;
        for container in self.hosts.rest.get_mut(&task).into_iter().flatten() {
            container.phase = HostContainerPhase::Stopped;
            container.stopped_at = now.into();
        }
        let on = on.expect("only container instances have queues");
        self.hosts.host_mut(on).queue.leave(task);
    }

    #[inline(never)]
    pub(super) fn host_container_ended(
        &mut self,
        now: SimTime,
        (task, container): (TaskId, u16),
        (exit_code, reason): (Exit, ContainerReason),
        essential: bool,
    ) {
        if container > 0 {
            let record = self.host_container_mut(task, container);
            record.end(now, exit_code, reason);
        }
        let is_only = self.is_only_container(task);
        let held = self.host_task_mut(task);
        if container == 0 {
            held.first.end(now, exit_code, reason);
        }
        if reason == ContainerReason::CannotPull {
            held.pull_stopped_at = now.into();
        }
        if essential && !held.execution_stopped_at.has_come() {
            held.execution_stopped_at = now.into();
        }
        if is_only {
            let (launch, on) = held.stop();
            self.host_freed(task, launch, on);
        }
    }

    #[inline(never)]
    pub(super) fn host_container_moved(
        &mut self,
        now: SimTime,
        task: TaskId,
        container: u16,
        to: HostContainerPhase,
    ) {
        let mut was_pulling = false;
        if container > 0 {
            was_pulling = self.host_container_mut(task, container).move_to(to);
        }
        let is_only = self.is_only_container(task);
        let held = self.host_task_mut(task);
        if container == 0 {
            was_pulling = held.first.move_to(to);
        }
        if was_pulling {
            held.pull_stopped_at = now.into();
        }
        if is_only && to == HostContainerPhase::Running {
            held.running_at = now.into();
        }
        if !self.hosts.lives.is_empty() {
            self.life_moved(now, task, container, to);
        }
    }

    /// Whether a task has one container, with which it runs and stops.
    #[inline]
    pub(super) fn is_only_container(&self, task: TaskId) -> bool {
        self.hosts.rest.is_empty() || !self.hosts.rest.contains_key(&task)
    }

    pub(super) fn host_stopped(&mut self, task: TaskId) {
        let (launch, on) = self.host_task_mut(task).stop();
        self.host_freed(task, launch, on);
    }

    /// What a task held returns to its host.
    #[inline]
    fn host_freed(&mut self, task: TaskId, launch: LaunchId, on: Option<ContainerInstanceId>) {
        let Some(on) = on else { return };
        let demand = demand_of(&self.launches, launch);
        let gpus = self.extras.get(&task).map_or(0, |extras| extras.gpus);
        let chosen = match self.hosts.chosen_ports.is_empty() {
            true => None,
            false => self.hosts.chosen_ports.get(&task).cloned(),
        };
        let host = self.hosts.host_mut(on);
        host.cpu += demand.cpu;
        host.memory += demand.memory;
        host.gpus &= !gpus;
        give_back_ports(&mut host.tcp, &demand.tcp);
        give_back_ports(&mut host.udp, &demand.udp);
        if let Some(ports) = chosen {
            give_back_ports(&mut host.dynamic, &ports);
        }
    }

    /// Remembers the pending stage of the first container of a task, if an agent has it.
    #[inline]
    pub(crate) fn set_timer(&mut self, task: TaskId, key: Key) {
        if let Some(record) = self.hosts.tasks.get_mut(task.number()) {
            record.timer = Some(key);
        }
    }

    #[inline(never)]
    pub(super) fn host_running(&mut self, now: SimTime, task: TaskId) {
        self.host_task_mut(task).running_at = now.into();
    }

    pub(super) fn host_forgotten(&mut self, task: TaskId) {
        let gone = self.hosts.tasks.forget(task.number());
        assert!(gone, "an agent forgets a task once");
        if !self.hosts.rest.is_empty() {
            self.hosts.rest.remove(&task);
        }
        if !self.hosts.lives.is_empty() {
            self.hosts.lives.remove(&task);
        }
    }

    pub(super) fn host_task_mut(&mut self, task: TaskId) -> &mut HostTask {
        self.hosts
            .tasks
            .get_mut(task.number())
            .expect("changes are about tasks that their agent has")
    }

    pub(super) fn host_container_mut(
        &mut self,
        task: TaskId,
        container: u16,
    ) -> &mut HostContainer {
        match container {
            0 => &mut self.host_task_mut(task).first,
            _ => {
                let rest = self
                    .hosts
                    .rest
                    .get_mut(&task)
                    .expect("a task of several containers has a list of them");
                &mut rest[usize::from(container) - 1]
            }
        }
    }
}

/// What a task on a host takes.
fn demand_of(launches: &super::table::Table<super::Launch>, launch: LaunchId) -> &Demand {
    let launch = launches.get(launch.number());
    &launch.expect("a launch stays with its tasks").spec.demand
}
