//! Identities inside the simulation: dense numbers, one type for each kind of thing.
//!
//! Ids of one kind count up from zero and are never reused, so they index tables directly
//! and order things by age. ARNs and the 32-digit ids of ECS are views of these numbers,
//! made on demand by [`Naming`](crate::arn::Naming).

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An id that is a number, for tables that hold things of one kind or another.
pub trait DenseId: Copy {
    /// The id with this number.
    fn of_number(number: u32) -> Self;

    /// The number of this id.
    fn to_number(self) -> u32;
}

macro_rules! dense_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// An id that may be absent takes no more memory than one that is there. For that the greatest number of 32 bits, which
        /// no run gets to, is taken for the one before it.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id with this number.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(NonZeroU32::MIN.saturating_add(number))
            }

            /// The number of this id, counted from zero in order of creation.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0.get() - 1
            }

            /// The number of this id as an index into a table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.number() as usize
            }
        }

        impl DenseId for $name {
            fn of_number(number: u32) -> Self {
                Self::new(number)
            }

            fn to_number(self) -> u32 {
                self.number()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.number()).finish()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_u32(self.number())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                u32::deserialize(deserializer).map(Self::new)
            }
        }

        #[doc = concat!("Writes `", $prefix, "-` and the number.")]
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{}"), self.number())
            }
        }
    };
}

dense_id! {
    /// The identity of a cluster.
    ClusterId, "cluster"
}

dense_id! {
    /// The identity of a container instance.
    ContainerInstanceId, "container-instance"
}

dense_id! {
    /// The identity of one revision of a task definition.
    TaskDefinitionId, "task-definition"
}

dense_id! {
    /// The identity of a task, shared by tasks that were placed and asks that were refused.
    ///
    /// ```
    /// use wavetank::TaskId;
    ///
    /// assert_eq!(TaskId::new(17).to_string(), "task-17");
    /// ```
    TaskId, "task"
}

dense_id! {
    /// The identity of one accepted call of `RunTask` or `StartTask`.
    LaunchId, "launch"
}

dense_id! {
    /// The identity of a task group, the label that ties related tasks together.
    GroupId, "group"
}

dense_id! {
    /// The identity of a subscription to state changes.
    SubscriptionId, "subscription"
}

dense_id! {
    /// The identity of one copy of a state change on its way to a subscriber.
    DeliveryId, "delivery"
}

dense_id! {
    /// The identity of a controller that lives inside the simulation.
    ControllerId, "controller"
}

dense_id! {
    /// The identity of a call that a controller made.
    CallId, "call"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_shown_by_its_ecs_word() {
        assert_eq!(ClusterId::new(0).to_string(), "cluster-0");
        assert_eq!(
            ContainerInstanceId::new(3).to_string(),
            "container-instance-3"
        );
        assert_eq!(TaskDefinitionId::new(2).to_string(), "task-definition-2");
        assert_eq!(TaskId::new(17).to_string(), "task-17");
        assert_eq!(LaunchId::new(1).to_string(), "launch-1");
        assert_eq!(GroupId::new(4).to_string(), "group-4");
    }

    #[test]
    fn ids_order_by_age_and_index_tables() {
        assert!(TaskId::new(9) < TaskId::new(10));
        let last = u32::MAX - 1;
        assert_eq!(TaskId::new(last).index(), last as usize);
        assert_eq!(TaskId::new(u32::MAX), TaskId::new(last));
        assert_eq!(size_of::<Option<TaskId>>(), 4);
        assert_eq!(TaskId::new(5).number(), 5);
    }

    #[test]
    fn an_id_serialises_as_its_bare_number() {
        let text = serde_json::to_string(&TaskId::new(8)).unwrap();
        assert_eq!(text, "8");
        assert_eq!(
            serde_json::from_str::<TaskId>(&text).unwrap(),
            TaskId::new(8)
        );
    }
}
