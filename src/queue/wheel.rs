//! A wheel of slots, each for the times that share their upper bits, finer towards the present.

use super::entry::Entry;
use super::heap::Heap;

/// Bits of the time that tell the slots of a level apart.
const DIGIT: u32 = 6;

/// Slots of a level.
const SLOTS: usize = 1 << DIGIT;

/// Levels: as many as a time of 64 bits has digits.
const LEVELS: usize = 64_usize.div_ceil(DIGIT as usize);

/// Entries of a chunk: what a slot holds comes and goes in pieces of twelve cache lines.
const CHUNK: usize = 32;

/// No chunk.
const NONE: u32 = u32::MAX;

/// A slot with no more entries than this is sorted; one with more is spread over the level below.
const RUN_MAX: usize = 32;

/// A run that pushes made as long as this gives half of it back to the slots.
const RUN_FULL: usize = 2 * RUN_MAX;

/// Pairs of a key and a number, of which the one with the least key is at hand.
///
/// The upper 64 bits of a key are a time. The least entries are sorted, in the run. Each of the others stands on the
/// level of the highest digit in which its time differs from `base`, in the slot of that digit. So the first slot in
/// use on the lowest level in use holds the least of them. Once the run is used up, that slot becomes the run, or if it
/// holds many entries, its begin becomes the base and they move to lower levels. An entry moves at most once for each
/// level, however many others there are.
#[derive(Clone)]
pub(super) struct Wheel {
    /// No entry of a slot is earlier.
    base: u64,
    /// The levels with a slot in use, as bits.
    levels: u32,
    /// The slots in use on each level, as bits.
    used: [u64; LEVELS],
    /// The slots of the levels that were ever in use, level by level.
    slots: Vec<Slot>,
    chunks: Vec<[Entry; CHUNK]>,
    /// The chunk that follows each chunk, in its slot or among the free ones.
    next: Vec<u32>,
    /// The first of the free chunks.
    free: u32,
    /// Entries in descending order, each less than those of all slots. It is empty only if the slots are.
    run: Vec<Entry>,
    /// Whether the run was filled since that was asked last.
    was_filled: bool,
    /// What neither has a place: before the base, which may be ahead of the present, and with no room in the run.
    late: Heap,
}

/// A list of chunks, of which all but the last are full.
#[derive(Clone, Copy)]
struct Slot {
    len: u32,
    head: u32,
    tail: u32,
}

impl Slot {
    const EMPTY: Self = Self {
        len: 0,
        head: NONE,
        tail: NONE,
    };
}

impl Wheel {
    /// A wheel without entries.
    pub(super) const fn new() -> Self {
        Self {
            base: 0,
            levels: 0,
            used: [0; LEVELS],
            slots: Vec::new(),
            chunks: Vec::new(),
            next: Vec::new(),
            free: NONE,
            run: Vec::new(),
            was_filled: false,
            late: Heap::new(),
        }
    }

    /// Adds an entry, whose key is less than `u128::MAX`, and says whether it may be the least now.
    #[inline]
    pub(super) fn push(&mut self, key: u128, number: u32) -> bool {
        let entry = Entry::new(key, number);
        let is_early = self.run.first().is_none_or(|last| last.key() > key);
        if is_early {
            self.push_early(entry);
        } else {
            self.place(&entry);
        }
        is_early
    }

    /// The entry with the least key.
    #[inline]
    pub(super) fn first(&self) -> Option<(u128, u32)> {
        let first = self.run.last().map(|entry| entry.pair());
        if self.late.len() == 0 {
            return first;
        }
        first.into_iter().chain(self.late.first()).min()
    }

    /// Removes the entry with the least key.
    #[inline]
    pub(super) fn take_first(&mut self) -> Option<(u128, u32)> {
        if self.late.len() > 0 {
            if let late @ Some(_) = self.take_late() {
                return late;
            }
        }
        let first = self.run.pop()?;
        if self.run.is_empty() {
            self.fill_run();
        }
        Some(first.pair())
    }

    /// Whether the run was filled since this was asked last.
    #[inline]
    pub(super) fn take_filled(&mut self) -> bool {
        std::mem::take(&mut self.was_filled)
    }

    /// The numbers of the least entries.
    pub(super) fn nearest(&self) -> impl Iterator<Item = u32> + '_ {
        self.run.iter().map(|entry| entry.number)
    }

    /// Removes the first of the late entries if no entry of the run is less.
    #[cold]
    fn take_late(&mut self) -> Option<(u128, u32)> {
        let late = self.late.first()?;
        if self.run.last().is_some_and(|first| first.key() < late.0) {
            return None;
        }
        self.late.remove_first();
        Some(late)
    }

    /// The entries in no promised order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        let slots = self.slots.iter().flat_map(|slot| self.list(slot));
        let entries = slots.chain(&self.run).map(|entry| entry.pair());
        entries.chain(self.late.iter())
    }

    /// Removes the entries that `keep` denies, and gives back the memory they took.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u128, u32) -> bool) {
        let mut kept: Vec<_> = self
            .iter()
            .filter(|&(key, number)| keep(key, number))
            .collect();
        // In ascending order all but the first go to the slots.
        kept.sort_unstable();
        *self = Self::new();
        for (key, number) in kept {
            self.push(key, number);
        }
    }

    /// Adds an entry that belongs into the run.
    #[inline(never)]
    fn push_early(&mut self, entry: Entry) {
        if self.run.len() >= RUN_FULL {
            // Only entries of one time make such a run. Inserting into it would cost more the more they are.
            self.late.push(entry.key(), entry.number);
            return;
        }
        let key = entry.key();
        let place = self.run.partition_point(|other| other.key() > key);
        self.run.insert(place, entry);
        if self.run.len() == RUN_FULL {
            for later in 0..RUN_FULL / 2 {
                let entry = self.run[later];
                self.place(&entry);
            }
            self.run.drain(..RUN_FULL / 2);
        }
    }

    /// Puts an entry where its time belongs.
    #[inline(always)]
    fn place(&mut self, entry: &Entry) {
        if entry.time < self.base {
            self.late.push(entry.key(), entry.number);
            return;
        }
        let level = ((entry.time ^ self.base) | 1).ilog2() / DIGIT;
        let digit = entry.time >> (level * DIGIT) & (SLOTS as u64 - 1);
        let place = level as usize * SLOTS + digit as usize;
        let Some(slot) = self.slots.get_mut(place) else {
            self.place_higher(level as usize, entry);
            return;
        };
        let fill = slot.len as usize % CHUNK;
        slot.len += 1;
        if fill == 0 {
            self.used[level as usize] |= 1 << digit;
            self.levels |= 1 << level;
            let chunk = self.free;
            let Some(next) = self.next.get_mut(chunk as usize) else {
                self.add_chunk(place, entry);
                return;
            };
            self.free = *next;
            match self.next.get_mut(slot.tail as usize) {
                Some(next) => *next = chunk,
                None => slot.head = chunk,
            }
            slot.tail = chunk;
        }
        self.chunks[slot.tail as usize][fill] = *entry;
    }

    /// Puts an entry on a level that was never in use.
    #[cold]
    fn place_higher(&mut self, level: usize, entry: &Entry) {
        self.slots.resize((level + 1) * SLOTS, Slot::EMPTY);
        self.place(entry);
    }

    /// Adds an entry to the list of a slot, in a chunk that was never in use.
    #[cold]
    fn add_chunk(&mut self, place: usize, entry: &Entry) {
        let chunk = self.chunks.len() as u32;
        self.chunks.push([*entry; CHUNK]);
        self.next.push(NONE);
        let slot = &mut self.slots[place];
        match self.next.get_mut(slot.tail as usize) {
            Some(next) => *next = chunk,
            None => slot.head = chunk,
        }
        slot.tail = chunk;
    }

    /// Fills the empty run with the least entries of the slots.
    #[inline(never)]
    fn fill_run(&mut self) {
        while self.run.is_empty() && self.levels > 0 {
            let level = self.levels.trailing_zeros() as usize;
            let digit = self.used[level].trailing_zeros() as usize;
            self.used[level] &= self.used[level] - 1;
            self.levels &= !(u32::from(self.used[level] == 0) << level);
            let slot = &mut self.slots[level * SLOTS + digit];
            let opened = std::mem::replace(slot, Slot::EMPTY);
            // All entries of a slot of the lowest level are of one time.
            if opened.len as usize <= RUN_MAX || level == 0 {
                self.take_list(opened);
            } else {
                self.spread(opened, level);
            }
        }
    }

    /// Makes the list of a slot the run.
    #[inline]
    fn take_list(&mut self, opened: Slot) {
        let mut chunk = opened.head;
        let mut left = opened.len as usize;
        while left > 0 {
            let here = left.min(CHUNK);
            let entries = &self.chunks[chunk as usize][..here];
            self.run.extend_from_slice(entries);
            left -= here;
            chunk = self.free_chunk(chunk);
        }
        self.run.sort_unstable_by_key(|entry| !entry.key());
        self.was_filled = true;
    }

    /// Moves the list of a slot to lower levels.
    fn spread(&mut self, opened: Slot, level: usize) {
        let mut chunk = opened.head;
        let mut left = opened.len as usize;
        let span = (1 << (level as u32 * DIGIT)) - 1;
        self.base = self.chunks[chunk as usize][0].time & !span;
        while left > 0 {
            let here = left.min(CHUNK);
            let entries = self.chunks[chunk as usize];
            chunk = self.free_chunk(chunk);
            for entry in &entries[..here] {
                self.place(entry);
            }
            left -= here;
        }
    }

    /// Frees a chunk and gives the one that followed it.
    #[inline]
    fn free_chunk(&mut self, chunk: u32) -> u32 {
        let next = &mut self.next[chunk as usize];
        std::mem::replace(next, std::mem::replace(&mut self.free, chunk))
    }

    /// The entries in the list of a slot.
    fn list(&self, slot: &Slot) -> impl Iterator<Item = &Entry> + '_ {
        let chunks = std::iter::successors(Some(slot.head), |&chunk| {
            self.next.get(chunk as usize).copied()
        });
        let lists = chunks.flat_map(|chunk| self.chunks.get(chunk as usize).into_iter().flatten());
        lists.take(slot.len as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(time: u64, order: u64) -> u128 {
        (u128::from(time) << 64) | u128::from(order)
    }

    fn take(wheel: &mut Wheel) -> Option<(u128, u32)> {
        wheel.take_first()
    }

    #[test]
    fn a_hold_of_constant_size_takes_no_more_memory() {
        let mut wheel = Wheel::new();
        let delay = |turn: u64| 1 + turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000_000_000;
        for turn in 0..1_000 {
            wheel.push(key(delay(turn), turn), 0);
        }
        for turn in 1_000..200_000 {
            let (first, _) = take(&mut wheel).expect("as many are pushed as are taken");
            wheel.push(key((first >> 64) as u64 + delay(turn), turn), 0);
        }
        assert_eq!((wheel.iter().count(), wheel.late.len()), (1_000, 0));
        // What the entries fill, and one begun for each slot of two levels.
        assert!(wheel.chunks.len() <= 1_000 / CHUNK + 2 * SLOTS);
        assert!(wheel.run.capacity() <= 2 * RUN_FULL);
    }

    #[test]
    fn what_comes_before_all_others_has_room_however_much_it_is() {
        let mut wheel = Wheel::new();
        for order in 0..20 {
            wheel.push(key(3_600_000_000_000 + order, order), 0);
        }
        for order in 20..10_000 {
            wheel.push(key(1 + order * 7_919 % 9_973, order), 0);
        }
        assert!(wheel.run.len() < RUN_FULL);
        assert_eq!(wheel.late.len(), 0);
    }

    #[test]
    fn what_is_before_a_base_that_is_ahead_is_late_and_comes_first() {
        let mut wheel = Wheel::new();
        wheel.push(key(0, 0), 0);
        let many = 1_000_u64;
        for order in 1..=many {
            wheel.push(key((1 << 40) + order, order), 1);
        }
        assert_eq!(take(&mut wheel), Some((key(0, 0), 0)));
        assert_eq!(wheel.base >> 30, 1 << 10, "many were spread");
        for order in many + 1..=2 * many {
            wheel.push(key(order, order), 2);
        }
        assert!(wheel.late.len() > 0);
        let numbers: Vec<u32> = std::iter::from_fn(|| take(&mut wheel))
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, [[2; 1_000], [1; 1_000]].concat());
        assert_eq!(wheel.iter().count(), 0);
    }

    #[test]
    fn a_long_run_of_one_time_is_not_inserted_into() {
        let mut wheel = Wheel::new();
        wheel.push(key(1, 0), 0);
        for order in 0..1_000 {
            wheel.push(key(5, 2 * order + 1), 1);
        }
        assert_eq!(take(&mut wheel), Some((key(1, 0), 0)));
        assert_eq!(wheel.run.len(), 1_000);
        for order in 0..1_000 {
            wheel.push(key(5, 2 * order), 2);
        }
        assert_eq!((wheel.run.len(), wheel.late.len()), (1_000, 1_000));
        let orders: Vec<u64> = std::iter::from_fn(|| take(&mut wheel))
            .map(|(key, _)| key as u64)
            .collect();
        assert_eq!(orders, Vec::from_iter(0..2_000));
    }

    #[test]
    fn retaining_gives_memory_back() {
        let mut wheel = Wheel::new();
        for order in 0..10_000 {
            wheel.push(key(order * order, order), order as u32);
        }
        let chunks = wheel.chunks.len();
        wheel.retain(|_, number| number % 100 == 7);
        assert_eq!(wheel.iter().count(), 100);
        assert!(wheel.chunks.len() * 2 < chunks);
        let numbers: Vec<u32> = std::iter::from_fn(|| take(&mut wheel))
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, Vec::from_iter((0..100).map(|n| 100 * n + 7)));
    }
}
