//! The forms in which scenarios and plans of faults write a latency.

use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::draw::Latency;
use crate::model::duration;
use crate::model::object::object;

/// A latency as a scenario writes it: `"10s"`, or an object with one key.
#[derive(Clone, Debug)]
pub(crate) struct Distribution(pub(crate) Latency);

/// A duration as a scenario writes it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Span(#[serde(with = "duration")] pub(crate) Duration);

/// A number of at least zero, kept as a whole number of millionths.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub(crate) struct Millionths(pub(crate) u64);

impl TryFrom<f64> for Millionths {
    type Error = String;

    fn try_from(number: f64) -> Result<Self, String> {
        // Printing rounds to the last digit asked for, so no arithmetic on floats is needed.
        format!("{number:.6}")
            .replace('.', "")
            .parse()
            .map(Self)
            .map_err(|_| format!("`{number}` is not a number from 0 to 18 million million"))
    }
}

impl From<Millionths> for f64 {
    fn from(millionths: Millionths) -> Self {
        // Reading the exact decimal rounds once, where a division would round twice.
        let (whole, rest) = (millionths.0 / 1_000_000, millionths.0 % 1_000_000);
        let text = format!("{whole}.{rest:06}");
        text.parse().expect("digits around a point are a number")
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Form {
    Uniform(Span, Span),
    Exponential(#[serde(deserialize_with = "object")] Exponential),
    LogNormal(#[serde(deserialize_with = "object")] LogNormal),
    Choice(Vec<(u32, Distribution)>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exponential {
    mean: Span,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogNormal {
    median: Span,
    sigma: Millionths,
}

impl Form {
    fn latency(self) -> Result<Latency, String> {
        let latency = match self {
            Self::Uniform(low, high) => Latency::uniform(low.0, high.0),
            Self::Exponential(form) => Latency::exponential(form.mean.0),
            Self::LogNormal(form) => Latency::log_normal(form.median.0, form.sigma.0),
            Self::Choice(rows) => {
                let rows = rows.into_iter().map(|(weight, inner)| (weight, inner.0));
                Latency::choice(rows.collect())
            }
        };
        latency.map_err(|error| error.to_string())
    }
}

/// Writes a latency so that [`deserialize`] reads the same one back; for `#[serde(with)]`.
///
/// # Errors
///
/// Those of the serializer.
pub(crate) fn serialize<S: Serializer>(latency: &Latency, to: S) -> Result<S::Ok, S::Error> {
    Distribution(latency.clone()).serialize(to)
}

/// Reads a latency; for `#[serde(with)]`.
///
/// # Errors
///
/// When the value is none.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Latency, D::Error> {
    Distribution::deserialize(from).map(|distribution| distribution.0)
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let form = match &self.0 {
            Latency::Fixed(constant) => return duration::serialize(constant, to),
            Latency::Uniform { low, high } => Form::Uniform(Span(*low), Span(*high)),
            Latency::Exponential { mean } => Form::Exponential(Exponential { mean: Span(*mean) }),
            Latency::LogNormal {
                median,
                sigma_millionths,
            } => Form::LogNormal(LogNormal {
                median: Span(*median),
                sigma: Millionths(*sigma_millionths),
            }),
            Latency::Choice(rows) => {
                let rows = rows.iter();
                let rows = rows.map(|(weight, inner)| (*weight, Self(inner.clone())));
                Form::Choice(rows.collect())
            }
        };
        form.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Forms)
    }
}

struct Forms;

impl<'de> Visitor<'de> for Forms {
    type Value = Distribution;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"10s\", or an object with one of the keys uniform, exponential, logNormal, choice")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Distribution, E> {
        let constant = duration::parse(text).map_err(E::custom)?;
        Latency::fixed(constant)
            .map(Distribution)
            .map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Distribution, A::Error> {
        Form::deserialize(MapAccessDeserializer::new(map))?
            .latency()
            .map(Distribution)
            .map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Latency, String> {
        serde_json::from_str::<Distribution>(text)
            .map(|distribution| distribution.0)
            .map_err(|error| error.to_string())
    }

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn every_form_of_a_latency_is_read() {
        assert_eq!(read(r#""10s""#), Ok(Latency::Fixed(secs(10))));
        assert_eq!(
            read(r#"{"uniform": ["1s", "5s"]}"#),
            Ok(Latency::Uniform {
                low: secs(1),
                high: secs(5)
            })
        );
        assert_eq!(
            read(r#"{"exponential": {"mean": "30s"}}"#),
            Ok(Latency::Exponential { mean: secs(30) })
        );
        assert_eq!(
            read(r#"{"logNormal": {"median": "10s", "sigma": 0.6}}"#),
            Ok(Latency::LogNormal {
                median: secs(10),
                sigma_millionths: 600_000
            })
        );
        assert_eq!(
            read(r#"{"choice": [[9, "1s"], [1, {"uniform": ["1m", "2m"]}]]}"#),
            Ok(Latency::Choice(vec![
                (9, Latency::Fixed(secs(1))),
                (
                    1,
                    Latency::Uniform {
                        low: secs(60),
                        high: secs(120)
                    }
                ),
            ]))
        );
    }

    #[test]
    fn what_is_written_reads_back_alike() {
        for text in [
            r#""10s""#,
            r#"{"uniform":["1s","5s"]}"#,
            r#"{"exponential":{"mean":"30s"}}"#,
            r#"{"logNormal":{"median":"10s","sigma":0.6}}"#,
            r#"{"choice":[[9,"1s"],[1,{"uniform":["1m","2m"]}]]}"#,
        ] {
            let read: Distribution = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_latency_is_refused() {
        for text in [
            "10",
            "null",
            "{}",
            "[]",
            r#""soon""#,
            r#"{"uniform": ["5s", "1s"]}"#,
            r#"{"uniform": ["5s"]}"#,
            r#"{"uniform": ["1s", "2s"], "choice": []}"#,
            r#"{"normal": {"mean": "1s"}}"#,
            r#"{"exponential": {"mean": "1s", "typo": 1}}"#,
            r#"{"exponential": ["1s"]}"#,
            r#"{"logNormal": {"median": "1s"}}"#,
            r#"{"logNormal": {"median": "1s", "sigma": -1}}"#,
            r#"{"choice": []}"#,
            r#"{"choice": [[0, "1s"]]}"#,
            r#"{"choice": [[-1, "1s"]]}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fractions_are_kept_in_millionths() {
        for (text, expected) in [
            ("0", 0),
            ("1", 1_000_000),
            ("0.3", 300_000),
            ("1e-6", 1),
            ("0.3333333333", 333_333),
            ("12.5", 12_500_000),
        ] {
            let read: Millionths = serde_json::from_str(text).unwrap();
            assert_eq!(read.0, expected, "{text}");
        }
        assert!(serde_json::from_str::<Millionths>("-0.1").is_err());
        assert!(serde_json::from_str::<Millionths>("1e300").is_err());
    }
}
