//! Container instances as the control plane knows them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ClusterId, ContainerInstanceId, TaskId};
use crate::model::{
    Attribute, Capabilities, ContainerInstanceStatus, LastStatus, LaunchType,
    RegisterContainerInstance,
};
use crate::time::SimTime;

use super::demand::{Demand, give_back_ports, take_ports};
use super::names::NameSet;
use super::table::Table;

/// Whose machine a container instance is; which launch type may use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum InstanceKind {
    /// An instance of EC2.
    #[default]
    Ec2 = 1,
    /// A machine elsewhere: it has the attribute `ecs.capability.external`.
    External = 2,
}

impl InstanceKind {
    /// The launch type whose tasks it takes, as ECS spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "EC2",
            Self::External => "EXTERNAL",
        }
    }

    /// The kind that a launch type runs on, EC2 unless it is EXTERNAL.
    #[must_use]
    pub fn of(launch_type: Option<LaunchType>) -> Self {
        match launch_type {
            Some(LaunchType::External) => Self::External,
            _ => Self::Ec2,
        }
    }
}

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
    /// Whose machine it is.
    pub kind: InstanceKind,
    /// How many `awsvpc` tasks it can hold at a time; see [`eni`](crate::model::eni).
    pub eni_slots: u32,
    /// What its agent can do, as its attributes tell.
    pub capabilities: Capabilities,
    /// Whether the account gave its instances trunk network interfaces when it registered first.
    pub awsvpc_trunking: bool,
    /// The request, to be shown again.
    pub request: RegisterContainerInstance,
}

/// The attribute that names an instance's availability zone.
pub(crate) const ZONE: &str = "ecs.availability-zone";

impl InstanceSpec {
    /// How many GPUs it has.
    #[must_use]
    pub fn gpu_count(&self) -> u32 {
        u32::try_from(self.gpu_ids.len()).expect("an instance has at most 64 GPUs")
    }

    /// Whether a host port is reserved from the start.
    pub(crate) fn reserves(&self, is_udp: bool, port: u16) -> bool {
        let reserved = match is_udp {
            true => &self.reserved_udp,
            false => &self.reserved_tcp,
        };
        reserved.binary_search(&port).is_ok()
    }

    /// The value of an attribute, if it has one.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let named = self
            .attribute_values
            .iter()
            .find(|(known, _)| **known == *name);
        named.map(|(_, value)| &**value)
    }

    /// Gives it attributes, and what follows from them.
    pub(crate) fn set_attributes(&mut self, attributes: Vec<Attribute>) {
        let value = |attribute: &Attribute| {
            Some((
                Arc::clone(&attribute.name),
                Arc::clone(attribute.value.as_ref()?),
            ))
        };
        self.attribute_values = attributes.iter().filter_map(value).collect();
        self.zone = self.attribute(ZONE).map(Arc::from);
        self.capabilities = Capabilities::offered_by(&attributes);
        self.attributes = attributes;
    }
}

#[cfg(test)]
impl InstanceSpec {
    /// An EC2 instance of the first cluster with one CPU unit and one MiB, for unit tests.
    pub(crate) fn example() -> Self {
        Self {
            cluster: ClusterId::new(0),
            arn: "arn:instance".into(),
            ec2_instance_id: "i-0".into(),
            cpu: 1,
            memory: 1,
            gpu_ids: Vec::new(),
            reserved_tcp: Vec::new(),
            reserved_udp: Vec::new(),
            attributes: Vec::new(),
            attribute_values: Vec::new(),
            zone: None,
            kind: InstanceKind::Ec2,
            eni_slots: 2,
            capabilities: Capabilities::ALL,
            awsvpc_trunking: false,
            request: RegisterContainerInstance::default(),
        }
    }
}

/// Attributes as they are once others are put to them: of two of one name the later counts.
#[must_use]
pub fn merged(
    attributes: &[Attribute],
    with: impl IntoIterator<Item = Attribute>,
) -> Vec<Attribute> {
    let mut merged = attributes.to_vec();
    for attribute in with {
        let known = merged.iter_mut().find(|known| known.name == attribute.name);
        match known {
            Some(known) => *known = attribute,
            None => merged.push(attribute),
        }
    }
    merged
}

/// A container instance and what the control plane counts on it.
///
/// CPU, memory and GPUs left are in the columns of its cluster, where placement reads them. What the life of a plain task
/// touches comes first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[repr(C)]
pub struct InstanceRecord {
    /// What it registered with.
    pub spec: Arc<InstanceSpec>,
    /// Tasks on it that are not STOPPED, in order of creation.
    pub tasks: Vec<TaskId>,
    /// Tasks wanted RUNNING.
    pub running: u32,
    /// Tasks whose last status is PENDING.
    pub pending: u32,
    /// Grows by one with every visible change.
    pub version: u32,
    /// ACTIVE, DRAINING or INACTIVE.
    pub status: ContainerInstanceStatus,
    /// Whether the control plane hears from its agent.
    pub agent_connected: bool,
    /// When it registered.
    pub registered_at: SimTime,
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

    /// What its row says in [`Capacity::open`](super::Capacity): its kind when placement may choose it, else 0.
    #[must_use]
    pub fn open_as(&self) -> u32 {
        if self.is_open() {
            self.spec.kind as u32
        } else {
            0
        }
    }

    /// Lists a task just placed and takes its ports and GPUs; which GPUs it got.
    #[inline]
    pub(crate) fn task_placed(&mut self, task: TaskId, demand: &Demand, status: LastStatus) -> u64 {
        self.tasks.push(task);
        self.pending += u32::from(status == LastStatus::Pending);
        self.take(demand)
    }

    /// Takes the ports and GPUs of one task more; which GPUs it got.
    #[inline]
    pub(crate) fn take(&mut self, demand: &Demand) -> u64 {
        if demand.has_ports() {
            take_ports(&mut self.tcp, &demand.tcp);
            take_ports(&mut self.udp, &demand.udp);
        }
        self.running += 1;
        self.version += 1;
        let gpus = lowest_free(self.gpus, demand.gpus);
        self.gpus |= gpus;
        gpus
    }

    /// Takes back the ports and GPUs of a task that is no longer wanted.
    #[inline]
    pub(crate) fn task_unwanted(&mut self, demand: &Demand, gpus: u64) {
        if demand.has_ports() {
            give_back_ports(&mut self.tcp, &demand.tcp);
            give_back_ports(&mut self.udp, &demand.udp);
        }
        self.gpus &= !gpus;
        self.running -= 1;
        self.version += 1;
    }

    /// Whether a static host port is reserved or taken.
    pub(crate) fn has_port(&self, is_udp: bool, port: u16) -> bool {
        let taken = if is_udp { &self.udp } else { &self.tcp };
        self.spec.reserves(is_udp, port) || taken.binary_search(&port).is_ok()
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

/// The lowest `count` bits that are not taken.
fn lowest_free(taken: u64, count: u32) -> u64 {
    let mut chosen = 0_u64;
    for _ in 0..count {
        let free = !(taken | chosen);
        chosen |= free & free.wrapping_neg();
    }
    chosen
}

/// All container instances still describable, under numbers that are never reused.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Instances {
    pub(crate) records: Table<InstanceRecord>,
    /// By number: whether messages pass to and from the agent. Every message asks, so it is kept small and dense.
    pub(crate) connected: Vec<bool>,
    /// By number, of those forgotten too: the zone, as its place among `zone_names`. A task is in it for as long as it is
    /// described.
    zones: Vec<Option<u32>>,
    /// Each zone once.
    zone_names: NameSet,
    /// How many were ever registered.
    pub(crate) minted: u32,
}

impl Instances {
    /// A container instance, unless it has been forgotten.
    #[must_use]
    pub fn get(&self, instance: ContainerInstanceId) -> Option<&InstanceRecord> {
        self.records.get(instance.number())
    }

    /// Whether messages pass to and from the agent of a container instance. They no longer do from the moment its machine
    /// halts, though its record says `agent_connected` until the control plane knows of that.
    #[must_use]
    pub fn is_connected(&self, instance: ContainerInstanceId) -> bool {
        self.connected
            .get(instance.index())
            .is_some_and(|connected| *connected)
    }

    /// The zone of a container instance, also of one that has been forgotten.
    #[must_use]
    pub fn zone(&self, instance: ContainerInstanceId) -> Option<&Arc<str>> {
        let zone = self.zones.get(instance.index()).copied().flatten()?;
        self.zone_names.get_index(zone as usize)
    }

    /// Notes the zone of a container instance.
    pub(crate) fn tell_zone(&mut self, instance: ContainerInstanceId, zone: Option<&Arc<str>>) {
        let place = zone.map(|zone| {
            let (place, _) = self.zone_names.insert_full(Arc::clone(zone));
            u32::try_from(place).expect("there are no more zones than container instances")
        });
        if self.zones.len() <= instance.index() {
            self.zones.resize(instance.index() + 1, None);
        }
        self.zones[instance.index()] = place;
    }

    /// Every container instance still describable, in order of registration.
    pub fn iter(&self) -> impl Iterator<Item = (ContainerInstanceId, &InstanceRecord)> {
        self.records
            .iter()
            .map(|(number, record)| (ContainerInstanceId::new(number), record))
    }
}

/// Custom attributes that one container instance may have: 10 (API reference of `PutAttributes`).
pub const ATTRIBUTE_QUOTA: usize = 10;

/// Whether there are more custom attributes than a container instance may have.
#[must_use]
pub fn are_too_many(attributes: &[Attribute]) -> bool {
    let custom = attributes.iter().filter(|known| !known.is_built_in());
    custom.count() > ATTRIBUTE_QUOTA
}

pub use crate::model::presets::PORT_QUOTA;
