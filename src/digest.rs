//! Digests: 32 bytes that stand for everything that was pushed before them.
//!
//! [`Chain`] chains the fingerprints of blocks, so a prefix of a long run has a value of its own
//! and the cost per record stays about a nanosecond.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use twox_hash::XxHash3_128;

const DIGEST_BYTES: usize = 32;

/// The bytes one sealed block covers.
const BLOCK_BYTES: usize = 64 * 1024;

/// A fingerprint of 32 bytes, written as 64 lower-case hexadecimal digits.
///
/// Made by [`Chain::value`] or [`Digest::of`]. Equal digests mean equal bytes, in practice
/// always: the hash is BLAKE3.
///
/// ```
/// use wavetank::Digest;
///
/// let digest = Digest::of(b"");
/// assert!(digest.to_string().starts_with("af1349b9f5f9a1a6"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; DIGEST_BYTES]);

impl Digest {
    /// The digest with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; DIGEST_BYTES]) -> Self {
        Self(bytes)
    }

    /// The BLAKE3 hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The bytes of this digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text was read as a [`Digest`] and is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct ParseDigestError;

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * DIGEST_BYTES {
            return Err(ParseDigestError);
        }
        let mut bytes = [0; DIGEST_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// A digest that grows: the fingerprints of blocks of 64 KiB, chained by BLAKE3.
///
/// The chain begins at 32 zero bytes. Pushed bytes fill the open block; a full one is sealed by
/// replacing the chain value `h` with `blake3(h || xxh3(block))`, where `xxh3` is the 128-bit form of
/// XXH3 in little-endian order. How the bytes were cut into pushes does not matter, only their
/// sequence. A clone goes its own way from there.
///
/// Two runs that differ have other values, in practice always. Somebody who wants two runs to look
/// alike could make them so: XXH3 is quick, and not made against that.
#[derive(Clone)]
pub struct Chain {
    /// The value after the last sealed block.
    sealed: Digest,
    /// The open block, which is never full.
    open: Vec<u8>,
}

impl Chain {
    /// A chain over nothing.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sealed: Digest([0; DIGEST_BYTES]),
            open: Vec::new(),
        }
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = BLOCK_BYTES - self.open.len();
        if bytes.len() < room {
            self.open.extend_from_slice(bytes);
        } else {
            self.push_across(bytes, room);
        }
    }

    /// The digest of everything pushed so far; the open block is hashed as it stands.
    #[must_use]
    pub fn value(&self) -> Digest {
        match self.open.is_empty() {
            true => self.sealed,
            false => after(self.sealed, &self.open),
        }
    }

    /// Appends bytes that fill the `room` left in the open block, and maybe more blocks.
    fn push_across(&mut self, bytes: &[u8], room: usize) {
        let (head, tail) = bytes.split_at(room);
        self.open.extend_from_slice(head);
        self.sealed = after(self.sealed, &self.open);
        self.open.clear();
        let blocks = tail.chunks_exact(BLOCK_BYTES);
        let rest = blocks.remainder();
        for block in blocks {
            self.sealed = after(self.sealed, block);
        }
        self.open.extend_from_slice(rest);
    }
}

/// The value of a chain after one more block.
fn after(before: Digest, block: &[u8]) -> Digest {
    let mut link = [0; DIGEST_BYTES + 16];
    link[..DIGEST_BYTES].copy_from_slice(before.as_bytes());
    link[DIGEST_BYTES..].copy_from_slice(&XxHash3_128::oneshot(block).to_le_bytes());
    Digest::of(&link)
}

impl Default for Chain {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Chain").field(&self.value()).finish()
    }
}

fn nibble(digit: u8) -> Result<u8, ParseDigestError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(ParseDigestError),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, written without buffering.
    fn chained(bytes: &[u8]) -> Digest {
        let mut value = [0; DIGEST_BYTES];
        for block in bytes.chunks(BLOCK_BYTES) {
            let block = XxHash3_128::oneshot(block).to_le_bytes();
            value = *Digest::of(&[&value[..], &block].concat()).as_bytes();
        }
        Digest(value)
    }

    #[test]
    fn an_empty_chain_is_zero() {
        assert_eq!(Chain::new().value(), Digest::from_bytes([0; DIGEST_BYTES]));
    }

    #[test]
    fn the_value_follows_its_definition_at_every_block_edge() {
        let bytes: Vec<u8> = (0..2 * BLOCK_BYTES + 50).map(|i| (i % 251) as u8).collect();
        for length in [
            1,
            BLOCK_BYTES - 1,
            BLOCK_BYTES,
            BLOCK_BYTES + 1,
            2 * BLOCK_BYTES,
            bytes.len(),
        ] {
            let mut chain = Chain::new();
            chain.push(&bytes[..length]);
            assert_eq!(chain.value(), chained(&bytes[..length]), "{length} bytes");
        }
    }

    #[test]
    fn a_known_input_keeps_its_value() {
        let mut chain = Chain::new();
        chain.push(b"wavetank");
        assert_eq!(
            chain.value().to_string(),
            "bdfd9797b8e04b8d6b0515940471a19883f0b248a6bb157bafe7493a2aaaa59c"
        );
    }

    /// What version 0.8.4 of the reference implementation says.
    #[test]
    fn the_fingerprint_of_a_block_is_the_one_of_the_specification() {
        let block: Vec<u8> = (0..BLOCK_BYTES).map(|i| (i % 251) as u8).collect();
        let of_block = 0xf5e7_bc5d_3d86_75bf_aaae_6380_0707_a868;
        assert_eq!(XxHash3_128::oneshot(&block), of_block);
        let of_nothing = 0x99aa_06d3_0147_98d8_6001_c324_468d_497f;
        assert_eq!(XxHash3_128::oneshot(&[]), of_nothing);
    }

    #[test]
    fn reading_the_value_changes_nothing_and_a_clone_is_independent() {
        let mut chain = Chain::new();
        chain.push(b"a");
        let before = chain.value();
        let mut other = chain.clone();
        other.push(b"b");
        assert_eq!(chain.value(), before);
        assert_ne!(other.value(), before);
    }

    #[test]
    fn only_64_lower_case_digits_are_a_digest() {
        let text = Digest::of(b"x").to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(Digest::of(b"x")));
        for wrong in [
            text.to_uppercase(),
            text[..63].to_owned(),
            format!("{text}0"),
            format!("+{}", &text[1..]),
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(ParseDigestError), "{wrong}");
        }
    }

    #[test]
    fn serde_uses_the_hexadecimal_text() {
        let digest = Digest::of(b"x");
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(text, format!("\"{digest}\""));
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn only_the_sequence_of_bytes_counts(
            pushes in prop::collection::vec(0_usize..70_000, 0..6),
        ) {
            let total: usize = pushes.iter().sum();
            let bytes: Vec<u8> = (0..total).map(|i| (i % 253) as u8).collect();
            let mut chain = Chain::new();
            let mut rest = bytes.as_slice();
            for length in pushes {
                let (head, tail) = rest.split_at(length);
                chain.push(head);
                rest = tail;
            }
            prop_assert_eq!(chain.value(), chained(&bytes));
        }
    }
}
