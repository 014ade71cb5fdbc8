//! The hard requirements: which container instances can take a task, and what the others lack.

use crate::model::{ContainerInstanceStatus, FailureReason, ResourceKind};

use super::Refusal;
use super::ask::Ask;
use super::member_of;
use super::pool::Pool;

/// The requirements in the order in which ECS's failures are told here (undocumented; status, agent, attributes, zone, CPU,
/// memory,
/// ports, network interfaces, GPU, then constraints).
const REQUIREMENTS: [FailureReason; 11] = [
    FailureReason::Inactive,
    FailureReason::Agent,
    FailureReason::Attribute,
    FailureReason::Location,
    FailureReason::Resource(ResourceKind::Cpu),
    FailureReason::Resource(ResourceKind::Memory),
    FailureReason::Resource(ResourceKind::Ports),
    FailureReason::Resource(ResourceKind::Eni),
    FailureReason::Resource(ResourceKind::Gpu),
    FailureReason::MemberOf,
    FailureReason::DistinctInstance,
];

/// The requirements that a container instance does not meet, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortfalls(u16);

impl Shortfalls {
    /// The first of them in the fixed order; `None` when the instance can take the task.
    #[must_use]
    pub fn first(self) -> Option<FailureReason> {
        self.iter().next()
    }

    /// How many there are.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// Each of them, in the fixed order.
    pub fn iter(self) -> impl Iterator<Item = FailureReason> {
        REQUIREMENTS
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, reason)| reason)
    }

    fn set(&mut self, bit: u8, unmet: bool) {
        self.0 |= u16::from(unmet) << bit;
    }
}

/// What a row lacks to take a task.
pub(super) fn shortfalls(pool: &Pool<'_>, ask: &Ask<'_>, row: usize) -> Shortfalls {
    let record = pool.record(row);
    let left = pool.remaining(row);
    let demand = ask.demand;
    let mut unmet = Shortfalls::default();
    unmet.set(0, record.status != ContainerInstanceStatus::Active);
    unmet.set(1, !record.agent_connected);
    let attributes = record.spec.kind == ask.kind && pool.capacity().can_do(row, ask.requires);
    unmet.set(2, !attributes);
    unmet.set(3, !pool.is_in(row, ask.zones));
    unmet.set(4, left.cpu < demand.cpu);
    unmet.set(5, left.memory < demand.memory);
    unmet.set(6, demand.has_ports() && !pool.ports_free(row, demand));
    unmet.set(7, left.enis < demand.enis);
    unmet.set(8, left.gpus < demand.gpus);
    unmet.set(9, member_of::unmet(pool, ask, row).is_some());
    unmet.set(
        10,
        ask.distinct_instance && pool.tasks_of_group(row, ask.group) > 0,
    );
    unmet
}

/// Whether a row can take a task: the same requirements, read from the columns.
#[inline(always)]
pub(super) fn fits(pool: &Pool<'_>, ask: &Ask<'_>, row: usize) -> bool {
    let demand = ask.demand;
    let (cpu, memory) = pool.room(row);
    pool.capacity().open[row] == ask.kind as u32
        && cpu >= demand.cpu
        && memory >= demand.memory
        && pool.capacity().can_do(row, ask.requires)
        && (ask.is_bare() || fits_beside(pool, ask, row))
}

/// Whether a row can take a task that has room in it, as far as few tasks ask for more.
fn fits_beside(pool: &Pool<'_>, ask: &Ask<'_>, row: usize) -> bool {
    let demand = ask.demand;
    pool.gpus(row) >= demand.gpus
        && (demand.enis == 0 || (pool.enis(row) >= demand.enis && pool.is_in(row, ask.zones)))
        && (!demand.has_ports() || pool.ports_free(row, demand))
        && (!ask.distinct_instance || pool.tasks_of_group(row, ask.group) == 0)
        && (ask.constraints.is_empty() || member_of::unmet(pool, ask, row).is_none())
}

/// The rows that can take a task, in order of registration.
pub(super) fn feasible<'p>(
    pool: &'p Pool<'_>,
    ask: &'p Ask<'_>,
) -> impl Iterator<Item = usize> + 'p {
    (0..pool.len()).filter(move |row| fits(pool, ask, *row))
}

/// The reason told for a task that no row can take: the first shortfall of the row with the fewest, the oldest such row;
/// a row of the wrong kind only when there is no other.
pub(super) fn refusal(pool: &Pool<'_>, ask: &Ask<'_>) -> Refusal {
    let closest = (0..pool.len())
        .map(|row| (shortfalls(pool, ask, row), row))
        .min_by_key(|(unmet, row)| {
            let is_other_kind = pool.record(*row).spec.kind != ask.kind;
            (is_other_kind, unmet.count(), *row)
        });
    match closest {
        Some((unmet, row)) => refused(pool, row, unmet),
        None => Refusal::from(FailureReason::Missing),
    }
}

/// The same, when it is known that no row can take the task: the first row that lacks one thing only is the closest.
pub(super) fn refusal_of_all(pool: &Pool<'_>, ask: &Ask<'_>) -> Refusal {
    let lacks_one = |row: &usize| {
        let is_of_kind = pool.record(*row).spec.kind == ask.kind;
        is_of_kind && shortfalls(pool, ask, *row).count() == 1
    };
    match (0..pool.len()).find(lacks_one) {
        Some(row) => refused(pool, row, shortfalls(pool, ask, row)),
        None => refusal(pool, ask),
    }
}

fn refused(pool: &Pool<'_>, row: usize, unmet: Shortfalls) -> Refusal {
    Refusal {
        reason: unmet.first().unwrap_or(FailureReason::Missing),
        closest: Some(pool.instances()[row]),
    }
}
