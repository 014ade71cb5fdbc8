//! Two zones with two machines each, six tasks spread over them, and an outage.

use std::error::Error;
use std::time::Duration;

use wavetank::model::PlacementTies;
use wavetank::trace::Timeline;
use wavetank::{
    ContainerDefinition, Fault, FaultPlan, LastStatus, PlacementStrategy,
    RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation, TraceMode,
};

const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];

/// The story, as text.
pub(crate) fn told() -> Result<String, Box<dyn Error>> {
    let zone = || ZONES[0].to_owned();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let plan = FaultPlan::new()
        .at(minutes(5), Fault::ZoneOutage { zone: zone() })
        .at(minutes(15), Fault::ZoneRecovery { zone: zone() });
    let mut sim = Simulation::builder()
        .placement_ties(PlacementTies::OldestInstance)
        .faults(plan)
        .trace(TraceMode::Full)
        .build()?;
    for zone in [ZONES[0], ZONES[1], ZONES[0], ZONES[1]] {
        let machine = RegisterContainerInstance::default().cpu(1024).memory(2048);
        sim.register_container_instance(machine.attribute("ecs.availability-zone", zone))?;
    }
    let nginx = ContainerDefinition::new("nginx", "nginx:1.27")
        .cpu(256)
        .memory(512);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
    let web = |count| {
        let spread = PlacementStrategy::spread_zones();
        RunTask::new("web").count(count).strategy(spread)
    };
    sim.run_task(web(6))?;
    let mut notes = Vec::new();

    // The control plane does not know at once: it goes on placing tasks on machines that are gone.
    sim.advance(minutes(5) + Duration::from_secs(20))?;
    sim.run_task(web(2))?;
    notes.push((sim.now(), "two more, while nobody knows yet".to_owned()));

    // Half a minute after it knows, whoever keeps six tasks starts what is missing.
    sim.advance(Duration::from_secs(70))?;
    let wanted = |sim: &Simulation| {
        let tasks = sim.ledger().tasks();
        tasks.filter(|(_, task)| task.is_wanted()).count()
    };
    let left = wanted(&sim);
    notes.push((
        sim.now(),
        format!("{left} of 8 are left; as many again are asked for"),
    ));
    let missing = i32::try_from(8 - left)?;
    let out = sim.run_task(web(missing))?;
    let (placed, failures) = (out.tasks.len(), out.failures.len());
    notes.push((
        sim.now(),
        format!("{placed} placed, {failures} without a place"),
    ));

    // The machines come back, empty. Standalone tasks stay where they are.
    sim.advance(minutes(10))?;
    let hosts = sim
        .ledger()
        .tasks()
        .filter(|(_, task)| task.last_status == LastStatus::Running);
    let running = hosts.count();
    notes.push((
        sim.now(),
        format!("{running} run, all of them in {}", ZONES[1]),
    ));
    sim.heal();
    sim.must_settle(minutes(5))?;

    let mut timeline = Timeline::of(sim.trace());
    for (at, note) in notes {
        timeline.note(at, note);
    }
    Ok(timeline.to_string())
}
