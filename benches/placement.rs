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

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wavetank::ids::ContainerInstanceId;
use wavetank::ledger::Demand;
use wavetank::model::{PlacementTies, Timestamp};
use wavetank::placement::{
    Ask, ClassId, Constraint, EcsScheduler, Machine, Packed, Packing, Placement, Pool, Refusal,
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
    Zoned,
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
        let (cpu, mib_per_unit) = match self {
            Self::Memory => (128 * (1 + class % 6), 6 + class % 4),
            Self::Cpu => (256 * (1 + class % 6), 1 + class % 3),
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
            Self::Zoned => wanted.rule(zone()).rule(Rule::BinpackMemory),
            Self::MemberOf => wanted
                .constraint(member_of("tenth"))
                .rule(Rule::BinpackMemory),
            Self::Random => wanted,
        }
    }

    /// What the container instances are filled with that its tasks are too choosy for.
    fn filler(self) -> Self {
        match self {
            Self::Picky => Self::Zoned,
            _ => Self::Binpack,
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
    is_choosy: bool,
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
        let (classes, others) = (class(way), class(way.filler()));
        let mut steady = Self {
            packing,
            classes,
            tasks: Vec::new(),
            words: Words(0x9e37_79b9_7f4a_7c15),
            refused: 0,
            is_choosy: way.is_choosy(),
        };
        if way.is_choosy() {
            // Few instances will do, and each takes a group once: a third of what they have is enough.
            steady.fill(load, 30, |number| {
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
        // Few instances can take choosy tasks: there the same class comes again, which always has a place.
        let wanted = match self.is_choosy {
            true => class,
            false => self.classes[self.words.below(self.classes.len())],
        };
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
