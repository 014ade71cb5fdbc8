//! The standard invariants: what ECS promises of every cluster, and what this library must not get wrong.
//!
//! | file | holds |
//! | --- | --- |
//! | `lifecycle` | [`LifecycleOrder`], [`VersionsGrow`] |
//! | `times` | [`TimesOrdered`] |
//! | `resources` | [`ResourcesConserved`], [`Audit`] |
//! | `hosts` | [`DeadHosts`], [`StartedOnce`], [`ContainerOrder`], [`StopTime`] |
//! | `views` | [`ViewsConverge`], [`ViewsWithinBound`], [`VersionsTruthful`] |
//! | `placement` | [`PortsApart`], [`DistinctInstance`], [`RequestCounts`] |
//! | `packing` | [`BinpackKept`] |
//! | `liveness` | [`NothingLost`] |

mod hosts;
mod lifecycle;
mod liveness;
mod packing;
mod placement;
mod resources;
#[cfg(test)]
mod support;
mod times;
mod views;

use crate::ids::ContainerInstanceId;
use crate::ledger::Change;

use super::{Invariant, Seen};

pub use hosts::{ContainerOrder, DeadHosts, StartedOnce, StopTime};
pub use lifecycle::{LifecycleOrder, VersionsGrow};
pub use liveness::NothingLost;
pub use packing::BinpackKept;
pub use placement::{DistinctInstance, PortsApart, RequestCounts};
pub use resources::{Audit, ResourcesConserved};
pub use times::TimesOrdered;
pub use views::{VersionsTruthful, ViewsConverge, ViewsWithinBound};

/// The invariants that are on by default.
pub(super) fn standard() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(LifecycleOrder::default()),
        Box::new(TimesOrdered),
        Box::new(VersionsGrow::default()),
        Box::new(ResourcesConserved::default()),
        Box::new(PortsApart),
        Box::new(DistinctInstance),
        Box::new(RequestCounts::default()),
        Box::new(BinpackKept),
        Box::new(DeadHosts),
        Box::new(StartedOnce::default()),
        Box::new(ContainerOrder),
        Box::new(StopTime::default()),
        Box::new(NothingLost),
        Box::new(ViewsConverge),
        Box::new(ViewsWithinBound::default()),
        Box::new(VersionsTruthful::default()),
        Box::new(Audit::default()),
    ]
}

/// The container instance on whose control plane or host a change takes or gives back resources.
fn instance_of(seen: &Seen<'_>, change: &Change) -> Option<ContainerInstanceId> {
    match *change {
        Change::TaskPlaced { on, .. }
        | Change::HostAccepted { on, .. }
        | Change::HostStartedAtOnce { on, .. } => on,
        Change::InstanceRegistered { instance, .. }
        | Change::InstanceReregistered { instance, .. }
        | Change::InstanceStatusChanged { instance, .. }
        | Change::AgentConnectionChanged { instance, .. }
        | Change::InstanceDeregistered { instance } => Some(instance),
        Change::TaskUnwanted { task, .. }
        | Change::TaskMoved { task, .. }
        | Change::TaskHeard { task, .. }
        | Change::HostStarted { task }
        | Change::HostDequeued { task }
        | Change::HostContainerEnded { task, .. }
        | Change::HostStopped { task }
        | Change::HostForgotten { task } => seen.ledger.task(task).and_then(|record| record.on),
        _ => None,
    }
}

/// Writes into `touched` the container instances that a step touched, each once, in ascending order.
fn touched_instances(seen: &Seen<'_>, touched: &mut Vec<ContainerInstanceId>) {
    touched.clear();
    touched.extend(
        seen.changes
            .iter()
            .filter_map(|change| instance_of(seen, change)),
    );
    touched.sort_unstable();
    touched.dedup();
}
