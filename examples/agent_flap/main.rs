//! An agent that comes and goes: what the control plane sees of it, and what it takes for true meanwhile.
//!
//! ```sh
//! cargo run --example agent_flap
//! ```

mod story;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", story::told()?);
    Ok(())
}
