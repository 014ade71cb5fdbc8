//! The client: what a controller may ask for.

use std::sync::Arc;
use std::time::Duration;

use crate::draw::{Draw, Draws, Purpose};
use crate::ids::{CallId, ControllerId};
use crate::ledger::event::Waking;
use crate::ledger::subscription::SubscriptionSpec;
use crate::model::{Delivery, EventPattern, ProfileError, Request};
use crate::time::SimTime;

/// What a controller asked for while it was called.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// A call, and whether the client may make it again.
    Call(CallId, Arc<Request>, bool),
    /// To be woken.
    Wake {
        after: Duration,
        tag: u64,
        waking: Waking,
    },
    /// To be told of state changes.
    Subscribe(Arc<SubscriptionSpec>),
}

/// The counters that a client counts on with, and what it was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Desk {
    /// Calls of all controllers.
    pub(crate) calls: u32,
    pub(crate) wishes: Vec<Wish>,
}

/// What a controller has in its hands while it is called: the simulated time, and a way to ask for things.
///
/// Nothing happens at once. A call is on its way when the controller returns, and its end comes as
/// [`Controller::answered`](super::Controller::answered).
#[derive(Debug)]
pub struct Client<'a> {
    pub(crate) now: SimTime,
    pub(crate) controller: ControllerId,
    pub(crate) draws: &'a Draws,
    /// Draws and tokens this controller took so far: they go on counting when it crashes.
    pub(crate) taken: &'a mut u32,
    pub(crate) fills_tokens: bool,
    pub(crate) desk: &'a mut Desk,
}

impl Client<'_> {
    /// What the simulated clock says.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Which controller this is the client of.
    #[must_use]
    pub fn controller(&self) -> ControllerId {
        self.controller
    }

    /// Makes a call of the API. It reaches ECS after the request latency, takes effect there, and the answer comes back
    /// after the response latency; when it does not come in time, or is an error that may pass, the client calls again.
    ///
    /// While a call is under way the simulation is not at rest.
    pub fn call(&mut self, request: impl Into<Request>) -> CallId {
        self.make(request.into(), true)
    }

    /// Makes a call that the client never makes again by itself: for what must not happen twice and takes no client token,
    /// such as StartTask.
    pub fn call_once(&mut self, request: impl Into<Request>) -> CallId {
        self.make(request.into(), false)
    }

    fn make(&mut self, mut request: Request, may_repeat: bool) -> CallId {
        if let Request::RunTask(run) = &mut request {
            if self.fills_tokens && run.client_token.is_none() {
                run.client_token = Some(self.token());
            }
        }
        let call = CallId::new(self.desk.calls);
        let next = self.desk.calls.checked_add(1);
        self.desk.calls = next.expect("a run makes fewer than 2^32 - 1 calls from within");
        let wish = Wish::Call(call, Arc::new(request), may_repeat);
        self.desk.wishes.push(wish);
        call
    }

    /// Asks to be woken for work that is still to be done: the simulation is not at rest before.
    pub fn wake_after(&mut self, delay: Duration, tag: u64) {
        self.wake(delay, tag, Waking::Work);
    }

    /// Asks to be woken for a look around, such as one that is made again and again: it keeps nobody from being at rest.
    pub fn look_after(&mut self, delay: Duration, tag: u64) {
        self.wake(delay, tag, Waking::Look);
    }

    fn wake(&mut self, after: Duration, tag: u64, waking: Waking) {
        self.desk.wishes.push(Wish::Wake { after, tag, waking });
    }

    /// Asks to be told of state changes from now on, until the controller crashes: see
    /// [`Simulation::subscribe`](crate::Simulation::subscribe).
    ///
    /// # Errors
    ///
    /// When no draw can follow the delay; nothing was asked for then.
    pub fn subscribe(
        &mut self,
        pattern: EventPattern,
        delivery: Delivery,
    ) -> Result<(), ProfileError> {
        delivery.validate()?;
        let spec = SubscriptionSpec { pattern, delivery };
        self.desk.wishes.push(Wish::Subscribe(Arc::new(spec)));
        Ok(())
    }

    /// A client token that no controller had before, as a program would draw one: after a crash it is another.
    pub fn token(&mut self) -> String {
        let taken = self.take();
        format!("{}-token-{taken}", self.controller)
    }

    /// Luck for one decision of the controller.
    pub fn draw(&mut self) -> Draw {
        let taken = self.take();
        let subject = luck(self.controller, taken);
        self.draws.at(Purpose::Controller, subject, 0)
    }

    fn take(&mut self) -> u32 {
        let taken = *self.taken;
        *self.taken = taken.wrapping_add(1);
        taken
    }
}

/// Whose luck it is: the so-manieth thing of a controller, of which 256 are told apart.
pub(crate) fn luck(controller: ControllerId, nth: u32) -> u64 {
    u64::from(controller.number() & 0xFF) << 32 | u64::from(nth)
}
