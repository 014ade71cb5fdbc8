//! Candidates as sets of rows put through each other, a word at a time, before any row is looked at.

use crate::ledger::bits::{self, Bits, RUN, WORD};
use crate::ledger::index::{Built, ports};
use crate::ledger::instance::InstanceKind;

use super::ask::Ask;
use super::filter;
use super::member_of;
use super::pool::Pool;

/// The most sets of a sieve.
const SETS_MAX: usize = 16;

/// The most sets of a class.
const CLASS_MAX: usize = crate::ledger::spread::VALUES_MAX;

/// Which rows can take a task, as far as sets of rows tell, and how to look at the others.
pub(super) struct Sieve<'a> {
    pool: &'a Pool<'a>,
    ask: &'a Ask<'a>,
    /// Sets that a row must be in; with all bits flipped: must not be in.
    sets: [(&'a [u64], u64); SETS_MAX],
    count: usize,
    /// Sets of which a row must be in one; none when it need not be in any.
    class: [&'a [u64]; CLASS_MAX],
    class_len: usize,
    /// Whether bits past the last row get by: sets have none, but what is flipped has.
    has_tail: bool,
    unsaid: Unsaid,
}

/// What sets do not tell of the rows in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsaid {
    /// Whether they are open with enough CPU and memory.
    pub(super) room: bool,
    /// Whether some constraints hold.
    constraints: bool,
    /// Whether tasks of the group are there, where that counts.
    tasks: bool,
}

impl Unsaid {
    /// Of rows of which nothing is told.
    fn all(ask: &Ask<'_>) -> Self {
        Self {
            room: true,
            constraints: true,
            tasks: ask.distinct_instance,
        }
    }

    /// Whether nothing but what is told and CPU and memory counts.
    pub(super) fn is_bare(&self, pool: &Pool<'_>, ask: &Ask<'_>) -> bool {
        let demand = ask.demand;
        let is_bare = demand.gpus == 0 && demand.enis == 0 && !demand.has_ports();
        is_bare && !self.constraints && !self.tasks && pool.capacity().limited == 0
    }

    /// Whether a row that is in the sets, and that was not picked before, can take the task.
    #[inline]
    pub(super) fn fits(&self, pool: &Pool<'_>, ask: &Ask<'_>, row: usize) -> bool {
        let demand = ask.demand;
        let has_room = || {
            pool.capacity().open[row] == ask.kind as u32
                && pool.cpu(row) >= demand.cpu
                && pool.memory(row) >= demand.memory
        };
        (!self.room || has_room())
            && pool.capacity().can_do(row, ask.requires)
            && (demand.gpus == 0 || pool.gpus(row) >= demand.gpus)
            && (demand.enis == 0 || (pool.enis(row) >= demand.enis && pool.is_in(row, ask.zones)))
            && (!demand.has_ports() || pool.ports_free(row, demand))
            && (!self.tasks || pool.tasks_of_group(row, ask.group) == 0)
            && (!self.constraints || member_of::unmet(pool, ask, row).is_none())
    }
}

/// Shows the sets that an ask goes by, and whether rows must be in each or must not, as long as it is answered; what they
/// do not tell.
pub(super) fn sets<'a>(
    ask: &Ask<'_>,
    built: &'a Built,
    mut show: impl FnMut(&'a Bits, bool) -> Option<()>,
) -> Option<Unsaid> {
    let mut unsaid = Unsaid {
        constraints: false,
        ..Unsaid::all(ask)
    };
    if ask.kind == InstanceKind::Ec2 {
        if let Some(fits) = built.fits(ask.demand.cpu, ask.demand.memory) {
            show(fits, true)?;
            unsaid.room = false;
        }
    }
    if let (true, Some(group)) = (ask.distinct_instance, ask.group) {
        let levels = built.levels(group).filter(|levels| levels.is_kept());
        if let Some((without, _)) = levels.and_then(|levels| levels.planes().next()) {
            show(without, true)?;
            unsaid.tasks = false;
        }
    }
    for constraint in ask.constraints {
        match built.members(constraint).filter(|_| constraint.is_static()) {
            Some(members) => show(members, true)?,
            None => unsaid.constraints = true,
        }
    }
    if ask.demand.has_ports() {
        for taken in ports(ask.demand).filter_map(|port| built.taken(port)) {
            show(taken, false)?;
        }
    }
    Some(unsaid)
}

impl<'a> Sieve<'a> {
    /// A sieve without sets.
    pub(super) fn new(pool: &'a Pool<'a>, ask: &'a Ask<'a>) -> Self {
        Self {
            pool,
            ask,
            sets: [(&[], 0); SETS_MAX],
            count: 0,
            class: [&[]; CLASS_MAX],
            class_len: 0,
            has_tail: true,
            unsaid: Unsaid::all(ask),
        }
    }

    /// Puts in the sets that an ask goes by; `None` when there are so many that none may follow.
    pub(super) fn fill(&mut self, built: &'a Built) -> Option<()> {
        self.unsaid = sets(self.ask, built, |rows, are_in| self.push(rows, are_in))?;
        (self.count < SETS_MAX).then_some(())
    }

    /// Narrows it to the rows in a set, or to those that are not; `None` when it has too many sets.
    pub(super) fn push(&mut self, rows: &'a Bits, are_in: bool) -> Option<()> {
        let flip = if are_in { 0 } else { u64::MAX };
        self.has_tail &= !are_in;
        *self.sets.get_mut(self.count)? = (rows.words(), flip);
        self.count += 1;
        Some(())
    }

    /// Takes back the set pushed last.
    pub(super) fn pop(&mut self) {
        self.count -= 1;
        let mut sets = self.sets[..self.count].iter();
        self.has_tail = sets.all(|(_, flip)| *flip != 0);
    }

    /// Narrows it to the rows in any of some sets, instead of those before.
    pub(super) fn set_class(&mut self, class: impl Iterator<Item = &'a Bits>) {
        self.class_len = 0;
        for (at, rows) in class.enumerate() {
            self.class[at] = rows.words();
            self.class_len = at + 1;
        }
    }

    /// Whether nothing is left to be looked at but CPU, memory and what sets tell.
    fn is_bare(&self) -> bool {
        self.is_bare_elsewhere() && !self.pool.is_picked()
    }

    /// Likewise in rows that were not picked.
    pub(super) fn is_bare_elsewhere(&self) -> bool {
        self.unsaid.is_bare(self.pool, self.ask)
    }

    /// Whether no set narrows it, and nothing but CPU and memory counts.
    pub(super) fn is_open(&self) -> bool {
        self.count == 0 && self.class_len == 0 && self.is_bare()
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
        self.unsaid.fits(self.pool, self.ask, row)
    }

    /// Whether a row that was picked before can take the task too, and is let by but for what went by numbers of tasks.
    pub(super) fn fits_again(&self, row: usize) -> bool {
        self.is_of_class(row) && filter::fits(self.pool, self.ask, row)
    }

    /// The rows that the sets and the class let by, of the words from one on.
    #[inline]
    fn run(&self, from: usize) -> [u64; RUN] {
        let mut run = match &self.class[..self.class_len] {
            [] => [u64::MAX; RUN],
            [one] => part(one, from),
            class => class.iter().fold([0; RUN], |mut any, words| {
                let words = part(words, from).into_iter();
                any.iter_mut()
                    .zip(words)
                    .for_each(|(any, word)| *any |= word);
                any
            }),
        };
        for (words, flip) in &self.sets[..self.count] {
            let words = part(words, from).into_iter();
            run.iter_mut()
                .zip(words)
                .for_each(|(run, word)| *run &= word ^ flip);
        }
        let rows = self.pool.len();
        if self.has_tail && (from + RUN) * WORD > rows {
            for (at, word) in run.iter_mut().enumerate() {
                let begin = (from + at) * WORD;
                *word &= match rows.saturating_sub(begin) {
                    left if left >= WORD => u64::MAX,
                    left => (1 << left) - 1,
                };
            }
        }
        run
    }

    /// Whether nothing is left to be looked at in rows that the sets let by.
    pub(super) fn is_sure(&self) -> bool {
        !self.unsaid.room && self.is_bare()
    }

    /// The runs of words that are not empty, each with the number of its first word.
    fn runs(&self) -> impl Iterator<Item = (usize, [u64; RUN])> + '_ {
        let begins = (0..self.pool.len().div_ceil(WORD)).step_by(RUN);
        let runs = begins.map(|from| (from, self.run(from)));
        runs.filter(|(_, run)| run.iter().fold(0, |any, word| any | word) != 0)
    }

    /// Shows the rows that can take the task and were not picked before, in order, until it is told that this is enough.
    pub(super) fn each(&self, is_enough: impl FnMut(usize) -> bool) {
        self.each_of(|_| true, is_enough);
    }

    /// Likewise, but for rows that are of no use.
    pub(super) fn each_of(
        &self,
        is_of_use: impl Fn(usize) -> bool,
        mut is_enough: impl FnMut(usize) -> bool,
    ) {
        let picked = self.pool.is_picked();
        let is_sure = self.is_sure();
        // By hand, since this is where most of the time of a search goes.
        let (mut from, end) = (0, self.pool.len().div_ceil(WORD));
        while from < end {
            let run = self.run(from);
            for (at, mut word) in (from..).zip(run) {
                while word != 0 {
                    let row = at * WORD + word.trailing_zeros() as usize;
                    word &= word - 1;
                    let fits = || (!picked || self.pool.picks_in(row) == 0) && self.fits(row);
                    if is_of_use(row) && (is_sure || fits()) && is_enough(row) {
                        return;
                    }
                }
            }
            from += RUN;
        }
    }

    /// How many rows can take the task, where sets alone tell.
    pub(super) fn count(&self) -> Option<usize> {
        let ones = |run: [u64; RUN]| {
            run.iter()
                .map(|word| word.count_ones() as usize)
                .sum::<usize>()
        };
        self.is_sure()
            .then(|| self.runs().map(|(_, run)| ones(run)).sum())
    }

    /// The `nth` of the rows that [`count`](Self::count) counts.
    pub(super) fn nth(&self, mut nth: usize) -> Option<usize> {
        for (from, run) in self.runs() {
            for (at, mut word) in (from..).zip(run) {
                let ones = word.count_ones() as usize;
                if nth >= ones {
                    nth -= ones;
                    continue;
                }
                for _ in 0..nth {
                    word &= word - 1;
                }
                return Some(at * WORD + word.trailing_zeros() as usize);
            }
        }
        None
    }
}

/// Some words of a set, from one on.
#[inline]
fn part(words: &[u64], from: usize) -> [u64; RUN] {
    let part = words[from..from + RUN].try_into();
    part.expect("sets are whole runs long")
}
