//! A unit test: the queue beside a list that is kept sorted. Both must give the same.

use std::time::Duration;

use proptest::prelude::*;

use super::{Queue, SWEEP_MIN};
use crate::time::SimTime;

/// The obvious queue.
#[derive(Default)]
struct Model {
    pending: Vec<(u64, u16, u32)>,
    pushed: u32,
}

impl Model {
    fn push(&mut self, time: u64, tie: u16) -> u32 {
        let number = self.pushed;
        self.pushed += 1;
        let pushed = (time, tie, number);
        let place = self.pending.partition_point(|other| *other < pushed);
        self.pending.insert(place, pushed);
        number
    }

    fn cancel(&mut self, number: u32) -> Option<u32> {
        let index = self.pending.iter().position(|p| p.2 == number)?;
        Some(self.pending.remove(index).2)
    }

    fn cancel_all(&mut self, is_over: impl Fn(u32) -> bool) -> Vec<u32> {
        let over: Vec<u32> = self.pending.iter().map(|p| p.2).collect();
        let over = over.into_iter().filter(|&number| is_over(number));
        over.filter_map(|number| self.cancel(number)).collect()
    }

    fn pop(&mut self) -> Option<(u64, u32)> {
        (!self.pending.is_empty()).then(|| {
            let (time, _, number) = self.pending.remove(0);
            (time, number)
        })
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Push {
        time: u64,
        tie: u16,
    },
    /// From where the clock of the model is: so many of more delays than there are lanes.
    PushAfter {
        delay: u64,
        tie: u16,
        count: usize,
    },
    Cancel(prop::sample::Index),
    /// One in so many numbers.
    CancelAll(u32),
    Pop {
        count: usize,
    },
    /// Goes on with a clone.
    Fork,
}

/// Few distinct times and ties, so that equal ones are common.
fn operation() -> impl Strategy<Value = Operation> {
    let delay = prop_oneof![2 => 0..4_u64, 1 => 0..20_u64];
    let count = || prop_oneof![9 => 1..3_usize, 1 => 20..60_usize];
    prop_oneof![
        50 => (0..12_u64, 0..3_u16).prop_map(|(time, tie)| Operation::Push { time, tie }),
        50 => (delay, 0..3_u16, count())
            .prop_map(|(delay, tie, count)| Operation::PushAfter { delay, tie, count }),
        60 => any::<prop::sample::Index>().prop_map(Operation::Cancel),
        1 => (1..4_u32).prop_map(Operation::CancelAll),
        30 => count().prop_map(|count| Operation::Pop { count }),
        1 => Just(Operation::Fork),
    ]
}

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

fn pop(queue: &mut Queue<u32>) -> Option<(u64, u32)> {
    let (time, event) = queue.pop()?;
    Some((time.as_nanos(), event))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn it_behaves_as_a_sorted_list(operations in prop::collection::vec(operation(), 0..600)) {
        let mut queue = Queue::new();
        let mut model = Model::default();
        let mut keys = Vec::new();
        let mut now = 0;
        for operation in operations {
            match operation {
                Operation::Push { time, tie } => {
                    let number = model.push(time, tie);
                    keys.push(queue.push_tied(at(time), tie, number));
                }
                Operation::PushAfter { delay, tie, count } => {
                    for _ in 0..count {
                        let number = model.push(now + delay, tie);
                        let delay = Duration::from_nanos(delay);
                        keys.push(queue.push_after(at(now), delay, tie, number));
                    }
                }
                Operation::Cancel(index) if !keys.is_empty() => {
                    let number = index.index(keys.len());
                    let expected = model.cancel(number as u32);
                    prop_assert_eq!(queue.cancel(keys[number]), expected);
                    let is_swept = queue.remains() <= queue.len().max(SWEEP_MIN);
                    prop_assert!(is_swept || expected.is_none());
                }
                Operation::Cancel(_) => {}
                Operation::CancelAll(divisor) => {
                    let is_over = |number: u32| number % divisor == 0;
                    let cancelled = queue.cancel_all(|&number| is_over(number));
                    prop_assert_eq!(cancelled, model.cancel_all(is_over));
                }
                Operation::Pop { count } => {
                    for _ in 0..count {
                        let popped = pop(&mut queue);
                        now = popped.map_or(now, |(time, _)| now.max(time));
                        prop_assert_eq!(popped, model.pop());
                    }
                }
                Operation::Fork => queue = queue.clone(),
            }
            let next = model.pending.first().map(|first| at(first.0));
            prop_assert_eq!(queue.next_at(), next);
            prop_assert_eq!(queue.len(), model.pending.len());
            prop_assert_eq!(queue.is_empty(), model.pending.is_empty());
        }
        let mut listed: Vec<_> = queue.iter().map(|(time, &e)| (time.as_nanos(), e)).collect();
        listed.sort_unstable();
        let mut expected: Vec<_> = model.pending.iter().map(|p| (p.0, p.2)).collect();
        let in_order = expected.clone();
        expected.sort_unstable();
        prop_assert_eq!(listed, expected);
        let popped: Vec<_> = std::iter::from_fn(|| pop(&mut queue)).collect();
        prop_assert_eq!(popped, in_order);
        prop_assert_eq!(queue.remains(), 0);
    }
}
