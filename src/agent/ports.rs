//! Host ports of a container, those that its agent chooses among them.

use crate::ledger::change::Change;
use crate::ledger::{ContainerPlan, Effects};
use crate::model::presets::DYNAMIC_PORTS;

use super::scene::Scene;

/// Binds the host ports of a container that starts, those the agent chooses among them; whether none of them was taken.
///
/// For each dynamic mapping that is the next free port after the last chosen, wrapping once; for a range, the next block
/// of so many (ECS agent, `agent/utils/ephemeral_ports.go`). Nobody keeps a static port out of what agents choose from: it
/// may have been chosen before.
pub(super) fn bind(scene: &Scene<'_>, plan: &ContainerPlan, out: &mut Effects) -> bool {
    let ctx = scene.ctx;
    if plan.ports.is_empty() {
        return true;
    }
    let Some(on) = scene.record.on else {
        return true;
    };
    let (Some(host), Some(instance)) = (ctx.ledger.hosts().host(on), ctx.ledger.instance(on))
    else {
        return true;
    };
    let fixed = plan.ports.iter().filter_map(|port| port.host_port);
    if fixed
        .into_iter()
        .any(|port| host.dynamic.binary_search(&port).is_ok())
    {
        return false;
    }
    let (tcp, udp) = (&instance.spec.reserved_tcp, &instance.spec.reserved_udp);
    let lists = [&host.tcp, &host.udp, &host.dynamic, tcp, udp];
    let mut chosen: Vec<u16> = Vec::new();
    for port in plan.ports.iter().filter(|port| port.host_port.is_none()) {
        let is_free = |port: u16| {
            let taken = |list: &&Vec<u16>| list.binary_search(&port).is_ok();
            !lists.iter().any(taken) && !chosen.contains(&port)
        };
        let last = chosen.last().copied().unwrap_or(host.last_dynamic);
        let Some(first) = block(port.count, last, is_free) else {
            return false;
        };
        chosen.extend(first..first + port.count);
    }
    if !chosen.is_empty() {
        out.change(Change::HostPortsChosen {
            task: scene.task,
            ports: chosen,
        });
    }
    true
}

/// The first of so many free ports in a row, looked for from the one after `last` on and wrapping once.
fn block(count: u16, last: u16, is_free: impl Fn(u16) -> bool) -> Option<u16> {
    let (low, high) = DYNAMIC_PORTS.into_inner();
    let after = low.max(last.saturating_add(1));
    let within = |from: u16, until: u16| {
        let mut first = from;
        while u32::from(first) + u32::from(count) <= u32::from(until) + 1 {
            match (first..first + count).rev().find(|port| !is_free(*port)) {
                None => return Some(first),
                Some(taken) => first = taken + 1,
            }
        }
        None
    };
    within(after, high).or_else(|| within(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_free_throughout_and_the_search_wraps_once() {
        let taken = |ports: &'static [u16]| move |port: u16| !ports.contains(&port);
        assert_eq!(block(1, 0, taken(&[])), Some(32_768));
        assert_eq!(block(1, 32_768, taken(&[32_769])), Some(32_770));
        assert_eq!(block(3, 32_768, taken(&[32_770, 32_773])), Some(32_774));
        assert_eq!(block(1, 60_999, taken(&[])), Some(32_768));
        assert_eq!(block(2, 60_998, taken(&[32_769])), Some(32_770));
        assert_eq!(block(28_233, 0, taken(&[])), None);
        assert_eq!(block(28_232, 0, taken(&[])), Some(32_768));
        assert_eq!(block(2, 40_000, |port| port < 32_769), None);
    }
}
