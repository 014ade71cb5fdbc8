//! ACTIVATING and DEACTIVATING: the policy of a run in which tasks are registered with others (ecs-semantics 6.1).

use std::time::Duration;

use wavetank::model::*;
use wavetank::{Checking, Latency};

use crate::support::{Trial, builder, ms, one};

/// A cluster whose tasks are registered for two seconds, and removed for 300.
fn registering() -> Trial {
    let mut profile = Profile::ideal();
    profile.latencies.activation = Latency::Fixed(Duration::from_secs(2));
    profile.latencies.deactivation = Latency::Fixed(Duration::from_secs(300));
    let mut trial = Trial::of(builder().profile(profile).checking(Checking::EveryEvent));
    trial.instance(2048, 4096);
    trial.define(one("web"));
    trial
}

#[test]
fn without_the_policy_a_task_is_neither_activating_nor_deactivating() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(5_700);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    trial.stop_task(StopTask::new(&task)).unwrap();
    trial.at(5_700);
    assert_eq!(trial.status(&task).0, LastStatus::Stopping);
}

#[test]
fn a_task_whose_containers_run_is_activating_until_it_is_registered() {
    let mut trial = registering();
    let task = trial.run("web");
    trial.at(5_699);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.at(5_700);
    assert_eq!(trial.status(&task).0, LastStatus::Activating);
    let shown = trial.task(&task);
    assert_eq!(ms(shown.pull_stopped_at), Some(5_100));
    assert_eq!(shown.started_at, None);
    trial.at(7_700);
    let shown = trial.task(&task);
    assert_eq!(shown.last_status, LastStatus::Running);
    assert_eq!(ms(shown.started_at), Some(7_700));
}

#[test]
fn a_running_task_is_told_to_stop_once_it_is_removed() {
    let mut trial = registering();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop_task(StopTask::new(&task)).unwrap();
    trial.at(10_000);
    assert_eq!(
        trial.status(&task),
        (LastStatus::Deactivating, DesiredStatus::Stopped)
    );
    trial.at(309_999);
    assert_eq!(trial.status(&task).0, LastStatus::Deactivating);
    trial.at(310_000);
    assert_eq!(trial.status(&task).0, LastStatus::Stopping);
    // The payload takes 100 ms, the process a second, the report 100 ms.
    trial.at(311_200);
    let shown = trial.task(&task);
    assert_eq!(shown.last_status, LastStatus::Stopped);
    assert_eq!(ms(shown.stopping_at), Some(10_000));
    assert_eq!(ms(shown.stopped_at), Some(311_200));
}

#[test]
fn a_task_that_is_activating_stops_without_being_removed_first() {
    let mut trial = registering();
    let task = trial.run("web");
    trial.at(6_000);
    trial.stop_task(StopTask::new(&task)).unwrap();
    trial.at(7_200);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    trial.at(20_000);
    assert_eq!(trial.task(&task).started_at, None, "it never ran");
}

#[test]
fn a_task_that_ends_by_itself_is_stopped_whatever_it_was_registered_with() {
    let mut trial = registering();
    let task = trial.run("web");
    trial.at(10_000);
    let fault = wavetank::Fault::ContainerExit {
        task: task.clone(),
        container: "app".to_owned(),
        exit_code: 1,
    };
    trial.inject(&fault).unwrap();
    trial.at(10_100);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
}

#[test]
fn what_was_removed_while_the_agent_was_away_is_told_to_stop_when_it_is_back() {
    let mut trial = registering();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop_task(StopTask::new(&task)).unwrap();
    trial.at(11_000);
    let away = wavetank::Fault::AgentDisconnect {
        container_instance: host.clone(),
    };
    trial.inject(&away).unwrap();
    trial.at(400_000);
    assert_eq!(trial.status(&task).0, LastStatus::Stopping);
    let back = wavetank::Fault::AgentReconnect {
        container_instance: host,
    };
    trial.inject(&back).unwrap();
    trial.at(401_200);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
}

#[test]
fn a_task_is_removed_though_its_agent_is_away_and_told_to_stop_when_it_is_back() {
    let mut trial = registering();
    let host = trial.host();
    let task = trial.run("web");
    trial.at(10_000);
    trial.disconnect(&host);
    trial.stop(&task);
    trial.at(10_000);
    assert_eq!(trial.status(&task).0, LastStatus::Deactivating);
    trial.at(20_000);
    trial.reconnect(&host);
    trial.at(309_999);
    assert_eq!(trial.status(&task).0, LastStatus::Deactivating);
    trial.at(311_200);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
}

#[test]
fn what_is_said_again_leaves_a_removal_as_long_as_it_is() {
    let mut trial = registering();
    let task = trial.run("web");
    trial.at(10_000);
    trial.fault(Fault::Partition {
        on: InstanceSet::All,
        cut: Cut::Both,
        lasting: Duration::from_secs(30),
    });
    trial.stop(&task);
    trial.heal();
    trial.at(10_000);
    assert_eq!(trial.status(&task).0, LastStatus::Deactivating);
    trial.at(309_999);
    assert_eq!(trial.status(&task).0, LastStatus::Deactivating);
    trial.at(311_200);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
}
