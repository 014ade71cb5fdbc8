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
use super::{Placement, Scheduler};

/// Tries at a random row before the candidates are listed.
const RANDOM_TRIES: u32 = 16;

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
    /// What need not be searched for again.
    failures: Failures,
}

impl Scheduler for EcsScheduler {
    fn name(&self) -> &str {
        "ecs"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let is_known = match self.failures.recall(ask, pool) {
            Recalled::Refusal(refusal) => return Err(refusal),
            Recalled::Fails => true,
            Recalled::Nothing => false,
        };
        if !is_known {
            if let Some(row) = self.find(ask, pool) {
                return pool.placed(row);
            }
        }
        let refusal = filter::refusal_of_all(pool, ask);
        self.failures.keep(ask, pool, refusal);
        Err(refusal)
    }
}

impl EcsScheduler {
    /// The row that the rules prefer of those that can take a task.
    fn find(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Option<usize> {
        let by = match ask.rules {
            [] | [Rule::Random, ..] => return self.random(ask, pool),
            [rule] => rule.order(),
            _ => None,
        };
        if let (Some(by), false) = (by, is_odd(ask, pool)) {
            let built = pool.capacity().index.built();
            match built.and_then(|built| built.order(by)) {
                Some(order) if is_plain(ask) && !pool.is_picked() => return first(ask, by, order),
                Some(order) if is_plain(ask) => return self.first_again(ask, pool, (by, order)),
                Some(_) => {}
                None => return self.least(ask, pool, by),
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

    /// The candidate with the least key, by two passes over the columns.
    fn least(&mut self, ask: &Ask<'_>, pool: &Pool<'_>, by: OrderBy) -> Option<usize> {
        let demand = ask.demand;
        let [cpu, memory, gpus] = pool.columns();
        let key = match by {
            OrderBy::Cpu => &cpu,
            OrderBy::Memory => &memory,
        };
        let least = least_open(
            (&pool.capacity().open, ask.kind as u32),
            (&cpu, demand.cpu),
            (&memory, demand.memory),
            (&gpus, demand.gpus),
            key,
        );
        if least == u32::MAX {
            // No candidate, or one with a key of u32::MAX: the slow way tells which.
            return self.listed(ask, pool);
        }
        self.candidates.clear();
        let mut from = 0;
        while let Some(at) = key[from..].iter().position(|known| *known == least) {
            let row = from + at;
            from = row + 1;
            if filter::fits(pool, ask, row) {
                if ask.ties == PlacementTies::OldestInstance {
                    return Some(row);
                }
                self.candidates.push(row);
            }
        }
        Some(self.candidates[ask.pick(self.candidates.len())])
    }
}

/// Whether nothing but CPU and memory of open rows counts, if the ask is not odd.
fn is_plain(ask: &Ask<'_>) -> bool {
    ask.kind == InstanceKind::Ec2 && ask.demand.gpus == 0
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

/// Whether more counts for an ask than CPU, memory and GPUs.
fn is_odd(ask: &Ask<'_>, pool: &Pool<'_>) -> bool {
    let demand = ask.demand;
    demand.has_ports()
        || demand.enis > 0
        || ask.distinct_instance
        || !ask.constraints.is_empty()
        || pool.capacity().limited > 0
}

/// Rows that are compared at a time.
const LANES: usize = 8;

/// The least key of the rows that are open and have enough of everything, else `u32::MAX`.
///
/// Some rows are compared at a time, without branches, so that the compiler makes vector code of it.
fn least_open(
    open: (&[u32], u32),
    cpu: (&[u32], u32),
    memory: (&[u32], u32),
    gpus: (&[u32], u32),
    key: &[u32],
) -> u32 {
    let mut least = [u32::MAX; LANES];
    let chunks = open.0.chunks_exact(LANES).zip(cpu.0.chunks_exact(LANES));
    let chunks = chunks.zip(memory.0.chunks_exact(LANES));
    let chunks = chunks.zip(gpus.0.chunks_exact(LANES));
    for ((((opens, cpus), memories), gpu), keys) in chunks.zip(key.chunks_exact(LANES)) {
        for at in 0..LANES {
            let lacks = u32::from(opens[at] != open.1)
                | u32::from(cpus[at] < cpu.1)
                | u32::from(memories[at] < memory.1)
                | u32::from(gpu[at] < gpus.1);
            least[at] = least[at].min(keys[at] | lacks.wrapping_neg());
        }
    }
    let mut least = least.into_iter().fold(u32::MAX, u32::min);
    for (at, key) in key.iter().enumerate().skip(key.len() - key.len() % LANES) {
        let is_enough = open.0[at] == open.1
            && cpu.0[at] >= cpu.1
            && memory.0[at] >= memory.1
            && gpus.0[at] >= gpus.1;
        if is_enough {
            least = least.min(*key);
        }
    }
    least
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
