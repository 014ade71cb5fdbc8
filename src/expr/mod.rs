//! The cluster query language: its syntax, without any knowledge of container instances.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Expr`] in `mod.rs` | an expression as a tree, and how it is written |
//! | [`operator`] | the operators and their spellings |
//! | [`error`] | what is wrong with a text, and where |
//! | `lex` | from text to tokens with their places |
//! | `parse` | from tokens to the tree |
//!
//! What subjects there are and which operators they take is in [`crate::model::constraint`]; what holds for a container
//! instance is judged by [`crate::placement::member_of`]. The guide teaches the language:
//! [`query_language`](crate::guide::query_language).

pub mod error;
mod lex;
pub mod operator;
mod parse;

use std::fmt;
use std::ops::Not;
use std::str::FromStr;

pub use error::ExprError;
pub use operator::{Operator, Takes};
pub(crate) use parse::{Places, read};

/// The most levels of parentheses and negations in an expression; ECS documents no limit.
///
/// A parenthesis right behind a negation makes one level with it.
pub const LEVELS_MAX: usize = 100;

/// The most simple expressions in an expression: no text of 2,000 characters, the most that ECS takes, has as many.
pub const SIMPLE_MAX: usize = 1_000;

/// An expression of the cluster query language.
///
/// It is read from text with [`str::parse`] and written with [`Display`](fmt::Display), which puts parentheses where they
/// are needed and gives a text that reads as the same expression. `not` binds stronger than `and`, and `and` stronger than
/// `or`; of equals, the left one comes first.
///
/// ```
/// use wavetank::expr::{Expr, Operator, Simple};
///
/// let expr: Expr = "attribute:stack == prod && (agentConnected==true || runningTasksCount < 3)".parse()?;
/// assert_eq!(
///     expr.to_string(),
///     "attribute:stack == prod and (agentConnected == true or runningTasksCount < 3)"
/// );
///
/// let zones = Simple::new("attribute:ecs.availability-zone", Operator::In, ["us-east-1a", "us-east-1b"]);
/// let zones = Expr::from(zones.ok_or("a list of two is a list")?);
/// assert_eq!((!zones).to_string(), "not(attribute:ecs.availability-zone in [us-east-1a, us-east-1b])");
///
/// let error = "attribute:stack = prod".parse::<Expr>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "expected == or =~, found = at character 17\n  attribute:stack = prod\n                  ^"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Model
///
/// The developer guide advises parentheses and documents no precedence: it is ours. So is how a value is written that
/// holds quotes: they are doubled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// One of them holds.
    Or(Box<Self>, Box<Self>),
    /// Both hold.
    And(Box<Self>, Box<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A subject, an operator, and what it is compared with.
    Simple(Simple),
}

/// A subject, an operator, and what it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simple {
    subject: String,
    operator: Operator,
    arguments: Vec<String>,
}

impl Simple {
    /// Puts a simple expression together; `None` when the subject is not one bare word, or the operator does not take so
    /// many arguments.
    #[must_use]
    pub fn new(
        subject: impl Into<String>,
        operator: Operator,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Option<Self> {
        let simple = Self {
            subject: subject.into(),
            operator,
            arguments: arguments.into_iter().map(Into::into).collect(),
        };
        let count = simple.arguments.len();
        let is_right = match operator.takes() {
            Takes::Nothing => count == 0,
            Takes::One => count == 1,
            Takes::List => count > 0,
        };
        (is_right && lex::is_bare(&simple.subject)).then_some(simple)
    }

    /// What is looked at: `agentConnected`, `attribute:NAME` and so on; whether there is such a subject is not known here.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// How it is compared.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// What it is compared with, without quotes: none, one, or those of a list.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

impl Expr {
    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::And(Box::new(self), Box::new(other))
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::Or(Box::new(self), Box::new(other))
    }

    /// How strongly its own operator binds.
    fn strength(&self) -> u8 {
        match self {
            Self::Or(..) => 1,
            Self::And(..) => 2,
            Self::Not(_) | Self::Simple(_) => 3,
        }
    }

    /// Writes it where something binds that strongly.
    fn write(&self, f: &mut fmt::Formatter<'_>, around: u8) -> fmt::Result {
        if self.strength() < around {
            return write!(f, "({self})");
        }
        match self {
            Self::Or(left, right) => {
                left.write(f, 1)?;
                f.write_str(" or ")?;
                right.write(f, 2)
            }
            Self::And(left, right) => {
                left.write(f, 2)?;
                f.write_str(" and ")?;
                right.write(f, 3)
            }
            Self::Not(inner) => write!(f, "not({inner})"),
            Self::Simple(simple) => write!(f, "{simple}"),
        }
    }
}

impl Not for Expr {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl From<Simple> for Expr {
    fn from(simple: Simple) -> Self {
        Self::Simple(simple)
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 1)
    }
}

impl fmt::Display for Simple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.subject, self.operator)?;
        match (self.operator.takes(), &self.arguments[..]) {
            (Takes::List, [first, rest @ ..]) => {
                write!(f, " [{}", lex::Written(first))?;
                rest.iter()
                    .try_for_each(|argument| write!(f, ", {}", lex::Written(argument)))?;
                f.write_str("]")
            }
            (_, arguments) => arguments
                .iter()
                .try_for_each(|argument| write!(f, " {}", lex::Written(argument))),
        }
    }
}

impl FromStr for Expr {
    type Err = ExprError;

    fn from_str(text: &str) -> Result<Self, ExprError> {
        Ok(read(text)?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts how a text is written once it was read.
    #[track_caller]
    fn check_written(text: &str, written: &str) {
        let expr: Expr = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(expr.to_string(), written, "{text}");
        assert_eq!(written.parse(), Ok(expr), "{text}");
    }

    #[test]
    fn parentheses_are_written_where_they_are_needed() {
        check_written("(a == 1)", "a == 1");
        check_written("a == 1 or b == 2 and c == 3", "a == 1 or b == 2 and c == 3");
        check_written(
            "(a == 1 or b == 2) and c == 3",
            "(a == 1 or b == 2) and c == 3",
        );
        check_written("(a == 1 or b == 2) or c == 3", "a == 1 or b == 2 or c == 3");
        check_written(
            "a == 1 or (b == 2 or c == 3)",
            "a == 1 or (b == 2 or c == 3)",
        );
        check_written(
            "a == 1 and (b == 2 and c == 3)",
            "a == 1 and (b == 2 and c == 3)",
        );
        check_written("!a == 1", "not(a == 1)");
        check_written("not not (a == 1 or b == 2)", "not(not(a == 1 or b == 2))");
        check_written("not a == 1 and b == 2", "not(a == 1) and b == 2");
    }

    #[test]
    fn values_are_quoted_where_they_must_be() {
        check_written("a == 'b'", "a == b");
        check_written("a == ''", "a == ''");
        check_written("a == 'b c'", "a == 'b c'");
        check_written("a == \"it's\"", "a == \"it's\"");
        check_written("a == 'it''s \"so\"'", "a == 'it''s \"so\"'");
        check_written("a in ['and', 'x,y', in]", "a in ['and', 'x,y', in]");
        check_written("a =~ 'm[45]\\..*'", "a =~ 'm[45]\\..*'");
        check_written("a == 'x||y' or a == x|y", "a == 'x||y' or a == x|y");
    }

    #[test]
    fn a_simple_expression_is_put_together_only_as_it_could_be_read() {
        let none: [&str; 0] = [];
        assert!(Simple::new("a", Operator::Exists, none).is_some());
        assert!(Simple::new("a", Operator::Equals, none).is_none());
        assert!(Simple::new("a", Operator::In, none).is_none());
        assert!(Simple::new("a", Operator::Equals, ["b", "c"]).is_none());
        for subject in ["", "a b", "not", "a==b", "'a'", "(a)"] {
            assert!(
                Simple::new(subject, Operator::Equals, ["b"]).is_none(),
                "{subject}"
            );
        }
    }
}
