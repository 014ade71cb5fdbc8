//! Stop + place, by strategy, load and number of container instances: release, search and commit, with no life between.
//!
//! Container instances are of the 4–16 vCPU class and filled to 88 % of one resource with 24 classes of tasks, three of
//! them with a static host port. Then a random task is released and one of a random class is placed, over and over. Ties
//! go to the oldest instance, and for some also by lot. What is told is the least of many rounds.
//!
//! Before anything is timed the answers of some thousand steps are compared with those of a second run, and some of them
//! with a look at every container instance.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench looks at the clock"
)]

#[path = "placement/steady.rs"]
mod steady;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wavetank::model::PlacementTies;
use wavetank::placement::{Ask, ClassId, EcsScheduler, Placement, Pool, Scheduler};

use steady::{Load, Steady, Way};

/// Steps of a round: the least time of all rounds is what is told.
const ROUND: u64 = 500;

/// The built-in scheduler, held against a look at every container instance now and then.
#[derive(Clone, Debug)]
struct Compared {
    inner: EcsScheduler,
    /// Of so many answers one is compared; 0 compares none.
    every: u32,
    compared: u32,
}

impl Scheduler for Compared {
    fn name(&self) -> &str {
        "compared"
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        let answer = self.inner.place(ask, pool);
        if self.every == 0 || ask.task.number() % self.every != 0 {
            return answer;
        }
        self.compared += 1;
        let candidates: Vec<usize> = pool.feasible(ask).collect();
        if let ([], Ok(on)) = (ask.rules, answer) {
            // Anybody will do, by the luck of the task.
            assert!(candidates.iter().any(|row| pool.instances()[*row] == on));
            return answer;
        }
        let row = pool.rank(ask, candidates);
        let scanned = row.ok_or_else(|| pool.refusal(ask));
        assert_eq!(answer, scanned.map(|row| pool.instances()[row]));
        answer
    }
}

/// A cluster in steady state whose answers are those of a scan, and the same a second time.
fn checked(way: Way, load: Load, ties: PlacementTies, instances: usize) -> Steady<EcsScheduler> {
    let mut steady = Steady::new(EcsScheduler::default(), way, load, ties, instances);
    let compared = Compared {
        inner: EcsScheduler::default(),
        every: 0,
        compared: 0,
    };
    let mut again = Steady::new(compared, way, load, ties, instances);
    let every = u32::try_from(instances / 1_000).expect("there are few");
    again.packing.scheduler_mut().every = every.max(1);
    for step in 0..2_000 {
        let answer = steady.step();
        assert_eq!(answer, again.step(), "two runs agree in step {step}");
    }
    assert!(again.packing.scheduler().compared > 10);
    assert!(steady.refused < 100, "{} of 2,000 refused", steady.refused);
    steady
}

/// Only a few instances when the bench is tried and not run.
fn sizes() -> impl Iterator<Item = usize> {
    let is_tried = std::env::args().any(|word| word == "--test");
    let sizes = [100, 1_000, 10_000, 100_000].into_iter();
    sizes.filter(move |size| !is_tried || *size <= 1_000)
}

/// The least time of a step over rounds, for as many steps as are asked for.
fn least(steps: u64, mut round: impl FnMut()) -> Duration {
    let mut least = Duration::MAX;
    for _ in 0..steps.div_ceil(ROUND) {
        let begun = Instant::now();
        for _ in 0..ROUND {
            round();
        }
        least = least.min(begun.elapsed());
    }
    let nanos = least.as_nanos() * u128::from(steps) / u128::from(ROUND);
    Duration::from_nanos(u64::try_from(nanos).expect("a bench is short"))
}

fn placement(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("placement");
    let oldest = PlacementTies::OldestInstance;
    for (name, way, load, ties) in [
        ("binpack-mem", Way::Binpack, Load::Memory, oldest),
        ("binpack-cpu", Way::Binpack, Load::Cpu, oldest),
        ("spread-mem", Way::Spread, Load::Memory, oldest),
        ("spread-cpu", Way::Spread, Load::Cpu, oldest),
        (
            "spread-mem-lot",
            Way::Spread,
            Load::Memory,
            PlacementTies::Seeded,
        ),
        ("picky-mem", Way::Picky, Load::Memory, oldest),
        ("picky-cpu", Way::Picky, Load::Cpu, oldest),
        ("member-of", Way::MemberOf, Load::Memory, oldest),
        ("random", Way::Random, Load::Memory, oldest),
    ] {
        for instances in sizes() {
            let id = BenchmarkId::new(name, instances);
            // Set up only when it is asked for.
            let mut steady = None;
            group.bench_function(id, |bencher| {
                let steady = steady.get_or_insert_with(|| checked(way, load, ties, instances));
                bencher.iter_custom(|steps| {
                    least(steps, || {
                        let _ = black_box(steady.step());
                    })
                })
            });
        }
    }
    group.finish();
}

/// A placement that fails, over and over, with nothing released.
fn failing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("failing");
    for instances in sizes() {
        let mut steady = None;
        group.bench_function(BenchmarkId::from_parameter(instances), |bencher| {
            let (steady, class): &mut (Steady<EcsScheduler>, ClassId) =
                steady.get_or_insert_with(|| {
                    let oldest = PlacementTies::OldestInstance;
                    let way = Way::Binpack;
                    let mut steady = Steady::new(
                        EcsScheduler::default(),
                        way,
                        Load::Memory,
                        oldest,
                        instances,
                    );
                    let mut wanted = way.class(Load::Memory, 0);
                    wanted.demand.cpu = 1 << 20;
                    let class = steady.packing.class(wanted);
                    (steady, class)
                });
            let first = steady.packing.place(*class).expect_err("nothing is so big");
            let pool = steady.packing.pool();
            let no_cpu = |row: &usize| pool.remaining(*row).memory >= 768;
            let oldest = (0..pool.len()).find(no_cpu).expect("some have memory left");
            assert_eq!(first.closest, Some(pool.instances()[oldest]));
            bencher.iter_custom(|steps| {
                least(steps, || {
                    let again = steady.packing.place(*class);
                    assert_eq!(black_box(again).as_ref().err(), Some(&first));
                })
            })
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = placement, failing
}
criterion_main!(benches);
