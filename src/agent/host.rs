//! An agent's queue: strictly first come first served, with head-of-line blocking.

use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::demand::{give_back_ports, ports_clash, take_ports};
use crate::ledger::host::HostContainerPhase;
use crate::ledger::{Ctx, Demand, Effects, Host, TaskRecord};

use super::images::Pulls;

/// What has just happened to a host, and is not in the ledger yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moved {
    /// A task joined the queue.
    Arrived(TaskId),
    /// A task left the queue without starting.
    LeftQueue(TaskId),
    /// A task gave back what it held.
    Released(TaskId),
}

/// A new task has come: it starts at once where none waits and it fits, or has a host to itself on Fargate; else it queues.
pub(super) fn arrived(
    ctx: &Ctx<'_>,
    task: TaskId,
    record: &TaskRecord,
    pulls: &mut Pulls<'_>,
    out: &mut Effects,
) {
    let (launch, on) = (record.launch, record.on);
    let starts = match on.map(|on| ctx.ledger.hosts().host(on)) {
        None => true,
        Some(Some(host)) if host.queue.is_empty() => {
            let free = (host.cpu, host.memory, host.gpus);
            let gpus = gpus_of(ctx, task);
            fits(free, [&host.tcp, &host.udp], demand_of(ctx, launch), gpus)
        }
        Some(_) => false,
    };
    if starts {
        out.change(Change::HostStartedAtOnce { task, launch, on });
        pull(ctx, task, launch, pulls, out);
        return;
    }
    out.change(Change::HostAccepted { task, launch, on });
    if let Some(on) = on {
        start_what_fits(ctx, on, Moved::Arrived(task), pulls, out);
    }
}

/// Starts tasks from the head of the queue while they fit, and stops at the first that does not, even when a later one
/// would fit (ECS agent, `monitorQueuedTasks`).
pub(super) fn start_what_fits(
    ctx: &Ctx<'_>,
    on: ContainerInstanceId,
    moved: Moved,
    pulls: &mut Pulls<'_>,
    out: &mut Effects,
) {
    let Some(host) = ctx.ledger.hosts().host(on) else {
        return;
    };
    if host.queue.is_empty() {
        return;
    }
    let (arrived, left, released) = match moved {
        Moved::Arrived(task) => (Some(task), None, None),
        Moved::LeftQueue(task) => (None, Some(task), None),
        Moved::Released(task) => (None, None, Some(task)),
    };
    let mut room = Room::of(host);
    if let Some(task) = released {
        if let Some(launch) = launch_of(ctx, task) {
            room.give_back(demand_of(ctx, launch), gpus_of(ctx, task));
        }
    }
    let queue = host.queue.iter().filter(|task| Some(*task) != left);
    for task in queue.chain(arrived) {
        let Some(launch) = launch_of(ctx, task) else {
            continue;
        };
        if !room.take(demand_of(ctx, launch), gpus_of(ctx, task)) {
            break;
        }
        out.change(Change::HostStarted { task });
        pull(ctx, task, launch, pulls, out);
    }
}

/// A task holds its demand: the images of its containers are pulled, all at once but for those that wait for other containers.
fn pull(ctx: &Ctx<'_>, task: TaskId, launch: LaunchId, pulls: &mut Pulls<'_>, out: &mut Effects) {
    let launch = ctx
        .ledger
        .launch(launch)
        .expect("a launch stays with its tasks");
    for (container, plan) in (0_u16..).zip(launch.spec.containers.iter()) {
        if plan.waits_for.is_empty() {
            pulls.begin((task, container), plan, out);
        } else if ctx.profile.agents.pull_dependent_containers_upfront {
            out.change(Change::HostContainerMoved {
                task,
                container,
                to: HostContainerPhase::Pulling,
            });
            pulls.begin((task, container), plan, out);
        }
    }
}

/// The launch of a task whose payload the agent has.
fn launch_of(ctx: &Ctx<'_>, task: TaskId) -> Option<LaunchId> {
    match ctx.ledger.hosts().task(task) {
        Some(known) => Some(known.launch),
        None => Some(ctx.ledger.task(task)?.launch),
    }
}

/// The GPUs that the payload of a task names.
fn gpus_of(ctx: &Ctx<'_>, task: TaskId) -> u64 {
    ctx.ledger.extras(task).map_or(0, |extras| extras.gpus)
}

fn demand_of<'a>(ctx: &Ctx<'a>, launch: LaunchId) -> &'a Demand {
    let launch = ctx.ledger.launch(launch);
    &launch.expect("a launch stays with its tasks").spec.demand
}

/// Whether a demand is free: CPU and memory are what is left, GPUs and ports what is taken.
#[inline]
fn fits(
    (cpu, memory, taken): (u32, u32, u64),
    [tcp, udp]: [&[u16]; 2],
    demand: &Demand,
    gpus: u64,
) -> bool {
    cpu >= demand.cpu
        && memory >= demand.memory
        && taken & gpus == 0
        && !ports_clash(tcp, &demand.tcp)
        && !ports_clash(udp, &demand.udp)
}

/// What is free on a host, as tasks of the queue take it.
struct Room {
    cpu: u32,
    memory: u32,
    gpus: u64,
    tcp: Vec<u16>,
    udp: Vec<u16>,
}

impl Room {
    fn of(host: &Host) -> Self {
        Self {
            cpu: host.cpu,
            memory: host.memory,
            gpus: host.gpus,
            tcp: host.tcp.clone(),
            udp: host.udp.clone(),
        }
    }

    fn give_back(&mut self, demand: &Demand, gpus: u64) {
        self.cpu += demand.cpu;
        self.memory += demand.memory;
        self.gpus &= !gpus;
        give_back_ports(&mut self.tcp, &demand.tcp);
        give_back_ports(&mut self.udp, &demand.udp);
    }

    /// Takes a demand when all of it is free.
    fn take(&mut self, demand: &Demand, gpus: u64) -> bool {
        let free = (self.cpu, self.memory, self.gpus);
        let fits = fits(free, [&self.tcp, &self.udp], demand, gpus);
        if fits {
            self.cpu -= demand.cpu;
            self.memory -= demand.memory;
            self.gpus |= gpus;
            take_ports(&mut self.tcp, &demand.tcp);
            take_ports(&mut self.udp, &demand.udp);
        }
        fits
    }
}
