//! The machine of a container instance halts, or runs again.

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::hazard::HazardChange;
use crate::ledger::host::{HostContainerPhase, HostPhase, HostTask, Power};
use crate::ledger::task::ContainerReason;
use crate::ledger::{Ctx, Effects, Event, Host, InstanceRecord};
use crate::model::ContainerInstanceStatus;

use super::{connection, containers, exit};

/// The machine is stopped, or terminated: what runs on it dies at once, and nobody says so. The control plane learns of it
/// after the latency `agentLost`.
pub(crate) fn halted(ctx: &Ctx<'_>, instance: ContainerInstanceId, to: Power, out: &mut Effects) {
    let hosts = ctx.ledger.hosts();
    let (Some(record), Some(host)) = (ctx.ledger.instance(instance), hosts.host(instance)) else {
        return;
    };
    if host.power == to || host.power == Power::Terminated {
        return;
    }
    if record.is_registered() {
        for task in record.tasks.iter().copied() {
            if let Some(held) = hosts.task(task) {
                die(ctx, task, held, out);
            }
        }
    } else {
        // Only orphans can be there, and the control plane has no list of them.
        let orphans = hosts.tasks().filter(|(_, held)| held.on == Some(instance));
        orphans.for_each(|(task, held)| die(ctx, task, held, out));
    }
    let is_downloading = |images: &crate::ledger::host::Images| !images.downloads.is_empty();
    if hosts.images(instance).is_some_and(is_downloading) {
        out.change(Change::HostDownloading {
            on: instance,
            downloads: [].into(),
        });
    }
    out.change(Change::HostPowered { instance, to });
    // A machine that was stopped before is known to be, or soon will be.
    if host.power.is_on() {
        let halt = host.halts.wrapping_add(1);
        let latency = &ctx.profile.latencies.agent_lost;
        let subject = u64::from(instance.number());
        let silence = ctx
            .draws
            .duration(latency, Purpose::AgentLost, subject, halt);
        out.after(silence, Event::HostLost(instance, halt));
    }
}

/// The notice that the spot capacity of a machine will be taken back. The agent looks for it, if it is set up to, and asks
/// that its container instance drains.
pub(crate) fn noticed(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    let sees = |host: &&Host| host.power.is_on() && !host.noticed;
    if ctx.profile.agents.spot_instance_draining && host.filter(sees).is_some() {
        let stands = true;
        out.change(Change::Hazard(HazardChange::Noticed { instance, stands }));
        if super::is_connected(ctx, Some(instance)) {
            ask_to_drain(ctx, instance, out);
        }
    }
}

/// The spot capacity of a machine will not be taken back after all.
pub(crate) fn notice_withdrawn(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.noticed) {
        let stands = false;
        out.change(Change::Hazard(HazardChange::Noticed { instance, stands }));
    }
}

/// An agent that is connected and has seen the notice says so; reconnecting says it again.
pub(super) fn ask_to_drain(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let latency = &ctx.profile.latencies.report;
    let subject = u64::from(instance.number());
    let delay = ctx.draws.duration(latency, Purpose::DrainAsked, subject, 0);
    out.after(delay, Event::DrainAsked(instance));
}

/// The control plane hears that a container instance is to drain.
pub(crate) fn drain_asked(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let record = ctx.ledger.instance(instance);
    let host = ctx.ledger.hosts().host(instance);
    let stands = host.is_some_and(|host| host.noticed);
    let is_heard = !ctx.ledger.hides_agent(Some(instance));
    if stands && is_heard && record.is_some_and(InstanceRecord::is_open) {
        let to = ContainerInstanceStatus::Draining;
        out.change(Change::InstanceStatusChanged { instance, to });
    }
}

/// A machine that was stopped runs again, and its agent speaks: of what it held nothing is left.
pub(crate) fn started(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.power == Power::Off) {
        out.change(Change::HostPowered {
            instance,
            to: Power::On,
        });
        if !connection::is_cut_off(ctx, instance, out) {
            connection::established(instance, out);
        }
    }
}

/// A task ends with its machine.
fn die(ctx: &Ctx<'_>, task: TaskId, held: &HostTask, out: &mut Effects) {
    match held.phase {
        HostPhase::Stopped => return,
        HostPhase::Queued => {
            out.change(Change::HostDequeued { task });
            return;
        }
        HostPhase::Active => {}
    }
    let launch = ctx.ledger.launch(held.launch);
    let plans = &launch
        .expect("a launch stays with its tasks")
        .spec
        .containers;
    let containers = ctx.ledger.hosts().containers(task).zip(plans.iter());
    for (container, (state, plan)) in (0_u16..).zip(containers) {
        if state.is_stopped() {
            continue;
        }
        containers::give_up(task, container, out);
        let ran = matches!(
            state.phase,
            HostContainerPhase::Running | HostContainerPhase::Stopping
        );
        out.change(Change::HostContainerEnded {
            task,
            container,
            exit_code: ran.then_some(exit::KILLED),
            reason: ContainerReason::None,
            essential: plan.essential,
        });
    }
    if plans.len() > 1 {
        out.change(Change::HostStopped { task });
    }
}
