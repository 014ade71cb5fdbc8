//! Points on the calendar, as the API shows them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_DAY: u64 = 86_400_000;

/// A point on the calendar in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// In JSON it is a number of seconds with a fraction, as the ECS API sends it. As text it
/// is written and read in the one form `2026-01-01T00:00:00Z`, with milliseconds if there are any.
///
/// ```
/// # use wavetank::model::Timestamp;
/// let epoch: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// let later = epoch.saturating_add(std::time::Duration::from_millis(5_700));
/// assert_eq!(later.to_string(), "2026-01-01T00:00:05.700Z");
/// assert_eq!(serde_json::to_string(&later)?, "1767225605.7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point so many milliseconds after the start of 1970.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the start of 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point a duration later, cut to whole milliseconds; the largest point there is on overflow.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0 / MILLIS_PER_DAY);
        let millis = self.0 % MILLIS_PER_DAY;
        let (hour, minute, second) = (
            millis / 3_600_000,
            millis / 60_000 % 60,
            millis / 1_000 % 60,
        );
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match millis % 1_000 {
            0 => f.write_str("Z"),
            fraction => write!(f, ".{fraction:03}Z"),
        }
    }
}

/// The text isn't a point in time of the form `2026-01-01T00:00:00Z`, in the years 1970 to 9999.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-01-01T00:00:00Z in the years 1970 to 9999, found {0:?}")]
pub struct ParseTimestampError(String);

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParseTimestampError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let millis = digits(&format!("{fraction:0<3}"))?;
    let days = days_from_civil(year, month, day)?;
    if civil_from_days(days) != (year, month, day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(Timestamp(
        days * MILLIS_PER_DAY + ((hour * 60 + minute) * 60 + second) * 1_000 + millis,
    ))
}

/// Exactly three numbers of the given widths.
fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (number, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        *number = digits(part)?;
    }
    parts.next().is_none().then_some(found)
}

fn digits(text: &str) -> Option<u64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())?
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last of its year.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let since_year_zero = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    Some(since_year_zero - DAYS_TO_1970)
}

/// Days from the 1st of March of the year 0 to the 1st of January 1970.
const DAYS_TO_1970: u64 = 719_468;

/// The date so many days after 1970-01-01: year, month, day.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

impl Serialize for Timestamp {
    #[expect(
        clippy::float_arithmetic,
        reason = "the wire format is a float of seconds; one division rounds correctly"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1_000.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Seconds)
    }
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970 as a number, not negative")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
        let millis = seconds.checked_mul(1_000);
        millis
            .map(Timestamp)
            .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(seconds), &self))
    }

    #[expect(
        clippy::float_arithmetic,
        reason = "the wire format is a float of seconds; rounded to a millisecond at once"
    )]
    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
        let millis = (seconds * 1_000.0).round();
        if (0.0..9.0e15).contains(&millis) {
            Ok(Timestamp(millis as u64))
        } else {
            Err(E::invalid_value(de::Unexpected::Float(seconds), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    #[test]
    fn text_and_milliseconds_name_the_same_point() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-01-01T00:00:00Z", NEW_YEAR.as_millis()),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ] {
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)), "{text}");
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
        }
    }

    #[test]
    fn every_day_of_five_centuries_survives_a_round_trip() {
        for day in 0..182_622 {
            let point = Timestamp::from_millis(day * MILLIS_PER_DAY);
            assert_eq!(point.to_string().parse(), Ok(point));
        }
    }

    #[test]
    fn a_date_that_is_not_on_the_calendar_is_refused() {
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01",
            "1969-12-31T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.1234Z",
            "2026-+1-01T00:00:00Z",
            "",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_keeps_milliseconds_exactly() {
        for millis in [0, 1, 999, 700, 5_700, 123_456_789] {
            let point = NEW_YEAR.saturating_add(Duration::from_millis(millis));
            let json = serde_json::to_string(&point).expect("a number always serialises");
            assert_eq!(
                serde_json::from_str::<Timestamp>(&json).ok(),
                Some(point),
                "{json}"
            );
        }
        assert_eq!(
            serde_json::to_string(&NEW_YEAR).ok().as_deref(),
            Some("1767225600.0")
        );
        assert_eq!(
            serde_json::from_str::<Timestamp>("1767225600").ok(),
            Some(NEW_YEAR)
        );
        assert!(serde_json::from_str::<Timestamp>("-1.5").is_err());
    }
}
