//! What is told of faults that last, and of their end: how it is written into records, and how it reads.

use std::fmt;

use crate::ids::TaskId;
use crate::ledger::Change;
use crate::ledger::event::{FAULT_ENDS, TRIES_MAX};
use crate::ledger::hazard::HazardChange;
use crate::model::Fault;

use super::content::json;
use super::kind::Kind;
use super::record::{Record, Told};

/// The kinds of faults that last, with their numbers.
struct Word(u8);

impl Word {
    /// Numbers are positions and stay; new kinds come at the end.
    const KINDS: [&'static str; 11] = [
        "Slow",
        "Partition",
        "MessageLoss",
        "MessageRepeat",
        "MessageReorder",
        "EventLoss",
        "EventRepeat",
        "EventReorder",
        "ClockSkew",
        "RegistryOutage",
        "EniAttachFail",
    ];

    fn of(fault: &Fault) -> Self {
        let kind = fault.kind();
        let position = Self::KINDS.iter().position(|known| *known == kind);
        Self(position.map_or(u8::MAX, |position| position as u8))
    }

    fn code(&self) -> u8 {
        self.0
    }

    fn name(code: u8) -> &'static str {
        Self::KINDS.get(usize::from(code)).copied().unwrap_or("?")
    }
}

/// Appends what does not fit into the record of such a change; see [`Record::content`].
pub(super) fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
    match change {
        Change::Hazard(HazardChange::Began { hazard, .. }) => json(hazard, bytes),
        _ => return false,
    }
    true
}

/// The record of a change of this kind.
pub(super) fn change(change: &HazardChange) -> Told {
    let blank = |kind| Told::of(kind);
    match change {
        HazardChange::Healed => blank(Kind::Healed),
        HazardChange::HealthReleased { task, container } => blank(Kind::HostHealthReleased)
            .with_a(task.number())
            .with_more(*container),
        HazardChange::Noticed { instance, stands } => blank(Kind::HostNoticed)
            .with_a(instance.number())
            .with_detail(u8::from(*stands)),
        HazardChange::Began { number, hazard } => blank(Kind::HazardBegan)
            .with_detail(Word::of(&hazard.fault).code())
            .with_a(*number),
        HazardChange::Ended { number } => blank(Kind::HazardEnded).with_a(*number),
        HazardChange::Silenced {
            instance,
            is_silenced,
        } => blank(Kind::HostSilenced)
            .with_a(instance.number())
            .with_detail(u8::from(*is_silenced)),
        HazardChange::Impaired {
            instance,
            is_impaired,
        } => blank(Kind::HostImpaired)
            .with_a(instance.number())
            .with_detail(u8::from(*is_impaired)),
    }
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Healed
            | Kind::HostHealthReleased
            | Kind::HostNoticed
            | Kind::HostSilenced
            | Kind::HostImpaired
            | Kind::HazardBegan
            | Kind::HazardEnded
            | Kind::HazardOver
            | Kind::CutOver
            | Kind::FaultDue
            | Kind::MessageResent
    )
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::HostHealthReleased => write!(f, "{}/{}", TaskId::new(record.a()), record.more()),
        Kind::HazardBegan | Kind::HazardEnded | Kind::HazardOver | Kind::CutOver => {
            write!(f, "hazard-{}", record.a())
        }
        // The low bits tell how often it was sent before.
        Kind::MessageResent => {
            let tries = record.more() & TRIES_MAX;
            write!(f, "{} #{tries}", TaskId::new(record.a()))
        }
        Kind::FaultDue if record.b() & FAULT_ENDS != 0 => {
            write!(f, "row-{} #{} over", record.a(), record.b() & !FAULT_ENDS)
        }
        Kind::FaultDue => write!(f, "row-{} #{}", record.a(), record.b()),
        _ => f.write_str("faults"),
    }
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::HostHealthReleased => f.write_str("health check is left alone"),
        Kind::HostNoticed if record.detail() == 0 => f.write_str("spot notice withdrawn"),
        Kind::HostSilenced if record.detail() == 0 => f.write_str("heard again"),
        Kind::HostSilenced => f.write_str("silenced"),
        Kind::HostImpaired if record.detail() == 0 => f.write_str("sound again"),
        Kind::HostImpaired => f.write_str("impaired"),
        Kind::HazardBegan => write!(f, "{} begins", Word::name(record.detail())),
        Kind::HazardOver | Kind::CutOver | Kind::FaultDue | Kind::MessageResent => Ok(()),
        Kind::HostNoticed => f.write_str("spot notice"),
        _ => f.write_str("over"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::every_kind;

    #[test]
    fn every_fault_that_lasts_has_a_number_of_its_own() {
        // These last too, and are told of in changes of their own.
        let others = [
            "AgentRestart",
            "PullFail",
            "ReadLag",
            "ServerError",
            "Throttle",
        ];
        let lasting = every_kind().into_iter().filter(|it| it["for"].is_string());
        let faults = lasting.map(|it| serde_json::from_value(it).expect("it is a fault"));
        let own = faults.filter(|fault: &Fault| !others.contains(&fault.kind()));
        let words: Vec<Fault> = own.collect();
        assert_eq!(words.len(), Word::KINDS.len());
        for fault in words {
            assert_eq!(Word::name(Word::of(&fault).code()), fault.kind());
        }
    }
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::ids::{ContainerInstanceId, TaskId};
    use crate::ledger::Change;
    use crate::ledger::hazard::{Hazard, HazardChange, Reach};
    use crate::model::{Chance, Fault};
    use crate::time::SimTime;

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let task = TaskId::new(3);
        let noticed = |stands| HazardChange::Noticed {
            instance: ContainerInstanceId::new(1),
            stands,
        };
        let instance = ContainerInstanceId::new(1);
        let hazard = Hazard {
            fault: Fault::EventLoss {
                chance: Chance::new(1, 2),
                lasting: Duration::from_secs(60),
            },
            reach: Reach::All,
            until: SimTime::from_secs(60),
        };
        let all = vec![
            (
                HazardChange::Began {
                    number: 2,
                    hazard: Arc::new(hazard),
                },
                "host hazard-2 EventLoss begins",
            ),
            (HazardChange::Ended { number: 2 }, "host hazard-2 over"),
            (
                HazardChange::Silenced {
                    instance,
                    is_silenced: true,
                },
                "host container-instance-1 silenced",
            ),
            (
                HazardChange::Silenced {
                    instance,
                    is_silenced: false,
                },
                "host container-instance-1 heard again",
            ),
            (
                HazardChange::Impaired {
                    instance,
                    is_impaired: true,
                },
                "host container-instance-1 impaired",
            ),
            (
                HazardChange::Impaired {
                    instance,
                    is_impaired: false,
                },
                "host container-instance-1 sound again",
            ),
            (noticed(true), "host container-instance-1 spot notice"),
            (
                noticed(false),
                "host container-instance-1 spot notice withdrawn",
            ),
            (HazardChange::Healed, "host faults over"),
            (
                HazardChange::HealthReleased { task, container: 1 },
                "host task-3/1 health check is left alone",
            ),
        ];
        let all = all.into_iter();
        all.map(|(change, line)| (Change::Hazard(change), line))
            .collect()
    }
}
