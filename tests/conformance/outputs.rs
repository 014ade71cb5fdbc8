//! Whether each answer has the shape that the API gives it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use wavetank::Checking;
use wavetank::model::Request;
use wavetank::scenario::{RunOptions, Scenario};

use crate::support::api::api;
use crate::support::prepared::{Prepared, requests, written};
use crate::support::script::{Player, script, stage};

#[test]
fn every_good_request_gets_an_answer_of_its_shape() {
    let Some(api) = api() else { return };
    let prepared = Prepared::new(Checking::AtRest);
    let requests = requests();
    for operation in Request::OPERATIONS {
        let request = requests.get(*operation);
        let request =
            request.unwrap_or_else(|| panic!("prepared.json has no request of {operation}"));
        let answer = prepared.clone().call(operation, request);
        let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
        let faults = api.faults_of_output(operation, &answer);
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

#[test]
fn every_answer_of_every_scenario_is_of_its_shape() {
    let Some(api) = api() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut seen = BTreeSet::new();
    for file in fs::read_dir(folder).expect("there are scenarios") {
        let Ok(text) = fs::read_to_string(file.expect("a folder can be listed").path()) else {
            continue; // A folder of scenarios that are wrong on purpose.
        };
        let scenario = Scenario::from_json(&text).expect("a scenario of this folder is good");
        let mut lines: Vec<Value> = Vec::new();
        scenario.run(&RunOptions::default(), |line| {
            lines.push(serde_json::from_str(line).expect("a line is JSON"));
        });
        let document: Value = serde_json::from_str(&text).expect("a scenario is JSON");
        let steps = document["steps"].as_array().expect("a scenario has steps");
        for (step, line) in steps.iter().zip(&lines) {
            let (Some(operation), Some(output)) = (step["call"].as_str(), line.get("output"))
            else {
                continue;
            };
            let faults = api.faults_of_output(operation, output);
            assert!(faults.is_empty(), "{}", faults.join("\n"));
            seen.insert(operation.to_owned());
        }
    }
    assert!(seen.len() >= 10, "only {seen:?} were answered");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_answer_of_a_script_is_of_its_shape(stage in stage(), script in script(40)) {
        let Some(api) = api() else { return Ok(()) };
        let mut player = Player::on(stage);
        for action in &script {
            if let Some(request) = player.request(action) {
                let operation = request.operation();
                if let Ok(output) = player.sim.clone().call(request) {
                    let faults = api.faults_of_output(operation, &written(&output));
                    prop_assert!(faults.is_empty(), "{}", faults.join("\n"));
                }
            }
            player.act(action);
        }
    }
}
