//! What stopped long enough ago is forgotten.

use crate::agent::loss;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects, Host};

/// A stopped task has been describable for its hour.
pub(crate) fn task_expired(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    if ctx
        .ledger
        .task(task)
        .is_some_and(|record| record.is_stopped())
    {
        if ctx.ledger.hosts().task(task).is_some() {
            loss::orphan_forgotten(ctx, task, out);
        }
        out.change(Change::TaskForgotten { task });
    }
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
