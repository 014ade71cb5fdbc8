//! Random scripts: requests, faults and advances that refer to what earlier ones made, by number.

mod random;
mod weather;

use std::time::Duration;

use wavetank::draw::{Latency, Ratio};
use wavetank::model::*;
use wavetank::{Builder, EventTies, Reads, Simulation, TraceMode};

pub(crate) use random::{script, stage};
pub(crate) use weather::Weather;

/// One line of a script. Numbers are taken modulo what is there; what is not there is a name nobody has.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    CreateCluster(u8),
    DeleteCluster(u8),
    Register {
        cluster: u8,
        cpu: i32,
        memory: i32,
        zone: u8,
    },
    RegisterAgain {
        instance: u8,
    },
    Define {
        family: u8,
        cpu: i32,
        memory: i32,
        port: Option<i32>,
        helpers: u8,
    },
    Retire {
        family: u8,
        revision: u8,
        delete: bool,
    },
    Run {
        cluster: u8,
        family: u8,
        count: i32,
        rules: Vec<u8>,
        /// One bit for each constraint there is.
        constraints: u8,
        token: Option<u8>,
    },
    Rack {
        instance: u8,
        rack: u8,
    },
    Start {
        family: u8,
        instances: Vec<u8>,
    },
    Stop {
        task: u8,
        reason: Option<u8>,
    },
    Describe {
        task: u8,
        instance: u8,
    },
    List {
        cluster: u8,
        stopped: bool,
        page: Option<i32>,
    },
    SetState {
        instance: u8,
        draining: bool,
    },
    Deregister {
        instance: u8,
        force: bool,
    },
    Disconnect(u8),
    Reconnect(u8),
    PowerOff(u8),
    PowerOn(u8),
    Terminate(u8),
    Restart {
        instance: u8,
        seconds: u64,
    },
    Exit {
        task: u8,
        code: i32,
    },
    PullFail {
        seconds: u64,
    },
    ReadLag {
        lag: u64,
        seconds: u64,
    },
    Weather(Weather),
    Heal,
    Later {
        family: u8,
        millis: u64,
    },
    Advance {
        millis: u64,
    },
    Step(u8),
    Settle,
}

/// What a script is played on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) seed: u64,
    pub(crate) pace: Pace,
    pub(crate) lagging: bool,
    pub(crate) shuffled: bool,
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    Ideal,
    Realistic,
    /// No time at all: everything falls on one moment.
    Instant,
}

/// A script being played: the simulation, what it made, and what was answered.
#[derive(Clone, Debug)]
pub(crate) struct Player {
    pub(crate) sim: Simulation,
    pub(crate) tasks: Vec<String>,
    pub(crate) instances: Vec<String>,
    pub(crate) answers: Vec<String>,
}

impl Player {
    pub(crate) fn on(stage: Stage) -> Self {
        Self::of(stage, |builder| builder)
    }

    /// The same, built with options of its own.
    pub(crate) fn of(stage: Stage, options: impl FnOnce(Builder) -> Builder) -> Self {
        let mut builder = Simulation::builder()
            .seed(stage.seed)
            .profile(busy(stage.pace))
            .trace(TraceMode::Ring(64));
        if stage.lagging {
            builder = builder.reads(Reads::Lagging {
                lag: Latency::Exponential {
                    mean: Duration::from_secs(4),
                },
                stale_probability: Ratio::new(1, 2),
                bound: Duration::from_secs(20),
            });
        }
        if stage.shuffled {
            builder = builder.event_ties(EventTies::Shuffled);
        }
        Self {
            sim: options(builder)
                .build()
                .expect("the options of a stage are good"),
            tasks: Vec::new(),
            instances: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub(crate) fn play(&mut self, script: &[Action]) {
        script.iter().for_each(|action| self.act(action));
    }

    /// Does one line and writes down what was answered.
    pub(crate) fn act(&mut self, action: &Action) {
        let answer = match (self.request(action), self.fault(action)) {
            (Some(request), _) => self.call(request),
            (None, Some(fault)) => format!("{:?}", self.sim.inject(&fault)),
            (None, None) => self.drive(action),
        };
        self.answers.push(answer);
    }

    fn call(&mut self, request: Request) -> String {
        match self.sim.call(request) {
            Err(refused) => refused.to_string(),
            Ok(output) => {
                match &output {
                    Output::RunTask(RunTaskOutput { tasks, .. })
                    | Output::StartTask(StartTaskOutput { tasks, .. }) => {
                        self.tasks
                            .extend(tasks.iter().map(|task| task.task_arn.to_string()));
                    }
                    Output::RegisterContainerInstance(answer) => {
                        let arn = &answer.container_instance.container_instance_arn;
                        self.instances.push(arn.to_string());
                    }
                    _ => {}
                }
                serde_json::to_string(&output).expect("an answer can be written")
            }
        }
    }

    fn drive(&mut self, action: &Action) -> String {
        let hour = Duration::from_secs(3600);
        match action {
            Action::Advance { millis } => {
                format!("{:?}", self.sim.advance(Duration::from_millis(*millis)))
            }
            Action::Later { family, millis } => {
                let request = RunTask::new(format!("f{family}"));
                format!(
                    "{:?}",
                    self.sim.schedule(Duration::from_millis(*millis), request)
                )
            }
            Action::Heal => format!("{:?}", self.sim.heal()),
            Action::Step(count) => (0..*count)
                .map(|_| format!("{:?}\n", self.sim.step()))
                .collect(),
            _ => format!("{:?}", self.sim.settle(hour)),
        }
    }

    /// The fault of a line, if it is one.
    pub(crate) fn fault(&self, action: &Action) -> Option<Fault> {
        let instance = |number: &u8| pick(&self.instances, *number);
        Some(match action {
            Action::Disconnect(number) => Fault::AgentDisconnect {
                container_instance: instance(number),
            },
            Action::Reconnect(number) => Fault::AgentReconnect {
                container_instance: instance(number),
            },
            Action::PowerOff(number) => Fault::InstanceStop {
                container_instance: instance(number),
            },
            Action::PowerOn(number) => Fault::InstanceStart {
                container_instance: instance(number),
            },
            Action::Terminate(number) => Fault::InstanceTerminate {
                container_instance: instance(number),
            },
            Action::Restart {
                instance: number,
                seconds,
            } => Fault::AgentRestart {
                container_instance: instance(number),
                lasting: Duration::from_secs(*seconds),
            },
            Action::Exit { task, code } => Fault::ContainerExit {
                task: pick(&self.tasks, *task),
                container: "app".to_owned(),
                exit_code: *code,
            },
            Action::PullFail { seconds } => Fault::PullFail {
                image: Glob::new("app:*"),
                lasting: Duration::from_secs(*seconds),
            },
            Action::ReadLag { lag, seconds } => Fault::ReadLag {
                lag: Duration::from_secs(*lag),
                lasting: Duration::from_secs(*seconds),
            },
            Action::Weather(weather) => weather.fault(self),
            _ => return None,
        })
    }

    /// The request of a line, if it is one.
    pub(crate) fn request(&self, action: &Action) -> Option<Request> {
        let instance = |number: &u8| pick(&self.instances, *number);
        Some(match action {
            Action::CreateCluster(number) => CreateCluster::new(cluster(*number)).into(),
            Action::DeleteCluster(number) => DeleteCluster::new(cluster(*number)).into(),
            Action::Register { .. } => register(action)?,
            Action::RegisterAgain { instance: number } => RegisterContainerInstance {
                container_instance_arn: Some(instance(number)),
                ..RegisterContainerInstance::default().cpu(2048).memory(4096)
            }
            .into(),
            Action::Define {
                family,
                cpu,
                memory,
                port,
                helpers,
            } => definition(*family, (*cpu, *memory), *port, *helpers).into(),
            Action::Retire {
                family,
                revision,
                delete,
            } => {
                let task_definition = format!("f{family}:{revision}");
                if *delete {
                    DeleteTaskDefinitions {
                        task_definitions: vec![task_definition],
                    }
                    .into()
                } else {
                    DeregisterTaskDefinition { task_definition }.into()
                }
            }
            Action::Run { .. } | Action::Start { .. } => self.launch(action)?,
            Action::Stop { task, reason } => {
                let request = StopTask::new(pick(&self.tasks, *task));
                let reason = reason.map(|length| "x".repeat(usize::from(length) * 8));
                StopTask { reason, ..request }.into()
            }
            Action::Describe { .. } | Action::List { .. } => self.read(action)?,
            Action::Rack {
                instance: number,
                rack,
            } => put_rack(instance(number), *rack),
            Action::SetState {
                instance: number,
                draining,
            } => {
                let statuses = [
                    ContainerInstanceStatus::Active,
                    ContainerInstanceStatus::Draining,
                ];
                let status = statuses[usize::from(*draining)];
                UpdateContainerInstancesState::new([instance(number)], status).into()
            }
            Action::Deregister {
                instance: number,
                force,
            } => {
                let request = DeregisterContainerInstance::new(instance(number));
                DeregisterContainerInstance {
                    force: Some(*force),
                    ..request
                }
                .into()
            }
            _ => return None,
        })
    }

    fn read(&self, action: &Action) -> Option<Request> {
        let instance = |number: &u8| pick(&self.instances, *number);
        Some(match action {
            Action::Describe {
                task,
                instance: number,
            } if task % 2 == 0 => DescribeContainerInstances::new([instance(number)]).into(),
            Action::Describe { task, .. } => DescribeTasks::new([pick(&self.tasks, *task)]).into(),
            Action::List {
                cluster: number,
                stopped,
                page,
            } => ListTasks {
                cluster: Some(cluster(*number)),
                desired_status: stopped.then_some(DesiredStatus::Stopped),
                max_results: *page,
                ..ListTasks::default()
            }
            .into(),
            _ => return None,
        })
    }

    fn launch(&self, action: &Action) -> Option<Request> {
        match action {
            Action::Run {
                cluster: number,
                family,
                count,
                rules,
                constraints,
                token,
            } => {
                let mut request = RunTask::new(format!("f{family}"))
                    .cluster(cluster(*number))
                    .count(*count);
                if *family == NETWORKED {
                    request = request.network(network());
                }
                if *family == NETWORKED && rules.contains(&4) {
                    request = request.launch_type(LaunchType::Fargate);
                } else {
                    request.placement_strategy = rules.iter().map(|rule| strategy(*rule)).collect();
                }
                let wanted = |(bit, _): &(usize, _)| constraints & 1 << bit != 0;
                let known = constraints_there_are()
                    .into_iter()
                    .enumerate()
                    .filter(wanted);
                request.placement_constraints = known.map(|(_, rule)| rule).collect();
                if let Some(token) = token {
                    request = request.client_token(format!("token-{token}"));
                }
                Some(request.into())
            }
            Action::Start { family, instances } => {
                let instances = instances
                    .iter()
                    .map(|number| pick(&self.instances, *number));
                let request = StartTask::new(format!("f{family}"), instances);
                Some(match *family {
                    NETWORKED => request.network(network()).into(),
                    _ => request.into(),
                })
            }
            _ => None,
        }
    }
}

/// One of the newest eight of what is there, zero being the newest, or, one time in sixteen, nobody.
fn pick(known: &[String], number: u8) -> String {
    let newest = &known[known.len().saturating_sub(8)..];
    match newest.len() {
        0 => "nobody".to_owned(),
        _ if number % 16 == 15 => "nobody".to_owned(),
        count => newest[count - 1 - usize::from(number) % count].clone(),
    }
}

fn cluster(number: u8) -> String {
    match number % 4 {
        0 => "default".to_owned(),
        3 => "not a name".to_owned(),
        other => format!("c{other}"),
    }
}

fn register(action: &Action) -> Option<Request> {
    let Action::Register {
        cluster: number,
        cpu,
        memory,
        zone,
    } = action
    else {
        return None;
    };
    let request = RegisterContainerInstance::new(cluster(*number))
        .cpu(*cpu)
        .memory(*memory)
        .attribute("ecs.availability-zone", ["a", "b"][usize::from(zone % 2)]);
    Some(match zone % 3 {
        0 => request.attribute("ecs.instance-type", "m5.large").into(),
        _ => request.into(),
    })
}

fn strategy(rule: u8) -> PlacementStrategy {
    match rule {
        0 => PlacementStrategy::spread_zones(),
        1 => PlacementStrategy::spread_instances(),
        2 => PlacementStrategy::binpack_cpu(),
        3 => PlacementStrategy::binpack_memory(),
        4 => PlacementStrategy::random(),
        _ => PlacementStrategy::spread("cpu"),
    }
}

fn put_rack(instance: String, rack: u8) -> Request {
    let rack = Attribute {
        target_id: Some(instance),
        ..Attribute::new("rack", rack.to_string())
    };
    PutAttributes::new([rack]).into()
}

/// Constraints that hold here and there, and one that is wrong.
fn constraints_there_are() -> [PlacementConstraint; 6] {
    let holds = PlacementConstraint::member_of;
    [
        PlacementConstraint::distinct_instance(),
        holds("attribute:rack in [0, 1] or attribute:ecs.availability-zone == b"),
        holds("runningTasksCount < 3"),
        holds("not(task:group == family:f1)"),
        holds("attribute:rack !exists or attribute:rack >= 1"),
        holds("attribute:rack ="),
    ]
}

/// The family whose tasks have network interfaces of their own.
const NETWORKED: u8 = 3;

fn network() -> NetworkConfiguration {
    NetworkConfiguration::subnets(["subnet-a", "subnet-b"])
}

fn definition(
    family: u8,
    (cpu, memory): (i32, i32),
    port: Option<i32>,
    helpers: u8,
) -> RegisterTaskDefinition {
    let mut app = ContainerDefinition::new("app", format!("app:{family}"))
        .cpu(cpu)
        .memory(memory);
    if let Some(port) = port {
        app = app.port(PortMapping::tcp(80).host_port(port));
    }
    if family == 2 {
        let check = HealthCheck::shell("true");
        app = app.health_check(HealthCheck {
            interval: Some(5),
            retries: Some(2),
            ..check
        });
    }
    let mut request = RegisterTaskDefinition::new(format!("f{family}"));
    if family == NETWORKED {
        let mode = NetworkMode::Awsvpc;
        request = request.network_mode(mode).cpu("256").memory("512");
        app = ContainerDefinition::new("app", "app:3");
    }
    let request = request.container(app);
    (0..helpers).fold(request, |request, number| {
        let helper = ContainerDefinition::new(format!("helper-{number}"), "helper:1");
        request.container(helper.memory(6).essential(number % 2 == 1))
    })
}

/// A profile in which some containers exit by themselves and some are slow to stop.
fn busy(pace: Pace) -> Profile {
    let mut profile = match pace {
        Pace::Ideal => Profile::ideal(),
        Pace::Realistic => Profile::realistic(),
        Pace::Instant => instant(),
    };
    let base = profile.default_workload.clone();
    let mut short = base.clone();
    short.run = Run::For(Latency::Exponential {
        mean: Duration::from_secs(20),
    });
    short.exit_code = ExitCode::Weighted(vec![(2, 0), (1, 1)]);
    let mut stubborn = base;
    stubborn.stop = Latency::Fixed(Duration::from_secs(45));
    profile.workloads = vec![
        WorkloadRow::new("*", "helper-0", short.clone()),
        WorkloadRow::new("f0", "*", short),
        WorkloadRow::new("f1", "*", stubborn),
    ];
    profile
}

fn instant() -> Profile {
    let mut profile = Profile::ideal();
    for name in Latencies::NAMES {
        let known = profile.latencies.set(name, Latency::ZERO);
        known.expect("it is a name of the list");
    }
    let workload = &mut profile.default_workload;
    workload.pull = Latency::ZERO;
    workload.start = Latency::ZERO;
    workload.stop = Latency::ZERO;
    profile
}
