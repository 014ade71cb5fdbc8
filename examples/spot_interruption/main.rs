//! Spot capacity is taken back: the same two minutes with agents that drain at the notice, and with agents that don't.
//!
//! ```sh
//! cargo run --example spot_interruption
//! ```

mod story;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", story::told()?);
    Ok(())
}
