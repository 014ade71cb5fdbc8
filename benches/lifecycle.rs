//! The whole life of a task, in two ways; ideal latencies, digest on.
//!
//! `lifecycle`: RunTask → RUNNING → StopTask → STOPPED, a call each. Eight tasks run on each container instance; at twenty
//! tasks a simulated second the oldest is stopped and a new one runs, so that thousands are starting, stopping or retained
//! for their hour at any time.
//!
//! `load`: a cluster of instances of 4 to 16 vCPUs kept 80 % full by tasks of 24 kinds that end by themselves after half an
//! hour or so; one in ten is stopped before. What ends is made good by RunTask, ten tasks a call.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wavetank::draw::Latency;
use wavetank::model::{
    ContainerDefinition, LastStatus, Profile, RegisterContainerInstance, RegisterTaskDefinition,
    Run, RunTask, StopTask,
};
use wavetank::{Checking, PlacementStrategy, SimTime, Simulation, TraceMode};

/// Between one task and the next, in simulated time.
const APART: Duration = Duration::from_millis(50);

/// A cluster in steady state.
struct Steady {
    sim: Simulation,
    live: VecDeque<String>,
    request: RunTask,
}

impl Steady {
    fn new(instances: u32, strategy: &[PlacementStrategy]) -> Self {
        let mut sim = Simulation::builder()
            .seed(42)
            .checking(Checking::AtRest)
            .trace(TraceMode::Off)
            .build()
            .expect("the defaults build");
        for number in 0..instances {
            let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][number as usize % 3];
            let instance = RegisterContainerInstance::default()
                .cpu(4096)
                .memory(16_384);
            let instance = instance.attribute("ecs.availability-zone", zone);
            sim.register_container_instance(instance)
                .expect("it registers");
        }
        let container = ContainerDefinition::new("app", "web:1")
            .cpu(256)
            .memory(1024);
        sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))
            .expect("it registers");
        let mut request = RunTask::new("web");
        request.placement_strategy = strategy.to_vec();
        let mut steady = Self {
            sim,
            live: VecDeque::new(),
            request,
        };
        for _ in 0..instances * 8 {
            steady.run();
        }
        steady
            .sim
            .settle(Duration::from_secs(3600))
            .expect("it settles");
        // An hour of steady state fills the retention.
        for _ in 0..72_000 {
            steady.life();
        }
        steady
    }

    fn run(&mut self) {
        let out = self
            .sim
            .run_task(self.request.clone())
            .expect("the request is good");
        assert!(out.failures.is_empty(), "the cluster has room");
        self.live
            .extend(out.tasks.into_iter().map(|task| task.task_arn.into()));
    }

    /// One task comes, one goes, time passes.
    fn life(&mut self) {
        self.run();
        let oldest = self.live.pop_front().expect("tasks are live");
        black_box(
            self.sim
                .stop_task(StopTask::new(oldest))
                .expect("the task is known"),
        );
        self.sim.advance(APART).expect("no invariant is violated");
    }

    /// Lives are what they are said to be: what was stopped has stopped, what was not runs, and two runs agree.
    fn check(&self, again: &Self) {
        let ledger = self.sim.ledger();
        let stopped = ledger
            .tasks()
            .filter(|(_, task)| task.last_status == LastStatus::Stopped)
            .count();
        let running = ledger
            .tasks()
            .filter(|(_, task)| task.last_status == LastStatus::Running)
            .count();
        assert!(
            stopped > 71_000 && running + 200 > self.live.len(),
            "{stopped} stopped, {running} running"
        );
        assert_eq!(
            self.sim.digest(),
            again.sim.digest(),
            "the same lives give the same digest"
        );
    }
}

fn lifecycle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lifecycle");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for instances in [100, 1_000, 10_000] {
        let mut steady = Steady::new(instances, &[]);
        steady.check(&Steady::new(instances, &[]));
        group.bench_function(format!("random/{instances}"), |bencher| {
            bencher.iter(|| steady.life())
        });
    }
    let strategy = [PlacementStrategy::binpack_memory()];
    let mut packed = Steady::new(1_000, &strategy);
    packed.check(&Steady::new(1_000, &strategy));
    group.bench_function("binpack/1000", |bencher| bencher.iter(|| packed.life()));
    group.finish();
}

/// How long a task of a load runs, on average.
const RUN: Duration = Duration::from_secs(1_600);

/// Tasks of one RunTask call.
const BATCH: u64 = 10;

/// A cluster that is kept busy.
struct Load {
    sim: Simulation,
    requests: Vec<RunTask>,
    /// The first task of each call: these are stopped early.
    early: VecDeque<String>,
    wanted: u64,
    words: u64,
}

impl Load {
    /// A load that has gone on for so long that as many tasks are forgotten as come.
    fn new(instances: u32, strategy: &[PlacementStrategy]) -> Self {
        let mut profile = Profile::ideal();
        profile.default_workload.run = Run::For(Latency::Exponential { mean: RUN });
        let mut sim = Simulation::builder()
            .seed(42)
            .profile(profile)
            .checking(Checking::AtRest)
            .trace(TraceMode::Off)
            .build()
            .expect("the profile is good");
        let mut memory = 0;
        for number in 0..instances {
            let size = [1, 2, 2, 4][number as usize % 4];
            let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][number as usize % 3];
            let instance = RegisterContainerInstance::default()
                .cpu(4096 * size)
                .memory(15_800 * size)
                .attribute("ecs.availability-zone", zone);
            sim.register_container_instance(instance)
                .expect("it registers");
            memory += 15_800 * u64::from(size.unsigned_abs());
        }
        let sizes = [1024, 512, 2048, 1024, 3000, 1500];
        let mut requests = Vec::new();
        for kind in 0..24 {
            let family = format!("kind-{kind}");
            let container = ContainerDefinition::new("app", "web:1")
                .cpu([128, 256, 256, 512][kind % 4])
                .memory(sizes[kind % 6]);
            sim.register_task_definition(RegisterTaskDefinition::new(&family).container(container))
                .expect("it registers");
            let mut request = RunTask::new(family).count(10);
            request.placement_strategy = strategy.to_vec();
            requests.push(request);
        }
        let mut load = Self {
            sim,
            requests,
            early: VecDeque::new(),
            wanted: memory / 5 * 4 / (sizes.iter().sum::<i32>().unsigned_abs() as u64 / 6),
            words: 88_172_645_463_325_252,
        };
        while load.live() + BATCH <= load.wanted {
            load.run();
        }
        load.early.drain(..load.early.len() / 2);
        // The retention of an hour, and a little.
        let end = SimTime::from_secs(3_700);
        while load.sim.now() < end {
            load.turn();
        }
        load
    }

    fn live(&self) -> u64 {
        let (_, cluster) = self.sim.ledger().clusters().iter().next().expect("one is");
        u64::from(cluster.live)
    }

    fn run(&mut self) {
        self.words ^= self.words << 13;
        self.words ^= self.words >> 7;
        self.words ^= self.words << 17;
        let request = &self.requests[(self.words % 24) as usize];
        let out = self.sim.run_task(request.clone()).expect("it is good");
        assert!(out.failures.is_empty(), "the cluster has room");
        let first = out.tasks.into_iter().next().expect("ten were placed");
        self.early.push_back(first.task_arn.into());
    }

    /// As much time as ten tasks take to end; what has ended is made good, and one is stopped early.
    fn turn(&mut self) {
        let apart = RUN * u32::try_from(BATCH).expect("ten")
            / u32::try_from(self.wanted).expect("it is few");
        self.sim.advance(apart).expect("no invariant is violated");
        while self.live() + BATCH <= self.wanted {
            self.run();
            if self.early.len() as u64 > self.wanted / 20 {
                let arn = self.early.pop_front().expect("there are many");
                // One that ended by itself long ago is forgotten, and not found any more.
                black_box(self.sim.stop_task(StopTask::new(arn)).is_ok());
            }
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a smoke test leaves the great sizes out; what is measured does not depend on it"
)]
fn load(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load");
    group
        .throughput(Throughput::Elements(BATCH))
        .sample_size(10);
    let is_smoke_test = std::env::args().any(|argument| argument == "--test");
    let sizes: &[u32] = if is_smoke_test {
        &[100]
    } else {
        &[100, 1_000, 10_000, 100_000]
    };
    for instances in sizes {
        let mut load = Load::new(*instances, &[]);
        if *instances <= 1_000 {
            let again = Load::new(*instances, &[]);
            assert_eq!(load.sim.digest(), again.sim.digest(), "two loads are one");
        }
        group.bench_function(format!("random/{instances}"), |bencher| {
            bencher.iter(|| load.turn())
        });
    }
    group.finish();
}

criterion_group!(benches, lifecycle, load);
criterion_main!(benches);
