//! Whom a planned fault meets: what it leaves open is filled in when it comes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use crate::draw::Draw;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::hazard::Reach;
use crate::ledger::{Ctx, InstanceRecord};
use crate::model::{Fault, Glob, InstanceSet, SpotTarget};

use super::plan::{PlannedFault, When};

/// What happened that a fault is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Cause {
    Task(TaskId),
    Instance(ContainerInstanceId),
}

/// What a fault leaves open and nobody could fill in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// A text that begins with a dollar and is none of those that stand for something.
    #[error("`{text}` stands for nothing: write `$any`, `$any:` and which, or `$cause`")]
    Unknown {
        /// The text.
        text: String,
    },
    /// There is a `$cause` where there is no cause.
    #[error("`$cause` needs a fault that is tied to a task or a container instance")]
    NoCause,
    /// There is a `$cause` in place of what the fault is not tied to.
    #[error("`$cause` stands for no {what} here")]
    OtherCause {
        /// What is to be named.
        what: &'static str,
    },
    /// There is a choice where none can be made.
    #[error("`{text}` narrows nothing: any {what} is `$any`")]
    NoChoice {
        /// The text.
        text: String,
        /// What is to be named.
        what: &'static str,
    },
}

/// What a text of a fault stands for.
enum Open<'a> {
    /// Itself.
    Closed,
    Any(Option<&'a str>),
    Cause,
}

fn read(text: &str) -> Result<Open<'_>, TargetError> {
    match text {
        "$any" => Ok(Open::Any(None)),
        "$cause" => Ok(Open::Cause),
        _ => match (text.strip_prefix("$any:"), text.starts_with('$')) {
            (Some(which), _) => Ok(Open::Any(Some(which))),
            (None, true) => Err(TargetError::Unknown {
                text: text.to_owned(),
            }),
            (None, false) => Ok(Open::Closed),
        },
    }
}

/// A text in a fault that names something.
enum Named<'a> {
    Instance(&'a mut String),
    Task(&'a mut String),
    Container(&'a mut String),
    Zone(&'a mut String),
    Controller(&'a mut String),
}

impl Named<'_> {
    fn what(&self) -> &'static str {
        match self {
            Self::Instance(_) => "container instance",
            Self::Task(_) => "task",
            Self::Container(_) => "container",
            Self::Zone(_) => "zone",
            Self::Controller(_) => "controller",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Instance(text)
            | Self::Task(text)
            | Self::Container(text)
            | Self::Zone(text)
            | Self::Controller(text) => text,
        }
    }
}

/// All texts of a fault that name something; a task comes before its container.
fn names(fault: &mut Fault) -> Vec<Named<'_>> {
    if fault.container_instance().is_some() {
        let name = fault.container_instance_mut();
        return name.map(Named::Instance).into_iter().collect();
    }
    match fault {
        Fault::SpotInterruption(SpotTarget::Task(task)) | Fault::TaskRetirement { task } => {
            vec![Named::Task(task)]
        }
        Fault::ZoneOutage { zone } | Fault::ZoneRecovery { zone } => vec![Named::Zone(zone)],
        Fault::ControllerCrash { controller } | Fault::ControllerRestart { controller } => {
            vec![Named::Controller(controller)]
        }
        Fault::ContainerExit {
            task, container, ..
        }
        | Fault::HealthFail { task, container }
        | Fault::HealthRecover { task, container } => {
            vec![Named::Task(task), Named::Container(container)]
        }
        Fault::Slow { on, .. }
        | Fault::Partition { on, .. }
        | Fault::MessageLoss { on, .. }
        | Fault::MessageRepeat { on, .. }
        | Fault::MessageReorder { on, .. }
        | Fault::ClockSkew { on, .. }
        | Fault::Outage { on }
        | Fault::Recovery { on } => match on {
            InstanceSet::ContainerInstance(name) => vec![Named::Instance(name)],
            InstanceSet::Zone(zone) => vec![Named::Zone(zone)],
            InstanceSet::All | InstanceSet::Attribute { .. } => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether what a planned fault leaves open can be filled in at all.
pub(super) fn check(planned: &PlannedFault) -> Result<(), TargetError> {
    for name in names(&mut planned.fault.clone()) {
        let what = name.what();
        match (read(name.text())?, &name, &planned.when) {
            (Open::Cause, _, When::At(_) | When::Every(_)) => return Err(TargetError::NoCause),
            (Open::Cause, Named::Container(_) | Named::Controller(_), _)
            | (Open::Cause, Named::Task(_), When::ContainerInstance(_)) => {
                return Err(TargetError::OtherCause { what });
            }
            (
                Open::Any(Some(_)),
                Named::Container(_) | Named::Zone(_) | Named::Controller(_),
                _,
            ) => {
                let text = name.text().to_owned();
                return Err(TargetError::NoChoice { text, what });
            }
            _ => {}
        }
    }
    Ok(())
}

/// A planned fault with what it leaves open filled in; `None` when there is nobody whom it could meet.
pub(crate) fn fill(
    ctx: &Ctx<'_>,
    fault: &Fault,
    cause: Option<Cause>,
    draw: &mut Draw,
) -> Option<Fault> {
    let wants_down = matches!(
        fault,
        Fault::InstanceStart { .. }
            | Fault::AgentReconnect { .. }
            | Fault::Recovery { .. }
            | Fault::ControllerRestart { .. }
    );
    let mut filled = fault.clone();
    let mut met = None;
    for name in names(&mut filled) {
        let text = name.text().to_owned();
        let open = read(&text).ok()?;
        match (name, open) {
            (Named::Task(text), Open::Closed) => {
                met = ctx.ledger.task_named(&ctx.settings.naming, text);
            }
            (_, Open::Closed) => {}
            (Named::Instance(text), open) => {
                let instance = match open {
                    Open::Any(which) => any_instance(ctx, which, wants_down, draw)?,
                    _ => instance_of(ctx, cause?)?,
                };
                *text = ctx.ledger.instance(instance)?.spec.arn.to_string();
            }
            (Named::Task(text), open) => {
                let task = match (open, cause) {
                    (Open::Any(which), _) => any_task(ctx, which, draw)?,
                    (_, Some(Cause::Task(task))) => task,
                    _ => return None,
                };
                met = Some(task);
                *text = task_arn(ctx, task)?;
            }
            (Named::Controller(text), Open::Any(_)) => {
                *text = any_controller(ctx, wants_down, draw)?;
            }
            (Named::Controller(_), _) => return None,
            (Named::Container(text), _) => *text = any_container(ctx, met?, draw)?,
            (Named::Zone(text), open) => {
                *text = match open {
                    Open::Any(_) => any_zone(ctx, draw)?,
                    _ => {
                        let record = ctx.ledger.instance(instance_of(ctx, cause?)?)?;
                        record.spec.zone.as_deref()?.to_owned()
                    }
                };
            }
        }
    }
    Some(filled)
}

fn instance_of(ctx: &Ctx<'_>, cause: Cause) -> Option<ContainerInstanceId> {
    match cause {
        Cause::Instance(instance) => Some(instance),
        Cause::Task(task) => ctx.ledger.task(task)?.on,
    }
}

fn task_arn(ctx: &Ctx<'_>, task: TaskId) -> Option<String> {
    let cluster = ctx.ledger.launch_of(ctx.ledger.task(task)?).cluster;
    let name = &ctx.ledger.cluster(cluster).spec.name;
    Some(ctx.settings.naming.task_arn(name, task))
}

/// One of a list, each equally likely.
fn one_of<T: Clone>(all: &[T], draw: &mut Draw) -> Option<T> {
    let count = u64::try_from(all.len()).ok().filter(|count| *count > 0)?;
    all.get(usize::try_from(draw.below(count)).ok()?).cloned()
}

fn any_instance(
    ctx: &Ctx<'_>,
    which: Option<&str>,
    wants_down: bool,
    draw: &mut Draw,
) -> Option<ContainerInstanceId> {
    let reach = match which.map(|which| (which, which.split_once('='))) {
        None => Reach::All,
        Some((_, Some((name, value)))) => Reach::Attribute(Arc::from(name), Arc::from(value)),
        Some((zone, None)) => Reach::Zone(Arc::from(zone)),
    };
    let is_up = |instance: &ContainerInstanceId| {
        let connected = ctx.ledger.instance(*instance).is_some_and(is_connected);
        let host = ctx.ledger.hosts().host(*instance);
        connected && host.is_some_and(|host| host.power.is_on())
    };
    let reached = ctx.ledger.reached(&reach);
    let all: Vec<_> = reached.filter(|it| is_up(it) != wants_down).collect();
    one_of(&all, draw)
}

fn is_connected(record: &InstanceRecord) -> bool {
    record.agent_connected
}

fn any_task(ctx: &Ctx<'_>, which: Option<&str>, draw: &mut Draw) -> Option<TaskId> {
    let family = which.map_or_else(Glob::any, Glob::new);
    let tasks = ctx.ledger.tasks().filter(|(_, record)| {
        record.is_wanted() && family.matches(&ctx.ledger.launch_of(record).family)
    });
    let all: Vec<_> = tasks.map(|(task, _)| task).collect();
    one_of(&all, draw)
}

fn any_container(ctx: &Ctx<'_>, task: TaskId, draw: &mut Draw) -> Option<String> {
    let plans = &ctx.ledger.launch_of(ctx.ledger.task(task)?).containers;
    let names: Vec<_> = plans.iter().map(|plan| plan.name.to_string()).collect();
    one_of(&names, draw)
}

/// One of the controllers that run, or of those that are crashed, by name.
fn any_controller(ctx: &Ctx<'_>, wants_down: bool, draw: &mut Draw) -> Option<String> {
    let known = ctx.ledger.controllers().iter();
    let met = known.filter(|known| known.is_running != wants_down);
    let names: Vec<_> = met.map(|known| known.name.to_string()).collect();
    one_of(&names, draw)
}

/// One of the zones in which there are container instances, by name.
fn any_zone(ctx: &Ctx<'_>, draw: &mut Draw) -> Option<String> {
    let registered = ctx.ledger.reached(&Reach::All);
    let zones: BTreeSet<_> = registered
        .filter_map(|instance| ctx.ledger.instance(instance)?.spec.zone.clone())
        .collect();
    let zones: Vec<_> = zones.into_iter().collect();
    one_of(&zones, draw).map(|zone| zone.to_string())
}
