//! A fork: the clone of a simulation of 1,000 container instances and 10,000 running tasks.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use wavetank::model::{
    ContainerDefinition, LastStatus, RegisterContainerInstance, RegisterTaskDefinition, RunTask,
};
use wavetank::{Checking, Simulation};

fn running(instances: u32, tasks: u32) -> Simulation {
    let mut sim = Simulation::builder()
        .seed(42)
        .checking(Checking::AtRest)
        .build()
        .expect("the defaults build");
    for _ in 0..instances {
        let instance = RegisterContainerInstance::default()
            .cpu(4096)
            .memory(16_384);
        sim.register_container_instance(instance)
            .expect("it registers");
    }
    let container = ContainerDefinition::new("app", "web:1")
        .cpu(256)
        .memory(1024);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))
        .expect("it registers");
    for _ in 0..tasks / 10 {
        let out = sim
            .run_task(RunTask::new("web").count(10))
            .expect("the request is good");
        assert_eq!(out.tasks.len(), 10, "the cluster has room");
    }
    sim.settle(Duration::from_secs(60)).expect("it settles");
    sim
}

fn fork(criterion: &mut Criterion) {
    let sim = running(1_000, 10_000);
    let up = sim
        .ledger()
        .tasks()
        .filter(|(_, task)| task.last_status == LastStatus::Running)
        .count();
    assert_eq!(up, 10_000);
    let fork = sim.fork();
    assert_eq!(
        (fork.digest(), fork.state_digest()),
        (sim.digest(), sim.state_digest())
    );
    criterion.bench_function("fork/1000x10000", |bencher| bencher.iter(|| sim.fork()));
}

criterion_group!(benches, fork);
criterion_main!(benches);
