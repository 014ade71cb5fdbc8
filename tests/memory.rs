//! What is left of tasks that came and went: nothing.

use std::time::Duration;

use wavetank::{
    ContainerDefinition, PlacementStrategy, RegisterContainerInstance, RegisterTaskDefinition,
    RunTask, Simulation, StopTask,
};

/// Ten tasks of a group of their own run, are stopped, and are forgotten.
fn come_and_go(sim: &mut Simulation, round: u32) {
    let request = RunTask::new("web")
        .count(10)
        .group(format!("round-{round:04}"));
    let tasks = sim.run_task(request).expect("the request is good").tasks;
    assert_eq!(tasks.len(), 10, "the instance has room");
    sim.advance(Duration::from_secs(10))
        .expect("no invariant is violated");
    for task in tasks {
        let stop = StopTask::new(task.task_arn).reason("enough");
        sim.stop_task(stop).expect("the task is known");
    }
    sim.advance(Duration::from_secs(2 * 3600))
        .expect("no invariant is violated");
}

#[test]
fn nothing_grows_with_the_tasks_that_ever_were() {
    let mut sim = Simulation::builder()
        .seed(42)
        .build()
        .expect("the defaults build");
    let instance = RegisterContainerInstance::default()
        .cpu(4096)
        .memory(16_384);
    sim.register_container_instance(instance)
        .expect("it registers");
    let pair = RegisterTaskDefinition::new("web")
        .container(ContainerDefinition::new("app", "web:1").memory(64))
        .container(ContainerDefinition::new("helper", "helper:1").memory(64));
    sim.register_task_definition(pair).expect("it registers");

    let mut sizes = Vec::new();
    for round in 0..60 {
        come_and_go(&mut sim, round);
        let ledger = sim.ledger();
        let left = (
            ledger.tasks_known(),
            ledger.launches().count(),
            ledger.groups().iter().count(),
            ledger.hosts().tasks().count(),
            sim.pending(),
        );
        assert_eq!(left, (0, 0, 0, 0, 0), "after round {round}");
        sizes.push(
            serde_json::to_vec(ledger)
                .expect("a ledger is plain data")
                .len(),
        );
    }
    // The counters of numbers given out gain digits, and nothing else grows.
    let grown = sizes[59] - sizes[0];
    assert!(grown < 20, "the ledger grew by {grown} bytes: {sizes:?}");
}

#[test]
fn no_group_is_kept_in_mind_once_its_last_task_is_forgotten() {
    let mut sim = Simulation::builder()
        .invariant(wavetank::invariant::Audit::every(1))
        .build()
        .expect("the defaults build");
    for _ in 0..64 {
        let instance = RegisterContainerInstance::default()
            .cpu(4096)
            .memory(16_384);
        sim.register_container_instance(instance)
            .expect("it registers");
    }
    let app = ContainerDefinition::new("app", "web:1").memory(64);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(app))
        .expect("it registers");
    for round in 0..3 {
        // The second request finds the group there, and goes by what is known of its tasks.
        for _ in 0..2 {
            let request = RunTask::new("web")
                .group(format!("round-{round}"))
                .strategy(PlacementStrategy::spread_instances());
            let answer = sim.run_task(request).expect("the request is good");
            sim.stop_task(StopTask::new(&*answer.tasks[0].task_arn))
                .expect("the task is known");
        }
        sim.advance(Duration::from_secs(2 * 3600))
            .expect("no index knows a group that is gone");
        assert_eq!(sim.ledger().groups().iter().count(), 0);
    }
}
