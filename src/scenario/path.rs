//! From the paths that a reader reports to JSON pointers.

use serde_path_to_error::{Path, Segment};

use crate::scenario::pointer;

/// `path` as a JSON pointer, as far as it is known.
///
/// The names of enum variants are left out: in JSON they are keys, which the reader
/// reports as well, or nothing at all.
pub(super) fn pointer_of(path: &Path) -> String {
    let mut whole = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => whole = pointer::element(&whole, *index),
            Segment::Map { key } => whole = pointer::member(&whole, key),
            Segment::Enum { .. } => {}
            Segment::Unknown => break,
        }
    }
    whole
}
