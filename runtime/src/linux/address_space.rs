//! Which addresses are the guest's, and what is there: an interval map.
//!
//! It makes no host calls. It is what keeps the guest's `munmap`, `mprotect` and `MAP_FIXED` away
//! from memory that is not the guest's, and what `/proc/self/maps` shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use vmtrans_guest_elf::PAGE_SIZE;
use vmtrans_isa::GuestAddr;

/// First address above which the guest has no memory, whatever it asks for: user space under
/// Sv48, and the host's own.
pub const ADDRESS_LIMIT: u64 = 1 << 47;
/// Mappings whose address the guest leaves open are put below this, the highest first, as under
/// Sv39. The stack is above.
pub const MAPPING_TOP: u64 = 0x3f_0000_0000;
/// And not below this, so that small numbers are never addresses.
pub const MAPPING_BOTTOM: u64 = 0x1_0000;

/// What a mapping is backed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backing {
    /// Path of the file, as `/proc/self/maps` shows it, or a name such as `[heap]`.
    pub name: PathBuf,
    /// Device of the file, 0 for a mere name.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
    /// Offset in the file of the mapping's first byte.
    pub offset: u64,
}

/// A range of the guest's memory, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// `PROT_READ`, `PROT_WRITE` and `PROT_EXEC` as the guest sees them.
    pub protection: u32,
    /// Whether writes are seen by others.
    pub shared: bool,
    /// What is behind it, if it is not anonymous.
    pub backing: Option<Arc<Backing>>,
    /// Bytes from the start of the backing to the start of the mapping.
    pub backing_offset: u64,
}

impl Mapping {
    /// Anonymous private memory.
    pub fn anonymous(protection: u32) -> Mapping {
        Mapping {
            protection,
            shared: false,
            backing: None,
            backing_offset: 0,
        }
    }

    /// Memory with a name or a file behind it.
    pub fn backed(protection: u32, shared: bool, backing: Backing) -> Mapping {
        Mapping {
            protection,
            shared,
            backing: Some(Arc::new(backing)),
            backing_offset: 0,
        }
    }

    /// The mapping from this many bytes on.
    fn starting_at(&self, bytes: u64) -> Mapping {
        Mapping {
            backing_offset: self.backing_offset + bytes,
            ..self.clone()
        }
    }

    /// Whether the guest may execute it.
    pub fn is_executable(&self) -> bool {
        self.protection & low(libc::PROT_EXEC) != 0
    }

    /// Whether this one, directly after another of this many bytes, is more of the same.
    fn continues(&self, before: &Mapping, bytes: u64) -> bool {
        let same = match (&self.backing, &before.backing) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                (Arc::ptr_eq(a, b) || a == b)
                    && self.backing_offset == before.backing_offset.wrapping_add(bytes)
            }
            _ => false,
        };
        same && self.protection == before.protection && self.shared == before.shared
    }
}

const fn low(bits: i32) -> u32 {
    bits.cast_unsigned()
}

/// The guest's address space. All ranges are of whole pages and end by [`ADDRESS_LIMIT`].
#[derive(Debug, Default)]
pub struct AddressSpace {
    /// By start: the end, and what is there. They do not overlap.
    mappings: BTreeMap<u64, (u64, Mapping)>,
    /// Not the guest's, and not to become so: images and what belongs to them.
    reserved: Vec<Range<u64>>,
    /// Where the heap starts.
    pub heap_start: u64,
    /// Where it ends now: the guest's program break.
    pub heap_end: u64,
}

impl AddressSpace {
    /// Keeps a range from the guest for good.
    pub fn reserve(&mut self, range: Range<u64>) {
        self.reserved.push(range);
    }

    /// Puts a mapping in a range, in place of what was there.
    pub fn insert(&mut self, range: Range<u64>, mapping: Mapping) {
        if range.is_empty() {
            return;
        }
        self.remove(range.clone());
        let Range { mut start, mut end } = range;
        let mut mapping = mapping;
        if let Some((&before_start, (before_end, before))) =
            self.mappings.range(..start).next_back()
            && *before_end == start
            && mapping.continues(before, start - before_start)
        {
            mapping = before.clone();
            start = before_start;
        }
        if let Some((after_end, after)) = self.mappings.get(&end)
            && after.continues(&mapping, end - start)
        {
            let after_end = *after_end;
            self.mappings.remove(&end);
            end = after_end;
        }
        self.mappings.insert(start, (end, mapping));
    }

    /// Takes a range out. Gives what was there.
    pub fn remove(&mut self, range: Range<u64>) -> Vec<(Range<u64>, Mapping)> {
        let parts = self.parts(range.clone());
        for (part, _) in &parts {
            self.cut(part.clone());
        }
        parts
    }

    /// Removes a part of one mapping.
    fn cut(&mut self, part: Range<u64>) {
        let Some((&start, _)) = self.mappings.range(..=part.start).next_back() else {
            return;
        };
        let Some((end, mapping)) = self.mappings.remove(&start) else {
            return;
        };
        if part.end < end {
            let rest = mapping.starting_at(part.end - start);
            self.mappings.insert(part.end, (end, rest));
        }
        if start < part.start {
            self.mappings.insert(start, (part.start, mapping));
        }
    }

    /// Changes the protection of a range, as far as it is the guest's. Gives what was there.
    pub fn protect(&mut self, range: Range<u64>, protection: u32) -> Vec<(Range<u64>, Mapping)> {
        let parts = self.remove(range);
        for (part, mapping) in &parts {
            self.insert(
                part.clone(),
                Mapping {
                    protection,
                    ..mapping.clone()
                },
            );
        }
        parts
    }

    /// The parts of a range that are the guest's, in order.
    pub fn parts(&self, range: Range<u64>) -> Vec<(Range<u64>, Mapping)> {
        if range.is_empty() {
            return Vec::new();
        }
        let first = self
            .mappings
            .range(..=range.start)
            .next_back()
            .map_or(range.start, |(s, _)| *s);
        self.mappings
            .range(first..range.end)
            .filter(|(_, (end, _))| *end > range.start)
            .map(|(&start, (end, mapping))| {
                let part = start.max(range.start)..(*end).min(range.end);
                let mapping = mapping.starting_at(part.start - start);
                (part, mapping)
            })
            .collect()
    }

    /// The parts of a range that are not the guest's, in order.
    pub fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        for (part, _) in self.parts(range.clone()) {
            if at < part.start {
                gaps.push(at..part.start);
            }
            at = part.end;
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// Whether all of a range is the guest's.
    pub fn covers(&self, range: Range<u64>) -> bool {
        self.gaps(range).is_empty()
    }

    /// Whether a range is kept from the guest.
    pub fn is_reserved(&self, range: &Range<u64>) -> bool {
        range.end > ADDRESS_LIMIT
            || self
                .reserved
                .iter()
                .any(|r| r.start < range.end && range.start < r.end)
    }

    /// What is at an address.
    pub fn at(&self, address: GuestAddr) -> Option<&Mapping> {
        let (_, (end, mapping)) = self.mappings.range(..=address.get()).next_back()?;
        (address.get() < *end).then_some(mapping)
    }

    /// Whether there is a byte in the range that the guest may execute.
    pub fn has_executable(&self, range: Range<u64>) -> bool {
        self.parts(range).iter().any(|(_, m)| m.is_executable())
    }

    /// The highest free range of this size that ends by `top` and starts at a multiple of
    /// `alignment`, as far as is known here.
    pub fn find_free(&self, size: u64, alignment: u64, top: u64) -> Option<u64> {
        let mut end = top;
        loop {
            let start = end.checked_sub(size)? / alignment * alignment;
            if start < MAPPING_BOTTOM {
                return None;
            }
            match self.lowest_obstacle(&(start..start + size)) {
                None => return Some(start),
                Some(obstacle) => end = obstacle,
            }
        }
    }

    fn lowest_obstacle(&self, range: &Range<u64>) -> Option<u64> {
        let mapped = self.parts(range.clone()).first().map(|(part, _)| {
            // The whole mapping is in the way, not only its part in the range.
            self.mappings
                .range(..=part.start)
                .next_back()
                .map_or(part.start, |(s, _)| *s)
        });
        let reserved = self
            .reserved
            .iter()
            .filter(|r| r.start < range.end && range.start < r.end)
            .map(|r| r.start)
            .min();
        mapped.into_iter().chain(reserved).min()
    }

    /// All mappings, by address.
    pub fn mappings(&self) -> impl Iterator<Item = (Range<u64>, &Mapping)> {
        self.mappings
            .iter()
            .map(|(&start, (end, mapping))| (start..*end, mapping))
    }

    /// The text of `/proc/self/maps`.
    pub fn to_maps(&self) -> String {
        let mut text = String::new();
        for (range, mapping) in self.mappings() {
            let flag = |bit: i32, c: char| {
                if mapping.protection & low(bit) != 0 {
                    c
                } else {
                    '-'
                }
            };
            let line = text.len();
            let backing = mapping.backing.as_deref();
            let (device, inode) = backing.map_or((0, 0), |b| (b.device, b.inode));
            let offset = backing.filter(|b| b.inode != 0);
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{:08x}-{:08x} {}{}{}{} {:08x} {:02x}:{:02x} {inode} ",
                range.start,
                range.end,
                flag(libc::PROT_READ, 'r'),
                flag(libc::PROT_WRITE, 'w'),
                flag(libc::PROT_EXEC, 'x'),
                if mapping.shared { 's' } else { 'p' },
                offset.map_or(0, |b| b.offset + mapping.backing_offset),
                libc::major(device),
                libc::minor(device),
            );
            if let Some(backing) = backing {
                // The kernel pads up to this column.
                while text.len() - line < 73 {
                    text.push(' ');
                }
                text.push_str(&backing.name.to_string_lossy());
            }
            text.push('\n');
        }
        text
    }
}

/// The pages that these bytes are in, or `None` where they wrap or reach beyond the guest's part.
pub fn pages(address: GuestAddr, length: u64) -> Option<Range<u64>> {
    let end = address
        .get()
        .checked_add(length)?
        .checked_next_multiple_of(PAGE_SIZE)?;
    let start = address.get() / PAGE_SIZE * PAGE_SIZE;
    (end <= ADDRESS_LIMIT).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: u32 = 1;
    const WRITE: u32 = 3;

    fn space(ranges: &[(Range<u64>, u32)]) -> AddressSpace {
        let mut space = AddressSpace::default();
        for (range, protection) in ranges {
            space.insert(range.clone(), Mapping::anonymous(*protection));
        }
        space
    }

    fn ranges(space: &AddressSpace) -> Vec<(Range<u64>, u32)> {
        space.mappings().map(|(r, m)| (r, m.protection)).collect()
    }

    #[test]
    fn neighbours_of_one_kind_become_one() {
        let space = space(&[
            (0x1000..0x2000, READ),
            (0x3000..0x4000, READ),
            (0x2000..0x3000, READ),
        ]);
        assert_eq!(ranges(&space), [(0x1000..0x4000, READ)]);
    }

    #[test]
    fn a_hole_splits_a_mapping() {
        let mut space = space(&[(0x1000..0x5000, READ)]);
        space.remove(0x2000..0x3000);
        assert_eq!(
            ranges(&space),
            [(0x1000..0x2000, READ), (0x3000..0x5000, READ)]
        );
        assert_eq!(
            space.gaps(0..0x6000),
            [0..0x1000, 0x2000..0x3000, 0x5000..0x6000]
        );
        assert!(space.covers(0x3000..0x5000));
        assert!(!space.covers(0x1000..0x5000));
    }

    #[test]
    fn protection_changes_only_what_is_there() {
        let mut space = space(&[(0x1000..0x3000, READ), (0x4000..0x6000, READ)]);
        let before = space.protect(0x2000..0x5000, WRITE);
        assert_eq!(before.len(), 2);
        assert_eq!(
            ranges(&space),
            [
                (0x1000..0x2000, READ),
                (0x2000..0x3000, WRITE),
                (0x4000..0x5000, WRITE),
                (0x5000..0x6000, READ)
            ]
        );
    }

    #[test]
    fn a_file_keeps_its_offsets() {
        let mut space = AddressSpace::default();
        let backing = Backing {
            name: "/bin/sh".into(),
            device: 0x801,
            inode: 7,
            offset: 0x1000,
        };
        space.insert(0x10000..0x14000, Mapping::backed(5, false, backing));
        space.protect(0x12000..0x13000, READ);
        let maps = space.to_maps();
        let lines = maps.lines().collect::<Vec<_>>();
        assert_eq!(
            lines[1],
            "00012000-00013000 r--p 00003000 08:01 7                                  /bin/sh"
        );
        assert!(lines[2].starts_with("00013000-00014000 r-xp 00004000 08:01 7"));
        space.protect(0x12000..0x13000, 5);
        assert_eq!(space.mappings().count(), 1);
    }

    #[test]
    fn free_ranges_are_found_from_the_top() {
        let mut space = space(&[(0x80000..0x90000, READ)]);
        assert_eq!(space.find_free(0x1000, 0x1000, 0x90000), Some(0x7f000));
        space.reserve(0x70000..0x80000);
        assert_eq!(space.find_free(0x1000, 0x1000, 0x90000), Some(0x6f000));
        assert_eq!(space.find_free(0x10000, 0x10000, 0x90000), Some(0x60000));
        assert_eq!(space.find_free(0x90000, 0x1000, 0x90000), None);
    }

    #[test]
    fn ranges_that_wrap_are_none() {
        assert_eq!(pages(GuestAddr::new(0x1001), 0x1000), Some(0x1000..0x3000));
        assert_eq!(pages(GuestAddr::new(0x1000), u64::MAX), None);
        assert_eq!(pages(GuestAddr::new(ADDRESS_LIMIT - 0x1000), 0x2000), None);
    }
}
