//! How the control plane's truth moves: one arm for each change, with what must hold before and after.

use std::sync::Arc;

use crate::ids::{ClusterId, LaunchId};
use crate::time::SimTime;

use super::change::Change;
use super::cluster::{Capacity, ClusterRecord};
use super::group::{Counts, GroupRecord};
use super::launch::{Launch, LaunchSpec, PlainLaunch};
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
    #[inline]
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
            Change::TaskHeard {
                task,
                to,
                pull_started,
                pull_stopped,
                execution_stopped,
            } => {
                let times = [pull_started, pull_stopped, execution_stopped];
                self.task_heard(now, task, to, times);
            }
            Change::ContainerMoved {
                task,
                container,
                to,
                exit_code,
                reason,
            } => self.container_moved((task, container), to, exit_code.into(), reason),
            Change::TaskForgotten { task } => self.task_forgotten(task),
            Change::HostAccepted { task, launch, on } => self.host_accepted(task, launch, on),
            Change::HostStartedAtOnce { task, launch, on } => {
                self.host_started_at_once(now, task, launch, on);
            }
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
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each change, and no more than that"
    )]
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
}
