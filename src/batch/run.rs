//! A batch under way.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use crate::ids::SubscriptionId;
use crate::invariant::Violation;
use crate::model::presets::ASK_AGAIN;
use crate::model::{
    ApiError, Delivery, EventPattern, LastStatus, ProfileError, RunTask, StopCode, Task,
};
use crate::sim::Simulation;
use crate::time::SimTime;

use super::Batch;

/// Tasks in one RunTask call, at most.
const PER_CALL: u32 = 10;

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// It waits for others.
    Waiting,
    /// Its tasks are asked for, wait or run.
    Running,
    /// All its tasks have succeeded.
    Succeeded,
    /// One of its tasks has failed as often as it may.
    Failed,
    /// One that it waits for did not succeed.
    Skipped,
}

impl JobState {
    /// Whether nothing more becomes of it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Skipped)
    }
}

/// Why a batch could not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BatchRunError {
    /// A request of a job was refused.
    #[error("job {job:?}: {error}")]
    Refused {
        /// The job.
        job: String,
        /// Why.
        error: Box<ApiError>,
    },
    /// An invariant was violated on the way.
    #[error(transparent)]
    Violation(#[from] Box<Violation>),
}

#[derive(Clone, Debug)]
struct Progress {
    state: JobState,
    /// Tasks to be asked for, by the attempt that each is.
    wanted: BTreeMap<u32, u32>,
    /// Tasks under way and those that have succeeded.
    running: u32,
}

/// A batch under way: a value that goes with the simulation it was started in, or with a fork of it.
///
/// A task has succeeded when it has stopped because an essential container exited, and no container of it exited with
/// another code than 0. Tasks without a place are asked for again after ten seconds. What a failed job leaves running
/// runs on.
#[derive(Clone, Debug)]
pub struct BatchRun {
    batch: Batch,
    jobs: Vec<Progress>,
    subscription: SubscriptionId,
    /// The job and the attempt of each task under way, by ARN.
    tasks: BTreeMap<String, (usize, u32)>,
    /// When tasks without a place are asked for again.
    ask_again: Option<SimTime>,
}

impl Batch {
    /// Starts it: asks for every job that waits for nothing.
    ///
    /// # Errors
    ///
    /// When a request is refused.
    pub fn start(self, sim: &mut Simulation) -> Result<BatchRun, BatchRunError> {
        let pattern = EventPattern::from_json(
            r#"{"detail-type":["ECS Task State Change"],"detail":{"lastStatus":["STOPPED"]}}"#,
        );
        let pattern = pattern.expect("it is a pattern");
        let subscribed: Result<_, ProfileError> = sim.subscribe(pattern, Delivery::ideal());
        let waiting = |job: &super::BatchJob| Progress {
            state: JobState::Waiting,
            wanted: BTreeMap::from([(1, count(&job.request))]),
            running: 0,
        };
        let mut run = BatchRun {
            jobs: self.jobs.iter().map(waiting).collect(),
            batch: self,
            subscription: subscribed.expect("the ideal delivery takes no draw"),
            tasks: BTreeMap::new(),
            ask_again: None,
        };
        run.go_on(sim)?;
        Ok(run)
    }
}

impl BatchRun {
    /// Where a job is; `None` when there is none of that name.
    #[must_use]
    pub fn state(&self, job: &str) -> Option<JobState> {
        let position = self.batch.jobs.iter().position(|known| known.name == job)?;
        Some(self.jobs[position].state)
    }

    /// Every job with where it is, as they were given.
    pub fn states(&self) -> impl Iterator<Item = (&str, JobState)> {
        let names = self.batch.jobs.iter().map(|job| job.name.as_str());
        names.zip(self.jobs.iter().map(|job| job.state))
    }

    /// Whether nothing more becomes of any job.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.jobs.iter().all(|job| job.state.is_final())
    }

    /// Lets the simulation go on until every job is done, or for `limit`; whether they are.
    ///
    /// # Errors
    ///
    /// When a request is refused, or an invariant is violated.
    pub fn drive(&mut self, sim: &mut Simulation, limit: Duration) -> Result<bool, BatchRunError> {
        let end = sim.now().saturating_add(limit);
        while !self.is_done() {
            let again = self.ask_again.unwrap_or(SimTime::MAX);
            let next = sim.next_event_at().unwrap_or(SimTime::MAX).min(again);
            if next > end {
                sim.advance_to(end).map_err(Box::new)?;
                break;
            }
            if next == again {
                sim.advance_to(again).map_err(Box::new)?;
            } else {
                sim.step().map_err(Box::new)?;
            }
            self.go_on(sim)?;
        }
        Ok(self.is_done())
    }

    /// Takes in what became of its tasks, and asks for what may be asked for now.
    ///
    /// Whoever drives the simulation by other means than [`BatchRun::drive`] calls this now and then.
    ///
    /// # Errors
    ///
    /// When a request is refused.
    pub fn go_on(&mut self, sim: &mut Simulation) -> Result<(), BatchRunError> {
        let told = sim.take_state_changes(self.subscription);
        let is_due = self.ask_again.is_some_and(|at| at <= sim.now());
        let is_new = self.jobs.iter().all(|job| job.state == JobState::Waiting);
        if told.is_empty() && !is_due && !is_new {
            return Ok(());
        }
        for told in told {
            if let Some(task) = told.event.task() {
                self.ended(task);
            }
        }
        self.ask_again = None;
        for nth in 0..self.jobs.len() {
            let position = usize::from(self.batch.order.positions()[nth]);
            self.release(position);
            if self.jobs[position].state == JobState::Running {
                self.ask(position, sim)?;
            }
        }
        Ok(())
    }

    /// A task of some job has stopped.
    fn ended(&mut self, task: &Task) {
        let Some((position, attempt)) = self.tasks.remove(&*task.task_arn) else {
            return;
        };
        let job = &mut self.jobs[position];
        job.running -= 1;
        if !has_succeeded(task) {
            if attempt < self.batch.jobs[position].attempts {
                *job.wanted.entry(attempt + 1).or_insert(0) += 1;
            } else if job.state == JobState::Running {
                job.state = JobState::Failed;
                job.wanted.clear();
            }
        }
        if job.state == JobState::Running && job.running == 0 && job.wanted.is_empty() {
            job.state = JobState::Succeeded;
        }
    }

    /// Lets a waiting job begin, or skips it.
    fn release(&mut self, position: usize) {
        if self.jobs[position].state != JobState::Waiting {
            return;
        }
        let before = self.batch.order.waits_for(position).iter();
        let states: Vec<_> = before
            .map(|other| self.jobs[usize::from(other.on)].state)
            .collect();
        let is_lost = |state: &JobState| matches!(state, JobState::Failed | JobState::Skipped);
        if states.iter().any(is_lost) {
            self.jobs[position].state = JobState::Skipped;
        } else if states.iter().all(|state| *state == JobState::Succeeded) {
            self.jobs[position].state = JobState::Running;
        }
    }

    /// Asks for the tasks that a job still wants.
    fn ask(&mut self, position: usize, sim: &mut Simulation) -> Result<(), BatchRunError> {
        let job = &self.batch.jobs[position];
        for (attempt, mut left) in std::mem::take(&mut self.jobs[position].wanted) {
            while left > 0 {
                let asked = left.min(PER_CALL);
                let mut request = job.request.clone();
                request.count = i32::try_from(asked).ok();
                let answer = sim.run_task(request);
                let answer = answer.map_err(|error| BatchRunError::Refused {
                    job: job.name.clone(),
                    error: Box::new(error),
                })?;
                let placed = u32::try_from(answer.tasks.len()).unwrap_or(asked);
                let progress = &mut self.jobs[position];
                progress.running += placed;
                left -= placed;
                for task in answer.tasks {
                    self.tasks.insert(task.task_arn.into(), (position, attempt));
                }
                if placed < asked {
                    self.jobs[position].wanted.insert(attempt, left);
                    self.ask_again = Some(sim.now().saturating_add(ASK_AGAIN));
                    break;
                }
            }
        }
        Ok(())
    }
}

/// How many tasks a request asks for; it may be more than one call takes.
fn count(request: &RunTask) -> u32 {
    request
        .count
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(1)
        .max(1)
}

fn has_succeeded(task: &Task) -> bool {
    let exits = task.containers.iter().map(|container| container.exit_code);
    task.last_status == LastStatus::Stopped
        && task.stop_code == Some(StopCode::EssentialContainerExited)
        && exits.flatten().all(|code| code == 0)
}
