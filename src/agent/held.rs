//! A task that has started, before it is clear how closely it must be looked at.

use crate::ids::TaskId;
use crate::ledger::Ctx;
use crate::ledger::host::{HostContainerPhase, HostPhase, HostTask};
use crate::ledger::launch::LaunchSpec;

use super::scene::Scene;
use super::simple::Simple;

/// A task that holds resources on its host, and what it runs.
pub(super) struct Held<'a> {
    pub(super) ctx: &'a Ctx<'a>,
    pub(super) task: TaskId,
    pub(super) record: &'a HostTask,
    pub(super) launch: &'a LaunchSpec,
}

impl<'a> Held<'a> {
    /// The task, when it holds resources on its host.
    #[inline]
    pub(super) fn find(ctx: &'a Ctx<'a>, task: TaskId) -> Option<Self> {
        let record = ctx.ledger.hosts().task(task)?;
        (record.phase == HostPhase::Active).then(|| Self::of(ctx, task, record))
    }

    /// The task, when one of its containers is that far.
    #[inline]
    pub(super) fn find_at(
        ctx: &'a Ctx<'a>,
        task: TaskId,
        container: u16,
        phase: HostContainerPhase,
    ) -> Option<Self> {
        let hosts = ctx.ledger.hosts();
        let record = hosts.task(task)?;
        let held = match container {
            0 => &record.first,
            _ => hosts.container(task, usize::from(container))?,
        };
        (held.phase == phase && record.phase == HostPhase::Active)
            .then(|| Self::of(ctx, task, record))
    }

    #[inline]
    fn of(ctx: &'a Ctx<'a>, task: TaskId, record: &'a HostTask) -> Self {
        let launch = ctx.ledger.launch(record.launch);
        let launch = &launch.expect("a launch stays with its tasks").spec;
        Self {
            ctx,
            task,
            record,
            launch,
        }
    }

    /// The task as one that needs no scene; not while its image comes to a host that keeps images.
    #[inline]
    pub(super) fn simple(&self) -> Option<Simple<'a>> {
        let is_pulling = self.record.first.phase == HostContainerPhase::Pulling;
        let is_simple =
            self.launch.is_simple && !(is_pulling && self.ctx.profile.agents.keep_images());
        is_simple.then(|| Simple {
            ctx: self.ctx,
            task: self.task,
            record: self.record,
            plan: &self.launch.containers[0],
        })
    }

    /// The task with all its containers.
    pub(super) fn scene(&self) -> Scene<'a> {
        Scene::of(self)
    }
}
