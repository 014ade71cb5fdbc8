//! A task that has started, as its agent sees it while one event is handled: what its containers are, what has just
//! become of them, and what follows from that.
//!
//! Dependencies are those of the ECS agent's graph (amazon-ecs-agent 1.105.1, `agent/engine/dependencygraph`): a container
//! waits with its pull until they hold, never runs when they can't hold any more, and is told to stop only when all that
//! depend on it have stopped.

use crate::draw::{Latency, Purpose};
use crate::ids::TaskId;
use crate::ledger::change::Change;
use crate::ledger::event::{HEALTH_SLOT, START_TIMEOUT_SLOT};
use crate::ledger::host::{HostContainer, HostContainerPhase, HostTask};
use crate::ledger::task::ContainerReason;
use crate::ledger::{ContainerPlan, Ctx, Effects, Event, Report};
use crate::model::{Dependency, HealthStatus, StartCondition};

use super::held::Held;
use super::images::Pulls;
use super::{exit, host, is_connected, memory, report};

/// The exit code that an agent makes up for a container that can't start any more: what SIGTERM would have left.
const NEVER_STARTED: i32 = 143;

/// How a dependency stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Holds,
    Open,
    /// It can't hold any more.
    Broken,
}

/// A started task as its agent sees it.
pub(super) struct Scene<'a> {
    pub(super) ctx: &'a Ctx<'a>,
    pub(super) task: TaskId,
    pub(super) record: &'a HostTask,
    pub(super) plans: &'a [ContainerPlan],
    first: HostContainer,
    rest: Vec<HostContainer>,
    /// Whether all containers are to stop.
    stopping: bool,
    /// A container's health that is not in the ledger yet.
    judged: Option<(u16, HealthStatus)>,
    /// What its containers may use together of memory, where somebody says what they use.
    pub(super) shared_memory: Option<u32>,
    /// Whether what runs has changed while the event is handled.
    runs_else: bool,
    /// Containers that will never start, and of which the control plane is to hear if their task goes on: a bit for each.
    unreported: u16,
    pulls: Pulls<'a>,
}

impl<'a> Scene<'a> {
    /// The task, when it holds resources on its host.
    pub(super) fn find(ctx: &'a Ctx<'a>, task: TaskId) -> Option<Self> {
        Held::find(ctx, task).map(|held| held.scene())
    }

    /// The task, when one of its containers is that far.
    pub(super) fn find_at(
        ctx: &'a Ctx<'a>,
        task: TaskId,
        container: u16,
        phase: HostContainerPhase,
    ) -> Option<Self> {
        Held::find_at(ctx, task, container, phase).map(|held| held.scene())
    }

    pub(super) fn of(held: &Held<'a>) -> Self {
        let Held {
            ctx,
            task,
            record,
            launch,
        } = *held;
        let plans = &launch.containers;
        let rest = match plans.len() {
            1 => Vec::new(),
            _ => {
                let containers = ctx.ledger.hosts().containers(task);
                containers.skip(1).copied().collect()
            }
        };
        Self {
            ctx,
            task,
            record,
            plans,
            first: record.first,
            rest,
            stopping: record.told_to_stop || record.execution_stopped_at.has_come(),
            judged: None,
            shared_memory: launch.shared_memory,
            runs_else: false,
            unreported: 0,
            pulls: Pulls::at(ctx, record.on),
        }
    }

    pub(super) fn plan(&self, container: u16) -> &'a ContainerPlan {
        &self.plans[usize::from(container)]
    }

    pub(super) fn phase(&self, container: u16) -> HostContainerPhase {
        self.state(container).phase
    }

    fn state(&self, container: u16) -> &HostContainer {
        match container {
            0 => &self.first,
            _ => &self.rest[usize::from(container) - 1],
        }
    }

    fn state_mut(&mut self, container: u16) -> &mut HostContainer {
        match container {
            0 => &mut self.first,
            _ => &mut self.rest[usize::from(container) - 1],
        }
    }

    fn indices(&self) -> impl Iterator<Item = u16> + use<> {
        0..u16::try_from(self.plans.len()).expect("a task has at most ten containers")
    }

    /// Which of its runs a container is in, for luck of its own: 0 until it is started again.
    pub(super) fn restarts(&self, container: u16) -> u16 {
        if self.plan(container).restart.is_none() {
            return 0;
        }
        let life = self
            .ctx
            .ledger
            .hosts()
            .life(self.task, usize::from(container));
        life.map_or(0, |life| life.restarts)
    }

    /// Moves a container on.
    pub(super) fn move_to(&mut self, container: u16, to: HostContainerPhase, out: &mut Effects) {
        self.state_mut(container).phase = to;
        self.runs_else |= to == HostContainerPhase::Running;
        out.change(Change::HostContainerMoved {
            task: self.task,
            container,
            to,
        });
    }

    /// A pull has ended: whether the image is there.
    pub(super) fn pull_succeeded(&mut self, container: u16, out: &mut Effects) -> bool {
        let plan = self.plan(container);
        let life = self
            .ctx
            .ledger
            .hosts()
            .life(self.task, usize::from(container));
        let own = life.and_then(|life| life.pull_started_at.get());
        let began = own.or(self.record.pull_started_at.get());
        let failed =
            self.ctx
                .ledger
                .pull_failed(&plan.image, began.unwrap_or(self.ctx.now), self.ctx.now);
        self.pulls.ended((self.task, container), plan, failed, out)
    }

    /// A container's image is there: the container is created, or waits a little longer.
    pub(super) fn pulled(&mut self, container: u16, out: &mut Effects) {
        if self.standing(container) == Standing::Holds {
            self.create(container, out);
        } else {
            self.move_to(container, HostContainerPhase::Pulled, out);
        }
    }

    fn create(&mut self, container: u16, out: &mut Effects) {
        let create = &self.plan(container).workload.create;
        if matches!(create, Latency::Fixed(time) if time.is_zero()) {
            self.start(container, out);
            return;
        }
        self.move_to(container, HostContainerPhase::Creating, out);
        let create = self
            .ctx
            .delay(create, Purpose::Create, self.task, container);
        let create = self.ctx.ledger.paced(self.record.on, create);
        out.after(create, Event::ContainerCreated(self.task, container));
    }

    /// A container is created, and is started.
    pub(super) fn start(&mut self, container: u16, out: &mut Effects) {
        self.move_to(container, HostContainerPhase::Starting, out);
        let start = &self.plan(container).workload.start;
        let start = self.ctx.delay(start, Purpose::Start, self.task, container);
        let start = self.ctx.ledger.paced(self.record.on, start);
        out.after(start, Event::ContainerStarted(self.task, container));
    }

    /// A container has ended, or never begins: with an essential one all of them stop.
    pub(super) fn end(
        &mut self,
        container: u16,
        exit_code: Option<i32>,
        reason: ContainerReason,
        out: &mut Effects,
    ) {
        let plan = self.plan(container);
        let essential = plan.essential
            || reason == ContainerReason::CannotPull
                && !self.ctx.profile.agents.does_without_images();
        if plan.health.is_some() {
            out.cancel(self.task, container | HEALTH_SLOT);
        }
        if plan.start_timeout.is_some() {
            out.cancel(self.task, container | START_TIMEOUT_SLOT);
        }
        let state = self.state_mut(container);
        state.phase = HostContainerPhase::Stopped;
        state.exit_code = exit_code.into();
        state.reason = reason;
        out.change(Change::HostContainerEnded {
            task: self.task,
            container,
            exit_code,
            reason,
            essential,
        });
        self.stopping |= essential;
        self.runs_else = true;
    }

    /// All containers are to stop.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether all containers are to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// A container's health, as it will be.
    pub(super) fn judge(&mut self, container: u16, health: HealthStatus) {
        self.judged = Some((container, health));
    }

    /// Does what follows for the other containers, as long as anything follows; whether none is left.
    pub(super) fn go_on(&mut self, out: &mut Effects) -> bool {
        // Nothing follows for a container that is alone, until it is to stop.
        if self.rest.is_empty() && (!self.stopping || self.first.is_stopped()) {
            return self.first.is_stopped();
        }
        while self.go_on_once(out) {}
        self.indices().all(|index| self.state(index).is_stopped())
    }

    fn go_on_once(&mut self, out: &mut Effects) -> bool {
        let mut moved = false;
        for container in self.indices() {
            let phase = self.phase(container);
            moved |= match phase {
                HostContainerPhase::Stopped | HostContainerPhase::Stopping => false,
                HostContainerPhase::Running if self.stopping => {
                    self.tell_to_stop(container, out);
                    false
                }
                HostContainerPhase::Running => false,
                _ if self.stopping => {
                    out.cancel(self.task, container);
                    self.pulls.leave((self.task, container));
                    self.end(container, None, ContainerReason::None, out);
                    true
                }
                HostContainerPhase::Waiting | HostContainerPhase::Pulled => {
                    self.try_to_begin(container, phase, out)
                }
                _ => false,
            };
        }
        // What moved may be what others waited for, or what kept others from stopping.
        moved && self.plans.len() > 1
    }

    /// SIGTERM, once every container that depends on this one has stopped.
    fn tell_to_stop(&mut self, container: u16, out: &mut Effects) {
        let depends = |plan: &ContainerPlan| plan.waits_for.iter().any(|it| it.on == container);
        let mut dependents = self
            .indices()
            .zip(self.plans)
            .filter(|(_, plan)| depends(plan));
        if dependents.any(|(index, _)| !self.state(index).is_stopped()) {
            return;
        }
        out.cancel(self.task, container);
        self.move_to(container, HostContainerPhase::Stopping, out);
        let (who, on) = ((self.task, container), self.record.on);
        let (plan, obeys) = (self.plan(container), self.obeys_after(container));
        let (stop, gone) = exit::gone_after(self.ctx, on, plan, who, obeys);
        out.after(stop, gone);
    }

    /// How long the process takes to obey SIGTERM, killed or not: the same each time it is asked.
    pub(super) fn obeys_after(&self, container: u16) -> std::time::Duration {
        let stop = &self.plan(container).workload.stop;
        self.ctx.delay(stop, Purpose::Stop, self.task, container)
    }

    /// Whether a container that waits was created or has ended with that.
    fn try_to_begin(
        &mut self,
        container: u16,
        phase: HostContainerPhase,
        out: &mut Effects,
    ) -> bool {
        match self.standing(container) {
            Standing::Open => false,
            Standing::Holds if phase == HostContainerPhase::Pulled => {
                self.create(container, out);
                // One before it may have waited for its creation.
                true
            }
            Standing::Holds => {
                self.move_to(container, HostContainerPhase::Pulling, out);
                let plan = self.plan(container);
                self.pulls.begin((self.task, container), plan, out);
                false
            }
            Standing::Broken => {
                self.never_start(container, ContainerReason::DependencyFailed, out);
                true
            }
        }
    }

    fn never_start(&mut self, container: u16, reason: ContainerReason, out: &mut Effects) {
        self.pulls.leave((self.task, container));
        out.cancel(self.task, container);
        self.end(container, Some(NEVER_STARTED), reason, out);
        self.unreported |= 1 << container;
    }

    /// Who still waits for a container to exit or to be healthy has waited too long.
    pub(super) fn start_timed_out(&mut self, on: u16, out: &mut Effects) {
        for container in self.indices() {
            let waits = matches!(
                self.phase(container),
                HostContainerPhase::Waiting
                    | HostContainerPhase::Pulling
                    | HostContainerPhase::Pulled
            );
            let mut dependencies = self.plan(container).waits_for.iter();
            let is_late = |it: &Dependency| {
                it.on == on && is_timed(it.condition) && self.stands(*it) == Standing::Open
            };
            if waits && dependencies.any(is_late) {
                self.never_start(container, ContainerReason::DependencyTimedOut, out);
            }
        }
    }

    /// How the dependencies of a container stand together.
    fn standing(&self, container: u16) -> Standing {
        let mut all = Standing::Holds;
        for dependency in &self.plan(container).waits_for {
            match self.stands(*dependency) {
                Standing::Holds => {}
                Standing::Open => all = Standing::Open,
                Standing::Broken => return Standing::Broken,
            }
        }
        all
    }

    fn stands(&self, dependency: Dependency) -> Standing {
        let other = self.state(dependency.on);
        let is_stopped = other.is_stopped();
        let never_started = matches!(
            other.reason,
            ContainerReason::DependencyFailed | ContainerReason::DependencyTimedOut
        );
        let has_run = other.exit_code.code().is_some() && !never_started;
        let holds = match dependency.condition {
            StartCondition::Create if is_stopped => has_run,
            StartCondition::Create => other.phase >= HostContainerPhase::Starting,
            StartCondition::Start if is_stopped => has_run,
            StartCondition::Start => other.phase >= HostContainerPhase::Running,
            StartCondition::Complete => is_stopped && has_run,
            StartCondition::Success => is_stopped && other.exit_code.code() == Some(0),
            StartCondition::Healthy => {
                other.phase == HostContainerPhase::Running
                    && self.health(dependency.on) == HealthStatus::Healthy
            }
        };
        match (holds, is_stopped) {
            (true, _) => Standing::Holds,
            (false, true) => Standing::Broken,
            (false, false) => Standing::Open,
        }
    }

    fn health(&self, container: u16) -> HealthStatus {
        match self.judged {
            Some((judged, health)) if judged == container => health,
            _ => {
                let life = self
                    .ctx
                    .ledger
                    .hosts()
                    .life(self.task, usize::from(container));
                life.map_or(HealthStatus::Unknown, |life| life.health)
            }
        }
    }

    /// Ends the handling of an event: when no container is left, what the task held returns to the host and the next in
    /// the queue may start.
    pub(super) fn close(&mut self, is_over: bool, out: &mut Effects) {
        if self.shared_memory.is_some() && self.runs_else {
            memory::watch(self, None, out);
        }
        if is_over {
            if self.plans.len() > 1 {
                out.change(Change::HostStopped { task: self.task });
            }
            report(self.ctx, self.task, self.record.on, Report::Stopped, out);
            if let Some(on) = self.record.on {
                let moved = host::Moved::Released(self.task);
                host::start_what_fits(self.ctx, on, moved, &mut self.pulls, out);
            }
        } else if self.unreported != 0 {
            for container in self.indices().filter(|it| self.unreported & 1 << it != 0) {
                self.report_container(container, out);
            }
        }
        self.pulls.flush(out);
    }

    /// Reports RUNNING once every container runs or has ended.
    pub(super) fn report_when_running(&self, out: &mut Effects) -> bool {
        if self.record.running_at.has_come() || self.stopping {
            return false;
        }
        let up = |index: u16| {
            let phase = self.phase(index);
            phase == HostContainerPhase::Running || phase == HostContainerPhase::Stopped
        };
        let all_up = self.indices().all(up);
        if all_up {
            if self.plans.len() > 1 {
                out.change(Change::HostRunning { task: self.task });
            }
            report(self.ctx, self.task, self.record.on, Report::Running, out);
        }
        all_up
    }

    /// Reports a container whose task goes on as it is. Before a task runs, that is of interest only when it has
    /// several containers.
    pub(super) fn report_container(&self, container: u16, out: &mut Effects) {
        let is_news = self.record.running_at.has_come() || self.plans.len() > 1;
        if is_news && is_connected(self.ctx, self.record.on) {
            let latency = &self.ctx.profile.latencies.container_report;
            let purpose = Purpose::ContainerReport;
            let delay = self.ctx.delay(latency, purpose, self.task, container);
            out.after(delay, Event::ContainerReported(self.task, container));
        }
    }

    /// Reports that a container runs while its task does not yet, because others wait.
    pub(super) fn report_start(&self, container: u16, out: &mut Effects) {
        if !self.record.running_at.has_come() && !self.stopping {
            self.report_container(container, out);
        }
    }

    /// Whether others wait for a container in a way that its start timeout limits.
    pub(super) fn is_waited_for(&self, container: u16) -> bool {
        let mut all = self.plans.iter().flat_map(|plan| &plan.waits_for);
        all.any(|it| it.on == container && is_timed(it.condition))
    }
}

/// Whether a start timeout limits the waiting for it.
fn is_timed(condition: StartCondition) -> bool {
    matches!(
        condition,
        StartCondition::Complete | StartCondition::Success | StartCondition::Healthy
    )
}
