//! That nothing is lost on the way.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::host::{HostPhase, HostTask};
use crate::ledger::{Ledger, TaskRecord};
use crate::model::LastStatus;

/// Where a simulation has settled, every task that was accepted is queued, running or ended, and the control plane knows.
///
/// A task that has not stopped is then in the queue of its agent, or has containers that have not all ended; the control plane has
/// heard that it runs, and its agent that it is to stop. A task whose agent is not heard, or does not hear, waits for that.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingLost;

impl Invariant for NothingLost {
    fn name(&self) -> &str {
        "every accepted task is queued, running or ended"
    }

    /// Between the messages nothing can be said.
    fn after_step(&mut self, _seen: &Seen<'_>) -> Result<(), String> {
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        if !seen.has_settled {
            return Ok(());
        }
        let mut live = seen
            .ledger
            .tasks()
            .filter(|(_, record)| !record.is_stopped());
        live.try_for_each(|(task, record)| {
            if is_cut_off(seen.ledger, record.on) {
                return Ok(());
            }
            let lost = lost(seen.ledger, task, record);
            lost.map_or(Ok(()), |why| Err(format!("{task}: {why}")))
        })
    }
}

/// Whether the control plane and the agent do not speak with each other, or the machine does not run.
fn is_cut_off(ledger: &Ledger, on: Option<ContainerInstanceId>) -> bool {
    let is_away = |instance| !ledger.instances().is_connected(instance);
    on.is_some_and(is_away) || ledger.hides_agent(on) || ledger.hides_control_plane(on)
}

/// What was lost of a task.
fn lost(ledger: &Ledger, task: TaskId, record: &TaskRecord) -> Option<&'static str> {
    let Some(held) = ledger.hosts().task(task) else {
        return Some("it was accepted, and its agent never had it");
    };
    let on_host = match held.phase {
        HostPhase::Queued => not_queued(ledger, task, held),
        HostPhase::Stopped => Some("it has stopped on its host, and nobody heard"),
        HostPhase::Active if ledger.hosts().containers(task).all(|it| it.is_stopped()) => {
            Some("all its containers have ended, and it has not")
        }
        HostPhase::Active => None,
    };
    on_host.or_else(|| unheard(record, held))
}

fn not_queued(ledger: &Ledger, task: TaskId, held: &HostTask) -> Option<&'static str> {
    let host = held.on.and_then(|on| ledger.hosts().host(on));
    let is_queued = host.is_some_and(|host| host.queue.contains(task));
    (!is_queued).then_some("it waits, and is in no queue")
}

/// What one side has not heard of the other.
fn unheard(record: &TaskRecord, held: &HostTask) -> Option<&'static str> {
    if !record.is_wanted() && !held.told_to_stop {
        return Some("it is to stop, and its agent never heard");
    }
    let runs = held.running_at.has_come() && record.is_wanted();
    (runs && record.last_status < LastStatus::Running).then_some("it runs, and nobody heard")
}

#[cfg(test)]
mod tests {
    use super::super::support::{History, INSTANCE};
    use super::*;
    use crate::ledger::{Change, StoppedReason};
    use crate::model::StopCode;
    use crate::time::SimTime;

    const TASK: TaskId = TaskId::new(0);

    /// What is said where everything after that many steps of a whole life has settled.
    fn said(history: &History) -> Result<(), String> {
        let step = history.steps.last().expect("there are steps");
        let seen = Seen::rest(step.now, 1, &step.ledger);
        assert_eq!(NothingLost.at_rest(&seen), Ok(()), "it has not settled");
        NothingLost.at_rest(&seen.settled())
    }

    fn life(steps: usize) -> History {
        let mut history = History::whole_life();
        history.steps.truncate(steps);
        history
    }

    #[test]
    fn a_task_whose_payload_was_lost_is_found_out() {
        let mut history = History::with_task();
        let found = "task-0: it was accepted, and its agent never had it";
        assert_eq!(said(&history), Err(found.to_owned()));
        let lost = Change::AgentConnectionChanged {
            instance: INSTANCE,
            connected: false,
        };
        history.step(SimTime::from_secs(1), vec![lost]);
        assert_eq!(said(&history), Ok(()), "its agent is away");
    }

    #[test]
    fn a_task_that_waits_in_the_queue_or_runs_is_not_lost() {
        let mut history = History::with_task();
        let accepted = history.accepted(TASK);
        history.step(SimTime::from_secs(1), vec![accepted]);
        assert_eq!(said(&history), Ok(()));
        assert_eq!(said(&life(6)), Ok(()), "it runs");
        assert_eq!(said(&History::whole_life()), Ok(()), "it has ended");
    }

    #[test]
    fn reports_and_stops_that_were_lost_are_found_out() {
        let heard = |history: &History| said(history).unwrap_err();
        // Cluster and launch, placed, started, runs on its host, reported, unwanted, told, ended, reported, forgotten.
        assert_eq!(heard(&life(5)), "task-0: it runs, and nobody heard");
        assert_eq!(
            heard(&life(7)),
            "task-0: it is to stop, and its agent never heard"
        );
        assert_eq!(
            heard(&life(9)),
            "task-0: it has stopped on its host, and nobody heard"
        );
    }

    #[test]
    fn a_task_that_is_wanted_no_more_before_it_is_anywhere_is_lost_too() {
        let mut history = History::with_task();
        let unwanted = Change::TaskUnwanted {
            task: TASK,
            code: StopCode::UserInitiated,
            reason: StoppedReason::StoppedByUser,
            given: None,
        };
        history.step(SimTime::from_secs(1), vec![unwanted]);
        assert!(said(&history).is_err());
    }
}
