//! Every number that holds unless somebody sets another, with its source: the one place where they stand.
//!
//! The tables of docs/configuration.md are written from here, and a test sees that they still agree.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::draw::{Latency, Ratio};

use super::profile::Latencies;
use super::workload::{ExitCode, Health, Run, Workload};

mod fixed;

pub use fixed::{Fixed, fixed};

/// What a number is in a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Always so many milliseconds.
    Millis(u64),
    /// Any number of milliseconds between two, both included, each as likely.
    Between(u64, u64),
    /// A word.
    Word(&'static str),
}

use Value::{Between, Millis, Word};

impl Value {
    fn latency(self) -> Latency {
        let span = Duration::from_millis;
        match self {
            Millis(millis) => Latency::Fixed(span(millis)),
            Between(low, high) => Latency::Uniform {
                low: span(low),
                high: span(high),
            },
            Word(word) => unreachable!("{word} is no latency"),
        }
    }
}

/// Writes a value as documentation shows it: `100 ms`, `4 s`, `0.1–1 s`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |millis: u64| {
            let text = format!("{}.{:03}", millis / 1_000, millis % 1_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        match *self {
            Millis(0) => f.write_str("0"),
            Millis(millis) if millis < 1_000 => write!(f, "{millis} ms"),
            Millis(millis) => write!(f, "{} s", seconds(millis)),
            Between(low, high) => write!(f, "{}–{} s", seconds(low), seconds(high)),
            Word(word) => f.write_str(word),
        }
    }
}

/// A number of a preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Preset {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Its field in Rust.
    pub field: &'static str,
    /// What it covers.
    pub covers: &'static str,
    /// What it is in [`Profile::ideal`](super::Profile::ideal).
    pub ideal: Value,
    /// What it is in [`Profile::realistic`](super::Profile::realistic).
    pub realistic: Value,
    /// Whether this version acts on it.
    pub is_acted_on: bool,
    /// Where the realistic value comes from.
    pub source: &'static str,
}

/// Declares the latencies, and makes both presets of them: a field that is missing here does not compile.
macro_rules! latencies {
    ($($field:ident, $name:literal, $ideal:expr, $realistic:expr, $acted:literal, $covers:literal, $source:literal;)*) => {
        /// The latencies, in the order of [`Latencies::NAMES`].
        pub const LATENCIES: &[Preset] = &[$(Preset {
            name: $name,
            field: stringify!($field),
            covers: $covers,
            ideal: $ideal,
            realistic: $realistic,
            is_acted_on: $acted,
            source: $source,
        },)*];

        pub(super) fn ideal_latencies() -> Latencies {
            Latencies { $($field: $ideal.latency(),)* }
        }

        pub(super) fn realistic_latencies() -> Latencies {
            Latencies { $($field: $realistic.latency(),)* }
        }
    };
}

latencies! {
    payload, "payload", Millis(100), Between(100, 1_000), true,
        "control plane to agent: a new task, or the wish to stop one",
        "our estimate from public traces of tasks";
    report, "report", Millis(100), Between(100, 1_000), true,
        "agent to control plane: a task runs, or has stopped",
        "our estimate from public traces of tasks";
    container_report, "containerReport", Millis(100), Between(10_000, 30_000), true,
        "agent to control plane: a container ended and its task goes on, or runs while its task waits for others",
        "the jittered timer on which the ECS agent batches such changes (amazon-ecs-agent 1.105.1, `agent/eventhandler/task_handler.go`)";
    eni_attach, "eniAttach", Millis(4_000), Between(2_000, 8_000), true,
        "PROVISIONING of an `awsvpc` task",
        "the task events in the ECS developer guide show 3.3 s and 4.1 s; widened for EC2, where 2 to 8 s were seen";
    eni_detach, "eniDetach", Millis(10_000), Between(5_000, 20_000), true,
        "DEPROVISIONING of an `awsvpc` task",
        "one public log shows 16 s; the range around it is an estimate";
    host_prepare, "hostPrepare", Millis(8_000), Between(7_000, 14_000), true,
        "Fargate: from the attached interface to the first pull",
        "7.0 s and 13.6 s between connectivity and the first pull, in the developer guide's Fargate events";
    instance_launch, "instanceLaunch", Millis(90_000), Between(60_000, 180_000), false,
        "a capacity provider: from the decision to an ACTIVE instance",
        "an estimate for an Auto Scaling group";
    agent_lost, "agentLost", Millis(60_000), Between(60_000, 180_000), true,
        "a host fell silent: until `agentConnected` is false",
        "the guide says \"within minutes\" only; an estimate";
    deregistration_window, "deregistrationWindow", Millis(0), Between(0, 600_000), true,
        "from DeregisterTaskDefinition until RunTask and StartTask refuse the revision",
        "the API reference of DeregisterTaskDefinition says up to ten minutes, and nothing about what is usual. It is drawn for each task definition when it is deregistered. Set it to `\"10m\"` for the worst case";
    telemetry, "telemetry", Millis(100), Between(0, 20_000), true,
        "agent to control plane: the health of a container",
        "the agent sends measurements and health every 20 s (amazon-ecs-agent 1.105.1, `agent/stats`): a change waits for the next time";
    cached_pull, "cachedPull", Millis(500), Between(200, 1_000), true,
        "a pull of an image that the container instance has",
        "an estimate; a manifest is asked for and nothing is downloaded";
    activation, "activation", Millis(0), Millis(0), true,
        "ACTIVATING: registering a task whose containers run with a load balancer or for discovery",
        "a choice: standalone tasks are registered nowhere. Where it is not zero every task is ACTIVATING for so long";
    deactivation, "deactivation", Millis(0), Millis(0), true,
        "DEACTIVATING: removing a running task that is to stop from where it was registered",
        "a choice, likewise. A load balancer's deregistration delay is 300 s unless somebody changed it (developer guide, `DEACTIVATING`)";
    client_request, "clientRequest", Millis(50), Between(5, 150), true,
        "a controller's client to ECS: a call",
        "an estimate for callers in the same region; nothing is published";
    client_response, "clientResponse", Millis(50), Between(5, 350), true,
        "ECS to a controller's client: the answer",
        "an estimate likewise, in which the time that ECS works on a call is contained";
    client_timeout, "clientTimeout", Millis(60_000), Millis(60_000), true,
        "how long an attempt of a controller's client waits for its answer",
        "`read_timeout` of botocore's Config reference, 60 s unless set; other SDKs wait for 30 s or for ever";
}

const PULL: (Value, Value) = (Millis(5_000), Between(4_000, 10_000));
const START: (Value, Value) = (Millis(500), Between(200, 600));
const STOP: (Value, Value) = (Millis(1_000), Between(100, 3_000));
const CREATE: (Value, Value) = (Millis(0), Millis(0));

const fn part(
    (name, field): (&'static str, &'static str),
    covers: &'static str,
    (ideal, realistic): (Value, Value),
    source: &'static str,
) -> Preset {
    Preset {
        name,
        field,
        covers,
        ideal,
        realistic,
        is_acted_on: true,
        source,
    }
}

/// The parts of the default workload.
#[rustfmt::skip]
pub const WORKLOAD: &[Preset] = &[
    part(("pull", "pull"), "pulling the image", PULL,
        "an image of about 100 MB without a cache: the developer guide's task events show 3 to 9.3 s"),
    part(("start", "start"), "creating and starting the container", START,
        "0.2 s in the same events; 0.6 s is an estimate for a slower disk"),
    part(("run", "run: Run"), "how long the process runs when nothing stops it",
        (Word("for ever"), Word("for ever")), "a choice"),
    part(("exitCode", "exit_code: ExitCode"), "what it exits with then", (Word("0"), Word("0")), "a choice"),
    part(("stop", "stop"), "how long it takes to obey SIGTERM", STOP,
        "a choice, far below the 30 s that ECS allows by default"),
    part(("health", "health: Health"), "what its health check finds, if it has one",
        (Word("passes"), Word("passes")), "a choice"),
    part(("create", "create"), "creating the container, as a step before `start`", CREATE, "`start` covers both"),
    part(("stopExitCode", "stop_exit_code"), "what it exits with when it obeys SIGTERM",
        (Word("0"), Word("0")), "a choice"),
    part(("memory", "memory: Vec<MemoryStep>"),
        "how much memory it uses, from when after its start on; beyond the container's `memory`, else the task's, it is killed with 137",
        (Word("nothing said"), Word("nothing said")), "a choice"),
];

/// The default workload, with the one or the other of each pair.
pub(super) fn default_workload(of: fn((Value, Value)) -> Value) -> Workload {
    Workload {
        pull: of(PULL).latency(),
        start: of(START).latency(),
        run: Run::Forever,
        exit_code: ExitCode::Always(0),
        stop: of(STOP).latency(),
        health: Health::Passes,
        create: of(CREATE).latency(),
        stop_exit_code: 0,
        memory: Vec::new(),
        logic: None,
    }
}

/// How late reads are with [`Reads::realistic`](super::Reads::realistic).
///
/// With the median m and the 99th percentile p, a log-normal has sigma = ln(p / m) / 2.3263 = ln(15) / 2.3263 = 1.164.
pub(super) const READ_LAG: Latency = Latency::LogNormal {
    median: Duration::from_millis(200),
    sigma_millionths: 1_164_000,
};

/// The latest a read is then.
pub(super) const READ_BOUND: Duration = Duration::from_secs(30);

/// How old everything is in the fixed lag of [`ViewModel::sweep`](super::ViewModel::sweep).
pub(super) const VIEW_LAG: Duration = Duration::from_secs(2);

/// How many changes are missed there.
pub(super) const MISSED: Ratio = Ratio::new(1, 10);

/// How late events are with [`Delivery::realistic`](super::Delivery::realistic).
pub(super) const EVENT_DELAY: Latency = Latency::LogNormal {
    median: Duration::from_millis(500),
    sigma_millionths: 800_000,
};

/// How many of them come twice.
pub(super) const EVENT_DUPLICATES: Ratio = Ratio::new(1, 100);

/// After how long a message between an agent and the control plane is sent again for the first time that was not
/// acknowledged.
pub const RESEND_AFTER: Duration = Duration::from_secs(1);

/// How much longer each further wait is, in percent of the one before.
pub const RESEND_GROWTH: u32 = 130;

/// The longest of these waits.
pub const RESEND_CAP: Duration = Duration::from_secs(30);

/// How late a message or a state change, or a second copy of it, may be for a fault.
pub const LATE_MAX: Duration = Duration::from_secs(5);

/// Between the notice that spot capacity is taken back and its loss.
pub const SPOT_NOTICE: Duration = Duration::from_secs(120);

/// Between probes of a health check that does not say, in seconds.
pub const HEALTH_INTERVAL: i32 = 30;

/// How long such a probe may take, in seconds.
pub const HEALTH_TIMEOUT: i32 = 5;

/// How many failures in a row make a container UNHEALTHY whose check does not say.
pub const HEALTH_RETRIES: i32 = 3;

/// How long a container must have run to be started again whose restart policy does not say, in seconds.
pub const RESTART_ATTEMPT_PERIOD: i32 = 300;

/// TCP ports that a container instance reserves that registers without any.
pub const RESERVED_TCP: [u16; 5] = [22, 2375, 2376, 51_678, 51_679];

/// Those that one with the attribute `ecs.os-type` `windows` reserves.
pub const RESERVED_TCP_ON_WINDOWS: [u16; 11] = [
    53, 135, 139, 445, 2375, 2376, 3389, 5985, 5986, 51_678, 51_679,
];

/// Scratch space of a task on Fargate that does not say, in GiB.
pub const STORAGE_GIB: i32 = 20;

/// SIGTERM to SIGKILL for containers that do not say.
pub const CONTAINER_STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a stopped task stays describable.
pub const STOPPED_TASK_RETENTION: Duration = Duration::from_secs(3_600);

/// How long an INACTIVE container instance stays describable.
pub const INACTIVE_INSTANCE_RETENTION: Duration = Duration::from_secs(3_600);

/// How long a client token is remembered.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// How long attaching a network interface may take.
pub const ATTACH_TIMEOUT: Duration = Duration::from_secs(180);

/// Host ports of a container instance, reserved ones included.
pub const PORT_QUOTA: usize = 100;

/// Host ports that agents choose from.
pub const DYNAMIC_PORTS: RangeInclusive<u16> = 32_768..=60_999;

/// Replicas that lagging reads go to.
pub const REPLICAS: u8 = 3;

/// How often a client makes a call at most (AWS SDKs and Tools reference guide, retry behavior, standard mode as of 2026;
/// the next five likewise).
pub const RETRY_ATTEMPTS: u8 = 3;

/// The longest first wait of a client after an error that may pass.
pub const RETRY_TRANSIENT: Duration = Duration::from_millis(50);

/// The longest first wait of a client after it was throttled.
pub const RETRY_THROTTLED: Duration = Duration::from_secs(1);

/// The longest wait of a client.
pub const RETRY_CAP: Duration = Duration::from_secs(20);

/// What a client can spend on retries before calls succeed again.
pub const RETRY_QUOTA: u32 = 500;

/// What a retry after an error that may pass costs.
pub const RETRY_TRANSIENT_COST: u32 = 14;

/// What a retry after throttling costs.
pub const RETRY_THROTTLED_COST: u32 = 5;

/// How long it is until a batch asks again for tasks without a place.
pub const ASK_AGAIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_as_people_write_them() {
        let cases = [
            (Millis(0), "0"),
            (Millis(100), "100 ms"),
            (Millis(4_000), "4 s"),
            (Between(100, 1_000), "0.1–1 s"),
            (Between(0, 600_000), "0–600 s"),
            (Word("passes"), "passes"),
        ];
        for (value, text) in cases {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn the_latencies_stand_in_the_order_of_their_names() {
        let names: Vec<_> = LATENCIES.iter().map(|preset| preset.name).collect();
        assert_eq!(names, Latencies::NAMES);
    }

    #[test]
    fn every_number_has_a_source() {
        assert!(
            LATENCIES
                .iter()
                .chain(WORKLOAD)
                .all(|preset| !preset.source.is_empty())
        );
        assert!(fixed().iter().all(|row| !row.source.is_empty()));
    }

    #[test]
    fn every_part_of_the_default_workload_is_in_its_table() {
        let written = serde_json::to_value(Workload::ideal()).expect("it is plain data");
        let parts = written.as_object().expect("it has members");
        let of_table = |field: &str| {
            WORKLOAD
                .iter()
                .any(|preset| preset.field.split(':').next() == Some(field))
        };
        assert!(parts.keys().all(|field| of_table(field)), "{parts:?}");
        assert_eq!(parts.len(), WORKLOAD.len());
    }
}
