//! The queue of what is still to come: events by time, then tie, then order of pushing.
//!
//! A small entry for each event stands in line, and the events themselves stay put in slots. An
//! event is cancelled by emptying its slot; its entry is skipped when it gets to the front, or
//! swept away once such entries are the majority.
//!
//! | file | holds |
//! | --- | --- |
//! | `line` | a list for each delay that comes again and again, and the wheel for the others |
//! | `fronts` | which of these is next |
//! | `wheel` | slots of time, finer towards the present |
//! | `heap` | what the wheel has no slot for; in tests also what its order is compared with |
//! | `entry` | what stands in line for an event |

mod entry;
mod fronts;
mod heap;
mod line;
#[cfg(test)]
mod oracle;
mod wheel;

use std::fmt;
use std::time::Duration;

use self::line::Line;
use crate::time::{SimTime, saturating_nanos};

const SEQUENCE_BITS: u32 = 48;
const TIE_BITS: u32 = 16;

/// One number more would make the greatest key, which stands for none.
const SEQUENCE_END: u64 = (1 << SEQUENCE_BITS) - 1;

/// Below this many entries a sweep is not worth its bookkeeping.
const SWEEP_MIN: usize = 64;

/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;

/// A queue of events in the order (time, tie, sequence), where the sequence counts pushes.
///
/// Events of one time and tie come out first in, first out. Pushing and popping take about the
/// same time however many events are pending, and looking at the next time takes constant time,
/// whatever was cancelled.
/// Equal calls give equal results; nothing depends on addresses or hashes.
#[derive(Clone)]
pub struct Queue<E> {
    /// The slots of the events by [`key_of`]. Its first entry, if there is one, belongs to an
    /// event that is still pending, so that [`Queue::next_at`] is a look at it.
    line: Line,
    slots: Vec<Slot<E>>,
    /// The first of the free slots, each of which names the next.
    free: u32,
    /// The sequence of the next push.
    sequence: u64,
    /// How many events are pending. The line may have more entries: those of cancelled events.
    pending: usize,
}

/// What [`Queue::push`] gives for an event, to cancel it by.
///
/// A queue never gives a key twice, so one whose event was popped or cancelled is harmless. A key
/// is good for the queue it came from, and for clones made of that while the event was pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    sequence: u64,
    slot: u32,
}

#[derive(Clone)]
enum Slot<E> {
    Pending { sequence: u64, event: E },
    Free { next: u32 },
}

impl<E> Slot<E> {
    /// The event of this sequence; `None` when the slot is free or in use by a later event.
    fn event(&self, number: u64) -> Option<&E> {
        match self {
            Self::Pending { sequence, event } if *sequence == number => Some(event),
            _ => None,
        }
    }
}

impl<E> Queue<E> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            line: Line::new(),
            slots: Vec::new(),
            free: NO_SLOT,
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
        let sequence = self.sequence;
        assert!(sequence < SEQUENCE_END, "a queue takes 2^48 - 1 pushes");
        self.sequence += 1;
        let slot = self.fill_slot(Slot::Pending { sequence, event });
        self.line.push(key_of(at, tie, sequence), slot);
        Key { sequence, slot }
    }

    /// Adds an event that is due `delay` after `now`; among events of one time, lower ties come first.
    ///
    /// The order is that of [`Queue::push_tied`]. Telling the delay lets events of one delay, of which there are many
    /// where latencies are constant, share a list that costs the same however long it is.
    ///
    /// # Panics
    ///
    /// As [`Queue::push_tied`].
    #[inline]
    pub fn push_after(&mut self, now: SimTime, delay: Duration, tie: u16, event: E) -> Key {
        let sequence = self.sequence;
        assert!(sequence < SEQUENCE_END, "a queue takes 2^48 - 1 pushes");
        self.sequence += 1;
        let slot = self.fill_slot(Slot::Pending { sequence, event });
        let key = key_of(now.saturating_add(delay), tie, sequence);
        self.line.push_after(saturating_nanos(delay), key, slot);
        Key { sequence, slot }
    }

    /// Takes back the event of this key, or gives `None` when it was popped or cancelled before.
    pub fn cancel(&mut self, key: Key) -> Option<E> {
        let slot = self.slots.get(key.slot as usize)?;
        slot.event(key.sequence)?;
        let event = self.empty_slot(key.slot);
        self.drop_dead_first();
        if self.pending < self.line.len().div_ceil(2) && self.line.len() >= SWEEP_MIN {
            self.sweep();
        }
        Some(event)
    }

    /// Takes back every event of which `is_over` says so, in the order in which they are due. It walks over all of them.
    pub fn cancel_all(&mut self, is_over: impl Fn(&E) -> bool) -> Vec<E> {
        let mut keys: Vec<(u128, u32)> = self.line.iter().collect();
        keys.retain(|(key, slot)| {
            let event = self.slots[*slot as usize].event(sequence_of(*key));
            event.is_some_and(&is_over)
        });
        keys.sort_unstable();
        let keys = keys.into_iter().map(|(key, slot)| Key {
            sequence: sequence_of(key),
            slot,
        });
        keys.filter_map(|key| self.cancel(key)).collect()
    }

    /// Takes the next event and the time it is due.
    #[inline]
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let slots = &self.slots;
        let (key, slot) = self
            .line
            .take_first(|key, slot| is_pending(slots, key, slot))?;
        let event = self.empty_slot(slot);
        if self.line.len() > self.pending {
            self.drop_dead_first();
        }
        Some((time_of(key), event))
    }

    /// When the next event is due.
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Option<SimTime> {
        self.line.first_key().map(time_of)
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
        self.line.iter().filter_map(|(key, slot)| {
            let event = self.slots[slot as usize].event(sequence_of(key))?;
            Some((time_of(key), event))
        })
    }

    fn fill_slot(&mut self, filled: Slot<E>) -> u32 {
        self.pending += 1;
        let slot = self.free;
        if let Some(place) = self.slots.get_mut(slot as usize) {
            if let Slot::Free { next } = *place {
                self.free = next;
            }
            *place = filled;
            return slot;
        }
        let slot = u32::try_from(self.slots.len()).unwrap_or(NO_SLOT);
        assert!(slot != NO_SLOT, "a queue holds 2^32 - 1 events");
        self.slots.push(filled);
        slot
    }

    /// Frees a slot that is known to be pending, and gives its event.
    fn empty_slot(&mut self, slot: u32) -> E {
        self.pending -= 1;
        let freed = Slot::Free { next: self.free };
        self.free = slot;
        match std::mem::replace(&mut self.slots[slot as usize], freed) {
            Slot::Pending { event, .. } => event,
            Slot::Free { .. } => unreachable!("the caller knows that an event is pending here"),
        }
    }

    /// Restores the promise that the first entry in line is pending.
    fn drop_dead_first(&mut self) {
        let slots = &self.slots;
        let is_pending = |key, slot| is_pending(slots, key, slot);
        while let Some((key, slot)) = self.line.first() {
            if is_pending(key, slot) {
                return;
            }
            self.line.take_first(is_pending);
        }
    }

    /// Removes the entries of cancelled events.
    fn sweep(&mut self) {
        let slots = &self.slots;
        self.line.retain(|key, slot| is_pending(slots, key, slot));
    }
}

/// Whether the event of an entry is pending.
#[inline]
fn is_pending<E>(slots: &[Slot<E>], key: u128, slot: u32) -> bool {
    slots[slot as usize].event(sequence_of(key)).is_some()
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

/// What events are ordered by, from the highest bits: 64 of time, 16 of tie, 48 of sequence.
const fn key_of(at: SimTime, tie: u16, sequence: u64) -> u128 {
    let order = ((tie as u64) << SEQUENCE_BITS) | sequence;
    ((at.as_nanos() as u128) << (TIE_BITS + SEQUENCE_BITS)) | order as u128
}

const fn time_of(key: u128) -> SimTime {
    SimTime::from_nanos((key >> (TIE_BITS + SEQUENCE_BITS)) as u64)
}

const fn sequence_of(key: u128) -> u64 {
    key as u64 & ((1 << SEQUENCE_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        // The slot is in use again, by an event of another key.
        let reused = queue.push(at(3), 'c');
        assert_eq!(reused.slot, first.slot);
        assert_eq!(queue.cancel(first), None);
        assert_eq!(drain(&mut queue), [(2, 'b'), (3, 'c')]);
        assert_eq!(queue.cancel(reused), None);
    }

    #[test]
    fn cancelling_everything_leaves_nothing_behind() {
        let mut queue = Queue::new();
        let keys: Vec<Key> = (0..1000).map(|i| queue.push(at(i % 7), i)).collect();
        for (index, key) in keys.into_iter().enumerate() {
            assert_eq!(queue.cancel(key), Some(index as u64));
        }
        assert!(queue.is_empty());
        assert_eq!((queue.len(), queue.line.len()), (0, 0));
        assert_eq!(queue.next_at(), None);
    }

    #[test]
    fn cancelled_entries_are_swept_once_they_are_the_majority() {
        let mut queue = Queue::new();
        // A lone early event keeps the root pending, so only sweeping can remove the others.
        queue.push(at(0), 0);
        for _ in 0..10_000 {
            let timer = queue.push(at(1_000_000), 1);
            queue.cancel(timer);
            assert!(queue.line.len() <= SWEEP_MIN);
        }
        assert_eq!(queue.slots.len(), 2, "slots are used again");
        assert_eq!(drain(&mut queue), [(0, 0)]);
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

    /// The obvious queue: a list that is kept sorted.
    #[derive(Default)]
    struct Model {
        pending: Vec<(u64, u16, u32)>,
        pushed: u32,
    }

    impl Model {
        fn push(&mut self, time: u64, tie: u16) -> u32 {
            let number = self.pushed;
            self.pushed += 1;
            self.pending.push((time, tie, number));
            self.pending.sort_unstable();
            number
        }

        fn cancel(&mut self, number: u32) -> Option<u32> {
            let index = self.pending.iter().position(|p| p.2 == number)?;
            Some(self.pending.remove(index).2)
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
        /// More delays than there are lanes, from where the clock of the model is.
        PushAfter {
            delay: u64,
            tie: u16,
        },
        Cancel(prop::sample::Index),
        Pop,
    }

    /// Few distinct times and ties, so that equal ones are common.
    fn operation() -> impl Strategy<Value = Operation> {
        prop_oneof![
            5 => (0..12_u64, 0..3_u16).prop_map(|(time, tie)| Operation::Push { time, tie }),
            5 => (0..12_u64, 0..3_u16).prop_map(|(delay, tie)| Operation::PushAfter { delay, tie }),
            4 => any::<prop::sample::Index>().prop_map(Operation::Cancel),
            2 => Just(Operation::Pop),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn it_behaves_as_a_sorted_list(
            operations in prop::collection::vec(operation(), 0..600),
        ) {
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
                    Operation::PushAfter { delay, tie } => {
                        let number = model.push(now + delay, tie);
                        let delay = Duration::from_nanos(delay);
                        keys.push(queue.push_after(at(now), delay, tie, number));
                    }
                    Operation::Cancel(index) if !keys.is_empty() => {
                        let number = index.index(keys.len());
                        let expected = model.cancel(number as u32);
                        prop_assert_eq!(queue.cancel(keys[number]), expected);
                    }
                    Operation::Cancel(_) => {}
                    Operation::Pop => {
                        let popped = queue.pop().map(|(time, event)| (time.as_nanos(), event));
                        now = popped.map_or(now, |(time, _)| now.max(time));
                        prop_assert_eq!(popped, model.pop());
                    }
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
            prop_assert_eq!(drain(&mut queue), in_order);
        }
    }
}
