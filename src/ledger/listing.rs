//! Which tasks List finds: the tasks of a cluster, a family, a container instance or a starter, at hand.
//!
//! All of it follows from the tasks that are known, so it is no part of a ledger's serialised state.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, TaskId};
use crate::model::DesiredStatus;

use super::Ledger;
use super::desired::{DesiredBits, Wanted};
use super::launch::LaunchSpec;
use super::posting::{Posting, Walk};
use super::table::Table;

/// What the tasks of a listing have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedBy<'a> {
    /// Their cluster.
    Cluster(ClusterId),
    /// The family of their task definition, in a cluster.
    Family(ClusterId, &'a str),
    /// Who says it started them, in a cluster.
    StartedBy(ClusterId, &'a str),
    /// Their container instance.
    Instance(ContainerInstanceId),
}

/// The known tasks that have something in common and of which the same is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'l> {
    posting: &'l Posting,
    bits: &'l DesiredBits,
    wanted: Wanted,
}

impl<'l> Listed<'l> {
    /// How long it takes to walk, to be compared: at most the steps of a walk that meets no task.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.posting.words()
    }

    /// The tasks from `first` on, in order of creation.
    #[must_use]
    pub fn walk(&self, first: TaskId) -> Walk<'l> {
        self.posting.walk(self.bits, self.wanted, first)
    }
}

/// The tasks of one family or starter in a cluster.
#[derive(Clone, Debug, Default)]
struct Named {
    posting: Posting,
    /// Launches whose tasks they are; the posting goes with the last of them.
    launches: u32,
}

/// Under which numbers the tasks of a launch are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListKeys {
    family: u32,
    started_by: Option<u32>,
}

/// Numbers of postings by name, in each cluster.
type Names = BTreeMap<ClusterId, BTreeMap<Arc<str>, u32>>;

/// What List walks, in tables that forks share.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    bits: DesiredBits,
    clusters: Vec<Posting>,
    instances: Table<Posting>,
    named: Table<Named>,
    /// How many names were ever given a number.
    minted: u32,
    families: Names,
    starters: Names,
}

impl Listing {
    pub(super) fn cluster_created(&mut self, cluster: ClusterId) {
        assert_eq!(self.clusters.len(), cluster.index(), "clusters are dense");
        self.clusters.push(Posting::default());
    }

    pub(super) fn instance_registered(&mut self, instance: ContainerInstanceId) {
        self.instances.insert(instance.number(), Posting::default());
    }

    pub(super) fn instance_forgotten(&mut self, instance: ContainerInstanceId) {
        self.instances.remove(instance.number());
    }

    /// The numbers under which the tasks of a launch will be listed.
    pub(super) fn launch_opened(&mut self, spec: &LaunchSpec) -> ListKeys {
        let (named, minted) = (&mut self.named, &mut self.minted);
        let mut number = |names: &mut Names, name: &Arc<str>| {
            let names = names.entry(spec.cluster).or_default();
            let number = names.get(name).copied().unwrap_or_else(|| {
                let number = *minted;
                *minted += 1;
                names.insert(Arc::clone(name), number);
                named.insert(number, Named::default());
                number
            });
            present(named, number).launches += 1;
            number
        };
        let started_by = spec.echo.started_by.as_ref();
        ListKeys {
            family: number(&mut self.families, &spec.family),
            started_by: started_by.map(|name| number(&mut self.starters, name)),
        }
    }

    /// Forgets the names that belonged to the launch alone.
    pub(super) fn launch_closed(&mut self, spec: &LaunchSpec, keys: ListKeys) {
        let mut release = |names: &mut Names, name: &str, number: u32| {
            let posting = present(&mut self.named, number);
            posting.launches -= 1;
            if posting.launches > 0 {
                return;
            }
            self.named.remove(number);
            if let Some(known) = names.get_mut(&spec.cluster) {
                known.remove(name);
            }
        };
        release(&mut self.families, &spec.family, keys.family);
        if let (Some(number), Some(name)) = (keys.started_by, &spec.echo.started_by) {
            release(&mut self.starters, name, number);
        }
    }

    pub(super) fn task_placed(
        &mut self,
        cluster: ClusterId,
        keys: ListKeys,
        on: Option<ContainerInstanceId>,
        task: TaskId,
    ) {
        self.bits.placed(task);
        let bits = &self.bits;
        self.clusters[cluster.index()].push(bits, task);
        if let Some(on) = on {
            present(&mut self.instances, on.number()).push(bits, task);
        }
        let family = present(&mut self.named, keys.family);
        family.posting.push(bits, task);
        if let Some(number) = keys.started_by {
            let started_by = present(&mut self.named, number);
            started_by.posting.push(bits, task);
        }
    }

    /// What is read of a posting before a task is added to those of a container instance; it means nothing.
    pub(super) fn read(&self, on: ContainerInstanceId) -> Option<u64> {
        let posting = self.instances.get(on.number())?;
        Some(posting.newest_members().into())
    }

    pub(super) fn task_unwanted(&mut self, task: TaskId) {
        self.bits.unwanted(task);
    }

    pub(super) fn task_forgotten(&mut self, task: TaskId) {
        self.bits.forgotten(task);
    }

    /// What the tasks of each posting have in common.
    pub(super) fn every(&self) -> Vec<ListedBy<'_>> {
        let mut every = Vec::new();
        for (number, _) in (0..).zip(&self.clusters) {
            every.push(ListedBy::Cluster(ClusterId::new(number)));
        }
        for (cluster, names) in &self.families {
            let names = names.keys();
            every.extend(names.map(|name| ListedBy::Family(*cluster, name)));
        }
        for (cluster, names) in &self.starters {
            let names = names.keys();
            every.extend(names.map(|name| ListedBy::StartedBy(*cluster, name)));
        }
        for (number, _) in self.instances.iter() {
            every.push(ListedBy::Instance(ContainerInstanceId::new(number)));
        }
        every
    }

    fn posting(&self, by: ListedBy<'_>) -> Option<&Posting> {
        let named = |names: &Names, cluster: ClusterId, name: &str| {
            let number = *names.get(&cluster)?.get(name)?;
            self.named.get(number).map(|named| &named.posting)
        };
        match by {
            ListedBy::Cluster(cluster) => self.clusters.get(cluster.index()),
            ListedBy::Instance(instance) => self.instances.get(instance.number()),
            ListedBy::Family(cluster, name) => named(&self.families, cluster, name),
            ListedBy::StartedBy(cluster, name) => named(&self.starters, cluster, name),
        }
    }
}

fn present<T: Clone>(table: &mut Table<T>, number: u32) -> &mut T {
    table
        .get_mut(number)
        .expect("a posting stays while tasks may be written down in it")
}

impl Ledger {
    /// The known tasks with something in common and this desired status; `None` when there can't be any.
    #[must_use]
    pub fn listed(&self, by: ListedBy<'_>, desired: DesiredStatus) -> Option<Listed<'_>> {
        let wanted = match desired {
            DesiredStatus::Running => Wanted::Running,
            DesiredStatus::Stopped => Wanted::Stopped,
            DesiredStatus::Pending => return None,
        };
        Some(Listed {
            posting: self.listing.posting(by)?,
            bits: &self.listing.bits,
            wanted,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::audit::audit;
    use super::*;

    #[test]
    fn a_task_that_is_listed_and_not_known_is_found_out() {
        let mut ledger = Ledger::default();
        let listing = &mut ledger.listing;
        listing.cluster_created(ClusterId::new(0));
        listing.bits.placed(TaskId::new(3));
        listing.clusters[0].push(&listing.bits, TaskId::new(3));
        let found = audit(&ledger);
        let expected =
            "tasks wanted RUNNING listed by Cluster(ClusterId(0)): kept [TaskId(3)], counted []";
        assert_eq!(found, Err(expected.to_owned()));
    }
}
