//! The line of entries: a wheel, and beside it a lane for each delay that comes again and again.

use std::collections::VecDeque;

use super::entry::Entry;
use super::fronts::{Fronts, NO_KEY, places};
use super::wheel::Wheel;

/// Lanes at most: an orchestrator with fixed latencies has about as many.
const LANES: usize = 8;

/// Where the wheel stands among the fronts.
const WHEEL: usize = LANES;

/// Pairs of a key and a number in the order of the keys, whose upper 64 bits are a time.
///
/// Much of what a simulation does next happens after one of a few constant delays, or at once. Entries of one delay
/// come in ascending order by themselves, so a list takes and gives them in constant time. Which part an entry is in
/// has no influence on the order.
#[derive(Clone)]
pub(super) struct Line {
    wheel: Wheel,
    /// Entries of one delay each, in ascending order.
    lanes: [VecDeque<Entry>; LANES],
    /// The delay of each lane; of those behind `named` none yet.
    delays: [u64; LANES],
    named: usize,
    /// How many entries the lanes have together.
    in_lanes: usize,
    /// The least key of each lane and of the wheel, so that looking for the least of all touches nothing else.
    fronts: Fronts<{ LANES + 1 }>,
    /// The part that the least of all is in; any when there are no entries.
    first: usize,
    /// The time of the entry that was removed last.
    now: u64,
}

impl Line {
    /// A line without entries.
    pub(super) const fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            lanes: [const { VecDeque::new() }; LANES],
            delays: [0; LANES],
            named: 0,
            in_lanes: 0,
            fronts: Fronts::new(),
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
            let entries = &mut self.lanes[part];
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
        let own = places(&self.delays, delay) & ((1 << self.named) - 1);
        if own != 0 {
            return Some(own.trailing_zeros() as usize);
        }
        let lane = if self.named < LANES {
            self.named += 1;
            self.named - 1
        } else {
            self.lanes.iter().position(VecDeque::is_empty)?
        };
        self.delays[lane] = delay;
        Some(lane)
    }

    /// Notes a key that a part just got.
    #[inline]
    fn pushed(&mut self, key: u128, part: usize) {
        if key < self.fronts.get(part) {
            self.fronts.set(part, key);
            if key < self.fronts.get(self.first) {
                self.first = part;
            }
        }
    }

    /// The entry with the least key.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, u32)> {
        match self.lanes.get(self.first) {
            Some(lane) => lane.front().map(|front| front.pair()),
            None => self.wheel.first(),
        }
    }

    /// The least key.
    #[inline]
    pub(super) fn first_key(&self) -> Option<u128> {
        let key = self.fronts.get(self.first);
        (key != NO_KEY).then_some(key)
    }

    /// Removes the entry with the least key, and maybe others that `keep` denies.
    #[inline]
    pub(super) fn take_first(&mut self, keep: impl Fn(u128, u32) -> bool) -> Option<(u128, u32)> {
        let first = match self.lanes.get_mut(self.first) {
            Some(lane) => {
                let first = lane.pop_front()?.pair();
                self.in_lanes -= 1;
                let front = lane.front().map_or(NO_KEY, |front| front.key());
                self.fronts.set(self.first, front);
                first
            }
            None => {
                let first = self.wheel.take_first(keep)?;
                let front = self.wheel.first().map_or(NO_KEY, |front| front.0);
                self.fronts.set(WHEEL, front);
                first
            }
        };
        // Where nothing has a lane there is nothing to compare.
        self.first = match self.named {
            0 => WHEEL,
            _ => self.fronts.least(),
        };
        self.now = time(first.0);
        Some(first)
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
            .flat_map(|lane| lane.iter().map(|entry| entry.pair()));
        self.wheel.iter().chain(lanes)
    }

    /// Removes the entries that `keep` denies.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u128, u32) -> bool) {
        self.wheel.retain(&mut keep);
        let front = self.wheel.first().map_or(NO_KEY, |front| front.0);
        self.fronts.set(WHEEL, front);
        for (part, lane) in self.lanes.iter_mut().enumerate() {
            lane.retain(|entry| keep(entry.key(), entry.number));
            let front = lane.front().map_or(NO_KEY, |front| front.key());
            self.fronts.set(part, front);
        }
        self.in_lanes = self.lanes.iter().map(VecDeque::len).sum();
        self.first = self.fronts.least();
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
            line.lanes[0].len(),
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
        assert_eq!(line.lanes[0].len(), 4);
        line.retain(|_, number| number % 2 == 1);
        let mut numbers: Vec<u32> = line.iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 3, 11, 13]);
        assert_eq!(line.first(), Some((key(0, 1), 1)));
    }
}
