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
    pub wanted: Counts,
    /// How many of its tasks wanted RUNNING are in each zone of Fargate.
    pub zones: Vec<(Arc<str>, u32)>,
    /// Launches that belong to it; the group goes with the last of them.
    pub launches: u32,
}

impl GroupRecord {
    /// How many of its tasks wanted RUNNING are in a zone of Fargate.
    #[must_use]
    pub fn in_zone(&self, zone: &str) -> u32 {
        let known = self.zones.iter().find(|(known, _)| **known == *zone);
        known.map_or(0, |(_, count)| *count)
    }

    pub(crate) fn enter_zone(&mut self, zone: &Arc<str>) {
        match self.zones.iter_mut().find(|(known, _)| known == zone) {
            Some((_, count)) => *count += 1,
            None => self.zones.push((Arc::clone(zone), 1)),
        }
    }

    pub(crate) fn leave_zone(&mut self, zone: &Arc<str>) {
        let known = self.zones.iter_mut().find(|(known, _)| known == zone);
        known.expect("a zone is entered before it is left").1 -= 1;
    }
}

/// How many tasks there are on each container instance.
///
/// Most groups are on a few instances, some are on thousands: the few are a short ascending list, the thousands a column
/// by number of the instance, so that counting is one step either way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Counts {
    /// Instances with tasks, ascending.
    Few(Vec<(ContainerInstanceId, u32)>),
    /// By number of the instance, zero where there is no task.
    Many(Vec<u32>),
}

/// The most instances of a short list.
const FEW: usize = 32;

impl Default for Counts {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Counts {
    /// How many tasks are on a container instance.
    #[must_use]
    pub fn on(&self, instance: ContainerInstanceId) -> u32 {
        match self {
            Self::Few(list) => match list.binary_search_by_key(&instance, |(id, _)| *id) {
                Ok(at) => list[at].1,
                Err(_) => 0,
            },
            Self::Many(column) => column.get(instance.index()).copied().unwrap_or(0),
        }
    }

    /// Every instance with tasks and how many, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (ContainerInstanceId, u32)> + '_ {
        let (few, many): (&[_], &[u32]) = match self {
            Self::Few(list) => (list, &[]),
            Self::Many(column) => (&[], column),
        };
        let counted = (0_u32..).zip(many).filter(|(_, count)| **count > 0);
        let many = counted.map(|(number, count)| (ContainerInstanceId::new(number), *count));
        few.iter().copied().chain(many)
    }

    /// Adds one; how many there are now.
    #[inline]
    pub(crate) fn add(&mut self, instance: ContainerInstanceId) -> u32 {
        if let Self::Many(column) = self {
            if let Some(count) = column.get_mut(instance.index()) {
                *count += 1;
                return *count;
            }
        }
        self.add_first(instance)
    }

    /// Adds one where there are few, or to the end of a column.
    fn add_first(&mut self, instance: ContainerInstanceId) -> u32 {
        if let Self::Few(list) = self {
            match list.binary_search_by_key(&instance, |(id, _)| *id) {
                Ok(at) => {
                    list[at].1 += 1;
                    return list[at].1;
                }
                Err(at) if list.len() < FEW => {
                    list.insert(at, (instance, 1));
                    return 1;
                }
                Err(_) => self.widen(),
            }
        }
        let Self::Many(column) = self else { return 0 };
        if column.len() <= instance.index() {
            column.resize(instance.index() + 1, 0);
        }
        column[instance.index()] += 1;
        column[instance.index()]
    }

    /// Turns the short list into a column.
    fn widen(&mut self) {
        let Self::Few(list) = self else { return };
        let mut column = vec![0; list.last().map_or(0, |(id, _)| id.index() + 1)];
        for (instance, count) in list {
            column[instance.index()] = *count;
        }
        *self = Self::Many(column);
    }

    /// Takes one away; how many are left.
    ///
    /// # Panics
    ///
    /// When there is none: what is taken away was added.
    #[inline]
    pub(crate) fn remove(&mut self, instance: ContainerInstanceId) -> u32 {
        match self {
            Self::Few(list) => remove_from_few(list, instance),
            Self::Many(column) => {
                column[instance.index()] -= 1;
                column[instance.index()]
            }
        }
    }
}

/// Takes one away from a short list; how many are left.
fn remove_from_few(list: &mut Vec<(ContainerInstanceId, u32)>, on: ContainerInstanceId) -> u32 {
    let at = list.binary_search_by_key(&on, |(id, _)| *id);
    let at = at.expect("a wanted task is counted in its group");
    list[at].1 -= 1;
    let left = list[at].1;
    if left == 0 {
        list.remove(at);
    }
    left
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_map_however_many_instances_there_are(adds in prop::collection::vec((0_u32..200, any::<bool>()), 0..400)) {
            let mut counts = Counts::default();
            let mut model: BTreeMap<ContainerInstanceId, u32> = BTreeMap::new();
            for (number, add) in adds {
                let instance = ContainerInstanceId::new(number);
                let held = model.entry(instance).or_default();
                if add {
                    counts.add(instance);
                    *held += 1;
                } else if *held > 0 {
                    counts.remove(instance);
                    *held -= 1;
                }
                model.retain(|_, count| *count > 0);
                prop_assert_eq!(counts.on(instance), model.get(&instance).copied().unwrap_or(0));
            }
            let listed: Vec<_> = counts.iter().collect();
            prop_assert_eq!(listed, model.into_iter().collect::<Vec<_>>());
        }
    }
}
