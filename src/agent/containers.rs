//! What an agent does with the containers of a task that has started.

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::event::{MEMORY_SLOT, START_TIMEOUT_SLOT};
use crate::ledger::host::HostContainerPhase;
use crate::ledger::task::ContainerReason;
use crate::ledger::{Ctx, Effects, Event};

use super::held::Held;
use super::scene::Scene;
use super::{exit, health, memory, ports};

/// An image pull ends: the container is created and started, or can't be.
pub(crate) fn pull_ended(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(held) = Held::find_at(ctx, task, container, HostContainerPhase::Pulling) else {
        return;
    };
    if let Some(simple) = held.simple() {
        simple.pull_ended(out);
        return;
    }
    let mut scene = held.scene();
    if scene.pull_succeeded(container, out) {
        scene.pulled(container, out);
        let is_over = scene.go_on(out);
        // What it waited for may be gone by now: then it was perhaps the last that could still start.
        if !is_over {
            scene.report_when_running(out);
        }
        scene.close(is_over, out);
    } else {
        ended(
            &mut scene,
            container,
            None,
            ContainerReason::CannotPull,
            out,
        );
    }
}

/// A container has been created, where that is a step of its own.
pub(crate) fn container_created(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(mut scene) = Scene::find_at(ctx, task, container, HostContainerPhase::Creating) else {
        return;
    };
    scene.start(container, out);
    let is_over = scene.go_on(out);
    scene.close(is_over, out);
}

/// A container's process begins. When every container runs or has ended, the task is RUNNING.
pub(crate) fn container_started(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(held) = Held::find_at(ctx, task, container, HostContainerPhase::Starting) else {
        return;
    };
    if let Some(simple) = held.simple() {
        simple.started(out);
        return;
    }
    let mut scene = held.scene();
    let plan = scene.plan(container);
    if !ports::bind(&scene, plan, out) {
        ended(&mut scene, container, None, ContainerReason::PortTaken, out);
        return;
    }
    scene.move_to(container, HostContainerPhase::Running, out);
    if let Some((ends, _)) = exit::ends_after(ctx, plan, (task, container), 0) {
        out.after(ends, Event::ContainerExited(task, container));
    }
    if plan.health.is_some() {
        health::begun(&scene, container, out);
    }
    if let Some(timeout) = plan.start_timeout {
        if scene.is_waited_for(container) {
            out.after(timeout, Event::StartTimedOut(task, container));
        }
    }
    let is_over = scene.go_on(out);
    if !scene.report_when_running(out) {
        scene.report_start(container, out);
    }
    scene.close(is_over, out);
}

/// A container's process ends by itself.
pub(crate) fn container_exited(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(held) = Held::find_at(ctx, task, container, HostContainerPhase::Running) else {
        return;
    };
    if let Some(simple) = held.simple() {
        let (code, reason) = exit::ending(ctx, simple.plan, (task, container), 0);
        simple.ended(Some(code), reason, out);
        return;
    }
    let mut scene = held.scene();
    let restarts = scene.restarts(container);
    let (code, reason) = exit::ending(ctx, scene.plan(container), (task, container), restarts);
    exited(&mut scene, container, code, reason, out);
}

/// A fault ends a container's process now; nothing happens unless it runs.
pub(crate) fn exit_now(ctx: &Ctx<'_>, task: TaskId, container: u16, code: i32, out: &mut Effects) {
    let Some(mut scene) = Scene::find(ctx, task) else {
        return;
    };
    let reason = exit::reason_of(code);
    match scene.phase(container) {
        HostContainerPhase::Running => {
            out.cancel(task, container);
            exited(&mut scene, container, code, reason, out);
        }
        HostContainerPhase::Stopping => {
            out.cancel(task, container);
            ended(&mut scene, container, Some(code), reason, out);
        }
        _ => {}
    }
}

/// A container that was told to stop is gone: it obeyed, or was killed at its stop timeout.
pub(crate) fn container_stopped(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(held) = Held::find_at(ctx, task, container, HostContainerPhase::Stopping) else {
        return;
    };
    if let Some(simple) = held.simple() {
        simple.stopped(out);
        return;
    }
    let mut scene = held.scene();
    let plan = scene.plan(container);
    let code = if scene.obeys_after(container) <= plan.stop_timeout {
        plan.workload.stop_exit_code
    } else {
        exit::KILLED
    };
    ended(
        &mut scene,
        container,
        Some(code),
        ContainerReason::None,
        out,
    );
}

/// A container that was told to stop is killed at its stop timeout, because its host is slow.
pub(crate) fn container_killed(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(held) = Held::find_at(ctx, task, container, HostContainerPhase::Stopping) else {
        return;
    };
    if let Some(simple) = held.simple() {
        simple.killed(out);
        return;
    }
    let (code, reason) = (Some(exit::KILLED), ContainerReason::None);
    ended(&mut held.scene(), container, code, reason, out);
}

/// Others have waited for a container as long as its start timeout lets them.
pub(crate) fn start_timed_out(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(mut scene) = Scene::find_at(ctx, task, container, HostContainerPhase::Running) else {
        return;
    };
    scene.start_timed_out(container, out);
    let is_over = scene.go_on(out);
    scene.report_when_running(out);
    scene.close(is_over, out);
}

/// Stops every container: SIGTERM to those that run, and those that do not run yet never will.
///
/// A container is told only when all that depend on it have stopped.
pub(crate) fn stop_all(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(held) = Held::find(ctx, task) else {
        return;
    };
    if let Some(simple) = held.simple() {
        simple.stop(out);
        return;
    }
    let mut scene = held.scene();
    scene.stop();
    let is_over = scene.go_on(out);
    scene.close(is_over, out);
}

/// Cancels whatever a container of a task that is given up waits for.
pub(crate) fn give_up(task: TaskId, container: u16, out: &mut Effects) {
    out.cancel(task, container);
    out.cancel(task, container | crate::ledger::event::HEALTH_SLOT);
    out.cancel(task, container | START_TIMEOUT_SLOT);
    out.cancel(task, MEMORY_SLOT);
}

/// A process has ended by itself: it is started again in place, or that was all.
fn exited(
    scene: &mut Scene<'_>,
    container: u16,
    code: i32,
    reason: ContainerReason,
    out: &mut Effects,
) {
    if scene.is_stopping() || !exit::is_started_again(scene, container, code) {
        ended(scene, container, Some(code), reason, out);
        return;
    }
    let (ctx, task, plan) = (scene.ctx, scene.task, scene.plan(container));
    let restarts = scene.restarts(container).saturating_add(1);
    let start = &plan.workload.start;
    let start = ctx.delay(start, Purpose::Start, task, exit::luck(container, restarts));
    let start = ctx.ledger.paced(scene.record.on, start);
    let up_at = ctx.now.saturating_add(start);
    out.change(Change::HostContainerRestarted {
        task,
        container,
        exit_code: code,
        up_at,
    });
    if let Some((ends, _)) = exit::ends_after(ctx, plan, (task, container), restarts) {
        let ends = start.saturating_add(ends);
        out.after(ends, Event::ContainerExited(task, container));
    }
    if plan.health.is_some() {
        health::begun_again(scene, container, out);
    }
    memory::watch(scene, Some((container, up_at)), out);
}

/// A container has ended: with an essential one the whole task ends.
fn ended(
    scene: &mut Scene<'_>,
    container: u16,
    exit_code: Option<i32>,
    reason: ContainerReason,
    out: &mut Effects,
) {
    scene.end(container, exit_code, reason, out);
    let is_over = scene.go_on(out);
    if !is_over {
        scene.report_when_running(out);
        scene.report_container(container, out);
    }
    scene.close(is_over, out);
}
