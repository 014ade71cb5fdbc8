//! Tags: put on resources, taken off, listed; those of a task's request and those of ECS itself (ecs-semantics 1.8, 3.1).

use std::time::Duration;

use wavetank::Latency;
use wavetank::draw::Ratio;
use wavetank::model::*;

use crate::support::{Trial, builder, check_invalid, check_refused, id, one};

const INACTIVE_CLUSTER: &str =
    "The specified cluster is inactive. Specify an active cluster and try again.";
const STOPPED_TASK: &str = "The specified task is stopped. Specify a running task and try again.";

fn tag(trial: &mut Trial, arn: &str, key: &str, value: &str) {
    let answer = trial.tag_resource(TagResource::new(arn).tag(key, value));
    answer.expect("the resource is there");
}

fn untag(trial: &mut Trial, arn: &str, key: &str) {
    let answer = trial.untag_resource(UntagResource::new(arn, [key]));
    answer.expect("the resource is there");
}

/// The tags of a resource as `key=value`.
fn tags(trial: &mut Trial, arn: &str) -> Vec<String> {
    let answer = trial.list_tags_for_resource(ListTagsForResource::new(arn));
    texts(&answer.expect("the resource is there").tags)
}

fn texts(tags: &[Tag]) -> Vec<String> {
    let text = |tag: &Tag| format!("{}={}", tag.key, tag.value.as_deref().unwrap_or_default());
    tags.iter().map(text).collect()
}

/// The tags of a task as DescribeTasks shows them.
fn shown(trial: &mut Trial, task: &str) -> Vec<String> {
    let request = DescribeTasks::new([task]).include(TaskField::Tags);
    let answer = trial.describe_tasks(request).expect("the cluster is there");
    texts(&answer.tasks[0].tags)
}

fn arn(path: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{path}")
}

/// One resource of each kind that carries tags.
fn resources(trial: &mut Trial) -> [String; 4] {
    let task = trial.run("web");
    let host = trial.host();
    [
        arn("cluster/default"),
        host,
        arn("task-definition/web:1"),
        task,
    ]
}

#[test]
fn every_kind_of_resource_is_tagged_listed_and_untagged() {
    let mut trial = Trial::web();
    for resource in resources(&mut trial) {
        assert_eq!(tags(&mut trial, &resource), [""; 0], "{resource}");
        tag(&mut trial, &resource, "team", "blue");
        tag(&mut trial, &resource, "cost", "");
        tag(&mut trial, &resource, "team", "red");
        assert_eq!(
            tags(&mut trial, &resource),
            ["team=red", "cost="],
            "{resource}"
        );
        untag(&mut trial, &resource, "team");
        untag(&mut trial, &resource, "never");
        assert_eq!(tags(&mut trial, &resource), ["cost="], "{resource}");
    }
}

#[test]
fn describing_with_tags_shows_them_too() {
    let mut trial = Trial::web();
    let [cluster, host, definition, task] = resources(&mut trial);
    for resource in [&cluster, &host, &definition, &task] {
        tag(&mut trial, resource, "team", "blue");
    }
    assert_eq!(shown(&mut trial, &task), ["team=blue"]);
    let request = DescribeClusters::new([&cluster]).include(ClusterField::Tags);
    let clusters = trial
        .describe_clusters(request)
        .expect("it is good")
        .clusters;
    assert_eq!(texts(&clusters[0].tags), ["team=blue"]);
    let request = DescribeContainerInstances::new([&host]).include(ContainerInstanceField::Tags);
    let hosts = trial
        .describe_container_instances(request)
        .expect("it is good");
    assert_eq!(texts(&hosts.container_instances[0].tags), ["team=blue"]);
    let request = DescribeTaskDefinition::new("web").include(TaskDefinitionField::Tags);
    let found = trial.describe_task_definition(request).expect("it is good");
    assert_eq!(texts(&found.tags), ["team=blue"]);
    assert_eq!(trial.task(&task).tags, [], "without TAGS none are shown");
}

#[test]
fn tasks_and_instances_are_found_by_their_short_arns_too() {
    let mut trial = Trial::web();
    let [_, host, _, task] = resources(&mut trial);
    for (kind, resource) in [("container-instance", &host), ("task", &task)] {
        let short = arn(&format!("{kind}/{}", id(resource)));
        tag(&mut trial, &short, "team", "blue");
        assert_eq!(tags(&mut trial, resource), ["team=blue"]);
    }
}

#[test]
fn tagging_one_task_leaves_the_others_of_its_request_alone() {
    let mut trial = Trial::web();
    let tasks = trial.run_all(RunTask::new("web").count(3).tag("team", "blue"));
    tag(&mut trial, &tasks[1], "team", "red");
    untag(&mut trial, &tasks[2], "team");
    assert_eq!(shown(&mut trial, &tasks[0]), ["team=blue"]);
    assert_eq!(shown(&mut trial, &tasks[1]), ["team=red"]);
    assert_eq!(shown(&mut trial, &tasks[2]), [""; 0]);
}

#[test]
fn a_task_definition_tagged_later_propagates_its_new_tags() {
    let mut trial = Trial::web();
    let propagate = || RunTask {
        propagate_tags: Some(PropagateTags::TaskDefinition),
        ..RunTask::new("web").tag("own", "1")
    };
    let before = trial.run_all(propagate()).remove(0);
    tag(&mut trial, &arn("task-definition/web:1"), "team", "blue");
    tag(&mut trial, &arn("task-definition/web:1"), "own", "2");
    let after = trial.run_all(propagate()).remove(0);
    assert_eq!(shown(&mut trial, &before), ["own=1"]);
    assert_eq!(shown(&mut trial, &after), ["own=1", "team=blue"]);
    let none = RunTask {
        propagate_tags: Some(PropagateTags::None),
        ..RunTask::new("web")
    };
    let none = trial.run_all(none).remove(0);
    assert_eq!(shown(&mut trial, &none), [""; 0]);
}

#[test]
fn managed_tags_name_the_cluster_and_stay_when_others_go() {
    let mut trial = Trial::web();
    let host = trial.host();
    let run = RunTask {
        enable_ecs_managed_tags: Some(true),
        ..RunTask::new("web").tag("team", "blue")
    };
    let start = StartTask {
        enable_ecs_managed_tags: Some(true),
        ..StartTask::new("web", [host])
    };
    let ran = trial.run_all(run).remove(0);
    let started = trial.start_task(start).expect("it is good").tasks.remove(0);
    assert_eq!(texts(&started.tags), ["aws:ecs:clusterName=default"]);
    assert_eq!(
        shown(&mut trial, &ran),
        ["team=blue", "aws:ecs:clusterName=default"]
    );
    untag(&mut trial, &ran, "team");
    assert_eq!(tags(&mut trial, &ran), ["aws:ecs:clusterName=default"]);
    let request = UntagResource::new(&ran, ["aws:ecs:clusterName"]);
    check_invalid(trial.untag_resource(request), "tagKeys");
}

#[test]
fn a_resource_has_at_most_50_tags_those_of_ecs_not_counted() {
    let mut trial = Trial::web();
    let many = |arn: &str, from: usize, count: usize| {
        (from..from + count).fold(TagResource::new(arn), |request, n| {
            request.tag(format!("k{n}"), "")
        })
    };
    let run = RunTask {
        enable_ecs_managed_tags: Some(true),
        ..RunTask::new("web")
    };
    let task = trial.run_all(run).remove(0);
    trial.tag_resource(many(&task, 0, 50)).expect("fifty fit");
    trial
        .tag_resource(many(&task, 0, 50))
        .expect("they are the same");
    let text = "A resource can have at most 50 tags.";
    check_refused(
        trial.tag_resource(many(&task, 49, 2)),
        "LimitExceededException",
        text,
    );
    assert_eq!(tags(&mut trial, &task).len(), 51);
    check_invalid(trial.tag_resource(many(&task, 0, 51)), "tags");
}

#[test]
fn propagated_tags_count_as_the_tasks_own() {
    let mut trial = Trial::web();
    let definition = (0..30).fold(one("tagged"), |definition, n| {
        definition.tag(format!("d{n}"), "")
    });
    trial.define(definition);
    let run = |own: usize| RunTask {
        propagate_tags: Some(PropagateTags::TaskDefinition),
        ..(0..own).fold(RunTask::new("tagged"), |run, n| {
            run.tag(format!("k{n}"), "")
        })
    };
    check_invalid(trial.run_task(run(21)), "tags");
    let task = trial.run_all(run(20)).remove(0);
    assert_eq!(tags(&mut trial, &task).len(), 50);
}

#[test]
fn stopping_a_task_deletes_its_tags() {
    let mut trial = Trial::web();
    let tasks = trial.run_all(RunTask::new("web").count(2).tag("team", "blue"));
    tag(&mut trial, &tasks[0], "cost", "1");
    trial.at(10_000);
    trial.stop(&tasks[0]);
    assert_eq!(tags(&mut trial, &tasks[0]), [""; 0]);
    tag(&mut trial, &tasks[0], "why", "noise");
    assert_eq!(shown(&mut trial, &tasks[0]), ["why=noise"]);
    assert_eq!(shown(&mut trial, &tasks[1]), ["team=blue"]);
}

#[test]
fn a_task_that_has_stopped_is_refused() {
    let mut trial = Trial::web();
    let task = trial
        .run_all(RunTask::new("web").tag("team", "blue"))
        .remove(0);
    trial.at(10_000);
    trial.exit(&task, "app", 0);
    trial.rest();
    let exception = "InvalidParameterException";
    let request = TagResource::new(&task).tag("a", "b");
    check_refused(trial.tag_resource(request), exception, STOPPED_TASK);
    let request = UntagResource::new(&task, ["team"]);
    check_refused(trial.untag_resource(request), exception, STOPPED_TASK);
    let request = ListTagsForResource::new(&task);
    check_refused(
        trial.list_tags_for_resource(request),
        exception,
        STOPPED_TASK,
    );
    assert_eq!(shown(&mut trial, &task), ["team=blue"]);
}

#[test]
fn a_deleted_cluster_is_refused() {
    let mut trial = Trial::new();
    trial
        .create_cluster(CreateCluster::new("demo"))
        .expect("the name is good");
    trial
        .delete_cluster(DeleteCluster::new("demo"))
        .expect("it is empty");
    let exception = "InvalidParameterException";
    let request = TagResource::new(arn("cluster/demo")).tag("a", "b");
    check_refused(trial.tag_resource(request), exception, INACTIVE_CLUSTER);
    let request = UntagResource::new(arn("cluster/demo"), ["a"]);
    check_refused(trial.untag_resource(request), exception, INACTIVE_CLUSTER);
    let request = ListTagsForResource::new(arn("cluster/demo"));
    check_refused(
        trial.list_tags_for_resource(request),
        exception,
        INACTIVE_CLUSTER,
    );
}

#[test]
fn a_deregistered_instance_is_refused() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.give_up(&host);
    check_invalid(
        trial.tag_resource(TagResource::new(&host).tag("a", "b")),
        "resourceArn",
    );
    check_invalid(
        trial.list_tags_for_resource(ListTagsForResource::new(&host)),
        "resourceArn",
    );
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut trial = Trial::web();
    let [_, host, _, task] = resources(&mut trial);
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    let nobody = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("task/default/{nobody}"),
        format!("task/{nobody}"),
        format!("container-instance/default/{nobody}"),
        format!("task/other/{}", id(&task)),
        format!("container-instance/other/{}", id(&host)),
        format!("task/default/{}", id(&host)),
        "task-definition/web:2".to_owned(),
        "service/default/shop".to_owned(),
        "capacity-provider/spare".to_owned(),
    ] {
        let arn = arn(&path);
        let text = "The specified resource was not found.";
        let exception = "ResourceNotFoundException";
        check_refused(
            trial.tag_resource(TagResource::new(&arn).tag("a", "b")),
            exception,
            text,
        );
        check_refused(
            trial.untag_resource(UntagResource::new(&arn, ["a"])),
            exception,
            text,
        );
        let listed = trial.list_tags_for_resource(ListTagsForResource::new(&arn));
        check_refused(listed, "InvalidParameterException", text);
    }
    let elsewhere = task.replace("us-east-1", "eu-west-1");
    let answer = trial.tag_resource(TagResource::new(elsewhere).tag("a", "b"));
    assert_eq!(
        answer.expect_err("it is of another region").exception(),
        "ResourceNotFoundException"
    );
}

#[test]
fn an_unknown_cluster_is_not_found() {
    let mut trial = Trial::web();
    for path in [
        "cluster/nowhere",
        "task/nowhere/0123456789abcdef0123456789abcdef",
    ] {
        let (exception, text) = ("ClusterNotFoundException", "Cluster not found.");
        let request = TagResource::new(arn(path)).tag("a", "b");
        check_refused(trial.tag_resource(request), exception, text);
        let request = ListTagsForResource::new(arn(path));
        check_refused(trial.list_tags_for_resource(request), exception, text);
    }
}

#[test]
fn what_is_no_arn_of_a_taggable_resource_is_refused() {
    let mut trial = Trial::web();
    let mut wrong = vec![
        "default".to_owned(),
        "arn:aws:ec2:us-east-1:123456789012:instance/i-1".to_owned(),
    ];
    let paths = [
        "cluster",
        "task-definition/web",
        "task-definition/web:0",
        "task/default/",
        "task/a/b/c",
        "service/shop",
        "container/default/a/b",
    ];
    wrong.extend(paths.map(arn));
    for arn in wrong {
        check_invalid(
            trial.tag_resource(TagResource::new(&arn).tag("a", "b")),
            "resourceArn",
        );
        check_invalid(
            trial.list_tags_for_resource(ListTagsForResource::new(&arn)),
            "resourceArn",
        );
    }
}

#[test]
fn wrong_tags_are_refused_wherever_a_request_takes_tags() {
    let mut trial = Trial::web();
    let host = trial.host();
    let clusters = arn("cluster/default");
    for tag in [Tag::new("aWs:x", ""), Tag::new("", ""), Tag::new("a*", "")] {
        let tags = || vec![tag.clone()];
        check_invalid(
            trial.create_cluster(CreateCluster {
                tags: tags(),
                ..Default::default()
            }),
            "tags.key",
        );
        let request = RegisterContainerInstance {
            tags: tags(),
            ..Default::default()
        };
        check_invalid(trial.register_container_instance(request), "tags.key");
        check_invalid(
            trial.register_task_definition(RegisterTaskDefinition {
                tags: tags(),
                ..one("x")
            }),
            "tags.key",
        );
        check_invalid(
            trial.run_task(RunTask {
                tags: tags(),
                ..RunTask::new("web")
            }),
            "tags.key",
        );
        let start = StartTask {
            tags: tags(),
            ..StartTask::new("web", [&host])
        };
        check_invalid(trial.start_task(start), "tags.key");
        check_invalid(
            trial.tag_resource(TagResource {
                tags: tags(),
                ..TagResource::new(&clusters)
            }),
            "tags.key",
        );
    }
}

#[test]
fn registering_again_keeps_tags_and_puts_those_it_names() {
    let mut trial = Trial::new();
    let request = || RegisterContainerInstance::default().cpu(10).memory(10);
    let host = trial.register(request());
    tag(&mut trial, &host, "team", "blue");
    tag(&mut trial, &host, "cost", "1");
    let again = RegisterContainerInstance {
        container_instance_arn: Some(host.clone()),
        tags: vec![Tag::new("cost", "2")],
        ..request()
    };
    trial.register(again);
    assert_eq!(tags(&mut trial, &host), ["team=blue", "cost=2"]);
}

#[test]
fn tags_do_not_raise_versions() {
    let mut trial = Trial::web();
    let [_, host, _, task] = resources(&mut trial);
    let before = (trial.shown(&host).version, trial.task(&task).version);
    tag(&mut trial, &host, "a", "b");
    tag(&mut trial, &task, "a", "b");
    assert_eq!(
        (trial.shown(&host).version, trial.task(&task).version),
        before
    );
}

#[test]
fn a_lagging_reader_learns_of_tags_late() {
    let reads = Reads::Lagging {
        lag: Latency::fixed(Duration::from_secs(5)).expect("five seconds can be drawn"),
        stale_probability: Ratio::new(1, 1),
        bound: Duration::from_secs(60),
    };
    let mut trial = Trial::web_of(builder().reads(reads));
    let hosts = trial.ledger().instances().iter();
    let host = hosts.map(|(_, record)| record.spec.arn.to_string()).next();
    let host = host.expect("one is registered");
    let task = trial.run("web");
    check_invalid(
        trial.list_tags_for_resource(ListTagsForResource::new(&task)),
        "resourceArn",
    );
    trial.at(60_000);
    for resource in [host, task] {
        tag(&mut trial, &resource, "team", "blue");
        assert_eq!(tags(&mut trial, &resource), [""; 0], "{resource}");
    }
    let [host, task] = [
        trial.host(),
        trial
            .list_tasks(ListTasks::new())
            .expect("it is good")
            .task_arns
            .remove(0),
    ];
    trial.at(66_000);
    for resource in [host, task] {
        assert_eq!(tags(&mut trial, &resource), ["team=blue"], "{resource}");
    }
}

#[test]
fn a_call_that_changes_no_tags_leaves_no_trace() {
    let mut trial = Trial::web();
    let host = trial.host();
    tag(&mut trial, &host, "team", "blue");
    let before = trial.digest();
    tag(&mut trial, &host, "team", "blue");
    untag(&mut trial, &host, "never");
    assert_eq!(trial.digest(), before);
    tag(&mut trial, &host, "team", "red");
    assert_ne!(trial.digest(), before);
    let trace = trial.trace().to_string();
    assert!(
        trace.contains("container-instance-0 tags set: 1"),
        "{trace}"
    );
}

#[test]
fn tags_go_with_their_task() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    tag(&mut trial, &task, "team", "blue");
    assert!(
        trial
            .ledger()
            .tasks()
            .all(|(task, _)| trial.ledger().extras(task).is_some())
    );
    trial.at(10_000);
    trial.stop(&task);
    trial.rest();
    trial
        .advance(Duration::from_secs(3_601))
        .expect("no invariant is violated");
    assert_eq!(trial.ledger().tasks_known(), 0);
    let answer = trial.list_tags_for_resource(ListTagsForResource::new(&task));
    check_refused(
        answer,
        "InvalidParameterException",
        "The specified resource was not found.",
    );
}
