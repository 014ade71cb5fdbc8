//! Random scripts: requests, faults and advances that refer to what earlier ones made, by number.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wavetank::draw::{Latency, Ratio};
use wavetank::model::*;
use wavetank::{EventTies, Reads, Simulation, TraceMode};

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
    Run {
        cluster: u8,
        family: u8,
        count: i32,
        rules: Vec<u8>,
        distinct: bool,
        token: Option<u8>,
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
    Exit {
        task: u8,
        code: i32,
    },
    PullFail {
        seconds: u64,
    },
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

/// Any stage.
pub(crate) fn stage() -> impl Strategy<Value = Stage> {
    let pace = prop_oneof![
        2 => Just(Pace::Ideal),
        2 => Just(Pace::Realistic),
        1 => Just(Pace::Instant),
    ];
    (any::<u64>(), pace, any::<bool>(), any::<bool>()).prop_map(
        |(seed, pace, lagging, shuffled)| Stage {
            seed,
            pace,
            lagging,
            shuffled,
        },
    )
}

/// Any script of up to so many phrases, after an opening that makes most of them possible.
pub(crate) fn script(lines: usize) -> impl Strategy<Value = Vec<Action>> {
    vec(phrase(), 1..lines).prop_map(|rest| {
        let register = |zone| Action::Register {
            cluster: 0,
            cpu: 2048,
            memory: 4096,
            zone,
        };
        let define = |family, port, helpers| Action::Define {
            family,
            cpu: 256,
            memory: 512,
            port,
            helpers,
        };
        let opening = [
            register(0),
            register(1),
            define(0, None, 0),
            define(1, Some(8080), 0),
            define(2, None, 1),
        ];
        opening
            .into_iter()
            .chain(rest.into_iter().flatten())
            .collect()
    })
}

/// A line, or some that are rare in this order: a new owner of a port queues; a token is used again.
fn phrase() -> impl Strategy<Value = Vec<Action>> {
    prop_oneof![
        20 => action().prop_map(|action| vec![action]),
        1 => (0..50_000_u64).prop_map(clash),
        1 => (1..3_i32).prop_map(|count| vec![plain(0, 1, Some(0)), plain(0, count, Some(0))]),
    ]
}

fn plain(family: u8, count: i32, token: Option<u8>) -> Action {
    Action::Run {
        cluster: 0,
        family,
        count,
        rules: Vec::new(),
        distinct: false,
        token,
    }
}

fn clash(millis: u64) -> Vec<Action> {
    let newest = Action::Stop {
        task: 0,
        reason: None,
    };
    vec![
        plain(1, 2, None),
        Action::Advance { millis: 8_000 },
        newest,
        plain(1, 1, None),
        plain(0, 1, None),
        Action::Advance { millis },
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let sizes = || (0..3_i32, 0..3_i32).prop_map(|(cpu, memory)| (cpu * 700, 6 + memory * 1500));
    prop_oneof![
        3 => making(sizes()),
        8 => run(),
        2 => (0..4_u8, vec(any::<u8>(), 0..4)).prop_map(|(family, instances)| Action::Start { family, instances }),
        6 => (any::<u8>(), option::of(any::<u8>())).prop_map(|(task, reason)| Action::Stop { task, reason }),
        3 => reading(),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(instance, draining)| Action::SetState { instance, draining }),
        1 => (any::<u8>(), rarely()).prop_map(|(instance, force)| Action::Deregister { instance, force }),
        5 => fault(),
        1 => (0..3_u8, 0..9_000_u64).prop_map(|(family, millis)| Action::Later { family, millis }),
        8 => (0..20_000_u64).prop_map(|millis| Action::Advance { millis }),
        1 => Just(Action::Advance { millis: 3_700_000 }),
        3 => any::<u8>().prop_map(|count| Action::Step(count % 8)),
        1 => Just(Action::Settle),
    ]
}

fn rarely() -> impl Strategy<Value = bool> {
    prop_oneof![5 => Just(false), 1 => Just(true)]
}

fn run() -> impl Strategy<Value = Action> {
    let cluster = prop_oneof![8 => Just(0), 1 => 0..4_u8];
    let count = prop_oneof![8 => 1..4_i32, 2 => 4..11_i32, 1 => prop_oneof![Just(0), Just(11)]];
    let token = prop_oneof![4 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    (cluster, 0..4_u8, count, vec(0..6_u8, 0..3), rarely(), token).prop_map(
        |(cluster, family, count, rules, distinct, token)| Action::Run {
            cluster,
            family,
            count,
            rules,
            distinct,
            token,
        },
    )
}

fn making(
    sizes: impl Strategy<Value = (i32, i32)> + Clone + 'static,
) -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<u8>().prop_map(Action::CreateCluster),
        any::<u8>().prop_map(Action::DeleteCluster),
        (0..2_u8, sizes.clone(), any::<u8>()).prop_map(|(cluster, (cpu, memory), zone)| {
            Action::Register {
                cluster,
                cpu: cpu * 2,
                memory: memory * 2,
                zone,
            }
        }),
        any::<u8>().prop_map(|instance| Action::RegisterAgain { instance }),
        (0..4_u8, sizes, option::of(-1..90_i32), 0..3_u8).prop_map(
            |(family, (cpu, memory), port, helpers)| Action::Define {
                family,
                cpu,
                memory,
                port,
                helpers,
            }
        ),
    ]
}

fn reading() -> impl Strategy<Value = Action> {
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(task, instance)| Action::Describe { task, instance }),
        (0..3_u8, any::<bool>(), option::of(0..4_i32)).prop_map(|(cluster, stopped, page)| {
            Action::List {
                cluster,
                stopped,
                page,
            }
        }),
    ]
}

fn fault() -> impl Strategy<Value = Action> {
    prop_oneof![
        any::<u8>().prop_map(Action::Disconnect),
        any::<u8>().prop_map(Action::Reconnect),
        (any::<u8>(), prop_oneof![Just(0), Just(1), Just(137)])
            .prop_map(|(task, code)| Action::Exit { task, code }),
        (0..30_u64).prop_map(|seconds| Action::PullFail { seconds }),
    ]
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
            sim: builder.build().expect("the options of a stage are good"),
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
                            .extend(tasks.iter().map(|task| task.task_arn.clone()));
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
            Action::Exit { task, code } => Fault::ContainerExit {
                task: pick(&self.tasks, *task),
                container: "app".to_owned(),
                exit_code: *code,
            },
            Action::PullFail { seconds } => Fault::PullFail {
                image: Glob::new("app:*"),
                lasting: Duration::from_secs(*seconds),
            },
            _ => return None,
        })
    }

    /// The request of a line, if it is one.
    pub(crate) fn request(&self, action: &Action) -> Option<Request> {
        let instance = |number: &u8| pick(&self.instances, *number);
        Some(match action {
            Action::CreateCluster(number) => CreateCluster::new(cluster(*number)).into(),
            Action::DeleteCluster(number) => DeleteCluster::new(cluster(*number)).into(),
            Action::Register {
                cluster: number,
                cpu,
                memory,
                zone,
            } => RegisterContainerInstance::new(cluster(*number))
                .cpu(*cpu)
                .memory(*memory)
                .attribute("ecs.availability-zone", ["a", "b"][usize::from(zone % 2)])
                .into(),
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
            Action::Run { .. } | Action::Start { .. } => self.launch(action)?,
            Action::Stop { task, reason } => {
                let request = StopTask::new(pick(&self.tasks, *task));
                let reason = reason.map(|length| "x".repeat(usize::from(length) * 8));
                StopTask { reason, ..request }.into()
            }
            Action::Describe { .. } | Action::List { .. } => self.read(action)?,
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
                distinct,
                token,
            } => {
                let mut request = RunTask::new(format!("f{family}"))
                    .cluster(cluster(*number))
                    .count(*count);
                for rule in rules {
                    request = request.strategy(strategy(*rule));
                }
                if *distinct {
                    request = request.constraint(PlacementConstraint::distinct_instance());
                }
                if let Some(token) = token {
                    request = request.client_token(format!("token-{token}"));
                }
                Some(request.into())
            }
            Action::Start { family, instances } => {
                let instances = instances
                    .iter()
                    .map(|number| pick(&self.instances, *number));
                Some(StartTask::new(format!("f{family}"), instances).into())
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
    let request = RegisterTaskDefinition::new(format!("f{family}")).container(app);
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
