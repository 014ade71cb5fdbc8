//! A timeline: what people want to read of a trace, and what they have to say to it.

use std::fmt;

use crate::time::SimTime;

use super::kind::Kind;
use super::line::TIMED;
use super::record::Record;
use super::recorder::Recorder;

/// Subjects that are named in one line; of more the first and the last are.
const NAMED: usize = 3;

/// What happened, in lines for people: the turns of tasks, container instances, faults and controllers, and notes of your own.
///
/// What the trace says of one step in the same words about several subjects is one line. Only the records that the trace
/// still keeps are told of: build with [`TraceMode::Full`](super::TraceMode::Full).
///
/// ```
/// use std::time::Duration;
/// use wavetank::trace::{Timeline, TraceMode};
/// # use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
///
/// let mut sim = Simulation::builder().trace(TraceMode::Full).build()?;
/// # sim.register_container_instance(RegisterContainerInstance::default().cpu(2048).memory(4096))?;
/// # let nginx = ContainerDefinition::new("nginx", "nginx:1.27").cpu(512).memory(512);
/// # sim.register_task_definition(RegisterTaskDefinition::new("web").container(nginx))?;
/// sim.run_task(RunTask::new("web").count(2))?;
/// sim.advance(Duration::from_secs(10))?;
///
/// let mut timeline = Timeline::of(sim.trace());
/// timeline.note(sim.now(), "both serve");
/// let told = [
///     "   0.000s  container-instance-0 registered in cluster-0",
///     "   0.000s  task-0, task-1 placed on container-instance-0",
///     "   5.700s  task-0, task-1 -> RUNNING",
///     "  10.000s  * both serve",
/// ];
/// assert_eq!(timeline.to_string().lines().collect::<Vec<_>>(), told);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    at: SimTime,
    subjects: Vec<String>,
    what: String,
}

impl Timeline {
    /// One that tells nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`is_told`](Self::is_told) of a trace.
    #[must_use]
    pub fn of(trace: &Recorder) -> Self {
        Self::of_those(trace, Self::is_told)
    }

    /// The records of a trace that pass a choice of your own.
    pub fn of_those(trace: &Recorder, mut passes: impl FnMut(&Record) -> bool) -> Self {
        let mut timeline = Self::new();
        for record in trace.records().filter(|record| passes(record)) {
            timeline.add(&record);
        }
        timeline
    }

    /// Whether a record is one that people want to read: where tasks are placed or refused, that they run, are no longer
    /// wanted and have stopped; what becomes of container instances; faults; controllers and the calls they make, of which
    /// those that only read are left out.
    #[must_use]
    pub fn is_told(record: &Record) -> bool {
        let what = || record.what();
        match record.kind() {
            Kind::InstanceRegistered
            | Kind::InstanceStatusChanged
            | Kind::AgentConnectionChanged
            | Kind::InstanceDeregistered
            | Kind::HostPowered
            | Kind::TaskPlaced
            | Kind::TaskRefused
            | Kind::TaskUnwanted
            | Kind::SchedulerErred
            | Kind::PullFailing
            | Kind::CallsThrottled
            | Kind::CallsFailing
            | Kind::CallFaultsEnded
            | Kind::ControllerAdded
            | Kind::ControllerCrashed
            | Kind::ControllerRestarted
            | Kind::CallTimedOut
            | Kind::HazardBegan
            | Kind::HazardEnded
            | Kind::HostNoticed
            | Kind::Healed => true,
            Kind::TaskMoved | Kind::TaskHeard => {
                let what = what();
                let status = without_times(&what);
                status.ends_with("RUNNING") || status.ends_with("STOPPED")
            }
            Kind::CallAnswered => what() != "done",
            Kind::CallSent => !what().starts_with("Describe") && !what().starts_with("List"),
            _ => false,
        }
    }

    /// Adds a note of your own: it stands behind what is there of the same time, and is marked by a star.
    pub fn note(&mut self, at: SimTime, text: impl Into<String>) {
        let place = self.lines.partition_point(|line| line.at <= at);
        let line = Line {
            at,
            subjects: Vec::new(),
            what: format!("* {}", text.into()),
        };
        self.lines.insert(place, line);
    }

    fn add(&mut self, record: &Record) {
        let what = match record.kind() {
            Kind::TaskPlaced => shortened(&record.what()).to_owned(),
            Kind::TaskHeard => without_times(&record.what()).to_owned(),
            Kind::CallTimedOut => "timed out".to_owned(),
            _ => record.what(),
        };
        let (at, subject) = (record.at(), record.subject());
        let same = |line: &&mut Line| line.at == at && line.what == what;
        match self.lines.iter_mut().rev().take(8).find(same) {
            Some(line) => line.subjects.push(subject),
            None => self.lines.push(Line {
                at,
                subjects: vec![subject],
                what,
            }),
        }
    }
}

/// Without the launch, which differs between requests that go to one place.
fn shortened(placed: &str) -> &str {
    placed
        .split_once(" by launch-")
        .map_or(placed, |(place, _)| place)
}

/// The last status alone of a task that is heard of.
fn without_times(heard: &str) -> &str {
    heard.split_once(TIMED).map_or(heard, |(status, _)| status)
}

/// Writes a line for each, beginning with its time.
impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            write!(f, "{:>9}  ", line.at.to_string())?;
            match &line.subjects[..] {
                [] => {}
                few if few.len() <= NAMED => write!(f, "{} ", few.join(", "))?,
                [first, .., last] => {
                    write!(f, "{first} … {last} ({}) ", line.subjects.len())?;
                }
                _ => unreachable!("one subject is few"),
            }
            writeln!(f, "{}", line.what)?;
        }
        Ok(())
    }
}
