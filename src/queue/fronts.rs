//! Which part of a line is next: the least key of each, side by side.

/// The key of a part without entries: greater than that of any entry.
pub(super) const NO_KEY: u128 = u128::MAX;

/// The least key of each of `N` parts, its halves apart so that a few wide instructions look through all.
#[derive(Clone)]
pub(super) struct Fronts<const N: usize> {
    times: [u64; N],
    orders: [u64; N],
}

impl<const N: usize> Fronts<N> {
    /// Parts without entries.
    pub(super) const fn new() -> Self {
        Self {
            times: [u64::MAX; N],
            orders: [u64::MAX; N],
        }
    }

    /// The least key of a part.
    #[inline]
    pub(super) const fn get(&self, part: usize) -> u128 {
        ((self.times[part] as u128) << 64) | self.orders[part] as u128
    }

    /// Notes the least key of a part.
    #[inline]
    pub(super) const fn set(&mut self, part: usize, key: u128) {
        self.times[part] = (key >> 64) as u64;
        self.orders[part] = key as u64;
    }

    /// The part with the least key of all; any when all are without entries.
    #[inline]
    pub(super) fn least(&self) -> usize {
        let time = self
            .times
            .iter()
            .fold(u64::MAX, |least, &time| least.min(time));
        let parts = places(&self.times, time);
        if parts & (parts - 1) == 0 {
            return parts.trailing_zeros() as usize;
        }
        self.least_of(parts)
    }

    /// The part with the least order among several of one time, given as bits.
    fn least_of(&self, mut parts: u32) -> usize {
        let mut least = parts.trailing_zeros() as usize;
        parts &= parts - 1;
        while parts != 0 {
            let part = parts.trailing_zeros() as usize;
            if self.orders[part] < self.orders[least] {
                least = part;
            }
            parts &= parts - 1;
        }
        least
    }
}

/// Where a value stands in a short list, as bits.
#[inline]
pub(super) fn places<const N: usize>(list: &[u64; N], value: u64) -> u32 {
    const { assert!(N <= 32, "a place is a bit of 32") };
    let mut places = 0;
    for (place, &other) in list.iter().enumerate() {
        places |= u32::from(other == value) << place;
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_least_of_all_is_found_whatever_the_parts_hold(
            keys in prop::array::uniform9(prop_oneof![
                Just(NO_KEY),
                (0..3_u64, 0..3_u64).prop_map(|(time, order)| (u128::from(time) << 64) | u128::from(order)),
                any::<u128>(),
            ])
        ) {
            let mut fronts = Fronts::<9>::new();
            for (part, key) in keys.into_iter().enumerate() {
                fronts.set(part, key);
                prop_assert_eq!(fronts.get(part), key);
            }
            prop_assert_eq!(keys[fronts.least()], keys.into_iter().min().unwrap());
        }
    }
}
