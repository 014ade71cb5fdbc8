//! The workload of events alone: each event draws when and about whom the next one is.

use std::time::Duration;

use cpu_time::ThreadTime;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// What every candidate does at an event, so that only their cores differ.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    draws: ChaCha8Rng,
    /// How often something happened to each.
    visits: Vec<u32>,
    pub checksum: u64,
}

/// Nanoseconds between an event and the next on average.
const MEAN: f64 = 1e9;

impl Model {
    pub fn new(pending: u32) -> Self {
        Self {
            draws: ChaCha8Rng::seed_from_u64(42),
            visits: vec![0; pending as usize],
            checksum: 0,
        }
    }

    /// Notes an event, and says after how many nanoseconds and about whom the next one is.
    pub fn event(&mut self, now: u64, whom: u32) -> (u64, u32) {
        self.visits[whom as usize] += 1;
        self.checksum = (self.checksum.rotate_left(5) ^ now ^ u64::from(whom))
            .wrapping_mul(0x517c_c1b7_2722_0a95);
        self.next()
    }

    /// An event to come.
    pub fn next(&mut self) -> (u64, u32) {
        let unit = ((self.draws.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        let whom = (u128::from(self.draws.next_u64()) * self.visits.len() as u128) >> 64;
        // At least one: not every core takes an event for now.
        (1 + (-unit.ln() * MEAN) as u64, whom as u32)
    }
}

/// A core with the workload in it.
pub trait Candidate {
    /// Processes all events up to a time in nanoseconds.
    fn run_to(&mut self, time: u64);

    /// What became of it.
    fn checksum(&self) -> u64;
}

/// Runs all candidates round by round and prints what they take an event.
pub fn compare(pending: u32, events: u64, rounds: u32) {
    let mut candidates: [Box<dyn Candidate>; 3] = [
        Box::new(crate::ours::Ours::new(pending)),
        Box::new(crate::simcore::Simcore::new(pending)),
        Box::new(crate::nexosim::Nexosim::new(pending)),
    ];
    let span = (events as f64 / f64::from(pending) * MEAN) as u64;
    let mut least = [Duration::MAX; 3];
    let mut ratios = [f64::MAX; 2];
    // The first round warms up.
    for round in 0..=u64::from(rounds) {
        let mut took = [Duration::ZERO; 3];
        for (candidate, took) in candidates.iter_mut().zip(&mut took) {
            let start = ThreadTime::now();
            candidate.run_to((round + 1) * span);
            *took = start.elapsed();
        }
        let checksums = candidates.each_ref().map(|candidate| candidate.checksum());
        assert!(
            checksums.iter().all(|&other| other == checksums[0]),
            "they agree on what happened: {checksums:?}"
        );
        if round > 0 {
            for (least, took) in least.iter_mut().zip(took) {
                *least = took.min(*least);
            }
            for (ratio, peer) in ratios.iter_mut().zip(&took[1..]) {
                *ratio = ratio.min(peer.as_secs_f64() / took[0].as_secs_f64());
            }
        }
    }
    let [ours, simcore, nexosim] = least.map(|took| took.as_nanos() as f64 / events as f64);
    let [to_simcore, to_nexosim] = ratios;
    println!(
        "| {pending} | {ours:.0} ns | {simcore:.0} ns | {nexosim:.0} ns | {to_simcore:.1} | {to_nexosim:.1} |"
    );
}
