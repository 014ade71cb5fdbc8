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

/// No stream has this number: there are fewer purposes.
const NO_STREAM: u64 = u64::MAX;

/// The first blocks of four neighbours.
type Group = [u64; NEIGHBOURS * BLOCK];

/// The cipher with its key set up, and the groups that were computed last.
///
/// What is decided about one task is soon decided about the next, so that three of four openings find their words here.
/// Which groups are kept has no influence on any word.
#[derive(Clone)]
pub(super) struct Blocks {
    keyed: ChaCha8Core,
    kept: [Kept; KEPT],
}

/// The group of a stream.
#[derive(Clone)]
struct Kept {
    stream: Cell<u64>,
    group: Cell<Group>,
}

impl Kept {
    const fn nothing() -> Self {
        Self {
            stream: Cell::new(NO_STREAM),
            group: Cell::new([0; NEIGHBOURS * BLOCK]),
        }
    }
}

impl Blocks {
    /// The blocks under this key.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self {
            keyed: ChaCha8Core::from_seed(key),
            kept: [const { Kept::nothing() }; KEPT],
        }
    }

    /// The first block at an address.
    pub(super) fn first(&self, address: Address) -> [u64; BLOCK] {
        let (stream, lane) = shared(address);
        let kept = &self.kept[address.purpose() as usize % KEPT];
        if kept.stream.get() != stream {
            kept.group.set(group(&self.keyed, stream, 0));
            kept.stream.set(stream);
        }
        let words: &Cell<[u64]> = &kept.group;
        let words = &words.as_slice_of_cells()[lane * BLOCK..][..BLOCK];
        std::array::from_fn(|nth| words[nth].get())
    }

    /// What it takes to compute the blocks after the first.
    pub(super) fn rest(&self, address: Address) -> Rest {
        Rest {
            keyed: self.keyed.clone(),
            address,
            taken: 1,
        }
    }
}

/// The blocks at an address after the first.
#[derive(Clone)]
pub(super) struct Rest {
    keyed: ChaCha8Core,
    address: Address,
    /// Blocks taken so far.
    taken: u64,
}

impl Rest {
    /// The next block.
    #[cold]
    pub(super) fn next(&mut self) -> [u64; BLOCK] {
        let (stream, lane) = shared(self.address);
        let group = group(&self.keyed, stream, self.taken);
        self.taken += 1;
        std::array::from_fn(|nth| group[lane * BLOCK + nth])
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

/// The `nth` block of each of the neighbours on a stream: block `k` of the one in place `l` is block `4 k + l` of the
/// stream.
fn group(keyed: &ChaCha8Core, stream: u64, nth: u64) -> Group {
    let mut cipher = ChaCha8Rng::from(keyed.clone());
    cipher.set_stream(stream);
    if nth > 0 {
        let halves = 2 * NEIGHBOURS * BLOCK;
        cipher.set_word_pos(u128::from(nth) * halves as u128);
    }
    let mut bytes = [0; 8 * NEIGHBOURS * BLOCK];
    cipher.fill_bytes(&mut bytes);
    let mut group = [0; NEIGHBOURS * BLOCK];
    for (word, bytes) in group.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().expect("a word is eight bytes"));
    }
    group
}
