//! How a client calls.

use serde::Serialize;

use crate::draw::Latency;
use crate::model::{Profile, ProfileError};

use super::backoff::Backoff;

/// Which replica answers the reads of a client.
///
/// It makes a difference only where reads lag: see [`Reads`](crate::model::Reads).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum ReadsThrough {
    /// Any of them, another for each read: reads may go backwards.
    #[default]
    AnyReplica,
    /// Always the same: a [session](crate::model::Session) that a controller gets when it starts, and another after each
    /// crash.
    Session,
}

/// How a client calls: what is not set here is the profile's.
///
/// ```
/// use std::time::Duration;
/// use wavetank::Latency;
/// use wavetank::client::{Backoff, ClientOptions};
///
/// let hasty = ClientOptions::default()
///     .timeout(Latency::Fixed(Duration::from_millis(500)))
///     .backoff(Backoff::never());
/// assert_eq!(hasty.backoff.attempts, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClientOptions {
    /// From the client to ECS; the profile's `client_request` unless set.
    pub request: Option<Latency>,
    /// From ECS back; the profile's `client_response` unless set.
    pub response: Option<Latency>,
    /// How long an attempt waits for its answer; the profile's `client_timeout` unless set.
    pub timeout: Option<Latency>,
    /// When a call is made again.
    pub backoff: Backoff,
    /// Which replica answers reads.
    pub reads: ReadsThrough,
    /// Whether RunTask without a client token is given one, the same for each attempt, as the AWS SDKs do.
    pub fills_tokens: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            request: None,
            response: None,
            timeout: None,
            backoff: Backoff::standard(),
            reads: ReadsThrough::default(),
            fills_tokens: true,
        }
    }
}

impl ClientOptions {
    /// Sets how long a request takes from the client to ECS.
    #[must_use]
    pub fn request(mut self, latency: Latency) -> Self {
        self.request = Some(latency);
        self
    }

    /// Sets how long an answer takes from ECS to the client.
    #[must_use]
    pub fn response(mut self, latency: Latency) -> Self {
        self.response = Some(latency);
        self
    }

    /// Sets how long an attempt waits for its answer.
    #[must_use]
    pub fn timeout(mut self, latency: Latency) -> Self {
        self.timeout = Some(latency);
        self
    }

    /// Sets when a call is made again.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets which replica answers reads.
    #[must_use]
    pub fn reads(mut self, reads: ReadsThrough) -> Self {
        self.reads = reads;
        self
    }

    /// Leaves RunTask without a client token as it is: then every attempt may launch.
    #[must_use]
    pub fn without_tokens(mut self) -> Self {
        self.fills_tokens = false;
        self
    }

    /// Whether every latency set here can be drawn.
    ///
    /// # Errors
    ///
    /// The first that can't.
    pub fn validate(&self) -> Result<(), ProfileError> {
        let mut profile = Profile::ideal();
        let latencies = &mut profile.latencies;
        let fields = [
            (&self.request, &mut latencies.client_request),
            (&self.response, &mut latencies.client_response),
            (&self.timeout, &mut latencies.client_timeout),
        ];
        for (set, field) in fields {
            if let Some(latency) = set {
                field.clone_from(latency);
            }
        }
        profile.validate()
    }
}
