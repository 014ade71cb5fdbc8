//! The table of members, docs/api-coverage.md, rewritten with `UPDATE_GOLDEN=1`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use wavetank::model::Request;

use super::survey::{Row, survey};
use crate::support::api::{Api, api};

/// Members that act where the survey does not look, and the tests that show it.
#[rustfmt::skip]
const ACTING: &[(&str, &str, &str)] = &[
    ("RegisterTaskDefinition", "containerDefinitions[].image", "a_task_whose_image_cannot_be_pulled_fails_to_start"),
    ("RegisterTaskDefinition", "containerDefinitions[].healthCheck.retries", "the_number_of_retries_and_the_timeout_count"),
    ("RegisterTaskDefinition", "containerDefinitions[].healthCheck.timeout", "the_number_of_retries_and_the_timeout_count"),
    ("RegisterTaskDefinition", "containerDefinitions[].restartPolicy.ignoredExitCodes", "a_container_that_ran_too_briefly_or_exits_with_an_ignored_code_stays_down"),
    ("RegisterTaskDefinition", "containerDefinitions[].restartPolicy.restartAttemptPeriod", "a_container_that_ran_too_briefly_or_exits_with_an_ignored_code_stays_down"),
    ("RegisterTaskDefinition", "containerDefinitions[].startTimeout", "a_start_timeout_counts_from_the_start_of_the_one_that_is_waited_for"),
    ("RegisterContainerInstance", "attributes[].name", "container_instances_without_the_attribute_are_one_group"),
    ("RegisterContainerInstance", "attributes[].value", "an_even_spread_differs_by_one_at_most"),
    ("PutAttributes", "attributes[].name", "placement_sees_an_attribute_at_once"),
    ("PutAttributes", "attributes[].value", "placement_sees_an_attribute_at_once"),
];

/// Topics of operations by a part of their names; the first that is in a name counts.
const TOPICS: &[(&str, &str)] = &[
    ("Gateway", "gateways and Express services"),
    ("Daemon", "daemons"),
    ("CapacityProvider", "capacity providers"),
    ("ServiceDeployment", "deployments"),
    ("ServiceRevision", "deployments"),
    ("TaskSet", "task sets"),
    ("Service", "services"),
    ("Protection", "task protection"),
    ("ExecuteCommand", "ECS Exec"),
    ("AccountSetting", "account settings"),
    ("Tag", "tags"),
    ("Untag", "tags"),
    ("Submit", "what agents report"),
    ("Poll", "what agents report"),
    ("Agent", "agent updates"),
    ("Attributes", "attributes"),
    ("TaskDefinition", "task definitions"),
    ("Cluster", "clusters"),
    ("", "others"),
];

const HEAD: &str = "\
# Coverage of the ECS API

For whoever needs to know whether a member of a request does anything here. This file is written by a test,
`tests/conformance`, from the API as data and from what this version does; `UPDATE_GOLDEN=1 cargo test` writes it anew.
What the features do is in [model.md].

For each member of each operation the test sends requests to a simulation with container instances, task definitions
and tasks. Each tries one value: every word of a list of words, both ends of a range, each member of each structure. The
columns say what came of it.

- **accepted**: the request is read and answered. *In part* names the values that are refused, and why.
- **shown**: the value can be read in the answer or with Describe or List right after, and more often than without it.
- **acts**: *yes* if taking the member away, or giving it another value, makes a difference beyond that: in the answer,
  in what can be read at once, or in what can be read while further tasks run and stop and the request is repeated.
  *needed* if no such difference was found but the request is refused without it. A name is that of a test that shows an
  effect where this one does not look. For Describe and List any other answer is a difference.

A dash means that none was found: the member is validated and otherwise has no effect.
";

#[test]
fn the_table_of_members_is_up_to_date() {
    let (Some(api), Some(survey)) = (api(), survey()) else {
        return;
    };
    let found = document(api, &survey.operations);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api-coverage.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).expect("the table can be written");
    }
    let kept = fs::read_to_string(&path).expect("UPDATE_GOLDEN=1 writes the table");
    for (number, (kept, found)) in kept.lines().zip(found.lines()).enumerate() {
        assert_eq!(
            found,
            kept,
            "line {} of docs/api-coverage.md; UPDATE_GOLDEN=1 writes it anew",
            number + 1
        );
    }
    assert_eq!(found, kept, "docs/api-coverage.md has another length");
}

#[test]
fn every_member_said_to_act_needs_saying_and_has_its_test() {
    let Some(survey) = survey() else { return };
    let here = |operation: &str| Request::OPERATIONS.contains(&operation);
    for (operation, path, test) in ACTING.iter().filter(|(operation, ..)| here(operation)) {
        let rows = survey.operations.iter().find(|(name, _)| name == operation);
        let row = rows.and_then(|(_, rows)| rows.iter().find(|(name, _)| name == path));
        let (_, row) = row.unwrap_or_else(|| panic!("{operation} has no {path}"));
        assert!(
            !row.acted_on,
            "{operation} {path} is seen to act: take it from the list"
        );
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        let files = fs::read_dir(tests).expect("the tests can be listed");
        let mut texts = files.filter_map(|file| fs::read_to_string(file.ok()?.path()).ok());
        assert!(
            texts.any(|text| text.contains(&format!("fn {test}()"))),
            "no test {test}"
        );
    }
}

type Operations = [(&'static str, Vec<(String, Row)>)];

fn document(api: &Api, operations: &Operations) -> String {
    let mut text = format!("{HEAD}\n");
    let _ = writeln!(
        text,
        "| operation | members | accepted | in part | shown | act | needed |"
    );
    let _ = writeln!(text, "| --- | --- | --- | --- | --- | --- | --- |");
    for (operation, rows) in operations {
        let count = |what: &dyn Fn(&Row) -> bool| rows.iter().filter(|(_, row)| what(row)).count();
        let acting = |wanted: fn(&str) -> bool| {
            let acts = rows.iter().map(|(path, row)| acts(operation, path, row));
            acts.filter(|acts| wanted(acts)).count()
        };
        let _ = writeln!(
            text,
            "| [{operation}](#{}) | {} | {} | {} | {} | {} | {} |",
            operation.to_ascii_lowercase(),
            rows.len(),
            count(&|row| row.accepted > 0 && row.refused.is_empty()),
            count(&|row| row.accepted > 0 && !row.refused.is_empty()),
            count(&|row| row.echoed),
            acting(|acts| acts != "-" && acts != "needed"),
            acting(|acts| acts == "needed"),
        );
    }
    for (operation, rows) in operations {
        let _ = write!(
            text,
            "\n## {operation}\n\n| member | accepted | shown | acts |\n| --- | --- | --- | --- |\n"
        );
        for (path, row) in rows {
            let shown = if row.echoed { "yes" } else { "-" };
            let acts = acts(operation, path, row);
            let _ = writeln!(text, "| `{path}` | {} | {shown} | {acts} |", accepted(row));
        }
    }
    text + &others(api)
}

fn accepted(row: &Row) -> String {
    let refused = row
        .refused
        .iter()
        .map(|(word, reason)| format!("`{word}` ({reason})"));
    let refused = refused.collect::<Vec<_>>().join(", ");
    match (row.accepted, refused.as_str()) {
        (_, "") => "yes".to_owned(),
        (0, refused) => format!("no: {refused}"),
        (_, refused) => format!("in part, not {refused}"),
    }
}

fn acts(operation: &str, path: &str, row: &Row) -> String {
    let shown = ACTING
        .iter()
        .find(|(of, member, _)| *of == operation && *member == path);
    match (row.acted_on, shown, row.needed) {
        (true, _, _) => "yes".to_owned(),
        (_, Some((_, _, test)), _) => format!("yes: `{test}`"),
        (_, _, true) => "needed".to_owned(),
        _ => "-".to_owned(),
    }
}

/// The operations of ECS that this version does not have, a line for each topic.
fn others(api: &Api) -> String {
    let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for operation in api.operations() {
        if !Request::OPERATIONS.contains(&operation) {
            let topic = TOPICS.iter().find(|(part, _)| operation.contains(part));
            let (_, topic) = topic.expect("the last topic takes every name");
            topics.entry(topic).or_default().push(operation);
        }
    }
    let mut text =
        "\n## Operations that are not here\n\nEach is an `UnknownOperationException`.\n\n"
            .to_owned();
    for (topic, operations) in topics {
        let _ = writeln!(text, "- {topic}: {}", operations.join(", "));
    }
    text + "\n[model.md]: model.md\n"
}
