//! What is wrong with a scenario file, and where.

use std::fmt;

use crate::scenario::pointer;

/// A place in a text, as editors count: both start at 1, columns are bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in bytes from the start of the line.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The reason a text is not a scenario; nothing of it was run.
///
/// Prints as one line that names the offending key or value, after its position
/// where that is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ScenarioError {
    position: Option<Position>,
    message: String,
}

impl ScenarioError {
    pub(super) fn new(position: Option<Position>, message: &str) -> Self {
        Self {
            position,
            message: one_line(message),
        }
    }

    /// Where the text goes wrong, when it is one place.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// What is wrong, without the position; one line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScenarioError {}

/// Something wrong in a scenario, at a JSON pointer into it.
///
/// What is found while a document is read, when its text is not at hand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Flaw {
    /// Where, as a JSON pointer.
    pub(super) pointer: String,
    /// What, without the place.
    pub(super) message: String,
}

impl Flaw {
    pub(super) fn new(pointer: &str, message: impl fmt::Display) -> Self {
        Self {
            pointer: pointer.to_owned(),
            message: message.to_string(),
        }
    }

    /// The error for a reader of `text`: with the line and column, and the pointer in words.
    pub(super) fn in_text(&self, text: &str) -> ScenarioError {
        let position = pointer::locate(text, &self.pointer);
        if self.pointer.is_empty() {
            return ScenarioError::new(position, &self.message);
        }
        ScenarioError::new(position, &format!("{}: {}", self.pointer, self.message))
    }
}

/// What serde says of a value that must be an object with one key of several, in words that fit a file.
pub(super) fn in_words(message: &str) -> &str {
    match message {
        "invalid value: map, expected map with a single key"
        | "invalid type: map, expected enum" => {
            "an object with one key is expected here, not with more and not with none"
        }
        other => other,
    }
}

/// `text` with control characters escaped: keys and values quoted from a file may hold any.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_it_quotes() {
        let position = Position { line: 3, column: 7 };
        let error = ScenarioError::new(Some(position), "unknown key `a\nb`");
        assert_eq!(error.to_string(), "line 3, column 7: unknown key `a\\nb`");
        assert_eq!(error.message(), "unknown key `a\\nb`");
        assert_eq!(error.position(), Some(position));
    }
}
