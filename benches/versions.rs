//! What is kept of the past while somebody lags: 100,000 tasks come and go over a simulated day.
//!
//! A version is kept for the longest lag after it was made, and no longer. So no more is kept at any time than is made within
//! that: the rate of tasks, times the longest lag, times the versions of a life. Each row lets the day pass and counts, before
//! an hour of the next day is timed.

use std::collections::VecDeque;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wavetank::digest::Digest;
use wavetank::model::{Lateness, ViewModel};
use wavetank::{
    Builder, Checking, ContainerDefinition, LastStatus, Reads, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, Simulation, StartTask, StopTask, TraceMode,
};

const TASKS: usize = 100_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Tasks of one RunTask; with each call of it as many older ones are stopped.
const BATCH: usize = 10;
const BATCHES: usize = TASKS / BATCH;

/// From one call of RunTask to the next.
const APART: Duration = Duration::from_millis(DAY.as_millis() as u64 / BATCHES as u64);

/// So many batches run at a time, each for ten minutes.
const LIVE: usize = 70;

/// What is kept is counted so often between two calls of RunTask.
const LOOKS: u32 = 8;

/// The longest that ECS advises a reader to wait.
const LONGEST: Duration = Duration::from_secs(300);

/// Bytes that may be taken for each version that may be kept: records of tasks and of container instances are some 200 bytes,
/// and lists have room to spare.
const BYTES: usize = 1_024;

/// A cluster on which tasks come and go.
struct Day {
    sim: Simulation,
    live: VecDeque<Vec<String>>,
    most: Kept,
}

/// What is kept of the past.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    versions: usize,
    bytes: usize,
}

impl Kept {
    fn most(self, other: Self) -> Self {
        Self {
            versions: self.versions.max(other.versions),
            bytes: self.bytes.max(other.bytes),
        }
    }
}

fn built(builder: Builder) -> Simulation {
    builder
        .seed(42)
        .checking(Checking::AtRest)
        .trace(TraceMode::Off)
        .build()
        .expect("the options are good")
}

fn pass(sim: &mut Simulation, span: Duration) {
    sim.advance(span).expect("no invariant is violated");
}

impl Day {
    fn new(builder: Builder) -> Self {
        let mut sim = built(builder);
        for _ in 0..100 {
            let instance = RegisterContainerInstance::default()
                .cpu(4096)
                .memory(16_384);
            sim.register_container_instance(instance)
                .expect("it registers");
        }
        let container = ContainerDefinition::new("app", "web:1").cpu(64).memory(64);
        sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))
            .expect("it registers");
        sim.advance(DAY).expect("no invariant is violated");
        Self {
            sim,
            live: VecDeque::new(),
            most: Kept::default(),
        }
    }

    /// Tasks come, and as many older ones are stopped.
    fn turn(&mut self) {
        let request = RunTask::new("web").count(BATCH as i32);
        let answer = self.sim.run_task(request).expect("the request is good");
        let tasks = answer.tasks.into_iter().map(|task| task.task_arn.into());
        self.live.push_back(tasks.collect());
        if self.live.len() > LIVE {
            let oldest = self.live.pop_front().expect("there are some");
            for task in oldest {
                self.sim
                    .stop_task(StopTask::new(task))
                    .expect("the task is known");
            }
        }
    }

    fn look(&mut self) {
        let versions = self.sim.ledger().versions();
        let kept = Kept {
            versions: versions.len(),
            bytes: versions.bytes(),
        };
        self.most = self.most.most(kept);
    }

    /// An hour passes.
    fn hour(&mut self) {
        for _ in 0..BATCHES / 24 {
            self.turn();
            pass(&mut self.sim, APART);
        }
    }

    /// An hour passes, with an eye on what is kept; the most that was.
    fn watched_hour(&mut self) -> Kept {
        self.most = Kept::default();
        for _ in 0..BATCHES / 24 {
            self.turn();
            for _ in 0..LOOKS {
                self.look();
                pass(&mut self.sim, APART / LOOKS);
            }
        }
        self.most
    }
}

/// How many versions a task's life makes, of it and of its container instance: one that lives alone, with all of it kept.
fn versions_of_a_life(sees: fn(Builder, ViewModel) -> Builder) -> usize {
    let longer_than_it = ViewModel::FixedLag(DAY / 2);
    let mut day = Day::new(sees(Simulation::builder(), longer_than_it));
    let request = RunTask::new("web");
    let answer = day.sim.run_task(request).expect("the request is good");
    pass(&mut day.sim, Duration::from_secs(600));
    let stop = StopTask::new(&answer.tasks[0].task_arn);
    day.sim.stop_task(stop).expect("the task is known");
    pass(&mut day.sim, Duration::from_secs(2 * 3600));
    let ledger = day.sim.ledger();
    assert_eq!(ledger.tasks_known(), 0, "it was forgotten");
    // What was before them is kept of the task and of its container instance, and is none of its life.
    ledger.versions().len() - 2
}

/// Lets a day pass, and holds what was kept against what could be; and the digest of that day.
fn pass_a_day(name: &str, builder: Builder, longest: Duration, life: usize) -> (Day, Digest) {
    let mut day = Day::new(builder);
    let hours: Vec<Kept> = (0..24).map(|_| day.watched_hour()).collect();
    let ledger = day.sim.ledger();
    let running = |status| status == LastStatus::Running;
    let running = ledger.tasks().filter(|(_, task)| running(task.last_status));
    assert_eq!(running.count(), LIVE * BATCH, "{name}: what came has gone");
    assert!(
        ledger.tasks_known() > TASKS / 24,
        "{name}: an hour of tasks is known"
    );

    let batches = longest.as_nanos().div_ceil(APART.as_nanos()) as usize;
    let made = (batches + usize::from(batches > 0)) * BATCH * life;
    // Of each record that has versions, what was before them is kept too.
    let limit = 2 * made;
    for kept in &hours {
        assert!(
            kept.versions <= limit && kept.bytes <= limit * BYTES,
            "{name}: {kept:?}, at most {limit} versions could be seen"
        );
    }
    let most_of = |hours: &[Kept]| hours.iter().copied().fold(Kept::default(), Kept::most);
    let (early, late) = (most_of(&hours[..12]), most_of(&hours[12..]));
    assert!(
        late.versions * 20 <= early.versions * 21 && late.bytes * 20 <= early.bytes * 21,
        "{name}: {early:?} in the first half of the day, {late:?} in the second"
    );
    let most = early.most(late);
    println!(
        "{name}: at most {} versions kept, {} KiB; a life makes {life}, and {limit} is the limit",
        most.versions,
        most.bytes.div_ceil(1024),
    );
    assert!(
        most.versions * 4 >= limit,
        "{name}: the limit is not far off"
    );
    let digest = day.sim.digest();
    (day, digest)
}

fn versions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("versions");
    let in_an_hour = (BATCHES / 24 * BATCH) as u64;
    group
        .throughput(Throughput::Elements(in_an_hour))
        .sample_size(10);
    let reads = |builder: Builder, view: ViewModel| builder.reads(view);
    let sees = |builder: Builder, view: ViewModel| builder.scheduler_sees(view);
    let (of_readers, of_schedulers) = (versions_of_a_life(reads), versions_of_a_life(sees));
    let bound = Lateness::realistic().bound;
    let plain = Simulation::builder;
    let realistic = ViewModel::PerRecordLag(Lateness::realistic());
    let longest = ViewModel::FixedLag(LONGEST);
    let rows = [
        ("consistent", plain(), Duration::ZERO, 0),
        (
            "realistic",
            plain().reads(Reads::realistic()),
            bound,
            of_readers,
        ),
        (
            "five-minutes",
            plain().reads(longest.clone()),
            LONGEST,
            of_readers,
        ),
        (
            "scheduler-realistic",
            sees(plain(), realistic),
            bound,
            of_schedulers,
        ),
        (
            "scheduler-five-minutes",
            sees(plain(), longest),
            LONGEST,
            of_schedulers,
        ),
    ];
    let mut undisturbed = None;
    for (name, builder, longest, life) in rows {
        let (mut day, digest) = pass_a_day(name, builder, longest, life);
        if !name.starts_with("scheduler") {
            let expected = *undisturbed.get_or_insert(digest);
            assert_eq!(digest, expected, "{name}: who only reads changes nothing");
        }
        group.bench_function(format!("an-hour/{name}"), |bencher| {
            bencher.iter(|| day.hour())
        });
    }
    group.finish();
}

/// A cluster of 1,000 container instances with so many tasks on each, twenty of which come and go in a second.
struct Crowd {
    sim: Simulation,
    live: VecDeque<String>,
}

impl Crowd {
    /// One whose run is that of another.
    fn checked(each: usize, view: &ViewModel) -> Self {
        let crowd = || Self::new(each, Simulation::builder().scheduler_sees(view.clone()));
        let (crowd, again) = (crowd(), crowd());
        assert_eq!(crowd.sim.digest(), again.sim.digest(), "two runs agree");
        crowd
    }

    fn new(each: usize, builder: Builder) -> Self {
        let mut sim = built(builder);
        let mut hosts = Vec::new();
        for _ in 0..1_000 {
            let instance = RegisterContainerInstance::default()
                .cpu(32_768)
                .memory(65_536);
            let answer = sim.register_container_instance(instance);
            let known = answer.expect("it registers").container_instance;
            hosts.push(known.container_instance_arn.to_string());
        }
        let container = ContainerDefinition::new("app", "web:1").cpu(16).memory(16);
        sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))
            .expect("it registers");
        let mut crowd = Self {
            sim,
            live: VecDeque::new(),
        };
        // Until the last of them is seen.
        let minute = Duration::from_secs(60);
        pass(&mut crowd.sim, minute);
        for _ in 0..each {
            for some in hosts.chunks(10) {
                let request = StartTask::new("web", some);
                let answer = crowd.sim.start_task(request).expect("the request is good");
                let tasks = answer.tasks.into_iter().map(|task| task.task_arn.into());
                crowd.live.extend(tasks);
            }
        }
        pass(&mut crowd.sim, minute);
        for _ in 0..2_000 {
            crowd.turn();
        }
        crowd
    }

    fn turn(&mut self) {
        let answer = self.sim.run_task(RunTask::new("web"));
        let placed = answer.expect("the request is good").tasks;
        assert_eq!(placed.len(), 1, "there is room");
        self.live.push_back(placed[0].task_arn.to_string());
        let oldest = self.live.pop_front().expect("there are some");
        self.sim
            .stop_task(StopTask::new(oldest))
            .expect("the task is known");
        pass(&mut self.sim, Duration::from_millis(50));
    }
}

/// What a task's life costs under a scheduler that sees the cluster as it was five seconds ago, and under one that sees it
/// as it is.
fn late_schedulers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scheduler-sees");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for each in [5, 50] {
        for view in [
            ViewModel::Fresh,
            ViewModel::FixedLag(Duration::from_secs(5)),
        ] {
            // Set up only when it is asked for.
            let mut crowd = None;
            group.bench_function(format!("{view}/{each}-tasks-on-each"), |bencher| {
                let crowd = crowd.get_or_insert_with(|| Crowd::checked(each, &view));
                bencher.iter(|| crowd.turn())
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = versions, late_schedulers
}
criterion_main!(benches);
