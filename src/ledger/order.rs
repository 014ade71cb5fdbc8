//! The open rows of a cluster in the order of what is left of one resource, so that binpack need not look at all of them.
//!
//! It is derived from the columns of [`Capacity`](super::Capacity): built when a strategy first asks for it, kept up to
//! date from then on, audited against a scan, and no part of a ledger's serialised state.

/// The most entries of a block before it is split in two.
const BLOCK_MAX: usize = 128;

/// How many blocks share one entry of what is known of runs of blocks.
const RUN: usize = 32;

/// Entries of which it is told at once whether any has enough.
const LANES: usize = 16;

/// Rows with something left, ascending by what is left of one resource and then by row, in blocks.
///
/// Each block knows the most that is left of the other resource in any of its rows: whole blocks without enough of it
/// are passed over, which is what keeps a search short when that one is scarce.
#[derive(Clone, Debug, Default)]
pub struct Order {
    blocks: Vec<Block>,
    /// The first entry of each block, as `key << 32 | row`: what a search for a place goes by.
    firsts: Vec<u64>,
    /// The most of the other resource in each block.
    most: Vec<u32>,
    /// The most of the other resource in each run of [`RUN`] blocks.
    runs: Vec<u32>,
}

/// Entries that follow each other; never empty.
#[derive(Clone, Debug, Default)]
struct Block {
    /// `key << 32 | row`, ascending.
    places: Vec<u64>,
    /// What is left of the other resource, entry by entry.
    others: Vec<u32>,
}

impl Block {
    fn most(&self) -> u32 {
        self.others.iter().copied().fold(0, u32::max)
    }

    /// The entries with exactly this key.
    fn with(&self, key: u32) -> std::ops::Range<usize> {
        let from = self.places.partition_point(|known| key_of(*known) < key);
        let is_to_end = self.places.last().is_some_and(|last| key_of(*last) == key);
        let to = match is_to_end {
            true => self.places.len(),
            false => from + self.places[from..].partition_point(|known| key_of(*known) == key),
        };
        from..to
    }

    /// The first entry from one on that has enough of the other resource.
    fn first(&self, mut from: usize, other: u32) -> Option<usize> {
        if *self.others.get(from)? >= other {
            return Some(from);
        }
        for chunk in self.others[from..].chunks(LANES) {
            // Without branches, so that the compiler makes vector code of it.
            if chunk.iter().fold(false, |any, left| any | (*left >= other)) {
                let within = chunk.iter().position(|left| *left >= other);
                return within.map(|within| from + within);
            }
            from += chunk.len();
        }
        None
    }
}

/// How many have enough.
fn enough(others: &[u32], other: u32) -> usize {
    let ones = others.iter().map(|left| u32::from(*left >= other));
    ones.sum::<u32>() as usize
}

fn place(key: u32, row: usize) -> u64 {
    let row = u32::try_from(row).expect("a cluster has fewer rows than u32 can count");
    u64::from(key) << 32 | u64::from(row)
}

fn key_of(place: u64) -> u32 {
    (place >> 32) as u32
}

fn row_of(place: u64) -> usize {
    (place & u64::from(u32::MAX)) as usize
}

impl Order {
    /// The order of some rows, each with its key and what is left of the other resource.
    pub(crate) fn of(rows: impl Iterator<Item = (usize, u32, u32)>) -> Self {
        let mut entries: Vec<(u64, u32)> = rows
            .map(|(row, key, other)| (place(key, row), other))
            .collect();
        entries.sort_unstable();
        let mut order = Self::default();
        for chunk in entries.chunks(BLOCK_MAX / 2) {
            let (places, others) = chunk.iter().copied().unzip();
            order.push(Block { places, others });
        }
        order.rerun(0);
        order
    }

    fn push(&mut self, block: Block) {
        self.firsts.push(block.places[0]);
        self.most.push(block.most());
        self.blocks.push(block);
    }

    /// The block in which a place is or would be.
    fn block_of(&self, place: u64) -> usize {
        self.firsts
            .partition_point(|first| *first <= place)
            .saturating_sub(1)
    }

    /// The most of a block is another.
    fn set_most(&mut self, at: usize, most: u32) {
        let before = std::mem::replace(&mut self.most[at], most);
        let run = &mut self.runs[at / RUN];
        if most >= *run {
            *run = most;
        } else if before == *run {
            *run = most_of(&self.most, at / RUN);
        }
    }

    /// Brings what is known of runs up to date, from the one on that holds a block.
    fn rerun(&mut self, at: usize) {
        self.runs.truncate(at / RUN);
        for run in at / RUN..self.most.len().div_ceil(RUN) {
            self.runs.push(most_of(&self.most, run));
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// When it is there already.
    pub(crate) fn insert(&mut self, row: usize, key: u32, other: u32) {
        let place = place(key, row);
        if self.blocks.is_empty() {
            self.push(Block {
                places: vec![place],
                others: vec![other],
            });
            self.rerun(0);
            return;
        }
        self.insert_into(self.block_of(place), place, other);
    }

    /// Adds a place to its block.
    fn insert_into(&mut self, at: usize, place: u64, other: u32) {
        let block = &mut self.blocks[at];
        let within = block.places.binary_search(&place);
        let within = within.expect_err("a row is in the order once");
        block.places.insert(within, place);
        block.others.insert(within, other);
        self.firsts[at] = block.places[0];
        if block.places.len() > BLOCK_MAX {
            self.split(at);
        } else if other > self.most[at] {
            self.set_most(at, other);
        }
    }

    /// Forgets a row that is not in it: those behind move up.
    pub(crate) fn close_up(&mut self, row: usize) {
        // Which row comes before which stays as it is.
        let moved = |place: &mut u64| *place -= u64::from(row_of(*place) > row);
        for block in &mut self.blocks {
            block.places.iter_mut().for_each(moved);
        }
        self.firsts.iter_mut().for_each(moved);
    }

    /// Moves a row to another place.
    ///
    /// # Panics
    ///
    /// When it is not there under the key it is said to have.
    pub(crate) fn shift(&mut self, row: usize, from: u32, (to, other): (u32, u32)) {
        let (from_place, to_place) = (place(from, row), place(to, row));
        let (at, target) = (self.block_of(from_place), self.block_of(to_place));
        if at != target {
            if self.remove_from(at, from_place) {
                self.insert(row, to, other);
            } else {
                self.insert_into(target, to_place, other);
            }
            return;
        }
        // It stays in its block: only those between the two places move.
        let block = &mut self.blocks[at];
        let within = block.places.binary_search(&from_place);
        let within = within.expect("a row is in the order under its key");
        let before = block.others[within];
        let target = block.places.partition_point(|known| *known < to_place);
        let target = if target > within {
            block.places.copy_within(within + 1..target, within);
            block.others.copy_within(within + 1..target, within);
            target - 1
        } else {
            block.places.copy_within(target..within, target + 1);
            block.others.copy_within(target..within, target + 1);
            target
        };
        block.places[target] = to_place;
        block.others[target] = other;
        self.firsts[at] = block.places[0];
        if other > self.most[at] {
            self.set_most(at, other);
        } else if before == self.most[at] && other < before {
            let most = block.most();
            self.set_most(at, most);
        }
    }

    fn split(&mut self, at: usize) {
        let block = &mut self.blocks[at];
        let half = block.places.len() / 2;
        let upper = Block {
            places: block.places.split_off(half),
            others: block.others.split_off(half),
        };
        self.most[at] = block.most();
        self.firsts.insert(at + 1, upper.places[0]);
        self.most.insert(at + 1, upper.most());
        self.blocks.insert(at + 1, upper);
        self.rerun(at);
    }

    /// Takes a row out.
    ///
    /// # Panics
    ///
    /// When it is not there under this key.
    pub(crate) fn remove(&mut self, row: usize, key: u32) {
        let place = place(key, row);
        self.remove_from(self.block_of(place), place);
    }

    /// Takes a place out of its block; whether that went with it.
    fn remove_from(&mut self, at: usize, place: u64) -> bool {
        let block = &mut self.blocks[at];
        let within = block.places.binary_search(&place);
        let within = within.expect("a row is in the order under its key");
        block.places.remove(within);
        let other = block.others.remove(within);
        if block.places.is_empty() {
            self.blocks.remove(at);
            self.firsts.remove(at);
            self.most.remove(at);
            self.rerun(at);
            return true;
        }
        self.firsts[at] = block.places[0];
        if other == self.most[at] {
            let most = block.most();
            self.set_most(at, most);
        }
        false
    }

    /// The first row, in order, with at least so much of both resources that is fit: its key and itself.
    ///
    /// It asks of `looks` rows at most whether they are fit, and tells by `Err` that these were not enough.
    pub fn first(
        &self,
        key: u32,
        other: u32,
        mut looks: usize,
        mut is_fit: impl FnMut(usize) -> bool,
    ) -> Result<Option<(u32, usize)>, TooMany> {
        let from = place(key, 0);
        let mut at = self.block_of(from);
        while at < self.blocks.len() {
            if at % RUN == 0 && self.runs[at / RUN] < other {
                at += RUN;
                continue;
            }
            if self.most[at] >= other {
                let block = &self.blocks[at];
                let mut begin = match self.firsts[at] < from {
                    true => block.places.partition_point(|place| *place < from),
                    false => 0,
                };
                while let Some(within) = block.first(begin, other) {
                    let place = block.places[within];
                    looks = looks.checked_sub(1).ok_or(TooMany)?;
                    if is_fit(row_of(place)) {
                        return Ok(Some((key_of(place), row_of(place))));
                    }
                    begin = within + 1;
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// Rows with at least so much of both resources, in order: each with its key.
    pub fn walk(&self, key: u32, other: u32) -> impl Iterator<Item = (u32, usize)> + '_ {
        let from = place(key, 0);
        let start = self.block_of(from);
        let blocks = self.blocks.iter().zip(&self.most).skip(start);
        blocks
            .filter(move |(_, most)| **most >= other)
            .flat_map(|(block, _)| block.places.iter().zip(&block.others))
            .filter(move |(place, left)| **place >= from && **left >= other)
            .map(|(place, _)| (key_of(*place), row_of(*place)))
    }

    /// How many rows have exactly this key and enough of the other resource.
    #[must_use]
    pub fn count(&self, key: u32, other: u32) -> usize {
        let counts = self.blocks_with(key);
        let counts = counts.map(|block| enough(&block.others[block.with(key)], other));
        counts.sum()
    }

    /// The `nth`, in order of rows, of the rows that [`count`](Self::count) counts, but for some of these, which ascend.
    #[must_use]
    pub fn nth(&self, key: u32, other: u32, mut nth: usize, mut but: &[usize]) -> Option<usize> {
        for block in self.blocks_with(key) {
            let range = block.with(key);
            let (places, others) = (&block.places[range.clone()], &block.others[range]);
            let Some(last) = places.last().map(|last| row_of(*last)) else {
                continue;
            };
            let (here, behind) = but.split_at(but.partition_point(|row| *row <= last));
            but = behind;
            let count = enough(others, other) - here.len();
            if nth >= count {
                nth -= count;
                continue;
            }
            if count == places.len() {
                return Some(row_of(places[nth]));
            }
            let rows = places.iter().zip(others);
            let rows = rows.filter(|(_, left)| **left >= other);
            let mut rows = rows
                .map(|(place, _)| row_of(*place))
                .filter(|row| !here.contains(row));
            return rows.nth(nth);
        }
        None
    }

    /// The blocks in which entries with a key may be.
    fn blocks_with(&self, key: u32) -> impl Iterator<Item = &Block> {
        let blocks = &self.blocks[self.block_of(place(key, 0)).min(self.blocks.len())..];
        blocks
            .iter()
            .take_while(move |block| key_of(block.places[0]) <= key)
    }

    /// Every row with its key and what is left of the other resource, in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let entries = self
            .blocks
            .iter()
            .flat_map(|block| block.places.iter().zip(&block.others));
        entries.map(|(place, other)| (row_of(*place), key_of(*place), *other))
    }

    /// Whether what is known of blocks is so of each.
    pub(super) fn is_consistent(&self) -> bool {
        let firsts = self
            .blocks
            .iter()
            .map(|block| block.places.first().copied());
        let most: Vec<u32> = self.blocks.iter().map(Block::most).collect();
        let runs = most.chunks(RUN).map(|run| most_of(run, 0));
        firsts.eq(self.firsts.iter().copied().map(Some))
            && runs.eq(self.runs.iter().copied())
            && most == self.most
            && (self.blocks.iter()).all(|block| block.places.len() == block.others.len())
    }
}

/// A search that looked at as many rows as it was to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// The most of a run.
fn most_of(most: &[u32], run: usize) -> u32 {
    let blocks = most[run * RUN..].iter().take(RUN);
    blocks.copied().max().unwrap_or(0)
}

#[cfg(test)]
impl Order {
    /// Tells something wrong of the first block, or of the first run.
    pub(super) fn falsify(&mut self, what: usize) {
        match what {
            0 => self.firsts[0] -= 1,
            1 => self.most[0] += 1,
            _ => self.runs[0] += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Rows by number, each with its key and the other resource, if it is there.
    type Plain = Vec<Option<(u32, u32)>>;

    fn rows(plain: &Plain) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let there = plain.iter().enumerate();
        there.filter_map(|(row, left)| left.map(|(key, other)| (row, key, other)))
    }

    proptest! {
        #[test]
        fn an_order_finds_what_a_scan_finds(
            start in vec(proptest::option::of((0..6_u32, 0..6_u32)), 1..400),
            moves in vec((any::<proptest::sample::Index>(), proptest::option::of((0..6_u32, 0..6_u32))), 0..300),
            (key, other) in (0..7_u32, 0..7_u32),
        ) {
            let mut plain = start;
            let mut order = Order::of(rows(&plain));
            for (row, to) in moves {
                let row = row.index(plain.len());
                match (plain[row], to) {
                    (Some((from, _)), Some(to)) => order.shift(row, from, to),
                    (Some((from, _)), None) => order.remove(row, from),
                    (None, Some((key, other))) => order.insert(row, key, other),
                    (None, None) => {}
                }
                plain[row] = to;
            }
            let mut sorted: Vec<_> = rows(&plain).collect();
            sorted.sort_by_key(|(row, key, _)| (*key, *row));
            prop_assert_eq!(order.iter().collect::<Vec<_>>(), sorted.clone());
            let enough = sorted.iter().filter(|(_, k, o)| *k >= key && *o >= other);
            let enough: Vec<_> = enough.map(|(row, key, _)| (*key, *row)).collect();
            prop_assert_eq!(order.walk(key, other).collect::<Vec<_>>(), enough.clone());
            let is_fit = |row: usize| row % 3 == 0;
            let first = enough.iter().copied().find(|(_, row)| is_fit(*row));
            prop_assert_eq!(order.first(key, other, usize::MAX, is_fit), Ok(first));
            let asked = enough.iter().position(|(_, row)| is_fit(*row)).map_or(enough.len(), |at| at + 1);
            prop_assert_eq!(order.first(key, other, asked, is_fit), Ok(first));
            if let Some(fewer) = asked.checked_sub(1) {
                prop_assert_eq!(order.first(key, other, fewer, is_fit), Err(TooMany));
            }
            prop_assert!(order.is_consistent());
            let ties: Vec<_> = enough.iter().filter(|(k, _)| *k == key).map(|(_, row)| *row).collect();
            prop_assert_eq!(order.count(key, other), ties.len());
            for but in [&[][..], &ties[..ties.len() / 2], &ties[ties.len() / 3..ties.len() / 2]] {
                let ties: Vec<_> = ties.iter().filter(|row| !but.contains(row)).collect();
                for nth in 0..=ties.len() {
                    prop_assert_eq!(order.nth(key, other, nth, but), ties.get(nth).map(|row| **row));
                }
            }
            if let Some(gone) = plain.iter().position(Option::is_none) {
                plain.remove(gone);
                order.close_up(gone);
                let mut sorted: Vec<_> = rows(&plain).collect();
                sorted.sort_by_key(|(row, key, _)| (*key, *row));
                prop_assert_eq!(order.iter().collect::<Vec<_>>(), sorted);
                prop_assert!(order.is_consistent());
            }
        }
    }

    #[test]
    fn many_equal_rows_are_split_and_counted() {
        let mut order = Order::of(std::iter::empty());
        for row in (0..10_000).rev() {
            order.insert(row, 7, 3);
        }
        assert_eq!((order.count(7, 3), order.count(7, 4)), (10_000, 0));
        assert_eq!(order.nth(7, 1, 9_999, &[]), Some(9_999));
        assert!(order.blocks.len() < 10_000 / (BLOCK_MAX / 4));
    }
}
