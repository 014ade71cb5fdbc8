//! The indexes of a cluster's rows, against a scan of what they follow from.

use std::collections::BTreeMap;

use crate::ids::{ClusterId, ContainerInstanceId};
use crate::ledger::bits::Bits;
use crate::ledger::cluster::Capacity;
use crate::ledger::counted::Counted;
use crate::ledger::fits::is_enough;
use crate::ledger::index::{Built, Port, PortRows};
use crate::ledger::instance::PORT_QUOTA;
use crate::ledger::order::Order;
use crate::ledger::ready::Ready;
use crate::ledger::spread::{Levels, Partition};
use crate::ledger::{ClusterRecord, Ledger, OrderBy};
use crate::model::TransportProtocol;

use super::compare;

/// What is kept of the rows of a cluster besides its columns.
pub(super) fn of_cluster(
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
    for (amounts, rows) in built.fits.iter() {
        let scanned = Bits::of(capacity.len(), |row| {
            is_enough(capacity.ordered(row), amounts)
        });
        compare(
            || format!("rows of {id} with {amounts:?} left"),
            rows,
            &scanned,
        )?;
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
    links(built)?;
    for known in &built.ready {
        ready(ledger, capacity, built, known)?;
    }
    ports_used(ledger, id, capacity, built)
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
    let is_consistent = kept.is_consistent();
    compare(
        name,
        (kept.iter().collect(), is_consistent),
        (scanned, true),
    )
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
    compare(name, &kept.taken, &scanned)
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
    let Some(group) = ledger.groups().get(kept.group) else {
        return Err(format!(
            "tasks of {} are counted, which is gone",
            kept.group
        ));
    };
    let on: BTreeMap<usize, u32> = (group.wanted.iter())
        .filter_map(|(instance, count)| Some((capacity.row(instance)?, count)))
        .collect();
    let count = |row: usize| on.get(&row).copied().unwrap_or(0);
    for (level, (rows, size)) in (0..).zip(kept.planes()) {
        let name = || format!("rows with {level} tasks of {}", kept.group);
        let scanned = Bits::of(capacity.len(), |row| count(row) == level);
        compare(name, (rows, size as usize), (&scanned, scanned.count()))?;
    }
    if kept.is_kept() {
        let name = || format!("tasks of {} on each row", kept.group);
        let known = (0..capacity.len()).map(|row| kept.on(row));
        compare(
            name,
            known.collect::<Vec<u32>>(),
            (0..capacity.len()).map(count).collect(),
        )?;
    }
    for (number, tally) in &kept.tallies {
        let partition = &built.partitions[*number];
        let name = || {
            format!(
                "whether {} is kept, by which tasks are counted",
                partition.name
            )
        };
        compare(name, partition.is_kept(), true)?;
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

/// How many static ports are taken on each row, once that counts.
fn ports_used(
    ledger: &Ledger,
    id: ClusterId,
    capacity: &Capacity,
    built: &Built,
) -> Result<(), String> {
    if !built.is_ports_counted {
        return Ok(());
    }
    let used = |on: &ContainerInstanceId| {
        let record = ledger.instance(*on);
        record.map_or(0, |record| record.ports_in_use())
    };
    let kept = built.ports_used.iter().map(|used| *used as usize);
    compare(
        || format!("static ports taken on each row of {id}"),
        kept.collect::<Vec<usize>>(),
        capacity.instances.iter().map(used).collect(),
    )
}

/// What is kept ready knows of what it is put together, and each part knows for whom it is.
fn links(built: &Built) -> Result<(), String> {
    let mut of_fits = vec![0; built.fits.len()];
    let mut of_ports = vec![0; built.ports.len()];
    let mut of_groups = vec![0; built.groups.len()];
    for (number, known) in built.ready.iter().enumerate() {
        let (kind, bit) = (known.kind(), 1 << number);
        let ports = kind.ports.iter();
        let ports: Option<Vec<usize>> = ports
            .map(|port| built.ports.iter().position(|known| known.port == *port))
            .collect();
        let levels = kind.group.map(|group| built.level_of(group).ok());
        let (fits, kept_ports, kept_levels) = known.links();
        compare(
            || format!("the parts of what is ready for {kind:?}"),
            (Some(fits), Some(kept_ports), kept_levels.map(Some)),
            (built.fits.find(kind.amounts), ports.as_deref(), levels),
        )?;
        of_fits[fits] |= bit;
        kept_ports.iter().for_each(|at| of_ports[*at] |= bit);
        if let Some(at) = kept_levels {
            of_groups[at] |= bit;
        }
    }
    let fits = (0..of_fits.len()).map(|at| built.fits.whose(at));
    let ports = built.ports.iter().map(|known| known.whose);
    let groups = built.groups.iter().map(|known| known.whose);
    compare(
        || "for whom amounts, ports and groups are kept".to_owned(),
        [fits.collect(), ports.collect(), groups.collect()],
        [of_fits, of_ports, of_groups],
    )
}

/// The rows kept ready for a kind of tasks: those that can take one, by value and by tasks of the group.
fn ready(ledger: &Ledger, capacity: &Capacity, built: &Built, kept: &Ready) -> Result<(), String> {
    let kind = kept.kind();
    let group = kind.group.and_then(|group| ledger.groups().get(group));
    let mut scanned: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for row in 0..capacity.len() {
        let Some(record) = ledger.instance(capacity.instances[row]) else {
            continue;
        };
        let is_taken = |(protocol, number): &Port| {
            record.has_port(*protocol == TransportProtocol::Udp, *number)
        };
        let has_ports = kind.ports.is_empty()
            || (!kind.ports.iter().any(is_taken)
                && record.ports_in_use() + kind.ports.len() <= PORT_QUOTA);
        if has_ports && is_enough(capacity.ordered(row), kind.amounts) {
            let value = kind.partition.map(|at| built.partitions[at].value(row));
            let level = group.map(|group| group.wanted.on(capacity.instances[row]) as usize);
            let place = (value.unwrap_or(0), level.unwrap_or(0));
            scanned.entry(place).or_default().push(row);
        }
    }
    let mut planes = BTreeMap::new();
    for (value, levels) in kept.planes().iter().enumerate() {
        for (level, rows) in levels.iter().enumerate() {
            let name = || format!("the counts of rows ready for {kind:?} by {value}, {level}");
            compare(name, rows, &Counted::of(rows.bits().clone()))?;
            let rows: Vec<usize> = (0..capacity.len()).filter(|row| rows.has(*row)).collect();
            if !rows.is_empty() {
                planes.insert((value, level), rows);
            }
        }
    }
    compare(|| format!("rows ready for {kind:?}"), planes, scanned)
}
