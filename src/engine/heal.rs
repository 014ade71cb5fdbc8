//! The second phase of a test of weather: every fault ends, and everything has to come to where it is wanted.

use crate::api::fault::FaultError;
use crate::api::heal;
use crate::ledger::Event;
use crate::time::SimTime;

use super::Engine;
use super::input::{Input, Outcome};
use super::run::{Progress, SettleError};
use super::stuck::Unsettled;

impl Engine {
    /// Ends every fault, those to come too, and reconnects everything.
    pub(crate) fn heal(&mut self) {
        let inputs = &self.inputs;
        let over = self.queue.cancel_all(|event| match event {
            Event::Input(number) => matches!(inputs.get(number), Some(Input::Fault(_))),
            Event::HostReclaimed(_)
            | Event::AgentBack(_)
            | Event::FaultDue(..)
            | Event::HazardOver(_)
            | Event::CutOver(_)
            | Event::SilenceNoticed(..) => true,
            _ => false,
        });
        for event in over {
            self.waiting -= usize::from(!event.is_housekeeping());
            if let Event::Input(number) = event {
                self.inputs.remove(&number);
                let outcome = Outcome::Fault(Err(FaultError::Healed));
                self.outcomes.insert(number, outcome);
            }
        }
        self.end_plan();
        let (ctx, out, _) = self.parts();
        heal::end_hazards(&ctx, out);
        self.commit(None);
        let (ctx, out, _) = self.parts();
        heal::heal(&ctx, out);
        self.commit(None);
        for controller in self.controllers.crashed() {
            self.restart_controller(controller, None);
        }
    }

    /// Comes to rest, and judges whether everything is then as it is wanted.
    pub(crate) fn must_settle(&mut self, limit: SimTime) -> Result<Progress, SettleError> {
        let before = self.steps();
        match self.settle(limit) {
            Ok(_) => {}
            Err(SettleError::LimitReached { .. }) => self.check().map_err(Box::new)?,
            Err(error) => return Err(error),
        }
        let stuck = self.stuck();
        if stuck.is_empty() {
            return Ok(self.progress(before));
        }
        Err(SettleError::Stuck(Box::new(Unsettled {
            at: self.now(),
            stuck,
            pending: self.waiting,
        })))
    }
}
