//! What a request leads to: its answer, what can be seen of the account, and what comes of it later.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use wavetank::ApiError;
use wavetank::model::Request;

use crate::support::prepared::Prepared;

/// What came of a request.
#[derive(Debug)]
pub(super) struct Course {
    operation: String,
    request: Value,
    after: Prepared,
    /// The answer, and everything that can be read right after it.
    now: Vec<Value>,
    /// What can be read later, after tasks were run and stopped and the request was repeated.
    later: OnceCell<Vec<Value>>,
}

impl Course {
    /// Sends a request and looks at what came of it; a refusal is handed back.
    pub(super) fn of(
        prepared: &Prepared,
        operation: &str,
        request: &Value,
    ) -> Result<Self, ApiError> {
        let mut after = prepared.clone();
        let answer = after.call(operation, request)?;
        let definition = answer["taskDefinition"]["taskDefinitionArn"].clone();
        let mut now = vec![answer];
        if !reads(operation) {
            look_at_records(&mut after, &definition, &mut now);
            for status in ["RUNNING", "STOPPED"] {
                look_at_tasks(&mut after, &["default", "other"], status, &mut now);
            }
        }
        Ok(Self {
            operation: operation.to_owned(),
            request: request.clone(),
            after,
            now,
            later: OnceCell::new(),
        })
    }

    /// Whether two courses differ in more than what echoes a member of the request.
    pub(super) fn differs(&self, other: &Self, path: &str, value: &Value) -> bool {
        if reads(&self.operation) {
            return self.now != other.now;
        }
        let names = path.split('.').map(|name| name.trim_end_matches("[]"));
        let mut names: BTreeSet<&str> = names.collect();
        let text = value.as_str().filter(|text| is_marked(text));
        for seen in &self.now {
            names_of_text(seen, text, &mut names);
        }
        let mask = Mask { names, text };
        !mask.hides_all(&self.now, &other.now) || !mask.hides_all(self.later(), other.later())
    }

    /// How often a member of that name has that value in what can be read right after the answer.
    pub(super) fn shows(&self, name: &str, value: &Value) -> usize {
        if reads(&self.operation) {
            return 0;
        }
        self.now.iter().map(|seen| count(seen, name, value)).sum()
    }

    fn later(&self) -> &[Value] {
        self.later.get_or_init(|| {
            let (mut fork, mut seen) = (self.after.clone(), Vec::new());
            let definition = &self.now[0]["taskDefinition"]["taskDefinitionArn"];
            for (definition, count) in [(definition, 1), (&json!("web"), 1), (&json!("port"), 5)] {
                seen.extend(fork.call("RunTask", &run(definition, count)));
            }
            pass(&mut fork, 12);
            look_at_tasks(&mut fork, &["default"], "RUNNING", &mut seen);
            stop_all(&mut fork);
            pass(&mut fork, 120);
            look_at_tasks(&mut fork, &["default"], "STOPPED", &mut seen);
            seen.push(match fork.call(&self.operation, &self.request) {
                Ok(answer) => answer,
                Err(error) => error.to_string().into(),
            });
            seen
        })
    }
}

/// Whether an operation only reads, so that its answer shows what it does and echoes nothing.
fn reads(operation: &str) -> bool {
    operation.starts_with("Describe") || operation.starts_with("List")
}

/// Whether a text was made for one member, so that it can be told wherever it is.
fn is_marked(text: &str) -> bool {
    text.starts_with("x-") && text.len() > 3
}

fn run(definition: &Value, count: u32) -> Value {
    let spread = json!({"type": "spread", "field": "instanceId"});
    json!({"taskDefinition": definition, "count": count, "placementStrategy": [spread]})
}

fn pass(fork: &mut Prepared, seconds: u64) {
    let advanced = fork.sim.advance(Duration::from_secs(seconds));
    advanced.expect("no invariant is violated");
}

fn stop_all(fork: &mut Prepared) {
    let Ok(listed) = fork.call("ListTasks", &json!({})) else {
        return;
    };
    for task in listed["taskArns"].as_array().into_iter().flatten() {
        let stopped = fork.call("StopTask", &json!({"task": task}));
        stopped.expect("a listed task can be stopped");
    }
}

/// Asks an operation, if this version has it, and keeps what it answers.
fn ask(fork: &mut Prepared, operation: &str, input: Value, seen: &mut Vec<Value>) -> Value {
    let is_known = Request::OPERATIONS.contains(&operation);
    let answer = is_known
        .then(|| fork.call(operation, &input).ok())
        .flatten();
    seen.extend(answer.clone());
    answer.unwrap_or_default()
}

/// Reads clusters, task definitions, attributes, tags and settings.
fn look_at_records(fork: &mut Prepared, definition: &Value, seen: &mut Vec<Value>) {
    let mut ask = |operation, input| ask(fork, operation, input, seen);
    let clusters = ask("ListClusters", json!({}))["clusterArns"].clone();
    let include = [
        "ATTACHMENTS",
        "CONFIGURATIONS",
        "SETTINGS",
        "STATISTICS",
        "TAGS",
    ];
    ask(
        "DescribeClusters",
        json!({"clusters": clusters, "include": include}),
    );
    for cluster in clusters.as_array().into_iter().flatten() {
        ask(
            "ListAttributes",
            json!({"cluster": cluster, "targetType": "container-instance"}),
        );
        ask("ListTagsForResource", json!({"resourceArn": cluster}));
    }
    for definition in [definition, &json!("web")] {
        ask(
            "DescribeTaskDefinition",
            json!({"taskDefinition": definition, "include": ["TAGS"]}),
        );
    }
    for status in ["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"] {
        ask("ListTaskDefinitions", json!({"status": status}));
    }
    ask("ListTaskDefinitionFamilies", json!({"status": "ALL"}));
    ask("ListAccountSettings", json!({"effectiveSettings": true}));
    ask(
        "ListAccountSettings",
        json!({"principalArn": "arn:aws:iam::123456789012:role/somebody"}),
    );
    ask("ListTasks", json!({"startedBy": "x-startedBy"}));
    ask("ListTasks", json!({"launchType": "EC2"}));
}

/// Reads container instances, and tasks that are wanted so.
fn look_at_tasks(fork: &mut Prepared, clusters: &[&str], status: &str, seen: &mut Vec<Value>) {
    let mut ask = |operation, input| ask(fork, operation, input, seen);
    for cluster in clusters {
        let listed = ask("ListContainerInstances", json!({"cluster": cluster}));
        let instances = &listed["containerInstanceArns"];
        let input =
            json!({"cluster": cluster, "containerInstances": instances, "include": ["TAGS"]});
        ask("DescribeContainerInstances", input);
        let listed = ask(
            "ListTasks",
            json!({"cluster": cluster, "desiredStatus": status}),
        );
        let input = json!({"cluster": cluster, "tasks": listed["taskArns"], "include": ["TAGS"]});
        ask("DescribeTasks", input);
    }
}

/// What echoes a member: some names, and every text that holds its own.
struct Mask<'a> {
    names: BTreeSet<&'a str>,
    text: Option<&'a str>,
}

impl Mask<'_> {
    /// Whether there is no other difference between two lists.
    fn hides_all(&self, ours: &[Value], theirs: &[Value]) -> bool {
        let mut pairs = ours.iter().zip(theirs);
        ours.len() == theirs.len()
            && pairs.all(|(ours, theirs)| ours == theirs || self.hides(ours, theirs))
    }

    /// Whether there is no other difference between two values.
    fn hides(&self, ours: &Value, theirs: &Value) -> bool {
        match (ours, theirs) {
            (Value::Object(ours), Value::Object(theirs)) => {
                let names = ours.keys().chain(theirs.keys());
                let mut seen = names.filter(|name| !self.names.contains(name.as_str()));
                seen.all(|name| match (ours.get(name), theirs.get(name)) {
                    (Some(ours), Some(theirs)) => self.hides(ours, theirs),
                    _ => false,
                })
            }
            (Value::Array(ours), Value::Array(theirs)) => self.hides_all(ours, theirs),
            (Value::String(ours), Value::String(theirs)) => {
                let echoes = |found: &str| self.text.is_some_and(|text| found.contains(text));
                ours == theirs || echoes(ours) || echoes(theirs)
            }
            (ours, theirs) => ours == theirs,
        }
    }
}

/// Adds the names of the members that hold a text.
fn names_of_text<'a>(seen: &'a Value, text: Option<&str>, names: &mut BTreeSet<&'a str>) {
    match seen {
        Value::Object(members) => {
            for (name, value) in members {
                if text.is_some() && value.as_str() == text {
                    names.insert(name);
                }
                names_of_text(value, text, names);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| names_of_text(item, text, names)),
        _ => {}
    }
}

/// How often a member of that name has that value or a list with it, at any depth; a marked text may have any name.
fn count(seen: &Value, name: &str, value: &Value) -> usize {
    let is_told = value.as_str().is_some_and(is_marked);
    match seen {
        Value::Object(members) => {
            let member = |(key, found): (&String, &Value)| {
                let items = found.as_array();
                let is_it = found == value || items.is_some_and(|items| items.contains(value));
                usize::from(is_it && (is_told || key == name)) + count(found, name, value)
            };
            members.iter().map(member).sum()
        }
        Value::Array(items) => items.iter().map(|item| count(item, name, value)).sum(),
        _ => 0,
    }
}
