//! Faults that last: how they begin and end.

use std::sync::Arc;
use std::time::Duration;

use crate::agent;
use crate::draw::Purpose;
use crate::ids::ContainerInstanceId;
use crate::ledger::change::Change;
use crate::ledger::hazard::{Hazard, HazardChange, Reach};
use crate::ledger::host::Power;
use crate::ledger::instance::InstanceSpec;
use crate::ledger::{Ctx, Effects, Event};
use crate::model::{Attribute, Cut, Fault, InstanceSet};

use super::fault::{FaultError, find_instance, started};

/// Makes a fault happen that lasts, or that meets several container instances; `None` when it is no such fault.
pub(super) fn inject(
    ctx: &Ctx<'_>,
    fault: &Fault,
    out: &mut Effects,
) -> Option<Result<(), FaultError>> {
    let (reach, lasting) = match fault {
        Fault::Outage { on } => return Some(outage(ctx, on, out)),
        Fault::Recovery { on } => return Some(recovery(ctx, on, out)),
        Fault::Slow { on, lasting, .. }
        | Fault::Partition { on, lasting, .. }
        | Fault::MessageLoss { on, lasting, .. }
        | Fault::MessageRepeat { on, lasting, .. }
        | Fault::MessageReorder { on, lasting, .. }
        | Fault::ClockSkew { on, lasting, .. } => (reach(ctx, on), *lasting),
        Fault::EventLoss { lasting, .. }
        | Fault::EventRepeat { lasting, .. }
        | Fault::EventReorder { lasting, .. }
        | Fault::RegistryOutage { lasting, .. }
        | Fault::EniAttachFail { lasting, .. } => (Ok(Reach::All), *lasting),
        _ => return None,
    };
    Some(reach.map(|reach| begin(ctx, fault, reach, lasting, out)))
}

/// Whom a fault reaches.
fn reach(ctx: &Ctx<'_>, on: &InstanceSet) -> Result<Reach, FaultError> {
    Ok(match on {
        InstanceSet::All => Reach::All,
        InstanceSet::ContainerInstance(name) => Reach::Instance(find_instance(ctx, name)?),
        InstanceSet::Zone(zone) => Reach::Zone(Arc::from(zone.as_str())),
        InstanceSet::Attribute { name, value } => {
            Reach::Attribute(Arc::from(name.as_str()), Arc::from(value.as_str()))
        }
    })
}

fn outage(ctx: &Ctx<'_>, on: &InstanceSet, out: &mut Effects) -> Result<(), FaultError> {
    for instance in ctx.ledger.reached(&reach(ctx, on)?) {
        agent::power::halted(ctx, instance, Power::Off, out);
    }
    Ok(())
}

fn recovery(ctx: &Ctx<'_>, on: &InstanceSet, out: &mut Effects) -> Result<(), FaultError> {
    for instance in ctx.ledger.reached(&reach(ctx, on)?) {
        started(ctx, instance, out);
    }
    Ok(())
}

fn begin(ctx: &Ctx<'_>, fault: &Fault, reach: Reach, lasting: Duration, out: &mut Effects) {
    let number = ctx.ledger.hazards().next();
    let cut = match fault {
        Fault::Partition { cut, .. } => Some(*cut),
        _ => None,
    };
    if cut.is_some_and(Cut::hides_agents) {
        for instance in ctx.ledger.reached(&reach) {
            notice_silence(ctx, instance, number, out);
        }
    }
    // Registries are looked at with the pulls that they failed, so they end by themselves.
    match (cut, fault) {
        (Some(_), _) => out.after(lasting, Event::CutOver(number)),
        (None, Fault::RegistryOutage { .. }) => {}
        (None, _) => out.after(lasting, Event::HazardOver(number)),
    }
    let hazard = Hazard {
        fault: fault.clone(),
        reach,
        until: ctx.now.saturating_add(lasting),
    };
    let hazard = Arc::new(hazard);
    out.change(Change::Hazard(HazardChange::Began { number, hazard }));
}

/// The control plane will notice that it does not hear an agent.
fn notice_silence(ctx: &Ctx<'_>, instance: ContainerInstanceId, number: u32, out: &mut Effects) {
    let latency = &ctx.profile.latencies.agent_lost;
    let subject = u64::from(instance.number());
    // Partitions that are 65536 faults apart share their luck.
    let nth = number as u16;
    let silence = ctx.draws.duration(latency, Purpose::Silence, subject, nth);
    out.after(silence, Event::SilenceNoticed(instance, nth));
}

/// A fault that lasted is over: what a partition kept from each other speaks again.
pub(crate) fn over(ctx: &Ctx<'_>, number: u32, out: &mut Effects) {
    let Some(hazard) = ctx.ledger.hazards().get(number) else {
        return;
    };
    out.change(Change::Hazard(HazardChange::Ended { number }));
    if matches!(hazard.fault, Fault::Partition { .. }) {
        let ledger = ctx.ledger;
        for (instance, record) in ledger.instances().iter() {
            let is_reached = record.is_registered() && ledger.is_reached(&hazard.reach, instance);
            if is_reached || ledger.hazards().is_silenced(instance) {
                out.after(Duration::ZERO, Event::LinkRestored(instance));
            }
        }
    }
}

/// A container instance is about to be what `spec` says: a partition may reach it from then on, or no longer.
pub(super) fn described_anew(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    spec: &InstanceSpec,
    out: &mut Effects,
) {
    let is_known = ctx.ledger.instance(instance).is_some();
    let mut is_freed = false;
    for (number, hazard) in ctx.ledger.hazards().iter() {
        let Fault::Partition { cut, .. } = hazard.fault else {
            continue;
        };
        let was = is_known && ctx.ledger.is_reached(&hazard.reach, instance);
        let is = hazard.reach.takes_in(instance, spec);
        if is && !was && cut.hides_agents() {
            notice_silence(ctx, instance, number, out);
        }
        is_freed |= was && !is;
    }
    if is_freed {
        out.after(Duration::ZERO, Event::LinkRestored(instance));
    }
}

/// The same of one whose attributes alone change.
pub(super) fn labelled_anew(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    attributes: impl FnOnce() -> Vec<Attribute>,
    out: &mut Effects,
) {
    let record = ctx.ledger.instance(instance);
    if let Some(record) = record.filter(|_| !ctx.ledger.hazards().is_calm()) {
        let mut spec = InstanceSpec::clone(&record.spec);
        spec.set_attributes(attributes());
        described_anew(ctx, instance, &spec, out);
    }
}

/// The control plane notices that it does not hear an agent, if it still does not.
pub(crate) fn silence_noticed(
    ctx: &Ctx<'_>,
    instance: ContainerInstanceId,
    low: u16,
    out: &mut Effects,
) {
    let mut active = ctx.ledger.hazards().iter();
    if active.any(|(number, _)| number as u16 == low) {
        agent::connection::silenced(ctx, instance, out);
    }
}
