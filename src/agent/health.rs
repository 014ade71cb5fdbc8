//! Health checks, as Docker makes them for the agent: a first probe one interval after the start, then one an interval
//! after the end of the last; so many failures in a row make a container UNHEALTHY, one success makes it HEALTHY.
//!
//! Nothing happens at a probe that changes nothing, so there is no event for it: what comes due is the next probe that
//! changes the verdict.
//!
//! # Model
//!
//! A probe that passes or fails takes no time; one that hangs takes its timeout. A container that is started again has its
//! probes counted from then on.

use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::event::HEALTH_SLOT;
use crate::ledger::hazard::HazardChange;
use crate::ledger::host::{ContainerLife, HostContainerPhase};
use crate::ledger::launch::HealthPlan;
use crate::ledger::{Ctx, Effects, Event};
use crate::model::{Health, HealthStatus};
use crate::time::SimTime;

use super::exit::luck;
use super::is_connected;
use super::scene::Scene;

/// A stretch of time in which every probe ends the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: SimTime,
    /// That moment excluded.
    until: SimTime,
    passes: bool,
    /// How long each probe takes.
    cost: Duration,
}

/// A container with a health check runs.
pub(super) fn begun(scene: &Scene<'_>, container: u16, out: &mut Effects) {
    let life = ContainerLife {
        started_at: scene.ctx.now.into(),
        ..life(scene, container)
    };
    await_verdict(scene, container, &life, out);
}

/// A container with a health check is started again: nothing is known of it any more.
pub(super) fn begun_again(scene: &Scene<'_>, container: u16, out: &mut Effects) {
    let before = life(scene, container);
    let life = ContainerLife {
        started_at: scene.ctx.now.into(),
        restarts: before.restarts.saturating_add(1),
        health: HealthStatus::Unknown,
        ..before
    };
    out.cancel(scene.task, container | HEALTH_SLOT);
    if before.health != HealthStatus::Unknown {
        moved(scene, container, HealthStatus::Unknown, out);
    }
    await_verdict(scene, container, &life, out);
}

/// A probe changes the verdict.
pub(crate) fn judged(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let running = |scene: &Scene<'_>| scene.phase(container) == HostContainerPhase::Running;
    let Some(mut scene) = Scene::find(ctx, task).filter(running) else {
        return;
    };
    let before = life(&scene, container);
    let just_before = SimTime::from_nanos(ctx.now.as_nanos().saturating_sub(1));
    let Some((_, to)) = verdict(&scene, container, &before, just_before) else {
        return;
    };
    moved(&scene, container, to, out);
    let life = ContainerLife {
        health: to,
        ..before
    };
    await_verdict(&scene, container, &life, out);
    scene.judge(container, to);
    let is_over = scene.go_on(out);
    scene.close(is_over, out);
}

/// A fault says what the health check of a running container finds from now on; whether there is one.
pub(crate) fn force(
    ctx: &Ctx<'_>,
    task: TaskId,
    container: u16,
    passes: bool,
    out: &mut Effects,
) -> bool {
    let running = |scene: &Scene<'_>| scene.phase(container) == HostContainerPhase::Running;
    let Some(scene) = Scene::find(ctx, task).filter(running) else {
        return false;
    };
    if scene.plan(container).health.is_none() {
        return false;
    }
    let before = life(&scene, container);
    let stretches = stretches(&scene, container, &before);
    let now = stretches
        .iter()
        .find(|it| it.from <= ctx.now && ctx.now < it.until);
    let since = now
        .filter(|it| it.passes == passes)
        .map_or(ctx.now, |it| it.from);
    out.change(Change::HostHealthForced {
        task,
        container,
        passes,
        since,
    });
    out.cancel(task, container | HEALTH_SLOT);
    let life = ContainerLife {
        forced: Some((passes, since)),
        ..before
    };
    await_verdict(&scene, container, &life, out);
    true
}

/// What the health check of a container finds is left to its workload again.
pub(crate) fn release(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let lives = ctx.ledger.hosts().life(task, usize::from(container));
    let Some(before) = lives.filter(|life| life.forced.is_some()) else {
        return;
    };
    out.change(Change::Hazard(HazardChange::HealthReleased {
        task,
        container,
    }));
    let running = |scene: &Scene<'_>| scene.phase(container) == HostContainerPhase::Running;
    if let Some(scene) = Scene::find(ctx, task).filter(running) {
        out.cancel(task, container | HEALTH_SLOT);
        let life = ContainerLife {
            forced: None,
            ..*before
        };
        await_verdict(&scene, container, &life, out);
    }
}

/// Sends the health of a container, as it is then; nothing is sent while disconnected.
pub(super) fn report(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let latency = &ctx.profile.latencies.telemetry;
    let delay = ctx.delay(latency, Purpose::Telemetry, task, container);
    out.after(delay, Event::HealthReported(task, container));
}

fn moved(scene: &Scene<'_>, container: u16, to: HealthStatus, out: &mut Effects) {
    out.change(Change::HostHealthMoved {
        task: scene.task,
        container,
        to,
    });
    if is_connected(scene.ctx, scene.record.on) {
        report(scene.ctx, scene.task, container, out);
    }
}

fn life(scene: &Scene<'_>, container: u16) -> ContainerLife {
    let life = scene
        .ctx
        .ledger
        .hosts()
        .life(scene.task, usize::from(container));
    *life.expect("a container with a health check is followed")
}

fn await_verdict(scene: &Scene<'_>, container: u16, life: &ContainerLife, out: &mut Effects) {
    let now = scene.ctx.now;
    if let Some((at, _)) = verdict(scene, container, life, now) {
        out.after(at.since(now), Event::HealthJudged(scene.task, container));
    }
}

/// The next verdict after a time that is not what is known.
fn verdict(
    scene: &Scene<'_>,
    container: u16,
    life: &ContainerLife,
    after: SimTime,
) -> Option<(SimTime, HealthStatus)> {
    let plan = scene.plan(container).health.as_ref()?;
    let started = life.started_at.get()?;
    let stretches = stretches(scene, container, life);
    next_verdict(plan, started, &stretches, life.health, after)
}

/// How the probes of a container end over time, from its start on.
fn stretches(scene: &Scene<'_>, container: u16, life: &ContainerLife) -> Vec<Stretch> {
    let started = life.started_at.get().unwrap_or(scene.ctx.now);
    let plan = scene.plan(container);
    let timeout = plan.health.map_or(Duration::ZERO, |health| health.timeout);
    let whole = |from, passes, cost| Stretch {
        from,
        until: SimTime::MAX,
        passes,
        cost,
    };
    if let Some((passes, since)) = life.forced {
        return vec![whole(since.max(started), passes, Duration::ZERO)];
    }
    let none = Duration::ZERO;
    let (turn, passes, cost) = match &plan.workload.health {
        Health::Passes => return vec![whole(started, true, none)],
        Health::Fails => return vec![whole(started, false, none)],
        Health::Hangs => return vec![whole(started, false, timeout)],
        Health::PassesAfter(turn) => (turn, true, none),
        Health::FailsAfter(turn) => (turn, false, none),
        Health::HangsAfter(turn) => (turn, false, timeout),
    };
    let nth = luck(container, life.restarts);
    let turn = scene.ctx.delay(turn, Purpose::Health, scene.task, nth);
    let turn = started.saturating_add(turn);
    let before = Stretch {
        until: turn,
        ..whole(started, !passes, none)
    };
    vec![before, whole(turn, passes, cost)]
}

/// The first probe after a time that changes the verdict, when it ends and to what.
fn next_verdict(
    plan: &HealthPlan,
    started: SimTime,
    stretches: &[Stretch],
    known: HealthStatus,
    after: SimTime,
) -> Option<(SimTime, HealthStatus)> {
    for stretch in stretches {
        let (to, probes) = if stretch.passes {
            (HealthStatus::Healthy, 1)
        } else {
            (HealthStatus::Unhealthy, plan.retries.max(1))
        };
        if known == to {
            continue;
        }
        // Until a success ends it, failures within the start period do not count.
        let counts_from = match (stretch.passes, known) {
            (false, HealthStatus::Unknown) => started.saturating_add(plan.start_period),
            _ => started,
        };
        let first = first_probe(plan.interval, started, stretch.from.max(counts_from));
        let period = plan.interval.saturating_add(stretch.cost);
        let mut last = first.saturating_add(period.saturating_mul(probes - 1));
        while last.saturating_add(stretch.cost) <= after && last < stretch.until {
            last = last.saturating_add(period);
        }
        if last < stretch.until {
            return Some((last.saturating_add(stretch.cost), to));
        }
    }
    None
}

/// The first probe at or after a time; there is none before an interval has passed.
fn first_probe(interval: Duration, started: SimTime, from: SimTime) -> SimTime {
    let passed = from.since(started).as_nanos();
    let interval_nanos = interval.as_nanos().max(1);
    let probes = passed.div_ceil(interval_nanos).max(1);
    let span = u64::try_from(interval_nanos.saturating_mul(probes)).unwrap_or(u64::MAX);
    started.saturating_add(Duration::from_nanos(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A check every 10 s that may take 5 s, unhealthy at the third failure.
    fn plan(start_period: u64) -> HealthPlan {
        HealthPlan {
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            retries: 3,
            start_period: Duration::from_secs(start_period),
        }
    }

    /// Probes of a container started at 100 s: from seconds after its start on they pass (`+`), fail (`-`) or hang (`?`).
    fn stretches(text: &[(u64, char)]) -> Vec<Stretch> {
        let at = |after: u64| SimTime::from_secs(100 + after);
        let ends = text[1..].iter().map(|(after, _)| at(*after));
        let ends = ends.chain([SimTime::MAX]);
        let stretch = |((after, kind), until): (&(u64, char), SimTime)| Stretch {
            from: at(*after),
            until,
            passes: *kind == '+',
            cost: Duration::from_secs(if *kind == '?' { 5 } else { 0 }),
        };
        text.iter().zip(ends).map(stretch).collect()
    }

    #[track_caller]
    fn check(
        start_period: u64,
        text: &[(u64, char)],
        known: HealthStatus,
        after: u64,
        expected: Option<(u64, HealthStatus)>,
    ) {
        let started = SimTime::from_secs(100);
        let after = SimTime::from_secs(100 + after);
        let found = next_verdict(&plan(start_period), started, &stretches(text), known, after);
        let expected = expected.map(|(at, to)| (SimTime::from_secs(100 + at), to));
        assert_eq!(found, expected);
    }

    use HealthStatus::{Healthy, Unhealthy, Unknown};

    #[test]
    fn the_first_probe_comes_one_interval_after_the_start() {
        check(0, &[(0, '+')], Unknown, 0, Some((10, Healthy)));
        check(0, &[(0, '+')], Healthy, 10, None);
    }

    #[test]
    fn so_many_failures_in_a_row_make_it_unhealthy() {
        check(0, &[(0, '-')], Unknown, 0, Some((30, Unhealthy)));
        check(0, &[(0, '-')], Unhealthy, 30, None);
        check(
            0,
            &[(0, '+'), (35, '-')],
            Healthy,
            10,
            Some((60, Unhealthy)),
        );
    }

    #[test]
    fn failures_within_the_start_period_do_not_count() {
        check(25, &[(0, '-')], Unknown, 0, Some((50, Unhealthy)));
        check(300, &[(0, '-'), (12, '+')], Unknown, 0, Some((20, Healthy)));
        // A success ends the start period.
        check(
            300,
            &[(0, '+'), (12, '-')],
            Healthy,
            10,
            Some((40, Unhealthy)),
        );
    }

    #[test]
    fn a_success_begins_the_count_anew() {
        check(0, &[(0, '-'), (29, '+')], Unknown, 0, Some((30, Healthy)));
        check(0, &[(0, '-'), (31, '+')], Unknown, 0, Some((30, Unhealthy)));
        check(
            0,
            &[(0, '-'), (31, '+')],
            Unhealthy,
            30,
            Some((40, Healthy)),
        );
    }

    #[test]
    fn a_probe_that_hangs_takes_its_timeout() {
        check(0, &[(0, '?')], Unknown, 0, Some((45, Unhealthy)));
        check(
            0,
            &[(0, '+'), (11, '?')],
            Healthy,
            10,
            Some((55, Unhealthy)),
        );
    }
}
