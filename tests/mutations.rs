//! Good requests, damaged: whatever is sent, nothing panics, a refusal changes nothing, and what is accepted holds.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use wavetank::Checking;
use wavetank::model::Request;

use crate::support::api::api;
use crate::support::prepared::{Prepared, requests};

thread_local! {
    /// Set up once: every case goes on from a copy.
    static PREPARED: Prepared = Prepared::new(Checking::EveryEvent);
}

/// A damage, and the place where it is done: a number that is taken modulo the places there are.
#[derive(Clone, Debug)]
struct Mutation {
    place: u16,
    damage: Damage,
}

#[derive(Clone, Debug)]
enum Damage {
    /// The value is not there.
    Drop,
    /// The value is another.
    Replace(Value),
    /// The value is there as a list of that many.
    Repeat(usize),
    /// The items of a list are there twice.
    Double,
    /// The value is wrapped in that many lists or objects.
    Nest(usize, bool),
    /// A member is added to the structure.
    Add(&'static str, Value),
    /// A text has something at its end.
    Append(&'static str),
}

/// Texts that are long, empty, odd, or good elsewhere.
fn texts() -> Vec<Value> {
    let odd = [
        "",
        " ",
        "\0",
        "\u{feff}",
        "é\u{301}\u{202e}",
        "💥",
        "a\nb",
        "\"",
        "*",
        "default",
        "other",
        "web",
        "web:0",
        "web:4294967296",
        "web:1:1",
        "$instance",
        "$spare",
        "$task",
        "$stopped",
        "$cluster",
        "$page:ListTasks",
        "arn:aws:ecs:::",
        "arn:aws:ecs:us-east-1:123456789012:task/default/",
        "RUNNING",
        "STOPPED",
        "ACTIVE",
        "INACTIVE",
        "DRAINING",
        "EC2",
        "FARGATE",
        "EXTERNAL",
        "TAGS",
        "spread",
        "binpack",
        "random",
        "distinctInstance",
        "memberOf",
        "attribute:",
        "instanceId",
        "host",
        "awsvpc",
        "none",
        "GPU",
        "0",
        "-1",
        "1 vCPU",
        "0.5 GB",
        "99999999999999999999",
        "1e9",
        "65535-1",
        "true",
    ];
    let mut texts: Vec<Value> = odd.into_iter().map(Value::from).collect();
    texts.extend([64, 129, 256, 1_025, 70_000].map(|length| "x".repeat(length).into()));
    texts.push("é".repeat(200).into());
    texts
}

fn numbers() -> Vec<Value> {
    let near = [
        -1,
        0,
        1,
        10,
        11,
        100,
        101,
        1_000,
        65_535,
        65_536,
        i32::MAX.into(),
        i32::MIN.into(),
    ];
    let mut numbers: Vec<Value> = near.into_iter().map(|number: i64| number.into()).collect();
    numbers.extend([json!(i64::MAX), json!(i64::MIN), json!(u64::MAX)]);
    numbers.extend([json!(0.5), json!(-0.0), json!(1e300), json!(2.0)]);
    numbers
}

fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!([{}]),
    ]
}

/// Names of members that some operation has, and one that none has.
const MEMBERS: &[&str] = &[
    "cluster",
    "tags",
    "count",
    "group",
    "overrides",
    "cpu",
    "memory",
    "include",
    "maxResults",
    "nextToken",
    "launchType",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "clientToken",
    "containerInstances",
    "status",
    "force",
    "reason",
    "family",
    "essential",
    "portMappings",
    "dependsOn",
    "noSuchMember",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let value = || prop_oneof![4 => select(texts()), 3 => select(numbers()), 2 => select(others())];
    let damage = prop_oneof![
        3 => Just(Damage::Drop),
        8 => value().prop_map(Damage::Replace),
        1 => (0..130_usize).prop_map(Damage::Repeat),
        2 => Just(Damage::Double),
        1 => (1..300_usize, any::<bool>()).prop_map(|(depth, lists)| Damage::Nest(depth, lists)),
        4 => (select(MEMBERS), value()).prop_map(|(name, value)| Damage::Add(name, value)),
        2 => select(vec![" ", "\0", "é", ":", "/", "x"]).prop_map(Damage::Append),
    ];
    (any::<u16>(), damage).prop_map(|(place, damage)| Mutation { place, damage })
}

/// The pointers of all values in a document, its own first.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn damaged(mut document: Value, mutation: &Mutation) -> Value {
    let mut found = Vec::new();
    places(&document, "", &mut found);
    let pointer = &found[usize::from(mutation.place) % found.len()];
    if let (Damage::Drop, Some((parent, name))) = (&mutation.damage, pointer.rsplit_once('/')) {
        match document.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.remove(name)),
            Some(Value::Array(items)) => drop(items.remove(name.parse().expect("it is an index"))),
            _ => {}
        }
        return document;
    }
    let place = document.pointer_mut(pointer).expect("it was found there");
    let value = place.take();
    *place = match (&mutation.damage, value) {
        (Damage::Drop, _) => json!({}),
        (Damage::Replace(other), _) => other.clone(),
        (Damage::Repeat(count), value) => vec![value; *count].into(),
        (Damage::Double, Value::Array(items)) => [&items[..], &items[..]].concat().into(),
        (Damage::Nest(depth, lists), value) => (0..*depth).fold(value, |inner, _| match lists {
            true => json!([inner]),
            false => json!({"cluster": inner}),
        }),
        (Damage::Add(name, value), Value::Object(mut members)) => {
            members.insert((*name).to_owned(), value.clone());
            members.into()
        }
        (Damage::Append(end), Value::String(text)) => (text + end).into(),
        (_, value) => value,
    };
    document
}

/// An operation with a damaged request.
fn damaged_request() -> impl Strategy<Value = (&'static str, Value)> {
    let good = requests();
    let known = Request::OPERATIONS.iter().filter_map(move |operation| {
        let request = good.get(*operation)?;
        Some((*operation, request.clone()))
    });
    (select(known.collect::<Vec<_>>()), vec(mutation(), 1..4)).prop_map(
        |((operation, good), mutations)| (operation, mutations.iter().fold(good, damaged)),
    )
}

/// Sends a request to a copy, and tells whether it was accepted.
fn send(operation: &str, request: &Value) -> Result<bool, TestCaseError> {
    let mut fork = PREPARED.with(Clone::clone);
    let before = fork.sim.state_digest();
    let answer = fork.call(operation, request);
    match &answer {
        Ok(output) => {
            let faults = api().map(|api| api.faults_of_output(operation, output));
            let faults = faults.unwrap_or_default();
            prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
        }
        Err(error) => {
            prop_assert_eq!(
                fork.sim.state_digest(),
                before,
                "{} changed something",
                error
            );
            let declared = api().is_none_or(|api| api.declares(operation, error.exception()));
            prop_assert!(declared, "{} is not declared", error);
        }
    }
    fork.holds_on();
    Ok(answer.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn a_damaged_request_is_refused_without_a_trace_or_holds((operation, request) in damaged_request()) {
        send(operation, &request)?;
    }
}

#[test]
fn damaged_requests_of_every_operation_are_sent_and_some_are_accepted() {
    let mut runner = TestRunner::deterministic();
    let (mut seen, mut accepted) = (BTreeSet::new(), 0);
    for _ in 0..300 {
        let tree = damaged_request().new_tree(&mut runner);
        let (operation, request) = tree.expect("a request is never rejected").current();
        seen.insert(operation);
        accepted += i32::from(send(operation, &request).expect("it holds"));
    }
    assert_eq!(
        seen.len(),
        Request::OPERATIONS.len(),
        "prepared.json lacks a request"
    );
    assert!(
        (30..270).contains(&accepted),
        "{accepted} of 300 were accepted"
    );
}
