//! The machine of a container instance halts, or runs again.

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::host::{HostContainerPhase, HostPhase, HostTask, Power};
use crate::ledger::task::ContainerReason;
use crate::ledger::{Ctx, Effects, Event};

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
    for task in record.tasks.iter().copied() {
        if let Some(held) = hosts.task(task) {
            die(ctx, task, held, out);
        }
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

/// A machine that was stopped runs again, and its agent speaks: of what it held nothing is left.
pub(crate) fn started(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.power == Power::Off) {
        out.change(Change::HostPowered {
            instance,
            to: Power::On,
        });
        connection::established(instance, out);
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
    out.change(Change::HostStopped { task });
}
