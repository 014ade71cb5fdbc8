//! Controllers inside the simulation: who there is, what wakes them, and what becomes of what they ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::fault::FaultError;
use crate::client::{Client, ClientOptions, Controller, Desk, ReadsThrough, RetryQuota, Wish};
use crate::ids::{CallId, ControllerId, SubscriptionId};
use crate::ledger::controller::ControllerChange;
use crate::ledger::event::Waking;
use crate::ledger::{Change, Event};
use crate::model::{Fault, ProfileError, ReadAs};
use crate::queue::Key;
use crate::time::SimTime;

use super::Engine;
use super::calls::Call;
use super::stuck::{CallStage, ControllerWaitsFor, Stuck};

/// A controller and all that is kept of it.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    name: Arc<str>,
    /// As it was added: what is left of its memory after a crash.
    pristine: Box<dyn Controller>,
    /// `None` while it is crashed, and while it is called.
    running: Option<Box<dyn Controller>>,
    pub(super) options: Arc<ClientOptions>,
    pub(super) quota: RetryQuota,
    /// Who it is for the replicas.
    pub(super) reads: ReadAs,
    /// Calls it made so far: the luck of each is its own.
    pub(super) calls: u32,
    /// Draws and tokens it took so far.
    taken: u32,
}

/// A timer of a controller.
#[derive(Clone, Copy, Debug)]
struct Timer {
    controller: ControllerId,
    tag: u64,
    waking: Waking,
    key: Key,
}

/// Everything that lives inside the simulation and talks to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Controllers {
    pub(super) seats: Vec<Seat>,
    pub(super) calls: BTreeMap<CallId, Call>,
    timers: BTreeMap<u32, Timer>,
    timers_minted: u32,
    listening: BTreeMap<SubscriptionId, ControllerId>,
    desk: Desk,
}

impl Controllers {
    /// Whether there never was one.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The controller with a name, the first of several.
    fn named(&self, name: &str) -> Option<ControllerId> {
        let found = self.seats.iter().position(|seat| *seat.name == *name)?;
        Some(id_of(found))
    }

    /// Those that are crashed, in the order in which they were brought in.
    pub(super) fn crashed(&self) -> Vec<ControllerId> {
        let seats = self.seats.iter().enumerate();
        let crashed = seats.filter(|(_, seat)| seat.running.is_none());
        crashed.map(|(position, _)| id_of(position)).collect()
    }

    /// Calls under way and controllers that are woken to work, ten at most.
    pub(super) fn who_waits(&self) -> impl Iterator<Item = String> + '_ {
        let under_way = self.calls.iter().filter(|(_, call)| !call.is_over);
        let calls = under_way.map(|(id, call)| {
            let name = &self.seats[call.controller.index()].name;
            format!("{id} {} of {name}", call.request.operation())
        });
        let timers = self.timers.values();
        let to_work = timers.filter(|timer| timer.waking == Waking::Work);
        let woken = to_work.map(|timer| {
            let name = &self.seats[timer.controller.index()].name;
            format!("{name}, to be woken")
        });
        calls.chain(woken).take(10)
    }

    /// The bytes that tell two states apart: what is under way, without the memory of controllers.
    pub(super) fn state(&self) -> impl serde::Serialize + '_ {
        let seats = self.seats.iter().map(|seat| {
            let counts = (seat.calls, seat.taken, seat.quota);
            (&seat.name, seat.running.is_some(), counts)
        });
        let calls = self.calls.iter().map(|(id, call)| (id, call.state()));
        let timers = self
            .timers
            .iter()
            .map(|(number, timer)| (number, timer.controller, timer.tag));
        let listening = self.listening.iter();
        (
            seats.collect::<Vec<_>>(),
            calls.collect::<Vec<_>>(),
            timers.collect::<Vec<_>>(),
            listening.collect::<Vec<_>>(),
        )
    }
}

fn id_of(position: usize) -> ControllerId {
    ControllerId::new(u32::try_from(position).expect("there are at most 65536 controllers"))
}

impl Engine {
    /// Brings a controller in and starts it.
    pub(crate) fn add_controller(
        &mut self,
        controller: Box<dyn Controller>,
        options: ClientOptions,
    ) -> Result<ControllerId, ProfileError> {
        options.validate()?;
        let id = id_of(self.controllers.seats.len());
        assert!(
            id.number() <= u32::from(u16::MAX),
            "there are at most 65536 controllers"
        );
        let name: Arc<str> = controller.name().into();
        let reads = self.reads_of(&options);
        self.controllers.seats.push(Seat {
            reads,
            name: Arc::clone(&name),
            pristine: controller.clone(),
            running: Some(controller),
            quota: RetryQuota::full(&options.backoff),
            options: Arc::new(options),
            calls: 0,
            taken: 0,
        });
        let controller = id;
        self.effects
            .change(Change::Controller(ControllerChange::Added {
                controller,
                name,
            }));
        self.commit(None);
        self.turn(id, None, |controller, client| controller.started(client));
        Ok(id)
    }

    /// Who a controller that starts now is for the replicas.
    fn reads_of(&mut self, options: &ClientOptions) -> ReadAs {
        match options.reads {
            ReadsThrough::AnyReplica => ReadAs::AnyReplica,
            ReadsThrough::Session => self.session().into(),
        }
    }

    /// A controller, unless it is crashed.
    pub(crate) fn controller(
        &self,
        controller: ControllerId,
    ) -> Option<&(dyn Controller + 'static)> {
        let seat = self.controllers.seats.get(controller.index())?;
        seat.running.as_deref()
    }

    /// A controller loses its memory, its timers and its subscriptions; calls that are on their way to ECS go on. Whether
    /// it was running.
    pub(crate) fn crash_controller(
        &mut self,
        controller: ControllerId,
        event: Option<&Event>,
    ) -> bool {
        let Some(seat) = self.controllers.seats.get_mut(controller.index()) else {
            return false;
        };
        if seat.running.take().is_none() {
            return false;
        }
        self.drop_calls(controller);
        let timers = self.controllers.timers.iter();
        let own = timers.filter(|(_, timer)| timer.controller == controller);
        let own: Vec<(u32, Key)> = own.map(|(number, timer)| (*number, timer.key)).collect();
        for (number, key) in own {
            self.controllers.timers.remove(&number);
            self.take_back(key);
        }
        let listening = self.controllers.listening.iter();
        let own = listening.filter(|(_, listener)| **listener == controller);
        let own: Vec<SubscriptionId> = own.map(|(subscription, _)| *subscription).collect();
        for subscription in own {
            self.controllers.listening.remove(&subscription);
            self.inboxes.remove(&subscription);
            self.effects.change(Change::Unsubscribed { subscription });
        }
        self.effects
            .change(Change::Controller(ControllerChange::Crashed(controller)));
        self.commit(event);
        true
    }

    /// A crashed controller begins again with the memory it was added with. Whether it was crashed.
    pub(crate) fn restart_controller(
        &mut self,
        controller: ControllerId,
        event: Option<&Event>,
    ) -> bool {
        let Some(seat) = self.controllers.seats.get_mut(controller.index()) else {
            return false;
        };
        if seat.running.is_some() {
            return false;
        }
        seat.running = Some(seat.pristine.clone());
        seat.quota = RetryQuota::full(&seat.options.backoff);
        let options = Arc::clone(&seat.options);
        let reads = self.reads_of(&options);
        self.controllers.seats[controller.index()].reads = reads;
        self.effects
            .change(Change::Controller(ControllerChange::Restarted(controller)));
        self.commit(event);
        self.turn(controller, event, |controller, client| {
            controller.started(client);
        });
        true
    }

    /// Controllers that do not run or are not done, and what each of them waits for.
    pub(super) fn stuck_controllers(&self) -> Vec<Stuck> {
        let Controllers { seats, calls, .. } = &self.controllers;
        let stuck = |controller: ControllerId, waits_for| Stuck::Controller {
            controller,
            name: Arc::clone(&seats[controller.index()].name),
            waits_for,
        };
        let crashed = self.controllers.crashed().into_iter();
        let crashed = crashed.map(|controller| (controller, ControllerWaitsFor::Restart));
        // What comes first of a call is what becomes of it next.
        let mut next: BTreeMap<CallId, (SimTime, CallStage)> = BTreeMap::new();
        let mut woken = Vec::new();
        for (at, event) in self.queue.iter() {
            let (call, attempt, stage) = match *event {
                Event::CallArrived(call, attempt) => (call, Some(attempt), CallStage::Arrives),
                Event::CallAnswered(call, ..) => (call, None, CallStage::Answered),
                Event::CallTimedOut(call, attempt) => (call, Some(attempt), CallStage::TimesOut),
                Event::ControllerWoken(whose, _, Waking::Work) => {
                    let controller = ControllerId::new(whose.into());
                    woken.push((controller, ControllerWaitsFor::Timer { until: at }));
                    continue;
                }
                _ => continue,
            };
            let known = calls.get(&call).filter(|known| !known.is_over);
            // An attempt that was given up may still be on its way.
            if let Some(known) = known.filter(|it| attempt.is_none_or(|nth| nth == it.attempt)) {
                let come = match known.leaves_at > self.now {
                    true => (known.leaves_at, CallStage::Again),
                    false => (at, stage),
                };
                let first = next.entry(call).or_insert(come);
                if come.0 < first.0 {
                    *first = come;
                }
            }
        }
        let under_way = next.into_iter().map(|(call, (until, next))| {
            let known = &calls[&call];
            let waits_for = ControllerWaitsFor::Call {
                call,
                operation: known.request.operation(),
                attempt: known.attempt,
                next,
                until,
            };
            (known.controller, waits_for)
        });
        let mut all: Vec<_> = crashed.chain(under_way).chain(woken).collect();
        all.sort_by_key(|(controller, _)| *controller);
        all.into_iter()
            .map(|(controller, waits_for)| stuck(controller, waits_for))
            .collect()
    }

    /// Makes a fault happen that is about a controller; `None` when it is about something else.
    pub(super) fn inject_into_controllers(
        &mut self,
        fault: &Fault,
        event: Option<&Event>,
    ) -> Option<Result<(), FaultError>> {
        let (Fault::ControllerCrash { controller } | Fault::ControllerRestart { controller }) =
            fault
        else {
            return None;
        };
        let Some(id) = self.controllers.named(controller) else {
            return Some(Err(FaultError::NoSuchController {
                name: controller.clone(),
            }));
        };
        match fault {
            Fault::ControllerCrash { .. } => self.crash_controller(id, event),
            _ => self.restart_controller(id, event),
        };
        Some(Ok(()))
    }

    /// An event that is about a controller or a call of one.
    pub(super) fn controller_event(&mut self, event: &Event) {
        match *event {
            Event::ControllerWoken(_, number, _) => {
                let timer = self.controllers.timers.remove(&number);
                let timer = timer.expect("the timers of a crashed controller are taken back");
                self.turn(timer.controller, Some(event), |controller, client| {
                    controller.woken(timer.tag, client);
                });
            }
            Event::CallArrived(call, attempt) => self.call_arrived(call, attempt, event),
            Event::CallAnswered(call, ..) => self.call_answered(call, event),
            Event::CallTimedOut(call, _) => self.call_timed_out(call, event),
            _ => unreachable!("{event:?} is about no controller"),
        }
    }

    /// Hands what has reached the subscriptions of controllers to them.
    pub(super) fn tell_controllers(&mut self, event: &Event) {
        let listening = self.controllers.listening.iter();
        let reached = listening.filter(|(subscription, _)| {
            let inbox = self.inboxes.get(subscription);
            inbox.is_some_and(|inbox| !inbox.is_empty())
        });
        let reached: Vec<_> = reached.map(|(to, listener)| (*to, *listener)).collect();
        for (subscription, listener) in reached {
            for told in self.take_state_changes(subscription) {
                self.turn(listener, Some(event), |controller, client| {
                    controller.told(&told.event, client);
                });
            }
        }
    }

    /// Lets a controller act, if it runs, and does what it asks for.
    pub(super) fn turn(
        &mut self,
        id: ControllerId,
        event: Option<&Event>,
        act: impl FnOnce(&mut dyn Controller, &mut Client<'_>),
    ) {
        let Controllers { seats, desk, .. } = &mut self.controllers;
        let seat = &mut seats[id.index()];
        let Some(mut running) = seat.running.take() else {
            return;
        };
        let mut client = Client {
            now: self.now,
            controller: id,
            draws: &self.draws,
            taken: &mut seat.taken,
            fills_tokens: seat.options.fills_tokens,
            desk,
        };
        act(&mut *running, &mut client);
        seat.running = Some(running);
        for wish in std::mem::take(&mut self.controllers.desk.wishes) {
            self.grant(id, wish, event);
        }
        self.commit(event);
    }

    fn grant(&mut self, id: ControllerId, wish: Wish, event: Option<&Event>) {
        match wish {
            Wish::Call(call, request, may_repeat) => self.call(id, call, request, may_repeat),
            Wish::Wake { after, tag, waking } => {
                let number = self.controllers.timers_minted;
                let next = number.checked_add(1);
                self.controllers.timers_minted = next.expect("a run sets fewer than 2^32 timers");
                let whose = u16::try_from(id.number()).expect("it was checked when it was added");
                let key = self.push(after, Event::ControllerWoken(whose, number, waking));
                let controller = id;
                let timer = Timer {
                    controller,
                    tag,
                    waking,
                    key,
                };
                self.controllers.timers.insert(number, timer);
            }
            Wish::Subscribe(spec) => {
                let subscription = self.ledger.subscriptions().next();
                self.effects
                    .change(Change::Subscribed { subscription, spec });
                self.commit(event);
                self.inboxes.insert(subscription, Vec::new());
                self.controllers.listening.insert(subscription, id);
            }
        }
    }

    /// Takes a pending event back.
    pub(super) fn take_back(&mut self, key: Key) {
        if let Some(event) = self.queue.cancel(key) {
            self.waiting -= usize::from(!event.is_housekeeping());
        }
    }
}
