//! Hexadecimal digits, written and read without a branch.

/// The sixteen hexadecimal digits of a word, all at once.
///
/// Each half is spread until every nibble has a byte of its own; a byte then becomes the digit `0` plus its nibble,
/// plus the gap between `9` and `a` where the nibble is above nine.
pub(super) fn hex_of(word: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (place, half) in digits
        .chunks_exact_mut(8)
        .zip([word >> 32, word & 0xffff_ffff])
    {
        let mut spread = (half & 0xffff_0000) << 16 | half & 0xffff;
        spread = (spread & 0x0000_ff00_0000_ff00) << 8 | spread & 0x0000_00ff_0000_00ff;
        spread = (spread & 0x00f0_00f0_00f0_00f0) << 4 | spread & 0x000f_000f_000f_000f;
        let above_nine = (spread + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
        let text = spread + 0x3030_3030_3030_3030 + above_nine * u64::from(b'a' - b'0' - 10);
        place.copy_from_slice(&text.to_be_bytes());
    }
    digits
}

/// The word that lower-case hexadecimal digits stand for.
pub(super) fn parse_hex(digits: &[u8]) -> Option<u64> {
    let mut bits = 0_u64;
    let mut wrong = 0_u8;
    for digit in digits {
        let value = NIBBLES[usize::from(*digit)];
        wrong |= value;
        bits = bits << 4 | u64::from(value & 15);
    }
    (wrong & NO_DIGIT == 0).then_some(bits)
}

/// What a byte that is no digit has in [`NIBBLES`].
const NO_DIGIT: u8 = 0x80;

/// The value of each lower-case hexadecimal digit.
const NIBBLES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digit = if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        };
        table[digit as usize] = value;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library_and_read_back(word: u64) {
            let digits = hex_of(word);
            prop_assert_eq!(String::from_utf8_lossy(&digits), format!("{word:016x}"));
            prop_assert_eq!(parse_hex(&digits), Some(word));
        }

        #[test]
        fn a_byte_that_is_no_digit_is_refused_wherever_it_stands(place in 0..16_usize, byte: u8) {
            let mut digits = [b'7'; 16];
            digits[place] = byte;
            let is_digit = byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            prop_assert_eq!(parse_hex(&digits).is_some(), is_digit);
        }
    }
}
