//! Simulated time: a point on the simulation's own clock, and deadlines on it.
//!
//! Points are [`SimTime`], spans are [`std::time::Duration`]. Nothing here reads a real clock.

use std::fmt;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::{Deserialize, Serialize};

const NANOS_PER_SECOND: u64 = 1_000_000_000;
const NANOS_PER_MILLI: u64 = 1_000_000;

/// A point of simulated time: whole nanoseconds since the simulation began.
///
/// The range is about 584 years. Arithmetic saturates at [`SimTime::MAX`] instead of
/// wrapping, so an absurdly long delay ends at "never" and not in the past.
///
/// ```
/// use std::time::Duration;
/// use wavetank::SimTime;
///
/// let ready = SimTime::from_secs(12) + Duration::from_millis(350);
/// assert_eq!(ready.to_string(), "12.350s");
/// assert_eq!(ready.since(SimTime::from_secs(10)), Duration::from_millis(2350));
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SimTime(u64);

impl SimTime {
    /// The moment the simulation began.
    pub const ZERO: Self = Self(0);

    /// The last representable moment, which stands for "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The point `nanos` nanoseconds after the beginning.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The point `millis` milliseconds after the beginning, at most [`SimTime::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(NANOS_PER_MILLI))
    }

    /// The point `secs` seconds after the beginning, at most [`SimTime::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(NANOS_PER_SECOND))
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the beginning, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / NANOS_PER_MILLI
    }

    /// The span from `earlier` to `self`, or zero when `earlier` is the later of the two.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The point `span` later, or [`SimTime::MAX`] when that cannot be represented.
    #[must_use]
    pub const fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(span)))
    }

    /// The point `span` later, or `None` when that cannot be represented.
    #[must_use]
    pub const fn checked_add(self, span: Duration) -> Option<Self> {
        let nanos = span.as_nanos();
        if nanos > u64::MAX as u128 {
            return None;
        }
        match self.0.checked_add(nanos as u64) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

impl Add<Duration> for SimTime {
    type Output = Self;

    /// The point `span` later; saturates at [`SimTime::MAX`].
    fn add(self, span: Duration) -> Self {
        self.saturating_add(span)
    }
}

impl AddAssign<Duration> for SimTime {
    /// Moves the point `span` later; saturates at [`SimTime::MAX`].
    fn add_assign(&mut self, span: Duration) {
        *self = self.saturating_add(span);
    }
}

/// Writes seconds with at least three decimals, and as many more as the value needs.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / NANOS_PER_SECOND;
        let nanos = self.0 % NANOS_PER_SECOND;
        if nanos % NANOS_PER_MILLI == 0 {
            return write!(f, "{seconds}.{:03}s", nanos / NANOS_PER_MILLI);
        }
        let decimals = format!("{nanos:09}");
        write!(f, "{seconds}.{}s", decimals.trim_end_matches('0'))
    }
}

/// Something that names a point of simulated time once the current time is known.
///
/// A [`SimTime`] is an absolute deadline; a [`Duration`] is one relative to now.
///
/// ```
/// use std::time::Duration;
/// use wavetank::{Deadline, SimTime};
///
/// let now = SimTime::from_secs(5);
/// assert_eq!(Duration::from_secs(2).at(now), SimTime::from_secs(7));
/// assert_eq!(SimTime::from_secs(2).at(now), SimTime::from_secs(2));
/// ```
pub trait Deadline {
    /// The point meant when the current time is `now`; a relative one saturates at [`SimTime::MAX`].
    fn at(self, now: SimTime) -> SimTime;
}

impl Deadline for SimTime {
    fn at(self, _now: SimTime) -> SimTime {
        self
    }
}

impl Deadline for Duration {
    fn at(self, now: SimTime) -> SimTime {
        now.saturating_add(self)
    }
}

/// The length of `span` in nanoseconds, at most `u64::MAX`.
pub(crate) const fn saturating_nanos(span: Duration) -> u64 {
    let seconds = span.as_secs().saturating_mul(NANOS_PER_SECOND);
    seconds.saturating_add(span.subsec_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn display_shows_milliseconds_and_only_the_digits_needed_beyond() {
        let shown = |nanos| SimTime::from_nanos(nanos).to_string();
        assert_eq!(shown(0), "0.000s");
        assert_eq!(shown(12_350_000_000), "12.350s");
        assert_eq!(shown(1_000_000), "0.001s");
        assert_eq!(shown(1_500_000), "0.0015s");
        assert_eq!(shown(7_000_000_001), "7.000000001s");
        assert_eq!(shown(u64::MAX), "18446744073.709551615s");
    }

    #[test]
    fn arithmetic_saturates_at_never() {
        assert_eq!(SimTime::from_secs(u64::MAX), SimTime::MAX);
        assert_eq!(SimTime::from_millis(u64::MAX), SimTime::MAX);
        assert_eq!(SimTime::ZERO + Duration::MAX, SimTime::MAX);
        assert_eq!(SimTime::MAX + Duration::from_nanos(1), SimTime::MAX);
        assert_eq!(Duration::MAX.at(SimTime::from_secs(1)), SimTime::MAX);
    }

    #[test]
    fn checked_add_refuses_what_saturating_add_would_cut() {
        assert_eq!(SimTime::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(SimTime::MAX.checked_add(Duration::from_nanos(1)), None);
        assert_eq!(
            SimTime::MAX.checked_add(Duration::ZERO),
            Some(SimTime::MAX),
            "nothing is lost here"
        );
    }

    #[test]
    fn since_a_later_time_is_zero() {
        let (early, late) = (SimTime::from_millis(1), SimTime::from_millis(3));
        assert_eq!(late.since(early), Duration::from_millis(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn it_serialises_as_a_bare_number_of_nanoseconds() {
        let text = serde_json::to_string(&SimTime::from_millis(2)).unwrap();
        assert_eq!(text, "2000000");
        assert_eq!(
            serde_json::from_str::<SimTime>(&text).unwrap(),
            SimTime::from_millis(2)
        );
    }

    proptest! {
        #[test]
        fn adding_and_measuring_are_inverse(start in 0..u64::MAX / 2, span in 0..u64::MAX / 2) {
            let start = SimTime::from_nanos(start);
            let end = start + Duration::from_nanos(span);
            prop_assert_eq!(end.since(start), Duration::from_nanos(span));
            prop_assert_eq!(start.checked_add(Duration::from_nanos(span)), Some(end));
        }
    }
}
