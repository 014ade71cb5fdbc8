//! Task definitions and their families.

use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ClusterId, LaunchId, TaskDefinitionId};
use crate::model::{Capabilities, Tag, TaskDefinition};

use super::demand::Demand;
use super::launch::{ContainerPlan, PlainLaunch};
use super::names::NameMap;

/// One revision of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefinitionSpec {
    /// What it is a revision of.
    pub family: Arc<str>,
    /// From 1.
    pub revision: u32,
    /// As shown in answers.
    pub arn: Arc<str>,
    /// As registered, normalised.
    pub definition: Arc<TaskDefinition>,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// What a task of it takes when nothing is overridden.
    pub demand: Demand,
    /// What the agent of a container instance must be able to do for it.
    pub requires: Capabilities,
    /// Its containers as an agent runs them.
    pub containers: Arc<[ContainerPlan]>,
}

/// One revision and what refers to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefinitionRecord {
    /// The revision.
    pub spec: Arc<DefinitionSpec>,
    /// Launches of plain requests, one for each cluster that has any.
    pub plain: Vec<PlainLaunch>,
}

impl DefinitionRecord {
    /// The launch that a plain request in `cluster` uses again.
    #[must_use]
    pub fn plain_launch(&self, cluster: ClusterId) -> Option<LaunchId> {
        self.plain
            .iter()
            .find(|plain| plain.cluster == cluster)
            .map(|plain| plain.launch)
    }
}

/// All task definitions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Definitions {
    pub(crate) records: Vec<DefinitionRecord>,
    /// The revisions of each family, `i` holding revision `i + 1`.
    pub(crate) families: NameMap<Vec<TaskDefinitionId>>,
}

impl Definitions {
    /// A task definition.
    #[must_use]
    pub fn get(&self, definition: TaskDefinitionId) -> Option<&DefinitionRecord> {
        self.records.get(definition.index())
    }

    /// The newest revision of a family.
    #[must_use]
    pub fn latest(&self, family: &str) -> Option<TaskDefinitionId> {
        self.families.get(family)?.last().copied()
    }

    /// One revision of a family.
    #[must_use]
    pub fn revision(&self, family: &str, revision: u32) -> Option<TaskDefinitionId> {
        let at = usize::try_from(revision.checked_sub(1)?).ok()?;
        self.families.get(family)?.get(at).copied()
    }

    /// The number that the next revision of a family gets: numbers are never reused.
    #[must_use]
    pub fn next_revision(&self, family: &str) -> u32 {
        let known = self.families.get(family).map_or(0, Vec::len);
        u32::try_from(known + 1).expect("a family has at most 1,000,000 revisions")
    }
}
