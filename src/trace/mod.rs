//! What happened, record by record: a digest to compare runs by, lines to read, and the first difference of two runs.
//!
//! | file | holds |
//! | --- | --- |
//! | `kind` | the kinds of records and their numbers |
//! | `record` | the record of 24 bytes |
//! | `code`, `encode` | events and changes as records |
//! | `content` | what does not fit into a record, and its fingerprint |
//! | `labels` | what is told of attributes, tags and account settings |
//! | `lags` | what is told of replicas that lag by fault |
//! | `calls` | what is told of calls and of what they meet |
//! | `life` | what is told of restarts, health and images |
//! | `hazards` | what is told of faults that last |
//! | `line` | records as text and JSON |
//! | `recorder` | the digest, and the records kept |
//! | `timeline` | what people want to read of a trace, with notes |
//! | `diff` | the first difference of two traces |

mod calls;
mod code;
mod content;
mod diff;
mod encode;
mod hazards;
mod kind;
mod labels;
mod lags;
mod life;
mod line;
mod record;
mod recorder;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod samples_host;
mod subscriptions;
mod timeline;

pub use diff::Divergence;
pub use kind::Kind;
pub use record::Record;
pub use recorder::{Recorder, TraceMode};
pub use timeline::Timeline;
