//! A list for each delay that comes again and again.

use std::collections::VecDeque;

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
    lists: [VecDeque<Waiting<E>>; LANES],
    /// The delay of each lane: of one that was never in use, the longest.
    delays: [u64; LANES],
    /// How many events of each lane have come, over and over up to [`NEAR`].
    come: [u8; LANES],
    /// In which lane the delays of a bucket were found last.
    hints: [u8; BUCKETS],
    /// The two delays of each bucket that were looked for last and had no lane.
    strangers: [[u64; 2]; BUCKETS],
    /// Cancelled events of which something is left.
    cancelled: usize,
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

impl<E> Lanes<E> {
    /// Lanes without events.
    pub(super) const fn new() -> Self {
        let mut delays = [u64::MAX; LANES];
        delays[AT_ONCE] = 0;
        Self {
            lists: [const { VecDeque::new() }; LANES],
            delays,
            come: [0; LANES],
            hints: [AT_ONCE as u8; BUCKETS],
            strangers: [[0; 2]; BUCKETS],
            cancelled: 0,
        }
    }

    /// The lane of a delay. One that comes for the second time is given a lane in which nothing is pending.
    #[inline]
    pub(super) fn of(&mut self, delay: u64) -> Option<usize> {
        let bucket = (delay.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - BUCKET_BITS)) as usize;
        let lane = usize::from(self.hints[bucket]);
        match self.delays.get(lane) {
            Some(&own) if own == delay => Some(lane),
            _ => self.look(delay, bucket),
        }
    }

    /// Looks through all lanes for a delay that is not where the last of its bucket was.
    #[inline(never)]
    fn look(&mut self, delay: u64, bucket: usize) -> Option<usize> {
        let own = self.delays.iter().position(|&other| other == delay);
        let strangers = &mut self.strangers[bucket];
        if own.is_none() && !strangers.contains(&delay) {
            *strangers = [delay, strangers[0]];
            return None;
        }
        let mut others = AT_ONCE + 1..LANES;
        let lane = own.or_else(|| others.find(|&lane| self.lists[lane].is_empty()))?;
        self.delays[lane] = delay;
        self.hints[bucket] = lane as u8;
        Some(lane)
    }

    /// Adds an event behind the others of a lane, and says whether there were none; gives it back when its place is
    /// not behind them.
    #[inline]
    pub(super) fn push(&mut self, lane: usize, key: u128, event: E) -> Result<bool, E> {
        let list = &mut self.lists[lane];
        let is_first = match list.back() {
            None => true,
            Some(last) if last.key() < key => false,
            Some(_) => return Err(event),
        };
        list.push_back(Waiting {
            time: (key >> 64) as u64,
            order: key as u64,
            event: Some(event),
        });
        Ok(is_first)
    }

    /// Removes the first event of a lane, and gives the key of the one that is first now.
    #[inline]
    pub(super) fn pop(&mut self, lane: usize) -> (Option<E>, u128) {
        match self.lists[lane].pop_front() {
            Some(first) => (first.event, self.first(lane)),
            None => (None, NO_KEY),
        }
    }

    /// Whether an event that was just removed from a long lane is the last of those that came near, so that others do.
    #[inline]
    pub(super) fn come_near(&mut self, lane: usize) -> bool {
        if self.lists[lane].len() < LONG {
            return false;
        }
        let come = &mut self.come[lane];
        *come = (*come + 1) % NEAR as u8;
        *come == 0
    }

    /// The events that come next in a lane.
    pub(super) fn nearest(&self, lane: usize) -> impl Iterator<Item = &E> + '_ {
        let nearest = self.lists[lane].iter().take(NEAR);
        nearest.filter_map(|waiting| waiting.event.as_ref())
    }

    /// The key of the first event of a lane that is pending, after removing what is before it.
    #[inline]
    fn first(&mut self, lane: usize) -> u128 {
        let list = &mut self.lists[lane];
        while let Some(first) = list.front() {
            if first.event.is_some() {
                return first.key();
            }
            list.pop_front();
            self.cancelled -= 1;
        }
        NO_KEY
    }

    /// Takes an event back, and gives the key of the one that is first now. Sequences ascend in a lane as keys do.
    pub(super) fn cancel(&mut self, lane: usize, sequence: u64) -> Option<(E, u128)> {
        let list = self.lists.get_mut(lane)?;
        let place = list.binary_search_by_key(&sequence, |waiting| sequence_of(waiting.key()));
        let event = list[place.ok()?].event.take()?;
        self.cancelled += 1;
        Some((event, self.first(lane)))
    }

    /// How many events were cancelled and have left something behind.
    pub(super) const fn cancelled(&self) -> usize {
        self.cancelled
    }

    /// The lane, key and event of all that are pending, in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u128, &E)> + '_ {
        let lists = self.lists.iter().enumerate();
        lists.flat_map(|(lane, list)| {
            list.iter().filter_map(move |waiting| {
                let event = waiting.event.as_ref()?;
                Some((lane, waiting.key(), event))
            })
        })
    }

    /// Removes what is left of cancelled events.
    pub(super) fn sweep(&mut self) {
        for list in &mut self.lists {
            list.retain(|waiting| waiting.event.is_some());
        }
        self.cancelled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_gets_a_lane_when_it_comes_again_and_one_that_does_not_takes_none() {
        let mut lanes = Lanes::<u32>::new();
        for delay in 1..1_000 {
            assert_eq!(lanes.of(delay * 7_919), None);
        }
        assert_eq!(lanes.of(0), Some(AT_ONCE));
        assert_eq!(lanes.of(5), None);
        let lane = lanes.of(5).expect("it is the second time");
        assert_ne!(lane, AT_ONCE);
        assert_eq!(lanes.push(lane, 1, 0), Ok(true));
        for delay in 1..1_000 {
            lanes.of(delay * 7_919);
            lanes.of(delay * 7_919);
        }
        assert_eq!(lanes.of(5), Some(lane), "something is pending in it");
        assert_eq!(lanes.of(0), Some(AT_ONCE), "it is nobody else's");
    }

    #[test]
    fn as_many_delays_as_there_are_lanes_keep_theirs() {
        let mut lanes = Lanes::new();
        let delays = || (1..LANES as u64).map(|number| number * 100_000_000);
        delays().for_each(|delay| assert_eq!(lanes.of(delay), None));
        // They may share buckets, so it takes more than one round.
        for turn in 0..200 {
            for delay in delays() {
                if let Some(lane) = lanes.of(delay) {
                    assert!(lanes.push(lane, turn, ()).is_ok());
                }
            }
        }
        let mut found: Vec<_> = delays().map(|delay| lanes.of(delay)).collect();
        found.dedup();
        assert_eq!(found.len(), LANES - 1);
        assert!(found.iter().all(Option::is_some));
    }

    #[test]
    fn what_is_not_behind_the_others_is_given_back() {
        let mut lanes = Lanes::new();
        assert_eq!(lanes.push(1, 5, 'a'), Ok(true));
        assert_eq!(lanes.push(1, 4, 'b'), Err('b'));
        assert_eq!(lanes.pop(1), (Some('a'), NO_KEY));
        assert_eq!(lanes.push(1, 4, 'b'), Ok(true));
    }

    #[test]
    fn the_first_of_a_lane_is_pending_whatever_is_cancelled() {
        let mut lanes = Lanes::new();
        for sequence in 0..5_u64 {
            assert_eq!(
                lanes.push(1, u128::from(sequence), sequence),
                Ok(sequence == 0)
            );
        }
        assert_eq!(lanes.cancel(1, 1), Some((1, 0)));
        assert_eq!(lanes.cancel(1, 1), None);
        assert_eq!(lanes.cancel(1, 9), None);
        assert_eq!(lanes.cancel(1, 0), Some((0, 2)));
        assert_eq!((lanes.cancelled(), lanes.iter().count()), (0, 3));
        assert_eq!(lanes.cancel(1, 3), Some((3, 2)));
        assert_eq!((lanes.cancelled(), lanes.iter().count()), (1, 2));
        assert_eq!(lanes.pop(1), (Some(2), 4));
        assert_eq!(lanes.pop(1), (Some(4), NO_KEY));
        assert_eq!(lanes.cancelled(), 0);
    }
}
