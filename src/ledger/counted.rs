//! Sets of rows that know how many they are: the nth of them is found without a look at every word.

use super::bits::{Bits, RUN, WORD};

/// Rows of a run of words.
const RUN_ROWS: usize = RUN * WORD;

/// Runs of a heap of runs.
const HEAP_RUNS: usize = 32;

/// A set of the rows of a cluster, counted by runs of 512 rows and by heaps of 32 runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    bits: Bits,
    runs: Vec<u16>,
    heaps: Vec<u32>,
    count: u32,
}

impl Counted {
    /// Of so many rows none.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self::of(Bits::none(len))
    }

    /// A set, counted.
    #[must_use]
    pub fn of(bits: Bits) -> Self {
        let mut counted = Self {
            bits,
            ..Self::default()
        };
        counted.recount();
        counted
    }

    fn recount(&mut self) {
        let ones = |words: &[u64]| words.iter().map(|word| word.count_ones()).sum::<u32>();
        let runs = self.bits.words().chunks(RUN).map(ones);
        self.runs.clear();
        self.runs
            .extend(runs.map(|run| u16::try_from(run).expect("a run has few rows")));
        let heap = |runs: &[u16]| runs.iter().map(|run| u32::from(*run)).sum::<u32>();
        self.heaps.clear();
        self.heaps.extend(self.runs.chunks(HEAP_RUNS).map(heap));
        self.count = self.heaps.iter().sum();
    }

    /// The rows, not counted.
    #[must_use]
    pub fn bits(&self) -> &Bits {
        &self.bits
    }

    /// How many rows are in it.
    #[inline]
    #[must_use]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Whether a row is in it.
    #[inline]
    #[must_use]
    pub fn has(&self, row: usize) -> bool {
        self.bits.has(row)
    }

    /// Puts a row in that is not in it, or takes one out that is.
    #[inline]
    pub(crate) fn turn(&mut self, row: usize, is_in: bool) {
        self.bits.flip(row);
        // Without branches: one more or, as all ones, one less.
        let by = i16::from(is_in) * 2 - 1;
        let run = &mut self.runs[row / RUN_ROWS];
        *run = run.wrapping_add_signed(by);
        let heap = &mut self.heaps[row / (RUN_ROWS * HEAP_RUNS)];
        *heap = heap.wrapping_add_signed(by.into());
        self.count = self.count.wrapping_add_signed(by.into());
    }

    /// Puts a row in that is not in it.
    pub(crate) fn enter(&mut self, row: usize) {
        self.turn(row, true);
    }

    /// Takes a row out that is in it.
    pub(crate) fn leave(&mut self, row: usize) {
        self.turn(row, false);
    }

    /// Knows of one row more, which is not in it.
    pub(crate) fn push(&mut self) {
        self.bits.push(false);
        let runs = self.bits.words().len() / RUN;
        self.runs.resize(runs, 0);
        self.heaps.resize(runs.div_ceil(HEAP_RUNS), 0);
    }

    /// Forgets a row: those behind it move up.
    pub(crate) fn close_up(&mut self, row: usize) {
        self.bits.close_up(row);
        self.recount();
    }

    /// Words of memory it takes, about.
    pub(crate) fn words(&self) -> usize {
        16 + self.bits.words().len() + self.runs.len() / 4 + self.heaps.len() / 2
    }
}

/// The `nth` of the rows that are in some sets, of which no two have a row in common.
#[must_use]
pub fn nth(sets: &[&Counted], mut nth: usize) -> Option<usize> {
    let first = sets.first()?;
    let heap = find(&mut nth, 0..first.heaps.len(), |heap| {
        sets.iter().map(|set| set.heaps[heap] as usize).sum()
    })?;
    let runs = heap * HEAP_RUNS..first.runs.len().min((heap + 1) * HEAP_RUNS);
    let run = find(&mut nth, runs, |run| {
        sets.iter().map(|set| usize::from(set.runs[run])).sum()
    })?;
    let word = |at: usize| {
        let words = sets.iter().map(|set| set.bits.words()[at]);
        words.fold(0, |any, word| any | word)
    };
    let at = find(&mut nth, run * RUN..(run + 1) * RUN, |at| {
        word(at).count_ones() as usize
    })?;
    let mut word = word(at);
    for _ in 0..nth {
        word &= word - 1;
    }
    Some(at * WORD + word.trailing_zeros() as usize)
}

/// The part that has the `nth` of what parts have so many of; then `nth` is counted from its begin.
#[inline]
fn find(
    nth: &mut usize,
    mut parts: std::ops::Range<usize>,
    count: impl Fn(usize) -> usize,
) -> Option<usize> {
    parts.find(|part| {
        let count = count(*part);
        let is_in = *nth < count;
        if !is_in {
            *nth -= count;
        }
        is_in
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nth_row_of_disjoint_sets_is_that_of_a_list(
            start in vec(0..4_u8, 0..1200),
            moves in vec((0..4_u8, any::<prop::sample::Index>(), 0..4_u8), 0..100),
            far in prop::option::weighted(0.2, 16_000..40_000_usize),
        ) {
            // A row is in the set of its number, in none by number 3.
            let mut plain = start;
            plain.resize(far.unwrap_or(plain.len()).max(plain.len()), 3);
            let mut sets: Vec<Counted> = (0..3)
                .map(|set| Counted::of(Bits::of(plain.len(), |row| plain[row] == set)))
                .collect();
            for (what, at, to) in moves {
                match what {
                    0 => {
                        plain.push(3);
                        sets.iter_mut().for_each(Counted::push);
                    }
                    _ if plain.is_empty() => continue,
                    1 => {
                        let at = at.index(plain.len());
                        plain.remove(at);
                        sets.iter_mut().for_each(|set| set.close_up(at));
                    }
                    _ => {
                        let at = at.index(plain.len());
                        let from = std::mem::replace(&mut plain[at], to);
                        if let Some(set) = sets.get_mut(usize::from(from)) {
                            set.leave(at);
                        }
                        if let Some(set) = sets.get_mut(usize::from(to)) {
                            set.enter(at);
                        }
                    }
                }
            }
            for (set, number) in sets.iter().zip(0..) {
                let scanned = Bits::of(plain.len(), |row| plain[row] == number);
                prop_assert_eq!(set, &Counted::of(scanned));
            }
            for chosen in [&sets[..1], &sets[..2], &sets[..]] {
                let rows = plain.iter().enumerate();
                let rows = rows.filter(|(_, set)| usize::from(**set) < chosen.len());
                let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
                let chosen: Vec<&Counted> = chosen.iter().collect();
                for at in (0..=rows.len()).step_by(1 + rows.len() / 50).chain([rows.len()]) {
                    prop_assert_eq!(nth(&chosen, at), rows.get(at).copied());
                }
            }
        }
    }
}
