//! The records of what only some containers have: restarts, health, images that are shared.

use std::fmt;

use crate::ids::{ContainerInstanceId, TaskId};
use crate::ledger::Change;
use crate::ledger::host::Power;
use crate::model::HealthStatus;

use super::code::{Code, word};
use super::content::json;
use super::encode::HAS_EXIT_CODE;
use super::kind::Kind;
use super::record::{Record, Told};

/// The record of such a change.
pub(super) fn change(change: &Change) -> Told {
    let about = |kind, task: &TaskId, container: &u16| {
        let record = Told::of(kind).with_a(task.number());
        record.with_more(*container)
    };
    let on_instance = |kind, on: &ContainerInstanceId| {
        let record = Told::of(kind);
        record.with_a(on.number())
    };
    match change {
        Change::HostContainerRestarted {
            task,
            container,
            exit_code,
            ..
        } => about(Kind::HostContainerRestarted, task, container)
            .with_detail(HAS_EXIT_CODE)
            .with_b(*exit_code as u32),
        Change::ContainerHealthMoved {
            task,
            container,
            to,
        } => about(Kind::ContainerHealthMoved, task, container).with_detail(to.code()),
        Change::HostHealthMoved {
            task,
            container,
            to,
        } => about(Kind::HostHealthMoved, task, container).with_detail(to.code()),
        Change::HostHealthForced {
            task,
            container,
            passes,
            ..
        } => about(Kind::HostHealthForced, task, container).with_detail(u8::from(*passes)),
        Change::HostDownloading { on, downloads } => {
            let count = u32::try_from(downloads.len()).unwrap_or(u32::MAX);
            on_instance(Kind::HostDownloading, on).with_b(count)
        }
        Change::HostImageKept { on, .. } => on_instance(Kind::HostImageKept, on),
        Change::HostPowered { instance, to } => {
            on_instance(Kind::HostPowered, instance).with_detail(to.code())
        }
        other => unreachable!("{other:?} has a record of another shape"),
    }
}

/// Appends what does not fit into the record of such a change; see [`Record::content`].
pub(super) fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
    match change {
        Change::HostHealthForced { since, .. } => {
            bytes.extend_from_slice(&since.as_nanos().to_le_bytes());
        }
        Change::HostDownloading { downloads, .. } if !downloads.is_empty() => {
            json(downloads, bytes);
        }
        Change::HostImageKept { image, .. } => bytes.extend_from_slice(image.as_bytes()),
        _ => return false,
    }
    true
}

/// What such a record says of its subject.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let health = word::<HealthStatus>(record.detail());
    match record.kind() {
        Kind::HostContainerRestarted => write!(f, "started again after exit {}", record.b() as i32),
        Kind::HostHealthMoved | Kind::ContainerHealthMoved => write!(f, "health -> {health}"),
        Kind::HostHealthForced if record.detail() == 0 => f.write_str("health check fails"),
        Kind::HostHealthForced => f.write_str("health check passes"),
        Kind::HostDownloading => write!(f, "downloads: {}", record.b()),
        Kind::HostImageKept => f.write_str("image kept"),
        Kind::HostPowered => write!(f, "power {}", word::<Power>(record.detail())),
        _ => Ok(()),
    }
}
