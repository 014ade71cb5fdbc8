//! A unit test: the wheel beside the heap, whose order is plain to see. Both must give the same.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::heap::Heap;
use super::wheel::Wheel;

#[derive(Clone, Debug)]
enum Operation {
    /// So many entries, each `delay` after the time of the last that was taken, and of this tie.
    Push {
        delay: u64,
        tie: u64,
        count: usize,
    },
    /// As a queue has it that runs until a time: entries come between the last event and the next.
    PushBeforeNext {
        part: u64,
    },
    Cancel(prop::sample::Index),
    Take {
        count: usize,
    },
    /// Goes on with a clone.
    Fork,
    Sweep,
}

fn operation() -> impl Strategy<Value = Operation> {
    let delay = (0..43_u32, any::<u64>()).prop_map(|(bits, word)| word & ((1 << bits) - 1));
    prop_oneof![
        20 => (delay, 0..3_u64, prop_oneof![9 => 1..4_usize, 1 => 30..150_usize])
            .prop_map(|(delay, tie, count)| Operation::Push { delay, tie, count }),
        4 => (0..8_u64).prop_map(|part| Operation::PushBeforeNext { part }),
        8 => any::<prop::sample::Index>().prop_map(Operation::Cancel),
        16 => prop_oneof![9 => 1..6_usize, 1 => 50..300_usize]
            .prop_map(|count| Operation::Take { count }),
        1 => Just(Operation::Fork),
        1 => Just(Operation::Sweep),
    ]
}

/// The wheel beside the heap, which takes the same entries, and the numbers of those that were cancelled.
struct Both {
    wheel: Wheel,
    heap: Heap,
    pushed: u32,
    cancelled: BTreeSet<u32>,
    now: u64,
}

impl Both {
    const fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            heap: Heap::new(),
            pushed: 0,
            cancelled: BTreeSet::new(),
            now: 0,
        }
    }

    fn push(&mut self, time: u64, tie: u64) {
        let number = self.pushed;
        self.pushed += 1;
        let key = (u128::from(time) << 64) | u128::from((tie << 48) | u64::from(number));
        self.wheel.push(key, number);
        self.heap.push(key, number);
    }

    /// Takes the next that was not cancelled from each.
    fn take(&mut self) -> [Option<(u128, u32)>; 2] {
        let is_kept = |number: u32| !self.cancelled.contains(&number);
        let mut from_wheel = self.wheel.take_first();
        while from_wheel.is_some_and(|(_, number)| !is_kept(number)) {
            from_wheel = self.wheel.take_first();
        }
        let mut from_heap = self.heap.first();
        self.heap.remove_first();
        while from_heap.is_some_and(|(_, number)| !is_kept(number)) {
            from_heap = self.heap.first();
            self.heap.remove_first();
        }
        self.now = from_heap.map_or(self.now, |(key, _)| (key >> 64) as u64);
        [from_wheel, from_heap]
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn it_gives_the_order_of_the_heap(operations in prop::collection::vec(operation(), 0..300)) {
        let mut both = Both::new();
        for operation in operations {
            match operation {
                Operation::Push { delay, tie, count } => {
                    (0..count).for_each(|_| both.push(both.now + delay, tie));
                }
                Operation::PushBeforeNext { part } => {
                    let next = both.wheel.first().map_or(0, |(key, _)| (key >> 64) as u64);
                    both.push(both.now + next.saturating_sub(both.now) / 8 * part, 0);
                }
                Operation::Cancel(index) if both.pushed > 0 => {
                    let number = index.index(both.pushed as usize) as u32;
                    both.cancelled.insert(number);
                }
                Operation::Cancel(_) => {}
                Operation::Take { count } => {
                    for _ in 0..count {
                        let [from_wheel, from_heap] = both.take();
                        prop_assert_eq!(from_wheel, from_heap);
                    }
                }
                Operation::Fork => both.wheel = both.wheel.clone(),
                Operation::Sweep => {
                    let cancelled = &both.cancelled;
                    both.wheel.retain(|_, number| !cancelled.contains(&number));
                }
            }
            let listed = both.wheel.iter().count();
            prop_assert_eq!(both.wheel.first().is_none(), listed == 0);
        }
        while let [from_wheel, from_heap @ Some(_)] = both.take() {
            prop_assert_eq!(from_wheel, from_heap);
        }
        prop_assert!(both.wheel.first().is_none());
    }
}
