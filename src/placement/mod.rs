//! Placement: on which container instance a task goes, or why on none.
//!
//! A [`Scheduler`] decides over a read-only [`Pool`]; the ledger disposes. ECS uses the word also for the *service
//! scheduler*, which decides how many tasks there should be: that is not this trait.
//!
//! | file | holds |
//! | --- | --- |
//! | [`ask`] | what is asked: one task, its demand, its rules |
//! | [`pool`] | what may be read: the cluster, with the picks already made for the same request |
//! | [`filter`] | the hard requirements: who can take the task, and why the others can't |
//! | [`member_of`] | the cluster query language: whether an expression holds for an instance |
//! | [`rank`] | the strategies: who of them should |
//! | [`ecs`] | both in ECS's order: the built-in scheduler |
//! | `prepare`, `chain`, `search`, `sieve`, `readied`, `few` | how it finds them without looking at every row |
//! | `seen` | a cluster as a scheduler sees it late |
//! | `failed` | what it need not search for again |
//! | [`closure`] | a scheduler from a closure |
//! | [`baseline`] | well-known schedulers to compare with |
//! | [`wrap`] | schedulers around others: recording, replaying, asking twice |
//! | [`stop_choice`] | which task of a group to stop |
//! | [`packing`] | placing without time: tasks come and go at once |
//! | [`evidence`], [`explain`] | what stands behind a reason; a whole decision, told |

#[cfg(test)]
mod agreement;
pub mod ask;
pub mod baseline;
mod chain;
pub mod closure;
pub mod ecs;
pub mod evidence;
pub mod explain;
mod failed;
mod few;
pub mod filter;
pub mod member_of;
pub mod packing;
pub mod pool;
pub(crate) mod prepare;
pub mod rank;
mod readied;
mod search;
pub(crate) mod seen;
mod sieve;
pub mod stop_choice;
pub mod wrap;

use std::any::Any;

use serde::{Deserialize, Serialize};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::model::FailureReason;

pub use crate::ledger::blame::{Blame, Hindsight, Missed, Update};
pub use crate::ledger::scheduler_error::{Mistake, SchedulerError, SchedulerErrors, Unmet};
pub use ask::{Ask, Rule};
pub use baseline::Baseline;
pub use closure::FnScheduler;
pub use ecs::EcsScheduler;
pub use explain::{Explaining, Explanation};
pub use member_of::Constraint;
pub use packing::{ClassId, Machine, Packed, Packing, TaskClass};
pub use pool::{Pool, Remaining};
pub use stop_choice::StopAsk;
pub use wrap::{Decision, Recording, Replaying, Twice};

/// Why a task could not be placed, and which container instance came closest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What stood in the way.
    pub reason: FailureReason,
    /// The container instance that failed the fewest requirements, if there was any.
    pub closest: Option<ContainerInstanceId>,
}

impl From<FailureReason> for Refusal {
    fn from(reason: FailureReason) -> Self {
        Self {
            reason,
            closest: None,
        }
    }
}

/// What became of one ask.
pub type Placement = Result<ContainerInstanceId, Refusal>;

/// What a scheduler found wrong with itself, or with the one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The task it was asked about.
    pub task: TaskId,
    /// What it chose; `None` when it chose nothing.
    pub chosen: Option<ContainerInstanceId>,
    /// What is wrong with that.
    pub mistake: Mistake,
}

/// Chooses a container instance for each task that RunTask asks for, and tasks to stop when there are too many.
///
/// It must be a function of what it is shown: the same ask over the same pool gets the same answer, with randomness
/// taken from [`Ask::draw`] alone. [`Twice`] finds out whether it is. What it answers is checked again before it is
/// committed. A wrong answer is a [`SchedulerError`] with the evidence, kept by the simulation and told in the trace; the
/// call goes on and refuses that task, see [`Mistake`].
///
/// ```
/// use wavetank::placement::{Ask, Placement, Pool, Refusal, Scheduler};
/// use wavetank::model::FailureReason;
///
/// /// Takes the first container instance with room.
/// #[derive(Clone, Debug)]
/// struct FirstFit;
///
/// impl Scheduler for FirstFit {
///     fn name(&self) -> &str {
///         "first-fit"
///     }
///     fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
///         let row = pool.feasible(ask).next().ok_or_else(|| pool.refusal(ask))?;
///         Ok(pool.instances()[row])
///     }
/// }
/// ```
pub trait Scheduler: SchedulerClone + Send {
    /// Its name in traces and errors.
    fn name(&self) -> &str;

    /// Chooses for one task.
    ///
    /// # Errors
    ///
    /// Why the task can't be placed; the task is then refused, which is an answer of RunTask and not a failure of it.
    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement;

    /// Chooses for all tasks of a request.
    ///
    /// As provided it places one after the other, each seeing the picks before it, as ECS does. Override it for
    /// algorithms that look at the whole request.
    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        asks.iter()
            .map(|ask| {
                let placement = self.place(ask, pool);
                if let Ok(instance) = placement {
                    // A pick that doesn't fit is found when the decisions are checked, with the evidence.
                    let _ = pool.take(ask, instance);
                }
                placement
            })
            .collect()
    }

    /// Chooses which task of a group to stop; `None` when none may be.
    ///
    /// As provided it chooses as ECS does when a service scales in: [`Pool::stop_choice`]. Services will ask it; until they
    /// exist no verb does.
    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        pool.stop_choice(ask)
    }

    /// What it found wrong since it was last asked for this, each told once; each becomes a [`SchedulerError`].
    ///
    /// A scheduler around another passes on the complaints of that one too.
    fn complaints(&mut self) -> Vec<Complaint> {
        Vec::new()
    }
}

/// Lets a boxed scheduler be cloned with its simulation and be looked into; every `Scheduler` that is `Clone` has it.
pub trait SchedulerClone {
    /// A copy in a box of its own.
    fn clone_boxed(&self) -> Box<dyn Scheduler>;

    /// Itself, as a value of some type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Scheduler + Clone + 'static> SchedulerClone for T {
    fn clone_boxed(&self) -> Box<dyn Scheduler> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl dyn Scheduler {
    /// The scheduler as what it is, when it is a `T`.
    ///
    /// ```
    /// use wavetank::placement::{Baseline, Scheduler};
    ///
    /// let boxed: Box<dyn Scheduler> = Box::new(Baseline::BestFit);
    /// let sim = wavetank::Simulation::builder().scheduler(boxed).build()?;
    /// assert_eq!(sim.scheduler().downcast_ref(), Some(&Baseline::BestFit));
    /// # Ok::<(), wavetank::BuildError>(())
    /// ```
    #[must_use]
    pub fn downcast_ref<T: Scheduler + 'static>(&self) -> Option<&T> {
        let any = self.as_any();
        match any.downcast_ref::<Box<dyn Scheduler>>() {
            Some(inner) => inner.as_ref().downcast_ref(),
            None => any.downcast_ref(),
        }
    }
}

/// A scheduler in a box is one too, for choosing one while the program runs.
impl Scheduler for Box<dyn Scheduler> {
    fn name(&self) -> &str {
        self.as_ref().name()
    }

    fn place(&mut self, ask: &Ask<'_>, pool: &Pool<'_>) -> Placement {
        self.as_mut().place(ask, pool)
    }

    fn place_all(&mut self, asks: &[Ask<'_>], pool: &mut Pool<'_>) -> Vec<Placement> {
        self.as_mut().place_all(asks, pool)
    }

    fn choose_stop(&mut self, ask: &StopAsk<'_>, pool: &Pool<'_>) -> Option<TaskId> {
        self.as_mut().choose_stop(ask, pool)
    }

    fn complaints(&mut self) -> Vec<Complaint> {
        self.as_mut().complaints()
    }
}

impl Clone for Box<dyn Scheduler> {
    fn clone(&self) -> Self {
        self.as_ref().clone_boxed()
    }
}

impl std::fmt::Debug for dyn Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scheduler({})", self.name())
    }
}
