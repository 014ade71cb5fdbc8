//! Tasks that share something which never changes, in order of creation.

use crate::ids::TaskId;

use super::desired::{DesiredBits, WORD, Wanted, place};

/// The fewest words before a posting looks for those it can drop.
const FEW: usize = 4;

/// The tasks that were placed with something in common, of which all that are known are still there.
///
/// Neighbouring tasks are bits of one word. A task is written down once, at the end, when it is placed; what becomes of
/// it is told by the [`DesiredBits`], which all postings share. Words of which no task is known any longer are dropped
/// when a posting has doubled, so they are never more than the others, and dropping one costs no more than writing it did.
#[derive(Clone, Debug, Default)]
pub(super) struct Posting {
    /// Ascending by number.
    words: Vec<Word>,
    /// When it has so many words it looks for those it can drop.
    limit: usize,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    /// Which tasks.
    number: u32,
    /// Which of them were placed.
    members: u32,
}

impl Posting {
    /// Adds a task younger than all before.
    #[inline]
    pub(super) fn push(&mut self, bits: &DesiredBits, task: TaskId) {
        let (number, bit) = place(task);
        match self.words.last_mut() {
            Some(last) if last.number == number => last.members |= bit,
            _ => self.push_word(bits, number, bit),
        }
    }

    fn push_word(&mut self, bits: &DesiredBits, number: u32, members: u32) {
        if self.words.len() >= self.limit {
            self.drop_forgotten(bits);
        }
        self.words.push(Word { number, members });
    }

    #[inline(never)]
    fn drop_forgotten(&mut self, bits: &DesiredBits) {
        self.words.retain(|word| {
            let known =
                bits.word(Wanted::Running, word.number) | bits.word(Wanted::Stopped, word.number);
            word.members & known != 0
        });
        self.limit = (2 * self.words.len()).max(FEW);
        self.words.shrink_to(self.limit);
        self.words.reserve_exact(self.limit - self.words.len());
    }

    /// Which tasks of the newest word were placed with it.
    pub(super) fn newest_members(&self) -> u32 {
        self.words.last().map_or(0, |word| word.members)
    }

    /// How many words it has: a measure of how long it takes to walk.
    pub(super) fn words(&self) -> usize {
        self.words.len()
    }

    /// Its known tasks from `first` on of which that is wanted.
    pub(super) fn walk<'l>(
        &'l self,
        bits: &'l DesiredBits,
        wanted: Wanted,
        first: TaskId,
    ) -> Walk<'l> {
        let (number, bit) = place(first);
        let at = self.words.partition_point(|word| word.number < number);
        let mut walk = Walk {
            words: &self.words[at..],
            bits,
            wanted,
            number,
            left: 0,
        };
        if walk.words.first().is_some_and(|word| word.number == number) {
            walk.enter();
            walk.left &= !(bit - 1);
            if walk.left == 0 {
                walk.leap();
            }
        }
        walk
    }
}

/// A walk through a posting: each task that is met, and each word in which there was none, by its first task and `false`.
///
/// So who walks can count what was looked at.
#[derive(Clone, Debug)]
pub struct Walk<'l> {
    /// Those still to come.
    words: &'l [Word],
    bits: &'l DesiredBits,
    wanted: Wanted,
    /// The word that the walk is in.
    number: u32,
    /// Its tasks that are still to come.
    left: u32,
}

impl Walk<'_> {
    /// Goes into the next word.
    fn enter(&mut self) -> bool {
        let Some((word, rest)) = self.words.split_first() else {
            return false;
        };
        self.words = rest;
        self.number = word.number;
        self.left = word.members & self.bits.word(self.wanted, word.number);
        true
    }

    /// Leaps over the words in which no task of all there are would be met.
    fn leap(&mut self) {
        let next = self.bits.next_word(self.wanted, self.number + 1);
        let skipped = match (next, self.words.first()) {
            (Some(next), Some(word)) if word.number < next => {
                self.words.partition_point(|word| word.number < next)
            }
            (Some(_), _) => 0,
            (None, _) => self.words.len(),
        };
        self.words = &self.words[skipped..];
    }
}

impl Iterator for Walk<'_> {
    type Item = (TaskId, bool);

    fn next(&mut self) -> Option<(TaskId, bool)> {
        if self.left == 0 {
            if !self.enter() {
                return None;
            }
            if self.left == 0 {
                let empty = TaskId::new(self.number * WORD);
                self.leap();
                return Some((empty, false));
            }
        }
        let offset = self.left.trailing_zeros();
        self.left &= self.left - 1;
        Some((TaskId::new(self.number * WORD + offset), true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A posting of every `nth` of so many tasks, and the tasks that it is not of.
    fn every(nth: u32, count: u32) -> (DesiredBits, Posting) {
        let (mut bits, mut posting) = (DesiredBits::default(), Posting::default());
        for task in (0..count).map(TaskId::new) {
            bits.placed(task);
            if task.number() % nth == 0 {
                posting.push(&bits, task);
            }
        }
        (bits, posting)
    }

    fn met(posting: &Posting, bits: &DesiredBits, wanted: Wanted, first: u32) -> Vec<u32> {
        let walk = posting.walk(bits, wanted, TaskId::new(first));
        let met = walk.filter(|(_, is_met)| *is_met);
        met.map(|(task, _)| task.number()).collect()
    }

    #[test]
    fn a_walk_meets_the_tasks_of_which_that_is_wanted() {
        let (mut bits, posting) = every(3, 200);
        for task in (0..100).map(TaskId::new) {
            bits.unwanted(task);
        }
        let expected = |from: u32, to: u32| (from..to).filter(|task| task % 3 == 0);
        for first in [0, 1, 31, 32, 33, 99, 150, 198, 199, 200, u32::MAX] {
            let running = met(&posting, &bits, Wanted::Running, first);
            assert_eq!(running, expected(first.max(100), 200).collect::<Vec<_>>());
            let stopped = met(&posting, &bits, Wanted::Stopped, first);
            assert_eq!(stopped, expected(first, 100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_walk_leaps_over_tasks_of_which_something_else_is_wanted() {
        let (mut bits, posting) = every(1, 100_000);
        for task in (0..90_000).map(TaskId::new) {
            bits.unwanted(task);
        }
        let mut walk = posting.walk(&bits, Wanted::Running, TaskId::new(0));
        assert_eq!(walk.next(), Some((TaskId::new(90_000), true)));
        let mut walk = posting.walk(&bits, Wanted::Stopped, TaskId::new(89_999));
        assert_eq!(walk.next(), Some((TaskId::new(89_999), true)));
        assert_eq!(walk.next(), Some((TaskId::new(90_016), false)));
        assert_eq!(walk.next(), None);
    }

    #[test]
    fn a_page_looks_at_as_many_tasks_however_many_there_are() {
        // Nine of ten tasks were told to stop, and those still wanted are the youngest.
        let looks = |nth: u32, count: u32, wanted, first| {
            let (mut bits, posting) = every(nth, count);
            for task in (0..count / 10 * 9).map(TaskId::new) {
                bits.unwanted(task);
            }
            let (mut looks, mut met) = (0, 0);
            for (_, is_met) in posting.walk(&bits, wanted, TaskId::new(first)) {
                looks += 1;
                met += u32::from(is_met);
                if met == 100 {
                    break;
                }
            }
            assert_eq!(met, 100);
            looks
        };
        for count in [10_000, 30_000, 100_000] {
            for nth in [1, 7] {
                let deep = count / 10 * 9 + 64;
                for (wanted, first) in [
                    (Wanted::Running, 0),
                    (Wanted::Running, deep),
                    (Wanted::Stopped, 0),
                    (Wanted::Stopped, count / 2),
                ] {
                    let looks = looks(nth, count, wanted, first);
                    assert!(
                        looks <= 101,
                        "{looks} for {wanted:?} of {count} from {first}"
                    );
                }
            }
        }
    }

    #[test]
    fn words_of_forgotten_tasks_are_dropped_around_a_task_that_stays() {
        let (mut bits, mut posting) = (DesiredBits::default(), Posting::default());
        for task in (0..100_000).map(TaskId::new) {
            bits.placed(task);
            posting.push(&bits, task);
            if let Some(old) = task.number().checked_sub(1_000).filter(|old| *old > 0) {
                bits.unwanted(TaskId::new(old));
                bits.forgotten(TaskId::new(old));
            }
        }
        assert!(posting.words() < 80, "{} words", posting.words());
        assert_eq!(met(&posting, &bits, Wanted::Running, 0).len(), 1_001);
    }
}
