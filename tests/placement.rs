//! Where RunTask puts tasks, told in text: see `support::fixture` for its words (ecs-semantics 5.1 to 5.5).

use std::collections::BTreeSet;

use wavetank::model::*;
use wavetank::placement::{Ask, EcsScheduler, FnScheduler, Pool, Rule, Scheduler};

use crate::support::{Trial, builder, check_placement, one, placed, reasons};

#[test]
fn a_task_goes_where_there_is_room() {
    let cluster = "a cpu=100
                   b cpu=512";
    check_placement(cluster, "cpu=256", "b");
    check_placement(cluster, "cpu=512", "b");
}

#[test]
fn each_task_of_a_request_sees_where_those_before_it_went() {
    let cluster = "a cpu=512
                   b cpu=300";
    check_placement(cluster, "count=3 cpu=256 spread=instanceId", "a b a");
    check_placement(
        cluster,
        "count=4 cpu=256 binpack=cpu",
        "b a a RESOURCE:CPU@a",
    );
}

#[test]
fn a_later_task_of_a_request_may_fit_where_an_earlier_kind_would_not() {
    check_placement(
        "a memory=1000",
        "count=3 memory=400",
        "a a RESOURCE:MEMORY@a",
    );
}

#[test]
fn reasons_are_told_in_a_fixed_order() {
    check_placement(
        "a draining disconnected cpu=1 memory=1",
        "cpu=9 memory=9 gpus=1",
        "INACTIVE@a",
    );
    check_placement(
        "a disconnected cpu=1 memory=1",
        "cpu=9 memory=9 gpus=1",
        "AGENT@a",
    );
    check_placement(
        "a cpu=1 memory=1 holds=80",
        "cpu=9 memory=9 port=80 gpus=1",
        "RESOURCE:CPU@a",
    );
    check_placement(
        "a memory=1 holds=80",
        "memory=9 port=80 gpus=1",
        "RESOURCE:MEMORY@a",
    );
    check_placement("a holds=80", "port=80 gpus=1", "RESOURCE:PORTS@a");
    check_placement("a runs=web", "gpus=1 group=web distinct", "RESOURCE:GPU@a");
}

#[test]
fn the_reason_is_that_of_the_closest_container_instance() {
    let cluster = "a cpu=1 memory=1
                   b memory=1
                   c cpu=1";
    check_placement(cluster, "cpu=9 memory=9", "RESOURCE:MEMORY@b");
}

#[test]
fn of_equally_close_container_instances_the_oldest_tells_the_reason() {
    let cluster = "a memory=1
                   b cpu=1";
    check_placement(cluster, "cpu=9 memory=9", "RESOURCE:MEMORY@a");
}

#[test]
fn a_disconnected_container_instance_gets_nothing() {
    let cluster = "a disconnected
                   b";
    check_placement(cluster, "count=2 binpack=cpu", "b b");
    check_placement("a disconnected", "cpu=1", "AGENT@a");
}

#[test]
fn a_draining_container_instance_gets_nothing() {
    let cluster = "a draining
                   b";
    check_placement(cluster, "count=2 spread=instanceId", "b b");
    check_placement("a draining", "cpu=1", "INACTIVE@a");
}

#[test]
fn a_static_port_keeps_tasks_apart() {
    let cluster = "a
                   b holds=80
                   c";
    check_placement(
        cluster,
        "count=3 port=80 binpack=memory",
        "a c RESOURCE:PORTS@a",
    );
}

#[test]
fn a_udp_port_does_not_stand_in_the_way_of_a_tcp_port() {
    let cluster = "a holds=53/udp
                   b holds=53";
    check_placement(cluster, "port=53 binpack=cpu", "a");
    check_placement(cluster, "port=53/udp binpack=cpu", "b");
}

#[test]
fn gpus_are_counted() {
    let cluster = "a gpus=1
                   b gpus=3";
    check_placement(cluster, "count=2 gpus=2", "b RESOURCE:GPU@a");
}

#[test]
fn binpack_fills_the_container_instance_with_the_least_left() {
    let cluster = "a cpu=900 memory=500
                   b cpu=400 memory=900
                   c cpu=700 memory=700";
    check_placement(cluster, "count=4 cpu=200 binpack=cpu", "b b c c");
    check_placement(cluster, "count=4 memory=200 binpack=memory", "a a c c");
}

#[test]
fn binpack_takes_the_name_of_its_resource_in_any_case() {
    let cluster = "a memory=900
                   b memory=500";
    check_placement(cluster, "memory=100 binpack=MEMORY", "b");
}

#[test]
fn binpack_passes_over_what_is_too_small() {
    let cluster = "a cpu=100
                   b cpu=300
                   c cpu=200";
    check_placement(cluster, "cpu=150 binpack=cpu", "c");
}

#[test]
fn binpack_opens_no_empty_container_instance_while_a_used_one_has_room() {
    let cluster = "a
                   b
                   c";
    check_placement(cluster, "count=6 cpu=1024 binpack=cpu", "a a a a b b");
}

#[test]
fn a_second_binpack_decides_only_among_equals() {
    let cluster = "a cpu=500 memory=300
                   b cpu=500 memory=200
                   c cpu=600 memory=100";
    check_placement(cluster, "cpu=1 memory=6 binpack=cpu binpack=memory", "b");
}

#[test]
fn spread_over_instances_takes_the_one_with_the_fewest_tasks_of_the_group() {
    let cluster = "a runs=web*2
                   b runs=web
                   c runs=web*3";
    check_placement(cluster, "count=4 group=web spread=instanceId", "b a b a");
}

#[test]
fn host_is_another_word_for_instance_id() {
    let cluster = "a runs=web
                   b";
    check_placement(cluster, "group=web spread=host", "b");
}

#[test]
fn spread_counts_on_many_container_instances_as_on_few() {
    let line = |number: usize| match number {
        7 | 41 => format!("i{number}\n"),
        _ => format!("i{number} runs=web\n"),
    };
    let cluster: String = (0..50).map(line).collect();
    check_placement(
        &cluster,
        "count=4 group=web spread=instanceId",
        "i7 i41 i0 i1",
    );
    check_placement(&cluster, "count=2 group=web distinct binpack=cpu", "i7 i41");
}

#[test]
fn spread_counts_tasks_of_the_same_group_only() {
    let cluster = "a runs=web
                   b runs=other*5";
    check_placement(cluster, "group=web spread=instanceId", "b");
}

#[test]
fn a_request_without_a_group_belongs_to_the_group_of_its_family() {
    let cluster = "a runs=family:asked
                   b";
    check_placement(cluster, "spread=instanceId", "b");
}

#[test]
fn spread_does_not_count_tasks_told_to_stop() {
    let cluster = "a stops=web*3
                   b runs=web";
    check_placement(cluster, "group=web spread=instanceId", "a");
    check_placement(cluster, "group=web spread=instanceId distinct", "a");
}

#[test]
fn spread_over_zones_takes_the_zone_with_the_fewest_tasks_of_the_group() {
    let cluster = "a zone=1 runs=web
                   b zone=2
                   c zone=1
                   d zone=3 runs=web";
    check_placement(
        cluster,
        "count=3 group=web spread=attribute:ecs.availability-zone",
        "b a b",
    );
}

#[test]
fn an_even_spread_differs_by_one_at_most() {
    let cluster = "a zone=1
                   b zone=2
                   c zone=3";
    let expected = "a b c a b c a b c a";
    check_placement(
        cluster,
        "count=10 spread=attribute:ecs.availability-zone",
        expected,
    );
}

#[test]
fn zones_are_counted_on_full_container_instances_too() {
    let cluster = "full zone=1 cpu=0 runs=web*2
                   a zone=1
                   b zone=2 runs=web";
    check_placement(
        cluster,
        "cpu=1 group=web spread=attribute:ecs.availability-zone",
        "b",
    );
}

#[test]
fn zones_are_counted_on_draining_and_disconnected_container_instances_too() {
    let cluster = "draining zone=1 runs=web draining
                   lost zone=1 runs=web disconnected
                   a zone=1
                   b zone=2 runs=web";
    check_placement(
        cluster,
        "group=web spread=attribute:ecs.availability-zone",
        "b",
    );
}

#[test]
fn a_zone_where_nothing_fits_is_passed_over() {
    let cluster = "a zone=1 cpu=1
                   b zone=2 runs=web*4";
    check_placement(
        cluster,
        "cpu=9 group=web spread=attribute:ecs.availability-zone",
        "b",
    );
}

#[test]
fn container_instances_without_the_attribute_are_one_group() {
    let cluster = "a rack=1 runs=web
                   b
                   c runs=web
                   d rack=2 runs=web*2";
    check_placement(cluster, "count=2 group=web spread=attribute:rack", "a b");
    let cluster = "a rack=1 runs=web*2
                   b runs=web
                   c";
    check_placement(cluster, "group=web spread=attribute:rack", "b");
}

#[test]
fn an_attribute_that_nobody_has_makes_no_difference() {
    let cluster = "a runs=web
                   b";
    check_placement(cluster, "group=web spread=attribute:rack", "a");
    check_placement(
        cluster,
        "group=web spread=attribute:rack spread=instanceId",
        "b",
    );
}

#[test]
fn rules_narrow_in_their_order() {
    let cluster = "a zone=1 memory=900
                   b zone=2 memory=800 runs=web
                   c zone=1 memory=700
                   d zone=2 memory=600";
    let zones = "spread=attribute:ecs.availability-zone";
    check_placement(
        cluster,
        &format!("group=web memory=100 {zones} binpack=memory"),
        "c",
    );
    check_placement(
        cluster,
        &format!("group=web memory=100 binpack=memory {zones}"),
        "d",
    );
}

#[test]
fn spread_over_zones_and_then_instances() {
    let cluster = "a zone=1 runs=web*2
                   b zone=1
                   c zone=2 runs=web
                   d zone=2 runs=web";
    let rules = "spread=attribute:ecs.availability-zone spread=instanceId";
    check_placement(cluster, &format!("count=2 group=web {rules}"), "b c");
}

#[test]
fn rules_after_random_have_no_effect() {
    let cluster = "a cpu=100
                   b cpu=200
                   c cpu=300";
    let picked = |request: &str| -> Vec<String> {
        let seeds = 0..20;
        seeds
            .map(|seed| placed(builder().seed(seed), cluster, request))
            .collect()
    };
    assert_eq!(picked("random binpack=cpu"), picked("random"));
}

#[test]
fn distinct_instance_puts_each_task_on_one_of_its_own() {
    let cluster = "a
                   b";
    let expected = "a b DistinctInstance placement constraint unsatisfied@a";
    check_placement(cluster, "count=3 distinct binpack=cpu", expected);
}

#[test]
fn distinct_instance_looks_at_tasks_of_the_same_group_only() {
    let cluster = "a runs=web
                   b runs=other";
    check_placement(cluster, "group=web distinct binpack=cpu", "b");
    check_placement(cluster, "group=new distinct binpack=cpu", "a");
}

#[test]
fn distinct_instance_looks_at_what_is_wanted() {
    check_placement("a stops=web", "group=web distinct", "a");
}

#[test]
fn distinct_instance_is_a_matter_of_the_request_not_of_those_before_it() {
    let mut trial = Trial::web();
    let distinct = PlacementConstraint::distinct_instance();
    trial.run_all(RunTask::new("web").constraint(distinct));
    trial.run("web");
}

#[test]
fn constraints_bind_and_strategies_only_prefer() {
    let cluster = "a runs=web
                   b cpu=1";
    check_placement(cluster, "cpu=9 group=web spread=instanceId", "a");
    let unmet = "DistinctInstance placement constraint unsatisfied@a";
    check_placement(cluster, "cpu=9 group=web distinct", unmet);
}

#[test]
fn the_oldest_container_instance_wins_a_tie() {
    let cluster = "a
                   b
                   c";
    check_placement(cluster, "spread=instanceId", "a");
    check_placement(cluster, "binpack=memory", "a");
}

/// Every place that one task of a request gets under some seed.
fn places(cluster: &str, request: &str) -> BTreeSet<String> {
    let seeds = 0..64;
    seeds
        .map(|seed| {
            let builder = builder().seed(seed).placement_ties(PlacementTies::Seeded);
            placed(builder, cluster, request)
        })
        .collect()
}

#[test]
fn without_a_strategy_every_container_instance_with_room_is_reached() {
    let cluster = "a
                   full cpu=0
                   b
                   c";
    let all = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(places(cluster, "cpu=1"), all);
    assert_eq!(places(cluster, "cpu=1 random"), all);
}

#[test]
fn the_only_container_instance_with_room_among_many_is_found_by_lot() {
    let mut cluster: String = (0..60)
        .map(|number| format!("full{number} cpu=0\n"))
        .collect();
    cluster.push_str("a cpu=9");
    assert_eq!(places(&cluster, "cpu=1"), ["a".to_owned()].into());
}

#[test]
fn a_lot_falls_on_each_container_instance_with_room_about_as_often() {
    let cluster = "a
                   full cpu=0
                   b
                   c";
    let mut often = std::collections::BTreeMap::new();
    for seed in 0..300 {
        let place = placed(builder().seed(seed), cluster, "cpu=1");
        *often.entry(place).or_insert(0) += 1;
    }
    assert!(
        often.values().all(|times| (70..130).contains(times)),
        "{often:?}"
    );
}

#[test]
fn a_seeded_tie_reaches_every_one_of_the_best_and_no_other() {
    let cluster = "a cpu=300
                   b cpu=200
                   c cpu=200";
    let best = ["b", "c"].map(str::to_owned).into();
    assert_eq!(places(cluster, "cpu=1 binpack=cpu"), best);
}

#[test]
fn a_task_keeps_its_luck_whatever_happened_before() {
    let place = |busy: bool| {
        let mut trial = Trial::of(builder().placement_ties(PlacementTies::Seeded));
        (0..9).for_each(|_| drop(trial.instance(4096, 8192)));
        trial.define(one("web"));
        if busy {
            trial.at(77_000);
            trial
                .list_tasks(ListTasks::new())
                .expect("the cluster is there");
        }
        let task = trial.run("web");
        trial.task(&task).container_instance_arn
    };
    assert_eq!(place(false), place(true));
}

#[test]
fn a_scheduler_of_ones_own_chooses() {
    let newest = FnScheduler::new("newest", |ask: &Ask<'_>, pool: &Pool<'_>| {
        let row = pool.feasible(ask).last().ok_or_else(|| pool.refusal(ask))?;
        Ok(pool.instances()[row])
    });
    let cluster = "a
                   b
                   c cpu=1";
    assert_eq!(placed(builder().scheduler(newest), cluster, "cpu=9"), "b");
}

#[test]
fn a_cluster_of_draining_container_instances_only_gives_failures() {
    let mut trial = Trial::web();
    let host = trial.host();
    trial.set_state(&host, ContainerInstanceStatus::Draining);
    let answer = trial
        .run_task(RunTask::new("web").count(2))
        .expect("the request is good");
    assert_eq!(reasons(&answer.failures), ["INACTIVE", "INACTIVE"]);
}

#[test]
fn the_default_of_services_takes_the_emptiest_zone_and_there_the_emptiest_instance() {
    let service = FnScheduler::new("service", |ask: &Ask<'_>, pool: &Pool<'_>| {
        let rules = Rule::of_services();
        let ask = Ask {
            rules: &rules,
            ..*ask
        };
        EcsScheduler::default().place(&ask, pool)
    });
    let mut trial = Trial::of(builder().scheduler(service));
    let machines = ["a", "b", "b", "c"].map(|zone| {
        let machine = RegisterContainerInstance::default().cpu(4096).memory(8192);
        trial.register(machine.attribute("ecs.availability-zone", zone))
    });
    trial.define(one("web"));
    let on = |trial: &mut Trial, count| {
        let tasks = trial.run_all(RunTask::new("web").group("service:web").count(count));
        let place = |task: &String| {
            let on = trial.task(task).container_instance_arn;
            machines
                .iter()
                .position(|arn| Some(arn.as_str()) == on.as_deref())
        };
        tasks.iter().map(place).collect::<Vec<_>>()
    };
    // One in each zone; then the zones are equal, and the instance without any comes first.
    assert_eq!(on(&mut trial, 3), [Some(0), Some(1), Some(3)]);
    assert_eq!(on(&mut trial, 3), [Some(2), Some(0), Some(3)]);
}
