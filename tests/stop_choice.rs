//! Which task of a group is stopped first, on clusters in the words of `support::fixture` (ecs-semantics 5.8).

use std::collections::BTreeSet;

use wavetank::model::*;
use wavetank::placement::{Pool, Rule, StopAsk};
use wavetank::{Draws, TaskId};

use crate::support::{Trial, app, builder, staged};

fn zones() -> Rule {
    Rule::SpreadAttribute("ecs.availability-zone".to_owned())
}

/// The names of the container instances whose tasks of group `web` are stopped, one after the other.
struct Scene {
    trial: Trial,
    names: Vec<String>,
}

impl Scene {
    fn new(cluster: &str) -> Self {
        let (mut trial, names) = staged(builder(), cluster);
        trial.rest();
        let names = names.into_iter().map(|(name, _)| name).collect();
        Self { trial, names }
    }

    fn candidates(&self) -> Vec<TaskId> {
        let (cluster, group) = self.group();
        Pool::new(self.trial.ledger(), cluster).wanted_tasks(group)
    }

    fn group(&self) -> (wavetank::ids::ClusterId, wavetank::ids::GroupId) {
        let ledger = self.trial.ledger();
        let named = ledger.clusters().named("default");
        let (cluster, _) = named.expect("it is there");
        let group = ledger.groups().named(cluster, "web");
        (cluster, group.expect("the group has tasks"))
    }

    fn choose(
        &self,
        rules: &[Rule],
        gone: &[TaskId],
        ties: (PlacementTies, u64),
    ) -> Option<TaskId> {
        let (cluster, group) = self.group();
        let pool = Pool::new(self.trial.ledger(), cluster);
        pool.stop_choice(&StopAsk {
            group,
            candidates: &self.candidates(),
            gone,
            rules,
            ties: ties.0,
            draws: &Draws::new(ties.1),
        })
    }

    fn name(&self, task: TaskId) -> &str {
        let record = self.trial.ledger().task(task).expect("it is known");
        &self.names[record.on.expect("it is on a container instance").index()]
    }

    /// Where so many tasks are stopped in one decision, ties going to the oldest.
    fn stopped(&self, rules: &[Rule], count: usize) -> String {
        let mut gone = Vec::new();
        for _ in 0..count {
            let ties = (PlacementTies::OldestInstance, 0);
            gone.extend(self.choose(rules, &gone, ties));
        }
        let names: Vec<&str> = gone.iter().map(|task| self.name(*task)).collect();
        names.join(" ")
    }
}

#[track_caller]
fn check(cluster: &str, rules: &[Rule], expected: &str) {
    let count = expected.split(' ').count();
    assert_eq!(
        Scene::new(cluster).stopped(rules, count),
        expected,
        "{rules:?} on\n{cluster}"
    );
}

#[test]
fn spread_over_instances_stops_where_the_group_has_the_most() {
    let cluster = "a runs=web
                   b runs=web*3 runs=other
                   c runs=web*2 runs=other*9";
    check(cluster, &[Rule::SpreadInstance], "b b c a b c");
}

#[test]
fn spread_over_an_attribute_stops_in_its_fullest_group_and_then_by_the_next_rule() {
    let cluster = "a zone=1 runs=web
                   b zone=2 runs=web*2
                   c zone=2 runs=web
                   d runs=web";
    check(cluster, &[zones()], "b b a c");
    check(cluster, &[zones(), Rule::SpreadInstance], "b b a c");
    let cluster = "a zone=1 runs=web
                   b zone=1 runs=web*2
                   c zone=2 runs=web*2";
    check(cluster, &[zones(), Rule::SpreadInstance], "b c a b c");
}

#[test]
fn binpack_stops_where_the_most_would_be_left() {
    let cluster = "a cpu=100 memory=900 runs=web
                   b cpu=300 memory=100 runs=web
                   c cpu=200 memory=500 runs=web";
    check(cluster, &[Rule::BinpackCpu], "b c a");
    check(cluster, &[Rule::BinpackMemory], "a c b");
}

#[test]
fn what_was_chosen_before_counts_as_gone() {
    let cluster = "a memory=500 runs=web*9
                   b memory=503 runs=web*2";
    // Each task frees 6 MiB: the light instance is emptied, since what it would have left only grows.
    check(cluster, &[Rule::BinpackMemory], "b b a a a a a a a a a");
}

#[test]
fn without_rules_it_is_the_fullest_zone_and_there_the_fullest_instance() {
    let cluster = "a zone=1 runs=web
                   b zone=2 runs=web
                   c zone=2 runs=web*2
                   d zone=3 runs=web*2";
    check(cluster, &[], "c d b a c d");
}

#[test]
fn draining_instances_go_first_then_what_is_unhealthy_and_then_what_does_not_run_yet() {
    let cluster = "a runs=web*4
                   b runs=web
                   c runs=web
                   d runs=web";
    let mut scene = Scene::new(cluster);
    let trial = &mut scene.trial;
    let listed = trial.list_container_instances(ListContainerInstances::new());
    let hosts = listed.expect("they are there").container_instance_arns;
    let app = ContainerDefinition::new("app", "filler:1").memory(6);
    let check = HealthCheck::shell("true");
    trial.define(RegisterTaskDefinition::new("checked").container(app.health_check(check)));
    let start = |trial: &mut Trial, host: &str| {
        let request = StartTask::new("checked", [host]).group("web");
        let answer = trial.start_task(request).expect("the request is good");
        answer.tasks[0].task_arn.to_string()
    };
    let task = start(trial, &hosts[2]);
    trial.at(60_000);
    let container = "app".to_owned();
    trial.fault(Fault::HealthFail { task, container });
    trial.at(600_000);
    start(trial, &hosts[1]);
    trial.set_state(&hosts[3], ContainerInstanceStatus::Draining);
    assert_eq!(scene.stopped(&[Rule::SpreadInstance], 4), "d c b a");
}

#[test]
fn a_seeded_tie_reaches_every_task_and_random_does_whatever_the_ties() {
    let scene = Scene::new(
        "a runs=web*2
         b runs=web",
    );
    let all: BTreeSet<TaskId> = scene.candidates().into_iter().collect();
    assert_eq!(all.len(), 3);
    let reached = |rules: &[Rule], ties| -> BTreeSet<TaskId> {
        let seeds = 0..60;
        seeds
            .filter_map(|seed| scene.choose(rules, &[], (ties, seed)))
            .collect()
    };
    assert_eq!(reached(&[Rule::Random], PlacementTies::OldestInstance), all);
    assert_eq!(
        reached(&[Rule::Random, Rule::SpreadInstance], PlacementTies::Seeded),
        all
    );
    let on_a = reached(&[Rule::SpreadInstance], PlacementTies::Seeded);
    assert_eq!(on_a.len(), 2);
    assert!(on_a.iter().all(|task| scene.name(*task) == "a"));
}

#[test]
fn the_choice_among_two_does_not_change_when_a_third_goes() {
    let scene = Scene::new("a runs=web*3");
    let tasks = scene.candidates();
    for seed in 0..40 {
        let choose = |gone: &[TaskId]| scene.choose(&[], gone, (PlacementTies::Seeded, seed));
        let first = choose(&[]).expect("there are three");
        let other = tasks.iter().find(|task| **task != first);
        assert_eq!(choose(&[*other.expect("there are three")]), Some(first));
    }
}

#[test]
fn tasks_that_are_told_to_stop_or_are_not_candidates_are_passed_over() {
    let scene = Scene::new("a runs=web stops=web*2");
    assert_eq!(scene.candidates().len(), 1);
    let chosen = scene.stopped(&[], 2);
    assert_eq!(chosen, "a");
}

#[test]
fn on_fargate_tasks_that_may_not_be_stopped_count_for_the_balance_of_zones() {
    let builder = builder().subnet("subnet-a", "a").subnet("subnet-b", "b");
    let mut trial = Trial::of(builder);
    let created = trial.create_cluster(CreateCluster::default());
    created.expect("a cluster can be created");
    trial.define(RegisterTaskDefinition {
        network_mode: Some(NetworkMode::Awsvpc),
        requires_compatibilities: vec![Compatibility::Fargate],
        cpu: Some("256".to_owned()),
        memory: Some("512".to_owned()),
        ..RegisterTaskDefinition::new("free").container(app())
    });
    for subnet in ["subnet-a", "subnet-a", "subnet-a", "subnet-b", "subnet-b"] {
        let request = RunTask::new("free")
            .group("web")
            .launch_type(LaunchType::Fargate)
            .network(NetworkConfiguration::subnets([subnet]));
        let answer = trial.run_task(request).expect("there is always room");
        assert_eq!(answer.failures, []);
    }
    let names = Vec::new();
    let scene = Scene { trial, names };
    let (cluster, group) = scene.group();
    let pool = Pool::new(scene.trial.ledger(), cluster);
    let tasks: Vec<TaskId> = scene.trial.ledger().tasks().map(|(task, _)| task).collect();
    // Of the three in zone a only the last may be stopped.
    let stopped = |rules: &[Rule], gone: &[TaskId]| {
        pool.stop_choice(&StopAsk {
            group,
            candidates: &tasks[2..],
            gone,
            rules,
            ties: PlacementTies::OldestInstance,
            draws: &Draws::new(0),
        })
    };
    assert_eq!(stopped(&[zones()], &[]), Some(tasks[2]));
    assert_eq!(stopped(&[zones()], &tasks[2..3]), Some(tasks[3]));
    assert_eq!(stopped(&[], &[]), Some(tasks[2]));
}
