//! Partial matches: what an expectation asks of an output, and what of it is unmet.

use std::cmp::Ordering;

use regex_lite::Regex;
use serde_json::{Map, Number, Value};

use crate::scenario::error::Flaw;
use crate::scenario::pointer;
use crate::scenario::reference;

/// One `$matcher` of an expectation, its operand read.
enum Matcher<'a> {
    Absent,
    Len(u64),
    Regex(Box<Regex>),
    OneOf(&'a [Value]),
    Contains(&'a Value),
    AtLeast(&'a Number),
    AtMost(&'a Number),
}

impl<'a> Matcher<'a> {
    const NAMES: &'static str = "$absent, $len, $regex, $oneOf, $contains, $gte, $lte";

    fn parse(name: &str, operand: &'a Value) -> Result<Self, String> {
        match (name, operand) {
            ("$absent", Value::Bool(true)) => Ok(Self::Absent),
            ("$absent", _) => Err("$absent takes only true".to_owned()),
            ("$len", _) => match operand.as_u64() {
                Some(length) => Ok(Self::Len(length)),
                None => Err(format!("$len takes a whole number, not {operand}")),
            },
            ("$regex", Value::String(pattern)) => Regex::new(pattern)
                .map(|regex| Self::Regex(Box::new(regex)))
                .map_err(|error| format!("$regex cannot read {operand}: {error}")),
            ("$regex", _) => Err(format!("$regex takes a string, not {operand}")),
            ("$oneOf", Value::Array(choices)) => Ok(Self::OneOf(choices)),
            ("$oneOf", _) => Err(format!("$oneOf takes an array, not {operand}")),
            ("$contains", _) => Ok(Self::Contains(operand)),
            ("$gte", Value::Number(bound)) => Ok(Self::AtLeast(bound)),
            ("$lte", Value::Number(bound)) => Ok(Self::AtMost(bound)),
            ("$gte" | "$lte", _) => Err(format!("{name} takes a number, not {operand}")),
            _ => Err(format!(
                "unknown matcher `{name}`, expected one of {}",
                Self::NAMES
            )),
        }
    }

    /// Adds what `found` fails to meet.
    fn judge(&self, found: Option<&Value>, at: &str, unmet: &mut Vec<String>) {
        let expected = match (self, found) {
            (Self::Absent, None) => return,
            (Self::Absent, Some(_)) => "nothing".to_owned(),
            (Self::Len(wanted), found) => {
                if found.and_then(length) == Some(*wanted) {
                    return;
                }
                format!("a length of {wanted}")
            }
            (Self::Regex(regex), found) => {
                if found
                    .and_then(Value::as_str)
                    .is_some_and(|text| regex.is_match(text))
                {
                    return;
                }
                format!("a text matching {:?}", regex.as_str())
            }
            (Self::OneOf(choices), found) => {
                if choices.iter().any(|choice| is_met(choice, found)) {
                    return;
                }
                let choices: Vec<String> = choices.iter().map(canonical).collect();
                format!("one of [{}]", choices.join(", "))
            }
            (Self::Contains(wanted), found) => {
                let elements = found.and_then(Value::as_array);
                if elements.is_some_and(|all| all.iter().any(|one| is_met(wanted, Some(one)))) {
                    return;
                }
                format!("an array with an element matching {}", canonical(wanted))
            }
            (Self::AtLeast(bound), found) => {
                if compare(found, bound).is_some_and(Ordering::is_ge) {
                    return;
                }
                format!("a number of at least {bound}")
            }
            (Self::AtMost(bound), found) => {
                if compare(found, bound).is_some_and(Ordering::is_le) {
                    return;
                }
                format!("a number of at most {bound}")
            }
        };
        unmet.push(difference(at, &expected, found));
    }
}

/// The matchers `object` consists of; `None` when it is an ordinary object.
///
/// Several matchers side by side must all hold, so `{"$gte": 1, "$lte": 3}` is a range.
fn matchers(object: &Map<String, Value>) -> Result<Option<Vec<Matcher<'_>>>, String> {
    let members = pointer::sorted(object);
    if !members.keys().any(|key| key.starts_with('$')) {
        return Ok(None);
    }
    if let Some(key) = members.keys().find(|key| !key.starts_with('$')) {
        return Err(format!("`{key}` stands beside a matcher"));
    }
    members
        .into_iter()
        .map(|(name, operand)| Matcher::parse(name, operand))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Looks for matchers in `pattern` that could not be used whatever the output is.
///
/// An operand that holds a reference is left for the run.
pub(super) fn check(pattern: &Value, at: &str) -> Result<(), Flaw> {
    match pattern {
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(i, inner)| check(inner, &pointer::element(at, i))),
        Value::Object(object) => {
            // References are stood in for before the operands are read: only the run knows them.
            let known: Map<String, Value> = object
                .iter()
                .map(|(key, operand)| (key.clone(), stand_in(key, operand)))
                .collect();
            matchers(&known).map_err(|message| Flaw::new(at, message))?;
            pointer::sorted(object)
                .into_iter()
                .try_for_each(|(key, inner)| check(inner, &pointer::member(at, key)))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// An operand that `matcher` takes, where the real one is known only in the run.
fn stand_in(matcher: &str, operand: &Value) -> Value {
    if !reference::has_reference(operand) {
        return operand.clone();
    }
    match matcher {
        "$len" | "$gte" | "$lte" => Value::from(0),
        "$regex" => Value::from(""),
        "$oneOf" => Value::Array(Vec::new()),
        "$absent" => Value::Bool(true),
        _ => operand.clone(),
    }
}

/// What of `pattern` is unmet by `found`, as lines that begin with a JSON pointer below `at`.
///
/// The order is that of elements in arrays, and of names in objects.
pub(super) fn unmet(pattern: &Value, found: &Value, at: &str) -> Vec<String> {
    let mut lines = Vec::new();
    judge(pattern, Some(found), at, &mut lines);
    lines
}

fn is_met(pattern: &Value, found: Option<&Value>) -> bool {
    let mut lines = Vec::new();
    judge(pattern, found, "", &mut lines);
    lines.is_empty()
}

fn judge(pattern: &Value, found: Option<&Value>, at: &str, unmet: &mut Vec<String>) {
    match pattern {
        Value::Object(object) => match matchers(object) {
            Ok(Some(matchers)) => {
                for matcher in matchers {
                    matcher.judge(found, at, unmet);
                }
            }
            Ok(None) => judge_object(object, found, at, unmet),
            Err(message) => unmet.push(format!("{at}: {message}")),
        },
        Value::Array(elements) => judge_array(elements, found, at, unmet),
        scalar => {
            if !found.is_some_and(|found| equal(scalar, found)) {
                unmet.push(difference(at, &scalar.to_string(), found));
            }
        }
    }
}

fn judge_object(
    object: &Map<String, Value>,
    found: Option<&Value>,
    at: &str,
    unmet: &mut Vec<String>,
) {
    let Some(members) = found.and_then(Value::as_object) else {
        unmet.push(difference(at, "an object", found));
        return;
    };
    for (key, inner) in pointer::sorted(object) {
        judge(inner, members.get(key), &pointer::member(at, key), unmet);
    }
}

fn judge_array(patterns: &[Value], found: Option<&Value>, at: &str, unmet: &mut Vec<String>) {
    let elements = found.and_then(Value::as_array);
    match elements {
        Some(elements) if elements.len() == patterns.len() => {
            for (i, (pattern, element)) in patterns.iter().zip(elements).enumerate() {
                judge(pattern, Some(element), &pointer::element(at, i), unmet);
            }
        }
        _ => {
            let expected = format!("an array of {}", patterns.len());
            unmet.push(difference(at, &expected, found));
        }
    }
}

fn difference(at: &str, expected: &str, found: Option<&Value>) -> String {
    let found = match found {
        None => "nothing".to_owned(),
        Some(Value::Array(elements)) => format!("an array of {}", elements.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(scalar) => scalar.to_string(),
    };
    format!("{at}: expected {expected}, found {found}")
}

/// Whether two scalars are the same value; numbers are, however they are written.
fn equal(pattern: &Value, found: &Value) -> bool {
    match pattern {
        Value::Number(number) => compare(Some(found), number) == Some(Ordering::Equal),
        _ => pattern == found,
    }
}

/// How `found` compares with `bound` by value; `None` unless it is a number.
fn compare(found: Option<&Value>, bound: &Number) -> Option<Ordering> {
    let Some(Value::Number(found)) = found else {
        return None;
    };
    match (integer(found), integer(bound)) {
        (Some(found), Some(bound)) => Some(found.cmp(&bound)),
        _ => found.as_f64()?.partial_cmp(&bound.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// How long a value is: elements, members or letters.
fn length(value: &Value) -> Option<u64> {
    let length = match value {
        Value::Array(elements) => elements.len(),
        Value::Object(members) => members.len(),
        Value::String(text) => text.chars().count(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    u64::try_from(length).ok()
}

/// `value` as JSON in one line, the members of its objects by name.
fn canonical(value: &Value) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(canonical).collect();
            format!("[{}]", elements.join(","))
        }
        Value::Object(object) => {
            let members: Vec<String> = pointer::sorted(object)
                .into_iter()
                .map(|(key, inner)| format!("{}:{}", Value::from(key), canonical(inner)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check_unmet(pattern: Value, found: Value, expected: &[&str]) {
        assert_eq!(unmet(&pattern, &found, ""), expected, "{pattern} {found}");
    }

    fn check_met(pattern: Value, found: Value) {
        check_unmet(pattern, found, &[]);
    }

    #[test]
    fn a_match_is_partial_in_objects_and_whole_in_arrays() {
        let found = json!({"tasks": [{"lastStatus": "PENDING", "cpu": "256"}], "failures": []});
        check_met(json!({}), found.clone());
        check_met(json!({"failures": []}), found.clone());
        check_met(json!({"tasks": [{"cpu": "256"}]}), found.clone());
        check_unmet(
            json!({"tasks": [{"lastStatus": "RUNNING"}]}),
            found.clone(),
            &["/tasks/0/lastStatus: expected \"RUNNING\", found \"PENDING\""],
        );
        check_unmet(
            json!({"tasks": [{}, {}], "failures": [{}]}),
            found.clone(),
            &[
                "/failures: expected an array of 1, found an array of 0",
                "/tasks: expected an array of 2, found an array of 1",
            ],
        );
        check_unmet(
            json!({"tasks": {"a": 1}, "other": null, "failures": "x"}),
            found,
            &[
                "/failures: expected \"x\", found an array of 0",
                "/other: expected null, found nothing",
                "/tasks: expected an object, found an array of 1",
            ],
        );
    }

    #[test]
    fn numbers_are_equal_by_value() {
        check_met(json!(1), json!(1.0));
        check_met(json!(1.0), json!(1));
        check_met(json!(u64::MAX), json!(u64::MAX));
        check_unmet(json!(1), json!(1.5), &[": expected 1, found 1.5"]);
        check_unmet(json!(1), json!("1"), &[": expected 1, found \"1\""]);
        check_unmet(
            json!(u64::MAX),
            json!(u64::MAX - 1),
            &[": expected 18446744073709551615, found 18446744073709551614"],
        );
        check_unmet(
            json!(-1),
            json!(u64::MAX),
            &[": expected -1, found 18446744073709551615"],
        );
    }

    #[test]
    fn every_matcher_meets_and_misses() {
        let found = json!({"a": [1, 2, 3], "s": "arn:aws", "n": 5, "o": {"k": "v"}});
        check_met(
            json!({
                "gone": {"$absent": true}, "a": {"$len": 3}, "s": {"$regex": "aws$"},
                "n": {"$oneOf": [4, 5.0]}, "o": {"$len": 1},
            }),
            found.clone(),
        );
        check_met(
            json!({"a": {"$contains": 2.0}, "n": {"$gte": 5, "$lte": 5}, "s": {"$len": 7}}),
            found.clone(),
        );
        check_unmet(
            json!({
                "a": {"$len": 2}, "gone": {"$len": 0}, "n": {"$absent": true},
                "o": {"$oneOf": ["x", {"k": "w"}]}, "s": {"$regex": "^aws"},
            }),
            found.clone(),
            &[
                "/a: expected a length of 2, found an array of 3",
                "/gone: expected a length of 0, found nothing",
                "/n: expected nothing, found 5",
                "/o: expected one of [\"x\", {\"k\":\"w\"}], found an object",
                "/s: expected a text matching \"^aws\", found \"arn:aws\"",
            ],
        );
        check_unmet(
            json!({"a": {"$contains": {"$gte": 4}}, "n": {"$gte": 6, "$lte": 4.5}, "s": {"$gte": 0}}),
            found,
            &[
                "/a: expected an array with an element matching {\"$gte\":4}, found an array of 3",
                "/n: expected a number of at least 6, found 5",
                "/n: expected a number of at most 4.5, found 5",
                "/s: expected a number of at least 0, found \"arn:aws\"",
            ],
        );
    }

    #[test]
    fn matchers_nest() {
        let found = json!({"tasks": [{"group": "web", "tags": ["a"]}, {"group": "job"}]});
        check_met(
            json!({"tasks": {"$contains": {"group": {"$regex": "^j"}, "tags": {"$absent": true}}}}),
            found.clone(),
        );
        check_met(
            json!({"tasks": {"$oneOf": [{"$len": 1}, [{"tags": {"$contains": "a"}}, {}]]}}),
            found,
        );
        check_met(json!([{"$gte": 1}, {"$lte": 1}]), json!([1, 1]));
    }

    #[test]
    fn a_matcher_that_can_never_be_used_is_found_before_the_run() {
        for (pattern, at, message) in [
            (json!({"a": {"$size": 3}}), "/a", "unknown matcher `$size`"),
            (json!([{"$regex": "("}]), "/0", "$regex cannot read \"(\""),
            (json!({"$regex": 3}), "", "$regex takes a string, not 3"),
            (json!({"$len": "three"}), "", "$len takes a whole number"),
            (json!({"$len": -1}), "", "$len takes a whole number"),
            (json!({"$absent": false}), "", "$absent takes only true"),
            (json!({"$oneOf": "x"}), "", "$oneOf takes an array"),
            (json!({"$gte": "1"}), "", "$gte takes a number"),
            (
                json!({"$len": 1, "x": 1}),
                "",
                "`x` stands beside a matcher",
            ),
            (
                json!({"$contains": {"$oneOf": [1, {"$lt": 1}]}}),
                "/$contains/$oneOf/1",
                "unknown matcher `$lt`",
            ),
        ] {
            let flaw = check(&pattern, "").unwrap_err();
            assert_eq!(flaw.pointer, at, "{pattern}");
            assert!(flaw.message.starts_with(message), "{}", flaw.message);
        }
    }

    #[test]
    fn an_operand_that_is_a_reference_waits_for_the_run() {
        let pattern = json!({
            "a": {"$len": "${x/n}"}, "b": {"$gte": "${x/n}"}, "c": {"$regex": "^${x/name}$"},
            "d": {"$oneOf": "${x/all}"}, "e": {"$contains": "${x/n}"},
        });
        assert_eq!(check(&pattern, ""), Ok(()));
        check_unmet(
            json!({"$len": "three"}),
            json!([1]),
            &[": $len takes a whole number, not \"three\""],
        );
    }
}
