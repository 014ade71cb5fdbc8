//! What a call meets before ECS looks at it: faults, and the account's request rates.

use crate::api::buckets::Buckets;
use crate::ledger::call_fault::CallFate;
use crate::model::{ApiError, Output, Problem, Request, RequestRates};

use super::Engine;

impl Engine {
    /// Answers a request; when it is refused, nothing has changed.
    pub(crate) fn request(&mut self, request: &Request) -> Result<Output, ApiError> {
        self.admitted(request.operation(), |engine| engine.answer(request))
    }

    /// Lets a call act, unless a fault or an empty bucket is in its way.
    #[inline]
    pub(crate) fn admitted<T>(
        &mut self,
        operation: &'static str,
        act: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        if self.buckets.is_none() && self.now >= self.ledger.call_faults().until() {
            return act(self);
        }
        match self.fate(operation)? {
            None => act(self),
            Some(applied) => {
                if applied {
                    // What it would have been answered is lost: also that it was refused.
                    let _ = act(self);
                }
                Err(server_error())
            }
        }
    }

    /// `None` when a call is let through; otherwise whether it takes effect although it is answered by an error.
    #[cold]
    fn fate(&mut self, operation: &'static str) -> Result<Option<bool>, ApiError> {
        let now = self.now;
        let fate = self.ledger.call_faults().fate(operation, now);
        if fate == Some(CallFate::Throttled) {
            return Err(throttled());
        }
        let has_token = match &mut self.buckets {
            Some(buckets) => buckets.take(operation, now),
            None => true,
        };
        match fate {
            _ if !has_token => Err(throttled()),
            Some(CallFate::Failing { applied }) => Ok(Some(applied)),
            _ => Ok(None),
        }
    }
}

/// The buckets of an account, where calls are counted.
pub(super) fn buckets(rates: RequestRates) -> Option<Box<Buckets>> {
    match rates {
        RequestRates::Documented => Some(Box::new(Buckets::full())),
        _ => None,
    }
}

/// The text is that of the developer guide's "API throttling".
fn throttled() -> ApiError {
    ApiError::Throttling(Problem::new("Rate exceeded"))
}

/// The text is one that people quote from ECS (github.com/aws/copilot-cli, issue 3945).
fn server_error() -> ApiError {
    ApiError::Server(Problem::new("Service Unavailable. Please try again later."))
}
