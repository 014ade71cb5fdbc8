//! What events are ordered by, and what they are cancelled by.

use std::num::{NonZeroU32, NonZeroU64};

use crate::time::SimTime;

const SEQUENCE_BITS: u32 = 48;
const TIE_BITS: u32 = 16;

/// One number more would make the greatest key, which stands for none.
pub(super) const SEQUENCE_END: u64 = (1 << SEQUENCE_BITS) - 1;

/// What events are ordered by, from the highest bits: 64 of time, 16 of tie, 48 of sequence.
#[inline]
pub(super) const fn key_of(at: SimTime, tie: u16, sequence: u64) -> u128 {
    let order = ((tie as u64) << SEQUENCE_BITS) | sequence;
    ((at.as_nanos() as u128) << (TIE_BITS + SEQUENCE_BITS)) | order as u128
}

#[inline]
pub(super) const fn time_of(key: u128) -> SimTime {
    SimTime::from_nanos((key >> (TIE_BITS + SEQUENCE_BITS)) as u64)
}

#[inline]
pub(super) const fn sequence_of(key: u128) -> u64 {
    key as u64 & ((1 << SEQUENCE_BITS) - 1)
}

/// What [`Queue::push`](super::Queue::push) gives for an event, to cancel it by.
///
/// A queue never gives a key twice, so one whose event was popped or cancelled is harmless. A key
/// is good for the queue it came from, and for clones made of that while the event was pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(NonZeroU64);

/// Set in the key of an event in a lane.
const IN_LANE: u64 = 1 << 63;

/// Where the event of a key was put.
pub(super) enum Whereabouts {
    Lane { lane: usize, sequence: u64 },
    Slot { number: u32, generation: u32 },
}

impl Key {
    #[inline]
    pub(super) const fn of_lane(lane: usize, sequence: u64) -> Self {
        let bits = IN_LANE | ((lane as u64) << SEQUENCE_BITS) | sequence;
        Self(NonZeroU64::new(bits).expect("a bit is set"))
    }

    /// Of a generation less than 2³¹.
    #[inline]
    pub(super) const fn of_slot(number: u32, generation: NonZeroU32) -> Self {
        let bits = ((generation.get() as u64) << 32) | number as u64;
        Self(NonZeroU64::new(bits).expect("a generation is not zero"))
    }

    pub(super) const fn whereabouts(self) -> Whereabouts {
        let bits = self.0.get();
        if bits & IN_LANE == 0 {
            return Whereabouts::Slot {
                number: bits as u32,
                generation: (bits >> 32) as u32,
            };
        }
        Whereabouts::Lane {
            lane: ((bits & !IN_LANE) >> SEQUENCE_BITS) as usize,
            sequence: bits & SEQUENCE_END,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_small_where_there_may_be_none_too() {
        // As many are remembered as tasks.
        assert_eq!(size_of::<Option<Key>>(), 8);
    }
}
