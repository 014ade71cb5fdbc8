//! Which version of a record somebody sees who lags.

use std::fmt;
use std::time::Duration;

use crate::draw::{Draws, Purpose, Ratio};
use crate::ids::TaskId;
use crate::model::{ReadAs, ViewRules};
use crate::time::SimTime;

use super::Ledger;
use super::subscription::Changed;
use super::versions::{History, LagSpike, Version};

pub use crate::model::presets::REPLICAS;

/// Whose versions somebody sees at once, whatever the lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    Nobodys,
    /// Those of who calls so.
    Calls(ReadAs),
    /// Those in which tasks were placed.
    Placements,
}

/// One who looks at the ledger: through a replica, at one time, by the rules of a view model.
///
/// Without rules it sees the truth, but for the lag spikes that are on.
#[derive(Clone, Copy, Debug)]
pub struct Lens<'a> {
    draws: &'a Draws,
    rules: Option<&'a ViewRules>,
    spikes: &'a [LagSpike],
    now: SimTime,
    /// Those of readers come first, then those of schedulers.
    replica: u8,
    own: Own,
}

impl<'a> Lens<'a> {
    /// What the replica of that number sees by those rules.
    #[must_use]
    pub fn new(
        ledger: &'a Ledger,
        draws: &'a Draws,
        rules: Option<&'a ViewRules>,
        now: SimTime,
        replica: u8,
    ) -> Self {
        Self {
            draws,
            rules,
            spikes: ledger.versions().spikes(),
            now,
            replica,
            own: Own::Nobodys,
        }
    }

    /// The same for a reader, by the replica that answers it; `nth` counts the reads that any replica may answer.
    #[must_use]
    pub fn of_reader(mut self, reader: ReadAs, nth: u64) -> Self {
        let Some(rules) = self.rules else {
            return self;
        };
        self.replica = match reader {
            ReadAs::Session(session) => {
                self.draw_replica(Purpose::SessionReplica, session.number())
            }
            ReadAs::AnyReplica if rules.sticks => 0,
            ReadAs::AnyReplica => self.draw_replica(Purpose::ReadReplica, nth),
        };
        if rules.own_writes {
            self.own = Own::Calls(reader);
        }
        self
    }

    /// The same for a scheduler that is asked about a task.
    #[must_use]
    pub fn of_scheduler(mut self, task: TaskId) -> Self {
        let Some(rules) = self.rules else {
            return self;
        };
        self.replica = REPLICAS;
        if !rules.sticks {
            let subject = u64::from(task.number());
            self.replica += self.draw_replica(Purpose::SchedulerReplica, subject);
        }
        if rules.own_writes {
            self.own = Own::Placements;
        }
        self
    }

    fn draw_replica(&self, purpose: Purpose, subject: u64) -> u8 {
        // Only the low 40 bits fit an address; subjects that far apart may share their luck.
        let mut draw = self.draws.at(purpose, subject & ((1 << 40) - 1), 0);
        let drawn = draw.below(u64::from(REPLICAS));
        u8::try_from(drawn).expect("there are few replicas")
    }

    /// Whether it shows the truth whatever the record.
    #[must_use]
    pub fn shows_truth(&self) -> bool {
        self.rules.is_none() && self.spikes.is_empty()
    }

    /// When it looks.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// A record as it sees it; `None` when it sees none.
    #[must_use]
    pub fn seen<'h, T>(&self, about: Changed, history: &'h History<T>) -> Option<&'h T> {
        match self.place(about, history) {
            Some(place) => history.recent[place].seen.as_ref(),
            None => history.base.as_ref(),
        }
    }

    /// Which of the recent versions it sees; `None` for what was before them.
    #[must_use]
    pub fn place<T>(&self, about: Changed, history: &History<T>) -> Option<usize> {
        if self.rules.is_some_and(|rules| rules.by_arrival) {
            return self.arrived_last(about, history);
        }
        let has_come = |version: &Version<T>| {
            self.is_shown(version)
                && (self.is_own(version) || self.arrival(about, version) <= self.now)
        };
        history.recent.iter().rposition(has_come)
    }

    /// The recent versions that it does not see yet, though they are another to it than those before them.
    pub fn missed<'h, T>(
        &'h self,
        about: Changed,
        history: &'h History<T>,
    ) -> impl DoubleEndedIterator<Item = &'h Version<T>> {
        let next = self.place(about, history).map_or(0, |place| place + 1);
        let rest = history.recent.iter().skip(next);
        rest.filter(|version| self.is_shown(version))
    }

    /// The version that came last of those that no newer one has outlived.
    fn arrived_last<T>(&self, about: Changed, history: &History<T>) -> Option<usize> {
        let recent = history.recent.iter().enumerate();
        let shown = recent.filter(|(_, version)| self.is_shown(version));
        let has_settled = |(_, version): &(usize, &Version<T>)| self.latest(version) <= self.now;
        let first = shown.clone().rfind(has_settled);
        let from = first.map_or(0, |(place, _)| place);
        let arrivals = shown.filter(|(place, _)| *place >= from);
        let arrivals = arrivals.map(|(place, version)| (self.arrival(about, version), place));
        let arrived = arrivals.filter(|(at, _)| *at <= self.now);
        arrived.max().map(|(_, place)| place)
    }

    /// When a version reaches this replica.
    fn arrival<T>(&self, about: Changed, version: &Version<T>) -> SimTime {
        let lag = self.lag(about, version.nth);
        self.delayed(version, version.at.saturating_add(lag))
    }

    /// When a version has reached every replica at the latest: nobody sees an older one after that.
    #[must_use]
    pub fn latest<T>(&self, version: &Version<T>) -> SimTime {
        let bound = self
            .rules
            .map_or(Duration::ZERO, |rules| rules.lateness.bound);
        self.delayed(version, version.at.saturating_add(bound))
    }

    /// A time of arrival, later if a spike says so.
    fn delayed<T>(&self, version: &Version<T>, arrival: SimTime) -> SimTime {
        let hits = |spike: &&LagSpike| version.spikes >= spike.number && version.at < spike.until;
        let spikes = self.spikes.iter().filter(hits);
        let spikes = spikes.map(|spike| version.at.saturating_add(spike.lag).min(spike.until));
        spikes.fold(arrival, SimTime::max)
    }

    /// How long a version takes to this replica by the rules.
    fn lag(&self, about: Changed, nth: u16) -> Duration {
        let Some(rules) = self.rules else {
            return Duration::ZERO;
        };
        let late = &rules.lateness;
        if late.stale_probability == Ratio::ONE {
            if let Some(always) = late.lag.as_constant() {
                return always.min(late.bound);
            }
        }
        let (kind, number) = match about {
            Changed::Task(task) => (0_u64, task.number()),
            Changed::ContainerInstance(instance) => (1, instance.number()),
        };
        let subject = u64::from(number) | kind << 32 | u64::from(self.replica) << 34;
        let mut draw = self.draws.at(Purpose::ViewLag, subject, nth);
        if draw.chance(late.stale_probability) {
            late.lag.sample(&mut draw).min(late.bound)
        } else {
            Duration::ZERO
        }
    }

    fn is_own<T>(&self, version: &Version<T>) -> bool {
        match self.own {
            Own::Nobodys => false,
            Own::Calls(reader) => version.by == Some(reader),
            Own::Placements => version.placed,
        }
    }

    /// Whether a version is another than the one before to who looks through this.
    #[must_use]
    pub fn is_shown<T>(&self, version: &Version<T>) -> bool {
        !version.for_scheduler || self.replica >= REPLICAS
    }

    /// From when on it sees the newest version, if no other comes; own writes are not looked at.
    #[must_use]
    pub fn converged_at<T>(&self, about: Changed, history: &History<T>) -> SimTime {
        let mut shown = history
            .recent
            .iter()
            .filter(|version| self.is_shown(version));
        let Some(newest) = shown.clone().next_back() else {
            return SimTime::ZERO;
        };
        let arrival = self.arrival(about, newest);
        if !self.rules.is_some_and(|rules| rules.by_arrival) {
            return arrival;
        }
        if shown.all(|version| self.arrival(about, version) <= arrival) {
            arrival
        } else {
            self.latest(newest)
        }
    }
}

/// Writes whose replica it is and which one, from 0.
impl fmt::Display for Lens<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.replica.checked_sub(REPLICAS) {
            None => write!(f, "replica {} of readers", self.replica),
            Some(nth) => write!(f, "replica {nth} of the scheduler"),
        }
    }
}

/// All who look at a ledger through a lag: the readers of each replica, and the scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Onlookers<'a> {
    /// All randomness.
    pub draws: &'a Draws,
    /// What readers see; `None` for the truth.
    pub readers: Option<&'a ViewRules>,
    /// What the scheduler sees; `None` for the truth.
    pub scheduler: Option<&'a ViewRules>,
}

impl<'a> Onlookers<'a> {
    /// Each of them, at a time.
    pub fn lenses(self, ledger: &'a Ledger, now: SimTime) -> impl Iterator<Item = Lens<'a>> {
        let replicas = |rules: Option<&ViewRules>| match rules {
            None => 1,
            Some(_) => REPLICAS,
        };
        let lens = move |rules, replica| Lens::new(ledger, self.draws, rules, now, replica);
        let readers = (0..replicas(self.readers)).map(move |replica| lens(self.readers, replica));
        let of_scheduler = self.scheduler.map_or(0, |_| REPLICAS);
        let scheduler = (0..of_scheduler).map(move |nth| lens(self.scheduler, REPLICAS + nth));
        readers.chain(scheduler)
    }

    /// From when on all of them see the truth, if nothing changes.
    #[must_use]
    pub fn converged_at(self, ledger: &'a Ledger) -> SimTime {
        let versions = ledger.versions();
        let lenses = self.lenses(ledger, SimTime::ZERO);
        let latest = lenses.flat_map(|lens| {
            let tasks = versions.tasks().iter();
            let tasks =
                tasks.map(move |(task, known)| lens.converged_at(Changed::Task(task), known));
            let instances = versions.instances().iter();
            let instances = instances.map(move |(instance, known)| {
                lens.converged_at(Changed::ContainerInstance(instance), known)
            });
            tasks.chain(instances)
        });
        latest.max().unwrap_or(SimTime::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::draw::Latency;
    use crate::ids::TaskId;
    use crate::model::{Lateness, Session, ViewModel};

    const ABOUT: Changed = Changed::Task(TaskId::new(3));

    /// Versions 1, 2, … made in these seconds.
    fn history(seconds: &[u64]) -> History<usize> {
        let version = |(nth, at): (usize, &u64)| Version {
            at: SimTime::from_secs(*at),
            nth: u16::try_from(nth).expect("there are few"),
            spikes: 0,
            by: None,
            placed: false,
            for_scheduler: false,
            seen: Some(nth + 1),
        };
        History {
            base: Some(0),
            recent: seconds
                .iter()
                .enumerate()
                .map(version)
                .collect::<VecDeque<_>>(),
        }
    }

    fn ragged() -> Lateness {
        Lateness {
            lag: Latency::Uniform {
                low: Duration::ZERO,
                high: Duration::from_secs(9),
            },
            ..Lateness::fixed(Duration::from_secs(6))
        }
    }

    /// What a view shows in each of some tenths of a second.
    fn shown(view: &ViewModel, seed: u64, history: &History<usize>) -> Vec<usize> {
        let (draws, ledger, rules) = (Draws::new(seed), Ledger::default(), view.rules());
        let at = |tenth: u64| {
            let now = SimTime::from_millis(tenth * 100);
            let lens = Lens::new(&ledger, &draws, rules.as_ref(), now, 1);
            *lens.seen(ABOUT, history).expect("no version is empty")
        };
        (0..200).map(at).collect()
    }

    #[test]
    fn a_fixed_lag_shows_everything_so_much_later() {
        let lag = Duration::from_secs(2);
        let shown = shown(&ViewModel::FixedLag(lag), 1, &history(&[1, 4]));
        let expected: Vec<usize> = (0..200)
            .map(|tenth| usize::from(tenth >= 30) + usize::from(tenth >= 60))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn one_replica_never_shows_an_older_version_after_a_newer_unless_it_goes_by_arrival() {
        let history = history(&[1, 2, 3, 4]);
        let by_version = ViewModel::MonotonicSession(ragged());
        let by_arrival = ViewModel::ReorderedEvents(ragged());
        assert!((0..50).all(|seed| shown(&by_version, seed, &history).is_sorted()));
        assert!((0..50).any(|seed| !shown(&by_arrival, seed, &history).is_sorted()));
        for view in [by_version, by_arrival] {
            for seed in 0..50 {
                let shown = shown(&view, seed, &history);
                // The bound is six seconds, so the last version is seen from 10 s on.
                assert!(shown[100..].iter().all(|version| *version == 4));
                assert!(
                    (10..100).all(|tenth| shown[tenth] * 10 + 60 + 10 > tenth),
                    "{shown:?}"
                );
            }
        }
    }

    #[test]
    fn it_is_told_from_when_on_the_truth_is_seen() {
        let history = history(&[1, 2, 3, 4]);
        for view in [
            ViewModel::MonotonicSession(ragged()),
            ViewModel::ReorderedEvents(ragged()),
        ] {
            for seed in 0..50 {
                let (draws, ledger, rules) = (Draws::new(seed), Ledger::default(), view.rules());
                let lens = Lens::new(&ledger, &draws, rules.as_ref(), SimTime::ZERO, 1);
                let converged = lens.converged_at(ABOUT, &history);
                let sees = |now| {
                    *Lens { now, ..lens }
                        .seen(ABOUT, &history)
                        .expect("it is there")
                };
                for later in 0..80 {
                    let now = converged.saturating_add(Duration::from_millis(later * 100));
                    assert_eq!(sees(now), 4, "{view}");
                }
                if !rules.as_ref().is_some_and(|rules| rules.by_arrival) {
                    let before = SimTime::from_nanos(converged.as_nanos() - 1);
                    assert_ne!(sees(before), 4, "{view}");
                }
            }
        }
    }

    #[test]
    fn what_somebody_wrote_is_seen_by_nobody_else_sooner() {
        let mut history = history(&[1]);
        let writer = ReadAs::Session(Session::new(4));
        history.recent[0].by = Some(writer);
        let (draws, ledger) = (Draws::new(1), Ledger::default());
        let rules = ViewModel::ReadYourWrites(Lateness::fixed(Duration::from_secs(5))).rules();
        let sees = |reader| {
            let lens = Lens::new(&ledger, &draws, rules.as_ref(), SimTime::from_secs(1), 0);
            lens.of_reader(reader, 0).seen(ABOUT, &history).copied()
        };
        assert_eq!(sees(writer), Some(1));
        assert_eq!(sees(ReadAs::Session(Session::new(5))), Some(0));
        assert_eq!(sees(ReadAs::AnyReplica), Some(0));
    }

    #[test]
    fn readers_see_nothing_of_a_version_that_only_schedulers_are_shown() {
        let plain = history(&[1, 2, 4]);
        let mut history = history(&[1, 2, 3, 4]);
        history.recent[2].for_scheduler = true;
        // Numbers give luck, and what stands for the third version is not counted among those of readers.
        history.recent[3].nth = 2;
        history.recent[3].seen = Some(3);
        for view in [
            ViewModel::MonotonicSession(ragged()),
            ViewModel::ReorderedEvents(ragged()),
        ] {
            for seed in 0..50 {
                assert_eq!(shown(&view, seed, &history), shown(&view, seed, &plain));
            }
        }
    }
}
