//! What there was of records of late: their versions, oldest first, by the number of the record.

use std::collections::VecDeque;
use std::marker::PhantomData;

use crate::ids::DenseId;
use crate::model::ReadAs;
use crate::time::SimTime;

use super::table::Table;

/// Histories that ended and are kept for the next records that change, and versions that they have room for at most: else
/// each of them would come to have as much room as the longest ever needed.
const SPARE_MAX: usize = 64;
const ROOM_MAX: usize = 8;

/// So few versions may be left until nobody can see any but the last.
const FEW: usize = 4;

/// One version of a record.
#[derive(Clone, Debug)]
pub struct Version<T> {
    /// When it was committed.
    pub at: SimTime,
    /// The number its luck goes by: its version, as far as that fits.
    pub nth: u16,
    /// How many lag spikes had begun by then.
    pub spikes: u32,
    /// Whose call made it; `None` for what came about in the simulation.
    pub by: Option<ReadAs>,
    /// Whether a task was placed in it.
    pub placed: bool,
    /// Whether only a scheduler sees something else in it than in the one before.
    pub for_scheduler: bool,
    /// The record; `None` when it was forgotten.
    pub seen: Option<T>,
}

/// How the versions of one commit were made: see [`Version`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    pub(super) at: SimTime,
    pub(super) spikes: u32,
    pub(super) by: Option<ReadAs>,
    pub(super) placed: bool,
    pub(super) for_scheduler: bool,
}

/// What there was of one record of late.
#[derive(Clone, Debug)]
pub struct History<T> {
    /// What everybody has seen at least; `None` when that is nothing.
    pub base: Option<T>,
    /// What came after, oldest first; the last of them is the truth.
    pub recent: VecDeque<Version<T>>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            base: None,
            recent: VecDeque::new(),
        }
    }
}

impl<T> History<T> {
    /// The newest.
    #[must_use]
    pub fn newest(&self) -> Option<&T> {
        match self.recent.back() {
            Some(last) => last.seen.as_ref(),
            None => self.base.as_ref(),
        }
    }

    /// How many bytes it takes, `beside` being what a record points at and shares with nobody.
    fn bytes(&self, beside: impl Fn(&T) -> usize) -> usize {
        let recent = self
            .recent
            .iter()
            .filter_map(|version| version.seen.as_ref());
        let beside: usize = self.base.iter().chain(recent).map(beside).sum();
        size_of::<Self>() + self.recent.capacity() * size_of::<Version<T>>() + beside
    }

    /// Adds a version, `number` being that of the record, if there still is one; changes of one call at one time make one.
    #[inline]
    pub(super) fn push(&mut self, made: &Made, number: Option<u32>, seen: Option<T>) {
        // What only schedulers are shown gives readers no luck.
        let begins = |last: &Version<T>| last.for_scheduler && !made.for_scheduler;
        match self.recent.back_mut() {
            Some(last)
                if (last.at, last.spikes, last.by) == (made.at, made.spikes, made.by)
                    && !begins(last) =>
            {
                // The luck of the first is that of all: what was seen of it is not unseen.
                last.seen = seen;
                last.placed |= made.placed;
            }
            _ => self.recent.push_back(Version {
                at: made.at,
                nth: number.unwrap_or(u32::MAX) as u16,
                spikes: made.spikes,
                by: made.by,
                placed: made.placed,
                for_scheduler: made.for_scheduler,
                seen,
            }),
        }
    }

    /// Lets go of what nobody can see any more: what came before a version that was made by `end`.
    fn prune(&mut self, end: SimTime) {
        while self.recent.front().is_some_and(|first| first.at <= end) {
            self.base = self.recent.pop_front().and_then(|first| first.seen);
        }
    }
}

/// The histories of the records of one kind that changed of late.
#[derive(Clone, Debug)]
pub struct Histories<K, T> {
    known: Table<Box<History<T>>>,
    /// Empty ones, to be used again: what changes of late is never the same for long.
    spare: Vec<Box<History<T>>>,
    of: PhantomData<K>,
}

impl<K, T> Default for Histories<K, T> {
    fn default() -> Self {
        Self {
            known: Table::default(),
            spare: Vec::new(),
            of: PhantomData,
        }
    }
}

impl<K: DenseId, T> Histories<K, T> {
    /// The history of a record, if it changed of late.
    #[inline]
    #[must_use]
    pub fn get(&self, of: K) -> Option<&History<T>> {
        self.known.get(of.to_number()).map(|history| &**history)
    }

    /// Whether a record changed of late.
    #[must_use]
    pub fn contains(&self, of: K) -> bool {
        self.get(of).is_some()
    }

    /// All of them, in order of creation of what they are about.
    pub fn iter(&self) -> impl Iterator<Item = (K, &History<T>)> {
        self.iter_from(K::of_number(0))
    }

    /// Those of records from `first` on, likewise.
    pub fn iter_from(&self, first: K) -> impl Iterator<Item = (K, &History<T>)> {
        let known = self.known.iter_from(first.to_number());
        known.map(|(number, history)| (K::of_number(number), &**history))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How many bytes they take, `beside` being what a record points at and shares with nobody.
    pub(super) fn bytes(&self, beside: impl Fn(&T) -> usize) -> usize {
        let known = self.known.iter().map(|(_, history)| history);
        let all = known.chain(&self.spare);
        let all: usize = all.map(|history| history.bytes(&beside)).sum();
        self.known.bytes() + self.spare.capacity() * size_of::<Box<History<T>>>() + all
    }
}

impl<K: DenseId, T: Clone> Histories<K, T> {
    /// Begins the history of a record.
    pub(super) fn begin(&mut self, of: K, base: Option<T>) {
        let mut history = self.spare.pop().unwrap_or_default();
        history.base = base;
        self.known.insert(of.to_number(), history);
    }

    /// The history of a record, to be added to.
    #[inline]
    pub(super) fn get_mut(&mut self, of: K) -> Option<&mut History<T>> {
        self.known
            .get_mut(of.to_number())
            .map(|history| &mut **history)
    }

    /// Ends the history of a record.
    pub(super) fn end(&mut self, of: K) {
        let Some(mut ended) = self.known.remove(of.to_number()) else {
            return;
        };
        if self.spare.len() < SPARE_MAX && ended.recent.capacity() <= ROOM_MAX {
            ended.base = None;
            ended.recent.clear();
            self.spare.push(ended);
        }
    }

    /// Lets go of what nobody can see any more of a record, if it is all or much: what came before a version that was made
    /// by `end`.
    pub(super) fn prune(&mut self, of: K, end: SimTime) {
        let Some(history) = self.get_mut(of) else {
            return;
        };
        // The truth is the last of them, and a few that stay with it do no harm.
        if history.recent.back().is_none_or(|truth| truth.at <= end) {
            self.end(of);
        } else if history.recent.len() > FEW {
            history.prune(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::TaskId;

    use super::*;

    /// Adds a version made in a second.
    fn push(history: &mut History<String>, second: u64, seen: &str) {
        let made = Made {
            at: SimTime::from_secs(second),
            spikes: 0,
            by: None,
            placed: false,
            for_scheduler: false,
        };
        history.push(&made, Some(0), Some(seen.to_owned()));
    }

    fn task(number: u32) -> TaskId {
        TaskId::new(number)
    }

    #[test]
    fn a_history_ends_when_nobody_can_see_its_versions_any_more() {
        let mut known = Histories::<TaskId, String>::default();
        known.begin(task(3), None);
        let history = known.get_mut(task(3)).expect("it has begun");
        for second in 1..=5 {
            push(history, second, &second.to_string());
        }
        let left = |known: &Histories<TaskId, String>| {
            let history = known.get(task(3)).expect("the last may still be unseen");
            (history.base.clone(), history.recent.len())
        };
        known.prune(task(3), SimTime::from_secs(1));
        assert_eq!(left(&known), (Some("1".to_owned()), 4));
        known.prune(task(3), SimTime::from_secs(4));
        assert_eq!(left(&known), (Some("1".to_owned()), 4), "they are few");
        known.prune(task(3), SimTime::from_secs(5));
        assert!(known.is_empty());
    }

    #[test]
    fn what_is_used_again_remembers_nothing() {
        let mut known = Histories::<TaskId, String>::default();
        known.begin(task(3), Some("base".to_owned()));
        let history = known.get_mut(task(3)).expect("it has begun");
        push(history, 1, "first");
        known.end(task(3));
        known.begin(task(900), None);
        assert!(!known.contains(task(3)));
        let again = known.get(task(900)).expect("it has begun");
        assert_eq!((again.newest(), again.recent.len()), (None, 0));
    }

    #[test]
    fn changes_of_one_call_at_one_time_are_one_version() {
        let mut history = History::default();
        push(&mut history, 1, "half");
        push(&mut history, 1, "whole");
        push(&mut history, 2, "later");
        let seen = history.recent.iter().map(|version| version.seen.as_deref());
        assert_eq!(seen.collect::<Vec<_>>(), [Some("whole"), Some("later")]);
    }
}
