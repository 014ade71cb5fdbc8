//! Batch jobs that follow on one another: a job is asked for when all those before it have succeeded.
//!
//! This is a client of the simulation like any other: it asks with RunTask and learns by state changes what became of its
//! tasks.

mod run;

use thiserror::Error;

use crate::model::{ContainerCondition, ContainerDefinition, DependencyCycle, RunTask, StartOrder};

pub use run::{BatchRun, BatchRunError, JobState};

/// One job of a [`Batch`]: tasks of one request, and what must have succeeded before.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchJob {
    name: String,
    request: RunTask,
    after: Vec<String>,
    attempts: u32,
}

impl BatchJob {
    /// A job that waits for nothing.
    #[must_use]
    pub fn new(name: impl Into<String>, request: RunTask) -> Self {
        Self {
            name: name.into(),
            request,
            after: Vec::new(),
            attempts: 1,
        }
    }

    /// The same job, after those of these names too.
    #[must_use]
    pub fn after<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.after.extend(names.into_iter().map(Into::into));
        self
    }

    /// How often each of its tasks is tried, 1 unless said.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }
}

/// Jobs that follow on one another, without a circle.
///
/// ```
/// use std::time::Duration;
/// use wavetank::batch::{Batch, BatchJob, JobState};
/// use wavetank::model::{Run, WorkloadRow};
/// use wavetank::{ContainerDefinition, Latency, Profile, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
///
/// let mut profile = Profile::ideal();
/// let mut minute = profile.default_workload.clone();
/// minute.run = Run::For(Latency::Fixed(Duration::from_secs(60)));
/// profile.workloads.push(WorkloadRow::new("step", "*", minute));
/// let mut sim = Simulation::builder().profile(profile).build()?;
/// sim.register_container_instance(RegisterContainerInstance::default().cpu(4096).memory(4096))?;
/// let container = ContainerDefinition::new("app", "step:1").cpu(1024).memory(512);
/// sim.register_task_definition(RegisterTaskDefinition::new("step").container(container))?;
///
/// let batch = Batch::new([
///     BatchJob::new("report", RunTask::new("step")).after(["clean", "enrich"]),
///     BatchJob::new("clean", RunTask::new("step").count(2)).after(["fetch"]),
///     BatchJob::new("enrich", RunTask::new("step")).after(["fetch"]),
///     BatchJob::new("fetch", RunTask::new("step")),
/// ])?;
/// let mut run = batch.start(&mut sim)?;
/// assert!(run.drive(&mut sim, Duration::from_secs(3_600))?);
/// assert_eq!(run.state("report"), Some(JobState::Succeeded));
///
/// let circle = Batch::new([
///     BatchJob::new("a", RunTask::new("step")).after(["b"]),
///     BatchJob::new("b", RunTask::new("step")).after(["a"]),
/// ]);
/// assert_eq!(circle.unwrap_err().to_string(), "jobs wait for each other: a -> b -> a");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    jobs: Vec<BatchJob>,
    order: StartOrder,
}

/// Jobs that can't follow on one another.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Two jobs have one name.
    #[error("two jobs are called {0:?}")]
    Twice(String),
    /// A job comes after one that there is not.
    #[error("job {job:?} comes after {after:?}, which there is not")]
    Unknown {
        /// The job.
        job: String,
        /// What it names.
        after: String,
    },
    /// Jobs wait for each other in a circle: the smallest by the order of names.
    #[error("jobs wait for each other: {0}")]
    Circle(DependencyCycle),
    /// There are more than 65,535 of them.
    #[error("{0} jobs are more than 65535")]
    TooMany(usize),
}

impl Batch {
    /// These jobs.
    ///
    /// # Errors
    ///
    /// When a name is given twice or to no job, or when some wait for each other.
    pub fn new(jobs: impl IntoIterator<Item = BatchJob>) -> Result<Self, BatchError> {
        let jobs: Vec<BatchJob> = jobs.into_iter().collect();
        if jobs.len() > usize::from(u16::MAX) {
            return Err(BatchError::TooMany(jobs.len()));
        }
        let mut names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BatchError::Twice(pair[0].to_owned()));
        }
        for job in &jobs {
            let unknown = |after: &&String| names.binary_search(&after.as_str()).is_err();
            if let Some(after) = job.after.iter().find(unknown) {
                return Err(BatchError::Unknown {
                    job: job.name.clone(),
                    after: after.clone(),
                });
            }
        }
        // Jobs wait for each other as the containers of a task do, so their order is found in the same way.
        let container = |job: &BatchJob| {
            let waiting = ContainerDefinition::new(job.name.as_str(), "");
            let success = ContainerCondition::Success;
            job.after
                .iter()
                .fold(waiting, |job, after| job.depends_on(after, success))
        };
        let containers: Vec<_> = jobs.iter().map(container).collect();
        let order = StartOrder::of(&containers).map_err(BatchError::Circle)?;
        Ok(Self { jobs, order })
    }

    /// The names of the jobs in an order in which each comes after those it waits for.
    pub fn order(&self) -> impl Iterator<Item = &str> {
        let positions = self.order.positions().iter();
        positions.map(|position| self.jobs[usize::from(*position)].name.as_str())
    }
}
