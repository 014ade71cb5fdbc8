//! The end of every fault: what was halted runs, what was cut off is connected, and nothing fails any more.

use crate::agent;
use crate::ledger::call_fault::CallFaultChange;
use crate::ledger::change::Change;
use crate::ledger::hazard::HazardChange;
use crate::ledger::{Ctx, Effects};

/// Ends the faults that last, and lets what partitions kept from each other speak again.
pub(crate) fn end_hazards(ctx: &Ctx<'_>, out: &mut Effects) {
    out.change(Change::Hazard(HazardChange::Healed));
    if !ctx.ledger.versions().spikes().is_empty() {
        out.change(Change::ReadLagEnded);
    }
    if ctx.ledger.call_faults().until() > ctx.now {
        out.change(Change::CallFault(CallFaultChange::Ended));
    }
    let instances = ctx.ledger.instances().iter();
    for (instance, _) in instances.filter(|(_, record)| record.is_registered()) {
        agent::connection::uncut(ctx, instance, out);
    }
}

/// Ends what is left of other faults, once the ledger knows of none that lasts.
///
/// Machines that were stopped run again; those that were terminated stay gone. Agents that were disconnected are back, and
/// both sides say again what the other missed.
pub(crate) fn heal(ctx: &Ctx<'_>, out: &mut Effects) {
    for (task, _) in ctx.ledger.hosts().tasks() {
        for (container, _) in (0_u16..).zip(ctx.ledger.hosts().containers(task)) {
            agent::health::release(ctx, task, container, out);
        }
    }
    let registered = ctx.ledger.instances().iter();
    for (instance, _) in registered.filter(|(_, record)| record.is_registered()) {
        agent::power::notice_withdrawn(ctx, instance, out);
        super::instance_health::recover(ctx, instance, out);
        super::fault::started(ctx, instance, out);
        agent::connection::reconnected(ctx, instance, out);
    }
}
