//! What holds of the places that tasks are given.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::{Change, Event, InstanceRecord, LaunchSpec, Ledger};

/// The tasks that one RunTask launches, or the container instances that one StartTask names, at most (API reference
/// of both).
const TASKS_PER_REQUEST: u32 = 10;

/// No two tasks with desired status RUNNING share a static host port and protocol on one container instance, and none
/// has a port that the instance reserves.
#[derive(Clone, Copy, Debug, Default)]
pub struct PortsApart;

impl Invariant for PortsApart {
    fn name(&self) -> &str {
        "static host ports are not shared"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        seen.changes.iter().try_for_each(|change| match *change {
            Change::TaskPlaced {
                task, on: Some(on), ..
            } if has_ports(seen.ledger, task) => ports_apart(seen.ledger, on),
            _ => Ok(()),
        })
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        seen.ledger
            .instances()
            .iter()
            .try_for_each(|(instance, _)| ports_apart(seen.ledger, instance))
    }
}

fn has_ports(ledger: &Ledger, task: TaskId) -> bool {
    ledger
        .task(task)
        .is_some_and(|record| ledger.launch_of(record).demand.has_ports())
}

fn ports_apart(ledger: &Ledger, instance: ContainerInstanceId) -> Result<(), String> {
    let Some(record) = ledger.instance(instance) else {
        return Ok(());
    };
    let mut tcp: Vec<u16> = Vec::new();
    let mut udp: Vec<u16> = Vec::new();
    for (_, launch) in wanted_on(ledger, record) {
        tcp.extend(&launch.demand.tcp);
        udp.extend(&launch.demand.udp);
    }
    let protocols = [
        ("tcp", tcp, &record.spec.reserved_tcp),
        ("udp", udp, &record.spec.reserved_udp),
    ];
    for (protocol, mut ports, reserved) in protocols {
        ports.sort_unstable();
        if let Some(twice) = ports.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!(
                "{instance}: two tasks are to have port {}/{protocol}",
                twice[0]
            ));
        }
        if let Some(port) = ports.iter().find(|port| reserved.contains(port)) {
            return Err(format!(
                "{instance}: a task is to have port {port}/{protocol}, which is reserved"
            ));
        }
    }
    Ok(())
}

/// The tasks of a container instance whose desired status is RUNNING.
fn wanted_on<'a>(
    ledger: &'a Ledger,
    record: &'a InstanceRecord,
) -> impl Iterator<Item = (TaskId, &'a LaunchSpec)> {
    record.tasks.iter().filter_map(|task| {
        let known = ledger.task(*task).filter(|known| known.is_wanted())?;
        Some((*task, &**ledger.launch_of(known)))
    })
}

/// A task placed with the constraint `distinctInstance` is on a container instance where no older task of its group
/// is wanted.
///
/// A younger one may follow when it was placed without the constraint.
#[derive(Clone, Copy, Debug, Default)]
pub struct DistinctInstance;

impl Invariant for DistinctInstance {
    fn name(&self) -> &str {
        "distinctInstance is kept"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        seen.changes.iter().try_for_each(|change| match *change {
            Change::TaskPlaced {
                task,
                launch,
                on: Some(on),
            } => match seen.ledger.launch(launch) {
                Some(launch) if launch.spec.distinct_instance => {
                    alone(seen.ledger, task, &launch.spec, on)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        })
    }

    /// Only tasks that all have the constraint are compared: of others it is not known any more who was wanted when
    /// the constraint was judged.
    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for (instance, record) in seen.ledger.instances().iter() {
            let mut groups: Vec<_> = wanted_on(seen.ledger, record)
                .filter(|(_, launch)| launch.distinct_instance)
                .map(|(task, launch)| (launch.group, task))
                .collect();
            groups.sort_unstable();
            if let Some(pair) = groups.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(shared(pair[1].1, pair[0].1, instance));
            }
        }
        Ok(())
    }
}

fn alone(
    ledger: &Ledger,
    task: TaskId,
    launch: &LaunchSpec,
    on: ContainerInstanceId,
) -> Result<(), String> {
    let Some(record) = ledger.instance(on) else {
        return Ok(());
    };
    let mut others = wanted_on(ledger, record).filter(|(other, _)| *other < task);
    match others.find(|(_, other)| other.group == launch.group) {
        Some((other, _)) => Err(shared(task, other, on)),
        None => Ok(()),
    }
}

fn shared(task: TaskId, other: TaskId, on: ContainerInstanceId) -> String {
    format!("{task} asked for an instance of its own in its group, but {other} is on {on} too")
}

/// Of n tasks that one request asks for, each is placed or refused: at most ten, numbered without a gap, and as many
/// as the request said.
///
/// Judged after steps only: a request leaves no trace in the ledger of how many tasks it asked for, unless it had a
/// token. A request is the changes of one look without an event, or with a scheduled input.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestCounts {
    /// The number of the next task at the last look.
    next_before: Option<TaskId>,
}

impl Invariant for RequestCounts {
    fn name(&self) -> &str {
        "a request's tasks and failures add up"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let next = seen.ledger.next_task();
        let before = self.next_before.replace(next);
        if !matches!(seen.event, None | Some(Event::Input(_))) {
            return Ok(());
        }
        let mut asked = 0;
        let mut previous: Option<TaskId> = None;
        for number in seen.changes.iter().filter_map(asked_for) {
            if let Some(previous) =
                previous.filter(|previous| previous.number() + 1 != number.number())
            {
                return Err(format!("{number} follows {previous} in one request"));
            }
            previous = Some(number);
            asked += 1;
        }
        if asked > TASKS_PER_REQUEST {
            return Err(format!(
                "one request was answered with {asked} tasks and failures"
            ));
        }
        let spent = before.map(|before| next.number() - before.number());
        match spent {
            Some(spent) if spent != asked => Err(format!(
                "{spent} numbers were spent on {asked} tasks and failures"
            )),
            _ => seen.changes.iter().try_for_each(token_adds_up),
        }
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        self.next_before = Some(seen.ledger.next_task());
        Ok(())
    }
}

/// The number that a change spends on a task or on a failure.
fn asked_for(change: &Change) -> Option<TaskId> {
    match *change {
        Change::TaskPlaced { task, .. } | Change::TaskRefused { task, .. } => Some(task),
        _ => None,
    }
}

fn token_adds_up(change: &Change) -> Result<(), String> {
    let Change::TokenKept { token, .. } = change else {
        return Ok(());
    };
    let asked = usize::try_from(token.request.count.unwrap_or(1)).unwrap_or(0);
    let (tasks, failures) = (token.tasks.len(), token.failures.len());
    if tasks + failures == asked {
        Ok(())
    } else {
        Err(format!(
            "a request for {asked} tasks was answered with {tasks} tasks and {failures} failures"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::support::{History, judge, judge_at_rest};
    use super::*;
    use crate::ids::ClusterId;
    use crate::ledger::token::Token;
    use crate::model::{FailureReason, RunTask};
    use crate::time::SimTime;

    const NOW: SimTime = SimTime::from_secs(1);

    fn judge_one<T: Invariant + Default>(history: &History) -> Vec<String> {
        judge(&mut T::default(), history)
    }

    #[test]
    fn a_whole_life_keeps_every_rule_of_placement() {
        let history = History::whole_life();
        assert_eq!(judge_one::<PortsApart>(&history), [] as [String; 0]);
        assert_eq!(judge_one::<DistinctInstance>(&history), [] as [String; 0]);
        assert_eq!(judge_one::<RequestCounts>(&history), [] as [String; 0]);
    }

    #[test]
    fn a_port_given_twice_is_found_out() {
        let mut history = History::with_instance();
        let launch = history.launch(|spec| spec.demand.tcp = vec![8080]);
        history.step(NOW, vec![history.placed(launch)]);
        assert_eq!(judge_one::<PortsApart>(&history), [] as [String; 0]);
        history.step(NOW, vec![history.placed(launch)]);
        let twice = "container-instance-0: two tasks are to have port 8080/tcp";
        assert_eq!(judge_one::<PortsApart>(&history), [twice]);
        assert_eq!(judge_at_rest(&mut PortsApart, &history), [twice]);
    }

    #[test]
    fn one_port_in_two_protocols_is_two_ports() {
        let mut history = History::with_instance();
        let first = history.launch(|spec| spec.demand.tcp = vec![53]);
        let second = history.launch(|spec| spec.demand.udp = vec![53]);
        history.step(NOW, vec![history.placed(first)]);
        history.step(NOW, vec![history.placed(second)]);
        assert_eq!(judge_one::<PortsApart>(&history), [] as [String; 0]);
    }

    #[test]
    fn a_reserved_port_given_away_is_found_out() {
        let mut history = History::with_instance();
        let launch = history.launch(|spec| spec.demand.tcp = vec![22]);
        history.step(NOW, vec![history.placed(launch)]);
        let reserved = "container-instance-0: a task is to have port 22/tcp, which is reserved";
        assert_eq!(judge_one::<PortsApart>(&history), [reserved]);
    }

    #[test]
    fn a_second_task_beside_one_that_wanted_to_be_alone_is_found_out() {
        let mut history = History::with_instance();
        let launch = history.launch(|spec| spec.distinct_instance = true);
        history.step(NOW, vec![history.placed(launch)]);
        assert_eq!(judge_one::<DistinctInstance>(&history), [] as [String; 0]);
        history.step(NOW, vec![history.placed(launch)]);
        let found = "task-1 asked for an instance of its own in its group, but task-0 is on container-instance-0 too";
        assert_eq!(judge_one::<DistinctInstance>(&history), [found]);
        assert_eq!(judge_at_rest(&mut DistinctInstance, &history), [found]);
    }

    #[test]
    fn the_constraint_binds_the_task_that_has_it_not_those_that_follow() {
        let mut history = History::with_instance();
        let shy = history.launch(|spec| spec.distinct_instance = true);
        let plain = history.launch(|_| {});
        history.step(NOW, vec![history.placed(shy)]);
        history.step(NOW, vec![history.placed(plain)]);
        assert_eq!(judge_one::<DistinctInstance>(&history), [] as [String; 0]);
        history.step(NOW, vec![history.placed(shy)]);
        assert_eq!(judge_one::<DistinctInstance>(&history).len(), 1);
    }

    fn refused(number: u32) -> Change {
        Change::TaskRefused {
            task: TaskId::new(number),
            reason: FailureReason::Agent,
        }
    }

    #[test]
    fn an_eleventh_task_in_a_request_is_found_out() {
        let mut history = History::with_instance();
        history.step(NOW, (0..10).map(refused).collect());
        assert_eq!(judge_one::<RequestCounts>(&history), [] as [String; 0]);
        history.step(NOW, (10..21).map(refused).collect());
        assert_eq!(
            judge_one::<RequestCounts>(&history),
            ["one request was answered with 11 tasks and failures"]
        );
    }

    #[test]
    fn a_number_spent_on_nothing_is_found_out() {
        let mut history = History::with_instance();
        history.step(NOW, (0..3).map(refused).collect());
        let last = history.steps.last_mut().expect("a step was made");
        last.changes.remove(1);
        assert_eq!(
            judge_one::<RequestCounts>(&history),
            ["task-2 follows task-0 in one request"]
        );
        let last = history.steps.last_mut().expect("a step was made");
        last.changes.remove(1);
        assert_eq!(
            judge_one::<RequestCounts>(&history),
            ["3 numbers were spent on 1 tasks and failures"]
        );
    }

    #[test]
    fn an_answer_that_says_less_than_was_asked_is_found_out() {
        let check = |count: u32| {
            let token = Token {
                at: NOW,
                cluster: crate::ids::ClusterId::new(0),
                request: RunTask::new("web").count(3),
                tasks: (0..count).map(TaskId::new).collect(),
                failures: Vec::new(),
            };
            token_adds_up(&Change::TokenKept {
                cluster: ClusterId::new(0),
                name: "once".into(),
                token: Arc::new(token),
            })
        };
        assert_eq!(check(3), Ok(()));
        assert_eq!(
            check(2),
            Err("a request for 3 tasks was answered with 2 tasks and 0 failures".to_owned())
        );
    }

    #[test]
    fn tasks_started_by_an_event_are_no_request() {
        let mut history = History::with_instance();
        history.step(NOW, (0..11).map(refused).collect());
        history.steps.last_mut().expect("a step was made").event =
            Some(Event::TaskExpired(TaskId::new(0)));
        assert_eq!(judge_one::<RequestCounts>(&history), [] as [String; 0]);
    }
}
