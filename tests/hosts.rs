//! Machines that halt, agents that are started again, orphans, and the host ports of containers (ecs-semantics 4.4 to
//! 4.6, 4.9).

use std::time::Duration;

use wavetank::ids::{ContainerInstanceId, TaskId};
use wavetank::ledger::host::{HostContainerPhase, HostPhase};
use wavetank::model::*;

use crate::support::{Trial, app, id, ms, on_port, one, profile, reasons, sized, workload};

fn stop_of(instance: &str) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceStop { container_instance }
}

fn start_of(instance: &str) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceStart { container_instance }
}

fn termination_of(instance: &str) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceTerminate { container_instance }
}

/// A task of `web` that runs at 10 s on the first container instance, and that instance.
fn running() -> (Trial, String, String) {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    (trial, host, task)
}

/// How a task ended: when, by which code, and why.
fn end(trial: &mut Trial, task: &str) -> (Option<u64>, Option<StopCode>, String) {
    let task = trial.task(task);
    assert_eq!(task.last_status, LastStatus::Stopped);
    assert_eq!(task.containers[0].last_status, LastStatus::Stopped);
    let reason = task.stopped_reason.unwrap_or_default();
    (ms(task.stopped_at), task.stop_code, reason)
}

/// The phase on the host of the first container of the first task.
fn phase(trial: &Trial) -> Option<HostContainerPhase> {
    let held = trial.ledger().hosts().container(TaskId::new(0), 0);
    held.map(|container| container.phase)
}

#[test]
fn a_machine_that_is_stopped_falls_silent_and_its_tasks_are_stopped_when_that_is_known() {
    let (mut trial, host, task) = running();
    trial.fault(stop_of(&host));
    assert_eq!(phase(&trial), Some(HostContainerPhase::Stopped));
    trial.at(69_999);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert!(trial.shown(&host).agent_connected);
    trial.at(70_000);
    let ec2 = trial.shown(&host).ec2_instance_id.expect("it has an id");
    let (at, code, reason) = end(&mut trial, &task);
    assert_eq!(
        (at, code),
        (Some(70_000), Some(StopCode::TerminationNotice))
    );
    assert_eq!(reason, format!("Host EC2 (instance {ec2}) stopped."));
    let shown = trial.shown(&host);
    assert_eq!(shown.status, ContainerInstanceStatus::Active);
    assert!(!shown.agent_connected);
    assert_eq!(trial.left(&host), (2048, 4096));
    let refused = trial.run_task(RunTask::new("web")).expect("it is good");
    assert_eq!(reasons(&refused.failures), ["AGENT"]);
}

#[test]
fn a_machine_that_is_started_again_is_the_same_container_instance() {
    let (mut trial, host, _) = running();
    trial.fault(stop_of(&host));
    trial.at(100_000);
    trial.fault(start_of(&host));
    assert!(trial.shown(&host).agent_connected);
    let task = trial.run("web");
    trial.at(110_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
    assert_eq!(trial.host(), host);
}

#[test]
fn a_machine_that_is_back_soon_has_lost_its_tasks_all_the_same() {
    let (mut trial, host, task) = running();
    trial.fault(stop_of(&host));
    trial.at(15_000);
    trial.fault(start_of(&host));
    let (at, code, _) = end(&mut trial, &task);
    assert_eq!(
        (at, code),
        (Some(15_000), Some(StopCode::TerminationNotice))
    );
    let next = trial.run("web");
    trial.rest();
    assert_eq!(trial.status(&next).0, LastStatus::Running);
}

#[test]
fn an_agent_that_registers_again_says_that_its_machine_runs() {
    let (mut trial, host, _) = running();
    trial.fault(stop_of(&host));
    trial.at(100_000);
    let mut again = RegisterContainerInstance::default().cpu(2048).memory(4096);
    again.container_instance_arn = Some(host.clone());
    trial.register(again);
    let task = trial.run("web");
    trial.at(110_000);
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

#[test]
fn tasks_placed_on_a_machine_that_is_not_known_to_be_down_never_start() {
    let (mut trial, host, _) = running();
    trial.fault(stop_of(&host));
    let late = trial.run("web");
    trial.at(30_000);
    assert_eq!(trial.status(&late).0, LastStatus::Pending);
    trial.rest();
    let (at, code, _) = end(&mut trial, &late);
    assert_eq!(
        (at, code),
        (Some(70_000), Some(StopCode::TerminationNotice))
    );
    assert_eq!(trial.task(&late).started_at, None);
}

#[test]
fn tasks_end_with_their_machine_wherever_they_are() {
    let mut trial = Trial::web();
    trial.define(sized("big", 2048, 4096));
    let host = trial.host();
    let first = trial.run("big");
    trial.at(2_000);
    trial.disconnect(&host);
    trial.stop(&first);
    trial.reconnect(&host);
    let second = trial.run("big");
    trial.at(2_150);
    // The first pulls no more, or stops; the second waits, or pulls.
    trial.fault(stop_of(&host));
    let hosts = trial.ledger().hosts();
    assert!(
        hosts
            .tasks()
            .all(|(_, held)| held.phase == HostPhase::Stopped)
    );
    let left = hosts
        .host(ContainerInstanceId::new(0))
        .map(|host| (host.cpu, host.memory));
    assert_eq!(left, Some((2048, 4096)));
    trial.rest();
    end(&mut trial, &first);
    end(&mut trial, &second);
    assert_eq!(trial.ledger().hosts().tasks().count(), 0);
}

#[test]
fn a_machine_that_is_terminated_is_deregistered_when_its_agent_was_connected() {
    let (mut trial, host, task) = running();
    trial.fault(termination_of(&host));
    trial.at(70_000);
    let ec2 = trial.shown(&host).ec2_instance_id.expect("it has an id");
    let (_, code, reason) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::TerminationNotice));
    assert_eq!(reason, format!("Host EC2 (instance {ec2}) terminated."));
    let shown = trial.shown(&host);
    assert_eq!(shown.status, ContainerInstanceStatus::Inactive);
    assert!(trial.inject(&start_of(&host)).is_err());
}

#[test]
fn a_machine_that_is_terminated_while_its_agent_is_silent_leaves_a_record() {
    let (mut trial, host, task) = running();
    trial.disconnect(&host);
    trial.fault(termination_of(&host));
    trial.rest();
    assert_eq!(end(&mut trial, &task).1, Some(StopCode::TerminationNotice));
    let shown = trial.shown(&host);
    assert_eq!(shown.status, ContainerInstanceStatus::Active);
    assert!(!shown.agent_connected);
    for fault in [start_of(&host), stop_of(&host), termination_of(&host)] {
        trial.fault(fault);
    }
    trial.reconnect(&host);
    assert!(!trial.shown(&host).agent_connected);
    trial.give_up(&host);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Inactive);
}

#[test]
fn an_agent_that_is_started_again_keeps_its_queue_and_says_what_was_missed() {
    let mut trial = Trial::web();
    trial.define(sized("big", 2048, 4096));
    let quick = sized("job", 2048, 4096);
    trial.define(quick);
    let host = trial.host();
    let first = trial.run("big");
    trial.at(1_000);
    trial.stop(&first);
    let second = trial.run("job");
    trial.at(1_050);
    trial.fault(Fault::AgentRestart {
        container_instance: host.clone(),
        lasting: Duration::from_secs(30),
    });
    assert!(!trial.shown(&host).agent_connected);
    trial.at(31_050);
    assert!(trial.shown(&host).agent_connected);
    trial.rest();
    assert_eq!(trial.status(&first).0, LastStatus::Stopped);
    assert_eq!(trial.status(&second).0, LastStatus::Running);
}

#[test]
fn a_report_of_the_end_is_sent_again_until_it_is_heard() {
    let (mut trial, host, task) = running();
    for _ in 0..3 {
        let now = trial.now().as_nanos() / 1_000_000;
        trial.disconnect(&host);
        if now == 10_000 {
            trial.exit(&task, "app", 3);
        }
        trial.at(now + 5_000);
        trial.reconnect(&host);
        trial.at(now + 5_050);
        assert_eq!(trial.status(&task).0, LastStatus::Running);
    }
    trial.rest();
    let (_, code, _) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::EssentialContainerExited));
    assert_eq!(trial.task(&task).containers[0].exit_code, Some(3));
    assert_eq!(ms(trial.task(&task).execution_stopped_at), Some(10_000));
}

#[test]
fn orphans_of_a_forced_deregistration_run_on_and_hold_what_they_held() {
    let (mut trial, host, task) = running();
    trial.give_up(&host);
    let (_, code, reason) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::UserInitiated));
    assert_eq!(reason, "Container instance deregistration forced by user");
    trial.at(20_000);
    assert_eq!(phase(&trial), Some(HostContainerPhase::Running));
    let held = trial.ledger().hosts().host(ContainerInstanceId::new(0));
    assert_eq!(held.map(|host| (host.cpu, host.memory)), Some((1792, 3584)));
    trial.at(3_700_000);
    assert_eq!(phase(&trial), None, "nobody follows it any more");
    assert!(
        trial
            .ledger()
            .hosts()
            .host(ContainerInstanceId::new(0))
            .is_none()
    );
}

#[test]
fn an_orphan_ends_by_itself_and_nobody_hears_of_it() {
    let run = workload(|app| app.run = Run::For(wavetank::Latency::Fixed(Duration::from_secs(60))));
    let mut trial = Trial::web_with(profile([("app", run)]), one("job"));
    let (host, task) = (trial.host(), trial.run("job"));
    trial.at(10_000);
    trial.give_up(&host);
    let before = trial.task(&task);
    trial.at(100_000);
    assert_eq!(phase(&trial), Some(HostContainerPhase::Stopped));
    assert_eq!(trial.task(&task), before);
}

#[test]
fn an_orphan_dies_when_the_spot_capacity_of_its_machine_is_taken_back() {
    let (mut trial, instance, _) = running();
    let target = SpotTarget::ContainerInstance(instance.clone());
    trial.fault(Fault::SpotInterruption(target));
    trial.at(60_000);
    trial.give_up(&instance);
    trial.at(100_000);
    assert_eq!(phase(&trial), Some(HostContainerPhase::Running));
    // Two minutes after the notice. The invariants look at it, too.
    trial.at(130_000);
    assert_eq!(phase(&trial), Some(HostContainerPhase::Stopped));
}

#[test]
fn a_range_of_ports_gets_a_block_on_the_host() {
    let range = PortMapping {
        container_port_range: Some("8000-8004".to_owned()),
        ..PortMapping::default()
    };
    let udp = PortMapping {
        container_port_range: Some("9000-9004".to_owned()),
        protocol: Some(TransportProtocol::Udp),
        ..PortMapping::default()
    };
    let definition = RegisterTaskDefinition::new("api")
        .container(app().port(PortMapping::tcp(80)).port(range).port(udp));
    let mut trial = Trial::web_with(Profile::ideal(), definition);
    let tasks = trial.run_all(RunTask::new("api").count(2));
    trial.rest();
    let bindings = |trial: &mut Trial, task: &str| -> Vec<(Option<i32>, Option<String>)> {
        let task = trial.task(task);
        let bindings = task.containers[0].network_bindings.iter();
        bindings
            .map(|binding| (binding.host_port, binding.host_port_range.clone()))
            .collect()
    };
    let block = |text: &str| (None, Some(text.to_owned()));
    assert_eq!(
        bindings(&mut trial, &tasks[0]),
        [
            (Some(32_768), None),
            block("32769-32773"),
            block("32774-32778")
        ]
    );
    assert_eq!(
        bindings(&mut trial, &tasks[1]),
        [
            (Some(32_779), None),
            block("32780-32784"),
            block("32785-32789")
        ]
    );
    let first = &trial.task(&tasks[0]).containers[0].network_bindings[1];
    assert_eq!(first.container_port_range.as_deref(), Some("8000-8004"));
    assert_eq!(first.container_port, None);
}

#[test]
fn a_static_port_that_an_agent_has_given_away_fails_the_container() {
    let mut trial = Trial::web();
    trial.define(RegisterTaskDefinition::new("any").container(app().port(PortMapping::tcp(80))));
    trial.define(on_port("fixed", 32_768));
    trial.run("any");
    trial.at(10_000);
    let late = trial.run("fixed");
    trial.rest();
    let (_, code, reason) = end(&mut trial, &late);
    assert_eq!(code, Some(StopCode::TaskFailedToStart));
    assert!(
        reason.starts_with("CannotStartContainerError: "),
        "{reason}"
    );
    assert!(reason.ends_with("port is already allocated"), "{reason}");
    let container = &trial.task(&late).containers[0];
    assert_eq!(container.reason.as_deref(), Some(&*reason));
    assert_eq!(container.exit_code, None);
    assert!(!id(&late).is_empty());
}

#[test]
fn a_task_that_waits_on_a_draining_container_instance_still_starts() {
    let mut trial = Trial::web();
    trial.define(sized("big", 2048, 4096));
    let host = trial.host();
    let first = trial.run("big");
    trial.at(10_000);
    trial.stop(&first);
    let second = trial.run("big");
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    trial.rest();
    assert_eq!(trial.status(&second).0, LastStatus::Running);
}

#[test]
fn an_outage_of_a_zone_stops_its_machines_and_recovery_starts_them() {
    let mut trial = Trial::new();
    trial.define(one("web"));
    let zones = ["us-east-1a", "us-east-1b", "us-east-1a"];
    let hosts = zones.map(|zone| {
        let instance = RegisterContainerInstance::default().cpu(2048).memory(4096);
        trial.register(instance.attribute("ecs.availability-zone", zone))
    });
    let tasks = [0, 1, 2].map(|host: usize| trial.start("web", &hosts[host]));
    trial.at(10_000);
    let zone = "us-east-1a".to_owned();
    trial.fault(Fault::ZoneOutage { zone: zone.clone() });
    trial.rest();
    let running = |trial: &mut Trial| tasks.clone().map(|task| trial.status(&task).0);
    use LastStatus::{Running, Stopped};
    assert_eq!(running(&mut trial), [Stopped, Running, Stopped]);
    let connected =
        |trial: &mut Trial| hosts.clone().map(|host| trial.shown(&host).agent_connected);
    assert_eq!(connected(&mut trial), [false, true, false]);
    trial.fault(Fault::ZoneRecovery { zone });
    assert_eq!(connected(&mut trial), [true, true, true]);
}

#[test]
fn spot_capacity_is_taken_back_two_minutes_after_the_notice() {
    let (mut trial, host, task) = running();
    let target = SpotTarget::ContainerInstance(host.clone());
    trial.fault(Fault::SpotInterruption(target));
    trial.at(129_999);
    assert_eq!(phase(&trial), Some(HostContainerPhase::Running));
    trial.rest();
    let (_, code, _) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::TerminationNotice));
    let shown = trial.shown(&host);
    assert_eq!(shown.status, ContainerInstanceStatus::Inactive);
}

#[test]
fn a_spot_task_is_told_to_stop_with_the_notice() {
    let (mut trial, _, task) = running();
    trial.fault(Fault::SpotInterruption(SpotTarget::Task(task.clone())));
    let told = trial.task(&task);
    assert_eq!(told.desired_status, DesiredStatus::Stopped);
    assert_eq!(told.last_status, LastStatus::Running);
    trial.rest();
    let (_, code, reason) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::SpotInterruption));
    assert_eq!(reason, "Your Spot Task was interrupted.");
}

#[test]
fn a_task_whose_place_is_retired_is_told_to_stop() {
    let (mut trial, _, task) = running();
    trial.fault(Fault::TaskRetirement { task: task.clone() });
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    trial.rest();
    let (_, code, reason) = end(&mut trial, &task);
    assert_eq!(code, Some(StopCode::TerminationNotice));
    assert_eq!(
        reason,
        "ECS is performing maintenance on the underlying infrastructure hosting the task."
    );
}

#[test]
fn a_deleted_task_is_described_for_its_window_and_not_listed() {
    let builder = crate::support::builder()
        .stopped_task_retention(Duration::from_secs(60))
        .deleted_task_window(Duration::from_secs(30));
    let mut trial = Trial::web_of(builder);
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    let listed = |trial: &mut Trial| {
        let request = ListTasks::new().desired_status(DesiredStatus::Stopped);
        let answer = trial.list_tasks(request).expect("the cluster is there");
        answer.task_arns.len()
    };
    let stopped = ms(trial.task(&task).stopped_at).expect("it has stopped");
    trial.at(stopped + 59_999);
    assert_eq!(
        (trial.status(&task).0, listed(&mut trial)),
        (LastStatus::Stopped, 1)
    );
    trial.at(stopped + 60_000);
    assert_eq!(
        (trial.status(&task).0, listed(&mut trial)),
        (LastStatus::Deleted, 0)
    );
    trial.check().expect("nothing is violated");
    trial.at(stopped + 90_000);
    let gone = trial.describe_tasks(DescribeTasks::new([&task]));
    assert_eq!(
        reasons(&gone.expect("the cluster is there").failures),
        ["MISSING"]
    );
}

#[test]
fn a_stop_is_sent_to_a_machine_that_is_not_known_to_have_halted() {
    let (mut trial, host, task) = running();
    let late = trial.run("web");
    trial.fault(stop_of(&host));
    trial.at(11_000);
    trial.stop(&task);
    trial.stop(&late);
    trial.at(11_000);
    assert_eq!(trial.status(&task).0, LastStatus::Stopping);
    // Nobody knows that the agent never got it.
    assert_eq!(trial.status(&late).0, LastStatus::Pending);
    trial.at(70_000);
    for task in [&task, &late] {
        let (at, code, _) = end(&mut trial, task);
        assert_eq!((at, code), (Some(70_000), Some(StopCode::UserInitiated)));
    }
}
