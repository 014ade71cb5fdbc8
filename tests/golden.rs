//! The traces of ten life stories, line by line: `tests/golden/*.trace`, rewritten with `UPDATE_GOLDEN=1`.

use std::path::Path;
use std::time::Duration;

use wavetank::Latency;
use wavetank::controllers::Keeper;
use wavetank::model::*;

use crate::support::{Trial, app, builder, on_port, profile, workload};

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

fn lasting(seconds: u64) -> Latency {
    Latency::Fixed(Duration::from_secs(seconds))
}

/// A container with an image of its own name.
fn container(name: &str) -> ContainerDefinition {
    ContainerDefinition::new(name, format!("{name}:1")).memory(64)
}

#[test]
fn a_chain_of_containers_starts_one_by_one_and_stops_in_the_opposite_order() {
    let init = container("init").essential(false);
    let db = container("db").depends_on("init", ContainerCondition::Success);
    let app = container("app").depends_on("db", ContainerCondition::Start);
    let chain = RegisterTaskDefinition::new("chain");
    let chain = chain
        .container(app.stop_timeout(5))
        .container(db)
        .container(init);
    let rows = [
        ("init", workload(|it| it.run = Run::For(lasting(3)))),
        ("app", workload(|it| it.stop = lasting(60))),
    ];
    let mut trial = Trial::web_with(profile(rows), chain);
    let task = trial.run("chain");
    trial.at(30_000);
    trial.stop(&task);
    trial.rest();
    check_trace("chain", &trial);
}

#[test]
fn a_dependency_fails_and_its_task_with_it() {
    let init = container("init").essential(false);
    let app = container("app").depends_on("init", ContainerCondition::Success);
    let both = RegisterTaskDefinition::new("both")
        .container(app)
        .container(init);
    let fails = workload(|it| {
        it.run = Run::For(lasting(3));
        it.exit_code = ExitCode::Always(1);
    });
    let mut trial = Trial::web_with(profile([("init", fails)]), both);
    trial.run("both");
    trial.rest();
    check_trace("failed-dependency", &trial);
}

#[test]
fn an_essential_container_falls_ill_and_gets_well() {
    let check = HealthCheck {
        interval: Some(10),
        ..HealthCheck::shell("true")
    };
    let sick = RegisterTaskDefinition::new("sick").container(app().health_check(check));
    let mut trial = Trial::web_with(Profile::ideal(), sick);
    let task = trial.run("sick");
    trial.at(20_000);
    let (named, container) = (task.clone(), "app".to_owned());
    trial.fault(Fault::HealthFail {
        task: named,
        container,
    });
    trial.at(60_000);
    let (task, container) = (task, "app".to_owned());
    trial.fault(Fault::HealthRecover { task, container });
    trial.rest();
    check_trace("health", &trial);
}

#[test]
fn a_container_is_started_again_until_it_is_killed_for_memory_too_soon() {
    let mut greedy = container("app");
    greedy.restart_policy = Some(ContainerRestartPolicy {
        enabled: Some(true),
        restart_attempt_period: Some(60),
        ..ContainerRestartPolicy::default()
    });
    let uses = workload(|it| it.memory = vec![MemoryStep::new(lasting(100), 65)]);
    let definition = RegisterTaskDefinition::new("greedy").container(greedy);
    let mut trial = Trial::web_with(profile([("app", uses)]), definition);
    let task = trial.run("greedy");
    trial.at(120_000);
    trial.exit(&task, "app", 137);
    trial.rest();
    check_trace("restart-and-memory", &trial);
}

#[test]
fn images_come_once_and_share_the_way() {
    let slow = workload(|it| it.pull = lasting(12));
    let mut profile = profile([("other", slow)]);
    profile.agents.image_cache = true;
    let mut trial = Trial::web_of(builder().profile(profile));
    for name in ["app", "other"] {
        trial.define(RegisterTaskDefinition::new(name).container(container(name)));
    }
    trial.run("app");
    trial.run("other");
    trial.at(2_000);
    trial.run("app");
    trial.at(30_000);
    trial.run("app");
    trial.rest();
    check_trace("images", &trial);
}

#[test]
fn a_controller_is_throttled_loses_an_answer_and_crashes() {
    let mut trial = Trial::web();
    let keeper = Keeper::new("keeper", RunTask::new("web"), 1).patience(Duration::from_secs(1));
    let id = trial.add_controller(keeper);
    let lasting = Duration::from_millis(1_200);
    trial.fault(Fault::Throttle {
        operation: Glob::new("RunTask"),
        lasting,
    });
    trial.at(1_200);
    trial.fault(Fault::ServerError {
        operation: Glob::new("RunTask"),
        lasting,
        applied: true,
    });
    trial.at(12_500);
    trial.crash_controller(id);
    trial.restart_controller(id);
    trial.at(15_000);
    check_trace("controller", &trial);
}
