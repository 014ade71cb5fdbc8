//! What faults are made of: whom they reach, how strong they are, and in which direction.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::draw::Ratio;
use crate::model::duration;
use crate::model::object::object;

/// The container instances that a fault reaches, those that register later included; in JSON, under `on`.
///
/// ```
/// use wavetank::model::InstanceSet;
///
/// let rack: InstanceSet = serde_json::from_str(r#"{ "attribute": { "name": "rack", "value": "r1" } }"#)?;
/// assert_eq!(rack, InstanceSet::attribute("rack", "r1"));
/// assert_eq!(serde_json::from_str::<InstanceSet>(r#""all""#)?, InstanceSet::All);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum InstanceSet {
    /// Every container instance.
    All,
    /// One, by its ARN or id.
    ContainerInstance(String),
    /// Those of an availability zone, such as `us-east-1a`.
    Zone(String),
    /// Those with an attribute of that value, such as those of one rack.
    #[serde(deserialize_with = "name_and_value")]
    Attribute {
        /// The attribute's name.
        name: String,
        /// The value it must have.
        value: String,
    },
}

/// Reads the parts of an attribute from an object; serde by itself would take an array of them as well.
fn name_and_value<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(String, String), D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parts {
        name: String,
        value: String,
    }
    let Parts { name, value } = object(deserializer)?;
    Ok((name, value))
}

impl InstanceSet {
    /// One container instance, by its ARN or id.
    pub fn instance(reference: impl Into<String>) -> Self {
        Self::ContainerInstance(reference.into())
    }

    /// Those of an availability zone.
    pub fn zone(zone: impl Into<String>) -> Self {
        Self::Zone(zone.into())
    }

    /// Those with an attribute of that value.
    pub fn attribute(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Attribute {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// How fast something goes, as a part of what is usual: more than nothing. It is written `1/3`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Speed(Ratio);

impl Speed {
    /// So many parts of so many.
    ///
    /// # Panics
    ///
    /// When that is nothing, or more than the whole.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        assert!(numerator > 0, "a speed is more than nothing");
        Self(Ratio::new(numerator, denominator))
    }

    /// As a fraction.
    #[must_use]
    pub const fn ratio(self) -> Ratio {
        self.0
    }
}

/// How likely something is, from 0 to 1. It is written `1/20`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Chance(Ratio);

impl Chance {
    /// So many times of so many.
    ///
    /// # Panics
    ///
    /// When that is more than always.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Self {
        Self(Ratio::new(numerator, denominator))
    }

    /// As a fraction.
    #[must_use]
    pub const fn ratio(self) -> Ratio {
        self.0
    }
}

impl TryFrom<String> for Speed {
    type Error = InvalidFraction;

    fn try_from(text: String) -> Result<Self, InvalidFraction> {
        match fraction(&text) {
            Some(ratio) if !ratio.is_zero() => Ok(Self(ratio)),
            _ => Err(InvalidFraction { text }),
        }
    }
}

impl TryFrom<String> for Chance {
    type Error = InvalidFraction;

    fn try_from(text: String) -> Result<Self, InvalidFraction> {
        let ratio = fraction(&text);
        ratio.map(Self).ok_or(InvalidFraction { text })
    }
}

impl From<Speed> for String {
    fn from(speed: Speed) -> Self {
        speed.0.to_string()
    }
}

impl From<Chance> for String {
    fn from(chance: Chance) -> Self {
        chance.0.to_string()
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that should have been a fraction and is not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a fraction such as `1/20`, of at most 1; a speed is more than 0")]
pub struct InvalidFraction {
    text: String,
}

/// Two whole numbers around a slash, of which the first is not the greater.
fn fraction(text: &str) -> Option<Ratio> {
    let (numerator, denominator) = text.split_once('/')?;
    Ratio::try_new(numerator.parse().ok()?, denominator.parse().ok()?).ok()
}

/// Which messages a partition keeps from arriving.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Cut {
    /// All between agents and the control plane.
    #[default]
    Both,
    /// What the control plane says: new tasks, and stops.
    ToAgent,
    /// What agents say: their reports.
    ToControlPlane,
}

impl Cut {
    /// Whether what the control plane says is lost.
    #[must_use]
    pub fn hides_control_plane(self) -> bool {
        self != Self::ToControlPlane
    }

    /// Whether what agents say is lost.
    #[must_use]
    pub fn hides_agents(self) -> bool {
        self != Self::ToAgent
    }
}

/// By how much a clock is wrong; in JSON `{ "ahead": "5s" }` or `{ "behind": "5s" }`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Skew {
    /// It shows a later time.
    Ahead(#[serde(with = "duration")] std::time::Duration),
    /// It shows an earlier time.
    Behind(#[serde(with = "duration")] std::time::Duration),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fraction_is_two_numbers_of_which_the_first_is_not_the_greater() {
        let chance = |text: &str| serde_json::from_value::<Chance>(json!(text)).ok();
        assert_eq!(chance("5/100"), Some(Chance::new(1, 20)));
        assert_eq!(chance("0/1"), Some(Chance::new(0, 1)));
        for wrong in ["", "1", "2/1", "1/0", "-1/2", "1/2/3", "0.5", "1 / 2"] {
            assert_eq!(chance(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_speed_of_nothing_is_refused_and_named() {
        let speed = |text: &str| serde_json::from_value::<Speed>(json!(text));
        assert_eq!(speed("2/6").ok(), Some(Speed::new(1, 3)));
        let error = speed("0/3").unwrap_err().to_string();
        assert!(error.contains("`0/3`"), "{error}");
    }

    #[test]
    fn a_clock_is_ahead_or_behind_and_not_both() {
        let skew = |value| serde_json::from_value::<Skew>(value).ok();
        let five = std::time::Duration::from_secs(5);
        assert_eq!(skew(json!({"ahead": "5s"})), Some(Skew::Ahead(five)));
        assert_eq!(skew(json!({"behind": "5s"})), Some(Skew::Behind(five)));
        assert_eq!(skew(json!({"behind": "5s", "ahead": "5s"})), None);
    }
}
