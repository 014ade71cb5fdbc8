//! What must hold in every run: the trait for it, ready-made constructors, and the set that is on by default.
//!
//! | file | holds |
//! | --- | --- |
//! | `mod` | [`Invariant`], [`Seen`], [`Checking`] |
//! | `kinds` | [`always`], [`eventually`], [`sometimes`] |
//! | `builtin` | the standard invariants: what ECS promises, and what this library must not get wrong |
//! | `suite` | [`Invariants`]: all that are judged in a run |
//! | `report` | [`Violation`], [`Coverage`] |

mod builtin;
mod kinds;
mod report;
mod suite;

use std::fmt;

use crate::ledger::cluster::OrderBy;
use crate::ledger::lens::Onlookers;
use crate::ledger::{Change, Event, Ledger};
use crate::time::SimTime;

pub use builtin::{
    Audit, BinpackKept, ContainerOrder, DeadHosts, DistinctInstance, LifecycleOrder, NothingLost,
    PortsApart, RequestCounts, ResourcesConserved, StartedOnce, StopTime, TimesOrdered,
    VersionsGrow, VersionsTruthful, ViewsConverge, ViewsWithinBound,
};
pub use kinds::{Always, Eventually, Sometimes, always, eventually, sometimes};
pub use report::{Coverage, Finding, Looks, Violation};
pub use suite::Invariants;

/// Something that must hold in every run.
///
/// Judged after steps and at rest, as [`Checking`] says. It may keep a memory of its own; a fork of the simulation
/// copies that, so an invariant has to be `Clone`. It must not look at anything but what it is shown: then the
/// same run always gives the same verdict.
///
/// Most invariants need no type of their own: see [`always`], [`eventually`] and [`sometimes`].
///
/// ```
/// use wavetank::invariant::{Invariant, Seen};
///
/// /// No step changes more than so much at once.
/// #[derive(Clone)]
/// struct SmallSteps(usize);
///
/// impl Invariant for SmallSteps {
///     fn name(&self) -> &str {
///         "small steps"
///     }
///
///     fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
///         match seen.changes.len() {
///             few if few <= self.0 => Ok(()),
///             many => Err(format!("{many} changes in one step, {} allowed", self.0)),
///         }
///     }
/// }
/// ```
pub trait Invariant: InvariantClone + Send {
    /// How reports call it.
    fn name(&self) -> &str;

    /// Judges a step that was just made. It is enough to look at what `seen.changes` touched.
    ///
    /// # Errors
    ///
    /// The evidence against it, in one line.
    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String>;

    /// Judges everything there is. `seen.changes` is empty: the whole ledger is to be looked at.
    ///
    /// Without a definition of its own it is [`Invariant::after_step`], which suits an invariant that always looks at
    /// the whole ledger.
    ///
    /// # Errors
    ///
    /// The evidence against it, in one line.
    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.after_step(seen)
    }

    /// For coverage: whether the situation it waits for was reached. `None` for one that waits for nothing.
    fn reached(&self) -> Option<bool> {
        None
    }
}

/// Cloning behind a `Box<dyn Invariant>`; every `Clone` invariant has it by itself.
pub trait InvariantClone {
    /// A copy of the invariant, its memory included.
    fn clone_boxed(&self) -> Box<dyn Invariant>;
}

impl<T: Invariant + Clone + 'static> InvariantClone for T {
    fn clone_boxed(&self) -> Box<dyn Invariant> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Invariant> {
    fn clone(&self) -> Self {
        (**self).clone_boxed()
    }
}

impl fmt::Debug for dyn Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invariant({:?})", self.name())
    }
}

/// What an invariant is shown.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Seen<'a> {
    /// The simulated time.
    pub now: SimTime,
    /// The number of the step that was just made.
    pub step: u64,
    /// What came due, when the step was an event; `None` when the user called, and at rest.
    pub event: Option<&'a Event>,
    /// The changes of the step, already applied; empty at rest.
    pub changes: &'a [Change],
    /// The truth, after those changes.
    pub ledger: &'a Ledger,
    /// Who may see something else than the truth; `None` when nobody does.
    pub onlookers: Option<Onlookers<'a>>,
    /// Whether nothing is waited for, so that everybody must see the truth.
    pub has_settled: bool,
    /// By what a RunTask of this step packed its tasks; `None` where its first rule is another, or somebody else than ECS's own
    /// scheduler decided, or by a late view.
    pub packed_by: Option<OrderBy>,
}

impl<'a> Seen<'a> {
    /// A step that was just made.
    #[must_use]
    pub fn step(
        now: SimTime,
        step: u64,
        event: Option<&'a Event>,
        changes: &'a [Change],
        ledger: &'a Ledger,
    ) -> Self {
        Self {
            now,
            step,
            event,
            changes,
            ledger,
            onlookers: None,
            has_settled: false,
            packed_by: None,
        }
    }

    /// The same, with those who look on and may see something else than the truth.
    #[must_use]
    pub fn with_onlookers(self, onlookers: Option<Onlookers<'a>>) -> Self {
        Self { onlookers, ..self }
    }

    /// The same, where nothing is waited for.
    #[must_use]
    pub fn settled(self) -> Self {
        Self {
            has_settled: true,
            ..self
        }
    }

    /// The whole of a ledger, at rest after a step.
    #[must_use]
    pub fn rest(now: SimTime, step: u64, ledger: &'a Ledger) -> Self {
        Self {
            now,
            step,
            event: None,
            changes: &[],
            ledger,
            onlookers: None,
            has_settled: false,
            packed_by: None,
        }
    }
}

/// How often invariants are judged.
///
/// The default is [`Checking::EveryEvent`] in builds with debug assertions and [`Checking::AtRest`] in others, so
/// that tests find the very step and benches are not slowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Checking {
    /// After every step, looking at what it touched; and at rest.
    EveryEvent,
    /// After every n-th step, looking at the whole ledger; and at rest. Zero counts as one.
    EveryNth(u64),
    /// Only when a run ends or is asked: the whole ledger.
    AtRest,
}

impl Default for Checking {
    fn default() -> Self {
        if cfg!(debug_assertions) {
            Self::EveryEvent
        } else {
            Self::AtRest
        }
    }
}
