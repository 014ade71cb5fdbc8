//! The keyed permutation behind opaque ids: four rounds of a Feistel network over two halves.

/// A family of permutations of pairs of equally wide numbers, keyed by a seed.
///
/// It scatters neighbouring inputs; it is not meant to withstand an attacker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Permutation {
    round_keys: [u64; 4],
}

impl Permutation {
    /// The permutation of this seed; its keys are the first four outputs of SplitMix64.
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        Self {
            round_keys: [(); 4].map(|()| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                mix(state)
            }),
        }
    }

    /// The image of a pair whose halves lie within `mask`, which is 2ⁿ - 1; so do the image's.
    pub(super) fn apply(&self, mut left: u64, mut right: u64, mask: u64) -> (u64, u64) {
        debug_assert!(left <= mask && right <= mask);
        for key in self.round_keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        (left, right)
    }

    /// The pair whose image under the full mask is this one.
    pub(super) fn invert(&self, mut left: u64, mut right: u64) -> (u64, u64) {
        for key in self.round_keys.into_iter().rev() {
            (left, right) = (right ^ mix(left ^ key), left);
        }
        (left, right)
    }

    /// The image of a single word under a permutation of words.
    pub(super) fn apply_word(&self, word: u64) -> u64 {
        mix(word ^ self.round_keys[0])
    }
}

/// The finaliser of SplitMix64, a bijection (Steele, Lea and Flood 2014, constants of variant 13).
const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_keys_are_those_of_split_mix() {
        // The first outputs of SplitMix64 seeded with zero, as published with its reference code.
        let keys = Permutation::new(0).round_keys;
        assert_eq!(keys[0], 0xe220_a839_7b1d_cdaf);
        assert_eq!(keys[1], 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn neighbours_do_not_look_alike() {
        let permutation = Permutation::new(0);
        for number in 0..1000 {
            let here = permutation.apply(number, 0, u64::MAX);
            let next = permutation.apply(number + 1, 0, u64::MAX);
            let changed = (here.0 ^ next.0).count_ones() + (here.1 ^ next.1).count_ones();
            assert!(
                (32..=96).contains(&changed),
                "{number}: {changed} of 128 bits"
            );
        }
    }

    #[test]
    fn a_narrow_permutation_is_one_to_one() {
        let permutation = Permutation::new(3);
        let mut seen = [false; 256];
        for pair in 0..256 {
            let (left, right) = permutation.apply(pair >> 4, pair & 15, 15);
            assert!(left < 16 && right < 16, "the image stays within the mask");
            let image = (left << 4 | right) as usize;
            assert!(!seen[image], "two pairs share the image {image}");
            seen[image] = true;
        }
    }

    proptest! {
        #[test]
        fn inverting_undoes_applying(seed: u64, left: u64, right: u64) {
            let permutation = Permutation::new(seed);
            let (a, b) = permutation.apply(left, right, u64::MAX);
            prop_assert_eq!(permutation.invert(a, b), (left, right));
        }
    }
}
