//! Faults: what happens to agents and containers from outside the API.

use thiserror::Error;

use crate::agent;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::call_fault::CallFaultChange;
use crate::ledger::change::Change;
use crate::ledger::host::{HostContainerPhase, Power};
use crate::ledger::{Ctx, Effects, Event, StoppedReason, TaskRecord};
use crate::model::presets::SPOT_NOTICE;
use crate::model::{Fault, SpotTarget, StopCode};

/// Why a fault could not be injected; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultError {
    /// No registered container instance has that id or ARN.
    #[error("no registered container instance is called {reference:?}")]
    NoSuchContainerInstance {
        /// What the fault named.
        reference: String,
    },
    /// No controller lives in the simulation under that name.
    #[error("no controller is called {name:?}")]
    NoSuchController {
        /// What the fault named.
        name: String,
    },
    /// No known task has that id or ARN.
    #[error("no known task is called {reference:?}")]
    NoSuchTask {
        /// What the fault named.
        reference: String,
    },
    /// The task has no container of that name.
    #[error("task {task:?} has no container named {container:?}")]
    NoSuchContainer {
        /// The task the fault named.
        task: String,
        /// The container it named.
        container: String,
    },
    /// The container has no health check that could fail or pass.
    #[error("container {container:?} of task {task:?} has no health check")]
    NoHealthCheck {
        /// The task the fault named.
        task: String,
        /// The container it named.
        container: String,
    },
    /// The container's process does not run, so it can't exit and no check of its health is made.
    #[error("container {container:?} of task {task:?} is not running on its host")]
    NotRunning {
        /// The task the fault named.
        task: String,
        /// The container it named.
        container: String,
    },
    /// The fault was to come, and the simulation was healed before.
    #[error("the simulation was healed before the fault came")]
    Healed,
}

/// Makes a fault happen now.
pub(crate) fn inject(ctx: &Ctx<'_>, fault: &Fault, out: &mut Effects) -> Result<(), FaultError> {
    match fault {
        Fault::ZoneOutage { zone } => {
            for instance in of_zone(ctx, zone) {
                agent::power::halted(ctx, instance, Power::Off, out);
            }
        }
        Fault::ZoneRecovery { zone } => {
            for instance in of_zone(ctx, zone) {
                started(ctx, instance, out);
            }
        }
        Fault::SpotInterruption(SpotTarget::Task(reference)) => {
            let task = find_task(ctx, reference)?;
            let why = (StopCode::SpotInterruption, StoppedReason::SpotInterrupted);
            super::stop_task::interrupt(ctx, task, why, out);
        }
        Fault::TaskRetirement { task } => {
            let task = find_task(ctx, task)?;
            let why = (StopCode::TerminationNotice, StoppedReason::Maintenance);
            super::stop_task::interrupt(ctx, task, why, out);
        }
        Fault::ContainerExit {
            task,
            container,
            exit_code,
        } => exit(ctx, task, container, *exit_code, out)?,
        Fault::HealthFail { task, container } => force_health(ctx, task, container, false, out)?,
        Fault::HealthRecover { task, container } => force_health(ctx, task, container, true, out)?,
        Fault::PullFail { image, lasting } => out.change(Change::PullFailing {
            image: image.clone(),
            until: ctx.now.saturating_add(*lasting),
        }),
        Fault::ReadLag { lag, lasting } => out.change(Change::ReadsLagging {
            lag: *lag,
            until: ctx.now.saturating_add(*lasting),
        }),
        Fault::Throttle { .. } | Fault::ServerError { .. } => calls_meet(ctx, fault, out),
        other => {
            if let Some(injected) = on_instance(ctx, other, out) {
                return injected;
            }
            let injected = super::hazard::inject(ctx, other, out);
            return injected.expect("the engine has seen to faults of controllers");
        }
    }
    Ok(())
}

/// A fault of one container instance, or of its agent; `None` when it is no such fault.
fn on_instance(ctx: &Ctx<'_>, fault: &Fault, out: &mut Effects) -> Option<Result<(), FaultError>> {
    let name = fault.container_instance()?;
    let instance = match find_instance(ctx, name) {
        Ok(instance) => instance,
        Err(error) => return Some(Err(error)),
    };
    match fault {
        Fault::AgentDisconnect { .. } => agent::connection::disconnected(ctx, instance, out),
        Fault::AgentReconnect { .. } => agent::connection::reconnected(ctx, instance, out),
        Fault::AgentRestart { lasting, .. } => {
            agent::connection::disconnected(ctx, instance, out);
            out.after(*lasting, Event::AgentBack(instance));
        }
        Fault::InstanceStop { .. } => agent::power::halted(ctx, instance, Power::Off, out),
        Fault::InstanceStart { .. } => started(ctx, instance, out),
        Fault::InstanceTerminate { .. } => {
            agent::power::halted(ctx, instance, Power::Terminated, out);
        }
        Fault::InstanceHealthFail { repair, .. } => {
            super::instance_health::fail(ctx, instance, *repair, out);
        }
        Fault::InstanceHealthRecover { .. } => super::instance_health::recover(ctx, instance, out),
        Fault::SpotInterruption(_) => {
            agent::power::noticed(ctx, instance, out);
            out.after(SPOT_NOTICE, Event::HostReclaimed(instance));
        }
        other => unreachable!("{other:?} is about no one container instance"),
    }
    Some(Ok(()))
}

/// Has calls of the API meet a fault from now on.
fn calls_meet(ctx: &Ctx<'_>, fault: &Fault, out: &mut Effects) {
    let change = match fault.clone() {
        Fault::Throttle { operation, lasting } => CallFaultChange::Throttled {
            operation,
            until: ctx.now.saturating_add(lasting),
        },
        Fault::ServerError {
            operation,
            lasting,
            applied,
        } => CallFaultChange::Failing {
            operation,
            until: ctx.now.saturating_add(lasting),
            applied,
        },
        other => unreachable!("calls do not meet {other:?}"),
    };
    out.change(Change::CallFault(change));
}

/// The registered container instances of an availability zone, in order of registration.
fn of_zone<'a>(
    ctx: &Ctx<'a>,
    zone: &'a str,
) -> impl Iterator<Item = ContainerInstanceId> + use<'a> {
    let all = ctx.ledger.instances().iter();
    let there = all.filter(move |(_, record)| {
        record.is_registered() && record.spec.zone.as_deref() == Some(zone)
    });
    there.map(|(instance, _)| instance)
}

/// A machine that was stopped runs again: the control plane learns at the latest now that it was stopped.
pub(super) fn started(ctx: &Ctx<'_>, instance: ContainerInstanceId, out: &mut Effects) {
    let host = ctx.ledger.hosts().host(instance);
    if host.is_some_and(|host| host.power == Power::Off) {
        agent::loss::host_gone(ctx, instance, out);
        agent::power::started(ctx, instance, out);
    }
}

fn exit(
    ctx: &Ctx<'_>,
    task: &str,
    container: &str,
    code: i32,
    out: &mut Effects,
) -> Result<(), FaultError> {
    let (id, index) = find_container(ctx, task, container)?;
    match phase_of(ctx, id, index) {
        Some(HostContainerPhase::Running | HostContainerPhase::Stopping) => {
            agent::containers::exit_now(ctx, id, index, code, out);
            Ok(())
        }
        _ => Err(FaultError::NotRunning {
            task: task.to_owned(),
            container: container.to_owned(),
        }),
    }
}

fn force_health(
    ctx: &Ctx<'_>,
    task: &str,
    container: &str,
    passes: bool,
    out: &mut Effects,
) -> Result<(), FaultError> {
    let (id, index) = find_container(ctx, task, container)?;
    if phase_of(ctx, id, index) != Some(HostContainerPhase::Running) {
        return Err(FaultError::NotRunning {
            task: task.to_owned(),
            container: container.to_owned(),
        });
    }
    if agent::health::force(ctx, id, index, passes, out) {
        return Ok(());
    }
    Err(FaultError::NoHealthCheck {
        task: task.to_owned(),
        container: container.to_owned(),
    })
}

fn phase_of(ctx: &Ctx<'_>, task: TaskId, index: u16) -> Option<HostContainerPhase> {
    let held = ctx.ledger.hosts().container(task, usize::from(index));
    held.map(|container| container.phase)
}

fn find_task<'a>(ctx: &Ctx<'a>, task: &str) -> Result<(TaskId, &'a TaskRecord), FaultError> {
    let known = ctx.ledger.task_named(&ctx.settings.naming, task);
    let known = known.and_then(|id| Some((id, ctx.ledger.task(id)?)));
    known.ok_or_else(|| FaultError::NoSuchTask {
        reference: task.to_owned(),
    })
}

/// The task and the position of a container of it.
fn find_container(ctx: &Ctx<'_>, task: &str, container: &str) -> Result<(TaskId, u16), FaultError> {
    let (id, record) = find_task(ctx, task)?;
    let plans = &ctx.ledger.launch_of(record).containers;
    let mut indexed = (0_u16..).zip(plans.iter());
    let found = indexed.find(|(_, plan)| *plan.name == *container);
    match found {
        Some((index, _)) => Ok((id, index)),
        None => Err(FaultError::NoSuchContainer {
            task: task.to_owned(),
            container: container.to_owned(),
        }),
    }
}

pub(super) fn find_instance(
    ctx: &Ctx<'_>,
    reference: &str,
) -> Result<ContainerInstanceId, FaultError> {
    let registered = ctx.ledger.registered_named(&ctx.settings.naming, reference);
    registered.ok_or_else(|| FaultError::NoSuchContainerInstance {
        reference: reference.to_owned(),
    })
}
