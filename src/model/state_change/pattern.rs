//! Which events a subscriber wants: EventBridge's event patterns.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

/// Which events a subscriber wants, in the JSON of EventBridge's event patterns.
///
/// Every member of the pattern must match the member of that name in the event. A list matches when one of its entries
/// does: a text, a number, `true`, `false` or `null` that equals the value, or one of `{"prefix": …}`,
/// `{"suffix": …}`, `{"equals-ignore-case": …}`, `{"anything-but": …}` and `{"exists": true}`. Where the event has a
/// list, one of its members has to match.
///
/// ```
/// use wavetank::model::EventPattern;
///
/// let stopped = EventPattern::from_json(
///     r#"{ "detail-type": ["ECS Task State Change"], "detail": { "lastStatus": ["STOPPED"] } }"#,
/// )?;
/// assert_ne!(stopped, EventPattern::tasks());
/// assert!(EventPattern::from_json(r#"{ "detail": "STOPPED" }"#).is_err());
/// # Ok::<(), wavetank::model::EventPatternError>(())
/// ```
///
/// # Model
///
/// `numeric`, `cidr`, `wildcard` and `$or` are refused by name.
#[derive(Clone, PartialEq, Eq)]
pub struct EventPattern {
    text: Arc<str>,
    root: Members,
}

/// What is wrong with an event pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventPatternError {
    /// It is no JSON.
    #[error("an event pattern is a JSON object: {0}")]
    Json(String),
    /// A member is neither an object nor a list with something in it.
    #[error("{place}: expected an object or a list that is not empty, found {found}")]
    Shape {
        /// The member, such as `detail.lastStatus`.
        place: String,
        /// What it is.
        found: String,
    },
    /// An entry of a list is nothing that a value could be compared with.
    #[error("{place}: {entry} can't be compared with a value here")]
    Entry {
        /// The member, such as `detail.lastStatus`.
        place: String,
        /// The entry.
        entry: String,
    },
}

type Members = Vec<(String, Node)>;

#[derive(Clone, PartialEq, Eq)]
enum Node {
    Object(Members),
    AnyOf(Vec<Test>),
}

#[derive(Clone, PartialEq, Eq)]
enum Test {
    Equals(Value),
    EqualsIgnoreCase(String),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Self>),
    Exists(bool),
}

impl EventPattern {
    /// Every event.
    #[must_use]
    pub fn any() -> Self {
        Self::known("{}")
    }

    /// Every `ECS Task State Change`.
    #[must_use]
    pub fn tasks() -> Self {
        Self::known(r#"{"detail-type":["ECS Task State Change"]}"#)
    }

    /// Every `ECS Container Instance State Change`.
    #[must_use]
    pub fn container_instances() -> Self {
        Self::known(r#"{"detail-type":["ECS Container Instance State Change"]}"#)
    }

    /// The pattern in a JSON text.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn from_json(text: &str) -> Result<Self, EventPatternError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| EventPatternError::Json(error.to_string()))?;
        let Value::Object(object) = &value else {
            return Err(EventPatternError::Json(format!("found {value}")));
        };
        let root = members("", object)?;
        Ok(Self {
            text: value.to_string().into(),
            root,
        })
    }

    fn known(text: &str) -> Self {
        Self::from_json(text).expect("the library writes good patterns")
    }

    /// Whether an event as JSON matches.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        all_match(&self.root, event)
    }
}

impl fmt::Display for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for EventPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPattern({})", self.text)
    }
}

impl Serialize for EventPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

fn members(place: &str, object: &Map<String, Value>) -> Result<Members, EventPatternError> {
    let member = |(name, value): (&String, &Value)| {
        let place = match place {
            "" => name.clone(),
            _ => format!("{place}.{name}"),
        };
        Ok((name.clone(), node(&place, name, value)?))
    };
    object.iter().map(member).collect()
}

fn node(place: &str, name: &str, value: &Value) -> Result<Node, EventPatternError> {
    match value {
        Value::Object(object) => Ok(Node::Object(members(place, object)?)),
        Value::Array(entries) if !entries.is_empty() && name != "$or" => {
            let tests = entries.iter().map(|entry| test(place, entry));
            Ok(Node::AnyOf(tests.collect::<Result<_, _>>()?))
        }
        other => Err(EventPatternError::Shape {
            place: place.to_owned(),
            found: other.to_string(),
        }),
    }
}

fn test(place: &str, entry: &Value) -> Result<Test, EventPatternError> {
    let refused = || EventPatternError::Entry {
        place: place.to_owned(),
        entry: entry.to_string(),
    };
    let object = match entry {
        Value::Object(object) => object,
        Value::Array(_) => return Err(refused()),
        scalar => return Ok(Test::Equals(scalar.clone())),
    };
    let mut members = object.iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err(refused());
    };
    Ok(match (name.as_str(), value) {
        ("prefix", Value::String(text)) => Test::Prefix(text.clone()),
        ("suffix", Value::String(text)) => Test::Suffix(text.clone()),
        ("equals-ignore-case", Value::String(text)) => Test::EqualsIgnoreCase(text.to_lowercase()),
        ("exists", Value::Bool(wanted)) => Test::Exists(*wanted),
        ("anything-but", Value::Array(entries)) if !entries.is_empty() => {
            let tests = entries.iter().map(|entry| but(place, entry));
            Test::AnythingBut(tests.collect::<Result<_, _>>()?)
        }
        ("anything-but", Value::Array(_)) => return Err(refused()),
        ("anything-but", entry) => Test::AnythingBut(vec![but(place, entry)?]),
        _ => return Err(refused()),
    })
}

/// What `anything-but` can stand before: all but itself and `exists`.
fn but(place: &str, entry: &Value) -> Result<Test, EventPatternError> {
    match test(place, entry)? {
        Test::AnythingBut(_) | Test::Exists(_) => Err(EventPatternError::Entry {
            place: place.to_owned(),
            entry: entry.to_string(),
        }),
        test => Ok(test),
    }
}

fn all_match(members: &Members, value: &Value) -> bool {
    members.iter().all(|(name, node)| match node {
        Node::Object(inner) => match value.get(name) {
            Some(Value::Array(list)) => list.iter().any(|one| all_match(inner, one)),
            Some(other) => all_match(inner, other),
            None => all_match(inner, &Value::Null),
        },
        Node::AnyOf(tests) => tests.iter().any(|test| test.holds(value.get(name))),
    })
}

impl Test {
    fn holds(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            (Self::Exists(wanted), _) => *wanted == found.is_some(),
            (_, None) => false,
            (_, Some(Value::Array(list))) => list.iter().any(|one| self.holds_of(one)),
            (_, Some(one)) => self.holds_of(one),
        }
    }

    fn holds_of(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Equals(wanted) => value == wanted,
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.to_lowercase() == *wanted)
            }
            Self::Prefix(wanted) => text.is_some_and(|text| text.starts_with(wanted)),
            Self::Suffix(wanted) => text.is_some_and(|text| text.ends_with(wanted)),
            Self::AnythingBut(tests) => tests.iter().all(|test| !test.holds_of(value)),
            Self::Exists(wanted) => *wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_and_entries_match_as_eventbridge_says() {
        let event = json!({
            "source": "aws.ecs",
            "resources": ["arn:a", "arn:b"],
            "detail": {
                "lastStatus": "STOPPED", "version": 4, "agentConnected": true,
                "containers": [{"name": "app", "exitCode": 0}, {"name": "log"}],
            },
        });
        let cases = [
            (json!({}), true),
            (json!({"source": ["aws.ecs"]}), true),
            (json!({"source": ["aws.ec2", "aws.ecs"]}), true),
            (json!({"source": ["aws.ec2"]}), false),
            (json!({"resources": ["arn:b"]}), true),
            (json!({"resources": [{"prefix": "arn:"}]}), true),
            (json!({"resources": [{"suffix": ":c"}]}), false),
            (json!({"detail": {"version": [4]}}), true),
            (json!({"detail": {"version": ["4"]}}), false),
            (json!({"detail": {"agentConnected": [true]}}), true),
            (
                json!({"detail": {"lastStatus": [{"equals-ignore-case": "Stopped"}]}}),
                true,
            ),
            (
                json!({"detail": {"lastStatus": [{"anything-but": "RUNNING"}]}}),
                true,
            ),
            (
                json!({"detail": {"lastStatus": [{"anything-but": ["RUNNING", "STOPPED"]}]}}),
                false,
            ),
            (
                json!({"detail": {"lastStatus": [{"anything-but": {"prefix": "STOP"}}]}}),
                false,
            ),
            (
                json!({"detail": {"stopCode": [{"anything-but": "UserInitiated"}]}}),
                false,
            ),
            (json!({"detail": {"stopCode": [{"exists": false}]}}), true),
            (json!({"detail": {"stopCode": [{"exists": true}]}}), false),
            (
                json!({"detail": {"containers": {"exitCode": [0], "name": ["app"]}}}),
                true,
            ),
            (
                json!({"detail": {"containers": {"exitCode": [0], "name": ["log"]}}}),
                false,
            ),
            (
                json!({"detail": {"overrides": {"cpu": [{"exists": false}]}}}),
                true,
            ),
            (
                json!({"source": ["aws.ecs"], "detail": {"lastStatus": ["RUNNING"]}}),
                false,
            ),
        ];
        for (pattern, matches) in cases {
            let known = EventPattern::from_json(&pattern.to_string()).expect("it is a pattern");
            assert_eq!(known.matches(&event), matches, "{pattern}");
        }
    }

    #[test]
    fn what_can_not_match_is_refused_with_its_place() {
        let cases = [
            ("[]", "an event pattern is a JSON object: found []"),
            (
                r#"{"source":[]}"#,
                "source: expected an object or a list that is not empty, found []",
            ),
            (
                r#"{"detail":{"lastStatus":"STOPPED"}}"#,
                "detail.lastStatus: expected an object or a list that is not empty, found \"STOPPED\"",
            ),
            (
                r#"{"detail":{"version":[{"numeric":[">",1]}]}}"#,
                "detail.version: {\"numeric\":[\">\",1]} can't be compared with a value here",
            ),
            (
                r#"{"a":[{"anything-but":{"exists":true}}]}"#,
                "a: {\"exists\":true} can't be compared with a value here",
            ),
            (
                r#"{"$or":[{"a":["b"]}]}"#,
                "$or: expected an object or a list that is not empty, found [{\"a\":[\"b\"]}]",
            ),
        ];
        for (text, message) in cases {
            let error = EventPattern::from_json(text).expect_err("it says nothing");
            assert_eq!(error.to_string(), message);
        }
        assert!(EventPattern::from_json("{").is_err());
    }
}
