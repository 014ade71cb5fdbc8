//! The end of every fault, and the demand that everything comes to where it is wanted.

use std::time::Duration;

use wavetank::model::*;
use wavetank::{Input, Latency, Outcome, Stuck, WaitsFor};

use crate::support::{Trial, app, builder, one, profile, workload};

const MINUTE: Duration = Duration::from_secs(60);

/// The one line that tells what is stuck.
#[track_caller]
fn line(trial: &mut Trial) -> String {
    let stuck = trial.stuck();
    assert_eq!(stuck.len(), 1, "{stuck:?}");
    stuck[0].to_string()
}

fn stop_of(instance: &str) -> Fault {
    let container_instance = instance.to_owned();
    Fault::InstanceStop { container_instance }
}

#[test]
fn what_is_as_it_is_wanted_settles_though_jobs_still_run() {
    let long = workload(|app| app.run = Run::For(Latency::Fixed(Duration::from_secs(7200))));
    let mut trial = Trial::web_with(profile([("app", long)]), one("job"));
    trial.run("job");
    trial
        .must_settle(MINUTE)
        .expect("it runs, as it is wanted to");
    let task = trial.run("job");
    trial.stop(&task);
    trial.must_settle(MINUTE).expect("it has stopped");
}

#[test]
fn healing_connects_agents_and_starts_machines() {
    let mut trial = Trial::web();
    let (silent, task) = (trial.host(), trial.run("web"));
    let halted = trial.instance(2048, 4096);
    let gone = trial.instance(2048, 4096);
    trial.at(10_000);
    trial.disconnect(&silent);
    trial.fault(stop_of(&halted));
    trial.fault(Fault::InstanceTerminate {
        container_instance: gone.clone(),
    });
    trial.at(11_000);
    trial.exit(&task, "app", 3);
    trial.heal();
    assert!(trial.shown(&halted).agent_connected);
    assert!(trial.shown(&silent).agent_connected);
    trial.must_settle(2 * MINUTE).expect("all is over");
    assert_eq!(trial.status(&task).0, LastStatus::Stopped);
    let status = trial.shown(&gone).status;
    assert_eq!(status, ContainerInstanceStatus::Inactive);
}

#[test]
fn healing_lets_pulls_succeed() {
    let mut trial = Trial::web();
    trial.fault(Fault::PullFail {
        image: Glob::new("*"),
        lasting: Duration::from_secs(3600),
    });
    trial.at(1_000);
    trial.heal();
    let task = trial.run("web");
    trial.must_settle(MINUTE).expect("nothing fails any more");
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

#[test]
fn healing_leaves_health_to_workloads_again() {
    let check = HealthCheck {
        interval: Some(5),
        retries: Some(2),
        ..HealthCheck::shell("true")
    };
    let definition = RegisterTaskDefinition::new("checked").container(app().health_check(check));
    let mut trial = Trial::web_with(Profile::ideal(), definition);
    let task = trial.run("checked");
    trial.at(20_000);
    trial.fault(Fault::HealthFail {
        task: task.clone(),
        container: "app".to_owned(),
    });
    trial.at(60_000);
    let health = trial.task(&task).health_status;
    assert_eq!(health, Some(HealthStatus::Unhealthy));
    trial.heal();
    trial.at(120_000);
    let health = trial.task(&task).health_status;
    assert_eq!(health, Some(HealthStatus::Healthy));
}

#[test]
fn healing_withdraws_what_was_to_come() {
    let mut trial = Trial::web();
    let host = trial.host();
    let spot = SpotTarget::ContainerInstance(host.clone());
    trial.fault(Fault::SpotInterruption(spot));
    let later = Duration::from_secs(7200);
    let scheduled = trial.schedule(later, Input::Fault(stop_of(&host)));
    let scheduled = scheduled.expect("that time is to come");
    trial.heal();
    let settled = trial.must_settle(Duration::ZERO);
    assert_eq!(settled.expect("nothing is pending").events, 0);
    let outcome = trial.take_outcome(scheduled);
    let Some(Outcome::Fault(Err(error))) = outcome else {
        panic!("the fault came to nothing: {outcome:?}");
    };
    assert!(error.to_string().contains("healed"), "{error}");
    trial.at(10_000_000);
    assert_eq!(trial.shown(&host).status, ContainerInstanceStatus::Active);
}

#[test]
fn healing_the_healthy_changes_nothing_but_the_trace() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    let before = trial.state_digest();
    trial.heal();
    assert_eq!(trial.state_digest(), before);
    let trace = trial.trace().to_string();
    assert!(
        trace.ends_with("call\n10.000s #4   host faults over\n"),
        "{trace}"
    );
    assert_eq!(trial.status(&task).0, LastStatus::Running);
}

#[test]
fn a_silent_agent_is_stuck_and_so_is_what_waits_for_it() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.run("web");
    trial.disconnect(&host);
    let stuck = trial.stuck();
    let lines: Vec<String> = stuck.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "container-instance-0: agent not connected",
            "task-0 of web, PENDING, wanted RUNNING, on container-instance-0: agent not connected",
        ]
    );
}

#[test]
fn a_machine_that_does_not_run_is_stuck() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.run("web");
    trial.fault(stop_of(&host));
    let unsettled = trial.must_settle(Duration::from_secs(10)).unwrap_err();
    assert_eq!(
        unsettled.to_string(),
        "not settled at 10.000s: 2 stuck, 1 events pending\n  \
         container-instance-0: machine does not run\n  \
         task-0 of web, PENDING, wanted RUNNING, on container-instance-0: \
         machine does not run, known at 60.000s"
    );
}

#[test]
fn a_task_in_a_queue_says_what_is_missing_and_who_holds_it() {
    let slow = workload(|app| app.stop = Latency::Fixed(Duration::from_secs(900)));
    let container = app()
        .cpu(2048)
        .memory(4096)
        .stop_timeout(100)
        .port(PortMapping::tcp(80).host_port(80));
    let big = RegisterTaskDefinition::new("big").container(container);
    let mut trial = Trial::web_with(profile([("app", slow)]), big);
    let first = trial.run("big");
    trial.at(10_000);
    trial.stop(&first);
    trial.run("big");
    let stuck = trial.stuck();
    let Stuck::Task {
        waits_for: WaitsFor::Containers(waiting),
        ..
    } = &stuck[0]
    else {
        panic!("the first stops: {stuck:?}");
    };
    assert_eq!(
        waiting[0].to_string(),
        "container app stopping until 110.100s"
    );
    assert_eq!(
        stuck[1].to_string(),
        "task-1 of big, PENDING, wanted RUNNING, on container-instance-0: first in the queue of its host, \
         where is missing CPU (2048 needed, 0 free), MEMORY (4096 needed, 0 free), 80/tcp (1 needed, 0 free), held by task-0"
    );
}

#[test]
fn a_task_behind_another_in_the_queue_says_who_is_first() {
    let slow = workload(|app| app.stop = Latency::Fixed(Duration::from_secs(900)));
    let big = app().cpu(1024).memory(3000).stop_timeout(100);
    let big = RegisterTaskDefinition::new("big").container(big);
    let mut trial = Trial::web_with(profile([("app", slow)]), big);
    let first = trial.run("big");
    trial.at(10_000);
    trial.stop(&first);
    trial.run("big");
    trial.run("web");
    let stuck = trial.stuck();
    assert_eq!(
        stuck[2].to_string(),
        "task-2 of web, PENDING, wanted RUNNING, on container-instance-0: 1 ahead in the queue of its host, task-1 first, \
         where is missing MEMORY (3000 needed, 1096 free), held by task-0"
    );
}

#[test]
fn a_pull_under_way_says_until_when() {
    let slow = workload(|app| app.pull = Latency::Fixed(Duration::from_secs(300)));
    let mut trial = Trial::web_with(profile([("app", slow)]), one("slow"));
    trial.run("slow");
    assert_eq!(
        line(&mut trial),
        "task-0 of slow, PENDING, wanted RUNNING, on container-instance-0: container app pulling until 300.100s"
    );
}

#[test]
fn a_container_that_waits_for_another_says_for_what() {
    let condition = ContainerCondition::Healthy;
    let helper = ContainerDefinition::new("helper", "helper:1").memory(64);
    let check = HealthCheck::shell("true");
    let definition = one("pair")
        .container(helper.essential(false).health_check(check))
        .container(app_after("helper", condition));
    let never = workload(|helper| helper.health = Health::Fails);
    let mut trial = Trial::web_with(profile([("helper", never)]), definition);
    trial.run("pair");
    let stuck = trial.stuck();
    let Stuck::Task {
        waits_for: WaitsFor::Containers(waiting),
        ..
    } = &stuck[0]
    else {
        panic!("a container waits: {stuck:?}");
    };
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        waiting[0].to_string(),
        "container late waiting for helper to be HEALTHY"
    );
}

fn app_after(on: &str, condition: ContainerCondition) -> ContainerDefinition {
    let late = ContainerDefinition::new("late", "late:1").memory(64);
    late.depends_on(on, condition)
}

#[test]
fn a_message_and_an_interface_under_way_say_when_they_arrive() {
    let mut late = Profile::ideal();
    late.latencies.payload = Latency::Fixed(Duration::from_secs(90));
    late.latencies.eni_attach = Latency::Fixed(Duration::from_secs(120));
    let mut trial = Trial::web_of(builder().profile(late).subnet("subnet-a", "us-east-1a"));
    trial.define(one("own").network_mode(NetworkMode::Awsvpc));
    trial.run("web");
    let configuration = NetworkConfiguration::subnets(["subnet-a"]);
    let own = trial.run_task(RunTask::new("own").network(configuration));
    assert_eq!(own.expect("the request is good").tasks.len(), 1);
    let lines: Vec<String> = trial.stuck().iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "task-0 of web, PENDING, wanted RUNNING, on container-instance-0: \
             message payload-delivered arrives at 90.000s",
            "task-1 of own, PROVISIONING, wanted RUNNING, on container-instance-0: \
             network interface ATTACHING until 120.000s",
        ]
    );
}

#[test]
fn replicas_that_lag_are_waited_for() {
    let reads = Reads::Lagging {
        lag: Latency::Fixed(Duration::from_secs(200)),
        stale_probability: wavetank::draw::Ratio::ONE,
        bound: Duration::from_secs(300),
    };
    let mut trial = Trial::web_of(builder().reads(reads));
    trial.run("web");
    let line = line(&mut trial);
    assert!(line.starts_with("replicas lag until 2"), "{line}");
}

#[test]
fn a_partition_says_when_it_ends() {
    let mut trial = Trial::web();
    trial.run("web");
    trial.fault(Fault::Partition {
        on: InstanceSet::All,
        cut: Cut::Both,
        lasting: 10 * MINUTE,
    });
    let unsettled = trial.must_settle(2 * MINUTE).unwrap_err();
    assert_eq!(
        unsettled.to_string(),
        "not settled at 120.000s: 2 stuck, 1 events pending\n  \
         container-instance-0: agent not connected until 600.000s\n  \
         task-0 of web, PENDING, wanted RUNNING, on container-instance-0: partition until 600.000s"
    );
}

#[test]
fn a_task_that_is_registered_with_others_says_until_when() {
    let mut slow = Profile::ideal();
    slow.latencies.activation = Latency::Fixed(Duration::from_secs(100));
    slow.latencies.deactivation = Latency::Fixed(Duration::from_secs(200));
    let mut trial = Trial::web_of(builder().profile(slow));
    let task = trial.run("web");
    assert_eq!(
        line(&mut trial),
        "task-0 of web, ACTIVATING, wanted RUNNING, on container-instance-0: registration until 105.700s"
    );
    trial.at(200_000);
    trial.stop(&task);
    assert_eq!(
        line(&mut trial),
        "task-0 of web, DEACTIVATING, wanted STOPPED, on container-instance-0: registration until 400.000s"
    );
}

#[test]
fn healing_ends_a_lag_of_reads() {
    let mut trial = Trial::web();
    let (lag, lasting) = (Duration::from_secs(600), Duration::from_secs(3600));
    trial.fault(Fault::ReadLag { lag, lasting });
    trial.run("web");
    let line = line(&mut trial);
    assert!(line.starts_with("replicas lag until "), "{line}");
    trial.heal();
    trial
        .must_settle(Duration::ZERO)
        .expect("readers see the truth");
}

#[test]
fn healing_lets_calls_be_answered() {
    let mut trial = Trial::web();
    let (operation, lasting) = (Glob::any(), Duration::from_secs(3600));
    trial.fault(Fault::Throttle { operation, lasting });
    let refused = trial.run_task(RunTask::new("web"));
    assert!(refused.is_err());
    trial.heal();
    trial.run("web");
}

#[test]
fn a_task_that_is_stopped_while_it_is_activating_waits_for_its_containers() {
    let stubborn = workload(|app| app.stop = Latency::Fixed(Duration::from_secs(200)));
    let mut slow = profile([("app", stubborn)]);
    slow.latencies.activation = Latency::Fixed(Duration::from_secs(100));
    let mut trial = Trial::of(builder().profile(slow));
    trial.instance(2048, 4096);
    let app = app().stop_timeout(120);
    trial.define(RegisterTaskDefinition::new("web").container(app));
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    assert_eq!(
        line(&mut trial),
        "task-0 of web, ACTIVATING, wanted STOPPED, on container-instance-0: container app stopping until 130.100s"
    );
}
