//! What stands in line for an event.

/// A key, whose upper 64 bits are a time, and a number: 24 bytes, where a pair of the two would take 32.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) time: u64,
    order: u64,
    pub(super) number: u32,
}

impl Entry {
    #[inline]
    pub(super) const fn new(key: u128, number: u32) -> Self {
        Self {
            time: (key >> 64) as u64,
            order: key as u64,
            number,
        }
    }

    #[inline]
    pub(super) const fn key(self) -> u128 {
        ((self.time as u128) << 64) | self.order as u128
    }

    #[inline]
    pub(super) const fn set_key(&mut self, key: u128) {
        *self = Self::new(key, self.number);
    }

    #[inline]
    pub(super) const fn pair(self) -> (u128, u32) {
        (self.key(), self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_small_and_gives_back_what_it_was_made_of() {
        let key = (7 << 64) | u128::from(u64::MAX);
        assert_eq!(Entry::new(key, 9).pair(), (key, 9));
        assert_eq!(size_of::<Entry>(), 24);
    }
}
