//! Stretches of time in which calls of the API are refused, or answered by an error.

use serde::Serialize;

use crate::model::Glob;
use crate::time::SimTime;

/// A movement of the faults that calls of the API meet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum CallFaultChange {
    /// Matching calls are throttled until then.
    Throttled {
        /// Which operations, by name.
        operation: Glob,
        /// Until when, that moment excluded.
        until: SimTime,
    },
    /// Matching calls are answered by an error until then.
    Failing {
        /// Which operations, by name.
        operation: Glob,
        /// Until when, that moment excluded.
        until: SimTime,
        /// Whether they take effect all the same.
        applied: bool,
    },
    /// No call meets a fault any more.
    Ended,
}

/// What becomes of a call while a fault is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CallFate {
    /// It is refused with `ThrottlingException` and has no effect.
    Throttled,
    /// It is answered by `ServerException`.
    Failing {
        /// Whether it takes effect all the same.
        applied: bool,
    },
}

/// One stretch of time, and which calls it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallFault {
    /// Which operations, by name.
    pub operation: Glob,
    /// Until when, that moment excluded.
    pub until: SimTime,
    /// What becomes of a call.
    pub fate: CallFate,
}

/// The faults that calls meet now or met before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallFaults {
    known: Vec<CallFault>,
    /// When the last of them ends.
    until: SimTime,
}

impl CallFaults {
    /// Whether there never was one.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.until == SimTime::ZERO
    }

    /// When the last of them ends: from then on no call need ask [`fate`](Self::fate).
    #[inline]
    #[must_use]
    pub fn until(&self) -> SimTime {
        self.until
    }

    /// What becomes of a call made now; `None` when no fault is about it.
    ///
    /// A refusal goes before an error, and of several errors the one that was injected last.
    #[must_use]
    pub fn fate(&self, operation: &str, now: SimTime) -> Option<CallFate> {
        let at_work = self.known.iter().rev();
        let mut at_work =
            at_work.filter(|fault| now < fault.until && fault.operation.matches(operation));
        let newest = at_work.next()?.fate;
        let is_throttled = |fault: &CallFault| fault.fate == CallFate::Throttled;
        Some(if at_work.any(is_throttled) {
            CallFate::Throttled
        } else {
            newest
        })
    }

    /// Moves by a change of these faults; what has ended is forgotten.
    pub(super) fn apply(&mut self, now: SimTime, change: &CallFaultChange) {
        self.known.retain(|fault| now < fault.until);
        let (operation, until, fate) = match change {
            CallFaultChange::Throttled { operation, until } => {
                (operation, *until, CallFate::Throttled)
            }
            CallFaultChange::Failing {
                operation,
                until,
                applied,
            } => (operation, *until, CallFate::Failing { applied: *applied }),
            CallFaultChange::Ended => {
                self.known.clear();
                self.until = self.until.min(now);
                return;
            }
        };
        self.until = self.until.max(until);
        self.known.push(CallFault {
            operation: operation.clone(),
            until,
            fate,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(operation: &str, until: u64, applied: bool) -> CallFaultChange {
        CallFaultChange::Failing {
            operation: Glob::new(operation),
            until: SimTime::from_secs(until),
            applied,
        }
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn a_refusal_goes_before_an_error_and_of_errors_the_last() {
        let mut faults = CallFaults::default();
        assert!(faults.is_untouched());
        faults.apply(at(0), &failing("*", 30, false));
        faults.apply(at(0), &failing("Run*", 20, true));
        let applied = |applied| Some(CallFate::Failing { applied });
        assert_eq!(faults.fate("RunTask", at(1)), applied(true));
        assert_eq!(faults.fate("StopTask", at(1)), applied(false));
        let throttled = CallFaultChange::Throttled {
            operation: Glob::new("RunTask"),
            until: at(10),
        };
        faults.apply(at(0), &throttled);
        faults.apply(at(0), &failing("*", 5, true));
        assert_eq!(faults.fate("RunTask", at(1)), Some(CallFate::Throttled));
        assert_eq!(faults.fate("RunTask", at(10)), applied(true));
        assert_eq!(faults.fate("RunTask", at(20)), applied(false));
        assert_eq!(faults.fate("RunTask", at(30)), None);
        assert_eq!(faults.until(), at(30));
    }

    #[test]
    fn all_can_be_ended_at_once() {
        let mut faults = CallFaults::default();
        faults.apply(at(0), &failing("*", 30, false));
        faults.apply(at(4), &CallFaultChange::Ended);
        assert_eq!(faults.fate("RunTask", at(4)), None);
        assert_eq!(faults.until(), at(4));
        assert!(!faults.is_untouched());
    }
}
