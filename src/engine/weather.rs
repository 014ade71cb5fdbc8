//! What is pushed while faults last: messages may be lost, arrive twice or be late.

use crate::fault::messages;

use super::Engine;

impl Engine {
    /// Makes what the last handler wrote come due, as the faults that last have it.
    #[cold]
    pub(super) fn push_through_weather(&mut self) {
        for nth in 0..self.effects.timers().len() {
            let (delay, event) = self.effects.timers()[nth];
            let (first, second) = messages::copies(&self.ledger, &self.draws, delay, &event);
            self.push(first, event);
            if let Some(second) = second {
                self.push(second, event);
            }
        }
    }
}
