//! Which version of a record a read sees.

use std::iter::{self, Peekable};

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::Ledger;
use crate::ledger::lens::Lens;
use crate::ledger::subscription::Changed;
use crate::ledger::versions::{InstanceGlance, InstanceSeen, TaskGlance, TaskSeen};

pub use crate::ledger::lens::REPLICAS;

/// The records of a ledger as one read sees them.
///
/// Under [`Reads::Consistent`](crate::Reads) that is the truth, unless a `ReadLag` is on. Otherwise each read goes to one of
/// three replicas, and each version of a record reaches each replica after a lag of its own: so List may omit what Describe
/// shows, and two reads may go backwards, unless a [`Session`](crate::model::Session) sticks to one replica. A version is
/// never older than the bound, and never a mixture of two.
///
/// # Model
///
/// Tasks and container instances lag; clusters, task definitions and account settings do not.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    ledger: &'a Ledger,
    lens: Lens<'a>,
}

impl<'a> View<'a> {
    /// What is seen of a ledger through a lens.
    #[must_use]
    pub fn new(ledger: &'a Ledger, lens: Lens<'a>) -> Self {
        Self { ledger, lens }
    }

    /// The truth beneath it.
    #[must_use]
    pub fn ledger(&self) -> &'a Ledger {
        self.ledger
    }

    /// Whether what it sees may be older than the truth.
    #[must_use]
    pub fn lags(&self) -> bool {
        self.ledger.versions().are_kept() && !self.lens.shows_truth()
    }

    /// A task as this read sees it.
    #[must_use]
    pub fn task(&self, task: TaskId) -> Option<TaskGlance<'a>> {
        let recent = self.ledger.versions().tasks();
        match recent.get(task).filter(|_| !self.lens.shows_truth()) {
            None => self.ledger.glance(task),
            Some(history) => {
                let seen = self.lens.seen(Changed::Task(task), history);
                seen.map(TaskSeen::glance)
            }
        }
    }

    /// A container instance as this read sees it.
    #[must_use]
    pub fn instance(&self, instance: ContainerInstanceId) -> Option<InstanceGlance<'a>> {
        let recent = self.ledger.versions().instances();
        match recent.get(instance).filter(|_| !self.lens.shows_truth()) {
            None => self.ledger.instance_glance(instance),
            Some(history) => {
                let about = Changed::ContainerInstance(instance);
                self.lens.seen(about, history).map(InstanceSeen::glance)
            }
        }
    }

    /// The numbers of the tasks from `first` on among which are all that this read sees listed, in order of creation:
    /// `listed`, those that are, and those that changed of late.
    pub fn listed_tasks(
        &self,
        first: TaskId,
        listed: impl Iterator<Item = TaskId> + 'a,
    ) -> impl Iterator<Item = TaskId> + 'a {
        let late = self.ledger.versions().tasks().iter_from(first);
        merged(listed, late.map(|(task, _)| task))
    }

    /// The numbers of container instances that this read may see, in order of registration.
    pub fn instance_numbers(&self) -> impl Iterator<Item = ContainerInstanceId> + 'a {
        let known = self.ledger.instances().iter().map(|(instance, _)| instance);
        let late = self.ledger.versions().instances().iter();
        merged(known, late.map(|(instance, _)| instance))
    }
}

/// What is in one of two ascending lists, or in both, ascending.
fn merged<T: Ord + Copy>(
    one: impl Iterator<Item = T>,
    other: impl Iterator<Item = T>,
) -> impl Iterator<Item = T> {
    let (mut one, mut other): (Peekable<_>, Peekable<_>) = (one.peekable(), other.peekable());
    iter::from_fn(move || {
        let next = match (one.peek(), other.peek()) {
            (Some(a), Some(b)) => *a.min(b),
            (Some(next), None) | (None, Some(next)) => *next,
            (None, None) => return None,
        };
        one.next_if_eq(&next);
        other.next_if_eq(&next);
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_two_lists_is_told_once_and_in_order() {
        let all: Vec<i32> = merged([1, 3, 5].into_iter(), [2, 3, 6, 7].into_iter()).collect();
        assert_eq!(all, [1, 2, 3, 5, 6, 7]);
        assert_eq!(
            merged([4].into_iter(), iter::empty()).collect::<Vec<_>>(),
            [4]
        );
    }
}
