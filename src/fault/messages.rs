//! What becomes of a message on its way: it may be lost and sent again, arrive twice, or be late and overtaken.
//!
//! # Model
//!
//! Who sends a message to or from an agent tries again until it is acknowledged: after 1 s, then each time 1.3 times as long
//! (amazon-ecs-agent 1.105.1, `agent/eventhandler/task_handler.go`, without its jitter). The fifth try arrives in any case: a
//! link that lets nothing through is a partition. Nobody sends a state change event again. What is late is so by up to 5 s.

use std::time::Duration;

use crate::draw::{Draw, Draws, Purpose, Ratio};
use crate::ids::ContainerInstanceId;
use crate::ledger::event::Report;
use crate::ledger::hazard::Mishaps;
use crate::ledger::{Event, Ledger};

/// After how long a message is sent again for the first time.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How often a message is lost at most.
const LOSSES_MAX: u32 = 4;

/// How late a message, or its second copy, may be.
const LATE_MAX: Duration = Duration::from_secs(5);

/// How long the copies of a message take that would take `delay`, the first of them and perhaps a second; an event that is
/// no message comes when it is due.
pub(crate) fn copies(
    ledger: &Ledger,
    draws: &Draws,
    delay: Duration,
    event: &Event,
) -> (Duration, Option<Duration>) {
    let Some((on, subject, nth)) = address(ledger, event) else {
        return (delay, None);
    };
    let mishaps = ledger.mishaps_of_messages(on);
    if mishaps == Mishaps::NONE {
        return (delay, None);
    }
    let mut draw = draws.at(Purpose::MessageFate, subject, nth);
    let again = resent_after(&mut draw, mishaps.lost);
    let first = delay
        .saturating_add(again)
        .saturating_add(late(&mut draw, mishaps.late));
    let second = draw
        .chance(mishaps.repeated)
        .then(|| first.saturating_add(below(&mut draw, LATE_MAX)));
    (first, second)
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

/// Between whom a message goes, and the address of its luck; what is said again shares that of the first time.
fn address(ledger: &Ledger, event: &Event) -> Option<(ContainerInstanceId, u64, u16)> {
    let (kind, task, part) = match *event {
        Event::PayloadDelivered(task) => (0, task, 0),
        Event::StopDelivered(task) => (1, task, 0),
        Event::TaskReported(task, Report::Running) => (2, task, 0),
        Event::TaskReported(task, Report::Stopped) => (3, task, 0),
        Event::ContainerReported(task, container) => (4, task, container),
        Event::HealthReported(task, container) => (5, task, container),
        _ => return None,
    };
    let on = ledger.task(task)?.on?;
    Some((on, u64::from(task.number()) | kind << 32, part))
}

/// How much later a message arrives for having been lost.
fn resent_after(draw: &mut Draw, chance: Ratio) -> Duration {
    let (mut after, mut next) = (Duration::ZERO, FIRST_RETRY);
    for _ in 0..LOSSES_MAX {
        if !draw.chance(chance) {
            break;
        }
        after += next;
        next = next * 13 / 10;
    }
    after
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
    fn what_is_lost_each_time_arrives_with_the_fifth_try() {
        let mut draw = Draws::new(1).at(Purpose::MessageFate, 0, 0);
        let after = resent_after(&mut draw, Ratio::ONE);
        // 1 s, 1.3 s, 1.69 s, 2.197 s
        assert_eq!(after, Duration::from_millis(6_187));
        assert_eq!(resent_after(&mut draw, Ratio::ZERO), Duration::ZERO);
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
