//! A list for each delay that comes again and again.

use super::fronts::NO_KEY;
use super::key::sequence_of;

/// Lanes at most: an orchestrator with fixed latencies has about as many.
pub(super) const LANES: usize = 12;

/// The lane of what comes at once, which is always that.
pub(super) const AT_ONCE: usize = 0;

/// So many events of a lane come near at a time.
const NEAR: usize = 16;

/// In a lane with fewer events each was pushed a short while ago: they are near.
const LONG: usize = 1_024;

/// Buckets by which delays are looked up, and the bits of their numbers.
const BUCKETS: usize = 1 << BUCKET_BITS;
const BUCKET_BITS: u32 = 5;

/// Events of a delay each, in the order of their keys, whose upper 64 bits are a time.
///
/// Much of what a simulation does next happens after one of a few constant delays, or at once. Events of one delay
/// come in ascending order by themselves, so a list takes and gives them in constant time. Which lane an event is in,
/// or whether it is in any, has no influence on the order. The first in each list is pending.
#[derive(Clone)]
pub(super) struct Lanes<E> {
    lanes: [Lane<E>; LANES],
    /// In which two lanes the delays of a bucket were found last.
    hints: [[u8; 2]; BUCKETS],
    /// The two delays of each bucket that were looked for last and had no lane.
    strangers: [[u64; 2]; BUCKETS],
    /// Cancelled events of which something is left.
    cancelled: usize,
}

/// The events of one delay.
pub(super) struct Lane<E> {
    /// That delay: of a lane that was never in use, the longest.
    delay: u64,
    /// In ascending order, those before `head` being gone. It is empty when none is pending.
    list: Vec<Waiting<E>>,
    head: usize,
}

/// An event in a lane, or what is left of one that was cancelled.
#[derive(Clone)]
struct Waiting<E> {
    time: u64,
    order: u64,
    event: Option<E>,
}

impl<E> Waiting<E> {
    #[inline]
    const fn key(&self) -> u128 {
        ((self.time as u128) << 64) | self.order as u128
    }
}

impl<E> Lane<E> {
    const fn of(delay: u64) -> Self {
        Self {
            delay,
            list: Vec::new(),
            head: 0,
        }
    }

    /// Whether nothing is pending.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds an event, whose key is greater than those of all others.
    #[inline]
    pub(super) fn push(&mut self, key: u128, event: E) {
        self.list.push(Waiting {
            time: (key >> 64) as u64,
            order: key as u64,
            event: Some(event),
        });
    }

    /// Those that are pending, and what is left of others.
    fn waiting(&self) -> &[Waiting<E>] {
        &self.list[self.head..]
    }

    /// Every few pops, gives back the memory of those that are gone where it is much, and says whether the lane is long.
    #[inline(never)]
    fn come_near(&mut self) -> bool {
        let left = self.list.len() - self.head;
        if self.head > left {
            self.list.drain(..self.head);
            self.head = 0;
        }
        left >= LONG
    }
}

impl<E: Clone> Clone for Lane<E> {
    fn clone(&self) -> Self {
        Self {
            delay: self.delay,
            list: self.waiting().to_vec(),
            head: 0,
        }
    }
}

impl<E> Lanes<E> {
    /// Lanes without events.
    pub(super) const fn new() -> Self {
        let mut lanes = [const { Lane::of(u64::MAX) }; LANES];
        lanes[AT_ONCE].delay = 0;
        Self {
            lanes,
            hints: [[AT_ONCE as u8; 2]; BUCKETS],
            strangers: [[0; 2]; BUCKETS],
            cancelled: 0,
        }
    }

    /// The lane of a delay, and its number, if an event of this key comes last there.
    #[inline]
    pub(super) fn of(&mut self, delay: u64, key: u128) -> Option<(usize, &mut Lane<E>)> {
        let bucket = (delay.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS)) as usize;
        let mut lane = usize::from(self.hints[bucket][0]);
        if self.lanes.get(lane).is_none_or(|own| own.delay != delay) {
            lane = self.look(delay, bucket)?;
        }
        self.at(lane, key)
    }

    /// A lane and its number, if an event of this key comes last there.
    #[inline]
    pub(super) fn at(&mut self, lane: usize, key: u128) -> Option<(usize, &mut Lane<E>)> {
        let own = self.lanes.get_mut(lane)?;
        match own.list.last() {
            Some(last) if last.key() >= key => None,
            _ => Some((lane, own)),
        }
    }

    /// Looks for the lane of a delay that is not where the last of its bucket was. One that comes for the second time is
    /// given a lane in which nothing is pending.
    #[inline(never)]
    fn look(&mut self, delay: u64, bucket: usize) -> Option<usize> {
        let [last, before] = self.hints[bucket];
        let mut lane = usize::from(before);
        if self.lanes[lane].delay != delay {
            let strangers = &mut self.strangers[bucket];
            if !strangers.contains(&delay) {
                *strangers = [delay, strangers[0]];
                return None;
            }
            let mut others = AT_ONCE + 1..LANES;
            lane = others.find(|&lane| self.lanes[lane].list.is_empty())?;
            self.lanes[lane].delay = delay;
        }
        self.hints[bucket] = [lane as u8, last];
        Some(lane)
    }

    /// Removes the first event of a lane, and gives the key of the one that is first now; `near` becomes the lane when that
    /// event was the last of those that were near, so that others come near.
    ///
    /// # Panics
    ///
    /// When nothing is pending there.
    #[inline]
    pub(super) fn pop(&mut self, lane: usize, near: &mut Option<usize>) -> (E, u128) {
        let own = &mut self.lanes[lane];
        let (popped, rest) = own.list[own.head..]
            .split_first_mut()
            .expect("something is pending in the lane");
        let event = popped.event.take();
        own.head += 1;
        let first = match rest.first() {
            Some(first) if first.event.is_some() => {
                let first = first.key();
                if own.head % NEAR == 0 && own.come_near() {
                    *near = Some(lane);
                }
                first
            }
            _ => self.first(lane),
        };
        (event.expect("the first event of a lane is pending"), first)
    }

    /// The events that come next in a lane.
    pub(super) fn nearest(&self, lane: usize) -> impl Iterator<Item = &E> + '_ {
        let nearest = self.lanes[lane].waiting().iter().take(NEAR);
        nearest.filter_map(|waiting| waiting.event.as_ref())
    }

    /// The key of the first event of a lane that is pending, after removing what is before it.
    #[inline(never)]
    fn first(&mut self, lane: usize) -> u128 {
        let own = &mut self.lanes[lane];
        while let Some(first) = own.list.get(own.head) {
            if first.event.is_some() {
                return first.key();
            }
            own.head += 1;
            self.cancelled -= 1;
        }
        own.list.clear();
        own.head = 0;
        NO_KEY
    }

    /// Takes an event back, and gives the key of the one that is first now. Sequences ascend in a lane as keys do.
    pub(super) fn cancel(&mut self, lane: usize, sequence: u64) -> Option<(E, u128)> {
        let own = self.lanes.get_mut(lane)?;
        let waiting = &mut own.list[own.head..];
        let place = waiting.binary_search_by_key(&sequence, |waiting| sequence_of(waiting.key()));
        let event = waiting[place.ok()?].event.take()?;
        self.cancelled += 1;
        Some((event, self.first(lane)))
    }

    /// How many events were cancelled and have left something behind.
    pub(super) const fn cancelled(&self) -> usize {
        self.cancelled
    }

    /// The lane, key and event of all that are pending, in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u128, &E)> + '_ {
        let lanes = self.lanes.iter().enumerate();
        lanes.flat_map(|(lane, own)| {
            own.waiting().iter().filter_map(move |waiting| {
                let event = waiting.event.as_ref()?;
                Some((lane, waiting.key(), event))
            })
        })
    }

    /// Removes what is left of cancelled events.
    pub(super) fn sweep(&mut self) {
        for own in &mut self.lanes {
            own.list.retain(|waiting| waiting.event.is_some());
            own.head = 0;
        }
        self.cancelled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds an event of a delay, if it has a lane and comes last there; gives the lane.
    fn push_after<E>(lanes: &mut Lanes<E>, delay: u64, key: u128, event: E) -> Option<usize> {
        let (number, lane) = lanes.of(delay, key)?;
        lane.push(key, event);
        Some(number)
    }

    /// Adds an event to a lane, if it comes last there; says whether it is the only one.
    fn push<E>(lanes: &mut Lanes<E>, lane: usize, key: u128, event: E) -> Option<bool> {
        let (_, lane) = lanes.at(lane, key)?;
        let is_first = lane.is_empty();
        lane.push(key, event);
        Some(is_first)
    }

    #[test]
    fn a_delay_gets_a_lane_when_it_comes_again_and_one_that_does_not_takes_none() {
        let mut lanes = Lanes::<u32>::new();
        for delay in 1..1_000 {
            assert_eq!(push_after(&mut lanes, delay * 7_919, 0, 0), None);
        }
        assert_eq!(push_after(&mut lanes, 0, 0, 0), Some(AT_ONCE));
        assert_eq!(push_after(&mut lanes, 5, 0, 0), None);
        let lane = push_after(&mut lanes, 5, 0, 0).expect("it is the second time");
        assert_ne!(lane, AT_ONCE);
        for delay in 1..1_000 {
            push_after(&mut lanes, delay * 7_919, 1, 0);
            push_after(&mut lanes, delay * 7_919, 2, 0);
        }
        let again = push_after(&mut lanes, 5, 1, 0);
        assert_eq!(again, Some(lane), "something is pending in it");
        let at_once = push_after(&mut lanes, 0, 1, 0);
        assert_eq!(at_once, Some(AT_ONCE), "it is nobody else's");
    }

    #[test]
    fn as_many_delays_as_there_are_lanes_keep_theirs() {
        let mut lanes = Lanes::new();
        let delays = || (1..LANES as u64).map(|number| number * 100_000_000);
        // They may share buckets, so it takes more than one round.
        for turn in 0..200 {
            for delay in delays() {
                let lane = push_after(&mut lanes, delay, turn, ());
                assert!(turn > 0 || lane.is_none());
            }
        }
        let mut found: Vec<_> = delays()
            .map(|delay| push_after(&mut lanes, delay, 200, ()))
            .collect();
        found.dedup();
        assert_eq!(found.len(), LANES - 1);
        assert!(found.iter().all(Option::is_some));
    }

    #[test]
    fn what_is_not_behind_the_others_has_no_place_in_a_lane() {
        let mut lanes = Lanes::new();
        assert_eq!(push(&mut lanes, 1, 5, 'a'), Some(true));
        assert_eq!(push(&mut lanes, 1, 4, 'b'), None);
        assert_eq!(lanes.pop(1, &mut None), ('a', NO_KEY));
        assert_eq!(push(&mut lanes, 1, 4, 'b'), Some(true));
    }

    #[test]
    fn a_lane_in_which_as_many_are_pushed_as_come_takes_no_more_memory() {
        for pending in [1, 5, 40, 5_000] {
            let mut lanes = Lanes::new();
            for turn in 0..pending + 50_000_u32 {
                assert_eq!(push(&mut lanes, 1, turn.into(), turn), Some(turn == 0));
                if turn >= pending {
                    assert_eq!(lanes.pop(1, &mut None).0, turn - pending);
                }
            }
            let lane = &lanes.lanes[1];
            assert_eq!(lane.waiting().len(), pending as usize);
            assert!(lane.list.capacity() <= 4 * pending as usize + 64);
        }
    }

    #[test]
    fn the_first_of_a_lane_is_pending_whatever_is_cancelled() {
        let mut lanes = Lanes::new();
        for sequence in 0..5_u64 {
            let is_first = push(&mut lanes, 1, u128::from(sequence), sequence);
            assert_eq!(is_first, Some(sequence == 0));
        }
        assert_eq!(lanes.cancel(1, 1), Some((1, 0)));
        assert_eq!(lanes.cancel(1, 1), None);
        assert_eq!(lanes.cancel(1, 9), None);
        assert_eq!(lanes.cancel(1, 0), Some((0, 2)));
        assert_eq!((lanes.cancelled(), lanes.iter().count()), (0, 3));
        assert_eq!(lanes.cancel(1, 3), Some((3, 2)));
        assert_eq!((lanes.cancelled(), lanes.iter().count()), (1, 2));
        assert_eq!(lanes.pop(1, &mut None), (2, 4));
        assert_eq!(lanes.pop(1, &mut None), (4, NO_KEY));
        assert_eq!(lanes.cancelled(), 0);
    }
}
