//! A day of requests that arrive by the hour, and a nightly batch, on a small cluster.
//!
//! ```sh
//! cargo run --example arrivals
//! cargo run --example arrivals -- 7
//! ```
//!
//! The argument is the seed. What arrives and how long it runs follows from it, whatever the scheduler does.

#![allow(
    clippy::disallowed_methods,
    reason = "a program reads its arguments; only the library must not"
)]

mod day;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args()
        .nth(1)
        .map_or(Ok(42), |text| text.parse())?;
    print!("{}", day::report(seed)?);
    Ok(())
}
