//! The indexes of a cluster's rows, against a scan of what they follow from.

use std::collections::BTreeMap;

use crate::ids::ClusterId;
use crate::ledger::bits::Bits;
use crate::ledger::cluster::Capacity;
use crate::ledger::index::{Built, PortRows, Room};
use crate::ledger::order::Order;
use crate::ledger::spread::{Levels, Partition};
use crate::ledger::{ClusterRecord, Ledger, OrderBy};
use crate::model::TransportProtocol;

use super::compare;

/// What is kept of the rows of a cluster besides its columns.
pub(super) fn indexes(
    ledger: &Ledger,
    id: ClusterId,
    record: &ClusterRecord,
) -> Result<(), String> {
    let capacity = &record.capacity;
    let Some(built) = capacity.index.built() else {
        return Ok(());
    };
    for by in OrderBy::ALL {
        let name = || format!("order by {by:?} of {id}");
        order(name, capacity, (built.order(by), by), |_| true)?;
    }
    if let Some(kept) = built.room() {
        room(id, capacity, kept)?;
    }
    for known in &built.partitions {
        partition(id, capacity, known)?;
    }
    for known in &built.ports {
        port(ledger, id, capacity, known)?;
    }
    members(ledger, capacity, built)?;
    for known in &built.groups {
        levels(ledger, capacity, built, known)?;
    }
    Ok(())
}

/// An order of those open rows of which something holds, if it is kept.
fn order(
    name: impl FnOnce() -> String,
    capacity: &Capacity,
    (kept, by): (Option<&Order>, OrderBy),
    holds: impl Fn(usize) -> bool,
) -> Result<(), String> {
    let Some(kept) = kept else { return Ok(()) };
    let rows = capacity.in_order(by).filter(|(row, ..)| holds(*row));
    let mut scanned: Vec<_> = rows.collect();
    scanned.sort_unstable_by_key(|(row, key, _)| (*key, *row));
    compare(name, kept.iter().collect(), scanned)
}

fn room(id: ClusterId, capacity: &Capacity, kept: &Room) -> Result<(), String> {
    let scanned = Room::of(&capacity.cpu, &capacity.memory);
    compare(|| format!("room in blocks of {id}"), kept, &scanned)
}

fn partition(id: ClusterId, capacity: &Capacity, kept: &Partition) -> Result<(), String> {
    if !kept.is_kept() {
        return Ok(());
    }
    let column = capacity.attributes.get(&kept.name);
    let value = |row: usize| match kept.value(row) {
        0 => None,
        number => Some(&*kept.values[number - 1]),
    };
    for row in 0..capacity.len() {
        compare(
            || format!("{} of row {row} of {id}", kept.name),
            value(row),
            column.and_then(|column| column.value(row)),
        )?;
    }
    for (number, rows) in kept.sets().iter().enumerate() {
        compare(
            || format!("rows with value {number} of {} in {id}", kept.name),
            rows,
            &Bits::of(capacity.len(), |row| kept.value(row) == number),
        )?;
        for by in OrderBy::ALL {
            let orders = kept.orders(by);
            let known = orders.map(|orders| &orders[number]);
            let name = || format!("order by {by:?} of value {number} of {} in {id}", kept.name);
            order(name, capacity, (known, by), |row| kept.value(row) == number)?;
        }
    }
    Ok(())
}

fn port(
    ledger: &Ledger,
    id: ClusterId,
    capacity: &Capacity,
    kept: &PortRows,
) -> Result<(), String> {
    let (protocol, number) = kept.port;
    let is_taken = |row: usize| {
        let record = ledger.instance(capacity.instances[row]);
        record.is_some_and(|record| record.has_port(protocol == TransportProtocol::Udp, number))
    };
    let scanned = Bits::of(capacity.len(), is_taken);
    let name = || format!("rows of {id} where {protocol} port {number} is taken");
    compare(name, &kept.taken, &scanned)?;
    for by in OrderBy::ALL {
        let known = kept.orders[by as usize].as_ref();
        let name = || format!("order by {by:?} of rows of {id} where port {number} is free");
        order(name, capacity, (known, by), |row| !kept.taken.has(row))?;
    }
    Ok(())
}

/// Members, but for rows that are known to have changed since.
fn members(ledger: &Ledger, capacity: &Capacity, built: &Built) -> Result<(), String> {
    for known in &built.members {
        let mut scanned = Bits::of(capacity.len(), |row| {
            (known.judge)(&known.constraint, ledger, capacity.instances[row])
        });
        let changed = built.log[known.seen..].iter();
        for row in changed.filter(|row| **row != u32::MAX) {
            scanned.put(*row as usize, known.rows.has(*row as usize));
        }
        let name = || format!("rows for which {} holds", known.constraint.text());
        compare(name, &known.rows, &scanned)?;
    }
    Ok(())
}

fn levels(
    ledger: &Ledger,
    capacity: &Capacity,
    built: &Built,
    kept: &Levels,
) -> Result<(), String> {
    let group = ledger.groups().get(kept.group);
    let on = group.into_iter().flat_map(|group| group.wanted.iter());
    let on: BTreeMap<usize, u32> = on
        .filter_map(|(instance, count)| Some((capacity.row(instance)?, count)))
        .collect();
    let count = |row: usize| on.get(&row).copied().unwrap_or(0);
    for (level, (rows, size)) in (0..).zip(kept.planes()) {
        let name = || format!("rows with {level} tasks of {}", kept.group);
        let scanned = Bits::of(capacity.len(), |row| count(row) == level);
        compare(name, (rows, size as usize), (&scanned, scanned.count()))?;
    }
    for (number, tally) in &kept.tallies {
        let partition = &built.partitions[*number];
        if !partition.is_kept() {
            continue;
        }
        let mut scanned = vec![0; tally.len().max(partition.sets().len())];
        for (row, count) in &on {
            scanned[partition.value(*row)] += count;
        }
        let mut tally = tally.clone();
        tally.resize(scanned.len(), 0);
        let name = || format!("tasks of {} by {}", kept.group, partition.name);
        compare(name, tally, scanned)?;
    }
    Ok(())
}
