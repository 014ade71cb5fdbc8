//! Amounts of CPU and memory, which the API writes as texts.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The longest text: that of the least `i32`.
const DIGITS_MAX: usize = 11;

/// An amount of CPU units or MiB: a whole number that the API writes as a text.
///
/// It is read like a `&str`, and it is as easy to copy as a number.
///
/// ```
/// use wavetank::model::Amount;
///
/// let cpu = Amount::from(256);
/// assert_eq!((&*cpu, cpu.value()), ("256", 256));
/// assert_eq!(serde_json::to_string(&cpu)?, "\"256\"");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    length: u8,
    digits: [u8; DIGITS_MAX],
}

impl Amount {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = &self.digits[..usize::from(self.length)];
        std::str::from_utf8(digits).expect("digits and a sign are ASCII")
    }

    /// The number.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.as_str().parse().expect("it was written from a number")
    }

    fn of(number: i64) -> Self {
        let text = number.to_string();
        let mut digits = [0; DIGITS_MAX];
        digits[..text.len()].copy_from_slice(text.as_bytes());
        Self {
            length: text.len() as u8,
            digits,
        }
    }
}

impl From<u32> for Amount {
    fn from(number: u32) -> Self {
        Self::of(number.into())
    }
}

impl From<i32> for Amount {
    fn from(number: i32) -> Self {
        Self::of(number.into())
    }
}

impl Deref for Amount {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Amount {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Amount {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Amount {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number: u32 = text.parse().map_err(|_| {
            let unexpected = de::Unexpected::Str(&text);
            de::Error::invalid_value(unexpected, &"a whole number as a text")
        })?;
        Ok(Self::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_the_text_of_its_number() {
        for number in [0, 1, 256, 10_240, u32::MAX] {
            let amount = Amount::from(number);
            assert_eq!(amount.as_str(), number.to_string());
            assert_eq!(amount.value(), i64::from(number));
        }
        assert_eq!(Amount::from(i32::MIN), "-2147483648");
    }

    #[test]
    fn an_amount_survives_json_and_another_text_is_refused() {
        let amount = Amount::from(3000);
        let json = serde_json::to_string(&amount).expect("it is a text");
        assert_eq!(json, r#""3000""#);
        assert_eq!(serde_json::from_str::<Amount>(&json).ok(), Some(amount));
        for wrong in [r#""1 vCPU""#, r#""""#, "3000"] {
            assert!(serde_json::from_str::<Amount>(wrong).is_err(), "{wrong}");
        }
    }
}
