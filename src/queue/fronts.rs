//! Which part of the queue is next: the parts by the least key of each.

use super::entry::Entry;

/// The key of a part without entries: greater than that of any entry.
pub(super) const NO_KEY: u128 = u128::MAX;

/// The least key of each of `N` parts, and the parts in ascending order of it.
///
/// A part that gives its least entry often has the least of all again, or nearly, so that keeping the order takes a
/// comparison or two, and whoever asks which part is next finds it at the front.
#[derive(Clone)]
pub(super) struct Fronts<const N: usize> {
    /// The least key of a part, and the part; [`NO_KEY`] behind the parts that have entries.
    sorted: [Entry; N],
    /// How many parts have entries.
    filled: usize,
}

impl<const N: usize> Fronts<N> {
    /// Parts without entries.
    pub(super) const fn new() -> Self {
        Self {
            sorted: [Entry::new(NO_KEY, 0); N],
            filled: 0,
        }
    }

    /// The least key of all and the part it is in; `None` when all are without entries.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, usize)> {
        (self.filled > 0).then(|| self.least())
    }

    /// The least key of all and the part it is in, where one has entries.
    #[inline]
    pub(super) fn least(&self) -> (u128, usize) {
        let (key, part) = self.sorted[0].pair();
        (key, part as usize)
    }

    /// Notes the least key that the part with the least of all has now: a greater one.
    #[inline]
    pub(super) fn raise_first(&mut self, key: u128) {
        if key < self.sorted[1].key() {
            self.sorted[0].set_key(key);
        } else if key == NO_KEY {
            self.remove_first();
        } else {
            self.raise_at(0, key);
        }
    }

    /// Notes that the part with the least of all has no entries any more.
    #[inline(never)]
    fn remove_first(&mut self) {
        for place in 1..self.filled.min(N) {
            self.sorted[place - 1] = self.sorted[place];
        }
        self.filled -= 1;
        self.sorted[self.filled].set_key(NO_KEY);
    }

    /// Notes the key of the only entry of a part.
    #[inline(never)]
    pub(super) fn fill(&mut self, part: usize, key: u128) {
        self.lower_at(self.filled, part, key);
        self.filled += 1;
    }

    /// Notes that a part got a key, which may be its least now.
    #[inline(never)]
    pub(super) fn lower(&mut self, part: usize, key: u128) {
        match self.place(part) {
            None => self.fill(part, key),
            Some(place) if self.sorted[place].key() <= key => {}
            Some(place) => self.lower_at(place, part, key),
        }
    }

    /// Notes the least key that a part has now: none less than before.
    pub(super) fn raise(&mut self, part: usize, key: u128) {
        if let Some(place) = self.place(part) {
            self.raise_at(place, key);
        }
    }

    #[inline]
    fn lower_at(&mut self, mut place: usize, part: usize, key: u128) {
        while place > 0 && self.sorted[place - 1].key() > key {
            self.sorted[place] = self.sorted[place - 1];
            place -= 1;
        }
        self.sorted[place] = Entry::new(key, part as u32);
    }

    #[inline(never)]
    fn raise_at(&mut self, mut place: usize, key: u128) {
        let part = self.sorted[place].number;
        while place + 1 < N && self.sorted[place + 1].key() < key {
            self.sorted[place] = self.sorted[place + 1];
            place += 1;
        }
        self.sorted[place] = Entry::new(key, part);
        self.filled -= usize::from(key == NO_KEY);
    }

    /// Where a part that has entries stands.
    #[inline]
    fn place(&self, part: usize) -> Option<usize> {
        let filled = self.sorted.iter().take(self.filled);
        filled
            .enumerate()
            .find(|(_, it)| it.number as usize == part)
            .map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = u128> {
        prop_oneof![
            Just(NO_KEY),
            (0..3_u64, 0..3_u64)
                .prop_map(|(time, order)| (u128::from(time) << 64) | u128::from(order)),
            any::<u128>(),
        ]
    }

    proptest! {
        #[test]
        fn the_least_of_all_is_first_whatever_comes_and_goes(
            steps in prop::collection::vec((0..9_usize, key(), any::<bool>()), 0..60)
        ) {
            let mut fronts = Fronts::<9>::new();
            let mut keys = [NO_KEY; 9];
            for (part, key, of_first) in steps {
                let part = if of_first { fronts.first().map_or(part, |first| first.1) } else { part };
                if key < keys[part] {
                    if keys[part] == NO_KEY && of_first {
                        fronts.fill(part, key);
                    } else {
                        fronts.lower(part, key);
                    }
                    keys[part] = key;
                } else if of_first && fronts.first().is_some() {
                    fronts.raise_first(key);
                    keys[part] = key;
                } else {
                    fronts.raise(part, key);
                    keys[part] = key;
                }
                let least = keys.into_iter().min().filter(|&least| least != NO_KEY);
                prop_assert_eq!(fronts.first().map(|first| first.0), least);
                if let Some((key, part)) = fronts.first() {
                    prop_assert_eq!(keys[part], key);
                }
            }
        }
    }
}
