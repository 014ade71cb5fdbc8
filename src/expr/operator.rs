//! The operators of simple expressions and their spellings.

use std::fmt;

/// How a subject is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `==`, `equals`.
    Equals,
    /// `!=`, `not_equals`.
    NotEquals,
    /// `>`, `greater_than`.
    Greater,
    /// `>=`, `greater_than_equal`.
    GreaterOrEqual,
    /// `<`, `less_than`.
    Less,
    /// `<=`, `less_than_equal`.
    LessOrEqual,
    /// `exists`.
    Exists,
    /// `!exists`, `not_exists`.
    NotExists,
    /// `in`.
    In,
    /// `!in`, `not_in`.
    NotIn,
    /// `=~`, `matches`.
    Matches,
    /// `!~`, `not_matches`.
    NotMatches,
}

/// What stands behind an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// One value.
    One,
    /// A list of values in brackets.
    List,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 12] = [
        Self::Equals,
        Self::NotEquals,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Exists,
        Self::NotExists,
        Self::In,
        Self::NotIn,
        Self::Matches,
        Self::NotMatches,
    ];

    /// Its short spelling.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Exists => "exists",
            Self::NotExists => "!exists",
            Self::In => "in",
            Self::NotIn => "!in",
            Self::Matches => "=~",
            Self::NotMatches => "!~",
        }
    }

    /// Its spelling as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "not_equals",
            Self::Greater => "greater_than",
            Self::GreaterOrEqual => "greater_than_equal",
            Self::Less => "less_than",
            Self::LessOrEqual => "less_than_equal",
            Self::Exists => "exists",
            Self::NotExists => "not_exists",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Matches => "matches",
            Self::NotMatches => "not_matches",
        }
    }

    /// What stands behind it.
    #[must_use]
    pub const fn takes(self) -> Takes {
        match self {
            Self::Exists | Self::NotExists => Takes::Nothing,
            Self::In | Self::NotIn => Takes::List,
            _ => Takes::One,
        }
    }

    /// Whether it says that something else does not hold: `!=`, `!exists`, `!in`, `!~`.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        matches!(
            self,
            Self::NotEquals | Self::NotExists | Self::NotIn | Self::NotMatches
        )
    }

    /// The operator of a word.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.word() == word)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.symbol())
    }
}
