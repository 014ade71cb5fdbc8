//! The first difference of two traces.

use std::collections::VecDeque;
use std::fmt;

use super::record::Record;
use super::recorder::Recorder;

/// Records shown before and after the first difference.
const CONTEXT: usize = 5;

/// Where two traces part: the first record in which they differ, with its neighbours.
///
/// `Display` writes the common records with two leading spaces, those of the left trace with `- ` and those of the
/// right one with `+ `.
///
/// ```
/// use wavetank::SimTime;
/// use wavetank::trace::{Divergence, Record};
///
/// let call = |second| Record::of_call(SimTime::from_secs(second), second);
/// let parting = Divergence::between([call(1), call(2)], [call(1), call(3)]).expect("they differ");
/// assert_eq!(
///     parting.to_string(),
///     "record 2 is the first that differs\n  1.000s #1 call\n- 2.000s #2 call\n+ 3.000s #3 call\n"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The position of the first record that differs, counted from 0.
    pub index: u64,
    /// Whether an earlier record may differ too: one that a trace no longer keeps.
    pub may_be_earlier: bool,
    /// Up to five records before it, which both traces share.
    pub before: Vec<Record>,
    /// Up to five records of the left trace from there on; empty when it ended.
    pub left: Vec<Record>,
    /// Likewise of the right trace.
    pub right: Vec<Record>,
}

impl Divergence {
    /// Compares two sequences of records; `None` when they are equal.
    pub fn between(
        left: impl IntoIterator<Item = Record>,
        right: impl IntoIterator<Item = Record>,
    ) -> Option<Self> {
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        let mut before = VecDeque::with_capacity(CONTEXT);
        let mut index = 0;
        loop {
            let (next_left, next_right) = (left.next(), right.next());
            if next_left != next_right {
                return Some(Self {
                    index,
                    may_be_earlier: false,
                    before: before.into(),
                    left: next_left.into_iter().chain(left).take(CONTEXT).collect(),
                    right: next_right.into_iter().chain(right).take(CONTEXT).collect(),
                });
            }
            if before.len() == CONTEXT {
                before.pop_front();
            }
            before.push_back(next_left?);
            index += 1;
        }
    }

    /// Compares two recorders as far as both kept their records.
    pub(super) fn of_recorders(left: &Recorder, right: &Recorder) -> Option<Self> {
        if left.len() == right.len() && left.digest() == right.digest() {
            return None;
        }
        let first = |trace: &Recorder| trace.len() - trace.kept_len() as u64;
        let (first_left, first_right) = (first(left), first(right));
        // Shared chunks are equal; one context of them is looked at again, to be shown.
        let shared = left.shared_len(right).saturating_sub(CONTEXT) as u64;
        let start = first_left.max(first_right).max(shared);
        let from = |trace: &'_ Recorder, first: u64| {
            usize::try_from(start - first).unwrap_or(trace.kept_len())
        };
        let found = Self::between(
            left.kept_from(from(left, first_left)),
            right.kept_from(from(right, first_right)),
        );
        let found = found.unwrap_or(Self {
            index: 0,
            may_be_earlier: true,
            before: Vec::new(),
            left: Vec::new(),
            right: Vec::new(),
        });
        Some(Self {
            index: start + found.index,
            may_be_earlier: first_left.max(first_right) > 0,
            ..found
        })
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.index + 1;
        if self.left.is_empty() && self.right.is_empty() {
            return writeln!(
                f,
                "the traces differ before record {number}, in records no longer kept"
            );
        }
        writeln!(f, "record {number} is the first that differs")?;
        if self.may_be_earlier {
            writeln!(f, "(of the records that both traces still keep)")?;
        }
        let mut show = |mark: &str, records: &[Record], absent: &str| {
            if records.is_empty() && !absent.is_empty() {
                writeln!(f, "{mark} {absent}")?;
            }
            records
                .iter()
                .try_for_each(|record| writeln!(f, "{mark} {record}"))
        };
        show(" ", &self.before, "")?;
        show("-", &self.left, "(ends here)")?;
        show("+", &self.right, "(ends here)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SimTime;
    use crate::trace::TraceMode;

    fn call(number: u64) -> Record {
        Record::of_call(SimTime::from_millis(number), number)
    }

    fn recorded(mode: TraceMode, numbers: impl IntoIterator<Item = u64>) -> Recorder {
        let mut trace = Recorder::new(mode);
        numbers
            .into_iter()
            .for_each(|number| trace.push(call(number)));
        trace
    }

    #[test]
    fn equal_traces_do_not_part() {
        assert_eq!(
            Divergence::between((0..9).map(call), (0..9).map(call)),
            None
        );
        let full = recorded(TraceMode::Full, 0..9);
        assert_eq!(full.first_divergence(&recorded(TraceMode::Off, 0..9)), None);
    }

    #[test]
    fn the_first_difference_is_found_with_its_neighbours() {
        let right = (0..20).map(|n| if n == 7 { call(99) } else { call(n) });
        let parting = Divergence::between((0..20).map(call), right).unwrap();
        assert_eq!(parting.index, 7);
        assert_eq!(parting.before, (2..7).map(call).collect::<Vec<_>>());
        assert_eq!((parting.left[0], parting.right[0]), (call(7), call(99)));
        assert_eq!(parting.left[1], parting.right[1]);
    }

    #[test]
    fn a_trace_that_ends_first_is_said_to_end() {
        let parting = Divergence::between((0..2).map(call), (0..1).map(call)).unwrap();
        assert_eq!(parting.index, 1);
        assert!(
            parting.to_string().ends_with("+ (ends here)\n"),
            "{parting}"
        );
    }

    #[test]
    fn rings_are_compared_where_both_still_keep_records() {
        let left = recorded(TraceMode::Ring(10), 0..30);
        let right = recorded(TraceMode::Full, (0..25).chain(90..95));
        let parting = left.first_divergence(&right).unwrap();
        assert_eq!((parting.index, parting.may_be_earlier), (25, true));
        assert_eq!(parting.before, (20..25).map(call).collect::<Vec<_>>());
    }

    #[test]
    fn a_difference_that_nobody_keeps_is_still_reported() {
        let left = recorded(TraceMode::Ring(2), [1, 2, 3, 4]);
        let right = recorded(TraceMode::Ring(2), [9, 2, 3, 4]);
        let parting = left.first_divergence(&right).unwrap();
        assert!(parting.may_be_earlier);
        assert_eq!(
            parting.to_string(),
            "the traces differ before record 3, in records no longer kept\n"
        );
    }

    #[test]
    fn forks_are_compared_beyond_the_chunks_they_share() {
        let mut left = recorded(TraceMode::Full, 0..70_000);
        let mut right = left.clone();
        left.push(call(1));
        right.push(call(2));
        let parting = left.first_divergence(&right).unwrap();
        assert_eq!((parting.index, parting.may_be_earlier), (70_000, false));
        assert_eq!(parting.before.len(), CONTEXT);
    }
}
