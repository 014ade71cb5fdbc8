//! What a scheduler is asked.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::draw::{Draw, Draws, Purpose};
use crate::ids::{ClusterId, GroupId, TaskId};
use crate::ledger::instance::{InstanceKind, ZONE};
use crate::ledger::{Demand, OrderBy};
use crate::model::constraint::Constraint;
use crate::model::{Capabilities, PlacementStrategy, PlacementStrategyType, PlacementTies};

/// One rule of a placement strategy, read.
///
/// ```
/// use wavetank::PlacementStrategy;
/// use wavetank::placement::Rule;
///
/// let rule = Rule::read(&PlacementStrategy::binpack_memory());
/// assert_eq!(rule.map(|rule| rule.to_string()).as_deref(), Some("binpack(memory)"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Rule {
    /// Any candidate, each as likely.
    Random,
    /// Candidates with the fewest tasks of the group.
    SpreadInstance,
    /// Candidates in the groups of equal attribute value with the fewest tasks of the group.
    SpreadAttribute(String),
    /// Candidates with the fewest CPU units left.
    BinpackCpu,
    /// Candidates with the fewest MiB left.
    BinpackMemory,
}

impl Rule {
    /// Reads a rule; `None` when type and field don't go together.
    #[must_use]
    pub fn read(strategy: &PlacementStrategy) -> Option<Self> {
        let field = strategy.field.as_deref();
        match (strategy.r#type?, field) {
            (PlacementStrategyType::Random, None) => Some(Self::Random),
            (PlacementStrategyType::Spread, Some("instanceId" | "host")) => {
                Some(Self::SpreadInstance)
            }
            (PlacementStrategyType::Spread, Some(field)) => {
                let name = field
                    .strip_prefix("attribute:")
                    .filter(|name| !name.is_empty())?;
                Some(Self::SpreadAttribute(name.to_owned()))
            }
            (PlacementStrategyType::Binpack, Some(field)) if field.eq_ignore_ascii_case("cpu") => {
                Some(Self::BinpackCpu)
            }
            (PlacementStrategyType::Binpack, Some(field))
                if field.eq_ignore_ascii_case("memory") =>
            {
                Some(Self::BinpackMemory)
            }
            _ => None,
        }
    }
}

impl Rule {
    /// The strategy of services that were given none: evenly over availability zones, and within a zone where the fewest
    /// tasks of the service are.
    ///
    /// Developer guide, *Amazon ECS services*. [`Pool::stop_choice`](super::Pool::stop_choice) goes by it today; a service
    /// will be placed by it. A standalone task without a strategy is placed at random.
    #[must_use]
    pub fn of_services() -> [Self; 2] {
        [Self::SpreadAttribute(ZONE.to_owned()), Self::SpreadInstance]
    }

    /// The order of a cluster's rows that the rule goes by, if it goes by one.
    #[must_use]
    pub fn order(&self) -> Option<OrderBy> {
        match self {
            Self::BinpackCpu => Some(OrderBy::Cpu),
            Self::BinpackMemory => Some(OrderBy::Memory),
            _ => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::SpreadInstance => f.write_str("spread(instanceId)"),
            Self::SpreadAttribute(name) => write!(f, "spread(attribute:{name})"),
            Self::BinpackCpu => f.write_str("binpack(cpu)"),
            Self::BinpackMemory => f.write_str("binpack(memory)"),
        }
    }
}

/// One task to be placed.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its number: it has it before it has a place, and keeps it when it is refused.
    pub task: TaskId,
    /// Where it is to run.
    pub cluster: ClusterId,
    /// What it takes.
    pub demand: &'a Demand,
    /// On which kind of container instance it may be.
    pub kind: InstanceKind,
    /// The availability zones of its subnets, with network mode `awsvpc`; empty when it may be in any.
    pub zones: &'a [Arc<str>],
    /// What the agent must be able to do for it.
    pub requires: Capabilities,
    /// Its task group; `None` when no known task belongs to it yet.
    pub group: Option<GroupId>,
    /// The name of its task group.
    pub group_name: &'a str,
    /// The `memberOf` constraints of its definition and its request: each must hold.
    pub constraints: &'a [Arc<Constraint>],
    /// Whether it must be on an instance without a wanted task of its group.
    pub distinct_instance: bool,
    /// The strategy, in order.
    pub rules: &'a [Rule],
    /// How the run breaks ties.
    pub ties: PlacementTies,
    /// All randomness.
    pub draws: &'a Draws,
}

impl Ask<'_> {
    /// The luck of this task in placement: the same whatever else happens in the run.
    #[must_use]
    #[inline]
    pub fn draw(&self) -> Draw {
        self.draws
            .open(Purpose::PlacementTie, u64::from(self.task.number()), 0)
    }

    /// Whether nothing counts but CPU, memory and what an agent can do.
    #[inline]
    pub(super) fn is_bare(&self) -> bool {
        let demand = self.demand;
        demand.gpus == 0
            && demand.enis == 0
            && !demand.has_ports()
            && !self.distinct_instance
            && self.constraints.is_empty()
    }

    /// Which of `count` equally good candidates to take, as the run breaks ties.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn pick(&self, count: usize) -> usize {
        assert!(count > 0, "a pick is among candidates");
        if count == 1 || self.ties == PlacementTies::OldestInstance {
            return 0;
        }
        usize::try_from(self.draw().below(count as u64)).expect("it is below a usize")
    }
}
