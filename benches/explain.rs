//! What explanations cost: nothing where nobody asks for one.
//!
//! Tasks are placed and stopped on a thousand container instances, as ever, and in a simulation that was asked for an
//! explanation before: the same work, since explaining happens on a fork, and the scheduler that places knows nothing of
//! it. Then a decision is explained.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use wavetank::model::*;
use wavetank::{Checking, Simulation, TraceMode};

/// Container instances, with room for many tasks each.
const INSTANCES: u32 = 1_000;

/// Tasks that are there before anything is timed.
const TASKS: u32 = 4_000;

fn request() -> RunTask {
    RunTask::new("web").strategy(PlacementStrategy::binpack_memory())
}

/// Tasks placed and stopped between two looks at the clock.
const LIVES: u32 = 1_000;

fn cluster() -> Simulation {
    let builder = Simulation::builder()
        .seed(42)
        .checking(Checking::AtRest)
        .trace(TraceMode::Off);
    let mut sim = builder.build().expect("the options are good");
    for number in 0..INSTANCES {
        let memory = 16_384 + 64 * i32::try_from(number % 7).expect("it is small");
        let machine = RegisterContainerInstance::default()
            .cpu(8192)
            .memory(memory);
        sim.register_container_instance(machine)
            .expect("it registers");
    }
    let container = ContainerDefinition::new("app", "web:1")
        .cpu(256)
        .memory(512);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))
        .expect("it registers");
    for _ in 0..TASKS / 10 {
        let spread = RunTask::new("web").count(10);
        let answer = sim.run_task(spread.strategy(PlacementStrategy::spread_instances()));
        assert_eq!(answer.expect("the request is good").failures, []);
    }
    sim
}

/// Places a task and stops it.
fn once(sim: &mut Simulation, request: &RunTask) {
    let answer = sim.run_task(request.clone()).expect("the request is good");
    let task = StopTask::new(&answer.tasks[0].task_arn);
    black_box(sim.stop_task(task).expect("it is known"));
}

/// Where the first tasks go, to see that both do the same work.
fn places(mut sim: Simulation) -> Vec<Option<String>> {
    let place = |_| {
        let answer = sim.run_task(request()).expect("the request is good");
        let on = &answer.tasks[0].container_instance_arn;
        on.as_deref().map(str::to_owned)
    };
    (0..20).map(place).collect()
}

fn explain(criterion: &mut Criterion) {
    let plain = cluster();
    let asked_before = plain.clone();
    let told = asked_before
        .explain(&request())
        .expect("the request is good");
    assert_eq!(told[0].considered.len(), INSTANCES as usize);
    assert_eq!(asked_before.state_digest(), plain.state_digest());
    assert_eq!(places(plain.clone()), places(asked_before.clone()));

    let mut group = criterion.benchmark_group("explain");
    group.bench_function("a decision", |bencher| {
        bencher.iter(|| black_box(plain.explain(&request()).expect("the request is good")));
    });
    group.throughput(Throughput::Elements(LIVES.into()));
    let simulations = [
        ("nobody asks", plain),
        ("somebody asked before", asked_before),
    ];
    for (name, sim) in simulations {
        let request = request();
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || sim.fork(),
                |sim| (0..LIVES).for_each(|_| once(sim, &request)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, explain);
criterion_main!(benches);
