//! Tasks that wait on a host, first come first served.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};

use crate::ids::TaskId;

/// The queue of an agent.
///
/// Mostly a task comes to an empty queue and leaves it at once: the first one is kept where the queue is, so that no other
/// memory is touched for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Absent only when nobody waits.
    first: Option<TaskId>,
    others: VecDeque<TaskId>,
}

impl Waiting {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// Whether nobody waits.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether a task waits.
    #[must_use]
    pub fn contains(&self, task: TaskId) -> bool {
        self.iter().any(|waiting| waiting == task)
    }

    /// Those who wait, the first who came first.
    pub fn iter(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.first.iter().chain(&self.others).copied()
    }

    /// A task joins at the end.
    #[inline]
    pub(crate) fn join(&mut self, task: TaskId) {
        match self.first {
            None => self.first = Some(task),
            Some(_) => self.others.push_back(task),
        }
    }

    /// The first leaves.
    #[inline]
    pub(crate) fn leave_first(&mut self) -> Option<TaskId> {
        let first = self.first.take();
        if !self.others.is_empty() {
            self.first = self.others.pop_front();
        }
        first
    }

    /// A task leaves, wherever it stands.
    pub(crate) fn leave(&mut self, task: TaskId) {
        if self.first == Some(task) {
            self.leave_first();
        } else {
            self.others.retain(|waiting| *waiting != task);
        }
    }
}

impl Serialize for Waiting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_queue_does_as_a_list_does(moves in prop::collection::vec((0..3_u8, 0..9_u32), 0..60)) {
            let (mut queue, mut list) = (Waiting::default(), Vec::new());
            for (kind, number) in moves {
                let task = TaskId::new(number);
                match kind {
                    0 if !list.contains(&task) => {
                        queue.join(task);
                        list.push(task);
                    }
                    1 => {
                        queue.leave(task);
                        list.retain(|waiting| *waiting != task);
                    }
                    _ => {
                        let first = (!list.is_empty()).then(|| list.remove(0));
                        prop_assert_eq!(queue.leave_first(), first);
                    }
                }
                prop_assert!(queue.iter().eq(list.iter().copied()));
                prop_assert_eq!((queue.len(), queue.is_empty()), (list.len(), list.is_empty()));
                prop_assert_eq!(queue.contains(task), list.contains(&task));
            }
        }
    }
}
