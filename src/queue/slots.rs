//! Where the events of the wheel stay, while their entries move.

use std::num::NonZeroU32;

/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;

/// The last generation of a slot.
const GENERATION_MAX: NonZeroU32 = NonZeroU32::new(u32::MAX >> 1).expect("it is not zero");

/// Events by number, and by the generation of that number.
///
/// A number is used again once the entry that has it has left the wheel; no generation of it is. That of a cancelled
/// event waits for its entry, which then needs no more than the number.
#[derive(Clone)]
pub(super) struct Slots<E> {
    slots: Vec<Slot<E>>,
    /// The first of the free slots, each of which names the next.
    free: u32,
    /// Events that were cancelled and whose entries have not left the wheel.
    cancelled: usize,
}

#[derive(Clone)]
struct Slot<E> {
    generation: NonZeroU32,
    content: Content<E>,
}

#[derive(Clone)]
enum Content<E> {
    Pending(E),
    Cancelled,
    Free { next: u32 },
}

impl<E> Slots<E> {
    /// No slots.
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NO_SLOT,
            cancelled: 0,
        }
    }

    /// Puts an event into a slot, and gives its number and the generation, which is less than 2³¹.
    ///
    /// # Panics
    ///
    /// When 2³² - 1 slots are in use.
    #[inline]
    pub(super) fn fill(&mut self, event: E) -> (u32, NonZeroU32) {
        let number = self.free;
        let content = Content::Pending(event);
        let Some(slot) = self.slots.get_mut(number as usize) else {
            return self.add(content);
        };
        if let Content::Free { next } = slot.content {
            self.free = next;
        }
        slot.content = content;
        (number, slot.generation)
    }

    #[cold]
    fn add(&mut self, content: Content<E>) -> (u32, NonZeroU32) {
        let number = u32::try_from(self.slots.len()).unwrap_or(NO_SLOT);
        assert!(number != NO_SLOT, "a queue holds 2^32 - 1 events");
        let generation = NonZeroU32::MIN;
        self.slots.push(Slot {
            generation,
            content,
        });
        (number, generation)
    }

    /// Takes the event out of a slot whose entry has left the wheel; `None` when it was cancelled.
    #[inline]
    pub(super) fn take(&mut self, number: u32) -> Option<E> {
        let is_pending = self.get(number).is_some();
        match self.release(number) {
            Content::Pending(event) if is_pending => Some(event),
            Content::Free { .. } => unreachable!("an entry is taken once"),
            _ => {
                self.cancelled -= 1;
                None
            }
        }
    }

    /// Takes out an event whose entry is still in the wheel; `None` when it was popped or cancelled before.
    pub(super) fn cancel(&mut self, number: u32, generation: u32) -> Option<E> {
        let slot = self.slots.get_mut(number as usize)?;
        if slot.generation.get() != generation || !matches!(slot.content, Content::Pending(_)) {
            return None;
        }
        self.cancelled += 1;
        match std::mem::replace(&mut slot.content, Content::Cancelled) {
            Content::Pending(event) => Some(event),
            _ => None,
        }
    }

    /// Whether the event of an entry is pending. When not, its slot is free now, and the entry has to go.
    #[inline]
    pub(super) fn keeps(&mut self, number: u32) -> bool {
        let is_pending = self.get(number).is_some();
        if !is_pending {
            self.take(number);
        }
        is_pending
    }

    /// The event that is pending in a slot, and the generation.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<(NonZeroU32, &E)> {
        let slot = &self.slots[number as usize];
        match &slot.content {
            Content::Pending(event) => Some((slot.generation, event)),
            _ => None,
        }
    }

    /// Events that were cancelled and whose entries have not left the wheel.
    #[inline]
    pub(super) const fn cancelled(&self) -> usize {
        self.cancelled
    }

    /// Makes a slot free, and gives what was in it. One that is out of generations is never used again.
    #[inline]
    fn release(&mut self, number: u32) -> Content<E> {
        let slot = &mut self.slots[number as usize];
        let next = self.free;
        if slot.generation < GENERATION_MAX {
            slot.generation = slot.generation.saturating_add(1);
            self.free = number;
        }
        std::mem::replace(&mut slot.content, Content::Free { next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_used_again_in_another_generation() {
        let mut slots = Slots::new();
        let (first, old) = slots.fill('a');
        assert_eq!(slots.take(first), Some('a'));
        let (again, new) = slots.fill('b');
        assert_eq!((again, old < new), (first, true));
        assert_eq!(slots.cancel(first, old.get()), None);
        assert_eq!(slots.cancel(first, new.get()), Some('b'));
        assert_eq!(
            (slots.cancel(first, new.get()), slots.cancelled()),
            (None, 1)
        );
        assert_ne!(slots.fill('c').0, first, "its entry is still in the wheel");
        assert!(!slots.keeps(first));
        assert_eq!(slots.cancelled(), 0);
        assert_eq!(slots.fill('d').0, first);
    }

    #[test]
    fn a_slot_out_of_generations_is_left_alone() {
        let mut slots = Slots::new();
        let (other, _) = slots.fill('a');
        let (last, _) = slots.fill('b');
        slots.slots[last as usize].generation = GENERATION_MAX;
        slots.take(other);
        assert_eq!(slots.take(last), Some('b'));
        assert_eq!(slots.cancel(last, GENERATION_MAX.get()), None);
        assert_eq!(slots.fill('c').0, other);
        assert_eq!(slots.fill('d').0, 2);
    }

    #[test]
    fn a_slot_adds_four_bytes_to_an_event_with_a_tag() {
        enum Event {
            _One(u32, u16),
            _Other(u32),
        }
        assert_eq!(size_of::<Event>(), 8);
        assert_eq!(size_of::<Slot<Event>>(), 12);
    }
}
