//! Addresses: what a random decision is about.

use serde::Serialize;

const SUBJECT_BITS: u32 = 40;

/// Bits of an address below its subject.
pub(super) const SUBJECT_SHIFT: u32 = 16;

/// What a random decision decides.
///
/// The numbers are part of every address and therefore fixed: changing one would change every
/// recorded run. New purposes take new numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[repr(u8)]
#[non_exhaustive]
pub enum Purpose {
    /// Which of several equally good container instances a task is placed on.
    PlacementTie = 0,
    /// How long a payload takes from the control plane to the agent.
    Payload = 1,
    /// How long a task state change takes from the agent to the control plane.
    Report = 2,
    /// How long a container state change takes from the agent to the control plane.
    ContainerReport = 3,
    /// How long an image pull takes, and whether it fails.
    Pull = 4,
    /// How long a container takes to start, and whether it fails.
    Start = 5,
    /// How long a container runs before it exits on its own.
    Run = 6,
    /// The exit code of a container that exits on its own.
    ExitCode = 7,
    /// How long a container takes to stop after it is told to.
    Stop = 8,
    /// Which replica answers a read.
    ReadReplica = 9,
    /// How long a change takes until a replica shows it.
    ViewLag = 10,
    /// The order of events that are due at the same time.
    EventTie = 11,
    /// How long a network interface takes to be attached.
    EniAttach = 12,
    /// How long a network interface takes to be detached and deleted.
    EniDetach = 13,
    /// How long a host on Fargate takes to be prepared.
    HostPrepare = 14,
    /// Which of several equally good subnets a task on Fargate gets.
    SubnetTie = 15,
    /// How long a task definition can still be launched after it was deregistered.
    DeregistrationWindow = 16,
    /// Which of several equally good tasks is stopped when there are too many.
    StopChoice = 17,
    /// When the health of a container's process turns.
    Health = 18,
    /// When a process uses more memory.
    Memory = 19,
    /// How long asking takes whether an image is still the same.
    CachedPull = 20,
    /// How long a container's health takes from the agent to the control plane.
    Telemetry = 21,
    /// How long a container takes to be created.
    Create = 22,
    /// How long it takes until a machine is known to be silent.
    AgentLost = 23,
    /// Which replica a session of reads sticks to.
    SessionReplica = 24,
    /// Which replica a scheduler looks at.
    SchedulerReplica = 25,
    /// How long a call of a controller takes to ECS, and how long its client waits for the answer.
    ClientRequest = 27,
    /// How long an answer takes from ECS to the client.
    ClientResponse = 28,
    /// How long a client waits before it makes a call again.
    ClientBackoff = 29,
    /// What a controller leaves to luck.
    Controller = 30,
    /// How long a state change takes to a subscriber.
    EventDelay = 31,
    /// Whether a state change is told of twice.
    EventDuplicate = 32,
    /// What code decides about a container of a task.
    Workload = 33,
    /// How long it is until something arrives.
    Arrival = 34,
    /// How long it takes from the notice of a machine on spot capacity until its container instance is DRAINING.
    DrainAsked = 35,
    /// How long it takes until an agent that a partition cut off is known to be silent.
    Silence = 36,
    /// Whether a message between an agent and the control plane is lost, repeated or late.
    MessageFate = 37,
    /// Likewise of a state change event.
    EventFate = 38,
    /// Whether a network interface is attached at all.
    InterfaceFate = 39,
    /// When the next fault of a plan comes.
    FaultGap = 40,
    /// Whom a fault of a plan meets.
    FaultTarget = 41,
    /// Which families of faults a swarm has.
    Swarm = 42,
    /// How long registering a task with others takes.
    Activation = 43,
    /// How long removing it there takes.
    Deactivation = 44,
    /// How long a fault of a plan lasts.
    FaultLasting = 47,
}

/// The address of one random decision: its purpose, its subject and which attempt it is.
///
/// Addresses order by purpose, then subject, then attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Address {
    purpose: Purpose,
    /// Below 2⁴⁰, so that an address fits the 64 bits of a stream number.
    subject: u64,
    nth: u16,
}

impl Address {
    /// The address of the `nth` decision of this purpose about this subject.
    ///
    /// The subject is what the decision is about, usually the number of an id. Never use a step
    /// or an event number: that would couple the decision to unrelated traffic.
    ///
    /// # Panics
    ///
    /// When `subject` needs more than 40 bits.
    #[must_use]
    pub const fn new(purpose: Purpose, subject: u64, nth: u16) -> Self {
        assert!(
            subject >> SUBJECT_BITS == 0,
            "the subject of an address has at most 40 bits"
        );
        Self {
            purpose,
            subject,
            nth,
        }
    }

    /// What is decided.
    #[must_use]
    pub const fn purpose(self) -> Purpose {
        self.purpose
    }

    /// What the decision is about.
    #[must_use]
    pub const fn subject(self) -> u64 {
        self.subject
    }

    /// Which of several decisions of one purpose about one subject it is, from zero.
    #[must_use]
    pub const fn nth(self) -> u16 {
        self.nth
    }

    /// This address as a number: purpose · 2⁵⁶ + subject · 2¹⁶ + nth.
    ///
    /// The words of subjects 4 s to 4 s + 3 are on the stream of the cipher that is numbered as the first of them, a block
    /// of each in turn.
    #[must_use]
    pub const fn stream(self) -> u64 {
        ((self.purpose as u64) << 56) | (self.subject << SUBJECT_SHIFT) | self.nth as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_purposes_never_change() {
        let numbers = [
            (Purpose::PlacementTie, 0),
            (Purpose::Payload, 1),
            (Purpose::Report, 2),
            (Purpose::ContainerReport, 3),
            (Purpose::Pull, 4),
            (Purpose::Start, 5),
            (Purpose::Run, 6),
            (Purpose::ExitCode, 7),
            (Purpose::Stop, 8),
            (Purpose::ReadReplica, 9),
            (Purpose::ViewLag, 10),
            (Purpose::EventTie, 11),
            (Purpose::EniAttach, 12),
            (Purpose::EniDetach, 13),
            (Purpose::HostPrepare, 14),
            (Purpose::SubnetTie, 15),
            (Purpose::DeregistrationWindow, 16),
            (Purpose::StopChoice, 17),
            (Purpose::Health, 18),
            (Purpose::Memory, 19),
            (Purpose::CachedPull, 20),
            (Purpose::Telemetry, 21),
            (Purpose::Create, 22),
            (Purpose::SessionReplica, 24),
            (Purpose::SchedulerReplica, 25),
            (Purpose::ClientRequest, 27),
            (Purpose::ClientResponse, 28),
            (Purpose::ClientBackoff, 29),
            (Purpose::Controller, 30),
            (Purpose::EventDelay, 31),
            (Purpose::EventDuplicate, 32),
            (Purpose::Workload, 33),
            (Purpose::Arrival, 34),
            (Purpose::Activation, 43),
            (Purpose::Deactivation, 44),
            (Purpose::FaultLasting, 47),
        ];
        for (purpose, number) in numbers {
            assert_eq!(purpose as u8, number, "{purpose:?}");
        }
    }

    #[test]
    fn the_parts_of_a_stream_number_do_not_overlap() {
        let address = Address::new(Purpose::EventTie, (1 << 40) - 1, u16::MAX);
        assert_eq!(address.stream(), 0x0bff_ffff_ffff_ffff);
        assert_eq!(Address::new(Purpose::Pull, 0, 0).stream(), 4 << 56);
        assert_eq!(Address::new(Purpose::PlacementTie, 1, 0).stream(), 1 << 16);
        assert_eq!(Address::new(Purpose::PlacementTie, 0, 1).stream(), 1);
    }

    #[test]
    #[should_panic(expected = "at most 40 bits")]
    fn a_subject_beyond_40_bits_is_refused() {
        let _ = Address::new(Purpose::Pull, 1 << 40, 0);
    }

    #[test]
    fn addresses_order_as_their_streams_do() {
        let addresses = [
            Address::new(Purpose::Pull, 0, 0),
            Address::new(Purpose::Pull, 0, 9),
            Address::new(Purpose::Pull, 1, 0),
            Address::new(Purpose::Start, 0, 0),
        ];
        assert!(addresses.is_sorted());
        assert!(addresses.map(Address::stream).is_sorted());
    }
}
