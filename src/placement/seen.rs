//! A cluster as a scheduler sees it late: other columns, other records, other counts, the same pool.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
use crate::ledger::blame::{Missed, Update};
use crate::ledger::cluster::Capacity;
use crate::ledger::group::Counts;
use crate::ledger::index::Index;
use crate::ledger::lens::Lens;
use crate::ledger::subscription::Changed;
use crate::ledger::versions::{History, InstanceSeen, Version};
use crate::ledger::{InstanceRecord, Ledger};

/// Missed updates that are kept of one container instance.
const MISSED_MAX: usize = 16;

/// A cluster through a lens. What the lens sees late of each container instance is of one version of it: resources, ports,
/// status, connection, attributes and the tasks of each group are of one moment, but those of two instances need not be.
#[derive(Clone, Debug)]
pub(crate) struct SeenCluster<'a> {
    ledger: &'a Ledger,
    lens: Lens<'a>,
    capacity: Capacity,
    /// Container instances that have a row and are seen late, ascending.
    late: Vec<Late<'a>>,
    /// Task groups whose counts are not the ledger's.
    groups: BTreeMap<GroupId, Counts>,
    is_stale: bool,
}

/// A container instance that is seen late, and as what.
type Late<'a> = (ContainerInstanceId, &'a InstanceSeen);

impl<'a> SeenCluster<'a> {
    /// What a lens sees of a cluster.
    pub(crate) fn new(ledger: &'a Ledger, cluster: ClusterId, lens: Lens<'a>) -> Self {
        let mut late: Vec<Late<'a>> = Vec::new();
        // Those that are seen as if they were not registered.
        let mut hidden: Vec<ContainerInstanceId> = Vec::new();
        let mut groups = BTreeMap::new();
        for (instance, history) in ledger.versions().instances().iter() {
            let place = lens.place(Changed::ContainerInstance(instance), history);
            let is_newest = place.map_or(0, |place| place + 1) == history.recent.len();
            if is_newest || cluster_of(history) != Some(cluster) {
                continue;
            }
            let seen = match place {
                Some(place) => history.recent[place].seen.as_ref(),
                None => history.base.as_ref(),
            };
            let seen = seen.filter(|seen| seen.record.is_registered());
            regroup(ledger, &mut groups, instance, (history.newest(), seen));
            match seen {
                Some(seen) => late.push((instance, seen)),
                None => hidden.push(instance),
            }
        }
        let truth = &ledger.cluster(cluster).capacity;
        let mut rows: Vec<ContainerInstanceId> = truth.instances.clone();
        let unknown = late.iter().map(|(instance, _)| *instance);
        rows.extend(unknown.filter(|instance| truth.row(*instance).is_none()));
        if !hidden.is_empty() {
            rows.retain(|instance| hidden.binary_search(instance).is_err());
        }
        rows.sort_unstable();
        Self {
            ledger,
            lens,
            capacity: columns(ledger, truth, rows, &late),
            is_stale: !(late.is_empty() && hidden.is_empty()),
            late,
            groups,
        }
    }

    /// Whether anything is seen that is not the truth.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale
    }

    pub(super) fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    /// A container instance that is seen late. Not inlined: whoever asks has nearly always found that nothing is late.
    #[cold]
    #[inline(never)]
    pub(super) fn late(&self, instance: ContainerInstanceId) -> Option<&'a InstanceSeen> {
        found(&self.late, instance)
    }

    /// The counts of a group, where they are not the ledger's.
    pub(super) fn counts(&self, group: GroupId) -> Option<&Counts> {
        self.groups.get(&group)
    }

    /// What was missed of a container instance, and for how long what is seen of it has not been true.
    pub(crate) fn missed(&self, instance: ContainerInstanceId) -> (Duration, Vec<Missed>) {
        let mut missed = Vec::new();
        let Some(history) = self.ledger.versions().instances().get(instance) else {
            return (Duration::ZERO, missed);
        };
        let place = self
            .lens
            .place(Changed::ContainerInstance(instance), history);
        let first = place.map_or(0, |place| place + 1);
        let mut before = match place {
            Some(place) => history.recent[place].seen.as_ref(),
            None => history.base.as_ref(),
        };
        for Version { at, seen, .. } in history.recent.iter().skip(first) {
            let after = seen.as_ref();
            let told = |what| Missed { at: *at, what };
            missed.extend(updates(before, after).into_iter().map(told));
            before = after;
        }
        missed.truncate(MISSED_MAX);
        let age = history
            .recent
            .get(first)
            .map(|next| self.lens.now().since(next.at));
        (age.unwrap_or_default(), missed)
    }
}

/// The cluster of a container instance, which never moves to another.
fn cluster_of(history: &History<InstanceSeen>) -> Option<ClusterId> {
    let recent = history
        .recent
        .iter()
        .filter_map(|version| version.seen.as_ref());
    let first = history.base.iter().chain(recent).next();
    first.map(|seen| seen.record.spec.cluster)
}

/// The counts of a group, to be changed.
fn counts_of<'g>(
    ledger: &Ledger,
    groups: &'g mut BTreeMap<GroupId, Counts>,
    group: GroupId,
) -> &'g mut Counts {
    groups.entry(group).or_insert_with(|| {
        let known = ledger.groups().get(group);
        known.map(|known| known.wanted.clone()).unwrap_or_default()
    })
}

/// Moves the counts of groups from what is true of a container instance to what is seen of it.
fn regroup(
    ledger: &Ledger,
    groups: &mut BTreeMap<GroupId, Counts>,
    instance: ContainerInstanceId,
    (truth, seen): (Option<&InstanceSeen>, Option<&InstanceSeen>),
) {
    let wanted = |seen: Option<&'_ InstanceSeen>| seen.map(|seen| Arc::clone(&seen.wanted));
    let (truth, seen) = (wanted(truth), wanted(seen));
    if let (Some(truth), Some(seen)) = (&truth, &seen) {
        if Arc::ptr_eq(truth, seen) {
            return;
        }
    }
    let (truth, seen) = (truth.unwrap_or_default(), seen.unwrap_or_default());
    for (_, group) in only_in(&truth, &seen) {
        counts_of(ledger, groups, *group).remove(instance);
    }
    for (_, group) in only_in(&seen, &truth) {
        counts_of(ledger, groups, *group).add(instance);
    }
}

/// What is in the first of two ascending lists and not in the second.
fn only_in<'l, T: Ord>(these: &'l [T], those: &'l [T]) -> impl Iterator<Item = &'l T> {
    let mut rest = those;
    these.iter().filter(move |this| {
        while rest.first().is_some_and(|other| other < this) {
            rest = &rest[1..];
        }
        rest.first() != Some(this)
    })
}

/// As what a container instance is seen, if it is seen late.
fn found<'a>(late: &[Late<'a>], instance: ContainerInstanceId) -> Option<&'a InstanceSeen> {
    let place = late.binary_search_by_key(&instance, |known| known.0).ok()?;
    Some(late[place].1)
}

/// The columns of a cluster with these rows, in which some container instances are seen late.
fn columns(
    ledger: &Ledger,
    truth: &Capacity,
    rows: Vec<ContainerInstanceId>,
    late: &[Late<'_>],
) -> Capacity {
    let is_described_alike = |(instance, seen): &Late<'_>| {
        let known = ledger.instance(*instance);
        known.is_some_and(|known| Arc::ptr_eq(&known.spec, &seen.record.spec))
    };
    let mut columns = if rows == truth.instances && late.iter().all(is_described_alike) {
        Capacity {
            instances: rows,
            cpu: truth.cpu.clone(),
            memory: truth.memory.clone(),
            gpus: truth.gpus.clone(),
            enis: truth.enis.clone(),
            open: truth.open.clone(),
            external: truth.external,
            capabilities: truth.capabilities.clone(),
            limited: truth.limited,
            index: Index::default(),
            attributes: truth.attributes.clone(),
        }
    } else {
        let mut columns = Capacity::default();
        for instance in rows {
            let record = found(late, instance).map(|seen| &seen.record);
            let record = record.or_else(|| ledger.instance(instance));
            add(
                &mut columns,
                instance,
                record.expect("a row is of the truth or seen late"),
            );
            if let (Some(from), Some(to)) = (truth.row(instance), columns.row(instance)) {
                columns.cpu[to] = truth.cpu[from];
                columns.memory[to] = truth.memory[from];
                columns.gpus[to] = truth.gpus[from];
                columns.enis[to] = truth.enis[from];
            }
        }
        columns
    };
    for (instance, seen) in late {
        let row = columns.row(*instance).expect("it has a row");
        (columns.cpu[row], columns.memory[row], columns.gpus[row]) = seen.left;
        columns.enis[row] = seen.enis;
        columns.open[row] = seen.record.open_as();
    }
    columns
}

/// Adds the row of a container instance.
fn add(columns: &mut Capacity, instance: ContainerInstanceId, record: &InstanceRecord) {
    let spec = &*record.spec;
    let row = columns.add(instance, spec);
    let values = spec.attribute_values.iter();
    columns.describe(row, values.map(|(name, value)| (name, &**value)));
    columns.enable(row, spec.capabilities);
    columns.open[row] = record.open_as();
}

/// What happened to a container instance between two versions of it.
fn updates(before: Option<&InstanceSeen>, after: Option<&InstanceSeen>) -> Vec<Update> {
    let registered = |seen: &&InstanceSeen| seen.record.is_registered();
    let (before, after) = match (before.filter(registered), after.filter(registered)) {
        (None, None) => return Vec::new(),
        (None, Some(_)) => return vec![Update::Registered],
        (Some(_), None) => return vec![Update::Deregistered],
        (Some(before), Some(after)) => (before, after),
    };
    let mut updates: Vec<Update> = Vec::new();
    if !Arc::ptr_eq(&before.wanted, &after.wanted) {
        let gone = only_in(&before.wanted, &after.wanted);
        updates.extend(gone.map(|(task, _)| Update::TaskGone(*task)));
        let placed = only_in(&after.wanted, &before.wanted);
        updates.extend(placed.map(|(task, _)| Update::TaskPlaced(*task)));
    }
    let (was, is) = (&before.record, &after.record);
    if was.status != is.status {
        updates.push(Update::Status(is.status));
    }
    if was.agent_connected != is.agent_connected {
        let connected = is.agent_connected;
        updates.push(Update::Agent { connected });
    }
    if !Arc::ptr_eq(&was.spec, &is.spec) {
        updates.push(Update::Described);
    }
    if updates.is_empty() && (before.left, before.enis) != (after.left, after.enis) {
        updates.push(Update::Resources);
    }
    updates
}
