//! The health of container instances, and what auto repair does to their tasks.

use wavetank::model::*;

use crate::support::{Trial, ms, one, sized};

fn fails(instance: &str, repair: bool) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceHealthFail {
        container_instance,
        repair,
    }
}

fn recovers(instance: &str) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceHealthRecover { container_instance }
}

/// What is shown of a container instance's health, and since when.
fn health(trial: &mut Trial, instance: &str) -> (InstanceHealthCheckState, Option<u64>) {
    let mut request = DescribeContainerInstances::new([instance]);
    request
        .include
        .push(ContainerInstanceField::ContainerInstanceHealth);
    let answer = trial.describe_container_instances(request);
    let shown = answer.expect("it is known").container_instances.remove(0);
    let health = shown.health_status.expect("it was asked for");
    let [check] = &health.details[..] else {
        panic!("there is one check");
    };
    assert_eq!(
        check.r#type,
        Some(InstanceHealthCheckType::ContainerRuntime)
    );
    assert_eq!(check.status, health.overall_status);
    let status = health.overall_status.expect("it is always told");
    (status, ms(check.last_status_change))
}

#[test]
fn the_health_of_a_container_instance_is_shown_when_it_is_asked_for() {
    let mut trial = Trial::new();
    let machine = trial.instance(1024, 1024);
    assert_eq!(trial.shown(&machine).health_status, None);
    assert_eq!(
        health(&mut trial, &machine),
        (InstanceHealthCheckState::Ok, Some(0))
    );
    trial.at(5_000);
    trial.fault(fails(&machine, false));
    trial.at(6_000);
    trial.fault(fails(&machine, false));
    let impaired = (InstanceHealthCheckState::Impaired, Some(5_000));
    assert_eq!(health(&mut trial, &machine), impaired);
    trial.disconnect(&machine);
    let unknown = (InstanceHealthCheckState::InsufficientData, Some(5_000));
    assert_eq!(health(&mut trial, &machine), unknown);
    trial.reconnect(&machine);
    trial.at(7_000);
    trial.fault(recovers(&machine));
    let well = (InstanceHealthCheckState::Ok, Some(7_000));
    assert_eq!(health(&mut trial, &machine), well);
}

#[test]
fn an_impaired_container_instance_goes_on_as_before_on_ec2() {
    let mut trial = Trial::new();
    let machine = trial.instance(2048, 4096);
    trial.define(one("web"));
    let first = trial.run("web");
    trial.rest();
    let version = trial.shown(&machine).version;
    trial.fault(fails(&machine, false));
    assert_eq!(trial.shown(&machine).version, version);
    let second = trial.run("web");
    trial.rest();
    for task in [first, second] {
        assert_eq!(trial.task(&task).last_status, LastStatus::Running);
    }
    assert_eq!(
        trial.shown(&machine).status,
        ContainerInstanceStatus::Active
    );
}

#[test]
fn auto_repair_drains_an_impaired_container_instance_and_stops_its_tasks() {
    let mut trial = Trial::new();
    let machine = trial.instance(2048, 4096);
    trial.define(one("web"));
    trial.define(sized("late", 256, 256));
    let running = trial.run("web");
    trial.rest();
    let pending = trial.run("late");
    let at = trial.now().as_nanos() / 1_000_000;
    trial.fault(fails(&machine, true));
    let shown = trial.shown(&machine);
    assert_eq!(shown.status, ContainerInstanceStatus::Draining);
    let told = trial.task(&running);
    assert_eq!(
        (told.last_status, told.desired_status),
        (LastStatus::Running, DesiredStatus::Stopped)
    );
    trial.rest();
    let ec2 = shown.ec2_instance_id.expect("it is told");
    for task in [&running, &pending] {
        let ended = trial.task(task);
        assert_eq!(ended.last_status, LastStatus::Stopped);
        assert_eq!(ended.stop_code, Some(StopCode::InfrastructureHealth));
        let reason = format!("Host EC2 (instance {ec2}) is impaired.");
        assert_eq!(ended.stopped_reason.as_deref(), Some(&*reason));
        assert_eq!(ms(ended.stopping_at), Some(at));
    }
    let obeyed = trial.task(&running);
    assert_eq!(obeyed.containers[0].exit_code, Some(0), "it had its time");
    assert_eq!(trial.shown(&machine).running_tasks_count, 0);
}

#[test]
fn healing_makes_container_instances_sound_and_leaves_them_draining() {
    let mut trial = Trial::new();
    let machine = trial.instance(2048, 4096);
    trial.fault(fails(&machine, true));
    trial.heal();
    let (status, _) = health(&mut trial, &machine);
    assert_eq!(status, InstanceHealthCheckState::Ok);
    assert_eq!(
        trial.shown(&machine).status,
        ContainerInstanceStatus::Draining
    );
}

#[test]
fn a_container_instance_that_is_not_there_has_no_health_to_lose() {
    let mut trial = Trial::new();
    trial.instance(2048, 4096);
    for fault in [fails("nobody", true), recovers("nobody")] {
        let error = trial.inject(&fault).expect_err("there is no such machine");
        assert!(error.to_string().contains("\"nobody\""), "{error}");
    }
}

#[test]
fn auto_repair_drains_a_container_instance_whose_agent_is_away() {
    let mut trial = Trial::new();
    let machine = trial.instance(2048, 4096);
    trial.disconnect(&machine);
    trial.fault(fails(&machine, true));
    trial.reconnect(&machine);
    assert_eq!(
        trial.shown(&machine).status,
        ContainerInstanceStatus::Draining
    );
}
