//! A task's life under load: tasks come, run for a while, end, and are replaced, on a cluster kept at four fifths.

use std::time::Duration;

use cpu_time::ThreadTime;
use wavetank::draw::Latency;
use wavetank::model::{Profile, RunTaskOutput};
use wavetank::trace::TraceMode;
use wavetank::{
    Checking, ContainerDefinition, PlacementStrategy, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, SimTime, Simulation,
};

use crate::naive::Naive;

/// How tasks are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    Random,
    Binpack,
}

/// CPU units and MiB of the `n`-th container instance.
pub const fn instance(number: u32) -> (u32, u32) {
    let size = [1, 2, 2, 4][number as usize % 4];
    (4_096 * size, 15_800 * size)
}

/// CPU units and MiB of the tasks of a class.
pub const fn class(number: usize) -> (u32, u32) {
    (
        [128, 256, 256, 512][number % 4],
        [1_024, 512, 2_048, 1_024, 3_000, 1_500][number % 6],
    )
}

pub const CLASSES: usize = 24;

/// How long a task runs on average.
pub const MEAN_RUN: Duration = Duration::from_secs(1_600);

/// Tasks of a request.
const BATCH: i32 = 10;

/// Both engines, asked in the same way.
pub trait Engine {
    fn run(&mut self, request: RunTask) -> RunTaskOutput;

    fn advance(&mut self, span: Duration);

    /// Tasks that have not stopped.
    fn active(&self) -> u64;
}

impl Engine for Simulation {
    fn run(&mut self, request: RunTask) -> RunTaskOutput {
        self.run_task(request).expect("the request is good")
    }

    fn advance(&mut self, span: Duration) {
        Simulation::advance(self, span).expect("no invariant is violated");
    }

    fn active(&self) -> u64 {
        let cluster = self
            .ledger()
            .clusters()
            .iter()
            .next()
            .expect("there is one")
            .1;
        u64::from(cluster.running + cluster.pending)
    }
}

/// One engine at its load.
struct Load<E> {
    engine: E,
    requests: Vec<RunTask>,
    wanted: u64,
    tick: Duration,
    word: u64,
    placed: u64,
}

impl<E: Engine> Load<E> {
    fn new(engine: E, instances: u32, placement: Placement) -> Self {
        let memory: u64 = (0..instances)
            .map(|number| u64::from(instance(number).1))
            .sum();
        let task: u64 = (0..CLASSES)
            .map(|number| u64::from(class(number).1))
            .sum::<u64>()
            / CLASSES as u64;
        let wanted = memory * 4 / 5 / task;
        let request = |number| {
            let request = RunTask::new(format!("web{number}")).count(BATCH);
            match placement {
                Placement::Random => request,
                Placement::Binpack => request.strategy(PlacementStrategy::binpack_memory()),
            }
        };
        let mut load = Self {
            engine,
            requests: (0..CLASSES).map(request).collect(),
            wanted,
            tick: MEAN_RUN * BATCH as u32 / wanted as u32,
            word: 88_172_645_463_325_252,
            placed: 0,
        };
        load.fill();
        load.engine.advance(Duration::from_secs(10));
        // So many lives that tasks of all ages are there.
        load.turns(wanted);
        load
    }

    fn fill(&mut self) {
        while self.engine.active() + BATCH as u64 <= self.wanted {
            self.word ^= self.word << 13;
            self.word ^= self.word >> 7;
            self.word ^= self.word << 17;
            let class = (u128::from(self.word) * CLASSES as u128) >> 64;
            let output = self.engine.run(self.requests[class as usize].clone());
            assert!(output.failures.is_empty(), "a fifth is free");
            self.placed += output.tasks.len() as u64;
        }
    }

    fn turns(&mut self, lives: u64) {
        let end = self.placed + lives;
        while self.placed < end {
            self.engine.advance(self.tick);
            self.fill();
        }
    }
}

fn simulation(instances: u32) -> Simulation {
    let mut profile = Profile::ideal();
    profile.default_workload.run =
        wavetank::model::Run::For(Latency::Exponential { mean: MEAN_RUN });
    let builder = Simulation::builder()
        .seed(42)
        .checking(Checking::AtRest)
        .trace(TraceMode::Off);
    let mut simulation = builder
        .profile(profile)
        .build()
        .expect("the profile is good");
    for number in 0..instances {
        let (cpu, memory) = instance(number);
        let request = RegisterContainerInstance::default()
            .cpu(cpu as i32)
            .memory(memory as i32);
        simulation
            .register_container_instance(request)
            .expect("the request is good");
    }
    for number in 0..CLASSES {
        let (cpu, memory) = class(number);
        let container = ContainerDefinition::new("app", "web:1")
            .cpu(cpu as i32)
            .memory(memory as i32);
        let request = RegisterTaskDefinition::new(format!("web{number}")).container(container);
        simulation
            .register_task_definition(request)
            .expect("the request is good");
    }
    assert_eq!(simulation.now(), SimTime::ZERO);
    simulation
}

/// Runs both engines round by round and prints what a life takes.
pub fn compare(instances: u32, lives: u64, placement: Placement, rounds: u32) {
    let mut ours = Load::new(simulation(instances), instances, placement);
    let mut naive = Load::new(Naive::new(instances, placement), instances, placement);
    let mut least = [Duration::MAX; 2];
    let mut ratio = f64::MAX;
    for _ in 0..rounds {
        let start = ThreadTime::now();
        ours.turns(lives);
        let own = start.elapsed();
        let start = ThreadTime::now();
        naive.turns(lives);
        let other = start.elapsed();
        least = [least[0].min(own), least[1].min(other)];
        ratio = ratio.min(other.as_secs_f64() / own.as_secs_f64());
    }
    let [own, other] = least.map(|took| took.as_nanos() as f64 / lives as f64 / 1e3);
    println!("| {instances} | {placement:?} | {own:.1} µs | {other:.1} µs | {ratio:.1} |");
}
