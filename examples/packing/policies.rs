//! The policies that are compared, and a wrapper that counts what they have before them.

use std::fmt;

use wavetank::ids::TaskId;
use wavetank::model::PlacementStrategy;
use wavetank::placement::{
    Ask, Baseline, Complaint, EcsScheduler, Placement, Pool, Scheduler, StopAsk,
};

/// How a container instance is chosen among those with room.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    /// By ECS's scheduler, with this strategy.
    Ecs(PlacementStrategy),
    /// By another scheduler.
    Baseline(Baseline),
}

impl Policy {
    /// Each that is built in.
    pub(crate) fn all() -> Vec<Self> {
        let strategies = [
            PlacementStrategy::binpack_cpu(),
            PlacementStrategy::binpack_memory(),
            PlacementStrategy::spread_instances(),
            PlacementStrategy::random(),
        ];
        let ecs = strategies.into_iter().map(Self::Ecs);
        ecs.chain(Baseline::ALL.map(Self::Baseline)).collect()
    }

    /// The strategy of each request.
    pub(crate) fn strategy(&self) -> Option<&PlacementStrategy> {
        match self {
            Self::Ecs(strategy) => Some(strategy),
            Self::Baseline(_) => None,
        }
    }

    /// The scheduler, counted.
    pub(crate) fn scheduler(&self) -> Counting {
        let inner: Box<dyn Scheduler> = match self {
            Self::Ecs(_) => Box::new(EcsScheduler::default()),
            Self::Baseline(baseline) => Box::new(*baseline),
        };
        Counting {
            inner,
            count: Count::default(),
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecs(strategy) => write!(f, "ECS {strategy}"),
            Self::Baseline(baseline) => baseline.fmt(f),
        }
    }
}

/// What a policy had before it, over all its decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Container instances that were there.
    pub(crate) open: u64,
    /// Those among them that could take the task.
    pub(crate) candidates: u64,
}

/// Counts what the scheduler inside has before it.
#[derive(Clone, Debug)]
pub(crate) struct Counting {
    inner: Box<dyn Scheduler>,
    count: Count,
}

impl Counting {
    pub(crate) fn count(&self) -> Count {
        self.count
    }
}

impl Scheduler for Counting {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        self.count.open += pool.len() as u64;
        self.count.candidates += pool.feasible(ask).count() as u64;
        self.inner.place(ask, pool)
    }

    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.inner.choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        self.inner.complaints()
    }
}
