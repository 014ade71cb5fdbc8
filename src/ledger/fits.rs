//! In which rows enough is left for some amounts.

use super::bits::Bits;

/// Amounts that are compared at a time.
const LANES: usize = 8;

/// The open rows with so much left, for some amounts.
#[derive(Clone, Debug, Default)]
pub struct Fits {
    /// CPU units of each of the amounts.
    cpu: Vec<u32>,
    /// MiB of each.
    memory: Vec<u32>,
    /// The rows of each.
    rows: Vec<Bits>,
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
        let mut known = self.cpu.iter().zip(&self.memory);
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

    pub(super) fn add(&mut self, (cpu, memory): (u32, u32), rows: Bits, asked: u64) {
        self.cpu.push(cpu);
        self.memory.push(memory);
        self.rows.push(rows);
        self.asked.push(asked);
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
        self.asked.remove(oldest);
        true
    }

    pub(super) fn push(&mut self) {
        self.rows.iter_mut().for_each(|rows| rows.push(false));
    }

    pub(super) fn close_up(&mut self, row: usize) {
        self.rows.iter_mut().for_each(|rows| rows.close_up(row));
    }

    /// What is left in a row has changed.
    ///
    /// Some amounts are compared at a time, without branches, so that the compiler makes vector code of it.
    pub(super) fn moved(&mut self, row: usize, from: Left, to: Left) {
        let (was_open, is_open) = (u32::from(from.is_some()), u32::from(to.is_some()));
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        let flips = |cpu: u32, memory: u32| {
            let was_in = was_open & u32::from(from.0 >= cpu) & u32::from(from.1 >= memory);
            let is_in = is_open & u32::from(to.0 >= cpu) & u32::from(to.1 >= memory);
            was_in ^ is_in
        };
        let chunks = self.cpu.chunks_exact(LANES);
        let chunks = chunks.zip(self.memory.chunks_exact(LANES));
        let mut rows = self.rows.chunks_exact_mut(LANES);
        for ((cpu, memory), rows) in chunks.zip(&mut rows) {
            let mut flipped = [0; LANES];
            for at in 0..LANES {
                flipped[at] = flips(cpu[at], memory[at]);
            }
            if flipped == [0; LANES] {
                continue;
            }
            for (flipped, rows) in flipped.into_iter().zip(rows) {
                if flipped != 0 {
                    rows.flip(row);
                }
            }
        }
        let rest = self.cpu.chunks_exact(LANES).remainder().iter();
        let rest = rest.zip(self.memory.chunks_exact(LANES).remainder());
        for ((cpu, memory), rows) in rest.zip(rows.into_remainder()) {
            if flips(*cpu, *memory) != 0 {
                rows.flip(row);
            }
        }
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
