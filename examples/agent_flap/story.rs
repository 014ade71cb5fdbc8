//! One machine whose agent is away for a while every minute, and a partition that nobody notices.

use std::error::Error;
use std::time::Duration;

use wavetank::model::{Cut, InstanceSet};
use wavetank::trace::Timeline;
use wavetank::{
    ContainerDefinition, DescribeTasks, Fault, FaultPlan, Latency, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, Simulation, TraceMode,
};

/// The story, as text.
pub(crate) fn told() -> Result<String, Box<dyn Error>> {
    let flap = Fault::AgentRestart {
        container_instance: "$any".to_owned(),
        lasting: Duration::from_secs(20),
    };
    let plan = FaultPlan::new().every(Latency::fixed(Duration::from_secs(60))?, flap);
    let mut sim = Simulation::builder()
        .seed(42)
        .faults(plan)
        .trace(TraceMode::Full)
        .build()?;
    sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
    let nginx = ContainerDefinition::new("nginx", "nginx:1.27").memory(512);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
    let first = sim.run_task(RunTask::new("web"))?.tasks[0].task_arn.clone();
    let mut notes = Vec::new();

    // While the agent is away placement refuses the machine, and what happens there is not seen.
    sim.advance(Duration::from_secs(245))?;
    let refused = sim.run_task(RunTask::new("web"))?.failures;
    notes.push((sim.now(), format!("RunTask: {}", refused[0].reason)));
    let container = "nginx".to_owned();
    let exit = Fault::ContainerExit {
        task: first.to_string(),
        container,
        exit_code: 1,
    };
    sim.inject(&exit)?;
    let status = |sim: &mut Simulation| -> Result<String, Box<dyn Error>> {
        let shown = sim.describe_tasks(DescribeTasks::new([&first]))?;
        Ok(format!(
            "task-0 has exited and is shown {}",
            shown.tasks[0].last_status
        ))
    };
    notes.push((sim.now(), status(&mut sim)?));
    sim.advance(Duration::from_secs(20))?;
    notes.push((sim.now(), status(&mut sim)?));

    // Worse than an agent that is away is one that hears nothing and is heard: it stays connected.
    sim.heal();
    let deaf = Fault::Partition {
        on: InstanceSet::All,
        cut: Cut::ToAgent,
        lasting: Duration::from_secs(90),
    };
    sim.inject(&deaf)?;
    let placed = sim.run_task(RunTask::new("web"))?.tasks.len();
    notes.push((sim.now(), format!("RunTask: {placed} placed")));
    sim.advance(Duration::from_secs(80))?;
    let stuck = sim
        .must_settle(Duration::ZERO)
        .expect_err("its payload is lost");
    notes.extend(
        stuck
            .to_string()
            .lines()
            .map(|line| (sim.now(), line.to_owned())),
    );
    sim.must_settle(Duration::from_secs(60))?;

    let mut timeline = Timeline::of(sim.trace());
    for (at, note) in notes {
        timeline.note(at, note);
    }
    Ok(timeline.to_string())
}
