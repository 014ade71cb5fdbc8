//! How indexes come to be: what a strategy or a constraint asks for is built, unless it is there.
//!
//! What is read of a ledger stays the same. How much is kept is bounded: what was asked for longest ago goes first.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
use crate::model::TransportProtocol;
use crate::model::constraint::Constraint;

use super::Ledger;
use super::bits::Bits;
use super::cluster::{Capacity, OrderBy};
use super::fits::is_enough;
use super::index::{Built, Judge, Members, Port, PortRows};
use super::order::Order;
use super::spread::{LEVELS_AGAIN, Levels, Partition};

/// Rows from which on it is quicker to have them in order, and by what is left in them, than to look at all of them: to keep
/// up an order costs as much as such a look. Unit tests have both.
const ORDERED_FROM: usize = if cfg!(test) { 96 } else { 256 };

/// The most expressions whose members are kept.
pub(super) const MEMBERS_MAX: usize = 64;

/// The most static ports whose rows are kept.
pub(super) const PORTS_MAX: usize = 32;

/// The most amounts for which the rows with so much left are kept.
pub(super) const FITS_MAX: usize = 64;

/// The most attributes by which rows are kept.
pub(super) const PARTITIONS_MAX: usize = 8;

/// The most words that the rows of groups take when another comes: 16 MiB.
///
/// They grow with the tasks on one row, from nine bits a row to nine bytes: to 128 MiB if all of them do before another comes.
const GROUP_WORDS_MAX: usize = 1 << 21;

impl Capacity {
    /// The open rows that belong into an order, each with what is left.
    pub(super) fn in_order(&self, by: OrderBy) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        (0..self.len()).filter_map(move |row| {
            let (cpu, memory) = self.ordered(row)?;
            let (key, other) = by.of(cpu, memory);
            Some((row, key, other))
        })
    }

    /// Has the open rows put in order.
    pub(crate) fn want_order(&mut self, by: OrderBy) {
        let known = self.index.built().and_then(|built| built.order(by));
        if known.is_none() {
            let order = Order::of(self.in_order(by));
            let built = self.index.build();
            built.orders[by as usize] = Some(order);
            built.is_by_room = true;
        }
    }

    /// Whether there are so many rows that those that can take a task are found by what is left in them.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.len() >= ORDERED_FROM
    }

    /// Has the open rows kept with so much left; not where many other amounts are asked for all the time.
    pub(crate) fn want_fits(&mut self, amounts: (u32, u32)) {
        let built = self.index.build();
        built.asked += 1;
        let (asked, since) = (built.asked, built.of_late(FITS_MAX));
        let fits = &mut built.fits;
        if let Some(at) = fits.find(amounts) {
            fits.touch(at, asked);
            return;
        }
        if fits.len() == FITS_MAX {
            if !fits.forget_oldest(since) {
                return;
            }
            self.index.outdated();
        }
        let rows = Bits::of(self.len(), |row| is_enough(self.ordered(row), amounts));
        let built = self.index.build();
        built.fits.add(amounts, rows, asked);
        built.is_by_room = true;
        built.relink();
    }

    /// Has the rows kept by the value of an attribute, and those of each value in order; not where many other attributes are
    /// asked for all the time.
    pub(crate) fn want_partition(&mut self, name: &str, by: Option<OrderBy>) {
        let built = self.index.build();
        built.asked += 1;
        let (asked, since) = (built.asked, built.of_late(PARTITIONS_MAX));
        let known = built
            .partition(name)
            .map(|(at, known)| (at, known.is_stale()));
        if let Some((at, false)) = known {
            built.partitions[at].asked = asked;
        } else {
            let is_full = known.is_none() && built.partitions.len() == PARTITIONS_MAX;
            let oldest = oldest(&built.partitions, |known| known.asked, since);
            let at = match (known, is_full, oldest) {
                (Some((at, _)), ..) => at,
                (None, false, _) => built.partitions.len(),
                (None, true, Some(oldest)) => oldest,
                (None, true, None) => return,
            };
            self.put_partition(at, name, asked);
        }
        let (Some(by), true) = (by, self.is_ordered()) else {
            return;
        };
        let Some((at, known)) = self.index.built().and_then(|built| built.partition(name)) else {
            return;
        };
        if known.is_kept() && known.orders[by as usize].is_none() {
            let orders = (0..known.sets.len())
                .map(|value| {
                    Order::of(
                        self.in_order(by)
                            .filter(|(row, ..)| known.value(*row) == value),
                    )
                })
                .collect();
            let built = self.index.build();
            built.partitions[at].orders[by as usize] = Some(orders);
            built.is_by_room = true;
        }
    }

    /// Keeps the rows by the value of an attribute, in place of what there is by that number.
    fn put_partition(&mut self, at: usize, name: &str, asked: u64) {
        let partition = Partition {
            asked,
            ..self.partition(name)
        };
        let built = self.index.build();
        if at == built.partitions.len() {
            built.partitions.push(partition);
        } else {
            built.partitions[at] = partition;
            built.forget_tallies(at);
            built
                .ready
                .retain(|known| known.kind().partition != Some(at));
            built.relink();
        }
        self.index.outdated();
    }

    /// The rows by the value of an attribute; of none when there are too many values.
    pub(super) fn partition(&self, name: &str) -> Partition {
        let mut partition = Partition::new(name, self.len());
        let column = self.attributes.get(name);
        for row in 0..self.len() {
            let value = column.and_then(|column| column.value(row));
            match partition.intern(value) {
                Some(value) => partition.put(row, value),
                None => {
                    partition.give_up();
                    break;
                }
            }
        }
        partition
    }

    /// Keeps the rows by the number of tasks of a group; not where they are many and other groups are asked for all the time.
    fn put_levels(&mut self, levels: Levels) {
        let built = self.index.build();
        let at = match built.level_of(levels.group) {
            // They were given up, so nothing is put together of them; its tasks stay counted by the values of attributes.
            Ok(at) => {
                let tallies = std::mem::take(&mut built.groups[at].tallies);
                built.groups[at] = Levels { tallies, ..levels };
                return;
            }
            Err(at) => at,
        };
        let mut words: usize = built.groups.iter().map(Levels::words).sum();
        words += levels.words();
        if words <= GROUP_WORDS_MAX {
            built.groups.insert(at, levels);
            built.relink();
            return;
        }
        let since = built.of_late(built.groups.len());
        while words > GROUP_WORDS_MAX {
            let Some(oldest) = oldest(&built.groups, |known| known.asked, since) else {
                break;
            };
            words -= built.groups.remove(oldest).words();
        }
        if words <= GROUP_WORDS_MAX {
            built.groups.push(levels);
            built.groups.sort_unstable_by_key(|known| known.group);
        }
        built.relink();
        self.index.outdated();
    }

    /// Forgets what is known of a group that is gone.
    pub(super) fn forget_group(&mut self, group: GroupId) {
        if (self.index.built()).is_none_or(|built| built.level_of(group).is_err()) {
            return;
        }
        let built = self.index.build();
        built.groups.retain(|known| known.group != group);
        built.relink();
    }

    /// Has the rows kept on which a port is taken; not where many other ports are asked for all the time.
    fn want_port(&mut self, port: Port, is_taken: impl Fn(ContainerInstanceId) -> bool) {
        let built = self.index.build();
        built.asked += 1;
        let asked = built.asked;
        if let Some(known) = built.ports.iter_mut().find(|known| known.port == port) {
            known.asked = asked;
            return;
        }
        if built.ports.len() == PORTS_MAX {
            let since = built.of_late(PORTS_MAX);
            let Some(oldest) = oldest(&built.ports, |known| known.asked, since) else {
                return;
            };
            built.ports.remove(oldest);
            self.index.outdated();
        }
        let taken = Bits::of(self.len(), |row| is_taken(self.instances[row]));
        let built = self.index.build();
        built.ports.push(PortRows {
            port,
            taken,
            whose: 0,
            asked,
        });
        built.relink();
    }
}

impl Ledger {
    /// Forgets every index.
    #[cfg(test)]
    pub(crate) fn forget_indexes(&mut self) {
        for record in &mut self.clusters.records {
            record.capacity.index = super::index::Index::default();
        }
    }

    fn capacity_mut(&mut self, cluster: ClusterId) -> &mut Capacity {
        &mut self.clusters.records[cluster.index()].capacity
    }

    /// Prepares for strategies that begin with `binpack`.
    pub(crate) fn want_order(&mut self, cluster: ClusterId, by: OrderBy) {
        self.capacity_mut(cluster).want_order(by);
    }

    /// Prepares for tasks that take so many CPU units and MiB.
    pub(crate) fn want_fits(&mut self, cluster: ClusterId, cpu: u32, memory: u32) {
        self.capacity_mut(cluster).want_fits((cpu, memory));
    }

    /// Prepares for `spread` over an attribute, and `binpack` behind it.
    pub(crate) fn want_partition(&mut self, cluster: ClusterId, name: &str, by: Option<OrderBy>) {
        self.capacity_mut(cluster).want_partition(name, by);
    }

    /// Prepares for what goes by the number of tasks of a group: on each row, and in the rows of each value of an attribute.
    pub(crate) fn want_levels(&mut self, cluster: ClusterId, group: GroupId, name: Option<&str>) {
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        let Some(record) = self.groups.records.get(group.number()) else {
            return;
        };
        let built = capacity.index.build();
        built.asked += 1;
        let (asked, known) = (built.asked, built.level_of(group).ok());
        if let Some(at) = known {
            built.groups[at].asked = asked;
        }
        let is_few = |(_, count)| count < LEVELS_AGAIN;
        if known.is_none_or(|at| !built.groups[at].is_kept() && record.wanted.iter().all(is_few)) {
            let counts = record.wanted.iter();
            let counts = counts.filter_map(|(on, count)| Some((capacity.row(on)?, count)));
            let levels = Levels {
                asked,
                ..Levels::new(group, capacity.len(), counts)
            };
            capacity.put_levels(levels);
        }
        if let Some(name) = name {
            want_tally(capacity, group, name, record);
        }
    }

    /// Prepares for a constraint that neither tasks nor agents have a bearing on; not where many others are asked for all the
    /// time.
    pub(crate) fn want_members(
        &mut self,
        cluster: ClusterId,
        constraint: &Arc<Constraint>,
        judge: Judge,
    ) {
        let built = self.capacity_mut(cluster).index.build();
        built.asked += 1;
        let is_known = built.members.iter().any(|known| known.is_of(constraint));
        if !is_known && built.members.len() == MEMBERS_MAX {
            let since = built.of_late(MEMBERS_MAX);
            let Some(oldest) = oldest(&built.members, |known| known.asked, since) else {
                return;
            };
            built.members.remove(oldest);
        }
        let capacity = &self.clusters.records[cluster.index()].capacity;
        let holds = |row: usize| judge(constraint, self, capacity.instances[row]);
        let known = capacity.index.built().and_then(|built| {
            let known = built.members.iter().find(|known| known.is_of(constraint))?;
            Some((known, &built.log[known.seen..]))
        });
        let mut fresh = None;
        let mut changed = Vec::new();
        match known {
            None => fresh = Some(Bits::of(capacity.len(), holds)),
            Some((_, log)) => {
                let rows = log.iter().filter(|row| **row != u32::MAX);
                changed.extend(rows.map(|row| (*row as usize, holds(*row as usize))));
            }
        }
        let index = &mut self.capacity_mut(cluster).index;
        let built = index.build();
        let (asked, seen) = (built.asked, built.log.len());
        if let Some(rows) = fresh {
            built.members.push(Members {
                constraint: Arc::clone(constraint),
                judge,
                rows,
                seen,
                asked,
            });
            index.outdated();
        } else if let Some(known) = built
            .members
            .iter_mut()
            .find(|known| known.is_of(constraint))
        {
            for (row, holds) in changed {
                known.rows.put(row, holds);
            }
            (known.seen, known.asked) = (seen, asked);
            settle_log(built);
        }
    }

    /// Prepares for tasks with a static host port.
    pub(crate) fn want_port(&mut self, cluster: ClusterId, port: Port) {
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        let instances = &self.instances;
        let is_taken = |on: ContainerInstanceId| {
            let record = instances.get(on);
            record.is_some_and(|record| record.has_port(port.0 == TransportProtocol::Udp, port.1))
        };
        capacity.want_port(port, is_taken);
    }
}

/// Counts the tasks of a group in the rows of each value of an attribute, unless they are counted.
fn want_tally(
    capacity: &mut Capacity,
    group: GroupId,
    name: &str,
    record: &super::group::GroupRecord,
) {
    let Some(built) = capacity.index.built() else {
        return;
    };
    let (Some((number, partition)), Some(levels)) = (built.partition(name), built.levels(group))
    else {
        return;
    };
    if !partition.is_kept() || levels.tally(number).is_some() {
        return;
    }
    let mut tally = vec![0; partition.sets.len()];
    for (on, count) in record.wanted.iter() {
        if let Some(row) = capacity.row(on) {
            tally[partition.value(row)] += count;
        }
    }
    let built = capacity.index.build();
    if let Ok(at) = built.level_of(group) {
        built.groups[at].tallies.push((number, tally));
    }
}

/// Forgets the log once everybody has seen it.
fn settle_log(built: &mut Built) {
    let end = built.log.len();
    if end > 0 && built.members.iter().all(|known| known.seen == end) {
        built.log.clear();
        built.members.iter_mut().for_each(|known| known.seen = 0);
    }
}

/// Where that is which was asked for longest ago, unless that was after `since`.
fn oldest<T>(kept: &[T], asked: impl Fn(&T) -> u64, since: u64) -> Option<usize> {
    let oldest = (0..kept.len()).min_by_key(|at| asked(&kept[*at]));
    oldest.filter(|at| asked(&kept[*at]) <= since)
}
