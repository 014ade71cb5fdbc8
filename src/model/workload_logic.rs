//! Workloads that code decides, for each task.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::draw::{Draw, Draws, Purpose};
use crate::ids::TaskId;

use super::workload::Workload;

/// Code that decides what the containers of each task do: how long they are pulled, start, run and stop, what they exit
/// with, how much memory they use and what their health checks find.
///
/// It is asked once for each container of each placed task, when the task is placed, and answers with a [`Workload`]:
/// what it wants to be exact is a constant there, what may be luck a distribution. Its own luck comes from
/// [`Occasion::draw`], which is addressed by the task, so that a task meets the same luck under every scheduler. A
/// logic holds no state that changes: what it answers follows from what it is asked, and a run stays a value.
///
/// ```
/// use std::time::Duration;
/// use wavetank::model::{Occasion, Run, Workload, WorkloadLogic, WorkloadRow};
/// use wavetank::{Latency, Profile};
///
/// /// Every third task is a long one.
/// #[derive(Debug)]
/// struct Thirds;
///
/// impl WorkloadLogic for Thirds {
///     fn workload(&self, of: &Occasion<'_>) -> Workload {
///         let mut workload = of.usual.clone();
///         let minutes = if of.task.number() % 3 == 0 { 60 } else { 1 + of.draw(0).below(5) };
///         workload.run = Run::For(Latency::Fixed(Duration::from_secs(60 * minutes)));
///         workload
///     }
/// }
///
/// let mut profile = Profile::ideal();
/// profile.workloads.push(WorkloadRow::new("job-*", "*", Workload::ideal().decided_by(Thirds)));
/// ```
///
/// # Model
///
/// What it answers is not checked before the run: a latency that no draw can follow panics when it is drawn.
pub trait WorkloadLogic: fmt::Debug + Send + Sync {
    /// What a container of a task does.
    fn workload(&self, of: &Occasion<'_>) -> Workload;
}

/// Which container of which task a [`WorkloadLogic`] is asked about.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Occasion<'a> {
    /// The task.
    pub task: TaskId,
    /// The family of its task definition.
    pub family: &'a str,
    /// Its task group.
    pub group: &'a str,
    /// Who the caller says started it.
    pub started_by: Option<&'a str>,
    /// The name of the container.
    pub container: &'a str,
    /// Its position in the task definition.
    pub position: u16,
    /// Its image.
    pub image: &'a str,
    /// The workload that the logic was given to, as data.
    pub usual: &'a Workload,
    pub(crate) draws: &'a Draws,
}

impl Occasion<'_> {
    /// The `nth` stream of luck of this container of this task.
    ///
    /// # Panics
    ///
    /// When its position is above 255; a task definition has ten containers at most.
    #[must_use]
    pub fn draw(&self, nth: u16) -> Draw {
        let subject = u64::from(self.task.number()) | u64::from(self.position) << 32;
        self.draws.at(Purpose::Workload, subject, nth)
    }
}

/// A logic within a workload; equal only to itself.
#[derive(Clone)]
pub(crate) struct Logic(Arc<dyn WorkloadLogic>);

impl PartialEq for Logic {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Logic {}

impl fmt::Debug for Logic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Workload {
    /// This workload, but for what `logic` decides otherwise for each task.
    #[must_use]
    pub fn decided_by(mut self, logic: impl WorkloadLogic + 'static) -> Self {
        self.logic = Some(Logic(Arc::new(logic)));
        self
    }

    /// Whether code decides it for each task.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.logic.is_some()
    }

    /// The workload of one container of one task.
    pub(crate) fn of(&self, occasion: &Occasion<'_>) -> Cow<'_, Self> {
        match &self.logic {
            None => Cow::Borrowed(self),
            Some(logic) => Cow::Owned(Self {
                logic: None,
                ..logic.0.workload(occasion)
            }),
        }
    }
}
