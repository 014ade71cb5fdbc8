//! What stopped long enough ago is forgotten.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects};

/// A stopped task has been describable for its hour.
pub(crate) fn task_expired(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    if ctx
        .ledger
        .task(task)
        .is_some_and(|record| record.is_stopped())
    {
        out.change(Change::TaskForgotten { task });
    }
}

/// A deregistered container instance has been describable for its hour.
pub(crate) fn container_instance_expired(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    out: &mut Effects,
) {
    if ctx
        .ledger
        .instance(instance)
        .is_some_and(|record| !record.is_registered())
    {
        out.change(Change::InstanceForgotten { instance });
    }
}
