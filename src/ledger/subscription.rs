//! Who wants to know of state changes, and what is on its way to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ContainerInstanceId, DeliveryId, SubscriptionId, TaskId};
use crate::model::{Delivery, EventPattern, StateChangeEvent};

use super::Ledger;
use super::change::Change;
use super::versions::visible_instance;

/// What a state change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Changed {
    /// A task.
    Task(TaskId),
    /// A container instance.
    ContainerInstance(ContainerInstanceId),
}

/// What a subscriber asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubscriptionSpec {
    /// Which events.
    pub pattern: EventPattern,
    /// How they reach it.
    pub delivery: Delivery,
}

/// One copy of an event on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InFlight {
    /// To whom.
    pub to: SubscriptionId,
    /// What.
    pub event: Arc<StateChangeEvent>,
}

/// Who wants to know of state changes, and what is on its way to them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Subscriptions {
    specs: BTreeMap<SubscriptionId, Arc<SubscriptionSpec>>,
    minted: u32,
    in_flight: BTreeMap<DeliveryId, InFlight>,
    sent: u32,
}

impl Subscriptions {
    /// Whether nobody subscribed so far.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        self.minted == 0
    }

    /// Whether somebody listens.
    #[must_use]
    pub fn is_any(&self) -> bool {
        !self.specs.is_empty()
    }

    /// Every subscription, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SubscriptionId, &Arc<SubscriptionSpec>)> {
        self.specs.iter().map(|(id, spec)| (*id, spec))
    }

    /// What a subscriber asked for, while it listens.
    #[must_use]
    pub fn get(&self, subscription: SubscriptionId) -> Option<&Arc<SubscriptionSpec>> {
        self.specs.get(&subscription)
    }

    /// A copy that has not arrived yet, unless its subscriber is gone.
    #[must_use]
    pub fn in_flight(&self, delivery: DeliveryId) -> Option<&InFlight> {
        self.in_flight.get(&delivery)
    }

    /// The number that the next subscription gets.
    #[must_use]
    pub fn next(&self) -> SubscriptionId {
        SubscriptionId::new(self.minted)
    }

    /// The number that the next copy gets.
    #[must_use]
    pub fn next_delivery(&self) -> DeliveryId {
        DeliveryId::new(self.sent)
    }
}

impl Ledger {
    /// Who wants to know of state changes.
    #[must_use]
    pub fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// How often something has changed visibly; `None` when it is not there.
    #[must_use]
    pub fn version_of(&self, changed: Changed) -> Option<u32> {
        match changed {
            Changed::Task(task) => self.task(task).map(|record| record.version),
            Changed::ContainerInstance(instance) => {
                self.instance(instance).map(|record| record.version)
            }
        }
    }

    /// What changes are about, each with its version before them.
    pub(crate) fn versions_before(&self, changes: &[Change]) -> Vec<(Changed, Option<u32>)> {
        let mut about: Vec<Changed> = Vec::new();
        for change in changes {
            let task = change.task();
            about.extend(task.map(Changed::Task));
            let on = match *change {
                Change::TaskPlaced { on, .. } => on,
                _ => task.and_then(|task| self.task(task)?.on),
            };
            let instance = visible_instance(change).or(on);
            about.extend(instance.map(Changed::ContainerInstance));
        }
        about.sort_unstable();
        about.dedup();
        let before = |changed| (changed, self.version_of(changed));
        about.into_iter().map(before).collect()
    }

    /// Moves the ledger by a change of subscriptions.
    pub(super) fn apply_subscriptions(&mut self, change: &Change) {
        let known = &mut self.subscriptions;
        match change {
            Change::Subscribed { subscription, spec } => {
                assert_eq!(*subscription, known.next(), "subscriptions are dense");
                known.minted += 1;
                known.specs.insert(*subscription, Arc::clone(spec));
            }
            Change::Unsubscribed { subscription } => {
                let gone = known.specs.remove(subscription);
                assert!(gone.is_some(), "a subscriber goes once");
                known.in_flight.retain(|_, copy| copy.to != *subscription);
            }
            Change::StateChangeSent {
                delivery,
                to,
                event,
                ..
            } => {
                assert_eq!(*delivery, known.next_delivery(), "deliveries are dense");
                let sent = known.sent.checked_add(1);
                known.sent = sent.expect("a run sends fewer than 2^32 - 1 events");
                let copy = InFlight {
                    to: *to,
                    event: Arc::clone(event),
                };
                known.in_flight.insert(*delivery, copy);
            }
            Change::StateChangeDelivered { delivery, .. } => {
                let copy = known.in_flight.remove(delivery);
                assert!(copy.is_some(), "a copy arrives once");
            }
            other => unreachable!("{other:?} is no change of subscriptions"),
        }
    }
}
