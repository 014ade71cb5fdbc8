//! Attributes: put, deleted, listed, and seen by placement (ecs-semantics 1.7 and 4.7).

use std::time::Duration;

use wavetank::model::*;
use wavetank::{Latency, Simulation};

use crate::support::{Trial, builder, check_invalid, check_refused, id, one};

fn put(trial: &mut Trial, instance: &str, name: &str, value: &str) {
    let attribute = Attribute::new(name, value).on(instance);
    let answer = trial.put_attributes(PutAttributes::new([attribute]));
    answer.expect("the attribute is good");
}

fn delete(trial: &mut Trial, instance: &str, name: &str) -> Vec<Attribute> {
    let attribute = Attribute::named(name).on(instance);
    let answer = trial.delete_attributes(DeleteAttributes::new([attribute]));
    answer.expect("the target is there").attributes
}

/// Names and values of the custom attributes of an instance, as DescribeContainerInstances shows them.
fn custom(trial: &mut Trial, instance: &str) -> Vec<(String, Option<String>)> {
    let shown = trial.shown(instance).attributes;
    let custom = shown.iter().filter(|attribute| !attribute.is_built_in());
    custom.map(pair).collect()
}

fn pair(attribute: &Attribute) -> (String, Option<String>) {
    let value = attribute.value.as_ref().map(ToString::to_string);
    (attribute.name.to_string(), value)
}

fn with_value(name: &str, value: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(value.to_owned()))
}

/// What a listing shows: the id of the instance, name and value.
fn listed(sim: &mut Simulation, request: ListAttributes) -> Vec<String> {
    let answer = sim.list_attributes(request).expect("the request is good");
    answer.attributes.iter().map(line).collect()
}

fn line(attribute: &Attribute) -> String {
    let target = attribute.target_id.as_deref().expect("a target is shown");
    let value = attribute.value.as_deref().unwrap_or("-");
    format!("{} {} {value}", &id(target)[..4], attribute.name)
}

#[test]
fn an_attribute_that_was_put_is_described_and_answered_with_its_arn() {
    let mut trial = Trial::web();
    let host = trial.host();
    let request = PutAttributes::new([
        Attribute::new("stack", "production").on(id(&host)),
        Attribute::named("spare").on(&host),
    ]);
    let answer = trial.put_attributes(request).expect("both are good");
    let targets: Vec<_> = answer
        .attributes
        .iter()
        .map(|a| a.target_id.as_deref())
        .collect();
    assert_eq!(targets, [Some(&*host); 2]);
    assert!(answer.attributes.iter().all(|a| a.target_type.is_none()));
    let expected = [
        with_value("stack", "production"),
        ("spare".to_owned(), None),
    ];
    assert_eq!(custom(&mut trial, &host), expected);
}

#[test]
fn the_same_name_overwrites() {
    let mut trial = Trial::web();
    let host = trial.host();
    put(&mut trial, &host, "stack", "a");
    put(&mut trial, &host, "stack", "b");
    assert_eq!(custom(&mut trial, &host), [with_value("stack", "b")]);
}

#[test]
fn of_two_of_one_name_in_one_call_the_later_counts() {
    let mut trial = Trial::web();
    let host = trial.host();
    let request = ["a", "b"].map(|value| Attribute::new("stack", value).on(&host));
    let answer = trial.put_attributes(PutAttributes::new(request));
    assert_eq!(answer.expect("both are good").attributes.len(), 1);
    assert_eq!(custom(&mut trial, &host), [with_value("stack", "b")]);
}

#[test]
fn a_value_may_be_left_out_again() {
    let mut trial = Trial::web();
    let host = trial.host();
    put(&mut trial, &host, "stack", "a");
    let bare = Attribute::named("stack").on(&host);
    trial
        .put_attributes(PutAttributes::new([bare]))
        .expect("a name is enough");
    assert_eq!(custom(&mut trial, &host), [("stack".to_owned(), None)]);
    trial.check().expect("the columns follow the records");
}

#[test]
fn an_instance_has_at_most_10_custom_attributes_and_any_number_of_built_in_ones() {
    let mut trial = Trial::web();
    let capabilities = (0..12).fold(RegisterContainerInstance::default(), |request, n| {
        request.attribute(&format!("ecs.capability.c{n}"), "x")
    });
    let host = trial.register(capabilities);
    let many = |from: usize, count: usize| {
        let attribute = |n: usize| Attribute::new(format!("a{n}"), "x").on(&host);
        PutAttributes::new((from..from + count).map(attribute))
    };
    trial.put_attributes(many(0, 10)).expect("ten fit");
    trial
        .put_attributes(many(0, 10))
        .expect("they are the same ten");
    let text = "A container instance can have at most 10 custom attributes.";
    check_refused(
        trial.put_attributes(many(9, 2)),
        "AttributeLimitExceededException",
        text,
    );
    assert_eq!(custom(&mut trial, &host).len(), 10);
    delete(&mut trial, &host, "a0");
    trial
        .put_attributes(many(9, 2))
        .expect("there is room again");
}

#[test]
fn attributes_of_registration_count_too() {
    let mut trial = Trial::web();
    let with = |count: usize| {
        (0..count).fold(RegisterContainerInstance::default(), |request, n| {
            request.attribute(&format!("a{n}"), "x")
        })
    };
    check_invalid(trial.register_container_instance(with(11)), "attributes");
    let host = trial.register(with(10));
    let one_more = Attribute::named("b").on(&host);
    let error = trial.put_attributes(PutAttributes::new([one_more]));
    assert_eq!(
        error.expect_err("there are ten").exception(),
        "AttributeLimitExceededException"
    );
}

#[test]
fn a_target_that_is_no_registered_instance_of_the_cluster_is_not_found() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    let gone = trial.instance(1, 1);
    trial.give_up(&gone);
    let text = "The target was not found: it is no container instance of the cluster.";
    for target in [
        &*gone,
        "0123456789abcdef0123456789abcdef",
        "nonsense",
        "arn:aws:ecs:x",
    ] {
        let attribute = || [Attribute::named("a").on(target)];
        let put = trial.put_attributes(PutAttributes::new(attribute()));
        check_refused(put, "TargetNotFoundException", text);
        let deleted = trial.delete_attributes(DeleteAttributes::new(attribute()));
        check_refused(deleted, "TargetNotFoundException", text);
    }
    let elsewhere = PutAttributes::new([Attribute::named("a").on(&host)]).cluster("other");
    check_refused(
        trial.put_attributes(elsewhere),
        "TargetNotFoundException",
        text,
    );
}

#[test]
fn an_unknown_cluster_is_refused() {
    let mut trial = Trial::web();
    let attributes = || [Attribute::named("a").on("0f9d")];
    let (exception, text) = ("ClusterNotFoundException", "Cluster not found.");
    let put = PutAttributes::new(attributes()).cluster("nowhere");
    check_refused(trial.put_attributes(put), exception, text);
    let deleted = DeleteAttributes::new(attributes()).cluster("nowhere");
    check_refused(trial.delete_attributes(deleted), exception, text);
    let list = ListAttributes::new().cluster("nowhere");
    check_refused(trial.list_attributes(list), exception, text);
}

#[test]
fn a_refused_call_changes_nothing() {
    let mut trial = Trial::web();
    let host = trial.host();
    put(&mut trial, &host, "kept", "x");
    let before = trial.state_digest();
    let half = |name: &str| {
        [
            Attribute::named(name).on(&host),
            Attribute::named(name).on("0f9d"),
        ]
    };
    assert!(
        trial
            .put_attributes(PutAttributes::new(half("new")))
            .is_err()
    );
    assert!(
        trial
            .delete_attributes(DeleteAttributes::new(half("kept")))
            .is_err()
    );
    assert_eq!(trial.state_digest(), before);
}

#[test]
fn deleting_answers_with_what_was_there() {
    let mut trial = Trial::web();
    let host = trial.host();
    put(&mut trial, &host, "stack", "a");
    let request =
        DeleteAttributes::new(["stack", "never"].map(|name| Attribute::named(name).on(&host)));
    let gone = trial
        .delete_attributes(request)
        .expect("the target is there")
        .attributes;
    assert_eq!(
        gone.iter().map(pair).collect::<Vec<_>>(),
        [with_value("stack", "a")]
    );
    assert_eq!(delete(&mut trial, &host, "stack"), []);
    assert_eq!(custom(&mut trial, &host), []);
}

#[test]
fn listing_shows_built_in_and_custom_attributes_by_name_and_value() {
    let mut trial = Trial::new();
    let zone = |zone| RegisterContainerInstance::default().attribute("ecs.availability-zone", zone);
    let (a, b) = (trial.register(zone("a")), trial.register(zone("b")));
    put(&mut trial, &b, "stack", "x");
    let (short_a, short_b) = (&id(&a)[..4], &id(&b)[..4]);
    let all = listed(&mut trial, ListAttributes::new());
    let expected = [
        format!("{short_a} ecs.availability-zone a"),
        format!("{short_b} ecs.availability-zone b"),
        format!("{short_b} stack x"),
    ];
    assert_eq!(all, expected);
    let zones = ListAttributes::new().name("ecs.availability-zone");
    assert_eq!(listed(&mut trial, zones.clone()), expected[..2]);
    assert_eq!(listed(&mut trial, zones.value("b")), expected[1..2]);
    assert_eq!(
        listed(&mut trial, ListAttributes::new().name("other")),
        [""; 0]
    );
}

#[test]
fn pages_cut_within_an_instance_and_go_on_there() {
    let mut trial = Trial::new();
    for _ in 0..3 {
        let host = trial.instance(1, 1);
        for name in ["a", "b", "c"] {
            put(&mut trial, &host, name, "x");
        }
    }
    let all = listed(&mut trial, ListAttributes::new());
    assert_eq!(all.len(), 9);
    let mut paged = Vec::new();
    let mut request = ListAttributes::new().max_results(2);
    loop {
        let answer = trial
            .list_attributes(request.clone())
            .expect("the token is good");
        paged.extend(answer.attributes.iter().map(line));
        match answer.next_token {
            Some(token) => request = request.next_token(token),
            None => break,
        }
    }
    assert_eq!(paged, all);
    assert!(request.next_token.is_some(), "there were several pages");
    check_invalid(trial.list_attributes(request.name("a")), "nextToken");
}

#[test]
fn attributes_of_other_clusters_and_of_inactive_instances_are_not_listed() {
    let mut trial = Trial::new();
    trial
        .create_cluster(CreateCluster::new("other"))
        .expect("the name is good");
    trial.register(RegisterContainerInstance::new("other").attribute("stack", "x"));
    let here = trial.register(RegisterContainerInstance::default().attribute("stack", "y"));
    assert_eq!(listed(&mut trial, ListAttributes::new()).len(), 1);
    trial.give_up(&here);
    assert_eq!(listed(&mut trial, ListAttributes::new()), [""; 0]);
    assert_eq!(
        listed(&mut trial, ListAttributes::new().cluster("other")).len(),
        1
    );
}

#[test]
fn placement_sees_an_attribute_at_once() {
    let mut trial = Trial::web();
    let (first, second) = (trial.host(), trial.instance(2048, 4096));
    let spread = || RunTask::new("web").strategy(PlacementStrategy::spread("attribute:rack"));
    let placed = |trial: &mut Trial| {
        let task = trial.run_all(spread()).remove(0);
        trial
            .task(&task)
            .container_instance_arn
            .expect("it was placed")
            .to_string()
    };
    assert_eq!(
        placed(&mut trial),
        first,
        "without the attribute the oldest is taken"
    );
    put(&mut trial, &first, "rack", "a");
    put(&mut trial, &second, "rack", "b");
    assert_eq!(placed(&mut trial), second);
    delete(&mut trial, &first, "rack");
    delete(&mut trial, &second, "rack");
    assert_eq!(placed(&mut trial), first);
    assert_eq!(placed(&mut trial), first);
}

#[test]
fn an_attribute_does_not_raise_the_version_of_its_instance() {
    let mut trial = Trial::web();
    let host = trial.host();
    let before = trial.shown(&host).version;
    put(&mut trial, &host, "stack", "a");
    delete(&mut trial, &host, "stack");
    assert_eq!(trial.shown(&host).version, before);
}

#[test]
fn registering_again_keeps_the_attributes_that_were_put() {
    let mut trial = Trial::new();
    let request = || RegisterContainerInstance::default().cpu(10).memory(10);
    let host = trial.register(request().attribute("agent", "old"));
    put(&mut trial, &host, "stack", "a");
    let again = RegisterContainerInstance {
        container_instance_arn: Some(host.clone()),
        ..request().attribute("agent", "new")
    };
    trial.register(again);
    let expected = [with_value("agent", "new"), with_value("stack", "a")];
    assert_eq!(custom(&mut trial, &host), expected);
}

#[test]
fn a_lagging_reader_learns_of_an_attribute_late() {
    let lag = Latency::fixed(Duration::from_secs(5)).expect("five seconds can be drawn");
    let reads = Reads::Lagging {
        lag,
        stale_probability: wavetank::draw::Ratio::new(1, 1),
        bound: Duration::from_secs(60),
    };
    let mut trial = Trial::of(builder().reads(reads));
    let host = trial.instance(1, 1);
    trial.define(one("web"));
    trial.at(60_000);
    put(&mut trial, &host, "stack", "a");
    assert_eq!(listed(&mut trial, ListAttributes::new()), [""; 0]);
    assert_eq!(custom(&mut trial, &host), []);
    trial.at(66_000);
    assert_eq!(listed(&mut trial, ListAttributes::new()).len(), 1);
    assert_eq!(custom(&mut trial, &host), [with_value("stack", "a")]);
}

#[test]
fn a_change_of_attributes_is_in_the_trace_with_its_content() {
    let run = |value: &str| {
        let mut trial = Trial::web();
        let host = trial.host();
        put(&mut trial, &host, "stack", value);
        delete(&mut trial, &host, "stack");
        (trial.trace().to_string(), trial.digest())
    };
    let (trace, digest) = run("a");
    assert!(
        trace.contains("container-instance-0 attributes put: 1"),
        "{trace}"
    );
    assert!(
        trace.contains("container-instance-0 attributes deleted: 1"),
        "{trace}"
    );
    assert_eq!(run("a").1, digest);
    assert_ne!(run("b").1, digest);
}
