//! Decisions told as values: who was considered, what each rule left, who won and by how much.

use wavetank::model::*;
use wavetank::placement::{Baseline, Explanation};

use crate::support::{Trial, builder, id, one, sized};

/// Three container instances of one zone each, with that much memory.
fn three(memory: [i32; 3]) -> (Trial, Vec<String>) {
    let mut trial = Trial::new();
    let arns = memory.iter().zip(["a", "b", "c"]).map(|(memory, zone)| {
        let request = RegisterContainerInstance::default()
            .cpu(1024)
            .memory(*memory);
        trial.register(request.attribute("ecs.availability-zone", zone))
    });
    let arns = arns.collect();
    trial.define(one("web"));
    (trial, arns)
}

#[track_caller]
fn explained<R: Clone + Into<Request>>(trial: &Trial, request: &R) -> Vec<Explanation> {
    trial.explain(request).expect("the request is good")
}

#[test]
fn an_explanation_tells_what_run_task_does_next_and_changes_nothing() {
    let (mut trial, _) = three([4096, 4096, 4096]);
    for strategy in [
        vec![],
        vec![
            PlacementStrategy::spread_zones(),
            PlacementStrategy::random(),
        ],
    ] {
        let mut request = RunTask::new("web").count(5);
        request.placement_strategy = strategy;
        let before = trial.state_digest();
        let told = explained(&trial, &request);
        assert_eq!(trial.state_digest(), before);
        let answer = trial.run_task(request).expect("the request is good");
        let went = answer
            .tasks
            .iter()
            .map(|task| task.container_instance_arn.clone());
        assert_eq!(
            told.iter()
                .map(|one| one.winner.clone())
                .collect::<Vec<_>>(),
            went.collect::<Vec<_>>()
        );
    }
}

#[test]
fn each_instance_that_can_not_take_the_task_tells_all_it_lacks() {
    let (mut trial, arns) = three([100, 4096, 4096]);
    trial.disconnect(&arns[0]);
    let told = explained(&trial, &RunTask::new("web"));
    let unmet = &told[0].considered[0].unmet;
    let lacks: Vec<_> = unmet.iter().map(|unmet| unmet.reason.as_str()).collect();
    assert_eq!(lacks, ["AGENT", "RESOURCE:MEMORY"]);
    assert_eq!(
        (unmet[1].asked.as_str(), unmet[1].available.as_str()),
        ("512", "100")
    );
    assert!(
        told[0].considered[1..]
            .iter()
            .all(|one| one.unmet.is_empty())
    );
}

#[test]
fn each_rule_tells_its_scores_and_how_many_it_left() {
    let (mut trial, arns) = three([4096, 2048, 4096]);
    trial.run_all(RunTask::new("web").strategy(PlacementStrategy::binpack_memory()));
    let request = RunTask::new("web")
        .strategy(PlacementStrategy::spread_zones())
        .strategy(PlacementStrategy::binpack_memory());
    let told = &explained(&trial, &request)[0];
    let rules: Vec<_> = told
        .rules
        .iter()
        .map(|rule| (rule.rule.as_str(), rule.kept))
        .collect();
    assert_eq!(
        rules,
        [
            ("spread(attribute:ecs.availability-zone)", 2),
            ("binpack(memory)", 2)
        ]
    );
    let scores = |at: usize| {
        told.rules[at]
            .scores
            .iter()
            .map(|score| score.score)
            .collect::<Vec<_>>()
    };
    assert_eq!((scores(0), scores(1)), (vec![0, 1, 0], vec![4096, 4096]));
    assert_eq!(told.winner.as_deref(), Some(arns[0].as_str()));
    let next = told.runner_up.as_ref().expect("there were others");
    assert_eq!(
        (&*next.container_instance, next.rule.as_deref(), next.margin),
        (arns[2].as_str(), None, 0)
    );
}

#[test]
fn the_runner_up_tells_the_rule_and_the_margin() {
    let (trial, arns) = three([1024, 4096, 3000]);
    let request = RunTask::new("web").strategy(PlacementStrategy::binpack_memory());
    let told = &explained(&trial, &request)[0];
    let next = told.runner_up.as_ref().expect("there were others");
    assert_eq!(
        (&*next.container_instance, next.rule.as_deref(), next.margin),
        (arns[2].as_str(), Some("binpack(memory)"), 3000 - 1024)
    );
}

#[test]
fn a_refusal_names_the_closest_instance_and_the_least_change() {
    let (mut trial, arns) = three([100, 300, 400]);
    trial.set_state(&arns[2], ContainerInstanceStatus::Draining);
    let told = &explained(&trial, &RunTask::new("web"))[0];
    assert_eq!(
        (told.winner.as_ref(), told.refusal),
        (None, Some(FailureReason::Resource(ResourceKind::Memory)))
    );
    let closest = told.closest.as_ref().expect("there are instances");
    assert_eq!(&*closest.container_instance, arns[0]);
    assert_eq!(closest.changes, ["412 MiB less, or so much more free"]);
    // The change is enough.
    trial.define(sized("less", 256, 100));
    assert_eq!(trial.run_all(RunTask::new("less")).len(), 1);
}

#[test]
fn tasks_of_one_request_are_explained_one_after_the_other() {
    let (trial, arns) = three([1024, 1024, 1024]);
    let request = RunTask::new("web")
        .count(3)
        .strategy(PlacementStrategy::binpack_memory());
    let told = explained(&trial, &request);
    let winners: Vec<_> = told
        .iter()
        .filter_map(|one| one.winner.as_deref())
        .collect();
    assert_eq!(winners, [&arns[0], &arns[0], &arns[1]]);
    assert_eq!(told[2].considered[0].unmet[0].available, "0");
}

#[test]
fn any_scheduler_is_explained() {
    let mut trial = Trial::of(builder().scheduler(Baseline::FirstFit));
    let first = trial.instance(1024, 4096);
    trial.instance(1024, 1024);
    trial.define(one("web"));
    let request = RunTask::new("web").strategy(PlacementStrategy::binpack_memory());
    let told = &explained(&trial, &request)[0];
    assert_eq!(told.scheduler, "first-fit");
    assert_eq!(told.winner.as_deref(), Some(first.as_str()));
}

#[test]
fn a_request_that_is_refused_is_not_explained() {
    let (trial, _) = three([1024, 1024, 1024]);
    let error = trial
        .explain(&RunTask::new("nobody"))
        .expect_err("there is no such family");
    assert_eq!(error.exception(), "ClientException");
}

#[test]
fn an_explanation_reads_as_text_and_as_json() {
    let (trial, arns) = three([100, 1024, 4096]);
    let request = RunTask::new("web").strategy(PlacementStrategy::binpack_memory());
    let told = &explained(&trial, &request)[0];
    let [small, tight, roomy] = [id(&arns[0]), id(&arns[1]), id(&arns[2])];
    let text = format!(
        "task-0 goes on {tight}, says ecs\n  not {small}: RESOURCE:MEMORY, asked 512, available 100\n  binpack(memory) leaves 1\n    1024 {tight}\n    4096 {roomy}\n  next {roomy}, by binpack(memory), margin 3072\n"
    );
    assert_eq!(told.to_string(), text);
    let json = serde_json::to_value(told).expect("it is plain data");
    assert_eq!(
        json["considered"][0]["unmet"][0]["reason"],
        "RESOURCE:MEMORY"
    );
    assert_eq!(json["runnerUp"]["margin"], 3072);
    let again: Explanation = serde_json::from_value(json).expect("it can be read again");
    assert_eq!(&again, told);
}

#[test]
fn each_instance_that_start_task_names_is_explained_by_itself() {
    let (mut trial, arns) = three([600, 300, 4096]);
    trial.set_state(&arns[2], ContainerInstanceStatus::Draining);
    let request = StartTask::new("web", [&arns[0], &arns[0], &arns[1], &arns[2]]);
    let before = trial.state_digest();
    let told = explained(&trial, &request);
    assert_eq!(trial.state_digest(), before);
    let answer = trial.start_task(request).expect("the request is good");
    let refused: Vec<_> = answer
        .failures
        .iter()
        .map(|failure| failure.reason)
        .collect();
    let reasons: Vec<_> = told.iter().filter_map(|one| one.refusal).collect();
    assert_eq!(reasons, refused);
    assert_eq!(
        (told[0].winner.as_deref(), &*told[0].scheduler),
        (Some(&*arns[0]), "the caller")
    );
    assert!(told.iter().all(|one| one.considered.len() == 1));
    // The second is explained beside what the first takes.
    let closest = told[1].closest.as_ref().expect("one was named");
    assert_eq!(closest.changes, ["424 MiB less, or so much more free"]);
    let id = id(&arns[1]);
    assert_eq!(
        told[2].to_string(),
        format!(
            "task-2 goes nowhere, says the caller\n  not {id}: RESOURCE:MEMORY, asked 512, available 300\n  closest {id}: it would take \
             212 MiB less, or so much more free\n"
        )
    );
    assert_eq!(told[3].refusal, Some(FailureReason::Inactive));
}

#[test]
fn start_task_on_an_instance_that_is_gone_or_never_was_is_explained() {
    let (mut trial, arns) = three([600, 300, 4096]);
    let gone = DeregisterContainerInstance::new(&arns[0]).force();
    trial
        .deregister_container_instance(gone)
        .expect("it is there");
    let told = explained(
        &trial,
        &StartTask::new("web", [&*arns[0], "0123456789abcdef0123456789abcdef"]),
    );
    let unmet = |at: usize| {
        let one = &told[at].considered[0].unmet[0];
        (one.reason, one.asked.as_str(), one.available.as_str())
    };
    assert_eq!(unmet(0), (FailureReason::Inactive, "ACTIVE", "INACTIVE"));
    let there = ("a container instance of the cluster", "none of that name");
    assert_eq!(unmet(1), (FailureReason::Missing, there.0, there.1));
    let answer = trial
        .start_task(StartTask::new("web", [&arns[0]]))
        .expect("the request is good");
    assert_eq!(answer.failures[0].reason, FailureReason::Inactive);
}

#[test]
fn a_request_that_places_nothing_has_nothing_to_explain() {
    let (trial, _) = three([600, 300, 4096]);
    assert_eq!(explained(&trial, &ListTasks::new()), []);
    assert_eq!(
        trial
            .explain(&StartTask::new("web", [""; 0]))
            .map_err(|error| error.exception()),
        Err("InvalidParameterException")
    );
}

#[test]
fn every_constraint_that_does_not_hold_is_told_and_has_to_go() {
    let (trial, arns) = three([4096, 4096, 4096]);
    let request = RunTask::new("web")
        .constraint(PlacementConstraint::member_of("attribute:rack exists"))
        .constraint(PlacementConstraint::member_of("agentConnected == true"))
        .constraint(PlacementConstraint::member_of("attribute:row == 3"));
    let told = &explained(&trial, &request)[0];
    let closest = told.closest.as_ref().expect("there are instances");
    assert_eq!(&*closest.container_instance, arns[0]);
    assert_eq!(
        closest.changes,
        ["none of the constraints `attribute:rack exists` and `attribute:row == 3`"]
    );
}

#[test]
fn a_machine_of_the_other_kind_would_have_to_be_another() {
    let mut trial = Trial::new();
    let mut elsewhere = RegisterContainerInstance::default().cpu(1024).memory(100);
    elsewhere
        .attributes
        .push(Attribute::named("ecs.capability.external"));
    let elsewhere = trial.register(elsewhere);
    trial.instance(1024, 100);
    trial.define(one("web"));
    let changes = |launch_type| {
        let told = explained(&trial, &RunTask::new("web").launch_type(launch_type));
        let lacks = |at: usize| told[0].considered[at].unmet[0].clone();
        [lacks(0), lacks(1)].map(|unmet| (unmet.reason.as_str(), unmet.asked))
    };
    let memory = ("RESOURCE:MEMORY", "512".to_owned());
    assert_eq!(
        changes(LaunchType::Ec2),
        [("ATTRIBUTE", "EC2".to_owned()), memory.clone()]
    );
    assert_eq!(
        changes(LaunchType::External),
        [memory, ("ATTRIBUTE", "EXTERNAL".to_owned())]
    );
    let told = explained(&trial, &StartTask::new("web", [elsewhere]));
    let closest = told[0].closest.as_ref().expect("one was named");
    assert_eq!(closest.changes[0], "a container instance of EC2");
}

#[test]
fn nobody_comes_next_when_the_scheduler_takes_one_that_the_rules_would_not() {
    let mut trial = Trial::of(builder().scheduler(Baseline::FirstFit));
    trial.instance(1024, 4096);
    trial.instance(1024, 1024);
    trial.define(one("web"));
    let binpack = RunTask::new("web").strategy(PlacementStrategy::binpack_memory());
    assert_eq!(explained(&trial, &binpack)[0].runner_up, None);
    // Without rules it is as good as any.
    assert!(
        explained(&trial, &RunTask::new("web"))[0]
            .runner_up
            .is_some()
    );
}
