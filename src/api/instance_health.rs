//! The health of a container instance, which faults turn, and what auto repair makes of it.

use crate::ids::ContainerInstanceId;
use crate::ledger::change::Change;
use crate::ledger::hazard::HazardChange;
use crate::ledger::{Ctx, Effects, StoppedReason};
use crate::model::{ContainerInstanceStatus, StopCode};

/// The health checks of a container instance find it impaired.
///
/// On EC2 that is told and nothing follows (developer guide, container instance health). Where `repair` is set, the instance
/// is taken out of service as auto repair of ECS Managed Instances does: it drains, and its tasks are told to stop.
///
/// # Model
///
/// No instance comes in its place, since there are no capacity providers yet, so its tasks wait for none; and its machine
/// runs on until somebody takes it away.
pub(super) fn fail(ctx: &Ctx<'_>, instance: ContainerInstanceId, repair: bool, out: &mut Effects) {
    turn(ctx, instance, true, out);
    let Some(record) = ctx.ledger.instance(instance).filter(|_| repair) else {
        return;
    };
    if record.status == ContainerInstanceStatus::Active {
        let to = ContainerInstanceStatus::Draining;
        out.change(Change::InstanceStatusChanged { instance, to });
    }
    let why = (
        StopCode::InfrastructureHealth,
        StoppedReason::InstanceImpaired,
    );
    for task in record.tasks.iter().copied() {
        let known = ctx.ledger.task(task).expect("a listed task is known");
        super::stop_task::interrupt(ctx, (task, known), why, out);
    }
}

/// The health checks of a container instance find nothing wrong.
pub(super) fn recover(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    turn(ctx, instance, false, out);
}

fn turn(ctx: &Ctx<'_>, instance: ContainerInstanceId, is_impaired: bool, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.impaired != is_impaired) {
        out.change(Change::Hazard(HazardChange::Impaired {
            instance,
            is_impaired,
        }));
    }
}
