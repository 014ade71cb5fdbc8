//! RunTask: places up to ten tasks, each seeing where those before it went.

use std::borrow::Cow;
use std::slice;
use std::sync::Arc;

use crate::ids::{ClusterId, TaskDefinitionId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::definition::DefinitionSpec;
use crate::ledger::instance::InstanceKind;
use crate::ledger::launch::LaunchEcho;
use crate::ledger::scheduler_error::SchedulerError;
use crate::ledger::token::{TOKEN_LIFETIME, Token};
use crate::ledger::{Ctx, Effects};
use crate::model::constraint::Constraint;
use crate::model::{
    ApiError, CapacityProviderStrategyItem, Failure, FailureReason, FailureShape, LaunchType,
    PlacementConstraintType, Problem, RunTask,
};
use crate::placement::seen::SeenCluster;
use crate::placement::{Ask, Placement, Pool, Refusal, Rule, Scheduler};

use super::decisions;
use super::fargate;
use super::hindsight::Look;
use super::launch::{self, Prepared, TagsWanted, Wanted, Wishes};
use super::validate;

/// Failures told of one task when every instance tells.
const FAILURES_MAX: usize = 10;

/// What RunTask did.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Tasks were placed or refused; the placed ones are in the changes.
    Placed(Vec<Failure>),
    /// The call repeats one that was made before.
    Repeated(Arc<Token>),
}

/// Places and starts tasks; `constraints` are those of the request, compiled. `late` is how the scheduler sees the cluster,
/// when it does not see it as it is.
pub(crate) fn run_task(
    ctx: &Ctx<'_>,
    request: &RunTask,
    constraints: Vec<Arc<Constraint>>,
    scheduler: &mut dyn Scheduler,
    late: Option<&mut Look<'_>>,
    out: &mut Effects,
) -> Result<Answer, ApiError> {
    let cluster = ctx.ledger.resolve_cluster(request.cluster.as_deref())?;
    if let Some(token) = repeated(ctx, cluster, request)? {
        return Ok(Answer::Repeated(token));
    }
    let definition = launch::definition(ctx, &request.task_definition)?;
    validate::run_task::against_definition(
        request,
        &ctx.ledger.definition(definition).spec.definition,
    )?;
    let strategy = strategy(ctx, cluster, request);
    let on_fargate = request.launch_type == Some(LaunchType::Fargate)
        || strategy.first().is_some_and(|item| item.is_of_fargate());
    let platform_version = if on_fargate {
        validate::run_task::no_placement_on_fargate(request)?;
        let definition = &ctx.ledger.definition(definition).spec.definition;
        let asked = request.platform_version.as_deref();
        Some(fargate::platform_version(asked, definition)?)
    } else {
        instances(ctx, cluster, request)?;
        request.platform_version.clone()
    };
    let capacity = Capacity {
        strategy,
        on_fargate,
        platform_version,
    };
    let prepared = prepare(ctx, cluster, definition, request, capacity)?;
    let rules: Vec<Rule> = request
        .placement_strategy
        .iter()
        .filter_map(Rule::read)
        .collect();
    let count = u32::try_from(request.count.unwrap_or(1)).expect("the count was validated");
    let first = ctx.ledger.next_task().number();
    if on_fargate {
        fargate::place_all(ctx, &prepared, TaskId::new(first), count, out);
        keep_token(ctx, cluster, request, &[], out);
        return Ok(Answer::Placed(Vec::new()));
    }
    let constraints = with_own(&ctx.ledger.definition(definition).spec, constraints);
    let wishes = Wishes {
        constraints: &constraints,
        rules: &rules,
    };
    let ask = prepared.ask(ctx, TaskId::new(first), wishes);
    let seen = late
        .as_ref()
        .map(|look| SeenCluster::new(ctx.ledger, cluster, look.lens));
    let late = seen.as_ref().zip(late);
    let mut pool = Pool::seen_by(ctx.ledger, cluster, seen.as_ref());
    let failures = if count == 1 {
        // The usual request, without a list of one.
        let mut placement = scheduler.place(&ask, &pool);
        let (asks, placements) = (slice::from_ref(&ask), slice::from_mut(&mut placement));
        let errors = decisions::check(ctx, scheduler, (asks, placements), 1, late);
        commit(ctx, &prepared, (asks, placements), &errors, out)
    } else {
        let tasks = (first..first.saturating_add(count)).map(TaskId::new);
        let asks: Vec<Ask<'_>> = tasks.map(|task| Ask { task, ..ask }).collect();
        let mut placements = scheduler.place_all(&asks, &mut pool);
        let answers = placements.len();
        placements.resize(asks.len(), Err(Refusal::from(FailureReason::Missing)));
        let checked = (&asks[..], &mut placements[..]);
        let errors = decisions::check(ctx, scheduler, checked, answers, late);
        commit(ctx, &prepared, (&asks, &placements), &errors, out)
    };
    keep_token(ctx, cluster, request, &failures, out);
    Ok(Answer::Placed(failures))
}

/// The constraints of a definition, and those of a request behind them.
fn with_own(
    definition: &DefinitionSpec,
    constraints: Vec<Arc<Constraint>>,
) -> Cow<'_, [Arc<Constraint>]> {
    let own = &definition.constraints;
    if constraints.is_empty() {
        return Cow::Borrowed(own);
    }
    Cow::Owned(own.iter().cloned().chain(constraints).collect())
}

/// What the tasks of a request are to run on.
struct Capacity<'a> {
    strategy: &'a [CapacityProviderStrategyItem],
    on_fargate: bool,
    platform_version: Option<String>,
}

/// The capacity providers of a request: its own, else those that the cluster gives to requests without any.
fn strategy<'a>(
    ctx: &Ctx<'a>,
    cluster: ClusterId,
    request: &'a RunTask,
) -> &'a [CapacityProviderStrategyItem] {
    if request.launch_type.is_some() || !request.capacity_provider_strategy.is_empty() {
        return &request.capacity_provider_strategy;
    }
    let cluster = &ctx.ledger.cluster(cluster).spec.request;
    &cluster.default_capacity_provider_strategy
}

/// Refuses a launch type that has no container instance here.
fn instances(ctx: &Ctx<'_>, cluster: ClusterId, request: &RunTask) -> Result<(), ApiError> {
    if request.launch_type == Some(LaunchType::ManagedInstances) {
        let message = "Launch type MANAGED_INSTANCES is not simulated.";
        return Err(ApiError::UnsupportedFeature(Problem::about(
            "launchType",
            LaunchType::ManagedInstances,
            message,
        )));
    }
    let kind = InstanceKind::of(request.launch_type);
    if ctx.ledger.cluster(cluster).capacity.count_of(kind) == 0 {
        return Err(ApiError::invalid(
            "cluster",
            request.cluster.as_deref().unwrap_or("default"),
            "No Container Instances were found in your cluster.",
        ));
    }
    Ok(())
}

/// The earlier call that this one repeats.
fn repeated(
    ctx: &Ctx<'_>,
    cluster: ClusterId,
    request: &RunTask,
) -> Result<Option<Arc<Token>>, ApiError> {
    let Some(name) = &request.client_token else {
        return Ok(None);
    };
    let Some(token) = ctx
        .ledger
        .tokens()
        .get(cluster, name)
        .filter(|token| is_kept(ctx, token))
    else {
        return Ok(None);
    };
    if token.request != without_cluster(request) {
        let cluster = &ctx.ledger.cluster(cluster).spec.name;
        let arns: Vec<String> = token
            .tasks
            .iter()
            .map(|task| ctx.settings.naming.task_arn(cluster, *task))
            .collect();
        let message = format!(
            "The client token was used with other parameters. Resources of the first call: [{}]",
            arns.join(", ")
        );
        let problem = Problem::about("clientToken", name, message).resources(arns);
        return Err(ApiError::Conflict(problem));
    }
    Ok(Some(Arc::clone(token)))
}

fn without_cluster(request: &RunTask) -> RunTask {
    RunTask {
        cluster: None,
        ..request.clone()
    }
}

/// A token lives a day, or until an hour after the last of its tasks has stopped: that is when it is forgotten.
fn is_kept(ctx: &Ctx<'_>, token: &Token) -> bool {
    let age = ctx.now.since(token.at);
    let is_young = age < ctx.settings.stopped_task_retention;
    age < TOKEN_LIFETIME
        && (is_young
            || token
                .tasks
                .iter()
                .any(|task| ctx.ledger.task(*task).is_some()))
}

fn prepare(
    ctx: &Ctx<'_>,
    cluster: ClusterId,
    definition: TaskDefinitionId,
    request: &RunTask,
    capacity: Capacity<'_>,
) -> Result<Prepared, ApiError> {
    let is_distinct = |kind: Option<PlacementConstraintType>| {
        kind == Some(PlacementConstraintType::DistinctInstance)
    };
    let wanted = Wanted {
        cluster,
        definition,
        group: request.group.clone(),
        distinct_instance: request
            .placement_constraints
            .iter()
            .any(|rule| is_distinct(rule.r#type)),
        is_plain: is_plain(request),
    };
    let tags = TagsWanted {
        given: &request.tags,
        propagate: request.propagate_tags,
        managed: request.enable_ecs_managed_tags == Some(true),
    };
    let tags = launch::tags(ctx, cluster, definition, tags)?;
    Ok(launch::prepare(ctx, &wanted, || LaunchEcho {
        started_by: request.started_by.as_deref().map(Arc::from),
        launch_type: match request.launch_type {
            None if capacity.on_fargate => Some(LaunchType::Fargate),
            None if capacity.strategy.is_empty() => Some(LaunchType::Ec2),
            asked => asked,
        },
        overrides: request.overrides.clone().unwrap_or_default().into(),
        tags,
        enable_execute_command: request.enable_execute_command.unwrap_or(false),
        enable_ecs_managed_tags: request.enable_ecs_managed_tags.unwrap_or(false),
        reference_id: request.reference_id.clone(),
        platform_version: capacity.platform_version,
        fargate: capacity.on_fargate.then(|| {
            let definition = &ctx.ledger.definition(definition).spec.definition;
            fargate::platform(definition, request.overrides.as_ref())
        }),
        capacity_provider_strategy: capacity.strategy.to_vec(),
        network_configuration: request.network_configuration.clone(),
        volume_configurations: request.volume_configurations.clone(),
    }))
}

/// Whether all that tasks show of the request is its cluster and its definition.
fn is_plain(request: &RunTask) -> bool {
    request.group.is_none()
        && request.started_by.is_none()
        && request.overrides.is_none()
        && request.launch_type.is_none()
        && request.tags.is_empty()
        && request.propagate_tags.is_none()
        && request.placement_constraints.is_empty()
        && request.reference_id.is_none()
        && request.platform_version.is_none()
        && request.enable_execute_command.is_none()
        && request.enable_ecs_managed_tags.is_none()
        && request.network_configuration.is_none()
        && request.capacity_provider_strategy.is_empty()
        && request.volume_configurations.is_empty()
}

/// Writes down what the scheduler got wrong and where the tasks go, and sends their payloads; the failures of those that
/// go nowhere.
fn commit(
    ctx: &Ctx<'_>,
    prepared: &Prepared,
    (asks, placements): (&[Ask<'_>], &[Placement]),
    errors: &[SchedulerError],
    out: &mut Effects,
) -> Vec<Failure> {
    for error in errors {
        let error = Arc::new(error.clone());
        out.change(Change::SchedulerErred { error });
    }
    let placed = placements.iter().flatten().copied();
    let group = prepared.spec().group;
    ctx.ledger.read_instances_ahead(placed, group);
    let is_shared = !prepared.is_decided() && placements.iter().any(Result::is_ok);
    let mut opened = is_shared.then(|| prepared.open(ctx, out));
    let mut failures = Vec::new();
    for (nth, (ask, placement)) in asks.iter().zip(placements).enumerate() {
        match placement {
            Ok(on) => {
                let launch = prepared.launch_of(ctx, ask.task, &mut opened, out);
                launch::place(ctx, ask.task, (launch, prepared.spec()), *on, out);
            }
            Err(refusal) => {
                out.change(Change::TaskRefused {
                    task: ask.task,
                    reason: refusal.reason,
                });
                if let Some(failure) = decisions::failure(ctx, ask, errors) {
                    failures.push(failure);
                    continue;
                }
                let before = asks.iter().zip(placements).take(nth);
                tell(ctx, before, ask, refusal, &mut failures);
            }
        }
    }
    failures
}

/// Tells why a task has no place.
///
/// `before` are the asks of the same request that came before it: their picks are in its way too.
fn tell<'a>(
    ctx: &Ctx<'_>,
    before: impl Iterator<Item = (&'a Ask<'a>, &'a Placement)>,
    ask: &Ask<'_>,
    refusal: &Refusal,
    failures: &mut Vec<Failure>,
) {
    let arn = |instance| {
        ctx.ledger
            .instance(instance)
            .map(|record| Arc::clone(&record.spec.arn))
    };
    let closest = || Failure {
        arn: refusal.closest.and_then(arn),
        reason: refusal.reason,
        detail: None,
    };
    match ctx.settings.failures {
        FailureShape::Closest => failures.push(closest()),
        FailureShape::EveryInstance => {
            // A scheduler may refuse what every instance could take; that is told too.
            let told = failures.len();
            let mut pool = Pool::new(ctx.ledger, ask.cluster);
            for (earlier, placement) in before {
                if let Ok(instance) = placement {
                    let taken = pool.take(earlier, *instance);
                    taken.expect("the decisions were checked in this order");
                }
            }
            let refused =
                (0..pool.len()).filter_map(|row| Some((row, pool.shortfalls(ask, row).first()?)));
            failures.extend(refused.take(FAILURES_MAX).map(|(row, reason)| Failure {
                arn: arn(pool.instances()[row]),
                reason,
                detail: None,
            }));
            if failures.len() == told {
                failures.push(closest());
            }
        }
    }
}

fn keep_token(
    ctx: &Ctx<'_>,
    cluster: ClusterId,
    request: &RunTask,
    failures: &[Failure],
    out: &mut Effects,
) {
    let Some(name) = &request.client_token else {
        return;
    };
    let placed = out.changes().iter().filter_map(|change| match change {
        Change::TaskPlaced { task, .. } => Some(*task),
        _ => None,
    });
    let token = Token {
        at: ctx.now,
        cluster,
        request: without_cluster(request),
        tasks: placed.collect(),
        failures: failures.to_vec(),
    };
    out.change(Change::TokenKept {
        cluster,
        name: Arc::from(name.as_str()),
        token: Arc::new(token),
    });
}
