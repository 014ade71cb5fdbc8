//! Placement as data: constraints, strategies, and why a container instance was refused.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::shape::{shape, words};

shape! {
    /// A rule that a container instance must satisfy to get a task.
    pub struct PlacementConstraint {
        /// The kind of rule.
        pub r#type: Option<PlacementConstraintType>,
        /// What must hold, in the cluster query language, for [`PlacementConstraintType::MemberOf`].
        pub expression: Option<String>,
    }

    /// A preference among the container instances that a task fits on.
    ///
    /// ```
    /// # use wavetank::model::PlacementStrategy;
    /// let zones = PlacementStrategy::spread("attribute:ecs.availability-zone");
    /// assert_eq!(zones.to_string(), "spread(attribute:ecs.availability-zone)");
    /// ```
    pub struct PlacementStrategy {
        /// The kind of preference.
        pub r#type: Option<PlacementStrategyType>,
        /// What it looks at: an attribute or `instanceId` to spread over, `cpu` or `memory` to fill up.
        pub field: Option<String>,
    }
}

impl PlacementConstraint {
    /// Each task of the group on a container instance of its own.
    pub fn distinct_instance() -> Self {
        Self {
            r#type: Some(PlacementConstraintType::DistinctInstance),
            expression: None,
        }
    }

    /// Only container instances for which an expression holds.
    pub fn member_of(expression: impl Into<String>) -> Self {
        Self {
            r#type: Some(PlacementConstraintType::MemberOf),
            expression: Some(expression.into()),
        }
    }
}

impl PlacementStrategy {
    /// Any container instance, by lot.
    pub fn random() -> Self {
        Self {
            r#type: Some(PlacementStrategyType::Random),
            field: None,
        }
    }

    /// Evenly over the values of a field: `attribute:NAME`, `instanceId` or `host`.
    pub fn spread(field: impl Into<String>) -> Self {
        Self {
            r#type: Some(PlacementStrategyType::Spread),
            field: Some(field.into()),
        }
    }

    /// Evenly over availability zones.
    pub fn spread_zones() -> Self {
        Self::spread("attribute:ecs.availability-zone")
    }

    /// Evenly over container instances.
    pub fn spread_instances() -> Self {
        Self::spread("instanceId")
    }

    /// Where the fewest CPU units are left.
    pub fn binpack_cpu() -> Self {
        Self {
            r#type: Some(PlacementStrategyType::Binpack),
            field: Some("cpu".to_owned()),
        }
    }

    /// Where the least memory is left.
    pub fn binpack_memory() -> Self {
        Self {
            r#type: Some(PlacementStrategyType::Binpack),
            field: Some("memory".to_owned()),
        }
    }
}

impl fmt::Display for PlacementStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.r#type.map_or("", PlacementStrategyType::as_str);
        match &self.field {
            Some(field) => write!(f, "{kind}({field})"),
            None => f.write_str(kind),
        }
    }
}

words! {
    /// The kind of a placement constraint.
    pub enum PlacementConstraintType {
        /// Each task of the group on a container instance of its own.
        DistinctInstance = "distinctInstance",
        /// Only container instances for which an expression holds.
        MemberOf = "memberOf",
    }

    /// The kind of a placement strategy.
    pub enum PlacementStrategyType {
        /// Any container instance, by lot.
        Random = "random",
        /// Evenly over the values of a field.
        Spread = "spread",
        /// Where the least of a resource is left.
        Binpack = "binpack",
    }
}

/// Why a container instance was refused, or why a record isn't shown.
///
/// Variants are in the order in which placement checks them; `MISSING` follows, and then those of other operations.
///
/// ```
/// # use wavetank::model::{FailureReason, ResourceKind};
/// let ports = FailureReason::Resource(ResourceKind::Ports);
/// assert_eq!(ports.to_string(), "RESOURCE:PORTS");
/// assert!(!ports.is_permanent());
/// ```
///
/// # Model
///
/// ECS documents the words but not which one it gives when several apply; the order is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FailureReason {
    /// The container instance is deregistered or takes no tasks.
    Inactive,
    /// Its agent isn't connected.
    Agent,
    /// It lacks an attribute that the task definition requires.
    Attribute,
    /// It is in another availability zone than the task's subnet.
    Location,
    /// Too little of a resource is left.
    Resource(ResourceKind),
    /// A `memberOf` constraint doesn't hold for it.
    MemberOf,
    /// A task of the same group is on it already.
    DistinctInstance,
    /// There is no such record.
    Missing,
    /// A task definition can't be deleted.
    Undeletable(Undeletable),
}

words! {
    /// Why a task definition can't be deleted, spelled as the reason of a failure.
    pub enum Undeletable {
        /// It is still ACTIVE.
        Active = "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
        /// There is none.
        Unknown = "The specified task definition does not exist. Specify a valid account, family, revision and try again.",
        /// What the caller wrote names no revision.
        Malformed = "The specified task definition identifier is invalid. Specify a valid name or ARN and try again.",
    }

    /// A resource a container instance can run out of, spelled as the reason of a failure.
    pub enum ResourceKind {
        /// CPU units.
        Cpu = "RESOURCE:CPU",
        /// Memory.
        Memory = "RESOURCE:MEMORY",
        /// Ports of the host.
        Ports = "RESOURCE:PORTS",
        /// Network interfaces.
        Eni = "RESOURCE:ENI",
        /// GPUs.
        Gpu = "RESOURCE:GPU",
    }
}

impl FailureReason {
    /// Every reason, in the order of the variants.
    pub const ALL: &'static [Self] = &[
        Self::Inactive,
        Self::Agent,
        Self::Attribute,
        Self::Location,
        Self::Resource(ResourceKind::Cpu),
        Self::Resource(ResourceKind::Memory),
        Self::Resource(ResourceKind::Ports),
        Self::Resource(ResourceKind::Eni),
        Self::Resource(ResourceKind::Gpu),
        Self::MemberOf,
        Self::DistinctInstance,
        Self::Missing,
        Self::Undeletable(Undeletable::Active),
        Self::Undeletable(Undeletable::Unknown),
        Self::Undeletable(Undeletable::Malformed),
    ];

    /// The reason as ECS spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "INACTIVE",
            Self::Agent => "AGENT",
            Self::Attribute => "ATTRIBUTE",
            Self::Location => "LOCATION",
            Self::Resource(kind) => kind.as_str(),
            Self::MemberOf => "MemberOf placement constraint unsatisfied",
            Self::DistinctInstance => "DistinctInstance placement constraint unsatisfied",
            Self::Missing => "MISSING",
            Self::Undeletable(why) => why.as_str(),
        }
    }

    /// Whether waiting is useless: the reason stands until someone changes the cluster or the request.
    ///
    /// The others can pass by themselves, when a task stops or an agent reconnects.
    pub const fn is_permanent(self) -> bool {
        match self {
            Self::Inactive
            | Self::Attribute
            | Self::Location
            | Self::MemberOf
            | Self::Missing
            | Self::Undeletable(_) => true,
            Self::Agent | Self::Resource(_) | Self::DistinctInstance => false,
        }
    }
}

impl From<Undeletable> for FailureReason {
    fn from(why: Undeletable) -> Self {
        Self::Undeletable(why)
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FailureReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FailureReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = Self::ALL.iter().find(|reason| reason.as_str() == text);
        known.copied().ok_or_else(|| {
            de::Error::invalid_value(de::Unexpected::Str(&text), &"a failure reason of ECS")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_reason_survives_json_and_is_listed_in_order() {
        for reason in FailureReason::ALL {
            let json = serde_json::to_string(reason).expect("a string always serialises");
            assert_eq!(
                serde_json::from_str::<FailureReason>(&json).ok(),
                Some(*reason)
            );
        }
        assert!(FailureReason::ALL.is_sorted());
    }

    #[test]
    fn lack_of_a_resource_can_pass_and_lack_of_an_attribute_cannot() {
        assert!(!FailureReason::Resource(ResourceKind::Cpu).is_permanent());
        assert!(FailureReason::Attribute.is_permanent());
    }
}
