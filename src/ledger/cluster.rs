//! Clusters, and the columns of numbers that placement reads in each.

use std::sync::Arc;

use serde::Serialize;

use crate::arn::TaskNaming;
use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
use crate::model::{Capabilities, CreateCluster, LastStatus};
use crate::time::SimTime;

use super::demand::Demand;
use super::index::Index;
use super::instance::{InstanceKind, InstanceSpec};
use super::names::NameMap;

/// What a cluster was created with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterSpec {
    /// Unique among active clusters.
    pub name: Arc<str>,
    /// As shown in answers.
    pub arn: Arc<str>,
    /// The request, to be shown again.
    pub request: CreateCluster,
    /// How its tasks are named in answers.
    #[serde(skip)]
    pub task_naming: Arc<TaskNaming>,
}

/// A cluster and its running totals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClusterRecord {
    /// What it was created with.
    pub spec: Arc<ClusterSpec>,
    /// ACTIVE until it is deleted.
    pub active: bool,
    /// When it was deleted.
    pub deleted_at: Option<SimTime>,
    /// Its container instances, ACTIVE and DRAINING, as placement reads them.
    pub capacity: Capacity,
    /// Tasks whose last status is RUNNING.
    pub running: u32,
    /// Tasks whose last status is PENDING.
    pub pending: u32,
    /// Those of `running` that are on Fargate.
    pub running_on_fargate: u32,
    /// Those of `pending` that are on Fargate.
    pub pending_on_fargate: u32,
    /// Tasks not STOPPED.
    pub live: u32,
}

impl ClusterRecord {
    /// Counts a task that moved.
    pub(crate) fn task_moved(&mut self, from: LastStatus, to: LastStatus, on_fargate: bool) {
        let fargate = u32::from(on_fargate);
        match from {
            LastStatus::Pending => {
                self.pending -= 1;
                self.pending_on_fargate -= fargate;
            }
            LastStatus::Running => {
                self.running -= 1;
                self.running_on_fargate -= fargate;
            }
            _ => {}
        }
        match to {
            LastStatus::Pending => {
                self.pending += 1;
                self.pending_on_fargate += fargate;
            }
            LastStatus::Running => {
                self.running += 1;
                self.running_on_fargate += fargate;
            }
            LastStatus::Stopped => self.live -= 1,
            _ => {}
        }
    }
}

/// The columns that placement reads: one row for each registered container instance, in order of registration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Capacity {
    /// Whose row it is; ascending.
    pub instances: Vec<ContainerInstanceId>,
    /// CPU units the control plane has left to give.
    pub cpu: Vec<u32>,
    /// MiB left.
    pub memory: Vec<u32>,
    /// GPUs left.
    pub gpus: Vec<u32>,
    /// Network interfaces left for `awsvpc` tasks.
    pub enis: Vec<u32>,
    /// The number of its [`InstanceKind`] where the instance is ACTIVE and its agent
    /// connected, else 0.
    pub open: Vec<u32>,
    /// How many of the instances are not of EC2.
    pub external: usize,
    /// What its agent can do.
    pub capabilities: Vec<Capabilities>,
    /// How many rows lack some capability: while there is none, nobody need look at that column.
    pub limited: u32,
    /// What follows from all this and is kept for strategies that asked for it.
    #[serde(skip)]
    pub index: Index,
    /// For each attribute name, the value of each row.
    pub attributes: NameMap<AttributeColumn>,
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderBy {
    /// CPU units left.
    Cpu = 0,
    /// MiB left.
    Memory = 1,
}

impl OrderBy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// What is left of the resource ordered by, and of the other one.
    #[must_use]
    pub fn of(self, cpu: u32, memory: u32) -> (u32, u32) {
        match self {
            Self::Cpu => (cpu, memory),
            Self::Memory => (memory, cpu),
        }
    }
}

/// The values of one attribute, interned: value 0 means that an instance lacks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttributeColumn {
    /// Value `i + 1` is this list's `i`-th.
    pub values: Vec<Arc<str>>,
    /// By row.
    pub rows: Vec<u32>,
}

impl AttributeColumn {
    /// The value of a row; `None` when the instance lacks the attribute or it has no value.
    #[must_use]
    pub fn value(&self, row: usize) -> Option<&str> {
        let value = usize::try_from(*self.rows.get(row)?).ok()?;
        self.values.get(value.checked_sub(1)?).map(|value| &**value)
    }

    fn intern(&mut self, value: &str) -> u32 {
        let at = match self.values.iter().position(|known| &**known == value) {
            Some(at) => at,
            None => {
                self.values.push(Arc::from(value));
                self.values.len() - 1
            }
        };
        u32::try_from(at + 1).expect("a cluster has fewer attribute values than u32 can count")
    }

    /// Forgets values that no row has, when they have become the most.
    ///
    /// So there are no more than twice as many as rows, and a few, however often values change.
    fn compact(&mut self) {
        if self.values.len() <= 2 * self.rows.len() + 16 {
            return;
        }
        let values = std::mem::take(&mut self.values);
        let mut numbers = vec![0; values.len() + 1];
        for row in &mut self.rows {
            let known = *row as usize;
            if known > 0 && numbers[known] == 0 {
                self.values.push(Arc::clone(&values[known - 1]));
                numbers[known] = u32::try_from(self.values.len()).expect("there were more before");
            }
            *row = numbers[known];
        }
    }
}

impl Capacity {
    /// How many container instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.instances.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.instances.is_empty()
    }

    /// How many container instances of a kind there are.
    #[must_use]
    pub fn count_of(&self, kind: InstanceKind) -> usize {
        match kind {
            InstanceKind::Ec2 => self.len() - self.external,
            InstanceKind::External => self.external,
        }
    }

    /// The row of a container instance.
    #[must_use]
    pub fn row(&self, instance: ContainerInstanceId) -> Option<usize> {
        let (first, last) = (self.instances.first()?, self.instances.last()?);
        let guess = instance.index().checked_sub(first.index())?;
        // While none has left, the numbers of a cluster's instances often have no gap: then the row is plain, and there is no
        // need to look at what may be far away.
        if last.index() - first.index() < self.instances.len() {
            return (guess < self.instances.len()).then_some(guess);
        }
        if self.instances.get(guess) == Some(&instance) {
            return Some(guess);
        }
        let end = self.instances.len().min(guess);
        self.instances[..end].binary_search(&instance).ok()
    }

    pub(crate) fn add(&mut self, instance: ContainerInstanceId, spec: &InstanceSpec) -> usize {
        let row = self.instances.len();
        assert!(
            self.instances.last().is_none_or(|last| *last < instance),
            "container instances are registered in the order of their numbers"
        );
        self.instances.push(instance);
        self.cpu.push(spec.cpu);
        self.memory.push(spec.memory);
        self.gpus.push(spec.gpu_count());
        self.enis.push(spec.eni_slots);
        self.open.push(spec.kind as u32);
        self.external += usize::from(spec.kind == InstanceKind::External);
        self.capabilities.push(Capabilities::ALL);
        for column in self.attributes.values_mut() {
            column.rows.push(0);
        }
        self.index_added(row, spec);
        row
    }

    /// Replaces the attribute values of a row.
    pub(crate) fn describe<'a>(
        &mut self,
        row: usize,
        attributes: impl Iterator<Item = (&'a Arc<str>, &'a str)>,
    ) {
        for column in self.attributes.values_mut() {
            column.rows[row] = 0;
        }
        let rows = self.instances.len();
        for (name, value) in attributes {
            if !self.attributes.contains_key(name) {
                let mut column = AttributeColumn::default();
                column.rows.resize(rows, 0);
                self.attributes.insert(Arc::clone(name), column);
            }
            let column = &mut self.attributes[name];
            column.rows[row] = column.intern(value);
            column.compact();
        }
        self.index_described(row);
    }

    /// Forgets the column of an attribute that no row has any more.
    pub(crate) fn drop_unused(&mut self, name: &str) {
        let column = self.attributes.get(name);
        if column.is_some_and(|column| column.rows.iter().all(|value| *value == 0)) {
            self.attributes.shift_remove(name);
        }
    }

    /// Opens or closes a row to placement.
    pub(crate) fn set_open(&mut self, row: usize, open: u32) {
        self.index.clock_mut().released();
        let before = std::mem::replace(&mut self.open[row], open);
        self.index_moved(row, before, (self.cpu[row], self.memory[row]));
    }

    /// Takes from a row what a placed task of a group asks for; how many of the group are there now.
    #[inline]
    pub(crate) fn occupy(&mut self, row: usize, demand: &Demand, (group, count): (GroupId, u32)) {
        let before = (self.cpu[row], self.memory[row]);
        self.debit(row, demand);
        self.index_counted((row, before), demand, (group, count - 1, count));
    }

    /// Gives back to a row what a task of a group took that is no longer wanted; how many of the group are left there.
    #[inline]
    pub(crate) fn vacate(&mut self, row: usize, demand: &Demand, (group, count): (GroupId, u32)) {
        let before = (self.cpu[row], self.memory[row]);
        self.credit(row, demand);
        self.index_counted((row, before), demand, (group, count + 1, count));
    }

    /// Takes from a row what a task asks for.
    fn debit(&mut self, row: usize, demand: &Demand) {
        self.index.clock_mut().taken();
        let left = |have: u32, want: u32| {
            have.checked_sub(want)
                .expect("a plan is checked before it is committed")
        };
        self.cpu[row] = left(self.cpu[row], demand.cpu);
        self.memory[row] = left(self.memory[row], demand.memory);
        // Few ask for these, and their columns are far away where there are many rows.
        if demand.gpus > 0 {
            self.gpus[row] = left(self.gpus[row], demand.gpus);
        }
        if demand.enis > 0 {
            self.enis[row] = left(self.enis[row], demand.enis);
        }
    }

    /// Gives back to a row what a task took, but for its network interface.
    fn credit(&mut self, row: usize, demand: &Demand) {
        self.index.clock_mut().released();
        self.cpu[row] += demand.cpu;
        self.memory[row] += demand.memory;
        if demand.gpus > 0 {
            self.gpus[row] += demand.gpus;
        }
    }

    /// Gives back the network interface of a stopped task, while its instance is registered.
    pub(crate) fn free_interface(&mut self, instance: ContainerInstanceId, enis: u32) {
        if let Some(row) = self.row(instance) {
            self.enis[row] += enis;
            self.index.clock_mut().released();
        }
    }

    /// Replaces the capabilities of a row.
    pub(crate) fn enable(&mut self, row: usize, capabilities: Capabilities) {
        let is_limited = |capabilities| u32::from(capabilities != Capabilities::ALL);
        self.limited += is_limited(capabilities);
        self.limited -= is_limited(self.capabilities[row]);
        self.capabilities[row] = capabilities;
    }

    /// Whether the agent of a row can do all that is required.
    #[inline]
    #[must_use]
    pub fn can_do(&self, row: usize, required: Capabilities) -> bool {
        self.limited == 0 || self.capabilities[row].includes(required)
    }

    pub(crate) fn remove(&mut self, row: usize, kind: InstanceKind) {
        self.index_removed(row);
        self.external -= usize::from(kind == InstanceKind::External);
        self.enable(row, Capabilities::ALL);
        self.instances.remove(row);
        self.cpu.remove(row);
        self.memory.remove(row);
        self.gpus.remove(row);
        self.enis.remove(row);
        self.open.remove(row);
        self.capabilities.remove(row);
        for column in self.attributes.values_mut() {
            column.rows.remove(row);
        }
    }
}

/// All clusters, and which one a name means now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Clusters {
    pub(crate) records: Vec<ClusterRecord>,
    /// The newest cluster of each name, in order of first creation.
    pub(crate) by_name: NameMap<ClusterId>,
}

impl Clusters {
    /// The newest cluster of a name, active or not.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<(ClusterId, &ClusterRecord)> {
        let id = *self.by_name.get(name)?;
        Some((id, &self.records[id.index()]))
    }

    /// The newest cluster of each name, in order of first creation.
    pub fn iter(&self) -> impl Iterator<Item = (ClusterId, &ClusterRecord)> {
        self.by_name
            .values()
            .map(|id| (*id, &self.records[id.index()]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(capacity: &mut Capacity, row: usize, value: &str) {
        let name: Arc<str> = "stack".into();
        capacity.describe(row, std::iter::once((&name, value)));
    }

    #[test]
    fn values_that_no_row_has_are_forgotten() {
        let mut capacity = Capacity::default();
        for instance in 0..2 {
            capacity.add(ContainerInstanceId::new(instance), &InstanceSpec::example());
        }
        put(&mut capacity, 1, "stays");
        for turn in 0..1_000 {
            put(&mut capacity, 0, &turn.to_string());
            let column = &capacity.attributes["stack"];
            assert!(column.values.len() <= 21, "{}", column.values.len());
            assert_eq!(column.value(0), Some(&*turn.to_string()));
            assert_eq!(column.value(1), Some("stays"));
        }
    }

    #[test]
    fn a_column_goes_with_the_last_value_in_it() {
        let mut capacity = Capacity::default();
        for instance in 0..2 {
            capacity.add(ContainerInstanceId::new(instance), &InstanceSpec::example());
            put(&mut capacity, instance as usize, "a");
        }
        for row in 0..2 {
            capacity.drop_unused("stack");
            assert!(capacity.attributes.contains_key("stack"));
            capacity.describe(row, std::iter::empty());
        }
        capacity.drop_unused("stack");
        assert!(capacity.attributes.is_empty());
    }
}
