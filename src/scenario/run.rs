//! Running a scenario: each step a verb of the simulation, each answer a line.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::fault::FaultError;
use crate::engine::run::SettleError;
use crate::invariant::Violation;
use crate::model::{ApiError, Fault, Output, Request};
use crate::placement::Explanation;
use crate::scenario::matcher;
use crate::scenario::reference::{self, Outputs, ReferenceError};
use crate::scenario::report::{self, StepError, StepLine, Summary, SummaryLine, ViolationLine};
use crate::scenario::step::{Expect, Step, Verb};
use crate::sim::Simulation;

/// What a run came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// How many steps did not give what they had to.
    pub unmet: u64,
    /// The simulation as the last step left it, with its trace and what it violated.
    pub simulation: Simulation,
}

impl Outcome {
    /// The invariants that did not hold, in the order they were found.
    pub fn violations(&self) -> &[Violation] {
        self.simulation.violations()
    }

    /// Whether every expectation was met and every invariant held.
    pub fn held(&self) -> bool {
        self.unmet == 0 && self.violations().is_empty()
    }

    /// What a process that ran the scenario exits with: 0 when all [held](Self::held), else 1.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.held())
    }
}

/// A scenario under way.
pub(super) struct Run<'a> {
    simulation: Simulation,
    print: &'a mut dyn FnMut(&str),
    outputs: Outputs,
    unmet: u64,
    /// Whether every invariant is checked after each step.
    checks_every_step: bool,
    /// For each violation so far, the index of the step it was found in.
    found_in: Vec<usize>,
    /// What was explained of the step at hand.
    explanation: Option<Vec<Explanation>>,
    /// The index of the step at hand.
    step: usize,
}

/// What a step gives when it goes well.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Answer {
    Called(Box<Output>),
    Advanced {
        events: u64,
    },
    Stepped {
        events: u64,
        /// When the next event is due, in seconds; left out when none is.
        #[serde(skip_serializing_if = "Option::is_none")]
        next_event_at: Option<f64>,
    },
    Settled {
        events: u64,
        /// How many events are left that nothing waits for.
        pending: usize,
    },
    Injected {},
    Checked {
        events: u64,
        /// How many invariants this check was the first to find broken.
        violations: usize,
    },
}

/// A step without an answer.
struct Failed {
    error: StepError,
    /// Whether it is wrong even when nothing was expected.
    fails_run: bool,
}

impl From<ReferenceError> for Failed {
    fn from(error: ReferenceError) -> Self {
        Self {
            error: StepError::new("ReferenceError", error.to_string()),
            fails_run: true,
        }
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::without_harm(error.exception(), error.message())
    }
}

impl Failed {
    fn without_harm(kind: &str, message: impl Into<String>) -> Self {
        Self {
            error: StepError::new(kind, message),
            fails_run: false,
        }
    }
}

impl From<FaultError> for Failed {
    fn from(error: FaultError) -> Self {
        let kind = match error {
            FaultError::NoSuchContainerInstance { .. } => "NoSuchContainerInstance",
            FaultError::NoSuchController { .. } => "NoSuchController",
            FaultError::NoSuchTask { .. } => "NoSuchTask",
            FaultError::NoSuchContainer { .. } => "NoSuchContainer",
            FaultError::NoHealthCheck { .. } => "NoHealthCheck",
            FaultError::NotRunning { .. } => "NotRunning",
            FaultError::Healed => "Healed",
        };
        Self::without_harm(kind, error.to_string())
    }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        simulation: Simulation,
        checks_every_step: bool,
        print: &'a mut dyn FnMut(&str),
    ) -> Self {
        Self {
            simulation,
            print,
            outputs: Outputs::default(),
            unmet: 0,
            checks_every_step,
            found_in: Vec::new(),
            explanation: None,
            step: 0,
        }
    }

    /// Runs the next step and prints its line.
    pub(super) fn step(&mut self, step: &Step) {
        self.explanation = None;
        let answer = self.perform(&step.verb);
        if self.checks_every_step {
            self.check();
        }
        let unmet = match &answer {
            Ok(answer) => self.judge_answer(step, answer),
            Err(failed) => self.judge_failure(step, failed),
        };
        if !unmet.is_empty() {
            self.unmet += 1;
        }
        let line = report::json(&StepLine {
            step: self.step,
            at: report::seconds(self.simulation.now()),
            output: answer.as_ref().ok(),
            explanation: self.explanation.as_deref(),
            error: answer.as_ref().err().map(|failed| &failed.error),
            unmet: &unmet,
        });
        (self.print)(&line);
        self.note_violations();
        self.step += 1;
    }

    /// Checks the end state and prints the summary.
    pub(super) fn finish(mut self) -> Outcome {
        // What is found only now belongs to the last step: nothing happened since.
        self.step = self.step.saturating_sub(1);
        self.check();
        self.note_violations();
        let violations = self.found_in.iter().zip(self.simulation.violations());
        let summary = Summary {
            now: report::seconds(self.simulation.now()),
            events: self.simulation.events(),
            digest: self.simulation.digest(),
            unmet: self.unmet,
            violations: violations
                .map(|(step, violation)| ViolationLine::new(*step, violation))
                .collect(),
        };
        (self.print)(&report::json(&SummaryLine { summary }));
        Outcome {
            unmet: self.unmet,
            simulation: self.simulation,
        }
    }

    /// Remembers in which step the newest violations were found.
    fn note_violations(&mut self) {
        self.found_in
            .resize(self.simulation.violations().len(), self.step);
    }

    fn perform(&mut self, verb: &Verb) -> Result<Answer, Failed> {
        let events_before = self.simulation.events();
        let events = |run: &Self| run.simulation.events() - events_before;
        match verb {
            Verb::Call {
                operation,
                input,
                explain,
            } => self.call(operation, input, *explain),
            Verb::Fault(fault) => self.inject(fault),
            Verb::Advance(span) => {
                self.advance(*span);
                Ok(Answer::Advanced {
                    events: events(self),
                })
            }
            Verb::Step(count) => {
                self.step_events(*count);
                Ok(Answer::Stepped {
                    events: events(self),
                    next_event_at: self.simulation.next_event_at().map(report::seconds),
                })
            }
            Verb::Heal => {
                self.simulation.heal();
                Ok(Answer::Injected {})
            }
            Verb::Settle(limit) | Verb::MustSettle(limit) => {
                let must = matches!(verb, Verb::MustSettle(_));
                self.settle(*limit, must)?;
                Ok(Answer::Settled {
                    events: events(self),
                    pending: self.simulation.pending(),
                })
            }
            Verb::Check => {
                let found_before = self.simulation.violations().len();
                self.check();
                Ok(Answer::Checked {
                    events: events(self),
                    violations: self.simulation.violations().len() - found_before,
                })
            }
        }
    }

    fn call(&mut self, operation: &str, input: &Value, explain: bool) -> Result<Answer, Failed> {
        let input = reference::resolve(input, &self.outputs)?;
        let request = Request::from_json(operation, input)?;
        if explain {
            // A request that is refused has nothing to explain: its error is the answer.
            self.explanation = self.simulation.explain(&request).ok();
        }
        let output = self.simulation.call(request)?;
        Ok(Answer::Called(Box::new(output)))
    }

    fn inject(&mut self, fault: &Map<String, Value>) -> Result<Answer, Failed> {
        let fault = reference::resolve(&Value::Object(fault.clone()), &self.outputs)?;
        let fault: Fault = serde_json::from_value(fault)
            .map_err(|error| Failed::without_harm("InvalidFault", error.to_string()))?;
        self.simulation.inject(&fault)?;
        Ok(Answer::Injected {})
    }

    fn advance(&mut self, span: Duration) {
        let end = self.simulation.now() + span;
        // A violation interrupts, is kept by the simulation, and is found only once.
        while self.simulation.advance_to(end).is_err() {}
    }

    fn step_events(&mut self, count: u64) {
        let end = self.simulation.events().saturating_add(count);
        while self.simulation.events() < end {
            // An event that violated an invariant has been processed as well.
            if let Ok(None) = self.simulation.step() {
                return;
            }
        }
    }

    fn settle(&mut self, limit: Duration, must: bool) -> Result<(), Failed> {
        let end = self.simulation.now() + limit;
        loop {
            let left = end.since(self.simulation.now());
            let settled = match must {
                true => self.simulation.must_settle(left),
                false => self.simulation.settle(left),
            };
            let kind = match &settled {
                Ok(_) => return Ok(()),
                Err(SettleError::Violation(_)) => continue,
                Err(SettleError::LimitReached { .. }) => "SettleLimitReached",
                Err(SettleError::Stuck(_)) => "Stuck",
            };
            let message = settled.map_or_else(|error| error.to_string(), |_| String::new());
            return Err(Failed {
                error: StepError::new(kind, message),
                fails_run: true,
            });
        }
    }

    fn check(&mut self) {
        while self.simulation.check().is_err() {}
    }

    fn judge_answer(&mut self, step: &Step, answer: &Answer) -> Vec<String> {
        if step.name.is_none() && step.expect.is_none() {
            return Vec::new();
        }
        let output = serde_json::to_value(answer).expect("an answer has only string keys");
        if let Some(name) = &step.name {
            self.outputs.keep(name, Some(output.clone()));
        }
        match &step.expect {
            None => Vec::new(),
            Some(Expect::Output(pattern)) => self.compare(pattern, &output, ""),
            Some(Expect::Error(_)) => vec!["expected an error, found an output".to_owned()],
        }
    }

    fn judge_failure(&mut self, step: &Step, failed: &Failed) -> Vec<String> {
        if let Some(name) = &step.name {
            self.outputs.keep(name, None);
        }
        let StepError { kind, message } = &failed.error;
        match &step.expect {
            Some(Expect::Error(expected)) => {
                let mut unmet = self.compare(&expected.kind, &Value::from(kind.as_str()), "/type");
                if let Some(pattern) = &expected.message {
                    let found = Value::from(message.as_str());
                    unmet.extend(self.compare(pattern, &found, "/message"));
                }
                unmet
            }
            None if !failed.fails_run => Vec::new(),
            None | Some(Expect::Output(_)) => {
                vec![format!(
                    "expected an output, found the error {kind}: {message}"
                )]
            }
        }
    }

    /// What of `pattern`, its references resolved, is unmet by `found`.
    fn compare(&self, pattern: &Value, found: &Value, at: &str) -> Vec<String> {
        match reference::resolve(pattern, &self.outputs) {
            Ok(pattern) => matcher::unmet(&pattern, found, at),
            Err(error) => vec![error.to_string()],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::invariant::{Checking, always};

    /// Runs `steps` where more than one cluster violates an invariant; gives all lines and the outcome.
    fn run(checking: Checking, checks_every_step: bool, steps: Value) -> (Vec<Value>, Outcome) {
        let alone = always("one cluster", |seen| {
            match seen.ledger.clusters().iter().count() {
                0 | 1 => Ok(()),
                many => Err(format!("{many} clusters")),
            }
        });
        let simulation = Simulation::builder()
            .checking(checking)
            .invariant(alone)
            .build()
            .expect("the defaults can be built");
        let steps: Vec<Step> = serde_json::from_value(steps).expect("the steps are in order");
        let mut lines = Vec::new();
        let mut print =
            |line: &str| lines.push(serde_json::from_str(line).expect("a line is JSON"));
        let mut run = Run::new(simulation, checks_every_step, &mut print);
        steps.iter().for_each(|step| run.step(step));
        let outcome = run.finish();
        (lines, outcome)
    }

    fn check_found_in(checking: Checking, checks_every_step: bool, steps: Value, step: usize) {
        let (lines, outcome) = run(checking, checks_every_step, steps);
        assert_eq!((outcome.unmet, outcome.exit_code()), (0, 1));
        let summary = &lines[lines.len() - 1]["summary"];
        let expected = json!([{
            "invariant": "one cluster", "at": summary["violations"][0]["at"], "step": step,
            "events": 0, "evidence": "2 clusters",
        }]);
        assert_eq!(summary["violations"], expected);
    }

    #[test]
    fn a_violation_is_told_once_with_the_step_it_was_found_in() {
        let steps = json!([
            {"call": "CreateCluster", "input": {"clusterName": "a"}},
            {"call": "CreateCluster", "input": {"clusterName": "b"}},
            {"advance": "1m"},
            {"check": true},
            {"settle": "1m"},
        ]);
        check_found_in(Checking::AtRest, true, steps.clone(), 1);
        check_found_in(Checking::AtRest, false, steps, 3);
    }

    #[test]
    fn the_end_is_checked_whatever_else_is() {
        let steps = json!([
            {"call": "CreateCluster", "input": {"clusterName": "a"}},
            {"call": "CreateCluster", "input": {"clusterName": "b"}},
        ]);
        check_found_in(Checking::AtRest, false, steps, 1);
    }

    #[test]
    fn a_check_says_how_much_it_found() {
        let steps = json!([
            {"call": "CreateCluster", "input": {"clusterName": "a"}},
            {"call": "CreateCluster", "input": {"clusterName": "b"}},
            {"check": true, "expect": {"output": {"events": 0, "violations": 1}}},
            {"check": true, "expect": {"output": {"events": 0, "violations": 0}}},
        ]);
        let (_, outcome) = run(Checking::AtRest, false, steps);
        assert_eq!(outcome.unmet, 0);
        assert_eq!(outcome.violations().len(), 1);
    }

    #[test]
    fn a_run_that_holds_exits_with_0() {
        let steps = json!([{"call": "CreateCluster", "input": {"clusterName": "a"}}]);
        let (lines, outcome) = run(Checking::EveryEvent, true, steps);
        assert!(outcome.held());
        assert_eq!(outcome.exit_code(), 0);
        assert_eq!(lines[1]["summary"]["violations"], json!([]));
    }
}
