//! What is wanted of every known task, as bits.

use std::collections::VecDeque;

use crate::ids::TaskId;

/// Tasks per word.
pub(crate) const WORD: u32 = 32;

/// Words per chunk: as many as a summary of one word has bits.
const CHUNK: u32 = 64;

/// The two things that can be wanted of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Running,
    Stopped,
}

/// For each known task one bit, in one of two maps: wanted RUNNING, or told to stop.
///
/// The maps reach from the oldest known task to the newest, in chunks of 2,048 tasks. Of each chunk a summary tells
/// which words have a bit, so that empty stretches are crossed in a few steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct DesiredBits {
    /// Chunk `i` holds the words from `(first + i) * CHUNK`.
    chunks: VecDeque<Chunk>,
    first: u32,
}

#[derive(Clone, Debug)]
struct Chunk {
    /// Bit `i` says whether word `i` has a bit: wanted RUNNING, told to stop.
    filled: [u64; 2],
    words: [[u32; CHUNK as usize]; 2],
}

impl Chunk {
    const EMPTY: Self = Self {
        filled: [0; 2],
        words: [[0; CHUNK as usize]; 2],
    };

    fn set(&mut self, wanted: Wanted, number: u32, bit: u32) {
        let within = number % CHUNK;
        self.filled[wanted as usize] |= 1 << within;
        self.words[wanted as usize][within as usize] |= bit;
    }

    fn clear(&mut self, wanted: Wanted, number: u32, bit: u32) {
        let within = number % CHUNK;
        let word = &mut self.words[wanted as usize][within as usize];
        *word &= !bit;
        self.filled[wanted as usize] &= !(u64::from(*word == 0) << within);
    }
}

impl DesiredBits {
    /// Writes down a task that is wanted RUNNING from now on; it is younger than all before.
    pub(super) fn placed(&mut self, task: TaskId) {
        let (number, bit) = place(task);
        if self.chunks.is_empty() {
            self.first = number / CHUNK;
        }
        while self.chunks.len() <= (number / CHUNK - self.first) as usize {
            self.chunks.push_back(Chunk::EMPTY);
        }
        self.chunk_mut(number).set(Wanted::Running, number, bit);
    }

    /// Moves a task from those wanted to those told to stop.
    pub(super) fn unwanted(&mut self, task: TaskId) {
        let (number, bit) = place(task);
        let chunk = self.chunk_mut(number);
        chunk.clear(Wanted::Running, number, bit);
        chunk.set(Wanted::Stopped, number, bit);
    }

    /// Forgets a task that was told to stop.
    pub(super) fn forgotten(&mut self, task: TaskId) {
        let (number, bit) = place(task);
        let chunk = self.chunk_mut(number);
        chunk.clear(Wanted::Stopped, number, bit);
        if chunk.filled != [0; 2] {
            return;
        }
        while self
            .chunks
            .front()
            .is_some_and(|chunk| chunk.filled == [0; 2])
        {
            self.chunks.pop_front();
            self.first += 1;
        }
    }

    /// The chunk of a word, which is between those of the oldest and the newest task.
    fn chunk_mut(&mut self, number: u32) -> &mut Chunk {
        &mut self.chunks[(number / CHUNK - self.first) as usize]
    }

    /// The tasks of a word of which that is wanted.
    pub(super) fn word(&self, wanted: Wanted, number: u32) -> u32 {
        let at = (number / CHUNK).checked_sub(self.first);
        let chunk = at.and_then(|at| self.chunks.get(at as usize));
        chunk.map_or(0, |chunk| {
            chunk.words[wanted as usize][(number % CHUNK) as usize]
        })
    }

    /// The first word from number `from` on with a task of which that is wanted.
    pub(super) fn next_word(&self, wanted: Wanted, from: u32) -> Option<u32> {
        let from = from.max(self.first * CHUNK);
        let at = from / CHUNK - self.first;
        let mut before = (1 << (from % CHUNK)) - 1;
        for (number, chunk) in (at..).zip(self.chunks.iter().skip(at as usize)) {
            let left = chunk.filled[wanted as usize] & !before;
            if left != 0 {
                return Some((self.first + number) * CHUNK + left.trailing_zeros());
            }
            before = 0;
        }
        None
    }
}

/// The number of the word of a task, and its bit there.
pub(super) fn place(task: TaskId) -> (u32, u32) {
    (task.number() / WORD, 1 << (task.number() % WORD))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_forgotten_leaves_nothing() {
        let mut bits = DesiredBits::default();
        for number in 0..10_000 {
            bits.placed(TaskId::new(number));
        }
        for number in 0..9_999 {
            bits.unwanted(TaskId::new(number));
            bits.forgotten(TaskId::new(number));
        }
        assert_eq!((bits.chunks.len(), bits.first), (1, 4));
    }

    #[test]
    fn the_last_number_there_is_has_a_bit() {
        let mut bits = DesiredBits::default();
        let last = u32::MAX / WORD;
        bits.placed(TaskId::new(u32::MAX - 1));
        assert_eq!(bits.next_word(Wanted::Running, 0), Some(last));
        assert_eq!(bits.next_word(Wanted::Running, last), Some(last));
        assert_eq!(bits.word(Wanted::Running, last), 1 << 30);
    }

    proptest! {
        #[test]
        fn they_tell_of_each_task_what_is_wanted(
            gaps in prop::collection::vec(1_u32..3_000, 1..60),
            turns in prop::collection::vec((0_usize..60, 0_u8..3), 0..200),
        ) {
            let mut bits = DesiredBits::default();
            let (mut running, mut stopped) = (BTreeSet::new(), BTreeSet::new());
            let mut number = 0;
            for gap in &gaps {
                number += gap;
                bits.placed(TaskId::new(number));
                running.insert(number);
            }
            for (nth, turn) in turns {
                let task = if turn == 0 {
                    running.iter().nth(nth).copied().inspect(|task| {
                        running.remove(task);
                        stopped.insert(*task);
                        bits.unwanted(TaskId::new(*task));
                    })
                } else {
                    stopped.iter().nth(nth).copied().inspect(|task| {
                        stopped.remove(task);
                        bits.forgotten(TaskId::new(*task));
                    })
                };
                let from = task.unwrap_or(0);
                for (wanted, model) in [(Wanted::Running, &running), (Wanted::Stopped, &stopped)] {
                    let expected = model.range(from / WORD * WORD..).next().map(|task| task / WORD);
                    prop_assert_eq!(bits.next_word(wanted, from / WORD), expected);
                    let is_set = bits.word(wanted, from / WORD) & (1 << (from % WORD)) != 0;
                    prop_assert_eq!(is_set, model.contains(&from));
                }
            }
        }
    }
}
