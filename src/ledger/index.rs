//! What is kept of a cluster's rows besides its columns, so that placement need not look at all of them.
//!
//! All of it follows from the ledger: it is built when a strategy or a constraint first asks for it, kept up to date from
//! then on, audited against a scan, and no part of a ledger's serialised state. A clone shares it until one side moves.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, GroupId};
use crate::model::TransportProtocol;
use crate::model::constraint::Constraint;

use super::Ledger;
use super::bits::{Bits, WORD};
use super::clock::Clock;
use super::cluster::{Capacity, OrderBy};
use super::demand::Demand;
use super::order::Order;
use super::spread::{Levels, Partition};

/// The indexes of a cluster's rows. Two of them never tell clusters apart.
#[derive(Clone, Debug, Default)]
pub struct Index {
    built: Option<Arc<Built>>,
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
    pub(super) room: Option<Room>,
    pub(super) partitions: Vec<Partition>,
    pub(super) members: Vec<Members>,
    pub(super) ports: Vec<PortRows>,
    /// By group, ascending.
    pub(super) groups: Vec<Levels>,
    /// Rows whose attributes changed while something was known of members; `u32::MAX` where the row is gone.
    pub(super) log: Vec<u32>,
    /// How often something was asked for.
    pub(super) asked: u64,
}

/// At least as much as is left in any row of each 64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// CPU units.
    pub cpu: Vec<u32>,
    /// MiB.
    pub memory: Vec<u32>,
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
    /// The open rows on which it is free, where a strategy asked for them in order.
    pub(super) orders: [Option<Order>; 2],
    pub(super) asked: u64,
}

impl Room {
    pub(super) fn of(cpu: &[u32], memory: &[u32]) -> Self {
        let most = |column: &[u32]| {
            let blocks = column.chunks(WORD);
            blocks.map(|block| most(block)).collect()
        };
        Self {
            cpu: most(cpu),
            memory: most(memory),
        }
    }

    fn push(&mut self, row: usize, (cpu, memory): (u32, u32)) {
        let push = |most: &mut Vec<u32>, left: u32| match row % WORD {
            0 => most.push(left),
            _ => most[row / WORD] = most[row / WORD].max(left),
        };
        push(&mut self.cpu, cpu);
        push(&mut self.memory, memory);
    }

    /// What is left in a row has changed from `before`.
    fn moved(&mut self, row: usize, before: (u32, u32), cpu: &[u32], memory: &[u32]) {
        let block = row / WORD;
        let raise = |kept: &mut u32, before: u32, column: &[u32]| {
            if column[row] >= *kept {
                *kept = column[row];
            } else if before == *kept {
                let end = column.len().min((block + 1) * WORD);
                *kept = most(&column[block * WORD..end]);
            }
        };
        raise(&mut self.cpu[block], before.0, cpu);
        raise(&mut self.memory[block], before.1, memory);
    }
}

fn most(column: &[u32]) -> u32 {
    column.iter().copied().fold(0, u32::max)
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
        self.built.as_deref()
    }

    /// What is built, to be changed; `None` while there is nothing.
    pub(super) fn built_mut(&mut self) -> Option<&mut Built> {
        self.built.as_mut().map(Arc::make_mut)
    }

    /// What is built, so that something can be added.
    pub(super) fn build(&mut self) -> &mut Built {
        Arc::make_mut(self.built.get_or_insert_default())
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

    pub(crate) fn room(&self) -> Option<&Room> {
        self.room.as_ref()
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

    /// The open rows on which a port is free, in order.
    pub(crate) fn free_in_order(&self, port: Port, by: OrderBy) -> Option<&Order> {
        let known = self.ports.iter().find(|known| known.port == port)?;
        known.orders[by as usize].as_ref()
    }

    pub(crate) fn levels(&self, group: GroupId) -> Option<&Levels> {
        let at = self.level_of(group).ok()?;
        Some(&self.groups[at])
    }

    pub(super) fn level_of(&self, group: GroupId) -> Result<usize, usize> {
        self.groups
            .binary_search_by_key(&group, |known| known.group)
    }

    /// Lets every order know that a row moved; `None` where it was or is not open.
    fn reorder(&mut self, row: usize, from: Option<(u32, u32)>, to: Option<(u32, u32)>) {
        let place = |order: &mut Order, by: OrderBy| {
            if let Some((cpu, memory)) = from {
                order.remove(row, by.of(cpu, memory).0);
            }
            if let Some((cpu, memory)) = to {
                let (key, other) = by.of(cpu, memory);
                order.insert(row, key, other);
            }
        };
        for by in OrderBy::ALL {
            let at = by as usize;
            if let Some(order) = &mut self.orders[at] {
                place(order, by);
            }
            for partition in &mut self.partitions {
                if let Some(orders) = &mut partition.orders[at] {
                    place(&mut orders[partition.of_row[row] as usize], by);
                }
            }
            for port in &mut self.ports {
                if let (Some(order), false) = (&mut port.orders[at], port.taken.has(row)) {
                    place(order, by);
                }
            }
        }
    }
}

impl Members {
    pub(super) fn is_of(&self, constraint: &Constraint) -> bool {
        Arc::ptr_eq(self.constraint.text(), constraint.text()) || *self.constraint == *constraint
    }
}

impl Capacity {
    /// What a row has left for orders; `None` when it is not open.
    pub(super) fn ordered(&self, row: usize) -> Option<(u32, u32)> {
        let is_open = self.open[row] == super::instance::InstanceKind::Ec2 as u32;
        is_open.then(|| (self.cpu[row], self.memory[row]))
    }

    /// A row has been added.
    pub(super) fn index_added(&mut self, row: usize) {
        let to = self.ordered(row);
        self.index.outdated();
        let Some(built) = self.index.built_mut() else {
            return;
        };
        if let Some(room) = &mut built.room {
            room.push(row, (self.cpu[row], self.memory[row]));
        }
        built.partitions.iter_mut().for_each(Partition::push);
        built
            .members
            .iter_mut()
            .for_each(|known| known.rows.push(false));
        built
            .ports
            .iter_mut()
            .for_each(|known| known.taken.push(false));
        built.groups.iter_mut().for_each(Levels::push);
        built.reorder(row, None, to);
    }

    /// A row, closed and without tasks, is about to go.
    pub(super) fn index_removed(&mut self, row: usize) {
        self.index.clock.released();
        self.index.outdated();
        let from = self.ordered(row);
        let Some(built) = self.index.built_mut() else {
            return;
        };
        built.reorder(row, from, None);
        let orders = built.orders.iter_mut().flatten();
        orders.for_each(|order| order.close_up(row));
        built.room = None;
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
            let orders = known.orders.iter_mut().flatten();
            orders.for_each(|order| order.close_up(row));
        }
        built
            .groups
            .iter_mut()
            .for_each(|known| known.close_up(row));
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
        let Some(built) = self.index.built.as_mut().map(Arc::make_mut) else {
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
                continue;
            }
            let column = self.attributes.get(&partition.name);
            let value = column.and_then(|column| column.value(row));
            let (before, after) = (partition.value(row), partition.intern(value));
            let Some(after) = after else {
                partition.give_up();
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
        }
    }

    /// What is left in a row has changed, or whether it is open.
    #[inline]
    pub(super) fn index_moved(&mut self, row: usize, open: u32, before: (u32, u32)) {
        let is_ec2 = |open: u32| open == super::instance::InstanceKind::Ec2 as u32;
        let to = is_ec2(self.open[row]).then(|| (self.cpu[row], self.memory[row]));
        if let Some(built) = self.index.built_mut() {
            if let Some(room) = &mut built.room {
                room.moved(row, before, &self.cpu, &self.memory);
            }
            built.reorder(row, is_ec2(open).then_some(before), to);
        }
    }

    /// A group has so many tasks on a row now instead of one more or one less.
    pub(super) fn index_counted(&mut self, row: usize, group: GroupId, (from, to): (u32, u32)) {
        let Some(built) = self.index.built_mut() else {
            return;
        };
        let Ok(at) = built.level_of(group) else {
            return;
        };
        let levels = &mut built.groups[at];
        levels.shift(row, from as usize, to as usize);
        for (partition, tally) in &mut levels.tallies {
            let Some(value) = built.partitions[*partition].of_row.get(row) else {
                continue;
            };
            let value = *value as usize;
            if tally.len() <= value {
                tally.resize(value + 1, 0);
            }
            tally[value] = tally[value] + to - from;
        }
    }

    /// Ports have been taken on a row, or are free again.
    pub(super) fn index_ports(&mut self, row: usize, demand: &Demand, are_taken: bool) {
        let to = self.ordered(row);
        let Some(built) = self.index.built_mut() else {
            return;
        };
        for port in ports(demand) {
            let Some(known) = built.ports.iter_mut().find(|known| known.port == port) else {
                continue;
            };
            if known.taken.has(row) == are_taken {
                continue;
            }
            known.taken.put(row, are_taken);
            for by in OrderBy::ALL {
                let Some(order) = &mut known.orders[by as usize] else {
                    continue;
                };
                let Some((cpu, memory)) = to else { continue };
                let (key, other) = by.of(cpu, memory);
                match are_taken {
                    true => order.remove(row, key),
                    false => order.insert(row, key, other),
                }
            }
        }
    }
}
