//! The queue in the hold model: pop the next event, push one at its time plus a delay.

use std::time::Duration;

use wavetank::SimTime;
use wavetank::draw::{Draws, Purpose};
use wavetank::queue::Queue;

use crate::Case;

/// As many delays as are drawn; they are then used over and over.
const DELAYS: usize = 1 << 16;

/// Events before any is counted, and counted ones.
const WARM_UP: u64 = 100_000;
const COUNTED: u64 = 200_000;

/// A queue under a constant load with exponential delays.
pub(crate) struct Hold {
    queue: Queue<u32>,
    owners: u32,
    delays: Vec<Duration>,
    events: u64,
}

impl Hold {
    pub(crate) fn new(owners: u32) -> Self {
        let mut draw = Draws::new(42).at(Purpose::Run, 0, 0);
        let delays = (0..DELAYS).map(|_| draw.exponential(Duration::from_secs(1)));
        let mut hold = Self {
            queue: Queue::new(),
            owners,
            delays: delays.collect(),
            events: 0,
        };
        for owner in 0..owners {
            hold.push(SimTime::ZERO, owner);
        }
        hold.turns(WARM_UP);
        hold
    }

    fn push(&mut self, now: SimTime, owner: u32) {
        let delay = self.delays[self.events as usize % DELAYS];
        self.queue.push(now.saturating_add(delay), owner);
        self.events += 1;
    }

    fn turns(&mut self, turns: u64) {
        for _ in 0..turns {
            let (now, owner) = self.queue.pop().expect("as many are pushed as are popped");
            self.push(now, owner);
        }
    }
}

impl Case for Hold {
    fn events(&self) -> u64 {
        self.events
    }

    fn work(&mut self) {
        self.turns(COUNTED);
    }

    fn check(&self) {
        let mut pending: Vec<u32> = self.queue.iter().map(|(_, &owner)| owner).collect();
        pending.sort_unstable();
        let each: Vec<u32> = (0..self.owners).collect();
        assert_eq!(pending, each, "each owner has an event pending");
    }
}
