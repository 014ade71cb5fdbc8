//! The network interface of a task with network mode `awsvpc`: PROVISIONING until it is attached, DEPROVISIONING until
//! it is gone.
//!
//! # Model
//!
//! An interface is created and begins to be attached at the moment it is asked for, and is deleted as soon as it is off:
//! CREATED and DETACHED are passed at one instant, which traces show and readers can't. Attaching does not wait for an agent that is disconnected.

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::{ContainerStatus, Ctx, Effects, Event, Moment, StoppedReason, TaskRecord};
use crate::model::presets::ATTACH_TIMEOUT;
use crate::model::{AttachmentStatus, LastStatus, StopCode};

/// The interface of a task is to come further.
pub(crate) fn due(ctx: &Ctx<'_>, task: TaskId, to: AttachmentStatus, out: &mut Effects) {
    let Some((record, status)) = find(ctx, task) else {
        return;
    };
    if status >= to {
        return;
    }
    match to {
        AttachmentStatus::Attaching if record.is_wanted() => attach(ctx, task, out),
        AttachmentStatus::Attached if record.is_wanted() => attached(ctx, task, record, out),
        AttachmentStatus::Failed if status == AttachmentStatus::Attaching => {
            give_up(ctx, task, record, out);
        }
        AttachmentStatus::Detaching if was_never_sent(ctx, task, record) => {
            nothing_ran(ctx, task, out);
            release(ctx, task, None, out);
        }
        AttachmentStatus::Deleted if record.last_status == LastStatus::Deprovisioning => {
            for to in [AttachmentStatus::Detached, AttachmentStatus::Deleted] {
                out.change(Change::InterfaceMoved { task, to });
            }
            stopped(ctx, task, out);
        }
        _ => {}
    }
}

/// A task whose containers have ended: it is STOPPED once its interface is gone, or now if it has none. If its agent had it,
/// that is `heard` with three times: when its first pull began, when its last pull ended, and when it ceased to execute.
pub(super) fn release(ctx: &Ctx<'_>, task: TaskId, heard: Option<[Moment; 3]>, out: &mut Effects) {
    if find(ctx, task).is_none() {
        moved(task, LastStatus::Stopped, heard, out);
        expires(ctx, task, out);
        return;
    }
    out.change(Change::InterfaceMoved {
        task,
        to: AttachmentStatus::Detaching,
    });
    moved(task, LastStatus::Deprovisioning, heard, out);
    let detach = &ctx.profile.latencies.eni_detach;
    let detach = ctx.delay(detach, Purpose::EniDetach, task, 0);
    out.after(detach, Event::InterfaceDue(task, AttachmentStatus::Deleted));
}

fn moved(task: TaskId, to: LastStatus, heard: Option<[Moment; 3]>, out: &mut Effects) {
    out.change(match heard {
        None => Change::TaskMoved { task, to },
        Some([pull_started, pull_stopped, execution_stopped]) => Change::TaskHeard {
            task,
            to,
            pull_started,
            pull_stopped,
            execution_stopped,
        },
    });
}

/// Whether a task that is no longer wanted has reached no host.
fn was_never_sent(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord) -> bool {
    let is_early = record.last_status <= LastStatus::Pending;
    is_early && !record.is_wanted() && ctx.ledger.hosts().task(task).is_none()
}

/// The containers of a task that never had any on a host.
fn nothing_ran(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task) else {
        return;
    };
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
}

/// The last step of a task's life.
fn stopped(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    out.change(Change::TaskMoved {
        task,
        to: LastStatus::Stopped,
    });
    expires(ctx, task, out);
}

/// A stopped task is described for a while.
fn expires(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    out.after(
        ctx.settings.stopped_task_retention,
        Event::TaskExpired(task),
    );
}

fn find<'a>(ctx: &Ctx<'a>, task: TaskId) -> Option<(&'a TaskRecord, AttachmentStatus)> {
    let interface = ctx.ledger.extras(task)?.interface.as_ref()?;
    let record = ctx.ledger.task(task)?;
    Some((record, interface.status))
}

/// It is on its way to the host; whether it comes in time is a matter of luck.
fn attach(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    for to in [AttachmentStatus::Created, AttachmentStatus::Attaching] {
        out.change(Change::InterfaceMoved { task, to });
    }
    let takes = &ctx.profile.latencies.eni_attach;
    let takes = ctx.delay(takes, Purpose::EniAttach, task, 0);
    let hazards = ctx.ledger.hazards();
    let fails = !hazards.is_calm() && ctx.ledger.interface_fails(ctx.draws, task);
    let (takes, to) = if takes <= ATTACH_TIMEOUT && !fails {
        (takes, AttachmentStatus::Attached)
    } else {
        (ATTACH_TIMEOUT, AttachmentStatus::Failed)
    };
    out.after(takes, Event::InterfaceDue(task, to));
}

/// The task can be reached: it is PENDING, and its payload is sent, or its host on Fargate prepared.
fn attached(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord, out: &mut Effects) {
    out.change(Change::InterfaceMoved {
        task,
        to: AttachmentStatus::Attached,
    });
    out.change(Change::TaskMoved {
        task,
        to: LastStatus::Pending,
    });
    let latencies = &ctx.profile.latencies;
    let delay = match record.on {
        Some(_) => ctx.delay(&latencies.payload, Purpose::Payload, task, 0),
        None => ctx.delay(&latencies.host_prepare, Purpose::HostPrepare, task, 0),
    };
    out.after(delay, Event::PayloadDelivered(task));
}

/// It did not come in time.
fn give_up(ctx: &Ctx<'_>, task: TaskId, record: &TaskRecord, out: &mut Effects) {
    nothing_ran(ctx, task, out);
    if record.is_wanted() {
        out.change(Change::TaskUnwanted {
            task,
            code: StopCode::TaskFailedToStart,
            reason: StoppedReason::InterfaceTimeout,
            given: None,
        });
    }
    out.change(Change::InterfaceMoved {
        task,
        to: AttachmentStatus::Failed,
    });
    stopped(ctx, task, out);
}
