//! How a process ends by itself, and whether it is started again.

use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::task::ContainerReason;
use crate::ledger::{ContainerPlan, Ctx, Event};
use crate::model::{ExitCode, Run};

use super::scene::Scene;

/// The exit code of a process killed by SIGKILL: at its stop timeout, or for memory.
pub(super) const KILLED: i32 = 137;

/// Which decision of its kind this is of a container's `nth` run: a run has luck of its own.
pub(super) fn luck(container: u16, restarts: u16) -> u16 {
    container | restarts << 4
}

/// When the process of a container ends by itself, counted from its start, and whether it is killed for its memory then.
pub(super) fn ends_after(
    ctx: &Ctx<'_>,
    plan: &ContainerPlan,
    (task, container): (TaskId, u16),
    restarts: u16,
) -> Option<(Duration, bool)> {
    let nth = luck(container, restarts);
    let run = match &plan.workload.run {
        Run::For(run) => Some(ctx.delay(run, Purpose::Run, task, nth)),
        Run::Forever => None,
    };
    if plan.workload.memory.is_empty() {
        return run.map(|run| (run, false));
    }
    let limit = plan.memory_limit.unwrap_or(u32::MAX);
    let steps = (0_u64..).zip(&plan.workload.memory);
    let beyond = steps
        .filter(|(_, step)| step.mib > limit)
        .map(|(step, row)| {
            // Tasks are below 2^32, so the steps of one have numbers of their own.
            let subject = u64::from(task.number()) | step << 32;
            ctx.draws
                .duration(&row.after, Purpose::Memory, subject, nth)
        });
    match (run, beyond.min()) {
        (Some(run), Some(killed)) if killed > run => Some((run, false)),
        (_, Some(killed)) => Some((killed, true)),
        (run, None) => run.map(|run| (run, false)),
    }
}

/// When the process of a container that is told to stop is gone, and what comes due then: it obeys, or is killed at its stop
/// timeout. A slow host can make it too late.
pub(super) fn gone_after(
    ctx: &Ctx<'_>,
    on: Option<ContainerInstanceId>,
    plan: &ContainerPlan,
    (task, container): (TaskId, u16),
    obeys: Duration,
) -> (Duration, Event) {
    let timeout = plan.stop_timeout;
    let slowed = ctx.ledger.paced(on, obeys);
    if slowed > timeout && obeys <= timeout {
        return (timeout, Event::ContainerKilled(task, container));
    }
    (
        slowed.min(timeout),
        Event::ContainerStopped(task, container),
    )
}

/// What the process of a container exits with now that it ends by itself.
pub(super) fn ending(
    ctx: &Ctx<'_>,
    plan: &ContainerPlan,
    (task, container): (TaskId, u16),
    restarts: u16,
) -> (i32, ContainerReason) {
    if !plan.workload.memory.is_empty() {
        let ends = ends_after(ctx, plan, (task, container), restarts);
        if ends.is_some_and(|(_, killed)| killed) {
            return (KILLED, ContainerReason::OutOfMemory);
        }
    }
    let code = match &plan.workload.exit_code {
        ExitCode::Always(code) => *code,
        ExitCode::Weighted(rows) => {
            let weights: Vec<u32> = rows.iter().map(|(weight, _)| *weight).collect();
            let nth = luck(container, restarts);
            let mut draw = ctx
                .draws
                .at(Purpose::ExitCode, u64::from(task.number()), nth);
            rows[draw.weighted(&weights)].1
        }
    };
    (code, reason_of(code))
}

/// What is said of a process that exited with a code.
pub(super) fn reason_of(code: i32) -> ContainerReason {
    if code == KILLED {
        ContainerReason::OutOfMemory
    } else {
        ContainerReason::None
    }
}

/// Whether a container whose process has just ended is started again: its policy says so, the code is not one to be
/// ignored, and it ran long enough since it was last started (`ecs-agent/api/container/restart`).
pub(super) fn is_started_again(scene: &Scene<'_>, container: u16, code: i32) -> bool {
    let Some(policy) = &scene.plan(container).restart else {
        return false;
    };
    let life = scene
        .ctx
        .ledger
        .hosts()
        .life(scene.task, usize::from(container));
    let started = life.and_then(|life| life.started_at.get());
    let has_run_enough = started.is_some_and(|at| scene.ctx.now.since(at) >= policy.attempt_period);
    has_run_enough && !policy.ignored_exit_codes.contains(&code)
}
