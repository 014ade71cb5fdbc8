//! Values that clones share until one side writes.

use std::sync::{Arc, OnceLock};

/// A value or none, here, shared with clones, or both here and, as long as it is the same, shared.
///
/// What an `Arc` would do, but for what a write asks: the others, in memory that processors have to agree on, and this each
/// time. Here it asks itself whether it was cloned since the last.
#[derive(Debug)]
pub(super) struct Shared<T> {
    /// The value to write to: nobody else has it.
    own: Option<Box<T>>,
    /// The value as clones have it: equal to `own` where both are.
    shared: OnceLock<Arc<T>>,
}

impl<T> Shared<T> {
    /// None.
    pub(super) fn none() -> Self {
        Self {
            own: None,
            shared: OnceLock::new(),
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        match &self.own {
            Some(own) => Some(own),
            None => self.shared.get().map(|shared| &**shared),
        }
    }

    /// Whether there is a value of which no clone has part, and whether there is one that clones may have.
    pub(super) fn holds(&self) -> (bool, bool) {
        (self.own.is_some(), self.shared.get().is_some())
    }

    /// Puts a value in.
    pub(super) fn set(&mut self, value: Box<T>) {
        *self = Self {
            own: Some(value),
            ..Self::none()
        };
    }
}

impl<T: Clone> Shared<T> {
    /// The value to write to; what clones have is theirs alone from now on.
    #[inline]
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        if self.shared.get().is_some() {
            self.part();
        }
        self.own.as_deref_mut()
    }

    /// Leaves what is shared to the clones.
    #[cold]
    fn part(&mut self) {
        if let (Some(shared), None) = (self.shared.take(), &self.own) {
            self.own = Some(Box::new(Arc::unwrap_or_clone(shared)));
        }
    }
}

impl<T: Clone> Clone for Shared<T> {
    fn clone(&self) -> Self {
        let Some(value) = self.get() else {
            return Self::none();
        };
        let shared = self.shared.get_or_init(|| Arc::new(value.clone()));
        Self {
            own: None,
            shared: OnceLock::from(Arc::clone(shared)),
        }
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self::none()
    }
}
