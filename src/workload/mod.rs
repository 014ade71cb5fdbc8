//! When tasks are asked for: arrivals by rule, and jobs from the recording of a real system.
//!
//! What they do once they run is a [`Workload`](crate::model::Workload) of the profile; docs/workloads.md shows both.
//!
//! | file | holds |
//! | --- | --- |
//! | `arrivals` | times of arrival: fixed, Poisson, bursts, by the hour of the day |
//! | `job_trace` | recorded jobs, as requests and as what they do |
//! | `formats` | reading them: CSV, SWF |

mod arrivals;
mod formats;
mod job_trace;

pub use arrivals::{Arrivals, ArrivalsError, Times};
pub use formats::JobTraceError;
pub use job_trace::{Job, JobTrace};
