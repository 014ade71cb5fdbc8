//! Sets of rows as bits, which can be put through each other a word at a time.

/// Bits of a word.
pub const WORD: usize = u64::BITS as usize;

/// Words that are put through each other at a time: sets are so many words long, or twice as many, and so on.
pub const RUN: usize = 8;

/// Words of so many rows.
fn words(len: usize) -> usize {
    len.div_ceil(WORD * RUN) * RUN
}

/// A set of the rows of a cluster; bits past the last row are zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// Of so many rows none.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self {
            words: vec![0; words(len)],
            len,
        }
    }

    /// Of so many rows those of which something holds.
    pub fn of(len: usize, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Self::none(len);
        for row in 0..len {
            bits.put(row, holds(row));
        }
        bits
    }

    /// The words, the lowest bit of the first being row 0.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Of how many rows it tells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it tells of no row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a row is in it.
    #[inline]
    #[must_use]
    pub fn has(&self, row: usize) -> bool {
        has(&self.words, row)
    }

    /// How many rows are in it.
    #[must_use]
    pub fn count(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones() as usize);
        ones.sum()
    }

    /// Puts a row in or takes it out.
    #[inline]
    pub(crate) fn put(&mut self, row: usize, is_in: bool) {
        let (word, bit) = (&mut self.words[row / WORD], row % WORD);
        *word = *word & !(1 << bit) | u64::from(is_in) << bit;
    }

    /// Puts a row in that is not in it, or takes it out.
    #[inline]
    pub(crate) fn flip(&mut self, row: usize) {
        self.words[row / WORD] ^= 1 << (row % WORD);
    }

    /// Turns a row's bit by 1, or leaves it as it is by 0.
    #[inline]
    pub(crate) fn turn(&mut self, row: usize, by: u32) {
        self.words[row / WORD] ^= u64::from(by) << (row % WORD);
    }

    /// Knows of one row more.
    pub(crate) fn push(&mut self, is_in: bool) {
        self.len += 1;
        self.words.resize(words(self.len), 0);
        self.put(self.len - 1, is_in);
    }

    /// Forgets a row: those behind it move up.
    pub(crate) fn close_up(&mut self, row: usize) {
        let at = row / WORD;
        let below = (1 << (row % WORD)) - 1;
        let word = self.words[at];
        self.words[at] = word & below | (word >> 1) & !below;
        for next in at + 1..self.words.len() {
            let carried = self.words[next] & 1;
            self.words[next - 1] |= carried << (WORD - 1);
            self.words[next] >>= 1;
        }
        self.len -= 1;
        self.words.truncate(words(self.len));
    }
}

/// Whether a row is in a set of words.
#[inline]
#[must_use]
pub fn has(words: &[u64], row: usize) -> bool {
    words[row / WORD] >> (row % WORD) & 1 == 1
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_are_a_list_of_yes_and_no(
            start in vec(any::<bool>(), 0..1200),
            moves in vec((0..3_u8, any::<prop::sample::Index>(), any::<bool>()), 0..200),
        ) {
            let mut plain = start;
            let mut bits = Bits::of(plain.len(), |row| plain[row]);
            for (what, at, is_in) in moves {
                match what {
                    0 => {
                        plain.push(is_in);
                        bits.push(is_in);
                    }
                    _ if plain.is_empty() => continue,
                    1 => {
                        plain.remove(at.index(plain.len()));
                        bits.close_up(at.index(plain.len() + 1));
                    }
                    _ => {
                        let at = at.index(plain.len());
                        plain[at] = is_in;
                        bits.put(at, is_in);
                    }
                }
            }
            prop_assert_eq!(&bits, &Bits::of(plain.len(), |row| plain[row]));
            prop_assert_eq!(bits.count(), plain.iter().filter(|is_in| **is_in).count());
            prop_assert!((0..plain.len()).all(|row| bits.has(row) == plain[row]));
        }
    }
}
