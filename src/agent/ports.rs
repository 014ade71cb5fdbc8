//! Host ports that an agent chooses.

use crate::ledger::change::Change;
use crate::ledger::{ContainerPlan, Effects};
use crate::model::presets::DYNAMIC_PORTS;

use super::scene::Scene;

/// Chooses a host port for each dynamic mapping: the next free one after the last chosen, wrapping once.
///
/// # Model
///
/// When every port of the range is taken the mapping stays without one; a real agent would fail the container.
pub(super) fn choose(scene: &Scene<'_>, plan: &ContainerPlan, out: &mut Effects) {
    let ctx = scene.ctx;
    let wanted = plan
        .ports
        .iter()
        .filter(|port| port.host_port.is_none())
        .count();
    if wanted == 0 {
        return;
    }
    let Some(on) = scene.record.on else { return };
    let (Some(host), Some(instance)) = (ctx.ledger.hosts().host(on), ctx.ledger.instance(on))
    else {
        return;
    };
    let (tcp, udp) = (&instance.spec.reserved_tcp, &instance.spec.reserved_udp);
    let is_free = |port: &u16| {
        let lists = [&host.tcp, &host.udp, &host.dynamic, tcp, udp];
        lists.iter().all(|list| list.binary_search(port).is_err())
    };
    let first = DYNAMIC_PORTS
        .start()
        .max(&host.last_dynamic.saturating_add(1))
        .to_owned();
    let ports: Vec<u16> = (first..=*DYNAMIC_PORTS.end())
        .chain(DYNAMIC_PORTS.take_while(|port| *port < first))
        .filter(is_free)
        .take(wanted)
        .collect();
    out.change(Change::HostPortsChosen {
        task: scene.task,
        ports,
    });
}
