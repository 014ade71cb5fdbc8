//! The words at an address, computed for four neighbouring subjects at once.

use std::cell::Cell;
use std::fmt;

use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_chacha::{ChaCha8Core, ChaCha8Rng};

use super::address::{Address, SUBJECT_SHIFT};

/// Words of one block of the cipher.
pub(super) const BLOCK: usize = 8;

/// Subjects whose words the cipher computes together: it always makes four blocks at a time.
const NEIGHBOURS: usize = 4;

/// Groups that are kept, each for other purposes.
const KEPT: usize = 8;

/// The key of the cipher.
type Key = [u8; 32];

/// No stream has this number: there are fewer purposes.
const NO_STREAM: u64 = u64::MAX;

/// Words of a block of each of four neighbours.
const GROUP: usize = NEIGHBOURS * BLOCK;

/// The cipher with its key set up, and the groups that were computed last.
///
/// What is decided about one task is soon decided about the next, so that three of four openings find their words here.
/// Which groups are kept has no influence on any word.
#[derive(Clone)]
pub(super) struct Blocks {
    key: Key,
    keyed: ChaCha8Core,
    kept: [Kept; KEPT],
}

/// The group of a stream.
#[derive(Clone)]
struct Kept {
    stream: Cell<u64>,
    words: Cell<[u64; GROUP]>,
}

impl Kept {
    const fn nothing() -> Self {
        Self {
            stream: Cell::new(NO_STREAM),
            words: Cell::new([0; GROUP]),
        }
    }

    #[inline]
    fn words(&self) -> &[Cell<u64>] {
        let words: &Cell<[u64]> = &self.words;
        words.as_slice_of_cells()
    }
}

impl Blocks {
    /// The blocks under this key.
    pub(super) fn new(key: Key) -> Self {
        Self {
            key,
            keyed: ChaCha8Core::from_seed(key),
            kept: [const { Kept::nothing() }; KEPT],
        }
    }

    /// The first block at an address.
    #[inline]
    pub(super) fn first(&self, address: Address) -> [u64; BLOCK] {
        let (stream, lane) = shared(address);
        let kept = &self.kept[address.purpose() as usize % KEPT];
        if kept.stream.get() != stream {
            self.keep(kept, stream);
        }
        let words = &kept.words()[lane * BLOCK..][..BLOCK];
        std::array::from_fn(|nth| words[nth].get())
    }

    #[cold]
    fn keep(&self, kept: &Kept, stream: u64) {
        let group = group(&self.keyed, stream, 0);
        for (kept, word) in kept.words().iter().zip(words(&group)) {
            kept.set(word);
        }
        kept.stream.set(stream);
    }

    /// What it takes to compute the blocks after the first.
    #[inline]
    pub(super) fn rest(&self, address: Address) -> Rest {
        Rest {
            key: self.key,
            address,
            taken: 1,
        }
    }
}

/// The blocks at an address after the first.
#[derive(Clone)]
pub(super) struct Rest {
    /// Not set up: few draws need more than the first block.
    key: Key,
    address: Address,
    /// Blocks taken so far.
    taken: u64,
}

impl Rest {
    /// The next block.
    pub(super) fn next(&mut self) -> [u64; BLOCK] {
        let (stream, lane) = shared(self.address);
        let keyed = ChaCha8Core::from_seed(self.key);
        let group = group(&keyed, stream, self.taken);
        self.taken += 1;
        let mut words = words(&group).skip(lane * BLOCK);
        std::array::from_fn(|_| words.next().expect("a group has a block of each"))
    }
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest")
            .field("address", &self.address)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

/// The stream that an address shares with its neighbours, and its place among them.
const fn shared(address: Address) -> (u64, usize) {
    let lane = address.subject() as usize % NEIGHBOURS;
    (address.stream() - ((lane as u64) << SUBJECT_SHIFT), lane)
}

/// The `nth` block of each of the neighbours on a stream, in bytes: block `k` of the one in place `l` is block `4 k + l` of
/// the stream.
fn group(keyed: &ChaCha8Core, stream: u64, nth: u64) -> [u8; 8 * GROUP] {
    let mut cipher = ChaCha8Rng::from(keyed.clone());
    cipher.set_stream(stream);
    if nth > 0 {
        let halves = 2 * GROUP;
        cipher.set_word_pos(u128::from(nth) * halves as u128);
    }
    let mut bytes = [0; 8 * GROUP];
    cipher.fill_bytes(&mut bytes);
    bytes
}

/// The words of a group.
#[inline]
fn words(group: &[u8; 8 * GROUP]) -> impl Iterator<Item = u64> {
    let words = group.chunks_exact(8);
    words.map(|bytes| u64::from_le_bytes(bytes.try_into().expect("a word is eight bytes")))
}
