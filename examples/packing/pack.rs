//! One problem packed by one policy: each item is a task, asked for alone; when no container instance has room, one more
//! is registered for it.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use thiserror::Error;
use wavetank::model::{
    ApiError, ContainerDefinition, PlacementTies, RegisterContainerInstance,
    RegisterTaskDefinition, RunTask, StartTask,
};
use wavetank::placement::{Pool, Remaining};
use wavetank::{BuildError, Checking, Simulation, TraceMode};

use super::policies::{Count, Counting, Policy};
use super::problems::{Problem, Size};

/// CPU units of a machine for problems in which memory is all that counts.
const ANY_CPU: u32 = 1024;

/// The task group of all items, so that `spread` counts each of them.
const GROUP: &str = "items";

/// What came of a problem; problems of a set are added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) tasks: u64,
    /// Container instances used.
    pub(crate) instances: u64,
    /// What they have.
    pub(crate) cpu: u64,
    pub(crate) memory: u64,
    /// What is left where no item of the problem fits any more.
    pub(crate) stranded_cpu: u64,
    pub(crate) stranded_memory: u64,
    pub(crate) open: u64,
    pub(crate) candidates: u64,
}

impl AddAssign for Outcome {
    fn add_assign(&mut self, other: Self) {
        self.tasks += other.tasks;
        self.instances += other.instances;
        self.cpu += other.cpu;
        self.memory += other.memory;
        self.stranded_cpu += other.stranded_cpu;
        self.stranded_memory += other.stranded_memory;
        self.open += other.open;
        self.candidates += other.candidates;
    }
}

/// A problem that could not be packed.
#[derive(Debug, Error)]
pub(crate) enum PackError {
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("{problem}: {error}")]
    Api {
        problem: String,
        error: Box<ApiError>,
    },
    #[error("{problem}: an item of {size:?} fits into no bin")]
    TooLarge { problem: String, size: Size },
}

/// Packs a problem: items in the order of the problem, or the largest first.
///
/// The size of an item is the sum of its shares of a bin, and the order of equal ones stays.
pub(crate) fn pack(
    problem: &Problem,
    policy: &Policy,
    decreasing: bool,
) -> Result<Outcome, PackError> {
    let mut items = problem.items.clone();
    if decreasing {
        let bin = problem.bin;
        let share = |size: &Size| {
            u64::from(size.cpu) * u64::from(bin.memory)
                + u64::from(size.memory) * u64::from(bin.cpu)
        };
        match bin.cpu {
            0 => items.sort_by_key(|size| std::cmp::Reverse(size.memory)),
            _ => items.sort_by_key(|size| std::cmp::Reverse(share(size))),
        }
    }
    let mut packing = Packing::new(problem, policy)?;
    for item in &items {
        packing.put(*item).map_err(|error| match error {
            Unplaced::Api(error) => PackError::Api {
                problem: problem.name.clone(),
                error: Box::new(error),
            },
            Unplaced::TooLarge => PackError::TooLarge {
                problem: problem.name.clone(),
                size: *item,
            },
        })?;
    }
    Ok(packing.outcome())
}

/// Why an item is in no bin.
#[derive(Debug)]
enum Unplaced {
    Api(ApiError),
    TooLarge,
}

impl From<ApiError> for Unplaced {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

/// A cluster of equal container instances that grows as it must.
#[derive(Debug)]
struct Packing<'a> {
    policy: &'a Policy,
    bin: Size,
    sim: Simulation,
    families: BTreeMap<Size, String>,
    tasks: u64,
    instances: u64,
}

impl<'a> Packing<'a> {
    fn new(problem: &Problem, policy: &'a Policy) -> Result<Self, BuildError> {
        let builder = Simulation::builder()
            .scheduler(policy.scheduler())
            .placement_ties(PlacementTies::OldestInstance)
            .checking(Checking::AtRest)
            .trace(TraceMode::Off);
        Ok(Self {
            policy,
            bin: problem.bin,
            sim: builder.build()?,
            families: BTreeMap::new(),
            tasks: 0,
            instances: 0,
        })
    }

    /// Puts one item where the policy wants it, or on one more container instance when none has room.
    fn put(&mut self, item: Size) -> Result<(), Unplaced> {
        let family = self.family(item)?;
        self.tasks += 1;
        if self.instances > 0 {
            let request = RunTask {
                placement_strategy: self.policy.strategy().cloned().into_iter().collect(),
                ..RunTask::new(&family).group(GROUP)
            };
            if self.sim.run_task(request)?.failures.is_empty() {
                return Ok(());
            }
        }
        let opened = self.open()?;
        let answer = self
            .sim
            .start_task(StartTask::new(family, [opened]).group(GROUP))?;
        match answer.failures.is_empty() {
            true => Ok(()),
            false => Err(Unplaced::TooLarge),
        }
    }

    /// The task definition of a size.
    fn family(&mut self, item: Size) -> Result<String, ApiError> {
        if let Some(known) = self.families.get(&item) {
            return Ok(known.clone());
        }
        let family = format!("item-{}", self.families.len());
        let amount = |amount| i32::try_from(amount).expect("the files hold no more");
        let container = ContainerDefinition::new("app", "app:1")
            .cpu(amount(item.cpu))
            .memory(amount(item.memory));
        let request = RegisterTaskDefinition::new(&family).container(container);
        self.sim.register_task_definition(request)?;
        self.families.insert(item, family.clone());
        Ok(family)
    }

    fn open(&mut self) -> Result<String, ApiError> {
        let amount = |amount| i32::try_from(amount).expect("the files hold no more");
        let cpu = if self.bin.cpu == 0 {
            ANY_CPU
        } else {
            self.bin.cpu
        };
        let request = RegisterContainerInstance::default()
            .cpu(amount(cpu))
            .memory(amount(self.bin.memory));
        let answer = self.sim.register_container_instance(request)?;
        self.instances += 1;
        Ok(answer.container_instance.container_instance_arn.to_string())
    }

    fn outcome(&self) -> Outcome {
        let count = self.sim.scheduler().downcast_ref::<Counting>();
        let Count { open, candidates } = count.map(Counting::count).unwrap_or_default();
        let mut outcome = Outcome {
            tasks: self.tasks,
            instances: self.instances,
            cpu: self.instances * u64::from(self.bin.cpu),
            memory: self.instances * u64::from(self.bin.memory),
            open,
            candidates,
            ..Outcome::default()
        };
        for left in self.left() {
            let fits = |item: &Size| item.cpu <= left.cpu && item.memory <= left.memory;
            if !self.families.keys().any(fits) {
                outcome.stranded_cpu += u64::from(if self.bin.cpu == 0 { 0 } else { left.cpu });
                outcome.stranded_memory += u64::from(left.memory);
            }
        }
        outcome
    }

    /// What is left of each container instance.
    fn left(&self) -> Vec<Remaining> {
        let Some((cluster, _)) = self.sim.ledger().clusters().named("default") else {
            return Vec::new();
        };
        let pool = Pool::new(self.sim.ledger(), cluster);
        (0..pool.len()).map(|row| pool.remaining(row)).collect()
    }
}
