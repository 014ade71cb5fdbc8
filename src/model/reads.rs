//! How far behind the truth the answers to Describe and List may be.

use std::time::Duration;

use serde::Serialize;

use crate::draw::{Latency, Ratio};

use super::presets;
use super::view::{Lateness, ViewModel, ViewRules};

/// What a reader of the control plane may see.
///
/// Writes are always judged against the truth; only Describe and List lag.
///
/// # Model
///
/// ECS documents its reads as eventually consistent and gives no distribution.
/// Here a stale read may also go back to before what an earlier read showed,
/// as it may when two reads meet different replicas.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Reads {
    /// Every read sees every write that came before it.
    #[default]
    Consistent,
    /// Each read is answered by one of several replicas, which writes reach late.
    Lagging {
        /// How long a late write takes to reach a replica.
        lag: Latency,
        /// How likely a write is to be late at a replica; otherwise it is there at once.
        stale_probability: Ratio,
        /// The longest a write can take to be seen everywhere, whatever `lag` says.
        bound: Duration,
    },
    /// As a named view model says; `Lagging` is what [`ViewModel::PerRecordLag`] says.
    Through(ViewModel),
}

/// A reader that sticks to one replica, so that its reads never go backwards; see
/// [`Simulation::session`](crate::Simulation::session).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Session(u64);

impl Session {
    /// The session of that number, which decides which replica it sticks to.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// As whom a call is made: which replica answers it, and whose writes are its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ReadAs {
    /// As somebody whose every read may be answered by another replica, where the view model has several.
    #[default]
    AnyReplica,
    /// As a session.
    Session(Session),
}

impl From<Session> for ReadAs {
    fn from(session: Session) -> Self {
        Self::Session(session)
    }
}

impl From<ViewModel> for Reads {
    fn from(view: ViewModel) -> Self {
        match view {
            ViewModel::Fresh => Self::Consistent,
            view => Self::Through(view),
        }
    }
}

impl Reads {
    /// The lagging reads of [`Profile::realistic`](crate::model::Profile::realistic):
    /// half of all writes are seen within 200 ms, 99 of 100 within 3 s, all within 30 s.
    ///
    /// # Model
    ///
    /// The three numbers are a choice, not a measurement: ECS publishes only
    /// that a reader should back off from 2 s up to 5 min.
    pub fn realistic() -> Self {
        Self::Lagging {
            lag: presets::READ_LAG,
            stale_probability: Ratio::ONE,
            bound: presets::READ_BOUND,
        }
    }

    /// What they come down to; `None` when they are consistent.
    #[must_use]
    pub fn rules(&self) -> Option<ViewRules> {
        match self {
            Self::Consistent => None,
            Self::Lagging {
                lag,
                stale_probability,
                bound,
            } => ViewModel::PerRecordLag(Lateness {
                lag: lag.clone(),
                stale_probability: *stale_probability,
                bound: *bound,
            })
            .rules(),
            Self::Through(view) => view.rules(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_consistent_unless_asked_otherwise() {
        assert_eq!(Reads::default(), Reads::Consistent);
        assert_ne!(Reads::realistic(), Reads::Consistent);
        assert_eq!(Reads::from(ViewModel::Fresh), Reads::Consistent);
    }

    #[test]
    fn lagging_reads_are_a_lag_of_each_record() {
        let named = Reads::from(ViewModel::PerRecordLag(Lateness::realistic()));
        assert_eq!(named.rules(), Reads::realistic().rules());
        assert_eq!(Reads::Consistent.rules(), None);
    }
}
