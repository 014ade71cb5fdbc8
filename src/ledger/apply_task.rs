//! How tasks move as the control plane knows them.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::model::{DesiredStatus, LastStatus, StopCode};
use crate::time::SimTime;

use super::Ledger;
use super::task::{
    ContainerReason, ContainerRecord, ContainerStatus, Exit, Moment, StoppedReason, TaskExtras,
    TaskRecord,
};

impl Ledger {
    pub(super) fn mint_task(&mut self, task: TaskId) {
        assert_eq!(task.number(), self.next_task, "tasks are dense");
        self.next_task = self
            .next_task
            .checked_add(1)
            .expect("a run asks for fewer than 2^32 - 1 tasks");
    }

    #[inline(never)]
    pub(super) fn task_placed(
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
    pub(super) fn task_unwanted(
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
    pub(super) fn task_moved(&mut self, now: SimTime, task: TaskId, to: LastStatus) {
        let (from, on, launch) = self.touched(task).move_to(now, to);
        self.moved(task, (from, to), (on, launch));
    }

    /// What goes by a task's last status follows it.
    #[inline]
    fn moved(
        &mut self,
        task: TaskId,
        (from, to): (LastStatus, LastStatus),
        (on, launch): (Option<ContainerInstanceId>, LaunchId),
    ) {
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
    pub(super) fn task_forgotten(&mut self, task: TaskId) {
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

    /// An agent's report arrived; it forgets what has ended and is heard of.
    #[inline(never)]
    pub(super) fn task_heard(
        &mut self,
        now: SimTime,
        task: TaskId,
        to: LastStatus,
        [started, stopped, execution_stopped]: [Moment; 3],
    ) {
        let record = self.touched(task);
        record.pull_started_at = started;
        record.pull_stopped_at = stopped;
        record.execution_stopped_at = execution_stopped;
        let (from, on, launch) = record.move_to(now, to);
        self.moved(task, (from, to), (on, launch));
        if to >= LastStatus::Deprovisioning {
            self.host_forgotten(task);
        }
    }

    #[inline(never)]
    pub(super) fn container_moved(
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
