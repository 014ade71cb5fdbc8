//! Every integration test, as one binary: one module for each thing that is claimed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "tests read files, the environment and statistics; only the library must not"
)]

mod replay;
mod scenarios;
mod tidy;
