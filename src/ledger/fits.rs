//! In which rows enough is left for some amounts.

use super::bits::Bits;

/// The open rows with so much left, for some amounts.
#[derive(Clone, Debug, Default)]
pub struct Fits {
    /// CPU units and MiB.
    pub(super) amounts: Vec<(u32, u32)>,
    /// For each of the amounts.
    pub(super) rows: Vec<Bits>,
    /// When each was last asked for.
    pub(super) asked: Vec<u64>,
}

/// What a row has left, as long as it is open: CPU units and MiB.
pub(super) type Left = Option<(u32, u32)>;

impl Fits {
    /// What is left in a row has changed.
    #[inline]
    pub(super) fn moved(&mut self, row: usize, from: Left, to: Left) {
        let (was_open, is_open) = (from.is_some(), to.is_some());
        let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
        for ((cpu, memory), rows) in self.amounts.iter().zip(&mut self.rows) {
            // Without branches: most are left as they are.
            let was_in = was_open & (from.0 >= *cpu) & (from.1 >= *memory);
            let is_in = is_open & (to.0 >= *cpu) & (to.1 >= *memory);
            if was_in != is_in {
                rows.put(row, is_in);
            }
        }
    }
}

/// Whether at least so much is left.
#[inline]
pub(super) fn is_enough(left: Left, (cpu, memory): (u32, u32)) -> bool {
    left.is_some_and(|left| left.0 >= cpu && left.1 >= memory)
}
