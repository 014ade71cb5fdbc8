//! The ECS API as data, and what is wrong with a JSON value by it.
//!
//! The data are `../shared/data/ecs-api-model.json`, beside the checkout. Tests that need them pass
//! without, and say what they skipped.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Errors that any operation may answer with: those of the transport (API reference, Common Errors).
const COMMON_ERRORS: &[&str] = &["ThrottlingException"];

/// The API: its operations and shapes.
#[derive(Debug)]
pub(crate) struct Api {
    model: Value,
}

/// The API, if its data are there.
pub(crate) fn api() -> Option<&'static Api> {
    static API: OnceLock<Option<Api>> = OnceLock::new();
    let api = API.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/ecs-api-model.json");
        let text = std::fs::read_to_string(&path).ok()?;
        let model = serde_json::from_str(&text).expect("the API model is JSON");
        Some(Api { model })
    });
    if api.is_none() {
        println!("skipped: ../shared/data/ecs-api-model.json is not there");
    }
    api.as_ref()
}

impl Api {
    /// Every operation of ECS, by name.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &str> {
        let operations = self.model["operations"].as_object();
        operations
            .expect("the API has operations")
            .keys()
            .map(String::as_str)
    }

    /// The shape of an operation's input.
    pub(crate) fn input(&self, operation: &str) -> &str {
        shape_of(&self.model["operations"][operation]["input"])
    }

    /// The shape of an operation's output.
    pub(crate) fn output(&self, operation: &str) -> &str {
        shape_of(&self.model["operations"][operation]["output"])
    }

    /// Whether an operation declares an error, or every operation may answer with it.
    pub(crate) fn declares(&self, operation: &str, error: &str) -> bool {
        let declared = self.model["operations"][operation]["errors"].as_array();
        let mut declared = declared.expect("an operation has errors").iter();
        COMMON_ERRORS.contains(&error) || declared.any(|declared| shape_of(declared) == error)
    }

    /// What the API says of a shape.
    pub(crate) fn shape(&self, shape: &str) -> &Value {
        let found = &self.model["shapes"][shape];
        assert!(found.is_object(), "the API has no shape {shape}");
        found
    }

    /// The type of a shape: `structure`, `list`, `map`, `string`, `integer` and so on.
    pub(crate) fn kind(&self, shape: &str) -> &str {
        self.shape(shape)["type"]
            .as_str()
            .expect("a shape has a type")
    }

    /// The members of a structure, with their shapes.
    pub(crate) fn members(&self, shape: &str) -> impl Iterator<Item = (&str, &str)> {
        let members = self.shape(shape)["members"].as_object();
        let members = members.expect("a structure has members").iter();
        members.map(|(name, member)| (name.as_str(), shape_of(member)))
    }

    /// The members that a structure must have.
    pub(crate) fn required(&self, shape: &str) -> impl Iterator<Item = &str> {
        let required = self.shape(shape)["required"].as_array();
        required.into_iter().flatten().filter_map(Value::as_str)
    }

    /// The shape of the items of a list, or of the values of a map.
    pub(crate) fn inner(&self, shape: &str) -> &str {
        let shape = self.shape(shape);
        shape_of(shape.get("member").unwrap_or(&shape["value"]))
    }

    /// What is wrong with an operation's answer, a line for each place.
    pub(crate) fn faults_of_output(&self, operation: &str, output: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.look(self.output(operation), output, operation, &mut faults);
        faults
    }

    fn look(&self, shape: &str, value: &Value, place: &str, faults: &mut Vec<String>) {
        let definition = self.shape(shape);
        let is_of_type = match (self.kind(shape), value) {
            ("structure", Value::Object(members)) => {
                self.look_at_structure(shape, members, place, faults);
                true
            }
            ("list", Value::Array(items)) => {
                check_range(definition, items.len() as f64, place, faults);
                for (index, item) in items.iter().enumerate() {
                    self.look(
                        self.inner(shape),
                        item,
                        &format!("{place}[{index}]"),
                        faults,
                    );
                }
                true
            }
            ("map", Value::Object(members)) => {
                for (key, value) in members {
                    self.look(self.inner(shape), value, &format!("{place}.{key}"), faults);
                }
                true
            }
            ("string", Value::String(text)) => {
                check_text(definition, text, place, faults);
                true
            }
            ("boolean", Value::Bool(_)) => true,
            ("integer", Value::Number(number)) => {
                let whole = number.as_i64().and_then(|whole| i32::try_from(whole).ok());
                check_range(definition, whole.unwrap_or_default().into(), place, faults);
                whole.is_some()
            }
            ("long", Value::Number(number)) => number.is_i64(),
            ("double", Value::Number(number)) => {
                check_range(
                    definition,
                    number.as_f64().unwrap_or_default(),
                    place,
                    faults,
                );
                true
            }
            ("timestamp", Value::Number(number)) => number.as_f64().is_some_and(|at| at >= 0.0),
            _ => false,
        };
        if !is_of_type {
            faults.push(format!("{place}: {value} is no {}", self.kind(shape)));
        }
    }

    fn look_at_structure(
        &self,
        shape: &str,
        members: &Map<String, Value>,
        place: &str,
        faults: &mut Vec<String>,
    ) {
        let missing = self
            .required(shape)
            .filter(|name| !members.contains_key(*name));
        faults.extend(missing.map(|name| format!("{place}.{name} is missing")));
        for (name, value) in members {
            let place = format!("{place}.{name}");
            match self.members(shape).find(|(known, _)| known == name) {
                Some((_, of)) => self.look(of, value, &place, faults),
                None => faults.push(format!("{place}: {shape} has no such member")),
            }
        }
    }
}

fn shape_of(reference: &Value) -> &str {
    reference["shape"]
        .as_str()
        .expect("a reference names a shape")
}

/// Compares with `min` and `max`.
fn check_range(definition: &Value, found: f64, place: &str, faults: &mut Vec<String>) {
    let below = definition["min"].as_f64().is_some_and(|min| found < min);
    let above = definition["max"].as_f64().is_some_and(|max| found > max);
    if below || above {
        faults.push(format!("{place}: {found} is out of range"));
    }
}

fn check_text(definition: &Value, text: &str, place: &str, faults: &mut Vec<String>) {
    check_range(definition, text.chars().count() as f64, place, faults);
    if let Some(words) = definition["enum"].as_array() {
        let words: BTreeSet<_> = words.iter().filter_map(Value::as_str).collect();
        if !words.contains(text) {
            faults.push(format!("{place}: {text:?} is no word of the list"));
        }
    }
    let matches = match definition["pattern"].as_str() {
        None => true,
        Some(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)") => text.chars().all(is_of_tag),
        Some(r"[a-zA-Z0-9\.\*\-]+") => {
            let allowed = |sign: char| sign.is_ascii_alphanumeric() || ".*-".contains(sign);
            !text.is_empty() && text.chars().all(allowed)
        }
        Some(other) => panic!("this test doesn't know the pattern {other}"),
    };
    if !matches {
        faults.push(format!("{place}: {text:?} doesn't match the pattern"));
    }
}

/// Letters, separators and numbers of Unicode, as near as the standard library tells them, and some signs.
fn is_of_tag(sign: char) -> bool {
    let separates = sign.is_whitespace() && !sign.is_control();
    sign.is_alphanumeric() || separates || "_.:/=+-@".contains(sign)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_faults(operation: &str, output: Value, expected: &[&str]) {
        let Some(api) = api() else { return };
        assert_eq!(api.faults_of_output(operation, &output), expected);
    }

    #[test]
    fn a_wrong_type_a_wrong_word_and_an_unknown_member_are_found() {
        check_faults("ListClusters", json!({"clusterArns": ["a"]}), &[]);
        check_faults(
            "ListClusters",
            json!({"clusterArns": [7], "next": ""}),
            &[
                "ListClusters.clusterArns[0]: 7 is no string",
                "ListClusters.next: ListClustersResponse has no such member",
            ],
        );
        check_faults(
            "RunTask",
            json!({"tasks": [{"launchType": "EC3", "createdAt": "now", "version": 1.5}]}),
            &[
                "RunTask.tasks[0].createdAt: \"now\" is no timestamp",
                "RunTask.tasks[0].launchType: \"EC3\" is no word of the list",
                "RunTask.tasks[0].version: 1.5 is no long",
            ],
        );
    }

    #[test]
    fn a_missing_member_a_range_and_a_pattern_are_found() {
        check_faults(
            "CreateCluster",
            json!({"cluster": {
                "defaultCapacityProviderStrategy": [{"weight": 1001}],
                "tags": [{"key": "", "value": "a*"}],
                "activeServicesCount": 4_294_967_296_u64,
            }}),
            &[
                "CreateCluster.cluster.activeServicesCount: 4294967296 is no integer",
                "CreateCluster.cluster.defaultCapacityProviderStrategy[0].capacityProvider is missing",
                "CreateCluster.cluster.defaultCapacityProviderStrategy[0].weight: 1001 is out of range",
                "CreateCluster.cluster.tags[0].key: 0 is out of range",
                "CreateCluster.cluster.tags[0].value: \"a*\" doesn't match the pattern",
            ],
        );
    }

    #[test]
    fn an_error_that_an_operation_does_not_declare_is_told_apart() {
        let Some(api) = api() else { return };
        assert!(api.declares("RunTask", "ConflictException"));
        assert!(api.declares("RunTask", "ThrottlingException"));
        assert!(!api.declares("StopTask", "ConflictException"));
    }
}
