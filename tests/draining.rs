//! DRAINING, with whatever else befalls a container instance, and the notice of spot capacity (ecs-semantics 4.8).

use std::time::Duration;

use wavetank::ledger::host::HostPhase;
use wavetank::model::*;
use wavetank::{Latency, PlacementStrategy};

use crate::support::{Trial, builder, one, profile, reasons, sized, workload};

const DRAINING: ContainerInstanceStatus = ContainerInstanceStatus::Draining;

fn notice(instance: &str) -> Fault {
    Fault::SpotInterruption(SpotTarget::ContainerInstance(instance.to_owned()))
}

/// The simulation of most tests here, whose agents drain at the notice.
fn attentive() -> Trial {
    let mut profile = Profile::ideal();
    profile.agents.spot_instance_draining = true;
    Trial::web_of(builder().profile(profile))
}

#[test]
fn standalone_tasks_on_a_draining_container_instance_go_on_wherever_they_are() {
    let mut trial = Trial::web();
    trial.define(sized("big", 2048, 4096));
    let host = trial.host();
    let running = trial.run("big");
    trial.at(10_000);
    trial.stop(&running);
    let queued = trial.run("big");
    trial.at(10_200);
    trial.set_state(&host, DRAINING);
    trial.rest();
    assert_eq!(trial.status(&running).0, LastStatus::Stopped);
    assert_eq!(trial.status(&queued).0, LastStatus::Running);
    assert_eq!(trial.shown(&host).status, DRAINING);
    let refused = trial.run_task(RunTask::new("web")).expect("it is good");
    assert_eq!(reasons(&refused.failures), ["INACTIVE"]);
}

#[test]
fn an_empty_container_instance_stays_draining_until_it_is_set_active() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.set_state(&host, DRAINING);
    trial.at(100_000);
    assert_eq!(trial.shown(&host).status, DRAINING);
    trial.set_state(&host, ContainerInstanceStatus::Active);
    trial.run("web");
}

#[test]
fn draining_outlives_a_disconnection_and_a_stop_of_the_machine() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    trial.set_state(&host, DRAINING);
    trial.disconnect(&host);
    trial.at(20_000);
    trial.reconnect(&host);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    let container_instance = host.clone();
    trial.fault(Fault::InstanceStop { container_instance });
    trial.rest();
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    let container_instance = host.clone();
    trial.fault(Fault::InstanceStart { container_instance });
    let shown = trial.shown(&host);
    assert_eq!((shown.status, shown.agent_connected), (DRAINING, true));
}

#[test]
fn agents_do_nothing_at_the_notice_unless_they_are_told_to() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    trial.fault(notice(&host));
    trial.at(129_999);
    let active = ContainerInstanceStatus::Active;
    assert_eq!(trial.shown(&host).status, active);
    trial.run("web");
    trial.at(130_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    trial.rest();
    assert_eq!(
        trial.task(&task).stop_code,
        Some(StopCode::TerminationNotice)
    );
}

#[test]
fn an_agent_that_is_told_to_sets_its_container_instance_draining_at_the_notice() {
    let mut trial = attentive();
    let (host, task) = (trial.host(), trial.run("web"));
    let spare = trial.instance(2048, 4096);
    trial.at(10_000);
    trial.fault(notice(&host));
    trial.at(10_099);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
    trial.at(10_100);
    assert_eq!(trial.shown(&host).status, DRAINING);
    let next = trial.run_all(RunTask::new("web").strategy(PlacementStrategy::binpack_memory()));
    let on = trial.task(&next[0]).container_instance_arn;
    assert_eq!(on.as_deref(), Some(spare.as_str()));
    // The standalone task is left alone until its machine goes.
    trial.at(129_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(task.stop_code, Some(StopCode::TerminationNotice));
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Inactive);
}

#[test]
fn a_notice_seen_while_the_agent_was_not_connected_is_told_when_it_is_back() {
    let mut trial = attentive();
    let host = trial.host();
    trial.disconnect(&host);
    trial.fault(notice(&host));
    trial.at(30_000);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
    trial.reconnect(&host);
    trial.at(30_100);
    assert_eq!(trial.shown(&host).status, DRAINING);
}

#[test]
fn a_second_notice_changes_nothing_and_a_started_machine_has_none() {
    let mut trial = attentive();
    let host = trial.host();
    trial.fault(notice(&host));
    trial.at(1_000);
    trial.set_state(&host, ContainerInstanceStatus::Active);
    trial.fault(notice(&host));
    trial.at(2_000);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
    let container_instance = host.clone();
    trial.fault(Fault::InstanceStop { container_instance });
    let container_instance = host.clone();
    trial.fault(Fault::InstanceStart { container_instance });
    trial.at(3_000);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
}

#[test]
fn a_job_shorter_than_the_notice_ends_well_on_a_machine_that_is_taken_back() {
    let quick = workload(|app| app.run = Run::For(Latency::Fixed(Duration::from_secs(60))));
    let mut profile = profile([("app", quick)]);
    profile.agents.spot_instance_draining = true;
    let mut trial = Trial::web_with(profile, one("job"));
    let (host, job) = (trial.host(), trial.run("job"));
    trial.at(10_000);
    trial.fault(notice(&host));
    trial.rest();
    let stop_code = trial.task(&job).stop_code;
    assert_eq!(stop_code, Some(StopCode::EssentialContainerExited));
}

#[test]
fn a_machine_that_is_taken_back_takes_along_what_a_forced_deregistration_left_running() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    trial.fault(notice(&host));
    trial.give_up(&host);
    trial.at(129_999);
    let runs = |trial: &Trial| {
        let held = trial.ledger().hosts().tasks();
        held.filter(|(_, held)| held.phase == HostPhase::Active)
            .count()
    };
    assert_eq!(runs(&trial), 1);
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    trial.at(130_000);
    assert_eq!(runs(&trial), 0);
}

#[test]
fn an_agent_that_is_away_asks_to_drain_when_it_is_back_and_not_before() {
    let mut trial = attentive();
    let host = trial.host();
    trial.disconnect(&host);
    trial.fault(notice(&host));
    trial.at(50);
    trial.reconnect(&host);
    trial.at(149);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
    trial.at(150);
    assert_eq!(trial.shown(&host).status, DRAINING);
}
