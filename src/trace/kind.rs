//! The kinds of records, and the numbers they have in bytes.

/// Declares the kinds: variant, number, name in traces.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal;)*) => {
        /// What a [`Record`](super::Record) tells of.
        ///
        /// Numbers up to 63 are causes: why a step happened. Numbers from 64 are changes: what the step did to the
        /// ledger; those from 128 to 143 are changes on the hosts. Numbers are part of the trace format: they stay when kinds
        /// are added, and are never given twice.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant = $number,)*
        }

        impl Kind {
            /// Every kind, by ascending number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The kind with a number, if there is one.
            #[inline]
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// Its name in JSON lines.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// The user called the simulation between two events.
    Call = 1, "call";
    /// A request or fault came due that the user had scheduled.
    Input = 2, "input";
    /// The agent received a new task.
    PayloadDelivered = 3, "payload-delivered";
    /// The control plane sent the stop of a task.
    StopSent = 4, "stop-sent";
    /// The agent received the stop of a task.
    StopDelivered = 5, "stop-delivered";
    /// An image pull ended.
    PullEnded = 6, "pull-ended";
    /// A container's process began.
    ContainerStarted = 7, "container-started";
    /// A container's process ended by itself.
    ContainerExited = 8, "container-exited";
    /// A container's process ended because it was told to.
    ContainerStopped = 9, "container-stopped";
    /// The control plane received a task's state.
    TaskReported = 10, "task-reported";
    /// The control plane received a container's end.
    ContainerReported = 11, "container-reported";
    /// A stopped task was describable long enough.
    TaskExpired = 12, "task-expired";
    /// A deregistered container instance was describable long enough.
    ContainerInstanceExpired = 13, "container-instance-expired";
    /// A container was created, where that is a step of its own.
    ContainerCreated = 14, "container-created";
    /// The network interface of a task was to come further.
    InterfaceDue = 15, "interface-due";
    /// A container's health check came to another verdict.
    HealthJudged = 16, "health-judged";
    /// The control plane received the health of a container.
    HealthReported = 17, "health-reported";
    /// Others had waited for a container as long as its start timeout lets them.
    StartTimedOut = 18, "start-timed-out";
    /// The control plane learnt that a machine no longer runs.
    HostLost = 19, "host-lost";
    /// An agent that was restarted speaks again.
    AgentBack = 20, "agent-back";
    /// The notice of a machine on spot capacity has run out.
    HostReclaimed = 21, "host-reclaimed";
    /// A copy of a state change reached its subscriber.
    StateChangeDue = 25, "state-change-due";
    /// A timer of a controller ran out.
    ControllerWoken = 28, "controller-woken";
    /// An attempt of a controller's call reached ECS.
    CallArrived = 29, "call-arrived";
    /// The answer to an attempt reached the client.
    CallAnswered = 30, "call-answered";
    /// A client had waited for an answer as long as it does.
    CallTimedOut = 31, "call-timed-out";
    /// An agent asked that its container instance drains.
    DrainAsked = 32, "drain-asked";
    /// A fault that lasts was over.
    HazardOver = 33, "hazard-over";
    /// A partition was over.
    CutOver = 34, "cut-over";
    /// The control plane noticed that it does not hear an agent.
    SilenceNoticed = 35, "silence-noticed";
    /// Messages pass again after a partition.
    LinkRestored = 36, "link-restored";
    /// A container that its host was too slow to stop was killed.
    ContainerKilled = 37, "container-killed";
    /// A fault of a plan came.
    FaultDue = 38, "fault-due";
    /// A task whose containers run is registered wherever it is to be.
    TaskActivated = 39, "task-activated";
    /// The containers of a task used more memory together than it may.
    MemoryShort = 40, "memory-short";
    /// A message that nobody had acknowledged was sent again.
    MessageResent = 41, "message-resent";
    /// A task that is to stop is removed from wherever it was registered.
    TaskDeactivated = 42, "task-deactivated";

    /// A cluster came to be, or came back under its name.
    ClusterCreated = 64, "cluster-created";
    /// A cluster was deleted.
    ClusterDeleted = 65, "cluster-deleted";
    /// A container instance came to be.
    InstanceRegistered = 72, "container-instance-registered";
    /// An agent came back under its ARN.
    InstanceReregistered = 73, "container-instance-registered-again";
    /// A container instance changed its status.
    InstanceStatusChanged = 74, "container-instance-status";
    /// An agent connected or disconnected.
    AgentConnectionChanged = 75, "agent-connection";
    /// A container instance became INACTIVE.
    InstanceDeregistered = 76, "container-instance-deregistered";
    /// An INACTIVE container instance is no longer described.
    InstanceForgotten = 77, "container-instance-forgotten";
    /// A revision of a family came to be.
    DefinitionRegistered = 80, "task-definition-registered";
    /// A task definition became INACTIVE.
    DefinitionDeregistered = 81, "task-definition-deregistered";
    /// The deletion of a task definition was asked for.
    DefinitionDeleteRequested = 82, "task-definition-delete-requested";
    /// A task definition is gone.
    DefinitionForgotten = 83, "task-definition-forgotten";
    /// A task group was named for the first time.
    GroupOpened = 84, "group-opened";
    /// A request for tasks was accepted.
    LaunchOpened = 85, "launch-opened";
    /// Attributes of a container instance were set.
    AttributesPut = 86, "attributes-put";
    /// Attributes of a container instance are gone.
    AttributesDeleted = 87, "attributes-deleted";
    /// A resource has other tags.
    TagsSet = 88, "tags-set";
    /// An account setting was set.
    AccountSettingPut = 89, "account-setting-put";
    /// What a principal had set was forgotten.
    AccountSettingDeleted = 90, "account-setting-deleted";
    /// A task was placed.
    TaskPlaced = 96, "task-placed";
    /// A task could not be placed.
    TaskRefused = 97, "task-refused";
    /// A task's desired status fell to STOPPED.
    TaskUnwanted = 98, "task-unwanted";
    /// A task's last status rose.
    TaskMoved = 99, "task-moved";
    /// The control plane learnt what became of a container.
    ContainerMoved = 101, "container-moved";
    /// A task's version grew and nothing else.
    TaskTouched = 102, "task-touched";
    /// A stopped task is no longer described.
    TaskForgotten = 103, "task-forgotten";
    /// A task just placed is to get a network interface.
    InterfaceAsked = 104, "interface-asked";
    /// The network interface of a task came further.
    InterfaceMoved = 105, "interface-moved";
    /// A scheduler's answer was wrong.
    SchedulerErred = 106, "scheduler-error";
    /// Somebody wants to know of state changes.
    Subscribed = 107, "subscribed";
    /// A subscriber no longer wants to know.
    Unsubscribed = 108, "unsubscribed";
    /// A copy of a state change is on its way.
    StateChangeSent = 109, "state-change-sent";
    /// A copy of a state change arrived.
    StateChangeDelivered = 110, "state-change-delivered";
    /// An idempotency token was used for the first time.
    TokenKept = 112, "token-kept";
    /// Pulls of some images fail from now on.
    PullFailing = 113, "pull-failing";
    /// The control plane learnt of a container's health.
    ContainerHealthMoved = 114, "container-health";
    /// The control plane learnt of a task's last status, and the agent's times of it.
    TaskHeard = 115, "task-heard";

    /// An agent has a task in its queue.
    HostAccepted = 128, "host-accepted";
    /// A task holds its demand on the host.
    HostStarted = 129, "host-started";
    /// A task left the queue without having held anything.
    HostDequeued = 130, "host-dequeued";
    /// An agent was told to stop a task.
    HostToldToStop = 131, "host-told-to-stop";
    /// A container moved on.
    HostContainerMoved = 132, "host-container-moved";
    /// A container ended, or will never begin.
    HostContainerEnded = 133, "host-container-ended";
    /// An agent chose host ports.
    HostPortsChosen = 134, "host-ports-chosen";
    /// Every container of a task that has several runs or has ended.
    HostRunning = 135, "host-running";
    /// Every container of a task that has several has ended.
    HostStopped = 136, "host-stopped";
    /// An agent forgets a task that nobody hears of any more.
    HostForgotten = 137, "host-forgotten";
    /// A container was started again in place.
    HostContainerRestarted = 138, "host-container-restarted";
    /// A container's health is another.
    HostHealthMoved = 139, "host-health";
    /// A fault says how the probes of a container end.
    HostHealthForced = 140, "host-health-forced";
    /// Other images are on their way, or with other shares of the bandwidth.
    HostDownloading = 141, "host-downloading";
    /// An image has come and is kept.
    HostImageKept = 142, "host-image-kept";
    /// A machine halts, is gone, or runs again.
    HostPowered = 143, "host-powered";

    /// Replicas lag from now on.
    ReadsLagging = 144, "reads-lagging";
    /// They lag no more than they do by themselves.
    ReadLagEnded = 145, "read-lag-ended";
    /// Some calls of the API are throttled from now on.
    CallsThrottled = 150, "calls-throttled";
    /// Some calls of the API are answered by an error from now on.
    CallsFailing = 151, "calls-failing";
    /// No call of the API meets a fault any more.
    CallFaultsEnded = 152, "call-faults-ended";
    /// A controller begins to live in the simulation.
    ControllerAdded = 153, "controller-added";
    /// A controller lost its memory and no longer runs.
    ControllerCrashed = 154, "controller-crashed";
    /// A crashed controller begins again.
    ControllerRestarted = 155, "controller-restarted";
    /// A controller made a call.
    CallSent = 156, "call-sent";
    /// Every fault under way is over.
    Healed = 157, "healed";
    /// A container's health check is left to its workload again.
    HostHealthReleased = 158, "host-health-released";
    /// An agent has seen that its spot capacity is taken back, or that it no longer is.
    HostNoticed = 159, "host-noticed";
    /// A fault that lasts began.
    HazardBegan = 160, "hazard-began";
    /// A fault that lasted is over.
    HazardEnded = 161, "hazard-ended";
    /// The control plane lost an agent by a partition, or has it back.
    HostSilenced = 162, "host-silenced";
    /// The health checks of a container instance find it impaired, or no longer do.
    HostImpaired = 163, "host-impaired";
    /// An agent has a task that holds its demand on the host at once.
    HostStartedAtOnce = 164, "host-started-at-once";

    /// The fingerprint of what did not fit into the record before.
    Content = 255, "content";
}

impl Kind {
    /// Its number in bytes.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether it tells why a step happened rather than what it did.
    #[must_use]
    pub const fn is_cause(self) -> bool {
        self.number() < 64
    }

    /// Whether a record of it may be followed by one of kind [`Kind::Content`].
    #[must_use]
    pub const fn may_have_content(self) -> bool {
        matches!(
            self,
            Self::ClusterCreated
                | Self::InstanceRegistered
                | Self::InstanceReregistered
                | Self::DefinitionRegistered
                | Self::DefinitionDeregistered
                | Self::GroupOpened
                | Self::LaunchOpened
                | Self::AttributesPut
                | Self::AttributesDeleted
                | Self::TagsSet
                | Self::AccountSettingPut
                | Self::AccountSettingDeleted
                | Self::TaskUnwanted
                | Self::InterfaceAsked
                | Self::SchedulerErred
                | Self::Subscribed
                | Self::TokenKept
                | Self::PullFailing
                | Self::ReadsLagging
                | Self::CallsThrottled
                | Self::CallsFailing
                | Self::ControllerAdded
                | Self::HostPortsChosen
                | Self::HostHealthForced
                | Self::HostDownloading
                | Self::HostImageKept
                | Self::HazardBegan
        )
    }

    /// Whether it tells of a host rather than of the control plane.
    #[must_use]
    pub const fn is_on_host(self) -> bool {
        matches!(self.number(), 128..=143 | 157..=164)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_format_never_move() {
        let numbers: Vec<u8> = Kind::ALL.iter().map(|kind| kind.number()).collect();
        let causes: Vec<u8> = (1..=21).chain([25]).chain(28..=42).collect();
        let changes = [
            64, 65, 72, 73, 74, 75, 76, 77, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 96, 97, 98,
            99, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 112, 113, 114, 115,
        ];
        let later: Vec<u8> = (128..=145).chain(150..=164).collect();
        assert_eq!(numbers, [&causes[..], &changes, &later, &[255]].concat());
    }

    #[test]
    fn a_kind_is_found_by_its_number_alone() {
        for number in 0..=u8::MAX {
            match Kind::from_number(number) {
                Some(kind) => assert_eq!(kind.number(), number),
                None => assert!(!Kind::ALL.iter().any(|kind| kind.number() == number)),
            }
        }
    }

    #[test]
    fn names_are_told_once() {
        let mut names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}
