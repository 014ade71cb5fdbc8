//! The two texts of a record: one line for people, one JSON object for programs.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::{ClusterId, ContainerInstanceId, GroupId, LaunchId, TaskDefinitionId, TaskId};
use crate::ledger::event::Report;
use crate::ledger::host::HostContainerPhase;
use crate::ledger::task::{ContainerReason, ContainerStatus, StoppedReason};
use crate::model::{
    AttachmentStatus, ContainerInstanceStatus, FailureReason, LastStatus, StopCode,
};
use crate::time::SimTime;

use super::calls;
use super::code::{Code, MistakeWord, word};
use super::encode::{
    EXECUTION_STOPPED, HAS_EXIT_CODE, IS_ESSENTIAL, IS_PLAIN, LOW, NO_INSTANCE, PORTS_INLINE,
    PULL_STARTED, PULL_STOPPED, STATUS,
};
use super::hazards;
use super::kind::Kind;
use super::labels;
use super::lags;
use super::life;
use super::record::{Record, Told};
use super::subscriptions;

/// Writes `time #step cause` or `time #step   change`, without an end of line.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = if self.kind().is_cause() { "" } else { "  " };
        write!(f, "{} #{} {indent}", self.at(), self.step())?;
        if self.kind().is_cause() {
            f.write_str(self.kind().name())?;
            match self.kind() {
                Kind::Call => Ok(()),
                Kind::Input => write!(f, " {}", self.a()),
                Kind::TaskReported => {
                    write!(f, " {} {}", Subject(self), word::<Report>(self.detail()))
                }
                Kind::InterfaceDue => {
                    let to = word::<AttachmentStatus>(self.detail());
                    write!(f, " {} {to}", Subject(self))
                }
                kind if calls::tells_of(kind) => {
                    write!(f, " {}", Subject(self))?;
                    calls::cause(f, self)
                }
                _ => write!(f, " {}", Subject(self)),
            }
        } else {
            if self.kind().is_on_host() {
                f.write_str("host ")?;
            }
            write!(f, "{} {}", Subject(self), What(self))
        }
    }
}

impl Record {
    /// What it is about, as its line has it: `task-3`, `container-instance-0`.
    #[must_use]
    pub fn subject(&self) -> String {
        Subject(self).to_string()
    }

    /// What it says of its subject, as its line has it: `-> RUNNING`; nothing for most causes.
    #[must_use]
    pub fn what(&self) -> String {
        What(self).to_string()
    }
}

/// What a record is about.
struct Subject<'a>(&'a Record);

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        match record.kind() {
            Kind::Call => f.write_str("user"),
            Kind::Input => write!(f, "input-{}", record.a()),
            Kind::ClusterCreated | Kind::ClusterDeleted | Kind::TokenKept => {
                ClusterId::new(record.a()).fmt(f)
            }
            Kind::InstanceRegistered
            | Kind::InstanceReregistered
            | Kind::InstanceStatusChanged
            | Kind::AgentConnectionChanged
            | Kind::InstanceDeregistered
            | Kind::InstanceForgotten
            | Kind::HostDownloading
            | Kind::HostImageKept
            | Kind::HostPowered
            | Kind::HostLost
            | Kind::AgentBack
            | Kind::HostReclaimed
            | Kind::DrainAsked
            | Kind::HostNoticed
            | Kind::HostSilenced
            | Kind::HostImpaired
            | Kind::SilenceNoticed
            | Kind::LinkRestored
            | Kind::ContainerInstanceExpired => ContainerInstanceId::new(record.a()).fmt(f),
            Kind::DefinitionRegistered
            | Kind::DefinitionDeregistered
            | Kind::DefinitionDeleteRequested
            | Kind::DefinitionForgotten => TaskDefinitionId::new(record.a()).fmt(f),
            Kind::GroupOpened => GroupId::new(record.a()).fmt(f),
            Kind::LaunchOpened => LaunchId::new(record.a()).fmt(f),
            Kind::PullFailing => f.write_str("pulls"),
            kind if lags::tells_of(kind) => f.write_str("reads"),
            Kind::AttributesPut
            | Kind::AttributesDeleted
            | Kind::TagsSet
            | Kind::AccountSettingPut
            | Kind::AccountSettingDeleted => labels::subject(f, record),
            kind if subscriptions::tells_of(kind) => subscriptions::subject(f, record),
            kind if calls::tells_of(kind) => calls::subject(f, record),
            kind if hazards::tells_of(kind) => hazards::subject(f, record),
            Kind::Content => f.write_str("content"),
            Kind::PullEnded
            | Kind::ContainerCreated
            | Kind::HealthJudged
            | Kind::MemoryShort
            | Kind::HealthReported
            | Kind::StartTimedOut
            | Kind::ContainerHealthMoved
            | Kind::HostContainerRestarted
            | Kind::HostHealthMoved
            | Kind::HostHealthForced
            | Kind::ContainerStarted
            | Kind::ContainerExited
            | Kind::ContainerStopped
            | Kind::ContainerKilled
            | Kind::ContainerReported
            | Kind::ContainerMoved
            | Kind::HostContainerMoved
            | Kind::HostContainerEnded => {
                write!(f, "{}/{}", TaskId::new(record.a()), record.more())
            }
            _ => TaskId::new(record.a()).fmt(f),
        }
    }
}

/// What stands before the times of a task that is heard of.
pub(super) const TIMED: &str = ", timed";

/// What a record says of its subject.
struct What<'a>(&'a Record);

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        match record.kind() {
            Kind::TaskReported => f.write_str(word::<Report>(record.detail())),
            Kind::ClusterCreated => f.write_str("created"),
            Kind::ClusterDeleted => f.write_str("deleted"),
            Kind::InstanceRegistered => write!(f, "registered in {}", ClusterId::new(record.b())),
            Kind::InstanceReregistered => {
                write!(f, "registered again in {}", ClusterId::new(record.b()))
            }
            Kind::InstanceStatusChanged => {
                write!(f, "-> {}", word::<ContainerInstanceStatus>(record.detail()))
            }
            Kind::AgentConnectionChanged if record.detail() == 0 => {
                f.write_str("agent disconnected")
            }
            Kind::AgentConnectionChanged => f.write_str("agent connected"),
            Kind::InstanceDeregistered => f.write_str("deregistered"),
            Kind::DefinitionRegistered => write!(f, "registered as revision {}", record.b()),
            Kind::DefinitionDeregistered if record.b() == 0 => f.write_str("deregistered"),
            Kind::DefinitionDeregistered => {
                let window = SimTime::from_millis(record.b().into());
                write!(f, "deregistered, can be launched for {window} more")
            }
            Kind::DefinitionDeleteRequested => f.write_str("delete requested"),
            Kind::GroupOpened => write!(f, "opened in {}", ClusterId::new(record.b())),
            Kind::LaunchOpened => launch_opened(f, record),
            Kind::TaskPlaced => write!(f, "placed on {}", On(record)),
            Kind::InterfaceDue => f.write_str(word::<AttachmentStatus>(record.detail())),
            Kind::InterfaceAsked => write!(f, "interface in subnet {}", record.more()),
            Kind::InterfaceMoved => write!(
                f,
                "interface -> {}",
                word::<AttachmentStatus>(record.detail())
            ),
            Kind::TaskRefused => write!(f, "refused {}", word::<FailureReason>(record.detail())),
            Kind::SchedulerErred => mistaken(f, record),
            Kind::TaskUnwanted => unwanted(f, record),
            Kind::TaskMoved => write!(f, "-> {}", word::<LastStatus>(record.detail())),
            Kind::TaskHeard => heard(f, record),
            Kind::ContainerMoved => {
                write!(f, "-> {}", word::<ContainerStatus>(record.detail() & LOW))?;
                ending(f, record)
            }
            Kind::TaskTouched => f.write_str("touched"),
            Kind::ContainerHealthMoved => life::what(f, record),
            Kind::InstanceForgotten
            | Kind::DefinitionForgotten
            | Kind::TaskForgotten
            | Kind::HostForgotten => f.write_str("forgotten"),
            Kind::TokenKept => f.write_str("token kept"),
            Kind::PullFailing => fail_until(f, record),
            Kind::Content => write!(
                f,
                "{:08x}{:08x}",
                record.a().swap_bytes(),
                record.b().swap_bytes()
            ),
            Kind::AttributesPut
            | Kind::AttributesDeleted
            | Kind::TagsSet
            | Kind::AccountSettingPut
            | Kind::AccountSettingDeleted => labels::what(f, record),
            kind if kind.is_on_host() => on_host(f, record),
            kind if subscriptions::tells_of(kind) => subscriptions::what(f, record),
            kind if lags::tells_of(kind) => lags::what(f, record),
            kind if calls::tells_of(kind) => calls::what(f, record),
            _ => Ok(()),
        }
    }
}

/// How long pulls fail.
fn fail_until(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let until = u64::from(record.a()) | u64::from(record.b()) << 32;
    write!(f, "fail until {}", SimTime::from_nanos(until))
}

/// The container instance and the launch of a task.
struct On<'a>(&'a Record);

impl fmt::Display for On<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let launch = u32::from(self.0.detail()) << 16 | u32::from(self.0.more());
        match self.0.b() {
            NO_INSTANCE => f.write_str("Fargate")?,
            number => ContainerInstanceId::new(number).fmt(f)?,
        }
        write!(f, " by {}", LaunchId::new(launch))
    }
}

fn on_host(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    match record.kind() {
        Kind::HostAccepted => write!(f, "accepted on {}", On(record)),
        Kind::HostStartedAtOnce => write!(f, "started at once on {}", On(record)),
        Kind::HostStarted => f.write_str("started"),
        Kind::HostDequeued => f.write_str("dequeued"),
        Kind::HostToldToStop => f.write_str("told to stop"),
        Kind::HostContainerMoved => write!(f, "-> {}", word::<HostContainerPhase>(record.detail())),
        Kind::HostContainerEnded => {
            f.write_str("ended")?;
            ending(f, record)?;
            f.write_str(if record.detail() & IS_ESSENTIAL == 0 {
                ""
            } else {
                " essential"
            })
        }
        Kind::HostPortsChosen => ports_chosen(f, record),
        Kind::HostRunning => f.write_str("running"),
        Kind::HostStopped => f.write_str("stopped"),
        kind if hazards::tells_of(kind) => hazards::what(f, record),
        _ => life::what(f, record),
    }
}

fn launch_opened(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let plain = if record.detail() == IS_PLAIN {
        " plain"
    } else {
        ""
    };
    let cluster = ClusterId::new(record.more().into());
    write!(
        f,
        "opened for {} in {cluster}{plain}",
        TaskDefinitionId::new(record.b())
    )
}

fn mistaken(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    write!(
        f,
        "scheduler error {}",
        word::<MistakeWord>(record.detail())
    )?;
    if record.b() != NO_INSTANCE {
        write!(f, " on {}", ContainerInstanceId::new(record.b()))?;
    }
    match u8::try_from(record.more()).unwrap_or(0) {
        0 => Ok(()),
        reason => write!(f, " {}", word::<FailureReason>(reason)),
    }
}

fn unwanted(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let reason = u8::try_from(record.more()).unwrap_or(0);
    write!(
        f,
        "desired STOPPED {} {}",
        word::<StopCode>(record.detail()),
        word::<StoppedReason>(reason)
    )
}

fn heard(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    let status = word::<LastStatus>(record.detail() & STATUS);
    write!(f, "-> {status}{TIMED}")?;
    let names = ["pull-started", "pull-stopped", "execution-stopped"];
    for (name, flag) in names
        .into_iter()
        .zip([PULL_STARTED, PULL_STOPPED, EXECUTION_STOPPED])
    {
        if record.detail() & flag != 0 {
            write!(f, " {name}")?;
        }
    }
    write!(f, " {:04x}{:08x}", record.more(), record.b())
}

/// How a container ended, as far as there is anything to say.
fn ending(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    if record.detail() & HAS_EXIT_CODE != 0 {
        write!(f, " exit {}", record.b() as i32)?;
    }
    let reason = record.detail() >> 3 & LOW;
    if reason != ContainerReason::None.code() {
        write!(f, " {}", word::<ContainerReason>(reason))?;
    }
    Ok(())
}

fn ports_chosen(f: &mut fmt::Formatter<'_>, record: &Record) -> fmt::Result {
    f.write_str("ports")?;
    let ports = [
        u32::from(record.more()),
        record.b() & 0xFFFF,
        record.b() >> 16,
    ];
    for port in ports.iter().take(record.detail().into()) {
        write!(f, " {port}")?;
    }
    let hidden = usize::from(record.detail()).saturating_sub(PORTS_INLINE);
    if hidden > 0 {
        write!(f, " and {hidden} more")?;
    }
    Ok(())
}

/// The JSON form: first what a reader wants, then the fields as they are in bytes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    at: SimTime,
    step: u32,
    kind: String,
    /// For readers only: told again by the fields below.
    subject: String,
    /// For readers only, likewise.
    what: String,
    detail: u8,
    more: u16,
    a: u32,
    b: u32,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = Json {
            at: self.at(),
            step: self.step(),
            kind: self.kind().name().to_owned(),
            subject: Subject(self).to_string(),
            what: What(self).to_string(),
            detail: self.detail(),
            more: self.more(),
            a: self.a(),
            b: self.b(),
        };
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let kind = Kind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == json.kind);
        let unknown = || {
            de::Error::invalid_value(
                de::Unexpected::Str(&json.kind),
                &"the kind of a trace record",
            )
        };
        let told = Told::of(kind.ok_or_else(unknown)?)
            .with_detail(json.detail)
            .with_more(json.more)
            .with_a(json.a)
            .with_b(json.b);
        Ok(Self::new(json.at, json.step.into(), told))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_event_reads_as_documented() {
        for (event, line) in samples::events() {
            let record = Record::of_event(SimTime::from_millis(5_700), 12, &event);
            assert_eq!(record.to_string(), format!("5.700s #12 {line}"));
        }
    }

    #[test]
    fn every_change_reads_as_documented() {
        for (change, line) in samples::control_changes()
            .into_iter()
            .chain(samples::host_changes())
        {
            let record = Record::of_change(SimTime::from_millis(5_700), 12, &change);
            assert_eq!(record.to_string(), format!("5.700s #12   {line}"));
        }
    }

    #[test]
    fn the_json_form_tells_the_line_and_the_fields() {
        let change = samples::control_changes().remove(3).0;
        let record = Record::of_change(SimTime::from_millis(2), 1, &change);
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            concat!(
                r#"{"at":2000000,"step":1,"kind":"container-instance-registered-again","#,
                r#""subject":"container-instance-1","what":"registered again in cluster-0","#,
                r#""detail":0,"more":0,"a":1,"b":0}"#
            )
        );
    }

    #[test]
    fn json_of_an_unknown_kind_is_refused() {
        let text = r#"{"at":0,"step":0,"kind":"nap","subject":"","what":"","detail":0,"more":0,"a":0,"b":0}"#;
        let error = serde_json::from_str::<Record>(text)
            .unwrap_err()
            .to_string();
        assert!(error.contains("\"nap\""), "{error}");
    }
}
