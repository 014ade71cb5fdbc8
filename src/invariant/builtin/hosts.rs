//! What happens on hosts: nothing on those that do not run, nothing twice, all of it in order and in time.

use std::time::Duration;

use crate::draw::Latency;
use crate::ids::TaskId;
use crate::invariant::{Invariant, Seen};
use crate::ledger::host::{HostContainerPhase, HostPhase};
use crate::ledger::table::Table;
use crate::ledger::task::ContainerReason;
use crate::ledger::{Change, ContainerPlan, Ledger};
use crate::model::{Dependency, HealthStatus, StartCondition};
use crate::time::SimTime;

use super::lifecycle::{forget, remember};

/// On a machine that does not run no task waits, and none holds anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeadHosts;

impl Invariant for DeadHosts {
    fn name(&self) -> &str {
        "nothing runs on a dead host"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            match change {
                Change::HostPowered { .. } => return self.at_rest(seen),
                Change::HostAccepted { task, .. }
                | Change::HostStartedAtOnce { task, .. }
                | Change::HostStarted { task }
                | Change::HostContainerMoved { task, .. } => alive(seen.ledger, *task)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let mut tasks = seen.ledger.hosts().tasks();
        tasks.try_for_each(|(task, _)| alive(seen.ledger, task))
    }
}

fn alive(ledger: &Ledger, task: TaskId) -> Result<(), String> {
    let Some(held) = ledger.hosts().task(task) else {
        return Ok(());
    };
    let Some(on) = held.on.filter(|_| held.phase != HostPhase::Stopped) else {
        return Ok(());
    };
    match ledger.hosts().host(on).map(|host| host.power) {
        Some(power) if !power.is_on() => Err(format!(
            "{task} is {:?} on {on}, whose machine is {power:?}",
            held.phase
        )),
        _ => Ok(()),
    }
}

/// No container is started twice, but by its restart policy: not even when the payload of its task comes again.
#[derive(Clone, Debug, Default)]
pub struct StartedOnce {
    /// Of every known task: a bit for each container that was started.
    started: Table<u16>,
}

impl Invariant for StartedOnce {
    fn name(&self) -> &str {
        "a container is started once"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            match change {
                Change::HostContainerMoved {
                    task,
                    container,
                    to: HostContainerPhase::Running,
                } => {
                    let bit = 1 << container;
                    let before = self.started.get(task.number()).copied().unwrap_or(0);
                    remember(&mut self.started, task.number(), before | bit);
                    if before & bit != 0 {
                        return Err(format!("{task}/{container} was started before"));
                    }
                }
                Change::TaskForgotten { task } => {
                    self.started.remove(task.number());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        forget(&mut self.started, |number| {
            seen.ledger.task(TaskId::new(number)).is_some()
        });
        Ok(())
    }
}

/// A container is created only when what it waits for holds, and told to stop only when all that depend on it have
/// stopped.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContainerOrder;

impl Invariant for ContainerOrder {
    fn name(&self) -> &str {
        "containers start and stop in order"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            if let Change::HostContainerMoved {
                task,
                container,
                to,
            } = change
            {
                in_order(seen.ledger, *task, *container, *to)?;
            }
        }
        Ok(())
    }

    /// Conditions that held when a container began need not hold any more.
    fn at_rest(&mut self, _seen: &Seen<'_>) -> Result<(), String> {
        Ok(())
    }
}

fn in_order(
    ledger: &Ledger,
    task: TaskId,
    container: u16,
    to: HostContainerPhase,
) -> Result<(), String> {
    let plans = plans_of(ledger, task);
    let Some(plan) = plans
        .get(usize::from(container))
        .filter(|_| plans.len() > 1)
    else {
        return Ok(());
    };
    let is_created_at_once = matches!(plan.workload.create, Latency::Fixed(time) if time.is_zero());
    let begins = match to {
        HostContainerPhase::Creating => true,
        HostContainerPhase::Starting => is_created_at_once,
        _ => false,
    };
    if begins {
        let mut waits_for = plan.waits_for.iter();
        if let Some(open) = waits_for.find(|dependency| !holds(ledger, task, **dependency)) {
            let on = &plans[usize::from(open.on)].name;
            return Err(format!(
                "{task}/{container} begins though {on} ({}) does not hold",
                open.condition
            ));
        }
    }
    if to == HostContainerPhase::Stopping {
        let runs = |index: usize| {
            let other = ledger.hosts().container(task, index);
            other.is_some_and(|other| !other.is_stopped())
        };
        let mut all = plans.iter().enumerate();
        let depends = |plan: &ContainerPlan| plan.waits_for.iter().any(|it| it.on == container);
        if let Some((index, _)) = all.find(|(index, plan)| depends(plan) && runs(*index)) {
            return Err(format!(
                "{task}/{container} is told to stop before {task}/{index}, which depends on it"
            ));
        }
    }
    Ok(())
}

fn plans_of(ledger: &Ledger, task: TaskId) -> &[ContainerPlan] {
    let held = ledger.hosts().task(task);
    let launch = held.and_then(|held| ledger.launch(held.launch));
    launch.map_or(&[], |launch| &launch.spec.containers)
}

/// Whether a dependency holds (ECS agent, `containerOrderingDependenciesIsResolved`).
fn holds(ledger: &Ledger, task: TaskId, dependency: Dependency) -> bool {
    let index = usize::from(dependency.on);
    let Some(other) = ledger.hosts().container(task, index) else {
        return false;
    };
    let never_ran = other.exit_code.code().is_none()
        || matches!(
            other.reason,
            ContainerReason::DependencyFailed | ContainerReason::DependencyTimedOut
        );
    let has_come_to = |phase| other.phase >= phase && !(other.is_stopped() && never_ran);
    match dependency.condition {
        StartCondition::Create => has_come_to(HostContainerPhase::Starting),
        StartCondition::Start => has_come_to(HostContainerPhase::Running),
        StartCondition::Complete => other.is_stopped() && other.exit_code.code().is_some(),
        StartCondition::Success => other.is_stopped() && other.exit_code.code() == Some(0),
        StartCondition::Healthy => {
            let life = ledger.hosts().life(task, index);
            other.phase == HostContainerPhase::Running
                && life.is_some_and(|life| life.health == HealthStatus::Healthy)
        }
    }
}

/// A task that is told to stop, or loses an essential container, has stopped on its host within the stop timeouts along its
/// longest chain of dependencies, and a second.
#[derive(Clone, Debug, Default)]
pub struct StopTime {
    /// Of every task on a host that is to stop: since when.
    since: Table<SimTime>,
}

impl StopTime {
    fn look(&self, ledger: &Ledger, task: TaskId, now: SimTime) -> Result<(), String> {
        let Some(since) = self.since.get(task.number()) else {
            return Ok(());
        };
        let plans = plans_of(ledger, task);
        let indices = 0..u16::try_from(plans.len()).unwrap_or(u16::MAX);
        let chains = indices.map(|container| chain(plans, container));
        let bound = chains.max().unwrap_or_default() + Duration::from_secs(1);
        let taken = now.since(*since);
        if taken <= bound {
            return Ok(());
        }
        Err(format!(
            "{task} takes {taken:?} to stop, and may take {bound:?}"
        ))
    }
}

/// How long it may take until a container is gone, with all that must go before it.
fn chain(plans: &[ContainerPlan], container: u16) -> Duration {
    let depends = |plan: &ContainerPlan| plan.waits_for.iter().any(|it| it.on == container);
    let dependents = (0_u16..).zip(plans).filter(|(_, plan)| depends(plan));
    let before = dependents.map(|(dependent, _)| chain(plans, dependent));
    before.max().unwrap_or_default() + plans[usize::from(container)].stop_timeout
}

impl Invariant for StopTime {
    fn name(&self) -> &str {
        "tasks stop in time"
    }

    fn after_step(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            match change {
                Change::HostToldToStop { task }
                | Change::HostContainerEnded {
                    task,
                    essential: true,
                    ..
                } if self.since.get(task.number()).is_none() => {
                    self.since.insert(task.number(), seen.now);
                }
                Change::HostContainerEnded { task, .. } | Change::HostStopped { task } => {
                    let held = seen.ledger.hosts().task(*task);
                    if held.is_some_and(|held| held.phase == HostPhase::Stopped) {
                        self.look(seen.ledger, *task, seen.now)?;
                    }
                }
                Change::HostForgotten { task } | Change::TaskHeard { task, .. }
                    if seen.ledger.hosts().task(*task).is_none() =>
                {
                    self.since.remove(task.number());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn at_rest(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        let hosts = seen.ledger.hosts();
        forget(&mut self.since, |number| {
            hosts.task(TaskId::new(number)).is_some()
        });
        let held = hosts.tasks();
        let mut active = held.filter(|(_, held)| held.phase == HostPhase::Active);
        active.try_for_each(|(task, _)| self.look(seen.ledger, task, seen.now))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::support::{History, INSTANCE, judge, judge_at_rest};
    use super::*;
    use crate::ledger::host::Power;

    const TASK: TaskId = TaskId::new(0);

    fn moved(container: u16, to: HostContainerPhase) -> Change {
        Change::HostContainerMoved {
            task: TASK,
            container,
            to,
        }
    }

    fn ended(container: u16) -> Change {
        Change::HostContainerEnded {
            task: TASK,
            container,
            exit_code: Some(0),
            reason: ContainerReason::None,
            essential: true,
        }
    }

    /// A task of `app`, which waits for the start of `db`, on its host.
    fn pair() -> History {
        let mut history = History::with_instance();
        let launch = history.launch(|spec| {
            let app = ContainerPlan {
                waits_for: vec![Dependency {
                    on: 1,
                    condition: StartCondition::Start,
                }],
                ..ContainerPlan::example()
            };
            let db = ContainerPlan {
                name: "db".into(),
                ..ContainerPlan::example()
            };
            spec.is_simple = false;
            spec.containers = Arc::from([app, db]);
        });
        history.step(SimTime::ZERO, vec![history.placed(launch)]);
        let accepted = history.accepted(TASK);
        history.step(
            SimTime::ZERO,
            vec![accepted, Change::HostStarted { task: TASK }],
        );
        history
    }

    #[test]
    fn a_whole_life_breaks_nothing() {
        let history = History::whole_life();
        let none = [] as [String; 0];
        assert_eq!(judge(&mut DeadHosts, &history), none);
        assert_eq!(judge(&mut StartedOnce::default(), &history), none);
        assert_eq!(judge(&mut ContainerOrder, &history), none);
        assert_eq!(judge(&mut StopTime::default(), &history), none);
        assert_eq!(judge_at_rest(&mut DeadHosts, &history), none);
        assert_eq!(judge_at_rest(&mut StopTime::default(), &history), none);
    }

    #[test]
    fn a_task_on_a_machine_that_does_not_run_is_found_out() {
        let mut history = History::with_task();
        let accepted = history.accepted(TASK);
        history.step(SimTime::ZERO, vec![accepted]);
        let halted = Change::HostPowered {
            instance: INSTANCE,
            to: Power::Off,
        };
        history.step(SimTime::ZERO, vec![halted]);
        let expected = "task-0 is Queued on container-instance-0, whose machine is Off";
        assert_eq!(judge(&mut DeadHosts, &history), [expected]);
        assert_eq!(judge_at_rest(&mut DeadHosts, &history), [expected]);
    }

    #[test]
    fn a_container_that_is_started_again_with_its_payload_is_found_out() {
        let mut history = History::with_task();
        let accepted = history.accepted(TASK);
        let life = [
            accepted,
            Change::HostStarted { task: TASK },
            moved(0, HostContainerPhase::Starting),
            moved(0, HostContainerPhase::Running),
            ended(0),
            Change::HostForgotten { task: TASK },
        ];
        history.step(SimTime::ZERO, life.to_vec());
        assert_eq!(
            judge(&mut StartedOnce::default(), &history),
            [] as [String; 0]
        );
        history.step(SimTime::ZERO, life.to_vec());
        assert_eq!(
            judge(&mut StartedOnce::default(), &history),
            ["task-0/0 was started before"]
        );
    }

    #[test]
    fn a_container_that_begins_or_ends_too_early_is_found_out() {
        let mut history = pair();
        let early = [HostContainerPhase::Pulling, HostContainerPhase::Starting];
        history.step(SimTime::ZERO, early.map(|phase| moved(0, phase)).to_vec());
        let found = judge(&mut ContainerOrder, &history);
        assert_eq!(found, ["task-0/0 begins though db (START) does not hold"]);

        let mut history = pair();
        let up = [HostContainerPhase::Starting, HostContainerPhase::Running];
        history.step(SimTime::ZERO, up.map(|phase| moved(1, phase)).to_vec());
        history.step(
            SimTime::ZERO,
            vec![moved(0, HostContainerPhase::Pulling), moved(0, up[0])],
        );
        assert_eq!(judge(&mut ContainerOrder, &history), [] as [String; 0]);
        history.step(SimTime::ZERO, vec![moved(1, HostContainerPhase::Stopping)]);
        assert_eq!(
            judge(&mut ContainerOrder, &history),
            ["task-0/1 is told to stop before task-0/0, which depends on it"]
        );
    }

    #[test]
    fn a_task_that_takes_longer_than_its_chain_to_stop_is_found_out() {
        for (seconds, found) in [(61, 0), (62, 1)] {
            let mut history = pair();
            history.step(SimTime::ZERO, vec![Change::HostToldToStop { task: TASK }]);
            let at = SimTime::from_secs(seconds);
            assert_eq!(
                judge_at_rest(&mut StopTime::default(), &history),
                [] as [String; 0]
            );
            history.step(
                at,
                vec![ended(0), ended(1), Change::HostStopped { task: TASK }],
            );
            let verdict = judge(&mut StopTime::default(), &history);
            assert_eq!(verdict.len(), found, "{verdict:?}");
        }
    }
}
