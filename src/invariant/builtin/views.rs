//! What those who lag may and may not see.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::ids::{ContainerInstanceId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::Ledger;
use crate::ledger::lens::{Lens, Onlookers};
use crate::ledger::subscription::Changed;
use crate::ledger::versions::{History, InstanceSeen, TaskSeen, Version, visible_instance};
use crate::time::SimTime;

/// Steps between two looks at what is remembered of records that no longer change.
const TIDY: u64 = 1024;

/// Histories that are looked at after each step, besides those that the step touched.
const ROUND: usize = 4;

/// Where nothing is waited for, everybody sees the truth.
#[derive(Clone, Copy, Debug, Default)]
pub struct ViewsConverge;

impl Invariant for ViewsConverge {
    fn name(&self) -> &str {
        "views converge to the truth"
    }

    fn after_step(&mut self, _seen: &Seen<'_>) -> Result<(), String> {
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Some(onlookers) = seen.onlookers.filter(|_| seen.has_settled) else {
            return Ok(());
        };
        let versions = seen.ledger.versions();
        for lens in onlookers.lenses(seen.ledger, seen.now) {
            for (task, history) in versions.tasks().iter() {
                sees_truth(&lens, Changed::Task(task), history)
                    .map_err(|at| format!("{lens} does not see what {task} became at {at}"))?;
            }
            for (instance, history) in versions.instances().iter() {
                sees_truth(&lens, Changed::ContainerInstance(instance), history)
                    .map_err(|at| format!("{lens} does not see what {instance} became at {at}"))?;
            }
        }
        for (task, history) in versions.tasks().iter() {
            if history.newest() != seen.ledger.task_seen(task).as_ref() {
                return Err(format!("the newest version of {task} is not the truth"));
            }
        }
        for (instance, history) in versions.instances().iter() {
            if history.newest() != seen.ledger.instance_seen(instance).as_ref() {
                return Err(format!("the newest version of {instance} is not the truth"));
            }
        }
        Ok(())
    }
}

/// Whether the newest version is seen of those that are another to who looks; else when that was made.
fn sees_truth<T>(lens: &Lens<'_>, about: Changed, history: &History<T>) -> Result<(), SimTime> {
    match lens.missed(about, history).next_back() {
        None => Ok(()),
        Some(newest) => Err(newest.at),
    }
}

/// Nobody sees a version that was replaced longer ago than the bound on its lag.
#[derive(Clone, Debug, Default)]
pub struct ViewsWithinBound {
    /// A bound of one's own; `None` is what the views promise.
    bound: Option<Duration>,
    /// Where to go on: the number of a task, and that of a container instance.
    next: (u32, u32),
}

impl ViewsWithinBound {
    /// The same with a bound of one's own, whatever the views promise.
    #[must_use]
    pub fn of(bound: Duration) -> Self {
        Self {
            bound: Some(bound),
            ..Self::default()
        }
    }

    fn look<T>(
        &self,
        seen: &Seen<'_>,
        onlookers: Onlookers<'_>,
        (about, name): (Changed, impl std::fmt::Display),
        history: &History<T>,
    ) -> Result<(), String> {
        for lens in onlookers.lenses(seen.ledger, seen.now) {
            let Some(missed) = lens.missed(about, history).next() else {
                continue;
            };
            let limit = match self.bound {
                Some(bound) => missed.at.saturating_add(bound),
                None => lens.latest(missed),
            };
            if limit <= seen.now {
                let at = missed.at;
                return Err(format!("{lens} does not see what {name} became at {at}"));
            }
        }
        Ok(())
    }

    fn look_at_task(
        &self,
        seen: &Seen<'_>,
        onlookers: Onlookers<'_>,
        task: TaskId,
    ) -> Result<(), String> {
        match seen.ledger.versions().tasks().get(task) {
            Some(history) => self.look(seen, onlookers, (Changed::Task(task), task), history),
            None => Ok(()),
        }
    }

    fn look_at_instance(
        &self,
        seen: &Seen<'_>,
        onlookers: Onlookers<'_>,
        instance: ContainerInstanceId,
    ) -> Result<(), String> {
        let about = Changed::ContainerInstance(instance);
        match seen.ledger.versions().instances().get(instance) {
            Some(history) => self.look(seen, onlookers, (about, instance), history),
            None => Ok(()),
        }
    }
}

impl Invariant for ViewsWithinBound {
    fn name(&self) -> &str {
        "no view is older than its bound"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Some(onlookers) = seen.onlookers else {
            return Ok(());
        };
        for change in seen.changes {
            let task = change.task();
            if let Some(task) = task {
                self.look_at_task(seen, onlookers, task)?;
            }
            let on = task.and_then(|task| seen.ledger.task(task)?.on);
            if let Some(instance) = visible_instance(change).or(on) {
                self.look_at_instance(seen, onlookers, instance)?;
            }
        }
        let versions = seen.ledger.versions();
        let (task, instance) = (
            TaskId::new(self.next.0),
            ContainerInstanceId::new(self.next.1),
        );
        let tasks = versions.tasks().iter_from(task).take(ROUND);
        let tasks: Vec<TaskId> = tasks.map(|(task, _)| task).collect();
        let instances = versions.instances().iter_from(instance).take(ROUND);
        let instances: Vec<ContainerInstanceId> = instances.map(|(id, _)| id).collect();
        let after = |last: Option<u32>| last.map_or(0, |last| last.saturating_add(1));
        let last = (tasks.last().copied(), instances.last().copied());
        self.next = (
            after(last.0.map(TaskId::number)),
            after(last.1.map(ContainerInstanceId::number)),
        );
        for task in tasks {
            self.look_at_task(seen, onlookers, task)?;
        }
        for instance in instances {
            self.look_at_instance(seen, onlookers, instance)?;
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Some(onlookers) = seen.onlookers else {
            return Ok(());
        };
        let versions = seen.ledger.versions();
        for (task, _) in versions.tasks().iter() {
            self.look_at_task(seen, onlookers, task)?;
        }
        for (instance, _) in versions.instances().iter() {
            self.look_at_instance(seen, onlookers, instance)?;
        }
        Ok(())
    }
}

/// What a version shows is what was the truth when it was made, and never becomes something else.
#[derive(Clone, Debug, Default)]
pub struct VersionsTruthful {
    tasks: Memory<TaskId, TaskSeen>,
    instances: Memory<ContainerInstanceId, InstanceSeen>,
}

/// What records were, and when they became so.
type Memory<K, T> = BTreeMap<K, VecDeque<(SimTime, Option<T>)>>;

impl VersionsTruthful {
    fn look_at_task(&mut self, seen: &Seen<'_>, task: TaskId) -> Result<(), String> {
        let history = seen.ledger.versions().tasks().get(task);
        let truth = |ledger: &Ledger| ledger.task_seen(task);
        agree(
            &mut self.tasks,
            task,
            history,
            || truth(seen.ledger),
            seen.now,
        )
        .map_err(|at| format!("the version of {task} of {at} is not what it was then"))
    }

    fn look_at_instance(
        &mut self,
        seen: &Seen<'_>,
        instance: ContainerInstanceId,
    ) -> Result<(), String> {
        let history = seen.ledger.versions().instances().get(instance);
        let truth = || seen.ledger.instance_seen(instance);
        agree(&mut self.instances, instance, history, truth, seen.now)
            .map_err(|at| format!("the version of {instance} of {at} is not what it was then"))
    }
}

/// Remembers the truth and holds what is remembered against the versions; when that one was made which differs.
fn agree<K: Ord + Copy, T: Clone + PartialEq>(
    memory: &mut Memory<K, T>,
    key: K,
    history: Option<&History<T>>,
    truth: impl Fn() -> Option<T>,
    now: SimTime,
) -> Result<(), SimTime> {
    let Some(history) = history.filter(|history| !history.recent.is_empty()) else {
        memory.remove(&key);
        return Ok(());
    };
    let truth = truth();
    if history.newest() != truth.as_ref() {
        return Err(now);
    }
    let known = memory.entry(key).or_default();
    let oldest = history.recent.front().map_or(now, |first| first.at);
    while known.front().is_some_and(|(at, _)| *at < oldest) {
        known.pop_front();
    }
    known.push_back((now, truth));
    let lies = |version: &&Version<T>| {
        let mut then = known.iter().filter(|(at, _)| *at == version.at).peekable();
        then.peek().is_some() && !then.any(|(_, was)| *was == version.seen)
    };
    match history.recent.iter().find(lies) {
        Some(version) => Err(version.at),
        None => Ok(()),
    }
}

impl Invariant for VersionsTruthful {
    fn name(&self) -> &str {
        "a version never lies"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if seen.onlookers.is_none() {
            return Ok(());
        }
        if seen.step % TIDY == 0 {
            let versions = seen.ledger.versions();
            self.tasks
                .retain(|task, _| versions.tasks().contains(*task));
            self.instances
                .retain(|instance, _| versions.instances().contains(*instance));
        }
        for change in seen.changes {
            let task = change.task();
            if let Some(task) = task {
                self.look_at_task(seen, task)?;
            }
            let on = task.and_then(|task| seen.ledger.task(task)?.on);
            if let Some(instance) = visible_instance(change).or(on) {
                self.look_at_instance(seen, instance)?;
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let versions = seen.ledger.versions();
        self.tasks
            .retain(|task, _| versions.tasks().contains(*task));
        self.instances
            .retain(|instance, _| versions.instances().contains(*instance));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{History as Steps, INSTANCE, Step};
    use super::*;
    use crate::draw::Draws;
    use crate::ledger::Change;
    use crate::model::{ContainerInstanceStatus, Lateness, ViewModel, ViewRules};

    const AT: SimTime = SimTime::from_secs(100);

    /// A container instance that began to drain at 100 s, to be seen five seconds later.
    fn draining() -> (Ledger, Vec<Change>, ViewRules) {
        let mut steps = Steps::with_instance();
        let Step { mut ledger, .. } = steps.steps.remove(0);
        let rules = ViewModel::MonotonicSession(Lateness::fixed(Duration::from_secs(5))).rules();
        let rules = rules.expect("it lags");
        ledger.keep_versions(rules.lateness.bound, false);
        let to = ContainerInstanceStatus::Draining;
        let changes = vec![Change::InstanceStatusChanged {
            instance: INSTANCE,
            to,
        }];
        ledger.note_versions(&changes);
        ledger.begin_commit();
        ledger.apply(AT, &changes[0]);
        ledger.record_versions(AT, None, &changes);
        (ledger, changes, rules)
    }

    fn look(
        invariant: &mut dyn Invariant,
        (ledger, rules): (&Ledger, &ViewRules),
        changes: &[Change],
        (at, has_settled): (SimTime, bool),
    ) -> Result<(), String> {
        let draws = Draws::new(1);
        let onlookers = Onlookers {
            draws: &draws,
            readers: Some(rules),
            scheduler: None,
        };
        let seen = match changes {
            [] => Seen::rest(at, 1, ledger),
            _ => Seen::step(at, 1, None, changes, ledger),
        };
        let seen = seen.with_onlookers(Some(onlookers));
        match (changes, has_settled) {
            ([], true) => invariant.at_rest(&seen.settled()),
            ([], false) => invariant.at_rest(&seen),
            _ => invariant.after_step(&seen),
        }
    }

    #[test]
    fn a_view_that_has_not_converged_where_all_has_settled_is_found() {
        let (ledger, _, rules) = draining();
        let early = (SimTime::from_secs(104), true);
        let found = look(&mut ViewsConverge, (&ledger, &rules), &[], early);
        let expected =
            "replica 0 of readers does not see what container-instance-0 became at 100.000s";
        assert_eq!(found, Err(expected.to_owned()));
        for fine in [
            (SimTime::from_secs(104), false),
            (SimTime::from_secs(105), true),
        ] {
            assert_eq!(
                look(&mut ViewsConverge, (&ledger, &rules), &[], fine),
                Ok(())
            );
        }
    }

    #[test]
    fn versions_that_were_not_written_down_are_found_at_rest() {
        let (mut ledger, _, rules) = draining();
        let to = ContainerInstanceStatus::Active;
        let instance = INSTANCE;
        ledger.apply(AT, &Change::InstanceStatusChanged { instance, to });
        let late = (SimTime::from_secs(105), true);
        let found = look(&mut ViewsConverge, (&ledger, &rules), &[], late);
        let expected = "the newest version of container-instance-0 is not the truth";
        assert_eq!(found, Err(expected.to_owned()));
    }

    #[test]
    fn a_view_that_is_older_than_it_may_be_is_found() {
        let (ledger, changes, rules) = draining();
        let mut own = ViewsWithinBound::of(Duration::from_secs(3));
        let seen = (&ledger, &rules);
        assert_eq!(
            look(&mut own, seen, &changes, (SimTime::from_secs(102), false)),
            Ok(())
        );
        let late = (SimTime::from_secs(103), false);
        let expected =
            "replica 0 of readers does not see what container-instance-0 became at 100.000s";
        for changes in [&changes[..], &[]] {
            let found = look(&mut own, seen, changes, late);
            assert_eq!(found, Err(expected.to_owned()));
            let promised = look(&mut ViewsWithinBound::default(), seen, changes, late);
            assert_eq!(promised, Ok(()));
        }
    }

    #[test]
    fn a_version_that_lies_is_found() {
        let (mut ledger, changes, rules) = draining();
        let mut truthful = VersionsTruthful::default();
        assert_eq!(
            look(&mut truthful, (&ledger, &rules), &changes, (AT, false)),
            Ok(())
        );
        // The next version is honest; the one before it is not what it was.
        let later = SimTime::from_secs(101);
        let to = ContainerInstanceStatus::Active;
        let instance = INSTANCE;
        let changes = vec![Change::InstanceStatusChanged { instance, to }];
        ledger.note_versions(&changes);
        ledger.begin_commit();
        ledger.apply(later, &changes[0]);
        ledger.record_versions(later, None, &changes);
        let honest = look(
            &mut truthful.clone(),
            (&ledger, &rules),
            &changes,
            (later, false),
        );
        assert_eq!(honest, Ok(()));
        ledger.falsify_version(instance, 0, |seen| seen.record.running = 7);
        let found = look(&mut truthful, (&ledger, &rules), &changes, (later, false));
        let expected = "the version of container-instance-0 of 100.000s is not what it was then";
        assert_eq!(found, Err(expected.to_owned()));
    }
}
