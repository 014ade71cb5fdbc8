//! Events and changes as records: which number goes into which field.

use std::time::Duration;

use crate::ids::{ContainerInstanceId, LaunchId, TaskId};
use crate::ledger::scheduler_error::SchedulerError;
use crate::ledger::task::ContainerReason;
use crate::ledger::{Change, Event, LaunchSpec, Moment, StoppedReason};
use crate::model::StopCode;
use crate::time::SimTime;

use super::calls;
use super::code::{Code, MistakeWord};
use super::kind::Kind;
use super::labels;
use super::lags;
use super::life;
use super::record::Told;
use super::subscriptions;

/// Flag in `detail`: `b` is an exit code.
pub(super) const HAS_EXIT_CODE: u8 = 0x80;
/// Flag in `detail`: the container is essential.
pub(super) const IS_ESSENTIAL: u8 = 0x40;
/// Flag in `detail` of a launch: it serves every plain request.
pub(super) const IS_PLAIN: u8 = 1;
/// Flags in `detail` of a task that is heard of, above its status: which times are known.
pub(super) const PULL_STARTED: u8 = 0x10;
/// See [`PULL_STARTED`].
pub(super) const PULL_STOPPED: u8 = 0x20;
/// See [`PULL_STARTED`].
pub(super) const EXECUTION_STOPPED: u8 = 0x40;
/// The bits below them, which hold the status.
pub(super) const STATUS: u8 = 0x0F;
/// The low bits of `detail` that hold a container's status; three bits above it hold its reason.
pub(super) const LOW: u8 = 0x07;
/// In place of the number of a container instance: the task is on Fargate.
pub(super) const NO_INSTANCE: u32 = u32::MAX;
/// Host ports that fit into a record.
pub(super) const PORTS_INLINE: usize = 3;

/// The record of an event.
pub(super) fn event(event: &Event) -> Told {
    let blank = Told::of;
    let about = |kind, task: TaskId| blank(kind).with_a(task.number());
    let part = |kind, task, container| about(kind, task).with_more(container);
    match *event {
        Event::Input(number) => blank(Kind::Input).with_a(number),
        Event::PayloadDelivered(task) => about(Kind::PayloadDelivered, task),
        Event::TaskActivated(task) => about(Kind::TaskActivated, task),
        Event::StopSent(task) => about(Kind::StopSent, task),
        Event::TaskDeactivated(task) => about(Kind::TaskDeactivated, task),
        Event::StopDelivered(task) => about(Kind::StopDelivered, task),
        Event::InterfaceDue(task, to) => about(Kind::InterfaceDue, task).with_detail(to.code()),
        Event::PullEnded(task, container) => part(Kind::PullEnded, task, container),
        Event::ContainerCreated(task, container) => part(Kind::ContainerCreated, task, container),
        Event::StartTimedOut(task, container) => part(Kind::StartTimedOut, task, container),
        Event::MessageResent(task, code) => part(Kind::MessageResent, task, code),
        Event::MemoryShort(task, container) => part(Kind::MemoryShort, task, container),
        Event::HealthJudged(task, container) => part(Kind::HealthJudged, task, container),
        Event::HealthReported(task, container) => part(Kind::HealthReported, task, container),
        Event::ContainerStarted(task, container) => part(Kind::ContainerStarted, task, container),
        Event::ContainerExited(task, container) => part(Kind::ContainerExited, task, container),
        Event::ContainerStopped(task, container) => part(Kind::ContainerStopped, task, container),
        Event::TaskReported(task, report) => {
            about(Kind::TaskReported, task).with_detail(report.code())
        }
        Event::ContainerReported(task, container) => part(Kind::ContainerReported, task, container),
        Event::HostLost(instance, halt) => blank(Kind::HostLost)
            .with_a(instance.number())
            .with_more(halt),
        Event::AgentBack(instance) => blank(Kind::AgentBack).with_a(instance.number()),
        Event::HostReclaimed(instance) => blank(Kind::HostReclaimed).with_a(instance.number()),
        Event::ContainerKilled(task, container) => part(Kind::ContainerKilled, task, container),
        Event::HazardOver(number) => blank(Kind::HazardOver).with_a(number),
        Event::FaultDue(row, nth) => blank(Kind::FaultDue).with_a(row.into()).with_b(nth),
        Event::CutOver(number) => blank(Kind::CutOver).with_a(number),
        Event::SilenceNoticed(instance, number) => blank(Kind::SilenceNoticed)
            .with_a(instance.number())
            .with_more(number),
        Event::LinkRestored(instance) => blank(Kind::LinkRestored).with_a(instance.number()),
        Event::DrainAsked(instance) => blank(Kind::DrainAsked).with_a(instance.number()),
        Event::TaskExpired(task) => about(Kind::TaskExpired, task),
        Event::ContainerInstanceExpired(instance) => {
            blank(Kind::ContainerInstanceExpired).with_a(instance.number())
        }
        Event::ControllerWoken(..)
        | Event::CallArrived(..)
        | Event::CallAnswered(..)
        | Event::CallTimedOut(..) => calls::event(event),
        Event::StateChangeDue(delivery) => blank(Kind::StateChangeDue).with_a(delivery.number()),
    }
}

/// The record of a change.
pub(super) fn change(at: SimTime, change: &Change) -> Told {
    plain(change).unwrap_or_else(|| rare(at, change))
}

/// The record of a change of which there are several in the life of every task, if no content follows it.
#[inline(always)]
pub(super) fn plain(change: &Change) -> Option<Told> {
    let about = |kind, task: &TaskId| Told::of(kind).with_a(task.number());
    Some(match change {
        Change::TaskPlaced { task, launch, on } => {
            placed(about(Kind::TaskPlaced, task), *launch, *on)
        }
        Change::TaskUnwanted {
            task,
            code,
            reason,
            given: None,
        } => unwanted(about(Kind::TaskUnwanted, task), *code, *reason),
        Change::TaskMoved { task, to } => about(Kind::TaskMoved, task).with_detail(to.code()),
        Change::TaskHeard {
            task,
            to,
            pull_started,
            pull_stopped,
            execution_stopped,
        } => timed(
            about(Kind::TaskHeard, task),
            to.code(),
            [*pull_started, *pull_stopped, *execution_stopped],
        ),
        Change::ContainerMoved {
            task,
            container,
            to,
            exit_code,
            reason,
        } => {
            let told = about(Kind::ContainerMoved, task).with_more(*container);
            ended(told, to.code(), *exit_code, *reason)
        }
        Change::TaskForgotten { task } => about(Kind::TaskForgotten, task),
        Change::HostAccepted { task, launch, on } => {
            placed(about(Kind::HostAccepted, task), *launch, *on)
        }
        Change::HostStartedAtOnce { task, launch, on } => {
            placed(about(Kind::HostStartedAtOnce, task), *launch, *on)
        }
        Change::HostStarted { task } => about(Kind::HostStarted, task),
        Change::HostContainerMoved {
            task,
            container,
            to,
        } => about(Kind::HostContainerMoved, task)
            .with_more(*container)
            .with_detail(to.code()),
        Change::HostContainerEnded {
            task,
            container,
            exit_code,
            reason,
            essential,
        } => {
            let told = about(Kind::HostContainerEnded, task).with_more(*container);
            let low = if *essential { IS_ESSENTIAL } else { 0 };
            ended(told, low, *exit_code, *reason)
        }
        Change::HostRunning { task } => about(Kind::HostRunning, task),
        Change::HostStopped { task } => about(Kind::HostStopped, task),
        Change::HostForgotten { task } => about(Kind::HostForgotten, task),
        _ => return None,
    })
}

/// The record of a change that is not [`plain`].
fn rare(at: SimTime, change: &Change) -> Told {
    let about = |kind, task: &TaskId| Told::of(kind).with_a(task.number());
    match change {
        Change::InterfaceAsked { task, subnet, .. } => {
            about(Kind::InterfaceAsked, task).with_more(*subnet)
        }
        Change::InterfaceMoved { task, to } => {
            about(Kind::InterfaceMoved, task).with_detail(to.code())
        }
        Change::TaskRefused { task, reason } => {
            about(Kind::TaskRefused, task).with_detail(reason.code())
        }
        Change::SchedulerErred { error } => {
            mistaken(about(Kind::SchedulerErred, &error.task), error)
        }
        Change::TaskUnwanted {
            task, code, reason, ..
        } => unwanted(about(Kind::TaskUnwanted, task), *code, *reason),
        Change::TaskTouched { task } => about(Kind::TaskTouched, task),
        Change::AttributesPut { .. }
        | Change::AttributesDeleted { .. }
        | Change::TagsSet { .. }
        | Change::AccountSettingPut { .. }
        | Change::AccountSettingDeleted { .. } => labels::change(change),
        Change::HostDequeued { task } => about(Kind::HostDequeued, task),
        Change::HostToldToStop { task } => about(Kind::HostToldToStop, task),
        Change::HostPortsChosen { task, ports } => {
            ports_chosen(about(Kind::HostPortsChosen, task), ports)
        }
        Change::ContainerHealthMoved { .. }
        | Change::HostContainerRestarted { .. }
        | Change::HostHealthMoved { .. }
        | Change::HostHealthForced { .. }
        | Change::HostDownloading { .. }
        | Change::HostImageKept { .. }
        | Change::HostPowered { .. } => life::change(change),
        other => surroundings_change(at, other),
    }
}

/// The record of a change to what tasks are made from and placed on.
fn surroundings_change(at: SimTime, change: &Change) -> Told {
    let blank = Told::of;
    let about = |kind, instance: &ContainerInstanceId| blank(kind).with_a(instance.number());
    match change {
        Change::ClusterCreated { cluster, .. } => {
            blank(Kind::ClusterCreated).with_a(cluster.number())
        }
        Change::ClusterDeleted { cluster } => blank(Kind::ClusterDeleted).with_a(cluster.number()),
        Change::InstanceRegistered { instance, spec } => {
            about(Kind::InstanceRegistered, instance).with_b(spec.cluster.number())
        }
        Change::InstanceReregistered { instance, spec } => {
            about(Kind::InstanceReregistered, instance).with_b(spec.cluster.number())
        }
        Change::InstanceStatusChanged { instance, to } => {
            about(Kind::InstanceStatusChanged, instance).with_detail(to.code())
        }
        Change::AgentConnectionChanged {
            instance,
            connected,
        } => about(Kind::AgentConnectionChanged, instance).with_detail(u8::from(*connected)),
        Change::InstanceDeregistered { instance } => about(Kind::InstanceDeregistered, instance),
        Change::InstanceForgotten { instance } => about(Kind::InstanceForgotten, instance),
        Change::DefinitionRegistered { definition, spec } => blank(Kind::DefinitionRegistered)
            .with_a(definition.number())
            .with_b(spec.revision),
        Change::DefinitionDeregistered {
            definition,
            refused_from,
        } => blank(Kind::DefinitionDeregistered)
            .with_a(definition.number())
            .with_b(whole_millis(refused_from.since(at))),
        Change::DefinitionDeleteRequested { definition } => {
            blank(Kind::DefinitionDeleteRequested).with_a(definition.number())
        }
        Change::DefinitionForgotten { definition } => {
            blank(Kind::DefinitionForgotten).with_a(definition.number())
        }
        Change::GroupOpened { group, cluster, .. } => blank(Kind::GroupOpened)
            .with_a(group.number())
            .with_b(cluster.number()),
        Change::LaunchOpened {
            launch,
            spec,
            plain,
        } => launch_opened(blank(Kind::LaunchOpened), *launch, spec, *plain),
        Change::TokenKept { cluster, .. } => blank(Kind::TokenKept).with_a(cluster.number()),
        Change::PullFailing { until, .. } => {
            let nanos = until.as_nanos();
            blank(Kind::PullFailing)
                .with_a(nanos as u32)
                .with_b((nanos >> 32) as u32)
        }
        Change::ReadsLagging { .. } | Change::ReadLagEnded => lags::change(change),
        Change::CallFault(change) => calls::fault(change),
        Change::Controller(change) => calls::controller(change),
        other => subscriptions::change(other),
    }
}

/// What is shown of a window; its exact end is content.
fn whole_millis(window: Duration) -> u32 {
    u32::try_from(window.as_millis()).unwrap_or(u32::MAX)
}

/// Of the cluster's number the low 16 bits are kept.
fn launch_opened(told: Told, launch: LaunchId, spec: &LaunchSpec, plain: bool) -> Told {
    let detail = if plain { IS_PLAIN } else { 0 };
    let told = told
        .with_detail(detail)
        .with_more(spec.cluster.number() as u16);
    told.with_a(launch.number())
        .with_b(spec.definition.number())
}

/// Three numbers: the low 24 bits of the launch go into `detail` and `more`.
fn placed(told: Told, launch: LaunchId, on: Option<ContainerInstanceId>) -> Told {
    let launch = launch.number();
    told.with_detail((launch >> 16) as u8)
        .with_more(launch as u16)
        .with_b(on.map_or(NO_INSTANCE, ContainerInstanceId::number))
}

fn unwanted(told: Told, code: StopCode, reason: StoppedReason) -> Told {
    told.with_detail(code.code())
        .with_more(reason.code().into())
}

fn ended(told: Told, low: u8, exit_code: Option<i32>, reason: ContainerReason) -> Told {
    let known = if exit_code.is_some() {
        HAS_EXIT_CODE
    } else {
        0
    };
    told.with_detail(low | reason.code() << 3 | known)
        .with_b(exit_code.unwrap_or(0) as u32)
}

/// Three times do not fit: a fingerprint of 48 bits stands for them, and the flags say which are known.
fn timed(told: Told, status: u8, times: [Moment; 3]) -> Told {
    let mut detail = status;
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
    told.with_detail(detail)
        .with_more((mixed >> 32) as u16)
        .with_b(mixed as u32)
}

/// The kind of mistake, the requirement that is not met, the container instance chosen.
fn mistaken(told: Told, error: &SchedulerError) -> Told {
    let reason = error.mistake.refusal().map_or(0, Code::code);
    told.with_detail(MistakeWord::of(&error.mistake).code())
        .with_more(reason.into())
        .with_b(
            error
                .chosen
                .map_or(NO_INSTANCE, ContainerInstanceId::number),
        )
}

/// Up to three ports fit; `detail` says how many there are, at most 255.
fn ports_chosen(told: Told, ports: &[u16]) -> Told {
    let port = |index: usize| ports.get(index).copied().unwrap_or(0);
    let count = u8::try_from(ports.len()).unwrap_or(u8::MAX);
    told.with_detail(count)
        .with_more(port(0))
        .with_b(u32::from(port(1)) | u32::from(port(2)) << 16)
}

#[cfg(test)]
mod tests {
    use super::super::record::Record;
    use super::super::samples;
    use super::*;

    #[test]
    fn every_change_and_event_has_a_kind_of_its_own_name() {
        for (known, _) in samples::events() {
            let record = Record::of_event(SimTime::ZERO, 0, &known);
            assert_eq!(record.kind().name(), known.name());
            assert!(record.kind().is_cause());
        }
        for (known, _) in samples::control_changes() {
            let record = Record::of_change(SimTime::ZERO, 0, &known);
            assert!(
                !record.kind().is_cause() && !record.kind().is_on_host(),
                "{known:?}"
            );
        }
        for (known, _) in samples::host_changes() {
            assert!(
                Record::of_change(SimTime::ZERO, 0, &known)
                    .kind()
                    .is_on_host(),
                "{known:?}"
            );
        }
    }

    #[test]
    fn the_samples_cover_every_kind() {
        let causes = samples::events()
            .into_iter()
            .map(|(known, _)| Record::of_event(SimTime::ZERO, 0, &known).kind());
        let changes = samples::control_changes()
            .into_iter()
            .chain(samples::host_changes());
        let changes = changes.map(|(known, _)| Record::of_change(SimTime::ZERO, 0, &known).kind());
        let mut seen: Vec<Kind> = causes
            .chain(changes)
            .chain([Kind::Call, Kind::Content])
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, Kind::ALL);
    }

    #[test]
    fn the_fingerprint_of_times_depends_on_each_of_them() {
        let record = |moment| Record::of_change(SimTime::ZERO, 0, &samples::timed(moment));
        let one = record(SimTime::from_nanos(1).into());
        let two = record(SimTime::from_nanos(2).into());
        assert_ne!((one.more(), one.b()), (two.more(), two.b()));
        assert_ne!(one.detail(), record(Moment::NEVER).detail());
        let swapped = |times| timed(Told::of(Kind::TaskHeard), 0, times);
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
