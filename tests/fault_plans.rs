//! Plans of faults: when their faults come, whom they meet, and that whatever comes the simulation keeps its promises and
//! is whole once the weather is over.

use std::time::Duration;

use proptest::prelude::*;
use wavetank::controllers::Keeper;
use wavetank::model::*;
use wavetank::{EventTies, FaultCount, FaultFamily, FaultPlan, Latency};

use crate::support::{Trial, app, builder, one, sized};

pub(crate) const ANY: &str = "$any";

pub(crate) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

pub(crate) fn restart_of(container_instance: &str) -> Fault {
    Fault::AgentRestart {
        container_instance: container_instance.to_owned(),
        lasting: Duration::from_secs(5),
    }
}

pub(crate) fn stop_of(container_instance: &str) -> Fault {
    let container_instance = container_instance.to_owned();
    Fault::InstanceStop { container_instance }
}

pub(crate) fn exit_of(task: &str) -> Fault {
    Fault::ContainerExit {
        task: task.to_owned(),
        container: ANY.to_owned(),
        exit_code: 3,
    }
}

pub(crate) fn planned(plan: FaultPlan) -> Trial {
    Trial::web_of(builder().faults(plan))
}

/// How often a row came, and how often it happened.
fn count(came: u32, happened: u32) -> FaultCount {
    let mut count = FaultCount::default();
    (count.came, count.happened) = (came, happened);
    count
}

#[test]
fn a_fault_comes_at_its_time_and_keeps_nothing_from_being_at_rest() {
    let mut trial = planned(FaultPlan::new().at(minutes(5), stop_of(ANY)));
    let host = trial.host();
    trial.run("web");
    trial.rest();
    assert!(trial.now() < wavetank::SimTime::from_secs(10));
    trial.at(299_999);
    let is_on = |trial: &Trial| {
        let hosts = trial.ledger().hosts();
        let id = wavetank::ids::ContainerInstanceId::new(0);
        hosts.host(id).is_some_and(|host| host.power.is_on())
    };
    assert!(is_on(&trial));
    trial.at(300_000);
    assert!(!is_on(&trial));
    trial.at(400_000);
    assert!(!trial.shown(&host).agent_connected);
    assert_eq!(trial.fault_counts(), [count(1, 1)]);
}

#[test]
fn a_rate_has_about_as_many_faults_as_it_says_between_its_times() {
    let gap = Latency::exponential(minutes(10)).expect("it is short enough");
    let rate = wavetank::fault::plan::Rate {
        from: minutes(60),
        until: minutes(660),
        ..wavetank::fault::plan::Rate::of(gap)
    };
    let when = wavetank::fault::plan::When::Every(rate);
    let mut trial = planned(FaultPlan::new().row(when, restart_of(ANY)));
    trial.at(3_600_000);
    assert_eq!(trial.fault_counts()[0].came, 0);
    trial.at(36_000_000);
    let come = trial.fault_counts()[0].came;
    assert!((35..80).contains(&come), "{come}");
    trial.at(39_600_000);
    let come = trial.fault_counts()[0].came;
    trial.at(100_000_000);
    assert_eq!(trial.fault_counts()[0].came, come);
}

#[test]
fn a_rate_without_a_gap_has_an_end_at_every_moment() {
    let mut trial = planned(FaultPlan::new().every(Latency::ZERO, restart_of("nobody")));
    trial.at(100);
    assert_eq!(trial.fault_counts(), [count(100, 0)]);
}

#[test]
fn a_fault_is_tied_to_the_tasks_that_it_says() {
    let plan: FaultPlan = serde_json::from_str(
        r#"[ { "when": { "task": { "family": "web*", "is": "RUNNING", "nth": 2, "times": 2, "after": "2s" } },
               "fault": { "kind": "ContainerExit", "task": "$cause", "container": "app", "exitCode": 3 } } ]"#,
    )
    .expect("the plan is good");
    let mut trial = planned(plan);
    trial.define(one("other"));
    let other = trial.run("other");
    let mut tasks = Vec::new();
    for nth in 0..4 {
        trial.at(1_000 * nth);
        tasks.push(trial.run("web"));
    }
    trial.at(60_000);
    let codes = tasks
        .iter()
        .map(|task| trial.task(task).containers[0].exit_code);
    assert_eq!(codes.collect::<Vec<_>>(), [None, Some(3), Some(3), None]);
    let ended = wavetank::model::Timestamp::as_millis;
    let second = trial.task(&tasks[1]).execution_stopped_at.map(ended);
    assert_eq!(second, Some(1_000 + 5_700 + 2_000));
    assert_eq!(trial.status(&other).0, LastStatus::Running);
    assert_eq!(trial.fault_counts(), [count(2, 2)]);
}

#[test]
fn a_cause_may_be_the_container_instance_of_a_task_or_one_that_registered() {
    let plan: FaultPlan = serde_json::from_str(
        r#"[ { "when": { "task": { "is": "RUNNING" } },
               "fault": { "kind": "InstanceStop", "containerInstance": "$cause" } },
             { "when": { "containerInstance": { "is": "ACTIVE", "nth": 2 } },
               "fault": { "kind": "AgentDisconnect", "containerInstance": "$cause" } } ]"#,
    )
    .expect("the plan is good");
    let mut trial = planned(plan);
    let second = trial.instance(2048, 4096);
    trial.at(1);
    assert!(!trial.shown(&second).agent_connected);
    let task = trial.run("web");
    trial.at(100_000);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    assert_eq!(trial.fault_counts(), [count(1, 1), count(1, 1)]);
}

#[test]
fn whom_a_fault_meets_is_drawn_from_those_that_it_names() {
    let zone = "ecs.availability-zone";
    let mut met = std::collections::BTreeSet::new();
    for seed in 0..30 {
        let plan = FaultPlan::new()
            .at(
                minutes(1),
                Fault::AgentDisconnect {
                    container_instance: "$any:us-east-1a".to_owned(),
                },
            )
            .at(
                minutes(1),
                Fault::AgentDisconnect {
                    container_instance: "$any:rack=r2".to_owned(),
                },
            )
            .at(minutes(1), exit_of("$any:job*"));
        let mut trial = Trial::web_of(builder().seed(seed).faults(plan));
        trial.define(one("job"));
        let machine = |key: &str, value: &str| {
            let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
            machine.attribute(key, value)
        };
        let here = [0, 1].map(|_| trial.register(machine(zone, "us-east-1a")));
        let rack = trial.register(machine("rack", "r2"));
        let job = trial.start("job", &rack);
        trial.start("web", &rack);
        trial.at(61_000);
        let connected = here.map(|instance| trial.shown(&instance).agent_connected);
        met.insert(connected);
        assert!(!trial.shown(&rack).agent_connected);
        let held = trial.ledger().hosts().tasks();
        let ended = held
            .filter(|(_, held)| held.first.exit_code.code() == Some(3))
            .count();
        assert_eq!((ended, trial.status(&job).0), (1, LastStatus::Running));
    }
    assert_eq!(
        met.len(),
        2,
        "each of both is met at times, and never both: {met:?}"
    );
}

/// When which agent was back, as the trace tells.
fn restarts(trial: &Trial) -> Vec<String> {
    let trace = trial.trace().to_string();
    let back = trace.lines().filter(|line| line.contains(" agent-back "));
    let words = |line: &str| {
        let mut words = line.split_whitespace();
        [words.next(), words.next_back()].map(|word| word.unwrap_or_default().to_owned())
    };
    back.map(|line| words(line).join(" ")).collect()
}

#[test]
fn a_plan_meets_the_same_whatever_else_happens() {
    let gap = Latency::exponential(minutes(3)).expect("it is short enough");
    let plan = FaultPlan::new().every(gap, restart_of(ANY));
    let of_four = || {
        let mut trial = planned(plan.clone());
        (0..3).for_each(|_| drop(trial.instance(2048, 4096)));
        trial
    };
    let (mut quiet, mut busy) = (of_four(), of_four());
    for nth in 0..20 {
        busy.at(60_000 * nth);
        // An agent may be away just then.
        let _ = busy.run_task(RunTask::new("web"));
        let list = busy.list_tasks(ListTasks::new()).expect("it lists");
        for task in list.task_arns.iter().take(1) {
            busy.stop(task);
        }
    }
    quiet.at(1_140_000);
    assert_eq!(quiet.fault_counts(), busy.fault_counts());
    let met = restarts(&quiet);
    assert_eq!(met, restarts(&busy));
    let last = |line: &String| line.split(' ').next_back().map(str::to_owned);
    let who: std::collections::BTreeSet<_> = met.iter().map(last).collect();
    assert!(who.len() > 1, "{met:?}");
}

#[test]
fn a_row_says_how_long_its_faults_last() {
    let minutes_long = |minutes_long| Latency::Fixed(minutes(minutes_long));
    let plan = FaultPlan::new()
        .at(minutes(1), stop_of(ANY))
        .lasting(minutes_long(5))
        .at(
            minutes(10),
            Fault::Throttle {
                operation: Glob::any(),
                lasting: Duration::from_secs(1),
            },
        )
        .lasting(minutes_long(1))
        .at(
            minutes(20),
            Fault::ZoneOutage {
                zone: ANY.to_owned(),
            },
        )
        .lasting(minutes_long(2));
    let mut trial = Trial::of(builder().faults(plan));
    let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
    trial.register(machine.attribute("ecs.availability-zone", "us-east-1a"));
    let is_on = |trial: &Trial| {
        let id = wavetank::ids::ContainerInstanceId::new(0);
        let host = trial.ledger().hosts().host(id);
        host.is_some_and(|host| host.power.is_on())
    };
    let mut found = Vec::new();
    for at in [59_999, 60_000, 359_999, 360_000] {
        trial.at(at);
        found.push(is_on(&trial));
    }
    for at in [600_000, 659_999, 660_000] {
        trial.at(at);
        found.push(trial.list_tasks(ListTasks::new()).is_ok());
    }
    for at in [1_199_999, 1_200_000, 1_319_999, 1_320_000] {
        trial.at(at);
        found.push(is_on(&trial));
    }
    let (good, bad) = (true, false);
    assert_eq!(
        found,
        [good, bad, bad, good, bad, bad, good, good, bad, bad, good]
    );
    assert_eq!(trial.fault_counts(), [count(1, 1); 3]);
    let trace = trial.trace().to_string();
    assert!(trace.contains("fault-due row-0 #0 over"), "{trace}");
}

#[test]
fn faults_of_a_rate_last_as_long_as_luck_has_it_and_end_with_the_plan() {
    let plan: FaultPlan = serde_json::from_str(
        r#"[ { "when": { "every": { "gap": "10m" } },
               "fault": { "kind": "AgentDisconnect", "containerInstance": "$any" },
               "for": { "uniform": ["1m", "9m"] } } ]"#,
    )
    .expect("the plan is good");
    let mut trial = planned(plan);
    let host = trial.host();
    let mut away = Vec::new();
    for round in 1..=12 {
        let minute = |trial: &mut Trial, minute: u64| {
            trial.at((round * 10 + minute) * 60_000);
            !trial.shown(&host).agent_connected
        };
        away.push((0..10).filter(|at| minute(&mut trial, *at)).count());
    }
    assert!(
        away.iter().all(|minutes| (1..10).contains(minutes)),
        "{away:?}"
    );
    assert!(away.iter().any(|minutes| *minutes != away[0]), "{away:?}");
    assert_eq!(trial.fault_counts()[0].happened, 12);
    trial.at(130 * 60_000);
    assert!(!trial.shown(&host).agent_connected);
    trial.heal();
    let before = trial.events();
    trial.at(200 * 60_000);
    assert_eq!(trial.events(), before);
}

#[test]
fn a_plan_without_rows_costs_and_changes_nothing() {
    let run = |mut trial: Trial| {
        trial.run("web");
        trial.rest();
        (trial.digest(), trial.state_digest())
    };
    assert_eq!(run(Trial::web()), run(planned(FaultPlan::new())));
}

#[test]
fn any_container_of_a_task_that_is_named_is_met() {
    let naming = wavetank::Naming::new(42, "us-east-1", "123456789012").expect("both are good");
    let task = naming.task_arn("default", wavetank::ids::TaskId::new(0));
    let plan = FaultPlan::new().at(minutes(1), exit_of(&task));
    let mut trial = Trial::web_of(builder().seed(42).faults(plan));
    assert_eq!(trial.run("web"), task);
    trial.at(70_000);
    assert_eq!(trial.fault_counts(), [count(1, 1)]);
    assert_eq!(trial.task(&task).containers[0].exit_code, Some(3));
}

#[test]
fn what_brings_machines_back_meets_those_that_are_down() {
    let on = || InstanceSet::instance(ANY);
    let plan = FaultPlan::new()
        .at(minutes(1), Fault::Outage { on: on() })
        .at(minutes(5), Fault::Recovery { on: on() });
    for seed in 0..10 {
        let mut trial = Trial::web_of(builder().seed(seed).faults(plan.clone()));
        let machines = [(); 3].map(|()| trial.instance(2048, 4096));
        trial.at(200_000);
        let up = |trial: &mut Trial| {
            let shown = machines.each_ref().map(|it| trial.shown(it));
            shown.iter().filter(|it| it.agent_connected).count()
        };
        let host = trial.host();
        let away = usize::from(!trial.shown(&host).agent_connected);
        assert_eq!(up(&mut trial), 2 + away);
        trial.at(300_000);
        assert_eq!(up(&mut trial), 3);
        assert_eq!(trial.fault_counts(), [count(1, 1); 2]);
    }
}

#[test]
fn how_far_a_plan_is_and_who_the_next_session_is_are_part_of_the_state() {
    let plan = FaultPlan::new().at(minutes(5), stop_of(ANY));
    let (mut early, mut late) = (planned(plan.clone()), planned(plan));
    assert_eq!(early.state_digest(), late.state_digest());
    early.heal();
    late.at(0);
    assert_ne!(early.state_digest(), late.state_digest());
    let mut other = late.clone();
    let _ = other.session();
    assert_ne!(other.state_digest(), late.state_digest());
}

#[test]
fn healing_ends_a_plan() {
    let plan = FaultPlan::new()
        .every(Latency::Fixed(Duration::from_secs(10)), stop_of(ANY))
        .when_task("*", LastStatus::Running, exit_of("$cause"))
        .at(minutes(60), stop_of(ANY));
    let mut trial = planned(plan);
    trial.at(100_000);
    trial.heal();
    let before = trial.fault_counts().to_vec();
    let task = trial.run("web");
    trial
        .must_settle(minutes(2))
        .expect("no fault comes any more");
    trial.at(10_000_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert_eq!(trial.fault_counts(), before);
}

#[test]
fn a_plan_reads_and_writes_alike() {
    for seed in 0..50 {
        let plan = FaultPlan::swarm(seed, FaultFamily::ALL)
            .at(minutes(3), stop_of(ANY))
            .lasting(Latency::Fixed(minutes(2)))
            .when_task("web*", LastStatus::Running, exit_of("$cause"));
        let written = serde_json::to_string(&plan).expect("a plan is plain data");
        let read: FaultPlan = serde_json::from_str(&written).expect("it reads back");
        assert_eq!(read, plan);
    }
}

/// Runs, stops and lists for an hour under a swarm, and heals it.
fn live_through(plan: FaultPlan, seed: u64, ties: EventTies) -> Trial {
    let mut profile = Profile::realistic();
    profile.latencies.activation = Latency::Fixed(Duration::from_secs(seed % 3 * 5));
    profile.latencies.deactivation = Latency::Fixed(Duration::from_secs(seed % 2 * 15));
    let builder = builder().seed(seed).profile(profile).event_ties(ties);
    let mut trial = Trial::of(builder.faults(plan).subnet("subnet-a", "us-east-1a"));
    for nth in 0..6 {
        let zone = ["us-east-1a", "us-east-1b"][nth % 2];
        let machine = RegisterContainerInstance::default().cpu(4096).memory(8192);
        let machine = machine.attribute("ecs.availability-zone", zone);
        trial.register(machine.attribute("rack", ["r1", "r2", "r3"][nth % 3]));
    }
    // Something for every family: health that is checked, a controller, somebody who is told of events.
    let checked = app().health_check(HealthCheck::shell("true"));
    trial.define(RegisterTaskDefinition::new("web").container(checked));
    trial.add_controller(Keeper::new("keeper", RunTask::new("kept"), 2));
    let told = trial.subscribe(EventPattern::tasks(), Delivery::ideal());
    told.expect("nothing is drawn");
    trial.define(one("kept"));
    trial.define(sized("big", 2048, 4096));
    trial.define(RegisterTaskDefinition {
        network_mode: Some(NetworkMode::Awsvpc),
        ..one("net")
    });
    let network = NetworkConfiguration::subnets(["subnet-a"]);
    for nth in 0..60_u64 {
        trial.at(60_000 * nth);
        // Calls may be refused: by the weather, or because there is no room.
        let _ = match nth % 3 {
            0 => trial.run_task(RunTask::new("web").count(3)),
            1 => trial.run_task(RunTask::new("big")),
            _ => trial.run_task(RunTask::new("net").network(network.clone())),
        };
        let wanted = trial
            .ledger()
            .tasks()
            .filter(|(_, record)| record.is_wanted());
        let oldest = wanted.map(|(task, _)| task).next();
        if let Some(task) = oldest.filter(|_| nth % 2 == 0) {
            let record = trial.ledger().task(task).expect("it was just seen");
            let cluster = trial.ledger().launch_of(record).cluster;
            let name = trial.ledger().cluster(cluster).spec.name.to_string();
            let naming = wavetank::Naming::new(trial.seed(), "us-east-1", "123456789012");
            let arn = naming.expect("both are good").task_arn(&name, task);
            let _ = trial.stop_task(StopTask::new(arn));
        }
    }
    trial.heal();
    trial
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_the_weather_invariants_hold_and_all_is_well_when_it_is_over(seed: u64, shuffled: bool) {
        let plan = FaultPlan::swarm(seed, FaultFamily::ALL);
        let ties = if shuffled { EventTies::Shuffled } else { EventTies::Sequence };
        // The trial judges every invariant at its end, and its steps on the way.
        let mut trial = live_through(plan, seed, ties);
        let settled = trial.must_settle(minutes(30));
        prop_assert!(settled.is_ok(), "{}", settled.unwrap_err());
        prop_assert!(trial.ledger().hazards().is_calm());
    }
}

#[test]
fn each_family_alone_is_weathered() {
    for (seed, family) in (0..).zip(FaultFamily::ALL) {
        let plan = FaultPlan::swarm(seed, &[*family]);
        let mut trial = live_through(plan, seed, EventTies::Sequence);
        let happened = |count: &FaultCount| count.happened > 0;
        assert!(trial.fault_counts().iter().any(happened), "{family:?}");
        let settled = trial.must_settle(minutes(30));
        assert!(settled.is_ok(), "{family:?}: {}", settled.unwrap_err());
    }
}

#[test]
fn equal_seeds_have_equal_weather() {
    let run = |seed| {
        let plan = FaultPlan::swarm(seed, FaultFamily::ALL);
        let trial = live_through(plan, seed, EventTies::Shuffled);
        (trial.digest(), trial.state_digest())
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3).0, run(4).0);
}
