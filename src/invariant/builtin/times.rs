//! When what happened to a task.

use crate::ids::TaskId;
use crate::invariant::{Invariant, Seen};
use crate::ledger::{Change, Moment, TaskRecord};
use crate::model::{LastStatus, StopCode};
use crate::time::SimTime;

/// The times of a task are in the order of its life, present once its status calls for them, and never in the future.
///
/// Of those that have come: created ≤ pull started ≤ pull stopped ≤ started ≤ stopped, created ≤ started ≤ stopping ≤
/// stopped, created ≤ pull started ≤ execution stopped ≤ stopped, and created ≤ connectivity ≤ pull started. A task told to
/// stop while its images are pulled may be stopping before the pull ends; one that ends by itself has its execution stopped
/// before it is stopping, and before it started where the report of that took longer. What a task that failed to start has none
/// of is `startedAt`. Once the clock of an agent was wrong, only the control plane's times are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimesOrdered;

impl Invariant for TimesOrdered {
    fn name(&self) -> &str {
        "times of a task are ordered"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        seen.changes
            .iter()
            .filter_map(Change::task)
            .try_for_each(|task| match seen.ledger.task(task) {
                Some(record) => times_ordered_in(seen, task, record),
                None => Ok(()),
            })
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let mut tasks = seen.ledger.tasks();
        tasks.try_for_each(|(task, record)| times_ordered_in(seen, task, record))
    }
}

fn times_ordered_in(seen: &Seen<'_>, task: TaskId, record: &TaskRecord) -> Result<(), String> {
    let clocks_agree = !seen.ledger.hazards().clocks_were_wrong();
    let extras = seen.ledger.extras(task);
    let interface = extras.and_then(|extras| extras.interface.as_ref());
    let connected = interface.map_or(Moment::NEVER, |interface| interface.connected_at);
    times_ordered(record, connected, seen.now, clocks_agree).map_err(|why| format!("{task}: {why}"))
}

/// Where the clock of an agent was ever wrong, the times that agents report say nothing beside those of others.
fn times_ordered(
    record: &TaskRecord,
    connected: Moment,
    now: SimTime,
    clocks_agree: bool,
) -> Result<(), String> {
    let created = ("createdAt", Moment::from(record.created_at));
    let started = ("startedAt", record.started_at);
    let stopped = ("stoppedAt", record.stopped_at);
    let agents_time = |time| if clocks_agree { time } else { Moment::NEVER };
    let pull_started = ("pullStartedAt", agents_time(record.pull_started_at));
    ascending([
        created,
        pull_started,
        ("pullStoppedAt", agents_time(record.pull_stopped_at)),
        started,
        stopped,
        ("now", now.into()),
    ])?;
    ascending([created, ("connectivityAt", connected), pull_started])?;
    ascending([
        created,
        started,
        ("stoppingAt", record.stopping_at),
        stopped,
    ])?;
    ascending([
        created,
        pull_started,
        (
            "executionStoppedAt",
            agents_time(record.execution_stopped_at),
        ),
        stopped,
    ])?;
    as_its_state_calls_for(record)
}

/// Which times are there and which are not, for what a task is.
fn as_its_state_calls_for(record: &TaskRecord) -> Result<(), String> {
    let runs = record.last_status == LastStatus::Running;
    let never_ran = record.stop_code == Some(StopCode::TaskFailedToStart)
        || record.last_status < LastStatus::Running;
    let exited = record.stop_code == Some(StopCode::EssentialContainerExited);
    // What it is called, the time, whether it must be there, whether it may.
    let rules = [
        ("pullStartedAt", record.pull_started_at, runs, true),
        ("pullStoppedAt", record.pull_stopped_at, runs, true),
        ("startedAt", record.started_at, runs, !never_ran),
        (
            "executionStoppedAt",
            record.execution_stopped_at,
            exited,
            true,
        ),
        (
            "stoppingAt",
            record.stopping_at,
            !record.is_wanted(),
            !record.is_wanted(),
        ),
        (
            "stoppedAt",
            record.stopped_at,
            record.is_stopped(),
            record.is_stopped(),
        ),
    ];
    for (name, moment, must, may) in rules {
        let wrong = match moment.has_come() {
            false if must => "is missing",
            true if !may => "has come",
            _ => continue,
        };
        let code = record.stop_code.map_or("", StopCode::as_str);
        return Err(format!(
            "{name} {wrong} though it is {}, wanted {} {code}",
            record.last_status, record.desired_status
        ));
    }
    Ok(())
}

fn ascending<const N: usize>(times: [(&str, Moment); N]) -> Result<(), String> {
    let mut earlier: Option<(&str, SimTime)> = None;
    for (name, moment) in times {
        let Some(at) = moment.get() else { continue };
        match earlier {
            Some((before, at_before)) if at < at_before => {
                return Err(format!("{name} {at} is before {before} {at_before}"));
            }
            _ => earlier = Some((name, at)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::support::{History, judge, judge_at_rest};
    use super::*;
    use crate::ids::{ContainerInstanceId, LaunchId};
    use crate::model::DesiredStatus;

    #[test]
    fn the_times_of_a_whole_life_are_in_order() {
        let history = History::whole_life();
        assert_eq!(judge(&mut TimesOrdered, &history), [] as [String; 0]);
        let found = judge_at_rest(&mut TimesOrdered, &history);
        assert_eq!(found, [] as [String; 0]);
    }

    #[test]
    fn each_pair_of_times_is_compared() {
        let at = |secs| Moment::from(SimTime::from_secs(secs));
        let mut record = TaskRecord::placed(
            LaunchId::new(0),
            Some(ContainerInstanceId::new(0)),
            LastStatus::Pending,
            SimTime::from_secs(1),
        );
        record.last_status = LastStatus::Stopped;
        record.desired_status = DesiredStatus::Stopped;
        record.pull_started_at = at(2);
        record.pull_stopped_at = at(3);
        record.started_at = at(4);
        record.stopping_at = at(5);
        record.execution_stopped_at = at(4);
        record.stopped_at = at(6);
        let judge = |doctor: fn(&mut TaskRecord)| {
            let mut doctored = record;
            doctor(&mut doctored);
            times_ordered(&doctored, at(1), SimTime::from_secs(6), true)
        };
        assert_eq!(judge(|_| {}), Ok(()));
        assert_eq!(
            judge(|record| record.pull_started_at = SimTime::ZERO.into()),
            Err("pullStartedAt 0.000s is before createdAt 1.000s".to_owned())
        );
        assert!(judge(|record| record.pull_stopped_at = SimTime::from_secs(1).into()).is_err());
        assert!(judge(|record| record.started_at = SimTime::from_millis(2_999).into()).is_err());
        assert!(judge(|record| record.stopping_at = SimTime::from_millis(3_999).into()).is_err());
        assert!(judge(|record| record.stopping_at = SimTime::from_secs(7).into()).is_err());
        assert!(judge(|record| record.stopped_at = SimTime::from_millis(4_999).into()).is_err());
        assert!(
            judge(|record| record.execution_stopped_at = SimTime::from_secs(7).into()).is_err()
        );
        assert!(judge(|record| record.execution_stopped_at = SimTime::ZERO.into()).is_err());
        assert!(
            judge(|record| record.stopped_at = SimTime::from_secs(7).into()).is_err(),
            "in the future"
        );
        assert!(
            judge(|record| record.stopped_at = Moment::NEVER).is_err(),
            "missing"
        );
        assert!(
            judge(|record| record.stopping_at = Moment::NEVER).is_err(),
            "missing"
        );
        assert_eq!(
            judge(|record| record.started_at = Moment::NEVER),
            Ok(()),
            "it may never have run"
        );
        assert!(
            judge(|record| record.execution_stopped_at = SimTime::from_millis(1_999).into())
                .is_err(),
            "nothing runs before a pull"
        );
    }

    /// A task that is stopping since 5 s and ran before.
    fn stopping() -> TaskRecord {
        let at = |secs| Moment::from(SimTime::from_secs(secs));
        let mut record = TaskRecord::placed(
            LaunchId::new(0),
            Some(ContainerInstanceId::new(0)),
            LastStatus::Stopping,
            SimTime::from_secs(1),
        );
        record.desired_status = DesiredStatus::Stopped;
        record.stop_code = Some(StopCode::UserInitiated);
        record.pull_started_at = at(2);
        record.pull_stopped_at = at(3);
        record.started_at = at(4);
        record.stopping_at = at(5);
        record
    }

    #[test]
    fn a_time_that_must_not_have_come_is_found_out() {
        let now = SimTime::from_secs(6);
        let judge = |doctor: fn(&mut TaskRecord)| {
            let mut doctored = stopping();
            doctor(&mut doctored);
            times_ordered(&doctored, Moment::NEVER, now, true)
        };
        let wanted = |record: &mut TaskRecord| {
            record.last_status = LastStatus::Running;
            record.desired_status = DesiredStatus::Running;
            record.stop_code = None;
            record.stopping_at = Moment::NEVER;
        };
        assert_eq!(judge(|_| {}), Ok(()));
        assert_eq!(judge(wanted), Ok(()));
        let found = "stoppedAt has come though it is STOPPING, wanted STOPPED UserInitiated";
        assert_eq!(
            judge(|record| record.stopped_at = SimTime::from_secs(6).into()),
            Err(found.to_owned())
        );
        assert!(
            judge(|record| record.stop_code = Some(StopCode::TaskFailedToStart)).is_err(),
            "it started"
        );
        assert!(
            judge(|record| record.stop_code = Some(StopCode::EssentialContainerExited)).is_err(),
            "when did that container exit"
        );
        assert!(
            judge(|record| record.last_status = LastStatus::Pending).is_err(),
            "it started"
        );
    }

    #[test]
    fn a_time_that_a_running_task_must_have_is_missed() {
        let judge = |doctor: fn(&mut TaskRecord)| {
            let mut doctored = stopping();
            doctored.last_status = LastStatus::Running;
            doctored.desired_status = DesiredStatus::Running;
            doctored.stop_code = None;
            doctored.stopping_at = Moment::NEVER;
            doctor(&mut doctored);
            times_ordered(&doctored, Moment::NEVER, SimTime::from_secs(6), true)
        };
        assert_eq!(judge(|_| {}), Ok(()));
        assert!(judge(|record| record.started_at = Moment::NEVER).is_err());
        assert!(judge(|record| record.pull_started_at = Moment::NEVER).is_err());
        assert!(judge(|record| record.pull_stopped_at = Moment::NEVER).is_err());
        assert!(judge(|record| record.stopping_at = SimTime::from_secs(5).into()).is_err());
    }

    #[test]
    fn a_pull_before_the_task_could_be_reached_is_found_out() {
        let judge = |connected| {
            let connected = Moment::from(SimTime::from_millis(connected));
            times_ordered(&stopping(), connected, SimTime::from_secs(6), true)
        };
        assert_eq!(judge(2_000), Ok(()));
        assert!(judge(2_001).is_err() && judge(999).is_err());
    }
}
