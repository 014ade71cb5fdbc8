//! What a task takes from a container instance and gives back to it, without the task: for packing.

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};

use super::{Demand, Ledger};

impl Ledger {
    /// Takes what a task of a group asks for from a container instance; which GPUs it got.
    ///
    /// # Panics
    ///
    /// When the instance has less, is not registered in the cluster, or the group is not known.
    pub(crate) fn occupy(
        &mut self,
        (cluster, on): (ClusterId, ContainerInstanceId),
        group: GroupId,
        demand: &Demand,
    ) -> u64 {
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        let row = capacity.row(on).expect("the instance is registered");
        let record = self.groups.records.get_mut(group.number());
        let count = record.expect("the group is open").wanted.add(on);
        capacity.occupy(row, demand, (group, count));
        self.instance_mut(on).take(demand)
    }

    /// Gives back what [`occupy`](Self::occupy) took.
    ///
    /// # Panics
    ///
    /// When nothing of the group is there.
    pub(crate) fn vacate(
        &mut self,
        (cluster, on): (ClusterId, ContainerInstanceId),
        group: GroupId,
        demand: &Demand,
        gpus: u64,
    ) {
        let record = self.groups.records.get_mut(group.number());
        let count = record.expect("the group is open").wanted.remove(on);
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        let row = capacity.row(on).expect("the instance is registered");
        capacity.vacate(row, demand, (group, count));
        if demand.enis > 0 {
            capacity.free_interface(on, demand.enis);
        }
        self.instance_mut(on).task_unwanted(demand, gpus);
    }
}
