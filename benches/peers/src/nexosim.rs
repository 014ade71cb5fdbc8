//! The workload on nexosim: one model on one thread that schedules events for itself, which is its best case here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nexosim::model::{Context, Model as Actor, schedulable};
use nexosim::simulation::{Mailbox, SimInit, Simulation};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::core::{Candidate, Model};

#[derive(Serialize, Deserialize)]
struct Hold {
    model: Model,
    pending: u32,
    /// The checksum, to be read from outside.
    #[serde(skip)]
    shown: Arc<AtomicU64>,
}

#[Actor]
impl Hold {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        for _ in 0..self.pending {
            let (delay, whom) = self.model.next();
            context
                .schedule_event(Duration::from_nanos(delay), schedulable!(Self::due), whom)
                .expect("it is due later");
        }
    }

    #[nexosim(schedulable)]
    fn due(&mut self, whom: u32, context: &Context<Self>) {
        let now = context.time().duration_since(MonotonicTime::EPOCH);
        let now = now.as_secs() * 1_000_000_000 + u64::from(now.subsec_nanos());
        let (delay, whom) = self.model.event(now, whom);
        self.shown.store(self.model.checksum, Ordering::Relaxed);
        context
            .schedule_event(Duration::from_nanos(delay), schedulable!(Self::due), whom)
            .expect("it is due later");
    }
}

pub struct Nexosim {
    simulation: Simulation,
    shown: Arc<AtomicU64>,
}

impl Nexosim {
    pub fn new(pending: u32) -> Self {
        let shown = Arc::new(AtomicU64::new(0));
        let hold = Hold {
            model: Model::new(pending),
            pending,
            shown: Arc::clone(&shown),
        };
        let simulation = SimInit::with_num_threads(1)
            .add_model(hold, Mailbox::new(), "hold")
            .init(MonotonicTime::EPOCH)
            .expect("nothing is wrong with the bench");
        Self { simulation, shown }
    }
}

impl Candidate for Nexosim {
    fn run_to(&mut self, time: u64) {
        let end = MonotonicTime::EPOCH + Duration::from_nanos(time);
        self.simulation.step_until(end).expect("no model fails");
    }

    fn checksum(&self) -> u64 {
        self.shown.load(Ordering::Relaxed)
    }
}
