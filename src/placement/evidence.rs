//! What stands behind a reason: what a task asks for, and what a container instance has instead.

use crate::ledger::Demand;
use crate::ledger::instance::PORT_QUOTA;
use crate::ledger::scheduler_error::Unmet;
use crate::model::{Capability, FailureReason, ResourceKind};

use super::ask::Ask;
use super::member_of;
use super::pool::Pool;

impl Pool<'_> {
    /// What a task asks for and what a row has instead, of the requirement that a reason names.
    ///
    /// # Panics
    ///
    /// When there is no such row.
    #[must_use]
    pub fn evidence(&self, ask: &Ask<'_>, row: usize, reason: FailureReason) -> Unmet {
        let (record, left, demand) = (self.record(row), self.remaining(row), ask.demand);
        let amounts = |asked: u32, available: u32| (asked.to_string(), available.to_string());
        let words = |asked: &str, available: &str| (asked.to_owned(), available.to_owned());
        let (asked, available) = match reason {
            FailureReason::Inactive => words("ACTIVE", record.status.as_str()),
            FailureReason::Agent => words("a connected agent", "a disconnected one"),
            FailureReason::Attribute if record.spec.kind != ask.kind => (
                ask.kind.as_str().to_owned(),
                record.spec.kind.as_str().to_owned(),
            ),
            FailureReason::Attribute => (lacking(ask, self, row), "none of these".to_owned()),
            FailureReason::Location => (
                ask.zones.join(" "),
                record.spec.zone.as_deref().unwrap_or("none").to_owned(),
            ),
            FailureReason::Resource(ResourceKind::Cpu) => amounts(demand.cpu, left.cpu),
            FailureReason::Resource(ResourceKind::Memory) => amounts(demand.memory, left.memory),
            FailureReason::Resource(ResourceKind::Ports) => ports(self, demand, row),
            FailureReason::Resource(ResourceKind::Eni) => amounts(demand.enis, left.enis),
            FailureReason::Resource(ResourceKind::Gpu) => amounts(demand.gpus, left.gpus),
            FailureReason::MemberOf => (constraints(ask, self, row), "no".to_owned()),
            FailureReason::DistinctInstance => (
                format!("no task of {}", ask.group_name),
                self.tasks_of_group(row, ask.group).to_string(),
            ),
            other => words(other.as_str(), "no"),
        };
        Unmet {
            reason,
            asked,
            available,
        }
    }
}

/// The capabilities that a task requires and a row lacks.
fn lacking(ask: &Ask<'_>, pool: &Pool<'_>, row: usize) -> String {
    let offered = pool.capacity().capabilities[row];
    let lacks =
        |capability: &&Capability| ask.requires.has(**capability) && !offered.has(**capability);
    let names = Capability::ALL.iter().filter(lacks);
    names
        .map(|capability| capability.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Each constraint that does not hold in a row.
fn constraints(ask: &Ask<'_>, pool: &Pool<'_>, row: usize) -> String {
    let alone = |constraint| Ask {
        constraints: std::slice::from_ref(constraint),
        ..*ask
    };
    let unmet = ask.constraints.iter();
    let unmet =
        unmet.filter(|constraint| member_of::unmet(pool, &alone(*constraint), row).is_some());
    let texts: Vec<&str> = unmet.map(|constraint| &**constraint.text()).collect();
    match texts[..] {
        [alone] => alone.to_owned(),
        _ => format!("`{}`", texts.join("` and `")),
    }
}

/// The ports asked for, and which of them are taken; when none is, it is the quota that stands in the way.
fn ports(pool: &Pool<'_>, demand: &Demand, row: usize) -> (String, String) {
    let alone = |tcp: &[u16], udp: &[u16]| Demand {
        tcp: tcp.to_vec(),
        udp: udp.to_vec(),
        ..Demand::default()
    };
    let tcp = demand
        .tcp
        .iter()
        .map(|port| (format!("{port}/tcp"), alone(&[*port], &[])));
    let udp = demand
        .udp
        .iter()
        .map(|port| (format!("{port}/udp"), alone(&[], &[*port])));
    let (mut asked, mut taken) = (Vec::new(), Vec::new());
    for (name, port) in tcp.chain(udp) {
        if !pool.ports_free(row, &port) {
            taken.push(name.clone());
        }
        asked.push(name);
    }
    let available = match taken.len() {
        0 => format!("fewer of {PORT_QUOTA} ports"),
        count if count == asked.len() => "none of these".to_owned(),
        _ => format!("all but {}", taken.join(" ")),
    };
    (asked.join(" "), available)
}
