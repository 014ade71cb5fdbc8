//! A table of records under dense, never reused numbers, whose memory follows the live ones.

use serde::{Serialize, Serializer};

use super::shared::Shared;

/// Records per chunk: a chunk of one-line task records stays within a few pages.
const CHUNK: usize = 64;

/// Empty places at the front that are not worth moving the others for.
const GONE_MAX: usize = 8;

/// A map from dense `u32` numbers to records.
///
/// Numbers are handed out once and in ascending order, and records leave in much the order in which they came.
/// So records live in chunks of 64 neighbours, and a chunk is given back when its last record leaves: a lookup is two
/// indexings, and memory grows with the live records only. A clone shares the chunks that neither side has written to
/// since they were last shared, so that a fork copies what changed and not what there is.
#[derive(Clone, Debug)]
pub struct Table<T> {
    /// Place `i` of this directory holds the numbers from `(first + i) * CHUNK`.
    places: Vec<Place<T>>,
    first: usize,
    /// So many places at the front are empty; they are less than half, and a few.
    gone: usize,
    live: usize,
}

/// Where a chunk is, if it is.
#[derive(Clone, Debug)]
struct Place<T> {
    chunk: Shared<Chunk<T>>,
    /// Records in the chunk: here, so that counting touches no memory of its own.
    live: u32,
}

/// The records of some neighbours.
type Chunk<T> = [Option<T>; CHUNK];

/// A chunk without records.
///
/// Made in place and slot by slot, so that no more is written than that they are empty: a record is long.
fn empty_chunk<T>() -> Box<Chunk<T>> {
    let mut slots = Vec::with_capacity(CHUNK);
    slots.resize_with(CHUNK, || None);
    let slots = slots.into_boxed_slice().try_into().ok();
    slots.expect("it is as long as a chunk")
}

impl<T> Place<T> {
    fn empty() -> Self {
        Self {
            chunk: Shared::none(),
            live: 0,
        }
    }

    #[inline]
    fn chunk(&self) -> Option<&Chunk<T>> {
        self.chunk.get()
    }

    fn is_empty(&self) -> bool {
        self.chunk().is_none()
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            first: 0,
            gone: 0,
            live: 0,
        }
    }
}

impl<T> Table<T> {
    /// How many records it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// How many bytes it takes, what its records point at left out; chunks shared with clones count in each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let chunks = self.places.iter().map(|place| {
            let (is_own, is_shared) = place.chunk.holds();
            usize::from(is_own) + usize::from(is_shared)
        });
        self.places.capacity() * size_of::<Place<T>>()
            + chunks.sum::<usize>() * size_of::<Chunk<T>>()
    }

    /// The record under `number`.
    #[inline]
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&T> {
        let index = number as usize;
        let at = self.place_of(index);
        self.places.get(at)?.chunk()?[index % CHUNK].as_ref()
    }

    /// Where in the directory an index belongs; past its end where that is before its begin.
    #[inline]
    fn place_of(&self, index: usize) -> usize {
        (index / CHUNK).wrapping_sub(self.first)
    }

    /// Every record with its number, in ascending order of number.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        self.iter_from(0)
    }

    /// Every record with a number of at least `from`, in ascending order of number.
    pub fn iter_from(&self, from: u32) -> impl Iterator<Item = (u32, &T)> {
        let skipped = (from as usize / CHUNK).saturating_sub(self.first);
        self.places
            .iter()
            .enumerate()
            .skip(skipped)
            .filter_map(|(at, place)| place.chunk().map(|chunk| (at, chunk)))
            .flat_map(move |(at, chunk)| {
                let base = (self.first + at) * CHUNK;
                let slots = chunk.iter().enumerate();
                slots.filter_map(move |(offset, slot)| {
                    let number = u32::try_from(base + offset).ok()?;
                    slot.as_ref().map(|record| (number, record))
                })
            })
            .filter(move |(number, _)| *number >= from)
    }
}

impl<T: Clone> Table<T> {
    /// The record under `number`, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let index = number as usize;
        let at = self.place_of(index);
        let chunk = self.places.get_mut(at)?.chunk.get_mut()?;
        chunk[index % CHUNK].as_mut()
    }

    /// Puts a record under `number`.
    ///
    /// # Panics
    ///
    /// When the number is taken: numbers are never used twice.
    #[inline]
    pub(crate) fn insert(&mut self, number: u32, record: T) {
        let index = number as usize;
        let at = self.place_of(index);
        let at = match self.places.get(at) {
            Some(place) if !place.is_empty() => at,
            _ => self.make_room(index / CHUNK),
        };
        let place = &mut self.places[at];
        let chunk = place
            .chunk
            .get_mut()
            .expect("it was filled where it was empty");
        let slot = &mut chunk[index % CHUNK];
        assert!(
            slot.is_none(),
            "number {number} is in use: numbers are never used twice"
        );
        *slot = Some(record);
        place.live += 1;
        self.live += 1;
    }

    /// Makes a chunk that is not there; its place.
    #[cold]
    fn make_room(&mut self, chunk: usize) -> usize {
        if self.places.is_empty() {
            self.first = chunk;
        }
        if chunk < self.first {
            let missing = self.first - chunk;
            let before = std::iter::repeat_with(Place::empty).take(missing);
            self.places.splice(0..0, before);
            self.first = chunk;
            self.gone = 0;
        }
        while self.first + self.places.len() <= chunk {
            self.places.push(Place::empty());
        }
        let at = chunk - self.first;
        self.gone = self.gone.min(at);
        self.places[at].chunk.set(empty_chunk());
        at
    }

    /// Takes the record under `number` out, and gives its chunk back when it was the last there.
    #[inline]
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let index = number as usize;
        let at = self.place_of(index);
        let place = self.places.get_mut(at)?;
        let record = place.chunk.get_mut()?[index % CHUNK].take()?;
        place.live -= 1;
        self.live -= 1;
        if place.live == 0 {
            self.drop_chunk(at);
        }
        Some(record)
    }

    /// Drops the record under `number`, as [`Table::remove`] does, and says whether there was one.
    pub(crate) fn forget(&mut self, number: u32) -> bool {
        self.remove(number).is_some()
    }

    /// Gives back a chunk without records, and the places at the front whose records have left, when they are many.
    #[inline(never)]
    fn drop_chunk(&mut self, at: usize) {
        self.places[at] = Place::empty();
        let rest = self.places[self.gone..].iter();
        self.gone += rest.take_while(|place| place.is_empty()).count();
        if self.gone >= GONE_MAX && self.gone * 2 > self.places.len() {
            self.places.drain(..self.gone);
            self.first += self.gone;
            self.gone = 0;
        }
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_chunk_is_given_back_when_its_last_record_leaves() {
        let mut table = Table::default();
        for number in 0..1000 {
            table.insert(number, number);
        }
        for number in 0..999 {
            assert_eq!(table.remove(number), Some(number));
        }
        let chunks = table.places.iter().filter(|place| !place.is_empty());
        assert_eq!(chunks.count(), 1);
        assert!(table.places.len() < 2 * GONE_MAX);
        assert_eq!(table.get(999), Some(&999));
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn a_number_below_the_first_chunk_can_still_be_filled() {
        let mut table = Table::default();
        table.insert(500, 'b');
        table.insert(3, 'a');
        assert_eq!(table.iter().collect::<Vec<_>>(), [(3, &'a'), (500, &'b')]);
    }

    #[test]
    fn a_clone_and_its_original_do_not_see_what_the_other_writes() {
        let mut table = Table::default();
        for number in 0..100 {
            table.insert(number, 'a');
        }
        let mut fork = table.clone();
        *fork.get_mut(3).expect("it was inserted") = 'b';
        table.remove(70);
        assert_eq!((table.get(3), fork.get(3)), (Some(&'a'), Some(&'b')));
        assert_eq!((table.len(), fork.len()), (99, 100));
        assert_eq!(fork.get(70), Some(&'a'));
    }

    proptest! {
        #[test]
        fn it_behaves_as_an_ordered_map(steps in prop::collection::vec((0_u32..400, any::<bool>()), 0..300), from in 0_u32..400) {
            let mut table = Table::default();
            let mut model = BTreeMap::new();
            for (number, put) in steps {
                if put && !model.contains_key(&number) {
                    table.insert(number, number + 1);
                    model.insert(number, number + 1);
                } else if !put {
                    prop_assert_eq!(table.remove(number), model.remove(&number));
                }
                prop_assert_eq!(table.len(), model.len());
            }
            let seen: Vec<_> = table.iter_from(from).map(|(k, v)| (k, *v)).collect();
            let expected: Vec<_> = model.range(from..).map(|(k, v)| (*k, *v)).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
