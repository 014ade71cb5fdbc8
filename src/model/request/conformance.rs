//! Whether the types of this library have every member and every word of the ECS API, and no other.
//!
//! The API as data (`../shared/data/ecs-api-model.json`, beside the checkout) says what there is.
//! From it come inputs and outputs with every member set, which must survive being read and
//! written. Without the file the tests pass and say what they skipped.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Request, answer_round_trip};

/// The API as data, if it is there.
#[expect(clippy::disallowed_methods, reason = "a test that reads its data")]
fn api() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/ecs-api-model.json");
    let Ok(text) = fs::read_to_string(&path) else {
        let _ = writeln!(
            std::io::stdout(),
            "skipped: no API model at {}",
            path.display()
        );
        return None;
    };
    Some(serde_json::from_str(&text).expect("the API model is JSON"))
}

/// Words that the API model doesn't list since it calls the member a plain string.
///
/// The library is stricter there: it has an enum where the documentation lists the words, and a number where they are digits.
fn word_of_plain_string(shape: &str, member: &str) -> Option<Value> {
    let word = match (shape, member) {
        ("Task" | "Container" | "ManagedAgent", "lastStatus") => "RUNNING",
        ("Task", "desiredStatus") => "STOPPED",
        ("Cluster", "status") => "ACTIVE",
        ("Attachment", "status") => "ATTACHED",
        ("ContainerInstance", "status") => "DRAINING",
        ("Failure", "reason") => "RESOURCE:PORTS",
        ("Task" | "Container", "cpu" | "memory" | "memoryReservation") => "256",
        _ => return None,
    };
    Some(word.into())
}

/// A value of a shape with every member set, and for a list of words, the word at a turn.
fn full(api: &Value, shape: &str, turn: usize) -> Value {
    let definition = &api["shapes"][shape];
    let inner = |key: &str| {
        full(
            api,
            definition[key]["shape"].as_str().expect("a shape"),
            turn,
        )
    };
    match definition["type"].as_str().expect("a shape has a type") {
        "structure" => {
            let members = definition["members"]
                .as_object()
                .expect("a structure has members");
            let value = |(name, member): (&String, &Value)| {
                let of = member["shape"].as_str().expect("a member has a shape");
                let value =
                    word_of_plain_string(shape, name).unwrap_or_else(|| full(api, of, turn));
                (name.clone(), value)
            };
            Value::Object(members.iter().map(value).collect::<Map<_, _>>())
        }
        "list" => json!([inner("member")]),
        "map" => json!({ "key": inner("value") }),
        "string" => match definition["enum"].as_array() {
            Some(words) => words[turn % words.len()].clone(),
            None => "text".into(),
        },
        "boolean" => true.into(),
        "integer" | "long" => 7.into(),
        "double" => json!(2.5),
        "timestamp" => json!(1_767_225_605.7),
        other => panic!("the API model has a type {other} that this test doesn't know"),
    }
}

/// The longest list of words of the API: after so many turns each word was used.
fn turns(api: &Value) -> usize {
    let shapes = api["shapes"].as_object().expect("the API has shapes");
    let words = shapes.values().filter_map(|shape| shape["enum"].as_array());
    words
        .map(Vec::len)
        .max()
        .expect("the API has lists of words")
}

#[test]
fn every_input_survives_being_read_and_written() {
    let Some(api) = api() else { return };
    for operation in Request::OPERATIONS {
        let shape = api["operations"][operation]["input"]["shape"]
            .as_str()
            .expect("an input");
        for turn in 0..turns(&api) {
            let input = full(&api, shape, turn);
            let request =
                Request::from_json(operation, input.clone()).expect("a full input is read");
            let written = serde_json::to_value(&request).expect("a request can be written");
            assert_eq!(written[operation], input, "{operation}");
        }
    }
}

#[test]
fn every_output_survives_being_read_and_written() {
    let Some(api) = api() else { return };
    for operation in Request::OPERATIONS {
        let shape = api["operations"][operation]["output"]["shape"]
            .as_str()
            .expect("an output");
        for turn in 0..turns(&api) {
            let output = full(&api, shape, turn);
            let written =
                answer_round_trip(operation, output.clone()).expect("a full output is read");
            assert_eq!(written, output, "{operation}");
        }
    }
}

#[test]
fn every_member_may_be_null_or_missing() {
    let Some(api) = api() else { return };
    for operation in Request::OPERATIONS {
        let shape = api["operations"][operation]["input"]["shape"]
            .as_str()
            .expect("an input");
        let members = api["shapes"][shape]["members"]
            .as_object()
            .expect("an input has members");
        let nulls = members
            .keys()
            .map(|name| (name.clone(), Value::Null))
            .collect::<Map<_, _>>();
        let of_nulls = Request::from_json(operation, nulls.into());
        assert_eq!(
            of_nulls,
            Request::from_json(operation, json!({})),
            "{operation}"
        );
        assert!(of_nulls.is_ok(), "{of_nulls:?}");
    }
}
