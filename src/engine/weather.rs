//! What is pushed while faults last: messages may be lost, arrive twice or be late, and are sent again.

use std::time::Duration;

use crate::fault::messages;
use crate::ledger::Event;

use super::Engine;

impl Engine {
    /// Makes what the last handler wrote come due, as the faults that last have it.
    #[cold]
    pub(super) fn push_through_weather(&mut self) {
        for nth in 0..self.effects.timers().len() {
            let (delay, event) = self.effects.timers()[nth];
            self.send_message(delay, event, 0);
        }
    }

    /// Makes an event come due that was sent so many times before.
    fn send_message(&mut self, delay: Duration, event: Event, tries: u16) {
        let fate = messages::fate(&self.ledger, &self.draws, delay, &event, tries);
        for arrival in [fate.arrives, fate.repeated].into_iter().flatten() {
            self.push(arrival, event);
        }
        if let Some((after, again)) = fate.resent {
            self.push(after, again);
        }
    }

    /// A message that was not acknowledged is sent again. It arrives at once: the way it takes was waited for as well.
    #[cold]
    pub(super) fn send_again(&mut self, event: &Event) {
        self.commit(Some(event));
        if let Event::MessageResent(task, code) = *event {
            let (message, tries) = messages::resent(task, code);
            self.send_message(Duration::ZERO, message, tries);
        }
    }
}
