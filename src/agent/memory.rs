//! The memory that the containers of a task use together, where the task has a limit of its own.
//!
//! A container that passes its own hard limit is killed for that ([`exit`](super::exit)). The limit of the task is that of a
//! control group around all of its containers (amazon-ecs-agent 1.105.1, `agent/api/task/task_linux.go`): when they use more
//! together, the one that uses most is killed, as by Linux, and the first of several.
//!
//! Only tasks of several containers whose workloads say what memory they use come here.

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::event::MEMORY_SLOT;
use crate::ledger::host::HostContainerPhase;
use crate::ledger::{ContainerPlan, Ctx, Effects, Event};
use crate::time::SimTime;

use super::containers;
use super::exit::{self, luck};
use super::scene::Scene;

/// What a container uses over time: from when on how many MiB, in order of time.
struct Use {
    container: u16,
    steps: Vec<(SimTime, u32)>,
}

impl Use {
    fn at(&self, time: SimTime) -> u32 {
        let past = self.steps.iter().take_while(|(from, _)| *from <= time);
        past.last().map_or(0, |(_, mib)| *mib)
    }
}

/// Waits for the moment at which the containers of a task use more together than it may: what runs has just changed.
/// `restarted` is a container that is being started again, and when it is up.
pub(super) fn watch(scene: &Scene<'_>, restarted: Option<(u16, SimTime)>, out: &mut Effects) {
    let Some(limit) = scene.shared_memory else {
        return;
    };
    out.cancel(scene.task, MEMORY_SLOT);
    let uses: Vec<Use> = (0_u16..)
        .zip(scene.plans)
        .filter_map(|(container, plan)| use_of(scene, container, plan, restarted))
        .collect();
    let now = scene.ctx.now;
    let times = uses.iter().flat_map(|it| &it.steps).map(|(from, _)| *from);
    let mut times: Vec<SimTime> = times.filter(|at| *at > now).chain([now]).collect();
    times.sort_unstable();
    let is_beyond = |at: &SimTime| {
        let together: u64 = uses.iter().map(|it| u64::from(it.at(*at))).sum();
        together > u64::from(limit)
    };
    let Some(at) = times.into_iter().find(is_beyond) else {
        return;
    };
    let most = uses.iter().rev().max_by_key(|it| it.at(at));
    let victim = most.expect("somebody uses it").container;
    out.after(at.since(now), Event::MemoryShort(scene.task, victim));
}

/// What a container uses that runs and of which something is known.
fn use_of(
    scene: &Scene<'_>,
    container: u16,
    plan: &ContainerPlan,
    restarted: Option<(u16, SimTime)>,
) -> Option<Use> {
    let runs = matches!(
        scene.phase(container),
        HostContainerPhase::Running | HostContainerPhase::Stopping
    );
    if !runs || plan.workload.memory.is_empty() {
        return None;
    }
    let (ctx, task) = (scene.ctx, scene.task);
    let life = ctx.ledger.hosts().life(task, usize::from(container))?;
    let (restarts, since) = match restarted {
        Some((it, up_at)) if it == container => (life.restarts.saturating_add(1), up_at),
        _ => (life.restarts, life.up_at.get().unwrap_or(ctx.now)),
    };
    let nth = luck(container, restarts);
    let step = |(number, row): (u64, &crate::model::MemoryStep)| {
        let subject = u64::from(task.number()) | number << 32;
        let after = ctx
            .draws
            .duration(&row.after, Purpose::Memory, subject, nth);
        (since.saturating_add(after), row.mib)
    };
    let mut steps: Vec<_> = (0_u64..).zip(&plan.workload.memory).map(step).collect();
    steps.sort_by_key(|(from, _)| *from);
    Some(Use { container, steps })
}

/// The containers of a task use more together than it may: one of them is killed.
pub(crate) fn short(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    containers::exit_now(ctx, task, container, exit::KILLED, out);
}
