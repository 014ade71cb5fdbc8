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
//! | [`closure`] | a scheduler from a closure |

pub mod ask;
pub mod closure;
pub mod ecs;
pub mod filter;
pub mod member_of;
pub mod pool;
pub mod rank;

use crate::ids::ContainerInstanceId;
use crate::model::FailureReason;

pub use ask::{Ask, Rule};
pub use closure::FnScheduler;
pub use ecs::EcsScheduler;
pub use member_of::Constraint;
pub use pool::{Pool, Remaining};

/// Why a task could not be placed, and which container instance came closest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// Chooses a container instance for each task that RunTask asks for.
///
/// It must be a function of what it is shown: the same ask over the same pool gets the same answer, with randomness
/// taken from [`Ask::draw`] alone. What it answers is checked again before it is committed; an instance that
/// can't take the task fails the call with a `ServerException` that names the scheduler, and nothing changes.
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
}

/// Lets a boxed scheduler be cloned with its simulation; every `Scheduler` that is `Clone` has it.
pub trait SchedulerClone {
    /// A copy in a box of its own.
    fn clone_boxed(&self) -> Box<dyn Scheduler>;
}

impl<T: Scheduler + Clone + 'static> SchedulerClone for T {
    fn clone_boxed(&self) -> Box<dyn Scheduler> {
        Box::new(self.clone())
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
