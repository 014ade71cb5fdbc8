//! Faults that last: slow hosts, partitions, messages and events astray, wrong clocks, registries and interfaces that fail,
//! and machines that go together.

use std::time::Duration;

use proptest::prelude::*;
use wavetank::Latency;
use wavetank::model::*;

use crate::partitions::partition;
use crate::support::{Trial, app, builder, ms, one, profile, workload};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);
const ALWAYS: Chance = Chance::new(1, 1);

fn slow(on: InstanceSet, parts: u32) -> Fault {
    Fault::Slow {
        on,
        speed: Speed::new(1, parts),
        lasting: HOUR,
    }
}

/// A machine of 2048 CPU units and 4096 MiB with an attribute.
fn machine(trial: &mut Trial, name: &str, value: &str) -> String {
    let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
    trial.register(machine.attribute(name, value))
}

#[track_caller]
fn started_at(trial: &mut Trial, task: &str) -> Option<u64> {
    ms(trial.task(task).started_at)
}

#[test]
fn pulls_starts_and_stops_take_longer_on_a_slow_host() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.fault(slow(InstanceSet::instance(host), 2));
    let task = trial.run("web");
    trial.rest();
    assert_eq!(started_at(&mut trial, &task), Some(11_200));
    trial.at(20_000);
    trial.stop(&task);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(ms(task.execution_stopped_at), Some(22_100));
    assert_eq!(task.containers[0].exit_code, Some(0));
}

#[test]
fn a_container_that_its_host_is_too_slow_to_stop_is_killed_in_time() {
    let mut trial = Trial::web();
    trial.define(one("pair").container(ContainerDefinition::new("helper", "web:1").memory(64)));
    let (simple, pair) = (trial.run("web"), trial.run("pair"));
    trial.at(10_000);
    trial.fault(slow(InstanceSet::All, 40));
    trial.stop(&simple);
    trial.stop(&pair);
    trial.rest();
    for task in [simple, pair] {
        let task = trial.task(&task);
        assert_eq!(ms(task.execution_stopped_at), Some(40_100));
        assert_eq!(task.containers[0].exit_code, Some(137));
    }
}

#[test]
fn a_slow_zone_slows_its_own_whenever_they_registered() {
    let mut trial = Trial::web();
    let zone = "ecs.availability-zone";
    let early = machine(&mut trial, zone, "us-east-1a");
    let other = machine(&mut trial, zone, "us-east-1b");
    trial.fault(slow(InstanceSet::zone("us-east-1a"), 3));
    let late = machine(&mut trial, zone, "us-east-1a");
    let started = [early, other, late].map(|instance| {
        let task = trial.start("web", &instance);
        (task, instance)
    });
    trial.rest();
    let times = started.map(|(task, _)| started_at(&mut trial, &task));
    assert_eq!(times, [Some(16_700), Some(5_700), Some(16_700)]);
}

#[test]
fn the_slowest_of_several_counts_and_what_begins_later_is_as_fast_as_ever() {
    let mut trial = Trial::web();
    trial.fault(slow(InstanceSet::All, 2));
    trial.fault(Fault::Slow {
        on: InstanceSet::All,
        speed: Speed::new(1, 4),
        lasting: MINUTE,
    });
    let first = trial.run("web");
    trial.at(61_000);
    let second = trial.run("web");
    trial.at(3_600_000);
    let third = trial.run("web");
    trial.rest();
    // 4 times 5.5 s, then twice, then once; and two messages.
    assert_eq!(started_at(&mut trial, &first), Some(22_200));
    assert_eq!(started_at(&mut trial, &second), Some(72_200));
    assert_eq!(started_at(&mut trial, &third), Some(3_605_700));
}

/// A fault of messages on every host for an hour.
fn astray(kind: &str, chance: Chance) -> Fault {
    let (on, lasting) = (InstanceSet::All, HOUR);
    match kind {
        "lost" => Fault::MessageLoss {
            on,
            chance,
            lasting,
        },
        "repeated" => Fault::MessageRepeat {
            on,
            chance,
            lasting,
        },
        _ => Fault::MessageReorder {
            on,
            chance,
            lasting,
        },
    }
}

#[test]
fn a_message_that_is_lost_is_sent_again_and_arrives_late() {
    let mut trial = Trial::web();
    trial.fault(astray("lost", ALWAYS));
    let task = trial.run("web");
    trial.at(3_700_000);
    let started = started_at(&mut trial, &task);
    // Nothing arrives within the hour; the tries after it do, at most 30 s later for the payload, and what it reports by then
    // is not lost.
    assert!(started.is_some_and(|at| (3_600_000..3_640_000).contains(&at)));
}

#[test]
fn a_message_is_sent_again_until_it_is_acknowledged() {
    let mut late = 0;
    for seed in 0..40 {
        let mut trial = Trial::web_of(builder().seed(seed));
        let chance = Chance::new(2, 3);
        trial.fault(astray("lost", chance));
        let task = trial.run("web");
        trial.rest();
        let first = started_at(&mut trial, &task);
        // Four waits in a row are 6.187 s.
        late += u32::from(first.is_some_and(|at| at > 5_700 + 6_187));
        trial.stop(&task);
        trial.rest();
        let ended = trial.task(&task);
        assert_eq!(ended.last_status, LastStatus::Stopped, "seed {seed}");
        assert!(first.is_some() && ended.started_at.is_some(), "seed {seed}");
    }
    assert!(late > 5, "{late}");
}

#[test]
fn what_was_lost_is_sent_again_once_the_simulation_is_healed() {
    let mut trial = Trial::web();
    trial.fault(astray("lost", ALWAYS));
    let task = trial.run("web");
    trial.at(60_000);
    trial.heal();
    // The wait that is under way may last half a minute more.
    trial.at(97_000);
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
}

#[test]
fn a_lost_acknowledgement_has_a_message_arrive_twice_and_that_changes_nothing() {
    let mut plain = Trial::web();
    let task = plain.run("web");
    plain.rest();
    let expected = plain.task(&task);
    let mut repeated = 0;
    for seed in 0..40 {
        let mut trial = Trial::web_of(builder().seed(seed));
        trial.fault(astray("lost", Chance::new(1, 4)));
        let task = trial.run("web");
        trial.rest();
        let shown = trial.task(&task);
        assert_eq!(shown.version, expected.version, "seed {seed}");
        assert_eq!(
            shown.containers[0].last_status,
            LastStatus::Running,
            "seed {seed}"
        );
        repeated += u32::from(trial.events() > plain.events());
    }
    assert!(repeated > 5, "{repeated}");
}

#[test]
fn a_message_that_arrives_twice_changes_nothing_the_second_time() {
    let mut plain = Trial::web();
    let mut twice = Trial::web();
    twice.fault(astray("repeated", ALWAYS));
    let lives = [&mut plain, &mut twice].map(|trial| {
        let task = trial.run("web");
        trial.at(20_000);
        trial.stop(&task);
        trial.rest();
        trial.task(&task)
    });
    assert_eq!(lives[0], lives[1]);
    assert!(twice.events() > plain.events());
}

#[test]
fn messages_that_are_late_are_overtaken() {
    let mut overtaken = 0;
    for seed in 0..40 {
        let mut trial = Trial::web_of(builder().seed(seed));
        let task = trial.run("web");
        trial.at(1_000);
        trial.fault(astray("late", ALWAYS));
        trial.at(5_650);
        trial.exit(&task, "app", 0);
        trial.rest();
        let task = trial.task(&task);
        assert_eq!(task.last_status, LastStatus::Stopped);
        // The report of its end came first: it was never seen to run.
        overtaken += u32::from(task.started_at.is_none());
    }
    assert!((5..35).contains(&overtaken), "{overtaken}");
}

#[test]
fn faults_of_one_host_leave_the_messages_of_another_alone() {
    let mut trial = Trial::web();
    let (first, second) = (trial.host(), trial.instance(2048, 4096));
    trial.fault(Fault::MessageLoss {
        on: InstanceSet::instance(first),
        chance: ALWAYS,
        lasting: HOUR,
    });
    let task = trial.start("web", &second);
    trial.rest();
    assert_eq!(started_at(&mut trial, &task), Some(5_700));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_becomes_of_messages_tasks_come_to_where_they_are_wanted(
        seed: u64,
        lost in 0..=4_u32,
        repeated in 0..=4_u32,
        late in 0..=4_u32,
        stops in proptest::collection::vec(0..30_000_u64, 4),
    ) {
        // The last message may take more than the hour for which a stopped task is described.
        let builder = builder().seed(seed).stopped_task_retention(2 * HOUR);
        let mut trial = Trial::web_of(builder.profile(Profile::realistic()));
        for (kind, chance) in [("lost", lost), ("repeated", repeated), ("late", late)] {
            trial.fault(astray(kind, Chance::new(chance, 4)));
        }
        let tasks = trial.run_all(RunTask::new("web").count(6));
        let mut stops = stops;
        stops.sort_unstable();
        for (stop, task) in stops.iter().zip(&tasks) {
            trial.at(*stop);
            trial.stop(task);
        }
        // What is lost each time arrives after the hour of the faults.
        let settled = trial.must_settle(Duration::from_secs(4_000));
        prop_assert!(settled.is_ok(), "{}", settled.unwrap_err());
        for (nth, task) in tasks.iter().enumerate() {
            let expected = if nth < 4 { LastStatus::Stopped } else { LastStatus::Running };
            prop_assert_eq!(trial.status(task).0, expected);
        }
    }
}

/// The versions of the first task that its subscriber was told of, in the order in which they came.
fn told(seed: u64, fault: Option<Fault>) -> Vec<u64> {
    let mut trial = Trial::web_of(builder().seed(seed));
    let events = trial.subscribe(EventPattern::tasks(), Delivery::ideal());
    let events = events.expect("the delivery is good");
    if let Some(fault) = fault {
        trial.fault(fault);
    }
    let task = trial.run("web");
    trial.at(5_750);
    trial.stop(&task);
    trial.rest();
    let told = trial.take_state_changes(events).into_iter();
    told.map(|told| told.event.version()).collect()
}

#[test]
fn events_are_lost_repeated_and_overtaken() {
    let (chance, lasting) = (ALWAYS, HOUR);
    let plain = told(1, None);
    assert_eq!(plain, [1, 2, 3, 4, 5]);
    assert_eq!(told(1, Some(Fault::EventLoss { chance, lasting })), [0; 0]);
    let mut twice = told(1, Some(Fault::EventRepeat { chance, lasting }));
    twice.sort_unstable();
    assert_eq!(twice, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    let late = (0..20).map(|seed| told(seed, Some(Fault::EventReorder { chance, lasting })));
    assert!(late.clone().any(|told| !told.is_sorted()));
    assert!(late.into_iter().all(|told| told.len() == plain.len()));
}

#[test]
fn a_clock_that_is_wrong_shows_in_the_times_that_agents_report_and_in_no_other() {
    for (skew, expected) in [
        (Skew::Ahead(MINUTE), [60_100, 65_100, 5_700]),
        (Skew::Behind(Duration::from_secs(2)), [0, 3_100, 5_700]),
    ] {
        let mut trial = Trial::web();
        let (on, lasting) = (InstanceSet::All, HOUR);
        trial.fault(Fault::ClockSkew { on, skew, lasting });
        let task = trial.run("web");
        trial.at(10_000);
        let task = trial.task(&task);
        let times = [task.pull_started_at, task.pull_stopped_at, task.started_at];
        assert_eq!(times.map(ms), expected.map(Some));
    }
}

#[test]
fn a_registry_outage_fails_the_pulls_of_its_images_alone() {
    let ecr = ContainerDefinition::new("app", "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:1");
    let mut trial = Trial::web();
    trial.define(RegisterTaskDefinition::new("private").container(ecr.memory(64)));
    let local = ContainerDefinition::new("app", "localhost/web:1").memory(64);
    trial.define(RegisterTaskDefinition::new("local").container(local));
    trial.fault(Fault::RegistryOutage {
        registry: Glob::new("*.amazonaws.com"),
        lasting: MINUTE,
    });
    trial.fault(Fault::RegistryOutage {
        registry: Glob::new("docker.io"),
        lasting: MINUTE,
    });
    let tasks = ["private", "web", "local"].map(|family| trial.run(family));
    trial.rest();
    let ends = tasks.map(|task| trial.task(&task).stop_code);
    let failed = Some(StopCode::TaskFailedToStart);
    assert_eq!(ends, [failed, failed, None]);
    trial.at(60_000);
    let later = trial.run("private");
    trial.rest();
    assert_eq!(trial.status(&later).0, LastStatus::Running);
}

#[test]
fn an_interface_that_is_not_attached_fails_its_task_at_the_timeout() {
    let mut trial = Trial::web_of(builder().subnet("subnet-a", "us-east-1a"));
    trial.define(RegisterTaskDefinition {
        network_mode: Some(NetworkMode::Awsvpc),
        ..one("net")
    });
    let request = RunTask::new("net").network(NetworkConfiguration::subnets(["subnet-a"]));
    let (chance, lasting) = (ALWAYS, Duration::from_secs(10));
    trial.fault(Fault::EniAttachFail { chance, lasting });
    let unlucky = trial.run_all(request.clone()).remove(0);
    trial.at(10_000);
    let lucky = trial.run_all(request).remove(0);
    trial.rest();
    let unlucky = trial.task(&unlucky);
    assert_eq!(unlucky.stop_code, Some(StopCode::TaskFailedToStart));
    assert_eq!(ms(unlucky.stopped_at), Some(180_000));
    assert_eq!(trial.status(&lucky).0, LastStatus::Running);
}

#[test]
fn the_machines_of_a_rack_go_and_come_together() {
    let mut trial = Trial::web();
    let rack = || InstanceSet::attribute("rack", "r1");
    let down = [
        machine(&mut trial, "rack", "r1"),
        machine(&mut trial, "rack", "r1"),
    ];
    let up = machine(&mut trial, "rack", "r2");
    trial.fault(Fault::Outage { on: rack() });
    trial.rest();
    for instance in &down {
        assert!(!trial.shown(instance).agent_connected);
    }
    assert!(trial.shown(&up).agent_connected);
    trial.fault(Fault::Recovery { on: rack() });
    for instance in &down {
        assert!(trial.shown(instance).agent_connected);
    }
}

#[test]
fn healing_ends_all_that_lasts() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.fault(slow(InstanceSet::All, 100));
    trial.fault(partition(InstanceSet::All, Cut::Both, 3600));
    for kind in ["lost", "repeated", "late"] {
        trial.fault(astray(kind, ALWAYS));
    }
    let (registry, lasting) = (Glob::any(), HOUR);
    trial.fault(Fault::RegistryOutage { registry, lasting });
    let lost = trial.run("web");
    trial.at(30_000);
    trial.heal();
    trial.rest();
    assert_eq!(started_at(&mut trial, &lost), Some(35_700));
    trial.fault(partition(InstanceSet::All, Cut::Both, 3600));
    trial.at(100_000);
    assert!(!trial.shown(&host).agent_connected);
    trial.heal();
    assert!(trial.shown(&host).agent_connected);
    assert!(trial.ledger().hazards().is_calm());
    trial
        .must_settle(Duration::ZERO)
        .expect("nothing is pending");
}

#[test]
fn a_fault_that_lasts_keeps_nothing_from_being_at_rest_but_a_partition_does() {
    let mut trial = Trial::web();
    trial.fault(slow(InstanceSet::All, 2));
    trial.rest();
    assert_eq!(trial.now(), wavetank::SimTime::ZERO);
    trial.fault(partition(InstanceSet::All, Cut::ToAgent, 90));
    trial.rest();
    assert_eq!(trial.now(), wavetank::SimTime::from_secs(90));
}

#[test]
fn a_container_instance_that_is_not_there_is_named_and_nothing_changes() {
    let mut trial = Trial::web();
    let before = (trial.digest(), trial.state_digest());
    let nobody = || InstanceSet::instance("nobody");
    for fault in [
        slow(nobody(), 2),
        partition(nobody(), Cut::Both, 1),
        Fault::Outage { on: nobody() },
        Fault::Recovery { on: nobody() },
    ] {
        let error = trial.inject(&fault).expect_err("nobody is there");
        assert!(error.to_string().contains("nobody"), "{error}");
    }
    for fault in [
        slow(InstanceSet::zone("nowhere"), 2),
        Fault::Outage {
            on: InstanceSet::attribute("rack", "none"),
        },
    ] {
        trial.fault(fault);
    }
    assert_ne!((trial.digest(), trial.state_digest()), before);
}

#[test]
fn a_process_that_is_started_again_takes_longer_on_a_slow_host() {
    let brief = workload(|app| {
        app.start = Latency::Fixed(Duration::from_secs(10));
        app.run = Run::For(Latency::Fixed(Duration::from_secs(100)));
    });
    let mut again = app();
    again.restart_policy = Some(ContainerRestartPolicy {
        enabled: Some(true),
        restart_attempt_period: Some(60),
        ..ContainerRestartPolicy::default()
    });
    let job = RegisterTaskDefinition::new("job").container(again);
    let mut trial = Trial::web_with(profile([("app", brief)]), job);
    trial.run("job");
    trial.at(20_000);
    trial.fault(slow(InstanceSet::All, 2));
    trial.at(400_000);
    let trace = trial.trace().to_string();
    let ended = trace
        .lines()
        .filter(|it| it.contains("started again after exit"));
    let ended: Vec<_> = ended.filter_map(|it| it.split(' ').next()).collect();
    // A start of 10 s and a run of 100 s, then starts of 20 s.
    assert_eq!(ended, ["115.100s", "235.100s", "355.100s"]);
}

#[test]
fn containers_that_wait_for_others_go_slowly_too() {
    let short = workload(|helper| {
        helper.create = Latency::Fixed(Duration::from_secs(1));
        helper.run = Run::For(Latency::Fixed(Duration::from_secs(1)));
    });
    let helper = ContainerDefinition::new("helper", "helper:1").memory(64);
    let late = app().depends_on("helper", ContainerCondition::Complete);
    let pair = RegisterTaskDefinition::new("pair").container(helper.essential(false));
    let mut trial = Trial::web_with(profile([("helper", short)]), pair.container(late));
    trial.fault(slow(InstanceSet::All, 2));
    let task = trial.run("pair");
    trial.rest();
    // The helper: 10 s of pull, 2 s of creation, 1 s of start, 1 s of run; then the other: 10 s and 1 s.
    assert_eq!(started_at(&mut trial, &task), Some(25_200));
}

#[test]
fn memory_is_counted_from_when_a_process_that_is_started_again_is_up() {
    let uses = |start: u64, steps: &[(u64, u32)]| {
        workload(|it| {
            it.start = Latency::Fixed(Duration::from_secs(start));
            let step = |(after, mib): &(u64, u32)| {
                MemoryStep::new(Latency::Fixed(Duration::from_secs(*after)), *mib)
            };
            it.memory = steps.iter().map(step).collect();
        })
    };
    let rows = [
        ("app", uses(1, &[(0, 60)])),
        ("helper", uses(10, &[(0, 30), (200, 70)])),
    ];
    let container = |name| ContainerDefinition::new(name, "web:1");
    let mut helper = container("helper").essential(false);
    helper.restart_policy = Some(ContainerRestartPolicy {
        enabled: Some(true),
        restart_attempt_period: Some(60),
        ..ContainerRestartPolicy::default()
    });
    let sharing = RegisterTaskDefinition::new("sharing").memory("100");
    let sharing = sharing.container(container("app")).container(helper);
    let mut trial = Trial::web_with(profile(rows), sharing);
    let task = trial.run("sharing");
    trial.at(100_000);
    trial.fault(slow(InstanceSet::All, 2));
    trial.exit(&task, "helper", 1);
    // It takes 20 s to be up again, and 200 s more until it uses too much.
    trial.at(400_000);
    let trace = trial.trace().to_string();
    let killed = trace.lines().filter(|it| it.contains("after exit 137"));
    let killed: Vec<_> = killed.filter_map(|it| it.split(' ').next()).collect();
    assert_eq!(killed, ["320.000s"]);
}

#[test]
fn times_that_an_agent_has_reported_stay_when_its_clock_goes_wrong() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    let before = trial.task(&task);
    trial.fault(Fault::ClockSkew {
        on: InstanceSet::All,
        skew: Skew::Ahead(MINUTE),
        lasting: HOUR,
    });
    trial.exit(&task, "app", 1);
    trial.rest();
    let after = trial.task(&task);
    assert_eq!(ms(after.execution_stopped_at), Some(70_000));
    let pulled = |task: &Task| (ms(task.pull_started_at), ms(task.pull_stopped_at));
    assert_eq!(pulled(&after), pulled(&before));
}
