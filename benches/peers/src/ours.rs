//! The workload on this crate's queue and recorder: with a record and its digest for each event.

use wavetank::SimTime;
use wavetank::queue::Queue;
use wavetank::trace::{Record, Recorder, TraceMode};

use crate::core::{Candidate, Model};

pub struct Ours {
    queue: Queue<u32>,
    trace: Recorder,
    model: Model,
    events: u64,
}

impl Ours {
    pub fn new(pending: u32) -> Self {
        let mut model = Model::new(pending);
        let mut queue = Queue::new();
        for _ in 0..pending {
            let (delay, whom) = model.next();
            queue.push(SimTime::from_nanos(delay), whom);
        }
        Self {
            queue,
            trace: Recorder::new(TraceMode::Off),
            model,
            events: 0,
        }
    }
}

impl Candidate for Ours {
    fn run_to(&mut self, time: u64) {
        let end = SimTime::from_nanos(time);
        while self.queue.next_at().is_some_and(|next| next <= end) {
            let (now, whom) = self.queue.pop().expect("one is due");
            self.events += 1;
            self.trace.push(Record::of_call(now, self.events));
            let (delay, whom) = self.model.event(now.as_nanos(), whom);
            self.queue
                .push(SimTime::from_nanos(now.as_nanos() + delay), whom);
        }
    }

    fn checksum(&self) -> u64 {
        assert_eq!(self.trace.len(), self.events);
        self.model.checksum
    }
}
