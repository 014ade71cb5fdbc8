//! Control plane and hosts apart: early release here and late release there, the agent's queue, and lost messages
//! (ecs-semantics 4.5, 4.6).

use std::time::Duration;

use wavetank::Latency;
use wavetank::ids::ContainerInstanceId;
use wavetank::model::*;

use crate::support::{Trial, ms, on_port, profile, sized, workload};

/// One container instance whose host port 8080 the first of two tasks of `api` had, which is stopped at 10 s.
fn port_clash() -> (Trial, String, String) {
    let mut trial = Trial::web();
    trial.define(on_port("api", 8080));
    let old = trial.run("api");
    trial.at(10_000);
    trial.stop(&old);
    let new = trial.run("api");
    (trial, old, new)
}

/// How many tasks wait in the queue of the first container instance.
fn queued(trial: &Trial) -> usize {
    let host = trial.ledger().hosts().host(ContainerInstanceId::new(0));
    host.map_or(0, |host| host.queue.len())
}

fn started(trial: &mut Trial, task: &str) -> (Option<u64>, Option<u64>) {
    let task = trial.task(task);
    (ms(task.pull_started_at), ms(task.started_at))
}

#[test]
fn a_port_is_given_again_while_its_old_owner_is_still_stopping() {
    let (mut trial, old, new) = port_clash();
    trial.at(10_500);
    assert_eq!(
        trial.status(&old),
        (LastStatus::Stopping, DesiredStatus::Stopped)
    );
    assert_eq!(
        trial.status(&new),
        (LastStatus::Pending, DesiredStatus::Running)
    );
    let places = [trial.task(&old), trial.task(&new)].map(|task| task.container_instance_arn);
    assert_eq!(places[0], places[1]);
}

#[test]
fn a_task_waits_in_the_queue_until_the_old_owner_of_its_port_has_stopped() {
    let (mut trial, _, new) = port_clash();
    trial.at(11_099);
    assert_eq!(queued(&trial), 1);
    trial.at(11_100);
    assert_eq!(queued(&trial), 0);
    trial.rest();
    assert_eq!(
        started(&mut trial, &new),
        (Some(11_100), Some(11_100 + 5_600))
    );
}

#[test]
fn a_task_waits_as_long_as_its_predecessor_takes_to_stop() {
    let stubborn = workload(|app| app.stop = Latency::Fixed(Duration::from_secs(45)));
    let mut trial = Trial::web_with(profile([("app", stubborn)]), sized("full", 2048, 6));
    let old = trial.run("full");
    trial.at(10_000);
    trial.stop(&old);
    let new = trial.run("full");
    trial.rest();
    assert_eq!(
        started(&mut trial, &new).0,
        Some(40_100),
        "the default stop timeout is 30 s"
    );
}

#[test]
fn a_small_task_waits_behind_a_large_one_though_it_would_fit() {
    let mut trial = Trial::web();
    trial.define(on_port("api", 8080));
    let old = trial.run("api");
    trial.at(10_000);
    trial.stop(&old);
    let (head, behind) = (trial.run("api"), trial.run("web"));
    trial.at(10_200);
    assert_eq!(queued(&trial), 2);
    trial.rest();
    assert_eq!(started(&mut trial, &head).0, Some(11_100));
    assert_eq!(started(&mut trial, &behind).0, Some(11_100));
}

#[test]
fn a_task_at_the_head_that_fits_starts_at_once_while_another_stops() {
    let mut trial = Trial::web();
    trial.define(on_port("api", 8080));
    let old = trial.run("api");
    trial.at(10_000);
    trial.stop(&old);
    let free = trial.run("web");
    trial.rest();
    assert_eq!(started(&mut trial, &free).0, Some(10_100));
}

#[test]
fn a_task_stopped_in_the_queue_never_holds_anything() {
    let (mut trial, _, new) = port_clash();
    trial.at(10_300);
    trial.stop(&new);
    trial.at(10_500);
    let task = trial.task(&new);
    assert_eq!(
        (task.last_status, ms(task.stopped_at)),
        (LastStatus::Stopped, Some(10_500))
    );
    assert_eq!(
        (task.pull_started_at, task.execution_stopped_at),
        (None, None)
    );
    assert_eq!(task.containers[0].exit_code, None);
}

#[test]
fn a_task_that_leaves_the_head_of_the_queue_lets_the_next_one_start() {
    let (mut trial, _, head) = port_clash();
    let behind = trial.run("web");
    trial.at(10_300);
    trial.stop(&head);
    trial.rest();
    assert_eq!(started(&mut trial, &behind).0, Some(10_400));
}

#[test]
fn a_queue_is_served_in_the_order_of_arrival() {
    let slow = workload(|slow| slow.stop = Latency::Fixed(Duration::from_secs(20)));
    let mut trial = Trial::web_with(profile([("slow", slow)]), sized("half", 1024, 6));
    let container = ContainerDefinition::new("slow", "slow:1")
        .cpu(1024)
        .memory(6);
    trial.define(RegisterTaskDefinition::new("slow").container(container));
    let old = [trial.run("slow"), trial.run("half")];
    trial.at(10_000);
    old.iter().for_each(|task| drop(trial.stop(task)));
    let (first, second) = (trial.run("half"), trial.run("half"));
    trial.rest();
    assert_eq!(started(&mut trial, &first).0, Some(11_100));
    assert_eq!(started(&mut trial, &second).0, Some(30_100));
}

#[test]
fn two_tasks_with_dynamic_ports_need_not_wait_for_each_other() {
    let mut trial = Trial::web();
    let api = crate::support::app().port(PortMapping::tcp(80));
    trial.define(RegisterTaskDefinition::new("api").container(api));
    let old = trial.run("api");
    trial.at(10_000);
    trial.stop(&old);
    let new = trial.run("api");
    trial.rest();
    assert_eq!(started(&mut trial, &new).0, Some(10_100));
}

/// One container instance without its agent, and a task of `web`.
fn disconnected_at(millis: u64) -> (Trial, String, String) {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(millis);
    trial.disconnect(&host);
    (trial, host, task)
}

#[test]
fn no_payload_arrives_while_the_agent_is_away() {
    let (mut trial, host, task) = disconnected_at(50);
    trial.at(60_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(started(&mut trial, &task), (Some(60_100), Some(65_700)));
}

#[test]
fn no_report_arrives_while_the_agent_is_away() {
    let (mut trial, host, task) = disconnected_at(3_000);
    trial.at(60_000);
    let away = trial.task(&task);
    assert_eq!(
        (away.last_status, away.pull_started_at),
        (LastStatus::Pending, None)
    );
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(started(&mut trial, &task), (Some(100), Some(60_100)));
}

#[test]
fn a_report_on_its_way_when_the_agent_goes_is_said_again() {
    let (mut trial, host, task) = disconnected_at(5_650);
    trial.at(5_900);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(started(&mut trial, &task).1, Some(6_000));
}

#[test]
fn the_host_goes_on_while_its_agent_is_away() {
    let (mut trial, host, task) = disconnected_at(10_000);
    trial.exit(&task, "app", 5);
    trial.at(60_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Running, DesiredStatus::Running)
    );
    trial.reconnect(&host);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(task.stop_code, Some(StopCode::EssentialContainerExited));
    assert_eq!(
        (ms(task.execution_stopped_at), ms(task.stopped_at)),
        (Some(10_000), Some(60_100))
    );
    assert_eq!(task.containers[0].exit_code, Some(5));
}

#[test]
fn a_stop_waits_until_the_agent_is_back() {
    let (mut trial, host, task) = disconnected_at(10_000);
    trial.stop(&task);
    trial.at(60_000);
    trial.reconnect(&host);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (ms(task.stopping_at), ms(task.stopped_at)),
        (Some(10_000), Some(61_200))
    );
}

#[test]
fn a_task_told_to_stop_keeps_its_last_known_status_while_the_agent_is_away() {
    let (mut trial, host, task) = disconnected_at(10_000);
    trial.stop(&task);
    trial.at(60_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Running, DesiredStatus::Stopped)
    );
    trial.reconnect(&host);
    trial.at(60_100);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Stopping, DesiredStatus::Stopped)
    );
}

#[test]
fn a_task_whose_payload_no_agent_has_stops_at_once() {
    let (mut trial, host, task) = disconnected_at(50);
    let told = trial.stop(&task);
    assert_eq!(
        (told.last_status, ms(told.stopped_at)),
        (LastStatus::Stopped, Some(50))
    );
    assert_eq!(told.stop_code, Some(StopCode::UserInitiated));
    assert_eq!(told.containers[0].last_status, LastStatus::Stopped);
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(trial.task(&task), told);
}

#[test]
fn an_exit_of_one_container_is_told_when_the_agent_is_back() {
    let helper = ContainerDefinition::new("helper", "helper:1")
        .memory(64)
        .essential(false);
    let pair = crate::support::one("pair").container(helper);
    let mut trial = Trial::web_with(Profile::ideal(), pair);
    let (host, task) = (trial.host(), trial.run("pair"));
    trial.at(10_000);
    trial.disconnect(&host);
    trial.exit(&task, "helper", 1);
    trial.at(20_000);
    let exit_code = |trial: &mut Trial| trial.task(&task).containers[1].exit_code;
    assert_eq!(exit_code(&mut trial), None);
    trial.reconnect(&host);
    trial.rest();
    assert_eq!(exit_code(&mut trial), Some(1));
}

#[test]
fn a_task_keeps_its_resources_while_its_agent_is_away() {
    let (mut trial, host, _) = disconnected_at(10_000);
    trial.at(60_000);
    assert_eq!(trial.left(&host), (2048 - 256, 4096 - 512));
}

#[test]
fn losing_and_finding_the_agent_twice_changes_no_more_than_once() {
    let (mut trial, host, _) = disconnected_at(10_000);
    trial.disconnect(&host);
    let away = trial.shown(&host).version;
    trial.reconnect(&host);
    trial.reconnect(&host);
    assert_eq!(trial.shown(&host).version, away + 1);
}

#[test]
fn a_short_loss_delivers_nothing_twice() {
    let (mut trial, host, task) = disconnected_at(50);
    trial.reconnect(&host);
    trial.at(10_000);
    assert_eq!(started(&mut trial, &task), (Some(100), Some(5_700)));
    assert_eq!(trial.task(&task).version, 2);
}
