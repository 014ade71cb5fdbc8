//! Who sees what: readers and schedulers that lag, sessions, and when all of them see the truth.

use std::sync::Arc;

use crate::api::hindsight::Look;
use crate::draw::Draws;
use crate::ledger::lens::{Lens, Onlookers};
use crate::ledger::{Ctx, Ledger};
use crate::model::{ApiError, Output, ReadAs, Reads, Request, Session, ViewModel, ViewRules};
use crate::time::SimTime;

use super::Engine;
use super::run::SettleError;

/// How readers and the scheduler see the truth; `None` is as it is.
#[derive(Debug)]
pub(super) struct Views {
    pub(super) readers: Option<ViewRules>,
    pub(super) scheduler: Option<ViewRules>,
}

impl Views {
    pub(super) fn new(reads: &Reads, scheduler: &ViewModel) -> Self {
        Self {
            readers: reads.rules(),
            scheduler: scheduler.rules(),
        }
    }

    /// How the scheduler looks at the ledger now; `None` when it sees the truth.
    pub(super) fn look<'a>(&'a self, ctx: &Ctx<'a>) -> Option<Look<'a>> {
        let lens = Lens::new(
            ctx.ledger,
            ctx.draws,
            Some(self.scheduler.as_ref()?),
            ctx.now,
            0,
        );
        Some(Look {
            lens: lens.of_scheduler(ctx.ledger.next_task()),
            hindsight: Vec::new(),
        })
    }

    /// Everybody who may see something else than the truth.
    pub(super) fn all<'a>(&'a self, draws: &'a Draws) -> Onlookers<'a> {
        Onlookers {
            draws,
            readers: self.readers.as_ref(),
            scheduler: self.scheduler.as_ref(),
        }
    }

    /// The same, for invariants, while versions of the past are kept: else all see the truth.
    pub(super) fn onlookers<'a>(
        &'a self,
        ledger: &Ledger,
        draws: &'a Draws,
    ) -> Option<Onlookers<'a>> {
        let are_kept = ledger.versions().are_kept();
        are_kept.then(|| self.all(draws))
    }
}

impl Engine {
    /// Answers a request as somebody: which replica answers a read, and whose a write is.
    pub(crate) fn request_as(
        &mut self,
        caller: ReadAs,
        request: &Request,
    ) -> Result<Output, ApiError> {
        let before = self.set_caller(caller);
        let answer = self.request(request);
        self.set_caller(before);
        answer
    }

    /// As whom calls are made from now on; as whom they were made before.
    pub(crate) fn set_caller(&mut self, caller: ReadAs) -> ReadAs {
        std::mem::replace(&mut self.caller, caller)
    }

    /// A session that nobody has had.
    pub(crate) fn session(&mut self) -> Session {
        self.sessions += 1;
        Session::new(self.sessions - 1)
    }

    /// What the next read sees the ledger through.
    pub(super) fn reading(&self) -> Lens<'_> {
        let readers = self.views.readers.as_ref();
        let lens = Lens::new(&self.ledger, &self.draws, readers, self.now, 0);
        lens.of_reader(self.caller, self.reads_answered)
    }

    /// The views, when the scheduler does not see the truth.
    pub(super) fn late_scheduling(&self) -> Option<Arc<Views>> {
        let is_late = self.views.scheduler.is_some();
        is_late.then(|| Arc::clone(&self.views))
    }

    /// When all who lag see the truth, if nothing changes.
    pub(super) fn converged_at(&self) -> SimTime {
        match self.ledger.versions().are_kept() {
            true => self.views.all(&self.draws).converged_at(&self.ledger),
            false => SimTime::ZERO,
        }
    }

    /// Lets time pass until all who lag see the truth, also of what happens on the way.
    pub(super) fn converge(&mut self, limit: SimTime) -> Result<(), SettleError> {
        loop {
            let converged = self.converged_at();
            if converged <= self.now {
                return Ok(());
            }
            self.advance_to(converged.min(limit)).map_err(Box::new)?;
            if converged > limit {
                return Err(SettleError::LimitReached {
                    at: self.now,
                    waiting: vec![format!("replicas, until {converged}")],
                });
            }
        }
    }
}
