//! What a request will be searched by, asked of the ledger before the request is placed.

use std::sync::Arc;

use crate::ids::{ClusterId, ContainerInstanceId, GroupId};
use crate::ledger::index::ports;
use crate::ledger::instance::InstanceKind;
use crate::ledger::{Demand, Ledger};
use crate::model::constraint::Constraint;

use super::ask::Rule;
use super::chain::Chain;

/// Rows from which on sets of them are quicker than looking at each.
const SETS_FROM: usize = 64;

/// Rows from which on those are kept ready that `spread` goes by: each change of a row costs more then, which is less than
/// a walk through so many. Unit tests have them ready wherever `fits` are kept.
const SPREAD_FROM: usize = if cfg!(test) { 1 } else { 4096 };

/// Likewise for tasks that may be anywhere: those are tried at random first.
const ANYWHERE_FROM: usize = if cfg!(test) { 1 } else { 16384 };

/// What is known of a request before its tasks are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook<'a> {
    pub(crate) rules: &'a [Rule],
    pub(crate) constraints: &'a [Arc<Constraint>],
    pub(crate) group: Option<GroupId>,
    pub(crate) distinct_instance: bool,
    pub(crate) demand: &'a Demand,
    pub(crate) kind: InstanceKind,
}

/// Has the indexes built that the built-in scheduler finds places by.
///
/// It finds the same without them, by looking at every row.
pub(crate) fn prepare(ledger: &mut Ledger, cluster: ClusterId, outlook: &Outlook<'_>) {
    if !is_worth(ledger, cluster, outlook.kind) {
        return;
    }
    let chain = Chain::read(outlook.rules);
    let is_spread = chain.attribute.is_some() || chain.instances;
    let is_ordered = ledger.cluster(cluster).capacity.is_ordered();
    if let Some(name) = chain.attribute {
        ledger.want_partition(cluster, name, chain.binpack);
    }
    match (chain.attribute, chain.binpack) {
        _ if !is_ordered => {}
        (_, None) => ledger.want_fits(cluster, outlook.demand.cpu, outlook.demand.memory),
        (None, Some(by)) => ledger.want_order(cluster, by),
        (Some(_), Some(_)) => {}
    }
    if is_spread || outlook.distinct_instance {
        if let Some(group) = outlook.group {
            ledger.want_levels(cluster, group, chain.attribute);
        }
    }
    for constraint in outlook.constraints {
        if constraint.is_static() {
            ledger.want_members(cluster, constraint, holds);
        }
    }
    if !is_ordered {
        // Few rows are looked at one by one, which costs less than to keep up what tells of them.
        return;
    }
    for port in ports(outlook.demand) {
        ledger.want_port(cluster, port);
    }
    want_ready(ledger, cluster, outlook, &chain);
}

/// Has rows kept ready for tasks that go by little, where that is what finds them a place.
fn want_ready(ledger: &mut Ledger, cluster: ClusterId, outlook: &Outlook<'_>, chain: &Chain<'_>) {
    let (demand, rows) = (outlook.demand, ledger.cluster(cluster).capacity.len());
    let is_bare = demand.gpus == 0 && demand.enis == 0 && outlook.constraints.is_empty();
    if !is_bare || outlook.distinct_instance || chain.binpack.is_some() {
        return;
    }
    match (chain.attribute, chain.instances, chain.rest) {
        (None, false, [] | [Rule::Random, ..]) if rows >= ANYWHERE_FROM => {
            ledger.want_ready(cluster, demand, None, None);
        }
        _ if rows < SPREAD_FROM => {}
        (name, true, []) if outlook.group.is_some() => {
            ledger.want_ready(cluster, demand, outlook.group, name);
        }
        (Some(name), false, []) => ledger.want_ready(cluster, demand, None, Some(name)),
        _ => {}
    }
}

/// Whether a cluster has so many rows of the kind that is kept that indexes are worth their while.
pub(crate) fn is_worth(ledger: &Ledger, cluster: ClusterId, kind: InstanceKind) -> bool {
    kind == InstanceKind::Ec2 && ledger.cluster(cluster).capacity.len() >= SETS_FROM
}

fn holds(constraint: &Constraint, ledger: &Ledger, instance: ContainerInstanceId) -> bool {
    constraint.holds(ledger, instance)
}
