//! What is told of subscriptions and of state changes on their way: how it is written into records, and how it reads.

use std::fmt::{self, Display};

use crate::ids::{ContainerInstanceId, DeliveryId, SubscriptionId, TaskId};
use crate::ledger::Change;
use crate::ledger::subscription::Changed;

use super::hazards;
use super::kind::Kind;
use super::record::{Record, Told};

/// In `detail` of a copy sent: what it is about.
const CONTAINER_INSTANCE: u8 = 2;
const TASK: u8 = 4;

/// The record of a change of this kind, or of one of faults.
pub(super) fn change(change: &Change) -> Told {
    let blank = |kind| Told::of(kind);
    match change {
        Change::Subscribed { subscription, .. } => {
            blank(Kind::Subscribed).with_a(subscription.number())
        }
        Change::Unsubscribed { subscription } => {
            blank(Kind::Unsubscribed).with_a(subscription.number())
        }
        Change::StateChangeSent {
            delivery,
            changed,
            version,
            ..
        } => {
            let (kind, number) = match changed {
                Changed::Task(task) => (TASK, task.number()),
                Changed::ContainerInstance(instance) => (CONTAINER_INSTANCE, instance.number()),
            };
            // Of the version the low 16 bits are kept.
            blank(Kind::StateChangeSent)
                .with_detail(kind)
                .with_more(*version as u16)
                .with_a(number)
                .with_b(delivery.number())
        }
        Change::StateChangeDelivered { delivery, to } => blank(Kind::StateChangeDelivered)
            .with_a(delivery.number())
            .with_b(to.number()),
        Change::Hazard(change) => hazards::change(change),
        other => unreachable!("{other:?} has a record of another shape"),
    }
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Subscribed
            | Kind::Unsubscribed
            | Kind::StateChangeSent
            | Kind::StateChangeDelivered
            | Kind::StateChangeDue
    )
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let number = record.a();
    match record.kind() {
        Kind::Subscribed | Kind::Unsubscribed => SubscriptionId::new(number).fmt(f),
        Kind::StateChangeSent if record.detail() == CONTAINER_INSTANCE => {
            ContainerInstanceId::new(number).fmt(f)
        }
        Kind::StateChangeSent => TaskId::new(number).fmt(f),
        _ => DeliveryId::new(number).fmt(f),
    }
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::Subscribed => f.write_str("subscribed"),
        Kind::Unsubscribed => f.write_str("unsubscribed"),
        Kind::StateChangeSent => {
            let delivery = DeliveryId::new(record.b());
            write!(f, "version {} sent as {delivery}", record.more())
        }
        Kind::StateChangeDue => Ok(()),
        _ => write!(f, "reached {}", SubscriptionId::new(record.b())),
    }
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use std::sync::Arc;

    use crate::ids::{ContainerInstanceId, DeliveryId, SubscriptionId, TaskId};
    use crate::ledger::Change;
    use crate::ledger::subscription::{Changed, SubscriptionSpec};
    use crate::model::{Delivery, EventPattern, StateChangeDetail, StateChangeEvent, Timestamp};

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let (subscription, delivery) = (SubscriptionId::new(1), DeliveryId::new(5));
        let spec = SubscriptionSpec {
            pattern: EventPattern::tasks(),
            delivery: Delivery::ideal(),
        };
        let sent = |changed| Change::StateChangeSent {
            delivery,
            to: subscription,
            changed,
            version: 65_538,
            event: Arc::new(StateChangeEvent {
                id: String::new(),
                account: Arc::default(),
                region: Arc::default(),
                time: Timestamp::default(),
                detail: StateChangeDetail::Task(Box::default()),
            }),
        };
        let subscribed = Change::Subscribed {
            subscription,
            spec: Arc::new(spec),
        };
        vec![
            (subscribed, "subscription-1 subscribed"),
            (
                Change::Unsubscribed { subscription },
                "subscription-1 unsubscribed",
            ),
            (
                sent(Changed::Task(TaskId::new(3))),
                "task-3 version 2 sent as delivery-5",
            ),
            (
                sent(Changed::ContainerInstance(ContainerInstanceId::new(1))),
                "container-instance-1 version 2 sent as delivery-5",
            ),
            (
                Change::StateChangeDelivered {
                    delivery,
                    to: subscription,
                },
                "delivery-5 reached subscription-1",
            ),
        ]
    }
}
