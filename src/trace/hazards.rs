//! What is told of faults that last, and of their end: how it is written into records, and how it reads.

use std::fmt;

use crate::ids::TaskId;
use crate::ledger::Change;
use crate::time::SimTime;

use super::kind::Kind;
use super::record::Record;

/// The record of a change of this kind.
pub(super) fn change(at: SimTime, step: u64, change: &Change) -> Record {
    let blank = |kind| Record::new(at, step, kind);
    match change {
        Change::Healed => blank(Kind::Healed),
        Change::HostHealthReleased { task, container } => blank(Kind::HostHealthReleased)
            .with_a(task.number())
            .with_more(*container),
        Change::HostNoticed { instance, stands } => blank(Kind::HostNoticed)
            .with_a(instance.number())
            .with_detail(u8::from(*stands)),
        other => unreachable!("{other:?} is no change of faults"),
    }
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Healed | Kind::HostHealthReleased | Kind::HostNoticed
    )
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::HostHealthReleased => write!(f, "{}/{}", TaskId::new(record.a()), record.more()),
        _ => f.write_str("faults"),
    }
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::HostHealthReleased => f.write_str("health check is left alone"),
        Kind::HostNoticed if record.detail() == 0 => f.write_str("spot notice withdrawn"),
        Kind::HostNoticed => f.write_str("spot notice"),
        _ => f.write_str("over"),
    }
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use crate::ids::{ContainerInstanceId, TaskId};
    use crate::ledger::Change;

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let task = TaskId::new(3);
        let noticed = |stands| Change::HostNoticed {
            instance: ContainerInstanceId::new(1),
            stands,
        };
        vec![
            (noticed(true), "host container-instance-1 spot notice"),
            (
                noticed(false),
                "host container-instance-1 spot notice withdrawn",
            ),
            (Change::Healed, "host faults over"),
            (
                Change::HostHealthReleased { task, container: 1 },
                "host task-3/1 health check is left alone",
            ),
        ]
    }
}
