//! One machine on spot capacity and one that stays, jobs of three minutes that keep coming, and a notice.

use std::error::Error;
use std::time::Duration;

use wavetank::model::{PlacementConstraint, PlacementTies, Run, SpotTarget, WorkloadRow};
use wavetank::trace::Timeline;
use wavetank::{
    ContainerDefinition, Fault, Latency, PlacementStrategy, Profile, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, Simulation, StopCode, TraceMode,
};

/// Both stories, as text.
pub(crate) fn told() -> Result<String, Box<dyn Error>> {
    Ok(format!(
        "Agents that do nothing at the notice:\n\n{}\nAgents that drain (ECS_ENABLE_SPOT_INSTANCE_DRAINING):\n\n{}",
        noticed(false)?,
        noticed(true)?,
    ))
}

/// What becomes of the jobs around a notice.
fn noticed(drains: bool) -> Result<Timeline, Box<dyn Error>> {
    let mut profile = Profile::ideal();
    profile.agents.spot_instance_draining = drains;
    let mut job = profile.default_workload.clone();
    job.run = Run::For(Latency::fixed(Duration::from_secs(150))?);
    profile.workloads.push(WorkloadRow::new("job", "*", job));
    let mut sim = Simulation::builder()
        .placement_ties(PlacementTies::OldestInstance)
        .profile(profile)
        .trace(TraceMode::Full)
        .build()?;
    let mut machines = Vec::new();
    for capacity in ["spot", "on-demand"] {
        let machine = RegisterContainerInstance::default().cpu(1024).memory(2048);
        let machine = machine.attribute("capacity", capacity);
        let out = sim.register_container_instance(machine)?;
        machines.push(out.container_instance.container_instance_arn.to_string());
    }
    let work = ContainerDefinition::new("work", "job:1").memory(256);
    sim.register_task_definition(RegisterTaskDefinition::new("job").container(work))?;

    // A job every 45 seconds, on the machine with fewer of them.
    for nth in 0..6 {
        let spread = PlacementStrategy::spread("instanceId");
        let known = PlacementConstraint::member_of("attribute:capacity exists");
        sim.run_task(RunTask::new("job").strategy(spread).constraint(known))?;
        if nth == 1 {
            sim.inject(&Fault::SpotInterruption(SpotTarget::ContainerInstance(
                machines[0].clone(),
            )))?;
        }
        sim.advance(Duration::from_secs(45))?;
    }
    sim.must_settle(Duration::from_secs(600))?;

    let mut timeline = Timeline::of(sim.trace());
    let ended = |code| {
        let tasks = sim.ledger().tasks();
        tasks
            .filter(|(_, task)| task.stop_code == Some(code))
            .count()
    };
    let (done, lost) = (
        ended(StopCode::EssentialContainerExited),
        ended(StopCode::TerminationNotice),
    );
    timeline.note(
        sim.now(),
        format!("{done} jobs done, {lost} lost with the machine"),
    );
    Ok(timeline)
}
