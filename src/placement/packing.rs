//! Placing without time: a cluster, a scheduler, and tasks that come and go at once.

use std::sync::Arc;

use crate::draw::Draws;
use crate::ids::{ClusterId, ContainerInstanceId, GroupId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::cluster::ClusterSpec;
use crate::ledger::instance::{InstanceKind, InstanceSpec};
use crate::ledger::{Demand, Ledger};
use crate::model::constraint::Constraint;
use crate::model::{
    Attribute, Capabilities, CreateCluster, PlacementTies, RegisterContainerInstance, eni,
};
use crate::time::SimTime;

use super::ask::{Ask, Rule};
use super::ecs::EcsScheduler;
use super::pool::Pool;
use super::prepare::{Outlook, prepare};
use super::{Refusal, Scheduler};

/// The one cluster of a packing.
pub(super) const CLUSTER: ClusterId = ClusterId::new(0);

/// A cluster that tasks are placed on and released from, with no time, no agents and no life of a task between.
///
/// Created by [`new`](Self::new) around any [`Scheduler`]. It owns a ledger with one cluster: container instances are added
/// with [`add`](Self::add), kinds of tasks with [`class`](Self::class), and then [`place`](Self::place) and
/// [`release`](Self::release) do what RunTask and the end of a task do to the columns that placement reads. The pool that
/// the scheduler is shown, and the indexes behind it, are those of a simulation.
///
/// Same classes, same calls, same seed: same choices.
///
/// ```
/// use wavetank::ledger::Demand;
/// use wavetank::model::PlacementTies;
/// use wavetank::placement::{EcsScheduler, Machine, Packing, Rule, TaskClass};
///
/// let mut packing = Packing::new(EcsScheduler::default(), 42, PlacementTies::OldestInstance);
/// for _ in 0..2 {
///     packing.add(Machine::new(1024, 2048));
/// }
/// let demand = Demand { cpu: 256, memory: 1024, ..Demand::default() };
/// let class = packing.class(TaskClass::new(demand).rule(Rule::BinpackMemory));
///
/// let placed: Vec<_> = (0..5).map(|_| packing.place(class)).collect();
/// let on: Vec<u32> = placed.iter().flatten().map(|packed| packed.on().number()).collect();
/// assert_eq!(on, [0, 0, 1, 1]);
/// let refused = placed[4].as_ref().map_err(|refusal| refusal.reason.to_string());
/// assert_eq!(refused.err().as_deref(), Some("RESOURCE:MEMORY"));
/// # for packed in placed.into_iter().flatten() {
/// #     packing.release(packed);
/// # }
/// ```
///
/// # Model
///
/// A released task is gone at once, its network interface and its ports too; in a simulation they are held until it has
/// STOPPED. The task groups of a packing stay though nothing is in them.
#[derive(Clone, Debug)]
pub struct Packing<S = EcsScheduler> {
    ledger: Ledger,
    scheduler: S,
    draws: Draws,
    ties: PlacementTies,
    classes: Vec<Class>,
    /// The number of the next ask: its luck goes by it.
    next: u32,
}

/// A container instance to be packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// CPU units, 1024 to a vCPU.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// Whole GPUs, at most 64.
    pub gpus: u8,
    /// TCP ports that no task can have.
    pub reserved_tcp: Vec<u16>,
    /// Its attributes; `ecs.availability-zone` is its zone.
    pub attributes: Vec<Attribute>,
}

impl Machine {
    /// A machine with so many CPU units and MiB.
    #[must_use]
    pub fn new(cpu: u32, memory: u32) -> Self {
        Self {
            cpu,
            memory,
            ..Self::default()
        }
    }

    /// Gives it an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        self.attributes.push(Attribute::new(name, value));
        self
    }
}

/// A kind of task to be packed: what each takes and where it may go.
#[derive(Clone, Debug)]
pub struct TaskClass {
    /// What each takes; that of a task definition is [`Demand::of`].
    pub demand: Demand,
    /// The task group they are in.
    pub group: Arc<str>,
    /// The `memberOf` constraints: each must hold.
    pub constraints: Vec<Arc<Constraint>>,
    /// Whether each must be on an instance without another of the group.
    pub distinct_instance: bool,
    /// The strategy, in order.
    pub rules: Vec<Rule>,
    /// What the agent must be able to do.
    pub requires: Capabilities,
}

impl TaskClass {
    /// Tasks that take so much, in the group `packing`, with neither constraints nor a strategy.
    #[must_use]
    pub fn new(demand: Demand) -> Self {
        Self {
            demand,
            group: Arc::from("packing"),
            constraints: Vec::new(),
            distinct_instance: false,
            rules: Vec::new(),
            requires: Capabilities::NONE,
        }
    }

    /// Puts them into a task group.
    #[must_use]
    pub fn group(mut self, name: impl Into<Arc<str>>) -> Self {
        self.group = name.into();
        self
    }

    /// Adds a rule to the strategy.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Adds a `memberOf` constraint.
    #[must_use]
    pub fn constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(Arc::new(constraint));
        self
    }

    /// Wants each on an instance of its own within the group.
    #[must_use]
    pub fn distinct_instance(mut self) -> Self {
        self.distinct_instance = true;
        self
    }
}

/// A class and the group it is in.
#[derive(Clone, Debug)]
struct Class {
    wanted: TaskClass,
    group: GroupId,
    /// The generation of the indexes for which it was prepared.
    prepared: Option<u64>,
}

impl Class {
    /// What the scheduler is asked for one task.
    fn ask<'a>(&'a self, task: TaskId, ties: PlacementTies, draws: &'a Draws) -> Ask<'a> {
        Ask {
            task,
            cluster: CLUSTER,
            demand: &self.wanted.demand,
            kind: InstanceKind::Ec2,
            zones: &[],
            requires: self.wanted.requires,
            group: Some(self.group),
            group_name: &self.wanted.group,
            constraints: &self.wanted.constraints,
            distinct_instance: self.wanted.distinct_instance,
            rules: &self.wanted.rules,
            ties,
            draws,
        }
    }
}

/// The number of a class of a packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClassId(u32);

impl ClassId {
    /// Its number, counted from zero in the order in which classes were added.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A task that has a place, until it is released.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a task that is dropped keeps its place for ever"]
pub struct Packed {
    class: ClassId,
    on: ContainerInstanceId,
    gpus: u64,
}

impl Packed {
    /// Where it is.
    #[must_use]
    pub fn on(&self) -> ContainerInstanceId {
        self.on
    }

    /// What it is.
    #[must_use]
    pub fn class(&self) -> ClassId {
        self.class
    }
}

impl<S: Scheduler> Packing<S> {
    /// An empty cluster for a scheduler, with the luck of a seed.
    #[must_use]
    pub fn new(scheduler: S, seed: u64, ties: PlacementTies) -> Self {
        let mut ledger = Ledger::default();
        let spec = ClusterSpec {
            name: Arc::from("packing"),
            arn: Arc::from("packing"),
            request: CreateCluster::default(),
            task_naming: Arc::default(),
        };
        let created = Change::ClusterCreated {
            cluster: CLUSTER,
            spec: Arc::new(spec),
        };
        ledger.apply(SimTime::ZERO, &created);
        Self {
            ledger,
            scheduler,
            draws: Draws::new(seed),
            ties,
            classes: Vec::new(),
            next: 0,
        }
    }

    /// Adds a container instance.
    pub fn add(&mut self, machine: Machine) -> ContainerInstanceId {
        let instance = self.ledger.next_instance();
        let gpus = 0..machine.gpus.min(64);
        let mut spec = InstanceSpec {
            cluster: CLUSTER,
            arn: Arc::from(instance.to_string()),
            ec2_instance_id: Arc::from(format!("i-{}", instance.number())),
            cpu: machine.cpu,
            memory: machine.memory,
            gpu_ids: gpus.map(|gpu| Arc::from(gpu.to_string())).collect(),
            reserved_tcp: machine.reserved_tcp,
            reserved_udp: Vec::new(),
            attributes: Vec::new(),
            attribute_values: Vec::new(),
            zone: None,
            kind: InstanceKind::Ec2,
            eni_slots: eni::UNLIMITED,
            capabilities: Capabilities::ALL,
            awsvpc_trunking: false,
            request: RegisterContainerInstance::default(),
        };
        spec.reserved_tcp.sort_unstable();
        spec.set_attributes(machine.attributes);
        spec.eni_slots = eni::awsvpc_slots(spec.attribute("ecs.instance-type"), false);
        let spec = Arc::new(spec);
        let registered = Change::InstanceRegistered { instance, spec };
        self.ledger.apply(SimTime::ZERO, &registered);
        instance
    }

    /// Adds a kind of task.
    pub fn class(&mut self, wanted: TaskClass) -> ClassId {
        let known = self.ledger.groups().named(CLUSTER, &wanted.group);
        let group = known.unwrap_or_else(|| {
            let group = self.ledger.next_group();
            let opened = Change::GroupOpened {
                group,
                cluster: CLUSTER,
                name: Arc::clone(&wanted.group),
            };
            self.ledger.apply(SimTime::ZERO, &opened);
            group
        });
        let class = u32::try_from(self.classes.len()).expect("there are fewer classes");
        self.classes.push(Class {
            wanted,
            group,
            prepared: None,
        });
        ClassId(class)
    }

    /// Places a task of a class.
    ///
    /// # Errors
    ///
    /// Why the scheduler finds no place for it; nothing has changed then.
    ///
    /// # Panics
    ///
    /// When the class is not of this packing, or the scheduler chooses an instance that can't take the task.
    pub fn place(&mut self, class: ClassId) -> Result<Packed, Refusal> {
        self.prepare(class);
        let task = TaskId::new(self.next);
        self.next = self.next.wrapping_add(1);
        let known = &self.classes[class.index()];
        let ask = known.ask(task, self.ties, &self.draws);
        let pool = Pool::new(&self.ledger, CLUSTER);
        let on = self.scheduler.place(&ask, &pool)?;
        if let Err(reason) = pool.can_take(&ask, on) {
            panic!("{} chose {on} in spite of {reason}", self.scheduler.name());
        }
        let gpus = self.ledger.occupy((CLUSTER, on), known.group, ask.demand);
        Ok(Packed { class, on, gpus })
    }

    /// Ends a task.
    ///
    /// # Panics
    ///
    /// When the task is of another packing, as far as that shows.
    pub fn release(&mut self, packed: Packed) {
        let Packed { class, on, gpus } = packed;
        let known = &self.classes[class.index()];
        let demand = &known.wanted.demand;
        self.ledger.vacate((CLUSTER, on), known.group, demand, gpus);
    }

    /// Has the indexes built that the class goes by, unless they are there.
    pub(super) fn prepare(&mut self, class: ClassId) {
        let known = &mut self.classes[class.index()];
        let index = &self.ledger.cluster(CLUSTER).capacity.index;
        if known.prepared == Some(index.generation()) {
            return;
        }
        let outlook = Outlook {
            rules: &known.wanted.rules,
            constraints: &known.wanted.constraints,
            group: Some(known.group),
            distinct_instance: known.wanted.distinct_instance,
            demand: &known.wanted.demand,
            kind: InstanceKind::Ec2,
        };
        prepare(&mut self.ledger, CLUSTER, &outlook);
        let index = &self.ledger.cluster(CLUSTER).capacity.index;
        known.prepared = Some(index.generation());
    }

    /// The container instances with what is left of them.
    #[must_use]
    pub fn pool(&self) -> Pool<'_> {
        Pool::new(&self.ledger, CLUSTER)
    }

    /// The truth: the cluster, its container instances and the task groups. It knows of no tasks.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Who places.
    #[must_use]
    pub fn scheduler(&self) -> &S {
        &self.scheduler
    }

    /// Who places, to be changed.
    pub fn scheduler_mut(&mut self) -> &mut S {
        &mut self.scheduler
    }
}

#[cfg(test)]
impl<S> Packing<S> {
    /// Moves its ledger.
    pub(super) fn apply(&mut self, change: &Change) {
        self.ledger.apply(SimTime::ZERO, change);
    }

    /// Places a task of a class on a container instance, without a scheduler; `None` when it does not fit.
    pub(super) fn put(&mut self, class: ClassId, on: ContainerInstanceId) -> Option<Packed> {
        let ask = self.ask(class, TaskId::new(self.next));
        let is_fit = Pool::new(&self.ledger, CLUSTER).can_take(&ask, on).is_ok();
        let (group, demand) = (self.classes[class.index()].group, ask.demand.clone());
        is_fit.then(|| Packed {
            class,
            on,
            gpus: self.ledger.occupy((CLUSTER, on), group, &demand),
        })
    }

    /// The number of the next ask.
    pub(super) fn next_ask(&self) -> u32 {
        self.next
    }

    /// What the scheduler is asked for a task of a class.
    pub(super) fn ask(&self, class: ClassId, task: TaskId) -> Ask<'_> {
        self.classes[class.index()].ask(task, self.ties, &self.draws)
    }
}
