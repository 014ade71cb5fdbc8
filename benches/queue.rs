//! The queue in the hold model: pop the next event, push one at its time plus a delay.
//!
//! Beside it, in the same run, the standard binary heap with the same delays, because the ratio
//! of the two means more on a busy machine than either figure. Before anything is timed both must
//! pop the same events in the same order.

#![allow(
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "delays are drawn before anything is timed; both queues get the same ones"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wavetank::SimTime;
use wavetank::queue::{Key, Queue};

const SECOND: u64 = 1_000_000_000;

/// As many delays as are drawn before the timing; they are then used over and over.
const DELAYS: usize = 1 << 16;

/// Of so many events one makes its owner cancel what another owner has pending.
const CANCEL_EVERY: usize = 10;

/// A source of numbers for the workload, good enough for delays and fast enough to set up.
struct Words(u64);

impl Words {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

/// Exponential delays with a mean of one second.
#[allow(
    clippy::float_arithmetic,
    reason = "both queues are given the same delays, whatever they are"
)]
fn exponential(words: &mut Words) -> u64 {
    let unit = ((words.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-unit.ln() * SECOND as f64) as u64
}

/// The delays of a cluster at work: immediate follow-ups, agent latencies, pulls, timers.
fn ecs_like(words: &mut Words) -> u64 {
    match words.below(100) {
        0..25 => 0,
        25..60 => SECOND / 20 + words.below(SECOND * 19 / 20),
        60..85 => 5 * SECOND + words.below(55 * SECOND),
        85..95 => 30 * SECOND,
        _ => SECOND,
    }
}

/// First events of the ECS mix: spread out, as they are once it has run for a while. With its own
/// delays for a start, a quarter of all events would be due at the first instant.
fn spread_out(words: &mut Words) -> u64 {
    words.below(45 * SECOND)
}

/// What the workload asks of a queue: one pending event for each of its owners.
trait Pending {
    fn push(&mut self, at: u64, owner: u32);
    /// Cancels the pending event of this owner.
    fn cancel(&mut self, owner: u32);
    fn pop(&mut self) -> (u64, u32);
}

/// The queue of the library. `CANCELS` says whether keys have to be remembered.
struct Ours<const CANCELS: bool> {
    queue: Queue<u32>,
    keys: Vec<Option<Key>>,
}

impl<const CANCELS: bool> Ours<CANCELS> {
    fn new(owners: usize) -> Self {
        let keys = if CANCELS { owners } else { 0 };
        Self {
            queue: Queue::new(),
            keys: vec![None; keys],
        }
    }
}

impl<const CANCELS: bool> Pending for Ours<CANCELS> {
    fn push(&mut self, at: u64, owner: u32) {
        let key = self.queue.push(SimTime::from_nanos(at), owner);
        if CANCELS {
            self.keys[owner as usize] = Some(key);
        }
    }

    fn cancel(&mut self, owner: u32) {
        let key = self.keys[owner as usize].expect("every owner has an event");
        let cancelled = self.queue.cancel(key);
        assert_eq!(cancelled, Some(owner));
    }

    fn pop(&mut self) -> (u64, u32) {
        let (time, owner) = self.queue.pop().expect("as many are pushed as are popped");
        (time.as_nanos(), owner)
    }
}

/// The standard heap of (time, sequence, owner), where cancelling leaves a stale entry behind.
struct Standard<const CANCELS: bool> {
    heap: BinaryHeap<Reverse<(u64, u64, u64)>>,
    /// The sequence of the event of each owner that counts.
    current: Vec<u64>,
    sequence: u64,
}

impl<const CANCELS: bool> Standard<CANCELS> {
    fn new(owners: usize) -> Self {
        let current = if CANCELS { owners } else { 0 };
        Self {
            heap: BinaryHeap::new(),
            current: vec![0; current],
            sequence: 0,
        }
    }
}

impl<const CANCELS: bool> Pending for Standard<CANCELS> {
    fn push(&mut self, at: u64, owner: u32) {
        if CANCELS {
            self.current[owner as usize] = self.sequence;
        }
        self.heap.push(Reverse((at, self.sequence, owner.into())));
        self.sequence += 1;
    }

    /// Nothing to do: the push that follows makes the entry stale.
    fn cancel(&mut self, _owner: u32) {}

    fn pop(&mut self) -> (u64, u32) {
        loop {
            let Reverse((time, sequence, owner)) =
                self.heap.pop().expect("as many are pushed as are popped");
            if !CANCELS || self.current[owner as usize] == sequence {
                return (time, owner as u32);
            }
        }
    }
}

/// A queue under load, and where the load has got to.
struct Hold<'a, Q> {
    queue: Q,
    delays: &'a [u64],
    /// Owners to cancel, one for each delay; empty when nothing is cancelled.
    victims: &'a [u32],
    turn: usize,
}

impl<'a, Q: Pending> Hold<'a, Q> {
    fn new(mut queue: Q, starts: &[u64], delays: &'a [u64], victims: &'a [u32]) -> Self {
        for (owner, &start) in starts.iter().enumerate() {
            queue.push(start, owner as u32);
        }
        Self {
            queue,
            delays,
            victims,
            turn: 0,
        }
    }

    /// One event, and in one of `CANCEL_EVERY` cases one cancelled and set up anew.
    fn turn(&mut self) -> (u64, u32) {
        let (now, owner) = self.queue.pop();
        let here = self.turn % DELAYS;
        self.queue.push(now + self.delays[here], owner);
        if !self.victims.is_empty() && self.turn % CANCEL_EVERY == 0 {
            let victim = self.victims[here];
            self.queue.cancel(victim);
            self.queue
                .push(now + self.delays[DELAYS - 1 - here], victim);
        }
        self.turn += 1;
        (now, owner)
    }
}

/// Panics unless both give the same events at the same times in the same order.
fn check_same_order(mut ours: Hold<'_, impl Pending>, mut standard: Hold<'_, impl Pending>) {
    for turn in 0..3 * DELAYS {
        assert_eq!(ours.turn(), standard.turn(), "event {turn}");
    }
}

type Sampler = fn(&mut Words) -> u64;

fn compare<const CANCELS: bool>(
    criterion: &mut Criterion,
    mix: &str,
    start: Sampler,
    delay: Sampler,
) {
    let mut words = Words(0x5eed);
    let delays: Vec<u64> = (0..DELAYS).map(|_| delay(&mut words)).collect();
    for owners in [100_usize, 10_000, 1_000_000] {
        let starts: Vec<u64> = (0..owners).map(|_| start(&mut words)).collect();
        let victims: Vec<u32> = if CANCELS {
            (0..DELAYS)
                .map(|_| words.below(owners as u64) as u32)
                .collect()
        } else {
            Vec::new()
        };
        let ours = || Hold::new(Ours::<CANCELS>::new(owners), &starts, &delays, &victims);
        let standard = || Hold::new(Standard::<CANCELS>::new(owners), &starts, &delays, &victims);
        check_same_order(ours(), standard());
        let mut group = criterion.benchmark_group(format!("queue/{mix}"));
        group.sample_size(20);
        group.bench_function(BenchmarkId::new("wavetank", owners), |bencher| {
            let mut hold = ours();
            bencher.iter(|| black_box(hold.turn()));
        });
        group.bench_function(BenchmarkId::new("std", owners), |bencher| {
            let mut hold = standard();
            bencher.iter(|| black_box(hold.turn()));
        });
        group.finish();
    }
}

fn hold(criterion: &mut Criterion) {
    compare::<false>(criterion, "exponential", exponential, exponential);
    compare::<false>(criterion, "ecs", spread_out, ecs_like);
    compare::<true>(criterion, "exponential_cancel_10", exponential, exponential);
}

criterion_group!(benches, hold);
criterion_main!(benches);
