//! Finding a place among rows that are kept ready: the same as by a search, without one.

use crate::ledger::counted::{self, Counted};
use crate::ledger::instance::InstanceKind;
use crate::ledger::spread::VALUES_MAX;

use super::ask::Ask;
use super::chain::Chain;
use super::pool::Pool;

/// Whether a task goes by nothing but CPU, memory and static host ports.
fn is_bare(ask: &Ask<'_>) -> bool {
    ask.kind == InstanceKind::Ec2
        && ask.demand.gpus == 0
        && ask.demand.enis == 0
        && ask.constraints.is_empty()
        && !ask.distinct_instance
}

/// Whether what is kept ready is all that counts.
fn is_enough(ask: &Ask<'_>, pool: &Pool<'_>) -> bool {
    !pool.is_picked() && pool.capacity().limited == 0 && is_bare(ask)
}

/// The row that a strategy of `spread` alone prefers; `None` when no rows are kept ready for such tasks.
pub(super) fn spread(ask: &Ask<'_>, pool: &Pool<'_>) -> Option<Option<usize>> {
    let built = pool.capacity().index.built()?;
    if built.is_nothing_ready() {
        return None;
    }
    let chain = Chain::read(ask.rules);
    if chain.binpack.is_some() || !chain.rest.is_empty() || !is_enough(ask, pool) {
        return None;
    }
    let levels = built.levels(ask.group?)?;
    let (mut partition, mut tally) = (None, &[][..]);
    if let Some(name) = chain.attribute {
        let (number, _) = built.partition(name)?;
        (partition, tally) = (Some(number), levels.tally(number)?);
    }
    let ready = built.ready(ask.demand, chain.instances.then_some(levels), partition)?;
    Some(fewest(ready.planes(), tally).and_then(|(sets, count)| {
        let sets = &sets[..count];
        let rows: usize = sets.iter().map(|rows| rows.count()).sum();
        counted::nth(sets, ask.pick(rows))
    }))
}

/// The rows with the fewest tasks of those with the values that have the fewest: so many sets; `None` when there is no row.
fn fewest<'a>(
    planes: &'a [Vec<Counted>],
    tally: &[u32],
) -> Option<([&'a Counted; VALUES_MAX], usize)> {
    let mut sets = [planes.iter().flatten().next()?; VALUES_MAX];
    let (mut least, mut count) = ((u32::MAX, usize::MAX), 0);
    for (value, levels) in planes.iter().enumerate() {
        let Some(level) = levels.iter().position(|rows| rows.count() > 0) else {
            continue;
        };
        let key = (tally.get(value).copied().unwrap_or(0), level);
        if key < least {
            (least, count) = (key, 0);
        }
        if key == least {
            sets[count] = &levels[level];
            count += 1;
        }
    }
    (count > 0).then_some((sets, count))
}

/// The rows that can take a task wherever it fits; `None` when they are not kept ready for such tasks.
pub(super) fn anywhere<'a>(ask: &Ask<'_>, pool: &Pool<'a>) -> Option<Option<&'a Counted>> {
    let built = pool.capacity().index.built()?;
    if built.is_nothing_ready() || !is_enough(ask, pool) {
        return None;
    }
    let ready = built.ready(ask.demand, None, None)?;
    Some(ready.planes().first().and_then(|levels| levels.first()))
}
