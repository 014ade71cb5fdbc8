//! What a task takes from a container instance.

use serde::{Deserialize, Serialize};

use crate::model::{
    ContainerDefinition, NetworkMode, ResourceRequirement, ResourceType, TaskDefinition,
    TaskOverride, TransportProtocol,
};

/// What a task takes from a container instance: the amounts that the ledgers of control plane and host count.
///
/// CPU is the task's size, else the sum over its containers; memory is the task's size, else the sum of each
/// container's soft limit, or hard limit where it has no soft one. Ports are the static host ports; a port that the
/// agent chooses never enters a ledger, and an awsvpc task takes none. (Source: `ToHostResources` of the ECS agent,
/// and the API reference of `ContainerDefinition`.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// CPU units, 1024 to a vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// Whole GPUs.
    pub gpus: u32,
    /// Network interfaces of the task's own: 1 with network mode `awsvpc`.
    pub enis: u32,
    /// Static TCP host ports, ascending.
    pub tcp: Vec<u16>,
    /// Static UDP host ports, ascending.
    pub udp: Vec<u16>,
}

impl Demand {
    /// The demand of a task of `definition`, the caller's overrides merged first.
    ///
    /// Both must have been validated: sizes are integers by then.
    #[must_use]
    pub fn of(definition: &TaskDefinition, overrides: &TaskOverride) -> Self {
        let mut demand = Self {
            enis: u32::from(definition.network_mode == Some(NetworkMode::Awsvpc)),
            ..Self::default()
        };
        for container in &definition.container_definitions {
            let change = overrides
                .container_overrides
                .iter()
                .find(|change| change.name.as_deref() == Some(container.name.as_str()));
            let cpu = change.and_then(|c| c.cpu).unwrap_or(container.cpu);
            let soft = change
                .and_then(|c| c.memory_reservation)
                .or(container.memory_reservation)
                .filter(|mib| *mib > 0);
            let hard = change.and_then(|c| c.memory).or(container.memory);
            demand.cpu = demand.cpu.saturating_add(amount(cpu));
            demand.memory = demand
                .memory
                .saturating_add(amount(soft.or(hard).unwrap_or(0)));
            let requirements = change
                .map(|c| &c.resource_requirements)
                .filter(|list| !list.is_empty())
                .unwrap_or(&container.resource_requirements);
            let gpus: u32 = requirements.iter().filter_map(gpu_count).sum();
            demand.gpus = demand.gpus.saturating_add(gpus);
            demand.add_ports(definition.network_mode, container);
        }
        if let Some(cpu) =
            size(overrides.cpu.as_deref()).or_else(|| size(definition.cpu.as_deref()))
        {
            demand.cpu = cpu;
        }
        if let Some(memory) =
            size(overrides.memory.as_deref()).or_else(|| size(definition.memory.as_deref()))
        {
            demand.memory = memory;
        }
        demand.tcp.sort_unstable();
        demand.udp.sort_unstable();
        demand
    }

    fn add_ports(&mut self, mode: Option<NetworkMode>, container: &ContainerDefinition) {
        for mapping in &container.port_mappings {
            let Some(port) = static_host_port(mode, mapping.host_port, mapping.container_port)
            else {
                continue;
            };
            match mapping.protocol.unwrap_or(TransportProtocol::Tcp) {
                TransportProtocol::Tcp => self.tcp.push(port),
                TransportProtocol::Udp => self.udp.push(port),
            }
        }
    }

    /// Whether it asks for any static host port.
    #[must_use]
    pub fn has_ports(&self) -> bool {
        !self.tcp.is_empty() || !self.udp.is_empty()
    }
}

/// The host port that a mapping fixes; `None` when the agent chooses, or when the host has no part in it.
pub(crate) fn static_host_port(
    mode: Option<NetworkMode>,
    host: Option<i32>,
    container: Option<i32>,
) -> Option<u16> {
    let port = match mode {
        Some(NetworkMode::Awsvpc | NetworkMode::None) => None,
        Some(NetworkMode::Host) => host.filter(|port| *port > 0).or(container),
        _ => host,
    };
    port.filter(|port| *port > 0)
        .and_then(|port| u16::try_from(port).ok())
}

/// How many whole GPUs a requirement asks for; a share of one is not counted yet.
pub(crate) fn gpu_count(requirement: &ResourceRequirement) -> Option<u32> {
    let is_gpu =
        requirement.r#type == Some(ResourceType::Gpu) && requirement.sharing_strategy.is_none();
    requirement
        .value
        .as_deref()
        .filter(|_| is_gpu)?
        .parse()
        .ok()
}

fn amount(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn size(text: Option<&str>) -> Option<u32> {
    text?.parse().ok()
}

/// Whether two ascending lists share a port.
#[must_use]
pub fn ports_clash(taken: &[u16], wanted: &[u16]) -> bool {
    wanted.iter().any(|port| taken.binary_search(port).is_ok())
}

/// Adds ports to an ascending list.
pub(crate) fn take_ports(taken: &mut Vec<u16>, wanted: &[u16]) {
    for port in wanted {
        if let Err(at) = taken.binary_search(port) {
            taken.insert(at, *port);
        }
    }
}

/// Takes ports out of an ascending list.
pub(crate) fn give_back_ports(taken: &mut Vec<u16>, wanted: &[u16]) {
    for port in wanted {
        if let Ok(at) = taken.binary_search(port) {
            taken.remove(at);
        }
    }
}
