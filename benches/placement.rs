//! Stop + place, by strategy, load and number of container instances: release, search and commit, with no life between.
//!
//! Container instances are of the 4–16 vCPU class and filled to 88 % of one resource with 24 classes of tasks, three of
//! them with a static host port. Then a random task is released and one of a random class is placed, over and over. Ties
//! go to the oldest instance, and for some also by lot. What is told is the least of many rounds.
//!
//! Before anything is timed the answers of some thousand steps are compared with those of a scheduler that looks at every
//! container instance, and with those of a second run.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a bench looks at the clock"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wavetank::ids::ContainerInstanceId;
use wavetank::ledger::Demand;
use wavetank::model::{PlacementTies, Timestamp};
use wavetank::placement::{
    Ask, ClassId, Constraint, EcsScheduler, FnScheduler, Machine, Packed, Packing, Pool, Refusal,
    Rule, Scheduler, TaskClass,
};

/// Steps of a round: the least time of all rounds is what is told.
const ROUND: u64 = 500;

/// How full a cluster is made, in percent.
const FILLED: u64 = 88;

/// What there is least of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    Memory,
    Cpu,
}

/// How tasks are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Binpack,
    Spread,
    Picky,
    MemberOf,
    Random,
}

/// A source of numbers for the workload.
#[derive(Clone, Debug)]
struct Words(u64);

impl Words {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * n as u128) >> 64) as usize
    }
}

impl Load {
    /// The demand of one of 24 classes.
    fn demand(self, class: u32) -> Demand {
        let cpu = 128 * (1 + class % 6);
        let mib_per_unit = match self {
            Self::Memory => 6 + class % 4,
            Self::Cpu => 1 + class % 3,
        };
        let port = (class % 8 == 7).then(|| 8000 + class as u16);
        Demand {
            cpu,
            memory: cpu * mib_per_unit,
            tcp: port.into_iter().collect(),
            ..Demand::default()
        }
    }
}

impl Way {
    fn class(self, load: Load, class: u32) -> TaskClass {
        let zone = || Rule::SpreadAttribute("ecs.availability-zone".to_owned());
        let wanted = TaskClass::new(load.demand(class)).group(format!("{self:?}-{class}"));
        match self {
            Self::Binpack => wanted.rule(Rule::BinpackMemory),
            Self::Spread => wanted.rule(zone()).rule(Rule::SpreadInstance),
            Self::Picky => ["half", "third", "tenth"]
                .into_iter()
                .fold(wanted, |wanted, part| wanted.constraint(member_of(part)))
                .distinct_instance()
                .rule(zone())
                .rule(Rule::BinpackMemory),
            Self::MemberOf => wanted
                .constraint(member_of("tenth"))
                .rule(Rule::BinpackMemory),
            Self::Random => wanted,
        }
    }

    /// Whether only some container instances can take its tasks: the rest are filled with others.
    fn is_choosy(self) -> bool {
        matches!(self, Self::Picky | Self::MemberOf)
    }
}

fn member_of(part: &str) -> Constraint {
    let text = format!("attribute:{part} == 0");
    Constraint::new(&text, Timestamp::default()).expect("the expression is good")
}

/// The machine of a number, in one of three zones; of three attributes each is zero independently of the others.
fn machine(number: usize) -> Machine {
    let vcpus = [4, 8, 12, 16][number * 7 % 4];
    let (zone, rest) = (number % 3, number / 3);
    Machine::new(1024 * vcpus, 4045 * vcpus)
        .attribute("ecs.availability-zone", ["a", "b", "c"][zone])
        .attribute("half", (rest % 2).to_string())
        .attribute("third", (rest / 2 % 3).to_string())
        .attribute("tenth", (rest / 6 % 10).to_string())
}

/// A cluster in steady state.
struct Steady<S> {
    packing: Packing<S>,
    classes: Vec<ClassId>,
    tasks: Vec<Packed>,
    words: Words,
    refused: u64,
}

impl<S: Scheduler> Steady<S> {
    fn new(scheduler: S, way: Way, load: Load, ties: PlacementTies, instances: usize) -> Self {
        let mut packing = Packing::new(scheduler, 42, ties);
        for number in 0..instances {
            packing.add(machine(number));
        }
        let mut class = |way: Way| -> Vec<ClassId> {
            let numbers = 0..24;
            numbers
                .map(|number| packing.class(way.class(load, number)))
                .collect()
        };
        let (classes, others) = (class(way), class(Way::Binpack));
        let mut steady = Self {
            packing,
            classes,
            tasks: Vec::new(),
            words: Words(0x9e37_79b9_7f4a_7c15),
            refused: 0,
        };
        if way.is_choosy() {
            // Few instances will do, and each takes a group once: half of what they have is enough.
            steady.fill(load, 50, |number| {
                let rest = number / 3;
                let is_one = |way| way == Way::MemberOf || (rest % 2 == 0 && rest / 2 % 3 == 0);
                rest / 6 % 10 == 0 && is_one(way)
            });
            let tasks = std::mem::take(&mut steady.tasks);
            let classes = std::mem::replace(&mut steady.classes, others);
            steady.fill(load, FILLED, |_| true);
            (steady.tasks, steady.classes) = (tasks, classes);
        } else {
            steady.fill(load, FILLED, |_| true);
        }
        steady
    }

    /// Places tasks until so many percent of some instances are taken.
    fn fill(&mut self, load: Load, percent: u64, counts: impl Fn(usize) -> bool) {
        let amount = |cpu: u32, memory: u32| match load {
            Load::Cpu => u64::from(cpu),
            Load::Memory => u64::from(memory),
        };
        let pool = self.packing.pool();
        let rows = (0..pool.len()).filter(|row| counts(*row));
        let (mut whole, mut free) = (0, 0);
        for row in rows {
            let (left, spec) = (pool.remaining(row), &pool.record(row).spec);
            whole += amount(spec.cpu, spec.memory);
            free += amount(left.cpu, left.memory);
        }
        let mut misses = 0;
        while free * 100 > whole * (100 - percent) && misses < 100 {
            let class = self.classes[self.words.below(self.classes.len())];
            let number = class.number() % 24;
            match self.packing.place(class) {
                Ok(packed) => {
                    let demand = load.demand(number);
                    free -= amount(demand.cpu, demand.memory).min(free);
                    self.tasks.push(packed);
                }
                Err(_) => misses += 1,
            }
        }
    }

    /// One task goes, one comes: where to, or why nowhere.
    fn step(&mut self) -> Result<ContainerInstanceId, Refusal> {
        let gone = self.words.below(self.tasks.len());
        let gone = self.tasks.swap_remove(gone);
        let class = gone.class();
        self.packing.release(gone);
        let wanted = self.classes[self.words.below(self.classes.len())];
        let placed = self.packing.place(wanted);
        let answer = placed.as_ref().map(Packed::on).map_err(|refusal| *refusal);
        let placed = placed.or_else(|_| {
            self.refused += 1;
            self.packing.place(class)
        });
        self.tasks.extend(placed);
        answer
    }
}

/// Looks at every container instance, whatever the strategy.
fn plain() -> impl Scheduler + Clone {
    FnScheduler::new("plain", |ask: &Ask<'_>, pool: &Pool<'_>| {
        let candidates: Vec<usize> = pool.feasible(ask).collect();
        let row = pool
            .rank(ask, candidates)
            .ok_or_else(|| pool.refusal(ask))?;
        Ok(pool.instances()[row])
    })
}

/// A cluster in steady state whose answers are those of a scan, and the same a second time.
fn checked(way: Way, load: Load, ties: PlacementTies, instances: usize) -> Steady<EcsScheduler> {
    let new = || Steady::new(EcsScheduler::default(), way, load, ties, instances);
    let (mut steady, mut again) = (new(), new());
    let is_random = way == Way::Random;
    let mut scanned = (!is_random && instances <= 1_000)
        .then(|| Steady::new(plain(), way, load, ties, instances));
    for step in 0..2_000 {
        let answer = steady.step();
        assert_eq!(answer, again.step(), "two runs agree in step {step}");
        if let Some(scanned) = &mut scanned {
            assert_eq!(answer, scanned.step(), "a scan agrees in step {step}");
        }
        if is_random || instances > 1_000 {
            check_last(&steady, answer, step);
        }
    }
    assert!(steady.refused < 500, "{} of 2,000 refused", steady.refused);
    steady
}

/// Where a scan of each step would take too long: what was chosen was there to be chosen.
fn check_last(
    steady: &Steady<EcsScheduler>,
    answer: Result<ContainerInstanceId, Refusal>,
    step: u32,
) {
    if let Ok(on) = answer {
        let instances = steady.packing.pool().len();
        assert!(
            on.index() < instances,
            "an instance is chosen in step {step}"
        );
    }
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
    let sizes = [100, 1_000, 10_000, 100_000];
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
        for instances in sizes {
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
    for instances in [100, 1_000, 10_000, 100_000] {
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
            assert_eq!(first.closest, Some(pool.instances()[0]));
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
