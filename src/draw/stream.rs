//! The words at one address, and the decisions made of them.

use std::time::Duration;

use super::block::{BLOCK, Rest};
use super::{Latency, Ratio};
use crate::time::saturating_nanos;

/// The random words at one address, taken from the start.
///
/// Opened by [`Draws::at`](super::Draws::at). Each decision takes the next word or words.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The block that words are taken from.
    block: [u64; BLOCK],
    /// How many words of it were taken.
    taken: usize,
    /// The blocks after it.
    rest: Rest,
    /// What an override answers instead of the first word, until that is taken.
    forced: Option<u64>,
}

impl Draw {
    /// The words of these blocks, where `forced` stands in for the first.
    #[inline]
    pub(super) fn new(first: [u64; BLOCK], rest: Rest, forced: Option<u64>) -> Self {
        Self {
            block: first,
            taken: 0,
            rest,
            forced,
        }
    }

    /// The least word that makes [`Draw::below`]`(n)` answer `k`, for an override.
    ///
    /// # Panics
    ///
    /// When `k` is not below `n`.
    #[must_use]
    pub const fn word_choosing(k: u64, n: u64) -> u64 {
        assert!(k < n, "a choice is one of those there are");
        // Below k · 2⁶⁴ / n rounded up, the product with n has less than k in its high half.
        ((k as u128) << 64).div_ceil(n as u128) as u64
    }

    /// The next 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        let word = self.natural();
        // The natural word was taken as well, so the words that follow stay where they were.
        self.forced.take().unwrap_or(word)
    }

    /// The next word of the blocks.
    #[inline]
    fn natural(&mut self) -> u64 {
        if self.taken == BLOCK {
            self.refill();
        }
        let word = self.block[self.taken];
        self.taken += 1;
        word
    }

    #[cold]
    fn refill(&mut self) {
        self.block = self.rest.next();
        self.taken = 0;
    }

    /// A number from zero to `n - 1`, each equally likely.
    ///
    /// Takes one word, and another one with a chance below `n` in 2⁶⁴: the multiply-shift
    /// method with rejection of Lemire (2019). A word set by an override is never rejected.
    ///
    /// # Panics
    ///
    /// When `n` is zero.
    #[inline(always)]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "nothing to choose from");
        let is_forced = self.forced.is_some();
        loop {
            let word = self.word();
            match accept(word, n) {
                Some(choice) => return choice,
                None if is_forced => return scale(word, n).0,
                None => {}
            }
        }
    }

    /// Whether something of this probability happens.
    ///
    /// Takes one word whatever the probability, zero and one included. The words that say yes to
    /// a lower probability say yes to a higher one, so raising it only adds to what happens.
    pub fn chance(&mut self, probability: Ratio) -> bool {
        self.below(probability.denominator().into()) < probability.numerator().into()
    }

    /// The index of one of these weights, each as likely as its share of the sum.
    ///
    /// # Panics
    ///
    /// When the sum of the weights is zero.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        self.weighted_by(weights.iter().copied())
    }

    /// [`Draw::weighted`] for weights that lie in something larger.
    pub(super) fn weighted_by(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        assert!(total > 0, "no weight to choose by");
        let mut left = self.below(total);
        for (index, weight) in weights.map(u64::from).enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        unreachable!("a number below the sum of the weights falls within one of them")
    }

    /// A span with an exponential distribution of this mean, in whole nanoseconds.
    ///
    /// Takes one word. At most [`Latency::LONGEST`].
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        scaled(mean, self.unit_exponential())
    }

    /// A span with a log-normal distribution, in whole nanoseconds: half of them are below
    /// `median`, and the logarithm has a standard deviation of `sigma_millionths` / 10⁶.
    ///
    /// Takes two words. At most [`Latency::LONGEST`].
    #[allow(
        clippy::float_arithmetic,
        reason = "libm and IEEE products give equal bits on every platform, and the result is rounded to an integer at once"
    )]
    pub fn log_normal(&mut self, median: Duration, sigma_millionths: u64) -> Duration {
        let sigma = sigma_millionths as f64 / 1e6;
        scaled(median, libm::exp(sigma * self.unit_normal()))
    }

    /// A sample of the exponential distribution of mean one, from 0 to 36.8.
    #[allow(
        clippy::float_arithmetic,
        reason = "libm gives equal bits on every platform"
    )]
    fn unit_exponential(&mut self) -> f64 {
        -libm::log(self.unit_interval())
    }

    /// A sample of the normal distribution of mean zero and deviation one (Box and Muller 1958).
    #[allow(
        clippy::float_arithmetic,
        reason = "libm gives equal bits on every platform"
    )]
    fn unit_normal(&mut self) -> f64 {
        let radius = libm::sqrt(2.0 * self.unit_exponential());
        radius * libm::cos(std::f64::consts::TAU * self.unit_interval())
    }

    /// One of the 2⁵³ equally spaced numbers above zero, up to and including one.
    #[allow(
        clippy::float_arithmetic,
        reason = "the conversion and the product with a power of two are exact"
    )]
    fn unit_interval(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        ((self.word() >> 11) + 1) as f64 * STEP
    }
}

/// [`Latency::LONGEST`] in nanoseconds.
const LONGEST: u64 = saturating_nanos(Latency::LONGEST);

/// `span · factor` rounded to whole nanoseconds, at most [`Latency::LONGEST`].
#[allow(
    clippy::float_arithmetic,
    reason = "one IEEE product, rounded to an integer at once"
)]
fn scaled(span: Duration, factor: f64) -> Duration {
    let nanos = libm::round(saturating_nanos(span) as f64 * factor);
    // The conversion saturates, so no product is too large for it.
    Duration::from_nanos((nanos as u64).min(LONGEST))
}

/// The high and the low half of `word · n`; the high half is the choice.
const fn scale(word: u64, n: u64) -> (u64, u64) {
    let product = word as u128 * n as u128;
    ((product >> 64) as u64, product as u64)
}

/// The choice of `word` among `n`, or `None` for the few words that would favour some choices.
fn accept(word: u64, n: u64) -> Option<u64> {
    let (choice, low) = scale(word, n);
    // 2⁶⁴ mod n words are too many to be shared out evenly. It costs a division to know how
    // many, so that is only asked when the word may be one of them.
    if low < n && low < n.wrapping_neg() % n {
        return None;
    }
    Some(choice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::draw::{Address, Draws, Purpose};

    fn draw(seed: u64) -> Draw {
        Draws::new(seed).at(Purpose::Run, 0, 0)
    }

    fn forced(word: u64) -> Draw {
        let mut draws = Draws::new(1);
        draws.override_at(Address::new(Purpose::Run, 0, 0), word);
        draws.at(Purpose::Run, 0, 0)
    }

    #[test]
    fn known_decisions_keep_their_values() {
        let mut at = draw(42);
        assert_eq!([(); 6].map(|()| at.below(10)), [1, 8, 3, 7, 4, 1]);
        assert_eq!(
            [(); 3].map(|()| at.below(1 << 63)),
            [
                4_625_794_996_491_833_785,
                1_111_724_328_598_753_181,
                9_071_378_982_006_960_419
            ]
        );
        assert_eq!(
            [(); 6].map(|()| at.chance(Ratio::new(1, 3))),
            [true, false, false, true, true, false]
        );
        assert_eq!(
            [(); 6].map(|()| at.weighted(&[1, 0, 3])),
            [2, 2, 2, 2, 0, 2]
        );
        let second = Duration::from_secs(1);
        assert_eq!(
            [(); 3].map(|()| at.exponential(second).as_nanos()),
            [248_060_299, 20_608_830, 519_545_714]
        );
        let spans = [(); 3].map(|()| at.log_normal(second, 500_000).as_nanos());
        assert_eq!(spans, [629_639_409, 1_428_601_743, 1_694_051_192]);
    }

    #[test]
    fn every_choice_is_made_about_equally_often() {
        let mut at = draw(7);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[at.below(7) as usize] += 1;
        }
        // Six standard deviations of a count of 10,000 are 556.
        assert!(
            counts.iter().all(|count| count.abs_diff(10_000) < 556),
            "{counts:?}"
        );
    }

    #[test]
    fn weights_share_out_the_choices_and_zero_is_never_chosen() {
        let mut at = draw(7);
        let mut counts = [0_u32; 4];
        for _ in 0..40_000 {
            counts[at.weighted(&[1, 0, 2, 1])] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!(counts[0].abs_diff(10_000) < 520, "{counts:?}");
        assert!(counts[2].abs_diff(20_000) < 600, "{counts:?}");
    }

    #[test]
    fn never_and_always_are_certain() {
        let mut at = draw(5);
        for _ in 0..1000 {
            assert!(!at.chance(Ratio::ZERO));
            assert!(at.chance(Ratio::ONE));
        }
    }

    #[test]
    fn the_mean_and_the_median_are_those_asked_for() {
        let mut at = draw(11);
        let count = 100_000;
        let mean = Duration::from_millis(250);
        let total: Duration = (0..count).map(|_| at.exponential(mean)).sum();
        // Six standard deviations of the mean of 100,000 samples are 4.7 ms.
        let found = total / count;
        assert!(
            found.abs_diff(mean) < Duration::from_micros(4750),
            "{found:?}"
        );
        let below = (0..count)
            .filter(|_| at.log_normal(mean, 800_000) < mean)
            .count();
        assert!(below.abs_diff(count as usize / 2) < 950, "{below}");
    }

    #[test]
    fn the_most_extreme_words_give_spans_within_the_longest() {
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!(forced(u64::MAX).exponential(year), Duration::ZERO);
        assert_eq!(forced(0).exponential(year), Latency::LONGEST);
        assert_eq!(
            forced(0).exponential(Duration::from_secs(1)).as_secs(),
            36,
            "the longest sample is 53 ln 2 means"
        );
        let wildest = forced(0).log_normal(Duration::MAX, u64::MAX);
        assert!(wildest <= Latency::LONGEST);
    }

    #[test]
    #[should_panic(expected = "nothing to choose from")]
    fn choosing_among_nothing_is_a_bug() {
        draw(1).below(0);
    }

    #[test]
    #[should_panic(expected = "no weight to choose by")]
    fn choosing_by_no_weight_is_a_bug() {
        draw(1).weighted(&[0, 0]);
    }

    proptest! {
        /// The words that choose `k` run from the least one to just before the least one that
        /// chooses `k + 1`, and of these at most the first is rejected, since the low half grows
        /// by `n` from word to word.
        #[test]
        fn every_choice_is_made_by_equally_many_words((n, k) in (1_u64.., any::<u64>())) {
            let k = k % n;
            let first = Draw::word_choosing(k, n);
            let end = if k + 1 == n { 1 << 64 } else { u128::from(Draw::word_choosing(k + 1, n)) };
            let rejected = u128::from(accept(first, n).is_none());
            prop_assert_eq!(end - u128::from(first) - rejected, (1_u128 << 64) / u128::from(n));
        }

        #[test]
        fn a_word_chosen_for_a_choice_makes_it((n, k) in (1_u64.., any::<u64>())) {
            let k = k % n;
            prop_assert_eq!(forced(Draw::word_choosing(k, n)).below(n), k);
        }

        #[test]
        fn raising_a_probability_only_adds_to_what_happens(
            word: u64,
            low in 0..=100_u32,
            more in 0..=100_u32,
        ) {
            let high = (low + more).min(100);
            if forced(word).chance(Ratio::new(low, 100)) {
                prop_assert!(forced(word).chance(Ratio::new(high, 100)));
            }
        }
    }
}
