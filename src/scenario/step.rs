//! One step of a scenario: a verb, and what is expected of it.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::model::distribution::Span;
use crate::model::object::object_if_any;

/// A verb with its optional keys, as far as it can be judged by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Keys")]
pub(super) struct Step {
    pub(super) verb: Verb,
    /// What later steps call its output.
    pub(super) name: Option<String>,
    pub(super) expect: Option<Expect>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) enum Verb {
    /// An operation of the ECS API; its input may hold references.
    Call {
        operation: String,
        input: Value,
        /// Whether what is placed is to be explained.
        explain: bool,
    },
    /// Everything due within the time, then the clock at its end.
    Advance(Duration),
    /// So many events, however far away.
    Step(u64),
    /// Everything until nothing is waited for, within the time.
    Settle(Duration),
    /// Everything until nothing is waited for, within the time, and then all of it as it is wanted.
    MustSettle(Duration),
    /// The end of every fault.
    Heal,
    /// A fault, which may hold references.
    Fault(Map<String, Value>),
    /// Every invariant.
    Check,
}

/// What is asked of a step's answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "ExpectKeys")]
pub(super) enum Expect {
    /// An output that matches.
    Output(Value),
    /// An error whose type matches, and its message where one is asked for.
    Error(ErrorPattern),
}

/// What is asked of an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorPattern {
    #[serde(rename = "type")]
    pub(super) kind: Value,
    #[serde(default, deserialize_with = "present")]
    pub(super) message: Option<Value>,
}

impl Step {
    /// Whether the step is meant to fail.
    pub(super) fn expects_error(&self) -> bool {
        matches!(self.expect, Some(Expect::Error(_)))
    }
}

/// The keys a step may have, before they are known to fit together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    call: Option<String>,
    #[serde(default, deserialize_with = "present")]
    input: Option<Value>,
    advance: Option<Span>,
    step: Option<u64>,
    settle: Option<Span>,
    #[serde(rename = "mustSettle")]
    must_settle: Option<Span>,
    heal: Option<bool>,
    fault: Option<Map<String, Value>>,
    check: Option<bool>,
    #[serde(rename = "as")]
    name: Option<String>,
    #[serde(default, deserialize_with = "object_if_any")]
    expect: Option<Expect>,
    #[serde(rename = "note")]
    _note: Option<String>,
    explain: Option<bool>,
}

impl Keys {
    fn verb(self) -> Result<Verb, String> {
        let has_input = self.input.is_some();
        let mut verbs = Vec::new();
        if let Some(operation) = self.call {
            let input = self.input.unwrap_or_else(|| Value::Object(Map::new()));
            let explain = self.explain == Some(true);
            verbs.push((
                "call",
                Verb::Call {
                    operation,
                    input,
                    explain,
                },
            ));
        }
        if let Some(span) = self.advance {
            verbs.push(("advance", Verb::Advance(span.0)));
        }
        if let Some(count) = self.step {
            verbs.push(("step", Verb::Step(count)));
        }
        if let Some(limit) = self.settle {
            verbs.push(("settle", Verb::Settle(limit.0)));
        }
        if let Some(limit) = self.must_settle {
            verbs.push(("mustSettle", Verb::MustSettle(limit.0)));
        }
        if let Some(fault) = self.fault {
            verbs.push(("fault", Verb::Fault(fault)));
        }
        for (name, said, verb) in [
            ("heal", self.heal, Verb::Heal),
            ("check", self.check, Verb::Check),
        ] {
            match said {
                Some(true) => verbs.push((name, verb)),
                Some(false) => return Err(format!("`{name}` takes only true")),
                None => {}
            }
        }

        let names: Vec<String> = verbs.iter().map(|(name, _)| format!("`{name}`")).collect();
        let Some((name, verb)) = verbs.pop() else {
            return Err(
                "a step has one of `call`, `advance`, `step`, `settle`, `mustSettle`, `fault`, `heal`, `check`"
                    .to_owned(),
            );
        };
        if !verbs.is_empty() {
            return Err(format!("a step has one verb, not {}", names.join(" and ")));
        }
        for (key, is_there) in [("input", has_input), ("explain", self.explain.is_some())] {
            if is_there && name != "call" {
                return Err(format!("`{key}` goes with `call`, not with `{name}`"));
            }
        }
        match &verb {
            Verb::Call {
                operation, explain, ..
            } if *explain && !EXPLAINED.contains(&operation.as_str()) => Err(format!(
                "`explain` goes with {}, not with `{operation}`",
                EXPLAINED.join(" and ")
            )),
            _ => Ok(verb),
        }
    }
}

/// The operations that place tasks.
const EXPLAINED: [&str; 2] = ["RunTask", "StartTask"];

impl TryFrom<Keys> for Step {
    type Error = String;

    fn try_from(mut keys: Keys) -> Result<Self, String> {
        let name = keys.name.take();
        if let Some(name) = &name {
            if name.is_empty() || name.contains(['/', '}']) {
                return Err(format!(
                    "a step cannot be named `{name}`: no reference could be written to it"
                ));
            }
        }
        Ok(Self {
            name,
            expect: keys.expect.take(),
            verb: keys.verb()?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectKeys {
    #[serde(default, deserialize_with = "present")]
    output: Option<Value>,
    #[serde(default, deserialize_with = "object_if_any")]
    error: Option<ErrorPattern>,
}

impl TryFrom<ExpectKeys> for Expect {
    type Error = &'static str;

    fn try_from(keys: ExpectKeys) -> Result<Self, &'static str> {
        match (keys.output, keys.error) {
            (Some(output), None) => Ok(Self::Output(output)),
            (None, Some(error)) => Ok(Self::Error(error)),
            (Some(_), Some(_)) => Err("a step expects `output` or `error`, not both"),
            (None, None) => Err("`expect` has one of `output`, `error`"),
        }
    }
}

/// Keeps a `null` that is written apart from a member that is left out.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Step, String> {
        serde_json::from_str(text).map_err(|error: serde_json::Error| error.to_string())
    }

    fn check_refused(text: &str, reason: &str) {
        let error = read(text).expect_err(text);
        assert!(error.contains(reason), "{text}: {error}");
    }

    #[test]
    fn every_verb_is_read() {
        let verb = |text: &str| read(text).unwrap().verb;
        assert!(matches!(
            verb(r#"{"call": "RunTask", "input": {"count": 2}}"#),
            Verb::Call { operation, input, .. } if operation == "RunTask" && input["count"] == 2
        ));
        assert!(matches!(
            verb(r#"{"call": "ListClusters"}"#),
            Verb::Call { input, .. } if input == Value::Object(Map::new())
        ));
        assert!(matches!(
            verb(r#"{"advance": "1m 30s"}"#),
            Verb::Advance(span) if span == Duration::from_secs(90)
        ));
        assert!(matches!(verb(r#"{"step": 3}"#), Verb::Step(3)));
        assert!(matches!(
            verb(r#"{"settle": "1h"}"#),
            Verb::Settle(limit) if limit == Duration::from_secs(3600)
        ));
        assert!(matches!(
            verb(r#"{"fault": {"kind": "ZoneOutage"}}"#),
            Verb::Fault(fault) if fault["kind"] == "ZoneOutage"
        ));
        assert!(matches!(verb(r#"{"check": true}"#), Verb::Check));
    }

    #[test]
    fn a_step_has_exactly_one_verb() {
        check_refused("{}", "a step has one of `call`");
        check_refused(r#"{"note": "x"}"#, "a step has one of `call`");
        check_refused(
            r#"{"advance": "1s", "call": "RunTask"}"#,
            "one verb, not `call` and `advance`",
        );
        check_refused(r#"{"check": false}"#, "`check` takes only true");
        check_refused(r#"{"wait": "1s"}"#, "unknown field `wait`");
    }

    #[test]
    fn some_keys_go_only_with_a_call() {
        check_refused(r#"{"step": 1, "input": {}}"#, "`input` goes with `call`");
        check_refused(
            r#"{"step": 1, "explain": true}"#,
            "`explain` goes with `call`",
        );
        assert!(read(r#"{"call": "RunTask", "explain": true}"#).is_ok());
        assert!(read(r#"{"call": "StartTask", "explain": true}"#).is_ok());
        assert!(read(r#"{"call": "StopTask", "explain": false}"#).is_ok());
        check_refused(
            r#"{"call": "StopTask", "explain": true}"#,
            "`explain` goes with RunTask and StartTask, not with `StopTask`",
        );
    }

    #[test]
    fn operands_have_the_right_type() {
        check_refused(r#"{"step": -1}"#, "-1");
        check_refused(r#"{"step": 1.5}"#, "1.5");
        check_refused(r#"{"advance": 90}"#, "invalid type");
        check_refused(r#"{"advance": "90"}"#, "`90` is not a duration");
        check_refused(r#"{"settle": "soon"}"#, "`soon` is not a duration");
        check_refused(r#"{"fault": "ZoneOutage"}"#, "invalid type");
        check_refused(r#"{"check": true, "as": "a/b"}"#, "cannot be named `a/b`");
        check_refused(r#"{"check": true, "as": ""}"#, "cannot be named ``");
    }

    #[test]
    fn an_expectation_is_an_output_or_an_error() {
        let expect = |text: &str| read(&format!(r#"{{"check": true, "expect": {text}}}"#));
        assert!(
            expect(r#"{"error": {"type": "X"}}"#)
                .unwrap()
                .expects_error()
        );
        assert!(matches!(
            expect(r#"{"output": null}"#).unwrap().expect,
            Some(Expect::Output(Value::Null))
        ));
        for (text, reason) in [
            ("{}", "has one of `output`, `error`"),
            (r#"{"output": 1, "error": {"type": "X"}}"#, "not both"),
            (r#"{"outputs": {}}"#, "unknown field `outputs`"),
            (
                r#"{"error": {"type": "X", "code": 1}}"#,
                "unknown field `code`",
            ),
            (r#"{"error": {"message": "X"}}"#, "missing field `type`"),
        ] {
            let error = expect(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
