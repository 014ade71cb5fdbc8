//! How container instances come, change and go in the control plane's truth.

use std::sync::Arc;

use crate::ids::ContainerInstanceId;
use crate::model::ContainerInstanceStatus;
use crate::time::SimTime;

use super::Ledger;
use super::instance::{InstanceRecord, InstanceSpec};

impl Ledger {
    pub(super) fn instance_registered(
        &mut self,
        now: SimTime,
        instance: ContainerInstanceId,
        spec: &Arc<InstanceSpec>,
    ) {
        assert_eq!(
            instance,
            self.next_instance(),
            "container instances are dense"
        );
        self.instances.minted += 1;
        self.instances.connected.push(true);
        self.instances.tell_zone(instance, spec.zone.as_ref());
        let capacity = &mut self.clusters.records[spec.cluster.index()].capacity;
        let row = capacity.add(instance, spec);
        capacity.describe(row, attribute_values(spec));
        capacity.enable(row, spec.capabilities);
        self.instances.records.insert(
            instance.number(),
            InstanceRecord {
                spec: Arc::clone(spec),
                status: ContainerInstanceStatus::Active,
                agent_connected: true,
                version: 1,
                registered_at: now,
                running: 0,
                pending: 0,
                tasks: Vec::new(),
                tcp: Vec::new(),
                udp: Vec::new(),
                gpus: 0,
            },
        );
        self.listing.instance_registered(instance);
        self.host_registered(instance, spec);
        self.subnet_told(spec);
    }

    /// An instance in a subnet tells the zone of the subnet.
    fn subnet_told(&mut self, spec: &InstanceSpec) {
        if let (Some(subnet), Some(zone)) = (spec.attribute("ecs.subnet-id"), &spec.zone) {
            self.subnets.insert(Arc::from(subnet), Arc::clone(zone));
        }
    }

    pub(super) fn instance_reregistered(
        &mut self,
        instance: ContainerInstanceId,
        spec: &Arc<InstanceSpec>,
    ) {
        let record = self.instance_mut(instance);
        assert_eq!(
            (record.spec.cpu, record.spec.memory),
            (spec.cpu, spec.memory),
            "resources never change"
        );
        record.spec = Arc::clone(spec);
        record.version += 1;
        self.instances.tell_zone(instance, spec.zone.as_ref());
        self.describe_row(instance, spec);
    }

    /// Writes into the columns what a registered container instance has of attributes.
    pub(super) fn describe_row(&mut self, instance: ContainerInstanceId, spec: &InstanceSpec) {
        let capacity = &mut self.clusters.records[spec.cluster.index()].capacity;
        let row = capacity
            .row(instance)
            .expect("a registered instance has a row");
        capacity.describe(row, attribute_values(spec));
        capacity.enable(row, spec.capabilities);
    }

    pub(super) fn instance_deregistered(&mut self, instance: ContainerInstanceId) {
        let record = self.instance_mut(instance);
        assert!(
            record.tasks.is_empty(),
            "its tasks are stopped before an instance goes"
        );
        record.status = ContainerInstanceStatus::Inactive;
        record.agent_connected = false;
        record.version += 1;
        let (cluster, kind) = (record.spec.cluster, record.spec.kind);
        self.instances.connected[instance.index()] = false;
        let capacity = &mut self.clusters.records[cluster.index()].capacity;
        let row = capacity
            .row(instance)
            .expect("a registered instance has a row");
        capacity.remove(row, kind);
    }

    /// Writes into the column what the record says of being open to placement.
    pub(super) fn refresh_open(&mut self, instance: ContainerInstanceId) {
        let record = self
            .instances
            .records
            .get(instance.number())
            .expect("it was just changed");
        let open = record.open_as();
        let capacity = &mut self.clusters.records[record.spec.cluster.index()].capacity;
        let row = capacity
            .row(instance)
            .expect("a registered instance has a row");
        capacity.set_open(row, open);
    }

    pub(super) fn instance_mut(&mut self, instance: ContainerInstanceId) -> &mut InstanceRecord {
        self.instances
            .records
            .get_mut(instance.number())
            .expect("changes are about known instances")
    }
}

/// The attributes of an instance that have a value, by name.
fn attribute_values(spec: &InstanceSpec) -> impl Iterator<Item = (&Arc<str>, &str)> {
    spec.attribute_values
        .iter()
        .map(|(name, value)| (name, &**value))
}
