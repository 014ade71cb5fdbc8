//! What stale reads do to a controller that counts what it sees, and what to do about it.
//!
//! ```sh
//! cargo run --example stale_reads
//! ```

mod story;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", story::told()?);
    Ok(())
}
