//! How what only some containers have moves on the hosts: restarts, health, images that are shared.

use std::sync::Arc;

use crate::ids::TaskId;
use crate::model::HealthStatus;
use crate::time::SimTime;

use super::Ledger;
use super::change::Change;
use super::host::{ContainerLife, HostContainerPhase, Power};

impl Ledger {
    /// Moves the hosts by one change of what only some containers have.
    ///
    /// # Panics
    ///
    /// When the change contradicts the hosts, or is one that is applied before.
    pub(super) fn apply_life(&mut self, now: SimTime, change: &Change) {
        match change {
            Change::HostContainerRestarted {
                task,
                container,
                up_at,
                ..
            } => {
                let phase = self.host_container_mut(*task, *container).phase;
                assert_eq!(
                    phase,
                    HostContainerPhase::Running,
                    "only what runs is started again"
                );
                let life = self.life_mut(*task, *container);
                life.restarts = life.restarts.saturating_add(1);
                life.started_at = now.into();
                life.up_at = (*up_at).into();
            }
            Change::HostHealthMoved {
                task,
                container,
                to,
            } => self.life_mut(*task, *container).health = *to,
            Change::HostHealthForced {
                task,
                container,
                passes,
                since,
            } => self.life_mut(*task, *container).forced = Some((*passes, *since)),
            Change::Hazard(change) => self.apply_hazard(now, change),
            Change::HostDownloading { on, downloads } => {
                let images = self.hosts.images.entry(*on).or_default();
                images.downloads = downloads.to_vec();
                images.as_of = now;
            }
            Change::HostImageKept { on, image } => {
                let images = self.hosts.images.entry(*on).or_default();
                images.kept.insert(Arc::clone(image));
            }
            Change::HostPowered { instance, to } => {
                let host = self.hosts.host_mut(*instance);
                let runs_on = host.power.is_on();
                assert_ne!(host.power, Power::Terminated, "a machine is lost once");
                host.power = *to;
                host.halts = host.halts.wrapping_add(u16::from(runs_on));
                host.noticed = false;
                if !to.is_on() {
                    self.instances.connected[instance.index()] = false;
                }
            }
            _ => self.apply_labels(change),
        }
    }

    /// A container has moved on that may be followed.
    pub(super) fn life_moved(
        &mut self,
        now: SimTime,
        task: TaskId,
        container: u16,
        to: HostContainerPhase,
    ) {
        if let Some(lives) = self.hosts.lives.get_mut(&task) {
            let life = &mut lives[usize::from(container)];
            match to {
                HostContainerPhase::Pulling => life.pull_started_at = now.into(),
                HostContainerPhase::Running => {
                    life.started_at = now.into();
                    life.up_at = now.into();
                }
                _ => {}
            }
        }
    }

    /// A task has started of which a container may be followed: those that wait for others go on waiting.
    pub(super) fn followed_started(&mut self, now: SimTime, task: TaskId) {
        let hosts = &mut self.hosts;
        let (Some(lives), Some(record)) = (
            hosts.lives.get_mut(&task),
            hosts.tasks.get_mut(task.number()),
        ) else {
            return;
        };
        let launch = self.launches.get(record.launch.number());
        let plans = &launch
            .expect("a launch stays with its tasks")
            .spec
            .containers;
        let rest = hosts.rest.get_mut(&task).into_iter().flatten();
        let containers = std::iter::once(&mut record.first).chain(rest);
        for ((container, plan), life) in containers.zip(plans.iter()).zip(lives) {
            if plan.waits_for.is_empty() {
                life.pull_started_at = now.into();
            } else {
                container.phase = HostContainerPhase::Waiting;
            }
        }
    }

    pub(super) fn container_health_moved(
        &mut self,
        task: TaskId,
        container: u16,
        to: HealthStatus,
    ) {
        let record = self
            .tasks
            .get(task.number())
            .expect("changes are about known tasks");
        let containers = self.launch_of(record).containers.len();
        let health = &mut self.extras.entry(task).or_default().health;
        health.resize(containers, HealthStatus::Unknown);
        health[usize::from(container)] = to;
    }

    pub(super) fn life_mut(&mut self, task: TaskId, container: u16) -> &mut ContainerLife {
        let lives = self.hosts.lives.get_mut(&task);
        let lives = lives.expect("only of a container that is followed there is more to change");
        &mut lives[usize::from(container)]
    }
}
