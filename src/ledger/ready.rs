//! The rows that can take tasks of one kind, kept ready: by the tasks of a group that they have, and by an attribute.
//!
//! A set of rows with enough left, one of rows with so many tasks and one of rows of a zone tell each in no time whether a
//! row is in them, but to find a row that is in all three takes a walk. What is asked for again and again is therefore kept
//! put together, and a row that changes is moved in each of those that it has a bearing on, and in no other.

use crate::ids::{ClusterId, GroupId};

use super::cluster::Capacity;
use super::counted::Counted;
use super::fits::Fits;
use super::index::{Built, Port, PortRows, ports};
use super::instance::PORT_QUOTA;
use super::spread::{Levels, Partition};
use super::{Demand, Ledger};

/// The most kinds of tasks that rows are kept ready for; each is a bit of a [`Whose`].
pub(super) const READY_MAX: usize = 64;

/// The most words that ready rows take when another kind comes: 16 MiB.
///
/// They grow with the tasks of a group on one row: a kind that has rows of every value of an attribute with every number of
/// tasks takes 1,024 sets of rows, at 4,096 rows half a MiB, at 100,000 rows 13 MiB.
const READY_WORDS_MAX: usize = 1 << 21;

/// Kinds of tasks that rows are kept ready for, as bits by number.
pub(super) type Whose = u64;

/// What kind of tasks rows are ready for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// CPU units and MiB.
    pub(crate) amounts: (u32, u32),
    /// Static host ports.
    pub(crate) ports: Vec<Port>,
    /// The group whose tasks are counted on each row.
    pub(crate) group: Option<GroupId>,
    /// The number of the partition whose values tell rows apart.
    pub(crate) partition: Option<usize>,
}

impl Kind {
    pub(crate) fn of(demand: &Demand, group: Option<GroupId>, partition: Option<usize>) -> Self {
        Self {
            amounts: (demand.cpu, demand.memory),
            ports: ports(demand).collect(),
            group,
            partition,
        }
    }

    /// Whether it is this, without making another.
    fn is(&self, demand: &Demand, group: Option<GroupId>, partition: Option<usize>) -> bool {
        self.amounts == (demand.cpu, demand.memory)
            && self.group == group
            && self.partition == partition
            && ports(demand).eq(self.ports.iter().copied())
    }
}

/// The rows that can take tasks of a kind, as far as they are open and go by CPU units, MiB and static host ports.
#[derive(Clone, Debug)]
pub struct Ready {
    kind: Kind,
    /// By value of the attribute, then by tasks of the group; one of each where these don't count.
    pub(super) planes: Vec<Vec<Counted>>,
    /// Where its amounts, its ports and the levels of its group are.
    fits: usize,
    ports: Vec<usize>,
    levels: Option<usize>,
    asked: u64,
}

impl Ready {
    pub(super) fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Where its amounts, its ports and the levels of its group are.
    pub(super) fn links(&self) -> (usize, &[usize], Option<usize>) {
        (self.fits, &self.ports, self.levels)
    }

    /// The rows by the value of the attribute and then by tasks of the group; either may lack those that would be empty.
    #[must_use]
    pub fn planes(&self) -> &[Vec<Counted>] {
        &self.planes
    }

    /// A row is or is not ready in a place that it was or was not ready in before; `false` when there is no such place yet.
    #[inline]
    fn set(&mut self, row: usize, (value, level): (usize, usize), is_in: bool) -> bool {
        let known = self.planes.get_mut(value);
        let Some(rows) = known.and_then(|levels| levels.get_mut(level)) else {
            return false;
        };
        if rows.has(row) != is_in {
            rows.turn(row, is_in);
        }
        true
    }

    /// A row that was or was not ready with `was` tasks of the group is or is not with so many.
    fn put(
        &mut self,
        row: usize,
        len: usize,
        value: usize,
        (was, level): (usize, usize),
        is_in: bool,
    ) {
        if self.planes.len() <= value {
            self.planes.resize_with(value + 1, Vec::new);
        }
        let levels = &mut self.planes[value];
        let was_in = levels.get(was).is_some_and(|rows| rows.has(row));
        if was_in && !(is_in && was == level) {
            levels[was].leave(row);
        }
        if is_in && !(was_in && was == level) {
            while levels.len() <= level {
                levels.push(Counted::none(len));
            }
            levels[level].enter(row);
        }
    }

    /// Words of memory it takes, about.
    fn words(&self) -> usize {
        let planes = self.planes.iter().flatten();
        64 + planes.map(Counted::words).sum::<usize>()
    }
}

/// Where what rows are ready for is found.
struct Parts<'a> {
    fits: &'a Fits,
    ports: &'a [PortRows],
    groups: &'a [Levels],
    partitions: &'a [Partition],
    ports_used: &'a [u32],
}

impl Parts<'_> {
    /// Finds the parts again of what rows are ready for; whether all are there.
    fn link(&self, ready: &mut Ready) -> bool {
        let kind = &ready.kind;
        let Some(fits) = self.fits.find(kind.amounts) else {
            return false;
        };
        ready.fits = fits;
        ready.ports.clear();
        for port in &kind.ports {
            match self.ports.iter().position(|known| known.port == *port) {
                Some(at) => ready.ports.push(at),
                None => return false,
            }
        }
        ready.levels = None;
        if let Some(group) = kind.group {
            let at = self
                .groups
                .binary_search_by_key(&group, |known| known.group);
            let Some(at) = at.ok().filter(|at| self.groups[*at].is_kept()) else {
                return false;
            };
            ready.levels = Some(at);
        }
        kind.partition.is_none_or(|at| {
            let known = self.partitions.get(at);
            known.is_some_and(Partition::is_kept)
        })
    }

    /// Whether a row can take a task.
    #[inline]
    fn is_in(&self, ready: &Ready, row: usize) -> bool {
        self.fits.set(ready.fits).has(row)
            && (ready.ports.is_empty()
                || (ready.ports.iter().all(|at| !self.ports[*at].taken.has(row))
                    && self.ports_used[row] as usize + ready.ports.len() <= PORT_QUOTA))
    }

    /// The value of a row, and the tasks of the group on it.
    #[inline]
    fn place(&self, ready: &Ready, row: usize) -> (usize, usize) {
        let value = ready.kind.partition;
        let value = value.map_or(0, |at| self.partitions[at].value(row));
        let level = ready.levels.map_or(0, |at| self.groups[at].on(row));
        (value, level as usize)
    }
}

/// Takes the parts of what is built and what is kept ready apart.
macro_rules! parts {
    ($built:expr) => {
        (
            Parts {
                fits: &$built.fits,
                ports: &$built.ports,
                groups: &$built.groups,
                partitions: &$built.partitions,
                ports_used: &$built.ports_used,
            },
            &mut $built.ready,
        )
    };
}

impl Built {
    /// The rows kept ready for tasks that take so much, of those kinds that are `whose`.
    pub(super) fn ready_of(
        &self,
        mut whose: Whose,
        demand: &Demand,
        (group, partition): (Option<GroupId>, Option<usize>),
    ) -> Option<&Ready> {
        while whose != 0 {
            let ready = &self.ready[whose.trailing_zeros() as usize];
            if ready.kind.is(demand, group, partition) {
                return Some(ready);
            }
            whose &= whose - 1;
        }
        None
    }

    /// Whether no rows are kept ready for any tasks.
    #[inline]
    pub(crate) fn is_nothing_ready(&self) -> bool {
        self.ready.is_empty()
    }

    /// The rows kept ready for tasks that take so much, by tasks of a group, if that counts, and by a partition.
    pub(crate) fn ready(
        &self,
        demand: &Demand,
        levels: Option<&Levels>,
        partition: Option<usize>,
    ) -> Option<&Ready> {
        if self.ready.is_empty() {
            return None;
        }
        let (whose, group) = match levels {
            Some(levels) => (levels.whose, Some(levels.group)),
            None => {
                let at = self.fits.find((demand.cpu, demand.memory))?;
                (self.fits.whose(at), None)
            }
        };
        self.ready_of(whose, demand, (group, partition))
    }

    /// Finds the parts of all that is kept ready again, after some came or went; what lacks a part goes.
    pub(super) fn relink(&mut self) {
        let (parts, ready) = parts!(self);
        ready.retain_mut(|ready| parts.link(ready));
        self.fits.nobodys();
        self.groups.iter_mut().for_each(|known| known.whose = 0);
        self.ports.iter_mut().for_each(|known| known.whose = 0);
        for (number, ready) in self.ready.iter().enumerate() {
            let bit = 1 << number;
            self.fits.add_whose(ready.fits, bit);
            ready
                .ports
                .iter()
                .for_each(|at| self.ports[*at].whose |= bit);
            if let Some(at) = ready.levels {
                self.groups[at].whose |= bit;
            }
        }
    }

    /// Moves a row that changed in what it has a bearing on; of the group with these levels it had so many tasks before.
    pub(super) fn touch(&mut self, mut whose: Whose, row: usize, before: Option<(usize, usize)>) {
        let (parts, ready) = parts!(self);
        let (levels, was) = before.unwrap_or((usize::MAX, 0));
        while whose != 0 {
            let ready = &mut ready[whose.trailing_zeros() as usize];
            whose &= whose - 1;
            let (value, level) = parts.place(ready, row);
            let is_in = parts.is_in(ready, row);
            let is_moved = ready.levels == Some(levels) && was != level;
            if is_moved || !ready.set(row, (value, level), is_in) {
                let was = if is_moved { was } else { level };
                let len = parts.fits.set(ready.fits).len();
                ready.put(row, len, value, (was, level), is_in);
            }
        }
    }

    /// A row has another value now.
    pub(super) fn ready_revalued(
        &mut self,
        partition: usize,
        row: usize,
        (from, to): (usize, usize),
    ) {
        let (parts, ready) = parts!(self);
        for ready in ready.iter_mut() {
            if ready.kind.partition != Some(partition) {
                continue;
            }
            let level = parts.place(ready, row).1;
            let len = parts.fits.set(ready.fits).len();
            let is_in = parts.is_in(ready, row);
            ready.put(row, len, from, (level, level), false);
            ready.put(row, len, to, (level, level), is_in);
        }
    }

    /// All kinds of tasks with ports.
    pub(super) fn ported(&self) -> Whose {
        self.ports
            .iter()
            .fold(0, |whose, known| whose | known.whose)
    }

    /// A row has been added, on which nothing is ready yet.
    pub(super) fn ready_pushed(&mut self, ports_used: usize) {
        for rows in self.ready.iter_mut().flat_map(|ready| &mut ready.planes) {
            rows.iter_mut().for_each(Counted::push);
        }
        if self.is_ports_counted {
            let used = u32::try_from(ports_used).expect("ports are few");
            self.ports_used.push(used);
        }
    }

    /// A row has gone that was ready for nothing.
    pub(super) fn ready_closed_up(&mut self, row: usize) {
        for rows in self.ready.iter_mut().flat_map(|ready| &mut ready.planes) {
            rows.iter_mut().for_each(|rows| rows.close_up(row));
        }
        if self.is_ports_counted {
            self.ports_used.remove(row);
        }
    }

    /// What a kind of tasks should find ready, counted from scratch: by value, then by tasks of the group.
    pub(super) fn scan_ready(&self, ready: &Ready) -> Vec<Vec<Counted>> {
        let mut scanned = Ready {
            planes: Vec::new(),
            ..ready.clone()
        };
        let parts = Parts {
            fits: &self.fits,
            ports: &self.ports,
            groups: &self.groups,
            partitions: &self.partitions,
            ports_used: &self.ports_used,
        };
        let rows = parts.fits.set(ready.fits);
        for row in (0..rows.len()).filter(|row| parts.is_in(ready, *row)) {
            let (value, level) = parts.place(ready, row);
            scanned.put(row, rows.len(), value, (level, level), true);
        }
        scanned.planes
    }
}

impl Capacity {
    /// Has the rows kept ready for tasks that take so much; not where many other kinds are asked for all the time.
    ///
    /// What they are put together of has to be asked for before; where it is not there nothing is kept.
    fn want_ready(&mut self, demand: &Demand, group: Option<GroupId>, name: Option<&str>) {
        let built = self.index.build();
        let partition = match name.map(|name| built.partition(name)) {
            Some(None) => return,
            Some(Some((at, _))) => Some(at),
            None => None,
        };
        built.asked += 1;
        let asked = built.asked;
        let is = |ready: &&mut Ready| ready.kind.is(demand, group, partition);
        if let Some(known) = built.ready.iter_mut().find(is) {
            known.asked = asked;
            return;
        }
        let mut ready = Ready {
            kind: Kind::of(demand, group, partition),
            planes: Vec::new(),
            fits: 0,
            ports: Vec::new(),
            levels: None,
            asked,
        };
        if !parts!(built).0.link(&mut ready) {
            return;
        }
        ready.planes = built.scan_ready(&ready);
        let mut words: usize = built.ready.iter().map(Ready::words).sum();
        words += ready.words();
        let mut is_less = false;
        while built.ready.len() == READY_MAX || words > READY_WORDS_MAX {
            let oldest = (0..built.ready.len()).min_by_key(|at| built.ready[*at].asked);
            let since = built.of_late(READY_MAX);
            let Some(oldest) = oldest.filter(|at| built.ready[*at].asked <= since) else {
                break;
            };
            words -= built.ready.remove(oldest).words();
            is_less = true;
        }
        if built.ready.len() < READY_MAX && words <= READY_WORDS_MAX {
            built.ready.push(ready);
        }
        built.relink();
        if is_less {
            self.index.outdated();
        }
    }
}

impl Ledger {
    /// Prepares for tasks that are placed wherever they fit, or where the fewest of their group are.
    pub(crate) fn want_ready(
        &mut self,
        cluster: ClusterId,
        demand: &Demand,
        group: Option<GroupId>,
        name: Option<&str>,
    ) {
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        if demand.has_ports() && !capacity.index.build().is_ports_counted {
            let records = capacity.instances.iter().map(|on| self.instances.get(*on));
            let used = records.map(|record| {
                let used = record.map_or(0, |record| record.ports_in_use());
                u32::try_from(used).expect("ports are few")
            });
            let used = used.collect();
            let built = capacity.index.build();
            (built.ports_used, built.is_ports_counted) = (used, true);
        }
        capacity.want_ready(demand, group, name);
    }
}
