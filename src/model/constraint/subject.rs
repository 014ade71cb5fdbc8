//! The subjects of the cluster query language and the operators that each takes (developer guide, cluster query language).

use std::fmt;
use std::sync::Arc;

use crate::expr::Operator;

/// What of a container instance an expression can look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// Whether its agent is connected.
    AgentConnected,
    /// The version of its agent.
    AgentVersion,
    /// The value of an attribute, built-in or custom.
    Attribute(Arc<str>),
    /// The id of the EC2 instance that it is.
    Ec2InstanceId,
    /// When it registered.
    RegisteredAt,
    /// How many tasks are wanted RUNNING on it.
    RunningTasksCount,
    /// The groups of the tasks wanted RUNNING on it.
    TaskGroup,
}

impl Subject {
    /// How they are spelled, in a sentence.
    pub(crate) const NAMES: &'static str = "agentConnected, agentVersion, attribute:NAME, ec2InstanceId, registeredAt, runningTasksCount, task:group";

    /// The subject of that spelling.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match text {
            "agentConnected" => Some(Self::AgentConnected),
            "agentVersion" => Some(Self::AgentVersion),
            "ec2InstanceId" => Some(Self::Ec2InstanceId),
            "registeredAt" => Some(Self::RegisteredAt),
            "runningTasksCount" => Some(Self::RunningTasksCount),
            "task:group" => Some(Self::TaskGroup),
            _ => {
                let name = text.strip_prefix("attribute:")?;
                (!name.is_empty()).then(|| Self::Attribute(Arc::from(name)))
            }
        }
    }

    /// Whether it can be compared so.
    ///
    /// # Model
    ///
    /// The guide shows `task:group` with `==` only; here it takes what any text without an order takes.
    #[must_use]
    pub fn takes(&self, operator: Operator) -> bool {
        use Operator::{
            Equals, Exists, Greater, GreaterOrEqual, In, Less, LessOrEqual, Matches, NotEquals,
            NotExists, NotIn, NotMatches,
        };
        let is_order = matches!(operator, Greater | GreaterOrEqual | Less | LessOrEqual);
        let is_text = matches!(operator, In | NotIn | Matches | NotMatches);
        let is_presence = matches!(operator, Exists | NotExists);
        match self {
            Self::Attribute(_) => true,
            _ if matches!(operator, Equals | NotEquals) => true,
            Self::AgentConnected | Self::Ec2InstanceId => is_text,
            Self::TaskGroup => is_text || is_presence,
            Self::AgentVersion | Self::RegisteredAt | Self::RunningTasksCount => is_order,
        }
    }

    /// The operators that it takes, in a sentence.
    pub(crate) fn operators(&self) -> String {
        let taken = Operator::ALL
            .iter()
            .filter(|operator| self.takes(**operator));
        taken
            .map(|operator| operator.symbol())
            .collect::<Vec<_>>()
            .join(", ")
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentConnected => f.pad("agentConnected"),
            Self::AgentVersion => f.pad("agentVersion"),
            Self::Attribute(name) => write!(f, "attribute:{name}"),
            Self::Ec2InstanceId => f.pad("ec2InstanceId"),
            Self::RegisteredAt => f.pad("registeredAt"),
            Self::RunningTasksCount => f.pad("runningTasksCount"),
            Self::TaskGroup => f.pad("task:group"),
        }
    }
}
