//! How the words of ECS and of the ledger become small numbers in records, and words again in lines.

use crate::ledger::event::Report;
use crate::ledger::host::{HostContainerPhase, Power};
use crate::ledger::scheduler_error::Mistake;
use crate::ledger::task::{ContainerReason, ContainerStatus, StoppedReason};
use crate::model::{
    AttachmentStatus, ContainerInstanceStatus, FailureReason, HealthStatus, LastStatus,
    ResourceKind, SettingName, StopCode, Undeletable,
};

/// A closed list of words, each with a number from 1 that is part of the trace format.
pub(super) trait Code: Copy + 'static {
    /// Every word.
    const WORDS: &'static [Self];

    /// Its number.
    fn code(self) -> u8;

    /// Its spelling.
    fn word(self) -> &'static str;
}

/// The spelling of the word with a number; `?` when there is none.
pub(super) fn word<T: Code>(code: u8) -> &'static str {
    T::WORDS
        .iter()
        .find(|word| word.code() == code)
        .map_or("?", |word| word.word())
}

impl Code for LastStatus {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::Provisioning => 1,
            Self::Pending => 2,
            Self::Activating => 3,
            Self::Running => 4,
            Self::Deactivating => 5,
            Self::Stopping => 6,
            Self::Deprovisioning => 7,
            Self::Stopped => 8,
            Self::Deleted => 9,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for StopCode {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::TaskFailedToStart => 1,
            Self::EssentialContainerExited => 2,
            Self::UserInitiated => 3,
            Self::ServiceSchedulerInitiated => 4,
            Self::SpotInterruption => 5,
            Self::TerminationNotice => 6,
            Self::InfrastructureHealth => 7,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for ContainerInstanceStatus {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::Active => 1,
            Self::Draining => 2,
            Self::Registering => 3,
            Self::Deregistering => 4,
            Self::RegistrationFailed => 5,
            Self::Inactive => 6,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for FailureReason {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::Inactive => 1,
            Self::Agent => 2,
            Self::Attribute => 3,
            Self::Location => 4,
            Self::Resource(ResourceKind::Cpu) => 5,
            Self::Resource(ResourceKind::Memory) => 6,
            Self::Resource(ResourceKind::Ports) => 7,
            Self::Resource(ResourceKind::Eni) => 8,
            Self::Resource(ResourceKind::Gpu) => 9,
            Self::MemberOf => 10,
            Self::DistinctInstance => 11,
            Self::Missing => 12,
            // No task is refused for these, so no record holds them.
            Self::Undeletable(Undeletable::Active) => 13,
            Self::Undeletable(Undeletable::Unknown) => 14,
            Self::Undeletable(Undeletable::Malformed) => 15,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::MemberOf => "memberOf",
            Self::DistinctInstance => "distinctInstance",
            _ => self.as_str(),
        }
    }
}

/// The kind of a mistake, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MistakeWord {
    UnknownInstance,
    Unfit,
    Crowded,
    NoAnswer,
    SurplusAnswers,
    Impure,
    Unrecorded,
    Diverged,
}

impl MistakeWord {
    /// The kind of a mistake.
    pub(super) fn of(mistake: &Mistake) -> Self {
        match mistake {
            Mistake::UnknownInstance => Self::UnknownInstance,
            Mistake::Unfit(_) => Self::Unfit,
            Mistake::Crowded(_) => Self::Crowded,
            Mistake::NoAnswer { .. } => Self::NoAnswer,
            Mistake::SurplusAnswers { .. } => Self::SurplusAnswers,
            Mistake::Impure { .. } => Self::Impure,
            Mistake::Unrecorded => Self::Unrecorded,
            Mistake::Diverged { .. } => Self::Diverged,
        }
    }
}

impl Code for MistakeWord {
    const WORDS: &'static [Self] = &[
        Self::UnknownInstance,
        Self::Unfit,
        Self::Crowded,
        Self::NoAnswer,
        Self::SurplusAnswers,
        Self::Impure,
        Self::Unrecorded,
        Self::Diverged,
    ];

    fn code(self) -> u8 {
        match self {
            Self::UnknownInstance => 1,
            Self::Unfit => 2,
            Self::Crowded => 3,
            Self::NoAnswer => 4,
            Self::SurplusAnswers => 5,
            Self::Impure => 6,
            Self::Unrecorded => 7,
            Self::Diverged => 8,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::UnknownInstance => "unknown-instance",
            Self::Unfit => "unfit",
            Self::Crowded => "crowded",
            Self::NoAnswer => "no-answer",
            Self::SurplusAnswers => "surplus-answers",
            Self::Impure => "impure",
            Self::Unrecorded => "unrecorded",
            Self::Diverged => "diverged",
        }
    }
}

impl Code for StoppedReason {
    const WORDS: &'static [Self] = &[
        Self::None,
        Self::Given,
        Self::StoppedByUser,
        Self::EssentialContainerExited,
        Self::CannotPull,
        Self::DeregistrationForced,
        Self::InterfaceTimeout,
        Self::CannotStart,
        Self::HostStopped,
        Self::HostTerminated,
        Self::SpotInterrupted,
        Self::InstanceImpaired,
        Self::Maintenance,
    ];

    fn code(self) -> u8 {
        match self {
            Self::None => 1,
            Self::Given => 2,
            Self::StoppedByUser => 3,
            Self::EssentialContainerExited => 4,
            Self::CannotPull => 5,
            Self::DeregistrationForced => 6,
            Self::InterfaceTimeout => 7,
            Self::CannotStart => 8,
            Self::HostStopped => 9,
            Self::HostTerminated => 10,
            Self::SpotInterrupted => 11,
            Self::InstanceImpaired => 12,
            Self::Maintenance => 13,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Given => "given",
            Self::StoppedByUser => "stopped-by-user",
            Self::EssentialContainerExited => "essential-container-exited",
            Self::CannotPull => "cannot-pull",
            Self::DeregistrationForced => "deregistration-forced",
            Self::InterfaceTimeout => "interface-timeout",
            Self::CannotStart => "cannot-start",
            Self::HostStopped => "host-stopped",
            Self::HostTerminated => "host-terminated",
            Self::SpotInterrupted => "spot-interrupted",
            Self::InstanceImpaired => "instance-impaired",
            Self::Maintenance => "maintenance",
        }
    }
}

impl Code for AttachmentStatus {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::Precreated => 1,
            Self::Created => 2,
            Self::Attaching => 3,
            Self::Attached => 4,
            Self::Detaching => 5,
            Self::Detached => 6,
            Self::Deleted => 7,
            Self::Failed => 8,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for ContainerStatus {
    const WORDS: &'static [Self] = &[Self::Pending, Self::Running, Self::Stopped];

    fn code(self) -> u8 {
        match self {
            Self::Pending => 1,
            Self::Running => 2,
            Self::Stopped => 3,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for ContainerReason {
    const WORDS: &'static [Self] = &[
        Self::None,
        Self::OutOfMemory,
        Self::CannotPull,
        Self::DependencyFailed,
        Self::DependencyTimedOut,
        Self::PortTaken,
    ];

    fn code(self) -> u8 {
        match self {
            Self::None => 1,
            Self::OutOfMemory => 2,
            Self::CannotPull => 3,
            Self::DependencyFailed => 4,
            Self::DependencyTimedOut => 5,
            Self::PortTaken => 6,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OutOfMemory => "out-of-memory",
            Self::CannotPull => "cannot-pull",
            Self::DependencyFailed => "dependency-failed",
            Self::DependencyTimedOut => "dependency-timed-out",
            Self::PortTaken => "port-taken",
        }
    }
}

impl Code for Power {
    const WORDS: &'static [Self] = &[Self::On, Self::Off, Self::Terminated];

    fn code(self) -> u8 {
        match self {
            Self::On => 1,
            Self::Off => 2,
            Self::Terminated => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Terminated => "terminated",
        }
    }
}

impl Code for HostContainerPhase {
    const WORDS: &'static [Self] = &[
        Self::Waiting,
        Self::Pulling,
        Self::Starting,
        Self::Running,
        Self::Stopping,
        Self::Stopped,
        Self::Creating,
        Self::Pulled,
    ];

    fn code(self) -> u8 {
        match self {
            Self::Waiting => 1,
            Self::Pulling => 2,
            Self::Starting => 3,
            Self::Running => 4,
            Self::Stopping => 5,
            Self::Stopped => 6,
            Self::Creating => 7,
            Self::Pulled => 8,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pulling => "pulling",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Creating => "creating",
            Self::Pulled => "pulled",
        }
    }
}

impl Code for HealthStatus {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::Healthy => 1,
            Self::Unhealthy => 2,
            Self::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for SettingName {
    const WORDS: &'static [Self] = Self::ALL;

    fn code(self) -> u8 {
        match self {
            Self::ServiceLongArnFormat => 1,
            Self::TaskLongArnFormat => 2,
            Self::ContainerInstanceLongArnFormat => 3,
            Self::AwsvpcTrunking => 4,
            Self::ContainerInsights => 5,
            Self::FargateFipsMode => 6,
            Self::TagResourceAuthorization => 7,
            Self::FargateTaskRetirementWaitPeriod => 8,
            Self::GuardDutyActivate => 9,
            Self::DefaultLogDriverMode => 10,
            Self::FargateEventWindows => 11,
        }
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Code for Report {
    const WORDS: &'static [Self] = &[Self::Running, Self::Stopped];

    fn code(self) -> u8 {
        match self {
            Self::Running => 1,
            Self::Stopped => 2,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_codes<T: Code>() {
        let codes: Vec<usize> = T::WORDS
            .iter()
            .map(|word| usize::from(word.code()))
            .collect();
        assert_eq!(
            codes,
            (1..=T::WORDS.len()).collect::<Vec<_>>(),
            "numbers are dense and follow the list"
        );
        for known in T::WORDS {
            assert_eq!(word::<T>(known.code()), known.word());
        }
        assert_eq!(word::<T>(0), "?");
    }

    #[test]
    fn every_word_has_its_own_number() {
        check_codes::<LastStatus>();
        check_codes::<StopCode>();
        check_codes::<ContainerInstanceStatus>();
        check_codes::<FailureReason>();
        check_codes::<StoppedReason>();
        check_codes::<ContainerStatus>();
        check_codes::<ContainerReason>();
        check_codes::<HostContainerPhase>();
        check_codes::<Power>();
        check_codes::<Report>();
        check_codes::<AttachmentStatus>();
        check_codes::<SettingName>();
        check_codes::<HealthStatus>();
    }
}
