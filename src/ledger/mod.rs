//! The truth: what the control plane has decided and what the hosts hold, as one plain value.
//!
//! | file | holds |
//! | --- | --- |
//! | [`cluster`] | clusters, and the columns placement reads |
//! | [`index`], [`order`], [`spread`], [`fits`], [`ready`], `wanted` | what is kept of those columns so that placement looks at few rows |
//! | [`bits`], [`counted`] | the sets of rows that this is made of |
//! | [`clock`] | when something last happened to them |
//! | [`instance`] | container instances |
//! | [`definition`], [`family`] | task definitions; their families, as listings walk them |
//! | [`launch`], [`demand`] | what the tasks of a request share; what each takes |
//! | [`group`] | task groups |
//! | [`task`] | tasks as the control plane knows them |
//! | [`host`], [`waiting`] | tasks as their agents run them; those that wait there |
//! | [`hazard`] | faults that last |
//! | [`tags`], [`account_settings`] | what carries tags; what the account has set |
//! | [`token`], [`names`], [`table`] | idempotency tokens; maps from names, and from numbers |
//! | `resolve` | from what callers name to numbers |
//! | [`subscription`] | who is told of state changes |
//! | [`call_fault`] | what calls of the API meet while a fault is at work |
//! | [`controller`] | which controllers live inside the simulation |
//! | [`change`], `concern`, and `apply*` | the only ways in which all this moves; what each is about |
//! | `occupy` | what a task takes from a container instance, without the task |
//! | [`event`], [`effects`] | what can come due; what a handler may read and write |
//! | [`listing`], `posting`, `desired` | which tasks List finds |
//! | [`scheduler_error`], [`blame`] | what schedulers got wrong; whether a late view misled them |
//! | [`glance`] | records with all that is needed to describe them |
//! | [`versions`], [`histories`], [`lens`] | what those who lag may still see; which of it each of them sees |
//! | `ahead` | what is needed soon, brought near the processor |
//! | [`audit`] | every running total, counted again |

pub mod account_settings;
mod ahead;
mod apply;
mod apply_host;
mod apply_instance;
mod apply_interface;
mod apply_labels;
mod apply_life;
mod apply_task;
pub mod audit;
pub mod bits;
pub mod blame;
pub mod call_fault;
pub mod change;
pub mod clock;
pub mod cluster;
mod concern;
pub mod controller;
pub mod counted;
pub mod definition;
pub mod demand;
mod desired;
pub mod effects;
pub mod event;
pub mod family;
pub mod fits;
pub mod glance;
pub mod group;
pub mod hazard;
pub mod histories;
pub mod host;
pub mod index;
pub mod instance;
pub mod launch;
pub mod lens;
pub mod listing;
pub mod names;
mod occupy;
pub mod order;
mod posting;
pub mod ready;
mod resolve;
pub mod scheduler_error;
mod shared;
pub mod spread;
pub mod subscription;
pub mod table;
pub mod tags;
pub mod task;
pub mod token;
pub mod versions;
pub mod waiting;
mod wanted;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::model::Glob;
use crate::time::SimTime;

pub use account_settings::AccountSettings;
pub use change::Change;
pub use cluster::{Capacity, ClusterRecord, Clusters, OrderBy};
pub use definition::{DefinitionRecord, Definitions};
pub use demand::Demand;
pub use effects::{Ctx, Effects};
pub use event::{Event, Report};
pub use group::{GroupRecord, Groups};
pub use host::{Host, HostTask, Hosts};
pub use instance::{InstanceRecord, Instances};
pub use launch::{ContainerPlan, Launch, LaunchSpec};
pub use listing::{Listed, ListedBy};
pub use names::filter_hash;
pub use posting::Walk;
pub use resolve::DefinitionReference;
pub use tags::TaggedResource;
pub use task::{ContainerRecord, ContainerStatus, Moment, StoppedReason, TaskExtras, TaskRecord};

use call_fault::CallFaults;
use controller::ControllerRecords;
use hazard::Hazards;
use listing::Listing;
use names::NameMap;
use scheduler_error::SchedulerErrors;
use subscription::Subscriptions;
use table::Table;
use token::Tokens;
use versions::Versions;

/// A stretch of time in which pulls of some images fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PullFailure {
    /// Which images.
    pub image: Glob,
    /// From when.
    pub from: SimTime,
    /// Until when, that moment excluded.
    pub until: SimTime,
    /// Whether the pattern is for the registry that images come from, and not for their names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub of_registry: bool,
}

/// The truth of a simulation at one moment.
///
/// It is the fold of its [`Change`]s: nothing else moves it, and only the engine's commit applies one. Schedulers,
/// invariants and conditions read it; observers see it through a lag.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Ledger {
    clusters: Clusters,
    instances: Instances,
    definitions: Definitions,
    launches: Table<Launch>,
    next_launch: u32,
    groups: Groups,
    /// The availability zone of each subnet that some container instance was in.
    subnets: NameMap<Arc<str>>,
    tasks: Table<TaskRecord>,
    extras: BTreeMap<TaskId, TaskExtras>,
    next_task: u32,
    hosts: Hosts,
    tokens: Tokens,
    pull_failures: Vec<PullFailure>,
    #[serde(skip_serializing_if = "CallFaults::is_untouched")]
    call_faults: CallFaults,
    #[serde(skip_serializing_if = "ControllerRecords::is_untouched")]
    controllers: ControllerRecords,
    #[serde(skip_serializing_if = "Hazards::is_untouched")]
    hazards: Hazards,
    account_settings: AccountSettings,
    #[serde(skip_serializing_if = "SchedulerErrors::is_empty")]
    scheduler_errors: SchedulerErrors,
    #[serde(skip_serializing_if = "Subscriptions::is_untouched")]
    subscriptions: Subscriptions,
    /// The task whose version grew last in the commit under way: changes of one task stand together.
    #[serde(skip)]
    bumped: Option<TaskId>,
    /// Follows from the tasks.
    #[serde(skip)]
    listing: Listing,
    #[serde(skip_serializing_if = "Versions::are_calm")]
    versions: Versions,
}

impl Ledger {
    /// Clusters.
    #[must_use]
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// A cluster.
    ///
    /// # Panics
    ///
    /// When no cluster ever had that number.
    #[must_use]
    pub fn cluster(&self, cluster: ClusterId) -> &ClusterRecord {
        &self.clusters.records[cluster.index()]
    }

    /// Container instances.
    #[must_use]
    pub fn instances(&self) -> &Instances {
        &self.instances
    }

    /// A container instance, unless it has been forgotten.
    #[must_use]
    pub fn instance(&self, instance: ContainerInstanceId) -> Option<&InstanceRecord> {
        self.instances.get(instance)
    }

    /// Task definitions.
    #[must_use]
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// A task definition.
    ///
    /// # Panics
    ///
    /// When no task definition has that number, or none any more: [`Definitions::get`] asks first.
    #[must_use]
    pub fn definition(&self, definition: TaskDefinitionId) -> &DefinitionRecord {
        self.definitions
            .get(definition)
            .expect("a task definition stays while callers or tasks can reach it")
    }

    /// What the tasks of a request share, while one of them is known.
    #[must_use]
    pub fn launch(&self, launch: LaunchId) -> Option<&Launch> {
        self.launches.get(launch.number())
    }

    /// What a known task shares with the others of its request.
    ///
    /// # Panics
    ///
    /// When the record is not this ledger's.
    #[must_use]
    pub fn launch_of(&self, task: &TaskRecord) -> &Arc<LaunchSpec> {
        let launch = self.launches.get(task.launch.number());
        &launch
            .expect("a launch stays while one of its tasks is known")
            .spec
    }

    /// Every launch of which a task is known, in order.
    pub fn launches(&self) -> impl Iterator<Item = (LaunchId, &Launch)> {
        self.launches
            .iter()
            .map(|(number, launch)| (LaunchId::new(number), launch))
    }

    /// Task groups.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The availability zone of a subnet, when some container instance told that it is in both.
    #[must_use]
    pub fn zone_of_subnet(&self, subnet: &str) -> Option<&Arc<str>> {
        self.subnets.get(subnet)
    }

    /// A task, live or stopped less than an hour ago.
    #[must_use]
    pub fn task(&self, task: TaskId) -> Option<&TaskRecord> {
        self.tasks.get(task.number())
    }

    /// What only some tasks have.
    #[must_use]
    pub fn extras(&self, task: TaskId) -> Option<&TaskExtras> {
        self.extras.get(&task)
    }

    /// One container of a task, as the control plane knows it.
    #[must_use]
    pub fn container(&self, task: TaskId, index: usize) -> Option<&ContainerRecord> {
        match index {
            0 => self.task(task).map(|record| &record.first),
            _ => self.extras.get(&task)?.rest.get(index - 1),
        }
    }

    /// Every known task, in order of creation.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &TaskRecord)> {
        self.tasks_from(TaskId::new(0))
    }

    /// Every known task from a number on, in order of creation.
    pub fn tasks_from(&self, first: TaskId) -> impl Iterator<Item = (TaskId, &TaskRecord)> {
        self.tasks
            .iter_from(first.number())
            .map(|(number, record)| (TaskId::new(number), record))
    }

    /// How many tasks are known: live, and stopped less than an hour ago.
    #[must_use]
    pub fn tasks_known(&self) -> usize {
        self.tasks.len()
    }

    /// The hosts.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Idempotency tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Account settings.
    #[must_use]
    pub fn account_settings(&self) -> &AccountSettings {
        &self.account_settings
    }

    /// What schedulers got wrong.
    #[must_use]
    pub fn scheduler_errors(&self) -> &SchedulerErrors {
        &self.scheduler_errors
    }

    /// The faults that calls of the API meet.
    #[inline]
    #[must_use]
    pub fn call_faults(&self) -> &CallFaults {
        &self.call_faults
    }

    /// The controllers that live inside the simulation.
    #[must_use]
    pub fn controllers(&self) -> &ControllerRecords {
        &self.controllers
    }

    /// What lagging readers may still see.
    #[must_use]
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Whether pulls of `image` failed at some time between `from` and `to`, both included.
    #[must_use]
    pub fn pull_failed(&self, image: &str, from: SimTime, to: SimTime) -> bool {
        self.pull_failures.iter().any(|failure| {
            let name = match failure.of_registry {
                true => registry_of(image),
                false => image,
            };
            failure.from <= to && from < failure.until && failure.image.matches(name)
        })
    }

    /// The number that the next task asked for gets, placed or not.
    #[must_use]
    pub fn next_task(&self) -> TaskId {
        TaskId::new(self.next_task)
    }

    /// The number that the next launch gets.
    #[must_use]
    pub fn next_launch(&self) -> LaunchId {
        LaunchId::new(self.next_launch)
    }

    /// The number that the next task group gets.
    #[must_use]
    pub fn next_group(&self) -> GroupId {
        GroupId::new(self.groups.minted)
    }

    /// The number that the next container instance gets.
    #[must_use]
    pub fn next_instance(&self) -> ContainerInstanceId {
        ContainerInstanceId::new(self.instances.minted)
    }

    /// The number that the next cluster gets.
    #[must_use]
    pub fn next_cluster(&self) -> ClusterId {
        ClusterId::new(
            u32::try_from(self.clusters.records.len())
                .expect("there are fewer clusters than u32 can count"),
        )
    }

    /// The number that the next task definition gets.
    #[must_use]
    pub fn next_definition(&self) -> TaskDefinitionId {
        self.definitions.next()
    }
}

/// The registry that an image comes from: the host before its first slash, or Docker's own.
fn registry_of(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        _ => "docker.io",
    }
}
