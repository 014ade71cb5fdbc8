//! Scenario files, as users run them: through the library, and through the example that is their command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use wavetank::scenario::{RunOptions, Scenario, ScenarioError};

/// The JSON files directly in `directory`, by name; none when there is no such directory.
fn files_in(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
}

fn ours(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scenarios")
        .join(name)
}

fn read(path: &Path) -> Result<Scenario, ScenarioError> {
    Scenario::from_json(&fs::read_to_string(path).unwrap())
}

/// Every line of a run, and its exit code.
fn run(scenario: &Scenario, options: &RunOptions) -> (Vec<String>, u8) {
    let mut lines = Vec::new();
    let outcome = scenario.run(options, |line| lines.push(line.to_owned()));
    (lines, outcome.exit_code())
}

fn check_holds(path: &Path) {
    let name = path.display();
    let scenario = read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (lines, code) = run(&scenario, &RunOptions::default());
    let wrong: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains("\"unmet\":[") || line.starts_with("{\"summary\""))
        .collect();
    assert_eq!(code, 0, "{name}:\n{}", wrong.join("\n"));
    let (again, _) = run(&scenario, &RunOptions::default());
    assert_eq!(lines, again, "{name} ran differently the second time");
}

#[test]
fn a_step_that_places_tasks_prints_its_explanation_when_it_is_asked_to() {
    let scenario = Scenario::from_json(
        r#"{ "wavetank": 1, "steps": [
             { "call": "RegisterContainerInstance", "as": "machine", "input": { "totalResources": [
                 { "name": "CPU", "type": "INTEGER", "integerValue": 1024 },
                 { "name": "MEMORY", "type": "INTEGER", "integerValue": 300 } ] } },
             { "call": "RegisterTaskDefinition", "input": { "family": "job",
                 "containerDefinitions": [ { "name": "work", "image": "job:1", "memory": 200 } ] } },
             { "call": "RunTask", "explain": true, "input": { "taskDefinition": "job" } },
             { "call": "StartTask", "explain": true, "input": { "taskDefinition": "job",
                 "containerInstances": [ "${machine/containerInstance/containerInstanceArn}" ] } },
             { "call": "RunTask", "explain": false, "input": { "taskDefinition": "job" } },
             { "call": "RunTask", "explain": true, "input": { "taskDefinition": "none" } } ] }"#,
    );
    let (lines, _) = run(
        &scenario.expect("it is well formed"),
        &RunOptions::default(),
    );
    let told = lines.iter().map(|line| {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        line["explanation"][0].clone()
    });
    let told: Vec<Value> = told.collect();
    assert_eq!(
        (&told[2]["scheduler"], &told[2]["refusal"]),
        (&json!("ecs"), &Value::Null)
    );
    let changes = json!(["100 MiB less, or so much more free"]);
    assert_eq!(
        (&told[3]["scheduler"], &told[3]["refusal"]),
        (&json!("the caller"), &json!("RESOURCE:MEMORY"))
    );
    assert_eq!(told[3]["closest"]["changes"], changes);
    assert_eq!(told[4..6], [Value::Null, Value::Null]);
}

#[test]
fn every_committed_scenario_holds() {
    let files = files_in(&ours(""));
    assert!(
        files.len() >= 9,
        "only {} scenarios were found",
        files.len()
    );
    for path in files {
        check_holds(&path);
    }
}

#[test]
fn every_shared_scenario_holds() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/scenarios");
    let files = files_in(&shared);
    if files.is_empty() {
        println!("skipped: there are no scenarios in {}", shared.display());
    }
    for path in files {
        check_holds(&path);
    }
}

/// Runs a scenario of tests/scenarios/unmet and compares what it calls unmet, step by step.
fn check_unmet(name: &str, expected: &[(usize, &[&str])]) {
    let scenario = read(&ours("unmet").join(name)).unwrap();
    let (lines, code) = run(&scenario, &RunOptions::default());
    assert_eq!(code, 1);
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for (step, line) in lines.iter().enumerate().take(lines.len() - 1) {
        let unmet = expected.iter().find(|(index, _)| *index == step);
        let unmet = unmet.map_or(Value::Null, |(_, lines)| json!(lines));
        assert_eq!(line["unmet"], unmet, "{name}: step {step}");
    }
    assert_eq!(lines[lines.len() - 1]["summary"]["unmet"], expected.len());
}

#[test]
fn an_unmet_expectation_says_what_was_found() {
    check_unmet(
        "output.json",
        &[(
            0,
            &[
                "/cluster/clusterName: expected \"other\", found \"demo\"",
                "/cluster/status: expected a length of 3, found \"ACTIVE\"",
            ],
        )],
    );
    check_unmet(
        "error-expected.json",
        &[
            (0, &["expected an error, found an output"]),
            (
                1,
                &[
                    "/type: expected \"ClientException\", found \"ClusterNotFoundException\"",
                    "/message: expected \"No.\", found \"Cluster not found.\"",
                ],
            ),
            (
                2,
                &[
                    "expected an output, found the error ClusterNotFoundException: Cluster not found.",
                ],
            ),
        ],
    );
}

#[test]
fn a_reference_to_nothing_names_its_step() {
    check_unmet(
        "reference-to-nothing.json",
        &[
            (
                1,
                &[
                    "expected an output, found the error ReferenceError: the output of step `made` has nothing at `/cluster/arn`",
                ],
            ),
            (2, &["the output of step `made` has nothing at `/events`"]),
        ],
    );
}

#[test]
fn a_limit_that_settle_reaches_is_an_error_unless_expected() {
    let scenario = read(&ours("unmet/settle-limit.json")).unwrap();
    let (lines, code) = run(&scenario, &RunOptions::default());
    assert_eq!(code, 1);
    let line: Value = serde_json::from_str(&lines[4]).unwrap();
    assert_eq!(line["error"]["type"], "SettleLimitReached");
    assert_eq!(line["at"], 1.0);
    let message = line["error"]["message"].as_str().unwrap();
    assert!(message.contains("task-0 PENDING"), "{message}");
    let summary: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!(summary["summary"]["unmet"], 1);
}

/// Each file of tests/scenarios/refused, and how the line that refuses it goes on.
const REFUSED: &[(&str, &str)] = &[
    (
        "bad-duration",
        "4:7: /steps/1/advance: `90` is not a duration",
    ),
    (
        "forward-reference",
        "3:38: /steps/0/input/task: no earlier step is named `web`",
    ),
    (
        "key-given-twice",
        "4:18: /steps/0/input/clusterName: duplicate field `clusterName`",
    ),
    (
        "name-given-twice",
        "4:18: /steps/1/as: an earlier step is named `a` already",
    ),
    ("not-json", "2:14: expected value"),
    (
        "spot-of-nobody",
        "3:7: /steps/0/fault: a spot interruption takes one of `containerInstance` and `task`",
    ),
    (
        "two-forms-of-a-latency",
        "3:5: /config/latencies/payload: too many or too few keys or elements",
    ),
    (
        "two-verbs",
        "3:5: /steps/0: a step has one verb, not `advance` and `step`",
    ),
    (
        "unknown-fault",
        "3:7: /steps/0/fault: unknown variant `Flood`",
    ),
    ("unknown-key", "2:3: /step: unknown field `step`"),
    (
        "unknown-key-in-config",
        "3:29: /config/reads/stale: unknown field `stale`",
    ),
    (
        "unknown-key-in-expect",
        "4:19: /steps/0/expect/outptu: unknown field `outptu`",
    ),
    (
        "unknown-key-in-fault",
        "3:7: /steps/0/fault: unknown field `for`",
    ),
    (
        "unknown-latency",
        "2:30: /config/latencies/pull: unknown latency `pull`",
    ),
    (
        "unknown-matcher",
        "3:46: /steps/0/expect/output/events: unknown matcher `$gt`",
    ),
    (
        "unknown-member",
        "4:61: /steps/0/input/overrides/containerOverrides/0/commnad: unknown field",
    ),
    (
        "unknown-operation",
        "3:7: /steps/0/call: unknown operation `RunTasks`",
    ),
    (
        "version",
        "1:3: /wavetank: this version reads scenario format 1, not 7",
    ),
    (
        "wrong-type-in-input",
        "4:7: /steps/0/input/count: invalid type: string \"3\", expected i32",
    ),
];

#[test]
fn a_bad_file_is_refused_where_it_is_wrong() {
    assert_eq!(files_in(&ours("refused")).len(), REFUSED.len());
    for (name, expected) in REFUSED {
        let error = read(&ours("refused").join(format!("{name}.json"))).expect_err(name);
        let at = error.position().expect(name);
        let found = format!("{}:{}: {}", at.line, at.column, error.message());
        assert!(found.starts_with(expected), "{name}: {found}");
    }
}

#[test]
fn another_seed_is_another_run() {
    let scenario = read(&ours("realistic.json")).unwrap();
    let options = RunOptions {
        seed: Some(scenario.seed() + 1),
        ..RunOptions::default()
    };
    let (as_written, _) = run(&scenario, &RunOptions::default());
    let (other, _) = run(&scenario, &options);
    assert_ne!(as_written.last(), other.last());
}

/// The example, built as these tests are, which stand beside it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let profile = if cfg!(debug_assertions) {
            "dev"
        } else {
            "release"
        };
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--offline",
                "--example",
                "scenario",
                "--profile",
                profile,
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        let tests = std::env::current_exe().unwrap();
        let directory = tests.ancestors().nth(2).unwrap().join("examples");
        directory
            .join("scenario")
            .with_extension(std::env::consts::EXE_EXTENSION)
    })
}

/// Runs the example as a process of its own.
fn check_example(arguments: &[&str], code: i32, stderr: &str) -> Output {
    let output = Command::new(program())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {found}");
    assert!(found.starts_with(stderr), "{arguments:?}: {found}");
    assert_eq!(found.lines().count(), usize::from(code == 2), "{found}");
    output
}

#[test]
fn the_exit_code_tells_what_became_of_the_run() {
    let output = check_example(&["tests/scenarios/timing.json", "--seed", "9"], 0, "");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 9);
    check_example(&["tests/scenarios/unmet/output.json"], 1, "");
    let refused = "tests/scenarios/refused/unknown-key.json";
    check_example(
        &[refused],
        2,
        &format!("{refused}:2:3: /step: unknown field `step`"),
    );
    check_example(&["no/such.json"], 2, "no/such.json: ");
    check_example(&[], 2, "scenario: usage");
    check_example(
        &["a.json", "--seed", "x"],
        2,
        "scenario: the seed is a whole number",
    );
    check_example(&["a.json", "b.json"], 2, "scenario: ");
}

#[test]
fn the_trace_has_a_line_of_json_for_each_record() {
    let directory = std::env::temp_dir().join(format!("wavetank-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let trace = directory.join("trace.jsonl");
    let arguments = [
        "tests/scenarios/timing.json",
        "--trace",
        trace.to_str().unwrap(),
    ];
    check_example(&arguments, 0, "");
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_dir_all(&directory).unwrap();
    assert!(text.lines().count() > 10, "{text}");
    for line in text.lines() {
        assert!(
            serde_json::from_str::<Value>(line).unwrap().is_object(),
            "{line}"
        );
    }
}

/// JSON made of the words of the format, most of it nonsense.
fn any_json() -> impl Strategy<Value = Value> {
    const WORDS: &[&str] = &[
        "output",
        "error",
        "type",
        "message",
        "kind",
        "$len",
        "$absent",
        "$regex",
        "$oneOf",
        "$contains",
        "$gte",
        "$lte",
        "clusterName",
        "tags",
        "PullFail",
        "image",
        "for",
        "1s",
        "${a/cluster}",
        "${a/events}",
        "${a}",
        "x ${a/events}",
        "${",
        "",
    ];
    let word = prop::sample::select(WORDS);
    let leaf = prop_oneof![
        word.clone().prop_map(Value::from),
        (-3_i64..9).prop_map(Value::from),
        prop::sample::select(vec![json!(true), json!(null), json!(0.5)]),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let member = (word.clone(), inner.clone()).prop_map(|(key, value)| (key.to_owned(), value));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(member, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// A step that has a verb and is otherwise nonsense.
fn any_step() -> impl Strategy<Value = Value> {
    let verb = prop_oneof![
        any_json().prop_map(|input| json!({"call": "CreateCluster", "input": input})),
        any_json().prop_map(|fault| json!({"fault": fault})),
        prop::sample::select(vec![
            json!({"advance": "1s"}),
            json!({"step": 2}),
            json!({"settle": "1m"}),
            json!({"check": true}),
        ]),
    ];
    (verb, any_json(), 0..4).prop_map(|(mut step, pattern, expects)| {
        match expects {
            0 => step["expect"] = json!({"output": pattern}),
            1 => step["expect"] = json!({"error": {"type": pattern}}),
            2 => step["expect"] = pattern,
            _ => {}
        }
        step
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,80}") {
        let _ = Scenario::from_json(&text);
    }

    #[test]
    fn no_json_makes_the_reader_panic(document in any_json(), steps in any_json()) {
        let _ = Scenario::from_json(&document.to_string());
        let _ = Scenario::from_json(&json!({"wavetank": 1, "config": document, "steps": steps}).to_string());
    }

    #[test]
    fn every_step_that_is_read_prints_a_line(steps in prop::collection::vec(any_step(), 0..4)) {
        let mut all = vec![json!({"call": "CreateCluster", "as": "a"})];
        all.extend(steps);
        let text = json!({"wavetank": 1, "steps": all}).to_string();
        if let Ok(scenario) = Scenario::from_json(&text) {
            let (lines, _) = run(&scenario, &RunOptions::default());
            prop_assert_eq!(lines.len(), all.len() + 1);
        }
    }
}
