//! How the control plane's truth moves: one arm for each change, with what must hold before and after.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, LaunchId, TaskId};
use crate::model::{DesiredStatus, LastStatus, StopCode};
use crate::time::SimTime;

use super::change::Change;
use super::cluster::{Capacity, ClusterRecord};
use super::group::{Counts, GroupRecord};
use super::launch::{Launch, LaunchSpec, PlainLaunch};
use super::task::{
    ContainerReason, ContainerRecord, ContainerStatus, Exit, Moment, StoppedReason, TaskExtras,
    TaskRecord,
};
use super::{Ledger, PullFailure};

impl Ledger {
    /// Begins a commit: the visible changes of a task within it count as one.
    pub(crate) fn begin_commit(&mut self) {
        self.bumped = None;
    }

    /// Moves the ledger by one change: here those of which there are some in every task's life.
    ///
    /// # Panics
    ///
    /// When the change contradicts the ledger: handlers decide on the state they change, so that would be a mistake of
    /// this library.
    pub(crate) fn apply(&mut self, now: SimTime, change: &Change) {
        match *change {
            Change::TaskPlaced { task, launch, on } => self.task_placed(now, task, launch, on),
            Change::TaskUnwanted {
                task,
                code,
                reason,
                ref given,
            } => self.task_unwanted(now, task, code, reason, given.as_ref()),
            Change::TaskMoved { task, to } => self.task_moved(now, task, to),
            Change::TaskTimed {
                task,
                pull_started,
                pull_stopped,
                execution_stopped,
            } => self.task_timed(task, [pull_started, pull_stopped, execution_stopped]),
            Change::ContainerMoved {
                task,
                container,
                to,
                exit_code,
                reason,
            } => self.container_moved((task, container), to, exit_code.into(), reason),
            Change::TaskForgotten { task } => self.task_forgotten(task),
            Change::HostAccepted { task, launch, on } => self.host_accepted(task, launch, on),
            Change::HostStarted { task } => self.host_started(now, task),
            Change::HostContainerMoved {
                task,
                container,
                to,
            } => self.host_container_moved(now, task, container, to),
            Change::HostContainerEnded {
                task,
                container,
                exit_code,
                reason,
                essential,
            } => {
                let end = (exit_code.into(), reason);
                self.host_container_ended(now, (task, container), end, essential);
            }
            Change::HostRunning { task } => self.host_running(now, task),
            Change::HostStopped { task } => self.host_stopped(task),
            Change::HostForgotten { task } => self.host_forgotten(task),
            _ => self.apply_rare(now, change),
        }
    }

    /// The other changes to the control plane, and then those to the hosts.
    #[inline(never)]
    fn apply_rare(&mut self, now: SimTime, change: &Change) {
        match change {
            Change::ClusterCreated { cluster, spec } => self.cluster_created(*cluster, spec),
            Change::ClusterDeleted { cluster } => {
                let record = &mut self.clusters.records[cluster.index()];
                assert!(record.active, "only an active cluster is deleted");
                record.active = false;
                record.deleted_at = Some(now);
            }
            Change::InstanceRegistered { instance, spec } => {
                self.instance_registered(now, *instance, spec)
            }
            Change::InstanceReregistered { instance, spec } => {
                self.instance_reregistered(*instance, spec)
            }
            Change::InstanceStatusChanged { instance, to } => {
                let record = self.instance_mut(*instance);
                record.status = *to;
                record.version += 1;
                self.refresh_open(*instance);
            }
            Change::AgentConnectionChanged {
                instance,
                connected,
            } => {
                self.instances.connected[instance.index()] = *connected;
                let record = self.instance_mut(*instance);
                record.agent_connected = *connected;
                record.version += 1;
                self.refresh_open(*instance);
            }
            Change::InstanceDeregistered { instance } => self.instance_deregistered(*instance),
            Change::InstanceForgotten { instance } => {
                let gone = self.instances.records.remove(instance.number());
                assert!(gone.is_some(), "a container instance is forgotten once");
                self.host_abandoned(*instance);
                self.listing.instance_forgotten(*instance);
            }
            Change::DefinitionRegistered { definition, spec } => {
                self.definitions.registered(*definition, spec)
            }
            Change::DefinitionDeregistered {
                definition,
                refused_from,
            } => self
                .definitions
                .deregistered(now, *definition, *refused_from),
            Change::DefinitionDeleteRequested { definition } => {
                self.definitions.delete_requested(now, *definition)
            }
            Change::DefinitionForgotten { definition } => self.definitions.forgotten(*definition),
            Change::GroupOpened {
                group,
                cluster,
                name,
            } => {
                assert_eq!(group.number(), self.groups.minted, "task groups are dense");
                self.groups.minted += 1;
                self.groups.records.insert(
                    group.number(),
                    GroupRecord {
                        cluster: *cluster,
                        name: Arc::clone(name),
                        wanted: Counts::default(),
                        zones: Vec::new(),
                        launches: 0,
                    },
                );
                let names = self.groups.by_name.entry(*cluster).or_default();
                names.insert(Arc::clone(name), *group);
            }
            Change::LaunchOpened {
                launch,
                spec,
                plain,
            } => self.launch_opened(*launch, spec, *plain),
            Change::InterfaceAsked { task, subnet, zone } => {
                self.interface_asked(*task, *subnet, zone.as_ref());
            }
            Change::InterfaceMoved { task, to } => self.interface_moved(now, *task, *to),
            Change::TaskRefused { task, .. } => self.mint_task(*task),
            Change::SchedulerErred { error } => self.scheduler_errors.add(error),
            Change::ContainerHealthMoved {
                task,
                container,
                to,
            } => self.container_health_moved(*task, *container, *to),
            Change::TaskTouched { task } => {
                self.touched(*task);
            }
            Change::TokenKept {
                cluster,
                name,
                token,
            } => self.tokens.keep(*cluster, name, token),
            Change::PullFailing { image, until } => {
                self.pull_failures.push(PullFailure {
                    image: image.clone(),
                    from: now,
                    until: *until,
                    of_registry: false,
                });
            }
            Change::ReadsLagging { lag, until } => self.versions.spike(*lag, *until),
            Change::ReadLagEnded => self.versions.calm(),
            Change::CallFault(change) => self.call_faults.apply(now, change),
            Change::Controller(change) => self.controllers.apply(change),
            Change::Subscribed { .. }
            | Change::Unsubscribed { .. }
            | Change::StateChangeSent { .. }
            | Change::StateChangeDelivered { .. } => self.apply_subscriptions(change),
            _ => self.apply_host(now, change),
        }
    }

    fn cluster_created(&mut self, cluster: ClusterId, spec: &Arc<super::cluster::ClusterSpec>) {
        assert_eq!(cluster, self.next_cluster(), "clusters are dense");
        self.clusters.records.push(ClusterRecord {
            spec: Arc::clone(spec),
            active: true,
            deleted_at: None,
            capacity: Capacity::default(),
            running: 0,
            pending: 0,
            running_on_fargate: 0,
            pending_on_fargate: 0,
            live: 0,
        });
        self.clusters
            .by_name
            .insert(Arc::clone(&spec.name), cluster);
        self.listing.cluster_created(cluster);
    }

    fn launch_opened(&mut self, launch: LaunchId, spec: &Arc<LaunchSpec>, plain: bool) {
        assert_eq!(launch, self.next_launch(), "launches are dense");
        self.next_launch += 1;
        let group = self.groups.records.get_mut(spec.group.number());
        group
            .expect("a group is opened before its first launch")
            .launches += 1;
        if plain {
            let plain = PlainLaunch {
                cluster: spec.cluster,
                launch,
            };
            self.definitions.plain_opened(spec.definition, plain);
        }
        let opened = Launch {
            spec: Arc::clone(spec),
            tasks: 0,
            keys: self.listing.launch_opened(spec),
        };
        self.launches.insert(launch.number(), opened);
    }

    fn mint_task(&mut self, task: TaskId) {
        assert_eq!(task.number(), self.next_task, "tasks are dense");
        self.next_task = self
            .next_task
            .checked_add(1)
            .expect("a run asks for fewer than 2^32 - 1 tasks");
    }

    #[inline(never)]
    fn task_placed(
        &mut self,
        now: SimTime,
        task: TaskId,
        launch: LaunchId,
        on: Option<ContainerInstanceId>,
    ) {
        self.mint_task(task);
        let entry = self
            .launches
            .get_mut(launch.number())
            .expect("a launch is opened before its tasks");
        entry.tasks += 1;
        let spec = &*entry.spec;
        self.definitions.task_placed(spec.definition);
        let last_status = if spec.demand.enis > 0 {
            LastStatus::Provisioning
        } else {
            LastStatus::Pending
        };
        let cluster = &mut self.clusters.records[spec.cluster.index()];
        cluster.pending += u32::from(last_status == LastStatus::Pending);
        cluster.live += 1;
        let mut gpus = 0;
        if let Some(on) = on {
            let record = self
                .instances
                .records
                .get_mut(on.number())
                .expect("tasks are placed on known instances");
            let row = cluster
                .capacity
                .row(on)
                .expect("tasks are placed on registered instances");
            gpus = record.task_placed(task, &spec.demand, last_status);
            let group = self.groups.records.get_mut(spec.group.number());
            let group = group.expect("a group stays while a launch belongs to it");
            let count = group.wanted.add(on);
            let capacity = &mut cluster.capacity;
            capacity.occupy(row, &spec.demand, (spec.group, count));
        }
        if gpus != 0 || spec.containers.len() > 1 {
            let extras = TaskExtras {
                rest: vec![ContainerRecord::PENDING; spec.containers.len() - 1],
                gpus,
                ..TaskExtras::default()
            };
            self.extras.insert(task, extras);
        }
        self.listing.task_placed(spec.cluster, entry.keys, on, task);
        let record = TaskRecord::placed(launch, on, last_status, now);
        self.tasks.insert(task.number(), record);
    }

    #[inline(never)]
    fn task_unwanted(
        &mut self,
        now: SimTime,
        task: TaskId,
        code: StopCode,
        reason: StoppedReason,
        given: Option<&Arc<str>>,
    ) {
        let record = self.touched(task);
        assert!(record.is_wanted(), "desired status falls once");
        record.desired_status = DesiredStatus::Stopped;
        record.stop_code = Some(code);
        record.stopped_reason = reason;
        record.stopping_at = now.into();
        let (on, launch) = (record.on, record.launch);
        self.listing.task_unwanted(task);
        if given.is_some() {
            self.extras.entry(task).or_default().reason = given.cloned();
        }
        let spec = &*self
            .launches
            .get(launch.number())
            .expect("a launch stays with its tasks")
            .spec;
        let group = self.groups.records.get_mut(spec.group.number());
        let group = group.expect("a group stays while a launch belongs to it");
        let extras = self.extras.get_mut(&task).map(|extras| {
            if code == StopCode::UserInitiated {
                // Stopping a task deletes its tags (API reference of `StopTask`).
                extras.tags = None;
            }
            &*extras
        });
        let Some(on) = on else {
            let zone = extras.and_then(|extras| extras.interface.as_ref()?.zone.as_ref());
            group.leave_zone(zone.expect("a task on Fargate is in a zone"));
            return;
        };
        let count = group.wanted.remove(on);
        let capacity = &mut self.clusters.records[spec.cluster.index()].capacity;
        let row = capacity
            .row(on)
            .expect("an instance stays registered while tasks on it are wanted");
        capacity.vacate(row, &spec.demand, (spec.group, count));
        let instance = self
            .instances
            .records
            .get_mut(on.number())
            .expect("a registered instance is known");
        instance.task_unwanted(&spec.demand, extras.map_or(0, |extras| extras.gpus));
    }

    #[inline(never)]
    fn task_moved(&mut self, now: SimTime, task: TaskId, to: LastStatus) {
        let record = self.touched(task);
        let from = record.last_status;
        assert!(from < to, "last status never goes back: {from:?} to {to:?}");
        record.last_status = to;
        match to {
            LastStatus::Running => record.started_at = now.into(),
            LastStatus::Stopped => record.stopped_at = now.into(),
            _ => {}
        }
        assert!(
            to != LastStatus::Stopped || !record.is_wanted(),
            "a stopped task is not wanted"
        );
        let (on, launch) = (record.on, record.launch);
        let spec = &self
            .launches
            .get(launch.number())
            .expect("a launch stays with its tasks")
            .spec;
        let cluster = &mut self.clusters.records[spec.cluster.index()];
        cluster.task_moved(from, to, on.is_none());
        match to {
            LastStatus::Stopped => self.definitions.task_stopped(spec.definition),
            // It is described, and listed no more.
            LastStatus::Deleted => self.listing.task_forgotten(task),
            _ => {}
        }
        let (was_pending, is_pending) = (from == LastStatus::Pending, to == LastStatus::Pending);
        if !was_pending && !is_pending && to != LastStatus::Stopped {
            return;
        }
        let Some(on) = on else { return };
        let instance = self.instances.records.get_mut(on.number());
        let instance =
            instance.expect("an instance stays known while tasks on it have not stopped");
        instance.pending = instance.pending + u32::from(is_pending) - u32::from(was_pending);
        if to == LastStatus::Stopped {
            let at = instance.tasks.binary_search(&task);
            let at = at.expect("a live task is listed on its instance");
            instance.tasks.remove(at);
            if spec.demand.enis > 0 {
                cluster.capacity.free_interface(on, spec.demand.enis);
            }
        }
    }

    #[inline(never)]
    fn task_forgotten(&mut self, task: TaskId) {
        let record = self
            .tasks
            .remove(task.number())
            .expect("a task is forgotten once");
        assert!(record.is_stopped(), "only a stopped task is forgotten");
        self.extras.remove(&task);
        self.hosts.chosen_ports.remove(&task);
        let launch = self
            .launches
            .get_mut(record.launch.number())
            .expect("a launch stays with its tasks");
        launch.tasks -= 1;
        if record.last_status != LastStatus::Deleted {
            self.listing.task_forgotten(task);
        }
        if launch.tasks > 0 {
            return;
        }
        let launch = self
            .launches
            .remove(record.launch.number())
            .expect("it was just read");
        self.definitions
            .launch_closed(launch.spec.definition, record.launch);
        self.listing.launch_closed(&launch.spec, launch.keys);
        let number = launch.spec.group.number();
        let group = self
            .groups
            .records
            .get_mut(number)
            .expect("a group stays while a launch belongs to it");
        group.launches -= 1;
        if group.launches == 0 {
            let group = self
                .groups
                .records
                .remove(number)
                .expect("it was just read");
            let cluster = &mut self.clusters.records[group.cluster.index()];
            cluster.capacity.forget_group(launch.spec.group);
            if let Some(names) = self.groups.by_name.get_mut(&group.cluster) {
                names.remove(&group.name);
            }
        }
    }

    #[inline(never)]
    fn task_timed(&mut self, task: TaskId, [started, stopped, execution_stopped]: [Moment; 3]) {
        let record = self.task_mut(task);
        record.pull_started_at = started;
        record.pull_stopped_at = stopped;
        record.execution_stopped_at = execution_stopped;
    }

    #[inline(never)]
    fn container_moved(
        &mut self,
        (task, container): (TaskId, u16),
        to: ContainerStatus,
        exit_code: Exit,
        reason: ContainerReason,
    ) {
        let record = self.container_mut(task, container);
        assert!(record.status <= to, "a container never goes back");
        record.status = to;
        record.exit_code = exit_code;
        record.reason = reason;
    }

    /// A task that changes visibly: its version grows by one, however many changes one commit makes.
    pub(super) fn touched(&mut self, task: TaskId) -> &mut TaskRecord {
        let is_first = self.bumped != Some(task);
        self.bumped = Some(task);
        let record = self.task_mut(task);
        record.version += u32::from(is_first);
        record
    }

    fn task_mut(&mut self, task: TaskId) -> &mut TaskRecord {
        self.tasks
            .get_mut(task.number())
            .expect("changes are about known tasks")
    }

    fn container_mut(&mut self, task: TaskId, container: u16) -> &mut ContainerRecord {
        match container {
            0 => &mut self.task_mut(task).first,
            _ => {
                let extras = self
                    .extras
                    .get_mut(&task)
                    .expect("a task of several containers has extras");
                &mut extras.rest[usize::from(container) - 1]
            }
        }
    }
}
