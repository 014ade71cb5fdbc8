//! Running totals against counting again.

use crate::invariant::{Invariant, Seen};
use crate::ledger::audit::audit;

/// Every running total of the ledger agrees with a count from scratch.
///
/// Judged at rest and after every so many steps: a count looks at the whole ledger.
#[derive(Clone, Debug)]
pub struct Audit {
    every: u64,
    steps: u64,
}

impl Audit {
    /// The audit after every `steps` steps; zero counts as one.
    #[must_use]
    pub fn every(steps: u64) -> Self {
        Self {
            every: steps.max(1),
            steps: 0,
        }
    }
}

impl Default for Audit {
    /// The audit after every 1,024 steps: its cost, spread over them, is about that of looking at one instance.
    fn default() -> Self {
        Self::every(1_024)
    }
}

impl Invariant for Audit {
    fn name(&self) -> &str {
        "running totals agree with a recount"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.steps += 1;
        if self.steps % self.every == 0 {
            audit(seen.ledger)
        } else {
            Ok(())
        }
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        audit(seen.ledger)
    }
}
