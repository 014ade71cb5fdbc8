//! StartTask: a task on each of some named container instances; the caller is the scheduler.

use std::sync::Arc;

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::launch::LaunchEcho;
use crate::ledger::{Ctx, Effects, InstanceRecord};
use crate::model::{ApiError, Failure, FailureReason, LaunchType, StartTask};
use crate::placement::{Ask, Explanation, Pool};

use super::container_instance::missing_arn;
use super::launch::{self, Prepared, TagsWanted, Wanted, Wishes};
use super::validate;

/// Starts tasks where the caller says; what can't be done is told as failures, in the order of the request.
///
/// # Model
///
/// Placement constraints of the definition are not looked at, and a DRAINING instance is refused as INACTIVE: ECS
/// documents neither.
pub(crate) fn start_task(
    ctx: &Ctx<'_>,
    request: &StartTask,
    out: &mut Effects,
) -> Result<Vec<Failure>, ApiError> {
    let prepared = prepare(ctx, request)?;
    let mut pool = Pool::new(ctx.ledger, prepared.spec().cluster);
    let mut opened = None;
    let mut failures = Vec::new();
    let first = ctx.ledger.next_task().number();
    for (number, text) in (first..).zip(&request.container_instances) {
        let task = TaskId::new(number);
        let ask = prepared.ask(ctx, task, Wishes::default());
        match take(ctx, &mut pool, &ask, text) {
            Ok(on) => {
                let launch = prepared.launch_of(ctx, task, &mut opened, out);
                launch::place(ctx, task, (launch, prepared.spec()), on, out);
            }
            Err((arn, reason)) => {
                out.change(Change::TaskRefused { task, reason });
                failures.push(Failure::new(arn, reason));
            }
        }
    }
    Ok(failures)
}

/// What would become of each container instance that the caller named; nothing changes.
pub(crate) fn explain(ctx: &Ctx<'_>, request: &StartTask) -> Result<Vec<Explanation>, ApiError> {
    let prepared = prepare(ctx, request)?;
    let mut pool = Pool::new(ctx.ledger, prepared.spec().cluster);
    let first = ctx.ledger.next_task().number();
    let explain = |(number, text): (u32, &String)| {
        let ask = prepared.ask(ctx, TaskId::new(number), Wishes::default());
        let known = named(ctx, &ask, text);
        let arn = match known {
            Some((_, record)) => Arc::clone(&record.spec.arn),
            None => missing_arn(ctx, ask.cluster, text),
        };
        let explained = Explanation::of_start(&ask, &pool, arn, known);
        // The next is explained beside what this one takes.
        let _ = take(ctx, &mut pool, &ask, text);
        explained
    };
    Ok((first..)
        .zip(&request.container_instances)
        .map(explain)
        .collect())
}

/// Checks what needs the ledger to be checked, and works out what all tasks of the request share.
fn prepare(ctx: &Ctx<'_>, request: &StartTask) -> Result<Prepared, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    let definition = launch::definition(ctx, &request.task_definition)?;
    validate::run_task::start_against_definition(
        request,
        &ctx.ledger.definition(definition).spec.definition,
    )?;
    let wanted = Wanted {
        cluster,
        definition,
        group: request.group.clone(),
        distinct_instance: false,
        is_plain: false,
    };
    let tags = TagsWanted {
        given: &request.tags,
        propagate: request.propagate_tags,
        managed: request.enable_ecs_managed_tags == Some(true),
    };
    let tags = launch::tags(ctx, cluster, definition, tags)?;
    Ok(launch::prepare(ctx, &wanted, || LaunchEcho {
        started_by: request.started_by.as_deref().map(Arc::from),
        launch_type: Some(LaunchType::Ec2),
        overrides: request.overrides.clone().unwrap_or_default().into(),
        tags,
        enable_execute_command: request.enable_execute_command.unwrap_or(false),
        enable_ecs_managed_tags: request.enable_ecs_managed_tags.unwrap_or(false),
        reference_id: request.reference_id.clone(),
        network_configuration: request.network_configuration.clone(),
        volume_configurations: request.volume_configurations.clone(),
        ..LaunchEcho::default()
    }))
}

/// The container instance that a text names.
fn named<'a>(
    ctx: &Ctx<'a>,
    ask: &Ask<'_>,
    text: &str,
) -> Option<(ContainerInstanceId, &'a InstanceRecord)> {
    let naming = &ctx.settings.naming;
    let instance = ctx.ledger.resolve_instance(naming, ask.cluster, text)?;
    Some((instance, ctx.ledger.instance(instance)?))
}

/// Takes the container instance that the caller named, or tells why not.
fn take(
    ctx: &Ctx<'_>,
    pool: &mut Pool<'_>,
    ask: &Ask<'_>,
    text: &str,
) -> Result<ContainerInstanceId, (Arc<str>, FailureReason)> {
    let Some((id, record)) = named(ctx, ask, text) else {
        return Err((missing_arn(ctx, ask.cluster, text), FailureReason::Missing));
    };
    let taken = if record.is_registered() {
        pool.take(ask, id)
    } else {
        Err(FailureReason::Inactive)
    };
    match taken {
        Ok(()) => Ok(id),
        Err(reason) => Err((Arc::clone(&record.spec.arn), reason)),
    }
}
