//! The end of every fault: what was halted runs, what was cut off is connected, and nothing fails any more.

use crate::agent;
use crate::ledger::change::Change;
use crate::ledger::{Ctx, Effects};

/// Ends every fault under way.
///
/// Machines that were stopped run again; those that were terminated stay gone. Agents that were disconnected are back, and
/// both sides say again what the other missed.
pub(crate) fn heal(ctx: &Ctx<'_>, out: &mut Effects) {
    out.change(Change::Healed);
    for (task, _) in ctx.ledger.hosts().tasks() {
        for (container, _) in (0_u16..).zip(ctx.ledger.hosts().containers(task)) {
            agent::health::release(ctx, task, container, out);
        }
    }
    let registered = ctx.ledger.instances().iter();
    for (instance, _) in registered.filter(|(_, record)| record.is_registered()) {
        agent::power::notice_withdrawn(ctx, instance, out);
        super::fault::started(ctx, instance, out);
        agent::connection::reconnected(ctx, instance, out);
    }
}
