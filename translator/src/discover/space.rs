//! Sets of guest addresses that are instructions' or functions', over a guest's text.

use vmtrans_isa::GuestAddr;

use crate::guest::{Guest, Range};

/// Numbers the places where an instruction may be: every two bytes of text.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    base: GuestAddr,
    count: usize,
}

impl Slots {
    /// The places of a guest.
    pub fn new(guest: &Guest) -> Slots {
        let (base, length) = guest.text_range();
        Slots {
            base,
            count: usize::try_from(length / 2).unwrap_or(0),
        }
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// The number of an even address of the text.
    pub fn of(self, addr: GuestAddr) -> Option<usize> {
        let distance = addr.wrapping_distance(self.base);
        let slot = usize::try_from(distance / 2).ok()?;
        (distance.is_multiple_of(2) && slot < self.count).then_some(slot)
    }

    /// The address with this number.
    pub fn addr(self, slot: usize) -> GuestAddr {
        GuestAddr::new(self.base.get() + slot as u64 * 2)
    }
}

/// A set of places.
#[derive(Clone, Debug)]
pub struct Places {
    slots: Slots,
    bits: Vec<u64>,
}

impl Places {
    /// No place.
    pub fn new(slots: Slots) -> Places {
        Places {
            slots,
            bits: vec![0; slots.count().div_ceil(64)],
        }
    }

    /// Whether a place is in.
    pub fn contains(&self, addr: GuestAddr) -> bool {
        self.slots
            .of(addr)
            .is_some_and(|s| self.bits[s / 64] >> (s % 64) & 1 != 0)
    }

    /// Adds a place; whether it is one and was not in.
    pub fn insert(&mut self, addr: GuestAddr) -> bool {
        let Some(slot) = self.slots.of(addr) else {
            return false;
        };
        let (word, bit) = (&mut self.bits[slot / 64], 1 << (slot % 64));
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    /// How many are in.
    pub fn len(&self) -> u64 {
        self.bits.iter().map(|w| u64::from(w.count_ones())).sum()
    }

    /// The last place at or before an address.
    pub fn last_up_to(&self, addr: GuestAddr) -> Option<GuestAddr> {
        let slot = self.slots.of(GuestAddr::new(addr.get() & !1))?;
        let mut index = slot / 64;
        let mut word = self.bits[index] & (u64::MAX >> (63 - slot % 64));
        while word == 0 {
            index = index.checked_sub(1)?;
            word = self.bits[index];
        }
        Some(
            self.slots
                .addr(index * 64 + 63 - word.leading_zeros() as usize),
        )
    }

    /// The first place after an address.
    pub fn first_after(&self, addr: GuestAddr) -> Option<GuestAddr> {
        let slot = self.slots.of(GuestAddr::new(addr.get() & !1))? + 1;
        let mut index = slot / 64;
        let mut word = *self.bits.get(index)? & (u64::MAX << (slot % 64));
        while word == 0 {
            index += 1;
            word = *self.bits.get(index)?;
        }
        Some(self.slots.addr(index * 64 + word.trailing_zeros() as usize))
    }

    /// All, by address.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = GuestAddr> + '_ {
        let words = self.bits.iter().enumerate().filter(|(_, w)| **w != 0);
        words.flat_map(move |(index, &word)| {
            let bits = (0..64).filter(move |bit| word >> bit & 1 != 0);
            bits.map(move |bit| self.slots.addr(index * 64 + bit))
        })
    }
}

/// Ranges of functions that do not overlap.
#[derive(Clone, Debug, Default)]
pub struct Ranges(Vec<Range>);

impl Ranges {
    /// Takes the ranges; where they overlap, each ends where the next one starts, and of those that
    /// start at one address the longest counts.
    pub fn new(mut ranges: Vec<Range>) -> Ranges {
        ranges.retain(|r| r.start < r.end);
        ranges.sort_unstable_by_key(|r| (r.start, std::cmp::Reverse(r.end)));
        ranges.dedup_by_key(|r| r.start);
        for index in 1..ranges.len() {
            let start = ranges[index].start;
            let before = &mut ranges[index - 1];
            before.end = before.end.min(start);
        }
        Ranges(ranges)
    }

    /// The range that an address is in.
    pub fn of(&self, addr: GuestAddr) -> Option<Range> {
        let after = self.0.partition_point(|r| r.start <= addr);
        let range = *self.0.get(after.checked_sub(1)?)?;
        range.contains(addr).then_some(range)
    }

    /// From the first to the last.
    pub fn hull(&self) -> Option<Range> {
        Some(Range {
            start: self.0.first()?.start,
            end: self.0.last()?.end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places::new(Slots {
            base: GuestAddr::new(0x1000),
            count: 300,
        })
    }

    #[test]
    fn places_are_found_in_both_directions() {
        let mut places = places();
        let at = |n: u64| GuestAddr::new(0x1000 + n * 2);
        for n in [0, 63, 64, 200] {
            assert!(places.insert(at(n)));
        }
        assert!(!places.insert(at(64)));
        assert!(!places.insert(at(300)), "outside");
        assert!(!places.insert(GuestAddr::new(0x1003)), "odd");
        assert_eq!(places.last_up_to(at(64)), Some(at(64)));
        assert_eq!(places.last_up_to(at(199)), Some(at(64)));
        assert_eq!(places.first_after(at(0)), Some(at(63)));
        assert_eq!(places.first_after(at(64)), Some(at(200)));
        assert_eq!(places.first_after(at(200)), None);
        assert_eq!(
            places.iter().collect::<Vec<_>>(),
            [at(0), at(63), at(64), at(200)]
        );
        assert_eq!(places.len(), 4);
    }

    #[test]
    fn ranges_give_way_to_the_next_one() {
        let range = |start, end| Range {
            start: GuestAddr::new(start),
            end: GuestAddr::new(end),
        };
        let ranges = Ranges::new(vec![
            range(20, 30),
            range(10, 25),
            range(10, 12),
            range(5, 5),
        ]);
        assert_eq!(ranges.of(GuestAddr::new(15)), Some(range(10, 20)));
        assert_eq!(ranges.of(GuestAddr::new(25)), Some(range(20, 30)));
        assert_eq!(ranges.of(GuestAddr::new(30)), None);
    }
}
