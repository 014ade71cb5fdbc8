//! Decimal numbers of any length, which are ordered exactly.

use std::cmp::Ordering;

/// A number like `-12.5`, without needless zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads digits with perhaps a sign before and a fraction behind; `None` for anything else.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let is_digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        Some(Self {
            is_negative: text.starts_with('-') && !(whole.is_empty() && fraction.is_empty()),
            whole,
            fraction,
        })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sizes = || {
            let digits = self.whole.len().cmp(&other.whole.len());
            digits
                .then_with(|| self.whole.cmp(other.whole))
                .then_with(|| self.fraction.cmp(other.fraction))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => sizes(),
            (true, true) => sizes().reverse(),
            (is_negative, _) => is_negative.cmp(&false).reverse(),
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_their_size() {
        let ordered = [
            "-100",
            "-20",
            "-1.5",
            "-1.25",
            "0",
            "0.09",
            "0.1",
            "+2",
            "10",
            "10.01",
            "99999999999999999999.5",
        ];
        let numbers = ordered.map(Decimal::read);
        assert!(numbers.iter().all(Option::is_some));
        assert!(
            numbers.is_sorted_by(|one, other| one < other),
            "{numbers:?}"
        );
    }

    #[test]
    fn needless_zeros_and_signs_are_none() {
        for (one, other) in [("007", "7"), ("1.50", "1.5"), ("2.0", "+2"), ("-0.0", "0")] {
            assert_eq!(Decimal::read(one), Decimal::read(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "1.", ".5", "1e3", "--1", "1 ", "٣", "m5.large"] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
