//! Two controllers that are to keep two tasks, each in the same cluster, where a write is seen after fifteen seconds.

use std::error::Error;
use std::time::Duration;

use wavetank::client::Controller;
use wavetank::controllers::{Keeper, Log, NaiveKeeper};
use wavetank::draw::Ratio;
use wavetank::trace::Timeline;
use wavetank::{
    ContainerDefinition, Latency, Reads, RegisterContainerInstance, RegisterTaskDefinition,
    RunTask, Simulation, TraceMode,
};

const LAG: Duration = Duration::from_secs(15);

/// Both stories, as text.
pub(crate) fn told() -> Result<String, Box<dyn Error>> {
    let naive = NaiveKeeper::new("naive", RunTask::new("web"), 2);
    let keeper = Keeper::new("keeper", RunTask::new("web"), 2).patience(LAG * 2);
    Ok(format!(
        "It counts what it sees:\n\n{}\nIt counts what it did:\n\n{}",
        watched(naive, NaiveKeeper::log)?,
        watched(keeper, Keeper::log)?,
    ))
}

/// The first minute of a controller, with what it wrote down.
fn watched<C: Controller + 'static>(
    controller: C,
    log: fn(&C) -> &Log,
) -> Result<Timeline, Box<dyn Error>> {
    let reads = Reads::Lagging {
        lag: Latency::Fixed(LAG),
        stale_probability: Ratio::ONE,
        bound: LAG,
    };
    let mut sim = Simulation::builder()
        .seed(42)
        .reads(reads)
        .trace(TraceMode::Full)
        .build()?;
    sim.register_container_instance(RegisterContainerInstance::default().cpu(4096).memory(8192))?;
    let nginx = ContainerDefinition::new("nginx", "nginx:1.27").memory(512);
    sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;

    let id = sim.add_controller(controller);
    sim.advance(Duration::from_secs(60))?;

    let mut timeline = Timeline::of(sim.trace());
    let known = sim
        .controller(id)
        .and_then(|known| known.downcast_ref::<C>());
    for (at, line) in known.map(log).ok_or("it never crashed")?.lines() {
        timeline.note(at, line);
    }
    let tasks = sim.ledger().tasks().filter(|(_, task)| task.is_wanted());
    timeline.note(sim.now(), format!("{} tasks, 2 were wanted", tasks.count()));
    Ok(timeline)
}
