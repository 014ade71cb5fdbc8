//! Placement told in text: a cluster, a request, and where its tasks go.
//!
//! A cluster is one container instance a line: its name, then words.
//!
//! | word | meaning |
//! | --- | --- |
//! | `cpu=1024`, `memory=2048`, `gpus=2` | what is left of it after the tasks of this line; 4096, 8192 and none unless said |
//! | `zone=a` | its attribute `ecs.availability-zone` |
//! | `rack=7` | any other word with a value is an attribute |
//! | `runs=web*2` | tasks of that group that it runs |
//! | `stops=web` | tasks of that group that were told to stop and have not stopped |
//! | `holds=80`, `holds=53/udp` | a host port that is taken |
//! | `draining`, `disconnected` | how it is |
//!
//! A request is words: `count=2 cpu=256 memory=512 gpus=1 port=80 port=53/udp group=web distinct random spread=FIELD
//! binpack=FIELD`, where rules are in order. An expectation is the names of container instances in the order of the
//! tasks, then `REASON@name` for each failure.

use wavetank::Builder;
use wavetank::model::*;

use super::{Trial, builder};

/// Asserts where a request puts its tasks, and what it tells of those without a place.
#[track_caller]
pub(crate) fn check_placement(cluster: &str, request: &str, expected: &str) {
    let found = placed(builder(), cluster, request);
    assert_eq!(found, expected, "\n{request}\non\n{cluster}");
}

/// Where a request puts its tasks in a simulation with options of its own.
#[track_caller]
pub(crate) fn placed(builder: Builder, cluster: &str, request: &str) -> String {
    let (mut trial, names) = staged(builder, cluster);
    let request = read_request(&mut trial, request);
    let answer = trial
        .run_task(request)
        .expect("the request of a fixture is good");
    let name = |arn: Option<&str>| {
        let known = names.iter().find(|(_, known)| Some(known.as_str()) == arn);
        known.map_or("nobody", |(name, _)| name.as_str())
    };
    let tasks = answer.tasks.iter();
    let tasks = tasks.map(|task| name(task.container_instance_arn.as_deref()).to_owned());
    let failures = answer.failures.iter();
    let failures =
        failures.map(|failure| format!("{}@{}", failure.reason, name(failure.arn.as_deref())));
    tasks.chain(failures).collect::<Vec<_>>().join(" ")
}

/// A cluster in a simulation with options of its own, and the name and the ARN of each container instance.
#[track_caller]
pub(crate) fn staged(builder: Builder, cluster: &str) -> (Trial, Vec<(String, String)>) {
    let mut trial = Trial::of(builder);
    let lines = cluster.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty());
    let names = lines.map(|line| build(&mut trial, line)).collect();
    (trial, names)
}

/// What a line says of a container instance.
struct Line<'a> {
    cpu: i32,
    memory: i32,
    gpus: i32,
    attributes: Vec<(&'a str, &'a str)>,
    tasks: Vec<(&'a str, bool)>,
    ports: Vec<&'a str>,
    marks: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn read(words: impl Iterator<Item = &'a str>) -> Self {
        let mut line = Self {
            cpu: 4096,
            memory: 8192,
            gpus: 0,
            attributes: Vec::new(),
            tasks: Vec::new(),
            ports: Vec::new(),
            marks: Vec::new(),
        };
        for word in words {
            match word.split_once('=') {
                None => line.marks.push(word),
                Some(("cpu", value)) => line.cpu = number(value),
                Some(("memory", value)) => line.memory = number(value),
                Some(("gpus", value)) => line.gpus = number(value),
                Some(("zone", value)) => line.attributes.push(("ecs.availability-zone", value)),
                Some((kind @ ("runs" | "stops"), value)) => {
                    let (group, count) = value.split_once('*').unwrap_or((value, "1"));
                    line.tasks
                        .extend((0..number(count)).map(|_| (group, kind == "stops")));
                }
                Some(("holds", value)) => line.ports.push(value),
                Some(attribute) => line.attributes.push(attribute),
            }
        }
        line
    }
}

fn number(text: &str) -> i32 {
    text.parse().expect("a number of a fixture is one")
}

/// A mapping of `80` or `53/udp`.
fn mapping(text: &str) -> PortMapping {
    match text.split_once('/') {
        Some((port, "udp")) => PortMapping::udp(number(port)).host_port(number(port)),
        _ => PortMapping::tcp(number(text)).host_port(number(text)),
    }
}

/// Memory of a task that is there only to be counted: the least that ECS allows.
const FILLER: i32 = 6;

/// Registers the container instance of a line with what its tasks take on top; its name and ARN.
fn build(trial: &mut Trial, text: &str) -> (String, String) {
    let mut words = text.split_whitespace();
    let name = words.next().expect("a line begins with a name").to_owned();
    let line = Line::read(words);
    let kept = line.tasks.iter().filter(|(_, stops)| !stops).count() + line.ports.len();
    let extra = FILLER * i32::try_from(kept).expect("a fixture has few tasks");
    let room = if line.tasks.iter().any(|(_, stops)| *stops) {
        FILLER
    } else {
        0
    };
    assert!(line.memory >= room, "a task that stops needs {FILLER} MiB");
    let mut request = RegisterContainerInstance::default()
        .cpu(line.cpu)
        .memory(line.memory + extra);
    for (key, value) in &line.attributes {
        request = request.attribute(key, value);
    }
    for gpu in 0..line.gpus {
        request = request.gpu(format!("gpu-{gpu}"));
    }
    let arn = trial.register(request);
    let container = || ContainerDefinition::new("app", "filler:1").memory(FILLER);
    for port in &line.ports {
        let holder = container().port(mapping(port));
        trial.define(RegisterTaskDefinition::new("holder").container(holder));
        trial.start("holder", &arn);
    }
    trial.define(RegisterTaskDefinition::new("filler").container(container()));
    for (group, stops) in &line.tasks {
        let request = StartTask::new("filler", [&arn]).group(*group);
        let answer = trial.start_task(request).expect("the request is good");
        if *stops {
            trial.stop(&answer.tasks[0].task_arn);
        }
    }
    for mark in &line.marks {
        match *mark {
            "draining" => trial.set_state(&arn, ContainerInstanceStatus::Draining),
            "disconnected" => trial.disconnect(&arn),
            other => panic!("a fixture has no word {other}"),
        }
    }
    (name, arn)
}

/// Reads a request, and registers the definition it runs.
fn read_request(trial: &mut Trial, text: &str) -> RunTask {
    let mut container = ContainerDefinition::new("app", "asked:1").memory(FILLER);
    let mut request = RunTask::new("asked");
    for word in text.split_whitespace() {
        request = match word.split_once('=') {
            Some(("count", value)) => request.count(number(value)),
            Some(("group", value)) => request.group(value),
            Some(("spread", field)) => request.strategy(PlacementStrategy::spread(field)),
            Some(("binpack", field)) => request.strategy(PlacementStrategy {
                field: Some(field.to_owned()),
                ..PlacementStrategy::binpack_cpu()
            }),
            None if word == "random" => request.strategy(PlacementStrategy::random()),
            None if word == "distinct" => {
                request.constraint(PlacementConstraint::distinct_instance())
            }
            Some((key, value)) => {
                container = match key {
                    "cpu" => container.cpu(number(value)),
                    "memory" => container.memory(number(value)),
                    "port" => container.port(mapping(value)),
                    "gpus" => {
                        let count = value.parse().expect("a number of a fixture is one");
                        container
                            .resource_requirements
                            .push(ResourceRequirement::gpu(count));
                        container
                    }
                    other => panic!("a request has no word {other}"),
                };
                request
            }
            None => panic!("a request has no word {word}"),
        };
    }
    trial.define(RegisterTaskDefinition::new("asked").container(container));
    request
}
