//! What an agent does with the containers of a task that has started.

use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::host::{HostContainer, HostContainerPhase, HostPhase, HostTask};
use crate::ledger::task::ContainerReason;
use crate::ledger::{ContainerPlan, Ctx, Effects, Event, Report};
use crate::model::{ExitCode, Run};

use super::{host, is_connected, report};

/// The exit code of a process killed by SIGKILL: at its stop timeout, or for memory.
const KILLED: i32 = 137;

/// Where agents look for a free host port (`ip_local_port_range` of current Linux kernels).
const DYNAMIC_PORTS: std::ops::RangeInclusive<u16> = 32_768..=60_999;

/// A started task as its agent sees it.
#[derive(Clone, Copy)]
struct Started<'a> {
    task: TaskId,
    record: &'a HostTask,
    plans: &'a [ContainerPlan],
}

impl<'a> Started<'a> {
    /// The task, when it holds resources on its host.
    fn find(ctx: &Ctx<'a>, task: TaskId) -> Option<Self> {
        let record = ctx
            .ledger
            .hosts()
            .task(task)
            .filter(|known| known.phase == HostPhase::Active)?;
        let launch = ctx
            .ledger
            .launch(record.launch)
            .expect("a launch stays with its tasks");
        Some(Self {
            task,
            record,
            plans: &launch.spec.containers,
        })
    }

    fn container(&self, ctx: &Ctx<'a>, index: u16) -> &'a HostContainer {
        let container = ctx.ledger.hosts().container(self.task, usize::from(index));
        container.expect("a task on a host has all its containers")
    }

    fn indices(&self) -> impl Iterator<Item = u16> + use<> {
        0..u16::try_from(self.plans.len()).expect("a task has at most ten containers")
    }
}

/// An image pull ends: the container is created and started, or can't be.
pub(crate) fn pull_ended(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if started.container(ctx, container).phase != HostContainerPhase::Pulling {
        return;
    }
    let plan = &started.plans[usize::from(container)];
    let began = started.record.pull_started_at.get().unwrap_or(ctx.now);
    if ctx.ledger.pull_failed(&plan.image, began, ctx.now) {
        ended(
            ctx,
            started,
            container,
            None,
            ContainerReason::CannotPull,
            out,
        );
        return;
    }
    out.change(Change::HostContainerMoved {
        task,
        container,
        to: HostContainerPhase::Starting,
    });
    let start = ctx.delay(&plan.workload.start, Purpose::Start, task, container);
    out.after(start, Event::ContainerStarted(task, container));
}

/// A container's process begins. When every container runs or has ended, the task is RUNNING.
pub(crate) fn container_started(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if started.container(ctx, container).phase != HostContainerPhase::Starting {
        return;
    }
    out.change(Change::HostContainerMoved {
        task,
        container,
        to: HostContainerPhase::Running,
    });
    let plan = &started.plans[usize::from(container)];
    choose_ports(ctx, started, plan, out);
    if let Run::For(run) = &plan.workload.run {
        let run = ctx.delay(run, Purpose::Run, task, container);
        out.after(run, Event::ContainerExited(task, container));
    }
    report_when_running(ctx, started, container, out);
}

/// A container's process ends by itself.
pub(crate) fn container_exited(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if started.container(ctx, container).phase != HostContainerPhase::Running {
        return;
    }
    let code = match &started.plans[usize::from(container)].workload.exit_code {
        ExitCode::Always(code) => *code,
        ExitCode::Weighted(rows) => {
            let weights: Vec<u32> = rows.iter().map(|(weight, _)| *weight).collect();
            let mut draw = ctx
                .draws
                .at(Purpose::ExitCode, u64::from(task.number()), container);
            rows[draw.weighted(&weights)].1
        }
    };
    exited(ctx, started, container, code, out);
}

/// A fault ends a container's process now; nothing happens unless it runs.
pub(crate) fn exit_now(ctx: &Ctx<'_>, task: TaskId, container: u16, code: i32, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if matches!(
        started.container(ctx, container).phase,
        HostContainerPhase::Running | HostContainerPhase::Stopping
    ) {
        out.cancel(task, container);
        exited(ctx, started, container, code, out);
    }
}

/// A container that was told to stop is gone: it obeyed, or was killed at its stop timeout.
pub(crate) fn container_stopped(ctx: &Ctx<'_>, task: TaskId, container: u16, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if started.container(ctx, container).phase != HostContainerPhase::Stopping {
        return;
    }
    let plan = &started.plans[usize::from(container)];
    let code = if obeys_after(ctx, started, container) <= plan.stop_timeout {
        0
    } else {
        KILLED
    };
    ended(
        ctx,
        started,
        container,
        Some(code),
        ContainerReason::None,
        out,
    );
}

/// Stops every container: SIGTERM to those that run, and those that do not run yet never will.
pub(crate) fn stop_all(ctx: &Ctx<'_>, task: TaskId, out: &mut Effects) {
    let Some(started) = Started::find(ctx, task) else {
        return;
    };
    if stop_others(ctx, started, None, out) {
        finish(ctx, started, out);
    }
}

fn exited(ctx: &Ctx<'_>, started: Started<'_>, container: u16, code: i32, out: &mut Effects) {
    let reason = if code == KILLED {
        ContainerReason::OutOfMemory
    } else {
        ContainerReason::None
    };
    ended(ctx, started, container, Some(code), reason, out);
}

/// A container has ended: with an essential one the whole task ends.
fn ended(
    ctx: &Ctx<'_>,
    started: Started<'_>,
    container: u16,
    exit_code: Option<i32>,
    reason: ContainerReason,
    out: &mut Effects,
) {
    let essential = started.plans[usize::from(container)].essential;
    out.change(Change::HostContainerEnded {
        task: started.task,
        container,
        exit_code,
        reason,
        essential,
    });
    let all_stopped = if essential {
        stop_others(ctx, started, Some(container), out)
    } else {
        let mut others = started.indices().filter(|index| *index != container);
        others.all(|index| started.container(ctx, index).is_stopped())
    };
    if all_stopped {
        finish(ctx, started, out);
        return;
    }
    if !essential {
        report_when_running(ctx, started, container, out);
    }
    if started.record.running_at.has_come() && is_connected(ctx, started.record.on) {
        let delay = ctx.delay(
            &ctx.profile.latencies.container_report,
            Purpose::ContainerReport,
            started.task,
            container,
        );
        out.after(delay, Event::ContainerReported(started.task, container));
    }
}

/// Stops every container but one that has just ended; whether none is left.
fn stop_others(ctx: &Ctx<'_>, started: Started<'_>, but: Option<u16>, out: &mut Effects) -> bool {
    let task = started.task;
    let mut all_stopped = true;
    for container in started.indices().filter(|index| Some(*index) != but) {
        match started.container(ctx, container).phase {
            HostContainerPhase::Stopped => {}
            HostContainerPhase::Stopping => all_stopped = false,
            HostContainerPhase::Running => {
                all_stopped = false;
                out.cancel(task, container);
                out.change(Change::HostContainerMoved {
                    task,
                    container,
                    to: HostContainerPhase::Stopping,
                });
                let timeout = started.plans[usize::from(container)].stop_timeout;
                let stop = obeys_after(ctx, started, container).min(timeout);
                out.after(stop, Event::ContainerStopped(task, container));
            }
            HostContainerPhase::Waiting
            | HostContainerPhase::Pulling
            | HostContainerPhase::Starting => {
                out.cancel(task, container);
                out.change(Change::HostContainerEnded {
                    task,
                    container,
                    exit_code: None,
                    reason: ContainerReason::None,
                    essential: started.plans[usize::from(container)].essential,
                });
            }
        }
    }
    all_stopped
}

/// The last container has ended: what the task held returns to the host, and the next in the queue may start.
fn finish(ctx: &Ctx<'_>, started: Started<'_>, out: &mut Effects) {
    out.change(Change::HostStopped { task: started.task });
    report(ctx, started.task, started.record.on, Report::Stopped, out);
    if let Some(on) = started.record.on {
        host::start_what_fits(ctx, on, host::Moved::Released(started.task), out);
    }
}

/// Reports RUNNING once every container runs or has ended, `changed` being the one that just did.
fn report_when_running(ctx: &Ctx<'_>, started: Started<'_>, changed: u16, out: &mut Effects) {
    let record = started.record;
    if record.running_at.has_come() || record.told_to_stop || record.execution_stopped_at.has_come()
    {
        return;
    }
    let up = |index: u16| {
        let phase = started.container(ctx, index).phase;
        phase == HostContainerPhase::Running || phase == HostContainerPhase::Stopped
    };
    if started.indices().all(|index| index == changed || up(index)) {
        out.change(Change::HostRunning { task: started.task });
        report(ctx, started.task, record.on, Report::Running, out);
    }
}

/// How long the process takes to obey SIGTERM, killed or not: the same each time it is asked.
fn obeys_after(ctx: &Ctx<'_>, started: Started<'_>, container: u16) -> Duration {
    let stop = &started.plans[usize::from(container)].workload.stop;
    ctx.delay(stop, Purpose::Stop, started.task, container)
}

/// Chooses a host port for each dynamic mapping: the next free one after the last chosen, wrapping once.
///
/// # Model
///
/// When every port of the range is taken the mapping stays without one; a real agent would fail the container.
fn choose_ports(ctx: &Ctx<'_>, started: Started<'_>, plan: &ContainerPlan, out: &mut Effects) {
    let wanted = plan
        .ports
        .iter()
        .filter(|port| port.host_port.is_none())
        .count();
    if wanted == 0 {
        return;
    }
    let Some(on) = started.record.on else { return };
    let (Some(host), Some(instance)) = (ctx.ledger.hosts().host(on), ctx.ledger.instance(on))
    else {
        return;
    };
    let (tcp, udp) = (&instance.spec.reserved_tcp, &instance.spec.reserved_udp);
    let is_free = |port: &u16| {
        let lists = [&host.tcp, &host.udp, &host.dynamic, tcp, udp];
        lists.iter().all(|list| list.binary_search(port).is_err())
    };
    let first = DYNAMIC_PORTS
        .start()
        .max(&host.last_dynamic.saturating_add(1))
        .to_owned();
    let ports: Vec<u16> = (first..=*DYNAMIC_PORTS.end())
        .chain(DYNAMIC_PORTS.take_while(|port| *port < first))
        .filter(is_free)
        .take(wanted)
        .collect();
    out.change(Change::HostPortsChosen {
        task: started.task,
        ports,
    });
}
