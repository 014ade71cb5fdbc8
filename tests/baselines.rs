//! Where the well-known schedulers put tasks, in the words of `support::fixture`.

use std::collections::BTreeSet;

use wavetank::model::PlacementTies;
use wavetank::placement::{Baseline, Twice};

use crate::support::{Trial, builder, placed, sized};

#[track_caller]
fn check(baseline: Baseline, cluster: &str, request: &str, expected: &str) {
    let found = placed(builder().scheduler(baseline), cluster, request);
    assert_eq!(found, expected, "{baseline}: {request}\non\n{cluster}");
}

#[test]
fn first_fit_takes_the_oldest_with_room() {
    let cluster = "a cpu=200
                   b cpu=900
                   c cpu=300";
    check(
        Baseline::FirstFit,
        cluster,
        "count=5 cpu=250",
        "b b b c RESOURCE:CPU@a",
    );
}

#[test]
fn best_fit_takes_the_one_with_the_least_left() {
    let cluster = "a cpu=900 memory=900
                   b cpu=500 memory=500 runs=web*90
                   c cpu=900 memory=900 runs=web*9";
    check(
        Baseline::BestFit,
        cluster,
        "count=3 cpu=300 memory=300",
        "b c c",
    );
}

#[test]
fn best_fit_counts_what_is_left_as_a_share_of_the_whole() {
    // Of b less is left in MiB, and more as a share: 500 of 500 against 600 of 1,200.
    let cluster = "a memory=600 runs=web*100
                   b memory=500";
    check(Baseline::BestFit, cluster, "memory=100", "a");
    check(Baseline::WorstFit, cluster, "memory=100", "b");
}

#[test]
fn worst_fit_takes_the_one_with_the_most_left() {
    let cluster = "a memory=800 runs=web*10
                   b memory=800
                   c memory=80";
    check(
        Baseline::WorstFit,
        cluster,
        "count=2 cpu=0 memory=100",
        "b a",
    );
}

#[test]
fn round_robin_goes_on_to_the_next_and_passes_over_what_is_full() {
    let cluster = "a
                   b
                   full cpu=0
                   c";
    check(
        Baseline::RoundRobin,
        cluster,
        "count=8 cpu=1",
        "a b c c a b c c",
    );
}

#[test]
fn dot_product_matches_the_shape_of_what_is_left() {
    let place = |baseline: Baseline, cpu, memory| {
        let mut trial = Trial::of(builder().scheduler(baseline));
        let hosts = [0, 1].map(|_| trial.instance(1_000, 1_000));
        trial.define(sized("computes", 700, 100));
        trial.define(sized("remembers", 100, 700));
        trial.start("computes", &hosts[0]);
        trial.start("remembers", &hosts[1]);
        trial.define(sized("asked", cpu, memory));
        let task = trial.run("asked");
        let on = trial.task(&task).container_instance_arn;
        hosts.iter().position(|host| on.as_deref() == Some(host))
    };
    assert_eq!(place(Baseline::DotProduct, 100, 200), Some(0));
    assert_eq!(place(Baseline::DotProduct, 200, 100), Some(1));
    // The sums of what is left are equal, so the oldest has it either way.
    assert_eq!(place(Baseline::BestFit, 100, 200), Some(0));
    assert_eq!(place(Baseline::BestFit, 200, 100), Some(0));
}

#[test]
fn random_reaches_every_container_instance_with_room_however_ties_are_broken() {
    let cluster = "a
                   full cpu=0
                   b";
    let place = |seed| {
        placed(
            builder().seed(seed).scheduler(Baseline::Random),
            cluster,
            "cpu=1",
        )
    };
    let places: BTreeSet<String> = (0..40).map(place).collect();
    assert_eq!(places, ["a", "b"].map(str::to_owned).into());
}

#[test]
fn a_tie_is_broken_as_the_run_breaks_ties() {
    let cluster = "a
                   b
                   c cpu=1";
    for baseline in [Baseline::BestFit, Baseline::WorstFit, Baseline::DotProduct] {
        let place = |seed| {
            let builder = builder().seed(seed).placement_ties(PlacementTies::Seeded);
            placed(builder.scheduler(baseline), cluster, "cpu=9")
        };
        let places: BTreeSet<String> = (0..40).map(place).collect();
        assert_eq!(places, ["a", "b"].map(str::to_owned).into(), "{baseline}");
        check(baseline, cluster, "cpu=9", "a");
    }
}

#[test]
fn every_baseline_keeps_requirements_and_constraints() {
    let cluster = "drained draining
                   lost disconnected
                   small cpu=8
                   taken holds=80
                   beside runs=web
                   a";
    let unmet = "DistinctInstance placement constraint unsatisfied@beside";
    for baseline in Baseline::ALL {
        let request = "count=2 cpu=9 port=80 group=web distinct";
        check(baseline, cluster, request, "a INACTIVE@drained");
        let cluster = "beside runs=web";
        check(baseline, cluster, "group=web distinct", unmet);
    }
}

#[test]
fn every_baseline_is_a_function_of_what_it_is_shown() {
    let cluster = "a cpu=1000
                   b memory=700 runs=web
                   c runs=web*2";
    for baseline in Baseline::ALL {
        let builder = || builder().placement_ties(PlacementTies::Seeded);
        let request = "count=6 group=web cpu=300";
        let once = placed(builder().scheduler(baseline), cluster, request);
        let strict = builder()
            .scheduler(Twice::new(baseline))
            .invariant(wavetank::always(
                "the scheduler makes no mistake",
                |seen| match seen.ledger.scheduler_errors().kept() {
                    [] => Ok(()),
                    [first, ..] => Err(first.to_string()),
                },
            ));
        assert_eq!(placed(strict, cluster, request), once, "{baseline}");
    }
}

#[test]
fn a_baseline_is_found_by_its_name() {
    for baseline in Baseline::ALL {
        assert_eq!(baseline.to_string().parse(), Ok(baseline));
    }
    let error = "next-fit".parse::<Baseline>().expect_err("there is none");
    assert!(error.to_string().contains("\"next-fit\""), "{error}");
}
