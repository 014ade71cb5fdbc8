//! Opaque ids as digits, and the ARNs that end in them.

use super::IdKind;
use super::hex::hex_of;
use super::permutation::Permutation;

pub(super) const HEX_ID_DIGITS: usize = 32;
pub(super) const UUID_LENGTH: usize = 36;

/// Half of the 122 bits a version 4 UUID leaves free.
const UUID_HALF: u64 = (1 << 61) - 1;

impl Permutation {
    /// The 32 hexadecimal digits of the `number`-th thing of a kind; `check` tells apart several ids of one thing.
    pub(super) fn hex_digits(&self, kind: IdKind, number: u32, check: u64) -> [u8; HEX_ID_DIGITS] {
        let (left, right) = self.apply(subject(kind, number), check, u64::MAX);
        let mut digits = [0; HEX_ID_DIGITS];
        digits[..16].copy_from_slice(&hex_of(left));
        digits[16..].copy_from_slice(&hex_of(right));
        digits
    }

    /// The UUID of the `nth` part of the `number`-th thing of a kind.
    pub(super) fn uuid_digits(&self, kind: IdKind, number: u32, nth: u32) -> [u8; UUID_LENGTH] {
        let (left, right) = self.apply(subject(kind, number), u64::from(nth), UUID_HALF);
        let bits = (u128::from(left) << 61) | u128::from(right);
        // RFC 9562: 48 free bits, the version 4, 12 free bits, the variant 0b10, 62 free bits.
        let high = (bits >> 74) as u64;
        let middle = (bits >> 62) as u64 & 0xfff;
        let low = bits as u64 & ((1 << 62) - 1) | (1 << 63);
        let (high, low) = (hex_of(high << 16 | 0x4000 | middle), hex_of(low));
        let mut uuid = [b'-'; UUID_LENGTH];
        uuid[..8].copy_from_slice(&high[..8]);
        uuid[9..13].copy_from_slice(&high[8..12]);
        uuid[14..18].copy_from_slice(&high[12..]);
        uuid[19..23].copy_from_slice(&low[..4]);
        uuid[24..].copy_from_slice(&low[4..]);
        uuid
    }
}

/// What the permutation scatters: a kind and a number.
pub(super) fn subject(kind: IdKind, number: u32) -> u64 {
    (u64::from(kind as u8) << 32) | u64::from(number)
}
