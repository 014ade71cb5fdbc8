//! Any cluster, any history, any request: what the oracle is asked about.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use wavetank::model::*;
use wavetank::{Builder, Simulation};

use super::expression::{Expression, ec2_instance, expression};
use super::picture::{Picture, need};
use super::pipeline::{Question, Rule};

/// A container instance to be registered.
#[derive(Clone, Debug)]
pub(super) struct Host {
    cpu: i32,
    memory: i32,
    gpus: u8,
    zone: Option<u8>,
    rack: Option<u8>,
    external: bool,
    /// Whether it is of a type with few network interfaces.
    typed: bool,
    /// Whether its agent tells of one capability and so lacks the others.
    limited: bool,
    size: Option<&'static str>,
    agent: Option<&'static str>,
    /// Whether it registers a minute after the one before.
    later: bool,
}

/// A family to be registered.
#[derive(Clone, Debug)]
pub(super) struct Family {
    cpu: i32,
    memory: i32,
    helper: bool,
    gpus: u32,
    port: Option<(i32, bool)>,
    privileged: bool,
    networked: bool,
    constraint: Option<Expression>,
}

/// A RunTask.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) family: u8,
    pub(super) count: i32,
    pub(super) group: Option<u8>,
    pub(super) external: bool,
    /// One bit for each.
    pub(super) subnets: u8,
    pub(super) distinct: bool,
    pub(super) constraints: Vec<Expression>,
    /// How the constraints are spelled.
    pub(super) in_words: bool,
    pub(super) rules: Vec<u8>,
}

/// One line of a history. Numbers are taken modulo what is there.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Run(Asked),
    Start { host: u8, asked: Asked },
    Stop(u8),
    SetState { host: u8, draining: bool },
    Connect { host: u8, connected: bool },
    GiveUp(u8),
    Rack { host: u8, rack: u8 },
    Advance(u64),
}

/// What there is before anything happens.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) hosts: Vec<Host>,
    pub(super) families: Vec<Family>,
}

fn rarely() -> impl Strategy<Value = bool> {
    prop_oneof![6 => Just(false), 1 => Just(true)]
}

pub(super) fn setup() -> impl Strategy<Value = Setup> {
    let amounts = (
        1..5_i32,
        1..5_i32,
        prop_oneof![3 => Just(0_u8), 1 => 1..3_u8],
    );
    let places = (option::of(0..3_u8), option::of(0..2_u8));
    let labels = (
        option::of(select(vec!["9", "10", "big"])),
        option::of(select(vec!["1.9.0", "1.10.0", "1.75.3"])),
        any::<bool>(),
    );
    let host = (amounts, places, rarely(), any::<bool>(), rarely(), labels).prop_map(
        |((cpu, memory, gpus), (zone, rack), external, typed, limited, (size, agent, later))| {
            Host {
                cpu: cpu * 300,
                memory: memory * 300,
                gpus,
                zone,
                rack,
                external,
                typed,
                limited,
                size,
                agent,
                later,
            }
        },
    );
    let port = prop_oneof![
        4 => Just(None),
        1 => (80..82_i32, any::<bool>()).prop_map(Some),
    ];
    let gpus = prop_oneof![5 => Just(0_u32), 1 => 1..3_u32];
    let sizes = (0..3_i32, 0..3_i32, any::<bool>());
    let networked = prop_oneof![2 => Just(false), 1 => Just(true)];
    let constraint = prop_oneof![4 => Just(None), 1 => expression().prop_map(Some)];
    let family = (sizes, gpus, port, rarely(), networked, constraint).prop_map(
        |((cpu, memory, helper), gpus, port, privileged, networked, constraint)| Family {
            // Those with interfaces of their own are small, so that it is interfaces they run out of.
            cpu: cpu * if networked { 10 } else { 100 },
            memory: 6 + memory * if networked { 10 } else { 100 },
            helper,
            gpus,
            port: port.filter(|_| !networked),
            privileged,
            networked,
            constraint,
        },
    );
    (vec(host, 1..8), vec(family, 1..4)).prop_map(|(hosts, families)| Setup { hosts, families })
}

/// A few kinds of container instances, of each so many that the simulator looks for places by indexes.
pub(super) fn setup_of_many() -> impl Strategy<Value = Setup> {
    (setup(), 64..300_usize).prop_map(|(setup, count)| {
        let hosts = setup.hosts.iter().cycle().take(count).cloned();
        Setup {
            hosts: hosts.collect(),
            ..setup
        }
    })
}

pub(super) fn asked() -> impl Strategy<Value = Asked> {
    let external = prop_oneof![12 => Just(false), 1 => Just(true)];
    // Mostly of one group, so that its tasks are counted on many container instances.
    let group = prop_oneof![5 => Just(Some(0_u8)), 1 => Just(Some(1)), 1 => Just(None)];
    let rule = prop_oneof![2 => 2..4_u8, 3 => 0..7_u8];
    let who = (any::<u8>(), 1..6_i32, group);
    let constraints = prop_oneof![1 => Just(Vec::new()), 1 => vec(expression(), 1..3)];
    let constraints = (rarely(), constraints, any::<bool>());
    (who, external, 1..8_u8, constraints, vec(rule, 0..4)).prop_map(
        |((family, count, group), external, subnets, constraints, rules)| Asked {
            family,
            count,
            group,
            external,
            subnets,
            distinct: constraints.0,
            constraints: constraints.1,
            in_words: constraints.2,
            rules,
        },
    )
}

pub(super) fn history(lines: usize) -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        6 => asked().prop_map(Action::Run),
        6 => (any::<u8>(), asked()).prop_map(|(host, asked)| Action::Start { host, asked }),
        4 => any::<u8>().prop_map(Action::Stop),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(host, draining)| Action::SetState { host, draining }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(host, connected)| Action::Connect { host, connected }),
        1 => (any::<u8>(), rarely()).prop_map(|(host, really)| if really { Action::GiveUp(host) } else { Action::Advance(0) }),
        1 => (any::<u8>(), 0..4_u8).prop_map(|(host, rack)| Action::Rack { host, rack }),
        3 => (0..9_000_u64).prop_map(Action::Advance),
    ];
    vec(action, 0..lines)
}

/// A history under way.
#[derive(Clone, Debug)]
pub(super) struct Play {
    pub(super) sim: Simulation,
    pub(super) hosts: Vec<String>,
    pub(super) tasks: Vec<String>,
    families: Vec<Family>,
}

/// The zone of a number.
fn zone(number: u8) -> String {
    format!("zone-{number}")
}

impl Play {
    pub(super) fn new(setup: &Setup, builder: Builder) -> Self {
        let builder = (0..3).fold(builder, |builder, number| {
            builder.subnet(&format!("subnet-{number}"), &zone(number))
        });
        let mut play = Self {
            sim: builder.build().expect("the options are good"),
            hosts: Vec::new(),
            tasks: Vec::new(),
            families: setup.families.clone(),
        };
        for (number, host) in (0..).zip(&setup.hosts) {
            if host.later {
                play.act(&Action::Advance(60_000));
            }
            let request = registration(number, host);
            let answer = play.sim.register_container_instance(request);
            let shown = answer
                .expect("the container instance is accepted")
                .container_instance;
            play.hosts.push(shown.container_instance_arn.to_string());
        }
        for (number, family) in setup.families.iter().enumerate() {
            let answer = play
                .sim
                .register_task_definition(definition(number, family));
            answer.expect("the definition is accepted");
        }
        play
    }

    /// Does one line but for RunTask, which is the test's to do.
    pub(super) fn act(&mut self, action: &Action) {
        let host = |number: &u8| self.hosts[usize::from(*number) % self.hosts.len()].clone();
        match action {
            Action::Run(_) => {}
            Action::Start {
                host: number,
                asked,
            } => {
                let request = self.start(host(number), asked);
                if let Ok(answer) = self.sim.start_task(request) {
                    self.tasks
                        .extend(answer.tasks.into_iter().map(|task| task.task_arn.into()));
                }
            }
            Action::Stop(number) => {
                if let Some(task) = self
                    .tasks
                    .get(usize::from(*number) % self.tasks.len().max(1))
                {
                    let _ = self.sim.stop_task(StopTask::new(task));
                }
            }
            Action::SetState {
                host: number,
                draining,
            } => {
                let statuses = [
                    ContainerInstanceStatus::Active,
                    ContainerInstanceStatus::Draining,
                ];
                let status = statuses[usize::from(*draining)];
                let request = UpdateContainerInstancesState::new([host(number)], status);
                let _ = self.sim.update_container_instances_state(request);
            }
            Action::Connect {
                host: number,
                connected,
            } => {
                let container_instance = host(number);
                let _ = self.sim.inject(&if *connected {
                    Fault::AgentReconnect { container_instance }
                } else {
                    Fault::AgentDisconnect { container_instance }
                });
            }
            Action::GiveUp(number) => {
                let request = DeregisterContainerInstance::new(host(number)).force();
                let _ = self.sim.deregister_container_instance(request);
            }
            Action::Rack { host: number, rack } => {
                let host = host(number);
                self.rack(host, *rack);
            }
            Action::Advance(millis) => {
                let span = std::time::Duration::from_millis(*millis);
                self.sim.advance(span).expect("no invariant is violated");
            }
        }
    }

    /// Puts a container instance into a rack; there is none with the number 3, so that takes it out of any.
    fn rack(&mut self, host: String, rack: u8) {
        let attribute = Attribute {
            target_id: Some(host),
            ..Attribute::new("rack", rack.to_string())
        };
        if rack == 3 {
            let named = Attribute {
                value: None,
                ..attribute
            };
            let _ = self.sim.delete_attributes(DeleteAttributes::new([named]));
        } else {
            let _ = self.sim.put_attributes(PutAttributes::new([attribute]));
        }
    }

    fn family(&self, asked: &Asked) -> (String, &Family) {
        let number = usize::from(asked.family) % self.families.len();
        (format!("f{number}"), &self.families[number])
    }

    /// The numbers of the subnets of a networked task.
    fn subnets(asked: &Asked) -> impl Iterator<Item = u8> {
        let subnets = asked.subnets;
        (0..3).filter(move |number| subnets & 1 << number != 0)
    }

    fn network(asked: &Asked) -> NetworkConfiguration {
        NetworkConfiguration::subnets(Self::subnets(asked).map(|number| format!("subnet-{number}")))
    }

    pub(super) fn run(&self, asked: &Asked) -> RunTask {
        let (name, family) = self.family(asked);
        let mut request = RunTask::new(name).count(asked.count);
        request.group = asked.group.map(|group| format!("g{group}"));
        // Tasks with interfaces of their own are not for machines elsewhere.
        if asked.external && !family.networked {
            request = request.launch_type(LaunchType::External);
        }
        if family.networked {
            request = request.network(Self::network(asked));
        }
        if asked.distinct {
            request = request.constraint(PlacementConstraint::distinct_instance());
        }
        for constraint in &asked.constraints {
            let text = constraint.text(asked.in_words);
            request = request.constraint(PlacementConstraint::member_of(text));
        }
        let rule = |rule: &u8| match rule {
            0 => PlacementStrategy::spread_instances(),
            1 => PlacementStrategy::spread("host"),
            2 => PlacementStrategy::spread_zones(),
            3 => PlacementStrategy::spread("attribute:rack"),
            4 => PlacementStrategy::binpack_cpu(),
            5 => PlacementStrategy::binpack_memory(),
            _ => PlacementStrategy::random(),
        };
        request.placement_strategy = asked.rules.iter().map(rule).collect();
        request
    }

    pub(super) fn start(&self, host: String, asked: &Asked) -> StartTask {
        let (name, family) = self.family(asked);
        let mut request = StartTask::new(name, [host]);
        request.group = asked.group.map(|group| format!("g{group}"));
        if family.networked {
            request = request.network(Self::network(asked));
        }
        request
    }

    /// The same in the oracle's words.
    pub(super) fn question(&mut self, asked: &Asked) -> Question {
        let (name, family) = self.family(asked);
        let (networked, family) = (family.networked, family.clone());
        let rule = |rule: &u8| match rule {
            0 | 1 => Rule::SpreadInstances,
            2 => Rule::Spread("ecs.availability-zone".to_owned()),
            3 => Rule::Spread("rack".to_owned()),
            4 => Rule::BinpackCpu,
            5 => Rule::BinpackMemory,
            _ => Rule::Random,
        };
        Question {
            group: asked
                .group
                .map_or(format!("family:{name}"), |group| format!("g{group}")),
            need: need(&mut self.sim, &name),
            external: asked.external && !networked,
            zones: Self::subnets(asked)
                .filter(|_| networked)
                .map(zone)
                .collect(),
            distinct: asked.distinct,
            constraints: family
                .constraint
                .iter()
                .chain(&asked.constraints)
                .cloned()
                .collect(),
            rules: asked.rules.iter().map(rule).collect(),
        }
    }

    /// The constraint of the definition that is asked for, as text.
    pub(super) fn own_constraint(&self, asked: &Asked) -> Option<String> {
        let (_, family) = self.family(asked);
        let constraint = family.constraint.as_ref();
        constraint.map(|expression| expression.text(false))
    }

    pub(super) fn picture(&mut self) -> Picture {
        Picture::of(&mut self.sim, &self.hosts, &self.tasks)
    }
}

fn registration(number: u16, host: &Host) -> RegisterContainerInstance {
    let id = ec2_instance(number);
    let mut request = RegisterContainerInstance {
        instance_identity_document: Some(format!(r#"{{"instanceId": "{id}"}}"#)),
        version_info: host.agent.map(|version| VersionInfo {
            agent_version: Some(version.into()),
            ..VersionInfo::default()
        }),
        ..RegisterContainerInstance::default()
    };
    request = request.cpu(host.cpu).memory(host.memory);
    let mut put = |is_so: bool, name: &str, value: &str| {
        if is_so {
            request = request.clone().attribute(name, value);
        }
    };
    put(host.typed, "ecs.instance-type", "m5.large");
    put(
        host.zone.is_some(),
        "ecs.availability-zone",
        &zone(host.zone.unwrap_or(0)),
    );
    put(
        host.rack.is_some(),
        "rack",
        &host.rack.unwrap_or(0).to_string(),
    );
    put(host.size.is_some(), "size", host.size.unwrap_or_default());
    for (is_so, name) in [
        (host.external, "ecs.capability.external"),
        (
            host.limited,
            "com.amazonaws.ecs.capability.docker-remote-api.1.18",
        ),
    ] {
        if is_so {
            request.attributes.push(Attribute::named(name));
        }
    }
    (0..host.gpus).fold(request, |request, gpu| request.gpu(format!("gpu-{gpu}")))
}

fn definition(number: usize, family: &Family) -> RegisterTaskDefinition {
    let mut app = ContainerDefinition::new("app", "app:1")
        .cpu(family.cpu)
        .memory(family.memory);
    if let Some((port, udp)) = family.port {
        let mapping = if udp {
            PortMapping::udp(port)
        } else {
            PortMapping::tcp(port)
        };
        app = app.port(mapping.host_port(port));
    }
    if family.gpus > 0 {
        app.resource_requirements
            .push(ResourceRequirement::gpu(family.gpus));
    }
    app.privileged = family.privileged.then_some(true);
    if family.helper {
        app = app.health_check(HealthCheck {
            interval: Some(5),
            timeout: Some(2),
            retries: Some(1),
            ..HealthCheck::shell("true")
        });
    }
    let mut request = RegisterTaskDefinition::new(format!("f{number}")).container(app);
    if family.helper {
        let helper = ContainerDefinition::new("helper", "helper:1").cpu(50);
        request = request.container(helper.memory(200).memory_reservation(50));
    }
    if family.networked {
        request = request.network_mode(NetworkMode::Awsvpc);
    }
    let constraint = family.constraint.as_ref();
    let constraint = constraint.map(|expression| expression.text(false));
    request.placement_constraints = constraint
        .map(PlacementConstraint::member_of)
        .into_iter()
        .collect();
    request
}
