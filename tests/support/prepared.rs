//! A simulation in which most requests find what they are about, and one good request of each operation.
//!
//! Both are data, in `prepared.json`, and name what the setting up made: `$task` is a task that runs,
//! `$page:ListTasks` where a first page ended. What the setting up calls and this version does not
//! have is left out. The fuzz targets include this file too.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};
use wavetank::draw::Latency;
use wavetank::model::{Output, Profile, RegisterContainerInstance, Request, Run, WorkloadRow};
use wavetank::scenario::{RunOptions, Scenario};
use wavetank::{ApiError, Builder, Checking, Simulation, TraceMode};

/// A simulation that was set up, and the names of what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) sim: Simulation,
    names: BTreeMap<String, String>,
}

impl Prepared {
    /// Sets a simulation up that looks at its invariants so often.
    pub(crate) fn new(checking: Checking) -> Self {
        Self::of(Simulation::builder().checking(checking))
    }

    /// Sets a simulation up with options of its own.
    pub(crate) fn of(builder: Builder) -> Self {
        let sim = builder
            .seed(42)
            .profile(profile())
            .trace(TraceMode::Ring(64))
            .build()
            .expect("the options are good");
        let mut prepared = Self {
            sim,
            names: BTreeMap::new(),
        };
        let steps = document()["setup"].clone();
        for step in steps.as_array().expect("the setup is a list") {
            prepared.step(step);
        }
        prepared
    }

    fn step(&mut self, step: &Value) {
        if let Some(millis) = step["advance"].as_u64() {
            let advanced = self.sim.advance(Duration::from_millis(millis));
            advanced.expect("no invariant is violated");
            return;
        }
        let operation = step["call"].as_str().expect("a step has a call");
        if !Request::OPERATIONS.contains(&operation) {
            return;
        }
        let answer = self.call(operation, &step["input"]);
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        for (name, pointer) in step["keep"].as_object().into_iter().flatten() {
            let pointer = pointer.as_str().expect("a pointer is text");
            let kept = answer.pointer(pointer).and_then(Value::as_str);
            let kept = kept.unwrap_or_else(|| panic!("{operation}: nothing at {pointer}"));
            self.names.insert(name.clone(), kept.to_owned());
        }
    }

    /// Calls an operation and shows the answer as JSON.
    pub(crate) fn call(&mut self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        let request = Request::from_json(operation, self.named(input))?;
        self.sim.call(request).map(|output| written(&output))
    }

    /// The same JSON with names replaced by what they stand for.
    pub(crate) fn named(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.names.get(text).unwrap_or(text).as_str().into(),
            Value::Array(items) => items.iter().map(|item| self.named(item)).collect(),
            Value::Object(members) => {
                let member = |(key, value): (&String, &Value)| (key.clone(), self.named(value));
                Value::Object(members.iter().map(member).collect())
            }
            _ => value.clone(),
        }
    }

    /// Sends bytes: an operation in the first line, its input in JSON behind it.
    ///
    /// # Panics
    ///
    /// When the simulation does, when a refused request changed something, and when an invariant is
    /// violated then or in the minute after.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return;
        };
        let (operation, input) = text.split_once('\n').unwrap_or((text, "{}"));
        let Ok(input) = serde_json::from_str::<Value>(input) else {
            return;
        };
        let before = self.sim.state_digest();
        if let Err(error) = self.call(operation.trim(), &input) {
            assert_eq!(self.sim.state_digest(), before, "{error} changed something");
        }
        self.holds_on();
    }

    /// Asserts that every invariant holds now and after a minute.
    pub(crate) fn holds_on(&mut self) {
        self.sim.check().expect("no invariant is violated");
        let advanced = self.sim.advance(Duration::from_secs(60));
        advanced.expect("no invariant is violated on the way");
        self.sim
            .check()
            .expect("no invariant is violated a minute later");
    }
}

/// Runs bytes as a scenario file, twice.
///
/// # Panics
///
/// When the simulation does, when a step has no line of JSON, and when the runs differ.
pub(crate) fn run_scenario(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(scenario) = Scenario::from_json(text) else {
        return;
    };
    let run = || {
        let mut lines = Vec::new();
        let outcome = scenario.run(&RunOptions::default(), |line| lines.push(line.to_owned()));
        (lines, outcome.exit_code())
    };
    let first = run();
    for line in &first.0 {
        let line = serde_json::from_str::<Value>(line);
        assert!(line.is_ok_and(|line| line.is_object()));
    }
    assert_eq!(first, run(), "two runs differ");
}

/// Reads bytes as an expression of the cluster query language, and judges it for a container instance.
///
/// # Panics
///
/// When it is refused elsewhere than within it, and when what is written for it is another expression.
pub(crate) fn judge_expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut sim = Simulation::builder().build().expect("the options are good");
    let machine = RegisterContainerInstance::default().attribute("rack", "7");
    let registered = sim.register_container_instance(machine);
    registered.expect("a machine that offers nothing may register");
    let (first, _) = sim
        .ledger()
        .instances()
        .iter()
        .next()
        .expect("one is there");
    match sim.constraint(text) {
        Ok(constraint) => {
            let written = sim.constraint(&constraint.expr().to_string());
            let written = written.expect("what is written can be read");
            assert_eq!(constraint.expr(), written.expr());
            let holds = [constraint, written].map(|one| one.holds(sim.ledger(), first));
            assert_eq!(holds[0], holds[1]);
        }
        Err(error) => assert!(text.get(error.span()).is_some(), "{error}"),
    }
}

/// A good request of each operation, by name; more operations than this version has may be among them.
pub(crate) fn requests() -> Map<String, Value> {
    match document()["requests"].take() {
        Value::Object(requests) => requests,
        other => panic!("requests are an object, not {other}"),
    }
}

/// An answer as JSON.
pub(crate) fn written(output: &Output) -> Value {
    serde_json::to_value(output).expect("an answer can be written")
}

fn document() -> Value {
    serde_json::from_str(include_str!("prepared.json")).expect("the file is JSON")
}

/// Containers `app` are slow to stop, and containers `helper` fail after 8 s.
fn profile() -> Profile {
    let mut profile = Profile::ideal();
    let mut slow = profile.default_workload.clone();
    slow.stop = Latency::Fixed(Duration::from_secs(20));
    let mut brief = profile.default_workload.clone();
    brief.run = Run::For(Latency::Fixed(Duration::from_secs(8)));
    profile.workloads = vec![
        WorkloadRow::new("*", "app", slow),
        WorkloadRow::new("*", "helper", brief),
    ];
    profile
}
