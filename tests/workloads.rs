//! Workloads that code decides, arrivals, recorded jobs, and jobs that follow on one another.

#[path = "../examples/arrivals/day.rs"]
mod day;

use std::time::Duration;

use wavetank::batch::{Batch, BatchError, BatchJob, JobState};
use wavetank::draw::Draws;
use wavetank::model::*;
use wavetank::workload::{Arrivals, JobTrace};
use wavetank::{Latency, SimTime, Simulation};

use crate::support::{Trial, builder, ms, one, sized};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Tasks that run for a drawn time, and exit with what their starter says.
#[derive(Debug)]
struct Drawn;

impl WorkloadLogic for Drawn {
    fn workload(&self, of: &Occasion<'_>) -> Workload {
        let mut workload = of.usual.clone();
        workload.run = Run::For(Latency::Fixed(secs(1 + of.draw(0).below(3_000))));
        let code = of
            .started_by
            .and_then(|by| by.strip_prefix("exit-")?.parse().ok());
        workload.exit_code = ExitCode::Always(code.unwrap_or(0));
        workload
    }
}

fn drawn() -> Profile {
    let mut profile = Profile::ideal();
    let workload = Workload::ideal().decided_by(Drawn);
    profile
        .workloads
        .push(WorkloadRow::new("job", "*", workload));
    profile
}

/// A simulation with the family `job` under a profile, on one large container instance.
fn jobs(profile: Profile) -> Trial {
    let mut trial = Trial::of(builder().profile(profile));
    trial.instance(65_536, 65_536);
    trial.define(one("job"));
    trial
}

/// When each task's process ended, by number.
fn ends(sim: &Simulation) -> Vec<Option<SimTime>> {
    let tasks = sim.ledger().tasks();
    tasks
        .map(|(_, task)| task.execution_stopped_at.get())
        .collect()
}

/// Containers that use more memory than they may, which no data says of them.
#[derive(Debug)]
struct Greedy;

impl WorkloadLogic for Greedy {
    fn workload(&self, of: &Occasion<'_>) -> Workload {
        let mut workload = of.usual.clone();
        workload.memory = vec![MemoryStep::new(Latency::Fixed(secs(1)), 600)];
        workload
    }
}

#[test]
fn code_may_decide_what_a_plain_container_never_does() {
    let mut profile = Profile::ideal();
    let workload = Workload::ideal().decided_by(Greedy);
    let row = WorkloadRow::new("job", "*", workload);
    profile.workloads.push(row);
    let mut trial = jobs(profile);
    let task = trial.run("job");
    trial.settle(secs(60)).expect("it ends");
    let container = &trial.task(&task).containers[0];
    assert_eq!(container.exit_code, Some(137));
}

#[test]
fn code_decides_for_each_task_of_a_request() {
    let mut trial = jobs(drawn());
    let tasks = trial.run_all(RunTask::new("job").count(5).started_by("exit-7"));
    trial.settle(secs(3_100)).expect("they end");
    let mut ends = ends(&trial);
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len(), 5, "each has a draw of its own");
    assert!(tasks.len() == 5 && ends.iter().all(Option::is_some));
}

#[test]
fn code_sees_who_started_a_task() {
    let mut trial = jobs(drawn());
    let tasks: Vec<_> = ["exit-7", "somebody"]
        .map(|by| trial.run_all(RunTask::new("job").started_by(by)).remove(0))
        .into();
    let mut codes = Vec::new();
    let told = trial.subscribe(EventPattern::tasks(), Delivery::ideal());
    let told = told.expect("it can be drawn");
    trial.settle(secs(3_100)).expect("they end");
    for event in trial.take_state_changes(told) {
        let task = event.event.task().expect("it is a task").clone();
        if task.last_status == LastStatus::Stopped {
            let place = tasks.iter().position(|known| *known == task.task_arn);
            codes.push((place, task.containers[0].exit_code));
        }
    }
    codes.sort_unstable();
    assert_eq!(codes, [(Some(0), Some(7)), (Some(1), Some(0))]);
}

#[test]
fn a_task_that_code_decides_keeps_its_luck_when_others_come() {
    let end = |others: bool| {
        let mut trial = jobs(drawn());
        trial.run("job");
        if others {
            trial.define(one("web"));
            trial.run_all(RunTask::new("job").count(3));
        }
        trial.settle(secs(3_100)).expect("they end");
        ends(&trial)[0]
    };
    assert_eq!(end(false), end(true));
}

#[test]
fn code_goes_along_with_a_fork() {
    let mut trial = jobs(drawn());
    let mut fork = trial.fork();
    trial.run("job");
    fork.run_task(RunTask::new("job")).expect("there is room");
    trial.settle(secs(3_100)).expect("it ends");
    fork.settle(secs(3_100)).expect("it ends");
    assert_eq!(
        (trial.digest(), trial.state_digest()),
        (fork.digest(), fork.state_digest())
    );
}

#[test]
fn many_requests_are_scheduled_with_one_call() {
    let mut trial = jobs(Profile::ideal());
    let bursts = Arrivals::Bursts {
        gap: Latency::Fixed(secs(60)),
        size: 3,
        spread: Latency::ZERO,
    };
    let times = bursts
        .times(&Draws::new(1), 0, trial.now())
        .expect("they pass on");
    let keys = trial.schedule_all(times.take(7).map(|at| (at, RunTask::new("job"))));
    assert_eq!(keys.expect("none has passed").len(), 7);
    trial.at(200_000);
    let created: Vec<_> = trial
        .ledger()
        .tasks()
        .map(|(_, task)| task.created_at.as_millis())
        .collect();
    assert_eq!(
        created,
        [60_000, 60_000, 60_000, 120_000, 120_000, 120_000, 180_000]
    );
}

#[test]
fn recorded_jobs_run_as_long_as_they_did() {
    let text = "arrival_s,duration_s,cpu_units,memory_mib,group,censored,count\n\
                0,100,512,256,a,0,12\n5,30,1024,512,,0,1\n7,40,512,256,b,1,1\n";
    let trace = JobTrace::from_csv(text).expect("it can be read");
    let mut profile = Profile::ideal();
    profile.workloads.push(trace.workloads(&Workload::ideal()));
    let mut trial = Trial::of(builder().profile(profile));
    trial.instance(65_536, 65_536);
    for definition in trace.definitions() {
        trial.define(definition);
    }
    trial
        .schedule_all(trace.requests())
        .expect("none has passed");
    trial.at(300_000);
    let seen: Vec<_> = trial
        .ledger()
        .tasks()
        .map(|(_, task)| task.execution_stopped_at.get().map(SimTime::as_millis))
        .collect();
    let mut expected = vec![Some(105_600); 12];
    expected.extend([Some(40_600), None]);
    assert_eq!(seen, expected);
}

/// A profile in which `job` runs for a minute, and exits with code 1 when its container is called `bad`.
fn minute() -> Profile {
    let mut minute = Workload::ideal();
    minute.run = Run::For(Latency::Fixed(secs(60)));
    let mut bad = minute.clone();
    bad.exit_code = ExitCode::Always(1);
    let mut profile = Profile::ideal();
    profile.workloads.push(WorkloadRow::new("bad", "*", bad));
    profile.workloads.push(WorkloadRow::new("*", "*", minute));
    profile
}

fn job(name: &str, family: &str, after: &[&str]) -> BatchJob {
    BatchJob::new(name, RunTask::new(family)).after(after.iter().copied())
}

fn batch_of(jobs: impl IntoIterator<Item = BatchJob>) -> Batch {
    Batch::new(jobs).expect("they follow on one another")
}

#[test]
fn a_job_is_asked_for_when_all_before_it_have_succeeded() {
    let mut trial = jobs(minute());
    let batch = batch_of([
        job("last", "job", &["left", "right"]),
        job("left", "job", &["first"]),
        job("right", "job", &["first"]),
        job("first", "job", &[]),
    ]);
    assert_eq!(
        batch.order().collect::<Vec<_>>(),
        ["first", "left", "right", "last"]
    );
    let mut run = batch.start(&mut trial).expect("the requests are good");
    assert!(
        run.drive(&mut trial, secs(3_600))
            .expect("nothing is refused")
    );
    assert!(run.states().all(|(_, state)| state == JobState::Succeeded));
    let created: Vec<_> = trial
        .ledger()
        .tasks()
        .map(|(_, task)| task.created_at.as_millis())
        .collect();
    // 65.6 s until a task has ended, and 0.1 s until it is known.
    assert_eq!(created, [0, 65_700, 65_700, 131_400]);
}

#[test]
fn what_comes_after_a_failed_job_is_skipped() {
    let mut trial = jobs(minute());
    trial.define(one("bad"));
    let batch = batch_of([
        job("bad", "bad", &[]),
        job("after", "job", &["bad"]),
        job("later", "job", &["after"]),
        job("beside", "job", &[]),
    ]);
    let mut run = batch.start(&mut trial).expect("the requests are good");
    assert!(
        run.drive(&mut trial, secs(3_600))
            .expect("nothing is refused")
    );
    let states: Vec<_> = run.states().map(|(_, state)| state).collect();
    let [failed, skipped] = [JobState::Failed, JobState::Skipped];
    assert_eq!(states, [failed, skipped, skipped, JobState::Succeeded]);
    assert_eq!(trial.ledger().tasks().count(), 2);
}

#[test]
fn a_failed_task_is_tried_again_as_often_as_it_may() {
    let mut trial = jobs(minute());
    trial.define(one("bad"));
    let batch = batch_of([job("bad", "bad", &[]).attempts(3)]);
    let mut run = batch.start(&mut trial).expect("the request is good");
    assert!(
        run.drive(&mut trial, secs(3_600))
            .expect("nothing is refused")
    );
    assert_eq!(run.state("bad"), Some(JobState::Failed));
    assert_eq!(trial.ledger().tasks().count(), 3);
}

#[test]
fn tasks_without_a_place_are_asked_for_again() {
    let mut trial = Trial::of(builder().profile(minute()));
    trial.instance(1024, 2048);
    trial.define(sized("job", 1024, 512));
    let batch = batch_of([BatchJob::new("many", RunTask::new("job").count(3))]);
    let mut run = batch.start(&mut trial).expect("the request is good");
    assert!(
        run.drive(&mut trial, secs(3_600))
            .expect("nothing is refused")
    );
    assert_eq!(run.state("many"), Some(JobState::Succeeded));
    assert_eq!(trial.ledger().tasks().count(), 3);
    let first = trial.ledger().tasks().next().expect("there are three").1;
    assert_eq!(ms(Some(trial.timestamp(first.created_at))), Some(0));
}

#[test]
fn a_batch_that_is_not_done_in_time_can_be_driven_on() {
    let mut trial = jobs(minute());
    let batch = batch_of([job("one", "job", &[]), job("two", "job", &["one"])]);
    let mut run = batch.start(&mut trial).expect("the requests are good");
    assert!(!run.drive(&mut trial, secs(30)).expect("nothing is refused"));
    assert_eq!(trial.now(), SimTime::from_secs(30));
    let (mut fork, mut other) = (trial.fork(), run.clone());
    assert!(
        run.drive(&mut trial, secs(3_600))
            .expect("nothing is refused")
    );
    assert!(
        other
            .drive(&mut fork, secs(3_600))
            .expect("nothing is refused")
    );
    assert_eq!(trial.digest(), fork.digest());
}

#[test]
fn jobs_that_can_not_follow_on_one_another_are_refused() {
    let twice = Batch::new([job("a", "job", &[]), job("a", "job", &[])]);
    assert_eq!(twice.unwrap_err(), BatchError::Twice("a".to_owned()));
    let unknown = Batch::new([job("a", "job", &["b"])]).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "job \"a\" comes after \"b\", which there is not"
    );
    let circle = Batch::new([
        job("c", "job", &["b"]),
        job("b", "job", &["a"]),
        job("a", "job", &["c"]),
    ]);
    assert_eq!(
        circle.unwrap_err().to_string(),
        "jobs wait for each other: a -> c -> b -> a"
    );
}

#[test]
fn the_example_is_the_same_day_for_a_seed_and_another_for_another() {
    let report = |seed| day::report(seed).expect("a day goes by");
    let (first, again, other) = (report(42), report(42), report(7));
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert!(
        first.starts_with("nightly batch done: true, at "),
        "{first}"
    );
}
