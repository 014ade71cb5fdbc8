//! Candidates as sets of rows put through each other, a word at a time, before any row is looked at.

use crate::ledger::bits::{self, Bits, WORD};
use crate::ledger::index::{Built, Room, ports};

use super::ask::Ask;
use super::filter;
use super::member_of;
use super::pool::Pool;

/// The most sets of a sieve.
const SETS_MAX: usize = 24;

/// The most sets of a class.
const CLASS_MAX: usize = crate::ledger::spread::VALUES_MAX;

/// Which rows can take a task, as far as sets of rows tell, and how to look at the others.
pub(super) struct Sieve<'a> {
    pool: &'a Pool<'a>,
    ask: &'a Ask<'a>,
    room: Option<&'a Room>,
    /// Sets that a row must be in; with all bits flipped: must not be in.
    sets: [(&'a [u64], u64); SETS_MAX],
    count: usize,
    /// Sets of which a row must be in one; none when it need not be in any.
    class: [&'a [u64]; CLASS_MAX],
    class_len: usize,
    /// Whether constraints are left that no set tells of.
    loose: bool,
    /// Whether the group's tasks on a row are left to be looked at.
    counted: bool,
}

impl<'a> Sieve<'a> {
    /// The sieve of an ask; `None` when there is nothing to build it of, or too much.
    pub(super) fn new(pool: &'a Pool<'a>, ask: &'a Ask<'a>, built: &'a Built) -> Option<Self> {
        let mut sieve = Self {
            pool,
            ask,
            room: built.room(),
            sets: [(&[], 0); SETS_MAX],
            count: 0,
            class: [&[]; CLASS_MAX],
            class_len: 0,
            loose: false,
            counted: ask.distinct_instance,
        };
        if let (true, Some(group)) = (ask.distinct_instance, ask.group) {
            let levels = built.levels(group).filter(|levels| levels.is_kept());
            if let Some((without, _)) = levels.and_then(|levels| levels.planes().next()) {
                sieve.push(without, true)?;
                sieve.counted = false;
            }
        }
        for constraint in ask.constraints {
            match built.members(constraint).filter(|_| constraint.is_static()) {
                Some(members) => sieve.push(members, true)?,
                None => sieve.loose = true,
            }
        }
        if ask.demand.has_ports() {
            for taken in ports(ask.demand).filter_map(|port| built.taken(port)) {
                sieve.push(taken, false)?;
            }
        }
        Some(sieve)
    }

    /// Narrows it to the rows in a set, or to those that are not; `None` when it has too many sets.
    pub(super) fn push(&mut self, rows: &'a Bits, are_in: bool) -> Option<()> {
        let flip = if are_in { 0 } else { u64::MAX };
        *self.sets.get_mut(self.count)? = (rows.words(), flip);
        self.count += 1;
        Some(())
    }

    /// Takes back the set pushed last.
    pub(super) fn pop(&mut self) {
        self.count -= 1;
    }

    /// Narrows it to the rows in any of some sets, instead of those before.
    pub(super) fn set_class(&mut self, class: impl Iterator<Item = &'a Bits>) {
        self.class_len = 0;
        for (at, rows) in class.enumerate() {
            self.class[at] = rows.words();
            self.class_len = at + 1;
        }
    }

    /// Whether no set narrows it, and nothing but CPU and memory counts.
    pub(super) fn is_open(&self) -> bool {
        let demand = self.ask.demand;
        let is_bare = demand.gpus == 0 && demand.enis == 0 && !demand.has_ports();
        let is_free = self.count == 0 && self.class_len == 0 && !self.loose && !self.counted;
        is_bare && is_free && self.pool.capacity().limited == 0 && !self.pool.is_picked()
    }

    /// Whether a row is in the sets, those of the class apart.
    #[inline]
    pub(super) fn lets_by(&self, row: usize) -> bool {
        let mut sets = self.sets[..self.count].iter();
        sets.all(|(words, flip)| bits::has(words, row) != (*flip != 0))
    }

    /// Whether a row is in one of the sets of the class, if there is one.
    pub(super) fn is_of_class(&self, row: usize) -> bool {
        let mut class = self.class[..self.class_len].iter();
        self.class_len == 0 || class.any(|words| bits::has(words, row))
    }

    /// Whether a row that the sets let by, and that was not picked before, can take the task.
    #[inline]
    pub(super) fn fits(&self, row: usize) -> bool {
        let (pool, ask) = (self.pool, self.ask);
        let demand = ask.demand;
        pool.capacity().open[row] == ask.kind as u32
            && pool.cpu()[row] >= demand.cpu
            && pool.memory()[row] >= demand.memory
            && pool.capacity().can_do(row, ask.requires)
            && (demand.gpus == 0 || pool.gpus()[row] >= demand.gpus)
            && (demand.enis == 0 || (pool.enis()[row] >= demand.enis && pool.is_in(row, ask.zones)))
            && (!demand.has_ports() || pool.ports_free(row, demand))
            && (!self.counted || pool.tasks_of_group(row, ask.group) == 0)
            && (!self.loose || member_of::unmet(pool, ask, row).is_none())
    }

    /// Whether a row that was picked before can take the task too, and is let by but for what went by numbers of tasks.
    pub(super) fn fits_again(&self, row: usize) -> bool {
        self.is_of_class(row) && filter::fits(self.pool, self.ask, row)
    }

    #[inline]
    fn word(&self, at: usize) -> u64 {
        let mut word = match &self.class[..self.class_len] {
            [] => u64::MAX,
            [one] => one[at],
            class => class.iter().fold(0, |word, words| word | words[at]),
        };
        for (words, flip) in &self.sets[..self.count] {
            word &= words[at] ^ flip;
        }
        word
    }

    /// Shows the rows that can take the task and were not picked before, in order, until it is told that this is enough.
    pub(super) fn each(&self, mut is_enough: impl FnMut(usize) -> bool) {
        let rows = self.pool.len();
        let demand = self.ask.demand;
        let picked = self.pool.is_picked();
        for at in 0..rows.div_ceil(WORD) {
            let mut word = self.word(at);
            if at == rows / WORD {
                word &= (1 << (rows % WORD)) - 1;
            }
            if word == 0 {
                continue;
            }
            if let Some(room) = self.room {
                if room.cpu[at] < demand.cpu || room.memory[at] < demand.memory {
                    continue;
                }
            }
            while word != 0 {
                let row = at * WORD + word.trailing_zeros() as usize;
                word &= word - 1;
                let is_new = !picked || self.pool.picks_in(row) == 0;
                if is_new && self.fits(row) && is_enough(row) {
                    return;
                }
            }
        }
    }
}
