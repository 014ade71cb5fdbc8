//! The traces of four life stories, line by line: `tests/golden/*.trace`, rewritten with `UPDATE_GOLDEN=1`.

use std::path::Path;

use wavetank::model::*;

use crate::support::{Trial, app, on_port};

/// Asserts that a run left exactly the trace that is kept under a name.
#[track_caller]
fn check_trace(name: &str, trial: &Trial) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.trace"));
    let found = trial.trace().to_string();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("a golden file can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("UPDATE_GOLDEN=1 writes the golden file");
    let lines = kept.lines().zip(found.lines()).enumerate();
    for (number, (kept, found)) in lines {
        assert_eq!(found, kept, "line {} of {name}.trace", number + 1);
    }
    assert_eq!(found, kept, "{name}.trace has another length");
}

#[test]
fn a_task_runs_and_is_stopped() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    trial.at(4_000_000);
    check_trace("run-and-stop", &trial);
}

#[test]
fn of_two_containers_first_the_helper_exits_and_then_the_other() {
    let mut trial = Trial::web();
    let helper = ContainerDefinition::new("helper", "helper:1")
        .memory(64)
        .essential(false);
    trial.define(
        RegisterTaskDefinition::new("pair")
            .container(app())
            .container(helper),
    );
    let task = trial.run("pair");
    trial.at(10_000);
    trial.exit(&task, "helper", 1);
    trial.at(20_000);
    trial.exit(&task, "app", 0);
    trial.rest();
    check_trace("two-containers", &trial);
}

#[test]
fn a_port_is_given_again_and_its_new_owner_queues() {
    let mut trial = Trial::web();
    trial.define(on_port("api", 8080));
    let old = trial.run("api");
    trial.at(10_000);
    trial.stop(&old);
    trial.run("api");
    let refused = trial
        .run_task(RunTask::new("api"))
        .expect("the request is good");
    assert_eq!(refused.failures.len(), 1);
    trial.rest();
    check_trace("port-and-queue", &trial);
}

#[test]
fn an_agent_goes_and_comes_back() {
    let mut trial = Trial::web();
    let host = trial.host();
    let (ends, stops) = (trial.run("web"), trial.run("web"));
    trial.at(3_000);
    trial.disconnect(&host);
    trial.at(20_000);
    trial.exit(&ends, "app", 7);
    trial.stop(&stops);
    trial.at(30_000);
    trial.reconnect(&host);
    trial.rest();
    check_trace("disconnect", &trial);
}
