//! Records: what happened, in 24 bytes each.

use std::fmt;

use crate::ledger::{Change, Event};
use crate::time::SimTime;

use super::kind::Kind;
use super::{content, encode};

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
/// assert_eq!(record.kind(), Kind::Call);
/// assert_eq!(record.to_string(), "5.700s #12 call");
/// assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Record {
    at: SimTime,
    /// See [`Told`]; the kind is always the number of one.
    ///
    /// Whole words are faster than fields of their own: small writes read again as a large one stall the processor.
    word: u64,
    /// From the lowest bit: step (32 bits), b (32).
    rest: u64,
}

impl Record {
    /// The size of a record in bytes.
    pub const SIZE: usize = 24;

    /// Half of that: what it tells, or when.
    pub(super) const HALF: usize = 12;

    /// A record of what is told. Of the step it keeps the low 32 bits.
    #[inline]
    pub(super) const fn new(at: SimTime, step: u64, told: Told) -> Self {
        let rest = step & 0xFFFF_FFFF | (told.b as u64) << 32;
        let word = told.word;
        Self { at, word, rest }
    }

    /// The cause of a step that the user made by calling the simulation.
    #[must_use]
    pub const fn of_call(at: SimTime, step: u64) -> Self {
        Self::new(at, step, Told::of(Kind::Call))
    }

    /// The cause of a step that an event made.
    #[must_use]
    pub fn of_event(at: SimTime, step: u64, event: &Event) -> Self {
        Self::new(at, step, encode::event(event))
    }

    /// One change that a step made.
    ///
    /// When [`Record::content`] has something to say of the change, a record of that has to follow.
    #[must_use]
    pub fn of_change(at: SimTime, step: u64, change: &Change) -> Self {
        Self::new(at, step, encode::change(at, change))
    }

    /// Appends to `bytes` what does not fit into the record of a change, and says whether there was anything.
    ///
    /// The bytes are canonical: they come from typed values without floats or unordered maps.
    pub fn content(change: &Change, bytes: &mut Vec<u8>) -> bool {
        content::of_change(change, bytes)
    }

    /// The fingerprint of what did not fit into a record of `kind`: the first eight bytes of its digest.
    #[must_use]
    pub fn of_content(at: SimTime, step: u64, kind: Kind, bytes: &[u8]) -> Self {
        content::record(at, step, kind, bytes)
    }

    /// When, in simulated time.
    #[must_use]
    pub const fn at(&self) -> SimTime {
        self.at
    }

    /// In which step: the low 32 bits of its number, which for a call is that of the event before it.
    #[must_use]
    pub const fn step(&self) -> u32 {
        self.rest as u32
    }

    /// What it tells of.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.word as u8).expect("a record is made with a kind")
    }

    /// A word or flags; what they mean depends on the kind (docs/trace.md).
    #[must_use]
    pub const fn detail(&self) -> u8 {
        (self.word >> 8) as u8
    }

    /// A small number, such as the index of a container.
    #[must_use]
    pub const fn more(&self) -> u16 {
        (self.word >> 16) as u16
    }

    /// The number of what it is about: a task for most kinds.
    #[must_use]
    pub const fn a(&self) -> u32 {
        (self.word >> 32) as u32
    }

    /// Another number, such as the container instance or an exit code.
    #[must_use]
    pub const fn b(&self) -> u32 {
        (self.rest >> 32) as u32
    }

    /// What it tells, whenever it was.
    pub(super) const fn told(&self) -> Told {
        let (word, b) = (self.word, self.b());
        Told { word, b }
    }

    /// Its bytes, little-endian: at (8), step (4), kind (1), detail (1), more (2), a (4), b (4).
    ///
    /// The digest takes the second half of every record, and behind that the first half of each cause: the changes that follow were
    /// made at the same time and in the same step.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&self.at.as_nanos().to_le_bytes());
        bytes[8..12].copy_from_slice(&self.step().to_le_bytes());
        bytes[12..20].copy_from_slice(&self.word.to_le_bytes());
        bytes[20..].copy_from_slice(&self.b().to_le_bytes());
        bytes
    }

    /// The record with these bytes; `None` when no kind has their number.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let number = |from: usize, size: usize| {
            (0..size).fold(0, |word, byte| {
                word | u64::from(bytes[from + byte]) << (8 * byte)
            })
        };
        Kind::from_number(bytes[12])?;
        Some(Self {
            at: SimTime::from_nanos(number(0, 8)),
            word: number(12, 8),
            rest: number(8, 4) | number(20, 4) << 32,
        })
    }
}

/// What a record tells, whenever that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// From the lowest bit: kind (8 bits), detail (8), more (16), a (32).
    pub(super) word: u64,
    pub(super) b: u32,
}

impl Told {
    /// Nothing but its kind.
    #[inline]
    pub(super) const fn of(kind: Kind) -> Self {
        let word = kind.number() as u64;
        Self { word, b: 0 }
    }

    #[inline]
    pub(super) const fn with_detail(self, detail: u8) -> Self {
        let word = self.word & !0xFF00 | (detail as u64) << 8;
        Self { word, ..self }
    }

    #[inline]
    pub(super) const fn with_more(self, more: u16) -> Self {
        let word = self.word & !0xFFFF_0000 | (more as u64) << 16;
        Self { word, ..self }
    }

    #[inline]
    pub(super) const fn with_a(self, a: u32) -> Self {
        let word = self.word & 0xFFFF_FFFF | (a as u64) << 32;
        Self { word, ..self }
    }

    #[inline]
    pub(super) const fn with_b(self, b: u32) -> Self {
        Self { b, ..self }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("at", &self.at)
            .field("step", &self.step())
            .field("kind", &self.kind())
            .field("detail", &self.detail())
            .field("more", &self.more())
            .field("a", &self.a())
            .field("b", &self.b())
            .finish()
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
        let at = SimTime::from_nanos(0x0102_0304_0506_0708);
        let told = Told::of(Kind::TaskPlaced)
            .with_detail(0x21)
            .with_more(0x3132)
            .with_a(0x4142_4344)
            .with_b(0x5152_5354);
        let record = Record::new(at, 0xFFFF_FFFF_1112_1314, told);
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
        fn every_field_keeps_to_its_bits(
            at: u64,
            step: u64,
            kind in prop::sample::select(Kind::ALL),
            detail: u8,
            more: u16,
            a: u32,
            b: u32,
        ) {
            let blank = Told::of(kind);
            let full = blank.with_detail(u8::MAX).with_more(u16::MAX).with_a(u32::MAX).with_b(u32::MAX);
            for start in [blank, full] {
                let told = start.with_detail(detail).with_more(more).with_a(a).with_b(b);
                let record = Record::new(SimTime::from_nanos(at), step, told);
                prop_assert_eq!((record.at().as_nanos(), record.step(), record.kind()), (at, step as u32, kind));
                prop_assert_eq!((record.detail(), record.more(), record.a(), record.b()), (detail, more, a, b));
                prop_assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record));
                let json = serde_json::to_string(&record).unwrap();
                prop_assert_eq!(serde_json::from_str::<Record>(&json).unwrap(), record);
            }
        }
    }
}
