//! What spread goes by: the rows of each attribute value, and the rows on which a group has so many tasks.

use std::sync::Arc;

use crate::ids::GroupId;

use super::bits::Bits;
use super::cluster::OrderBy;
use super::order::Order;
use super::ready::Whose;

/// The most values, lack of one included, of an attribute whose rows are kept by value.
pub const VALUES_MAX: usize = 16;

/// The most tasks of a group on one row for its rows to be kept by number of tasks.
const LEVELS_MAX: usize = 64;

/// The most for rows that were given up to be kept so again: fewer, so that it is not all the time that they come and go.
pub(super) const LEVELS_AGAIN: u32 = 32;

/// The rows of a cluster by the value of one attribute.
#[derive(Clone, Debug)]
pub struct Partition {
    /// The attribute.
    pub(crate) name: Arc<str>,
    /// Value `i + 1` is this list's `i`-th; value 0 means that an instance lacks it.
    pub(crate) values: Vec<Arc<str>>,
    /// The value of each row.
    pub(crate) of_row: Vec<u32>,
    /// The rows of each value; empty when there are too many values to keep them.
    pub(crate) sets: Vec<Bits>,
    /// The open rows of each value in order, where a strategy asked for it.
    pub(crate) orders: [Option<Vec<Order>>; 2],
    /// Whether there may be few enough values again since it was given up.
    pub(super) is_changed: bool,
    /// When it was last asked for.
    pub(super) asked: u64,
}

impl Partition {
    pub(crate) fn new(name: &str, rows: usize) -> Self {
        Self {
            name: Arc::from(name),
            values: Vec::new(),
            of_row: vec![0; rows],
            sets: vec![Bits::of(rows, |_| true)],
            orders: [None, None],
            is_changed: false,
            asked: 0,
        }
    }

    /// Whether there may be few enough values again.
    pub(super) fn is_stale(&self) -> bool {
        !self.is_kept() && self.is_changed
    }

    /// Whether there are few enough values.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.sets.is_empty()
    }

    /// The rows of each value.
    #[must_use]
    pub fn sets(&self) -> &[Bits] {
        &self.sets
    }

    /// The open rows of each value in order, where a strategy asked for it.
    #[must_use]
    pub fn orders(&self, by: OrderBy) -> Option<&[Order]> {
        self.orders[by as usize].as_deref()
    }

    /// The value of a row.
    pub(crate) fn value(&self, row: usize) -> usize {
        self.of_row[row] as usize
    }

    /// The number of a value, which may be new; `None` when there are too many.
    pub(crate) fn intern(&mut self, value: Option<&str>) -> Option<usize> {
        let Some(value) = value else { return Some(0) };
        if let Some(at) = self.values.iter().position(|known| &**known == value) {
            return Some(at + 1);
        }
        if self.sets.len() == VALUES_MAX {
            return None;
        }
        self.values.push(Arc::from(value));
        self.sets.push(Bits::none(self.of_row.len()));
        for orders in self.orders.iter_mut().flatten() {
            orders.push(Order::default());
        }
        Some(self.values.len())
    }

    /// Gives a row a value.
    pub(crate) fn put(&mut self, row: usize, value: usize) {
        let before = self.value(row);
        self.sets[before].put(row, false);
        self.sets[value].put(row, true);
        self.of_row[row] = u32::try_from(value).expect("there are few values");
    }

    /// Keeps nothing any more: there are too many values.
    pub(crate) fn give_up(&mut self) {
        let name = Arc::clone(&self.name);
        *self = Self {
            sets: Vec::new(),
            asked: self.asked,
            ..Self::new(&name, 0)
        };
    }

    pub(crate) fn push(&mut self) {
        if self.is_kept() {
            self.of_row.push(0);
            let sets = self.sets.iter_mut().enumerate();
            sets.for_each(|(value, rows)| rows.push(value == 0));
        }
    }

    pub(crate) fn close_up(&mut self, row: usize) {
        if self.is_kept() {
            self.of_row.remove(row);
            self.sets.iter_mut().for_each(|rows| rows.close_up(row));
            let orders = self.orders.iter_mut().flatten().flatten();
            orders.for_each(|order| order.close_up(row));
        }
        self.is_changed = true;
    }
}

/// On how many rows a group has no task, one, two and so on: which rows these are; and how many tasks it has in all
/// rows of each value of some attributes.
#[derive(Clone, Debug)]
pub struct Levels {
    /// The group.
    pub(crate) group: GroupId,
    /// The rows with as many tasks as the number of the set; empty when some row has too many.
    pub(crate) planes: Vec<Bits>,
    /// How many rows each of them has.
    pub(crate) sizes: Vec<u32>,
    /// The tasks on each row, as long as the rows are kept by their number.
    pub(super) on: Vec<u8>,
    /// For partitions by number: the tasks in the rows of each value.
    pub(crate) tallies: Vec<(usize, Vec<u32>)>,
    /// For whom its rows are put together with others.
    pub(super) whose: Whose,
    /// When it was last asked for.
    pub(crate) asked: u64,
}

impl Levels {
    /// Of a group with so many tasks on each of some rows; the others have none.
    pub(crate) fn new(
        group: GroupId,
        rows: usize,
        counts: impl Iterator<Item = (usize, u32)>,
    ) -> Self {
        let mut levels = Self {
            group,
            planes: vec![Bits::of(rows, |_| true)],
            sizes: vec![u32::try_from(rows).expect("rows are counted in u32")],
            on: vec![0; rows],
            tallies: Vec::new(),
            whose: 0,
            asked: 0,
        };
        for (row, count) in counts {
            levels.shift(row, 0, count as usize);
        }
        levels
    }

    /// Whether the rows are kept by number of tasks.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.planes.is_empty()
    }

    /// The rows with so many tasks, and how many there are.
    pub fn planes(&self) -> impl Iterator<Item = (&Bits, u32)> {
        self.planes.iter().zip(self.sizes.iter().copied())
    }

    /// How many tasks are in the rows of each value of a partition.
    #[must_use]
    pub fn tally(&self, partition: usize) -> Option<&[u32]> {
        let known = self.tallies.iter().find(|(known, _)| *known == partition);
        known.map(|(_, tally)| &tally[..])
    }

    /// How many tasks are on a row.
    #[inline]
    pub(crate) fn on(&self, row: usize) -> u32 {
        u32::from(self.on[row])
    }

    /// Moves a row from one number of tasks to another.
    pub(crate) fn shift(&mut self, row: usize, from: usize, to: usize) {
        if !self.is_kept() {
            return;
        }
        if to >= LEVELS_MAX {
            self.planes.clear();
            self.sizes.clear();
            self.on = Vec::new();
            return;
        }
        while self.planes.len() <= to {
            let rows = self.planes[0].len();
            self.planes.push(Bits::none(rows));
            self.sizes.push(0);
        }
        self.planes[from].flip(row);
        self.sizes[from] -= 1;
        self.planes[to].flip(row);
        self.sizes[to] += 1;
        self.on[row] = u8::try_from(to).expect("levels are few");
    }

    /// A row has another value now.
    pub(crate) fn revalued(&mut self, partition: usize, row: usize, (from, to): (usize, usize)) {
        if !self.is_kept() {
            // How many tasks are on the row is not known here: it is counted when it is asked for.
            self.tallies.retain(|(known, _)| *known != partition);
            return;
        }
        let count = self.on(row);
        let known = self
            .tallies
            .iter_mut()
            .find(|(known, _)| *known == partition);
        if let Some((_, tally)) = known {
            if tally.len() <= to {
                tally.resize(to + 1, 0);
            }
            tally[from] -= count;
            tally[to] += count;
        }
    }

    pub(crate) fn push(&mut self) {
        if self.is_kept() {
            let planes = self.planes.iter_mut().enumerate();
            planes.for_each(|(level, rows)| rows.push(level == 0));
            self.sizes[0] += 1;
            self.on.push(0);
        }
    }

    pub(crate) fn close_up(&mut self, row: usize) {
        if self.is_kept() {
            let level = self.on(row) as usize;
            self.sizes[level] -= 1;
            self.planes.iter_mut().for_each(|rows| rows.close_up(row));
            self.on.remove(row);
        }
    }

    /// Words of memory it takes, about.
    pub(crate) fn words(&self) -> usize {
        let planes = self.planes.iter();
        32 + self.on.len() / 8 + planes.map(|plane| 8 + plane.words().len()).sum::<usize>()
    }
}
