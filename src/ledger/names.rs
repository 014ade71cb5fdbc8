//! Maps from names, in order of first use.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

/// A map from names that iterates in the order in which they were first put in.
///
/// The hash has no key that differs from run to run, and never shows: nothing iterates in its order.
pub type NameMap<V> = IndexMap<Arc<str>, V, BuildHasherDefault<NameHasher>>;

/// Names, each once, in order of insertion.
pub type NameSet = IndexSet<Arc<str>, BuildHasherDefault<NameHasher>>;

/// FNV-1a, 64 bits: quick for names, which are short.
#[derive(Clone, Copy, Debug)]
pub struct NameHasher(u64);

impl Default for NameHasher {
    fn default() -> Self {
        Self(OFFSET_BASIS)
    }
}

/// The constants are from the draft-eastlake-fnv specification.
const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }
}

/// A number that tells filters of a listing apart, to be bound into its page token.
#[must_use]
pub fn filter_hash(parts: &[Option<&str>]) -> u64 {
    let mut hasher = NameHasher::default();
    for part in parts {
        hasher.write(&[u8::from(part.is_some())]);
        hasher.write(part.unwrap_or_default().as_bytes());
        hasher.write(&[0xff]);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of the specification.
        let hash = |text: &str| {
            let mut hasher = NameHasher::default();
            hasher.write(text.as_bytes());
            hasher.finish()
        };
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn filters_that_read_alike_when_joined_are_told_apart() {
        assert_ne!(
            filter_hash(&[Some("ab"), None]),
            filter_hash(&[Some("a"), Some("b")])
        );
        assert_ne!(filter_hash(&[None]), filter_hash(&[Some("")]));
    }
}
