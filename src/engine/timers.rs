//! Which pending event is the next stage of a container: there is at most one, and stopping cancels it.

use std::collections::BTreeMap;

use crate::ids::TaskId;
use crate::ledger::table::Table;
use crate::queue::Key;

/// The pending stage of each container; a key whose event has come is harmless and stays until the task goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    first: Table<Key>,
    rest: BTreeMap<(TaskId, u16), Key>,
}

impl Timers {
    pub(super) fn set(&mut self, task: TaskId, container: u16, key: Key) {
        if container > 0 {
            self.rest.insert((task, container), key);
            return;
        }
        match self.first.get_mut(task.number()) {
            Some(held) => *held = key,
            None => self.first.insert(task.number(), key),
        }
    }

    pub(super) fn get(&self, task: TaskId, container: u16) -> Option<Key> {
        match container {
            0 => self.first.get(task.number()).copied(),
            _ => self.rest.get(&(task, container)).copied(),
        }
    }

    /// Drops the keys of a task that its agent has forgotten.
    pub(super) fn forget(&mut self, task: TaskId) {
        self.first.remove(task.number());
        if !self.rest.is_empty() {
            self.rest.retain(|(of, _), _| *of != task);
        }
    }
}
