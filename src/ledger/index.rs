//! What is kept of a cluster's rows besides its columns, so that placement need not look at all of them.
//!
//! All of it follows from the ledger: it is built when a strategy or a constraint first asks for it, kept up to date from
//! then on, audited against a scan, and no part of a ledger's serialised state. A clone shares it until one side moves.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, GroupId};
use crate::model::TransportProtocol;
use crate::model::constraint::Constraint;

use super::Ledger;
use super::bits::Bits;
use super::clock::Clock;
use super::cluster::{Capacity, OrderBy};
use super::demand::Demand;
use super::fits::{Fits, Left};
use super::instance::{InstanceKind, InstanceSpec};
use super::order::Order;
use super::ready::{Ready, Whose};
use super::shared::Shared;
use super::spread::{Levels, Partition};

/// The indexes of a cluster's rows. Two of them never tell clusters apart.
#[derive(Clone, Debug, Default)]
pub struct Index {
    built: Shared<Built>,
    clock: Clock,
    /// Grows when something that was asked for may have to be asked for again.
    generation: u64,
}

impl PartialEq for Index {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Index {}

/// What strategies and constraints asked for.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The open rows by CPU and by memory.
    pub(super) orders: [Option<Order>; 2],
    pub(super) fits: Fits,
    /// Whether anything goes by what is left in rows: orders, or `fits`.
    pub(super) is_by_room: bool,
    pub(super) partitions: Vec<Partition>,
    pub(super) members: Vec<Members>,
    pub(super) ports: Vec<PortRows>,
    /// By group, ascending.
    pub(super) groups: Vec<Levels>,
    /// What is put together from all these.
    pub(super) ready: Vec<Ready>,
    /// How many static ports are taken or reserved on each row, once that counts.
    pub(super) ports_used: Vec<u32>,
    pub(super) is_ports_counted: bool,
    /// Rows whose attributes changed while something was known of members; `u32::MAX` where the row is gone.
    pub(super) log: Vec<u32>,
    /// How often something was asked for.
    pub(super) asked: u64,
}

/// Judges whether an expression holds for a container instance.
pub(crate) type Judge = fn(&Constraint, &Ledger, ContainerInstanceId) -> bool;

/// The rows for which an expression holds that neither tasks nor agents have a bearing on.
#[derive(Clone, Debug)]
pub struct Members {
    pub(super) constraint: Arc<Constraint>,
    pub(super) judge: Judge,
    pub(super) rows: Bits,
    /// How much of the log is in it.
    pub(super) seen: usize,
    pub(super) asked: u64,
}

/// A static host port.
pub type Port = (TransportProtocol, u16);

/// The rows on which a static host port is taken.
#[derive(Clone, Debug)]
pub struct PortRows {
    pub(super) port: Port,
    pub(super) taken: Bits,
    /// For whom they are put together with others.
    pub(super) whose: Whose,
    pub(super) asked: u64,
}

/// The static host ports of a demand.
pub(crate) fn ports(demand: &Demand) -> impl Iterator<Item = Port> + '_ {
    let tcp = demand.tcp.iter();
    let udp = demand.udp.iter();
    tcp.map(|port| (TransportProtocol::Tcp, *port))
        .chain(udp.map(|port| (TransportProtocol::Udp, *port)))
}

impl Index {
    /// What has happened to the rows.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn clock_mut(&mut self) -> &mut Clock {
        &mut self.clock
    }

    /// As long as it stays, what was asked for is there.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn built(&self) -> Option<&Built> {
        self.built.get()
    }

    /// What is built, to be changed; `None` while there is nothing.
    pub(crate) fn built_mut(&mut self) -> Option<&mut Built> {
        self.built.get_mut()
    }

    /// What is built, so that something can be added.
    pub(super) fn build(&mut self) -> &mut Built {
        if self.built.get().is_none() {
            self.built.set(Box::default());
        }
        self.built.get_mut().expect("it is there by now")
    }

    /// Something may have to be asked for again.
    pub(super) fn outdated(&mut self) {
        self.generation += 1;
    }
}

impl Built {
    pub(crate) fn order(&self, by: OrderBy) -> Option<&Order> {
        self.orders[by as usize].as_ref()
    }

    /// The open rows with so much left.
    pub(crate) fn fits(&self, cpu: u32, memory: u32) -> Option<&Bits> {
        self.fits.rows((cpu, memory))
    }

    /// The rows by the value of an attribute, and the number of the partition.
    pub(crate) fn partition(&self, name: &str) -> Option<(usize, &Partition)> {
        let at = self
            .partitions
            .iter()
            .position(|known| &*known.name == name)?;
        Some((at, &self.partitions[at]))
    }

    /// The rows for which an expression holds, if that is up to date.
    pub(crate) fn members(&self, constraint: &Constraint) -> Option<&Bits> {
        let known = self.members.iter().find(|known| known.is_of(constraint))?;
        (known.seen == self.log.len()).then_some(&known.rows)
    }

    pub(crate) fn taken(&self, port: Port) -> Option<&Bits> {
        let known = self.ports.iter().find(|known| known.port == port);
        known.map(|known| &known.taken)
    }

    pub(crate) fn levels(&self, group: GroupId) -> Option<&Levels> {
        let at = self.level_of(group).ok()?;
        Some(&self.groups[at])
    }

    /// How much is kept of each kind, and how much at most.
    #[cfg(test)]
    pub(crate) fn sizes(&self) -> [(&'static str, usize, usize); 5] {
        use super::ready::READY_MAX;
        use super::wanted::{FITS_MAX, MEMBERS_MAX, PARTITIONS_MAX, PORTS_MAX};
        [
            ("fits", self.fits.len(), FITS_MAX),
            ("members", self.members.len(), MEMBERS_MAX),
            ("ports", self.ports.len(), PORTS_MAX),
            ("partitions", self.partitions.len(), PARTITIONS_MAX),
            ("ready", self.ready.len(), READY_MAX),
        ]
    }

    /// What was asked for no later than then was not asked for of late, where so much is kept at most.
    pub(super) fn of_late(&self, most: usize) -> u64 {
        self.asked.saturating_sub(16 * most as u64)
    }

    /// Forgets how many tasks groups have in the rows of each value of a partition.
    pub(super) fn forget_tallies(&mut self, partition: usize) {
        for levels in &mut self.groups {
            levels.tallies.retain(|(known, _)| *known != partition);
        }
    }

    pub(super) fn level_of(&self, group: GroupId) -> Result<usize, usize> {
        // The numbers of groups often have no gap: then one look is enough.
        let first = self.groups.first().map_or(0, |first| first.group.number());
        let guess = group.number().wrapping_sub(first) as usize;
        if self
            .groups
            .get(guess)
            .is_some_and(|known| known.group == group)
        {
            return Ok(guess);
        }
        self.groups
            .binary_search_by_key(&group, |known| known.group)
    }
}

/// Lets an order know that a row moved; `None` where it was or is not open.
fn reorder(order: &mut Order, (row, by): (usize, OrderBy), from: Left, to: Left) {
    match (from, to) {
        (Some(from), Some(to)) => {
            order.shift(row, by.of(from.0, from.1).0, by.of(to.0, to.1));
        }
        (Some(from), None) => order.remove(row, by.of(from.0, from.1).0),
        (None, Some(to)) => {
            let (key, other) = by.of(to.0, to.1);
            order.insert(row, key, other);
        }
        (None, None) => {}
    }
}

impl Members {
    pub(super) fn is_of(&self, constraint: &Constraint) -> bool {
        Arc::ptr_eq(self.constraint.text(), constraint.text()) || *self.constraint == *constraint
    }
}

impl Capacity {
    /// What a row has left for orders; `None` when it is not open.
    pub(super) fn ordered(&self, row: usize) -> Left {
        let is_open = self.open[row] == InstanceKind::Ec2 as u32;
        is_open.then(|| (self.cpu[row], self.memory[row]))
    }

    /// A row has been added.
    pub(super) fn index_added(&mut self, row: usize, spec: &InstanceSpec) {
        let to = self.ordered(row);
        self.index.outdated();
        let Some(built) = self.index.built_mut() else {
            return;
        };
        built.partitions.iter_mut().for_each(Partition::push);
        built
            .members
            .iter_mut()
            .for_each(|known| known.rows.push(false));
        for known in &mut built.ports {
            let is_udp = known.port.0 == TransportProtocol::Udp;
            known.taken.push(spec.reserves(is_udp, known.port.1));
        }
        built.groups.iter_mut().for_each(Levels::push);
        built.fits.push();
        built.ready_pushed(spec.reserved_tcp.len() + spec.reserved_udp.len());
        let whose = built.moved(row, None, to);
        built.touch(whose, row, None);
    }

    /// A row, closed and without tasks, is about to go.
    pub(super) fn index_removed(&mut self, row: usize) {
        self.index.clock.released();
        self.index.outdated();
        let from = self.ordered(row);
        let Some(built) = self.index.built_mut() else {
            return;
        };
        let whose = built.moved(row, from, None);
        built.touch(whose, row, None);
        let orders = built.orders.iter_mut().flatten();
        orders.for_each(|order| order.close_up(row));
        built.fits.close_up(row);
        built
            .partitions
            .iter_mut()
            .for_each(|known| known.close_up(row));
        built
            .members
            .iter_mut()
            .for_each(|known| known.rows.close_up(row));
        for known in &mut built.ports {
            known.taken.close_up(row);
        }
        built
            .groups
            .iter_mut()
            .for_each(|known| known.close_up(row));
        built.ready_closed_up(row);
        for logged in built.log.iter_mut().filter(|logged| **logged != u32::MAX) {
            match (*logged as usize).cmp(&row) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => *logged = u32::MAX,
                std::cmp::Ordering::Greater => *logged -= 1,
            }
        }
    }

    /// The attributes of a row have changed.
    pub(super) fn index_described(&mut self, row: usize) {
        self.index.clock.released();
        self.index.outdated();
        let to = self.ordered(row);
        let Some(built) = self.index.built.get_mut() else {
            return;
        };
        if !built.members.is_empty() {
            built
                .log
                .push(u32::try_from(row).expect("rows are counted in u32"));
            if built.log.len() > 2 * self.instances.len() + 1024 {
                built.log.clear();
                built.members.clear();
            }
        }
        for number in 0..built.partitions.len() {
            let partition = &mut built.partitions[number];
            if !partition.is_kept() {
                partition.is_changed = true;
                continue;
            }
            let column = self.attributes.get(&partition.name);
            let value = column.and_then(|column| column.value(row));
            let (before, after) = (partition.value(row), partition.intern(value));
            let Some(after) = after else {
                partition.give_up();
                built.forget_tallies(number);
                built.relink();
                continue;
            };
            if before == after {
                continue;
            }
            partition.put(row, after);
            for by in OrderBy::ALL {
                if let (Some(orders), Some((cpu, memory))) =
                    (&mut partition.orders[by as usize], to)
                {
                    let (key, other) = by.of(cpu, memory);
                    orders[before].remove(row, key);
                    orders[after].insert(row, key, other);
                }
            }
            for levels in &mut built.groups {
                levels.revalued(number, row, (before, after));
            }
            built.ready_revalued(number, row, (before, after));
        }
    }

    /// What is left in a row has changed, or whether it is open.
    pub(super) fn index_moved(&mut self, row: usize, open: u32, before: (u32, u32)) {
        if let Some(built) = self.index.built.get_mut() {
            let after = (self.cpu[row], self.memory[row]);
            let whose = built.moved(row, left(open, before), left(self.open[row], after));
            built.touch(whose, row, None);
        }
    }

    /// What a task took has changed in an open or closed row, and with it how many of its group are there.
    #[inline(always)]
    pub(super) fn index_counted(
        &mut self,
        row: (usize, (u32, u32)),
        demand: &Demand,
        group: (GroupId, u32, u32),
    ) {
        if self.index.built.get().is_some() {
            self.index_recounted(row, demand, group);
        }
    }

    fn index_recounted(
        &mut self,
        (row, before): (usize, (u32, u32)),
        demand: &Demand,
        (group, from, to): (GroupId, u32, u32),
    ) {
        let Some(built) = self.index.built.get_mut() else {
            return;
        };
        let (open, after) = (self.open[row], (self.cpu[row], self.memory[row]));
        let mut whose = match built.is_by_room {
            true => built.moved(row, left(open, before), left(open, after)),
            false => 0,
        };
        let (mut had, mut lost) = (None, 0);
        if let Ok(at) = built.level_of(group) {
            let levels = &mut built.groups[at];
            levels.shift(row, from as usize, to as usize);
            for (partition, tally) in &mut levels.tallies {
                let value = built.partitions[*partition].value(row);
                if tally.len() <= value {
                    tally.resize(value + 1, 0);
                }
                tally[value] = tally[value] + to - from;
            }
            whose |= levels.whose;
            if levels.is_kept() {
                had = Some((at, from as usize));
            } else {
                // Too many tasks are on the row: what is ready by their number goes.
                lost = levels.whose;
            }
        }
        if demand.has_ports() {
            whose |= built.ports_changed(row, demand, to > from);
        }
        whose &= !lost;
        if whose != 0 {
            built.touch(whose, row, had);
        }
        if lost != 0 {
            built.relink();
        }
    }
}

/// What was left in a row, as long as it was open.
fn left(open: u32, amounts: (u32, u32)) -> Left {
    (open == InstanceKind::Ec2 as u32).then_some(amounts)
}

impl Built {
    /// What is left in a row has changed; `None` where it was or is not open. Who has to look at the row again.
    fn moved(&mut self, row: usize, from: Left, to: Left) -> Whose {
        let whose = match self.fits.len() {
            0 => 0,
            _ => self.fits.moved(row, from, to),
        };
        for by in OrderBy::ALL {
            if let Some(order) = &mut self.orders[by as usize] {
                reorder(order, (row, by), from, to);
            }
        }
        for partition in &mut self.partitions {
            for by in OrderBy::ALL {
                if let Some(orders) = &mut partition.orders[by as usize] {
                    let value = partition.of_row[row] as usize;
                    reorder(&mut orders[value], (row, by), from, to);
                }
            }
        }
        whose
    }

    /// Ports have been taken on a row, or are free again. Who has to look at the row again.
    fn ports_changed(&mut self, row: usize, demand: &Demand, are_taken: bool) -> Whose {
        if self.is_ports_counted {
            let ports = u32::try_from(demand.tcp.len() + demand.udp.len()).expect("ports are few");
            let used = &mut self.ports_used[row];
            *used = if are_taken {
                *used + ports
            } else {
                *used - ports
            };
        }
        for port in ports(demand) {
            let known = self.ports.iter_mut().find(|known| known.port == port);
            if let Some(known) = known {
                known.taken.put(row, are_taken);
            }
        }
        self.ported()
    }
}
