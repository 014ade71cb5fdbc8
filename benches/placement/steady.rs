//! A cluster in steady state: container instances filled to 88 % of one resource with 24 classes of tasks, of which one goes
//! and another comes.
//!
//! benches/placement.rs times the steps, examples/counts counts their instructions.

use wavetank::ids::ContainerInstanceId;
use wavetank::ledger::Demand;
use wavetank::model::{PlacementTies, Timestamp};
use wavetank::placement::{
    ClassId, Constraint, Machine, Packed, Packing, Refusal, Rule, Scheduler, TaskClass,
};

/// How full a cluster is made, in percent.
const FILLED: u64 = 88;

/// What there is least of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Memory,
    Cpu,
}

/// How tasks are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Binpack,
    Spread,
    Zoned,
    Picky,
    MemberOf,
    Random,
}

/// A source of numbers for the workload.
#[derive(Clone, Debug)]
pub(crate) struct Words(u64);

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
    pub(crate) fn class(self, load: Load, class: u32) -> TaskClass {
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
pub(crate) struct Steady<S> {
    pub(crate) packing: Packing<S>,
    classes: Vec<ClassId>,
    pub(crate) tasks: Vec<Packed>,
    words: Words,
    /// Of so many tasks none had a place, so that one of the class that went came back.
    pub(crate) refused: u64,
    is_choosy: bool,
}

impl<S: Scheduler> Steady<S> {
    pub(crate) fn new(
        scheduler: S,
        way: Way,
        load: Load,
        ties: PlacementTies,
        instances: usize,
    ) -> Self {
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
    pub(crate) fn step(&mut self) -> Result<ContainerInstanceId, Refusal> {
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
