//! When invariants look.

use crate::invariant::{Checking, Finding, Seen, Violation};
use crate::ledger::blame::Hindsight;
use crate::ledger::{Change, Event, OrderBy};
use crate::model::{PlacementConstraint, PlacementConstraintType, RunTask};
use crate::placement::Rule;

use super::Engine;

/// How many lines of the trace a violation shows.
const LINES: usize = 20;

/// How many decisions are remembered that the truth would have made otherwise.
const MISLED_MAX: usize = 16;

/// How many of them are told when an invariant looks at everything and not at one step.
const TOLD_MAX: usize = 4;

impl Engine {
    /// Lets invariants look at what a step changed, when it is time to.
    pub(super) fn watch(&mut self, event: Option<&Event>, changes: &[Change]) {
        let findings = match self.checking {
            Checking::EveryEvent => {
                let seen = Seen::step(self.now, self.steps, event, changes, &self.ledger);
                let seen = seen.with_onlookers(self.views.onlookers(&self.ledger, &self.draws));
                self.invariants.after_step(&Seen {
                    packed_by: self.packed_by,
                    ..seen
                })
            }
            Checking::EveryNth(n) if event.is_some() && self.steps % n.max(1) == 0 => {
                let seen = Seen::rest(self.now, self.steps, &self.ledger);
                let seen = seen.with_onlookers(self.views.onlookers(&self.ledger, &self.draws));
                let findings = self.invariants.at_rest(&seen);
                return self.look_back_on_all(findings, false);
            }
            _ => return,
        };
        if !findings.is_empty() {
            // What was decided about the tasks that the step is about, now or before.
            let is_about = |known: &&Hindsight| {
                changes.iter().any(|change| match change {
                    Change::TaskRefused { task, .. } => *task == known.task,
                    other => other.task() == Some(known.task),
                })
            };
            let now = self.hindsight.iter().filter(is_about);
            let is_new = |known: &&Hindsight| !self.hindsight.contains(known);
            let before = self.misled.iter().filter(is_new).filter(is_about);
            let told = tell(now.chain(before));
            self.write_down_with(findings, &told);
        }
    }

    /// By what a request has its tasks packed that ECS's own scheduler decided by the truth, where somebody judges it.
    pub(super) fn packing_of(&self, request: &RunTask, is_late: bool) -> Option<OrderBy> {
        let first = request.placement_strategy.first()?;
        if self.checking != Checking::EveryEvent || is_late || self.scheduler.name() != "ecs" {
            return None;
        }
        let is_member_of =
            |rule: &PlacementConstraint| rule.r#type == Some(PlacementConstraintType::MemberOf);
        let is_free = !request.placement_constraints.iter().any(is_member_of);
        Rule::read(first)?.order().filter(|_| is_free)
    }

    /// Writes down what a look at everything found, and the latest decisions that the truth would have made otherwise. Where
    /// nothing is waited for and all is well, they did no harm and are forgotten.
    fn look_back_on_all(&mut self, findings: Vec<Finding>, has_settled: bool) {
        if findings.is_empty() {
            if has_settled {
                self.misled.clear();
            }
            return;
        }
        let skipped = self.misled.len().saturating_sub(TOLD_MAX);
        let told = tell(self.misled.iter().skip(skipped));
        self.write_down_with(findings, &told);
    }

    /// Remembers the decisions of the last request that the truth would have made otherwise.
    #[cold]
    pub(super) fn remember_misled(&mut self) {
        for known in &self.hindsight {
            if known.chosen != known.fresh {
                self.misled.push_back(known.clone());
            }
        }
        let surplus = self.misled.len().saturating_sub(MISLED_MAX);
        self.misled.drain(..surplus);
    }

    fn write_down_with(&mut self, mut findings: Vec<Finding>, told: &str) {
        for finding in &mut findings {
            finding.evidence.push_str(told);
        }
        self.write_down(findings);
    }

    /// Lets every invariant look at everything now.
    pub(crate) fn check(&mut self) -> Result<(), Violation> {
        self.check_all(false)
    }

    /// The same, where nothing is waited for any more.
    pub(super) fn check_settled(&mut self) -> Result<(), Violation> {
        self.check_all(true)
    }

    fn check_all(&mut self, has_settled: bool) -> Result<(), Violation> {
        let seen = Seen::rest(self.now, self.steps, &self.ledger);
        let seen = seen.with_onlookers(self.views.onlookers(&self.ledger, &self.draws));
        let findings = self.invariants.at_rest(&match has_settled {
            true => seen.settled(),
            false => seen,
        });
        self.look_back_on_all(findings, has_settled);
        self.tell()
    }

    /// The first violation that driving has not told of; all of them count as told then.
    #[inline]
    pub(super) fn tell(&mut self) -> Result<(), Violation> {
        if self.violations_told == self.violations.len() {
            return Ok(());
        }
        self.tell_first()
    }

    #[cold]
    fn tell_first(&mut self) -> Result<(), Violation> {
        let told = std::mem::replace(&mut self.violations_told, self.violations.len());
        match self.violations.get(told) {
            Some(first) => Err(first.clone()),
            None => Ok(()),
        }
    }

    fn write_down(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            let seed = self.draws.seed();
            let lines = self
                .recorder
                .last(LINES)
                .map(|record| record.to_string())
                .collect();
            let reproduce = format!(
                "Simulation::builder().seed({seed}), the same inputs, then step() until events() is {}",
                self.steps
            );
            let violation = Violation::new(finding, seed, self.recorder.digest(), lines, reproduce);
            self.violations.push(violation);
        }
    }
}

/// What the view of a scheduler had to do with what it decided, as the end of some evidence.
fn tell<'a>(known: impl Iterator<Item = &'a Hindsight>) -> String {
    let verdict = |known: &Hindsight| match known.chosen == known.fresh {
        true => ": wrong even when fresh",
        false => "",
    };
    known
        .map(|known| format!("; {known}{}", verdict(known)))
        .collect()
}
