//! Durations as people write them: `250ms`, `90s`, `1h 30m`.

use std::fmt;
use std::time::Duration;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

/// A text that should have been a duration and is not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a duration such as `250ms` or `1h 30m`: {reason}")]
pub struct InvalidDuration {
    text: String,
    reason: String,
}

/// The duration that `text` names.
///
/// # Errors
///
/// [`InvalidDuration`], which quotes the text and says what is wrong with it.
///
/// ```
/// use std::time::Duration;
/// use wavetank::model::duration;
///
/// assert_eq!(duration::parse("1h 30m")?, Duration::from_secs(5400));
/// assert!(duration::parse("90").is_err());
/// # Ok::<(), duration::InvalidDuration>(())
/// ```
pub fn parse(text: &str) -> Result<Duration, InvalidDuration> {
    humantime::parse_duration(text).map_err(|error| InvalidDuration {
        text: text.to_owned(),
        reason: error.to_string(),
    })
}

/// Writes a duration so that [`parse`] reads the same one back; for `#[serde(with)]`.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// Reads a duration from a string; for `#[serde(with)]`.
///
/// # Errors
///
/// When the value is not a string or [`parse`] refuses it.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(Words)
}

struct Words;

impl Visitor<'_> for Words {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"250ms\" or \"1h 30m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, expected) in [
            ("250ms", Duration::from_millis(250)),
            ("90s", Duration::from_secs(90)),
            ("1h 30m", Duration::from_secs(5400)),
            ("0s", Duration::ZERO),
        ] {
            assert_eq!(parse(text).unwrap(), expected);
        }
    }

    #[test]
    fn a_bad_duration_is_quoted_in_its_error() {
        for text in ["", "90", "ten seconds", "-1s", "99999999999999999999y"] {
            let message = parse(text).unwrap_err().to_string();
            assert!(
                message.starts_with(&format!("`{text}` is not")),
                "{message}"
            );
        }
    }
}
