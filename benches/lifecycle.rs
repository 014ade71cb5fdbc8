//! The whole life of a task: RunTask → RUNNING → StopTask → STOPPED, at three sizes of cluster.
//!
//! Eight tasks run on each container instance; at twenty tasks a simulated second the oldest is stopped and a new one
//! runs, so that thousands are starting, stopping or retained for their hour at any time. Ideal latencies, digest on.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wavetank::model::{
    ContainerDefinition, LastStatus, RegisterContainerInstance, RegisterTaskDefinition, RunTask,
    StopTask,
};
use wavetank::{Checking, PlacementStrategy, Simulation, TraceMode};

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
            .extend(out.tasks.into_iter().map(|task| task.task_arn));
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

criterion_group!(benches, lifecycle);
criterion_main!(benches);
