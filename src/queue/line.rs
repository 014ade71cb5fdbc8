//! The line of entries: a heap, and beside it a plain list of what is due at once.

use std::collections::VecDeque;

use super::heap::Heap;

/// Pairs of a key and a number in the order of the keys, whose upper 64 bits are a time.
///
/// Much of what a simulation does next happens at the very time of what it does now. Such
/// entries come in ascending order by themselves, so a list takes them in constant time. Which
/// of the two parts an entry is in has no influence on the order.
#[derive(Clone)]
pub(super) struct Line {
    heap: Heap,
    /// Entries in ascending order.
    at_once: VecDeque<(u128, u32)>,
    /// The time of the entry that was removed last.
    now: u64,
}

impl Line {
    /// A line without entries.
    pub(super) const fn new() -> Self {
        Self {
            heap: Heap::new(),
            at_once: VecDeque::new(),
            now: 0,
        }
    }

    /// Adds an entry, whose key is less than `u128::MAX`.
    #[inline]
    pub(super) fn push(&mut self, key: u128, number: u32) {
        if time(key) == self.now && self.at_once.back().is_none_or(|back| back.0 < key) {
            self.at_once.push_back((key, number));
        } else {
            self.heap.push(key, number);
        }
    }

    /// The entry with the least key.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, u32)> {
        match (self.at_once.front(), self.heap.first()) {
            (Some(&front), Some(root)) => Some(front.min(root)),
            (Some(&front), None) => Some(front),
            (None, root) => root,
        }
    }

    /// Removes the entry with the least key.
    #[inline]
    pub(super) fn take_first(&mut self) -> Option<(u128, u32)> {
        let first = self.first()?;
        if self.at_once.front() == Some(&first) {
            self.at_once.pop_front();
        } else {
            self.heap.remove_first();
        }
        self.now = time(first.0);
        Some(first)
    }

    /// How many entries there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.heap.len() + self.at_once.len()
    }

    /// The entries in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        self.heap.iter().chain(self.at_once.iter().copied())
    }

    /// Removes the entries that `keep` denies.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u128, u32) -> bool) {
        self.heap.retain(&mut keep);
        self.at_once.retain(|&(key, number)| keep(key, number));
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
        assert_eq!(line.take_first(), Some((key(5, 0), 0)));
        line.push(key(5, 4), 4);
        line.push(key(5, 3), 3);
        line.push(key(5, 5), 5);
        assert_eq!(
            line.at_once.len(),
            2,
            "what came out of order is in the heap"
        );
        assert_eq!(line.len(), 5);
        let numbers: Vec<u32> = std::iter::from_fn(|| line.take_first())
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
        assert_eq!(line.at_once.len(), 4);
        line.retain(|_, number| number % 2 == 1);
        let mut numbers: Vec<u32> = line.iter().map(|(_, number)| number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 3, 11, 13]);
        assert_eq!(line.first(), Some((key(0, 1), 1)));
    }
}
