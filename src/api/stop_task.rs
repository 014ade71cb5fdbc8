//! StopTask.

use std::sync::Arc;
use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::{ContainerStatus, Ctx, Effects, Event, StoppedReason, TaskRecord};
use crate::model::{ApiError, AttachmentStatus, LastStatus, StopCode, StopTask};

/// Wants a task stopped: its demand returns to the control plane's ledger at once, to the host when it has stopped.
///
/// A task already told to stop is the answer as it is.
pub(crate) fn stop_task(
    ctx: &Ctx<'_>,
    request: &StopTask,
    out: &mut Effects,
) -> Result<TaskId, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let found = ctx
        .ledger
        .resolve_task(&ctx.settings.naming, cluster, &request.task);
    let refused = || ApiError::invalid("task", &request.task, "The referenced task was not found.");
    let task = found.ok_or_else(refused)?;
    let record = ctx.ledger.task(task).expect("it was just resolved");
    if !record.is_wanted() {
        return Ok(task);
    }
    let reason = if request.reason.is_some() {
        StoppedReason::Given
    } else {
        StoppedReason::StoppedByUser
    };
    out.change(Change::TaskUnwanted {
        task,
        code: StopCode::UserInitiated,
        reason,
        given: request.reason.as_deref().map(Arc::from),
    });
    tell(ctx, task, record, out);
    Ok(task)
}

/// What a task is on is taken away: it is told to stop, as if by a caller.
pub(super) fn interrupt(
    ctx: &Ctx<'_>,
    (task, record): (TaskId, &TaskRecord),
    (code, reason): (StopCode, StoppedReason),
    out: &mut Effects,
) {
    if !record.is_wanted() {
        return;
    }
    out.change(Change::TaskUnwanted {
        task,
        code,
        reason,
        given: None,
    });
    tell(ctx, task, record, out);
}

/// Its agent is told of a stop, if it can be and has the task.
fn tell(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord, out: &mut Effects) {
    // To a machine that has halted and is not known to have, a stop is sent all the same.
    let seems_there = |instance| {
        ctx.ledger.instances().is_connected(instance)
            || ctx
                .ledger
                .instance(instance)
                .is_some_and(|known| known.agent_connected)
    };
    let connected = record.on.is_none_or(seems_there);
    let is_unknown = !connected && ctx.ledger.hosts().task(task).is_none();
    if record.last_status == LastStatus::Provisioning || is_unknown {
        never_sent(ctx, task, record, out);
        return;
    }
    let runs = record.last_status == LastStatus::Running;
    // A task that is removed from somewhere first is told when that is done. That takes no agent.
    let leaves_first = runs && ctx.profile.latencies.deactivates();
    if runs && (connected || leaves_first) {
        out.after(Duration::ZERO, Event::StopSent(task));
    }
    if connected && !leaves_first {
        let payload = ctx.delay(&ctx.profile.latencies.payload, Purpose::Payload, task, 1);
        out.after(payload, Event::StopDelivered(task));
    }
}

/// A task whose payload no agent has: it stops without any container having been touched, once its interface is gone.
fn never_sent(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord, out: &mut Effects) {
    let extras = ctx.ledger.extras(task);
    if extras.is_some_and(|extras| extras.interface.is_some()) {
        let to = AttachmentStatus::Detaching;
        out.after(Duration::ZERO, Event::InterfaceDue(task, to));
        return;
    }
    let containers = ctx.ledger.launch_of(record).containers.len();
    for container in (0_u16..).take(containers) {
        out.change(Change::ContainerMoved {
            task,
            container,
            to: ContainerStatus::Stopped,
            exit_code: None,
            reason: record.first.reason,
        });
    }
    out.change(Change::TaskMoved {
        task,
        to: LastStatus::Stopped,
    });
    out.after(
        ctx.settings.stopped_task_retention,
        Event::TaskExpired(task),
    );
}
