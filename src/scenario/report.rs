//! The lines a run prints: one JSON object per step, then the summary.

use serde::Serialize;

use crate::digest::Digest;
use crate::invariant::Violation;
use crate::placement::Explanation;
use crate::time::SimTime;

/// The line of one step; its keys are always in this order.
#[derive(Debug, Serialize)]
pub(super) struct StepLine<'a, O> {
    pub(super) step: usize,
    /// Simulated seconds at the end of the step.
    pub(super) at: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<&'a O>,
    /// Why what was placed went where it went, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<&'a [Explanation]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<&'a StepError>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) unmet: &'a [String],
}

/// Why a step has no output.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(super) struct StepError {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) message: String,
}

impl StepError {
    pub(super) fn new(kind: &str, message: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            message: message.into(),
        }
    }
}

/// The last line.
#[derive(Debug, Serialize)]
pub(super) struct SummaryLine<'a> {
    pub(super) summary: Summary<'a>,
}

/// What a whole run came to.
#[derive(Debug, Serialize)]
pub(super) struct Summary<'a> {
    /// Simulated seconds at the end.
    pub(super) now: f64,
    /// Events processed.
    pub(super) events: u64,
    pub(super) digest: Digest,
    /// Steps that did not give what they had to.
    pub(super) unmet: u64,
    pub(super) violations: Vec<ViolationLine<'a>>,
}

/// An invariant that did not hold.
#[derive(Debug, Serialize)]
pub(super) struct ViolationLine<'a> {
    pub(super) invariant: &'a str,
    /// Simulated seconds when it was found.
    pub(super) at: f64,
    /// The step of the scenario during which it was found.
    pub(super) step: usize,
    /// The number of events processed by then.
    pub(super) events: u64,
    pub(super) evidence: &'a str,
}

impl<'a> ViolationLine<'a> {
    pub(super) fn new(step: usize, violation: &'a Violation) -> Self {
        Self {
            invariant: &violation.invariant,
            at: seconds(violation.at),
            step,
            events: violation.step,
            evidence: &violation.evidence,
        }
    }
}

/// `time` in seconds, as near as a JSON number comes.
pub(super) fn seconds(time: SimTime) -> f64 {
    let nanos = time.as_nanos();
    // A division of floats would round twice; reading the exact decimal rounds once.
    format!(
        "{}.{:09}",
        nanos / NANOS_PER_SECOND,
        nanos % NANOS_PER_SECOND
    )
    .parse()
    .expect("digits around a point are a number")
}

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// `line` as one line of JSON.
pub(super) fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("lines hold only strings, numbers and string-keyed maps")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_seconds_with_a_point() {
        for (nanos, expected) in [
            (0, "0.0"),
            (12_500_000_000, "12.5"),
            (90_000_000_000, "90.0"),
            (5_700_000_000, "5.7"),
            (1, "1e-9"),
        ] {
            assert_eq!(json(&seconds(SimTime::from_nanos(nanos))), expected);
        }
    }

    #[test]
    fn keys_come_in_the_order_of_the_format() {
        let error = StepError::new("ClusterNotFoundException", "Cluster not found.");
        let line = StepLine::<serde_json::Value> {
            step: 3,
            at: 1.5,
            output: None,
            explanation: None,
            error: Some(&error),
            unmet: &["expected an output".to_owned()],
        };
        assert_eq!(
            json(&line),
            "{\"step\":3,\"at\":1.5,\"error\":{\"type\":\"ClusterNotFoundException\",\
             \"message\":\"Cluster not found.\"},\"unmet\":[\"expected an output\"]}"
        );
        let output = json!({});
        let line = StepLine {
            step: 0,
            at: 0.0,
            output: Some(&output),
            explanation: None,
            error: None,
            unmet: &[],
        };
        assert_eq!(json(&line), "{\"step\":0,\"at\":0.0,\"output\":{}}");
    }
}
