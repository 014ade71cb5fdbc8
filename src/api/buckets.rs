//! What is left in the account's token buckets.

use serde::Serialize;

use crate::model::RequestBucket;
use crate::time::SimTime;

/// Parts of a token: whatever comes back in a whole number of nanoseconds is a whole number of these.
const PER_TOKEN: u64 = 1_000_000_000;

/// What one bucket holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Level {
    nanotokens: u64,
    /// When it held that.
    at: SimTime,
}

/// The levels of every bucket of [`RequestBucket::ALL`], in that order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Buckets {
    levels: Vec<Level>,
}

impl Buckets {
    /// All of them, full.
    pub(crate) fn full() -> Self {
        let level = |bucket: &RequestBucket| Level {
            nanotokens: most(bucket),
            at: SimTime::ZERO,
        };
        Self {
            levels: RequestBucket::ALL.iter().map(level).collect(),
        }
    }

    /// Takes a token for a call of an operation; whether there was one.
    pub(crate) fn take(&mut self, operation: &str, now: SimTime) -> bool {
        let all = RequestBucket::ALL.iter().zip(&mut self.levels);
        let mut all = all.filter(|(bucket, _)| bucket.operations.contains(&operation));
        let Some((bucket, level)) = all.next() else {
            return true;
        };
        let passed = now.since(level.at).as_nanos();
        let come_back = u64::try_from(passed)
            .unwrap_or(u64::MAX)
            .saturating_mul(u64::from(bucket.per_second));
        level.nanotokens = level.nanotokens.saturating_add(come_back).min(most(bucket));
        level.at = now;
        match level.nanotokens.checked_sub(PER_TOKEN) {
            Some(rest) => {
                level.nanotokens = rest;
                true
            }
            None => false,
        }
    }
}

/// What a full bucket holds.
fn most(bucket: &RequestBucket) -> u64 {
    u64::from(bucket.burst) * PER_TOKEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let mut buckets = Buckets::full();
        let now = SimTime::from_secs(7);
        let taken = (0..200).filter(|_| buckets.take("RunTask", now)).count();
        assert_eq!(taken, 100);
        assert!(
            buckets.take("DescribeTasks", now),
            "it has a bucket of its own"
        );
        // 40 tokens a second: one each 25 ms, and none a nanosecond before.
        let next = now.as_nanos() + 25_000_000;
        assert!(!buckets.take("StopTask", SimTime::from_nanos(next - 1)));
        assert!(buckets.take("StopTask", SimTime::from_nanos(next)));
        assert!(!buckets.take("StopTask", SimTime::from_nanos(next)));
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let mut buckets = Buckets::full();
        assert!(buckets.take("DeleteTaskDefinitions", SimTime::ZERO));
        let late = SimTime::MAX;
        let taken = (0..20).filter(|_| buckets.take("DeleteTaskDefinitions", late));
        assert_eq!(taken.count(), 5);
    }
}
