//! Finding the candidates that the rules prefer, by indexes: the same as by looking at every row.

use std::cell::Cell;

use crate::ledger::OrderBy;
use crate::ledger::bits::Bits;
use crate::ledger::index::Built;
use crate::ledger::instance::InstanceKind;
use crate::ledger::order::{Order, TooMany};
use crate::ledger::spread::{Levels, VALUES_MAX};
use crate::model::PlacementTies;

use super::ask::Ask;
use super::chain::Chain;
use super::few;
use super::pool::Pool;
use super::rank;
use super::sieve::Sieve;

/// What became of a search.
pub(super) enum Found {
    /// The row, or none when no row can take the task.
    Row(Option<usize>),
    /// What it goes by is not built.
    Unknown,
}

/// One search.
struct Search<'a, 's> {
    ask: &'a Ask<'a>,
    pool: &'a Pool<'a>,
    built: &'a Built,
    chain: Chain<'a>,
    sieve: &'s mut Sieve<'a>,
    /// Whether the first candidate is the one.
    is_first: bool,
    /// Whether rows with so many tasks of the group are a set of the sieve.
    is_levelled: bool,
    candidates: &'s mut Vec<usize>,
}

/// Values of an attribute by the tasks of the group in their rows.
struct Classes<'a> {
    sets: &'a [Bits],
    /// Tasks and number of value, ascending.
    tally: [(u32, usize); VALUES_MAX],
}

/// Finds the row that an ask's rules prefer; `candidates` is a buffer.
pub(super) fn search(ask: &Ask<'_>, pool: &Pool<'_>, candidates: &mut Vec<usize>) -> Found {
    let Some(built) = pool.capacity().index.built() else {
        return Found::Unknown;
    };
    let chain = Chain::read(ask.rules);
    if few::is_for(pool, &chain) {
        return few::search(ask, pool, (built, chain), candidates);
    }
    let mut sieve = Sieve::new(pool, ask);
    if sieve.fill(built).is_none() {
        return Found::Unknown;
    }
    candidates.clear();
    let oldest = ask.ties == PlacementTies::OldestInstance;
    let mut search = Search {
        ask,
        pool,
        built,
        sieve: &mut sieve,
        is_first: oldest && chain.rest.is_empty(),
        is_levelled: false,
        chain,
        candidates,
    };
    search.run()
}

/// How many tasks of the group are on the rows, where that counts; `None` when it counts and is not known.
pub(super) fn levels<'a>(
    ask: &Ask<'_>,
    pool: &Pool<'_>,
    built: &'a Built,
    chain: &Chain<'_>,
) -> Option<Option<&'a Levels>> {
    let counts = chain.attribute.is_some() || chain.instances;
    let Some(group) = ask.group.filter(|_| counts) else {
        return Some(None);
    };
    match built.levels(group) {
        Some(levels) => (levels.is_kept() || !chain.instances).then_some(Some(levels)),
        None if pool.ledger().groups().get(group).is_some() => None,
        None => Some(None),
    }
}

impl<'a> Search<'a, '_> {
    fn run(&mut self) -> Found {
        let Some(levels) = levels(self.ask, self.pool, self.built, &self.chain) else {
            return Found::Unknown;
        };
        self.is_levelled = levels.is_some();
        let Some(name) = self.chain.attribute else {
            self.by_level(levels, &[]);
            return choose(self.ask, self.pool, &self.chain, self.candidates);
        };
        let Some((number, partition)) = self.built.partition(name) else {
            return Found::Unknown;
        };
        let tally = levels.map(|levels| levels.tally(number));
        if !partition.is_kept() || tally == Some(None) {
            return Found::Unknown;
        }
        let tally = tally.flatten().unwrap_or_default();
        let mut classes = Classes {
            sets: partition.sets(),
            tally: [(0, 0); VALUES_MAX],
        };
        for value in 0..classes.sets.len() {
            classes.tally[value] = (tally.get(value).copied().unwrap_or(0), value);
        }
        for row in self.pool.picked_rows() {
            classes.tally[partition.value(row)].0 += 1;
        }
        let orders = self.chain.binpack.and_then(|by| partition.orders(by));
        self.by_class(levels, classes, orders.unwrap_or_default());
        choose(self.ask, self.pool, &self.chain, self.candidates)
    }

    /// The first of equally good values with a candidate; `orders` are those of the values.
    fn by_class(
        &mut self,
        levels: Option<&'a Levels>,
        mut classes: Classes<'a>,
        orders: &'a [Order],
    ) {
        let values = classes.sets.len();
        classes.tally[..values].sort_unstable();
        let mut rest = &classes.tally[..values];
        while let Some((count, _)) = rest.first() {
            let equal = rest.iter().take_while(|(known, _)| known == count).count();
            let (class, behind) = rest.split_at(equal);
            let sets = class.iter().map(|(_, value)| &classes.sets[*value]);
            self.sieve.set_class(sets);
            let mut chosen: [Option<&Order>; VALUES_MAX] = [None; VALUES_MAX];
            for (slot, (_, value)) in chosen.iter_mut().zip(class) {
                *slot = orders.get(*value);
            }
            self.by_level(levels, &chosen[..equal]);
            if !self.candidates.is_empty() {
                return;
            }
            rest = behind;
        }
    }

    /// The fewest tasks of the group with a candidate, if instances count; else all at once.
    fn by_level(&mut self, levels: Option<&'a Levels>, orders: &[Option<&'a Order>]) {
        if !self.chain.instances {
            self.among(None, orders);
            return;
        }
        let Some(levels) = levels else {
            // Nothing but picks has tasks of the group.
            let most = self
                .pool
                .picked_rows()
                .map(|row| self.pool.picks_in(row))
                .max();
            for level in 0..=most.unwrap_or(0) {
                self.among(Some(level), orders);
                if !self.candidates.is_empty() {
                    return;
                }
            }
            return;
        };
        let picks = self.pool.picked_rows().count();
        let planes = levels.planes().map(|(rows, size)| (Some(rows), size));
        let more = std::iter::repeat_n((None, 0), picks);
        for (level, (rows, size)) in (0..).zip(planes.chain(more)) {
            match rows.filter(|_| size > 0) {
                Some(rows) => {
                    if self.sieve.push(rows, true).is_none() {
                        unreachable!("a sieve has room for a level");
                    }
                    self.among(Some(level), orders);
                    self.sieve.pop();
                }
                None if picks > 0 => self.again(level),
                None => {}
            }
            if !self.candidates.is_empty() {
                return;
            }
        }
    }

    /// The candidates among what the sieve lets by, and among the picks with so many tasks, that `binpack` prefers.
    fn among(&mut self, level: Option<u32>, orders: &[Option<&'a Order>]) {
        match self.chain.binpack {
            Some(by) => self.least(level, by, orders),
            None => self.all(level),
        }
    }

    /// Only picks have so many tasks.
    fn again(&mut self, level: u32) {
        let rows = self.picked(Some(level));
        self.candidates.extend(rows);
        if let Some(by) = self.chain.binpack {
            self.keep_least(by);
        }
    }

    /// Keeps the candidates with the least left, picks taken off.
    fn keep_least(&mut self, by: OrderBy) {
        let pool = self.pool;
        let left = |row: &usize| by.of(pool.cpu(*row), pool.memory(*row)).0;
        let least = self.candidates.iter().map(left).min();
        self.candidates.retain(|row| Some(left(row)) == least);
    }

    /// The picked rows with so many tasks of the group that can take the task again, ascending.
    fn picked(&self, level: Option<u32>) -> Vec<usize> {
        if !self.pool.is_picked() {
            return Vec::new();
        }
        let has_level = |row: usize| {
            level.is_none_or(|level| self.pool.tasks_of_group(row, self.ask.group) == level)
        };
        let picked = self.pool.picked_rows();
        let mut rows: Vec<usize> = picked
            .filter(|row| has_level(*row) && self.sieve.fits_again(*row))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Every candidate, or the first.
    fn all(&mut self, level: Option<u32>) {
        let (candidates, is_first) = (&mut *self.candidates, self.is_first);
        // Without a level known of the group, rows with another number of tasks are only picked ones.
        if level.is_none_or(|level| level == 0) || self.is_levelled {
            if !is_first && self.chain.rest.is_empty() {
                if let Some(count) = self.sieve.count() {
                    if count > 0 {
                        let chosen = self.ask.pick(count);
                        candidates.extend(self.sieve.nth(chosen));
                    }
                    return;
                }
            }
            self.sieve.each(|row| {
                candidates.push(row);
                is_first
            });
        }
        let picked = self.picked(level);
        self.merge(picked);
    }

    fn merge(&mut self, picked: Vec<usize>) {
        if !picked.is_empty() {
            self.candidates.extend(picked);
            self.candidates.sort_unstable();
        }
    }

    /// The candidates with the least left.
    fn least(&mut self, level: Option<u32>, by: OrderBy, orders: &[Option<&'a Order>]) {
        let is_new = level.is_none_or(|level| level == 0) || self.is_levelled;
        if is_new && self.in_order(by, orders).is_err() {
            self.scanned(by);
        }
        let picked = self.picked(level);
        if picked.is_empty() {
            return;
        }
        self.merge(picked);
        self.keep_least(by);
    }

    /// Those that were not picked, by looking at what is left in each.
    fn scanned(&mut self, by: OrderBy) {
        let capacity = self.pool.capacity();
        let key = match by {
            OrderBy::Cpu => &capacity.cpu,
            OrderBy::Memory => &capacity.memory,
        };
        let (candidates, is_first) = (&mut *self.candidates, self.is_first);
        candidates.clear();
        let least = Cell::new(u32::MAX);
        let is_of_use = |row: usize| key[row] <= least.get();
        self.sieve.each_of(is_of_use, |row| {
            if key[row] < least.get() {
                candidates.clear();
                least.set(key[row]);
            }
            if !is_first || candidates.is_empty() {
                candidates.push(row);
            }
            false
        });
    }

    /// Those that were not picked, by walking the rows in order; gives up when too many have to be looked at.
    fn in_order(&mut self, by: OrderBy, orders: &[Option<&'a Order>]) -> Result<(), TooMany> {
        if self.ask.kind != InstanceKind::Ec2 {
            return Err(TooMany);
        }
        let own;
        let orders = if self.chain.attribute.is_none() {
            own = [self.built.order(by)];
            &own[..]
        } else {
            orders
        };
        let (key, other) = by.of(self.ask.demand.cpu, self.ask.demand.memory);
        let looks = 64 + self.pool.len() / 16;
        let (is_open, is_bare) = (self.sieve.is_open(), self.sieve.is_bare_elsewhere());
        let picked = self.pool.is_picked();
        // The row of an order is open, with enough CPU and memory unless it was picked.
        let fits = |row: usize| {
            is_open
                || (self.sieve.lets_by(row)
                    && !(picked && self.pool.picks_in(row) > 0)
                    && (is_bare || self.sieve.fits(row)))
        };
        let mut found: Option<(u32, usize)> = None;
        for order in orders {
            let first = order.ok_or(TooMany)?.first(key, other, looks, fits)?;
            found = match (found, first) {
                (Some(known), Some(first)) => Some(known.min(first)),
                (known, first) => known.or(first),
            };
        }
        let Some((least, row)) = found else {
            return Ok(());
        };
        if self.is_first {
            self.candidates.push(row);
            return Ok(());
        }
        if let ([Some(order)], true, true) = (orders, is_open, self.chain.rest.is_empty()) {
            let chosen = self.ask.pick(order.count(least, other));
            self.candidates.extend(order.nth(least, other, chosen, &[]));
            return Ok(());
        }
        for order in orders.iter().flatten() {
            let ties = order
                .walk(least, other)
                .take_while(|(key, _)| *key == least);
            let ties = ties.map(|(_, row)| row).filter(|row| fits(*row));
            self.candidates.extend(ties);
        }
        self.candidates.sort_unstable();
        Ok(())
    }
}

/// Lets the rest of the rules narrow the candidates and breaks the tie that is left.
pub(super) fn choose(
    ask: &Ask<'_>,
    pool: &Pool<'_>,
    chain: &Chain<'_>,
    candidates: &mut Vec<usize>,
) -> Found {
    Found::Row(match candidates.len() {
        0 => None,
        1 => Some(candidates[0]),
        _ => rank::narrow(pool, ask, chain.rest, candidates),
    })
}
