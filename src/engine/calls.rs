//! The calls of controllers: sent, arrived, answered, timed out, made again.

use std::sync::Arc;
use std::time::Duration;

use crate::client::{CallError, Trouble};
use crate::draw::Purpose;
use crate::ids::{CallId, ControllerId};
use crate::ledger::controller::ControllerChange;
use crate::ledger::event::Verdict;
use crate::ledger::{Change, Event};
use crate::model::{ApiError, Output, ReadAs, Request};
use crate::queue::Key;
use crate::time::SimTime;

use super::Engine;
use super::run::after;

/// Beside the number of an attempt, in the address of its luck: how long its client waits for the answer.
const TIMEOUT: u16 = 0x100;

/// A call that is under way, or whose last attempt has not reached ECS yet.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) controller: ControllerId,
    pub(super) request: Arc<Request>,
    /// Whether its client may make it again.
    may_repeat: bool,
    /// Who its controller was for the replicas when it made the call: its successor is another.
    reads: ReadAs,
    /// Which call of its controller it is: whose luck it has.
    luck: u64,
    /// The attempt that is under way, counted from 1.
    pub(super) attempt: u8,
    /// When that attempt leaves the client.
    pub(super) leaves_at: SimTime,
    arrival: Key,
    timeout: Key,
    /// The answer on its way back.
    answer: Option<(Key, Result<Output, ApiError>)>,
    /// Attempts that have not reached ECS yet, those given up included.
    on_the_way: u8,
    /// What the last retry cost.
    paid: u32,
    /// Whether an attempt may have taken effect although it brought no good answer.
    is_uncertain: bool,
    /// Whether its controller has been told, or will never be.
    pub(super) is_over: bool,
}

impl Call {
    /// What tells two calls apart.
    pub(super) fn state(&self) -> impl serde::Serialize + '_ {
        let flags = (self.on_the_way, self.is_uncertain, self.is_over);
        (self.controller, &*self.request, self.attempt, flags)
    }
}

/// Why an error is worth another attempt; `None` for those that would come again.
fn trouble(error: &ApiError) -> Option<Trouble> {
    match error {
        ApiError::Throttling(_) => Some(Trouble::Throttled),
        ApiError::Server(_) => Some(Trouble::Transient),
        _ => None,
    }
}

fn verdict(answer: &Result<Output, ApiError>) -> Verdict {
    match answer.as_ref().err().map(trouble) {
        None => Verdict::Done,
        Some(Some(Trouble::Throttled)) => Verdict::Throttled,
        Some(Some(Trouble::Transient)) => Verdict::Failed,
        Some(None) => Verdict::Refused,
    }
}

impl Engine {
    /// A controller makes a call: its first attempt leaves now.
    pub(super) fn call(
        &mut self,
        controller: ControllerId,
        call: CallId,
        request: Arc<Request>,
        may_repeat: bool,
    ) {
        let seat = &mut self.controllers.seats[controller.index()];
        let luck = crate::client::luck(controller, seat.calls);
        seat.calls = seat.calls.wrapping_add(1);
        let reads = seat.reads;
        self.effects
            .change(Change::Controller(ControllerChange::CallSent {
                call,
                controller,
                operation: request.operation(),
            }));
        let (arrival, timeout) = self.send(controller, call, luck, 1, Duration::ZERO);
        let made = Call {
            controller,
            request,
            may_repeat,
            reads,
            luck,
            attempt: 1,
            leaves_at: self.now,
            arrival,
            timeout,
            answer: None,
            on_the_way: 1,
            paid: 0,
            is_uncertain: false,
            is_over: false,
        };
        self.controllers.calls.insert(call, made);
    }

    /// Puts an attempt on its way, to leave after a wait.
    fn send(
        &mut self,
        controller: ControllerId,
        call: CallId,
        luck: u64,
        attempt: u8,
        wait: Duration,
    ) -> (Key, Key) {
        let options = &self.controllers.seats[controller.index()].options;
        let latencies = &self.profile.latencies;
        let nth = u16::from(attempt);
        let request = options
            .request
            .as_ref()
            .unwrap_or(&latencies.client_request);
        let request = self
            .draws
            .duration(request, Purpose::ClientRequest, luck, nth);
        let timeout = options
            .timeout
            .as_ref()
            .unwrap_or(&latencies.client_timeout);
        let timeout = self
            .draws
            .duration(timeout, Purpose::ClientRequest, luck, nth | TIMEOUT);
        let arrival = self.push(
            wait.saturating_add(request),
            Event::CallArrived(call, attempt),
        );
        let timeout = self.push(
            wait.saturating_add(timeout),
            Event::CallTimedOut(call, attempt),
        );
        (arrival, timeout)
    }

    /// An attempt reaches ECS, whether or not somebody still waits for its answer.
    pub(super) fn call_arrived(&mut self, id: CallId, attempt: u8, event: &Event) {
        let call = self.controllers.calls.get_mut(&id);
        let call = call.expect("a call is kept while an attempt is on its way");
        call.on_the_way -= 1;
        let is_awaited = !call.is_over && call.attempt == attempt;
        let (controller, luck, reads) = (call.controller, call.luck, call.reads);
        let request = Arc::clone(&call.request);
        if call.is_over && call.on_the_way == 0 {
            self.controllers.calls.remove(&id);
        }
        let answer = self.request_as(reads, &request);
        if is_awaited {
            let options = &self.controllers.seats[controller.index()].options;
            let latency = options.response.as_ref();
            let latency = latency.unwrap_or(&self.profile.latencies.client_response);
            let nth = u16::from(attempt);
            let latency = self
                .draws
                .duration(latency, Purpose::ClientResponse, luck, nth);
            let due = Event::CallAnswered(id, attempt, verdict(&answer));
            let key = self.push(latency, due);
            let call = self.controllers.calls.get_mut(&id);
            call.expect("it is awaited").answer = Some((key, answer));
        }
        self.commit(Some(event));
    }

    /// The answer to an attempt reaches the client in time.
    pub(super) fn call_answered(&mut self, id: CallId, event: &Event) {
        let call = self.controllers.calls.get_mut(&id);
        let call = call.expect("an answer that nobody waits for is taken back");
        let (_, answer) = call.answer.take().expect("it is this one");
        let timeout = call.timeout;
        self.take_back(timeout);
        match answer {
            Ok(output) => {
                let call = &self.controllers.calls[&id];
                let (paid, seat) = (call.paid, call.controller.index());
                let seat = &mut self.controllers.seats[seat];
                seat.quota.give_back(paid, &seat.options.backoff);
                self.end(id, Ok(output), event);
            }
            Err(error) => {
                let trouble = trouble(&error);
                if trouble == Some(Trouble::Transient) {
                    self.doubt(id);
                }
                if !trouble.is_some_and(|trouble| self.again(id, trouble)) {
                    let call = &self.controllers.calls[&id];
                    let refused = CallError::Refused {
                        error,
                        attempts: call.attempt,
                        is_uncertain: call.is_uncertain,
                    };
                    self.end(id, Err(refused), event);
                }
            }
        }
        self.commit(Some(event));
    }

    /// The client has waited long enough.
    pub(super) fn call_timed_out(&mut self, id: CallId, event: &Event) {
        let call = self.controllers.calls.get_mut(&id);
        let call = call.expect("the timeout of a call that is over is taken back");
        if let Some((key, _)) = call.answer.take() {
            self.take_back(key);
        }
        self.doubt(id);
        if !self.again(id, Trouble::Transient) {
            let attempts = self.controllers.calls[&id].attempt;
            self.end(id, Err(CallError::TimedOut { attempts }), event);
        }
        self.commit(Some(event));
    }

    fn doubt(&mut self, id: CallId) {
        if let Some(call) = self.controllers.calls.get_mut(&id) {
            call.is_uncertain = true;
        }
    }

    /// Makes a call again after a wait, with the same request and so with the same client token; whether it may be.
    fn again(&mut self, id: CallId, trouble: Trouble) -> bool {
        let call = &self.controllers.calls[&id];
        let (controller, luck, attempt) = (call.controller, call.luck, call.attempt);
        let seat = &mut self.controllers.seats[controller.index()];
        let backoff = seat.options.backoff;
        if !call.may_repeat || attempt >= backoff.attempts {
            return false;
        }
        let Some(paid) = seat.quota.take(trouble) else {
            return false;
        };
        let nth = u16::from(attempt);
        let mut draw = self.draws.at(Purpose::ClientBackoff, luck, nth);
        let wait = backoff.wait(trouble, attempt, &mut draw);
        let (arrival, timeout) = self.send(controller, id, luck, attempt + 1, wait);
        let leaves_at = after(self.now, wait);
        let call = self.controllers.calls.get_mut(&id);
        let call = call.expect("it was there before");
        (call.arrival, call.timeout) = (arrival, timeout);
        (call.attempt, call.leaves_at) = (attempt + 1, leaves_at);
        call.on_the_way += 1;
        call.paid = paid;
        true
    }

    /// Tells a controller what became of a call.
    fn end(&mut self, id: CallId, answer: Result<Output, CallError>, event: &Event) {
        let call = self.controllers.calls.get_mut(&id);
        let call = call.expect("a call ends once");
        call.is_over = true;
        let controller = call.controller;
        if call.on_the_way == 0 {
            self.controllers.calls.remove(&id);
        }
        self.turn(controller, Some(event), |controller, client| {
            controller.answered(id, answer, client);
        });
    }

    /// A controller is gone: nobody waits for its answers any more, and what has not left yet never will.
    pub(super) fn drop_calls(&mut self, controller: ControllerId) {
        let calls = self.controllers.calls.iter();
        let own = calls.filter(|(_, call)| call.controller == controller && !call.is_over);
        let own: Vec<CallId> = own.map(|(id, _)| *id).collect();
        for id in own {
            let now = self.now;
            let call = self.controllers.calls.get_mut(&id);
            let call = call.expect("it was there before");
            call.is_over = true;
            let answer = call.answer.take().map(|(key, _)| key);
            let unsent = (call.leaves_at > now).then_some(call.arrival);
            call.on_the_way -= u8::from(unsent.is_some());
            let (timeout, is_gone) = (call.timeout, call.on_the_way == 0);
            for key in [Some(timeout), answer, unsent].into_iter().flatten() {
                self.take_back(key);
            }
            if is_gone {
                self.controllers.calls.remove(&id);
            }
        }
    }
}
