//! What is told of calls of the API and of what they meet: how it is written into records, and how it reads.

use std::fmt;

use crate::ledger::Change;
use crate::time::SimTime;

use super::kind::Kind;
use super::record::Record;

/// The record of a change of this kind.
pub(super) fn change(at: SimTime, step: u64, change: &Change) -> Record {
    let blank = |kind| Record::new(at, step, kind);
    let lasting = |record: Record, until: &SimTime| {
        let nanos = until.as_nanos();
        record.with_a(nanos as u32).with_b((nanos >> 32) as u32)
    };
    match change {
        Change::CallsThrottled { until, .. } => lasting(blank(Kind::CallsThrottled), until),
        Change::CallsFailing { until, applied, .. } => {
            lasting(blank(Kind::CallsFailing), until).with_detail(u8::from(*applied))
        }
        Change::CallFaultsEnded => blank(Kind::CallFaultsEnded),
        other => unreachable!("{other:?} is no change of what calls meet"),
    }
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CallsThrottled | Kind::CallsFailing | Kind::CallFaultsEnded
    )
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, _: &Record) -> fmt::Result {
    f.write_str("calls")
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let until = SimTime::from_nanos(u64::from(record.a()) | u64::from(record.b()) << 32);
    match record.kind() {
        Kind::CallsThrottled => write!(f, "throttled until {until}"),
        Kind::CallsFailing if record.detail() == 0 => write!(f, "fail until {until}"),
        Kind::CallsFailing => write!(f, "fail until {until} and take effect"),
        _ => f.write_str("meet no fault any more"),
    }
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use crate::ledger::Change;
    use crate::model::Glob;
    use crate::time::SimTime;

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let (operation, until) = (Glob::new("Run*"), SimTime::from_secs(30));
        let failing = |applied| Change::CallsFailing {
            operation: operation.clone(),
            until,
            applied,
        };
        let throttled = Change::CallsThrottled {
            operation: operation.clone(),
            until,
        };
        vec![
            (throttled, "calls throttled until 30.000s"),
            (failing(false), "calls fail until 30.000s"),
            (failing(true), "calls fail until 30.000s and take effect"),
            (Change::CallFaultsEnded, "calls meet no fault any more"),
        ]
    }
}
