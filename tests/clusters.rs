//! Clusters: created, described, listed and deleted (ecs-semantics 1.13 to 1.15).

use wavetank::model::*;

use crate::support::{Trial, check_refused, one, reasons};

fn created(trial: &mut Trial, name: &str) -> Cluster {
    let answer = trial.create_cluster(CreateCluster::new(name));
    answer.expect("the name is good").cluster
}

fn described(trial: &mut Trial, name: &str) -> Cluster {
    let answer = trial.describe_clusters(DescribeClusters::new([name]));
    let mut answer = answer.expect("a description of clusters is never refused for a name");
    assert_eq!(reasons(&answer.failures), [""; 0]);
    answer.clusters.remove(0)
}

fn listed(trial: &mut Trial, request: ListClusters) -> (Vec<String>, Option<String>) {
    let answer = trial.list_clusters(request).expect("the request is good");
    let names = answer.cluster_arns.iter();
    let names = names.map(|arn| {
        arn.rsplit_once('/')
            .expect("an ARN has a name")
            .1
            .to_owned()
    });
    (names.collect(), answer.next_token)
}

fn delete(trial: &mut Trial, name: &str) -> Cluster {
    let answer = trial.delete_cluster(DeleteCluster::new(name));
    answer.expect("the cluster is there and empty").cluster
}

#[test]
fn a_new_cluster_is_active_and_empty() {
    let cluster = created(&mut Trial::new(), "demo");
    assert_eq!(cluster.status, ClusterStatus::Active);
    assert_eq!(
        &*cluster.cluster_arn,
        "arn:aws:ecs:us-east-1:123456789012:cluster/demo"
    );
    let counts = (
        cluster.registered_container_instances_count,
        cluster.running_tasks_count,
        cluster.pending_tasks_count,
        cluster.active_services_count,
    );
    assert_eq!(counts, (0, 0, 0, 0));
}

#[test]
fn a_cluster_created_without_a_name_is_the_default_one() {
    let mut trial = Trial::new();
    let answer = trial.create_cluster(CreateCluster::default());
    let answer = answer.expect("a name is not needed");
    assert_eq!(&*answer.cluster.cluster_name, "default");
}

#[test]
fn creating_a_cluster_that_is_there_answers_with_it_as_it_is() {
    let mut trial = Trial::new();
    let first = trial.create_cluster(CreateCluster::new("demo").tag("owner", "ann"));
    let again = trial.create_cluster(CreateCluster::new("demo").tag("owner", "bob"));
    assert_eq!(again, first);
    assert_eq!(listed(&mut trial, ListClusters::new()).0, ["demo"]);
}

#[test]
fn a_cluster_is_described_by_name_and_by_arn() {
    let mut trial = Trial::new();
    let arn = created(&mut trial, "demo").cluster_arn;
    assert_eq!(described(&mut trial, &arn), described(&mut trial, "demo"));
}

#[test]
fn describing_no_cluster_in_particular_describes_the_default_one() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    created(&mut trial, "default");
    let answer = trial.describe_clusters(DescribeClusters::default());
    let clusters = answer.expect("a name is not needed").clusters;
    let names: Vec<_> = clusters
        .iter()
        .map(|cluster| &*cluster.cluster_name)
        .collect();
    assert_eq!(names, ["default"]);
}

#[test]
fn an_unknown_cluster_is_a_failure_and_not_an_error() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    let answer = trial.describe_clusters(DescribeClusters::new(["demo", "nowhere"]));
    let answer = answer.expect("an unknown name is no error");
    assert_eq!(answer.clusters.len(), 1);
    assert_eq!(reasons(&answer.failures), ["MISSING"]);
    let arn = "arn:aws:ecs:us-east-1:123456789012:cluster/nowhere";
    assert_eq!(answer.failures[0].arn.as_deref(), Some(arn));
}

#[test]
fn a_cluster_of_another_region_is_missing() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    let elsewhere = "arn:aws:ecs:eu-west-1:123456789012:cluster/demo";
    let answer = trial.describe_clusters(DescribeClusters::new([elsewhere]));
    let answer = answer.expect("an unknown ARN is no error");
    assert_eq!(reasons(&answer.failures), ["MISSING"]);
}

#[test]
fn up_to_100_clusters_are_described_at_once() {
    let mut trial = Trial::new();
    let names = |count| DescribeClusters::new(vec!["demo"; count]);
    assert!(trial.describe_clusters(names(100)).is_ok());
    let error = trial
        .describe_clusters(names(101))
        .expect_err("101 are too many");
    assert_eq!(error.exception(), "InvalidParameterException");
}

#[test]
fn labels_and_statistics_are_shown_only_when_asked_for() {
    let mut trial = Trial::new();
    let request = CreateCluster::new("demo").tag("owner", "ann");
    trial.create_cluster(request).expect("the name is good");
    let plain = described(&mut trial, "demo");
    assert_eq!((plain.tags.len(), plain.statistics.len()), (0, 0));
    let all = DescribeClusters::new(["demo"])
        .include(ClusterField::Tags)
        .include(ClusterField::Statistics);
    let answer = trial.describe_clusters(all).expect("the request is good");
    assert_eq!(answer.clusters[0].tags, [Tag::new("owner", "ann")]);
    let pending = KeyValuePair::new("pendingEC2TasksCount", "0");
    assert!(answer.clusters[0].statistics.contains(&pending));
}

#[test]
fn tasks_are_counted_by_their_last_status() {
    let mut trial = Trial::web();
    let counts = |trial: &mut Trial| {
        let cluster = described(trial, "default");
        (cluster.pending_tasks_count, cluster.running_tasks_count)
    };
    let task = trial.run("web");
    assert_eq!(counts(&mut trial), (1, 0));
    trial.at(5_700);
    assert_eq!(counts(&mut trial), (0, 1));
    trial.stop(&task);
    assert_eq!(
        counts(&mut trial),
        (0, 1),
        "it is still RUNNING as far as is known"
    );
    trial.rest();
    assert_eq!(counts(&mut trial), (0, 0));
}

#[test]
fn draining_container_instances_are_counted_and_inactive_ones_are_not() {
    let mut trial = Trial::web();
    let (draining, gone) = (trial.host(), trial.instance(1024, 1024));
    trial.set_state(&draining, ContainerInstanceStatus::Draining);
    trial.give_up(&gone);
    let cluster = described(&mut trial, "default");
    assert_eq!(cluster.registered_container_instances_count, 1);
}

#[test]
fn a_cluster_with_container_instances_is_not_deleted() {
    let mut trial = Trial::web();
    let host = trial.host();
    let text = "The Cluster cannot be deleted while Container Instances are active or draining.";
    for status in [
        ContainerInstanceStatus::Active,
        ContainerInstanceStatus::Draining,
    ] {
        trial.set_state(&host, status);
        let answer = trial.delete_cluster(DeleteCluster::new("default"));
        check_refused(answer, "ClusterContainsContainerInstancesException", text);
    }
}

#[test]
fn a_cluster_whose_container_instances_are_gone_is_deleted() {
    let mut trial = Trial::web();
    trial.run("web");
    let host = trial.host();
    trial.give_up(&host);
    assert_eq!(
        delete(&mut trial, "default").status,
        ClusterStatus::Inactive
    );
}

#[test]
fn a_deleted_cluster_is_described_as_inactive_and_no_longer_listed() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    assert_eq!(delete(&mut trial, "demo").status, ClusterStatus::Inactive);
    assert_eq!(
        described(&mut trial, "demo").status,
        ClusterStatus::Inactive
    );
    assert_eq!(listed(&mut trial, ListClusters::new()).0, [""; 0]);
}

#[test]
fn a_deleted_cluster_takes_no_requests() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    delete(&mut trial, "demo");
    let text = "The referenced cluster was inactive.";
    let answer = trial.list_tasks(ListTasks::new().cluster("demo"));
    check_refused(answer, "ClusterNotFoundException", text);
    let answer = trial.delete_cluster(DeleteCluster::new("demo"));
    check_refused(answer, "ClusterNotFoundException", text);
}

#[test]
fn the_name_of_a_deleted_cluster_is_free_again() {
    let mut trial = Trial::web();
    let task = trial.run("web");
    let host = trial.host();
    trial.give_up(&host);
    delete(&mut trial, "default");
    assert_eq!(created(&mut trial, "default").status, ClusterStatus::Active);
    let answer = trial.describe_tasks(DescribeTasks::new([task]));
    let failures = answer.expect("the cluster is active").failures;
    assert_eq!(
        reasons(&failures),
        ["MISSING"],
        "it was of the cluster before"
    );
}

#[test]
fn an_unknown_cluster_is_not_found_by_any_request() {
    let mut trial = Trial::web();
    let cluster = || "nowhere".to_owned();
    let requests: Vec<Request> = vec![
        DeleteCluster::new(cluster()).into(),
        RegisterContainerInstance::new(cluster()).cpu(1).into(),
        DeregisterContainerInstance::new("i")
            .cluster(cluster())
            .into(),
        DescribeContainerInstances::new(["i"])
            .cluster(cluster())
            .into(),
        ListContainerInstances::new().cluster(cluster()).into(),
        UpdateContainerInstancesState::new(["i"], ContainerInstanceStatus::Active)
            .cluster(cluster())
            .into(),
        RunTask::new("web").cluster(cluster()).into(),
        StartTask::new("web", ["i"]).cluster(cluster()).into(),
        StopTask::new("t").cluster(cluster()).into(),
        DescribeTasks::new(["t"]).cluster(cluster()).into(),
        ListTasks::new().cluster(cluster()).into(),
    ];
    for request in requests {
        let answer = trial.call(request);
        check_refused(answer, "ClusterNotFoundException", "Cluster not found.");
    }
}

#[test]
fn a_request_without_a_cluster_means_the_default_one() {
    let mut trial = Trial::new();
    created(&mut trial, "demo");
    trial.define(one("web"));
    let answer = trial.run_task(RunTask::new("web"));
    check_refused(answer, "ClusterNotFoundException", "Cluster not found.");
}

#[test]
fn a_request_may_name_its_cluster_by_arn() {
    let mut trial = Trial::web();
    let arn = "arn:aws:ecs:us-east-1:123456789012:cluster/default";
    let task = trial.run_all(RunTask::new("web").cluster(arn)).remove(0);
    let answer = trial.list_tasks(ListTasks::new().cluster(arn));
    assert_eq!(answer.expect("the cluster is there").task_arns, [task]);
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    let answer = trial.list_tasks(ListTasks::new().cluster(elsewhere));
    check_refused(answer, "ClusterNotFoundException", "Cluster not found.");
}

#[test]
fn clusters_are_listed_in_order_of_creation() {
    let mut trial = Trial::new();
    for name in ["zebra", "ant", "mole"] {
        created(&mut trial, name);
    }
    assert_eq!(
        listed(&mut trial, ListClusters::new()).0,
        ["zebra", "ant", "mole"]
    );
}

#[test]
fn pages_of_clusters_follow_each_other() {
    let mut trial = Trial::new();
    for name in ["a", "b", "c"] {
        created(&mut trial, name);
    }
    let (first, token) = listed(&mut trial, ListClusters::new().max_results(2));
    let token = token.expect("one more follows");
    let (second, end) = listed(&mut trial, ListClusters::new().next_token(token));
    assert_eq!(
        (first, second),
        (vec!["a".into(), "b".into()], vec!["c".to_owned()])
    );
    assert_eq!(end, None);
}

#[test]
fn a_cluster_deleted_between_two_pages_hides_no_other() {
    let mut trial = Trial::new();
    for name in ["a", "b", "c"] {
        created(&mut trial, name);
    }
    let (_, token) = listed(&mut trial, ListClusters::new().max_results(1));
    delete(&mut trial, "a");
    let token = token.expect("two more follow");
    let (rest, _) = listed(&mut trial, ListClusters::new().next_token(token));
    assert_eq!(rest, ["b", "c"]);
}
