//! Standing promises: what a task costs, and what binpack and the messages between the planes keep.

use std::time::Duration;

use wavetank::invariant::Checking;
use wavetank::model::*;
use wavetank::placement::{Ask, Placement, Pool, Scheduler};
use wavetank::{Latency, Profile, Simulation};

use crate::support::{builder, one, sized};

const AN_HOUR: Duration = Duration::from_secs(3_600);

/// How many events a task takes from its request until nobody knows of it any more, stopped by a caller or by itself.
fn events_of_a_life(seed: u64, profile: &Profile, stops_itself: bool) -> u64 {
    let mut profile = profile.clone();
    if stops_itself {
        profile.default_workload.run = Run::For(Latency::fixed(AN_HOUR / 60).expect("it is short"));
    }
    let mut sim = builder()
        .seed(seed)
        .profile(profile)
        .build()
        .expect("options are good");
    let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
    sim.register_container_instance(machine)
        .expect("the machine is accepted");
    sim.register_task_definition(one("web"))
        .expect("the definition is accepted");
    let before = sim.events();
    let ran = sim.run_task(RunTask::new("web")).expect("it is asked well");
    let task = ran.tasks[0].task_arn.clone();
    sim.settle(AN_HOUR).expect("it runs");
    if !stops_itself {
        sim.stop_task(StopTask::new(task)).expect("it is known");
    }
    sim.settle(AN_HOUR).expect("it stops");
    sim.advance(2 * AN_HOUR).expect("it is forgotten");
    assert_eq!(sim.ledger().tasks_known(), 0);
    sim.events() - before
}

#[test]
fn a_task_of_one_container_costs_at_most_twelve_events() {
    for (name, profile) in [
        ("ideal", Profile::ideal()),
        ("realistic", Profile::realistic()),
    ] {
        for seed in 0..20 {
            for stops_itself in [false, true] {
                let events = events_of_a_life(seed, &profile, stops_itself);
                assert!((6..=12).contains(&events), "{name} {seed}: {events} events");
            }
        }
    }
}

/// Where each task went, and how long its message, its pull, its start and report, and its run took, and how it exited.
fn luck(builder: wavetank::Builder) -> (Vec<Option<String>>, Vec<String>) {
    let uniform = |low, high| {
        Latency::uniform(Duration::from_secs(low), Duration::from_secs(high)).expect("low is lower")
    };
    let mut profile = Profile::ideal();
    profile.latencies.payload = uniform(1, 20);
    profile.latencies.report = uniform(1, 20);
    profile.default_workload.pull = uniform(1, 100);
    profile.default_workload.start = uniform(1, 100);
    profile.default_workload.run = Run::For(uniform(100, 1_000));
    profile.default_workload.exit_code = ExitCode::Weighted(vec![(1, 0), (1, 1), (1, 2)]);
    let mut sim = builder.profile(profile).build().expect("options are good");
    for _ in 0..4 {
        let machine = RegisterContainerInstance::default().cpu(4096).memory(8192);
        sim.register_container_instance(machine)
            .expect("the machine is accepted");
    }
    sim.register_task_definition(one("web"))
        .expect("the definition is accepted");
    for _ in 0..3 {
        sim.run_task(packed("web").count(4))
            .expect("it is asked well");
    }
    sim.settle(AN_HOUR).expect("all of them end");
    let arns = sim.list_tasks(ListTasks {
        desired_status: Some(DesiredStatus::Stopped),
        ..ListTasks::new()
    });
    let arns = arns.expect("the cluster is there").task_arns;
    let tasks = sim.describe_tasks(DescribeTasks::new(arns));
    let tasks = tasks.expect("the cluster is there").tasks;
    let places = tasks.iter().map(|it| it.container_instance_arn.as_deref());
    let places = places.map(|arn| arn.map(str::to_owned)).collect();
    let told = tasks.iter().map(|task| {
        let times = [
            task.pull_started_at,
            task.pull_stopped_at,
            task.started_at,
            task.execution_stopped_at,
            task.stopped_at,
        ];
        format!("{times:?} {:?}", task.containers[0].exit_code)
    });
    (places, told.collect())
}

#[test]
fn the_same_task_meets_the_same_luck_under_every_scheduler() {
    let (packed, lives) = luck(builder());
    let (spread, others) = luck(builder().scheduler(Impostor).without_invariants());
    assert_eq!(lives.len(), 12);
    assert_ne!(packed, spread, "they go elsewhere");
    assert_eq!(lives, others);
    let (_, other_seed) = luck(builder().seed(7));
    assert_ne!(lives, other_seed);
}

/// Says that it is ECS's own scheduler, and spreads what it should pack.
#[derive(Clone, Debug)]
struct Impostor;

impl Scheduler for Impostor {
    fn name(&self) -> &str {
        "ecs"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let most = pool
            .feasible(ask)
            .max_by_key(|row| pool.remaining(*row).cpu);
        match most {
            Some(row) => Ok(pool.instances()[row]),
            None => Err(pool.refusal(ask)),
        }
    }
}

fn packed(family: &str) -> RunTask {
    let binpack = PlacementStrategy {
        r#type: Some(PlacementStrategyType::Binpack),
        field: Some("cpu".to_owned()),
    };
    RunTask {
        placement_strategy: vec![binpack],
        ..RunTask::new(family)
    }
}

/// A cluster of three equal machines, and the violations after five packed tasks, one or two a request.
fn violations(sim: &mut Simulation, request: impl Fn() -> RunTask) -> Vec<String> {
    for _ in 0..3 {
        let machine = RegisterContainerInstance::default().cpu(1024).memory(1024);
        sim.register_container_instance(machine)
            .expect("the machine is accepted");
    }
    sim.register_task_definition(sized("web", 256, 256))
        .expect("the definition is accepted");
    for count in [1, 2, 2] {
        sim.run_task(request().count(count))
            .expect("it is asked well");
    }
    let _ = sim.settle(AN_HOUR);
    let told = sim.violations().iter();
    told.map(|it| format!("{}: {}", it.invariant, it.evidence))
        .collect()
}

#[test]
fn a_scheduler_that_opens_an_instance_beside_one_with_room_is_found_out() {
    let every = || builder().checking(Checking::EveryEvent);
    let found = "binpack opens no empty instance: task-1 opened container-instance-1, though container-instance-2 is in use, has room and has less left";
    let impostor = || {
        every()
            .scheduler(Impostor)
            .build()
            .expect("options are good")
    };
    assert_eq!(violations(&mut impostor(), || packed("web"))[0], found);
    // Who asks for something else is promised nothing else.
    let none = [""; 0];
    assert_eq!(violations(&mut impostor(), || RunTask::new("web")), none);
    let mut honest = every().build().expect("options are good");
    assert_eq!(violations(&mut honest, || packed("web")), none);
    assert_eq!(honest.ledger().tasks_known(), 5);
}
