//! What a controller writes down for its reader.

use crate::client::Client;
use crate::time::SimTime;

/// What a controller decided, and when: a crash loses it with the rest of the memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    lines: Vec<(SimTime, String)>,
}

impl Log {
    /// Every line, in order.
    pub fn lines(&self) -> impl Iterator<Item = (SimTime, &str)> {
        self.lines.iter().map(|(at, line)| (*at, line.as_str()))
    }

    /// Adds a line.
    pub fn write(&mut self, client: &Client<'_>, line: impl Into<String>) {
        self.lines.push((client.now(), line.into()));
    }
}
