//! An agent loses the control plane, or finds it again.

use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::hazard::HazardChange;
use crate::ledger::host::HostPhase;
use crate::ledger::{ContainerStatus, Ctx, Effects, Event, InstanceRecord, Report};
use crate::model::LastStatus;

use super::{health, power};

/// Messages stop; the host goes on.
pub(crate) fn disconnected(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    if super::is_connected(ctx, Some(instance)) {
        out.change(Change::AgentConnectionChanged {
            instance,
            connected: false,
        });
    }
}

/// Messages pass from now on.
pub(super) fn established(instance: ContainerInstanceId, out: &mut Effects) {
    out.change(Change::AgentConnectionChanged {
        instance,
        connected: true,
    });
}

/// Says again to an agent that a task is to stop, as soon as that is due.
fn tell_to_stop(
    ctx: &Ctx<'_>,
    task: TaskId,
    status: LastStatus,
    payload: Duration,
    out: &mut Effects,
) {
    let leaves_first = match status {
        LastStatus::Running => ctx.profile.latencies.deactivates(),
        LastStatus::Deactivating => true,
        _ => false,
    };
    // The event at whose end it is told is on its way.
    if leaves_first {
        return;
    }
    out.after(payload, Event::StopDelivered(task));
    out.after(Duration::ZERO, Event::StopSent(task));
}

/// Messages resume: each side says again what the other has missed. While a partition keeps the agent from being heard
/// it stays lost, until the end of that.
///
/// What is still on its way from before the loss may arrive a second time; every handler takes that.
pub(crate) fn reconnected(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    let Some(record) = ctx
        .ledger
        .instance(instance)
        .filter(|record| !record.agent_connected && record.is_registered())
        .filter(|_| host.is_some_and(|host| host.power.is_on()))
    else {
        return;
    };
    if is_cut_off(ctx, instance, out) {
        return;
    }
    established(instance, out);
    say_again(ctx, instance, record, out);
}

/// Whether a partition keeps an agent from being heard; its end brings the agent back then.
pub(super) fn is_cut_off(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) -> bool {
    let is_cut = ctx.ledger.hides_agent(Some(instance));
    if is_cut && !ctx.ledger.hazards().is_silenced(instance) {
        let is_silenced = true;
        out.change(Change::Hazard(HazardChange::Silenced {
            instance,
            is_silenced,
        }));
    }
    is_cut
}

/// The control plane has heard nothing of an agent for so long that it takes it for lost.
pub(crate) fn silenced(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    if super::is_connected(ctx, Some(instance)) && is_cut_off(ctx, instance, out) {
        disconnected(ctx, instance, out);
    }
}

/// A partition is over for a container instance, unless there is another.
pub(crate) fn link_restored(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    if ctx.ledger.hides_agent(Some(instance)) {
        return;
    }
    if ctx.ledger.hazards().is_silenced(instance) {
        let is_silenced = false;
        out.change(Change::Hazard(HazardChange::Silenced {
            instance,
            is_silenced,
        }));
        reconnected(ctx, instance, out);
    } else if let Some(record) = heard(ctx, instance) {
        say_again(ctx, instance, record, out);
    }
}

/// Every partition is over for a container instance; if there was one and it was not noticed, both sides speak again.
pub(crate) fn uncut(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let on = Some(instance);
    if ctx.ledger.hides_agent(on) || ctx.ledger.hides_control_plane(on) {
        if let Some(record) = heard(ctx, instance) {
            say_again(ctx, instance, record, out);
        }
    }
}

/// The record of a container instance whose agent is connected.
fn heard<'a>(ctx: &Ctx<'a>, instance: ContainerInstanceId) -> Option<&'a InstanceRecord> {
    let record = ctx.ledger.instance(instance);
    record.filter(|record| record.is_registered() && record.agent_connected)
}

/// Each side says again what the other may have missed.
fn say_again(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    record: &InstanceRecord,
    out: &mut Effects,
) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.noticed) {
        power::ask_to_drain(ctx, instance, out);
    }
    let latencies = &ctx.profile.latencies;
    for task in record.tasks.iter().copied() {
        let known = ctx.ledger.task(task).expect("a listed task is known");
        // Of these the agent has nothing to hear: not yet, or no more.
        if matches!(
            known.last_status,
            LastStatus::Provisioning | LastStatus::Deprovisioning
        ) {
            continue;
        }
        let payload = || {
            ctx.delay(
                &latencies.payload,
                Purpose::Payload,
                task,
                u16::from(!known.is_wanted()),
            )
        };
        let Some(held) = ctx.ledger.hosts().task(task) else {
            let event = if known.is_wanted() {
                Event::PayloadDelivered(task)
            } else {
                Event::StopDelivered(task)
            };
            out.after(payload(), event);
            continue;
        };
        if !known.is_wanted() && !held.told_to_stop && held.phase != HostPhase::Stopped {
            tell_to_stop(ctx, task, known.last_status, payload(), out);
        }
        let report = |nth| ctx.delay(&latencies.report, Purpose::Report, task, nth);
        if held.phase == HostPhase::Stopped {
            out.after(report(1), Event::TaskReported(task, Report::Stopped));
            continue;
        }
        if held.running_at.has_come() && known.last_status < LastStatus::Running {
            out.after(report(0), Event::TaskReported(task, Report::Running));
        }
        for (index, container) in (0_u16..).zip(ctx.ledger.hosts().containers(task)) {
            let seen = ctx.ledger.container(task, usize::from(index));
            let is_news = seen.is_some_and(|seen| seen.status != ContainerStatus::Stopped);
            if container.is_stopped() && is_news && held.running_at.has_come() {
                let delay = ctx.delay(
                    &latencies.container_report,
                    Purpose::ContainerReport,
                    task,
                    index,
                );
                out.after(delay, Event::ContainerReported(task, index));
            }
            if ctx.ledger.hosts().life(task, usize::from(index)).is_some() {
                health::report(ctx, task, index, out);
            }
        }
    }
}
