//! The control plane learns from agents.

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::host::{HostContainer, HostContainerPhase};
use crate::ledger::task::{ContainerReason, Moment};
use crate::ledger::{
    ContainerStatus, Ctx, Effects, Event, HostTask, Report, StoppedReason, TaskRecord,
};
use crate::model::{HealthStatus, LastStatus, StopCode};

use super::interface;

/// A task's state arrives; what has been heard before changes nothing.
#[inline(never)]
pub(crate) fn task_reported(ctx: &Ctx<'_>, task: TaskId, what: Report, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
    if !hears(ctx, record) || record.last_status >= LastStatus::Deprovisioning {
        return;
    }
    let held = ctx.ledger.hosts().task(task);
    match (what, held) {
        (Report::Running, Some(held)) => running(ctx, task, record, held, out),
        // The agent has nothing of a task that it says it runs: the report is older than the task's end.
        (Report::Running, None) => {}
        (Report::Stopped, held) => stopped(ctx, task, record, held, out),
    }
}

/// Whether what the agent of a task says arrives.
fn hears(ctx: &Ctx<'_>, record: &TaskRecord) -> bool {
    is_connected(ctx, record) && !ctx.ledger.hides_agent(record.on)
}

/// Whether messages pass to and from the agent of a task: no longer from the moment its machine halts, whoever knows of that.
fn is_connected(ctx: &Ctx<'_>, record: &TaskRecord) -> bool {
    let is_connected = |instance| ctx.ledger.instances().is_connected(instance);
    record.on.is_none_or(is_connected)
}

/// The states of a task's containers arrive while it goes on.
///
/// An agent collects changes of containers alone, and sends them together when its timer runs out: what has changed since comes
/// along, and the timers of those changes find nothing new (amazon-ecs-agent 1.105.1, `agent/eventhandler/task_handler.go`).
pub(crate) fn containers_reported(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
    if !hears(ctx, record) || record.is_stopped() {
        return;
    }
    let mut is_news = false;
    for (index, held) in (0_u16..).zip(ctx.ledger.hosts().containers(task)) {
        let status = match held.phase {
            HostContainerPhase::Stopped => ContainerStatus::Stopped,
            HostContainerPhase::Running | HostContainerPhase::Stopping => ContainerStatus::Running,
            _ => continue,
        };
        is_news |= container_moved(ctx, (task, record), index, status, held, out);
    }
    if is_news {
        out.change(Change::TaskTouched { task });
    }
}

/// A container's health arrives. It is no part of what the version of a task counts.
pub(crate) fn health_reported(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
    let index = usize::from(container);
    let Some(life) = ctx.ledger.hosts().life(task, index) else {
        return;
    };
    let seen = ctx
        .ledger
        .extras(task)
        .and_then(|extras| extras.health.get(index));
    let is_news = seen.copied().unwrap_or(HealthStatus::Unknown) != life.health;
    if is_news && hears(ctx, record) && !record.is_stopped() {
        out.change(Change::ContainerHealthMoved {
            task,
            container,
            to: life.health,
        });
    }
}

/// A task whose containers run is registered wherever it is to be.
pub(crate) fn task_activated(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let is_activating =
        |record: &&TaskRecord| record.last_status == LastStatus::Activating && record.is_wanted();
    if ctx.ledger.task(task).filter(is_activating).is_some() {
        let to = LastStatus::Running;
        out.change(Change::TaskMoved { task, to });
    }
}

/// A running task is to stop: it begins to leave what it was registered with, or its stop has been sent.
pub(crate) fn stop_sent(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task).filter(|record| !record.is_wanted()) else {
        return;
    };
    let latencies = &ctx.profile.latencies;
    match record.last_status {
        LastStatus::Running if latencies.deactivates() => {
            let to = LastStatus::Deactivating;
            out.change(Change::TaskMoved { task, to });
            let left = ctx.delay(&latencies.deactivation, Purpose::Deactivation, task, 0);
            out.after(left, Event::TaskDeactivated(task));
        }
        LastStatus::Running => {
            let to = LastStatus::Stopping;
            out.change(Change::TaskMoved { task, to });
        }
        _ => {}
    }
}

/// A task is removed from wherever it was registered: its agent is told to stop it, or will be when it is back.
pub(crate) fn task_deactivated(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let is_leaving = |record: &&TaskRecord| record.last_status == LastStatus::Deactivating;
    let Some(record) = ctx.ledger.task(task).filter(is_leaving) else {
        return;
    };
    let to = LastStatus::Stopping;
    out.change(Change::TaskMoved { task, to });
    if is_connected(ctx, record) {
        let latency = &ctx.profile.latencies.payload;
        let payload = ctx.delay(latency, Purpose::Payload, task, 1);
        out.after(payload, Event::StopDelivered(task));
    }
}

/// A task told to stop before this arrived stays as it is: what it was doing comes with its end.
fn running(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord, held: &HostTask, out: &mut Effects) {
    if !record.is_wanted() || record.last_status >= LastStatus::Activating {
        return;
    }
    let sent_at = held.running_at.get().unwrap_or(ctx.now);
    for_each_container(ctx, task, held, |index, container| {
        let had_stopped = container.stopped_at.get().is_some_and(|at| at <= sent_at);
        let status = if had_stopped {
            ContainerStatus::Stopped
        } else {
            ContainerStatus::Running
        };
        container_moved(ctx, (task, record), index, status, container, out);
    });
    let shown = |time| ctx.ledger.as_its_clock_shows(record.on, time);
    let latencies = &ctx.profile.latencies;
    let to = if latencies.activates() {
        let registered = ctx.delay(&latencies.activation, Purpose::Activation, task, 0);
        out.after(registered, Event::TaskActivated(task));
        LastStatus::Activating
    } else {
        LastStatus::Running
    };
    out.change(Change::TaskHeard {
        task,
        to,
        pull_started: shown(held.pull_started_at),
        pull_stopped: shown(held.pull_stopped_at),
        execution_stopped: Moment::NEVER,
    });
}

fn stopped(
    ctx: &Ctx<'_>,
    task: TaskId,
    record: &TaskRecord,
    held: Option<&HostTask>,
    out: &mut Effects,
) {
    let heard = if let Some(held) = held {
        for_each_container(ctx, task, held, |index, container| {
            let to = ContainerStatus::Stopped;
            container_moved(ctx, (task, record), index, to, container, out);
        });
        let shown = |time| ctx.ledger.as_its_clock_shows(record.on, time);
        // What was reported with RUNNING stays, whatever the clock shows by now.
        let told = |told: Moment, time| if told.has_come() { told } else { shown(time) };
        Some([
            told(record.pull_started_at, held.pull_started_at),
            told(record.pull_stopped_at, held.pull_stopped_at),
            shown(held.execution_stopped_at),
        ])
    } else {
        let containers = ctx.ledger.launch_of(record).containers.len();
        let never_ran = HostContainer::WAITING;
        for index in (0_u16..).take(containers) {
            container_moved(
                ctx,
                (task, record),
                index,
                ContainerStatus::Stopped,
                &never_ran,
                out,
            );
        }
        None
    };
    if record.is_wanted() {
        let (code, reason) = match held {
            Some(held) if !went_well(ctx, task, held) => why_ended(ctx, task, record),
            _ => (
                StopCode::EssentialContainerExited,
                StoppedReason::EssentialContainerExited,
            ),
        };
        out.change(Change::TaskUnwanted {
            task,
            code,
            reason,
            given: None,
        });
    }
    interface::release(ctx, task, heard, out);
}

/// The containers of a task that its agent has, numbered in the order of the task definition.
#[inline]
fn for_each_container(
    ctx: &Ctx<'_>,
    task: TaskId,
    held: &HostTask,
    mut tell: impl FnMut(u16, &HostContainer),
) {
    tell(0, &held.first);
    for (index, container) in (1..).zip(ctx.ledger.hosts().rest(task)) {
        tell(index, container);
    }
}

/// Whether there is nothing to say of how any container of a task ended.
fn went_well(ctx: &Ctx<'_>, task: TaskId, held: &HostTask) -> bool {
    let mut rest = ctx.ledger.hosts().rest(task).iter();
    held.first.reason == ContainerReason::None
        && rest.all(|container| container.reason == ContainerReason::None)
}

/// Why a task that nobody stopped has stopped.
fn why_ended(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord) -> (StopCode, StoppedReason) {
    let plans = &ctx.ledger.launch_of(record).containers;
    let mut cannot_pull = false;
    let containers = ctx.ledger.hosts().containers(task);
    for (container, plan) in containers.zip(plans.iter()) {
        match container.reason {
            ContainerReason::CannotPull if plan.essential => {
                return (StopCode::TaskFailedToStart, StoppedReason::CannotPull);
            }
            ContainerReason::DependencyFailed
            | ContainerReason::DependencyTimedOut
            | ContainerReason::PortTaken
                if plan.essential =>
            {
                return (StopCode::TaskFailedToStart, StoppedReason::CannotStart);
            }
            ContainerReason::CannotPull => cannot_pull = true,
            _ => {}
        }
    }
    // Some agents give up a task for any image that they can't pull.
    if cannot_pull && !ctx.profile.agents.does_without_images() {
        return (StopCode::TaskFailedToStart, StoppedReason::CannotPull);
    }
    (
        StopCode::EssentialContainerExited,
        StoppedReason::EssentialContainerExited,
    )
}

/// Writes down what became of a container, when that is news.
fn container_moved(
    ctx: &Ctx<'_>,
    (task, record): (TaskId, &TaskRecord),
    index: u16,
    to: ContainerStatus,
    held: &HostContainer,
    out: &mut Effects,
) -> bool {
    let seen = match index {
        0 => Some(&record.first),
        _ => ctx.ledger.container(task, usize::from(index)),
    };
    let is_news = seen.is_some_and(|seen| seen.status < to);
    if is_news {
        let ended = to == ContainerStatus::Stopped;
        out.change(Change::ContainerMoved {
            task,
            container: index,
            to,
            exit_code: held.exit_code.code().filter(|_| ended),
            reason: if ended {
                held.reason
            } else {
                ContainerReason::None
            },
        });
    }
    is_news
}
