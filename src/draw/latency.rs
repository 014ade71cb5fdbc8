//! Latencies: how long something takes, as a distribution.

use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use super::Draw;
use crate::time::saturating_nanos;

/// How long something takes: a constant, or a distribution samples are drawn from.
///
/// The constructors check their arguments; a value put together by hand is checked by
/// [`Latency::validate`]. Sampling never fails, and no sample is longer than
/// [`Latency::LONGEST`], so simulated time does not overflow.
///
/// ```
/// use std::time::Duration;
/// use wavetank::draw::Latency;
///
/// let pull = Latency::uniform(Duration::from_secs(5), Duration::from_secs(60))?;
/// assert_eq!(pull.as_constant(), None);
/// assert!(Latency::uniform(Duration::from_secs(2), Duration::from_secs(1)).is_err());
/// # Ok::<(), wavetank::draw::LatencyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Any whole number of nanoseconds between two bounds, each equally likely.
    Uniform {
        /// The shortest.
        low: Duration,
        /// The longest; it may occur.
        high: Duration,
    },
    /// Exponential: what is left does not depend on how long it has taken.
    Exponential {
        /// The mean, which is also the standard deviation.
        mean: Duration,
    },
    /// Log-normal: most are near the median, and a few take far longer.
    LogNormal {
        /// Half of the samples are below this.
        median: Duration,
        /// The standard deviation of the natural logarithm, times 10⁶; at most
        /// [`Latency::SIGMA_MILLIONTHS_MAX`].
        sigma_millionths: u64,
    },
    /// One of several latencies, each as likely as its share of the weights.
    Choice(
        /// The weights, not all zero, and what they stand for.
        Vec<(u32, Self)>,
    ),
}

impl Latency {
    /// The longest sample, ten years of 365 days: longer samples are cut to this.
    pub const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

    /// The largest `sigma_millionths`: a standard deviation of the logarithm of ten, so that
    /// one sample in six is more than 22,000 times the median.
    pub const SIGMA_MILLIONTHS_MAX: u64 = 10_000_000;

    /// No time at all.
    pub const ZERO: Self = Self::Fixed(Duration::ZERO);

    /// Always `duration`.
    ///
    /// # Errors
    ///
    /// [`LatencyError::TooLong`] when it is longer than [`Latency::LONGEST`].
    pub fn fixed(duration: Duration) -> Result<Self, LatencyError> {
        Self::Fixed(duration).validated()
    }

    /// From `low` to `high`, both included.
    ///
    /// # Errors
    ///
    /// [`LatencyError::LowAboveHigh`] when `low` is the longer;
    /// [`LatencyError::TooLong`] when `high` is longer than [`Latency::LONGEST`].
    pub fn uniform(low: Duration, high: Duration) -> Result<Self, LatencyError> {
        Self::Uniform { low, high }.validated()
    }

    /// Exponential with this mean.
    ///
    /// # Errors
    ///
    /// [`LatencyError::TooLong`] when the mean is longer than [`Latency::LONGEST`].
    pub fn exponential(mean: Duration) -> Result<Self, LatencyError> {
        Self::Exponential { mean }.validated()
    }

    /// Log-normal with this median, where the logarithm has a standard deviation of
    /// `sigma_millionths` / 10⁶.
    ///
    /// # Errors
    ///
    /// [`LatencyError::TooLong`] when the median is longer than [`Latency::LONGEST`];
    /// [`LatencyError::SigmaTooLarge`] beyond [`Latency::SIGMA_MILLIONTHS_MAX`].
    pub fn log_normal(median: Duration, sigma_millionths: u64) -> Result<Self, LatencyError> {
        Self::LogNormal {
            median,
            sigma_millionths,
        }
        .validated()
    }

    /// One of several latencies, by weight.
    ///
    /// # Errors
    ///
    /// [`LatencyError::NoWeight`] when there is none or all weights are zero; and whatever is
    /// wrong with one of them.
    pub fn choice(weighted: Vec<(u32, Self)>) -> Result<Self, LatencyError> {
        Self::Choice(weighted).validated()
    }

    /// Checks what the constructors check.
    ///
    /// # Errors
    ///
    /// What is wrong first, in the order the parts are written.
    pub fn validate(&self) -> Result<(), LatencyError> {
        match *self {
            Self::Fixed(duration) => within_longest(duration),
            Self::Uniform { low, high } if low > high => {
                Err(LatencyError::LowAboveHigh { low, high })
            }
            Self::Uniform { high, .. } => within_longest(high),
            Self::Exponential { mean } => within_longest(mean),
            Self::LogNormal {
                sigma_millionths, ..
            } if sigma_millionths > Self::SIGMA_MILLIONTHS_MAX => {
                Err(LatencyError::SigmaTooLarge(sigma_millionths))
            }
            Self::LogNormal { median, .. } => within_longest(median),
            Self::Choice(ref weighted) => {
                if weighted.iter().all(|&(weight, _)| weight == 0) {
                    return Err(LatencyError::NoWeight);
                }
                weighted
                    .iter()
                    .try_for_each(|(_, latency)| latency.validate())
            }
        }
    }

    /// One sample.
    ///
    /// A constant takes no word from `draw`. What [`Latency::validate`] would refuse still has
    /// a sample: bounds in the wrong order give the one named `low`, a choice of nothing gives zero.
    #[must_use]
    pub fn sample(&self, draw: &mut Draw) -> Duration {
        match self.as_constant() {
            Some(constant) => constant,
            None => self.sample_of_several(draw),
        }
    }

    /// One sample, where there are several.
    #[inline(always)]
    pub(super) fn sample_of_several(&self, draw: &mut Draw) -> Duration {
        match *self {
            Self::Fixed(duration) => cut(duration),
            Self::Uniform { low, high } => {
                let (low, high) = (saturating_nanos(cut(low)), saturating_nanos(cut(high)));
                Duration::from_nanos(low + draw.below(high.saturating_sub(low) + 1))
            }
            Self::Exponential { mean } => draw.exponential(mean),
            Self::LogNormal {
                median,
                sigma_millionths,
            } => draw.log_normal(median, sigma_millionths),
            Self::Choice(ref weighted) => {
                let index = draw.weighted_by(weighted.iter().map(|&(weight, _)| weight));
                weighted[index].1.sample(draw)
            }
        }
    }

    /// The only value of one that is fixed by its name.
    #[inline]
    pub(super) fn as_fixed(&self) -> Option<Duration> {
        match *self {
            Self::Fixed(duration) => Some(cut(duration)),
            _ => None,
        }
    }

    /// Whether every sample is zero.
    #[inline]
    #[must_use]
    pub fn is_never(&self) -> bool {
        match self.as_fixed() {
            Some(fixed) => fixed.is_zero(),
            None => self.as_constant() == Some(Duration::ZERO),
        }
    }

    /// The only value a sample can have, or `None` when there are several.
    #[must_use]
    #[inline]
    pub fn as_constant(&self) -> Option<Duration> {
        match *self {
            Self::Fixed(duration) => Some(cut(duration)),
            Self::Uniform { low, high } => (low >= high).then_some(cut(low)),
            Self::Exponential { mean } => mean.is_zero().then_some(mean),
            Self::LogNormal {
                median,
                sigma_millionths,
            } => (median.is_zero() || sigma_millionths == 0).then_some(cut(median)),
            Self::Choice(ref weighted) => only_constant(weighted),
        }
    }

    fn validated(self) -> Result<Self, LatencyError> {
        self.validate().map(|()| self)
    }
}

/// A [`Latency`] was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LatencyError {
    /// The bounds are in the wrong order.
    #[error("low {low:?} is above high {high:?}")]
    LowAboveHigh {
        /// The lower bound as given.
        low: Duration,
        /// The upper bound as given.
        high: Duration,
    },
    /// A duration is longer than [`Latency::LONGEST`].
    #[error("{0:?} is longer than ten years")]
    TooLong(Duration),
    /// `sigma_millionths` is larger than [`Latency::SIGMA_MILLIONTHS_MAX`].
    #[error("sigma of {0} millionths is above {max}", max = Latency::SIGMA_MILLIONTHS_MAX)]
    SigmaTooLarge(u64),
    /// A choice has no alternative with a weight above zero.
    #[error("a choice needs a weight above zero")]
    NoWeight,
}

fn within_longest(duration: Duration) -> Result<(), LatencyError> {
    if duration > Latency::LONGEST {
        return Err(LatencyError::TooLong(duration));
    }
    Ok(())
}

/// A duration, or the longest there is.
#[inline]
fn cut(duration: Duration) -> Duration {
    if duration.as_secs() < Latency::LONGEST.as_secs() {
        return duration;
    }
    Latency::LONGEST
}

/// The constant all alternatives that can be chosen agree on; zero when none can be.
fn only_constant(weighted: &[(u32, Latency)]) -> Option<Duration> {
    let mut possible = weighted
        .iter()
        .filter(|&&(weight, _)| weight > 0)
        .map(|(_, latency)| latency.as_constant());
    let Some(first) = possible.next() else {
        return Some(Duration::ZERO);
    };
    if possible.all(|other| other == first) {
        first
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::draw::{Draws, Purpose};

    const SECOND: Duration = Duration::from_secs(1);

    fn draw(seed: u64) -> Draw {
        Draws::new(seed).at(Purpose::Pull, 0, 0)
    }

    fn samples<const N: usize>(latency: &Latency) -> [u128; N] {
        let mut at = draw(42);
        [(); N].map(|()| latency.sample(&mut at).as_nanos())
    }

    fn latency() -> impl Strategy<Value = Latency> {
        let span = || {
            prop_oneof![
                3 => (0..=5_000_000_000_u64).prop_map(Duration::from_nanos),
                1 => any::<Duration>(),
            ]
        };
        let leaf = prop_oneof![
            span().prop_map(Latency::Fixed),
            (span(), span()).prop_map(|(low, high)| Latency::Uniform { low, high }),
            span().prop_map(|mean| Latency::Exponential { mean }),
            (span(), any::<u64>()).prop_map(|(median, sigma_millionths)| Latency::LogNormal {
                median,
                sigma_millionths
            }),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec((0..3_u32, inner), 0..4).prop_map(Latency::Choice)
        })
    }

    #[test]
    fn known_latencies_keep_their_samples() {
        let uniform = Latency::uniform(SECOND, 60 * SECOND).unwrap();
        assert_eq!(
            samples(&uniform),
            [
                25_956_091_427,
                14_911_232_328,
                57_858_147_732,
                45_306_792_834
            ]
        );
        let exponential = Latency::exponential(SECOND).unwrap();
        assert_eq!(
            samples(&exponential),
            [860_419_506, 1_444_840_849, 36_977_914, 286_399_441]
        );
        let log_normal = Latency::log_normal(SECOND, 1_000_000).unwrap();
        assert_eq!(
            samples(&log_normal),
            [1_124_142_484, 1_001_646_123, 2_642_089_711, 3_280_996_886]
        );
        let choice = Latency::choice(vec![(1, Latency::ZERO), (2, uniform)]).unwrap();
        assert_eq!(
            samples(&choice),
            [14_911_232_328, 45_306_792_834, 0, 30_027_354_925]
        );
    }

    #[test]
    fn wrong_arguments_are_refused_with_the_reason() {
        assert_eq!(
            Latency::uniform(2 * SECOND, SECOND)
                .unwrap_err()
                .to_string(),
            "low 2s is above high 1s"
        );
        let too_long = Latency::LONGEST + Duration::from_nanos(1);
        let refused = Err(LatencyError::TooLong(too_long));
        assert_eq!(Latency::fixed(too_long), refused);
        assert_eq!(Latency::uniform(SECOND, too_long), refused);
        assert_eq!(Latency::exponential(too_long), refused);
        assert_eq!(Latency::log_normal(too_long, 1), refused);
        assert_eq!(
            Latency::log_normal(SECOND, 10_000_001)
                .unwrap_err()
                .to_string(),
            "sigma of 10000001 millionths is above 10000000"
        );
        assert_eq!(Latency::choice(vec![]), Err(LatencyError::NoWeight));
        let nothing = vec![(0, Latency::ZERO)];
        assert_eq!(Latency::choice(nothing), Err(LatencyError::NoWeight));
        assert_eq!(
            Latency::choice(vec![(1, Latency::Fixed(too_long))]),
            refused,
            "the parts of a choice are checked too"
        );
    }

    #[test]
    fn what_has_one_value_is_constant_however_it_is_written() {
        let uniform = Latency::uniform(SECOND, SECOND).unwrap();
        let log_normal = Latency::log_normal(SECOND, 0).unwrap();
        let never = (0, Latency::exponential(SECOND).unwrap());
        let alternatives = vec![(1, uniform.clone()), never, (5, log_normal.clone())];
        for constant in [uniform, log_normal, Latency::Choice(alternatives)] {
            assert_eq!(constant.as_constant(), Some(SECOND), "{constant:?}");
        }
        let differing = vec![(1, Latency::ZERO), (1, Latency::Fixed(SECOND))];
        assert_eq!(Latency::Choice(differing).as_constant(), None);
    }

    #[test]
    fn both_bounds_of_a_uniform_latency_occur() {
        let two = Latency::uniform(Duration::from_nanos(4), Duration::from_nanos(5)).unwrap();
        let drawn = samples::<64>(&two);
        assert!(drawn.contains(&4) && drawn.contains(&5));
        assert!(drawn.iter().all(|nanos| (4..=5).contains(nanos)));
    }

    proptest! {
        #[test]
        fn every_latency_has_a_sample_within_the_longest(latency in latency(), seed: u64) {
            prop_assert!(latency.sample(&mut draw(seed)) <= Latency::LONGEST);
        }

        #[test]
        fn a_constant_takes_no_word(latency in latency(), seed: u64) {
            let mut at = draw(seed);
            let sample = latency.sample(&mut at);
            if let Some(constant) = latency.as_constant() {
                prop_assert_eq!(sample, constant);
                prop_assert_eq!(at.word(), draw(seed).word());
            }
        }

        #[test]
        fn a_uniform_sample_lies_within_its_bounds(
            low in 0..u64::from(u32::MAX),
            width: u32,
            seed: u64,
        ) {
            let low = Duration::from_nanos(low);
            let high = low + Duration::from_nanos(width.into());
            let sample = Latency::uniform(low, high).unwrap().sample(&mut draw(seed));
            prop_assert!(low <= sample && sample <= high);
        }
    }
}
