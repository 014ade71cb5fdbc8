//! The pipeline of placement, slow and plain: requirements, constraints, strategies, the best that are left
//! (ecs-semantics 5.1 to 5.5).

use std::collections::BTreeMap;

use wavetank::model::{FailureReason, ResourceKind};

use super::expression::Expression;
use super::picture::{Machine, Need, Picture};

/// One rule of a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Random,
    SpreadInstances,
    Spread(String),
    BinpackCpu,
    BinpackMemory,
}

/// One task to be placed.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) need: Need,
    pub(super) group: String,
    pub(super) external: bool,
    /// The zones of its subnets; none when it may be in any.
    pub(super) zones: Vec<String>,
    pub(super) distinct: bool,
    /// Each must hold.
    pub(super) constraints: Vec<Expression>,
    pub(super) rules: Vec<Rule>,
}

/// What a machine lacks, in the order in which reasons are told.
pub(super) fn lacks(machine: &Machine, question: &Question) -> Vec<FailureReason> {
    let need = &question.need;
    let can_do =
        machine.capabilities.is_empty() || need.attributes.is_subset(&machine.capabilities);
    let zone = machine.attributes.get("ecs.availability-zone");
    let reached =
        question.zones.is_empty() || zone.is_none_or(|zone| question.zones.contains(zone));
    let checks = [
        (machine.active, FailureReason::Inactive),
        (machine.connected, FailureReason::Agent),
        (
            machine.external == question.external && can_do,
            FailureReason::Attribute,
        ),
        (reached, FailureReason::Location),
        (
            need.cpu <= machine.cpu,
            FailureReason::Resource(ResourceKind::Cpu),
        ),
        (
            need.memory <= machine.memory,
            FailureReason::Resource(ResourceKind::Memory),
        ),
        (
            need.ports.is_disjoint(&machine.ports),
            FailureReason::Resource(ResourceKind::Ports),
        ),
        (
            i64::from(need.interface) <= machine.interfaces,
            FailureReason::Resource(ResourceKind::Eni),
        ),
        (
            need.gpus <= machine.gpus,
            FailureReason::Resource(ResourceKind::Gpu),
        ),
        (
            question.constraints.iter().all(|one| one.holds(machine)),
            FailureReason::MemberOf,
        ),
        (
            !question.distinct || machine.tasks_of(&question.group) == 0,
            FailureReason::DistinctInstance,
        ),
    ];
    let unmet = checks.into_iter().filter(|(met, _)| !met);
    unmet.map(|(_, reason)| reason).collect()
}

/// The machines that can take the task.
pub(super) fn feasible(picture: &Picture, question: &Question) -> Vec<usize> {
    let machines = picture.machines.iter().enumerate();
    let fits = machines.filter(|(_, machine)| lacks(machine, question).is_empty());
    fits.map(|(number, _)| number).collect()
}

/// The machines among which only the tie decides.
pub(super) fn winners(picture: &Picture, question: &Question) -> Vec<usize> {
    let mut left = feasible(picture, question);
    for rule in &question.rules {
        let mut of_value: BTreeMap<Option<&String>, i64> = BTreeMap::new();
        if let Rule::Spread(name) = rule {
            for machine in &picture.machines {
                let tasks = i64::from(machine.tasks_of(&question.group));
                *of_value.entry(machine.attributes.get(name)).or_default() += tasks;
            }
        }
        let score = |number: usize| -> i64 {
            let machine = &picture.machines[number];
            match rule {
                Rule::Random => 0,
                Rule::SpreadInstances => machine.tasks_of(&question.group).into(),
                Rule::Spread(name) => of_value[&machine.attributes.get(name)],
                Rule::BinpackCpu => machine.cpu,
                Rule::BinpackMemory => machine.memory,
            }
        };
        if *rule == Rule::Random {
            break;
        }
        let best = left.iter().map(|number| score(*number)).min();
        left.retain(|number| Some(score(*number)) == best);
    }
    left
}

/// The machine that lacks the fewest things, and the first of them; those of the other kind only when there is nothing else.
pub(super) fn closest(picture: &Picture, question: &Question) -> Option<(usize, FailureReason)> {
    let mut best: Option<(bool, usize, usize)> = None;
    for (number, machine) in picture.machines.iter().enumerate() {
        let known = (
            machine.external != question.external,
            lacks(machine, question).len(),
            number,
        );
        best = Some(best.map_or(known, |best| best.min(known)));
    }
    let (_, _, number) = best?;
    let first = lacks(&picture.machines[number], question).first().copied();
    first.map(|reason| (number, reason))
}
