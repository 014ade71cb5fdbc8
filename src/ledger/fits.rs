//! In which rows enough is left for some amounts.

use super::bits::Bits;
use super::ready::Whose;

/// Amounts that are compared at a time.
const LANES: usize = 8;

/// The open rows with so much left, for some amounts.
#[derive(Clone, Debug, Default)]
pub struct Fits {
    /// CPU units of each of the amounts, and then as much as no row has, so that they are whole [`LANES`].
    cpu: Vec<u32>,
    /// MiB of each.
    memory: Vec<u32>,
    /// The rows of each.
    rows: Vec<Bits>,
    /// For whom each is put together with others.
    whose: Vec<Whose>,
    is_anybodys: bool,
    /// When each was last asked for.
    asked: Vec<u64>,
}

/// What a row has left, as long as it is open: CPU units and MiB.
pub(super) type Left = Option<(u32, u32)>;

impl Fits {
    /// How many amounts there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Where some amounts are.
    pub(super) fn find(&self, (cpu, memory): (u32, u32)) -> Option<usize> {
        let mut known = self.cpu.iter().zip(&self.memory).take(self.len());
        known.position(|known| known == (&cpu, &memory))
    }

    /// The rows with so much left, if they are kept.
    pub(super) fn rows(&self, amounts: (u32, u32)) -> Option<&Bits> {
        self.find(amounts).map(|at| &self.rows[at])
    }

    /// Each of the amounts and its rows.
    pub(super) fn iter(&self) -> impl Iterator<Item = ((u32, u32), &Bits)> {
        let amounts = self.cpu.iter().copied().zip(self.memory.iter().copied());
        amounts.zip(&self.rows)
    }

    /// The rows of some amounts, by where these are.
    #[inline]
    pub(super) fn set(&self, at: usize) -> &Bits {
        &self.rows[at]
    }

    /// For whom they are put together with others.
    pub(super) fn whose(&self, at: usize) -> Whose {
        self.whose[at]
    }

    /// They are for somebody more.
    pub(super) fn add_whose(&mut self, at: usize, whose: Whose) {
        self.whose[at] |= whose;
        self.is_anybodys = true;
    }

    /// None is for anybody.
    pub(super) fn nobodys(&mut self) {
        self.whose.fill(0);
        self.is_anybodys = false;
    }

    pub(super) fn add(&mut self, (cpu, memory): (u32, u32), rows: Bits, asked: u64) {
        self.cpu.truncate(self.len());
        self.memory.truncate(self.len());
        self.cpu.push(cpu);
        self.memory.push(memory);
        self.rows.push(rows);
        self.whose.push(0);
        self.asked.push(asked);
        self.fill_up();
    }

    fn fill_up(&mut self) {
        let lanes = self.len().next_multiple_of(LANES);
        self.cpu.resize(lanes, u32::MAX);
        self.memory.resize(lanes, u32::MAX);
    }

    /// Some amounts are asked for again.
    pub(super) fn touch(&mut self, at: usize, asked: u64) {
        self.asked[at] = asked;
    }

    /// Forgets the amounts that were asked for longest ago, unless that was after `since`; whether it did.
    pub(super) fn forget_oldest(&mut self, since: u64) -> bool {
        let oldest = (0..self.len()).min_by_key(|at| self.asked[*at]);
        let Some(oldest) = oldest.filter(|at| self.asked[*at] <= since) else {
            return false;
        };
        self.cpu.remove(oldest);
        self.memory.remove(oldest);
        self.rows.remove(oldest);
        self.whose.remove(oldest);
        self.asked.remove(oldest);
        self.cpu.truncate(self.len());
        self.memory.truncate(self.len());
        self.fill_up();
        true
    }

    pub(super) fn push(&mut self) {
        self.rows.iter_mut().for_each(|rows| rows.push(false));
    }

    pub(super) fn close_up(&mut self, row: usize) {
        self.rows.iter_mut().for_each(|rows| rows.close_up(row));
    }

    /// What is left in a row has changed; who has to look at it again.
    ///
    /// Some amounts are compared at a time, without branches, so that the compiler makes vector code of it.
    pub(super) fn moved(&mut self, row: usize, from: Left, to: Left) -> Whose {
        let (was_open, is_open) = (u32::from(from.is_some()), u32::from(to.is_some()));
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        let flips = |cpu: u32, memory: u32| {
            let was_in = was_open & u32::from(from.0 >= cpu) & u32::from(from.1 >= memory);
            let is_in = is_open & u32::from(to.0 >= cpu) & u32::from(to.1 >= memory);
            was_in ^ is_in
        };
        let chunks = self.cpu.chunks_exact(LANES);
        let chunks = chunks.zip(self.memory.chunks_exact(LANES));
        let mut whose = 0;
        for (begin, (cpu, memory)) in (0..).step_by(LANES).zip(chunks) {
            let mut flipped = [0; LANES];
            for at in 0..LANES {
                flipped[at] = flips(cpu[at], memory[at]);
            }
            if flipped.iter().fold(0, |any, one| any | one) == 0 {
                continue;
            }
            // Without branches: which amounts are passed is luck. What is filled up has no rows.
            for (rows, one) in self.rows[begin..].iter_mut().zip(flipped) {
                rows.turn(row, one);
            }
            if self.is_anybodys {
                for (known, one) in self.whose[begin..].iter().zip(flipped) {
                    whose |= known & u64::from(one).wrapping_neg();
                }
            }
        }
        whose
    }
}

/// Whether at least so much is left.
pub(super) fn is_enough(left: Left, (cpu, memory): (u32, u32)) -> bool {
    left.is_some_and(|left| left.0 >= cpu && left.1 >= memory)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_have_enough_or_not_however_many_amounts_there_are(
            amounts in vec((0..5_u32, 0..5_u32), 0..30),
            moves in vec((0..70_usize, option::of((0..5_u32, 0..5_u32))), 0..200),
        ) {
            let mut left: Vec<Left> = vec![None; 70];
            let mut fits = Fits::default();
            for amounts in amounts {
                fits.add(amounts, Bits::none(70), 0);
            }
            for (row, to) in moves {
                fits.moved(row, left[row], to);
                left[row] = to;
            }
            for (amounts, rows) in fits.iter() {
                let scanned = Bits::of(70, |row| is_enough(left[row], amounts));
                prop_assert_eq!(rows, &scanned);
            }
        }
    }

    #[test]
    fn what_is_asked_for_again_and_again_is_not_forgotten() {
        let mut fits = Fits::default();
        fits.add((1, 1), Bits::none(1), 1);
        fits.add((2, 2), Bits::none(1), 2);
        assert!(!fits.forget_oldest(0));
        fits.touch(0, 3);
        assert!(fits.forget_oldest(2));
        assert_eq!((fits.find((1, 1)), fits.find((2, 2))), (Some(0), None));
    }
}
