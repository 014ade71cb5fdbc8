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

fn of_rack(seconds: u64, cut: Cut) -> Fault {
    partition(InstanceSet::attribute("rack", "r1"), cut, seconds)
}

fn put(trial: &mut Trial, instance: &str, rack: &str) {
    let attribute = Attribute::new("rack", rack).on(instance);
    let answer = trial.put_attributes(PutAttributes::new([attribute]));
    answer.expect("the attribute is good");
}

fn connections<const N: usize>(trial: &mut Trial, instances: [&str; N]) -> [bool; N] {
    instances.map(|instance| trial.shown(instance).agent_connected)
}

#[test]
fn an_agent_that_a_partition_no_longer_reaches_is_back_at_once() {
    let mut trial = Trial::web();
    let (freed, renamed) = (trial.host(), trial.instance(2048, 4096));
    put(&mut trial, &freed, "r1");
    put(&mut trial, &renamed, "r1");
    trial.fault(of_rack(100, Cut::Both));
    let task = trial.start("web", &freed);
    trial.at(70_000);
    assert_eq!(connections(&mut trial, [&freed, &renamed]), [false; 2]);
    let rack = Attribute::named("rack").on(&freed);
    trial
        .delete_attributes(DeleteAttributes::new([rack]))
        .expect("it is there");
    put(&mut trial, &renamed, "r2");
    trial.at(70_000);
    assert_eq!(connections(&mut trial, [&freed, &renamed]), [true; 2]);
    trial.at(75_700);
    assert_eq!(started_at(&mut trial, &task), Some(75_700));
}

#[test]
fn what_a_partition_lost_is_said_again_to_an_agent_that_it_no_longer_reaches() {
    for cut in [Cut::Both, Cut::ToAgent, Cut::ToControlPlane] {
        let mut trial = Trial::web();
        let host = trial.host();
        put(&mut trial, &host, "r1");
        trial.fault(of_rack(100, cut));
        let task = trial.start("web", &host);
        trial.at(20_000);
        assert_eq!(trial.status(&task).0, LastStatus::Pending, "{cut:?}");
        put(&mut trial, &host, "r2");
        trial.at(25_700);
        assert_eq!(trial.status(&task).0, LastStatus::Running, "{cut:?}");
    }
}

#[test]
fn an_agent_that_a_partition_comes_to_reach_is_noticed_to_be_silent() {
    let mut trial = Trial::web();
    let labelled = trial.host();
    trial.fault(of_rack(200, Cut::ToControlPlane));
    trial.at(10_000);
    put(&mut trial, &labelled, "r1");
    let machine = RegisterContainerInstance::default().cpu(2048).memory(4096);
    let late = trial.register(machine.clone().attribute("rack", "r1"));
    let other = trial.register(machine.attribute("rack", "r2"));
    let all = [&*labelled, &*late, &*other];
    trial.at(69_999);
    assert_eq!(connections(&mut trial, all), [true; 3]);
    trial.at(70_000);
    assert_eq!(connections(&mut trial, all), [false, false, true]);
    trial.at(200_000);
    assert_eq!(connections(&mut trial, all), [true; 3]);
}

#[test]
fn an_instance_that_is_deregistered_while_it_is_lost_leaves_nothing_behind() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.fault(partition(InstanceSet::All, Cut::Both, 100));
    trial.at(60_000);
    trial.give_up(&host);
    trial.at(100_000);
    let lost = wavetank::ids::ContainerInstanceId::new(0);
    assert!(!trial.ledger().hazards().is_silenced(lost));
}
