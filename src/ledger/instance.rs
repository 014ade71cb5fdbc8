//! Container instances as the control plane knows them.

use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ClusterId, ContainerInstanceId, TaskId};
use crate::model::{Attribute, Capabilities, ContainerInstanceStatus, RegisterContainerInstance};
use crate::time::SimTime;

use super::table::Table;

/// What a container instance registered with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstanceSpec {
    /// Where it belongs.
    pub cluster: ClusterId,
    /// As shown in answers.
    pub arn: Arc<str>,
    /// The EC2 instance it is.
    pub ec2_instance_id: Arc<str>,
    /// CPU units.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// The ids of its GPUs, at most 64.
    pub gpu_ids: Vec<Arc<str>>,
    /// TCP ports reserved from the start, ascending.
    pub reserved_tcp: Vec<u16>,
    /// UDP ports reserved from the start, ascending.
    pub reserved_udp: Vec<u16>,
    /// Built-in and custom attributes.
    pub attributes: Vec<Attribute>,
    /// The name and value of those that have a value, for the columns of the cluster.
    pub attribute_values: Vec<(Arc<str>, Arc<str>)>,
    /// The value of `ecs.availability-zone`.
    pub zone: Option<Arc<str>>,
    /// What its agent can do, as its attributes tell.
    pub capabilities: Capabilities,
    /// The request, to be shown again.
    pub request: RegisterContainerInstance,
}

/// The attribute that names an instance's availability zone.
const ZONE: &str = "ecs.availability-zone";

impl InstanceSpec {
    /// Gives it attributes, and what follows from them.
    pub(crate) fn set_attributes(&mut self, attributes: Vec<Attribute>) {
        let value = |attribute: &Attribute| {
            Some((
                Arc::clone(&attribute.name),
                Arc::clone(attribute.value.as_ref()?),
            ))
        };
        self.attribute_values = attributes.iter().filter_map(value).collect();
        let zone = self
            .attribute_values
            .iter()
            .find(|(name, _)| **name == *ZONE);
        self.zone = zone.map(|(_, zone)| Arc::clone(zone));
        self.capabilities = Capabilities::offered_by(&attributes);
        self.attributes = attributes;
    }
}

/// A container instance and what the control plane counts on it.
///
/// CPU, memory and GPUs left are in the columns of its cluster, where placement reads them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InstanceRecord {
    /// What it registered with.
    pub spec: Arc<InstanceSpec>,
    /// ACTIVE, DRAINING or INACTIVE.
    pub status: ContainerInstanceStatus,
    /// Whether the control plane hears from its agent.
    pub agent_connected: bool,
    /// Grows by one with every visible change.
    pub version: u32,
    /// When it registered.
    pub registered_at: SimTime,
    /// Tasks wanted RUNNING.
    pub running: u32,
    /// Tasks whose last status is PENDING.
    pub pending: u32,
    /// Tasks on it that are not STOPPED, in order of creation.
    pub tasks: Vec<TaskId>,
    /// Static TCP host ports of wanted tasks, ascending; the reserved ones are in `spec`.
    pub tcp: Vec<u16>,
    /// UDP, likewise.
    pub udp: Vec<u16>,
    /// GPUs given: bit `i` is the `i`-th of `spec`.
    pub gpus: u64,
}

impl InstanceRecord {
    /// Whether placement may choose it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status == ContainerInstanceStatus::Active && self.agent_connected
    }

    /// Whether it is registered: ACTIVE or DRAINING.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.status != ContainerInstanceStatus::Inactive
    }

    /// How many ports it counts against the quota of 100: reserved and static ones, TCP and UDP.
    #[must_use]
    pub fn ports_in_use(&self) -> usize {
        self.spec.reserved_tcp.len()
            + self.spec.reserved_udp.len()
            + self.tcp.len()
            + self.udp.len()
    }
}

/// All container instances still describable, under numbers that are never reused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Instances {
    pub(crate) records: Table<InstanceRecord>,
    /// By number: whether the control plane hears from the agent. Every message asks, so it is kept small and dense.
    pub(crate) connected: Vec<bool>,
    /// How many were ever registered.
    pub(crate) minted: u32,
}

impl Instances {
    /// A container instance, unless it has been forgotten.
    #[must_use]
    pub fn get(&self, instance: ContainerInstanceId) -> Option<&InstanceRecord> {
        self.records.get(instance.number())
    }

    /// Whether the control plane hears from the agent of a container instance.
    #[must_use]
    pub fn is_connected(&self, instance: ContainerInstanceId) -> bool {
        self.connected
            .get(instance.index())
            .is_some_and(|connected| *connected)
    }

    /// Every container instance still describable, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (ContainerInstanceId, &InstanceRecord)> {
        self.records
            .iter()
            .map(|(number, record)| (ContainerInstanceId::new(number), record))
    }
}

/// Host ports that one container instance may have reserved, defaults included: 100 (API reference of `PortMapping`).
pub const PORT_QUOTA: usize = 100;
