//! Searches that failed: as long as nothing is released they fail again.

use std::sync::Arc;

use crate::ids::{ClusterId, GroupId};
use crate::ledger::Demand;
use crate::ledger::clock::Tick;
use crate::ledger::instance::InstanceKind;
use crate::model::Capabilities;
use crate::model::constraint::Constraint;

use super::Refusal;
use super::ask::Ask;
use super::filter::{self, Shortfalls};
use super::pool::Pool;

/// How many failures are remembered at most.
const SLOTS: usize = 64;

/// The failures of a scheduler, the last one of each slot.
///
/// A clone remembers nothing: it goes with another ledger.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Empty until something fails.
    slots: Vec<Option<Box<Failure>>>,
}

/// What was asked for and what was answered.
#[derive(Clone, Debug)]
struct Failure {
    tick: Tick,
    cluster: ClusterId,
    demand: Demand,
    kind: InstanceKind,
    zones: Vec<Arc<str>>,
    requires: Capabilities,
    group: Option<GroupId>,
    constraints: Vec<Arc<Constraint>>,
    distinct_instance: bool,
    refusal: Refusal,
    /// The row that came closest and what it lacks.
    closest: Option<(usize, Shortfalls)>,
}

impl Clone for Failures {
    fn clone(&self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
impl Failures {
    /// A copy that remembers the same.
    pub(super) fn copy(&self) -> Self {
        Self {
            slots: self.slots.clone(),
        }
    }
}

/// What is remembered of an ask.
pub(super) enum Recalled {
    /// This is the answer.
    Refusal(Refusal),
    /// It fails, but something was placed since that may have changed who came closest.
    Fails,
    /// Nothing.
    Nothing,
}

impl Failures {
    /// Whether nothing ever failed.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// What is known of an ask without a search.
    pub(super) fn recall(&self, ask: &Ask<'_>, pool: &Pool<'_>) -> Recalled {
        if pool.is_late() {
            return Recalled::Nothing;
        }
        let known = self.slots.get(slot(ask)).and_then(|known| known.as_deref());
        let Some(known) = known else {
            return Recalled::Nothing;
        };
        let clock = pool.capacity().index.clock();
        if !clock.is_no_better(&known.tick) || !known.is_of(ask) {
            return Recalled::Nothing;
        }
        if clock.is_still(&known.tick) && !pool.is_picked() {
            return Recalled::Refusal(known.refusal);
        }
        if !known.constraints.iter().all(|known| known.is_static()) {
            // Tasks that came since may have made them hold.
            return Recalled::Nothing;
        }
        // Since then rows have only lost: whoever came closest still does unless it lost too.
        match known.closest {
            Some((row, lacked)) if filter::shortfalls(pool, ask, row) == lacked => {
                Recalled::Refusal(known.refusal)
            }
            _ => Recalled::Fails,
        }
    }

    /// Remembers that no row can take a task, unless picks that come to nothing may be why.
    pub(super) fn keep(&mut self, ask: &Ask<'_>, pool: &Pool<'_>, refusal: Refusal) {
        if pool.is_picked() || pool.is_late() {
            return;
        }
        let row = refusal
            .closest
            .and_then(|closest| pool.capacity().row(closest));
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
        }
        self.slots[slot(ask)] = Some(Box::new(Failure {
            tick: pool.capacity().index.clock().tick(),
            cluster: ask.cluster,
            demand: ask.demand.clone(),
            kind: ask.kind,
            zones: ask.zones.to_vec(),
            requires: ask.requires,
            group: ask.group,
            constraints: ask.constraints.to_vec(),
            distinct_instance: ask.distinct_instance,
            refusal,
            closest: row.map(|row| (row, filter::shortfalls(pool, ask, row))),
        }));
    }
}

impl Failure {
    fn is_of(&self, ask: &Ask<'_>) -> bool {
        let (known, asked) = (&self.demand, ask.demand);
        let amounts = |demand: &Demand| (demand.cpu, demand.memory, demand.gpus, demand.enis);
        amounts(known) == amounts(asked)
            && self.group == ask.group
            && self.cluster == ask.cluster
            && self.kind == ask.kind
            && self.requires == ask.requires
            && self.distinct_instance == ask.distinct_instance
            && are_same(&known.tcp, &asked.tcp, u16::eq)
            && are_same(&known.udp, &asked.udp, u16::eq)
            && are_same(&self.zones, ask.zones, Arc::eq)
            && are_same(&self.constraints, ask.constraints, |known, asked| {
                Arc::ptr_eq(known, asked) || known == asked
            })
    }
}

/// Whether two lists have the same members.
///
/// They are mostly empty, and then nothing is compared: where a list has no memory, comparing no bytes of it takes a
/// tenth of a microsecond on processors with AVX-512.
fn are_same<T>(known: &[T], asked: &[T], mut same: impl FnMut(&T, &T) -> bool) -> bool {
    known.len() == asked.len()
        && known
            .iter()
            .zip(asked)
            .all(|(known, asked)| same(known, asked))
}

/// Where the failure of an ask is remembered.
fn slot(ask: &Ask<'_>) -> usize {
    let group = ask.group.map_or(u32::MAX, GroupId::number);
    let words = [ask.demand.cpu, ask.demand.memory, group];
    let mixed = words.iter().fold(0_u32, |mixed, word| {
        (mixed.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b1)
    });
    (mixed >> 26) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FailureReason, PlacementTies};
    use crate::placement::{EcsScheduler, Machine, Packing, TaskClass};

    /// A packing of machines with 100 CPU units and 100 MiB, and what it refuses a task of so many CPU units.
    fn refused(packing: &mut Packing, cpu: u32) -> Refusal {
        let demand = Demand {
            cpu,
            memory: 10,
            ..Demand::default()
        };
        let class = packing.class(TaskClass::new(demand));
        packing.place(class).expect_err("it is too big")
    }

    fn known(packing: &Packing) -> usize {
        let slots = packing.scheduler().failures().slots.iter();
        slots.flatten().count()
    }

    #[test]
    fn a_failure_is_remembered_until_something_is_released() {
        let mut packing = Packing::new(EcsScheduler::default(), 1, PlacementTies::OldestInstance);
        for _ in 0..3 {
            packing.add(Machine::new(100, 100));
        }
        let small = Demand {
            cpu: 60,
            memory: 60,
            ..Demand::default()
        };
        let small = packing.class(TaskClass::new(small));
        let placed = packing.place(small).expect("there is room");
        let big = |packing: &mut Packing| refused(packing, 101);
        let reason = FailureReason::Resource(crate::model::ResourceKind::Cpu);
        let first = big(&mut packing);
        assert_eq!(
            (first.reason, first.closest.map(|on| on.number())),
            (reason, Some(0))
        );
        assert_eq!(known(&packing), 1);
        // Whatever is taken now, that it fails is still known.
        let _kept = packing.place(small).expect("there is room");
        assert_eq!(big(&mut packing), first);
        packing.release(placed);
        assert_eq!(refused(&mut packing, 101), first);
        packing.add(Machine::new(200, 200));
        let class = packing.class(TaskClass::new(Demand {
            cpu: 101,
            memory: 10,
            ..Demand::default()
        }));
        assert_eq!(
            packing.place(class).map(|packed| packed.on().number()),
            Ok(3)
        );
        assert_eq!(known(&packing.clone()), 0, "a copy remembers nothing");
    }
}
