//! What comes from outside: requests and faults, now or at a time.

use serde::Serialize;
use thiserror::Error;

use crate::api::fault::{self, FaultError};
use crate::ledger::Event;
use crate::model::{ApiError, Fault, Output, ReadAs, Request};
use crate::time::SimTime;

use super::Engine;

/// Something from outside the simulation that happens in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Input {
    /// A call of the API.
    Request(Box<Request>),
    /// A fault.
    Fault(Fault),
}

impl<T: Into<Request>> From<T> for Input {
    fn from(request: T) -> Self {
        Self::Request(Box::new(request.into()))
    }
}

/// The name of a scheduled input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputKey(u32);

/// What became of a scheduled input.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The answer to a request.
    Answer(Box<Result<Output, ApiError>>),
    /// Whether a fault could be injected.
    Fault(Result<(), FaultError>),
}

impl Outcome {
    /// Whether the request was answered, or the fault injected.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.is_ok(),
            Self::Fault(injected) => injected.is_ok(),
        }
    }
}

/// A time to schedule for that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{at} has passed: it is {now}")]
pub struct PastDeadline {
    /// The time asked for.
    pub at: SimTime,
    /// The time it is.
    pub now: SimTime,
}

impl Engine {
    /// Makes an input happen at a time that has not passed.
    pub(crate) fn schedule(&mut self, at: SimTime, input: Input) -> Result<InputKey, PastDeadline> {
        if at < self.now {
            return Err(PastDeadline { at, now: self.now });
        }
        let number = self.inputs_minted;
        self.inputs_minted = number
            .checked_add(1)
            .expect("a run schedules fewer than 2^32 - 1 inputs");
        self.inputs.insert(number, input);
        self.push(at.since(self.now), Event::Input(number));
        Ok(InputKey(number))
    }

    /// What became of a scheduled input, once.
    pub(crate) fn take_outcome(&mut self, key: InputKey) -> Option<Outcome> {
        self.outcomes.remove(&key.0)
    }

    /// Makes a fault happen now; when it can't, nothing changes.
    pub(crate) fn inject(&mut self, fault: &Fault) -> Result<(), FaultError> {
        self.inject_from(fault, None)
    }

    pub(super) fn inject_from(
        &mut self,
        fault: &Fault,
        event: Option<&Event>,
    ) -> Result<(), FaultError> {
        if let Some(injected) = self.inject_into_controllers(fault, event) {
            return injected;
        }
        let (ctx, out, _) = self.parts();
        let injected = fault::inject(&ctx, fault, out);
        match injected {
            Ok(()) => self.commit(event),
            Err(_) => self.effects.clear(),
        }
        injected
    }

    /// A scheduled input comes due.
    pub(super) fn take_input(&mut self, number: u32, event: &Event) {
        let input = self.inputs.remove(&number);
        let outcome = match input.expect("an input comes due once") {
            // It is nobody's, whoever drives.
            Input::Request(request) => {
                let answer = self.request_as(ReadAs::AnyReplica, &request);
                Outcome::Answer(Box::new(answer))
            }
            Input::Fault(fault) => Outcome::Fault(self.inject_from(&fault, Some(event))),
        };
        self.outcomes.insert(number, outcome);
    }
}
