//! Faults: whom they reach, whom they don't, and failing pulls (scenario-format, ecs-semantics 7.7).

use std::time::Duration;

use wavetank::Latency;
use wavetank::model::*;

use crate::support::{Trial, ms, one, profile, workload};

/// A family of the essential container `app` and the container `helper`.
fn pair(essential: bool) -> RegisterTaskDefinition {
    let helper = ContainerDefinition::new("helper", "helper:1").memory(64);
    one("pair").container(helper.essential(essential))
}

/// Last status and exit code of a container.
fn container(task: &Task, name: &str) -> (LastStatus, Option<i32>) {
    let container = task.container(name).expect("the definition has it");
    (container.last_status, container.exit_code)
}

/// Makes pulls of an image fail for a minute from now.
fn pulls_fail(trial: &mut Trial, image: &str) {
    let lasting = Duration::from_secs(60);
    trial.fault(Fault::PullFail {
        image: Glob::new(image),
        lasting,
    });
}

const UNPULLED: &str = "CannotPullContainerError:";

#[test]
fn a_task_whose_image_cannot_be_pulled_fails_to_start() {
    let mut trial = Trial::web();
    pulls_fail(&mut trial, "web:*");
    let task = trial.run("web");
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (task.last_status, task.stop_code),
        (LastStatus::Stopped, Some(StopCode::TaskFailedToStart))
    );
    assert!(
        task.stopped_reason
            .as_deref()
            .is_some_and(|why| why.starts_with(UNPULLED))
    );
    assert!(
        task.containers[0]
            .reason
            .as_deref()
            .is_some_and(|why| why.starts_with(UNPULLED))
    );
    assert_eq!(
        (ms(task.started_at), ms(task.stopped_at)),
        (None, Some(5_200))
    );
    assert_eq!(container(&task, "app"), (LastStatus::Stopped, None));
}

#[test]
fn a_task_does_without_an_image_of_a_container_that_is_not_essential() {
    let mut trial = Trial::web_with(Profile::ideal(), pair(false));
    pulls_fail(&mut trial, "helper:*");
    let task = trial.run("pair");
    trial.at(10_000);
    let task = trial.task(&task);
    assert_eq!(task.last_status, LastStatus::Running);
    assert_eq!(container(&task, "helper"), (LastStatus::Stopped, None));
}

#[test]
fn a_task_that_never_ran_failed_to_start_though_one_of_its_containers_ran() {
    let quick = workload(|helper| helper.pull = Latency::Fixed(Duration::from_secs(1)));
    let mut trial = Trial::web_with(profile([("helper", quick)]), pair(true));
    pulls_fail(&mut trial, "web:*");
    let task = trial.run("pair");
    trial.rest();
    let task = trial.task(&task);
    assert_eq!(
        (task.started_at, task.stop_code),
        (None, Some(StopCode::TaskFailedToStart))
    );
}

#[test]
fn pulls_of_other_images_and_later_pulls_succeed() {
    let mut trial = Trial::web();
    pulls_fail(&mut trial, "db:*");
    let early = trial.run("web");
    pulls_fail(&mut trial, "web:*");
    trial.at(60_000);
    let late = trial.run("web");
    trial.at(70_000);
    assert_eq!(trial.status(&early).0, LastStatus::Stopped);
    assert_eq!(trial.status(&late).0, LastStatus::Running);
}

#[test]
fn a_container_that_does_not_run_cannot_be_made_to_exit() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let digest = trial.state_digest();
    let exit = |task: &str, container: &str| Fault::ContainerExit {
        task: task.to_owned(),
        container: container.to_owned(),
        exit_code: 0,
    };
    for fault in [exit(&task, "app"), exit(&task, "db"), exit("nobody", "app")] {
        assert!(trial.inject(&fault).is_err(), "{fault:?}");
    }
    assert_eq!(trial.state_digest(), digest);
}

#[test]
fn faults_at_nobody_are_refused_and_change_nothing() {
    let mut trial = Trial::web();
    let before = (trial.digest(), trial.state_digest());
    let nobody = || "nobody".to_owned();
    for fault in [
        Fault::AgentDisconnect {
            container_instance: nobody(),
        },
        Fault::AgentReconnect {
            container_instance: nobody(),
        },
        Fault::ContainerExit {
            task: nobody(),
            container: nobody(),
            exit_code: 0,
        },
        Fault::InstanceStop {
            container_instance: nobody(),
        },
    ] {
        assert!(trial.inject(&fault).is_err(), "{fault:?}");
    }
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

#[test]
fn faults_at_another_region_or_cluster_are_refused() {
    let mut trial = Trial::web();
    let (host, task) = (trial.host(), trial.run("web"));
    trial.at(10_000);
    for (ours, theirs) in [("us-east-1", "eu-west-1"), ("/default/", "/other/")] {
        let container_instance = host.replace(ours, theirs);
        let fault = Fault::AgentDisconnect { container_instance };
        assert!(trial.inject(&fault).is_err(), "{fault:?}");
        let (task, container) = (task.replace(ours, theirs), "app".to_owned());
        let fault = Fault::ContainerExit {
            task,
            container,
            exit_code: 0,
        };
        assert!(trial.inject(&fault).is_err(), "{fault:?}");
    }
}
