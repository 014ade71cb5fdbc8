//! What a scheduler that was shown a late view would have decided, had it been shown the truth.

use crate::ids::ContainerInstanceId;
use crate::ledger::Ctx;
use crate::ledger::blame::{Blame, Hindsight};
use crate::ledger::lens::Lens;
use crate::ledger::scheduler_error::SchedulerError;
use crate::placement::seen::SeenCluster;
use crate::placement::{Ask, Placement, Pool, Scheduler};

/// How a scheduler is to see the cluster, and what comes of it.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    pub(crate) lens: Lens<'a>,
    /// What is known better afterwards of each task asked for.
    pub(crate) hindsight: Vec<Hindsight>,
}

/// Asks a copy of the scheduler again over the truth, and says of each wrong answer whether the view is to blame.
///
/// `placements` are those that were checked, `errors` what was found wrong with the others.
pub(super) fn look_back(
    ctx: &Ctx<'_>,
    scheduler: &dyn Scheduler,
    (asks, placements): (&[Ask<'_>], &[Placement]),
    errors: &mut [SchedulerError],
    seen: &SeenCluster<'_>,
) -> Vec<Hindsight> {
    let Some(cluster) = asks.first().map(|ask| ask.cluster) else {
        return Vec::new();
    };
    if !seen.is_stale() && errors.is_empty() {
        let plain = asks.iter().zip(placements).map(|(ask, placement)| {
            let chosen = placement.ok();
            hindsight(ask, (chosen, chosen), seen)
        });
        return plain.collect();
    }
    let mut again = scheduler.clone_boxed();
    let mut fresh = Pool::new(ctx.ledger, cluster);
    let answers = match asks {
        [ask] => vec![again.place(ask, &fresh)],
        _ => again.place_all(asks, &mut fresh),
    };
    let mut truth = Pool::new(ctx.ledger, cluster);
    let mut shown = Pool::seen_by(ctx.ledger, cluster, Some(seen));
    let mut found = Vec::with_capacity(asks.len());
    for (nth, (ask, placement)) in asks.iter().zip(placements).enumerate() {
        let is_why = |error: &&mut SchedulerError| {
            error.task == ask.task && error.mistake.refusal().is_some()
        };
        let error = errors.iter_mut().find(is_why);
        let chosen = match &error {
            Some(error) => error.chosen,
            None => placement.ok(),
        };
        let was_right_as_seen = chosen.is_some_and(|chosen| shown.take(ask, chosen).is_ok());
        let answer = answers.get(nth);
        let again = answer.and_then(|answer| answer.ok());
        let is_right = answer.is_some() && again.is_none_or(|on| truth.take(ask, on).is_ok());
        let known = hindsight(ask, (chosen, again), seen);
        if let Some(error) = error {
            error.blame = Some(Box::new(match (is_right, was_right_as_seen) {
                (false, _) => Blame::WrongWhenFresh { again },
                (true, false) => Blame::WrongAsSeen,
                (true, true) => Blame::Stale {
                    age: known.age,
                    missed: known.missed.clone(),
                    fresh: again,
                },
            }));
        }
        found.push(known);
    }
    found
}

/// What is known better of one task: of what was chosen, and what would have been.
fn hindsight(
    ask: &Ask<'_>,
    (chosen, fresh): (Option<ContainerInstanceId>, Option<ContainerInstanceId>),
    seen: &SeenCluster<'_>,
) -> Hindsight {
    let (age, missed) = chosen
        .or(fresh)
        .map(|on| seen.missed(on))
        .unwrap_or_default();
    Hindsight {
        task: ask.task,
        chosen,
        fresh,
        age,
        missed,
    }
}
