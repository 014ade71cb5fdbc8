//! Named models of what a reader or a scheduler sees of the truth.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;

use crate::draw::{Latency, LatencyError, Ratio};

use super::presets;

/// How late the changes of a record come to who looks at it.
///
/// Each version of each record has a lateness of its own at each replica.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Lateness {
    /// How long a late change takes.
    pub lag: Latency,
    /// How likely a change is to be late; otherwise it is there at once.
    pub stale_probability: Ratio,
    /// The longest a change can take, whatever `lag` says.
    pub bound: Duration,
}

impl Lateness {
    /// That of [`Reads::realistic`](super::Reads::realistic): half of all changes come within 200 ms, 99 of 100 within
    /// 3 s, all within 30 s. A choice, since ECS publishes nothing.
    #[must_use]
    pub fn realistic() -> Self {
        Self {
            lag: presets::READ_LAG,
            stale_probability: Ratio::ONE,
            bound: presets::READ_BOUND,
        }
    }

    /// Every change comes so much later.
    #[must_use]
    pub fn fixed(lag: Duration) -> Self {
        Self {
            lag: Latency::Fixed(lag),
            stale_probability: Ratio::ONE,
            bound: lag,
        }
    }
}

/// A named model of what somebody sees of the truth: a reader of the API, or a scheduler.
///
/// Give it to [`Builder::reads`](crate::Builder::reads) for Describe and List, to
/// [`Builder::scheduler_sees`](crate::Builder::scheduler_sees) for placement. Whatever was seen, what is decided is judged
/// by the truth.
///
/// ```
/// use wavetank::{Simulation, model::ViewModel};
///
/// for view in ViewModel::sweep() {
///     let sim = Simulation::builder().reads(view.clone()).scheduler_sees(view).build()?;
///     assert_eq!(sim.events(), 0);
/// }
/// let named: Vec<_> = ViewModel::sweep().iter().map(ViewModel::name).collect();
/// assert_eq!(named[..3], ["fresh", "fixed-lag", "per-record-lag"]);
/// # Ok::<(), wavetank::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ViewModel {
    /// The truth.
    #[default]
    Fresh,
    /// Everything as it was so long ago.
    FixedLag(Duration),
    /// Each look goes to one of three replicas, and each change of a record reaches each of them late by itself: what is
    /// seen of two records may be of different times, and two looks may go backwards.
    PerRecordLag(Lateness),
    /// The same, but all looks of a session go to one replica: they never go backwards.
    MonotonicSession(Lateness),
    /// A monotonic session that also sees at once what it wrote itself.
    ReadYourWrites(Lateness),
    /// One replica that learns of changes at once or, if it missed one, with the record's next change, or when `bound` has
    /// passed.
    MissedUpdates {
        /// How likely a change is to be missed.
        missed: Ratio,
        /// When what was missed is made up for.
        bound: Duration,
    },
    /// One replica that takes what reached it last for the newest, as one does who does not compare versions: a late old
    /// change hides a newer one, until that is as old as the bound.
    ReorderedEvents(Lateness),
}

/// A name that no view model has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no view model is called {0:?}")]
pub struct UnknownViewModel(pub String);

impl ViewModel {
    /// One of each, with realistic lateness, the [fresh](Self::Fresh) one first.
    #[must_use]
    pub fn sweep() -> [Self; 7] {
        let late = Lateness::realistic;
        [
            Self::Fresh,
            Self::FixedLag(presets::VIEW_LAG),
            Self::PerRecordLag(late()),
            Self::MonotonicSession(late()),
            Self::ReadYourWrites(late()),
            Self::MissedUpdates {
                missed: presets::MISSED,
                bound: presets::READ_BOUND,
            },
            Self::ReorderedEvents(late()),
        ]
    }

    /// Its name; `parse` gives the one of [`sweep`](Self::sweep) that has it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::FixedLag(_) => "fixed-lag",
            Self::PerRecordLag(_) => "per-record-lag",
            Self::MonotonicSession(_) => "monotonic-session",
            Self::ReadYourWrites(_) => "read-your-writes",
            Self::MissedUpdates { .. } => "missed-updates",
            Self::ReorderedEvents(_) => "reordered-events",
        }
    }

    /// What it comes down to; `None` for the truth.
    #[must_use]
    pub fn rules(&self) -> Option<ViewRules> {
        let of = |lateness: &Lateness| ViewRules {
            lateness: lateness.clone(),
            sticks: true,
            own_writes: false,
            by_arrival: false,
        };
        Some(match self {
            Self::Fresh => return None,
            Self::FixedLag(lag) => of(&Lateness::fixed(*lag)),
            Self::PerRecordLag(lateness) => ViewRules {
                sticks: false,
                ..of(lateness)
            },
            Self::MonotonicSession(lateness) => of(lateness),
            Self::ReadYourWrites(lateness) => ViewRules {
                own_writes: true,
                ..of(lateness)
            },
            Self::MissedUpdates { missed, bound } => of(&Lateness {
                stale_probability: *missed,
                ..Lateness::fixed(*bound)
            }),
            Self::ReorderedEvents(lateness) => ViewRules {
                by_arrival: true,
                ..of(lateness)
            },
        })
    }

    /// Checks what can be written by hand: the lag.
    ///
    /// # Errors
    ///
    /// When no draw can follow it.
    pub fn validate(&self) -> Result<(), LatencyError> {
        match self.rules() {
            Some(rules) => rules.lateness.lag.validate(),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ViewModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ViewModel {
    type Err = UnknownViewModel;

    fn from_str(name: &str) -> Result<Self, UnknownViewModel> {
        let found = Self::sweep().into_iter().find(|view| view.name() == name);
        found.ok_or_else(|| UnknownViewModel(name.to_owned()))
    }
}

/// What a [`ViewModel`] comes down to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRules {
    /// How late changes come.
    pub lateness: Lateness,
    /// Whether a session is implied: who says nothing else looks at one replica only.
    pub sticks: bool,
    /// Whether who wrote a version sees it at once.
    pub own_writes: bool,
    /// Whether what arrived last counts, rather than what is newest.
    pub by_arrival: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_swept_once_and_found_by_its_name() {
        let mut names: Vec<_> = ViewModel::sweep().iter().map(ViewModel::name).collect();
        for (view, name) in ViewModel::sweep().into_iter().zip(&names) {
            assert_eq!(view.to_string(), *name);
            assert_eq!(name.parse(), Ok(view));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ViewModel::sweep().len());
        let unknown = "stale"
            .parse::<ViewModel>()
            .expect_err("there is no such name");
        assert_eq!(unknown.to_string(), "no view model is called \"stale\"");
    }

    #[test]
    fn only_the_fresh_view_is_the_truth() {
        for view in ViewModel::sweep() {
            assert_eq!(view.rules().is_none(), view == ViewModel::Fresh, "{view}");
            assert_eq!(view.validate(), Ok(()));
        }
        let wrong = ViewModel::PerRecordLag(Lateness {
            lag: Latency::Choice(Vec::new()),
            ..Lateness::realistic()
        });
        assert!(wrong.validate().is_err());
    }
}
