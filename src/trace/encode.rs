//! Events and changes as records: which number goes into which field.

use serde::Serialize;

use crate::digest::Digest;
use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::ledger::instance::InstanceSpec;
use crate::ledger::task::ContainerReason;
use crate::ledger::{Change, Event, LaunchSpec, Moment};
use crate::time::SimTime;

use super::code::Code;
use super::kind::Kind;
use super::record::Record;

/// Flag in `detail`: `b` is an exit code.
pub(super) const HAS_EXIT_CODE: u8 = 0x80;
/// Flag in `detail`: the container is essential.
pub(super) const IS_ESSENTIAL: u8 = 0x40;
/// Flag in `detail` of a launch: it serves every plain request.
pub(super) const IS_PLAIN: u8 = 1;
/// Flags in `detail` of a timed task: which times are known.
pub(super) const PULL_STARTED: u8 = 1;
/// See [`PULL_STARTED`].
pub(super) const PULL_STOPPED: u8 = 2;
/// See [`PULL_STARTED`].
pub(super) const EXECUTION_STOPPED: u8 = 4;
/// The low bits of `detail` that hold a container's status; three bits above it hold its reason.
pub(super) const LOW: u8 = 0x07;
/// Host ports that fit into a record.
pub(super) const PORTS_INLINE: usize = 3;

/// The record of an event.
pub(super) fn event(at: SimTime, step: u64, event: &Event) -> Record {
    let blank = |kind| Record::blank(at, step, kind);
    match *event {
        Event::Input(number) => Record {
            a: number,
            ..blank(Kind::Input)
        },
        Event::PayloadDelivered(task) => about(blank(Kind::PayloadDelivered), task),
        Event::StopSent(task) => about(blank(Kind::StopSent), task),
        Event::StopDelivered(task) => about(blank(Kind::StopDelivered), task),
        Event::PullEnded(task, container) => part(blank(Kind::PullEnded), task, container),
        Event::ContainerStarted(task, container) => {
            part(blank(Kind::ContainerStarted), task, container)
        }
        Event::ContainerExited(task, container) => {
            part(blank(Kind::ContainerExited), task, container)
        }
        Event::ContainerStopped(task, container) => {
            part(blank(Kind::ContainerStopped), task, container)
        }
        Event::TaskReported(task, report) => Record {
            detail: report.code(),
            ..about(blank(Kind::TaskReported), task)
        },
        Event::ContainerReported(task, container) => {
            part(blank(Kind::ContainerReported), task, container)
        }
        Event::TaskExpired(task) => about(blank(Kind::TaskExpired), task),
        Event::ContainerInstanceExpired(instance) => {
            at_instance(blank(Kind::ContainerInstanceExpired), instance)
        }
    }
}

/// The record of a change.
#[expect(
    clippy::too_many_lines,
    reason = "one arm for each change, and no more than that"
)]
pub(super) fn change(at: SimTime, step: u64, change: &Change) -> Record {
    let blank = |kind| Record::blank(at, step, kind);
    match change {
        Change::ClusterCreated { cluster, .. } => Record {
            a: cluster.number(),
            ..blank(Kind::ClusterCreated)
        },
        Change::ClusterDeleted { cluster } => Record {
            a: cluster.number(),
            ..blank(Kind::ClusterDeleted)
        },
        Change::InstanceRegistered { instance, spec } => Record {
            b: spec.cluster.number(),
            ..at_instance(blank(Kind::InstanceRegistered), *instance)
        },
        Change::InstanceReregistered { instance, spec } => Record {
            b: spec.cluster.number(),
            ..at_instance(blank(Kind::InstanceReregistered), *instance)
        },
        Change::InstanceStatusChanged { instance, to } => Record {
            detail: to.code(),
            ..at_instance(blank(Kind::InstanceStatusChanged), *instance)
        },
        Change::AgentConnectionChanged {
            instance,
            connected,
        } => Record {
            detail: u8::from(*connected),
            ..at_instance(blank(Kind::AgentConnectionChanged), *instance)
        },
        Change::InstanceDeregistered { instance } => {
            at_instance(blank(Kind::InstanceDeregistered), *instance)
        }
        Change::InstanceForgotten { instance } => {
            at_instance(blank(Kind::InstanceForgotten), *instance)
        }
        Change::DefinitionRegistered { definition, spec } => Record {
            a: definition.number(),
            b: spec.revision,
            ..blank(Kind::DefinitionRegistered)
        },
        Change::GroupOpened { group, cluster, .. } => Record {
            a: group.number(),
            b: cluster.number(),
            ..blank(Kind::GroupOpened)
        },
        Change::LaunchOpened {
            launch,
            spec,
            plain,
        } => Record {
            detail: if *plain { IS_PLAIN } else { 0 },
            more: spec.cluster.number() as u16,
            a: launch.number(),
            b: spec.definition.number(),
            ..blank(Kind::LaunchOpened)
        },
        Change::TaskPlaced { task, launch, on } => {
            placed(blank(Kind::TaskPlaced), *task, *launch, *on)
        }
        Change::TaskRefused { task, reason } => Record {
            detail: reason.code(),
            ..about(blank(Kind::TaskRefused), *task)
        },
        Change::TaskUnwanted {
            task, code, reason, ..
        } => Record {
            detail: code.code(),
            more: u16::from(reason.code()),
            ..about(blank(Kind::TaskUnwanted), *task)
        },
        Change::TaskMoved { task, to } => Record {
            detail: to.code(),
            ..about(blank(Kind::TaskMoved), *task)
        },
        Change::TaskTimed {
            task,
            pull_started,
            pull_stopped,
            execution_stopped,
        } => {
            let times = [*pull_started, *pull_stopped, *execution_stopped];
            timed(about(blank(Kind::TaskTimed), *task), times)
        }
        Change::ContainerMoved {
            task,
            container,
            to,
            exit_code,
            reason,
        } => {
            let record = part(blank(Kind::ContainerMoved), *task, *container);
            ended(record, to.code(), *exit_code, *reason)
        }
        Change::TaskTouched { task } => about(blank(Kind::TaskTouched), *task),
        Change::TaskForgotten { task } => about(blank(Kind::TaskForgotten), *task),
        Change::TokenKept { cluster, .. } => Record {
            a: cluster.number(),
            ..blank(Kind::TokenKept)
        },
        Change::PullFailing { until, .. } => {
            let nanos = until.as_nanos();
            Record {
                a: nanos as u32,
                b: (nanos >> 32) as u32,
                ..blank(Kind::PullFailing)
            }
        }
        Change::HostAccepted { .. }
        | Change::HostStarted { .. }
        | Change::HostDequeued { .. }
        | Change::HostToldToStop { .. }
        | Change::HostContainerMoved { .. }
        | Change::HostContainerEnded { .. }
        | Change::HostPortsChosen { .. }
        | Change::HostPulled { .. }
        | Change::HostRunning { .. }
        | Change::HostStopped { .. }
        | Change::HostForgotten { .. } => host_change(at, step, change),
    }
}

/// The record of a change on a host.
fn host_change(at: SimTime, step: u64, change: &Change) -> Record {
    let blank = |kind| Record::blank(at, step, kind);
    match change {
        Change::HostAccepted { task, launch, on } => {
            placed(blank(Kind::HostAccepted), *task, *launch, *on)
        }
        Change::HostStarted { task } => about(blank(Kind::HostStarted), *task),
        Change::HostDequeued { task } => about(blank(Kind::HostDequeued), *task),
        Change::HostToldToStop { task } => about(blank(Kind::HostToldToStop), *task),
        Change::HostContainerMoved {
            task,
            container,
            to,
        } => Record {
            detail: to.code(),
            ..part(blank(Kind::HostContainerMoved), *task, *container)
        },
        Change::HostContainerEnded {
            task,
            container,
            exit_code,
            reason,
            essential,
        } => {
            let record = part(blank(Kind::HostContainerEnded), *task, *container);
            ended(
                record,
                if *essential { IS_ESSENTIAL } else { 0 },
                *exit_code,
                *reason,
            )
        }
        Change::HostPortsChosen { task, ports } => {
            ports_chosen(about(blank(Kind::HostPortsChosen), *task), ports)
        }
        Change::HostPulled { task } => about(blank(Kind::HostPulled), *task),
        Change::HostRunning { task } => about(blank(Kind::HostRunning), *task),
        Change::HostStopped { task } => about(blank(Kind::HostStopped), *task),
        Change::HostForgotten { task } => about(blank(Kind::HostForgotten), *task),
        other => unreachable!("{other:?} is a change of the control plane"),
    }
}

/// Appends what does not fit into the record of a change; see [`Record::content`].
pub(super) fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
    match change {
        Change::ClusterCreated { spec, .. } => json(spec, bytes),
        Change::InstanceRegistered { spec, .. } | Change::InstanceReregistered { spec, .. } => {
            instance(spec, bytes)
        }
        Change::DefinitionRegistered { spec, .. } => json(spec, bytes),
        Change::GroupOpened { name, .. } => bytes.extend_from_slice(name.as_bytes()),
        Change::LaunchOpened {
            spec, plain: false, ..
        } => launch(spec, bytes),
        Change::TaskUnwanted {
            given: Some(text), ..
        } => bytes.extend_from_slice(text.as_bytes()),
        Change::TokenKept { name, token, .. } => json(&(name, token), bytes),
        Change::PullFailing { image, .. } => json(image, bytes),
        Change::HostPortsChosen { ports, .. } if ports.len() > PORTS_INLINE => {
            bytes.extend(ports.iter().flat_map(|port| port.to_le_bytes()));
        }
        _ => return false,
    }
    true
}

/// The record of a fingerprint; see [`Record::of_content`].
pub(super) fn content_record(at: SimTime, step: u64, kind: Kind, bytes: &[u8]) -> Record {
    let digest = Digest::of(bytes);
    let half = |from: usize| {
        let head = digest.as_bytes();
        u32::from_le_bytes([head[from], head[from + 1], head[from + 2], head[from + 3]])
    };
    Record {
        detail: kind.number(),
        a: half(0),
        b: half(4),
        ..Record::blank(at, step, Kind::Content)
    }
}

/// An instance without what may hold floats in its request: the amounts there are in fields of their own.
fn instance(spec: &InstanceSpec, bytes: &mut Vec<u8>) {
    let names = (spec.cluster, &spec.arn, &spec.ec2_instance_id);
    let resources = (
        spec.cpu,
        spec.memory,
        &spec.gpu_ids,
        &spec.reserved_tcp,
        &spec.reserved_udp,
    );
    let request = &spec.request;
    json(
        &(
            names,
            resources,
            &spec.attributes,
            &request.version_info,
            &request.tags,
        ),
        bytes,
    );
}

/// A launch without what follows from its definition, which has a fingerprint of its own.
fn launch(spec: &LaunchSpec, bytes: &mut Vec<u8>) {
    let tasks = (&spec.demand, spec.distinct_instance, &spec.echo);
    json(&(spec.cluster, spec.definition, spec.group, tasks), bytes);
}

fn json<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, value)
        .expect("specifications have text keys, and a vector takes every byte");
}

fn about(record: Record, task: TaskId) -> Record {
    Record {
        a: task.number(),
        ..record
    }
}

fn part(record: Record, task: TaskId, container: u16) -> Record {
    Record {
        a: task.number(),
        more: container,
        ..record
    }
}

fn at_instance(record: Record, instance: ContainerInstanceId) -> Record {
    Record {
        a: instance.number(),
        ..record
    }
}

/// Three numbers: the low 24 bits of the launch go into `detail` and `more`.
fn placed(record: Record, task: TaskId, launch: LaunchId, on: ContainerInstanceId) -> Record {
    let launch = launch.number();
    Record {
        detail: (launch >> 16) as u8,
        more: launch as u16,
        a: task.number(),
        b: on.number(),
        ..record
    }
}

fn ended(record: Record, low: u8, exit_code: Option<i32>, reason: ContainerReason) -> Record {
    let known = if exit_code.is_some() {
        HAS_EXIT_CODE
    } else {
        0
    };
    Record {
        detail: low | reason.code() << 3 | known,
        b: exit_code.unwrap_or(0) as u32,
        ..record
    }
}

/// Three times do not fit: a fingerprint of 48 bits stands for them, and the flags say which are known.
fn timed(record: Record, times: [Moment; 3]) -> Record {
    let mut detail = 0;
    let mut mixed = 0_u64;
    for (moment, flag) in times
        .into_iter()
        .zip([PULL_STARTED, PULL_STOPPED, EXECUTION_STOPPED])
    {
        let nanos = moment.get().map_or(u64::MAX, SimTime::as_nanos);
        if moment.has_come() {
            detail |= flag;
        }
        // The constant is 2^64 divided by the golden ratio, made odd: each input bit reaches the upper half.
        mixed = (mixed ^ nanos).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^= mixed >> 29;
    }
    Record {
        detail,
        more: (mixed >> 32) as u16,
        b: mixed as u32,
        ..record
    }
}

/// Up to three ports fit; `detail` says how many there are, at most 255.
fn ports_chosen(record: Record, ports: &[u16]) -> Record {
    let port = |index: usize| ports.get(index).copied().unwrap_or(0);
    Record {
        detail: u8::try_from(ports.len()).unwrap_or(u8::MAX),
        more: port(0),
        b: u32::from(port(1)) | u32::from(port(2)) << 16,
        ..record
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    fn content_of(change: &Change) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        content(change, &mut bytes).then_some(bytes)
    }

    #[test]
    fn every_change_and_event_has_a_kind_of_its_own_name() {
        for (known, _) in samples::events() {
            let record = event(SimTime::ZERO, 0, &known);
            assert_eq!(record.kind.name(), known.name());
            assert!(record.kind.is_cause());
        }
        for (known, _) in samples::control_changes() {
            let record = change(SimTime::ZERO, 0, &known);
            assert!(
                !record.kind.is_cause() && !record.kind.is_on_host(),
                "{known:?}"
            );
        }
        for (known, _) in samples::host_changes() {
            assert!(
                change(SimTime::ZERO, 0, &known).kind.is_on_host(),
                "{known:?}"
            );
        }
    }

    #[test]
    fn the_samples_cover_every_kind() {
        let causes = samples::events()
            .into_iter()
            .map(|(known, _)| event(SimTime::ZERO, 0, &known).kind);
        let changes = samples::control_changes()
            .into_iter()
            .chain(samples::host_changes());
        let changes = changes.map(|(known, _)| change(SimTime::ZERO, 0, &known).kind);
        let mut seen: Vec<Kind> = causes
            .chain(changes)
            .chain([Kind::Call, Kind::Content])
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, Kind::ALL);
    }

    #[test]
    fn what_does_not_fit_has_content() {
        assert_eq!(
            content_of(&samples::launch(256, true)),
            None,
            "a plain launch follows from its definition"
        );
        assert_ne!(
            content_of(&samples::launch(256, false)),
            content_of(&samples::launch(512, false))
        );
        assert_ne!(
            content_of(&samples::cluster("a")),
            content_of(&samples::cluster("b"))
        );
        let changes = samples::control_changes()
            .into_iter()
            .chain(samples::host_changes());
        let with_content = changes
            .filter(|(known, _)| content_of(known).is_some())
            .count();
        assert_eq!(with_content, 10);
    }

    #[test]
    fn a_fingerprint_follows_its_bytes_and_names_its_kind() {
        let record = content_record(SimTime::ZERO, 7, Kind::GroupOpened, b"abc");
        assert_eq!(record.to_string(), "0.000s #7   content 6437b3ac38465133");
        assert_eq!(record.detail, Kind::GroupOpened.number());
        assert_ne!(
            record,
            content_record(SimTime::ZERO, 7, Kind::GroupOpened, b"abd")
        );
    }

    #[test]
    fn the_fingerprint_of_times_depends_on_each_of_them() {
        let record = |moment| change(SimTime::ZERO, 0, &samples::timed(moment));
        let one = record(SimTime::from_nanos(1).into());
        let two = record(SimTime::from_nanos(2).into());
        assert_ne!((one.more, one.b), (two.more, two.b));
        assert_ne!(one.detail, record(Moment::NEVER).detail);
        let swapped = |times| timed(Record::blank(SimTime::ZERO, 0, Kind::TaskTimed), times);
        let (early, late) = (
            Moment::from(SimTime::from_nanos(1)),
            Moment::from(SimTime::from_nanos(2)),
        );
        assert_ne!(
            swapped([early, late, Moment::NEVER]),
            swapped([late, early, Moment::NEVER])
        );
    }
}
