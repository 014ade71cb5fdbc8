//! What the record of a task, or of a container instance, may become.

use crate::ids::{ContainerInstanceId, TaskId};
use crate::invariant::{Invariant, Seen};
use crate::ledger::table::Table;
use crate::ledger::{Change, InstanceRecord, Ledger, TaskRecord};
use crate::model::{ContainerInstanceStatus, DesiredStatus, LastStatus};

use super::instance_of;

/// A task's last status never goes back, and its desired status goes from RUNNING to STOPPED at most once.
///
/// It also holds that no task has the desired status PENDING, and that a stopped task is not wanted any more.
#[derive(Clone, Debug, Default)]
pub struct LifecycleOrder {
    /// Of every task known at the last look.
    known: Table<(LastStatus, DesiredStatus)>,
}

impl LifecycleOrder {
    fn look(&mut self, ledger: &Ledger, task: TaskId) -> Result<(), String> {
        let Some(record) = ledger.task(task) else {
            self.known.remove(task.number());
            return Ok(());
        };
        let now = (record.last_status, record.desired_status);
        let before = remember(&mut self.known, task.number(), now);
        status_order(before, now).map_err(|why| format!("{task}: {why}"))
    }
}

impl Invariant for LifecycleOrder {
    fn name(&self) -> &str {
        "statuses only go forward"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let mut touched = seen.changes.iter().filter_map(Change::task);
        touched.try_for_each(|task| self.look(seen.ledger, task))
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        forget(&mut self.known, |number| {
            seen.ledger.task(TaskId::new(number)).is_some()
        });
        seen.ledger
            .tasks()
            .try_for_each(|(task, _)| self.look(seen.ledger, task))
    }
}

fn status_order(
    before: Option<(LastStatus, DesiredStatus)>,
    (last, desired): (LastStatus, DesiredStatus),
) -> Result<(), String> {
    if let Some((last_before, desired_before)) = before {
        if last < last_before {
            return Err(format!(
                "last status went back from {last_before} to {last}"
            ));
        }
        if desired < desired_before {
            return Err(format!(
                "desired status went back from {desired_before} to {desired}"
            ));
        }
    }
    if desired == DesiredStatus::Pending {
        return Err("desired status is PENDING, which no task has".to_owned());
    }
    if last >= LastStatus::Stopped && desired == DesiredStatus::Running {
        return Err(format!(
            "last status is {last} and desired status still RUNNING"
        ));
    }
    Ok(())
}

/// The version of a task or container instance grows with every visible change, and never falls.
#[derive(Clone, Debug, Default)]
pub struct VersionsGrow {
    tasks: Table<TaskRecord>,
    instances: Table<InstanceFace>,
}

/// What of a container instance makes its version grow.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InstanceFace {
    version: u32,
    status: ContainerInstanceStatus,
    agent_connected: bool,
    left: (u32, u32, u32),
    ports: (Vec<u16>, Vec<u16>),
}

impl InstanceFace {
    fn of(ledger: &Ledger, instance: ContainerInstanceId, record: &InstanceRecord) -> Self {
        Self {
            version: record.version,
            status: record.status,
            agent_connected: record.agent_connected,
            left: ledger.left_on(instance, record),
            ports: (record.tcp.clone(), record.udp.clone()),
        }
    }
}

impl VersionsGrow {
    fn look_at_task(&mut self, ledger: &Ledger, task: TaskId) -> Result<(), String> {
        let Some(record) = ledger.task(task) else {
            self.tasks.remove(task.number());
            return Ok(());
        };
        let Some(before) = remember(&mut self.tasks, task.number(), *record) else {
            return Ok(());
        };
        let same = TaskRecord {
            version: before.version,
            ..*record
        } == before;
        grows(before.version, record.version, same).map_err(|why| format!("{task}: {why}"))
    }

    fn look_at_instance(
        &mut self,
        ledger: &Ledger,
        instance: ContainerInstanceId,
    ) -> Result<(), String> {
        let Some(record) = ledger.instance(instance) else {
            self.instances.remove(instance.number());
            return Ok(());
        };
        let face = InstanceFace::of(ledger, instance, record);
        let version = face.version;
        let Some(before) = remember(&mut self.instances, instance.number(), face.clone()) else {
            return Ok(());
        };
        let same = InstanceFace {
            version: before.version,
            ..face
        } == before;
        grows(before.version, version, same).map_err(|why| format!("{instance}: {why}"))
    }
}

impl Invariant for VersionsGrow {
    fn name(&self) -> &str {
        "versions grow with every visible change"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            if let Some(task) = change.task() {
                self.look_at_task(seen.ledger, task)?;
            }
            if let Change::InstanceForgotten { instance } = change {
                self.look_at_instance(seen.ledger, *instance)?;
            }
            if let Some(instance) = instance_of(seen, change) {
                self.look_at_instance(seen.ledger, instance)?;
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let ledger = seen.ledger;
        forget(&mut self.tasks, |number| {
            ledger.task(TaskId::new(number)).is_some()
        });
        forget(&mut self.instances, |number| {
            ledger.instance(ContainerInstanceId::new(number)).is_some()
        });
        ledger
            .tasks()
            .try_for_each(|(task, _)| self.look_at_task(ledger, task))?;
        ledger
            .instances()
            .iter()
            .try_for_each(|(instance, _)| self.look_at_instance(ledger, instance))
    }
}

fn grows(before: u32, now: u32, same: bool) -> Result<(), String> {
    if now < before {
        return Err(format!("version fell from {before} to {now}"));
    }
    if now == before && !same {
        return Err(format!("a visible change left the version at {now}"));
    }
    Ok(())
}

/// Puts a value into a memory and returns the one it replaces.
pub(super) fn remember<T: Clone>(memory: &mut Table<T>, number: u32, value: T) -> Option<T> {
    match memory.get_mut(number) {
        Some(known) => Some(std::mem::replace(known, value)),
        None => {
            memory.insert(number, value);
            None
        }
    }
}

/// Drops from a memory what the ledger has forgotten.
pub(super) fn forget<T: Clone>(memory: &mut Table<T>, is_known: impl Fn(u32) -> bool) {
    let gone: Vec<u32> = memory
        .iter()
        .map(|(number, _)| number)
        .filter(|number| !is_known(*number))
        .collect();
    for number in gone {
        memory.remove(number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::support::{History, judge, judge_at_rest};
    use super::*;
    use crate::ledger::ContainerStatus;
    use crate::ledger::task::ContainerReason;
    use crate::time::SimTime;

    #[test]
    fn a_whole_life_is_in_order() {
        let history = History::whole_life();
        assert_eq!(
            judge(&mut LifecycleOrder::default(), &history),
            [] as [String; 0]
        );
        assert_eq!(
            judge(&mut VersionsGrow::default(), &history),
            [] as [String; 0]
        );
        assert_eq!(
            judge_at_rest(&mut LifecycleOrder::default(), &history),
            [] as [String; 0]
        );
        assert_eq!(
            judge_at_rest(&mut VersionsGrow::default(), &history),
            [] as [String; 0]
        );
    }

    #[test]
    fn a_life_played_backwards_is_found_out_after_steps_and_at_rest() {
        let mut history = History::whole_life();
        history.steps.retain(|step| step.ledger.tasks_known() > 0);
        history.steps.reverse();
        let found = judge(&mut LifecycleOrder::default(), &history);
        assert_eq!(
            found[0],
            "task-0: last status went back from STOPPED to STOPPING"
        );
        assert_eq!(
            judge_at_rest(&mut LifecycleOrder::default(), &history)[0],
            found[0]
        );
        let found = judge(&mut VersionsGrow::default(), &history);
        assert_eq!(found[0], "task-0: version fell from 5 to 4");
        assert_eq!(
            judge_at_rest(&mut VersionsGrow::default(), &history)[0],
            found[0]
        );
    }

    #[test]
    fn a_task_wanted_again_is_found_out() {
        use DesiredStatus::{Pending, Running, Stopped};
        let order = |before, now| {
            status_order(
                Some((LastStatus::Running, before)),
                (LastStatus::Running, now),
            )
        };
        assert_eq!(order(Running, Stopped), Ok(()));
        assert!(order(Stopped, Running).is_err());
        assert!(order(Running, Pending).is_err());
        assert!(status_order(None, (LastStatus::Stopped, Running)).is_err());
    }

    #[test]
    fn a_step_without_a_version_is_found_out() {
        let mut history = History::with_task();
        let (task, now) = (TaskId::new(0), SimTime::from_secs(9));
        history.step(
            now,
            vec![Change::ContainerMoved {
                task,
                container: 0,
                to: ContainerStatus::Running,
                exit_code: None,
                reason: ContainerReason::None,
            }],
        );
        let found = judge(&mut VersionsGrow::default(), &history);
        assert_eq!(found, ["task-0: a visible change left the version at 1"]);
    }

    #[test]
    fn a_forgotten_task_leaves_no_memory() {
        let history = History::whole_life();
        let mut order = LifecycleOrder::default();
        let mut versions = VersionsGrow::default();
        judge(&mut order, &history);
        judge(&mut versions, &history);
        assert!(order.known.is_empty() && versions.tasks.is_empty());
    }
}
