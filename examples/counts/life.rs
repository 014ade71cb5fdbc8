//! The life of tasks: a cluster that is kept four fifths full while tasks end by themselves or are stopped.
//!
//! Stopped tasks are forgotten an hour later. To fill that hour with the lives of a full cluster would take minutes under
//! callgrind. So there is a prelude an hour before: tasks come and go at the same rate, but hardly any run at a time. Before
//! the steady state tasks are run one by one, since a binpack of several looks at every instance that is still empty.

use std::collections::VecDeque;
use std::time::Duration;

use wavetank::model::{Reads, Run};
use wavetank::{
    Checking, ContainerDefinition, Latency, PlacementStrategy, Profile, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, SimTime, Simulation, StopTask, TraceMode,
};

use crate::{Case, Words};

/// How long a task runs on average when nothing stops it.
const MEAN_RUN: Duration = Duration::from_secs(1600);

/// When the cluster is filled, and when it is in its steady state and what stopped in the prelude is being forgotten.
const FILLED: SimTime = SimTime::from_secs(3590);
const STEADY: SimTime = SimTime::from_secs(3620);

/// How long tasks run in the prelude; they have started by then.
const BRIEF: Duration = Duration::from_secs(10);

/// The most tasks that one RunTask asks for.
const BATCH: u64 = 10;

/// Tasks that are placed while instructions are counted.
const COUNTED: u64 = 10_000;

/// Of so many tasks one is stopped before it has run for a twentieth of [`MEAN_RUN`]; most of those run still.
const STOP_EVERY: u64 = 10;

/// The memory of the container instances, in MiB, and of 24 task definitions: some five tasks run on an instance.
const INSTANCE_MEMORY: [u32; 4] = [2048, 4096, 4096, 8192];
const TASK_MEMORY: [u32; 6] = [512, 256, 1024, 512, 1024, 768];
const DEFINITIONS: usize = 24;

/// A cluster in steady state.
pub(crate) struct Life {
    sim: Simulation,
    requests: Vec<RunTask>,
    /// How many tasks are to be PENDING or RUNNING.
    wanted: u64,
    /// In this time [`BATCH`] tasks end.
    tick: Duration,
    placed: u64,
    /// The ARNs of tasks that will be stopped.
    to_stop: VecDeque<String>,
    words: Words,
    /// How many tasks were known when the steady state was reached.
    known: usize,
}

impl Life {
    pub(crate) fn new(instances: u32, strategy: &[PlacementStrategy]) -> Self {
        Self::read_through(Reads::Consistent, instances, strategy)
    }

    /// One whose readers see the truth late, though nobody reads.
    pub(crate) fn lagging(instances: u32) -> Self {
        Self::read_through(Reads::realistic(), instances, &[])
    }

    /// One of which somebody asked for an explanation before anything is counted.
    pub(crate) fn explained_before(instances: u32) -> Self {
        let life = Self::new(instances, &[]);
        let told = life.sim.explain(&life.requests[0]);
        assert_eq!(told.expect("the request is good").len(), 1);
        life
    }

    fn read_through(reads: Reads, instances: u32, strategy: &[PlacementStrategy]) -> Self {
        let memory: u64 = (0..instances as usize)
            .map(|number| u64::from(INSTANCE_MEMORY[number % INSTANCE_MEMORY.len()]))
            .sum();
        let task = TASK_MEMORY
            .iter()
            .map(|&memory| u64::from(memory))
            .sum::<u64>()
            / TASK_MEMORY.len() as u64;
        let wanted = memory * 4 / 5 / task;
        let batches = u32::try_from(wanted / BATCH).expect("clusters are not that large");
        let mut life = Self {
            sim: cluster(instances, reads),
            requests: requests(strategy),
            wanted,
            // One in ten ends early, so that they end by a ninth quicker.
            tick: MEAN_RUN * 9 / 10 / batches,
            placed: 0,
            to_stop: VecDeque::new(),
            words: Words::new(),
            known: 0,
        };
        life.prelude();
        for _ in 0..wanted {
            drop(life.run(1));
        }
        while life.sim.now() < STEADY {
            life.turn();
        }
        life.known = life.sim.ledger().tasks_known();
        life
    }

    /// Tasks come and go at the rate of the steady state, for as long as that is going to be looked at or for an hour.
    fn prelude(&mut self) {
        let turns = COUNTED * 5 / 4 / BATCH;
        let running = BATCH as usize * (1 + (BRIEF.as_nanos() / self.tick.as_nanos()) as usize);
        for _ in 0..turns {
            if self.sim.now().saturating_add(self.tick) >= FILLED {
                break;
            }
            self.pass(self.tick);
            for _ in 0..BATCH {
                let task = self.run(1);
                self.to_stop.extend(task);
            }
            while self.to_stop.len() > running {
                self.stop_next();
            }
        }
        while !self.to_stop.is_empty() {
            self.stop_next();
        }
        self.sim
            .advance_to(FILLED)
            .expect("no invariant is violated");
    }

    /// Time passes, some tasks end, and others are run in their place.
    fn turn(&mut self) {
        self.pass(self.tick);
        loop {
            let missing = self.wanted.saturating_sub(self.active());
            if missing == 0 {
                break;
            }
            self.replace(missing.min(BATCH));
        }
    }

    fn pass(&mut self, span: Duration) {
        self.sim.advance(span).expect("no invariant is violated");
    }

    /// Runs so many tasks, and stops an earlier one when it is its turn.
    fn replace(&mut self, count: u64) {
        let before = self.placed;
        let first = self.run(count).next().expect("all were placed");
        if self.placed / STOP_EVERY > before / STOP_EVERY {
            self.to_stop.push_back(first);
        }
        if self.to_stop.len() as u64 > self.wanted / STOP_EVERY / 20 {
            self.stop_next();
        }
    }

    fn active(&self) -> u64 {
        let (_, cluster) = self
            .sim
            .ledger()
            .clusters()
            .iter()
            .next()
            .expect("there is a cluster");
        u64::from(cluster.running) + u64::from(cluster.pending)
    }

    /// Runs so many tasks of one of the definitions, and gives their ARNs.
    fn run(&mut self, count: u64) -> impl Iterator<Item = String> + use<> {
        let chosen = self.words.below(self.requests.len());
        let request = self.requests[chosen].clone().count(count as i32);
        let out = self.sim.run_task(request).expect("the request is good");
        // Otherwise the driver would ask again for ever.
        assert!(out.failures.is_empty(), "a fifth of the cluster is free");
        self.placed += count;
        out.tasks.into_iter().map(|task| task.task_arn.into())
    }

    fn stop_next(&mut self) {
        let next = self.to_stop.pop_front().expect("some are to be stopped");
        self.sim
            .stop_task(StopTask::new(next))
            .expect("the task is known");
    }
}

impl Case for Life {
    fn events(&self) -> u64 {
        self.sim.events()
    }

    fn work(&mut self) {
        let end = self.placed + COUNTED;
        while self.placed < end {
            self.turn();
        }
    }

    fn check(&self) {
        assert_eq!(
            self.active(),
            self.wanted,
            "the cluster is as full as wanted"
        );
        let known = self.sim.ledger().tasks_known();
        assert!(
            self.known.abs_diff(known) < COUNTED as usize / 10,
            "as many are forgotten as stop: {} tasks were known, now {known}",
            self.known
        );
    }
}

/// Container instances of three sizes in three zones, empty, and 24 task definitions.
fn cluster(instances: u32, reads: Reads) -> Simulation {
    let mut profile = Profile::ideal();
    let run = Latency::exponential(MEAN_RUN).expect("the mean is in range");
    profile.default_workload.run = Run::For(run);
    let mut sim = Simulation::builder()
        .seed(42)
        .checking(Checking::AtRest)
        .trace(TraceMode::Off)
        .profile(profile)
        .reads(reads)
        .build()
        .expect("the options are good");
    for number in 0..instances as usize {
        let memory = INSTANCE_MEMORY[number % INSTANCE_MEMORY.len()];
        let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][number % 3];
        let instance = RegisterContainerInstance::default()
            .cpu((memory / 2) as i32)
            .memory(memory as i32)
            .attribute("ecs.availability-zone", zone);
        sim.register_container_instance(instance)
            .expect("it registers");
    }
    for number in 0..DEFINITIONS {
        let container = ContainerDefinition::new("app", "web:1")
            .cpu([64, 128, 128, 256][number % 4])
            .memory(TASK_MEMORY[number % TASK_MEMORY.len()] as i32);
        let definition = RegisterTaskDefinition::new(format!("web{number}")).container(container);
        sim.register_task_definition(definition)
            .expect("it registers");
    }
    sim
}

fn requests(strategy: &[PlacementStrategy]) -> Vec<RunTask> {
    let request = |number| {
        let mut request = RunTask::new(format!("web{number}"));
        request.placement_strategy = strategy.to_vec();
        request
    };
    (0..DEFINITIONS).map(request).collect()
}
