//! The line of entries: a wheel, and beside it a lane for each delay that comes again and again.

use std::collections::VecDeque;

use super::entry::Entry;
use super::wheel::Wheel;

/// Lanes at most: an orchestrator with fixed latencies has about as many.
const LANES: usize = 8;

/// Where the wheel stands among the fronts.
const WHEEL: usize = LANES;

/// The front of a part without entries: greater than any key.
const NO_KEY: u128 = u128::MAX;

/// Pairs of a key and a number in the order of the keys, whose upper 64 bits are a time.
///
/// Much of what a simulation does next happens after one of a few constant delays, or at once. Entries of one delay
/// come in ascending order by themselves, so a list takes and gives them in constant time. Which part an entry is in
/// has no influence on the order.
#[derive(Clone)]
pub(super) struct Line {
    wheel: Wheel,
    lanes: Vec<Lane>,
    /// How many entries the lanes have together.
    in_lanes: usize,
    /// The least key of each lane and of the wheel, so that looking for the least of all touches nothing else.
    fronts: [u128; LANES + 1],
    /// The part that the least of all is in; any when there are no entries.
    first: usize,
    /// The time of the entry that was removed last.
    now: u64,
}

/// Entries of one delay, in ascending order.
#[derive(Clone)]
struct Lane {
    delay: u64,
    entries: VecDeque<Entry>,
}

impl Line {
    /// A line without entries.
    pub(super) const fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            lanes: Vec::new(),
            in_lanes: 0,
            fronts: [NO_KEY; LANES + 1],
            first: WHEEL,
            now: 0,
        }
    }

    /// Adds an entry, whose key is less than `u128::MAX`.
    #[inline]
    pub(super) fn push(&mut self, key: u128, number: u32) {
        if time(key) == self.now {
            self.push_after(0, key, number);
        } else {
            self.wheel.push(key, number);
            self.pushed(key, WHEEL);
        }
    }

    /// Adds an entry that comes `delay` after it was pushed, which is told so that its like share a lane.
    #[inline]
    pub(super) fn push_after(&mut self, delay: u64, key: u128, number: u32) {
        if let Some(part) = self.lane(delay) {
            let entries = &mut self.lanes[part].entries;
            if entries.back().is_none_or(|back| back.key() < key) {
                entries.push_back(Entry::new(key, number));
                self.in_lanes += 1;
                self.pushed(key, part);
                return;
            }
        }
        self.wheel.push(key, number);
        self.pushed(key, WHEEL);
    }

    /// The lane of a delay: its own, or an empty one that becomes its own.
    #[inline]
    fn lane(&mut self, delay: u64) -> Option<usize> {
        if let Some(own) = self.lanes.iter().position(|lane| lane.delay == delay) {
            return Some(own);
        }
        if self.lanes.len() < LANES {
            self.lanes.push(Lane {
                delay,
                entries: VecDeque::new(),
            });
            return Some(self.lanes.len() - 1);
        }
        let empty = self.lanes.iter().position(|lane| lane.entries.is_empty())?;
        self.lanes[empty].delay = delay;
        Some(empty)
    }

    /// Notes a key that a part just got.
    #[inline]
    fn pushed(&mut self, key: u128, part: usize) {
        if key < self.fronts[part] {
            self.fronts[part] = key;
            if key < self.fronts[self.first] {
                self.first = part;
            }
        }
    }

    /// The entry with the least key.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, u32)> {
        match self.lanes.get(self.first) {
            Some(lane) => lane.entries.front().map(|front| front.pair()),
            None => self.wheel.first(),
        }
    }

    /// The least key.
    #[inline]
    pub(super) fn first_key(&self) -> Option<u128> {
        let key = self.fronts[self.first];
        (key != NO_KEY).then_some(key)
    }

    /// Removes the entry with the least key, and maybe others that `keep` denies.
    #[inline]
    pub(super) fn take_first(&mut self, keep: impl Fn(u128, u32) -> bool) -> Option<(u128, u32)> {
        let first = match self.lanes.get_mut(self.first) {
            Some(lane) => {
                let first = lane.entries.pop_front()?.pair();
                self.in_lanes -= 1;
                self.fronts[self.first] = lane.entries.front().map_or(NO_KEY, |front| front.key());
                first
            }
            None => {
                let first = self.wheel.take_first(keep)?;
                self.fronts[WHEEL] = self.wheel.first().map_or(NO_KEY, |front| front.0);
                first
            }
        };
        self.find_first();
        self.now = time(first.0);
        Some(first)
    }

    /// Looks for the part with the least front.
    #[inline]
    fn find_first(&mut self) {
        // Both are carried along and chosen without a branch: which lane is next can't be foreseen.
        let (mut key, mut least) = (self.fronts[WHEEL], WHEEL);
        for (part, &front) in self.fronts[..self.lanes.len()].iter().enumerate() {
            let is_less = front < key;
            key = if is_less { front } else { key };
            least = if is_less { part } else { least };
        }
        self.first = least;
    }

    /// How many entries there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.wheel.len() + self.in_lanes
    }

    /// The entries in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        let lanes = self
            .lanes
            .iter()
            .flat_map(|lane| lane.entries.iter().map(|entry| entry.pair()));
        self.wheel.iter().chain(lanes)
    }

    /// Removes the entries that `keep` denies.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u128, u32) -> bool) {
        self.wheel.retain(&mut keep);
        self.fronts = [NO_KEY; LANES + 1];
        self.fronts[WHEEL] = self.wheel.first().map_or(NO_KEY, |front| front.0);
        for (lane, front) in self.lanes.iter_mut().zip(&mut self.fronts) {
            lane.entries.retain(|entry| keep(entry.key(), entry.number));
            *front = lane.entries.front().map_or(NO_KEY, |front| front.key());
        }
        self.in_lanes = self.lanes.iter().map(|lane| lane.entries.len()).sum();
        self.find_first();
    }
}

const fn time(key: u128) -> u64 {
    (key >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: u64, order: u64) -> u128 {
        (u128::from(time) << 64) | u128::from(order)
    }

    #[test]
    fn what_is_due_at_once_keeps_its_order_among_the_others() {
        let mut line = Line::new();
        line.push(key(5, 0), 0);
        line.push(key(5, 1), 1);
        line.push(key(6, 2), 2);
        assert_eq!(line.take_first(|_, _| true), Some((key(5, 0), 0)));
        line.push(key(5, 4), 4);
        line.push(key(5, 3), 3);
        line.push(key(5, 5), 5);
        assert_eq!(
            line.lanes[0].entries.len(),
            2,
            "what came out of order is in the wheel"
        );
        assert_eq!(line.len(), 5);
        let numbers: Vec<u32> = std::iter::from_fn(|| line.take_first(|_, _| true))
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, [1, 3, 4, 5, 2]);
    }

    #[test]
    fn both_parts_are_listed_and_retained() {
        let mut line = Line::new();
        for order in 0..4 {
            line.push(key(0, order), order as u32);
            line.push(key(1, order), 10 + order as u32);
        }
        assert_eq!(line.lanes[0].entries.len(), 4);
        line.retain(|_, number| number % 2 == 1);
        let mut numbers: Vec<u32> = line.iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 3, 11, 13]);
        assert_eq!(line.first(), Some((key(0, 1), 1)));
    }
}
