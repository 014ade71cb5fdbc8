//! A task's payload or its stop arrives at an agent.

use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::host::HostPhase;
use crate::ledger::{Ctx, Effects, Report};
use crate::model::LastStatus;

use super::images::Pulls;
use super::{containers, hears, host, report};

/// The agent receives a new task: it queues, and starts at once when it is at the head and fits.
///
/// A payload that was overtaken by the task's stop is dropped, as agents drop what an earlier message made void.
pub(crate) fn payload_delivered(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
    if !record.is_wanted() || ctx.ledger.hosts().task(task).is_some() || !hears(ctx, record.on) {
        return;
    }
    let mut pulls = Pulls::at(ctx, record.on);
    host::arrived(ctx, task, record, &mut pulls, out);
    pulls.flush(out);
}

/// The agent receives a task's stop.
pub(crate) fn stop_delivered(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
    if record.last_status >= LastStatus::Deprovisioning || !hears(ctx, record.on) {
        return;
    }
    let Some(known) = ctx.ledger.hosts().task(task) else {
        // It never had the task: there is nothing to stop.
        report(ctx, task, record.on, Report::Stopped, out);
        return;
    };
    if known.told_to_stop || known.phase == HostPhase::Stopped {
        return;
    }
    out.change(Change::HostToldToStop { task });
    if known.phase == HostPhase::Queued {
        out.change(Change::HostDequeued { task });
        report(ctx, task, known.on, Report::Stopped, out);
        let on = known.on.expect("only container instances have queues");
        let mut pulls = Pulls::at(ctx, known.on);
        host::start_what_fits(ctx, on, host::Moved::LeftQueue(task), &mut pulls, out);
        pulls.flush(out);
    } else {
        containers::stop_all(ctx, task, out);
    }
}
