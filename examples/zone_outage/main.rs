//! A zone fails for ten minutes: what it takes along, what takes its place, and what does not come back by itself.
//!
//! ```sh
//! cargo run --example zone_outage
//! ```

mod story;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", story::told()?);
    Ok(())
}
