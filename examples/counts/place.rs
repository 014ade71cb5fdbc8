//! Placement alone: on a cluster that is 88 % full a task goes and another comes, with no life between.

use wavetank::model::PlacementTies;
use wavetank::placement::EcsScheduler;

use crate::Case;
use crate::steady::{Load, Steady, Way};

/// Steps before any is counted, and counted ones.
const WARM_UP: u64 = 2_000;
const COUNTED: u64 = 20_000;

/// A cluster in steady state.
pub(crate) struct Place {
    steady: Steady<EcsScheduler>,
    steps: u64,
    tasks: usize,
}

impl Place {
    pub(crate) fn new(load: Load, instances: usize, way: Way) -> Self {
        let ties = PlacementTies::OldestInstance;
        let steady = Steady::new(EcsScheduler::default(), way, load, ties, instances);
        let mut place = Self {
            tasks: steady.tasks.len(),
            steady,
            steps: 0,
        };
        place.steps(WARM_UP);
        place
    }

    fn steps(&mut self, steps: u64) {
        for _ in 0..steps {
            let _ = self.steady.step();
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
        assert_eq!(self.steady.tasks.len(), self.tasks, "each task has a place");
        let refused = self.steady.refused;
        assert!(refused * 20 < self.steps, "{refused} refused");
    }
}
