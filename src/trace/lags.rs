//! What is told of replicas that lag by fault: how it is written into records, and how it reads.

use std::fmt;

use crate::ledger::Change;
use crate::time::SimTime;

use super::kind::Kind;
use super::record::{Record, Told};

/// The record of a change of this kind.
pub(super) fn change(change: &Change) -> Told {
    match change {
        Change::ReadsLagging { until, .. } => {
            let nanos = until.as_nanos();
            Told::of(Kind::ReadsLagging)
                .with_a(nanos as u32)
                .with_b((nanos >> 32) as u32)
        }
        Change::ReadLagEnded => Told::of(Kind::ReadLagEnded),
        other => unreachable!("{other:?} is no change of what readers see"),
    }
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(kind, Kind::ReadsLagging | Kind::ReadLagEnded)
}

/// Writes what a record of this kind says of reads.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    if record.kind() == Kind::ReadLagEnded {
        return f.write_str("lag no more");
    }
    let until = u64::from(record.a()) | u64::from(record.b()) << 32;
    write!(f, "lag until {}", SimTime::from_nanos(until))
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use std::time::Duration;

    use crate::ledger::Change;
    use crate::time::SimTime;

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let lag = Duration::from_secs(10);
        let until = SimTime::from_secs(300);
        vec![
            (
                Change::ReadsLagging { lag, until },
                "reads lag until 300.000s",
            ),
            (Change::ReadLagEnded, "reads lag no more"),
        ]
    }
}
