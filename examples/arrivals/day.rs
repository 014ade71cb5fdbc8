//! The day.

use std::error::Error;
use std::time::Duration;

use wavetank::batch::{Batch, BatchJob};
use wavetank::draw::Draws;
use wavetank::model::{Run, WorkloadRow};
use wavetank::workload::Arrivals;
use wavetank::{
    ContainerDefinition, Latency, Profile, RegisterContainerInstance, RegisterTaskDefinition,
    RunTask, SimTime, Simulation,
};

const DAY: Duration = Duration::from_secs(86_400);

/// What became of a day.
pub(crate) fn report(seed: u64) -> Result<String, Box<dyn Error>> {
    let mut profile = Profile::realistic();
    let mut short = profile.default_workload.clone();
    short.run = Run::For(Latency::log_normal(Duration::from_secs(300), 800_000)?);
    profile.workloads.push(WorkloadRow::new("*", "*", short));
    let mut sim = Simulation::builder().seed(seed).profile(profile).build()?;
    for _ in 0..4 {
        let machine = RegisterContainerInstance::default()
            .cpu(4_096)
            .memory(8_192);
        sim.register_container_instance(machine)?;
    }
    for family in ["request", "step"] {
        let container = ContainerDefinition::new("app", "app:1")
            .cpu(512)
            .memory(512);
        sim.register_task_definition(RegisterTaskDefinition::new(family).container(container))?;
    }

    // Busy by day, and a burst of retries every few hours.
    let mut hours = [1; 24];
    hours[8..18].fill(10);
    let by_hour = Arrivals::Daily {
        busiest: Duration::from_secs(120),
        hours,
    };
    let retries = Arrivals::Bursts {
        gap: Latency::exponential(Duration::from_secs(4 * 3_600))?,
        size: 20,
        spread: Latency::uniform(Duration::ZERO, Duration::from_secs(60))?,
    };
    let draws = Draws::new(seed);
    for (stream, arrivals) in (0..).zip([by_hour, retries]) {
        let times = arrivals.times(&draws, stream, SimTime::ZERO)?;
        let today = times.take_while(|at| at.since(SimTime::ZERO) < DAY);
        sim.schedule_all(today.map(|at| (at, RunTask::new("request"))))?;
    }

    let nightly = Batch::new([
        BatchJob::new("fetch", RunTask::new("step")),
        BatchJob::new("clean", RunTask::new("step").count(8)).after(["fetch"]),
        BatchJob::new("report", RunTask::new("step")).after(["clean"]),
    ])?;
    let mut nightly = nightly.start(&mut sim)?;
    let is_done = nightly.drive(&mut sim, DAY)?;
    let ready = sim.now();
    sim.advance_to(SimTime::ZERO + DAY)?;
    let asked = sim.ledger().next_task().number();
    Ok(format!(
        "nightly batch done: {is_done}, at {ready}\ntasks asked for: {asked}\ndigest: {}\n",
        sim.digest()
    ))
}
