//! A task whose one container waits for nothing, is not asked for its health and is not started again.
//!
//! Most tasks are so. What happens to one is what [`Scene`](super::scene::Scene) would say, without weighing what can't be.

use crate::draw::Purpose;
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::host::{HostContainerPhase, HostTask};
use crate::ledger::task::ContainerReason;
use crate::ledger::{ContainerPlan, Ctx, Effects, Event, Report};
use crate::model::Run;

use super::images::Pulls;
use super::{exit, host, report};

/// The position of its only container.
const ONLY: u16 = 0;

/// Such a task, when it holds resources on its host.
pub(super) struct Simple<'a> {
    pub(super) ctx: &'a Ctx<'a>,
    pub(super) task: TaskId,
    pub(super) record: &'a HostTask,
    pub(super) plan: &'a ContainerPlan,
}

impl Simple<'_> {
    /// Its pull ends, on a host that keeps no images.
    pub(super) fn pull_ended(&self, out: &mut Effects) {
        let now = self.ctx.now;
        let began = self.record.pull_started_at.get().unwrap_or(now);
        if self.ctx.ledger.pull_failed(&self.plan.image, began, now) {
            self.ended(None, ContainerReason::CannotPull, out);
            return;
        }
        self.move_to(HostContainerPhase::Starting, out);
        let start = &self.plan.workload.start;
        let start = self.ctx.delay(start, Purpose::Start, self.task, ONLY);
        let start = self.ctx.ledger.paced(self.record.on, start);
        out.after(start, Event::ContainerStarted(self.task, ONLY));
    }

    /// Its process begins, and with it the task runs.
    pub(super) fn started(&self, out: &mut Effects) {
        self.move_to(HostContainerPhase::Running, out);
        if let Run::For(run) = &self.plan.workload.run {
            let run = self.ctx.delay(run, Purpose::Run, self.task, ONLY);
            out.after(run, Event::ContainerExited(self.task, ONLY));
        }
        report(self.ctx, self.task, self.record.on, Report::Running, out);
    }

    /// It is told to stop.
    pub(super) fn stop(&self, out: &mut Effects) {
        match self.record.first.phase {
            HostContainerPhase::Stopped | HostContainerPhase::Stopping => {}
            HostContainerPhase::Running => {
                out.cancel(self.task, ONLY);
                self.move_to(HostContainerPhase::Stopping, out);
                let (who, on) = ((self.task, ONLY), self.record.on);
                let (stop, gone) =
                    exit::gone_after(self.ctx, on, self.plan, who, self.obeys_after());
                out.after(stop, gone);
            }
            _ => {
                out.cancel(self.task, ONLY);
                self.ended(None, ContainerReason::None, out);
            }
        }
    }

    /// It was told to stop, and its host was too slow for it to obey in time.
    pub(super) fn killed(&self, out: &mut Effects) {
        self.ended(Some(exit::KILLED), ContainerReason::None, out);
    }

    /// It is gone after it was told to stop.
    pub(super) fn stopped(&self, out: &mut Effects) {
        let code = if self.obeys_after() <= self.plan.stop_timeout {
            self.plan.workload.stop_exit_code
        } else {
            exit::KILLED
        };
        self.ended(Some(code), ContainerReason::None, out);
    }

    /// It has ended, and the task with it: what it held returns to the host, and the next in the queue may start.
    pub(super) fn ended(&self, exit_code: Option<i32>, reason: ContainerReason, out: &mut Effects) {
        let (ctx, task) = (self.ctx, self.task);
        let essential = self.plan.essential
            || reason == ContainerReason::CannotPull && !ctx.profile.agents.does_without_images();
        out.change(Change::HostContainerEnded {
            task,
            container: ONLY,
            exit_code,
            reason,
            essential,
        });
        report(ctx, task, self.record.on, Report::Stopped, out);
        if let Some(on) = self.record.on {
            let mut pulls = Pulls::at(ctx, Some(on));
            host::start_what_fits(ctx, on, host::Moved::Released(task), &mut pulls, out);
            pulls.flush(out);
        }
    }

    fn move_to(&self, to: HostContainerPhase, out: &mut Effects) {
        out.change(Change::HostContainerMoved {
            task: self.task,
            container: ONLY,
            to,
        });
    }

    fn obeys_after(&self) -> std::time::Duration {
        let stop = &self.plan.workload.stop;
        self.ctx.delay(stop, Purpose::Stop, self.task, ONLY)
    }
}
