//! Times of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use thiserror::Error;

use crate::draw::{Draws, Latency, LatencyError, Purpose};
use crate::time::SimTime;

/// The length of an hour in nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

/// A rule by which requests arrive.
///
/// ```
/// use std::time::Duration;
/// use wavetank::draw::Draws;
/// use wavetank::workload::Arrivals;
/// use wavetank::{RunTask, SimTime, Simulation};
///
/// let arrivals = Arrivals::poisson(Duration::from_secs(30));
/// let mut sim = Simulation::builder().seed(7).build()?;
/// let times = arrivals.times(&Draws::new(7), 0, SimTime::ZERO)?;
/// let hour = times.take_while(|at| *at < SimTime::from_secs(3_600));
/// let keys = sim.schedule_all(hour.map(|at| (at, RunTask::new("web"))))?;
/// assert!((90..150).contains(&keys.len()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrivals {
    /// One after the other, each this long after the one before.
    Gaps(Latency),
    /// Several together: bursts this long after each other, each arrival within one this long after its beginning.
    Bursts {
        /// From the beginning of a burst to that of the next.
        gap: Latency,
        /// Arrivals in a burst, 1 to 65,535.
        size: u16,
        /// From the beginning of a burst to an arrival of it.
        spread: Latency,
    },
    /// A Poisson process whose rate goes by the hour of the day, the first hour beginning with the run.
    Daily {
        /// The mean gap in the busiest hour.
        busiest: Duration,
        /// How busy each hour is, in comparison with the others.
        hours: [u16; 24],
    },
}

/// Arrivals that could not be drawn, or would never pass on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ArrivalsError {
    /// A latency that no draw can follow.
    #[error(transparent)]
    Latency(#[from] LatencyError),
    /// A gap of no length, a burst of no size, or a day without a busy hour.
    #[error("{0} must be above zero")]
    Zero(&'static str),
}

impl Arrivals {
    /// One arrival after each `gap`.
    #[must_use]
    pub fn every(gap: Duration) -> Self {
        Self::Gaps(Latency::Fixed(gap))
    }

    /// A Poisson process: arrivals that know nothing of each other, `mean` apart on average.
    #[must_use]
    pub fn poisson(mean: Duration) -> Self {
        Self::Gaps(Latency::Exponential { mean })
    }

    /// The times of the arrivals after `from`, without end. `stream`, below 256, tells apart arrivals with luck of their own.
    ///
    /// Each arrival has an address of its own, so that leaving one out changes none of the others' luck.
    ///
    /// # Errors
    ///
    /// When something can't be drawn, or the times would never pass on.
    pub fn times(&self, draws: &Draws, stream: u8, from: SimTime) -> Result<Times, ArrivalsError> {
        self.validate()?;
        Ok(Times {
            arrivals: self.clone(),
            draws: draws.clone(),
            stream,
            nth: 0,
            at: from,
            pending: BinaryHeap::new(),
        })
    }

    fn validate(&self) -> Result<(), ArrivalsError> {
        let zero = |is_zero: bool, what| match is_zero {
            true => Err(ArrivalsError::Zero(what)),
            false => Ok(()),
        };
        match self {
            Self::Gaps(gap) => {
                gap.validate()?;
                zero(gap.as_constant() == Some(Duration::ZERO), "the gap")
            }
            Self::Bursts { gap, size, spread } => {
                gap.validate()?;
                spread.validate()?;
                zero(*size == 0, "the size of a burst")?;
                zero(gap.as_constant() == Some(Duration::ZERO), "the gap")
            }
            Self::Daily { busiest, hours } => {
                Latency::exponential(*busiest)?;
                zero(busiest.is_zero(), "the gap of the busiest hour")?;
                zero(hours.iter().all(|busy| *busy == 0), "one of the hours")
            }
        }
    }
}

/// The times of arrivals, in order; see [`Arrivals::times`].
#[derive(Clone, Debug)]
pub struct Times {
    arrivals: Arrivals,
    draws: Draws,
    stream: u8,
    /// Arrivals or bursts so far.
    nth: u32,
    /// The last arrival, or the beginning of the newest burst.
    at: SimTime,
    /// Arrivals of bursts that have begun.
    pending: BinaryHeap<Reverse<SimTime>>,
}

impl Times {
    /// A span of the present arrival or burst.
    fn span(&self, latency: &Latency, part: u16) -> Duration {
        let subject = u64::from(self.nth) | u64::from(self.stream) << 32;
        self.draws
            .duration(latency, Purpose::Arrival, subject, part)
    }

    /// When the next burst begins, and in what order its arrivals stand among those before.
    fn begin_burst(&mut self, gap: &Latency, size: u16, spread: &Latency) {
        self.at = self.at.saturating_add(self.span(gap, 0));
        for part in 1..=size {
            let at = self.at.saturating_add(self.span(spread, part));
            self.pending.push(Reverse(at));
        }
        self.nth = self.nth.wrapping_add(1);
    }

    /// When the next arrival of bursts is: none that begins later can come before it.
    fn next_of_bursts(&mut self, gap: &Latency, size: u16, spread: &Latency) -> SimTime {
        loop {
            let earliest = self.pending.peek().map(|Reverse(at)| *at);
            let next_begins = self.at.saturating_add(self.span(gap, 0));
            if let Some(at) = earliest.filter(|at| *at <= next_begins) {
                self.pending.pop();
                return at;
            }
            self.begin_burst(gap, size, spread);
        }
    }

    /// The next arrival when the rate goes by the hour: as much work as one draw says is done at the rate of each hour.
    fn next_of_day(&self, busiest: Duration, hours: &[u16; 24]) -> SimTime {
        let most = hours.iter().copied().max().unwrap_or(1);
        let drawn = self.span(&Latency::Exponential { mean: busiest }, 0);
        let mut work = drawn.as_nanos() * u128::from(most);
        let mut at = self.at.as_nanos();
        loop {
            let hour = usize::try_from(at / HOUR % 24).expect("a day has 24 hours");
            let (busy, left) = (u128::from(hours[hour]), HOUR - at % HOUR);
            let done = busy * u128::from(left);
            if work < done {
                let span = u64::try_from(work / busy).expect("it is less than an hour");
                return SimTime::from_nanos(at.saturating_add(span));
            }
            work -= done;
            match at.checked_add(left) {
                Some(next) => at = next,
                None => return SimTime::MAX,
            }
        }
    }
}

impl Iterator for Times {
    type Item = SimTime;

    fn next(&mut self) -> Option<SimTime> {
        let arrivals = self.arrivals.clone();
        let at = match &arrivals {
            Arrivals::Bursts { gap, size, spread } => {
                return Some(self.next_of_bursts(gap, *size, spread));
            }
            Arrivals::Gaps(gap) => self.at.saturating_add(self.span(gap, 0)),
            Arrivals::Daily { busiest, hours } => self.next_of_day(*busiest, hours),
        };
        self.nth = self.nth.wrapping_add(1);
        self.at = at;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn times(arrivals: &Arrivals) -> Times {
        let times = arrivals.times(&Draws::new(1), 0, SimTime::ZERO);
        times.expect("they can be drawn")
    }

    #[test]
    fn fixed_arrivals_are_equally_far_apart() {
        let seen: Vec<_> = times(&Arrivals::every(secs(7))).take(3).collect();
        assert_eq!(seen, [7, 14, 21].map(SimTime::from_secs));
    }

    #[test]
    fn a_poisson_process_has_its_mean_and_is_not_regular() {
        let seen: Vec<_> = times(&Arrivals::poisson(secs(10))).take(10_000).collect();
        let mean = seen[9_999].as_nanos() / 10_000;
        assert!((9_700_000_000..10_300_000_000).contains(&mean), "{mean}");
        let short = seen
            .windows(2)
            .filter(|pair| pair[1].since(pair[0]) < secs(7));
        let share = short.count();
        assert!(
            (4_800..5_250).contains(&share),
            "half are within 6.93 s: {share}"
        );
    }

    #[test]
    fn bursts_that_overlap_come_in_order() {
        let bursts = Arrivals::Bursts {
            gap: Latency::Exponential { mean: secs(30) },
            size: 20,
            spread: Latency::Uniform {
                low: secs(0),
                high: secs(60),
            },
        };
        let seen: Vec<_> = times(&bursts).take(2_000).collect();
        assert!(seen.is_sorted());
        let whole: Vec<_> = times(&bursts).take(2_400).collect();
        assert_eq!(whole[..2_000], seen);
    }

    #[test]
    fn a_burst_of_no_spread_falls_on_one_moment() {
        let bursts = Arrivals::Bursts {
            gap: Latency::Fixed(secs(60)),
            size: 3,
            spread: Latency::ZERO,
        };
        let seen: Vec<_> = times(&bursts).take(4).collect();
        assert_eq!(seen, [60, 60, 60, 120].map(SimTime::from_secs));
    }

    #[test]
    fn nothing_arrives_in_an_hour_of_no_weight_and_twice_as_much_in_one_of_twice_the_weight() {
        let mut hours = [0; 24];
        (hours[8], hours[9]) = (100, 200);
        let daily = Arrivals::Daily {
            busiest: secs(2),
            hours,
        };
        let mut counts = [0; 24];
        let end = SimTime::from_secs(10 * 86_400);
        for at in times(&daily).take_while(|at| *at < end) {
            let hour = at.as_nanos() / HOUR % 24;
            counts[usize::try_from(hour).expect("it is an hour")] += 1;
        }
        let expected = [(8, 9_000), (9, 18_000)];
        for (hour, count) in expected {
            let off = i64::abs(counts[hour] - count);
            assert!(off < 500, "{counts:?}");
        }
        assert_eq!(counts.iter().sum::<i64>(), counts[8] + counts[9]);
    }

    #[test]
    fn streams_have_luck_of_their_own() {
        let poisson = Arrivals::poisson(secs(10));
        let of = |stream| {
            let times = poisson.times(&Draws::new(1), stream, SimTime::ZERO);
            times
                .expect("they can be drawn")
                .take(5)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn arrivals_that_never_pass_on_are_refused() {
        let none = [
            (Arrivals::every(secs(0)), "the gap must be above zero"),
            (
                Arrivals::Daily {
                    busiest: secs(1),
                    hours: [0; 24],
                },
                "one of the hours must be above zero",
            ),
            (
                Arrivals::Bursts {
                    gap: Latency::Fixed(secs(1)),
                    size: 0,
                    spread: Latency::ZERO,
                },
                "the size of a burst must be above zero",
            ),
        ];
        for (arrivals, text) in none {
            let error = arrivals.times(&Draws::new(1), 0, SimTime::ZERO);
            assert_eq!(error.expect_err("it never ends").to_string(), text);
        }
    }
}
