//! Which subnet a task gets, and in which availability zone that is.
//!
//! # Model
//!
//! There is no VPC behind the ids of subnets. A subnet is in the zone that the run was built with
//! ([`Settings::subnets`](crate::model::Settings)), else in that of a container instance whose attribute `ecs.subnet-id`
//! names it. Of any other subnet nothing is known: container instances of every zone serve it, and on Fargate its zone
//! follows from the last character of its id.

use std::sync::Arc;

use crate::draw::Purpose;
use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::{Ctx, LaunchSpec};
use crate::model::PlacementTies;

/// The letters of the zones that subnets nobody told of are in.
const ZONE_LETTERS: [char; 3] = ['a', 'b', 'c'];

/// The subnets of a launch.
pub(super) fn subnets(spec: &LaunchSpec) -> &[String] {
    let network = spec.echo.network_configuration.as_ref();
    let awsvpc = network.and_then(|network| network.awsvpc_configuration.as_ref());
    awsvpc.map_or(&[], |awsvpc| &awsvpc.subnets)
}

/// The zones that the container instance of a task must be in; empty when it may be in any.
pub(super) fn zones(ctx: &Ctx<'_>, subnets: &[String]) -> Arc<[Arc<str>]> {
    let known: Option<Vec<Arc<str>>> = subnets
        .iter()
        .map(|subnet| zone(ctx, subnet).cloned())
        .collect();
    known.unwrap_or_default().into()
}

/// The subnet of a task on a container instance: the first in its zone, else the first of which the zone is not known.
pub(super) fn subnet_on(ctx: &Ctx<'_>, subnets: &[String], instance: ContainerInstanceId) -> u16 {
    let record = ctx.ledger.instance(instance);
    let here = record.and_then(|record| record.spec.zone.as_ref());
    let is_here = |subnet: &String| here.is_some() && zone(ctx, subnet) == here;
    let is_unknown = |subnet: &String| zone(ctx, subnet).is_none();
    let at = subnets.iter().position(is_here);
    let at = at.or_else(|| subnets.iter().position(is_unknown));
    place_of(at.unwrap_or(0))
}

/// The subnet of a task on Fargate: one in the zone with the fewest tasks of the group, ties broken as the run breaks
/// them.
pub(super) fn subnet_on_fargate(
    ctx: &Ctx<'_>,
    subnets: &[String],
    task: TaskId,
    tasks_in: impl Fn(&str) -> u32,
) -> (u16, Arc<str>) {
    let zones: Vec<Arc<str>> = subnets
        .iter()
        .map(|subnet| fargate_zone(ctx, subnet))
        .collect();
    let fewest = zones.iter().map(|zone| tasks_in(zone)).min();
    let best: Vec<usize> = (0..zones.len())
        .filter(|at| Some(tasks_in(&zones[*at])) == fewest)
        .collect();
    let chosen = match ctx.settings.placement_ties {
        _ if best.len() == 1 => 0,
        PlacementTies::OldestInstance => 0,
        PlacementTies::Seeded => {
            let subject = u64::from(task.number());
            let luck = ctx
                .draws
                .at(Purpose::SubnetTie, subject, 0)
                .below(best.len() as u64);
            usize::try_from(luck).expect("it is below a usize")
        }
    };
    let at = best[chosen];
    (place_of(at), Arc::clone(&zones[at]))
}

fn place_of(at: usize) -> u16 {
    u16::try_from(at).expect("a request has at most 16 subnets")
}

/// The zone of a subnet, as far as anybody told it.
fn zone<'a>(ctx: &Ctx<'a>, subnet: &str) -> Option<&'a Arc<str>> {
    let told = ctx.settings.subnets.get(subnet);
    told.or_else(|| ctx.ledger.zone_of_subnet(subnet))
}

/// The zone of a subnet, made up when nobody told it: of ids that end with `a`, `b`, `c` or `1`, `2`, `3` the first,
/// second and third, and so on round.
fn fargate_zone(ctx: &Ctx<'_>, subnet: &str) -> Arc<str> {
    if let Some(zone) = zone(ctx, subnet) {
        return Arc::clone(zone);
    }
    let last = subnet.bytes().last().unwrap_or_default();
    let first = if last.is_ascii_digit() { b'1' } else { b'a' };
    let nth = usize::from(last.to_ascii_lowercase().wrapping_sub(first)) % ZONE_LETTERS.len();
    Arc::from(format!(
        "{}{}",
        ctx.settings.naming.region(),
        ZONE_LETTERS[nth]
    ))
}
