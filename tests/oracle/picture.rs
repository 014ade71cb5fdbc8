//! A cluster as its callers can know it: nothing but what Describe shows, added up by hand.

use std::collections::{BTreeMap, BTreeSet};

use wavetank::Simulation;
use wavetank::model::*;

use crate::support::{amount, members, ms};

/// What a task of a definition needs, as the definition says.
#[derive(Clone, Debug, Default)]
pub(super) struct Need {
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) gpus: i64,
    /// Host ports with their protocols.
    pub(super) ports: BTreeSet<String>,
    /// Whether it takes a network interface of its own.
    pub(super) interface: bool,
    /// Names of attributes that its agent must have.
    pub(super) attributes: BTreeSet<String>,
}

/// A container instance.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) arn: String,
    pub(super) active: bool,
    pub(super) connected: bool,
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) gpus: i64,
    pub(super) interfaces: i64,
    pub(super) ports: BTreeSet<String>,
    /// By name; those without a value are left out.
    pub(super) attributes: BTreeMap<String, String>,
    /// Names of all attributes.
    pub(super) names: BTreeSet<String>,
    pub(super) ec2_instance: String,
    pub(super) agent_version: Option<String>,
    /// In milliseconds since the run began.
    pub(super) registered_at: u64,
    /// Names of capabilities it tells of.
    pub(super) capabilities: BTreeSet<String>,
    pub(super) external: bool,
    /// How many tasks of each group are wanted RUNNING on it.
    pub(super) groups: BTreeMap<String, u32>,
}

/// The registered container instances of the default cluster, in order of registration, with what is left of each.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) machines: Vec<Machine>,
}

/// Interfaces for tasks of the one instance type that scripts use (developer guide, *container-instance-eni*: three, less
/// the instance's own). Others are of no known type, which sets no limit here.
const INTERFACES: (&str, i64) = ("m5.large", 2);

/// Names that look like capabilities and say what kind of machine it is.
const KIND: [&str; 2] = [
    "ecs.capability.external",
    "ecs.capability.task-eni-trunking",
];

/// The need of a definition's tasks.
pub(super) fn need(sim: &mut Simulation, definition: &str) -> Need {
    let request = DescribeTaskDefinition {
        task_definition: definition.to_owned(),
        ..DescribeTaskDefinition::default()
    };
    let answer = sim.describe_task_definition(request);
    let definition = answer.expect("tasks of it are known").task_definition;
    let mut need = Need {
        interface: definition.network_mode == Some(NetworkMode::Awsvpc),
        ..Need::default()
    };
    for container in &definition.container_definitions {
        need.cpu += i64::from(container.cpu);
        let memory = container.memory_reservation.or(container.memory);
        need.memory += i64::from(memory.unwrap_or(0));
        let gpus = container.resource_requirements.iter();
        let gpus = gpus.filter_map(|gpu| gpu.value.as_ref()?.parse::<i64>().ok());
        need.gpus += gpus.sum::<i64>();
        for mapping in &container.port_mappings {
            let udp = mapping.protocol == Some(TransportProtocol::Udp);
            if let Some(port) = mapping
                .host_port
                .filter(|port| *port > 0 && !need.interface)
            {
                need.ports
                    .insert(format!("{port}/{}", if udp { "udp" } else { "tcp" }));
            }
        }
    }
    let sizes = (&definition.cpu, &definition.memory);
    let whole = |text: &Option<std::sync::Arc<str>>| {
        text.as_ref().and_then(|text| text.parse::<i64>().ok())
    };
    need.cpu = whole(sizes.0).unwrap_or(need.cpu);
    need.memory = whole(sizes.1).unwrap_or(need.memory);
    let attributes = definition.requires_attributes.iter();
    need.attributes = attributes
        .map(|attribute| attribute.name.to_string())
        .collect();
    need
}

impl Machine {
    fn new(shown: &ContainerInstance) -> Self {
        let registered = &shown.registered_resources;
        let amount = |name| i64::from(amount(registered, name).unwrap_or(0));
        let list = |name| members(registered, name).unwrap_or_default();
        let tcp = list("PORTS").into_iter().map(|port| format!("{port}/tcp"));
        let udp = list("PORTS_UDP")
            .into_iter()
            .map(|port| format!("{port}/udp"));
        let attributes: BTreeMap<String, String> = shown
            .attributes
            .iter()
            .filter_map(|known| Some((known.name.to_string(), known.value.as_ref()?.to_string())))
            .collect();
        let names = shown.attributes.iter().map(|known| known.name.to_string());
        let is_capability = |name: &String| {
            let prefixes = ["com.amazonaws.ecs.capability.", "ecs.capability."];
            prefixes.iter().any(|prefix| name.starts_with(prefix)) && !KIND.contains(&name.as_str())
        };
        let version = &shown.version_info;
        let kind = attributes.get("ecs.instance-type").map(String::as_str);
        Self {
            arn: shown.container_instance_arn.to_string(),
            active: shown.status == ContainerInstanceStatus::Active,
            connected: shown.agent_connected,
            cpu: amount("CPU"),
            memory: amount("MEMORY"),
            gpus: i64::try_from(list("GPU").len()).expect("it has few GPUs"),
            interfaces: match kind {
                Some(kind) if kind == INTERFACES.0 => INTERFACES.1,
                _ => i64::MAX,
            },
            ports: tcp.chain(udp).collect(),
            names: names.clone().collect(),
            ec2_instance: shown.ec2_instance_id.as_deref().unwrap_or("").to_owned(),
            agent_version: version.agent_version.as_deref().map(str::to_owned),
            registered_at: ms(shown.registered_at).expect("it is told"),
            external: names.clone().any(|name| name == KIND[0]),
            capabilities: names.filter(is_capability).collect(),
            attributes,
            groups: BTreeMap::new(),
        }
    }

    /// Takes in a task that is wanted.
    pub(super) fn take(&mut self, need: &Need, group: &str) {
        self.cpu -= need.cpu;
        self.memory -= need.memory;
        self.gpus -= need.gpus;
        self.ports.extend(need.ports.iter().cloned());
        self.interfaces -= i64::from(need.interface);
        *self.groups.entry(group.to_owned()).or_default() += 1;
    }

    /// How many tasks of a group are wanted on it.
    pub(super) fn tasks_of(&self, group: &str) -> u32 {
        self.groups.get(group).copied().unwrap_or(0)
    }
}

impl Picture {
    /// Looks at container instances and tasks with these ARNs.
    pub(super) fn of(sim: &mut Simulation, instances: &[String], tasks: &[String]) -> Self {
        let mut machines: Vec<Machine> = Vec::new();
        for some in instances.chunks(100) {
            let answer = sim.describe_container_instances(DescribeContainerInstances::new(some));
            let shown = answer.expect("the cluster is there").container_instances;
            let registered =
                |known: &&ContainerInstance| known.status != ContainerInstanceStatus::Inactive;
            machines.extend(shown.iter().filter(registered).map(Machine::new));
        }
        let mut picture = Self { machines };
        for some in tasks.chunks(100) {
            let answer = sim.describe_tasks(DescribeTasks::new(some));
            for task in answer.expect("the cluster is there").tasks {
                picture.add(sim, &task);
            }
        }
        picture
    }

    fn add(&mut self, sim: &mut Simulation, task: &Task) {
        let on = task.container_instance_arn.as_deref();
        let machines = &mut self.machines;
        let Some(machine) = machines
            .iter_mut()
            .find(|known| Some(known.arn.as_str()) == on)
        else {
            return;
        };
        let need = need(sim, &task.task_definition_arn);
        if task.desired_status == DesiredStatus::Running {
            machine.take(&need, task.group.as_deref().unwrap_or(""));
        } else if task.last_status != LastStatus::Stopped {
            // What it held is free to give, but for its network interface.
            machine.interfaces -= i64::from(need.interface);
        }
    }

    /// The number of the machine with an ARN.
    pub(super) fn number(&self, arn: Option<&str>) -> Option<usize> {
        let mut machines = self.machines.iter();
        machines.position(|machine| Some(machine.arn.as_str()) == arn)
    }
}
