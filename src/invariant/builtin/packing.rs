//! What binpack promises.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::cluster::{Capacity, OrderBy};
use crate::ledger::demand::ports_clash;
use crate::ledger::instance::PORT_QUOTA;
use crate::ledger::{Change, InstanceRecord, LaunchSpec, Ledger};

/// A task that was placed by `binpack` is not on an empty container instance while one in use could have taken it that has less
/// left of what is packed.
///
/// An instance is in use while a task on it is wanted. Between instances of one size the one in use always has less left; a
/// small empty one may have less than a large one in use, and `binpack` takes that (developer guide, placement strategies).
///
/// Judged after steps only, where `binpack` is the first rule, no `memberOf` narrows the choice, and ECS's own scheduler decided
/// by the truth: the ledger does not keep the strategy of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct BinpackKept;

impl Invariant for BinpackKept {
    fn name(&self) -> &str {
        "binpack opens no empty instance"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let Some(by) = seen.packed_by else {
            return Ok(());
        };
        placed(seen).try_for_each(|(task, spec, on)| Choice { seen, task, spec }.judge(by, on))
    }

    fn at_rest(&mut self, _seen: &Seen<'_>) -> Result<(), String> {
        Ok(())
    }
}

/// The tasks that a step placed on container instances.
fn placed<'a>(
    seen: &Seen<'a>,
) -> impl Iterator<Item = (TaskId, &'a LaunchSpec, ContainerInstanceId)> {
    let ledger = seen.ledger;
    seen.changes.iter().filter_map(move |change| match *change {
        Change::TaskPlaced {
            task,
            launch,
            on: Some(on),
        } => Some((task, &*ledger.launch(launch)?.spec, on)),
        _ => None,
    })
}

/// The choice of a place for a task, as it stood when it was made: later ones of the same request are taken back.
struct Choice<'a> {
    seen: &'a Seen<'a>,
    task: TaskId,
    spec: &'a LaunchSpec,
}

impl Choice<'_> {
    fn judge(&self, by: OrderBy, on: ContainerInstanceId) -> Result<(), String> {
        let ledger = self.seen.ledger;
        let capacity = &ledger.cluster(self.spec.cluster).capacity;
        let definition = &ledger.definition(self.spec.definition).spec;
        let (Some(row), true) = (capacity.row(on), definition.constraints.is_empty()) else {
            return Ok(());
        };
        if self.is_used(on) {
            return Ok(());
        }
        let own = self.key(capacity, row, by);
        let better = (0..capacity.len()).find(|other| {
            self.key(capacity, *other, by) < own
                && self.has_room(capacity, *other)
                && capacity.can_do(*other, definition.requires)
                && self.is_used(capacity.instances[*other])
        });
        match better {
            Some(better) => Err(format!(
                "{} opened {on}, though {} is in use, has room and has less left",
                self.task, capacity.instances[better]
            )),
            None => Ok(()),
        }
    }

    /// What was left of the resource that is packed.
    fn key(&self, capacity: &Capacity, row: usize, by: OrderBy) -> u32 {
        let [cpu, memory, ..] = self.left(capacity, row);
        by.of(cpu, memory).0
    }

    /// CPU, memory, GPUs and network interfaces that were left.
    fn left(&self, capacity: &Capacity, row: usize) -> [u32; 4] {
        let mut left = [
            capacity.cpu[row],
            capacity.memory[row],
            capacity.gpus[row],
            capacity.enis[row],
        ];
        let instance = capacity.instances[row];
        for (task, spec, on) in placed(self.seen) {
            if on == instance && task >= self.task {
                let demand = &spec.demand;
                let taken = [demand.cpu, demand.memory, demand.gpus, demand.enis];
                for (left, taken) in left.iter_mut().zip(taken) {
                    *left = left.saturating_add(taken);
                }
            }
        }
        left
    }

    /// Whether a row could take the task. Ports that later tasks of the request took count as taken.
    fn has_room(&self, capacity: &Capacity, row: usize) -> bool {
        let demand = &self.spec.demand;
        let asked = [demand.cpu, demand.memory, demand.gpus, demand.enis];
        let left = self.left(capacity, row);
        let Some(record) = self.seen.ledger.instance(capacity.instances[row]) else {
            return false;
        };
        let zones = &self.spec.zones;
        let zone = &record.spec.zone;
        capacity.open[row] == self.spec.kind as u32
            && asked.iter().zip(left).all(|(asked, left)| *asked <= left)
            && (zones.is_empty() || zone.as_ref().is_none_or(|zone| zones.contains(zone)))
            && (!demand.has_ports() || self.ports_are_free(record))
            && (!self.spec.distinct_instance || !self.has_its_group(record))
    }

    fn ports_are_free(&self, record: &InstanceRecord) -> bool {
        let demand = &self.spec.demand;
        let clashes = ports_clash(&record.spec.reserved_tcp, &demand.tcp)
            || ports_clash(&record.tcp, &demand.tcp)
            || ports_clash(&record.spec.reserved_udp, &demand.udp)
            || ports_clash(&record.udp, &demand.udp);
        let wanted = demand.tcp.len() + demand.udp.len();
        !clashes && record.ports_in_use() + wanted <= PORT_QUOTA
    }

    /// Whether a task was wanted on a container instance before this one.
    fn is_used(&self, instance: ContainerInstanceId) -> bool {
        let record = self.seen.ledger.instance(instance);
        record.is_some_and(|record| older(self.seen.ledger, record, self.task).next().is_some())
    }

    fn has_its_group(&self, record: &InstanceRecord) -> bool {
        let mut before = older(self.seen.ledger, record, self.task);
        before.any(|other| other.group == self.spec.group)
    }
}

/// The wanted tasks of a container instance that are older than a task.
fn older<'a>(
    ledger: &'a Ledger,
    record: &'a InstanceRecord,
    task: TaskId,
) -> impl Iterator<Item = &'a LaunchSpec> {
    let before = record.tasks.iter().copied();
    before
        .filter(move |other| *other < task)
        .filter_map(|other| {
            let known = ledger.task(other).filter(|known| known.is_wanted())?;
            Some(&**ledger.launch_of(known))
        })
}

#[cfg(test)]
mod tests {
    use super::super::support::{History, INSTANCE};
    use super::*;
    use crate::ids::LaunchId;
    use crate::ledger::instance::InstanceSpec;
    use crate::time::SimTime;

    const SECOND: ContainerInstanceId = ContainerInstanceId::new(1);

    /// A second container instance beside the first.
    fn pair(doctor: impl FnOnce(&mut InstanceSpec)) -> History {
        let mut history = History::with_instance();
        let spec = history.instance_spec(doctor);
        let registered = Change::InstanceRegistered {
            instance: SECOND,
            spec,
        };
        history.step(SimTime::ZERO, vec![registered]);
        history
    }

    fn place(history: &mut History, launch: LaunchId, on: &[ContainerInstanceId]) {
        let first = match history.placed(launch) {
            Change::TaskPlaced { task, .. } => task.number(),
            other => unreachable!("{other:?}"),
        };
        let placed = (first..).zip(on).map(|(task, on)| Change::TaskPlaced {
            task: TaskId::new(task),
            launch,
            on: Some(*on),
        });
        history.step(SimTime::from_secs(1), placed.collect());
    }

    /// What is said of the last step, packed by that.
    fn said(history: &History, by: Option<OrderBy>) -> Result<(), String> {
        let step = history.steps.last().expect("something was placed");
        let seen = Seen::step(step.now, 1, None, &step.changes, &step.ledger);
        BinpackKept.after_step(&Seen {
            packed_by: by,
            ..seen
        })
    }

    const FOUND: &str = "opened container-instance-1, though container-instance-0 is in use, has room and has less left";

    #[test]
    fn an_instance_opened_beside_one_with_room_is_found_out() {
        let mut history = pair(|_| {});
        let launch = history.launch(|_| {});
        place(&mut history, launch, &[INSTANCE]);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()));
        place(&mut history, launch, &[SECOND]);
        let found = Err(format!("task-1 {FOUND}"));
        assert_eq!(said(&history, Some(OrderBy::Cpu)), found);
        assert_eq!(said(&history, Some(OrderBy::Memory)), found);
        assert_eq!(said(&history, None), Ok(()), "nobody said binpack");
    }

    #[test]
    fn tasks_of_one_request_are_judged_one_after_the_other() {
        let mut history = pair(|_| {});
        let launch = history.launch(|_| {});
        place(&mut history, launch, &[INSTANCE, INSTANCE, SECOND]);
        let found = Err(format!("task-2 {FOUND}"));
        assert_eq!(said(&history, Some(OrderBy::Cpu)), found);
        let mut history = pair(|_| {});
        let launch = history.launch(|_| {});
        // Eight of 512 MiB fill the first.
        let mut full = vec![INSTANCE; 8];
        full.extend([SECOND, SECOND]);
        place(&mut history, launch, &full);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()));
        full.swap(7, 8);
        let mut history = pair(|_| {});
        let launch = history.launch(|_| {});
        place(&mut history, launch, &full);
        let found = Err(format!("task-7 {FOUND}"));
        assert_eq!(said(&history, Some(OrderBy::Cpu)), found);
    }

    #[test]
    fn an_instance_in_use_that_can_not_take_the_task_is_no_reason() {
        let mut history = pair(|_| {});
        let first = history.launch(|spec| spec.demand.tcp = vec![8080]);
        place(&mut history, first, &[INSTANCE]);
        place(&mut history, first, &[SECOND]);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()), "the port");
        let mut history = pair(|_| {});
        let shy = history.launch(|spec| spec.distinct_instance = true);
        place(&mut history, shy, &[INSTANCE]);
        place(&mut history, shy, &[SECOND]);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()), "the group");
        let mut history = pair(|_| {});
        let launch = history.launch(|_| {});
        place(&mut history, launch, &[INSTANCE]);
        let lost = Change::AgentConnectionChanged {
            instance: INSTANCE,
            connected: false,
        };
        history.step(SimTime::from_secs(1), vec![lost]);
        place(&mut history, launch, &[SECOND]);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()), "the agent");
    }

    #[test]
    fn a_small_empty_instance_may_have_less_left_than_a_large_one_in_use() {
        let mut history = pair(|spec| spec.cpu = 512);
        let launch = history.launch(|_| {});
        place(&mut history, launch, &[INSTANCE]);
        place(&mut history, launch, &[SECOND]);
        assert_eq!(said(&history, Some(OrderBy::Cpu)), Ok(()));
        assert!(said(&history, Some(OrderBy::Memory)).is_err());
    }
}
