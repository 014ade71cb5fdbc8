//! A plan of faults at work: what comes when, and whom it meets.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::draw::Purpose;
use crate::fault::ending;
use crate::fault::plan::{FaultPlan, When};
use crate::fault::target::{self, Cause};
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::event::FAULT_ENDS;
use crate::ledger::{Change, Event, Ledger};
use crate::model::{ContainerInstanceStatus, Fault, LastStatus};
use crate::time::SimTime;

use super::Engine;

/// The least time between two faults of one row, so that no moment has endlessly many.
const GAP_MIN: Duration = Duration::from_millis(1);

/// How often a row of a plan came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// How often it was due.
    pub came: u32,
    /// How often it met somebody and could happen.
    pub happened: u32,
}

/// A plan, and how far it is.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    plan: FaultPlan,
    counts: Vec<FaultCount>,
    /// Of each row that is tied to something: how often that happened.
    seen: Vec<u32>,
    /// What the faults that are on their way are tied to.
    causes: BTreeMap<(u16, u32), Cause>,
    /// What undoes those that happened and are to end.
    ends: BTreeMap<(u16, u32), Fault>,
    is_over: bool,
}

impl Planned {
    pub(super) fn of(plan: FaultPlan) -> Self {
        let rows = plan.rows().len();
        Self {
            plan,
            counts: vec![FaultCount::default(); rows],
            seen: vec![0; rows],
            causes: BTreeMap::new(),
            ends: BTreeMap::new(),
            is_over: false,
        }
    }

    /// The rows, by number.
    fn rows(&self) -> impl Iterator<Item = (u16, &When)> {
        (0..=u16::MAX).zip(self.plan.rows().iter().map(|row| &row.when))
    }

    /// What tells two plans at work apart.
    pub(super) fn state(&self) -> impl Serialize + '_ {
        let causes: Vec<_> = self.causes.iter().collect();
        let ends: Vec<_> = self.ends.iter().collect();
        let is_over = self.is_over;
        (&self.plan, &self.counts, &self.seen, causes, ends, is_over)
    }

    /// Counts what a change means for the rows that are tied to it; those of which a fault is due.
    fn ties(&mut self, ledger: &Ledger, change: &Change) -> Vec<(u16, u32, Duration, Cause)> {
        let mut due = Vec::new();
        let Some(happened) = Happened::of(ledger, change) else {
            return due;
        };
        for (row, when) in (0..=u16::MAX).zip(self.plan.rows().iter().map(|row| &row.when)) {
            let cause = match (when, happened) {
                (When::Task(tie), Happened::Task(task, is))
                    if tie.is == is && tie.family.matches(family(ledger, task)) =>
                {
                    Cause::Task(task)
                }
                (When::ContainerInstance(tie), Happened::Instance(instance, is))
                    if tie.is == is =>
                {
                    Cause::Instance(instance)
                }
                _ => continue,
            };
            let Some((nth, times, after)) = when.counted() else {
                continue;
            };
            let seen = &mut self.seen[usize::from(row)];
            *seen = seen.saturating_add(1);
            if nth <= *seen && *seen - nth < times {
                due.push((row, *seen - nth, after, cause));
            }
        }
        due
    }
}

/// Something that a fault may be tied to.
#[derive(Clone, Copy)]
enum Happened {
    Task(TaskId, LastStatus),
    Instance(ContainerInstanceId, ContainerInstanceStatus),
}

impl Happened {
    fn of(ledger: &Ledger, change: &Change) -> Option<Self> {
        let on = Self::Instance;
        match *change {
            Change::TaskPlaced { task, .. } => {
                let record = ledger.task(task)?;
                Some(Self::Task(task, record.last_status))
            }
            Change::InstanceRegistered { instance, .. } => {
                Some(on(instance, ContainerInstanceStatus::Active))
            }
            Change::InstanceStatusChanged { instance, to } => Some(on(instance, to)),
            Change::InstanceDeregistered { instance } => {
                Some(on(instance, ContainerInstanceStatus::Inactive))
            }
            _ => change.moved().map(|(task, to)| Self::Task(task, to)),
        }
    }
}

fn family(ledger: &Ledger, task: TaskId) -> &str {
    let record = ledger.task(task);
    record.map_or("", |record| &ledger.launch_of(record).family)
}

/// The number of the next fault of a row.
fn following(nth: u32) -> u32 {
    nth.wrapping_add(1) & !FAULT_ENDS
}

impl Engine {
    /// Makes the first faults of a plan come due.
    pub(super) fn begin_plan(&mut self, plan: FaultPlan) {
        if plan.rows().is_empty() {
            return;
        }
        let planned = Planned::of(plan);
        let mut first = Vec::new();
        for (row, when) in planned.rows() {
            match when {
                When::At(at) => first.push((row, *at)),
                When::Every(rate) => {
                    let after = self.gap(&rate.gap, row, 0).saturating_add(rate.from);
                    if after < rate.until {
                        first.push((row, after));
                    }
                }
                When::Task(_) | When::ContainerInstance(_) => {}
            }
        }
        self.planned = Some(Box::new(planned));
        for (row, after) in first {
            self.push(after, Event::FaultDue(row, 0));
        }
    }

    fn gap(&self, gap: &crate::draw::Latency, row: u16, nth: u32) -> Duration {
        // Faults of a row that are 65536 apart share their luck.
        let nth = nth as u16;
        let drawn = self.draws.duration(gap, Purpose::FaultGap, row.into(), nth);
        drawn.max(GAP_MIN)
    }

    /// A fault of the plan comes.
    pub(super) fn take_planned(&mut self, row: u16, nth: u32, event: &Event) {
        let Some(planned) = &mut self.planned else {
            return;
        };
        if nth & FAULT_ENDS != 0 {
            if let Some(undoing) = planned.ends.remove(&(row, nth)) {
                // What it would undo may be gone, or undone.
                let _ = self.inject_from(&undoing, Some(event));
            }
            return;
        }
        let cause = planned.causes.remove(&(row, nth));
        let index = usize::from(row);
        planned.counts[index].came = planned.counts[index].came.saturating_add(1);
        let comes = planned.plan.rows()[index].clone();
        if let When::Every(rate) = &comes.when {
            let next = self.gap(&rate.gap, row, following(nth));
            let at = self.now.saturating_add(next);
            if at < SimTime::ZERO.saturating_add(rate.until) {
                self.push(next, Event::FaultDue(row, following(nth)));
            }
        }
        let purpose = Purpose::FaultTarget;
        let mut draw = self.draws.at(purpose, row.into(), nth as u16);
        let (ctx, _, _) = self.parts();
        let Some(mut fault) = target::fill(&ctx, &comes.fault, cause, &mut draw) else {
            return;
        };
        let lasts = comes.lasting.as_ref().map(|lasting| {
            let purpose = Purpose::FaultLasting;
            self.draws
                .duration(lasting, purpose, row.into(), nth as u16)
        });
        if let (Some(lasts), Some(lasting)) = (lasts, ending::lasting_mut(&mut fault)) {
            *lasting = lasts;
        }
        if self.inject_from(&fault, Some(event)).is_err() {
            return;
        }
        if let Some(planned) = &mut self.planned {
            planned.counts[index].happened += 1;
            if let (Some(lasts), Some(undoing)) = (lasts, ending::undoing(&fault)) {
                let nth = nth | FAULT_ENDS;
                planned.ends.insert((row, nth), undoing);
                self.push(lasts, Event::FaultDue(row, nth));
            }
        }
    }

    /// Makes faults come due that are tied to what was just committed.
    #[cold]
    pub(super) fn tie_faults(&mut self) {
        if self.planned.as_ref().is_none_or(|planned| planned.is_over) {
            return;
        }
        let Some(mut planned) = self.planned.take() else {
            return;
        };
        let mut due = Vec::new();
        for change in self.effects.changes() {
            due.extend(planned.ties(&self.ledger, change));
        }
        for (row, nth, after, cause) in due {
            planned.causes.insert((row, nth), cause);
            self.push(after, Event::FaultDue(row, nth));
        }
        self.planned = Some(planned);
    }

    /// No fault of the plan comes any more.
    pub(super) fn end_plan(&mut self) {
        if let Some(planned) = &mut self.planned {
            planned.is_over = true;
            planned.causes.clear();
            planned.ends.clear();
        }
    }

    /// How often each row of the plan came.
    pub(crate) fn fault_counts(&self) -> &[FaultCount] {
        self.planned.as_ref().map_or(&[], |planned| &planned.counts)
    }
}
