//! `memberOf` constraints at work: where RunTask puts tasks when only some container instances will do (ecs-semantics 5.5,
//! 5.6, 5.7). What each operator and subject means is shown in `query_language`.

use wavetank::expr::{Operator, Takes};
use wavetank::model::*;
use wavetank::placement::{Ask, FnScheduler, Pool};

use crate::support::{Trial, app, builder, check_refused, one, reasons};

/// Instances with these racks, in order, and the family `web`.
fn racks<const N: usize>(racks: [&str; N]) -> (Trial, [String; N]) {
    racks_of(Trial::new(), racks)
}

fn racks_of<const N: usize>(mut trial: Trial, racks: [&str; N]) -> (Trial, [String; N]) {
    trial.define(one("web"));
    let machine = || RegisterContainerInstance::default().cpu(2048).memory(4096);
    let hosts = racks.map(|rack| trial.register(machine().attribute("rack", rack)));
    (trial, hosts)
}

fn rule(expression: &str) -> PlacementConstraint {
    PlacementConstraint::member_of(expression)
}

/// On which of `hosts` the tasks of a request go, by position, and the reasons for those that go nowhere.
fn places(
    trial: &mut Trial,
    hosts: &[String],
    request: RunTask,
) -> (Vec<usize>, Vec<&'static str>) {
    let answer = trial.run_task(request).expect("the request is good");
    let place = |task: &Task| {
        let on = task.container_instance_arn.as_deref();
        let place = hosts.iter().position(|host| Some(host.as_str()) == on);
        place.expect("tasks go to known instances")
    };
    (
        answer.tasks.iter().map(place).collect(),
        reasons(&answer.failures),
    )
}

const UNMET: &str = "MemberOf placement constraint unsatisfied";

#[test]
fn every_operator_decides_where_a_task_goes() {
    for operator in Operator::ALL {
        let (mut trial, hosts) = racks(["7", "8", "9"]);
        let bare = trial.register(RegisterContainerInstance::default().cpu(2048).memory(4096));
        let behind = match operator.takes() {
            Takes::Nothing => "",
            Takes::One => "8",
            Takes::List => "[8]",
        };
        let wanted: &[usize] = match operator {
            Operator::Equals | Operator::In | Operator::Matches => &[1],
            Operator::NotEquals | Operator::NotIn | Operator::NotMatches => &[0, 2],
            Operator::Greater => &[2],
            Operator::GreaterOrEqual => &[1, 2],
            Operator::Less => &[0],
            Operator::LessOrEqual => &[0, 1],
            Operator::Exists => &[0, 1, 2],
            Operator::NotExists => &[3],
        };
        let hosts = [&hosts[..], &[bare]].concat();
        let expression = format!("attribute:rack {operator} {behind}");
        let spread = PlacementStrategy::spread_instances();
        let request = RunTask::new("web")
            .count(4)
            .strategy(spread)
            .constraint(rule(&expression));
        let (mut found, failures) = places(&mut trial, &hosts, request);
        found.sort_unstable();
        found.dedup();
        assert_eq!((&found[..], failures), (wanted, vec![]), "{expression}");
    }
}

#[test]
fn every_strategy_chooses_among_those_for_which_the_expression_holds() {
    for strategy in [
        vec![],
        vec![PlacementStrategy::random()],
        vec![PlacementStrategy::binpack_cpu()],
        vec![PlacementStrategy::binpack_memory()],
        vec![PlacementStrategy::spread("attribute:rack")],
        vec![
            PlacementStrategy::spread_instances(),
            PlacementStrategy::binpack_cpu(),
        ],
    ] {
        let (mut trial, hosts) = racks(["a", "b", "c", "b"]);
        let request = RunTask {
            placement_strategy: strategy.clone(),
            ..RunTask::new("web")
                .count(6)
                .constraint(rule("attribute:rack == b"))
        };
        let (found, failures) = places(&mut trial, &hosts, request);
        assert!(
            found.iter().all(|host| *host == 1 || *host == 3),
            "{strategy:?}: {found:?}"
        );
        assert_eq!((found.len(), failures), (6, vec![]), "{strategy:?}");
    }
}

#[test]
fn when_it_holds_for_none_the_reason_says_so() {
    let (mut trial, hosts) = racks(["a", "b"]);
    let request = || RunTask::new("web").constraint(rule("attribute:rack == c"));
    let answer = trial.run_task(request()).expect("the request is good");
    assert_eq!(
        answer.failures,
        [Failure::new(hosts[0].as_str(), FailureReason::MemberOf)]
    );
    assert_eq!(answer.failures[0].reason.to_string(), UNMET);
    assert!(answer.tasks.is_empty());
}

#[test]
fn constraints_are_told_of_after_resources_and_before_distinct_instance() {
    let (mut trial, hosts) = racks(["a"]);
    trial.define(RegisterTaskDefinition::new("large").container(app().cpu(4096)));
    trial.run_all(RunTask::new("web").group("g"));
    let unmet = |family| {
        let request = RunTask::new(family)
            .group("g")
            .constraint(rule("attribute:rack == b"));
        request.constraint(PlacementConstraint::distinct_instance())
    };
    assert_eq!(
        places(&mut trial, &hosts, unmet("large")).1,
        ["RESOURCE:CPU"]
    );
    assert_eq!(places(&mut trial, &hosts, unmet("web")).1, [UNMET]);
    let met = RunTask::new("web")
        .group("g")
        .constraint(rule("attribute:rack == a"));
    let met = met.constraint(PlacementConstraint::distinct_instance());
    assert_eq!(
        places(&mut trial, &hosts, met).1,
        ["DistinctInstance placement constraint unsatisfied"]
    );
}

#[test]
fn every_instance_tells_of_its_own_constraint() {
    let trial = Trial::of(builder().failures(FailureShape::EveryInstance));
    let (mut trial, hosts) = racks_of(trial, ["a", "b"]);
    trial.disconnect(&hosts[1]);
    let request = RunTask::new("web").constraint(rule("attribute:rack == c"));
    assert_eq!(places(&mut trial, &hosts, request).1, [UNMET, "AGENT"]);
}

#[test]
fn constraints_of_definition_and_request_must_all_hold() {
    let (mut trial, hosts) = racks(["7", "8", "9"]);
    trial.define(one("picky").constraint(rule("attribute:rack > 7")));
    let request = || RunTask::new("picky").count(3);
    for _ in 0..2 {
        // The second time its launch is used again.
        let (found, _) = places(&mut trial, &hosts, request().count(2));
        assert!(found.iter().all(|host| *host > 0), "{found:?}");
    }
    let both = request().constraint(rule("attribute:rack < 9"));
    assert_eq!(places(&mut trial, &hosts, both), (vec![1, 1, 1], vec![]));
    let none = request().count(1).constraint(rule("attribute:rack == 7"));
    assert_eq!(places(&mut trial, &hosts, none), (vec![], vec![UNMET]));
    let (found, _) = places(&mut trial, &hosts, request());
    assert!(found.iter().all(|host| *host > 0), "{found:?}");
}

#[test]
fn a_constraint_of_the_request_does_not_stay_for_the_next_one() {
    let (mut trial, hosts) = racks(["a", "b"]);
    let constrained = RunTask::new("web").constraint(rule("attribute:rack == b"));
    assert_eq!(places(&mut trial, &hosts, constrained).0, [1]);
    let spread = RunTask::new("web").strategy(PlacementStrategy::spread_instances());
    assert_eq!(places(&mut trial, &hosts, spread).0, [0]);
}

#[test]
fn attributes_that_were_just_put_or_deleted_count_at_once() {
    let (mut trial, hosts) = racks(["a", "b"]);
    let request = || RunTask::new("web").constraint(rule("attribute:stack == prod"));
    assert_eq!(places(&mut trial, &hosts, request()).1, [UNMET]);
    let put = |trial: &mut Trial, value: &str| {
        let attribute = Attribute::new("stack", value).on(&hosts[1]);
        trial
            .put_attributes(PutAttributes::new([attribute]))
            .expect("it is registered");
    };
    put(&mut trial, "prod");
    assert_eq!(places(&mut trial, &hosts, request()).0, [1]);
    put(&mut trial, "test");
    assert_eq!(places(&mut trial, &hosts, request()).1, [UNMET]);
    put(&mut trial, "prod");
    let deleted = DeleteAttributes::new([Attribute::named("stack").on(&hosts[1])]);
    trial.delete_attributes(deleted).expect("it is registered");
    assert_eq!(places(&mut trial, &hosts, request()).1, [UNMET]);
}

#[test]
fn tasks_go_where_their_friends_are() {
    let (mut trial, hosts) = racks(["a", "b", "c"]);
    let friend = RunTask::new("web")
        .group("database")
        .constraint(rule("attribute:rack == b"));
    trial.run_all(friend);
    let request = RunTask::new("web")
        .group("cache")
        .count(3)
        .constraint(rule("task:group == database"));
    assert_eq!(places(&mut trial, &hosts, request), (vec![1, 1, 1], vec![]));
}

#[test]
fn tasks_keep_apart_from_their_enemies_until_those_are_told_to_stop() {
    let (mut trial, hosts) = racks(["a", "b"]);
    let enemy = trial.run_all(
        RunTask::new("web")
            .group("noisy")
            .constraint(rule("attribute:rack == a")),
    );
    let request = || {
        let request = RunTask::new("web")
            .group("quiet")
            .strategy(PlacementStrategy::binpack_cpu());
        request.constraint(rule("not(task:group == noisy)"))
    };
    assert_eq!(places(&mut trial, &hosts, request().count(2)).0, [1, 1]);
    trial.at(10_000);
    assert_eq!(places(&mut trial, &hosts, request()).0, [1]);
    trial.stop(&enemy[0]);
    let on_a = request().constraint(rule("attribute:rack == a"));
    assert_eq!(
        places(&mut trial, &hosts, on_a).0,
        [0],
        "what is told to stop is no enemy"
    );
}

#[test]
fn picks_made_earlier_in_the_same_request_count() {
    let check = |count, expression: &str, wanted: (Vec<usize>, Vec<&'static str>)| {
        let (mut trial, hosts) = racks(["a", "b", "c"]);
        let request = RunTask::new("web").group("g-1").count(count);
        let request = request.strategy(PlacementStrategy::binpack_cpu());
        let found = places(&mut trial, &hosts, request.constraint(rule(expression)));
        assert_eq!(found, wanted, "{expression}");
    };
    check(4, "not(task:group == g-1)", (vec![0, 1, 2], vec![UNMET]));
    check(4, "not(task:group =~ 'g-.*')", (vec![0, 1, 2], vec![UNMET]));
    check(4, "task:group !exists", (vec![0, 1, 2], vec![UNMET]));
    check(
        7,
        "runningTasksCount < 2",
        (vec![0, 0, 1, 1, 2, 2], vec![UNMET]),
    );
    let together = "task:group in [g-1] or attribute:rack == b and runningTasksCount == 0";
    check(4, together, (vec![1, 1, 1, 1], vec![]));
}

#[test]
fn groups_are_those_of_the_cluster() {
    let (mut trial, hosts) = racks(["a"]);
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    let other = trial.register(
        RegisterContainerInstance::new("other")
            .cpu(2048)
            .memory(4096),
    );
    trial.run_all(RunTask::new("web").group("g"));
    let request = || RunTask::new("web").constraint(rule("task:group == g"));
    let elsewhere = request().cluster("other");
    assert_eq!(places(&mut trial, &[other], elsewhere).1, [UNMET]);
    assert_eq!(places(&mut trial, &hosts, request()).0, [0]);
}

#[test]
fn ten_constraints_of_2000_characters_all_act() {
    let (mut trial, hosts) = racks(["1", "2", "3"]);
    let long = |value: &str| {
        let text = format!(
            "attribute:rack != {value} or attribute:rack == '{value} {}'",
            "x".repeat(2_000)
        );
        let text: String = text.chars().take(1_999).collect();
        format!("{text}'")
    };
    let ten = (0..9).fold(RunTask::new("web"), |request, _| {
        request.constraint(rule(&long("1")))
    });
    let ten = ten.constraint(rule(&long("3")));
    assert_eq!(long("1").chars().count(), 2_000);
    assert_eq!(places(&mut trial, &hosts, ten.clone()).0, [1]);
    let wrong = trial.run_task(ten.constraint(rule("attribute:rack exists")));
    assert!(wrong.is_err(), "eleven are too many");
}

#[test]
fn a_wrong_expression_is_refused_with_its_spot_before_anything_happens() {
    let (mut trial, _) = racks(["a"]);
    let digest = trial.digest();
    let wrong = || rule("attribute:rack = a");
    let text = "Invalid expression: expected == or =~, found = at character 16\n  attribute:rack = a\n                 ^";
    let refused = trial.run_task(RunTask::new("web").constraint(wrong()));
    check_refused(refused, "InvalidParameterException", text);
    let refused = trial.register_task_definition(one("picky").constraint(wrong()));
    let error = refused.expect_err("the expression is wrong");
    assert_eq!(
        (error.exception(), error.message()),
        ("ClientException", text)
    );
    assert_eq!(
        error.problem().parameter.as_deref(),
        Some("placementConstraints.expression")
    );
    assert_eq!(trial.digest(), digest);
}

#[test]
fn a_scheduler_that_overlooks_a_constraint_is_caught() {
    let careless = FnScheduler::new("careless", |_: &Ask<'_>, pool: &Pool<'_>| {
        Ok(pool.instances()[0])
    });
    let (mut trial, _) = racks_of(Trial::of(builder().scheduler(careless)), ["a", "b"]);
    let request = RunTask::new("web").constraint(rule("attribute:rack == b"));
    let answer = trial.run_task(request).expect("the request is good");
    assert_eq!(reasons(&answer.failures), [UNMET]);
    let errors = trial.scheduler_errors();
    let text = format!(
        "0.000s scheduler careless chose container-instance-0 for task-0, which can't take it: {UNMET}, asked attribute:rack == b, available no"
    );
    assert_eq!(errors[0].to_string(), text);
}

#[test]
fn a_scheduler_may_ask_whether_constraints_hold() {
    let last = FnScheduler::new("last", |ask: &Ask<'_>, pool: &Pool<'_>| {
        let rows = (0..pool.len()).rev();
        let row = rows
            .into_iter()
            .find(|row| pool.meets_constraints(*row, ask));
        Ok(pool.instances()[row.ok_or_else(|| pool.refusal(ask))?])
    });
    let (mut trial, hosts) = racks_of(Trial::of(builder().scheduler(last)), ["a", "b", "b", "c"]);
    let request = RunTask::new("web").constraint(rule("attribute:rack == b"));
    assert_eq!(places(&mut trial, &hosts, request).0, [2]);
}

#[test]
fn start_task_looks_at_no_constraint() {
    let (mut trial, hosts) = racks(["a"]);
    trial.define(one("picky").constraint(rule("attribute:rack == b")));
    trial.start("picky", &hosts[0]);
    assert_eq!(places(&mut trial, &hosts, RunTask::new("picky")).1, [UNMET]);
}

#[test]
fn a_fork_keeps_its_constraints() {
    let (mut trial, hosts) = racks(["a", "b"]);
    trial.define(one("picky").constraint(rule("attribute:rack == b")));
    let mut fork = trial.clone();
    for trial in [&mut trial, &mut fork] {
        assert_eq!(places(trial, &hosts, RunTask::new("picky")).0, [1]);
    }
    assert_eq!(trial.digest(), fork.digest());
}
