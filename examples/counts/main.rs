//! Work whose instructions are counted: `.ci/counts` runs each case of it under callgrind.
//!
//! ```sh
//! cargo run --release --example counts                     # the names of the cases
//! cargo run --release --example counts -- life-random-100  # one case; prints its events
//! ```
//!
//! | file | holds |
//! | --- | --- |
//! | [`life`] | tasks that come and go, on 100 to 10,000 container instances |
//! | [`place`] | placement alone |
//! | [`hold`] | the queue alone |
//!
//! A case is set up and brought to its steady state first. Callgrind collects inside [`counted`] alone, and the events
//! printed are those of the same work. Nothing here depends on a clock, so the counts repeat to a few instructions.

#![allow(
    clippy::disallowed_methods,
    reason = "a program reads its arguments; only the library must not"
)]

mod hold;
mod life;
mod place;
#[path = "../../benches/placement/steady.rs"]
mod steady;

use std::process::ExitCode;

use wavetank::PlacementStrategy;

use hold::Hold;
use life::Life;
use place::Place;
use steady::{Load, Way};

/// Makes a case ready to be counted.
type Make = fn() -> Box<dyn Case>;

/// The cases by name: each series with its sizes ascending.
const CASES: [(&str, Make); 22] = [
    ("life-random-100", || life(100, &[])),
    ("life-random-1000", || life(1_000, &[])),
    ("life-random-10000", || life(10_000, &[])),
    ("life-binpack-100", || {
        life(100, &[PlacementStrategy::binpack_memory()])
    }),
    ("life-binpack-1000", || {
        life(1_000, &[PlacementStrategy::binpack_memory()])
    }),
    ("life-lagging-1000", || Box::new(Life::lagging(1_000))),
    ("life-explained-before-1000", || {
        Box::new(Life::explained_before(1_000))
    }),
    ("place-binpack-100", || place(100, Way::Binpack)),
    ("place-binpack-1000", || place(1_000, Way::Binpack)),
    ("place-binpack-10000", || place(10_000, Way::Binpack)),
    ("place-binpack-cpu-1000", || {
        place_on(Load::Cpu, 1_000, Way::Binpack)
    }),
    ("place-spread-100", || place(100, Way::Spread)),
    ("place-spread-1000", || place(1_000, Way::Spread)),
    ("place-spread-10000", || place(10_000, Way::Spread)),
    ("place-picky-100", || place(100, Way::Picky)),
    ("place-picky-1000", || place(1_000, Way::Picky)),
    ("place-picky-10000", || place(10_000, Way::Picky)),
    ("place-member-of-1000", || place(1_000, Way::MemberOf)),
    ("place-random-1000", || place(1_000, Way::Random)),
    ("place-random-10000", || place(10_000, Way::Random)),
    ("queue-hold-100", || Box::new(Hold::new(100))),
    ("queue-hold-10000", || Box::new(Hold::new(10_000))),
];

fn life(instances: u32, strategy: &[PlacementStrategy]) -> Box<dyn Case> {
    Box::new(Life::new(instances, strategy))
}

fn place(instances: usize, way: Way) -> Box<dyn Case> {
    place_on(Load::Memory, instances, way)
}

fn place_on(load: Load, instances: usize, way: Way) -> Box<dyn Case> {
    Box::new(Place::new(load, instances, way))
}

/// Something in its steady state.
trait Case {
    /// How many events there have been, from the beginning.
    fn events(&self) -> u64;

    /// Some ten thousands of events more.
    fn work(&mut self);

    /// Panics unless the work was what it is said to be.
    fn check(&self);
}

/// A function of its own with a name that callgrind is told.
#[inline(never)]
fn counted(case: &mut dyn Case) -> u64 {
    let before = case.events();
    case.work();
    case.events() - before
}

fn main() -> ExitCode {
    let Some(name) = std::env::args().nth(1) else {
        for (name, _) in CASES {
            println!("{name}");
        }
        return ExitCode::SUCCESS;
    };
    let Some((_, set_up)) = CASES.iter().find(|(known, _)| *known == name) else {
        eprintln!("counts: no case is called {name}");
        return ExitCode::from(2);
    };
    let mut case = set_up();
    let events = counted(&mut *case);
    case.check();
    println!("{events}");
    ExitCode::SUCCESS
}

/// A source of numbers for the workload.
struct Words(u64);

impl Words {
    fn new() -> Self {
        Self(0x1234_5678_9abc_def1)
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((u128::from(self.0) * n as u128) >> 64) as usize
    }
}
