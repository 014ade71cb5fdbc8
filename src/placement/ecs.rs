//! The built-in scheduler: ECS's requirements, then its strategies, in order.

use crate::ledger::OrderBy;
use crate::ledger::instance::InstanceKind;
use crate::ledger::order::Order;

use super::ask::{Ask, Rule};
use super::filter;
use super::pool::Pool;
use super::rank;
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
}

impl Scheduler for EcsScheduler {
    fn name(&self) -> &str {
        "ecs"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let order = ask.rules.first().and_then(Rule::order);
        let order = order.filter(|_| ask.kind == InstanceKind::Ec2);
        let order = order.and_then(|by| Some((by, pool.capacity().order(by)?)));
        let row = match (ask.rules, order) {
            (_, Some((by, order))) => self.in_order(ask, pool, by, order),
            ([] | [Rule::Random, ..], _) => self.random(ask, pool),
            ([Rule::BinpackCpu], _) => self.least(ask, pool, pool.cpu()),
            ([Rule::BinpackMemory], _) => self.least(ask, pool, pool.memory()),
            _ => self.listed(ask, pool),
        };
        match row {
            Some(row) => pool.placed(row),
            None => Err(pool.refusal(ask)),
        }
    }
}

impl EcsScheduler {
    /// The first candidates in an order, narrowed by the rules behind the one that goes by it.
    ///
    /// The order is that of the ledger: rows already picked for this request are looked at one by one.
    fn in_order(
        &mut self,
        ask: &Ask<'_>,
        pool: &Pool<'_>,
        by: OrderBy,
        order: &Order,
    ) -> Option<usize> {
        let (key, other) = by.of(ask.demand.cpu, ask.demand.memory);
        let is_plain = ask.demand.gpus == 0 && !is_odd(ask, pool);
        let is_picked = |row: usize| pool.picked_rows().any(|picked| picked == row);
        let fits = |row: usize| !is_picked(row) && (is_plain || filter::fits(pool, ask, row));
        let found = order.walk(key, other).find(|(_, row)| fits(*row));
        let left = |row: usize| by.of(pool.cpu()[row], pool.memory()[row]).0;
        let picked = pool
            .picked_rows()
            .filter(|row| filter::fits(pool, ask, *row));
        let least_picked = picked.map(left).min();
        let least = [found.map(|(key, _)| key), least_picked]
            .into_iter()
            .flatten()
            .min()?;
        if let ([_], true, None) = (ask.rules, is_plain, pool.picked_rows().next()) {
            let chosen = ask.pick(order.count(least, other));
            return order.nth(least, other, chosen);
        }
        self.candidates.clear();
        let ties = order
            .walk(least, other)
            .take_while(|(key, _)| *key == least);
        self.candidates
            .extend(ties.map(|(_, row)| row).filter(|row| fits(*row)));
        let picked = pool
            .picked_rows()
            .filter(|row| left(*row) == least && filter::fits(pool, ask, *row));
        self.candidates.extend(picked);
        self.candidates.sort_unstable();
        self.candidates.dedup();
        rank::choose(pool, ask, &mut self.candidates)
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
        for _ in 0..RANDOM_TRIES {
            let row = usize::try_from(draw.below(rows)).expect("it is below a usize");
            if filter::fits(pool, ask, row) {
                return Some(row);
            }
        }
        self.candidates.clear();
        self.candidates.extend(filter::feasible(pool, ask));
        let count = self.candidates.len() as u64;
        (count > 0).then(|| {
            let chosen = usize::try_from(draw.below(count)).expect("it is below a usize");
            self.candidates[chosen]
        })
    }

    /// The candidate with the least key, by two passes over the columns.
    fn least(&mut self, ask: &Ask<'_>, pool: &Pool<'_>, key: &[u32]) -> Option<usize> {
        let demand = ask.demand;
        if is_odd(ask, pool) {
            return self.listed(ask, pool);
        }
        let least = least_open(
            (&pool.capacity().open, ask.kind as u32),
            (pool.cpu(), demand.cpu),
            (pool.memory(), demand.memory),
            (pool.gpus(), demand.gpus),
            key,
        );
        if least == u32::MAX {
            // No candidate, or one with a key of u32::MAX: the slow way tells which.
            return self.listed(ask, pool);
        }
        self.candidates.clear();
        let ties =
            (0..pool.len()).filter(|row| key[*row] == least && filter::fits(pool, ask, *row));
        self.candidates.extend(ties);
        Some(self.candidates[ask.pick(self.candidates.len())])
    }
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

/// The least key of the rows that are open and have enough of everything, else `u32::MAX`.
///
/// Written as one plain loop over equally long slices, without branches, so that the compiler makes vector code of it.
fn least_open(
    open: (&[u32], u32),
    cpu: (&[u32], u32),
    memory: (&[u32], u32),
    gpus: (&[u32], u32),
    key: &[u32],
) -> u32 {
    let rows = open.0.iter().zip(cpu.0).zip(memory.0).zip(gpus.0).zip(key);
    let (mut least, kind) = (u32::MAX, open.1);
    for ((((open, cpu_left), memory_left), gpus_left), key) in rows {
        let fits = (*open == kind)
            & (*cpu_left >= cpu.1)
            & (*memory_left >= memory.1)
            & (*gpus_left >= gpus.1);
        least = least.min(if fits { *key } else { u32::MAX });
    }
    least
}
