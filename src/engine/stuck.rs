//! What has not come to where it is wanted, and what each of it waits for.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::ids::{CallId, ContainerInstanceId, ControllerId, TaskId};
use crate::ledger::host::{HostContainerPhase, HostPhase, Power};
use crate::ledger::{Demand, Event, Host, HostTask, InstanceRecord, TaskRecord};
use crate::model::{AttachmentStatus, LastStatus, StartCondition};
use crate::time::SimTime;

use super::Engine;

/// What [`must_settle`](crate::Simulation::must_settle) found when it gave up: all that is stuck, and why.
///
/// Its text has a line for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsettled {
    /// What the clock says.
    pub at: SimTime,
    /// What is not as it is wanted: container instances first, then tasks, then controllers, in order of their numbers.
    pub stuck: Vec<Stuck>,
    /// How many events were pending that something waits for.
    pub pending: usize,
}

/// Something that is not as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Stuck {
    /// A registered container instance that the control plane does not hear.
    ContainerInstance {
        /// Which one.
        instance: ContainerInstanceId,
        /// Whether its machine runs.
        power: Power,
        /// When its agent will be back, if that is under way.
        until: Option<SimTime>,
    },
    /// A task that does not run though it is wanted, or has not stopped though it is not.
    Task {
        /// Which one.
        task: TaskId,
        /// Its family.
        family: Arc<str>,
        /// What it is.
        last_status: LastStatus,
        /// Whether it is wanted RUNNING; STOPPED otherwise.
        is_wanted: bool,
        /// Where it was placed; nothing on Fargate.
        on: Option<ContainerInstanceId>,
        /// Why it is no further.
        waits_for: WaitsFor,
    },
    /// A controller that does not run, or is not done.
    Controller {
        /// Which one.
        controller: ControllerId,
        /// Its name.
        name: Arc<str>,
        /// Why it is no further.
        waits_for: ControllerWaitsFor,
    },
    /// A replica that does not show the truth yet.
    Replicas {
        /// When the last of them will.
        until: SimTime,
    },
}

/// What keeps a task from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum WaitsFor {
    /// Its network interface.
    Interface {
        /// How far that is.
        status: AttachmentStatus,
        /// When it comes further.
        until: Option<SimTime>,
    },
    /// What registers it with others before it is RUNNING, or removes it there before it stops.
    Registration {
        /// When that is done.
        until: Option<SimTime>,
    },
    /// A machine that does not run: the control plane has yet to learn of it.
    Machine {
        /// Whether it was stopped or is gone.
        power: Power,
        /// When that is known.
        until: Option<SimTime>,
    },
    /// An agent that is not connected.
    Agent {
        /// When it is back, if that is under way.
        until: Option<SimTime>,
    },
    /// The end of a partition between the control plane and its agent.
    Partition {
        /// When that is.
        until: SimTime,
    },
    /// A message between the control plane and its agent.
    Message {
        /// Which one, as traces call it.
        name: &'static str,
        /// When it arrives.
        until: SimTime,
    },
    /// Room on its host.
    Queue {
        /// How many tasks are served before it.
        ahead: usize,
        /// The head of the queue; the task itself when none is ahead.
        head: TaskId,
        /// What the head needs and the host has not.
        lacks: Vec<Lack>,
        /// The tasks that hold something there.
        held_by: Vec<TaskId>,
    },
    /// Containers of its own.
    Containers(Vec<WaitingContainer>),
    /// Nothing that is known: no event is pending that could move it.
    Nothing,
}

/// What keeps a controller from being done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum ControllerWaitsFor {
    /// To be restarted: it crashed.
    Restart,
    /// The end of a call.
    Call {
        /// Which one.
        call: CallId,
        /// What of.
        operation: &'static str,
        /// The attempt that is under way, counted from 1.
        attempt: u8,
        /// What becomes of it next.
        next: CallStage,
        /// When that is.
        until: SimTime,
    },
    /// To be woken for work.
    Timer {
        /// When that is.
        until: SimTime,
    },
}

/// What becomes next of a call under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CallStage {
    /// It is made again, after the last attempt failed.
    Again,
    /// It reaches ECS.
    Arrives,
    /// Its answer reaches the controller.
    Answered,
    /// The controller waits no longer for an answer.
    TimesOut,
}

/// A resource of a host of which there is not enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// `CPU`, `MEMORY`, `GPU`, or a port such as `80/tcp`.
    pub resource: String,
    /// How much is needed.
    pub needed: u32,
    /// How much is free.
    pub free: u32,
}

/// A container that keeps its task from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingContainer {
    /// Its name in the task definition.
    pub name: Arc<str>,
    /// How far it is on its host.
    pub phase: HostContainerPhase,
    /// When it goes on.
    pub until: Option<SimTime>,
    /// The containers it waits for, and what they must come to.
    pub after: Vec<(Arc<str>, StartCondition)>,
}

/// What is pending of one task, or of one container instance.
type Pending = Vec<(SimTime, Event)>;

impl Engine {
    /// Everything that is not as it is wanted.
    pub(super) fn stuck(&self) -> Vec<Stuck> {
        let mut of_tasks: BTreeMap<TaskId, Pending> = BTreeMap::new();
        let mut of_instances: BTreeMap<ContainerInstanceId, Pending> = BTreeMap::new();
        for (at, event) in self.queue.iter().filter(|(_, it)| !it.is_housekeeping()) {
            if let Some(task) = event.task() {
                of_tasks.entry(task).or_default().push((at, *event));
            } else if let Some(instance) = event.container_instance() {
                of_instances.entry(instance).or_default().push((at, *event));
            }
        }
        let none = Pending::new();
        let instances = self.ledger().instances().iter();
        let mut stuck: Vec<Stuck> = instances
            .filter_map(|(id, record)| {
                self.stuck_instance(id, record, of_instances.get(&id).unwrap_or(&none))
            })
            .collect();
        let tasks = self.ledger().tasks().filter(|(_, record)| is_stuck(record));
        stuck.extend(tasks.map(|(task, record)| {
            let pending = of_tasks.get(&task).unwrap_or(&none);
            let there = record.on.and_then(|on| of_instances.get(&on));
            Stuck::Task {
                task,
                family: Arc::clone(&self.ledger().launch_of(record).family),
                last_status: record.last_status,
                is_wanted: record.is_wanted(),
                on: record.on,
                waits_for: self.waits_for(task, record, pending, there.unwrap_or(&none)),
            }
        }));
        stuck.extend(self.stuck_controllers());
        let until = self.converged_at();
        if until > self.now() {
            stuck.push(Stuck::Replicas { until });
        }
        stuck
    }

    fn stuck_instance(
        &self,
        instance: ContainerInstanceId,
        record: &InstanceRecord,
        pending: &Pending,
    ) -> Option<Stuck> {
        let power = self.ledger().hosts().host(instance)?.power;
        // What is terminated stays ACTIVE for ever if its agent was not connected: that is as ECS has it.
        let is_stuck = record.is_registered()
            && power != Power::Terminated
            && !(power.is_on() && record.agent_connected);
        is_stuck.then(|| Stuck::ContainerInstance {
            instance,
            power,
            until: first(pending, |event| matches!(event, Event::AgentBack(_)))
                .or_else(|| self.ledger().cut_until(instance)),
        })
    }

    fn waits_for(
        &self,
        task: TaskId,
        record: &TaskRecord,
        pending: &Pending,
        there: &Pending,
    ) -> WaitsFor {
        let interface = self.ledger().extras(task);
        let interface = interface.and_then(|extras| extras.interface.as_ref());
        let is_early = matches!(
            record.last_status,
            LastStatus::Provisioning | LastStatus::Deprovisioning
        );
        if let Some(interface) = interface.filter(|_| is_early) {
            return WaitsFor::Interface {
                status: interface.status,
                until: first(pending, |event| matches!(event, Event::InterfaceDue(..))),
            };
        }
        let is_registering = match record.last_status {
            LastStatus::Activating => record.is_wanted(),
            LastStatus::Deactivating => true,
            _ => false,
        };
        if is_registering {
            let is_done = |event: &Event| {
                matches!(event, Event::TaskActivated(_) | Event::TaskDeactivated(_))
            };
            let until = first(pending, is_done);
            return WaitsFor::Registration { until };
        }
        let hosts = self.ledger().hosts();
        let host = record.on.and_then(|on| hosts.host(on));
        if let Some(host) = host.filter(|host| !host.power.is_on()) {
            return WaitsFor::Machine {
                power: host.power,
                until: first(there, |event| matches!(event, Event::HostLost(..))),
            };
        }
        let cut_until = record.on.and_then(|on| self.ledger().cut_until(on));
        if let Some(until) = cut_until {
            return WaitsFor::Partition { until };
        }
        let is_connected = |on| self.ledger().instances().is_connected(on);
        if !record.on.is_none_or(is_connected) {
            return WaitsFor::Agent {
                until: first(there, |event| matches!(event, Event::AgentBack(_))),
            };
        }
        let messages = pending.iter().filter(|(_, event)| event.is_message());
        let message = messages.min_by_key(|(at, _)| *at);
        if let Some((until, event)) = message {
            return WaitsFor::Message {
                name: event.name(),
                until: *until,
            };
        }
        match (hosts.task(task), host) {
            (Some(held), Some(host)) if held.phase == HostPhase::Queued => {
                self.queued(task, record, host)
            }
            (Some(held), _) if held.phase == HostPhase::Active => {
                WaitsFor::Containers(self.containers(task, held, record.is_wanted(), pending))
            }
            _ => WaitsFor::Nothing,
        }
    }

    fn queued(&self, task: TaskId, record: &TaskRecord, host: &Host) -> WaitsFor {
        let head = host.queue.iter().next().unwrap_or(task);
        let hosts = self.ledger().hosts();
        let holds = |(_, held): &(TaskId, &HostTask)| {
            held.on == record.on && held.phase == HostPhase::Active
        };
        let launch = hosts.task(head).map(|held| held.launch);
        let launch = launch.and_then(|launch| self.ledger().launch(launch));
        let gpus = self.ledger().extras(head).map_or(0, |extras| extras.gpus);
        WaitsFor::Queue {
            ahead: host.queue.iter().take_while(|other| *other != task).count(),
            head,
            lacks: launch.map_or_else(Vec::new, |launch| lacks(host, &launch.spec.demand, gpus)),
            held_by: hosts.tasks().filter(holds).map(|(task, _)| task).collect(),
        }
    }

    fn containers(
        &self,
        task: TaskId,
        held: &HostTask,
        is_wanted: bool,
        pending: &Pending,
    ) -> Vec<WaitingContainer> {
        let launch = self.ledger().launch(held.launch);
        let plans = &launch
            .expect("a launch stays with its tasks")
            .spec
            .containers;
        let containers = self.ledger().hosts().containers(task).zip(plans.iter());
        let mut waiting = Vec::new();
        for (index, (container, plan)) in (0_u16..).zip(containers) {
            let is_done = match container.phase {
                HostContainerPhase::Stopped => true,
                HostContainerPhase::Running => is_wanted,
                _ => false,
            };
            if is_done {
                continue;
            }
            let is_next = |event: &Event| event.stage_of() == Some((task, index));
            let is_waiting = container.phase == HostContainerPhase::Waiting;
            let after = plan.waits_for.iter().filter(|_| is_waiting);
            waiting.push(WaitingContainer {
                name: Arc::clone(&plan.name),
                phase: container.phase,
                until: first(pending, is_next),
                after: after
                    .map(|it| (Arc::clone(&plans[usize::from(it.on)].name), it.condition))
                    .collect(),
            });
        }
        waiting
    }
}

/// Whether a task is not as it is wanted.
fn is_stuck(record: &TaskRecord) -> bool {
    match record.is_wanted() {
        true => record.last_status != LastStatus::Running,
        false => !record.is_stopped(),
    }
}

/// When the first of the pending events that `matches` comes due.
fn first(pending: &Pending, matches: impl Fn(&Event) -> bool) -> Option<SimTime> {
    let matching = pending.iter().filter(|(_, event)| matches(event));
    matching.map(|(at, _)| *at).min()
}

/// What a task needs and its host has not.
fn lacks(host: &Host, demand: &Demand, gpus: u64) -> Vec<Lack> {
    let lack = |resource: &str, needed: u32, free: u32| Lack {
        resource: resource.to_owned(),
        needed,
        free,
    };
    let free_gpus = (gpus & !host.gpus).count_ones();
    let sizes = [
        lack("CPU", demand.cpu, host.cpu),
        lack("MEMORY", demand.memory, host.memory),
        lack("GPU", gpus.count_ones(), free_gpus),
    ];
    let port = |protocol: &str, port: u16| lack(&format!("{port}/{protocol}"), 1, 0);
    let taken = |bound: &[u16], port: u16| bound.binary_search(&port).is_ok();
    let tcp = demand.tcp.iter().filter(|it| taken(&host.tcp, **it));
    let udp = demand.udp.iter().filter(|it| taken(&host.udp, **it));
    let tcp = tcp.map(|it| port("tcp", *it));
    let udp = udp.map(|it| port("udp", *it));
    let short = sizes.into_iter().filter(|it| it.needed > it.free);
    short.chain(tcp).chain(udp).collect()
}
