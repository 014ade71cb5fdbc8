//! When a call is made again, as AWS documents it for its SDKs.

use std::time::Duration;

use serde::Serialize;

use crate::draw::Draw;
use crate::model::presets::{
    RETRY_ATTEMPTS, RETRY_CAP, RETRY_QUOTA, RETRY_THROTTLED, RETRY_THROTTLED_COST, RETRY_TRANSIENT,
    RETRY_TRANSIENT_COST,
};

/// Why an attempt is worth another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// ECS had too many calls: `ThrottlingException`.
    Throttled,
    /// ECS failed, or did not answer in time: `ServerException`, a timeout.
    Transient,
}

/// When a call is made again: exponential backoff with full jitter, and a quota of retries.
///
/// Before the second attempt it waits for any time up to a base, each as likely; before each further one up to twice as
/// long, at most up to a cap. An attempt that was refused for what it asks is never made again.
///
/// ```
/// use std::time::Duration;
/// use wavetank::client::{Backoff, Trouble};
///
/// let backoff = Backoff::standard();
/// assert_eq!(backoff.longest(Trouble::Transient, 1), Duration::from_millis(50));
/// assert_eq!(backoff.longest(Trouble::Throttled, 1), Duration::from_secs(1));
/// assert_eq!(backoff.longest(Trouble::Throttled, 3), Duration::from_secs(4));
/// assert_eq!(backoff.longest(Trouble::Throttled, 30), Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Backoff {
    /// How often a call is made at most, the first time included; 0 counts as 1.
    pub attempts: u8,
    /// The longest first wait after an error of ECS or a timeout.
    pub transient: Duration,
    /// The longest first wait after a call was throttled.
    pub throttled: Duration,
    /// The longest wait of all.
    pub cap: Duration,
    /// Tokens that retries are paid from; `None` for no such limit. They come back with calls that succeed.
    pub quota: Option<u32>,
}

impl Backoff {
    /// The standard retry mode of the AWS SDKs (AWS SDKs and Tools reference guide, retry behavior, as of 2026): three
    /// attempts, 50 ms after errors and 1 s after throttling, doubling up to 20 s, a quota of 500.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            attempts: RETRY_ATTEMPTS,
            transient: RETRY_TRANSIENT,
            throttled: RETRY_THROTTLED,
            cap: RETRY_CAP,
            quota: Some(RETRY_QUOTA),
        }
    }

    /// No call is made again.
    #[must_use]
    pub const fn never() -> Self {
        Self {
            attempts: 1,
            ..Self::standard()
        }
    }

    /// The longest wait after the `attempt`-th attempt, counted from 1.
    #[must_use]
    pub fn longest(&self, trouble: Trouble, attempt: u8) -> Duration {
        let base = match trouble {
            Trouble::Throttled => self.throttled,
            Trouble::Transient => self.transient,
        };
        let doubled = u32::from(attempt.saturating_sub(1)).min(31);
        base.saturating_mul(1 << doubled).min(self.cap)
    }

    /// The wait after the `attempt`-th attempt: any time up to [`longest`](Self::longest), by luck.
    #[must_use]
    pub fn wait(&self, trouble: Trouble, attempt: u8, draw: &mut Draw) -> Duration {
        let longest = self.longest(trouble, attempt).as_nanos();
        let longest = u64::try_from(longest).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(draw.below(longest.saturating_add(1)))
    }
}

impl Default for Backoff {
    /// The [`Backoff::standard`] one.
    fn default() -> Self {
        Self::standard()
    }
}

/// What is left of a client's quota of retries: in an outage it runs out, and calls then fail at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RetryQuota {
    left: Option<u32>,
}

impl RetryQuota {
    /// All of it.
    #[must_use]
    pub const fn full(backoff: &Backoff) -> Self {
        Self {
            left: backoff.quota,
        }
    }

    /// Pays for a retry; the price, unless too little is left.
    pub fn take(&mut self, trouble: Trouble) -> Option<u32> {
        let price = match trouble {
            Trouble::Throttled => RETRY_THROTTLED_COST,
            Trouble::Transient => RETRY_TRANSIENT_COST,
        };
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(price)?;
        }
        Some(price)
    }

    /// A call succeeded: what its last retry cost comes back, or one token when it was not retried.
    pub fn give_back(&mut self, paid: u32, backoff: &Backoff) {
        if let (Some(left), Some(most)) = (&mut self.left, backoff.quota) {
            *left = left.saturating_add(paid.max(1)).min(most);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::draw::{Draws, Purpose};

    use super::*;

    #[test]
    fn a_wait_is_anything_up_to_the_longest() {
        let (backoff, draws) = (Backoff::standard(), Draws::new(7));
        let waits: Vec<Duration> = (0..2_000)
            .map(|call| {
                let mut draw = draws.at(Purpose::ClientBackoff, call, 1);
                backoff.wait(Trouble::Throttled, 2, &mut draw)
            })
            .collect();
        let longest = backoff.longest(Trouble::Throttled, 2);
        assert!(waits.iter().all(|wait| *wait <= longest));
        assert!(waits.iter().any(|wait| *wait > longest * 19 / 20));
        assert!(waits.iter().any(|wait| *wait < longest / 20));
    }

    #[test]
    fn the_quota_runs_out_and_comes_back_with_success() {
        let backoff = Backoff {
            quota: Some(20),
            ..Backoff::standard()
        };
        let mut quota = RetryQuota::full(&backoff);
        assert_eq!(quota.take(Trouble::Transient), Some(14));
        assert_eq!(quota.take(Trouble::Throttled), Some(5));
        assert_eq!(quota.take(Trouble::Throttled), None);
        quota.give_back(14, &backoff);
        assert_eq!(quota.take(Trouble::Transient), Some(14));
        quota.give_back(0, &backoff);
        assert_eq!(quota, RetryQuota { left: Some(2) });
        quota.give_back(100, &backoff);
        assert_eq!(quota, RetryQuota::full(&backoff));
    }

    #[test]
    fn without_a_quota_retries_cost_nothing() {
        let backoff = Backoff {
            quota: None,
            ..Backoff::standard()
        };
        let mut quota = RetryQuota::full(&backoff);
        assert!((0..10_000).all(|_| quota.take(Trouble::Transient).is_some()));
    }
}
