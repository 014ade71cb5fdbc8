//! The built-in scheduler: ECS's requirements, then its strategies, in order.

use crate::ledger::OrderBy;
use crate::ledger::counted;
use crate::ledger::instance::InstanceKind;
use crate::ledger::order::Order;
use crate::model::PlacementTies;

use super::ask::{Ask, Rule};
use super::failed::{Failures, Recalled};
use super::filter;
use super::pool::Pool;
use super::rank;
use super::readied;
use super::search::{Found, search};
use super::sieve::Sieve;
use super::{Placement, Refusal, Scheduler};

/// Tries at a random row before the candidates are listed.
const RANDOM_TRIES: u32 = 16;

/// Looks at the columns for a row with the least left before candidates are listed.
const LOOKS: u32 = 4;

/// Rows of which it is told at once whether any has a key.
const LANES: usize = 16;

/// Places as ECS does: hard requirements, then each strategy among those that meet them.
///
/// # Model
///
/// Without a strategy, standalone tasks are placed at random, as the API reference of 2015 says; today's gives no
/// algorithm.
#[derive(Clone, Debug, Default)]
pub struct EcsScheduler {
    /// Kept between calls so that placing does not allocate.
    candidates: Vec<usize>,
    /// Likewise: what is left in each row, CPU and memory, once something was picked.
    columns: [Vec<u32>; 2],
    /// What need not be searched for again.
    failures: Failures,
}

impl Scheduler for EcsScheduler {
    fn name(&self) -> &str {
        "ecs"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        self.row(ask, pool).map(|row| pool.instances()[row])
    }

    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        let place = |ask: &Ask<'_>| {
            let row = self.row(ask, pool)?;
            // It fits: that is why it was chosen.
            pool.take_row(row, ask.demand);
            Ok(pool.instances()[row])
        };
        asks.iter().map(place).collect()
    }
}

impl EcsScheduler {
    /// Where a task goes.
    fn row(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Result<usize, Refusal> {
        if !self.failures.is_empty() {
            match self.failures.recall(ask, pool) {
                Recalled::Refusal(refusal) => return Err(refusal),
                Recalled::Fails => return Err(self.refuse(ask, pool)),
                Recalled::Nothing => {}
            }
        }
        match self.find(ask, pool) {
            Some(row) => Ok(row),
            None => Err(self.refuse(ask, pool)),
        }
    }

    /// Tells why no row can take a task.
    #[cold]
    fn refuse(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Refusal {
        let refusal = filter::refusal_of_all(pool, ask);
        self.failures.keep(ask, pool, refusal);
        refusal
    }

    /// The row that the rules prefer of those that can take a task.
    fn find(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Option<usize> {
        let by = match ask.rules {
            [] | [Rule::Random, ..] => return self.random(ask, pool),
            [rule] => rule.order(),
            _ => None,
        };
        if let (Some(by), true) = (by, is_plain(ask, pool)) {
            let built = pool.capacity().index.built();
            let order = built.and_then(|built| built.order(by));
            let is_of_order = ask.kind == InstanceKind::Ec2 && !ask.demand.has_ports();
            match order {
                Some(order) if is_of_order && pool.is_picked() => {
                    return self.first_again(ask, pool, (by, order));
                }
                Some(order) if is_of_order => return first(ask, by, order),
                Some(_) => {}
                None => {
                    if let Found::Row(row) = self.least(ask, pool, by) {
                        return row;
                    }
                }
            }
        }
        if let Some(row) = readied::spread(ask, pool) {
            return row;
        }
        match search(ask, pool, &mut self.candidates) {
            Found::Row(row) => row,
            Found::Unknown => self.listed(ask, pool),
        }
    }

    /// Lists the candidates, then narrows them.
    fn listed(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Option<usize> {
        self.candidates.clear();
        self.candidates.extend(filter::feasible(pool, ask));
        rank::choose(pool, ask, &mut self.candidates)
    }

    /// Any candidate, each as likely: rows are tried at random first, since most can take most tasks, and a row that
    /// can't leaves the others as likely as before.
    fn random(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Option<usize> {
        let rows = pool.len() as u64;
        if rows == 0 {
            return None;
        }
        let mut draw = ask.draw();
        let index = |below: u64| usize::try_from(below).expect("it is below a usize");
        if let Some(ready) = readied::anywhere(ask, pool) {
            let ready = ready.filter(|ready| ready.count() > 0)?;
            let mut tries = (0..RANDOM_TRIES).map(|_| index(draw.below(rows)));
            if let Some(row) = tries.find(|row| ready.has(*row)) {
                return Some(row);
            }
            return counted::nth(&[ready], index(draw.below(ready.count() as u64)));
        }
        let built = pool.capacity().index.built();
        let sieve = built.filter(|_| !pool.is_picked()).and_then(|built| {
            let mut sieve = Sieve::new(pool, ask);
            sieve.fill(built).map(|()| sieve)
        });
        for _ in 0..RANDOM_TRIES {
            let row = index(draw.below(rows));
            let fits = match &sieve {
                Some(sieve) => sieve.lets_by(row) && sieve.fits(row),
                None => filter::fits(pool, ask, row),
            };
            if fits {
                return Some(row);
            }
        }
        if let Some((sieve, count)) = sieve
            .as_ref()
            .and_then(|sieve| Some((sieve, sieve.count()?)))
        {
            let chosen = (count > 0).then(|| draw.below(count as u64));
            return sieve.nth(index(chosen?));
        }
        self.candidates.clear();
        let candidates = &mut self.candidates;
        match sieve {
            Some(sieve) => sieve.each(|row| {
                candidates.push(row);
                false
            }),
            None => candidates.extend(filter::feasible(pool, ask)),
        }
        let count = self.candidates.len() as u64;
        (count > 0).then(|| self.candidates[index(draw.below(count))])
    }

    /// The row with the least left that has enough, when some were picked: those are looked at one by one.
    fn first_again(
        &mut self,
        ask: &Ask<'_>,
        pool: &Pool<'_>,
        (by, order): (OrderBy, &Order),
    ) -> Option<usize> {
        let (key, other) = by.of(ask.demand.cpu, ask.demand.memory);
        let left = |row: usize| by.of(pool.cpu(row), pool.memory(row)).0;
        let again = &mut self.candidates;
        again.clear();
        again.extend(pool.picked_rows());
        again.sort_unstable();
        again.dedup();
        let is_new = |row: usize| pool.picks_in(row) == 0;
        let new = order.first(key, other, usize::MAX, is_new).ok()?;
        let fit = again.iter().filter(|row| filter::fits(pool, ask, **row));
        let least = fit.map(|row| left(*row)).min();
        match (new, least) {
            (None, None) => return None,
            (Some((new, row)), least) if least.is_none_or(|least| new < least) => {
                if ask.ties == PlacementTies::OldestInstance {
                    return Some(row);
                }
                // Of as many that are left, those that were picked have less by now.
                let known =
                    |row: &usize| by.of(pool.capacity().cpu[*row], pool.capacity().memory[*row]);
                again.retain(|row| known(row).0 == new && known(row).1 >= other);
                let nth = ask.pick(order.count(new, other) - again.len());
                return order.nth(new, other, nth, again);
            }
            _ => {}
        }
        again.retain(|row| Some(left(*row)) == least && filter::fits(pool, ask, *row));
        if new.map(|(new, _)| new) == least {
            let ties = order
                .walk(least?, other)
                .take_while(|(key, _)| Some(*key) == least);
            again.extend(ties.map(|(_, row)| row).filter(|row| is_new(*row)));
            again.sort_unstable();
        }
        Some(again[ask.pick(again.len())])
    }

    /// The candidate with the least left, by looks at the columns; nothing is known when its ports are taken here and there.
    fn least(&mut self, ask: &Ask<'_>, pool: &Pool<'_>, by: OrderBy) -> Found {
        let [cpu, memory] = pool.columns(&mut self.columns);
        let (keys, others) = match by {
            OrderBy::Cpu => (cpu, memory),
            OrderBy::Memory => (memory, cpu),
        };
        let (mut key, other) = by.of(ask.demand.cpu, ask.demand.memory);
        let open = (&pool.capacity().open[..], ask.kind as u32);
        for _ in 0..LOOKS {
            let least = least_open(open, (keys, key), (others, other));
            if least < key {
                return Found::Row(None);
            }
            if least == u32::MAX {
                // No candidate, or one with so much left: the slow way tells which.
                break;
            }
            self.candidates.clear();
            let mut from = 0;
            while let Some(row) = find(keys, from, least) {
                from = row + 1;
                if filter::fits(pool, ask, row) {
                    if ask.ties == PlacementTies::OldestInstance {
                        return Found::Row(Some(row));
                    }
                    self.candidates.push(row);
                }
            }
            if !self.candidates.is_empty() {
                return Found::Row(Some(self.candidates[ask.pick(self.candidates.len())]));
            }
            key = least + 1;
        }
        Found::Unknown
    }
}

/// The row with the least left that has enough.
fn first(ask: &Ask<'_>, by: OrderBy, order: &Order) -> Option<usize> {
    let (key, other) = by.of(ask.demand.cpu, ask.demand.memory);
    let (least, row) = order.first(key, other, usize::MAX, |_| true).ok()??;
    if ask.ties == PlacementTies::OldestInstance {
        return Some(row);
    }
    let chosen = ask.pick(order.count(least, other));
    order.nth(least, other, chosen, &[])
}

/// Whether nothing counts for an ask but CPU, memory and ports of open rows.
fn is_plain(ask: &Ask<'_>, pool: &Pool<'_>) -> bool {
    let demand = ask.demand;
    demand.gpus == 0
        && demand.enis == 0
        && !ask.distinct_instance
        && ask.constraints.is_empty()
        && pool.capacity().limited == 0
}

/// The least key of the rows that are open and have enough of both resources, each column with what is asked of it; if there
/// is none, less than what is asked, or `u32::MAX`.
///
/// Without branches, so that the compiler makes vector code of it. Keys are told from what is asked on, so that those with
/// less come behind all others, and as signed numbers, which compare by one instruction where others take three.
fn least_open(open: (&[u32], u32), key: (&[u32], u32), other: (&[u32], u32)) -> u32 {
    let zero = key.1.wrapping_add(1 << 31);
    let rows = open.0.len();
    let (opens, keys, others) = (open.0, &key.0[..rows], &other.0[..rows]);
    let mut least = i32::MAX;
    for row in 0..rows {
        let is_enough = (opens[row] == open.1) & (others[row] >= other.1);
        let left = keys[row].wrapping_sub(zero) as i32;
        least = least.min(if is_enough { left } else { i32::MAX });
    }
    (least as u32).wrapping_add(zero)
}

/// The first row, from one on, with a key.
fn find(keys: &[u32], from: usize, key: u32) -> Option<usize> {
    let chunks = keys[from..].chunks_exact(LANES);
    let (rest, mut begin) = (chunks.remainder(), from);
    for chunk in chunks {
        // Without branches, for the same reason.
        if (0..LANES).fold(false, |any, at| any | (chunk[at] == key)) {
            let within = chunk.iter().position(|known| *known == key);
            return within.map(|within| begin + within);
        }
        begin += LANES;
    }
    let within = rest.iter().position(|known| *known == key);
    within.map(|within| begin + within)
}

#[cfg(test)]
impl EcsScheduler {
    /// What it remembers.
    pub(super) fn failures(&self) -> &Failures {
        &self.failures
    }

    /// A copy that remembers the same failures.
    pub(super) fn remembering(&self) -> Self {
        Self {
            failures: self.failures.copy(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Few numbers, the greatest among them.
    fn amount() -> impl Strategy<Value = u32> {
        prop_oneof![8 => 0..5_u32, 1 => Just(1 << 31), 1 => Just(u32::MAX)]
    }

    proptest! {
        #[test]
        fn the_least_of_some_columns_is_that_of_a_look_at_each_row(
            rows in vec((0..2_u32, amount(), amount()), 0..60),
            (key, other) in (amount(), amount()),
            from in 0..70_usize,
        ) {
            let opens: Vec<u32> = rows.iter().map(|row| row.0).collect();
            let keys: Vec<u32> = rows.iter().map(|row| row.1).collect();
            let others: Vec<u32> = rows.iter().map(|row| row.2).collect();
            let fit = rows.iter().filter(|row| row.0 == 1 && row.1 >= key && row.2 >= other);
            let expected = fit.map(|row| row.1).min();
            let least = least_open((&opens, 1), (&keys, key), (&others, other));
            match expected {
                Some(expected) => prop_assert_eq!(least, expected),
                None => prop_assert!(least < key || least == u32::MAX),
            }
            let from = from.min(keys.len());
            let first = (from..keys.len()).find(|row| keys[*row] == key);
            prop_assert_eq!(find(&keys, from, key), first);
        }
    }
}
