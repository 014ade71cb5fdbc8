//! The answers of a scheduler against the truth, before anything is committed.

use std::sync::Arc;

use crate::ids::ContainerInstanceId;
use crate::ledger::Ctx;
use crate::ledger::scheduler_error::{Mistake, SchedulerError};
use crate::model::{Failure, FailureReason};
use crate::placement::seen::SeenCluster;
use crate::placement::{Ask, Complaint, EcsScheduler, Placement, Pool, Refusal, Scheduler};

use super::hindsight::{Look, look_back};

/// Turns wrong answers into refusals, and tells what is wrong with them; then what the scheduler itself complains of.
///
/// `answers` is how many there were; `placements` has one for each ask. What the scheduler saw late is looked back on.
pub(super) fn check(
    ctx: &Ctx<'_>,
    scheduler: &mut dyn Scheduler,
    (asks, placements): (&[Ask<'_>], &mut [Placement]),
    answers: usize,
    late: Option<(&SeenCluster<'_>, &mut Look<'_>)>,
) -> Vec<SchedulerError> {
    if is_trusted(scheduler, late.is_some()) {
        return Vec::new();
    }
    let mut errors = errors(ctx, scheduler, asks, placements, answers);
    if let Some((seen, look)) = late {
        look.hindsight = look_back(ctx, scheduler, (asks, placements), &mut errors, seen);
    }
    errors
}

/// Whether answers are right without a look: ECS's own scheduler answers what it saw to fit, as debug builds check.
fn is_trusted(scheduler: &dyn Scheduler, is_late: bool) -> bool {
    !cfg!(debug_assertions) && !is_late && scheduler.as_any().is::<EcsScheduler>()
}

/// The wrong answers, which become refusals.
fn errors(
    ctx: &Ctx<'_>,
    scheduler: &mut dyn Scheduler,
    asks: &[Ask<'_>],
    placements: &mut [Placement],
    answers: usize,
) -> Vec<SchedulerError> {
    let mut found: Vec<Complaint> = Vec::new();
    let Some(cluster) = asks.first().map(|ask| ask.cluster) else {
        return Vec::new();
    };
    let mut pool = Pool::new(ctx.ledger, cluster);
    for (nth, (ask, placement)) in asks.iter().zip(&mut *placements).enumerate() {
        let (chosen, mistake) = match *placement {
            _ if nth >= answers => {
                let asks = asks.len();
                (None, Mistake::NoAnswer { asks, answers })
            }
            Err(_) => continue,
            Ok(instance) => {
                let checked = match asks {
                    [_] => pool.can_take(ask, instance).map(drop),
                    _ => pool.take(ask, instance),
                };
                match checked {
                    Ok(()) => continue,
                    Err(reason) => (Some(instance), mistake(ctx, &pool, ask, (instance, reason))),
                }
            }
        };
        *placement = Err(Refusal {
            reason: mistake.refusal().unwrap_or(FailureReason::Missing),
            closest: chosen,
        });
        found.push(Complaint {
            task: ask.task,
            chosen,
            mistake,
        });
    }
    if let Some(last) = asks.last().filter(|_| answers > asks.len()) {
        let chosen = placements.last().and_then(|placement| placement.ok());
        let asks = asks.len();
        found.push(Complaint {
            task: last.task,
            chosen,
            mistake: Mistake::SurplusAnswers { asks, answers },
        });
    }
    found.extend(scheduler.complaints());
    if found.is_empty() {
        return Vec::new();
    }
    let name: Arc<str> = Arc::from(scheduler.name());
    let error = |complaint: Complaint| SchedulerError {
        at: ctx.now,
        scheduler: Arc::clone(&name),
        task: complaint.task,
        chosen: complaint.chosen,
        mistake: complaint.mistake,
        blame: None,
    };
    found.into_iter().map(error).collect()
}

/// What is wrong with a choice that `pool`, with the picks before it, refuses.
fn mistake(
    ctx: &Ctx<'_>,
    pool: &Pool<'_>,
    ask: &Ask<'_>,
    (instance, reason): (ContainerInstanceId, FailureReason),
) -> Mistake {
    let Some(row) = pool.instances().iter().position(|known| *known == instance) else {
        return Mistake::UnknownInstance;
    };
    let unmet = pool.evidence(ask, row, reason);
    let alone = Pool::new(ctx.ledger, ask.cluster).can_take(ask, instance);
    if alone.is_ok() {
        Mistake::Crowded(unmet)
    } else {
        Mistake::Unfit(unmet)
    }
}

/// The failure of a task that is refused for a mistake; `None` when it is refused for another reason.
pub(super) fn failure(ctx: &Ctx<'_>, ask: &Ask<'_>, errors: &[SchedulerError]) -> Option<Failure> {
    let of_task = errors.iter().filter(|error| error.task == ask.task);
    let (error, reason) = of_task
        .filter_map(|error| Some((error, error.mistake.refusal()?)))
        .next()?;
    let record = error.chosen.and_then(|chosen| ctx.ledger.instance(chosen));
    Some(Failure {
        arn: record.map(|record| Arc::clone(&record.spec.arn)),
        reason,
        detail: Some(error.to_string()),
    })
}
