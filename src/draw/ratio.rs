//! Probabilities and shares as exact fractions.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// An exact fraction from zero to one, kept in lowest terms.
///
/// ```
/// use wavetank::draw::Ratio;
///
/// assert_eq!(Ratio::new(5, 100), Ratio::new(1, 20));
/// assert_eq!(Ratio::new(5, 100).to_string(), "1/20");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Ratio {
    /// At most the denominator, and without a common divisor.
    numerator: u32,
    /// Never zero.
    denominator: u32,
}

impl Ratio {
    /// Nothing: what never happens.
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };

    /// The whole: what always happens.
    pub const ONE: Self = Self {
        numerator: 1,
        denominator: 1,
    };

    /// `numerator / denominator`, for fractions written in code; input goes to [`Ratio::try_new`].
    ///
    /// # Panics
    ///
    /// When the denominator is zero, or the fraction is above one.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        match Self::try_new(numerator, denominator) {
            Ok(ratio) => ratio,
            Err(_) => panic!("a ratio is a fraction from zero to one"),
        }
    }

    /// `numerator / denominator`.
    ///
    /// # Errors
    ///
    /// [`RatioError`] when the denominator is zero, or the fraction is above one.
    pub const fn try_new(numerator: u32, denominator: u32) -> Result<Self, RatioError> {
        if denominator == 0 || numerator > denominator {
            return Err(RatioError {
                numerator,
                denominator,
            });
        }
        let divisor = greatest_common_divisor(numerator, denominator);
        Ok(Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        })
    }

    /// The part above the line, in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The part below the line, in lowest terms.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// Two numbers were taken for a [`Ratio`] and do not make a fraction from zero to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{numerator}/{denominator} is not a fraction from zero to one")]
pub struct RatioError {
    numerator: u32,
    denominator: u32,
}

const fn greatest_common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_fractions_are_equal() {
        assert_eq!(Ratio::new(50, 100), Ratio::new(1, 2));
        assert_eq!(Ratio::new(0, 7), Ratio::ZERO);
        assert_eq!(Ratio::new(7, 7), Ratio::ONE);
        assert_eq!(Ratio::new(u32::MAX, u32::MAX), Ratio::ONE);
        assert_ne!(Ratio::new(1, 3), Ratio::new(1, 2));
        assert!(Ratio::ZERO.is_zero() && !Ratio::ONE.is_zero());
    }

    #[test]
    fn what_is_no_fraction_is_refused_and_named() {
        for (numerator, denominator) in [(0, 0), (1, 0), (3, 2)] {
            let error = Ratio::try_new(numerator, denominator).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{numerator}/{denominator} is not a fraction from zero to one")
            );
        }
    }

    #[test]
    #[should_panic(expected = "from zero to one")]
    fn a_ratio_in_code_above_one_is_a_bug() {
        let _ = Ratio::new(3, 2);
    }
}
