//! Agents: one on each container instance. They receive payloads, queue, pull, start and stop, and report.
//!
//! An agent decides from its own host ledger and never reads the control plane's; messages between the two take time,
//! and are lost while the agent is disconnected, until both sides say again what the other has missed.
//!
//! | file | answers |
//! | --- | --- |
//! | [`task`] | a payload or a stop arrives |
//! | `host` | the queue: what starts now |
//! | [`containers`] | pulls, starts, exits and stops of containers |
//! | `held` | a started task: whether it is simple |
//! | `simple` | the same for a task of one container with nothing to wait for |
//! | `scene` | what follows for the other containers of a task |
//! | `images` | the images a container instance keeps, and downloads that are shared |
//! | `exit` | how a process ends by itself, and whether it is started again |
//! | [`memory`] | the memory that the containers of a task share |
//! | [`health`] | health checks |
//! | `ports` | host ports that are chosen |
//! | [`power`] | the machine halts, or runs again |
//! | [`loss`] | what becomes of tasks whose host is lost to the control plane |
//! | [`connection`] | disconnect, reconnect and what is said again |

pub(crate) mod connection;
pub(crate) mod containers;
mod exit;
pub(crate) mod health;
mod held;
mod host;
mod images;
pub(crate) mod loss;
pub(crate) mod memory;
mod ports;
pub(crate) mod power;
mod scene;
mod simple;
pub(crate) mod task;

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::{Ctx, Effects, Event, Report};

/// Whether messages to and from the agent of a task arrive; on Fargate they always do.
pub(crate) fn is_connected(ctx: &Ctx<'_>, on: Option<ContainerInstanceId>) -> bool {
    on.is_none_or(|instance| ctx.ledger.instances().is_connected(instance))
}

/// Whether what the control plane says arrives at the agent of a task.
fn hears(ctx: &Ctx<'_>, on: Option<ContainerInstanceId>) -> bool {
    is_connected(ctx, on) && !ctx.ledger.hides_control_plane(on)
}

/// Sends a task's state to the control plane; while disconnected nothing is sent, and reconnecting says it again.
fn report(
    ctx: &Ctx<'_>,
    task: TaskId,
    on: Option<ContainerInstanceId>,
    what: Report,
    out: &mut Effects,
) {
    if is_connected(ctx, on) {
        let nth = match what {
            Report::Running => 0,
            Report::Stopped => 1,
        };
        let delay = ctx.delay(&ctx.profile.latencies.report, Purpose::Report, task, nth);
        out.after(delay, Event::TaskReported(task, what));
    }
}
