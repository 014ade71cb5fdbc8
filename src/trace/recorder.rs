//! The recorder: the digest of all records, and those that are kept.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::digest::{Chain, Digest};
use crate::ledger::{Change, Event};
use crate::time::SimTime;

use super::diff::Divergence;
use super::encode;
use super::kind::Kind;
use super::record::{Record, Told};

/// Records in one chunk of a full trace: 1.5 MiB.
const CHUNK: usize = 64 * 1024;

/// Halves of records handed to the chain at once, so that a push is a few writes into memory near at hand.
const BATCH: usize = 256;

/// Which records a simulation keeps. The digest covers all of them in every mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceMode {
    /// None.
    Off,
    /// The newest so many.
    Ring(usize),
    /// All.
    Full,
}

impl Default for TraceMode {
    /// The newest 256: enough to see what led to a violation.
    fn default() -> Self {
        Self::Ring(256)
    }
}

/// What happened so far: a digest of every record, and the records that its mode keeps.
///
/// A clone goes its own way. Of a full trace it copies only the newest chunk of at most 65,536 records; the older
/// ones are shared. `Display` writes the kept records line by line.
///
/// ```
/// use wavetank::SimTime;
/// use wavetank::trace::{Record, Recorder, TraceMode};
///
/// let mut trace = Recorder::new(TraceMode::Ring(2));
/// for step in 1..=3 {
///     trace.push(Record::of_call(SimTime::from_secs(step), step));
/// }
/// assert_eq!(trace.len(), 3);
/// assert_eq!(trace.to_string(), "2.000s #2 call\n3.000s #3 call\n");
/// ```
#[derive(Clone)]
pub struct Recorder {
    /// Of all records but those in `batch`.
    chain: Chain,
    /// What the newest records add to the digest; the first `filled` of these count, which are never all.
    batch: Box<[[u8; Record::HALF]; BATCH]>,
    filled: usize,
    len: u64,
    kept: Kept,
    /// Empty between calls; keeps its capacity.
    scratch: Vec<u8>,
}

#[derive(Clone)]
enum Kept {
    Nothing,
    /// Once full, the oldest record is at `oldest`.
    Ring {
        records: Vec<Record>,
        most: usize,
        oldest: usize,
    },
    /// Every sealed chunk holds exactly [`CHUNK`] records.
    All {
        sealed: Vec<Arc<Vec<Record>>>,
        open: Vec<Record>,
    },
}

impl Recorder {
    /// A recorder that has seen nothing.
    #[must_use]
    pub fn new(mode: TraceMode) -> Self {
        let kept = match mode {
            TraceMode::Off | TraceMode::Ring(0) => Kept::Nothing,
            TraceMode::Ring(most) => Kept::Ring {
                records: Vec::new(),
                most,
                oldest: 0,
            },
            TraceMode::Full => Kept::All {
                sealed: Vec::new(),
                open: Vec::new(),
            },
        };
        Self {
            chain: Chain::new(),
            batch: Box::new([[0; Record::HALF]; BATCH]),
            filled: 0,
            len: 0,
            kept,
            scratch: Vec::new(),
        }
    }

    /// Takes in a record.
    pub fn push(&mut self, record: Record) {
        let (told, at, step) = (record.told(), record.at(), record.step().into());
        if record.kind().is_cause() {
            self.push_cause(at, step, told);
        } else {
            self.push_told(at, step, told);
        }
    }

    /// Takes in the cause of a step that the user made.
    pub fn push_call(&mut self, at: SimTime, step: u64) {
        self.push_cause(at, step, Told::of(Kind::Call));
    }

    /// Takes in the cause of a step that an event made.
    #[inline]
    pub fn push_event(&mut self, at: SimTime, step: u64, event: &Event) {
        self.push_cause(at, step, encode::event(event));
    }

    /// Takes in a change, and the fingerprint of what does not fit into its record.
    #[inline(always)]
    pub fn push_change(&mut self, at: SimTime, step: u64, change: &Change) {
        match encode::plain(change) {
            Some(told) => self.push_told(at, step, told),
            None => self.push_whole(at, step, change),
        }
    }

    /// Takes in a change that may have content.
    #[cold]
    fn push_whole(&mut self, at: SimTime, step: u64, change: &Change) {
        let record = Record::of_change(at, step, change);
        self.push(record);
        if record.kind().may_have_content() {
            self.push_content(record.kind(), at, step, change);
        }
    }

    /// Takes in the fingerprint of what does not fit into the record of a change, if there is any such thing.
    fn push_content(&mut self, kind: Kind, at: SimTime, step: u64, change: &Change) {
        if Record::content(change, &mut self.scratch) {
            self.push(Record::of_content(at, step, kind, &self.scratch));
            self.scratch.clear();
        }
    }

    /// The digest of every record so far, kept or not.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut chain = self.chain.clone();
        chain.push(self.batch[..self.filled].as_flattened());
        chain.value()
    }

    /// How many records there were, kept or not.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was recorded yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The records kept, oldest first.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.kept_from(0)
    }

    /// The newest `count` of the records kept, oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = Record> + '_ {
        self.kept_from(self.kept_len().saturating_sub(count))
    }

    /// Where two traces part; `None` when they are equal so far.
    #[must_use]
    pub fn first_divergence(&self, other: &Self) -> Option<Divergence> {
        Divergence::of_recorders(self, other)
    }

    /// Writes the records kept as JSON, one to a line.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_json_lines<W: io::Write>(&self, mut out: W) -> io::Result<()> {
        for record in self.records() {
            serde_json::to_writer(&mut out, &record)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Takes in a cause: of that the digest takes when it was, too.
    #[inline]
    fn push_cause(&mut self, at: SimTime, step: u64, told: Told) {
        self.push_told(at, step, told);
        self.digest_half(at.as_nanos(), step as u32);
    }

    #[inline]
    fn push_told(&mut self, at: SimTime, step: u64, told: Told) {
        self.digest_half(told.word, told.b);
        self.len += 1;
        if !matches!(self.kept, Kept::Nothing) {
            self.keep(Record::new(at, step, told));
        }
    }

    /// Half a record enters the digest. Words from registers: read from memory in larger pieces than it was written in, a
    /// record would stall the processor for longer than all the rest takes.
    #[inline]
    fn digest_half(&mut self, long: u64, short: u32) {
        let half = &mut self.batch[self.filled];
        half[..8].copy_from_slice(&long.to_le_bytes());
        half[8..].copy_from_slice(&short.to_le_bytes());
        self.filled += 1;
        if self.filled == BATCH {
            self.seal_batch();
        }
    }

    #[cold]
    fn seal_batch(&mut self) {
        self.chain.push(self.batch.as_flattened());
        self.filled = 0;
    }

    /// Keeps a record as the mode says.
    #[inline(never)]
    fn keep(&mut self, record: Record) {
        match &mut self.kept {
            Kept::Nothing => {}
            Kept::Ring {
                records,
                most,
                oldest,
            } => {
                if records.len() < *most {
                    records.push(record);
                } else {
                    records[*oldest] = record;
                    *oldest = if *oldest + 1 == *most { 0 } else { *oldest + 1 };
                }
            }
            Kept::All { sealed, open } => {
                open.push(record);
                if open.len() == CHUNK {
                    sealed.push(Arc::new(std::mem::replace(open, Vec::with_capacity(CHUNK))));
                }
            }
        }
    }

    /// The records kept, from the `skipped`-th kept one on.
    pub(super) fn kept_from(&self, skipped: usize) -> impl Iterator<Item = Record> + '_ {
        let mut sealed: &[Arc<Vec<Record>>] = &[];
        let [first, second]: [&[Record]; 2] = match &self.kept {
            Kept::Nothing => [&[], &[]],
            Kept::Ring {
                records, oldest, ..
            } => [&records[*oldest..], &records[..*oldest]],
            Kept::All {
                sealed: chunks,
                open,
            } => {
                sealed = chunks;
                [open, &[]]
            }
        };
        let whole = (skipped / CHUNK).min(sealed.len());
        let chunks = sealed[whole..].iter().flat_map(|chunk| chunk.iter());
        chunks
            .chain(first)
            .chain(second)
            .skip(skipped - whole * CHUNK)
            .copied()
    }

    /// How many records are kept.
    pub(super) fn kept_len(&self) -> usize {
        match &self.kept {
            Kept::Nothing => 0,
            Kept::Ring { records, .. } => records.len(),
            Kept::All { sealed, open } => sealed.len() * CHUNK + open.len(),
        }
    }

    /// How many of the oldest records are one and the same memory in both, as after a fork.
    pub(super) fn shared_len(&self, other: &Self) -> usize {
        match (&self.kept, &other.kept) {
            (Kept::All { sealed: left, .. }, Kept::All { sealed: right, .. }) => {
                let same = left
                    .iter()
                    .zip(right)
                    .take_while(|(left, right)| Arc::ptr_eq(left, right));
                same.count() * CHUNK
            }
            _ => 0,
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new(TraceMode::default())
    }
}

impl fmt::Display for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.records()
            .try_for_each(|record| writeln!(f, "{record}"))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("len", &self.len)
            .field("kept", &self.kept_len())
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize) -> Record {
        Record::of_call(SimTime::from_secs(number as u64), number as u64)
    }

    fn recorded(mode: TraceMode, numbers: impl IntoIterator<Item = usize>) -> Recorder {
        let mut trace = Recorder::new(mode);
        numbers
            .into_iter()
            .for_each(|number| trace.push(record(number)));
        trace
    }

    fn steps(records: impl Iterator<Item = Record>) -> Vec<u32> {
        records.map(|record| record.step()).collect()
    }

    #[test]
    fn the_digest_does_not_depend_on_what_is_kept() {
        let modes = [
            TraceMode::Off,
            TraceMode::Ring(3),
            TraceMode::Ring(0),
            TraceMode::Full,
        ];
        let traces = modes.map(|mode| recorded(mode, 0..10));
        assert!(
            traces
                .iter()
                .all(|trace| trace.digest() == traces[0].digest())
        );
        assert_ne!(traces[0].digest(), recorded(TraceMode::Off, 0..9).digest());
        assert_ne!(
            traces[0].digest(),
            recorded(TraceMode::Off, (0..10).rev()).digest()
        );
    }

    #[test]
    fn the_digest_takes_what_is_told_and_of_causes_when() {
        let mut trace = Recorder::default();
        let mut chain = Chain::new();
        let at = SimTime::from_secs(3);
        for step in 1..=BATCH as u64 {
            let change = Record::new(at, step, Told::of(Kind::TaskPlaced).with_a(7).with_b(9));
            for record in [Record::of_call(at, step), change] {
                trace.push(record);
                let bytes = record.to_bytes();
                chain.push(&bytes[12..]);
                if record.kind().is_cause() {
                    chain.push(&bytes[..12]);
                }
                assert_eq!(trace.digest(), chain.value());
            }
        }
    }

    #[test]
    fn a_ring_keeps_the_newest_in_order() {
        for pushed in 0..12 {
            let trace = recorded(TraceMode::Ring(4), 0..pushed);
            let expected: Vec<u32> = (pushed.saturating_sub(4)..pushed)
                .map(|step| step as u32)
                .collect();
            assert_eq!(steps(trace.records()), expected);
            assert_eq!(
                steps(trace.last(2)),
                expected[expected.len().saturating_sub(2)..]
            );
            assert_eq!(trace.len(), pushed as u64);
        }
    }

    #[test]
    fn a_full_trace_keeps_everything_across_chunks() {
        let count = CHUNK + 5;
        let trace = recorded(TraceMode::Full, 0..count);
        assert!(trace.records().eq((0..count).map(record)));
        assert!(trace.last(9).eq((count - 9..count).map(record)));
        assert!(trace.last(3).eq((count - 3..count).map(record)));
    }

    #[test]
    fn a_fork_shares_sealed_chunks_and_then_goes_its_own_way() {
        let mut trace = recorded(TraceMode::Full, 0..CHUNK + 2);
        let mut fork = trace.clone();
        assert_eq!(trace.shared_len(&fork), CHUNK);
        trace.push(record(1));
        fork.push(record(2));
        assert_eq!(trace.last(1).next(), Some(record(1)));
        assert_eq!(fork.last(1).next(), Some(record(2)));
        assert_ne!(trace.digest(), fork.digest());
    }

    #[test]
    fn json_lines_read_back_as_the_same_records() {
        let trace = recorded(TraceMode::Full, 0..3);
        let mut out = Vec::new();
        trace.write_json_lines(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let read: Vec<Record> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert!(trace.records().eq(read));
    }
}
