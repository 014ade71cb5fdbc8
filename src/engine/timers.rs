//! Which pending event is the next stage of a container: there is at most one, and stopping cancels it.

use std::collections::BTreeMap;

use crate::ids::TaskId;
use crate::ledger::Change;
use crate::queue::Key;

use super::Engine;

/// The pending stages of second and later containers; those of first ones are with their tasks on the hosts.
///
/// A key whose event has come is harmless and stays until the task goes.
pub(super) type Timers = BTreeMap<(TaskId, u16), Key>;

impl Engine {
    /// Remembers the next stage of a container of a task that an agent has.
    #[inline]
    pub(super) fn set_timer(&mut self, task: TaskId, container: u16, key: Key) {
        if container == 0 {
            self.ledger.set_timer(task, key);
        } else {
            self.timers.insert((task, container), key);
        }
    }

    /// The next stage of a container, if one was ever pending.
    pub(super) fn timer(&self, task: TaskId, container: u16) -> Option<Key> {
        match container {
            0 => self.ledger.hosts().task(task)?.timer,
            _ => self.timers.get(&(task, container)).copied(),
        }
    }

    /// Cancels the stages that the last handler wants to come no more.
    #[inline(never)]
    pub(super) fn cancel_timers(&mut self) {
        for (task, container) in self.effects.cancels() {
            if let Some(key) = self.timer(*task, *container) {
                let cancelled = self.queue.cancel(key);
                self.waiting -=
                    usize::from(cancelled.is_some_and(|event| !event.is_housekeeping()));
            }
        }
    }

    /// Drops the keys of tasks that the last handler has an agent forget.
    #[cold]
    pub(super) fn forget_timers(&mut self) {
        for change in self.effects.changes() {
            if let Change::HostForgotten { task } | Change::TaskHeard { task, .. } = change {
                if self.ledger.hosts().task(*task).is_none() {
                    self.timers.retain(|(of, _), _| of != task);
                }
            }
        }
    }
}
