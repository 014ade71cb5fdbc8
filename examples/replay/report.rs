//! What a replay came to, for people and for programs. Nothing here goes back into a simulation.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use wavetank::Digest;

use super::arguments::Arguments;
use super::drive::{Outcome, Setting};
use super::gauge::{Amounts, Area, Usage, amounts};
use super::shapes::Machines;
use super::trace::Trace;

const NANOS_PER_SECOND: f64 = 1e9;

/// Types of machine that are named one by one, at most.
const TYPES_NAMED: usize = 4;

/// The numbers of a replay; utilisation is a fraction of the whole cluster.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    trace: String,
    machines: String,
    instances: u64,
    zones: u8,
    strategy: String,
    profile: &'static str,
    seed: u64,
    tasks: u64,
    placed: u64,
    refused: u64,
    refused_by_reason: BTreeMap<String, u64>,
    peak_tasks: u64,
    /// Over time, from the first arrival to the last departure.
    cpu_utilisation: f64,
    memory_utilisation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_utilisation: Option<f64>,
    /// Over time, from the first arrival to the last.
    arriving_cpu_utilisation: f64,
    arriving_memory_utilisation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    arriving_gpu_utilisation: Option<f64>,
    /// At most.
    peak_cpu_utilisation: f64,
    peak_memory_utilisation: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_gpu_utilisation: Option<f64>,
    /// In use at the same time, at most.
    peak_instances_used: u64,
    /// In use at some time.
    instances_used: u64,
    /// From request to RUNNING, in seconds; absent when nothing came so far.
    running_p50_s: Option<f64>,
    running_p99_s: Option<f64>,
    /// Placed tasks that left before they were RUNNING.
    never_running: u64,
    run_task_calls: u64,
    stop_task_calls: u64,
    exits: u64,
    events: u64,
    simulated_s: f64,
    wall_s: f64,
    tasks_per_s: f64,
    notes: Vec<String>,
    digest: Digest,
}

impl Report {
    /// Works out the numbers of a replay that took `wall` of real time.
    pub(crate) fn new(
        arguments: &Arguments,
        trace: &Trace,
        setting: &Setting,
        outcome: &Outcome,
        wall: Duration,
    ) -> Self {
        let tasks = trace.tasks();
        let refused: u64 = outcome.refused.values().sum();
        let usage = &outcome.usage;
        let [cpu, memory, gpus] = shares(usage, capacity(setting));
        let of_gpus = |share: f64| {
            setting
                .machines
                .iter()
                .any(|machines| machines.size.gpus > 0)
                .then_some(share)
        };
        Self {
            trace: join(" + ", arguments.traces.iter().map(|file| base_name(file))),
            machines: machines(setting),
            instances: setting
                .machines
                .iter()
                .map(|machines| u64::from(machines.count))
                .sum(),
            zones: setting.zones,
            strategy: setting.strategy.to_string(),
            profile: arguments.timing.name(),
            seed: setting.seed,
            tasks,
            placed: outcome.placed,
            refused,
            refused_by_reason: outcome.refused.clone(),
            peak_tasks: usage.peak_tasks,
            cpu_utilisation: cpu.whole,
            memory_utilisation: memory.whole,
            gpu_utilisation: of_gpus(gpus.whole),
            arriving_cpu_utilisation: cpu.arriving,
            arriving_memory_utilisation: memory.arriving,
            arriving_gpu_utilisation: of_gpus(gpus.arriving),
            peak_cpu_utilisation: cpu.peak,
            peak_memory_utilisation: memory.peak,
            peak_gpu_utilisation: of_gpus(gpus.peak),
            peak_instances_used: usage.peak_instances,
            instances_used: usage.instances,
            running_p50_s: percentile(&outcome.waits, 50),
            running_p99_s: percentile(&outcome.waits, 99),
            never_running: outcome.placed - outcome.waits.len() as u64,
            run_task_calls: outcome.run_task_calls,
            stop_task_calls: outcome.stop_task_calls,
            exits: outcome.exits,
            events: outcome.events,
            simulated_s: outcome.end.as_nanos() as f64 / NANOS_PER_SECOND,
            wall_s: wall.as_secs_f64(),
            tasks_per_s: ratio(tasks as f64, wall.as_secs_f64()),
            notes: trace.notes(),
            digest: outcome.digest,
        }
    }

    /// The report as one JSON object in one line.
    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "trace        {} ({})",
            self.trace,
            many(self.tasks, "task")
        )?;
        let zones = many(u64::from(self.zones), "zone");
        writeln!(f, "machines     {} in {zones}", self.machines)?;
        let (strategy, profile, seed) = (&self.strategy, self.profile, self.seed);
        writeln!(f, "strategy     {strategy}, profile {profile}, seed {seed}")?;
        writeln!(f, "placed       {}", many(self.placed, "task"))?;
        writeln!(f, "refused      {}", many(self.refused, "task"))?;
        for (reason, count) in &self.refused_by_reason {
            writeln!(f, "             {} for {reason}", grouped(*count))?;
        }
        writeln!(f, "peak         {}", many(self.peak_tasks, "task"))?;
        self.utilisation(f)?;
        writeln!(
            f,
            "instances    {} of {} in use at the same time, {} ever",
            grouped(self.peak_instances_used),
            grouped(self.instances),
            grouped(self.instances_used)
        )?;
        if let (Some(half), Some(most)) = (self.running_p50_s, self.running_p99_s) {
            writeln!(f, "to RUNNING   p50 {half:.3} s, p99 {most:.3} s")?;
        }
        if self.never_running > 0 {
            let count = many(self.never_running, "task");
            writeln!(f, "             {count} left before that")?;
        }
        writeln!(
            f,
            "calls        {} RunTask, {} StopTask; {} ended by themselves",
            grouped(self.run_task_calls),
            grouped(self.stop_task_calls),
            many(self.exits, "task")
        )?;
        let (events, simulated) = (grouped(self.events), self.simulated_s);
        writeln!(f, "events       {events} in {simulated:.0} simulated s")?;
        let (wall, speed) = (self.wall_s, self.tasks_per_s);
        writeln!(f, "wall         {wall:.3} s, {speed:.0} tasks/s")?;
        for note in &self.notes {
            writeln!(f, "note         {note}")?;
        }
        writeln!(f, "digest       {}", self.digest)
    }
}

impl Report {
    fn utilisation(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, peak: f64, arriving: f64, whole: f64| {
            let (peak, arriving, whole) = (peak * 100.0, arriving * 100.0, whole * 100.0);
            writeln!(
                f,
                "{name:<12} {peak:.1} % at most, {arriving:.1} % until the last arrival, {whole:.1} % until the last departure"
            )
        };
        line(
            "cpu",
            self.peak_cpu_utilisation,
            self.arriving_cpu_utilisation,
            self.cpu_utilisation,
        )?;
        line(
            "memory",
            self.peak_memory_utilisation,
            self.arriving_memory_utilisation,
            self.memory_utilisation,
        )?;
        match (
            self.peak_gpu_utilisation,
            self.arriving_gpu_utilisation,
            self.gpu_utilisation,
        ) {
            (Some(peak), Some(arriving), Some(whole)) => line("gpu", peak, arriving, whole),
            _ => Ok(()),
        }
    }
}

/// How much of one resource was in use.
#[derive(Clone, Copy, Debug)]
struct Share {
    peak: f64,
    arriving: f64,
    whole: f64,
}

/// The shares of CPU, memory and GPUs that were in use.
fn shares(usage: &Usage, capacity: Amounts) -> [Share; 3] {
    std::array::from_fn(|at| {
        let capacity = capacity[at] as f64;
        let mean = |area: &Area| ratio(area.amounts[at] as f64, capacity * area.nanos as f64);
        Share {
            peak: ratio(usage.peak[at] as f64, capacity),
            arriving: mean(&usage.arriving),
            whole: mean(&usage.whole),
        }
    })
}

/// CPU units, MiB and GPUs of all machines together.
fn capacity(setting: &Setting) -> Amounts {
    let mut sum = [0; 3];
    for machines in &setting.machines {
        for (sum, amount) in sum.iter_mut().zip(amounts(machines.size)) {
            *sum += amount * u64::from(machines.count);
        }
    }
    sum
}

/// The least wait that at least `percent` of a hundred do not exceed, in seconds; `waits` ascends.
fn percentile(waits: &[Duration], percent: usize) -> Option<f64> {
    let rank = (waits.len() * percent).div_ceil(100);
    let wait = waits.get(rank.checked_sub(1)?)?;
    Some(wait.as_secs_f64())
}

/// A share; of nothing it is zero.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with what is counted.
fn many(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", grouped(count))
}

/// The machines of a cluster by type, or only their number when the types are many.
fn machines(setting: &Setting) -> String {
    let of_type = |machines: &Machines| format!("{} {}", machines.count, machines.instance_type);
    match setting.machines.len() {
        types if types > TYPES_NAMED => {
            let count = setting
                .machines
                .iter()
                .map(|machines| u64::from(machines.count));
            format!("{} machines of {types} types", grouped(count.sum()))
        }
        _ => join(", ", setting.machines.iter().map(of_type)),
    }
}

fn base_name(file: &std::path::Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

fn join(between: &str, parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(between)
}
