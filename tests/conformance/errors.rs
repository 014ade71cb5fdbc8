//! Whether each refusal is an error that the API declares for the operation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use wavetank::Checking;
use wavetank::model::Request;

use crate::support::api::api;
use crate::support::prepared::{Prepared, requests};

/// Values that are wrong for most members, whatever their type.
fn wrong_values() -> Vec<Value> {
    let arn = "arn:aws:ecs:mars-1:000000000000:cluster/none";
    vec![
        json!(""),
        json!("no such name"),
        json!("0123456789abcdef0123456789abcdef"),
        json!(arn),
        json!("x".repeat(5_000)),
        json!(-1),
        json!(0),
        json!(i32::MAX),
        json!(i32::MIN),
        json!(i64::MAX),
        json!(0.5),
        json!(true),
        json!([]),
        json!([""]),
        json!(["no such name"]),
        json!([arn]),
        json!(vec!["no-such-name"; 200]),
        json!({}),
        json!([{}]),
        json!([{"name": "no such name", "type": "nothing", "key": ""}]),
    ]
}

/// A good request with each of its members missing, and with each member of its shape wrong in each way.
fn wrong_requests(members: &[&str], good: &Value) -> Vec<Value> {
    let mut wrong = vec![
        json!({}),
        json!([]),
        json!("text"),
        json!({"noSuchMember": 1}),
    ];
    for member in members {
        let mut without = good.clone();
        without
            .as_object_mut()
            .map(|members| members.remove(*member));
        wrong.push(without);
        for value in wrong_values() {
            let mut with = good.clone();
            with[*member] = value;
            wrong.push(with);
        }
    }
    wrong
}

#[test]
fn every_refusal_is_declared_by_its_operation() {
    let Some(api) = api() else { return };
    let prepared = Prepared::new(Checking::AtRest);
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (operation, good) in requests() {
        let known = Request::OPERATIONS
            .iter()
            .find(|known| **known == operation);
        let Some(operation) = known else { continue };
        let members: Vec<&str> = api
            .members(api.input(operation))
            .map(|(name, _)| name)
            .collect();
        for request in wrong_requests(&members, &good) {
            let Err(error) = prepared.clone().call(operation, &request) else {
                continue;
            };
            let exception = error.exception();
            assert!(
                api.declares(operation, exception),
                "{operation} doesn't declare {error}\n{request}"
            );
            let body = serde_json::to_value(&error).expect("an error can be written");
            let body = body.as_object().expect("it has members");
            assert_eq!(body["__type"], exception);
            let has = |name: &str| api.members(exception).any(|(member, _)| member == name);
            let mut members = body.keys().filter(|name| *name != "__type");
            assert!(members.all(|name| has(name)), "{body:?}");
            seen.entry(operation).or_default().insert(exception);
        }
    }
    let quiet = Request::OPERATIONS
        .iter()
        .filter(|operation| !seen.contains_key(*operation));
    assert_eq!(quiet.count(), 0, "an operation refused nothing: {seen:#?}");
    let all: BTreeSet<&str> = seen.into_values().flatten().collect();
    assert!(all.len() >= 4, "only {all:?} were seen");
}
