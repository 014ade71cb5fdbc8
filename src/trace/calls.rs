//! What is told of controllers, of calls and of what they meet: how it is written into records, and how it reads.

use std::fmt::{self, Display};

use crate::ids::{CallId, ControllerId};
use crate::ledger::Event;
use crate::ledger::call_fault::CallFaultChange;
use crate::ledger::controller::ControllerChange;
use crate::ledger::event::{Verdict, Waking};
use crate::time::SimTime;

use super::kind::Kind;
use super::record::{Record, Told};

/// The operations that calls are of, by the numbers they have in records, from 1. New ones come behind.
#[rustfmt::skip]
const OPERATIONS: &[&str] = &[
    "CreateCluster", "DeleteCluster", "DescribeClusters", "ListClusters", "RegisterContainerInstance",
    "DeregisterContainerInstance", "DescribeContainerInstances", "ListContainerInstances",
    "UpdateContainerInstancesState", "RegisterTaskDefinition", "DescribeTaskDefinition", "DeregisterTaskDefinition",
    "DeleteTaskDefinitions", "ListTaskDefinitions", "ListTaskDefinitionFamilies", "RunTask", "StartTask", "StopTask",
    "DescribeTasks", "ListTasks", "PutAttributes", "DeleteAttributes", "ListAttributes", "TagResource", "UntagResource",
    "ListTagsForResource", "PutAccountSetting", "PutAccountSettingDefault", "DeleteAccountSetting",
    "ListAccountSettings",
];

/// What an answer was, by its number.
const VERDICTS: [&str; 4] = ["done", "throttled", "failed", "refused"];

/// The record of an event of this kind.
pub(super) fn event(event: &Event) -> Told {
    let call = |kind, call: CallId, attempt: u8| {
        let record = Told::of(kind).with_a(call.number());
        record.with_more(attempt.into())
    };
    match *event {
        Event::ControllerWoken(controller, timer, waking) => Told::of(Kind::ControllerWoken)
            .with_detail(u8::from(waking == Waking::Work))
            .with_a(controller.into())
            .with_b(timer),
        Event::CallArrived(id, attempt) => call(Kind::CallArrived, id, attempt),
        Event::CallAnswered(id, attempt, verdict) => {
            let number = match verdict {
                Verdict::Done => 0,
                Verdict::Throttled => 1,
                Verdict::Failed => 2,
                Verdict::Refused => 3,
            };
            call(Kind::CallAnswered, id, attempt).with_detail(number)
        }
        Event::CallTimedOut(id, attempt) => call(Kind::CallTimedOut, id, attempt),
        _ => unreachable!("{event:?} is about no controller"),
    }
}

/// The record of a fault that calls meet.
pub(super) fn fault(change: &CallFaultChange) -> Told {
    let lasting = |kind, until: &SimTime| {
        let nanos = until.as_nanos();
        let record = Told::of(kind);
        record.with_a(nanos as u32).with_b((nanos >> 32) as u32)
    };
    match change {
        CallFaultChange::Throttled { until, .. } => lasting(Kind::CallsThrottled, until),
        CallFaultChange::Failing { until, applied, .. } => {
            lasting(Kind::CallsFailing, until).with_detail(u8::from(*applied))
        }
        CallFaultChange::Ended => Told::of(Kind::CallFaultsEnded),
    }
}

/// The record of a change that is about a controller.
pub(super) fn controller(change: &ControllerChange) -> Told {
    let about = |kind, controller: &ControllerId| Told::of(kind).with_a(controller.number());
    match change {
        ControllerChange::Added { controller, .. } => about(Kind::ControllerAdded, controller),
        ControllerChange::Crashed(controller) => about(Kind::ControllerCrashed, controller),
        ControllerChange::Restarted(controller) => about(Kind::ControllerRestarted, controller),
        ControllerChange::CallSent {
            call,
            controller,
            operation,
        } => Told::of(Kind::CallSent)
            .with_detail(number_of(operation))
            .with_a(call.number())
            .with_b(controller.number()),
    }
}

/// The number of an operation; 0 for one that has none.
fn number_of(operation: &str) -> u8 {
    let position = OPERATIONS.iter().position(|known| *known == operation);
    position.map_or(0, |at| u8::try_from(at + 1).unwrap_or(0))
}

/// Whether records of a kind are those of this module.
pub(super) fn tells_of(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CallsThrottled
            | Kind::CallsFailing
            | Kind::CallFaultsEnded
            | Kind::ControllerAdded
            | Kind::ControllerCrashed
            | Kind::ControllerRestarted
            | Kind::ControllerWoken
            | Kind::CallSent
            | Kind::CallArrived
            | Kind::CallAnswered
            | Kind::CallTimedOut
    )
}

/// Writes what a record of this kind is about.
pub(super) fn subject(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::CallsThrottled | Kind::CallsFailing | Kind::CallFaultsEnded => f.write_str("calls"),
        Kind::ControllerAdded
        | Kind::ControllerCrashed
        | Kind::ControllerRestarted
        | Kind::ControllerWoken => ControllerId::new(record.a()).fmt(f),
        _ => CallId::new(record.a()).fmt(f),
    }
}

/// Writes what more there is to say of a cause of this kind.
pub(super) fn cause(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::ControllerWoken if record.detail() == 0 => f.write_str(" to look around"),
        Kind::ControllerWoken => f.write_str(" to work"),
        _ => {
            if record.more() > 1 {
                write!(f, " attempt {}", record.more())?;
            }
            match record.kind() {
                Kind::CallAnswered => write!(f, " {}", verdict(record)),
                _ => Ok(()),
            }
        }
    }
}

fn verdict(record: &Record) -> &'static str {
    let word = VERDICTS.get(usize::from(record.detail()));
    word.unwrap_or(&"unknown")
}

/// Writes what a record of this kind says of it.
pub(super) fn what(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let until = SimTime::from_nanos(u64::from(record.a()) | u64::from(record.b()) << 32);
    match record.kind() {
        Kind::CallsThrottled => write!(f, "throttled until {until}"),
        Kind::CallsFailing if record.detail() == 0 => write!(f, "fail until {until}"),
        Kind::CallsFailing => write!(f, "fail until {until} and take effect"),
        Kind::CallFaultsEnded => f.write_str("meet no fault any more"),
        Kind::ControllerAdded => f.write_str("added"),
        Kind::ControllerCrashed => f.write_str("crashed"),
        Kind::ControllerRestarted => f.write_str("restarted"),
        Kind::CallSent => {
            let at = usize::from(record.detail()).wrapping_sub(1);
            let operation = OPERATIONS.get(at).unwrap_or(&"unknown");
            write!(f, "{operation} by {}", ControllerId::new(record.b()))
        }
        Kind::CallAnswered => f.write_str(verdict(record)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Request;

    use super::*;

    #[test]
    fn every_operation_has_a_number_and_those_given_stay() {
        for operation in Request::OPERATIONS {
            assert_ne!(number_of(operation), 0, "{operation}");
        }
        assert_eq!((number_of("CreateCluster"), number_of("RunTask")), (1, 16));
        assert_eq!(number_of("ListAccountSettings"), 30);
    }
}

/// One sample of each, with its line.
#[cfg(test)]
pub(super) mod samples {
    use crate::ids::{CallId, ControllerId};
    use crate::ledger::call_fault::CallFaultChange;
    use crate::ledger::controller::ControllerChange;
    use crate::ledger::event::{Verdict, Waking};
    use crate::ledger::{Change, Event};
    use crate::model::Glob;
    use crate::time::SimTime;

    pub(in super::super) fn events() -> Vec<(Event, &'static str)> {
        let call = CallId::new(4);
        vec![
            (
                Event::ControllerWoken(1, 9, Waking::Work),
                "controller-woken controller-1 to work",
            ),
            (
                Event::ControllerWoken(1, 9, Waking::Look),
                "controller-woken controller-1 to look around",
            ),
            (Event::CallArrived(call, 1), "call-arrived call-4"),
            (Event::CallArrived(call, 2), "call-arrived call-4 attempt 2"),
            (
                Event::CallAnswered(call, 1, Verdict::Done),
                "call-answered call-4 done",
            ),
            (
                Event::CallAnswered(call, 3, Verdict::Failed),
                "call-answered call-4 attempt 3 failed",
            ),
            (Event::CallTimedOut(call, 1), "call-timed-out call-4"),
        ]
    }

    pub(in super::super) fn changes() -> Vec<(Change, &'static str)> {
        let (operation, until) = (Glob::new("Run*"), SimTime::from_secs(30));
        let controller = ControllerId::new(1);
        let failing = |applied| CallFaultChange::Failing {
            operation: operation.clone(),
            until,
            applied,
        };
        let throttled = CallFaultChange::Throttled {
            operation: operation.clone(),
            until,
        };
        let faults = [
            (throttled, "calls throttled until 30.000s"),
            (failing(false), "calls fail until 30.000s"),
            (failing(true), "calls fail until 30.000s and take effect"),
            (CallFaultChange::Ended, "calls meet no fault any more"),
        ];
        let added = ControllerChange::Added {
            controller,
            name: "keeper".into(),
        };
        let sent = ControllerChange::CallSent {
            call: CallId::new(4),
            controller,
            operation: "RunTask",
        };
        let controllers = [
            (added, "controller-1 added"),
            (
                ControllerChange::Crashed(controller),
                "controller-1 crashed",
            ),
            (
                ControllerChange::Restarted(controller),
                "controller-1 restarted",
            ),
            (sent, "call-4 RunTask by controller-1"),
        ];
        let faults = faults.map(|(change, line)| (Change::CallFault(change), line));
        let controllers = controllers.map(|(change, line)| (Change::Controller(change), line));
        faults.into_iter().chain(controllers).collect()
    }
}
