//! What RunTask and StartTask make of a request: the group, the demand and the containers its tasks share.

use std::sync::Arc;
use std::time::Duration;

use crate::draw::Purpose;
use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::ledger::change::Change;
use crate::ledger::demand::gpu_count;
use crate::ledger::instance::InstanceKind;
use crate::ledger::launch::{ContainerPlan, LaunchEcho, LaunchSpec};
use crate::ledger::tags::are_too_many;
use crate::ledger::{Ctx, Demand, Effects, Event};
use crate::model::constraint::Constraint;
use crate::model::{
    Amount, ApiError, AttachmentStatus, ContainerOverride, Occasion, PropagateTags, Tag,
    TaskOverride,
};
use crate::placement::{Ask, Rule};

use super::network;
use super::validate::sizes;

/// The tag by which ECS tells in which cluster a task runs (developer guide, tagging of resources).
const CLUSTER_NAME_TAG: &str = "aws:ecs:clusterName";

/// What a request says of all its tasks.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) cluster: ClusterId,
    pub(crate) definition: TaskDefinitionId,
    /// `None` is the group of the family.
    pub(crate) group: Option<String>,
    pub(crate) distinct_instance: bool,
    /// Whether the request says nothing else, so that its launch can be used again.
    pub(crate) is_plain: bool,
}

/// What a request says of where its tasks go; none of it is kept with them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes<'a> {
    /// The constraints that must hold.
    pub(crate) constraints: &'a [Arc<Constraint>],
    /// The strategy.
    pub(crate) rules: &'a [Rule],
}

/// The launch of a request: one that is there already, or one to be opened with its first placed task.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    /// A plain launch used before.
    Known(LaunchId, Arc<LaunchSpec>),
    /// A launch that is opened when a task of it is placed.
    New {
        spec: Arc<LaunchSpec>,
        is_plain: bool,
        opens_group: bool,
    },
}

impl Prepared {
    /// What its tasks share.
    pub(crate) fn spec(&self) -> &Arc<LaunchSpec> {
        match self {
            Self::Known(_, spec) | Self::New { spec, .. } => spec,
        }
    }

    /// The group its tasks join, when some known task is in it.
    pub(crate) fn known_group(&self) -> Option<GroupId> {
        match self {
            Self::New {
                opens_group: true, ..
            } => None,
            known => Some(known.spec().group),
        }
    }

    /// What a scheduler is asked for one of its tasks.
    pub(crate) fn ask<'a>(&'a self, ctx: &Ctx<'a>, task: TaskId, wishes: Wishes<'a>) -> Ask<'a> {
        let spec = self.spec();
        Ask {
            task,
            cluster: spec.cluster,
            demand: &spec.demand,
            zones: &spec.zones,
            kind: spec.kind,
            requires: ctx.ledger.definition(spec.definition).spec.requires,
            group: self.known_group(),
            group_name: &spec.group_name,
            constraints: wishes.constraints,
            distinct_instance: spec.distinct_instance,
            rules: wishes.rules,
            ties: ctx.settings.placement_ties,
            draws: ctx.draws,
        }
    }

    /// Whether code decides what its tasks do, so that each has a launch of its own.
    pub(crate) fn is_decided(&self) -> bool {
        match self {
            Self::Known(..) => false,
            Self::New { spec, .. } => is_decided(&spec.containers),
        }
    }

    /// The launch that a task is placed under, opened if it is not there yet; `last` is that of the task before it.
    pub(crate) fn launch_of(
        &self,
        ctx: &Ctx<'_>,
        task: TaskId,
        last: &mut Option<LaunchId>,
        out: &mut Effects,
    ) -> LaunchId {
        if !self.is_decided() {
            return *last.get_or_insert_with(|| self.open(ctx, out));
        }
        let launch = match *last {
            None => {
                self.open_group(out);
                ctx.ledger.next_launch()
            }
            Some(last) => LaunchId::new(last.number() + 1),
        };
        *last = Some(launch);
        out.change(Change::LaunchOpened {
            launch,
            spec: Arc::new(decided(ctx, task, self.spec())),
            plain: false,
        });
        launch
    }

    fn open_group(&self, out: &mut Effects) {
        if let Self::New {
            spec,
            opens_group: true,
            ..
        } = self
        {
            out.change(Change::GroupOpened {
                group: spec.group,
                cluster: spec.cluster,
                name: Arc::clone(&spec.group_name),
            });
        }
    }

    /// Opens what is not there yet, for tasks to be placed under.
    pub(crate) fn open(&self, ctx: &Ctx<'_>, out: &mut Effects) -> LaunchId {
        let (spec, is_plain) = match self {
            Self::Known(launch, _) => return *launch,
            Self::New { spec, is_plain, .. } => (spec, *is_plain),
        };
        self.open_group(out);
        let launch = ctx.ledger.next_launch();
        out.change(Change::LaunchOpened {
            launch,
            spec: Arc::clone(spec),
            plain: is_plain,
        });
        launch
    }
}

/// Writes down where a task goes, and sends its payload, or asks for its network interface first.
pub(crate) fn place(
    ctx: &Ctx<'_>,
    task: TaskId,
    (launch, spec): (LaunchId, &LaunchSpec),
    on: ContainerInstanceId,
    out: &mut Effects,
) {
    out.change(Change::TaskPlaced {
        task,
        launch,
        on: Some(on),
    });
    if spec.demand.enis == 0 {
        let payload = ctx.delay(&ctx.profile.latencies.payload, Purpose::Payload, task, 0);
        out.after(payload, Event::PayloadDelivered(task));
        return;
    }
    out.change(Change::InterfaceAsked {
        task,
        subnet: network::subnet_on(ctx, network::subnets(spec), on),
        zone: None,
    });
    let to = AttachmentStatus::Attaching;
    out.after(Duration::ZERO, Event::InterfaceDue(task, to));
}

/// The task definition that a request means, if it may be launched: see
/// [`can_be_launched`](crate::ledger::DefinitionRecord::can_be_launched).
pub(crate) fn definition(ctx: &Ctx<'_>, text: &str) -> Result<TaskDefinitionId, ApiError> {
    let found = ctx.ledger.resolve_definition(text);
    let id = found
        .ok_or_else(|| ApiError::client("taskDefinition", text, "TaskDefinition not found."))?;
    if !ctx.ledger.definition(id).can_be_launched(ctx.now) {
        return Err(ApiError::client(
            "taskDefinition",
            text,
            "TaskDefinition is inactive",
        ));
    }
    Ok(id)
}

/// Finds the launch of a plain request, or makes one of `echo`.
pub(crate) fn prepare(
    ctx: &Ctx<'_>,
    wanted: &Wanted,
    echo: impl FnOnce() -> LaunchEcho,
) -> Prepared {
    let definition = ctx.ledger.definition(wanted.definition);
    if let (true, Some(known)) = (wanted.is_plain, definition.plain_launch(wanted.cluster)) {
        let launch = ctx
            .ledger
            .launch(known)
            .expect("a plain launch is listed while it is known");
        return Prepared::Known(known, Arc::clone(&launch.spec));
    }
    let definition = &*definition.spec;
    let mut echo = echo();
    normalise(Arc::make_mut(&mut echo.overrides));
    let has_overrides = !echo.overrides.is_empty();
    let group_name: Arc<str> = match &wanted.group {
        Some(name) => Arc::from(name.as_str()),
        None => Arc::from(format!("family:{}", definition.family)),
    };
    let known_group = ctx.ledger.groups().named(wanted.cluster, &group_name);
    let demand = if has_overrides {
        Demand::of(&definition.definition, &echo.overrides)
    } else {
        definition.demand.clone()
    };
    let containers = if has_overrides {
        overridden(&definition.containers, &echo.overrides)
    } else {
        Arc::clone(&definition.containers)
    };
    let own_memory = definition.definition.memory.as_deref();
    let task_memory = echo.overrides.memory.as_deref().or(own_memory);
    let task_memory = task_memory.and_then(|mib| mib.parse().ok());
    let cluster = ctx.ledger.cluster(wanted.cluster);
    let mut spec = LaunchSpec {
        cluster: wanted.cluster,
        definition: wanted.definition,
        family: Arc::clone(&definition.family),
        group: known_group.unwrap_or_else(|| ctx.ledger.next_group()),
        group_name,
        distinct_instance: wanted.distinct_instance,
        is_simple: is_simple(&containers),
        shared_memory: LaunchSpec::shared(task_memory, &containers),
        task_memory,
        containers,
        cluster_arn: Arc::clone(&cluster.spec.arn),
        definition_arn: Arc::clone(&definition.arn),
        task_naming: Arc::clone(&cluster.spec.task_naming),
        cpu: demand.cpu.into(),
        memory: demand.memory.into(),
        demand,
        kind: InstanceKind::of(echo.launch_type),
        zones: Arc::default(),
        is_bare: echo.is_bare(),
        echo,
    };
    if spec.demand.enis > 0 {
        spec.zones = network::zones(ctx, network::subnets(&spec));
    }
    Prepared::New {
        is_plain: wanted.is_plain,
        spec: Arc::new(spec),
        opens_group: known_group.is_none(),
    }
}

/// Whether a task is one container that does nothing out of the ordinary.
fn is_simple(plans: &[ContainerPlan]) -> bool {
    matches!(plans, [only] if only.is_simple())
}

/// Whether code decides what a container does.
fn is_decided(plans: &[ContainerPlan]) -> bool {
    plans.iter().any(|plan| plan.workload.is_decided())
}

/// What a task shares with the others of its request, but for what code decides its containers to do.
fn decided(ctx: &Ctx<'_>, task: TaskId, spec: &LaunchSpec) -> LaunchSpec {
    let plan = |(position, plan): (u16, &ContainerPlan)| {
        let occasion = Occasion {
            task,
            family: &spec.family,
            group: &spec.group_name,
            started_by: spec.echo.started_by.as_deref(),
            container: &plan.name,
            position,
            image: &plan.image,
            usual: &plan.workload,
            draws: ctx.draws,
        };
        ContainerPlan {
            workload: plan.workload.of(&occasion).into_owned(),
            ..plan.clone()
        }
    };
    let containers: Arc<[ContainerPlan]> = (0..).zip(spec.containers.iter()).map(plan).collect();
    LaunchSpec {
        is_simple: is_simple(&containers),
        shared_memory: LaunchSpec::shared(spec.task_memory, &containers),
        containers,
        ..spec.clone()
    }
}

/// The containers with what the caller changes of them.
fn overridden(plans: &Arc<[ContainerPlan]>, overrides: &TaskOverride) -> Arc<[ContainerPlan]> {
    let of_task: Option<u32> = overrides.memory.as_deref().and_then(|mib| mib.parse().ok());
    let change = |plan: &ContainerPlan| {
        let mut plan = plan.clone();
        if plan.memory.is_none() {
            plan.memory_limit = of_task.or(plan.memory_limit);
        }
        let named = |change: &&ContainerOverride| change.name.as_deref() == Some(&*plan.name);
        let Some(change) = overrides.container_overrides.iter().find(named) else {
            return plan;
        };
        if !change.resource_requirements.is_empty() {
            plan.gpus = change
                .resource_requirements
                .iter()
                .filter_map(gpu_count)
                .sum();
        }
        plan.cpu = change.cpu.map_or(plan.cpu, Amount::from);
        let limit = change.memory.and_then(|mib| u32::try_from(mib).ok());
        plan.memory_limit = limit.or(plan.memory_limit);
        plan.memory = change.memory.map(Amount::from).or(plan.memory);
        plan.memory_reservation = change
            .memory_reservation
            .map(Amount::from)
            .or(plan.memory_reservation);
        plan
    };
    plans.iter().map(change).collect()
}

/// Sizes in overrides become integers, as ECS shows them.
fn normalise(overrides: &mut TaskOverride) {
    if let Some(cpu) = overrides.cpu.as_deref().and_then(sizes::normal_cpu) {
        overrides.cpu = Some(cpu);
    }
    if let Some(memory) = overrides.memory.as_deref().and_then(sizes::normal_memory) {
        overrides.memory = Some(memory);
    }
}

/// What a request says of tags.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagsWanted<'a> {
    pub(crate) given: &'a [Tag],
    pub(crate) propagate: Option<PropagateTags>,
    pub(crate) managed: bool,
}

/// The tags of a request's tasks: the caller's; those of the definition when they are to be propagated; the one that ECS
/// adds to standalone tasks when its own are asked for.
pub(crate) fn tags(
    ctx: &Ctx<'_>,
    cluster: ClusterId,
    definition: TaskDefinitionId,
    wanted: TagsWanted<'_>,
) -> Result<Vec<Tag>, ApiError> {
    let mut tags = match wanted.propagate {
        Some(PropagateTags::TaskDefinition) => {
            let inherited = &ctx.ledger.definition(definition).spec.tags;
            let is_left = |tag: &&Tag| !wanted.given.iter().any(|own| own.key == tag.key);
            let left = inherited.iter().filter(is_left);
            wanted.given.iter().chain(left).cloned().collect()
        }
        _ => wanted.given.to_vec(),
    };
    if are_too_many(&tags) {
        let message = "A task can have at most 50 tags, those of its task definition counted.";
        return Err(ApiError::invalid("tags", tags.len(), message));
    }
    if wanted.managed {
        let name = &*ctx.ledger.cluster(cluster).spec.name;
        tags.push(Tag::new(CLUSTER_NAME_TAG, name));
    }
    Ok(tags)
}
