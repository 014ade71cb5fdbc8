//! When something last happened to a cluster's rows, for what is remembered of them.

use std::sync::Arc;

/// Counts what happens to the rows of a cluster.
///
/// A clone has a clock of its own: what is remembered of one ledger says nothing of another, though they count alike.
#[derive(Debug, Default)]
pub struct Clock {
    /// Nothing but itself.
    whose: Arc<()>,
    released: u64,
    changed: u64,
}

/// A moment of a [`Clock`].
#[derive(Clone, Debug)]
pub struct Tick {
    whose: Arc<()>,
    released: u64,
    changed: u64,
}

impl Clock {
    /// Now.
    #[must_use]
    pub fn tick(&self) -> Tick {
        Tick {
            whose: Arc::clone(&self.whose),
            released: self.released,
            changed: self.changed,
        }
    }

    /// Whether nothing at all has happened since.
    #[must_use]
    pub fn is_still(&self, since: &Tick) -> bool {
        self.changed == since.changed && Arc::ptr_eq(&self.whose, &since.whose)
    }

    /// Whether no row can take since then what it could not take before: tasks may have been placed.
    #[must_use]
    pub fn is_no_better(&self, since: &Tick) -> bool {
        self.released == since.released && Arc::ptr_eq(&self.whose, &since.whose)
    }

    /// A row may take more than before.
    pub(crate) fn released(&mut self) {
        self.released += 1;
        self.changed += 1;
    }

    /// A row takes less than before.
    pub(crate) fn taken(&mut self) {
        self.changed += 1;
    }
}

impl Clone for Clock {
    fn clone(&self) -> Self {
        Self {
            whose: Arc::default(),
            ..*self
        }
    }
}
