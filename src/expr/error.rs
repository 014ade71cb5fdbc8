//! What is wrong with an expression, and where.

use std::error::Error;
use std::fmt;
use std::ops::Range;

/// Characters shown before the spot, and from it on.
const SHOWN: usize = 40;

/// Why a text is no expression that can be used, and the place in it.
///
/// Displayed, it says what was expected and what was found, and points at the spot: see [`Expr`](super::Expr).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    message: String,
    text: String,
    span: Range<usize>,
}

impl ExprError {
    pub(crate) fn new(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            text: text.to_owned(),
            span,
        }
    }

    /// What was expected and what was found.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place in the text, in bytes; behind the last one when something is missing at the end.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |part: &str| part.chars().count();
        let (before, from) = self.text.split_at(self.span.start);
        let at = count(before);
        let marked = count(&self.text[self.span.clone()]).clamp(1, SHOWN);
        let hidden = at.saturating_sub(SHOWN);
        let (start, indent) = if hidden > 0 {
            ("...", at - hidden + 3)
        } else {
            ("", at)
        };
        let end = if count(from) > SHOWN { "..." } else { "" };
        let shown: String = self
            .text
            .chars()
            .skip(hidden)
            .take(at - hidden + SHOWN)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        write!(
            f,
            "{} at character {}\n  {start}{shown}{end}\n  {:indent$}{}",
            self.message,
            at + 1,
            "",
            "^".repeat(marked)
        )
    }
}

impl Error for ExprError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_at_its_spot() {
        let text = "attribute:größe == a\nb";
        let at = text.find("==").expect("it is there");
        assert_eq!(
            ExprError::new(text, at..at + 2, "no").to_string(),
            "no at character 17\n  attribute:größe == a b\n                  ^^"
        );
        let end = text.len();
        assert_eq!(
            ExprError::new(text, end..end, "no").to_string(),
            "no at character 23\n  attribute:größe == a b\n                        ^"
        );
    }

    #[test]
    fn of_a_long_text_the_part_around_the_spot_is_shown() {
        let text = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let error = ExprError::new(&text, 500..501, "no").to_string();
        let lines: Vec<&str> = error.lines().collect();
        let shown = format!("  ...{}!{}...", "a".repeat(40), "b".repeat(39));
        assert_eq!(
            lines,
            ["no at character 501", &shown, &format!("{:45}^", "")]
        );
    }
}
