//! A heap with four children to a node, laid out so that the children share a cache line.

/// The four children of one node. A line of 64 bytes holds them all, so going down a level
/// costs one miss at most.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Family([u128; 4]);

/// Where no entry is: greater than any key, so that an incomplete family needs no special care.
const VACANT: u128 = u128::MAX;

/// Where the least entry is. With the root in the last place of a family of its own, every
/// other family is whole: the children of place `p` are family `p - 2`.
const ROOT: usize = 3;

/// Pairs of a key and a number, of which the one with the least key is at hand.
///
/// Keys and numbers are kept apart, because looking for a place compares keys only.
#[derive(Clone)]
pub(super) struct Heap {
    /// Every family but the last is full, and the last is not empty.
    families: Vec<Family>,
    /// The number of each place of each family; any value where the place is vacant.
    numbers: Vec<u32>,
    /// How many places from [`ROOT`] on are taken up, by entries and the gap.
    len: usize,
    /// Whether the root was removed and its place not filled yet. Most pops are followed by a
    /// push, and that fills the gap with less work than closing it and pushing would take.
    gap: bool,
}

impl Heap {
    /// A heap without entries.
    pub(super) const fn new() -> Self {
        Self {
            families: Vec::new(),
            numbers: Vec::new(),
            len: 0,
            gap: false,
        }
    }

    /// Adds an entry, whose key is less than `u128::MAX`.
    #[inline]
    pub(super) fn push(&mut self, key: u128, number: u32) {
        if self.gap {
            self.gap = false;
            self.fill_gap(key, number);
            return;
        }
        let place = ROOT + self.len;
        if place / 4 == self.families.len() {
            self.families.push(Family([VACANT; 4]));
            self.numbers.extend([0; 4]);
        }
        self.len += 1;
        self.rise(place, key, number);
    }

    /// Removes the entry with the least key.
    #[inline]
    pub(super) fn remove_first(&mut self) {
        if self.gap {
            self.close_gap();
        }
        if self.len > 0 {
            self.gap = true;
        }
    }

    /// The entry with the least key.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, u32)> {
        let place = if self.gap {
            4 + least_of(*self.families.get(1)?).0
        } else {
            ROOT
        };
        let key = self.families.get(place / 4)?.0[place % 4];
        (key != VACANT).then(|| (key, self.numbers[place]))
    }

    /// How many entries there are.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.len - self.gap as usize
    }

    /// The entries in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        let keys = self.families.iter().flat_map(|family| family.0);
        let entries = keys.zip(self.numbers.iter().copied());
        entries.skip(ROOT + usize::from(self.gap)).take(self.len())
    }

    /// Fills the gap at the root with the last entry.
    fn close_gap(&mut self) {
        self.gap = false;
        self.len -= 1;
        let last = ROOT + self.len;
        let (key, number) = (self.families[last / 4].0[last % 4], self.numbers[last]);
        self.families[last / 4].0[last % 4] = VACANT;
        if last % 4 == 0 {
            self.families.truncate(last / 4);
            self.numbers.truncate(last);
        }
        if self.len > 0 {
            self.fill_gap(key, number);
        }
    }

    /// Fills the gap at the root with an entry.
    ///
    /// The gap sinks to a leaf before the entry is put there and rises to its place. The entry is
    /// nearly always a great one, so asking on the way down whether it fits already would be one
    /// more branch a level, for nothing.
    #[inline]
    fn fill_gap(&mut self, key: u128, number: u32) {
        let leaf = self.sink_gap();
        self.rise(leaf, key, number);
    }

    /// Moves the gap at the root down to a leaf, always to the least child, and returns the leaf.
    #[inline]
    fn sink_gap(&mut self) -> usize {
        let mut gap = ROOT;
        while let Some(&children) = self.families.get(gap - 2) {
            let (lane, least) = least_of(children);
            let child = 4 * (gap - 2) + lane;
            self.families[gap / 4].0[gap % 4] = least;
            self.numbers[gap] = self.numbers[child];
            gap = child;
        }
        gap
    }

    /// Puts an entry at the gap or at an ancestor of it, where the heap is in order.
    #[inline]
    fn rise(&mut self, mut gap: usize, key: u128, number: u32) {
        while gap > ROOT {
            let parent = gap / 4 + 2;
            let above = self.families[parent / 4].0[parent % 4];
            if above <= key {
                break;
            }
            self.families[gap / 4].0[gap % 4] = above;
            self.numbers[gap] = self.numbers[parent];
            gap = parent;
        }
        self.families[gap / 4].0[gap % 4] = key;
        self.numbers[gap] = number;
    }
}

/// The place and the key of the least of four, meant to compile without a branch: which it is
/// is as good as random, so a processor would guess wrong half of the time.
#[inline]
fn least_of(Family([a, b, c, d]): Family) -> (usize, u128) {
    let (left, left_key) = if b < a { (1, b) } else { (0, a) };
    let (right, right_key) = if d < c { (3, d) } else { (2, c) };
    if right_key < left_key {
        (right, right_key)
    } else {
        (left, left_key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heap_of(keys: &[u128]) -> Heap {
        let mut heap = Heap::new();
        for (number, &key) in keys.iter().enumerate() {
            heap.push(key, number as u32);
        }
        heap
    }

    #[test]
    fn the_children_of_a_node_fill_a_cache_line() {
        assert_eq!((size_of::<Family>(), align_of::<Family>()), (64, 64));
    }

    #[test]
    fn an_emptied_heap_is_as_good_as_new() {
        let mut heap = heap_of(&[3]);
        heap.remove_first();
        heap.remove_first();
        assert_eq!((heap.len(), heap.first()), (0, None));
        heap.push(7, 1);
        assert_eq!((heap.len(), heap.first()), (1, Some((7, 1))));
    }

    proptest! {
        #[test]
        fn entries_leave_in_ascending_order_with_their_numbers(
            keys in prop::collection::btree_set(0..1_000_u128, 0..200),
            turn in any::<prop::sample::Index>(),
        ) {
            let sorted: Vec<u128> = keys.iter().copied().collect();
            let mut pushed = sorted.clone();
            if !pushed.is_empty() {
                pushed.rotate_left(turn.index(sorted.len()));
                pushed[sorted.len() / 3..].reverse();
            }
            let mut heap = heap_of(&pushed);
            for (removed, &key) in sorted.iter().enumerate() {
                prop_assert_eq!(heap.len(), sorted.len() - removed);
                let (first, number) = heap.first().expect("not yet empty");
                prop_assert_eq!((first, pushed[number as usize]), (key, key));
                heap.remove_first();
            }
            prop_assert_eq!(heap.first(), None);
        }
    }
}
