//! What comes out of judging: findings, violations, and what was never judged or reached.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::time::SimTime;

/// An invariant that does not hold, as the invariant tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The name of the invariant.
    pub invariant: String,
    /// When it was found.
    pub at: SimTime,
    /// After which step.
    pub step: u64,
    /// What was seen, in one line.
    pub evidence: String,
}

/// An invariant that a run violated, with all that is needed to see it again.
///
/// `Display` writes everything, over several lines, without a final end of line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Violation {
    /// The name of the invariant.
    pub invariant: Box<str>,
    /// When it was found, in simulated time.
    pub at: SimTime,
    /// After which step.
    pub step: u64,
    /// What was seen, in one line.
    pub evidence: Box<str>,
    /// The seed of the run.
    pub seed: u64,
    /// The digest of the trace up to there.
    pub digest: Digest,
    /// The newest lines of the trace, as far as it was kept.
    pub last_lines: Box<[String]>,
    /// What to write to see it again.
    pub reproduce: Box<str>,
}

impl Violation {
    /// A violation found in a run with this seed, whose trace has this digest and ends in these lines.
    #[must_use]
    pub fn new(
        finding: Finding,
        seed: u64,
        digest: Digest,
        last_lines: Vec<String>,
        reproduce: String,
    ) -> Self {
        Self {
            invariant: finding.invariant.into(),
            at: finding.at,
            step: finding.step,
            evidence: finding.evidence.into(),
            seed,
            digest,
            last_lines: last_lines.into(),
            reproduce: reproduce.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "invariant violated: {}", self.invariant)?;
        writeln!(f, "  evidence:  {}", self.evidence)?;
        writeln!(f, "  found at:  {} after step {}", self.at, self.step)?;
        writeln!(f, "  seed:      {}", self.seed)?;
        writeln!(f, "  digest:    {}", self.digest)?;
        if !self.last_lines.is_empty() {
            writeln!(
                f,
                "  the last {} lines of the trace:",
                self.last_lines.len()
            )?;
            for line in &self.last_lines {
                writeln!(f, "    {line}")?;
            }
        }
        write!(f, "  reproduce: {}", self.reproduce)
    }
}

impl Error for Violation {}

/// How often one invariant was looked at, and whether it saw what it waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looks {
    /// The name of the invariant.
    pub invariant: String,
    /// How often it was judged.
    pub looks: u64,
    /// Whether its situation was reached; `None` for an invariant that waits for none.
    pub reached: Option<bool>,
    /// Whether it was violated; it is not judged after that.
    pub violated: bool,
}

/// What the invariants of a run can vouch for: a test in which nothing was judged has not passed.
///
/// `Display` names what was never judged and what was never reached, one to a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Every invariant, in the order in which they were added.
    pub invariants: Vec<Looks>,
}

impl Coverage {
    /// The names of invariants that were never judged.
    pub fn never_judged(&self) -> impl Iterator<Item = &str> {
        self.invariants
            .iter()
            .filter(|row| row.looks == 0)
            .map(|row| row.invariant.as_str())
    }

    /// The names of situations that were never reached.
    pub fn never_reached(&self) -> impl Iterator<Item = &str> {
        self.invariants
            .iter()
            .filter(|row| row.reached == Some(false))
            .map(|row| row.invariant.as_str())
    }

    /// Whether everything was judged and every situation reached.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.never_judged().next().is_none() && self.never_reached().next().is_none()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (known, looks) = (
            self.invariants.len(),
            self.invariants.iter().map(|row| row.looks).sum::<u64>(),
        );
        writeln!(f, "{known} invariants judged {looks} times in all")?;
        self.never_judged()
            .try_for_each(|name| writeln!(f, "never judged: {name}"))?;
        self.never_reached()
            .try_for_each(|name| writeln!(f, "never reached: {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation() -> Violation {
        let finding = Finding {
            invariant: "resources conserved".to_owned(),
            at: SimTime::from_millis(5_700),
            step: 1234,
            evidence: "container-instance-3: 10 CPU units too few".to_owned(),
        };
        let lines = vec!["5.700s #1234   task-3 -> RUNNING".to_owned()];
        let reproduce = "Simulation::builder().seed(42) // step 1234".to_owned();
        Violation::new(finding, 42, Digest::of(b"x"), lines, reproduce)
    }

    #[test]
    fn a_violation_tells_all_that_is_needed_to_see_it_again() {
        let expected = format!(
            "invariant violated: resources conserved\n\
             \x20 evidence:  container-instance-3: 10 CPU units too few\n\
             \x20 found at:  5.700s after step 1234\n\
             \x20 seed:      42\n\
             \x20 digest:    {}\n\
             \x20 the last 1 lines of the trace:\n\
             \x20   5.700s #1234   task-3 -> RUNNING\n\
             \x20 reproduce: Simulation::builder().seed(42) // step 1234",
            Digest::of(b"x")
        );
        assert_eq!(violation().to_string(), expected);
    }

    #[test]
    fn a_violation_survives_json() {
        let json = serde_json::to_string(&violation()).unwrap();
        assert_eq!(
            serde_json::from_str::<Violation>(&json).unwrap(),
            violation()
        );
    }

    #[test]
    fn a_violation_is_small_enough_to_be_an_error() {
        assert!(
            size_of::<Violation>() < 128,
            "clippy's limit for errors returned by value"
        );
    }

    #[test]
    fn coverage_names_what_was_not_judged_or_reached() {
        let row = |name: &str, looks, reached| Looks {
            invariant: name.to_owned(),
            looks,
            reached,
            violated: false,
        };
        let coverage = Coverage {
            invariants: vec![
                row("a", 2, None),
                row("b", 0, None),
                row("c", 2, Some(false)),
            ],
        };
        assert!(!coverage.is_complete());
        assert_eq!(
            coverage.to_string(),
            "3 invariants judged 4 times in all\nnever judged: b\nnever reached: c\n"
        );
    }
}
