//! How far behind the truth the answers to Describe and List may be.

use std::time::Duration;

use serde::Serialize;

use crate::draw::{Latency, Ratio};

use super::presets;

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_consistent_unless_asked_otherwise() {
        assert_eq!(Reads::default(), Reads::Consistent);
        assert_ne!(Reads::realistic(), Reads::Consistent);
    }
}
