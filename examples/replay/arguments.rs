//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;
use wavetank::model::{PlacementStrategy, Profile, duration};
use wavetank::placement::Baseline;

use super::drive::Setting;
use super::shapes::{ShapeError, Shapes, number_of_machines};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Replays a trace on a simulated cluster: each task is asked for with RunTask, stays as long as the trace says, and
leaves by itself or through StopTask.

Usage: replay [OPTIONS]

  --trace FILE          CSV with the columns arrival_s, duration_s, cpu_units and memory_mib, and if it has them gpu,
                        group, censored and count; several are replayed as one [the first hours of a day of Azure]
  --shape TYPE[:COUNT]  machines, several with commas between; `all` takes the counts of the table [m5.16xlarge]
  --instances N         how many machines of a type without a count [320]
  --shapes FILE         CSV of machine types: instance_type, cpu_units, memory_mib, and if it has them gpu and count
                        [a table of common EC2 types]
  --zones N             availability zones, 1 to 26, with the machines in each in turn [3]
  --strategy NAME       binpack:memory, binpack:cpu, spread:zone, spread:instance or random; several with commas
                        between, the first above the second and so on [binpack:memory]; or alone, in place of ECS's
                        scheduler: first-fit, best-fit, worst-fit, round-robin or dot-product
  --batch N             tasks of a group and size in one RunTask call, 1 to 10 [10]
  --jobs-under TIME     tasks with a shorter stay end by themselves, the others are stopped by their owner [1h]
  --profile NAME        ideal or realistic latencies [ideal]
  --seed N              the luck of the run [42]
  --json                prints the report as one JSON object
  --help                prints this
";

/// Machines of a type for which neither `--shape` nor `--instances` says how many.
const INSTANCES: u32 = 320;

/// What the command line asks for.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// To know the options.
    Help,
    /// To replay.
    Replay(Box<Arguments>),
}

/// The options of a replay.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) traces: Vec<PathBuf>,
    pub(crate) shapes: PathBuf,
    pub(crate) shape: String,
    pub(crate) instances: Option<u32>,
    pub(crate) zones: u8,
    pub(crate) strategy: Strategy,
    pub(crate) per_call: u8,
    pub(crate) jobs_under: Duration,
    pub(crate) timing: Timing,
    pub(crate) seed: u64,
    pub(crate) json: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            traces: vec![committed("azure_day1_slice.csv")],
            shapes: committed("ec2_shapes.csv"),
            shape: "m5.16xlarge".to_owned(),
            instances: None,
            zones: 3,
            strategy: Strategy::Ecs(vec![PlacementStrategy::binpack_memory()]),
            per_call: 10,
            jobs_under: Duration::from_secs(3600),
            timing: Timing::Ideal,
            seed: 42,
            json: false,
        }
    }
}

impl Arguments {
    /// What the replay itself depends on, with the machines looked up in `shapes`.
    pub(crate) fn setting(&self, shapes: &Shapes) -> Result<Setting, ShapeError> {
        Ok(Setting {
            machines: shapes.cluster(&self.shape, self.instances, INSTANCES)?,
            zones: self.zones,
            strategy: self.strategy.clone(),
            seed: self.seed,
            profile: self.timing.profile(),
            jobs_under: self.jobs_under,
            per_call: self.per_call,
        })
    }
}

/// How tasks are placed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strategy {
    /// By ECS's scheduler, with these strategies in order.
    Ecs(Vec<PlacementStrategy>),
    /// By another scheduler.
    Baseline(Baseline),
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ecs(strategies) => {
                let names: Vec<String> = strategies.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
            Self::Baseline(baseline) => baseline.fmt(f),
        }
    }
}

/// How long things take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    Ideal,
    Realistic,
}

impl Timing {
    /// Its name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ideal => "ideal",
            Self::Realistic => "realistic",
        }
    }

    /// The profile it stands for.
    pub(crate) fn profile(self) -> Profile {
        match self {
            Self::Ideal => Profile::ideal(),
            Self::Realistic => Profile::realistic(),
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut arguments = Arguments::default();
    let (mut traces, mut strategy) = (Vec::new(), Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Long("trace") => traces.push(PathBuf::from(parser.value()?)),
            Long("shapes") => arguments.shapes = PathBuf::from(parser.value()?),
            Long("shape") => arguments.shape = parser.value()?.string()?,
            Long("instances") => {
                arguments.instances = Some(parser.value()?.parse_with(number_of_machines)?);
            }
            Long("zones") => arguments.zones = parser.value()?.parse_with(up_to::<26>)?,
            Long("strategy") => strategy.push(parser.value()?.string()?),
            Long("batch") => arguments.per_call = parser.value()?.parse_with(up_to::<10>)?,
            Long("jobs-under") => {
                arguments.jobs_under = parser.value()?.parse_with(duration::parse)?;
            }
            Long("profile") => arguments.timing = parser.value()?.parse_with(timing)?,
            Long("seed") => arguments.seed = parser.value()?.parse()?,
            Long("json") => arguments.json = true,
            Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if !traces.is_empty() {
        arguments.traces = traces;
    }
    if !strategy.is_empty() {
        arguments.strategy = read_strategy(&strategy.join(","))?;
    }
    Ok(Command::Replay(Box::new(arguments)))
}

/// A file that comes with the example.
fn committed(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", "data", name]
        .iter()
        .collect()
}

fn up_to<const MOST: u8>(text: &str) -> Result<u8, String> {
    let number = text.parse().ok();
    number
        .filter(|number| (1..=MOST).contains(number))
        .ok_or_else(|| format!("expected a whole number from 1 to {MOST}"))
}

fn timing(text: &str) -> Result<Timing, String> {
    let all = [Timing::Ideal, Timing::Realistic];
    let found = all.into_iter().find(|timing| timing.name() == text);
    found.ok_or_else(|| "expected ideal or realistic".to_owned())
}

/// Strategies of ECS with commas between, or one baseline. Random placement is ECS's own.
fn read_strategy(text: &str) -> Result<Strategy, String> {
    let strategy = |name: &str| match name.trim() {
        "binpack:memory" => Ok(PlacementStrategy::binpack_memory()),
        "binpack:cpu" => Ok(PlacementStrategy::binpack_cpu()),
        "spread:zone" => Ok(PlacementStrategy::spread_zones()),
        "spread:instance" => Ok(PlacementStrategy::spread_instances()),
        "random" => Ok(PlacementStrategy::random()),
        other => Err(format!("{other:?} is no strategy, see --help")),
    };
    let strategies: Result<_, String> = text.split(',').map(strategy).collect();
    match (strategies, text.parse()) {
        (Ok(strategies), _) => Ok(Strategy::Ecs(strategies)),
        (Err(_), Ok(baseline)) => Ok(Strategy::Baseline(baseline)),
        (Err(wrong), Err(_)) => Err(wrong),
    }
}
