//! How things are called in a run, and which choice it makes where ECS is silent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::arn::Naming;
use crate::time::SimTime;

use super::timestamp::Timestamp;

/// How an equal choice among container instances is made; ECS does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum PlacementTies {
    /// By the luck of the task: each of them is as likely.
    #[default]
    Seeded,
    /// The container instance that registered first.
    OldestInstance,
}

/// How many failures RunTask tells of one task that has no place; ECS does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum FailureShape {
    /// One: of the container instance that came closest.
    #[default]
    Closest,
    /// One for each container instance of the cluster in order of registration, ten at most.
    EveryInstance,
}

/// What a run was built with that its handlers need to know.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// Region, account, and the seed that ids are made from.
    pub naming: Naming,
    /// What the calendar says at simulated time zero.
    pub epoch: Timestamp,
    /// How an equal choice is made.
    pub placement_ties: PlacementTies,
    /// How many failures are told.
    pub failures: FailureShape,
    /// The availability zones of subnets, as far as the caller told them.
    pub subnets: BTreeMap<String, Arc<str>>,
}

impl Settings {
    /// A simulated time as the API shows it, in whole milliseconds.
    #[must_use]
    pub fn timestamp(&self, time: SimTime) -> Timestamp {
        self.epoch.saturating_add(time.since(SimTime::ZERO))
    }
}
