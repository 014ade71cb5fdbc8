//! ECS Task State Change and ECS Container Instance State Change events (ecs-semantics 6.7 to 6.9).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use wavetank::draw::{Latency, Ratio};
use wavetank::ids::SubscriptionId;
use wavetank::model::*;
use wavetank::{Simulation, TraceMode};

use crate::support::script::{Action, Player, script, stage};
use crate::support::{Trial, builder, one};

/// Every copy late by up to a minute, each as likely as not to be followed by another.
fn chaotic() -> Delivery {
    Delivery {
        delay: Latency::uniform(Duration::ZERO, Duration::from_secs(60)).expect("it is in order"),
        duplicate: Ratio::new(1, 2),
    }
}

fn subscribe(sim: &mut Simulation, pattern: EventPattern, delivery: Delivery) -> SubscriptionId {
    sim.subscribe(pattern, delivery)
        .expect("a delay of a test can be drawn")
}

/// The newest event of each resource: what a consumer knows that goes by version.
fn fold(sim: &mut Simulation, from: SubscriptionId) -> BTreeMap<String, Arc<StateChangeEvent>> {
    let mut known: BTreeMap<String, Arc<StateChangeEvent>> = BTreeMap::new();
    for told in sim.take_state_changes(from) {
        let newest = known
            .entry(told.event.resource().to_owned())
            .or_insert_with(|| Arc::clone(&told.event));
        if told.event.version() > newest.version() {
            *newest = told.event;
        }
    }
    known
}

/// What Describe says of everything that the ledger knows, by ARN, as events show it.
fn described(sim: &mut Simulation) -> BTreeMap<String, StateChangeDetail> {
    let mut known = BTreeMap::new();
    let clusters: Vec<_> = sim
        .ledger()
        .clusters()
        .iter()
        .map(|(_, record)| (record.spec.name.to_string(), Arc::clone(&record.spec.arn)))
        .collect();
    let naming = wavetank::Naming::new(sim.seed(), "us-east-1", "123456789012");
    let naming = naming.expect("these are the defaults");
    let tasks: Vec<_> = sim.ledger().tasks().map(|(id, _)| id).collect();
    let instances: Vec<_> = sim.ledger().instances().iter().map(|(id, _)| id).collect();
    for (cluster, cluster_arn) in clusters {
        for task in &tasks {
            let arn = naming.task_arn(&cluster, *task);
            let answer = sim.describe_tasks(DescribeTasks::new([&arn]).cluster(&*cluster));
            let shown = answer
                .ok()
                .and_then(|answer| answer.tasks.into_iter().next());
            known.extend(shown.map(|task| (arn, StateChangeDetail::of_task(task))));
        }
        for instance in &instances {
            let arn = naming.container_instance_arn(&cluster, *instance);
            let request = DescribeContainerInstances::new([&arn]).cluster(&*cluster);
            let answer = sim.describe_container_instances(request).ok();
            let shown = answer.and_then(|answer| answer.container_instances.into_iter().next());
            known.extend(shown.map(|instance| {
                let cluster_arn = Arc::clone(&cluster_arn);
                let detail = StateChangeDetail::of_container_instance(instance, cluster_arn);
                (arn, detail)
            }));
        }
    }
    known
}

/// That a task is no longer PENDING is no event of its container instance, nor are attributes.
fn without_untold(detail: &StateChangeDetail) -> StateChangeDetail {
    let mut detail = detail.clone();
    if let StateChangeDetail::ContainerInstance { instance, .. } = &mut detail {
        instance.pending_tasks_count = 0;
        instance.attributes.clear();
    }
    detail
}

fn has_ended(event: &StateChangeEvent) -> bool {
    match &event.detail {
        StateChangeDetail::Task(task) => task.last_status == LastStatus::Stopped,
        StateChangeDetail::ContainerInstance { instance, .. } => {
            instance.status == ContainerInstanceStatus::Inactive
        }
        _ => false,
    }
}

fn check_fold(player: &mut Player, from: SubscriptionId) -> Result<(), TestCaseError> {
    let settled = player.sim.settle(Duration::from_secs(86_400));
    prop_assert!(settled.is_ok(), "{:?}", settled);
    let folded = fold(&mut player.sim, from);
    let mut described = described(&mut player.sim);
    for (arn, event) in &folded {
        match described.remove(arn) {
            Some(shown) => {
                prop_assert_eq!(without_untold(&event.detail), without_untold(&shown))
            }
            None => prop_assert!(has_ended(event), "{} is forgotten", arn),
        }
    }
    prop_assert_eq!(described.keys().collect::<Vec<_>>(), [""; 0]);
    Ok(())
}

/// A script in which no event is lost and what is there can be described.
fn all_is_told(mut script: Vec<Action>) -> Vec<Action> {
    script.retain(|action| match action {
        Action::Weather(weather) => !weather.loses_events() && !weather.meets_calls(),
        _ => true,
    });
    script
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_newest_events_say_what_describe_says(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        let from = subscribe(&mut player.sim, EventPattern::any(), Delivery::ideal());
        player.play(&all_is_told(script));
        check_fold(&mut player, from)?;
    }

    #[test]
    fn events_doubled_and_out_of_order_say_the_same_by_version(
        stage in stage(),
        script in script(40),
    ) {
        let mut player = Player::on(stage);
        let from = subscribe(&mut player.sim, EventPattern::any(), chaotic());
        player.play(&all_is_told(script));
        check_fold(&mut player, from)?;
    }

    #[test]
    fn a_subscriber_changes_nothing_of_what_happens(stage in stage(), script in script(30)) {
        // Steps count events, and rest comes later for those who wait for deliveries.
        let mut script = script;
        script.retain(|action| !matches!(action, Action::Step(_) | Action::Settle));
        let mut alone = Player::on(stage);
        let mut watched = alone.clone();
        subscribe(&mut watched.sim, EventPattern::any(), chaotic());
        alone.play(&script);
        watched.play(&script);
        let end = Duration::from_secs(7_200);
        prop_assert_eq!(alone.sim.advance(end).is_ok(), watched.sim.advance(end).is_ok());
        let tasks = |player: &Player| format!("{:?}", player.sim.ledger().tasks().collect::<Vec<_>>());
        prop_assert_eq!(tasks(&alone), tasks(&watched));
    }
}

#[test]
fn a_task_is_told_of_from_its_creation_to_its_end() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), Delivery::ideal());
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    let told = trial.take_state_changes(tasks);
    let seen: Vec<_> = told
        .iter()
        .map(|told| {
            let task = told.event.task().expect("it is the event of a task");
            (
                told.at.to_string(),
                task.version,
                task.last_status.as_str(),
                task.desired_status.as_str(),
            )
        })
        .collect();
    let expected = [
        ("0.000s", 1, "PENDING", "RUNNING"),
        ("5.700s", 2, "RUNNING", "RUNNING"),
        ("10.000s", 3, "RUNNING", "STOPPED"),
        ("10.000s", 4, "STOPPING", "STOPPED"),
        ("11.200s", 5, "STOPPED", "STOPPED"),
    ];
    let expected =
        expected.map(|(at, version, last, desired)| (at.to_owned(), version, last, desired));
    assert_eq!(seen, expected);
    assert!(
        trial.take_state_changes(tasks).is_empty(),
        "an event is taken once"
    );
}

#[test]
fn an_event_has_the_json_of_eventbridge() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), Delivery::ideal());
    let task = trial.run("web");
    trial.at(6_000);
    let told = trial.take_state_changes(tasks);
    let event: Value = serde_json::from_str(&told[1].event.to_json()).expect("it is JSON");
    let envelope = json!({
        "version": "0",
        "id": told[1].event.id,
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "123456789012",
        "time": "1970-01-01T00:00:05Z",
        "region": "us-east-1",
        "resources": [task],
        "detail": event["detail"],
    });
    assert_eq!(event, envelope);
    let detail = &event["detail"];
    assert_eq!(detail["updatedAt"], "1970-01-01T00:00:05.700Z");
    assert_eq!(detail["pullStartedAt"], "1970-01-01T00:00:00.100Z");
    assert_eq!(detail["containers"][0]["lastStatus"], "RUNNING");
    assert_eq!(detail["taskArn"], event["resources"][0]);
    assert_eq!(detail["overrides"]["containerOverrides"], json!([]));
}

#[test]
fn a_container_instance_is_told_of_when_its_resources_move() {
    let mut trial = Trial::new();
    let machines = subscribe(
        &mut trial,
        EventPattern::container_instances(),
        Delivery::ideal(),
    );
    let instance = trial.instance(2048, 4096);
    trial.define(one("web"));
    let task = trial.run_all(RunTask::new("web").count(3)).remove(0);
    trial.at(6_000);
    trial.stop(&task);
    trial.rest();
    trial.disconnect(&instance);
    trial.reconnect(&instance);
    trial.set_state(&instance, ContainerInstanceStatus::Draining);
    trial.give_up(&instance);
    trial.rest();
    let told = trial.take_state_changes(machines);
    let seen: Vec<_> = told
        .iter()
        .map(|told| {
            let shown = told.event.container_instance().expect("it is one");
            let cpu = shown.remaining_resources[0].integer_value;
            (
                cpu,
                shown.running_tasks_count,
                shown.agent_connected,
                shown.status.as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Some(2048), 0, true, "ACTIVE"),
            (Some(1280), 3, true, "ACTIVE"),
            (Some(1536), 2, true, "ACTIVE"),
            (Some(1536), 2, false, "ACTIVE"),
            (Some(1536), 2, true, "ACTIVE"),
            (Some(1536), 2, true, "DRAINING"),
            (Some(2048), 0, false, "INACTIVE"),
        ]
    );
    let versions: Vec<_> = told.iter().map(|told| told.event.version()).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

#[test]
fn attributes_alone_are_no_event_and_come_with_the_next() {
    let mut trial = Trial::web();
    let instance = trial.host();
    let machines = subscribe(
        &mut trial,
        EventPattern::container_instances(),
        Delivery::ideal(),
    );
    let attribute = Attribute {
        target_id: Some(instance),
        ..Attribute::new("stack", "blue")
    };
    let request = PutAttributes {
        attributes: vec![attribute],
        ..PutAttributes::default()
    };
    trial.put_attributes(request).expect("the request is good");
    trial.rest();
    assert!(trial.take_state_changes(machines).is_empty());
    trial.run("web");
    trial.rest();
    let told = trial.take_state_changes(machines);
    let shown = told[0].event.container_instance().expect("it is one");
    assert!(shown.attributes.iter().any(|known| &*known.name == "stack"));
}

#[test]
fn a_pattern_lets_through_what_it_asks_for() {
    let mut trial = Trial::web();
    let pattern = r#"{"detail": {"lastStatus": ["STOPPED"], "stopCode": ["UserInitiated"]}}"#;
    let pattern = EventPattern::from_json(pattern).expect("it is a pattern");
    let ends = subscribe(&mut trial, pattern, Delivery::ideal());
    let (user, own) = (trial.run("web"), trial.run("web"));
    trial.at(10_000);
    trial.stop(&user);
    trial.exit(&own, "app", 0);
    trial.rest();
    let told = trial.take_state_changes(ends);
    let resources: Vec<_> = told.iter().map(|told| told.event.resource()).collect();
    assert_eq!(resources, [user]);
}

#[test]
fn a_duplicate_is_the_same_event_with_the_same_id() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), chaotic());
    trial.run_all(RunTask::new("web").count(8));
    trial.rest();
    let told = trial.take_state_changes(tasks);
    let ids: BTreeSet<_> = told.iter().map(|told| told.event.id.clone()).collect();
    assert_eq!(ids.len(), 16, "each task was placed and runs");
    assert!(told.len() > ids.len(), "some came twice");
    let versions: Vec<_> = told.iter().map(|told| told.event.version()).collect();
    assert!(!versions.is_sorted(), "some were overtaken");
}

#[test]
fn the_luck_of_an_event_is_that_of_its_task() {
    let arrivals = |others: bool| {
        let mut trial = Trial::web();
        let tasks = subscribe(&mut trial, EventPattern::tasks(), chaotic());
        let task = trial.run("web");
        if others {
            trial.run_all(RunTask::new("web").count(5));
        }
        trial.rest();
        let mut told = trial.take_state_changes(tasks);
        told.retain(|told| told.event.resource() == task);
        told
    };
    assert_eq!(arrivals(false), arrivals(true));
}

#[test]
fn each_subscriber_has_deliveries_of_its_own() {
    let mut trial = Trial::web();
    let first = subscribe(&mut trial, EventPattern::tasks(), chaotic());
    let second = subscribe(&mut trial, EventPattern::tasks(), chaotic());
    trial.run_all(RunTask::new("web").count(8));
    trial.rest();
    let (first, second) = (
        trial.take_state_changes(first),
        trial.take_state_changes(second),
    );
    assert_ne!(first, second);
    let ids = |told: &[wavetank::ToldEvent]| -> BTreeSet<String> {
        told.iter().map(|told| told.event.id.clone()).collect()
    };
    assert_eq!(ids(&first), ids(&second));
}

#[test]
fn what_is_on_its_way_is_lost_with_its_subscriber() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), chaotic());
    trial.run("web");
    assert!(trial.unsubscribe(tasks));
    assert!(!trial.unsubscribe(tasks), "it is gone");
    trial.rest();
    assert!(trial.take_state_changes(tasks).is_empty());
}

#[test]
fn a_fork_has_an_inbox_of_its_own() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), Delivery::ideal());
    trial.run("web");
    trial.rest();
    let mut fork = trial.fork();
    assert_eq!(fork.take_state_changes(tasks).len(), 2);
    assert_eq!(trial.take_state_changes(tasks).len(), 2);
}

#[test]
fn nobody_asking_costs_no_event_and_no_record() {
    let run = |asked: bool| {
        let mut trial = Trial::web_of(builder().trace(TraceMode::Full));
        if asked {
            let tasks = subscribe(&mut trial, EventPattern::any(), Delivery::ideal());
            trial.unsubscribe(tasks);
        }
        let before = trial.trace().len();
        trial.run("web");
        trial.rest();
        (trial.events(), trial.trace().len() - before)
    };
    assert_eq!(run(false), run(true));
    assert_eq!(run(false).0, 4, "payload, pull, start, report");
}

#[test]
fn events_on_their_way_are_in_the_trace() {
    let mut trial = Trial::web();
    let tasks = subscribe(&mut trial, EventPattern::tasks(), Delivery::ideal());
    trial.run("web");
    trial.rest();
    trial.unsubscribe(tasks);
    let trace = trial.trace().to_string();
    for line in [
        "0.000s #0   subscription-0 subscribed\n",
        "0.000s #0   task-0 version 1 sent as delivery-0\n",
        "0.000s #1 state-change-due delivery-0\n0.000s #1   delivery-0 reached subscription-0\n",
        "subscription-0 unsubscribed",
    ] {
        assert!(trace.contains(line), "{line:?} in\n{trace}");
    }
}
