//! A host is lost to the control plane: its machine no longer runs, or it is no longer a container instance.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::{Change, INACTIVE_INSTANCE_RETENTION};
use crate::ledger::host::{HostPhase, Power};
use crate::ledger::{ContainerStatus, Ctx, Effects, Event, InstanceRecord, StoppedReason};
use crate::model::{AttachmentStatus, LastStatus, StopCode};

use super::containers;

/// The control plane has learnt that a machine was halted, unless that was another time.
pub(crate) fn host_lost(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    halt: u16,
    out: &mut Effects,
) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| !host.power.is_on() && host.halts == halt) {
        host_gone(ctx, instance, out);
    }
}

/// The control plane knows that a machine was halted: the tasks on it are STOPPED, and the agent is not connected.
///
/// A machine that is terminated while its agent is connected is deregistered with that; otherwise its record stays ACTIVE
/// until somebody deregisters it (API reference of `DeregisterContainerInstance`).
pub(crate) fn host_gone(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let hosts = ctx.ledger.hosts();
    let (Some(record), Some(host)) = (ctx.ledger.instance(instance), hosts.host(instance)) else {
        return;
    };
    if !record.is_registered() {
        return;
    }
    let reason = match host.power {
        Power::Terminated => StoppedReason::HostTerminated,
        Power::Off | Power::On => StoppedReason::HostStopped,
    };
    give_up_tasks(ctx, record, (StopCode::TerminationNotice, reason), out);
    if record.agent_connected {
        out.change(Change::AgentConnectionChanged {
            instance,
            connected: false,
        });
        if host.power == Power::Terminated {
            deregistered(instance, out);
        }
    }
}

/// A container instance becomes INACTIVE; its tasks have stopped.
pub(crate) fn deregistered(instance: ContainerInstanceId, out: &mut Effects) {
    out.change(Change::InstanceDeregistered { instance });
    out.after(
        INACTIVE_INSTANCE_RETENTION,
        Event::ContainerInstanceExpired(instance),
    );
}

/// The tasks on a container instance are STOPPED without a word from its agent. What still runs of them goes on: orphans,
/// of which the control plane knows nothing any more.
pub(crate) fn give_up_tasks(
    ctx: &Ctx<'_>,
    record: &InstanceRecord,
    (code, reason): (StopCode, StoppedReason),
    out: &mut Effects,
) {
    for task in record.tasks.iter().copied() {
        let known = ctx.ledger.task(task).expect("a listed task is known");
        if known.is_wanted() {
            out.change(Change::TaskUnwanted {
                task,
                code,
                reason,
                given: None,
            });
        }
        let containers = ctx.ledger.launch_of(known).containers.len();
        for container in (0_u16..).take(containers) {
            let seen = ctx.ledger.container(task, usize::from(container));
            let seen = seen.expect("a task has all its containers");
            if seen.status != ContainerStatus::Stopped {
                out.change(Change::ContainerMoved {
                    task,
                    container,
                    to: ContainerStatus::Stopped,
                    exit_code: None,
                    reason: seen.reason,
                });
            }
        }
        let extras = ctx.ledger.extras(task);
        if extras.is_some_and(|extras| extras.interface.is_some()) {
            let to = AttachmentStatus::Deleted;
            out.change(Change::InterfaceMoved { task, to });
        }
        out.change(Change::TaskMoved {
            task,
            to: LastStatus::Stopped,
        });
        match ctx.ledger.hosts().task(task).map(|held| held.phase) {
            Some(HostPhase::Queued) => {
                out.change(Change::HostDequeued { task });
                out.change(Change::HostForgotten { task });
            }
            Some(HostPhase::Stopped) => out.change(Change::HostForgotten { task }),
            Some(HostPhase::Active) | None => {}
        }
        out.after(
            ctx.settings.stopped_task_retention,
            Event::TaskExpired(task),
        );
    }
}

/// An orphan is not followed any more.
pub(crate) fn orphan_forgotten(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    for (container, _) in (0_u16..).zip(ctx.ledger.hosts().containers(task)) {
        containers::give_up(task, container, out);
    }
    out.change(Change::HostForgotten { task });
}
