//! From text to tokens with their places.

use std::fmt;
use std::ops::Range;

use super::error::ExprError;
use super::operator::Operator;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    /// `!` by itself; `!=` and `!~` are operators.
    Bang,
    /// `&&`; the word is a word.
    And,
    /// `||`, likewise.
    Or,
    /// An operator that is spelled with a symbol.
    Symbol(Operator),
    Word(&'a str),
    /// What stood between quotes.
    Quoted(String),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::ListOpen => f.write_str("["),
            Self::ListClose => f.write_str("]"),
            Self::Comma => f.write_str(","),
            Self::Bang => f.write_str("!"),
            Self::And => f.write_str("&&"),
            Self::Or => f.write_str("||"),
            Self::Symbol(operator) => operator.fmt(f),
            Self::Word(word) => write!(f, "{word:?}"),
            Self::Quoted(text) => write!(f, "the quoted value {text:?}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The words that join expressions: as values they are quoted.
pub(super) const JOINING: [&str; 3] = ["and", "or", "not"];

/// Reads tokens one after the other.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and its place; [`Token::End`] for ever when there is none.
    pub(super) fn next(&mut self) -> Result<(Token<'a>, Range<usize>), ExprError> {
        let rest = &self.text[self.at..];
        let start = self.text.len() - rest.trim_start().len();
        let rest = &self.text[start..];
        let mut characters = rest.chars();
        let second = characters.clone().nth(1);
        let (token, length) = match (characters.next(), second) {
            (None, _) => (Token::End, 0),
            (Some('('), _) => (Token::Open, 1),
            (Some(')'), _) => (Token::Close, 1),
            (Some('['), _) => (Token::ListOpen, 1),
            (Some(']'), _) => (Token::ListClose, 1),
            (Some(','), _) => (Token::Comma, 1),
            (Some('&'), Some('&')) => (Token::And, 2),
            (Some('|'), Some('|')) => (Token::Or, 2),
            (Some('='), Some('=')) => (Token::Symbol(Operator::Equals), 2),
            (Some('='), Some('~')) => (Token::Symbol(Operator::Matches), 2),
            (Some('='), _) => {
                let message = "expected == or =~, found =";
                return Err(ExprError::new(self.text, start..start + 1, message));
            }
            (Some('!'), Some('=')) => (Token::Symbol(Operator::NotEquals), 2),
            (Some('!'), Some('~')) => (Token::Symbol(Operator::NotMatches), 2),
            (Some('!'), _) => (Token::Bang, 1),
            (Some('>'), Some('=')) => (Token::Symbol(Operator::GreaterOrEqual), 2),
            (Some('>'), _) => (Token::Symbol(Operator::Greater), 1),
            (Some('<'), Some('=')) => (Token::Symbol(Operator::LessOrEqual), 2),
            (Some('<'), _) => (Token::Symbol(Operator::Less), 1),
            (Some(quote @ ('\'' | '"')), _) => self.quoted(start, quote)?,
            _ => {
                let length = word_length(rest);
                (Token::Word(&rest[..length]), length)
            }
        };
        self.at = start + length;
        Ok((token, start..self.at))
    }

    /// A value in quotes, within which two of them stand for one.
    fn quoted(&self, start: usize, quote: char) -> Result<(Token<'a>, usize), ExprError> {
        let mut value = String::new();
        let mut characters = self.text[start + 1..].char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if character != quote {
                value.push(character);
            } else if characters.next_if(|(_, next)| *next == quote).is_some() {
                value.push(quote);
            } else {
                return Ok((Token::Quoted(value), at + 2));
            }
        }
        let message = format!("expected {quote} to close the value, found the end");
        Err(ExprError::new(self.text, start..start + 1, message))
    }
}

/// How many bytes of a text are one bare word.
///
/// A single `&` or `|` is part of it, so that short patterns need no quotes.
fn word_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let ends = character.is_whitespace()
            || "()[],'\"=!<>".contains(character)
            || (matches!(character, '&' | '|') && next == Some(character));
        if ends {
            return at;
        }
    }
    text.len()
}

/// Whether a text can stand without quotes.
pub(super) fn is_bare(text: &str) -> bool {
    !text.is_empty() && word_length(text) == text.len() && !JOINING.contains(&text)
}

/// A value as it is written: in quotes when it must be.
pub(super) struct Written<'a>(pub(super) &'a str);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = *self;
        if is_bare(text) {
            f.write_str(text)
        } else if text.contains('\'') && !text.contains('"') {
            write!(f, "\"{text}\"")
        } else {
            write!(f, "'{}'", text.replace('\'', "''"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        loop {
            let (token, span) = lexer.next().unwrap_or_else(|error| panic!("{error}"));
            if token == Token::End {
                assert_eq!(span, text.len()..text.len());
                return found;
            }
            found.push(text[span].to_owned());
        }
    }

    #[test]
    fn symbols_need_no_blanks_around_them() {
        assert_eq!(tokens("a==b"), ["a", "==", "b"]);
        assert_eq!(tokens("a!=b&&c!~d"), ["a", "!=", "b", "&&", "c", "!~", "d"]);
        assert_eq!(
            tokens("a!in[b,c]||d>=2"),
            [
                "a", "!", "in", "[", "b", ",", "c", "]", "||", "d", ">=", "2"
            ]
        );
        assert_eq!(tokens("!(a<1)"), ["!", "(", "a", "<", "1", ")"]);
    }

    #[test]
    fn a_bare_word_holds_what_values_hold() {
        for word in [
            "g2.*",
            "2018-06-18T22:28:28+00:00",
            "a|b",
            "x&y",
            "service:web",
            "größe",
            "\\d+",
            "a/b@c",
            "~",
        ] {
            assert_eq!(tokens(word), [word]);
        }
    }

    #[test]
    fn within_quotes_a_doubled_quote_is_one() {
        let mut lexer = Lexer::new("'it''s' \"a'b\" ''");
        for value in ["it's", "a'b", ""] {
            assert_eq!(
                lexer.next().map(|(token, _)| token),
                Ok(Token::Quoted(value.to_owned()))
            );
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_is_pointed_at() {
        let error = Lexer::new(" 'a''").next().expect_err("it is not closed");
        assert_eq!(
            (error.span(), error.message()),
            (1..2, "expected ' to close the value, found the end")
        );
    }
}
