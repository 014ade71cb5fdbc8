//! All invariants of a run, judged together.

use super::builtin;
use super::report::{Coverage, Finding, Looks};
use super::{Invariant, Seen};

/// The invariants that a run is judged by, in the order in which they were added.
///
/// One that was violated is reported once and then not judged any more: what follows a first mistake says
/// little. A clone goes its own way.
///
/// ```
/// use wavetank::invariant::{Invariants, sometimes};
///
/// let mut invariants = Invariants::standard();
/// invariants.add(sometimes("some task runs", |seen| seen.ledger.tasks_known() > 0));
/// assert_eq!(invariants.coverage().never_reached().collect::<Vec<_>>(), ["some task runs"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    judged: Vec<Judged>,
}

#[derive(Clone, Debug)]
struct Judged {
    invariant: Box<dyn Invariant>,
    looks: u64,
    violated: bool,
}

impl Invariants {
    /// No invariants.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The invariants that are on unless a run does without them; docs/invariants.md lists them.
    #[must_use]
    pub fn standard() -> Self {
        let mut all = Self::none();
        for invariant in builtin::standard() {
            all.add_boxed(invariant);
        }
        all
    }

    /// Adds an invariant.
    pub fn add(&mut self, invariant: impl Invariant + 'static) {
        self.add_boxed(Box::new(invariant));
    }

    /// Adds an invariant that is boxed already.
    pub fn add_boxed(&mut self, invariant: Box<dyn Invariant>) {
        self.judged.push(Judged {
            invariant,
            looks: 0,
            violated: false,
        });
    }

    /// Judges a step that was just made.
    ///
    /// Returns what was found, in the order of the invariants; the usual empty list takes no memory.
    #[must_use]
    pub fn after_step(&mut self, seen: &Seen<'_>) -> Vec<Finding> {
        self.judge(seen, |invariant, seen| invariant.after_step(seen))
    }

    /// Judges everything there is: at rest, at the end of a run, or when asked.
    ///
    /// Returns what was found, in the order of the invariants.
    #[must_use]
    pub fn at_rest(&mut self, seen: &Seen<'_>) -> Vec<Finding> {
        self.judge(seen, |invariant, seen| invariant.at_rest(seen))
    }

    /// How often each was judged, and which situations were reached.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let row = |judged: &Judged| Looks {
            invariant: judged.invariant.name().to_owned(),
            looks: judged.looks,
            reached: judged.invariant.reached(),
            violated: judged.violated,
        };
        Coverage {
            invariants: self.judged.iter().map(row).collect(),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.judged.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.judged.is_empty()
    }

    fn judge(
        &mut self,
        seen: &Seen<'_>,
        look: impl Fn(&mut dyn Invariant, &Seen<'_>) -> Result<(), String>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for judged in self.judged.iter_mut().filter(|judged| !judged.violated) {
            judged.looks += 1;
            let Err(evidence) = look(&mut *judged.invariant, seen) else {
                continue;
            };
            judged.violated = true;
            findings.push(Finding {
                invariant: judged.invariant.name().to_owned(),
                at: seen.now,
                step: seen.step,
                evidence,
            });
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::super::{always, sometimes};
    use super::*;
    use crate::ledger::Ledger;
    use crate::time::SimTime;

    #[test]
    fn a_violated_invariant_is_reported_once_and_the_others_go_on() {
        let ledger = Ledger::default();
        let mut invariants = Invariants::none();
        invariants.add(always("first", |_| Err("wrong".to_owned())));
        invariants.add(always("second", |seen| {
            if seen.step < 3 {
                Ok(())
            } else {
                Err("late".to_owned())
            }
        }));
        let mut found = Vec::new();
        for step in 1..=4 {
            found.extend(invariants.after_step(&Seen::rest(SimTime::ZERO, step, &ledger)));
        }
        let found: Vec<_> = found
            .iter()
            .map(|f| (f.invariant.as_str(), f.step, f.evidence.as_str()))
            .collect();
        assert_eq!(found, [("first", 1, "wrong"), ("second", 3, "late")]);
        let looks: Vec<_> = invariants
            .coverage()
            .invariants
            .iter()
            .map(|row| (row.looks, row.violated))
            .collect();
        assert_eq!(looks, [(1, true), (3, true)]);
    }

    #[test]
    fn the_standard_ones_hold_of_an_empty_ledger_and_say_that_they_were_judged() {
        let ledger = Ledger::default();
        let mut invariants = Invariants::standard();
        assert_eq!(
            invariants.coverage().never_judged().count(),
            invariants.len()
        );
        assert_eq!(
            invariants.after_step(&Seen::step(SimTime::ZERO, 1, None, &[], &ledger)),
            []
        );
        assert_eq!(
            invariants.at_rest(&Seen::rest(SimTime::ZERO, 1, &ledger)),
            []
        );
        assert!(invariants.coverage().is_complete());
    }

    #[test]
    fn a_fork_remembers_for_itself_what_was_reached() {
        let ledger = Ledger::default();
        let mut invariants = Invariants::none();
        invariants.add(sometimes("s", |_| true));
        let fork = invariants.clone();
        assert_eq!(
            invariants.after_step(&Seen::rest(SimTime::ZERO, 1, &ledger)),
            []
        );
        assert!(invariants.coverage().is_complete());
        assert!(!fork.coverage().is_complete());
    }
}
