//! Telling subscribers what changed.

use std::sync::Arc;

use serde::Serialize;

use crate::arn::IdKind;
use crate::fault::messages;
use crate::ids::{DeliveryId, SubscriptionId};
use crate::ledger::subscription::{Changed, SubscriptionSpec};
use crate::ledger::{Change, Event};
use crate::model::{Delivery, EventPattern, ProfileError, StateChangeDetail, StateChangeEvent};
use crate::observe::describe;
use crate::time::SimTime;

use super::Engine;

/// An event that reached a subscriber.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToldEvent {
    /// When it did, in simulated time.
    pub at: SimTime,
    /// What it was told.
    pub event: Arc<StateChangeEvent>,
}

impl Engine {
    /// Has somebody told of state changes from now on.
    pub(crate) fn subscribe(
        &mut self,
        pattern: EventPattern,
        delivery: Delivery,
    ) -> Result<SubscriptionId, ProfileError> {
        delivery.validate()?;
        let subscription = self.ledger.subscriptions().next();
        let spec = Arc::new(SubscriptionSpec { pattern, delivery });
        self.effects
            .change(Change::Subscribed { subscription, spec });
        self.commit(None);
        self.inboxes.insert(subscription, Vec::new());
        Ok(subscription)
    }

    /// Has a subscriber no longer told; whether it was.
    pub(crate) fn unsubscribe(&mut self, subscription: SubscriptionId) -> bool {
        if self.ledger.subscriptions().get(subscription).is_none() {
            return false;
        }
        self.effects.change(Change::Unsubscribed { subscription });
        self.commit(None);
        self.inboxes.remove(&subscription);
        true
    }

    /// What reached a subscriber since it last asked, in the order in which it did.
    pub(crate) fn take_state_changes(&mut self, subscription: SubscriptionId) -> Vec<ToldEvent> {
        let inbox = self.inboxes.get_mut(&subscription);
        inbox.map(std::mem::take).unwrap_or_default()
    }

    /// Tells of everything whose version is no longer that of `before`.
    pub(super) fn announce(&mut self, before: &[(Changed, Option<u32>)]) {
        for &(changed, before) in before {
            let version = self.ledger.version_of(changed);
            if let Some(version) = version.filter(|_| version != before) {
                self.announce_one(changed, version);
            }
        }
    }

    fn announce_one(&mut self, changed: Changed, version: u32) {
        let event = Arc::new(self.state_change(changed, version));
        let json = event.value();
        let known = self.ledger.subscriptions().iter();
        let wanted: Vec<_> = known
            .filter(|(_, spec)| spec.pattern.matches(&json))
            .map(|(to, spec)| (to, Arc::clone(spec)))
            .collect();
        for (to, spec) in wanted {
            let subject = subject(changed, to);
            // Changes that are 65536 versions apart share their luck.
            let mut delays = spec.delivery.delays(&self.draws, subject, version as u16);
            if !self.ledger.hazards().is_calm() {
                let nth = version as u16;
                messages::event_copies(&self.ledger, &self.draws, (subject, nth), &mut delays);
            }
            for delay in delays {
                let delivery = self.ledger.subscriptions().next_delivery();
                let sent = Change::StateChangeSent {
                    delivery,
                    to,
                    changed,
                    version,
                    event: Arc::clone(&event),
                };
                self.change(&sent);
                self.effects.change(sent);
                self.effects.after(delay, Event::StateChangeDue(delivery));
            }
        }
    }

    /// The event that tells of something as it is now.
    fn state_change(&self, changed: Changed, version: u32) -> StateChangeEvent {
        let naming = &self.settings.naming;
        let (id, detail) = match changed {
            Changed::Task(task) => {
                let seen = self.ledger.glance(task);
                let seen = seen.expect("the task has a version");
                let task_shown = describe::task(&self.settings, &self.ledger, task, &seen, false);
                (
                    naming.uuid(IdKind::TaskEvent, task.number(), version),
                    StateChangeDetail::of_task(task_shown),
                )
            }
            Changed::ContainerInstance(instance) => {
                let seen = self.ledger.instance_glance(instance);
                let seen = seen.expect("the container instance has a version");
                let cluster = self.ledger.cluster(seen.record.spec.cluster);
                let cluster_arn = Arc::clone(&cluster.spec.arn);
                let instance_shown = describe::instance(&self.settings, seen, false);
                let detail = StateChangeDetail::of_container_instance(instance_shown, cluster_arn);
                let number = instance.number();
                (
                    naming.uuid(IdKind::ContainerInstanceEvent, number, version),
                    detail,
                )
            }
        };
        StateChangeEvent {
            id,
            account: naming.account_id().into(),
            region: naming.region().into(),
            time: self.settings.timestamp(self.now),
            detail,
        }
    }

    /// A copy of an event reaches its subscriber, if that still listens.
    pub(super) fn deliver(&mut self, delivery: DeliveryId, event: &Event) {
        let copy = self.ledger.subscriptions().in_flight(delivery).cloned();
        if let Some(copy) = copy {
            let to = copy.to;
            self.effects
                .change(Change::StateChangeDelivered { delivery, to });
            let inbox = self.inboxes.entry(to).or_default();
            inbox.push(ToldEvent {
                at: self.now,
                event: copy.event,
            });
        }
        self.commit(Some(event));
        if !self.controllers.is_empty() {
            self.tell_controllers(event);
        }
    }
}

/// The address of the luck of a change on its way: what changed, and which subscriber (of which 128 are told apart).
fn subject(changed: Changed, to: SubscriptionId) -> u64 {
    let (kind, number) = match changed {
        Changed::Task(task) => (0, task.number()),
        Changed::ContainerInstance(instance) => (1, instance.number()),
    };
    u64::from(number) | kind << 32 | u64::from(to.number() & 0x7F) << 33
}
