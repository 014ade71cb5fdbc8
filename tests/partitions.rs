//! Partitions: what is lost, who notices, and what is said again at the end.

use std::time::Duration;

use wavetank::model::*;

use crate::support::{Trial, ms, reasons};

pub(crate) fn partition(on: InstanceSet, cut: Cut, seconds: u64) -> Fault {
    let lasting = Duration::from_secs(seconds);
    Fault::Partition { on, cut, lasting }
}

#[track_caller]
fn started_at(trial: &mut Trial, task: &str) -> Option<u64> {
    ms(trial.task(task).started_at)
}

#[test]
fn a_partition_is_noticed_after_a_while_and_ends_with_everything_said_again() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.fault(partition(InstanceSet::All, Cut::Both, 100));
    let task = trial.run("web");
    trial.at(59_999);
    assert!(trial.shown(&host).agent_connected);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    trial.at(60_000);
    assert!(!trial.shown(&host).agent_connected);
    let refused = trial.run_task(RunTask::new("web")).expect("it is good");
    assert_eq!(reasons(&refused.failures), ["AGENT"]);
    trial.at(100_000);
    assert!(trial.shown(&host).agent_connected);
    trial.rest();
    assert_eq!(started_at(&mut trial, &task), Some(105_700));
}

#[test]
fn a_partition_too_short_to_be_noticed_loses_messages_all_the_same() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(1_000);
    trial.fault(partition(InstanceSet::instance(&host), Cut::Both, 30));
    trial.at(30_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    assert!(trial.shown(&host).agent_connected);
    trial.at(31_100);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    trial.rest();
    assert!(trial.shown(&host).agent_connected);
}

#[test]
fn an_agent_that_hears_nothing_is_heard_and_stays_connected() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    trial.fault(partition(InstanceSet::All, Cut::ToAgent, 600));
    let lost = trial.run("web");
    trial.at(20_000);
    trial.exit(&task, "app", 3);
    trial.at(20_100);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    trial.at(600_000);
    assert!(trial.shown(&host).agent_connected);
    assert_eq!(trial.status(&lost).0, LastStatus::Pending);
    trial.stop(&lost);
    trial.at(609_000);
    let wanted = DesiredStatus::Stopped;
    assert_eq!(trial.status(&lost), (LastStatus::Pending, wanted));
    trial.rest();
    assert_eq!(trial.status(&lost).0, LastStatus::Stopped);
}

#[test]
fn an_agent_that_is_not_heard_goes_on_with_what_it_is_told() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.fault(partition(InstanceSet::All, Cut::ToControlPlane, 100));
    trial.at(50_000);
    assert_eq!(trial.status(&task).0, LastStatus::Pending);
    let runs = trial.ledger().hosts().tasks().next();
    assert!(runs.is_some_and(|(_, held)| held.running_at.has_come()));
    trial.at(60_000);
    assert!(!trial.shown(&host).agent_connected);
    trial.at(100_100);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert_eq!(started_at(&mut trial, &task), Some(100_100));
}

#[test]
fn of_two_partitions_the_last_to_end_brings_the_agent_back() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.fault(partition(InstanceSet::All, Cut::Both, 100));
    trial.fault(partition(InstanceSet::All, Cut::ToControlPlane, 200));
    trial.at(150_000);
    assert!(!trial.shown(&host).agent_connected);
    // What reconnects meanwhile is not heard either.
    trial.reconnect(&host);
    assert!(!trial.shown(&host).agent_connected);
    trial.at(200_000);
    assert!(trial.shown(&host).agent_connected);
}

#[test]
fn the_end_of_a_partition_leaves_an_agent_disconnected_that_was_so_before() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.disconnect(&host);
    trial.fault(partition(InstanceSet::All, Cut::Both, 100));
    trial.rest();
    assert!(!trial.shown(&host).agent_connected);
}
