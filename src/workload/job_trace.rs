//! Recorded jobs, as requests and as what they do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::draw::Latency;
use crate::model::{
    ContainerDefinition, Occasion, RegisterTaskDefinition, ResourceRequirement, ResourceType, Run,
    RunTask, Workload, WorkloadLogic, WorkloadRow,
};
use crate::time::SimTime;

/// The one container of every task.
const CONTAINER: &str = "job";

/// Tasks in one RunTask call, at most.
const PER_CALL: u32 = 10;

/// Equal jobs that were recorded together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// From the beginning of the recording to their arrival.
    pub arrival: Duration,
    /// How long each of them ran, a second at least.
    pub run: Duration,
    /// CPU units of each.
    pub cpu: i32,
    /// MiB of each, six at least: ECS takes no less.
    pub memory: i32,
    /// GPUs of each.
    pub gpus: u32,
    /// Whose they are, when the recording says.
    pub group: Option<Arc<str>>,
    /// How many they are.
    pub count: u32,
    /// Whether they still ran when the recording ended; here they run until they are stopped.
    pub is_censored: bool,
}

/// The jobs of a real system, to be asked for as tasks.
///
/// Each size of job is a family of task definitions, and each job is asked for at its time; what it was becomes part of
/// its tasks as `startedBy`, by which [`JobTrace::workloads`] knows how long they run.
///
/// ```
/// use std::time::Duration;
/// use wavetank::workload::JobTrace;
/// use wavetank::{Profile, RegisterContainerInstance, Simulation};
///
/// let trace = JobTrace::from_csv("arrival_s,duration_s,cpu_units,memory_mib\n0,60,512,256\n30,600,512,256\n")?;
/// let mut profile = Profile::ideal();
/// profile.workloads.push(trace.workloads(&profile.default_workload));
/// let mut sim = Simulation::builder().profile(profile).build()?;
/// sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(1024))?;
/// for definition in trace.definitions() {
///     sim.register_task_definition(definition)?;
/// }
/// sim.schedule_all(trace.requests())?;
/// sim.settle(Duration::from_secs(3_600))?;
/// let ended: Vec<_> = sim.ledger().tasks().filter_map(|(_, task)| task.execution_stopped_at.get()).collect();
/// assert_eq!(ended, [65_600, 635_600].map(wavetank::SimTime::from_millis));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobTrace {
    jobs: Arc<[Job]>,
}

impl JobTrace {
    /// The jobs in order of arrival; of those that arrive together, as they are given.
    #[must_use]
    pub fn new(mut jobs: Vec<Job>) -> Self {
        jobs.sort_by_key(|job| job.arrival);
        Self { jobs: jobs.into() }
    }

    /// The jobs, in order of arrival.
    #[must_use]
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// A task definition for each size of job.
    #[must_use]
    pub fn definitions(&self) -> Vec<RegisterTaskDefinition> {
        let sizes: BTreeSet<_> = self
            .jobs
            .iter()
            .map(|job| (job.cpu, job.memory, job.gpus))
            .collect();
        let definition = |(cpu, memory, gpus): (i32, i32, u32)| {
            let mut container = ContainerDefinition::new(CONTAINER, "trace:1")
                .cpu(cpu)
                .memory(memory);
            if gpus > 0 {
                container.resource_requirements.push(ResourceRequirement {
                    value: Some(gpus.to_string()),
                    r#type: Some(ResourceType::Gpu),
                    ..ResourceRequirement::default()
                });
            }
            RegisterTaskDefinition::new(family(cpu, memory, gpus)).container(container)
        };
        sizes.into_iter().map(definition).collect()
    }

    /// Each job as requests at the time of its arrival, ten tasks at most in one.
    pub fn requests(&self) -> impl Iterator<Item = (SimTime, RunTask)> + '_ {
        self.jobs.iter().enumerate().flat_map(|(nth, job)| {
            let at = SimTime::ZERO.saturating_add(job.arrival);
            let calls = job.count.div_ceil(PER_CALL);
            (0..calls).map(move |call| {
                let count = PER_CALL.min(job.count - call * PER_CALL);
                let mut request = RunTask::new(family(job.cpu, job.memory, job.gpus))
                    .count(i32::try_from(count).expect("it is ten at most"))
                    .started_by(format!("job-{nth}"));
                request.group = job.group.as_deref().map(str::to_owned);
                (at, request)
            })
        })
    }

    /// The row of a profile by which the tasks of the jobs run as long as the recording says, and are otherwise `like`.
    #[must_use]
    pub fn workloads(&self, like: &Workload) -> WorkloadRow {
        let logic = Recorded {
            jobs: Arc::clone(&self.jobs),
        };
        WorkloadRow::new("trace-*", CONTAINER, like.clone().decided_by(logic))
    }
}

fn family(cpu: i32, memory: i32, gpus: u32) -> String {
    match gpus {
        0 => format!("trace-{cpu}-{memory}"),
        _ => format!("trace-{cpu}-{memory}-{gpus}"),
    }
}

/// Runs of recorded length.
struct Recorded {
    jobs: Arc<[Job]>,
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Recorded({} jobs)", self.jobs.len())
    }
}

impl WorkloadLogic for Recorded {
    fn workload(&self, of: &Occasion<'_>) -> Workload {
        let number = of.started_by.and_then(|by| by.strip_prefix("job-"));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let mut workload = of.usual.clone();
        if let Some(job) = number.and_then(|number| self.jobs.get(number)) {
            workload.run = match job.is_censored {
                true => Run::Forever,
                false => Run::For(Latency::Fixed(job.run)),
            };
        }
        workload
    }
}
