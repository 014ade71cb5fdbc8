//! Dates as the query language has them.

use crate::model::timestamp::Timestamp;

/// What a date looks like, in a sentence.
pub(super) const FORMS: &str =
    "a date like 2018-06-18 or 2018-06-18T22:28:28+00:00 in the years 1970 to 9999";

/// Reads a date: alone, with a time, and with `Z` or an offset behind that; without either it is UTC. `None` for anything
/// else.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let Some((date, clock)) = text.split_once('T') else {
        return format!("{text}T00:00:00Z").parse().ok();
    };
    if let Some(clock) = clock.strip_suffix('Z') {
        return format!("{date}T{clock}Z").parse().ok();
    }
    let Some(at) = clock.find(['+', '-']) else {
        return format!("{date}T{clock}Z").parse().ok();
    };
    let (clock, offset) = clock.split_at(at);
    let local: Timestamp = format!("{date}T{clock}Z").parse().ok()?;
    let ahead = offset_millis(&offset[1..])?;
    let utc = if offset.starts_with('-') {
        local.as_millis().checked_add(ahead)
    } else {
        local.as_millis().checked_sub(ahead)
    };
    utc.map(Timestamp::from_millis)
}

/// Milliseconds of an offset like `02:00`, at most 18 hours as in Java.
fn offset_millis(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str| {
        let is_right = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_right.then(|| part.parse::<u64>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let is_right = minutes < 60 && hours * 60 + minutes <= 18 * 60;
    is_right.then_some((hours * 60 + minutes) * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_in_each_of_its_forms() {
        for (text, same) in [
            ("2018-06-18", "2018-06-18T00:00:00Z"),
            ("2018-06-18T22:28:28", "2018-06-18T22:28:28Z"),
            ("2018-06-18T22:28:28Z", "2018-06-18T22:28:28Z"),
            ("2018-06-18T22:28:28.250", "2018-06-18T22:28:28.250Z"),
            ("2018-06-18T22:28:28+00:00", "2018-06-18T22:28:28Z"),
            ("2018-06-18T22:28:28+02:30", "2018-06-18T19:58:28Z"),
            ("2018-06-18T22:28:28-02:00", "2018-06-19T00:28:28Z"),
        ] {
            assert_eq!(read(text), same.parse().ok(), "{text}");
            assert!(read(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "2018",
            "2018-06",
            "18-06-2018",
            "2018-02-30",
            "2018-06-18T",
            "2018-06-18 22:28:28",
            "2018-06-18T22:28",
            "2018-06-18T25:00:00",
            "2018-06-18T22:28:28+2",
            "2018-06-18T22:28:28+19:00",
            "2018-06-18T22:28:28+00:60",
            "1969-12-31",
            "1970-01-01T00:00:00+01:00",
            "now",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
