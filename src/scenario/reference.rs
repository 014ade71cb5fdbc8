//! `${step/json/pointer}` inside strings: a value from an earlier step's output.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::scenario::error::Flaw;
use crate::scenario::pointer;

/// What the steps run so far gave, by name.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// `None` for a step that failed and so gave no output.
    by_name: BTreeMap<String, Option<Value>>,
}

impl Outputs {
    /// Keeps what the step `name` gave; `None` says that it failed.
    pub(super) fn keep(&mut self, name: &str, output: Option<Value>) {
        self.by_name.insert(name.to_owned(), output);
    }

    fn find(&self, reference: Reference<'_>) -> Result<&Value, ReferenceError> {
        let step = reference.step.to_owned();
        match self.by_name.get(reference.step) {
            None => Err(ReferenceError::NotRun { step }),
            Some(None) => Err(ReferenceError::Failed { step }),
            Some(Some(output)) => output.pointer(reference.pointer).ok_or_else(|| {
                let pointer = reference.pointer.to_owned();
                ReferenceError::Nothing { step, pointer }
            }),
        }
    }
}

/// A reference that gives no value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ReferenceError {
    /// The text opens a reference and does not close it.
    #[error("the reference in {text:?} has no closing brace")]
    Unclosed { text: String },
    /// No step of that name has run.
    #[error("no step named `{step}` has run before")]
    NotRun { step: String },
    /// The step answered an error.
    #[error("step `{step}` failed and has no output to refer to")]
    Failed { step: String },
    /// The output has no such value.
    #[error("the output of step `{step}` has nothing at `{pointer}`")]
    Nothing { step: String, pointer: String },
    /// The value is an object or array, and stands inside a longer string.
    #[error(
        "the value at `{pointer}` of step `{step}` is no scalar and cannot stand inside a longer string"
    )]
    NotText { step: String, pointer: String },
}

/// The name of a step and a JSON pointer into its output.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Reference<'a> {
    pub(super) step: &'a str,
    /// Empty for the whole output, else with a leading slash.
    pub(super) pointer: &'a str,
}

impl<'a> Reference<'a> {
    fn new(inside_braces: &'a str) -> Self {
        let end_of_name = inside_braces.find('/').unwrap_or(inside_braces.len());
        let (step, pointer) = inside_braces.split_at(end_of_name);
        Self { step, pointer }
    }
}

/// A piece of a string.
#[derive(Debug, Eq, PartialEq)]
enum Part<'a> {
    Text(&'a str),
    Reference(Reference<'a>),
}

/// The pieces of `text`, in order; empty text has none.
fn parts(text: &str) -> Result<Vec<Part<'_>>, ReferenceError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("${") {
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        let inside = &rest[open + 2..];
        let close = inside.find('}').ok_or_else(|| ReferenceError::Unclosed {
            text: text.to_owned(),
        })?;
        parts.push(Part::Reference(Reference::new(&inside[..close])));
        rest = &inside[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

/// Whether `value` is a string in which a reference begins.
pub(super) fn has_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${"))
}

/// Whether `value` is a string that is one reference and nothing else.
pub(super) fn is_only_reference(value: &Value) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    matches!(parts(text).as_deref(), Ok([Part::Reference(_)]))
}

/// Every reference in `value`, with the JSON pointer of the string it is in.
pub(super) fn references<'a>(
    value: &'a Value,
    at: &str,
) -> Result<Vec<(String, Reference<'a>)>, Flaw> {
    let mut found = Vec::new();
    collect(value, at, &mut found)?;
    Ok(found)
}

fn collect<'a>(
    value: &'a Value,
    at: &str,
    found: &mut Vec<(String, Reference<'a>)>,
) -> Result<(), Flaw> {
    match value {
        Value::String(text) => {
            for part in parts(text).map_err(|error| Flaw::new(at, error))? {
                if let Part::Reference(reference) = part {
                    found.push((at.to_owned(), reference));
                }
            }
            Ok(())
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(i, inner)| collect(inner, &pointer::element(at, i), found)),
        Value::Object(object) => pointer::sorted(object)
            .into_iter()
            .try_for_each(|(key, inner)| collect(inner, &pointer::member(at, key), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// `value` with every reference replaced by what it refers to.
pub(super) fn resolve(value: &Value, outputs: &Outputs) -> Result<Value, ReferenceError> {
    Ok(match value {
        Value::String(text) => resolve_text(text, outputs)?,
        Value::Array(elements) => Value::Array(
            elements
                .iter()
                .map(|inner| resolve(inner, outputs))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(object) => Value::Object(
            pointer::sorted(object)
                .into_iter()
                .map(|(key, inner)| Ok((key.to_owned(), resolve(inner, outputs)?)))
                .collect::<Result<Map<_, _>, _>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

fn resolve_text(text: &str, outputs: &Outputs) -> Result<Value, ReferenceError> {
    let parts = parts(text)?;
    if let [Part::Reference(reference)] = parts.as_slice() {
        return outputs.find(*reference).cloned();
    }
    let mut whole = String::new();
    for part in parts {
        match part {
            Part::Text(text) => whole.push_str(text),
            Part::Reference(reference) => match outputs.find(reference)? {
                Value::String(found) => whole.push_str(found),
                Value::Array(_) | Value::Object(_) => {
                    return Err(ReferenceError::NotText {
                        step: reference.step.to_owned(),
                        pointer: reference.pointer.to_owned(),
                    });
                }
                scalar => whole.push_str(&scalar.to_string()),
            },
        }
    }
    Ok(Value::String(whole))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outputs() -> Outputs {
        let mut outputs = Outputs::default();
        outputs.keep(
            "web",
            Some(json!({"tasks": [{"arn": "t1", "cpu": 256, "a/b": true}], "none": null})),
        );
        outputs.keep("broken", None);
        outputs
    }

    fn check(template: Value, expected: Result<Value, &str>) {
        let found = resolve(&template, &outputs());
        assert_eq!(
            found.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned),
            "{template}"
        );
    }

    #[test]
    fn a_string_that_is_only_a_reference_takes_the_type_of_the_value() {
        check(json!("${web/tasks/0/arn}"), Ok(json!("t1")));
        check(json!("${web/tasks/0/cpu}"), Ok(json!(256)));
        check(json!("${web/none}"), Ok(json!(null)));
        check(json!("${web/tasks/0/a~1b}"), Ok(json!(true)));
        check(
            json!({"x": ["${web/tasks}"]}),
            Ok(json!({"x": [[{"arn": "t1", "cpu": 256, "a/b": true}]]})),
        );
        check(
            json!("${web}"),
            Ok(json!({"tasks": [{"arn": "t1", "cpu": 256, "a/b": true}], "none": null})),
        );
    }

    #[test]
    fn inside_a_longer_string_a_scalar_is_text() {
        check(
            json!("a ${web/tasks/0/arn}/${web/tasks/0/cpu} z"),
            Ok(json!("a t1/256 z")),
        );
        check(json!("${web/tasks/0/arn}${web/none}"), Ok(json!("t1null")));
        check(
            json!(" ${web/tasks}"),
            Err(
                "the value at `/tasks` of step `web` is no scalar and cannot stand inside a longer string",
            ),
        );
    }

    #[test]
    fn a_reference_to_nothing_names_the_step() {
        check(
            json!("${web/tasks/1/arn}"),
            Err("the output of step `web` has nothing at `/tasks/1/arn`"),
        );
        check(
            json!("${later/x}"),
            Err("no step named `later` has run before"),
        );
        check(
            json!("${broken}"),
            Err("step `broken` failed and has no output to refer to"),
        );
        check(
            json!("x ${web/a"),
            Err("the reference in \"x ${web/a\" has no closing brace"),
        );
    }

    #[test]
    fn text_without_references_is_left_alone() {
        for text in ["", "$", "{}", "$ {x}", "cost: 3$"] {
            check(json!(text), Ok(json!(text)));
            assert!(!has_reference(&json!(text)));
        }
        assert!(is_only_reference(&json!("${a/b}")));
        assert!(!is_only_reference(&json!("${a/b} ")));
        assert!(!is_only_reference(&json!(3)));
    }
}
