//! StopTask.

use std::sync::Arc;
use std::time::Duration;

use crate::agent::interface;
use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects, Event, StoppedReason};
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
    out.change(Change::TaskUnwanted {
        task,
        code: StopCode::UserInitiated,
        reason: if request.reason.is_some() {
            StoppedReason::Given
        } else {
            StoppedReason::StoppedByUser
        },
        given: request.reason.as_deref().map(Arc::from),
    });
    if record.last_status == LastStatus::Provisioning {
        let to = AttachmentStatus::Detaching;
        out.after(Duration::ZERO, Event::InterfaceDue(task, to));
        return Ok(task);
    }
    let is_connected = |instance| ctx.ledger.instances().is_connected(instance);
    let connected = record.on.is_none_or(is_connected);
    if !connected && ctx.ledger.hosts().task(task).is_none() {
        // No agent has its payload: it stops without any container having been touched.
        interface::nothing_ran(ctx, task, out);
        interface::release(ctx, task, out);
        return Ok(task);
    }
    if connected && record.last_status == LastStatus::Running {
        out.after(Duration::ZERO, Event::StopSent(task));
    }
    if connected {
        let payload = ctx.delay(&ctx.profile.latencies.payload, Purpose::Payload, task, 1);
        out.after(payload, Event::StopDelivered(task));
    }
    Ok(task)
}
