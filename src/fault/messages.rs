//! What becomes of a message on its way: it may be lost and sent again, arrive twice, or be late and overtaken.
//!
//! # Model
//!
//! Who sends a message to or from an agent sends it again until it is acknowledged: after [`RESEND_AFTER`], then each time longer,
//! up to [`RESEND_CAP`] (amazon-ecs-agent 1.105.1, `agent/eventhandler/task_handler.go`, without its jitter). Every try has luck of
//! its own, and so has the acknowledgement: when that is lost, what has arrived arrives again. Nobody waits for an acknowledgement
//! where no message can be lost. Nobody sends a state change event again.

use std::time::Duration;

use crate::draw::{Draw, Draws, Purpose, Ratio};
use crate::ids::TaskId;
use crate::ledger::event::{Report, TRIES_BITS, TRIES_MAX};
use crate::ledger::hazard::Mishaps;
use crate::ledger::{Event, Ledger};
use crate::model::presets::{LATE_MAX, RESEND_AFTER, RESEND_CAP, RESEND_GROWTH};

/// What becomes of a message, or of an event that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// When it comes; nothing when it is lost.
    pub(crate) arrives: Option<Duration>,
    /// When it comes a second time.
    pub(crate) repeated: Option<Duration>,
    /// When its sender, who has heard of no acknowledgement, sends it again.
    pub(crate) resent: Option<(Duration, Event)>,
}

/// What becomes of a message that would take `delay`, when it was sent so many times before; an event that is no message comes
/// when it is due.
pub(crate) fn fate(
    ledger: &Ledger,
    draws: &Draws,
    delay: Duration,
    event: &Event,
    tries: u16,
) -> Fate {
    let undisturbed = Fate {
        arrives: Some(delay),
        repeated: None,
        resent: None,
    };
    let Some(message) = Message::of(event) else {
        return undisturbed;
    };
    let Some(on) = ledger.task(message.task).and_then(|record| record.on) else {
        return undisturbed;
    };
    let mishaps = ledger.mishaps_of_messages(on);
    if mishaps == Mishaps::NONE {
        return undisturbed;
    }
    let subject = u64::from(message.task.number()) | u64::from(message.kind) << 32;
    let nth = message.part | tries << PART_BITS;
    let mut draw = draws.at(Purpose::MessageFate, subject, nth);
    let again = Event::MessageResent(message.task, message.resent(tries + 1));
    let resent = Some((delay.saturating_add(waits(tries)), again));
    if draw.chance(mishaps.lost) {
        return Fate {
            arrives: None,
            repeated: None,
            resent,
        };
    }
    let first = delay.saturating_add(late(&mut draw, mishaps.late));
    let repeated = draw
        .chance(mishaps.repeated)
        .then(|| first.saturating_add(below(&mut draw, LATE_MAX)));
    Fate {
        arrives: Some(first),
        repeated,
        resent: resent.filter(|_| draw.chance(mishaps.lost)),
    }
}

/// How long a sender waits for an acknowledgement that has sent a message so many times before.
fn waits(tries: u16) -> Duration {
    let mut wait = RESEND_AFTER;
    for _ in 0..tries {
        wait = wait * RESEND_GROWTH / 100;
        if wait >= RESEND_CAP {
            return RESEND_CAP;
        }
    }
    wait
}

/// How many bits tell which container a message is about.
const PART_BITS: u32 = 4;

/// A message between the control plane and an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    task: TaskId,
    kind: u16,
    part: u16,
}

impl Message {
    fn of(event: &Event) -> Option<Self> {
        let (kind, task, part) = match *event {
            Event::PayloadDelivered(task) => (0, task, 0),
            Event::StopDelivered(task) => (1, task, 0),
            Event::TaskReported(task, Report::Running) => (2, task, 0),
            Event::TaskReported(task, Report::Stopped) => (3, task, 0),
            Event::ContainerReported(task, container) => (4, task, container),
            Event::HealthReported(task, container) => (5, task, container),
            _ => return None,
        };
        Some(Self { task, kind, part })
    }

    /// Itself, sent so many times before, in the bits that a [`MessageResent`](Event::MessageResent) has for it.
    fn resent(self, tries: u16) -> u16 {
        self.kind << (PART_BITS + TRIES_BITS) | self.part << TRIES_BITS | tries.min(TRIES_MAX)
    }
}

/// What is sent again, and how often it was sent before.
pub(crate) fn resent(task: TaskId, code: u16) -> (Event, u16) {
    let part = code >> TRIES_BITS & ((1 << PART_BITS) - 1);
    let event = match code >> (PART_BITS + TRIES_BITS) {
        0 => Event::PayloadDelivered(task),
        1 => Event::StopDelivered(task),
        2 => Event::TaskReported(task, Report::Running),
        3 => Event::TaskReported(task, Report::Stopped),
        4 => Event::ContainerReported(task, part),
        _ => Event::HealthReported(task, part),
    };
    (event, code & TRIES_MAX)
}

/// How long the copies of the `nth` state change of a subject take that would take `delays`.
pub(crate) fn event_copies(
    ledger: &Ledger,
    draws: &Draws,
    (subject, nth): (u64, u16),
    delays: &mut Vec<Duration>,
) {
    let mishaps = ledger.mishaps_of_events();
    if mishaps == Mishaps::NONE {
        return;
    }
    let mut draw = draws.at(Purpose::EventFate, subject, nth);
    if draw.chance(mishaps.lost) {
        delays.clear();
        return;
    }
    for delay in delays.iter_mut() {
        *delay = delay.saturating_add(late(&mut draw, mishaps.late));
    }
    if draw.chance(mishaps.repeated) {
        let last = delays.last().copied().unwrap_or_default();
        delays.push(last.saturating_add(below(&mut draw, LATE_MAX)));
    }
}

fn late(draw: &mut Draw, chance: Ratio) -> Duration {
    match draw.chance(chance) {
        true => below(draw, LATE_MAX),
        false => Duration::ZERO,
    }
}

fn below(draw: &mut Draw, most: Duration) -> Duration {
    let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(draw.below(nanos.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_waits_longer_each_time_and_half_a_minute_at_most() {
        let waits: Vec<u128> = (0..5).map(|tries| waits(tries).as_millis()).collect();
        assert_eq!(waits, [1_000, 1_300, 1_690, 2_197, 2_856]);
        assert_eq!(super::waits(12).as_secs(), 23);
        assert_eq!(super::waits(13), RESEND_CAP);
        assert_eq!(super::waits(u16::MAX), RESEND_CAP);
    }

    #[test]
    fn a_message_that_is_sent_again_is_the_same_message() {
        let task = TaskId::new(7);
        let messages = [
            Event::PayloadDelivered(task),
            Event::StopDelivered(task),
            Event::TaskReported(task, Report::Running),
            Event::TaskReported(task, Report::Stopped),
            Event::ContainerReported(task, 9),
            Event::HealthReported(task, 9),
        ];
        for event in messages {
            let message = Message::of(&event).expect("it is one");
            for (tries, told) in [(1, 1), (511, 511), (600, 511)] {
                assert_eq!(resent(task, message.resent(tries)), (event, told));
            }
        }
        assert_eq!(Message::of(&Event::TaskExpired(task)), None);
    }

    #[test]
    fn what_is_late_is_so_by_less_than_five_seconds() {
        let draws = Draws::new(1);
        let late: Vec<Duration> = (0..200)
            .map(|nth| late(&mut draws.at(Purpose::MessageFate, 0, nth), Ratio::ONE))
            .collect();
        assert!(late.iter().all(|late| *late < LATE_MAX));
        assert!(late.iter().any(|late| *late > Duration::from_secs(4)));
    }
}
