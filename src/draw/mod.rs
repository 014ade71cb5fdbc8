//! Randomness with an address: every random decision is a function of the seed and of what it is about.
//!
//! No generator is kept anywhere, only the words that were computed last. [`Draws::at`] opens one
//! [`Address`], that is one purpose, one subject and one attempt; what other subjects do cannot
//! change what is found there. An override replaces what an address answers, which is how a run is
//! replayed, shrunk or forced into a corner.
//!
//! All results are integers and all algorithms are written here, so they never move with a
//! dependency: golden values pin them. Logarithm and exponential come from `libm`, which gives
//! equal bits on every platform.

mod address;
mod block;
mod latency;
mod ratio;
mod stream;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::digest::Digest;

use self::block::Blocks;

pub use self::address::{Address, Purpose};
pub use self::latency::{Latency, LatencyError};
pub use self::ratio::{Ratio, RatioError};
pub use self::stream::Draw;

/// All the randomness of a simulation: a seed, and what was overridden.
///
/// ```
/// use wavetank::draw::{Draws, Purpose};
///
/// let draws = Draws::new(42);
/// let first = draws.at(Purpose::Pull, 7, 0).below(1000);
/// // Opening other addresses in between changes nothing.
/// draws.at(Purpose::Pull, 8, 0).below(1000);
/// assert_eq!(draws.at(Purpose::Pull, 7, 0).below(1000), first);
/// ```
#[derive(Clone)]
pub struct Draws {
    seed: u64,
    /// What an address answers first, instead of the first word of its stream.
    overrides: BTreeMap<Address, u64>,
    /// The words at each address.
    blocks: Blocks,
}

impl Draws {
    /// The randomness of this seed, with nothing overridden.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            overrides: BTreeMap::new(),
            blocks: Blocks::new(key(seed)),
        }
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Makes `address` answer `word` first; an earlier override of the address is replaced.
    ///
    /// Only the first word is replaced. The words after it are those the stream would have
    /// given anyway, and every other address answers as before.
    pub fn override_at(&mut self, address: Address, word: u64) {
        self.overrides.insert(address, word);
    }

    /// Makes the first choice at `address`, one of `n`, come out as the `k`-th, counted from zero.
    ///
    /// # Panics
    ///
    /// When `k` is not below `n`.
    pub fn force_choice(&mut self, address: Address, k: u64, n: u64) {
        self.override_at(address, Draw::word_choosing(k, n));
    }

    /// Ends the override of `address`, and returns the word it answered.
    pub fn remove_override(&mut self, address: Address) -> Option<u64> {
        self.overrides.remove(&address)
    }

    /// What is overridden, in the order of addresses.
    pub fn overrides(&self) -> impl Iterator<Item = (Address, u64)> + '_ {
        self.overrides
            .iter()
            .map(|(&address, &word)| (address, word))
    }

    /// Opens the stream of one address at its start.
    ///
    /// Its first eight words are computed with those of the neighbouring subjects, and the others eight at a time as they
    /// are taken. A decision that needs several words should take them all from one `Draw`.
    ///
    /// # Panics
    ///
    /// When `subject` needs more than 40 bits.
    #[must_use]
    pub fn at(&self, purpose: Purpose, subject: u64, nth: u16) -> Draw {
        self.open(purpose, subject, nth)
    }

    /// The same, built into where it is asked for: a draw is long, and often it is asked for one word.
    #[inline(always)]
    pub(crate) fn open(&self, purpose: Purpose, subject: u64, nth: u16) -> Draw {
        let address = Address::new(purpose, subject, nth);
        let forced = if self.overrides.is_empty() {
            None
        } else {
            self.overrides.get(&address).copied()
        };
        Draw::new(
            self.blocks.first(address),
            self.blocks.rest(address),
            forced,
        )
    }

    /// How long something takes: a sample of `latency` at an address.
    ///
    /// A latency that is constant opens no address, and no override can change it.
    ///
    /// # Panics
    ///
    /// When the latency is not constant and `subject` needs more than 40 bits.
    #[must_use]
    #[inline]
    pub fn duration(
        &self,
        latency: &Latency,
        purpose: Purpose,
        subject: u64,
        nth: u16,
    ) -> Duration {
        match latency.as_fixed() {
            Some(fixed) => fixed,
            None => self.varied(latency, purpose, subject, nth),
        }
    }

    /// The same for a latency that is not plainly fixed.
    #[inline(never)]
    fn varied(&self, latency: &Latency, purpose: Purpose, subject: u64, nth: u16) -> Duration {
        match latency.as_constant() {
            Some(constant) => constant,
            None => latency.sample_of_several(&mut self.open(purpose, subject, nth)),
        }
    }
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draws")
            .field("seed", &self.seed)
            .field("overrides", &self.overrides)
            .finish_non_exhaustive()
    }
}

/// The key of the cipher. Hashing spreads seeds that differ in a bit, and keeps these streams
/// apart from anything else that is keyed by the seed.
fn key(seed: u64) -> [u8; 32] {
    let mut text = *b"wavetank draws: 00000000";
    text[16..].copy_from_slice(&seed.to_le_bytes());
    *Digest::of(&text).as_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    const PURPOSES: [Purpose; 3] = [Purpose::Pull, Purpose::Start, Purpose::Stop];

    fn words(draws: &Draws, purpose: Purpose, subject: u64, nth: u16) -> [u64; 4] {
        let mut draw = draws.at(purpose, subject, nth);
        [(); 4].map(|()| draw.word())
    }

    #[test]
    fn known_addresses_keep_their_words() {
        let draws = Draws::new(42);
        assert_eq!(
            draws.at(Purpose::PlacementTie, 0, 0).word(),
            8_306_420_297_068_558_309
        );
        assert_eq!(
            draws.at(Purpose::Pull, 17, 3).word(),
            18_197_455_828_630_087_278
        );
    }

    #[test]
    fn four_neighbours_share_a_stream_of_the_cipher_and_have_its_blocks_in_turn() {
        let mut cipher = ChaCha8Rng::from_seed(key(9));
        cipher.set_stream((4 << 56) + (16 << 16) + 3);
        let blocks: Vec<[u64; 8]> = (0..12)
            .map(|_| [(); 8].map(|()| cipher.next_u64()))
            .collect();
        let draws = Draws::new(9);
        for subject in [18, 16, 17, 19] {
            let lane = subject as usize - 16;
            let mut draw = draws.at(Purpose::Pull, subject, 3);
            for block in [&blocks[lane], &blocks[4 + lane], &blocks[8 + lane]] {
                assert_eq!(
                    [(); 8].map(|()| draw.word()),
                    *block,
                    "of subject {subject}"
                );
            }
        }
    }

    #[test]
    fn what_was_opened_before_has_no_influence() {
        let used = Draws::new(5);
        for turn in 0..4_000_u64 {
            let luck = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let purpose = PURPOSES[(luck % 3) as usize];
            let (subject, nth) = ((luck >> 8) % 24, (luck >> 16) as u16 % 3);
            assert_eq!(
                words(&used, purpose, subject, nth),
                words(&Draws::new(5), purpose, subject, nth)
            );
        }
    }

    #[test]
    fn seeds_purposes_subjects_and_attempts_all_matter() {
        let here = words(&Draws::new(1), Purpose::Pull, 5, 0);
        assert_ne!(here, words(&Draws::new(2), Purpose::Pull, 5, 0));
        assert_ne!(here, words(&Draws::new(1), Purpose::Start, 5, 0));
        assert_ne!(here, words(&Draws::new(1), Purpose::Pull, 6, 0));
        assert_ne!(here, words(&Draws::new(1), Purpose::Pull, 5, 1));
    }

    #[test]
    fn a_forced_choice_comes_out_as_told_and_can_be_taken_back() {
        let mut draws = Draws::new(3);
        let address = Address::new(Purpose::PlacementTie, 8, 0);
        let natural = words(&draws, Purpose::PlacementTie, 8, 0);
        for k in 0..7 {
            draws.force_choice(address, k, 7);
            assert_eq!(draws.at(Purpose::PlacementTie, 8, 0).below(7), k);
        }
        let forced = words(&draws, Purpose::PlacementTie, 8, 0);
        assert_eq!(forced[1..], natural[1..], "only the first word is replaced");
        assert_eq!(draws.overrides().count(), 1);
        assert_eq!(draws.remove_override(address), Some(forced[0]));
        assert_eq!(words(&draws, Purpose::PlacementTie, 8, 0), natural);
    }

    #[test]
    fn a_constant_latency_opens_no_address() {
        let mut draws = Draws::new(3);
        let constant = Latency::Fixed(Duration::from_secs(4));
        draws.override_at(Address::new(Purpose::Run, 1, 0), u64::MAX);
        let taken = draws.duration(&constant, Purpose::Run, 1, 0);
        assert_eq!(taken, Duration::from_secs(4));
        // A subject this large has no address, so this would panic if one were opened.
        let taken = draws.duration(&constant, Purpose::Run, u64::MAX, 0);
        assert_eq!(taken, Duration::from_secs(4));
    }

    proptest! {
        #[test]
        fn an_override_changes_one_address_alone(
            seed: u64,
            purpose in prop::sample::select(PURPOSES.as_slice()),
            subject in 0..20_u64,
            nth in 0..3_u16,
            word: u64,
        ) {
            let natural = Draws::new(seed);
            let mut forced = natural.clone();
            forced.override_at(Address::new(purpose, subject, nth), word);
            prop_assert_eq!(forced.at(purpose, subject, nth).word(), word);
            for other_purpose in PURPOSES {
                for other in 0..20 {
                    for attempt in 0..3 {
                        if (other_purpose, other, attempt) != (purpose, subject, nth) {
                            prop_assert_eq!(
                                words(&forced, other_purpose, other, attempt),
                                words(&natural, other_purpose, other, attempt)
                            );
                        }
                    }
                }
            }
        }

        #[test]
        fn asking_again_gives_the_same_answer(seed: u64, subject in 0..1_u64 << 40, nth: u16) {
            let draws = Draws::new(seed);
            let first = words(&draws, Purpose::Report, subject, nth);
            prop_assert_eq!(words(&draws.clone(), Purpose::Report, subject, nth), first);
        }
    }
}
