//! Invariants from closures: what holds always, what comes true in time, what is reached at least once.

use std::fmt;
use std::time::Duration;

use crate::time::SimTime;

use super::{Invariant, Seen};

/// An invariant that holds after every step; made by [`always`].
#[derive(Clone)]
pub struct Always<F> {
    name: String,
    holds: F,
}

/// An invariant that a condition which is false comes true within a time; made by [`eventually`].
#[derive(Clone)]
pub struct Eventually<F> {
    name: String,
    within: Duration,
    condition: F,
    /// When the condition was first seen false since it was last seen true.
    false_since: Option<SimTime>,
}

/// A situation that a run is meant to reach; made by [`sometimes`].
#[derive(Clone)]
pub struct Sometimes<F> {
    name: String,
    situation: F,
    reached: bool,
}

/// The invariant that `holds` is `Ok` after every step and at rest. An `Err` is the evidence against it.
///
/// ```
/// use wavetank::invariant::always;
///
/// let few = always("few tasks", |seen| match seen.ledger.tasks_known() {
///     0..=100 => Ok(()),
///     many => Err(format!("{many} tasks")),
/// });
/// # let _ = few;
/// ```
pub fn always<F>(name: impl Into<String>, holds: F) -> Always<F>
where
    F: FnMut(&Seen<'_>) -> Result<(), String> + Clone + Send + 'static,
{
    Always {
        name: name.into(),
        holds,
    }
}

/// The invariant that `condition`, whenever it is false, comes true within a span of simulated time.
///
/// The span begins with the first look when that finds the condition false, and again with every look that
/// finds it false after one that found it true. The invariant is violated at the first look later than the end of the
/// span, unless a look before that found the condition true: also when it has come true by then, for that was
/// too late. What happens between two looks is not seen. So with [`Checking::EveryEvent`](super::Checking) the
/// verdict is exact; with fewer looks it is right only of conditions that stay as they are between looks.
///
/// ```
/// use std::time::Duration;
/// use wavetank::invariant::eventually;
/// use wavetank::model::LastStatus;
///
/// let starts = eventually("nothing stays pending", Duration::from_secs(300), |seen| {
///     seen.ledger.tasks().all(|(_, task)| task.last_status != LastStatus::Pending)
/// });
/// # let _ = starts;
/// ```
pub fn eventually<F>(name: impl Into<String>, within: Duration, condition: F) -> Eventually<F>
where
    F: FnMut(&Seen<'_>) -> bool + Clone + Send + 'static,
{
    Eventually {
        name: name.into(),
        within,
        condition,
        false_since: None,
    }
}

/// A situation that a run is meant to reach at least once. It is never violated; the run's
/// [`Coverage`](super::Coverage) names those that were never reached.
///
/// ```
/// use wavetank::invariant::sometimes;
///
/// let crowded = sometimes("a task waits in an agent's queue", |seen| {
///     seen.ledger.instances().iter().any(|(id, _)| {
///         seen.ledger.hosts().host(id).is_some_and(|host| !host.queue.is_empty())
///     })
/// });
/// # let _ = crowded;
/// ```
pub fn sometimes<F>(name: impl Into<String>, situation: F) -> Sometimes<F>
where
    F: FnMut(&Seen<'_>) -> bool + Clone + Send + 'static,
{
    Sometimes {
        name: name.into(),
        situation,
        reached: false,
    }
}

impl<F> Invariant for Always<F>
where
    F: FnMut(&Seen<'_>) -> Result<(), String> + Clone + Send + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        (self.holds)(seen)
    }
}

impl<F> Invariant for Eventually<F>
where
    F: FnMut(&Seen<'_>) -> bool + Clone + Send + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let holds = (self.condition)(seen);
        let since = self.false_since;
        self.false_since = if holds {
            None
        } else {
            Some(since.unwrap_or(seen.now))
        };
        match since {
            Some(since) if seen.now.since(since) > self.within => Err(format!(
                "false since {since}; it had to come true by {}",
                since.saturating_add(self.within)
            )),
            _ => Ok(()),
        }
    }
}

impl<F> Invariant for Sometimes<F>
where
    F: FnMut(&Seen<'_>) -> bool + Clone + Send + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.reached = self.reached || (self.situation)(seen);
        Ok(())
    }

    fn reached(&self) -> Option<bool> {
        Some(self.reached)
    }
}

impl<F> fmt::Debug for Always<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Always")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Eventually<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eventually")
            .field("name", &self.name)
            .field("within", &self.within)
            .field("false_since", &self.false_since)
            .finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Sometimes<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sometimes")
            .field("name", &self.name)
            .field("reached", &self.reached)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;

    /// Judges a condition that is true at the given seconds, looked at every second; the seconds of violation.
    fn check_eventually(
        within: u64,
        true_at: &'static [u64],
        looks: impl IntoIterator<Item = u64>,
    ) -> Vec<u64> {
        let ledger = Ledger::default();
        let mut invariant = eventually("e", Duration::from_secs(within), move |seen| {
            true_at.contains(&(seen.now.as_millis() / 1000))
        });
        let violated = |second: &u64| {
            let seen = Seen::rest(SimTime::from_secs(*second), *second, &ledger);
            invariant.after_step(&seen).is_err()
        };
        looks.into_iter().filter(violated).collect()
    }

    #[test]
    fn eventually_allows_the_whole_span_and_not_more() {
        assert_eq!(check_eventually(3, &[3], 0..6), [] as [u64; 0]);
        assert_eq!(check_eventually(3, &[], 0..6), [4, 5]);
        assert_eq!(
            check_eventually(3, &[4], 0..6),
            [4],
            "coming true too late is a violation"
        );
    }

    #[test]
    fn eventually_begins_again_each_time_the_condition_becomes_false() {
        assert_eq!(check_eventually(2, &[0, 3, 6, 9], 0..12), [] as [u64; 0]);
        assert_eq!(check_eventually(2, &[0, 4], 0..6), [4]);
    }

    #[test]
    fn eventually_sees_only_what_looks_see() {
        assert_eq!(check_eventually(3, &[1], [0, 5]), [5]);
        assert_eq!(
            check_eventually(3, &[1, 5], [1, 9]),
            [] as [u64; 0],
            "false is first seen at 9"
        );
    }

    #[test]
    fn sometimes_stays_reached() {
        let ledger = Ledger::default();
        let mut invariant = sometimes("s", |seen| seen.step == 2);
        let mut reached = Vec::new();
        for step in 1..=3 {
            let seen = Seen::rest(SimTime::ZERO, step, &ledger);
            assert_eq!(invariant.after_step(&seen), Ok(()));
            reached.push(invariant.reached());
        }
        assert_eq!(reached, [Some(false), Some(true), Some(true)]);
    }

    #[test]
    fn a_copy_in_a_box_keeps_its_memory_apart() {
        let ledger = Ledger::default();
        let mut first: Box<dyn Invariant> = Box::new(sometimes("s", |_| true));
        let second = first.clone();
        first
            .after_step(&Seen::rest(SimTime::ZERO, 1, &ledger))
            .unwrap();
        assert_eq!(
            (first.reached(), second.reached()),
            (Some(true), Some(false))
        );
        assert_eq!(format!("{first:?}"), "Invariant(\"s\")");
    }

    #[test]
    fn always_is_judged_at_rest_too() {
        let ledger = Ledger::default();
        let mut invariant = always("a", |_| Err("no".to_owned()));
        assert_eq!(
            invariant.at_rest(&Seen::rest(SimTime::ZERO, 1, &ledger)),
            Err("no".to_owned())
        );
    }
}
