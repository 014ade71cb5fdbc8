//! Task groups: who counts as a neighbour for spread and distinctInstance.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};

use super::table::Table;

/// A task group of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupRecord {
    /// Where it is.
    pub cluster: ClusterId,
    /// A free label; `family:<family>` unless the caller gave one.
    pub name: Arc<str>,
    /// On which container instances it has tasks wanted RUNNING, and how many.
    pub wanted: BTreeMap<ContainerInstanceId, u32>,
    /// Launches that belong to it; the group goes with the last of them.
    pub launches: u32,
}

/// All task groups that some known task belongs to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Groups {
    pub(crate) records: Table<GroupRecord>,
    pub(crate) by_name: BTreeMap<ClusterId, BTreeMap<Arc<str>, GroupId>>,
    pub(crate) minted: u32,
}

impl Groups {
    /// A group, while some known task belongs to it.
    #[must_use]
    pub fn get(&self, group: GroupId) -> Option<&GroupRecord> {
        self.records.get(group.number())
    }

    /// The group of that name in a cluster.
    #[must_use]
    pub fn named(&self, cluster: ClusterId, name: &str) -> Option<GroupId> {
        self.by_name.get(&cluster)?.get(name).copied()
    }

    /// Every group with its number, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = (GroupId, &GroupRecord)> {
        self.records
            .iter()
            .map(|(number, record)| (GroupId::new(number), record))
    }
}
