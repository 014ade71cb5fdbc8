//! What holds of every run: each property is looked at after each line of random scripts (ecs-semantics 14).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use wavetank::ids::TaskId;
use wavetank::ledger::host::HostPhase;
use wavetank::ledger::{HostTask, Moment, StoppedReason, TaskRecord};
use wavetank::model::*;
use wavetank::{Ledger, SimTime};

use crate::support::script::{Action, Player, script, stage};

/// A task as it stood after some line.
type Known = BTreeMap<TaskId, (TaskRecord, Vec<wavetank::ledger::ContainerRecord>)>;

fn known(ledger: &Ledger) -> Known {
    let containers = |task| (0..).map_while(move |index| ledger.container(task, index).copied());
    let tasks = ledger.tasks();
    tasks
        .map(|(task, record)| (task, (*record, containers(task).collect())))
        .collect()
}

/// Whether the times that have come are in order.
///
/// A task that was told to stop before it started may go on for as long as that takes to arrive.
fn ordered(record: &TaskRecord) -> bool {
    let created = Moment::from(record.created_at);
    let chain = |moments: &[Moment]| {
        let come: Vec<SimTime> = moments.iter().filter_map(|moment| moment.get()).collect();
        come.is_sorted()
    };
    let pulled = [created, record.pull_started_at, record.pull_stopped_at];
    let on_host = [record.execution_stopped_at, record.stopped_at];
    chain(&[
        created,
        record.started_at,
        record.stopping_at,
        record.stopped_at,
    ]) && chain(&[&pulled[..], &[record.started_at]].concat())
        && chain(&[&pulled[..], &on_host].concat())
}

/// What the demands of wanted tasks add up to on each container instance, and what it registered.
fn fits(ledger: &Ledger) -> bool {
    ledger.instances().iter().all(|(instance, known)| {
        let on = |record: &&TaskRecord| record.on == Some(instance) && record.is_wanted();
        let wanted: Vec<_> = ledger
            .tasks()
            .map(|(_, record)| record)
            .filter(on)
            .map(|record| &ledger.launch_of(record).demand)
            .collect();
        let mut ports = BTreeSet::new();
        wanted
            .iter()
            .map(|demand| u64::from(demand.cpu))
            .sum::<u64>()
            <= known.spec.cpu.into()
            && wanted
                .iter()
                .map(|demand| u64::from(demand.memory))
                .sum::<u64>()
                <= known.spec.memory.into()
            && wanted
                .iter()
                .flat_map(|demand| &demand.tcp)
                .all(|port| ports.insert(*port))
    })
}

/// Whether what tasks hold on each host fits what its container instance registered.
fn hosts_fit(ledger: &Ledger) -> bool {
    ledger
        .instances()
        .iter()
        .filter(|(_, known)| known.is_registered())
        .all(|(instance, known)| {
            let holds =
                |task: &&HostTask| task.on == Some(instance) && task.phase == HostPhase::Active;
            let tasks = ledger.hosts().tasks().map(|(_, task)| task).filter(holds);
            let launches = tasks.filter_map(|task| ledger.launch(task.launch));
            let demands: Vec<_> = launches.map(|launch| &launch.spec.demand).collect();
            let mut ports = BTreeSet::new();
            demands.iter().map(|demand| demand.cpu).sum::<u32>() <= known.spec.cpu
                && demands.iter().map(|demand| demand.memory).sum::<u32>() <= known.spec.memory
                && demands
                    .iter()
                    .flat_map(|demand| &demand.tcp)
                    .all(|port| ports.insert(*port))
        })
}

fn check_history(before: &Known, after: &Known) -> Result<(), TestCaseError> {
    for (task, (old, old_containers)) in before {
        let Some((new, new_containers)) = after.get(task) else {
            continue; // An hour may pass in one line.
        };
        prop_assert!(old.last_status <= new.last_status, "{} went back", task);
        prop_assert!(
            old.desired_status <= new.desired_status,
            "{} is wanted again",
            task
        );
        let same = old == new && old_containers == new_containers;
        let grows = old.version < new.version;
        prop_assert_eq!(grows, !same, "{}: {:?} to {:?}", task, old, new);
        let stays = |old: Moment, new: Moment| !old.has_come() || old == new;
        prop_assert!(
            stays(old.started_at, new.started_at),
            "{} starts once",
            task
        );
        prop_assert!(
            stays(old.stopping_at, new.stopping_at),
            "{} is stopped once",
            task
        );
        prop_assert!(stays(old.stopped_at, new.stopped_at), "{} stops once", task);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_task_only_goes_forward_and_its_version_counts_it(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        let mut before = known(player.sim.ledger());
        for action in &script {
            player.act(action);
            let after = known(player.sim.ledger());
            check_history(&before, &after)?;
            before = after;
        }
    }

    #[test]
    fn times_of_a_task_are_in_order(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        // The times that agents report are wrong where their clocks are.
        let is_right = |action: &&Action| !matches!(action, Action::Weather(weather) if weather.meets_clocks());
        for action in script.iter().filter(is_right) {
            player.act(action);
            for (task, record) in player.sim.ledger().tasks() {
                prop_assert!(ordered(record), "{}: {:?}", task, record);
            }
        }
    }

    #[test]
    fn wanted_tasks_fit_their_container_instance_and_share_no_port(
        stage in stage(),
        script in script(40),
    ) {
        let mut player = Player::on(stage);
        for action in &script {
            player.act(action);
            prop_assert!(fits(player.sim.ledger()), "after {:?}", action);
        }
    }

    #[test]
    fn what_a_host_holds_fits_it_and_shares_no_port(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        for action in &script {
            player.act(action);
            prop_assert!(hosts_fit(player.sim.ledger()), "after {:?}", action);
        }
    }

    #[test]
    fn every_task_asked_for_is_a_task_or_a_failure(stage in stage(), script in script(30)) {
        let mut player = Player::on(stage);
        for action in &script {
            let asked = match action {
                Action::Run { count, .. } => usize::try_from(*count).ok(),
                _ => None,
            };
            if let (Some(asked), Some(request)) = (asked, player.request(action)) {
                if let Ok(Output::RunTask(answer)) = player.sim.clone().call(request) {
                    prop_assert_eq!(answer.tasks.len() + answer.failures.len(), asked);
                }
            }
            player.act(action);
        }
    }

    #[test]
    fn a_distinct_instance_holds_one_wanted_task_of_a_group(
        stage in stage(),
        script in script(30),
        count in 1..11_i32,
    ) {
        let mut player = Player::on(stage);
        player.play(&script);
        let distinct = PlacementConstraint::distinct_instance();
        let request = RunTask::new("f0").group("apart").count(count).constraint(distinct);
        for _ in 0..2 {
            if player.sim.call(request.clone()).is_err() {
                return Ok(());
            }
        }
        let ledger = player.sim.ledger();
        let mut taken = BTreeSet::new();
        for (task, record) in ledger.tasks().filter(|(_, record)| record.is_wanted()) {
            let is_apart = &*ledger.launch_of(record).group_name == "apart";
            prop_assert!(!is_apart || taken.insert(record.on), "{} has company", task);
        }
    }

    #[test]
    fn what_is_reconnected_comes_to_rest(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        player.play(&script);
        for container_instance in player.instances.clone() {
            // One that was deregistered has no agent to come back.
            let _ = player.sim.inject(&Fault::AgentReconnect { container_instance });
        }
        let settled = player.sim.settle(std::time::Duration::from_secs(3600));
        prop_assert!(settled.is_ok(), "{}", settled.unwrap_err());
        for (task, record) in player.sim.ledger().tasks() {
            let rests = matches!(record.last_status, LastStatus::Running | LastStatus::Stopped);
            let waits = record.on.is_some_and(|on| player.sim.ledger().hosts().host(on).is_some_and(|host| host.queue.contains(task)));
            prop_assert!(rests || waits, "{} is {}", task, record.last_status);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn whatever_befell_it_all_comes_to_where_it_is_wanted_once_healed(stage in stage(), script in script(40)) {
        let mut player = Player::on(stage);
        player.play(&script);
        player.sim.heal();
        let settled = player.sim.must_settle(std::time::Duration::from_secs(3600));
        prop_assert!(settled.is_ok(), "{}", settled.unwrap_err());
        prop_assert!(player.sim.ledger().hazards().is_calm());
    }
}

/// The situations that a line of a script led to.
fn situations(player: &Player) -> Vec<&'static str> {
    let ledger = player.sim.ledger();
    let mut reached = Vec::new();
    let mut note = |is_so: bool, what| reached.extend(is_so.then_some(what));
    for (instance, known) in ledger.instances().iter() {
        let host = ledger.hosts().host(instance);
        note(
            host.is_some_and(|host| !host.queue.is_empty()),
            "a task queues",
        );
        note(
            known.is_registered() && !known.agent_connected,
            "an agent is away",
        );
    }
    for (task, record) in ledger.tasks() {
        let exit_code = ledger
            .container(task, 0)
            .and_then(|container| container.exit_code.code());
        note(exit_code == Some(137), "a container is killed");
        note(
            record.last_status == LastStatus::Stopping,
            "a task is stopping",
        );
        note(record.on.is_none(), "a task is on Fargate");
        note(
            record.last_status == LastStatus::Deprovisioning,
            "an interface is detached",
        );
        note(
            record.stopped_reason == StoppedReason::CannotPull,
            "a pull fails",
        );
        note(
            record.stopped_reason == StoppedReason::DeregistrationForced,
            "a task is given up",
        );
        note(
            record.stop_code == Some(StopCode::EssentialContainerExited),
            "a task ends",
        );
    }
    note(!ledger.hazards().is_calm(), "a fault lasts");
    note(
        ledger.tasks_known() < player.tasks.len(),
        "a task is forgotten",
    );
    let answer = player.answers.last().map_or("", String::as_str);
    for word in [
        "InvalidParameterException",
        "ClientException",
        "ClusterNotFoundException",
        "ConflictException",
        "ClusterContainsContainerInstancesException",
        "RESOURCE:CPU",
        "RESOURCE:MEMORY",
        "RESOURCE:PORTS",
        "RESOURCE:ENI",
        "DELETE_IN_PROGRESS",
        "DistinctInstance",
        "AGENT",
        "INACTIVE",
        "MISSING",
        "NotRunning",
        "ThrottlingException",
        "ServerException",
    ] {
        note(answer.contains(word), word);
    }
    reached
}

#[test]
fn scripts_reach_what_the_properties_are_about() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = BTreeMap::new();
    for _ in 0..250 {
        let tree = (stage(), script(40)).new_tree(&mut runner);
        let (stage, script) = tree.expect("a script is never rejected").current();
        let mut player = Player::on(stage);
        for action in &script {
            player.act(action);
            for situation in situations(&player) {
                *reached.entry(situation).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(reached.len(), 28, "{reached:#?}");
    assert!(reached.values().all(|times| *times > 2), "{reached:#?}");
}
