//! What is wrong with the steps of a file before anything runs.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{Fault, Request};
use crate::scenario::error::{self, Flaw};
use crate::scenario::pointer;
use crate::scenario::reference;
use crate::scenario::step::{Expect, Step, Verb};
use crate::scenario::{matcher, path};

/// Judges every step in order, knowing the names of those before it.
pub(super) fn check(steps: &[Step]) -> Result<(), Flaw> {
    let mut names = BTreeSet::new();
    for (i, step) in steps.iter().enumerate() {
        let at = pointer::element("/steps", i);
        check_verb(step, &at, &names)?;
        if let Some(name) = &step.name {
            if !names.insert(name.as_str()) {
                let message = format!("an earlier step is named `{name}` already");
                return Err(Flaw::new(&pointer::member(&at, "as"), message));
            }
        }
        // An expectation may refer to its own step, whose output it is there to judge.
        check_expect(step, &pointer::member(&at, "expect"), &names)?;
    }
    Ok(())
}

fn check_verb(step: &Step, at: &str, names: &BTreeSet<&str>) -> Result<(), Flaw> {
    match &step.verb {
        Verb::Call {
            operation, input, ..
        } => {
            let input_at = pointer::member(at, "input");
            check_references(input, &input_at, names)?;
            // What a step that is meant to fail gets wrong is for the API to answer.
            if step.expects_error() {
                return Ok(());
            }
            if !Request::OPERATIONS.contains(&operation.as_str()) {
                let message = format!(
                    "unknown operation `{operation}`, expected one of {}",
                    Request::OPERATIONS.join(", ")
                );
                return Err(Flaw::new(&pointer::member(at, "call"), message));
            }
            check_input(operation, input, &input_at)
        }
        Verb::Fault(fault) => {
            let fault_at = pointer::member(at, "fault");
            check_references(&Value::Object(fault.clone()), &fault_at, names)?;
            check_fault(fault, &fault_at)
        }
        Verb::Advance(_)
        | Verb::Step(_)
        | Verb::Settle(_)
        | Verb::MustSettle(_)
        | Verb::Heal
        | Verb::Check => Ok(()),
    }
}

fn check_expect(step: &Step, at: &str, names: &BTreeSet<&str>) -> Result<(), Flaw> {
    let check = |pattern: &Value, at: &str| {
        check_references(pattern, at, names)?;
        matcher::check(pattern, at)
    };
    match &step.expect {
        None => Ok(()),
        Some(Expect::Output(pattern)) => check(pattern, &pointer::member(at, "output")),
        Some(Expect::Error(error)) => {
            let at = pointer::member(at, "error");
            check(&error.kind, &pointer::member(&at, "type"))?;
            match &error.message {
                Some(message) => check(message, &pointer::member(&at, "message")),
                None => Ok(()),
            }
        }
    }
}

fn check_references(value: &Value, at: &str, names: &BTreeSet<&str>) -> Result<(), Flaw> {
    for (place, reference) in reference::references(value, at)? {
        if !names.contains(reference.step) {
            let message = format!("no earlier step is named `{}`", reference.step);
            return Err(Flaw::new(&place, message));
        }
    }
    Ok(())
}

/// Looks for members that the operation's input does not have, and for values of another JSON type than theirs, at any depth.
///
/// Values that are only wrong are the API's to answer, and references have no type yet: each is
/// taken out so that what stands behind it is read as well.
fn check_input(operation: &str, input: &Value, at: &str) -> Result<(), Flaw> {
    if reference::is_only_reference(input) {
        return Ok(());
    }
    if !input.is_object() && !input.is_null() {
        return Err(Flaw::new(at, "the input of a call is an object"));
    }
    let mut call = Value::Object(Map::from_iter([(operation.to_owned(), input.clone())]));
    loop {
        let Err(error) = serde_path_to_error::deserialize::<_, Request>(&call) else {
            return Ok(());
        };
        let place = path::pointer_of(error.path());
        let message = error.inner().to_string();
        let value = call[operation].pointer_mut(&place);
        let is_open = value
            .as_deref()
            .is_none_or(|value| value.is_null() || reference::has_reference(value));
        if is_unknown_member(&message) || (is_of_wrong_type(&message) && !is_open) {
            return Err(Flaw::new(&format!("{at}{place}"), message));
        }
        match value {
            Some(value) if !value.is_null() => *value = Value::Null,
            _ => return Ok(()),
        }
    }
}

/// Whether `message` is how serde refuses a member that a structure does not have.
fn is_unknown_member(message: &str) -> bool {
    message.starts_with("unknown field `")
}

/// Whether `message` is how serde refuses a string where a number belongs, and the like.
fn is_of_wrong_type(message: &str) -> bool {
    message.starts_with("invalid type: ")
}

/// Reads a fault with stand-ins for its references.
fn check_fault(fault: &Map<String, Value>, at: &str) -> Result<(), Flaw> {
    let known = stand_in("fault", &Value::Object(fault.clone()));
    serde_json::from_value::<Fault>(known)
        .map(|_| ())
        .map_err(|error| Flaw::new(at, error::in_words(&error.to_string())))
}

/// A value that the member `key` of a fault takes, where the real one is known only in the run.
fn stand_in(key: &str, value: &Value) -> Value {
    if let Value::Object(parts) = value {
        let parts = parts.iter();
        return parts
            .map(|(key, value)| (key.clone(), stand_in(key, value)))
            .collect();
    }
    if key == "kind" || !reference::has_reference(value) {
        return value.clone();
    }
    match key {
        "exitCode" => Value::from(0),
        "applied" | "repair" => Value::from(false),
        "for" | "lag" | "ahead" | "behind" => Value::from("0s"),
        "speed" | "chance" => Value::from("1/1"),
        "cut" => Value::from("both"),
        "on" => Value::from("all"),
        "skew" => json!({ "ahead": "0s" }),
        "attribute" => json!({ "name": "", "value": "" }),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::every_kind;

    fn check_steps(steps: Value) -> Result<(), Flaw> {
        let steps: Vec<Step> = serde_json::from_value(steps).unwrap();
        check(&steps)
    }

    fn check_refused(steps: Value, pointer: &str, message: &str) {
        let flaw = check_steps(steps.clone()).expect_err(&steps.to_string());
        assert_eq!(flaw.pointer, pointer);
        assert!(flaw.message.starts_with(message), "{}", flaw.message);
    }

    #[test]
    fn an_unknown_member_of_an_input_is_found_at_any_depth() {
        check_refused(
            json!([{"call": "RunTask", "input": {"taskDefinition": "web", "cuont": 1}}]),
            "/steps/0/input/cuont",
            "unknown field `cuont`, expected one of",
        );
        check_refused(
            json!([{"call": "RunTask", "input": {"placementStrategy": [{"type": "random"}, {"typo": 1}]}}]),
            "/steps/0/input/placementStrategy/1/typo",
            "unknown field `typo`",
        );
    }

    #[test]
    fn wrong_values_do_not_hide_an_unknown_member() {
        check_refused(
            json!([
                {"check": true, "as": "a"},
                {"call": "RunTask", "input": {
                    "count": "${a/events}", "launchType": "NOWHERE",
                    "overrides": {"containerOverrides": [{"name": "x", "cpu": -1, "tpyo": 1}]},
                }},
            ]),
            "/steps/1/input/overrides/containerOverrides/0/tpyo",
            "unknown field `tpyo`",
        );
    }

    #[test]
    fn wrong_values_are_left_for_the_api_to_answer() {
        for input in [
            json!({"count": -3}),
            json!({"count": 3_000_000_000_u64}),
            json!({"launchType": "NOWHERE"}),
            json!({"placementStrategy": [null, {}]}),
            json!(null),
        ] {
            let steps = json!([{"call": "RunTask", "input": input}]);
            assert_eq!(check_steps(steps.clone()), Ok(()), "{steps}");
        }
        check_refused(
            json!([{"call": "RunTask", "input": []}]),
            "/steps/0/input",
            "the input of a call is an object",
        );
    }

    #[test]
    fn values_of_another_json_type_are_refused_unless_an_error_is_expected() {
        for (input, place) in [
            (json!({"count": "three"}), "count"),
            (json!({"count": 1.5}), "count"),
            (json!({"placementStrategy": [{}, 3]}), "placementStrategy/1"),
            (json!({"overrides": "none"}), "overrides"),
            (
                json!({"cluster": ["${a/events}"], "count": "${a/events}"}),
                "cluster",
            ),
        ] {
            let steps = json!([{"check": true, "as": "a"}, {"call": "RunTask", "input": input}]);
            check_refused(steps, &format!("/steps/1/input/{place}"), "invalid type: ");
            let expect = json!({"error": {"type": "InvalidParameterException"}});
            let steps = json!([{"call": "RunTask", "input": {"count": "three"}, "expect": expect}]);
            assert_eq!(check_steps(steps), Ok(()));
        }
        let steps = json!([{"check": true, "as": "a"},
            {"call": "RunTask", "input": {"count": "${a/events}", "taskDefinition": "x${a/events}"}}]);
        assert_eq!(check_steps(steps), Ok(()));
    }

    #[test]
    fn an_operation_is_known_unless_an_error_is_expected() {
        check_refused(
            json!([{"call": "RunTasks"}]),
            "/steps/0/call",
            "unknown operation `RunTasks`",
        );
        let expect = json!({"error": {"type": "UnknownOperationException"}});
        let steps = json!([{"call": "RunTasks", "input": {"x": 1}, "expect": expect}]);
        assert_eq!(check_steps(steps), Ok(()));
        let expect = json!({"error": {"type": "InvalidParameterException"}});
        let steps = json!([{"call": "RunTask", "input": {"x": 1}, "expect": expect}]);
        assert_eq!(check_steps(steps), Ok(()));
    }

    #[test]
    fn a_reference_needs_an_earlier_step() {
        check_refused(
            json!([{"call": "StopTask", "input": {"task": "${web/tasks/0/taskArn}"}}]),
            "/steps/0/input/task",
            "no earlier step is named `web`",
        );
        check_refused(
            json!([{"check": true, "expect": {"error": {"type": "X", "message": "a ${b}"}}}]),
            "/steps/0/expect/error/message",
            "no earlier step is named `b`",
        );
        check_refused(
            json!([{"call": "StopTask", "as": "x", "input": {"task": "${x}"}}]),
            "/steps/0/input/task",
            "no earlier step is named `x`",
        );
        let steps =
            json!([{"check": true, "as": "x", "expect": {"output": {"events": "${x/events}"}}}]);
        assert_eq!(check_steps(steps), Ok(()));
        check_refused(
            json!([{"check": true, "expect": {"output": {"events": "${x"}}}]),
            "/steps/0/expect/output/events",
            "the reference in \"${x\" has no closing brace",
        );
    }

    #[test]
    fn a_name_is_given_once() {
        check_refused(
            json!([{"check": true, "as": "x"}, {"step": 1, "as": "x"}]),
            "/steps/1/as",
            "an earlier step is named `x` already",
        );
    }

    #[test]
    fn faults_are_checked_with_their_references_stood_in_for() {
        check_refused(
            json!([{"fault": {"kind": "Flood"}}]),
            "/steps/0/fault",
            "unknown variant `Flood`",
        );
        check_refused(
            json!([{"fault": {"kind": "ZoneOutage", "zone": "a", "typo": 1}}]),
            "/steps/0/fault",
            "unknown field `typo`",
        );
        check_refused(
            json!([{"fault": {"kind": "PullFail", "image": "*", "for": "long"}}]),
            "/steps/0/fault",
            "`long` is not a duration",
        );
    }

    /// The value with a reference in place of each part of it, one after the other, and in place of all of it.
    fn with_references(value: &Value) -> Vec<Value> {
        let mut all = vec![json!("${a/events}")];
        for (key, part) in value.as_object().into_iter().flatten() {
            for part in with_references(part) {
                let mut with = value.clone();
                with[key] = part;
                all.push(with);
            }
        }
        all
    }

    #[test]
    fn a_reference_may_stand_at_every_place_of_every_fault() {
        for fault in every_kind() {
            let all = with_references(&fault).into_iter().skip(1);
            let with: Vec<Value> = all.filter(|with| with["kind"] == fault["kind"]).collect();
            assert!(!with.is_empty(), "{fault}");
            for fault in with {
                let steps = json!([{"check": true, "as": "a"}, {"fault": fault}]);
                assert_eq!(check_steps(steps.clone()), Ok(()), "{steps}");
            }
        }
    }

    #[test]
    fn matchers_are_checked_where_they_stand() {
        check_refused(
            json!([{"check": true, "expect": {"output": {"events": {"$gt": 1}}}}]),
            "/steps/0/expect/output/events",
            "unknown matcher `$gt`",
        );
        check_refused(
            json!([{"check": true, "expect": {"error": {"type": {"$regex": "("}}}}]),
            "/steps/0/expect/error/type",
            "$regex cannot read",
        );
    }
}
