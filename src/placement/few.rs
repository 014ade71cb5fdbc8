//! Finding the candidates that the rules prefer among few rows: sets of rows are put through each other at once.

use crate::ledger::OrderBy;
use crate::ledger::bits::{Bits, RUN, WORD};
use crate::ledger::index::Built;
use crate::ledger::spread::Levels;
use crate::model::PlacementTies;

use super::ask::Ask;
use super::chain::Chain;
use super::pool::Pool;
use super::search::{Found, choose, levels};
use super::sieve::{self, Unsaid};

/// So many runs of words of rows are few.
const RUNS: usize = 2;

/// A set of few rows. Runs are put through each other whole: that takes no loop.
type Rows = [[u64; RUN]; RUNS];

/// One search.
struct Search<'a, 's> {
    ask: &'a Ask<'a>,
    pool: &'a Pool<'a>,
    chain: Chain<'a>,
    /// How many words the rows take.
    words: usize,
    /// What the sets do not tell of a row, and whether that is nothing but CPU and memory.
    unsaid: Unsaid,
    is_bare: bool,
    /// Whether the first candidate is the one.
    is_first: bool,
    candidates: &'s mut Vec<usize>,
}

/// Whether this is the search for an ask.
pub(super) fn is_for(pool: &Pool<'_>, chain: &Chain<'_>) -> bool {
    let is_ordered = chain.binpack.is_some() && pool.capacity().is_ordered();
    pool.len() <= RUNS * RUN * WORD && !pool.is_picked() && !is_ordered
}

/// Finds the row that an ask's rules prefer; `candidates` is a buffer.
pub(super) fn search<'a>(
    ask: &'a Ask<'a>,
    pool: &'a Pool<'a>,
    (built, chain): (&'a Built, Chain<'a>),
    candidates: &mut Vec<usize>,
) -> Found {
    let mut rows = all(pool.len());
    let unsaid = sieve::sets(ask, built, |set, are_in| {
        let flip = if are_in { 0 } else { u64::MAX };
        narrow(&mut rows, set, |word, set| word & (set ^ flip));
        Some(())
    });
    let unsaid = unsaid.expect("every set is put through the others");
    candidates.clear();
    let mut search = Search {
        ask,
        pool,
        words: pool.len().div_ceil(WORD),
        unsaid,
        is_bare: unsaid.is_bare(pool, ask),
        is_first: ask.ties == PlacementTies::OldestInstance && chain.rest.is_empty(),
        chain,
        candidates,
    };
    match search.run(built, &rows) {
        Some(()) => choose(ask, pool, &search.chain, search.candidates),
        None => Found::Unknown,
    }
}

/// So many rows.
fn all(len: usize) -> Rows {
    let mut rows = [[0; RUN]; RUNS];
    let words = rows.iter_mut().flatten();
    for (word, begin) in words.zip((0..len).step_by(WORD)) {
        *word = u64::MAX >> (WORD - (len - begin).min(WORD));
    }
    rows
}

/// Puts a set through others.
#[inline]
fn narrow(rows: &mut Rows, set: &Bits, with: impl Fn(u64, u64) -> u64) {
    for (nth, run) in rows.iter_mut().enumerate() {
        let Some(words) = set.words().get(nth * RUN..(nth + 1) * RUN) else {
            break;
        };
        for at in 0..RUN {
            run[at] = with(run[at], words[at]);
        }
    }
}

impl Search<'_, '_> {
    /// Lists the candidates among some rows; `None` when what they go by is not known.
    fn run(&mut self, built: &Built, rows: &Rows) -> Option<()> {
        let levels = levels(self.ask, self.pool, built, &self.chain)?;
        let Some(name) = self.chain.attribute else {
            self.by_level(levels, rows);
            return Some(());
        };
        let (number, partition) = built.partition(name)?;
        let tally = match levels {
            Some(levels) => levels.tally(number)?,
            None => &[],
        };
        if !partition.is_kept() {
            return None;
        }
        let tally = |value: usize| tally.get(value).copied().unwrap_or(0);
        let values = || partition.sets().iter().enumerate();
        // The values with the fewest tasks, then those with the fewest but these, until there is a candidate.
        let mut from = 0;
        loop {
            let tallies = values().map(|(value, _)| tally(value));
            let Some(fewest) = tallies.filter(|count| *count >= from).min() else {
                return Some(());
            };
            let mut class = [[0; RUN]; RUNS];
            for (_, set) in values().filter(|(value, _)| tally(*value) == fewest) {
                narrow(&mut class, set, |any, set| any | set);
            }
            for (class, run) in class.iter_mut().zip(rows) {
                (0..RUN).for_each(|at| class[at] &= run[at]);
            }
            self.by_level(levels, &class);
            if !self.candidates.is_empty() {
                return Some(());
            }
            from = fewest + 1;
        }
    }

    /// The fewest tasks of the group with a candidate, if instances count; else all at once.
    fn by_level(&mut self, levels: Option<&Levels>, rows: &Rows) {
        let Some(levels) = levels.filter(|_| self.chain.instances) else {
            self.among(rows);
            return;
        };
        for (set, size) in levels.planes() {
            if size > 0 {
                let mut level = *rows;
                narrow(&mut level, set, |word, set| word & set);
                self.among(&level);
                if !self.candidates.is_empty() {
                    return;
                }
            }
        }
    }

    /// The candidates among some rows that `binpack` prefers, or every one.
    fn among(&mut self, rows: &Rows) {
        match self.chain.binpack {
            Some(by) => self.least(rows, by),
            None => self.every(rows),
        }
    }

    /// Every candidate, or the first, or the one that luck picks.
    fn every(&mut self, rows: &Rows) {
        let is_sure = self.is_bare && !self.unsaid.room;
        if is_sure && !self.is_first && self.chain.rest.is_empty() {
            self.lot(rows);
            return;
        }
        for (at, word) in rows.as_flattened()[..self.words].iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                let row = at * WORD + word.trailing_zeros() as usize;
                word &= word - 1;
                if is_sure || self.fits(row) {
                    self.candidates.push(row);
                    if self.is_first {
                        return;
                    }
                }
            }
        }
    }

    /// The row that luck picks, where all can take the task.
    fn lot(&mut self, rows: &Rows) {
        let words = &rows.as_flattened()[..self.words];
        let ones = |word: &u64| word.count_ones() as usize;
        let count = words.iter().map(ones).sum();
        if count == 0 {
            return;
        }
        let mut nth = self.ask.pick(count);
        for (at, word) in words.iter().enumerate() {
            if nth < ones(word) {
                let word = (0..nth).fold(*word, |word, _| word & (word - 1));
                let row = at * WORD + word.trailing_zeros() as usize;
                self.candidates.push(row);
                return;
            }
            nth -= ones(word);
        }
    }

    /// The candidates with the least left, or the first of them.
    fn least(&mut self, rows: &Rows, by: OrderBy) {
        let capacity = self.pool.capacity();
        let key = match by {
            OrderBy::Cpu => &capacity.cpu,
            OrderBy::Memory => &capacity.memory,
        };
        let mut least = u32::MAX;
        for (at, word) in rows.as_flattened()[..self.words].iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                let row = at * WORD + word.trailing_zeros() as usize;
                word &= word - 1;
                if key[row] > least || !self.fits(row) {
                    continue;
                }
                if key[row] < least {
                    self.candidates.clear();
                    least = key[row];
                }
                if !self.is_first || self.candidates.is_empty() {
                    self.candidates.push(row);
                }
            }
        }
    }

    /// Whether a row of the sets can take the task; nothing was picked.
    #[inline]
    fn fits(&self, row: usize) -> bool {
        let (capacity, demand) = (self.pool.capacity(), self.ask.demand);
        // As long as each other: it is looked at once whether there is such a row.
        let (cpu, rows) = (&capacity.cpu[..], capacity.cpu.len());
        let (memory, open) = (&capacity.memory[..rows], &capacity.open[..rows]);
        let has_room = || {
            cpu[row] >= demand.cpu
                && memory[row] >= demand.memory
                && open[row] == self.ask.kind as u32
        };
        (!self.unsaid.room || has_room())
            && (self.is_bare || self.unsaid.fits(self.pool, self.ask, row))
    }
}
