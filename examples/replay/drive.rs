//! The loop: arrivals become RunTask calls, departures become exits or StopTask calls, each at its own time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use thiserror::Error;
use wavetank::ids::{ContainerInstanceId, TaskId};
use wavetank::ledger::{Event, Report};
use wavetank::model::{
    ApiError, ContainerDefinition, CreateCluster, Fault, Profile, RegisterContainerInstance,
    RegisterTaskDefinition, ResourceRequirement, ResourceType, RunTask, StopTask,
};
use wavetank::{
    BuildError, Digest, FaultError, SettleError, SimTime, Simulation, TraceMode, Violation,
};

use super::arguments::Strategy;
use super::gauge::{Gauge, Usage};
use super::shapes::{Machines, Size};
use super::trace::{Batch, Trace};

/// The region whose zones the machines are in; `us-east-1a` is the first.
const REGION: &str = "us-east-1";

/// The one container of every task.
const CONTAINER: &str = "app";

/// From the last departure to rest: more than any stop takes.
const REST: Duration = Duration::from_secs(3600);

/// What a replay depends on besides its trace.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) machines: Vec<Machines>,
    /// Availability zones, 1 to 26; the machines are in each in turn.
    pub(crate) zones: u8,
    pub(crate) strategy: Strategy,
    pub(crate) seed: u64,
    pub(crate) profile: Profile,
    /// Shorter tasks end by themselves; the others, and those that outlasted the recording, are stopped by their owner.
    pub(crate) jobs_under: Duration,
    /// Tasks in one RunTask call, 1 to 10.
    pub(crate) per_call: u8,
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) placed: u64,
    /// Refused tasks by reason, as ECS spells it.
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) run_task_calls: u64,
    pub(crate) stop_task_calls: u64,
    /// Tasks that ended by themselves.
    pub(crate) exits: u64,
    /// From request to RUNNING, ascending, for those that came so far.
    pub(crate) waits: Vec<Duration>,
    pub(crate) usage: Usage,
    pub(crate) events: u64,
    /// The simulated clock at the end.
    pub(crate) end: SimTime,
    pub(crate) digest: Digest,
}

/// A replay that could not be finished.
#[derive(Debug, Error)]
pub(crate) enum ReplayError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("at {at}: {error}")]
    Api { at: SimTime, error: ApiError },
    #[error("at {at}: {error}")]
    Fault { at: SimTime, error: FaultError },
    #[error(transparent)]
    Violation(#[from] Violation),
    #[error(transparent)]
    Settle(#[from] SettleError),
}

/// The end of a task's stay; ordered by time, then by the task's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Departure {
    at: SimTime,
    task: TaskId,
    by_itself: bool,
}

/// A placed task until the control plane takes its resources back.
#[derive(Clone, Debug)]
struct Held {
    arn: String,
    on: ContainerInstanceId,
    size: Size,
}

/// Replays a trace and tells `watch` how many of its tasks are done.
pub(crate) fn replay(
    trace: &Trace,
    setting: &Setting,
    mut watch: impl FnMut(u64),
) -> Result<Outcome, ReplayError> {
    let mut replay = Replay::new(setting)?;
    let mut batches = trace.batches().peekable();
    loop {
        let arrival = batches
            .peek()
            .map(|batch| SimTime::from_secs(batch.arrival));
        let Some(now) = arrival.into_iter().chain(replay.next_departure()).min() else {
            break;
        };
        replay.advance_to(now)?;
        // Those who leave make room for those who come at the same time.
        replay.depart()?;
        while let Some(batch) = batches.next_if(|batch| SimTime::from_secs(batch.arrival) == now) {
            replay.arrive(&batch)?;
        }
        watch(replay.done);
    }
    replay.finish()
}

struct Replay<'a> {
    setting: &'a Setting,
    sim: Simulation,
    /// The task definitions registered so far.
    families: BTreeMap<Size, String>,
    departures: BinaryHeap<Reverse<Departure>>,
    held: BTreeMap<TaskId, Held>,
    gauge: Gauge,
    waits: Vec<Duration>,
    placed: u64,
    refused: BTreeMap<String, u64>,
    run_task_calls: u64,
    stop_task_calls: u64,
    exits: u64,
    /// Tasks refused or told to end.
    done: u64,
}

impl<'a> Replay<'a> {
    fn new(setting: &'a Setting) -> Result<Self, ReplayError> {
        let builder = Simulation::builder()
            .seed(setting.seed)
            .region(REGION)
            .profile(setting.profile.clone())
            .trace(TraceMode::Off);
        let sim = match setting.strategy {
            Strategy::Ecs(_) => builder,
            Strategy::Baseline(baseline) => builder.scheduler(baseline),
        };
        let sim = sim.build()?;
        let mut replay = Self {
            setting,
            sim,
            families: BTreeMap::new(),
            departures: BinaryHeap::new(),
            held: BTreeMap::new(),
            gauge: Gauge::default(),
            waits: Vec::new(),
            placed: 0,
            refused: BTreeMap::new(),
            run_task_calls: 0,
            stop_task_calls: 0,
            exits: 0,
            done: 0,
        };
        replay.build_cluster()?;
        Ok(replay)
    }

    fn build_cluster(&mut self) -> Result<(), ReplayError> {
        let created = self.sim.create_cluster(CreateCluster::new("default"));
        self.answered(created)?;
        let mut zones = (b'a'..).take(usize::from(self.setting.zones)).cycle();
        for machines in &self.setting.machines {
            for _ in 0..machines.count {
                let zone = char::from(zones.next().unwrap_or(b'a'));
                let request = RegisterContainerInstance::default()
                    .cpu(machines.size.cpu)
                    .memory(machines.size.memory)
                    .attribute("ecs.availability-zone", &format!("{REGION}{zone}"))
                    .attribute("ecs.instance-type", &machines.instance_type);
                let request =
                    (0..machines.size.gpus).fold(request, |all, gpu| all.gpu(format!("gpu-{gpu}")));
                let registered = self.sim.register_container_instance(request);
                self.answered(registered)?;
            }
        }
        Ok(())
    }

    fn next_departure(&self) -> Option<SimTime> {
        let Reverse(departure) = self.departures.peek()?;
        Some(departure.at)
    }

    /// Lets simulated time pass up to `end` and looks at each event on the way.
    fn advance_to(&mut self, end: SimTime) -> Result<(), ReplayError> {
        while self.sim.next_event_at().is_some_and(|next| next <= end) {
            self.step()?;
        }
        self.sim.advance_to(end)?;
        Ok(())
    }

    /// Processes one event; `false` when none is pending.
    fn step(&mut self) -> Result<bool, ReplayError> {
        let Some(step) = self.sim.step()? else {
            return Ok(false);
        };
        match step.event {
            Event::TaskReported(task, Report::Running) => {
                let record = self.sim.ledger().task(task);
                let started = record.filter(|record| record.started_at.get() == Some(step.at));
                self.waits
                    .extend(started.map(|record| step.at.since(record.created_at)));
            }
            Event::TaskReported(task, Report::Stopped) => self.give_back(task),
            _ => {}
        }
        Ok(true)
    }

    /// The control plane wants a task no longer: what it held is free from now on.
    fn give_back(&mut self, task: TaskId) {
        if let Some(held) = self.held.remove(&task) {
            self.gauge.give_back(self.sim.now(), held.size, held.on);
        }
    }

    /// Everyone leaves whose time has come.
    fn depart(&mut self) -> Result<(), ReplayError> {
        let now = self.sim.now();
        while self.next_departure().is_some_and(|at| at <= now) {
            let Some(Reverse(departure)) = self.departures.pop() else {
                break;
            };
            self.done += 1;
            self.leave(departure)?;
        }
        Ok(())
    }

    /// A task ends by itself, if its container runs, or is stopped.
    fn leave(&mut self, departure: Departure) -> Result<(), ReplayError> {
        let task = departure.task;
        let Some(held) = self.held.get(&task) else {
            return Ok(());
        };
        if departure.by_itself {
            let exit = Fault::ContainerExit {
                task: held.arn.clone(),
                container: CONTAINER.to_owned(),
                exit_code: 0,
            };
            match self.sim.inject(&exit) {
                Ok(()) => {
                    self.exits += 1;
                    return Ok(());
                }
                Err(FaultError::NotRunning { .. }) => {}
                Err(error) => {
                    let at = self.sim.now();
                    return Err(ReplayError::Fault { at, error });
                }
            }
        }
        let request = StopTask::new(held.arn.clone());
        let stopped = self.sim.stop_task(request);
        self.answered(stopped)?;
        self.stop_task_calls += 1;
        self.give_back(task);
        Ok(())
    }

    /// A client asks for the tasks of a batch, a few with each call.
    fn arrive(&mut self, batch: &Batch<'_>) -> Result<(), ReplayError> {
        let family = self.family(batch.size)?;
        self.gauge.arrive(self.sim.now());
        for stays in batch.stays.chunks(usize::from(self.setting.per_call)) {
            let first = self.sim.ledger().next_task();
            let mut request = RunTask::new(family.clone());
            request.count = i32::try_from(stays.len()).ok();
            request.group = batch.group.map(|group| group.to_string());
            if let Strategy::Ecs(strategies) = &self.setting.strategy {
                request.placement_strategy.clone_from(strategies);
            }
            let answer = self.sim.run_task(request);
            let answer = self.answered(answer)?;
            self.run_task_calls += 1;
            for failure in answer.failures {
                *self.refused.entry(failure.reason.to_string()).or_insert(0) += 1;
                self.done += 1;
            }
            let arns = answer.tasks.into_iter().map(|task| task.task_arn.into());
            self.placed(batch.size, stays, first, arns.collect());
        }
        Ok(())
    }

    /// Takes down what a call placed: the tasks of the ledger from number `first` on, which have a number each, placed
    /// or not.
    fn placed(&mut self, size: Size, stays: &[(u64, bool)], first: TaskId, arns: Vec<String>) {
        let now = self.sim.now();
        let placed = self.sim.ledger().tasks_from(first);
        for ((task, record), arn) in placed.zip(arns) {
            let (stay, censored) = stays[task.index() - first.index()];
            let stay = Duration::from_secs(stay);
            self.departures.push(Reverse(Departure {
                at: now + stay,
                task,
                by_itself: !censored && stay < self.setting.jobs_under,
            }));
            let on = record.on.expect("the replay runs on container instances");
            self.held.insert(task, Held { arn, on, size });
            self.gauge.take(now, size, on);
            self.placed += 1;
        }
    }

    /// The task definition for a size, registered when it is first needed.
    fn family(&mut self, size: Size) -> Result<String, ReplayError> {
        if let Some(family) = self.families.get(&size) {
            return Ok(family.clone());
        }
        let Size { cpu, memory, gpus } = size;
        let family = match gpus {
            0 => format!("shape-{cpu}-{memory}"),
            _ => format!("shape-{cpu}-{memory}-{gpus}"),
        };
        let mut container = ContainerDefinition::new(CONTAINER, "replay:1")
            .cpu(cpu)
            .memory(memory);
        if gpus > 0 {
            container.resource_requirements.push(ResourceRequirement {
                value: Some(gpus.to_string()),
                r#type: Some(ResourceType::Gpu),
                ..ResourceRequirement::default()
            });
        }
        let request = RegisterTaskDefinition::new(family.clone()).container(container);
        let registered = self.sim.register_task_definition(request);
        self.answered(registered)?;
        self.families.insert(size, family.clone());
        Ok(family)
    }

    /// Waits until everyone has left and everything is at rest.
    fn finish(mut self) -> Result<Outcome, ReplayError> {
        while self.gauge.tasks() > 0 && self.step()? {}
        self.sim.settle(REST)?;
        self.waits.sort_unstable();
        Ok(Outcome {
            placed: self.placed,
            refused: self.refused,
            run_task_calls: self.run_task_calls,
            stop_task_calls: self.stop_task_calls,
            exits: self.exits,
            waits: self.waits,
            usage: self.gauge.usage(),
            events: self.sim.events(),
            end: self.sim.now(),
            digest: self.sim.digest(),
        })
    }

    /// An answer, or the refusal of the whole call with its time.
    fn answered<T>(&self, answer: Result<T, ApiError>) -> Result<T, ReplayError> {
        answer.map_err(|error| ReplayError::Api {
            at: self.sim.now(),
            error,
        })
    }
}
