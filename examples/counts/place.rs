//! Placement alone: on a cluster that is 88 % full a task goes and another comes, with no life between.

use wavetank::ledger::Demand;
use wavetank::model::PlacementTies;
use wavetank::placement::{ClassId, EcsScheduler, Machine, Packed, Packing, Rule, TaskClass};

use crate::{Case, Words};

/// Steps before any is counted, and counted ones.
const WARM_UP: u64 = 2_000;
const COUNTED: u64 = 20_000;

const CLASSES: u32 = 24;

/// A cluster in steady state, short of memory.
pub(crate) struct Place {
    packing: Packing<EcsScheduler>,
    classes: Vec<ClassId>,
    tasks: Vec<Packed>,
    words: Words,
    steps: u64,
    /// Of so many tasks none had a place.
    refused: u64,
}

impl Place {
    pub(crate) fn new(instances: u32, rules: &[Rule]) -> Self {
        let mut packing = Packing::new(EcsScheduler::default(), 42, PlacementTies::OldestInstance);
        let mut free = 0;
        for number in 0..instances {
            let vcpus = [4, 8, 12, 16][number as usize * 7 % 4];
            let zone = ["a", "b", "c"][number as usize % 3];
            let machine = Machine::new(1024 * vcpus, 4045 * vcpus);
            packing.add(machine.attribute("ecs.availability-zone", zone));
            free += u64::from(4045 * vcpus);
        }
        let class = |number| {
            let wanted = TaskClass::new(demand(number)).group(format!("web{number}"));
            let wanted = rules.iter().cloned().fold(wanted, TaskClass::rule);
            packing.class(wanted)
        };
        let mut place = Self {
            classes: (0..CLASSES).map(class).collect(),
            packing,
            tasks: Vec::new(),
            words: Words::new(),
            steps: 0,
            refused: 0,
        };
        place.fill(free * 88 / 100);
        place.steps(WARM_UP);
        place
    }

    /// Places tasks until they have so many MiB, or have been refused too often.
    fn fill(&mut self, memory: u64) {
        let (mut taken, mut misses) = (0, 0);
        while taken < memory && misses < 100 {
            let class = self.any_class();
            match self.packing.place(class) {
                Ok(packed) => {
                    taken += u64::from(demand(class.number()).memory);
                    self.tasks.push(packed);
                }
                Err(_) => misses += 1,
            }
        }
    }

    fn any_class(&mut self) -> ClassId {
        self.classes[self.words.below(self.classes.len())]
    }

    /// One task goes, one comes: of any class, or of its own where that has no place.
    fn steps(&mut self, steps: u64) {
        for _ in 0..steps {
            let gone = self.words.below(self.tasks.len());
            let gone = self.tasks.swap_remove(gone);
            let class = gone.class();
            self.packing.release(gone);
            let wanted = self.any_class();
            let placed = self.packing.place(wanted).or_else(|_| {
                self.refused += 1;
                self.packing.place(class)
            });
            self.tasks.push(placed.expect("it had a place before"));
        }
        self.steps += steps;
    }
}

impl Case for Place {
    fn events(&self) -> u64 {
        self.steps
    }

    fn work(&mut self) {
        self.steps(COUNTED);
    }

    fn check(&self) {
        let pool = self.packing.pool();
        let taken = |row| u64::from(pool.record(row).spec.memory - pool.remaining(row).memory);
        let wanted = |task: &Packed| u64::from(demand(task.class().number()).memory);
        assert_eq!(
            (0..pool.len()).map(taken).sum::<u64>(),
            self.tasks.iter().map(wanted).sum::<u64>(),
            "each task has a place"
        );
        assert!(self.refused * 20 < self.steps, "{} refused", self.refused);
    }
}

/// What a task of a class takes; one class in eight has a static host port.
fn demand(class: u32) -> Demand {
    let cpu = 128 * (1 + class % 6);
    Demand {
        cpu,
        memory: cpu * (6 + class % 4),
        tcp: (class % 8 == 7)
            .then_some(8000 + class as u16)
            .into_iter()
            .collect(),
        ..Demand::default()
    }
}
