//! The queue of what is still to come: events by time, then tie, then order of pushing.
//!
//! Events of a delay that comes again and again stand in a list of their own. Those of other delays stay put in slots, and
//! a small entry for each moves through the wheel. A cancelled event leaves its place or its entry behind, which goes when
//! it gets to the front, or is swept away once such remains are the majority.
//!
//! | file | holds |
//! | --- | --- |
//! | `lanes` | the lists |
//! | `wheel` | slots of time, finer towards the present |
//! | `slots` | the events whose entries are in the wheel |
//! | `heap` | what the wheel has no slot for; in tests also what its order is compared with |
//! | `entry` | what moves through the wheel |
//! | `fronts` | which of these parts is next |
//! | `key` | what events are ordered by, and what they are cancelled by |

mod entry;
mod fronts;
mod heap;
mod key;
mod lanes;
#[cfg(test)]
mod oracle;
mod slots;
#[cfg(test)]
mod sorted;
mod wheel;

use std::fmt;
use std::time::Duration;

use self::fronts::{Fronts, NO_KEY};
use self::key::{SEQUENCE_END, Whereabouts, key_of, sequence_of, time_of};
use self::lanes::{AT_ONCE, LANES, Lanes};
use self::slots::Slots;
use self::wheel::Wheel;
use crate::time::{SimTime, saturating_nanos};

pub use self::key::Key;

/// Below this many entries a sweep is not worth its bookkeeping.
const SWEEP_MIN: usize = 64;

/// Where the wheel stands among the parts, behind the lanes.
const WHEEL: usize = LANES;

/// A queue of events in the order (time, tie, sequence), where the sequence counts pushes.
///
/// Events of one time and tie come out first in, first out. Pushing and popping take about the
/// same time however many events are pending, and looking at the next time takes constant time,
/// whatever was cancelled.
/// Equal calls give equal results; nothing depends on addresses or hashes.
#[derive(Clone)]
pub struct Queue<E> {
    lanes: Lanes<E>,
    wheel: Wheel,
    /// The events whose entries are in the wheel.
    slots: Slots<E>,
    /// The least key of each lane and of the wheel. It belongs to an event that is still pending.
    fronts: Fronts<{ LANES + 1 }>,
    /// The part of which others have come near since that was asked last.
    near: Option<usize>,
    /// When the event was due that was popped last.
    now: SimTime,
    /// The sequence of the next push.
    sequence: u64,
    /// How many events are pending. There may be more entries: those of cancelled events.
    pending: usize,
}

impl<E> Queue<E> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lanes: Lanes::new(),
            wheel: Wheel::new(),
            slots: Slots::new(),
            fronts: Fronts::new(),
            near: None,
            now: SimTime::ZERO,
            sequence: 0,
            pending: 0,
        }
    }

    /// Adds an event that is due at `at`, behind those already pending for the same time.
    ///
    /// # Panics
    ///
    /// As [`Queue::push_tied`].
    #[inline]
    pub fn push(&mut self, at: SimTime, event: E) -> Key {
        self.push_tied(at, 0, event)
    }

    /// Adds an event that is due at `at`; among events of one time, lower ties come first.
    ///
    /// # Panics
    ///
    /// After 2⁴⁸ - 1 pushes, and when 2³² - 1 events are pending.
    #[inline]
    pub fn push_tied(&mut self, at: SimTime, tie: u16, event: E) -> Key {
        let key = self.next_key(at, tie);
        if at == self.now {
            if let Some((number, lane)) = self.lanes.at(AT_ONCE, key) {
                if lane.is_empty() {
                    self.fronts.fill(number, key);
                }
                lane.push(key, event);
                return Key::of_lane(number, sequence_of(key));
            }
        }
        self.push_into_wheel(key, event)
    }

    /// Adds an event that is due `delay` after `now`; among events of one time, lower ties come first.
    ///
    /// The order is that of [`Queue::push_tied`]. Telling the delay lets events of one delay, of which there are many
    /// where latencies are constant, share a list that costs the same however long it is.
    ///
    /// # Panics
    ///
    /// As [`Queue::push_tied`].
    #[inline(always)]
    pub fn push_after(&mut self, now: SimTime, delay: Duration, tie: u16, event: E) -> Key {
        let delay = saturating_nanos(delay);
        let at = SimTime::from_nanos(now.as_nanos().saturating_add(delay));
        let key = self.next_key(at, tie);
        let Some((number, lane)) = self.lanes.of(delay, key) else {
            return self.push_into_wheel(key, event);
        };
        if lane.is_empty() {
            self.fronts.fill(number, key);
        }
        lane.push(key, event);
        Key::of_lane(number, sequence_of(key))
    }

    /// What the next event to be pushed is ordered by.
    #[inline]
    fn next_key(&mut self, at: SimTime, tie: u16) -> u128 {
        let sequence = self.sequence;
        assert!(sequence < SEQUENCE_END, "a queue takes 2^48 - 1 pushes");
        self.sequence += 1;
        self.pending += 1;
        key_of(at, tie, sequence)
    }

    #[inline(never)]
    fn push_into_wheel(&mut self, key: u128, event: E) -> Key {
        let (number, generation) = self.slots.fill(event);
        if self.wheel.push(key, number) {
            self.fronts.lower(WHEEL, key);
        }
        Key::of_slot(number, generation)
    }

    /// Takes back the event of this key, or gives `None` when it was popped or cancelled before.
    pub fn cancel(&mut self, key: Key) -> Option<E> {
        let event = match key.whereabouts() {
            Whereabouts::Lane { lane, sequence } => {
                let (event, first) = self.lanes.cancel(lane, sequence)?;
                self.fronts.raise(lane, first);
                event
            }
            Whereabouts::Slot { number, generation } => {
                let event = self.slots.cancel(number, generation)?;
                let first = self.first_in_wheel();
                self.fronts.raise(WHEEL, first);
                event
            }
        };
        self.pending -= 1;
        let remains = self.remains();
        if self.pending < remains && self.pending + remains >= SWEEP_MIN {
            self.sweep();
        }
        Some(event)
    }

    /// Takes back every event of which `is_over` says so, in the order in which they are due. It walks over all of them.
    pub fn cancel_all(&mut self, is_over: impl Fn(&E) -> bool) -> Vec<E> {
        let over = self.keyed().filter(|(_, _, event)| is_over(event));
        let mut over: Vec<(u128, Key)> = over.map(|(order, key, _)| (order, key)).collect();
        over.sort_unstable();
        over.into_iter()
            .filter_map(|(_, key)| self.cancel(key))
            .collect()
    }

    /// Takes the next event and the time it is due.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        (!self.is_empty()).then(|| self.pop_first())
    }

    /// Takes the next event and the time it is due, where one is known to be pending.
    ///
    /// # Panics
    ///
    /// When none is.
    #[inline]
    pub(crate) fn pop_first(&mut self) -> (SimTime, E) {
        let (key, part) = self.fronts.least();
        let at = time_of(key);
        self.pending -= 1;
        self.now = at;
        if part == WHEEL {
            return (at, self.pop_from_wheel());
        }
        let (event, first) = self.lanes.pop(part, &mut self.near);
        self.fronts.raise_first(first);
        (at, event)
    }

    /// When the next event is due.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<SimTime> {
        self.fronts.first().map(|(key, _)| time_of(key))
    }

    /// Whether pops have brought other events near since that was asked last: see [`each_near`](Self::each_near).
    #[inline]
    pub(crate) fn has_come_near(&self) -> bool {
        self.near.is_some()
    }

    /// Looks at some dozen events that come soon, each about once, in no promised order: those that the last pops made the
    /// nearest of their part.
    #[inline]
    pub(crate) fn each_near(&mut self, mut look: impl FnMut(&E)) {
        match self.near.take() {
            None => {}
            Some(WHEEL) => {
                let near = self.wheel.nearest();
                let near = near.filter_map(|number| self.slots.get(number));
                near.for_each(|(_, event)| look(event));
            }
            Some(lane) => self.lanes.nearest(lane).for_each(look),
        }
    }

    /// How many events are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pending
    }

    /// Whether no event is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pending events and when they are due, in no promised order.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &E)> + '_ {
        self.keyed()
            .map(|(order, _, event)| (time_of(order), event))
    }

    /// The pending events, what each is ordered by and what it is cancelled by, in no promised order.
    fn keyed(&self) -> impl Iterator<Item = (u128, Key, &E)> + '_ {
        let in_lanes = self.lanes.iter();
        let in_lanes = in_lanes
            .map(|(lane, order, event)| (order, Key::of_lane(lane, sequence_of(order)), event));
        let in_wheel = self.wheel.iter().filter_map(|(order, number)| {
            let (generation, event) = self.slots.get(number)?;
            Some((order, Key::of_slot(number, generation), event))
        });
        in_lanes.chain(in_wheel)
    }

    /// Takes the first event of the wheel, which is the first of all.
    #[inline]
    fn pop_from_wheel(&mut self) -> E {
        let taken = self.wheel.take_first();
        let event = taken.and_then(|(_, number)| self.slots.take(number));
        if self.wheel.take_filled() {
            self.near = Some(WHEEL);
        }
        let first = self.first_in_wheel();
        self.fronts.raise_first(first);
        event.expect("the first event of the wheel is pending")
    }

    /// The key of the first event in the wheel that is pending, after removing the entries before it.
    #[inline]
    fn first_in_wheel(&mut self) -> u128 {
        match self.wheel.first() {
            None => NO_KEY,
            Some((key, number)) if self.slots.get(number).is_some() => key,
            Some(_) => self.first_after_cancelled(),
        }
    }

    #[inline(never)]
    fn first_after_cancelled(&mut self) -> u128 {
        while let Some((key, number)) = self.wheel.first() {
            if self.slots.keeps(number) {
                return key;
            }
            self.wheel.take_first();
        }
        NO_KEY
    }

    /// How many cancelled events have left something behind.
    fn remains(&self) -> usize {
        self.lanes.cancelled() + self.slots.cancelled()
    }

    /// Removes what is left of cancelled events.
    fn sweep(&mut self) {
        let slots = &mut self.slots;
        self.wheel.retain(|_, number| slots.keeps(number));
        self.lanes.sweep();
    }
}

impl<E> Default for Queue<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: fmt::Debug> fmt::Debug for Queue<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain<E>(queue: &mut Queue<E>) -> Vec<(u64, E)> {
        std::iter::from_fn(|| queue.pop())
            .map(|(time, event)| (time.as_nanos(), event))
            .collect()
    }

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    #[test]
    fn events_come_by_time_then_tie_then_order_of_pushing() {
        let mut queue = Queue::new();
        queue.push_tied(at(5), 2, "third");
        queue.push_tied(at(5), 1, "first");
        queue.push_tied(at(5), 1, "second");
        queue.push(at(4), "before");
        queue.push_tied(at(5), u16::MAX, "fourth");
        queue.push(SimTime::MAX, "at the end of time");
        let order: Vec<_> = drain(&mut queue).into_iter().map(|(_, e)| e).collect();
        assert_eq!(
            order,
            [
                "before",
                "first",
                "second",
                "third",
                "fourth",
                "at the end of time"
            ]
        );
    }

    #[test]
    fn a_cancelled_event_never_comes_and_its_key_is_then_harmless() {
        let mut queue = Queue::new();
        let first = queue.push(at(1), 'a');
        queue.push(at(2), 'b');
        assert_eq!(queue.cancel(first), Some('a'));
        assert_eq!(queue.cancel(first), None);
        assert_eq!(queue.next_at(), Some(at(2)));
        let later = queue.push(at(3), 'c');
        assert_eq!(queue.cancel(first), None);
        assert_eq!(drain(&mut queue), [(2, 'b'), (3, 'c')]);
        assert_eq!(queue.cancel(later), None);
    }

    #[test]
    fn cancelling_everything_leaves_nothing_behind() {
        let mut queue = Queue::new();
        let keys: Vec<Key> = (0..1000).map(|i| queue.push(at(i % 7), i)).collect();
        for (index, key) in keys.into_iter().enumerate() {
            assert_eq!(queue.cancel(key), Some(index as u64));
        }
        assert!(queue.is_empty());
        assert_eq!((queue.len(), queue.remains()), (0, 0));
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn cancelled_entries_are_swept_once_they_are_the_majority() {
        let mut queue = Queue::new();
        // An early event in the wheel and one in the lane of the others keep the fronts pending, so only sweeping can
        // remove the others.
        let delay = Duration::from_nanos(1_000_000);
        queue.push(at(1), 0);
        queue.push_after(at(2), delay, 0, 1);
        queue.push_after(at(2), delay, 0, 2);
        for turn in 3..10_000 {
            let timer = match turn % 2 {
                0 => queue.push(at(1_000_000), 3),
                _ => queue.push_after(at(turn), delay, 0, 3),
            };
            assert_eq!(queue.cancel(timer), Some(3));
            assert!(queue.len() + queue.remains() <= SWEEP_MIN);
            if let Whereabouts::Slot { number, .. } = timer.whereabouts() {
                assert!(number as usize <= SWEEP_MIN, "slots are used again");
            }
        }
        let order: Vec<_> = drain(&mut queue).into_iter().map(|(_, e)| e).collect();
        assert_eq!(order, [0, 1, 2]);
    }

    /// Pops all events, and tells of each how often it was near before it came.
    fn nearness(mut queue: Queue<usize>, events: usize) -> Vec<usize> {
        let mut near = vec![0; events];
        let mut told = vec![0; events];
        while let Some((_, event)) = queue.pop() {
            told[event] = near[event];
            if queue.has_come_near() {
                queue.each_near(|&event| near[event] += 1);
            }
        }
        told
    }

    #[test]
    fn all_but_a_few_events_come_near_once_before_they_come() {
        let many = 3_000;
        let (mut wheel, mut lane) = (Queue::new(), Queue::new());
        for event in 0..many {
            let time = (event as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
            wheel.push(at(time), event);
            lane.push_after(at(event as u64), Duration::from_secs(1), 0, event);
        }
        let once = |told: &[usize]| told.iter().filter(|times| **times == 1).count();
        let in_wheel = nearness(wheel, many);
        assert!(in_wheel.iter().all(|times| *times <= 1));
        assert!(once(&in_wheel) > many - 100, "{}", once(&in_wheel));
        // The last thousand make no long lane any more.
        let in_lane = nearness(lane, many);
        assert!(in_lane.iter().all(|times| *times <= 1));
        assert!(once(&in_lane) > many - 1_100, "{}", once(&in_lane));
    }

    #[test]
    fn a_clone_goes_its_own_way() {
        let mut queue = Queue::new();
        let key = queue.push(at(1), 'a');
        let mut other = queue.clone();
        assert_eq!(other.cancel(key), Some('a'));
        other.push(at(9), 'z');
        assert_eq!(drain(&mut queue), [(1, 'a')]);
        assert_eq!(drain(&mut other), [(9, 'z')]);
    }
}
