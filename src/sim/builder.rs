//! Building a simulation.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use crate::arn::{Naming, NamingError};
use crate::draw::Draws;
use crate::engine::{Engine, EventTies, Parts};
use crate::fault::plan::{FaultPlan, PlanError};
use crate::invariant::{Checking, Invariant, Invariants};
use crate::model::presets::STOPPED_TASK_RETENTION;
use crate::model::{
    FailureShape, PlacementTies, Profile, ProfileError, Reads, RequestRates, Settings, Timestamp,
    ViewModel, viewed,
};
use crate::placement::{EcsScheduler, Scheduler};
use crate::trace::{Recorder, TraceMode};

use super::Simulation;

/// The beginning of 2026, in milliseconds since that of 1970.
const EPOCH_MILLIS: u64 = 1_767_225_600_000;

/// What a simulation can't be built from.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The region or the account can't be part of an ARN.
    #[error(transparent)]
    Naming(#[from] NamingError),
    /// A subnet without a name, or in a zone without one.
    #[error("subnet {subnet:?} in zone {zone:?}: each must have a name")]
    Subnet {
        /// The subnet.
        subnet: String,
        /// The zone.
        zone: String,
    },
    /// A latency or an exit code of the profile, or the lag of reads, can't be drawn.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The plan of faults makes no sense.
    #[error(transparent)]
    Faults(#[from] PlanError),
}

/// The options of a simulation; each has a default.
///
/// ```
/// use wavetank::model::Profile;
/// use wavetank::Simulation;
///
/// let sim = Simulation::builder().seed(7).region("eu-central-1").profile(Profile::realistic()).build()?;
/// assert_eq!(sim.seed(), 7);
/// # Ok::<(), wavetank::BuildError>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    draws: Draws,
    region: String,
    account_id: String,
    epoch: Timestamp,
    profile: Profile,
    reads: Reads,
    scheduler_sees: ViewModel,
    request_rates: RequestRates,
    scheduler: Box<dyn Scheduler>,
    placement_ties: PlacementTies,
    event_ties: EventTies,
    failures: FailureShape,
    subnets: BTreeMap<String, Arc<str>>,
    stopped_task_retention: Duration,
    deleted_task_window: Duration,
    trace: TraceMode,
    checking: Checking,
    invariants: Invariants,
    faults: FaultPlan,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            draws: Draws::new(0),
            region: "us-east-1".to_owned(),
            account_id: "123456789012".to_owned(),
            epoch: Timestamp::from_millis(EPOCH_MILLIS),
            profile: Profile::ideal(),
            reads: Reads::Consistent,
            scheduler_sees: ViewModel::Fresh,
            request_rates: RequestRates::default(),
            scheduler: Box::<EcsScheduler>::default(),
            placement_ties: PlacementTies::default(),
            event_ties: EventTies::default(),
            failures: FailureShape::default(),
            subnets: BTreeMap::new(),
            stopped_task_retention: STOPPED_TASK_RETENTION,
            deleted_task_window: Duration::ZERO,
            trace: TraceMode::default(),
            checking: Checking::default(),
            invariants: Invariants::standard(),
            faults: FaultPlan::new(),
        }
    }
}

impl Builder {
    /// The seed of all luck and of all ids; 0 unless set. Overrides set before are dropped.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.draws = Draws::new(seed);
        self
    }

    /// The luck itself, with its seed and what is overridden at some addresses.
    #[must_use]
    pub fn draws(mut self, draws: Draws) -> Self {
        self.draws = draws;
        self
    }

    /// The region in ARNs; `us-east-1` unless set.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.region);
        self
    }

    /// The account in ARNs, twelve digits; `123456789012` unless set.
    #[must_use]
    pub fn account_id(mut self, account_id: &str) -> Self {
        account_id.clone_into(&mut self.account_id);
        self
    }

    /// What the calendar says at simulated time zero; the beginning of 2026 unless set.
    #[must_use]
    pub fn epoch(mut self, epoch: Timestamp) -> Self {
        self.epoch = epoch;
        self
    }

    /// How long things take and what containers do; [`Profile::ideal`] unless set.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Whether Describe and List see the truth; they do unless set. Takes [`Reads`] or a [`ViewModel`].
    #[must_use]
    pub fn reads(mut self, reads: impl Into<Reads>) -> Self {
        self.reads = reads.into();
        self
    }

    /// Whether the scheduler is shown the truth; it is unless set. What it decides is judged by the truth in any case.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::model::ViewModel;
    /// use wavetank::{ContainerDefinition, RegisterContainerInstance, RegisterTaskDefinition, RunTask, Simulation};
    ///
    /// let late = ViewModel::FixedLag(Duration::from_secs(5));
    /// let mut sim = Simulation::builder().scheduler_sees(late).build()?;
    /// sim.register_container_instance(RegisterContainerInstance::default().cpu(1024).memory(1024))?;
    /// let container = ContainerDefinition::new("app", "app:1").memory(512);
    /// sim.register_task_definition(RegisterTaskDefinition::new("web").container(container))?;
    /// assert_eq!(sim.run_task(RunTask::new("web"))?.failures.len(), 1, "it does not see the machine yet");
    /// sim.advance(Duration::from_secs(5))?;
    /// assert_eq!(sim.run_task(RunTask::new("web"))?.tasks.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn scheduler_sees(mut self, view: ViewModel) -> Self {
        self.scheduler_sees = view;
        self
    }

    /// Whether calls are counted against the request rates of the account; they are not unless set.
    #[must_use]
    pub fn request_rates(mut self, rates: RequestRates) -> Self {
        self.request_rates = rates;
        self
    }

    /// Who places RunTask's tasks; [`EcsScheduler`] unless set.
    #[must_use]
    pub fn scheduler(mut self, scheduler: impl Scheduler + 'static) -> Self {
        self.scheduler = Box::new(scheduler);
        self
    }

    /// How equal container instances are chosen among; by luck unless set.
    #[must_use]
    pub fn placement_ties(mut self, ties: PlacementTies) -> Self {
        self.placement_ties = ties;
        self
    }

    /// The order of events due at the same time; as scheduled unless set.
    #[must_use]
    pub fn event_ties(mut self, ties: EventTies) -> Self {
        self.event_ties = ties;
        self
    }

    /// The availability zone that a subnet is in, for tasks with network mode `awsvpc`.
    ///
    /// Without it a subnet is in the zone of the container instances whose attribute `ecs.subnet-id` names it.
    #[must_use]
    pub fn subnet(mut self, subnet: &str, zone: &str) -> Self {
        self.subnets.insert(subnet.to_owned(), Arc::from(zone));
        self
    }

    /// How long a stopped task is described and listed; an hour unless set. ECS says: at least an hour.
    #[must_use]
    pub fn stopped_task_retention(mut self, retention: Duration) -> Self {
        self.stopped_task_retention = retention;
        self
    }

    /// How long a task is described as DELETED after that, and listed no more; not at all unless set.
    #[must_use]
    pub fn deleted_task_window(mut self, window: Duration) -> Self {
        self.deleted_task_window = window;
        self
    }

    /// How many failures RunTask tells of one task; one unless set.
    #[must_use]
    pub fn failures(mut self, shape: FailureShape) -> Self {
        self.failures = shape;
        self
    }

    /// How much of the trace is kept; the digest covers all of it in any case.
    #[must_use]
    pub fn trace(mut self, mode: TraceMode) -> Self {
        self.trace = mode;
        self
    }

    /// When invariants look; after every event in debug builds and only at rest in others, unless set.
    #[must_use]
    pub fn checking(mut self, checking: Checking) -> Self {
        self.checking = checking;
        self
    }

    /// Adds an invariant to the standard ones.
    #[must_use]
    pub fn invariant(mut self, invariant: impl Invariant + 'static) -> Self {
        self.invariants.add(invariant);
        self
    }

    /// The faults that come by themselves; none unless set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wavetank::{FaultFamily, FaultPlan, Simulation};
    ///
    /// let mut sim = Simulation::builder().faults(FaultPlan::swarm(42, FaultFamily::ALL)).build()?;
    /// sim.advance(Duration::from_secs(3600))?;
    /// assert!(sim.fault_counts().iter().any(|count| count.came > 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults = plan;
        self
    }

    /// Drops every invariant added so far, the standard ones included.
    #[must_use]
    pub fn without_invariants(mut self) -> Self {
        self.invariants = Invariants::none();
        self
    }

    /// Builds it: an empty account at simulated time zero.
    ///
    /// # Errors
    ///
    /// When the region or the account can't be part of an ARN, something in the profile or in how reads lag can't be
    /// drawn, or the plan of faults makes no sense.
    pub fn build(self) -> Result<Simulation, BuildError> {
        self.profile.validate()?;
        let mut subnets = self.subnets.iter();
        if let Some((subnet, zone)) = subnets.find(|(id, zone)| id.is_empty() || zone.is_empty()) {
            return Err(BuildError::Subnet {
                subnet: subnet.clone(),
                zone: zone.to_string(),
            });
        }
        self.reads.validate()?;
        self.faults.validate()?;
        viewed("scheduler_sees.lag", &self.scheduler_sees)?;
        let naming = Naming::new(self.draws.seed(), &self.region, &self.account_id)?;
        Ok(Simulation {
            engine: Engine::new(Parts {
                draws: self.draws,
                profile: self.profile,
                settings: Settings {
                    naming,
                    epoch: self.epoch,
                    placement_ties: self.placement_ties,
                    failures: self.failures,
                    subnets: self.subnets,
                    stopped_task_retention: self.stopped_task_retention,
                    deleted_task_window: self.deleted_task_window,
                },
                reads: self.reads,
                scheduler_sees: self.scheduler_sees,
                request_rates: self.request_rates,
                scheduler: self.scheduler,
                recorder: Recorder::new(self.trace),
                invariants: self.invariants,
                checking: self.checking,
                event_ties: self.event_ties,
                faults: self.faults,
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{ExitCode, Profile};

    use super::*;

    #[test]
    fn a_subnet_without_a_name_or_a_zone_is_refused() {
        for (subnet, zone) in [("", "us-east-1a"), ("subnet-a", "")] {
            let refused = Builder::default().subnet(subnet, zone).build();
            let error = refused.expect_err("it says nothing");
            assert!(error.to_string().contains(&format!("{zone:?}")), "{error}");
        }
    }

    #[test]
    fn a_profile_that_could_not_be_drawn_from_is_refused_before_anything_runs() {
        let mut profile = Profile::ideal();
        profile.default_workload.exit_code = ExitCode::Weighted(Vec::new());
        let refused = Builder::default().profile(profile).build();
        let error = refused.expect_err("no exit code can be drawn");
        assert!(
            error.to_string().starts_with("default_workload.exit_code"),
            "{error}"
        );
    }
}
