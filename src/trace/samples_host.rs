//! One sample of every change of the hosts and of every event, for the tests of this module.

use std::sync::Arc;
use std::time::Duration;

use crate::ids::{ContainerInstanceId, DeliveryId, LaunchId, TaskId};
use crate::ledger::event::{FAULT_ENDS, Report};
use crate::ledger::host::{Download, HostContainerPhase, Power};
use crate::ledger::task::ContainerReason;
use crate::ledger::{Change, Event};
use crate::model::{AttachmentStatus, HealthStatus};
use crate::time::SimTime;

use super::calls;

const TASK: TaskId = TaskId::new(3);
const INSTANCE: ContainerInstanceId = ContainerInstanceId::new(1);

/// Every change of the hosts, with the line of its record behind the time and the step.
pub(super) fn host_changes() -> Vec<(Change, &'static str)> {
    let mut all = task_changes();
    all.extend(life_changes());
    all.extend(super::hazards::samples::changes());
    all
}

fn task_changes() -> Vec<(Change, &'static str)> {
    let task = TASK;
    vec![
        (
            Change::HostAccepted {
                task,
                launch: LaunchId::new(5),
                on: Some(INSTANCE),
            },
            "host task-3 accepted on container-instance-1 by launch-5",
        ),
        (
            Change::HostStartedAtOnce {
                task,
                launch: LaunchId::new(5),
                on: None,
            },
            "host task-3 started at once on Fargate by launch-5",
        ),
        (Change::HostStarted { task }, "host task-3 started"),
        (Change::HostDequeued { task }, "host task-3 dequeued"),
        (Change::HostToldToStop { task }, "host task-3 told to stop"),
        (
            Change::HostContainerMoved {
                task,
                container: 0,
                to: HostContainerPhase::Starting,
            },
            "host task-3/0 -> starting",
        ),
        (
            Change::HostContainerEnded {
                task,
                container: 0,
                exit_code: Some(-1),
                reason: ContainerReason::None,
                essential: true,
            },
            "host task-3/0 ended exit -1 essential",
        ),
        (
            Change::HostContainerEnded {
                task,
                container: 0,
                exit_code: None,
                reason: ContainerReason::CannotPull,
                essential: false,
            },
            "host task-3/0 ended cannot-pull",
        ),
        (
            Change::HostPortsChosen {
                task,
                ports: vec![32_768, 65_535],
            },
            "host task-3 ports 32768 65535",
        ),
        (
            Change::HostPortsChosen {
                task,
                ports: vec![1, 2, 3, 4, 5],
            },
            "host task-3 ports 1 2 3 and 2 more",
        ),
        (Change::HostRunning { task }, "host task-3 running"),
        (Change::HostStopped { task }, "host task-3 stopped"),
        (Change::HostForgotten { task }, "host task-3 forgotten"),
    ]
}

fn life_changes() -> Vec<(Change, &'static str)> {
    let task = TASK;
    vec![
        (
            Change::HostContainerRestarted {
                task,
                container: 1,
                exit_code: -1,
                up_at: SimTime::ZERO,
            },
            "host task-3/1 started again after exit -1",
        ),
        (
            Change::HostHealthMoved {
                task,
                container: 1,
                to: HealthStatus::Unhealthy,
            },
            "host task-3/1 health -> UNHEALTHY",
        ),
        (
            Change::HostHealthForced {
                task,
                container: 1,
                passes: false,
                since: SimTime::ZERO,
            },
            "host task-3/1 health check fails",
        ),
        (
            Change::HostDownloading {
                on: INSTANCE,
                downloads: Arc::from([Download {
                    image: "web:1".into(),
                    wanted_by: vec![(task, 0)],
                    left: Duration::from_secs(1),
                }]),
            },
            "host container-instance-1 downloads: 1",
        ),
        (
            Change::HostImageKept {
                on: INSTANCE,
                image: "web:1".into(),
            },
            "host container-instance-1 image kept",
        ),
        (
            Change::HostPowered {
                instance: INSTANCE,
                to: Power::Terminated,
            },
            "host container-instance-1 power terminated",
        ),
    ]
}

/// Every event, likewise.
pub(super) fn events() -> Vec<(Event, &'static str)> {
    let mut all = calls::samples::events();
    all.extend(weather_events());
    all.extend(plain_events());
    all
}

/// Those that faults bring.
fn weather_events() -> Vec<(Event, &'static str)> {
    vec![
        (Event::ContainerKilled(TASK, 1), "container-killed task-3/1"),
        (Event::FaultDue(4, 7), "fault-due row-4 #7"),
        (
            Event::FaultDue(4, 7 | FAULT_ENDS),
            "fault-due row-4 #7 over",
        ),
        (Event::HazardOver(2), "hazard-over hazard-2"),
        (Event::CutOver(2), "cut-over hazard-2"),
        (
            Event::SilenceNoticed(INSTANCE, 2),
            "silence-noticed container-instance-1",
        ),
        (
            Event::LinkRestored(INSTANCE),
            "link-restored container-instance-1",
        ),
        (
            Event::DrainAsked(INSTANCE),
            "drain-asked container-instance-1",
        ),
    ]
}

fn plain_events() -> Vec<(Event, &'static str)> {
    vec![
        (Event::Input(4), "input 4"),
        (Event::PayloadDelivered(TASK), "payload-delivered task-3"),
        (Event::TaskActivated(TASK), "task-activated task-3"),
        (Event::StopSent(TASK), "stop-sent task-3"),
        (Event::TaskDeactivated(TASK), "task-deactivated task-3"),
        (Event::StopDelivered(TASK), "stop-delivered task-3"),
        (
            Event::InterfaceDue(TASK, AttachmentStatus::Detaching),
            "interface-due task-3 DETACHING",
        ),
        (Event::PullEnded(TASK, 0), "pull-ended task-3/0"),
        (
            Event::ContainerCreated(TASK, 0),
            "container-created task-3/0",
        ),
        (Event::StartTimedOut(TASK, 1), "start-timed-out task-3/1"),
        (Event::MessageResent(TASK, 5), "message-resent task-3 #5"),
        (Event::MemoryShort(TASK, 1), "memory-short task-3/1"),
        (Event::HealthJudged(TASK, 1), "health-judged task-3/1"),
        (Event::HealthReported(TASK, 1), "health-reported task-3/1"),
        (
            Event::ContainerStarted(TASK, 1),
            "container-started task-3/1",
        ),
        (Event::ContainerExited(TASK, 0), "container-exited task-3/0"),
        (
            Event::ContainerStopped(TASK, 0),
            "container-stopped task-3/0",
        ),
        (
            Event::TaskReported(TASK, Report::Running),
            "task-reported task-3 RUNNING",
        ),
        (
            Event::TaskReported(TASK, Report::Stopped),
            "task-reported task-3 STOPPED",
        ),
        (
            Event::ContainerReported(TASK, 1),
            "container-reported task-3/1",
        ),
        (
            Event::HostLost(INSTANCE, 1),
            "host-lost container-instance-1",
        ),
        (
            Event::AgentBack(INSTANCE),
            "agent-back container-instance-1",
        ),
        (
            Event::HostReclaimed(INSTANCE),
            "host-reclaimed container-instance-1",
        ),
        (Event::TaskExpired(TASK), "task-expired task-3"),
        (
            Event::ContainerInstanceExpired(INSTANCE),
            "container-instance-expired container-instance-1",
        ),
        (
            Event::StateChangeDue(DeliveryId::new(5)),
            "state-change-due delivery-5",
        ),
    ]
}
