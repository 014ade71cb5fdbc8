//! Describe and List: filters, batches, pages, failures, and what lagging readers see (ecs-semantics 1.13, 3.7, 8).

use std::time::Duration;

use wavetank::draw::{Latency, Ratio};
use wavetank::model::*;

use crate::support::{Trial, builder, check_invalid, check_refused, id, one, reasons, sized};

fn list(trial: &mut Trial, request: ListTasks) -> Vec<String> {
    let answer = trial.list_tasks(request).expect("the request is good");
    assert_eq!(answer.next_token, None);
    answer.task_arns
}

fn of(status: DesiredStatus) -> ListTasks {
    ListTasks::new().desired_status(status)
}

fn missing(trial: &mut Trial, task: &str) -> bool {
    let answer = trial.describe_tasks(DescribeTasks::new([task]));
    let answer = answer.expect("the cluster is there");
    assert_eq!(answer.tasks.len() + answer.failures.len(), 1);
    reasons(&answer.failures) == ["MISSING"]
}

#[test]
fn tasks_are_listed_in_order_of_creation() {
    let mut trial = Trial::web();
    let tasks: Vec<_> = (0..5).map(|_| trial.run("web")).collect();
    assert_eq!(list(&mut trial, ListTasks::new()), tasks);
}

#[test]
fn a_list_shows_tasks_wanted_running_even_while_they_are_pending() {
    let mut trial = Trial::web();
    let (kept, stopped) = (trial.run("web"), trial.run("web"));
    trial.stop(&stopped);
    assert_eq!(list(&mut trial, ListTasks::new()), [kept.as_str()]);
    assert_eq!(list(&mut trial, of(DesiredStatus::Running)), [kept]);
}

#[test]
fn a_list_of_stopped_tasks_shows_those_told_to_stop_for_an_hour_after_their_end() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    trial.at(10_000);
    trial.stop(&task);
    assert_eq!(
        list(&mut trial, of(DesiredStatus::Stopped)),
        [task.as_str()]
    );
    trial.at(11_200 + 3_599_999);
    assert_eq!(list(&mut trial, of(DesiredStatus::Stopped)), [task]);
    trial.at(11_200 + 3_600_000);
    assert_eq!(list(&mut trial, of(DesiredStatus::Stopped)), [""; 0]);
}

#[test]
fn no_task_is_ever_wanted_pending() {
    let mut trial = Trial::web();
    trial.run("web");
    assert_eq!(list(&mut trial, of(DesiredStatus::Pending)), [""; 0]);
}

#[test]
fn tasks_are_listed_by_family() {
    let mut trial = Trial::web();
    trial.define(sized("job", 1, 6));
    let (web, job) = (trial.run("web"), trial.run("job"));
    assert_eq!(list(&mut trial, ListTasks::new().family("job")), [job]);
    assert_eq!(list(&mut trial, ListTasks::new().family("web")), [web]);
    assert_eq!(
        list(&mut trial, ListTasks::new().family("nothing")),
        [""; 0]
    );
}

#[test]
fn tasks_are_listed_by_container_instance() {
    let mut trial = Trial::web();
    let (first, second) = (trial.host(), trial.instance(1024, 1024));
    let task = trial.start("web", &second);
    trial.start("web", &first);
    for name in [second.as_str(), id(&second)] {
        assert_eq!(
            list(&mut trial, ListTasks::new().container_instance(name)),
            [task.as_str()]
        );
    }
}

#[test]
fn tasks_are_listed_by_who_started_them() {
    let mut trial = Trial::web();
    trial.run("web");
    let task = trial
        .run_all(RunTask::new("web").started_by("me"))
        .remove(0);
    assert_eq!(list(&mut trial, ListTasks::new().started_by("me")), [task]);
}

#[test]
fn tasks_are_listed_by_launch_type() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let by = |kind| ListTasks {
        launch_type: Some(kind),
        ..ListTasks::new()
    };
    assert_eq!(list(&mut trial, by(LaunchType::Ec2)), [task]);
    assert_eq!(list(&mut trial, by(LaunchType::Fargate)), [""; 0]);
}

#[test]
fn filters_hold_together() {
    let mut trial = Trial::web();
    trial.define(sized("job", 1, 6));
    let host = trial.host();
    let (kept, stopped) = (trial.run("job"), trial.run("job"));
    trial.run("web");
    trial.stop(&stopped);
    let request = ListTasks::new().family("job").container_instance(&host);
    assert_eq!(list(&mut trial, request.clone()), [kept]);
    assert_eq!(
        list(&mut trial, request.desired_status(DesiredStatus::Stopped)),
        [stopped]
    );
}

#[test]
fn a_list_is_of_one_cluster() {
    let mut trial = Trial::web();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    trial.run("web");
    assert_eq!(list(&mut trial, ListTasks::new().cluster("other")), [""; 0]);
}

#[test]
fn pages_hold_every_task_once_and_in_order() {
    let mut trial = Trial::web();
    trial.define(sized("idle", 0, 6));
    let tasks: Vec<_> = (0..7).map(|_| trial.run("idle")).collect();
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let request = ListTasks {
            next_token: token,
            ..ListTasks::new().max_results(3)
        };
        let answer = trial.list_tasks(request).expect("the token was given out");
        assert!(answer.task_arns.len() <= 3);
        seen.extend(answer.task_arns);
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(seen, tasks);
}

#[test]
fn a_page_holds_100_unless_asked_for_fewer() {
    let mut trial = Trial::web();
    trial.define(sized("idle", 0, 6));
    for _ in 0..11 {
        trial.run_all(RunTask::new("idle").count(10));
    }
    let answer = trial
        .list_tasks(ListTasks::new())
        .expect("the request is good");
    assert_eq!(
        (answer.task_arns.len(), answer.next_token.is_some()),
        (100, true)
    );
}

#[test]
fn a_full_last_page_ends_the_walk() {
    let mut trial = Trial::web();
    trial.run_all(RunTask::new("web").count(3));
    let answer = trial
        .list_tasks(ListTasks::new().max_results(3))
        .expect("the request is good");
    assert_eq!((answer.task_arns.len(), answer.next_token), (3, None));
}

#[test]
fn a_task_that_stops_between_two_pages_hides_no_other() {
    let mut trial = Trial::web();
    let tasks: Vec<_> = (0..3).map(|_| trial.run("web")).collect();
    let answer = trial
        .list_tasks(ListTasks::new().max_results(1))
        .expect("the request is good");
    trial.stop(&tasks[0]);
    let token = answer.next_token.expect("two more follow");
    assert_eq!(
        list(&mut trial, ListTasks::new().next_token(token)),
        tasks[1..]
    );
}

#[test]
fn a_token_is_good_only_for_the_filters_it_was_given_out_for() {
    let mut trial = Trial::web();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    trial.run_all(RunTask::new("web").count(3));
    trial.instance(1, 6);
    let answer = trial
        .list_tasks(ListTasks::new().max_results(1))
        .expect("the request is good");
    let token = || answer.next_token.clone().expect("two more follow");
    for other in [
        ListTasks::new().family("web"),
        ListTasks::new().desired_status(DesiredStatus::Stopped),
        ListTasks::new().cluster("other"),
    ] {
        check_invalid(trial.list_tasks(other.next_token(token())), "nextToken");
    }
    let request = ListContainerInstances::new().next_token(token());
    check_invalid(trial.list_container_instances(request), "nextToken");
    check_invalid(
        trial.list_clusters(ListClusters::new().next_token(token())),
        "nextToken",
    );
}

#[test]
fn pages_of_container_instances_follow_each_other() {
    let mut trial = Trial::web();
    let hosts: Vec<_> = std::iter::once(trial.host())
        .chain((0..4).map(|_| trial.instance(1, 6)))
        .collect();
    trial.set_state(&hosts[1], ContainerInstanceStatus::Draining);
    let active = || ListContainerInstances::new().status(ContainerInstanceStatus::Active);
    let mut page = |request: ListContainerInstances| {
        let answer = trial
            .list_container_instances(request)
            .expect("the request is good");
        (answer.container_instance_arns, answer.next_token)
    };
    let (first, token) = page(active().max_results(2));
    assert_eq!(first, [hosts[0].as_str(), &hosts[2]]);
    let (second, end) = page(active().next_token(token.expect("two more follow")));
    assert_eq!((second, end), (hosts[3..].to_vec(), None));
}

#[test]
fn a_token_nobody_gave_out_is_refused() {
    let mut trial = Trial::web();
    for token in ["", "x", "0123456789abcdef01234567"] {
        check_invalid(
            trial.list_tasks(ListTasks::new().next_token(token)),
            "nextToken",
        );
    }
}

#[test]
fn the_size_of_a_page_may_change_on_the_way() {
    let mut trial = Trial::web();
    trial.run_all(RunTask::new("web").count(5));
    let answer = trial
        .list_tasks(ListTasks::new().max_results(2))
        .expect("the request is good");
    let request = ListTasks::new().next_token(answer.next_token.expect("three more follow"));
    assert_eq!(list(&mut trial, request.max_results(3)).len(), 3);
}

#[test]
fn a_list_by_an_unknown_service_or_container_instance_is_refused() {
    let mut trial = Trial::web();
    let by_service = ListTasks {
        service_name: Some("web".to_owned()),
        ..ListTasks::new()
    };
    check_refused(
        trial.list_tasks(by_service),
        "ServiceNotFoundException",
        "Service not found.",
    );
    let by_instance = ListTasks::new().container_instance("nobody");
    check_invalid(trial.list_tasks(by_instance), "containerInstance");
}

#[test]
fn tasks_are_described_in_the_order_asked_for() {
    let mut trial = Trial::web();
    let (a, b) = (trial.run("web"), trial.run("web"));
    let request = DescribeTasks::new([id(&b), &a.replace("/default/", "/"), "nobody", &b]);
    let answer = trial.describe_tasks(request).expect("the cluster is there");
    let found: Vec<_> = answer
        .tasks
        .iter()
        .map(|task| task.task_arn.clone())
        .collect();
    assert_eq!(found, [b.clone(), a, b]);
    assert_eq!(reasons(&answer.failures), ["MISSING"]);
}

#[test]
fn a_failure_tells_what_was_asked_for_as_an_arn() {
    let mut trial = Trial::web();
    let answer = trial.describe_tasks(DescribeTasks::new(["0123"]));
    let failures = answer.expect("the cluster is there").failures;
    let arn = "arn:aws:ecs:us-east-1:123456789012:task/default/0123";
    assert_eq!(failures[0].arn.as_deref(), Some(arn));
}

#[test]
fn a_task_of_another_cluster_or_region_is_missing() {
    let mut trial = Trial::web();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    let task = trial.run("web");
    assert!(missing(&mut trial, &task.replace("/default/", "/other/")));
    assert!(missing(&mut trial, &task.replace("us-east-1", "eu-west-1")));
    let answer = trial.describe_tasks(DescribeTasks::new([id(&task)]).cluster("other"));
    assert_eq!(
        reasons(&answer.expect("the cluster is there").failures),
        ["MISSING"]
    );
}

#[test]
fn one_to_100_tasks_are_described_at_once() {
    let mut trial = Trial::web();
    let many = |count| DescribeTasks::new(vec!["nobody"; count]);
    assert!(trial.describe_tasks(many(100)).is_ok());
    check_invalid(trial.describe_tasks(many(101)), "tasks");
    let none = trial.describe_tasks(many(0));
    check_refused(none, "InvalidParameterException", "Tasks cannot be empty.");
}

#[test]
fn one_to_100_container_instances_are_described_at_once() {
    let mut trial = Trial::web();
    let many = |count| DescribeContainerInstances::new(vec!["nobody"; count]);
    assert!(trial.describe_container_instances(many(100)).is_ok());
    for count in [0, 101] {
        let answer = trial.describe_container_instances(many(count));
        check_invalid(answer, "containerInstances");
    }
}

#[test]
fn reading_changes_nothing() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let host = trial.host();
    let before = (trial.digest(), trial.state_digest());
    trial.task(&task);
    trial.shown(&host);
    list(&mut trial, ListTasks::new());
    assert_eq!((trial.digest(), trial.state_digest()), before);
}

#[test]
fn a_task_definition_is_described_by_family_revision_and_arn() {
    let mut trial = Trial::web();
    let second = trial.define(one("web"));
    let mut revision = |reference: &str| {
        let answer = trial.describe_task_definition(DescribeTaskDefinition::new(reference));
        answer.expect("it is registered").task_definition.revision
    };
    assert_eq!((revision("web"), revision("web:1")), (2, 1));
    assert_eq!(revision(&second.task_definition_arn), 2);
}

#[test]
fn an_unknown_task_definition_is_not_described() {
    let answer = Trial::web().describe_task_definition(DescribeTaskDefinition::new("db"));
    check_refused(
        answer,
        "ClientException",
        "Unable to describe task definition.",
    );
}

/// Reads whose every write is seen after `lag`, or `bound` if that is shorter.
fn lagging(lag: Latency, stale_probability: Ratio, bound: u64) -> Reads {
    Reads::Lagging {
        lag,
        stale_probability,
        bound: Duration::from_secs(bound),
    }
}

fn five_seconds_behind() -> Trial {
    let lag = Latency::Fixed(Duration::from_secs(5));
    let mut trial = Trial::web_of(builder().reads(lagging(lag, Ratio::ONE, 60)));
    trial.at(60_000);
    trial
}

#[test]
fn a_lagging_reader_misses_what_was_just_written() {
    let mut trial = five_seconds_behind();
    let task = trial.run("web");
    assert!(missing(&mut trial, &task));
    assert_eq!(list(&mut trial, ListTasks::new()), [""; 0]);
    trial.at(64_999);
    assert!(missing(&mut trial, &task));
    trial.at(65_000);
    assert!(!missing(&mut trial, &task));
    assert_eq!(list(&mut trial, ListTasks::new()), [task]);
}

#[test]
fn a_lagging_reader_sees_a_task_as_it_was() {
    let mut trial = five_seconds_behind();
    let task = trial.run("web");
    trial.at(68_000);
    let shown = trial.task(&task);
    assert_eq!((shown.last_status, shown.version), (LastStatus::Pending, 1));
    trial.at(70_700);
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
}

#[test]
fn a_lagging_reader_sees_a_container_instance_as_it_was() {
    let mut trial = five_seconds_behind();
    let host = trial.host();
    trial.run("web");
    assert_eq!(trial.left(&host), (2048, 4096));
    trial.at(65_000);
    assert_eq!(trial.left(&host), (2048 - 256, 4096 - 512));
}

#[test]
fn a_lagging_reader_still_sees_what_is_gone() {
    let mut trial = five_seconds_behind();
    let task = trial.run("web");
    trial.at(70_000);
    trial.stop(&task);
    assert_eq!(list(&mut trial, ListTasks::new()), [task.as_str()]);
    trial.at(75_000);
    assert_eq!(list(&mut trial, ListTasks::new()), [""; 0]);
}

#[test]
fn a_writer_is_answered_from_the_truth_however_far_readers_lag() {
    let mut trial = five_seconds_behind();
    let task = trial.run("web");
    let told = trial.stop(&task);
    assert_eq!(told.desired_status, DesiredStatus::Stopped);
    let repeated = RunTask::new("web").client_token("once");
    assert_eq!(trial.run_all(repeated.clone()), trial.run_all(repeated));
}

#[test]
fn no_reader_lags_beyond_the_bound() {
    let lag = Latency::Fixed(Duration::from_secs(500));
    let mut trial = Trial::web_of(builder().reads(lagging(lag, Ratio::ONE, 2)));
    trial.at(60_000);
    let task = trial.run("web");
    trial.at(61_999);
    assert!(missing(&mut trial, &task));
    trial.at(62_000);
    assert!(!missing(&mut trial, &task));
}

#[test]
fn writes_that_are_never_late_are_seen_at_once() {
    let lag = Latency::Fixed(Duration::from_secs(500));
    let mut trial = Trial::web_of(builder().reads(lagging(lag, Ratio::ZERO, 2)));
    let task = trial.run("web");
    assert!(!missing(&mut trial, &task));
}

#[test]
fn a_reader_may_go_backwards_but_a_version_always_says_the_same() {
    let lag = Latency::Exponential {
        mean: Duration::from_secs(5),
    };
    let mut trial = Trial::web_of(builder().reads(lagging(lag, Ratio::new(1, 2), 60)));
    trial.at(60_000);
    let task = trial.run("web");
    let (mut known, mut last, mut went_back) = (std::collections::BTreeMap::new(), 0, false);
    for tick in 0..400 {
        if tick == 100 {
            trial.stop(&task);
        }
        trial.at(60_000 + tick * 100);
        let answer = trial.describe_tasks(DescribeTasks::new([&task]));
        for shown in answer.expect("the cluster is there").tasks {
            went_back |= shown.version < last;
            last = shown.version;
            let first = known.entry(shown.version).or_insert_with(|| shown.clone());
            assert_eq!(*first, shown);
        }
    }
    assert!(
        went_back,
        "luck would have to be odd for no reader to go back"
    );
}

#[test]
fn settling_ends_when_every_reader_sees_the_truth() {
    let mut trial = five_seconds_behind();
    let task = trial.run("web");
    trial.rest();
    assert_eq!(trial.now().as_millis(), 65_700 + 5_000);
    assert_eq!(trial.task(&task).last_status, LastStatus::Running);
}

#[test]
fn a_read_that_is_refused_leaves_later_reads_their_luck() {
    let lag = Latency::Exponential {
        mean: Duration::from_secs(5),
    };
    let mut trial = Trial::web_of(builder().reads(lagging(lag, Ratio::ONE, 60)));
    let tasks = trial.run_all(RunTask::new("web").count(8));
    trial.at(3_000);
    let mut disturbed = trial.clone();
    let seen = |trial: &mut Trial, refused: Option<Request>| {
        let mut answers = Vec::new();
        for _ in 0..20 {
            if let Some(request) = refused.clone() {
                trial
                    .call(request)
                    .expect_err("the request is to be refused");
            }
            let answer = trial.describe_tasks(DescribeTasks::new(&tasks));
            answers.push(answer.expect("the cluster is there").tasks.len());
        }
        answers
    };
    let calm = seen(&mut trial, None);
    let refused = DescribeTasks::new(["nobody"]).cluster("nowhere");
    assert_eq!(seen(&mut disturbed, Some(refused.into())), calm);
}
