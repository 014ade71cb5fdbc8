//! The loop: a request or an event comes in, a handler decides, one commit moves everything.
//!
//! | file | holds |
//! | --- | --- |
//! | [`input`] | what comes from outside: requests and faults, now or at a time |
//! | [`plan`] | a plan of faults at work |
//! | `prepare` | what a request will be placed by |
//! | [`gate`] | what a call meets before that: faults, request rates |
//! | [`request`] | one request: validate, act, commit, answer |
//! | [`request_labels`] | those about attributes, tags and account settings |
//! | [`dispatch`] | from an event to its handler |
//! | [`commit`] | apply, record, schedule |
//! | [`announce`] | telling subscribers what changed |
//! | [`controllers`] | who lives inside: controllers, their timers and subscriptions |
//! | [`calls`] | their calls: sent, arrived, answered, made again |
//! | [`heal`], [`stuck`] | the end of every fault, and what has not come to where it is wanted after it |
//! | [`timers`] | which event is the next stage of a container |
//! | [`run`] | step, advance, run until, settle |
//! | [`views`] | who sees what of the truth |
//! | `weather` | what is pushed while faults last |
//! | [`watch`] | when invariants look |

pub(crate) mod announce;
mod calls;
mod commit;
mod controllers;
mod dispatch;
mod gate;
mod heal;
pub(crate) mod input;
pub(crate) mod plan;
mod prepare;
mod request;
mod request_definition;
mod request_labels;
pub(crate) mod run;
pub(crate) mod stuck;
mod stuck_text;
mod timers;
mod views;
mod watch;
mod weather;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::api::buckets::Buckets;
use crate::api::constraints::Constraints;
use crate::draw::Draws;
use crate::fault::plan::FaultPlan;
use crate::ids::SubscriptionId;
use crate::invariant::{Checking, Invariants, Violation};
use crate::ledger::blame::Hindsight;
use crate::ledger::{Ctx, Effects, Event, Ledger, OrderBy};
use crate::model::{Profile, ReadAs, Reads, RequestRates, Settings, ViewModel};
use crate::placement::{Explaining, Explanation, Scheduler};
use crate::queue::Queue;
use crate::time::SimTime;
use crate::trace::Recorder;

use announce::ToldEvent;
use controllers::Controllers;
use input::{Input, Outcome};
use plan::Planned;
use timers::Timers;
use views::Views;

/// The order of events that come due at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventTies {
    /// As they were scheduled.
    #[default]
    Sequence,
    /// By the luck of what they are about: the same run with another interleaving for each seed.
    Shuffled,
}

/// What an engine is built from.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) draws: Draws,
    pub(crate) profile: Profile,
    pub(crate) settings: Settings,
    pub(crate) reads: Reads,
    pub(crate) scheduler_sees: ViewModel,
    pub(crate) request_rates: RequestRates,
    pub(crate) scheduler: Box<dyn Scheduler>,
    pub(crate) recorder: Recorder,
    pub(crate) invariants: Invariants,
    pub(crate) checking: Checking,
    pub(crate) event_ties: EventTies,
    pub(crate) faults: FaultPlan,
}

/// Everything a simulation is, as one value.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    now: SimTime,
    /// Events processed.
    steps: u64,
    ledger: Ledger,
    queue: Queue<Event>,
    timers: Timers,
    /// Pending events that are more than housekeeping.
    waiting: usize,
    /// Requests and faults scheduled, and what became of them.
    inputs: BTreeMap<u32, Input>,
    inputs_minted: u32,
    outcomes: BTreeMap<u32, Outcome>,
    /// The faults to come, if any are planned.
    planned: Option<Box<Planned>>,
    /// What reached each subscriber and was not taken yet.
    inboxes: BTreeMap<SubscriptionId, Vec<ToldEvent>>,
    /// Who lives inside.
    controllers: Controllers,
    /// Reads answered by any replica: each is at its own.
    reads_answered: u64,
    /// As whom calls are made.
    caller: ReadAs,
    /// Sessions given out.
    sessions: u64,
    draws: Draws,
    profile: Arc<Profile>,
    settings: Arc<Settings>,
    views: Arc<Views>,
    /// What is left of the account's request rates, where they are limited.
    buckets: Option<Box<Buckets>>,
    scheduler: Box<dyn Scheduler>,
    /// The expressions of requests, compiled.
    constraints: Constraints,
    event_ties: EventTies,
    recorder: Recorder,
    invariants: Invariants,
    checking: Checking,
    /// What [`is_followed`](Self::is_followed) said when a change was made that could have moved it.
    followed: bool,
    violations: Vec<Violation>,
    /// What is known better afterwards of what the last request was decided on.
    hindsight: Vec<Hindsight>,
    /// By what the request that is committed now packed its tasks: see [`Seen`](crate::invariant::Seen::packed_by).
    packed_by: Option<OrderBy>,
    /// The latest decisions that the truth would have made otherwise, since all was at rest and well.
    misled: VecDeque<Hindsight>,
    /// How many of the violations driving has told of.
    violations_told: usize,
    /// Kept between commits so that handlers do not allocate.
    effects: Effects,
}

impl Engine {
    pub(crate) fn new(parts: Parts) -> Self {
        let mut ledger = Ledger::default();
        let views = Views::new(&parts.reads, &parts.scheduler_sees);
        for (rules, is_scheduler) in [(&views.readers, false), (&views.scheduler, true)] {
            if let Some(rules) = rules {
                ledger.keep_versions(rules.lateness.bound, is_scheduler);
            }
        }
        let mut engine = Self {
            now: SimTime::ZERO,
            steps: 0,
            ledger,
            queue: Queue::new(),
            timers: Timers::default(),
            waiting: 0,
            inputs: BTreeMap::new(),
            inputs_minted: 0,
            outcomes: BTreeMap::new(),
            planned: None,
            inboxes: BTreeMap::new(),
            controllers: Controllers::default(),
            reads_answered: 0,
            caller: ReadAs::default(),
            sessions: 0,
            draws: parts.draws,
            profile: Arc::new(parts.profile),
            constraints: Constraints::new(parts.settings.epoch),
            settings: Arc::new(parts.settings),
            views: Arc::new(views),
            buckets: gate::buckets(parts.request_rates),
            scheduler: parts.scheduler,
            event_ties: parts.event_ties,
            recorder: parts.recorder,
            invariants: parts.invariants,
            checking: parts.checking,
            followed: false,
            violations: Vec::new(),
            hindsight: Vec::new(),
            packed_by: None,
            misled: VecDeque::new(),
            violations_told: 0,
            effects: Effects::default(),
        };
        engine.begin_plan(parts.faults);
        engine.followed = engine.is_followed();
        engine
    }

    /// What handlers read, what they write, and who places.
    fn parts(&mut self) -> (Ctx<'_>, &mut Effects, &mut dyn Scheduler) {
        let ctx = Ctx {
            now: self.now,
            ledger: &self.ledger,
            draws: &self.draws,
            profile: &self.profile,
            settings: &self.settings,
        };
        (ctx, &mut self.effects, &mut *self.scheduler)
    }

    pub(crate) fn now(&self) -> SimTime {
        self.now
    }

    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) fn seed(&self) -> u64 {
        self.draws.seed()
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub(crate) fn invariants(&self) -> &Invariants {
        &self.invariants
    }

    /// Has every decision from now on explained; see [`explanations`](Self::explanations).
    pub(crate) fn explain(&mut self) {
        let inner = self.scheduler.clone();
        self.scheduler = Box::new(Explaining::new(inner));
    }

    /// What was explained so far.
    pub(crate) fn explanations(&self) -> &[Arc<Explanation>] {
        let explaining = self
            .scheduler
            .downcast_ref::<Explaining<Box<dyn Scheduler>>>();
        explaining.map_or(&[], Explaining::explanations)
    }

    pub(crate) fn scheduler(&self) -> &(dyn Scheduler + 'static) {
        &*self.scheduler
    }

    /// What is known better of the tasks that the last request asked for; empty unless the scheduler sees late.
    pub(crate) fn hindsight(&self) -> &[Hindsight] {
        &self.hindsight
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    pub(crate) fn next_event_at(&self) -> Option<SimTime> {
        self.queue.next_at()
    }

    pub(crate) fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The bytes that two equal simulations share and two different ones do not: time, ledger and what is pending.
    pub(crate) fn state_bytes(&self) -> Vec<u8> {
        let mut pending: Vec<_> = self.queue.iter().collect();
        pending.sort_by_key(|entry| (entry.0, format!("{:?}", entry.1)));
        let mut bytes = serde_json::to_vec(&(self.now, &self.ledger, pending, &self.inputs))
            .expect("a ledger is plain data with string keys");
        if let Some(buckets) = &self.buckets {
            serde_json::to_writer(&mut bytes, buckets).expect("levels are plain data");
        }
        if !self.controllers.is_empty() {
            let under_way = self.controllers.state();
            serde_json::to_writer(&mut bytes, &under_way).expect("calls are plain data");
        }
        if let Some(planned) = &self.planned {
            serde_json::to_writer(&mut bytes, &planned.state()).expect("a plan is plain data");
        }
        // What was given out decides who the next session is.
        if self.sessions > 0 {
            bytes.extend(self.sessions.to_le_bytes());
        }
        bytes
    }
}
