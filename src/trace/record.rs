//! Records: what happened, in 24 bytes each.

use crate::ledger::{Change, Event};
use crate::time::SimTime;

use super::encode;
use super::kind::Kind;

/// One thing that happened: the cause of a step, or one change it made.
///
/// A record has a fixed size and owns nothing, so that keeping one costs a few nanoseconds. What does not fit (the
/// specification of a task definition, say) is represented by its fingerprint in a record of kind
/// [`Kind::Content`] that follows. `Display` writes the line described in `docs/trace.md`, without the end of line;
/// serde writes and reads the JSON form.
///
/// ```
/// use wavetank::SimTime;
/// use wavetank::trace::{Kind, Record};
///
/// let record = Record::of_call(SimTime::from_millis(5_700), 12);
/// assert_eq!(record.to_string(), "5.700s #12 call");
/// assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When, in simulated time.
    pub at: SimTime,
    /// In which step: the low 32 bits of the step's number.
    pub step: u32,
    /// What it tells of.
    pub kind: Kind,
    /// A word or flags; what they mean depends on the kind (docs/trace.md, "Fields by kind").
    pub detail: u8,
    /// A small number, such as the index of a container.
    pub more: u16,
    /// The number of what it is about: a task for most kinds.
    pub a: u32,
    /// Another number, such as the container instance or an exit code.
    pub b: u32,
}

impl Record {
    /// The size of a record in bytes.
    pub const SIZE: usize = 24;

    /// A record that tells nothing but its kind.
    pub(super) const fn blank(at: SimTime, step: u64, kind: Kind) -> Self {
        Self {
            at,
            // Truncation is meant: a run of more than 2^32 steps still has an order by position.
            step: step as u32,
            kind,
            detail: 0,
            more: 0,
            a: 0,
            b: 0,
        }
    }

    /// The cause of a step that the user made by calling the simulation.
    #[must_use]
    pub const fn of_call(at: SimTime, step: u64) -> Self {
        Self::blank(at, step, Kind::Call)
    }

    /// The cause of a step that an event made.
    #[must_use]
    pub fn of_event(at: SimTime, step: u64, event: &Event) -> Self {
        encode::event(at, step, event)
    }

    /// One change that a step made.
    ///
    /// When [`Record::content`] has something to say of the change, a record of that has to follow.
    #[must_use]
    pub fn of_change(at: SimTime, step: u64, change: &Change) -> Self {
        encode::change(at, step, change)
    }

    /// Appends to `bytes` what does not fit into the record of a change, and says whether there was anything.
    ///
    /// The bytes are canonical: they come from typed values without floats or unordered maps.
    pub fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
        encode::content(change, bytes)
    }

    /// The fingerprint of what did not fit into a record of `kind`: the first eight bytes of its digest.
    #[must_use]
    pub fn of_content(at: SimTime, step: u64, kind: Kind, bytes: &[u8]) -> Self {
        encode::content_record(at, step, kind, bytes)
    }

    /// The bytes that enter the digest: the fields in their order, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[0..8].copy_from_slice(&self.at.as_nanos().to_le_bytes());
        bytes[8..12].copy_from_slice(&self.step.to_le_bytes());
        bytes[12] = self.kind.number();
        bytes[13] = self.detail;
        bytes[14..16].copy_from_slice(&self.more.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.a.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.b.to_le_bytes());
        bytes
    }

    /// The record with these bytes; `None` when no kind has their number.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Some(Self {
            at: SimTime::from_nanos(u64::from(word(0)) | u64::from(word(4)) << 32),
            step: word(8),
            kind: Kind::from_number(bytes[12])?,
            detail: bytes[13],
            more: u16::from_le_bytes([bytes[14], bytes[15]]),
            a: word(16),
            b: word(20),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_takes_24_bytes_in_memory_too() {
        assert_eq!(size_of::<Record>(), Record::SIZE);
    }

    #[test]
    fn the_bytes_of_the_format_never_move() {
        let record = Record {
            at: SimTime::from_nanos(0x0102_0304_0506_0708),
            step: 0x1112_1314,
            kind: Kind::TaskPlaced,
            detail: 0x21,
            more: 0x3132,
            a: 0x4142_4344,
            b: 0x5152_5354,
        };
        assert_eq!(
            record.to_bytes(),
            [
                8, 7, 6, 5, 4, 3, 2, 1, 0x14, 0x13, 0x12, 0x11, 96, 0x21, 0x32, 0x31, 0x44, 0x43,
                0x42, 0x41, 0x54, 0x53, 0x52, 0x51
            ]
        );
    }

    #[test]
    fn bytes_with_an_unknown_kind_are_no_record() {
        let mut bytes = Record::of_call(SimTime::ZERO, 0).to_bytes();
        bytes[12] = 0;
        assert_eq!(Record::from_bytes(&bytes), None);
    }

    proptest! {
        #[test]
        fn bytes_lose_nothing(
            at: u64,
            step: u32,
            kind in prop::sample::select(Kind::ALL),
            detail: u8,
            more: u16,
            a: u32,
            b: u32,
        ) {
            let record = Record { at: SimTime::from_nanos(at), step, kind, detail, more, a, b };
            prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
            let json = serde_json::to_string(&record).unwrap();
            prop_assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
        }
    }
}
