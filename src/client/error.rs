//! How a call can end badly.

use std::fmt;

use crate::model::ApiError;

/// Why a call brought no answer that could be used, after every attempt that the client makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// ECS answered an exception; of several attempts, the last one's.
    Refused {
        /// The exception.
        error: ApiError,
        /// How often the call was made.
        attempts: u8,
        /// Whether an attempt may have taken effect: one that timed out, or was answered by `ServerException`.
        is_uncertain: bool,
    },
    /// No answer came in time.
    TimedOut {
        /// How often the call was made.
        attempts: u8,
    },
}

impl CallError {
    /// Whether the call may have taken effect, or may still do so: nobody but ECS knows.
    ///
    /// A throttled call had no effect, and neither had one that was refused for what it asks.
    #[must_use]
    pub const fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Refused { is_uncertain, .. } => *is_uncertain,
            Self::TimedOut { .. } => true,
        }
    }

    /// The exception of the last attempt; `None` when no answer came.
    #[must_use]
    pub const fn refusal(&self) -> Option<&ApiError> {
        match self {
            Self::Refused { error, .. } => Some(error),
            Self::TimedOut { .. } => None,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attempts, how) = match self {
            Self::Refused {
                error, attempts, ..
            } => (*attempts, error.to_string()),
            Self::TimedOut { attempts } => (*attempts, "no answer in time".to_owned()),
        };
        write!(f, "{how} (attempts: {attempts})")?;
        match self.may_have_taken_effect() {
            true => f.write_str("; it may have taken effect"),
            false => Ok(()),
        }
    }
}

impl std::error::Error for CallError {}
