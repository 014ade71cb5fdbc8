//! The numbers that can't be set for a run as a whole, as documentation shows them.

use std::time::Duration;

use super::*;

/// A number that can't be set for a run as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fixed {
    /// What it is of.
    pub what: &'static str,
    /// The number.
    pub value: String,
    /// Where it comes from.
    pub source: &'static str,
}

/// The numbers that can't be set for a run as a whole.
#[must_use]
pub fn fixed() -> Vec<Fixed> {
    let hours = |span: Duration| format!("{} h", span.as_secs() / 3_600);
    let token = hours(TOKEN_LIFETIME) + ", or until an hour after its last task stopped";
    let ports = format!("{}–{}", DYNAMIC_PORTS.start(), DYNAMIC_PORTS.end());
    let rows = [
        (
            "a stopped task can be described",
            hours(STOPPED_TASK_RETENTION),
            "API reference of DescribeTasks: at least an hour",
        ),
        (
            "an INACTIVE container instance can be described",
            hours(INACTIVE_INSTANCE_RETENTION),
            "developer guide: about an hour",
        ),
        (
            "a client token of RunTask is remembered",
            token,
            "API reference, on idempotency",
        ),
        (
            "attaching a network interface may take",
            seconds(ATTACH_TIMEOUT),
            "nothing is published; some three minutes are remembered",
        ),
        (
            "host ports of an instance, reserved ones included",
            PORT_QUOTA.to_string(),
            "API reference of PortMapping",
        ),
        (
            "host ports that agents choose from",
            ports,
            "current Linux kernels",
        ),
        (
            "replicas that lagging reads go to",
            REPLICAS.to_string(),
            "a choice",
        ),
        (
            "a batch asks again for tasks without a place",
            format!("after {}", seconds(ASK_AGAIN)),
            "a choice",
        ),
    ];
    let row = |(what, value, source)| Fixed {
        what,
        value,
        source,
    };
    let rows = rows.into_iter().chain(of_definitions()).chain(of_faults());
    rows.chain(retries()).map(row).collect()
}

/// Those of the clients of controllers.
fn retries() -> [(&'static str, String, &'static str); 3] {
    let source = "AWS SDKs and Tools reference guide, retry behavior: standard mode as of 2026";
    let waits = format!(
        "up to {} ms, after throttling {} s; doubled each time, at most {} s",
        RETRY_TRANSIENT.as_millis(),
        RETRY_THROTTLED.as_secs(),
        RETRY_CAP.as_secs()
    );
    let quota =
        format!("{RETRY_QUOTA}; {RETRY_TRANSIENT_COST}, after throttling {RETRY_THROTTLED_COST}");
    [
        (
            "a client makes a call at most (`Backoff`)",
            format!("{RETRY_ATTEMPTS} times"),
            source,
        ),
        (
            "it waits before it makes a call again (`Backoff`)",
            waits,
            source,
        ),
        (
            "its quota of retries, and what one costs (`Backoff`)",
            quota,
            source,
        ),
    ]
}

/// A row of the table.
type Row = (&'static str, String, &'static str);

/// What a definition, an instance or a task has that does not say.
fn of_definitions() -> [Row; 5] {
    let probes = format!(
        "every {HEALTH_INTERVAL} s, {HEALTH_TIMEOUT} s each, {HEALTH_RETRIES} failures in a row"
    );
    let reserved = RESERVED_TCP.map(|port| port.to_string()).join(", ");
    let on_windows = RESERVED_TCP_ON_WINDOWS.map(|port| port.to_string());
    [
        (
            "a health check that does not say: probes, and what makes a container UNHEALTHY",
            probes,
            "API reference of HealthCheck",
        ),
        (
            "a restart policy that does not say: a container must have run to be started again",
            format!("{RESTART_ATTEMPT_PERIOD} s"),
            "API reference of ContainerRestartPolicy",
        ),
        (
            "TCP ports that an instance reserves that registers without any",
            reserved,
            "amazon-ecs-agent 1.105.1, `DefaultConfig`: ssh, Docker twice, and its own two",
        ),
        (
            "those of one whose `ecs.os-type` is `windows`",
            on_windows.join(", "),
            "amazon-ecs-agent 1.105.1, `agent/config/config_windows.go`",
        ),
        (
            "scratch space of a task on Fargate that does not say",
            format!("{STORAGE_GIB} GiB"),
            "API reference of EphemeralStorage",
        ),
    ]
}

/// What faults and those who meet them go by.
fn of_faults() -> [Row; 3] {
    let resent = format!(
        "after {}, then {}.{} times as long each, at most {}",
        seconds(RESEND_AFTER),
        RESEND_GROWTH / 100,
        RESEND_GROWTH % 100 / 10,
        seconds(RESEND_CAP)
    );
    [
        (
            "a message to or from an agent that is not acknowledged is sent again",
            resent,
            "amazon-ecs-agent 1.105.1, `agent/eventhandler/task_handler.go`, without its jitter",
        ),
        (
            "a message or state change, or a second copy of it, may be late for a fault",
            format!("up to {}", seconds(LATE_MAX)),
            "a choice",
        ),
        (
            "spot capacity is taken back after the notice",
            seconds(SPOT_NOTICE),
            "EC2 user guide, spot interruptions",
        ),
    ]
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs())
}
