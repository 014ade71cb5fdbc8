//! What stopped long enough ago is forgotten.

use crate::agent::loss;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects, Event, Host};
use crate::model::LastStatus;

/// A stopped task has been describable for its hour. If there is a window for it, it is DELETED as long as that.
pub(crate) fn task_expired(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(record) = ctx.ledger.task(task).filter(|record| record.is_stopped()) else {
        return;
    };
    let window = ctx.settings.deleted_task_window;
    if record.last_status == LastStatus::Stopped && !window.is_zero() {
        out.change(Change::TaskMoved {
            task,
            to: LastStatus::Deleted,
        });
        out.after(window, Event::TaskExpired(task));
        return;
    }
    if ctx.ledger.hosts().task(task).is_some() {
        loss::orphan_forgotten(ctx, task, out);
    }
    out.change(Change::TaskForgotten { task });
}

/// A deregistered container instance has been describable for its hour.
pub(crate) fn container_instance_expired(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    out: &mut Effects,
) {
    let record = ctx.ledger.instance(instance);
    if let Some(record) = record.filter(|record| !record.is_registered()) {
        let hosts = ctx.ledger.hosts();
        let whole = (record.spec.cpu, record.spec.memory);
        let is_used = |host: &Host| (host.cpu, host.memory) != whole;
        if hosts.host(instance).is_some_and(is_used) {
            let orphans = hosts.tasks().filter(|(_, held)| held.on == Some(instance));
            orphans.for_each(|(task, _)| loss::orphan_forgotten(ctx, task, out));
        }
        out.change(Change::InstanceForgotten { instance });
    }
}
