//! How events reach a subscriber: how late, and how often.

use std::time::Duration;

use serde::Serialize;

use crate::draw::{Draws, Latency, Purpose, Ratio};
use crate::model::presets;
use crate::model::profile_check::{ProfileError, latency};

/// How late and how often an event reaches a subscriber.
///
/// EventBridge promises each event at least once and promises no order. Both come from here: a copy more by
/// [`duplicate`](Self::duplicate), and order from [`delay`](Self::delay), which is drawn for each copy alone, so that
/// a later change may well be told of before an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// How long one copy takes.
    pub delay: Latency,
    /// How likely each copy is to be followed by one more, up to [`COPIES_MAX`](Self::COPIES_MAX).
    pub duplicate: Ratio,
}

impl Delivery {
    /// The most copies of one event that one subscriber gets: a choice that keeps a duplicate of certainty finite.
    pub const COPIES_MAX: usize = 4;

    /// At once, once, and so in order.
    #[must_use]
    pub fn ideal() -> Self {
        Self {
            delay: Latency::Fixed(Duration::ZERO),
            duplicate: Ratio::ZERO,
        }
    }

    /// Mostly within half a second, at times late enough to be overtaken, and one in a hundred twice.
    ///
    /// # Model
    ///
    /// The numbers are a choice: the guide promises "near real time", at least once and no order, and no more.
    #[must_use]
    pub fn realistic() -> Self {
        Self {
            delay: presets::EVENT_DELAY,
            duplicate: presets::EVENT_DUPLICATES,
        }
    }

    /// Checks what can be written by hand: the delay.
    ///
    /// # Errors
    ///
    /// When no draw can follow it.
    pub fn validate(&self) -> Result<(), ProfileError> {
        latency("delivery.delay".to_owned(), &self.delay)
    }

    /// How long each copy takes of the `nth` change of a subject.
    #[must_use]
    pub fn delays(&self, draws: &Draws, subject: u64, nth: u16) -> Vec<Duration> {
        let mut copies = 1;
        if self.duplicate != Ratio::ZERO {
            let mut draw = draws.at(Purpose::EventDuplicate, subject, nth);
            while copies < Self::COPIES_MAX && draw.chance(self.duplicate) {
                copies += 1;
            }
        }
        match self.delay.as_constant() {
            Some(constant) => vec![constant; copies],
            None => {
                let mut draw = draws.at(Purpose::EventDelay, subject, nth);
                (0..copies).map(|_| self.delay.sample(&mut draw)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ideal_delivery_takes_no_luck_and_no_time() {
        let draws = Draws::new(1);
        for nth in 0..100 {
            assert_eq!(
                Delivery::ideal().delays(&draws, u64::MAX, nth),
                [Duration::ZERO]
            );
        }
    }

    #[test]
    fn certain_duplicates_come_to_an_end() {
        let delivery = Delivery {
            duplicate: Ratio::ONE,
            ..Delivery::ideal()
        };
        let delays = delivery.delays(&Draws::new(1), 7, 1);
        assert_eq!(delays.len(), Delivery::COPIES_MAX);
    }

    #[test]
    fn realistic_deliveries_overtake_each_other_and_some_come_twice() {
        let draws = Draws::new(1);
        let all: Vec<_> = (0..1_000)
            .map(|nth| Delivery::realistic().delays(&draws, 7, nth))
            .collect();
        assert!(all.iter().any(|delays| delays.len() > 1));
        assert!(
            all.windows(2)
                .any(|pair| pair[0][0] > pair[1][0] + Duration::from_secs(1))
        );
    }

    #[test]
    fn a_delay_that_no_draw_can_follow_is_named() {
        let delivery = Delivery {
            delay: Latency::Choice(Vec::new()),
            ..Delivery::ideal()
        };
        let error = delivery.validate().expect_err("nothing can be chosen");
        assert!(error.to_string().starts_with("delivery.delay: "), "{error}");
    }
}
