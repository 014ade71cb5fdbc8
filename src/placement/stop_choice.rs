//! Which task of a group to stop: ECS's choice when a service scales in.

use std::collections::BTreeMap;

use crate::draw::{Draws, Purpose};
use crate::ids::{GroupId, TaskId};
use crate::ledger::instance::ZONE;
use crate::ledger::{Demand, TaskRecord};
use crate::model::{ContainerInstanceStatus, HealthStatus, LastStatus, PlacementTies};

use super::ask::Rule;
use super::pool::Pool;

/// One task of a group to be stopped.
#[derive(Clone, Copy, Debug)]
pub struct StopAsk<'a> {
    /// The group.
    pub group: GroupId,
    /// Its tasks that may be stopped, ascending. What is protected is left out by who asks; what is not wanted RUNNING
    /// is passed over.
    pub candidates: &'a [TaskId],
    /// Tasks chosen before in the same decision: they count as gone.
    pub gone: &'a [TaskId],
    /// The strategy by which the group was placed, in order; without any it is that of services.
    pub rules: &'a [Rule],
    /// How the run breaks ties.
    pub ties: PlacementTies,
    /// All randomness.
    pub draws: &'a Draws,
}

/// A task that may be stopped.
#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    task: TaskId,
    record: &'a TaskRecord,
    demand: &'a Demand,
    /// Without one it is on Fargate.
    row: Option<usize>,
}

impl<'a> Pool<'a> {
    /// The tasks of a group that are wanted RUNNING on the container instances of the pool, ascending.
    #[must_use]
    pub fn wanted_tasks(&self, group: GroupId) -> Vec<TaskId> {
        let ledger = self.ledger();
        let Some(known) = ledger.groups().get(group) else {
            return Vec::new();
        };
        let is_of_group = |task: &TaskId| {
            let record = ledger.task(*task).filter(|record| record.is_wanted());
            record.is_some_and(|record| ledger.launch_of(record).group == group)
        };
        let instances = known.wanted.iter();
        let records = instances.filter_map(|(instance, _)| ledger.instance(instance));
        let tasks = records.flat_map(|record| record.tasks.iter().copied());
        let mut tasks: Vec<TaskId> = tasks.filter(is_of_group).collect();
        tasks.sort_unstable();
        tasks
    }

    /// The task that ECS stops first; `None` when no candidate is wanted.
    ///
    /// First it looks among tasks on DRAINING container instances, then among UNHEALTHY ones, then among those that do not
    /// run yet. Then each rule narrows as in placement, turned round: `spread` keeps the tasks where the group has the most, `binpack` those whose
    /// container instance would have the most left without them, `random` decides by lot. Without rules it is `spread`
    /// over zones, then over container instances, as the default of services. (Developer guide, *Amazon ECS task placement
    /// strategies* and *Amazon ECS services*.)
    ///
    /// A tie that is left goes to the oldest task, or to the luckiest: each task has luck of its own, so the choice among
    /// two does not change when a third comes.
    ///
    /// # Model
    ///
    /// The guide says that tasks on DRAINING instances and UNHEALTHY ones are replaced, not that they are the first to go as a
    /// service scales in, nor that those that do not run yet follow: this order is ours. So is that chains are turned round
    /// rule by rule.
    #[must_use]
    pub fn stop_choice(&self, ask: &StopAsk<'_>) -> Option<TaskId> {
        let mut candidates: Vec<Candidate<'a>> = self.candidates(ask).collect();
        prefer(&mut candidates, |candidate| {
            let record = candidate.row.map(|row| self.record(row));
            record.is_some_and(|record| record.status == ContainerInstanceStatus::Draining)
        });
        prefer(&mut candidates, |candidate| {
            let extras = self.ledger().extras(candidate.task);
            let launch = self.ledger().launch_of(candidate.record);
            extras.is_some_and(|extras| extras.health(launch) == HealthStatus::Unhealthy)
        });
        prefer(&mut candidates, |candidate| {
            candidate.record.last_status < LastStatus::Running
        });
        let default = Rule::of_services();
        let rules = match ask.rules {
            [] => &default,
            rules => rules,
        };
        for rule in rules {
            match rule {
                Rule::Random => return luckiest(ask, &candidates),
                Rule::SpreadInstance => {
                    let tally = self.tally(ask, |candidate| candidate.row, |_| None);
                    keep_most(&mut candidates, |candidate| {
                        tally.get(&candidate.row).copied()
                    });
                }
                Rule::SpreadAttribute(name) => {
                    let value = |candidate: &Candidate<'a>| self.value(candidate, name);
                    let in_zone = |zone| Some(zone).filter(|_| name == ZONE);
                    let tally = self.tally(ask, value, in_zone);
                    keep_most(&mut candidates, |candidate| {
                        tally.get(&value(candidate)).copied()
                    });
                }
                Rule::BinpackCpu => {
                    let left = |row| self.remaining(row).cpu;
                    self.keep_emptiest(ask, &mut candidates, left, |demand| demand.cpu);
                }
                Rule::BinpackMemory => {
                    let left = |row| self.remaining(row).memory;
                    self.keep_emptiest(ask, &mut candidates, left, |demand| demand.memory);
                }
            }
        }
        match ask.ties {
            PlacementTies::OldestInstance => candidates.first().map(|candidate| candidate.task),
            PlacementTies::Seeded => luckiest(ask, &candidates),
        }
    }

    /// The tasks that may be stopped and have not been chosen before.
    fn candidates<'s>(&'s self, ask: &'s StopAsk<'_>) -> impl Iterator<Item = Candidate<'a>> + 's {
        let left = ask.candidates.iter();
        let left = left.filter(|task| !ask.gone.contains(task));
        left.filter_map(|task| self.candidate(*task))
    }

    fn candidate(&self, task: TaskId) -> Option<Candidate<'a>> {
        let ledger = self.ledger();
        let record = ledger.task(task).filter(|record| record.is_wanted())?;
        Some(Candidate {
            task,
            record,
            demand: &ledger.launch_of(record).demand,
            row: match record.on {
                Some(on) => Some(self.capacity().row(on)?),
                None => None,
            },
        })
    }

    /// The value of an attribute where a task is.
    fn value(&self, candidate: &Candidate<'a>, name: &str) -> Option<&'a str> {
        match candidate.row {
            Some(row) => self.attribute(row, name),
            None => self.zone(candidate.task).filter(|_| name == ZONE),
        }
    }

    /// The zone of a task on Fargate.
    fn zone(&self, task: TaskId) -> Option<&'a str> {
        let interface = self.ledger().extras(task)?.interface.as_ref()?;
        interface.zone.as_deref()
    }

    /// How many tasks of the group are wanted in each place, those that are gone left out.
    fn tally<K: Ord>(
        &self,
        ask: &StopAsk<'_>,
        place: impl Fn(&Candidate<'a>) -> K,
        in_zone: impl Fn(&'a str) -> K,
    ) -> BTreeMap<K, u32> {
        let mut tally = BTreeMap::new();
        let wanted = self.wanted_tasks(ask.group);
        for task in wanted.iter().filter(|task| !ask.gone.contains(task)) {
            if let Some(candidate) = self.candidate(*task) {
                *tally.entry(place(&candidate)).or_default() += 1;
            }
        }
        // Those on Fargate are on no container instance: the group knows how many are in each zone.
        let group = self.ledger().groups().get(ask.group);
        for (zone, count) in group.into_iter().flat_map(|group| &group.zones) {
            let gone = ask.gone.iter().filter_map(|task| self.candidate(*task));
            let gone = gone.filter(|gone| gone.row.is_none());
            let gone = gone.filter(|gone| self.zone(gone.task) == Some(zone));
            let gone = u32::try_from(gone.count()).expect("tasks are counted in u32");
            *tally.entry(in_zone(zone)).or_default() += count - gone;
        }
        tally
    }

    /// Keeps the tasks whose container instance would have the most left without them; any on Fargate.
    fn keep_emptiest(
        &self,
        ask: &StopAsk<'_>,
        candidates: &mut Vec<Candidate<'a>>,
        left: impl Fn(usize) -> u32,
        amount: impl Fn(&Demand) -> u32,
    ) {
        let gone = ask.gone.iter().filter_map(|task| self.candidate(*task));
        let gone: Vec<Candidate<'a>> = gone.collect();
        keep_most(candidates, |candidate| {
            let row = candidate.row?;
            let freed = gone.iter().filter(|gone| gone.row == Some(row));
            let freed: u32 = freed.map(|gone| amount(gone.demand)).sum();
            Some(left(row) + freed + amount(candidate.demand))
        });
    }
}

/// Keeps those of which something holds, if there is any.
fn prefer<T>(candidates: &mut Vec<T>, holds: impl Fn(&T) -> bool) {
    if candidates.iter().any(&holds) {
        candidates.retain(holds);
    }
}

/// Keeps those with the greatest key.
fn keep_most<T, K: Ord>(candidates: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let most = candidates.iter().map(&key).max();
    candidates.retain(|candidate| Some(key(candidate)) == most);
}

/// The task with the greatest luck.
fn luckiest(ask: &StopAsk<'_>, candidates: &[Candidate<'_>]) -> Option<TaskId> {
    let tasks = candidates.iter().map(|candidate| candidate.task);
    tasks.max_by_key(|task| {
        let subject = u64::from(task.number());
        ask.draws.at(Purpose::StopChoice, subject, 0).word()
    })
}
