//! Where a guest's instructions are: what its segments allow, and what its section headers tell.

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::section_header::{SHF_EXECINSTR, SHT_PROGBITS, SectionHeader};
use vmtrans_isa::GuestAddr;

use super::{Guest, Mapped, Range, SPREAD_LIMIT};

/// What may be translated: all executable segments, or only the one that the guest starts in where
/// the others are far away.
pub(super) fn text(mapped: &[Mapped], entry: GuestAddr) -> Range {
    let executable = mapped.iter().filter(|m| m.execute);
    let ranges = executable.map(|m| Range {
        start: m.range.start,
        end: m.file_end,
    });
    let ranges = ranges.collect::<Vec<_>>();
    let home = ranges
        .iter()
        .find(|r| r.contains(entry))
        .or(ranges.first())
        .copied();
    let Some(home) = home else {
        return Range {
            start: entry,
            end: entry,
        };
    };
    let all = ranges.iter().fold(home, |all, r| Range {
        start: all.start.min(r.start),
        end: all.end.max(r.end),
    });
    let range = if all.bytes() <= SPREAD_LIMIT.max(home.bytes() * 2) {
        all
    } else {
        home
    };
    Range {
        start: GuestAddr::new(range.start.get() & !1),
        end: GuestAddr::new(range.end.get().next_multiple_of(2)),
    }
}

/// Executable sections where they can be believed (and whether they are), else executable segments.
pub(super) fn code(guest: &Guest) -> (Vec<Range>, bool) {
    let mut ranges = sections(guest)
        .iter()
        .filter(|s| s.sh_type == SHT_PROGBITS && s.sh_flags & u64::from(SHF_EXECINSTR) != 0)
        .filter_map(|s| within_text(guest, s))
        .collect::<Vec<_>>();
    ranges.sort_unstable();
    let apart = ranges.windows(2).all(|pair| pair[0].end <= pair[1].start);
    if apart && ranges.iter().any(|r| r.contains(guest.entry())) {
        return (ranges, true);
    }
    let mut ranges = guest
        .executable_ranges()
        .filter(|r| r.bytes() > 0)
        .collect::<Vec<_>>();
    ranges.sort_unstable();
    (ranges, false)
}

fn within_text(guest: &Guest, section: &SectionHeader) -> Option<Range> {
    let start = guest.biased(section.sh_addr);
    let end = start.checked_add(section.sh_size)?;
    let last = end.wrapping_offset(-1);
    let inside = section.sh_size > 0 && guest.is_executable(start) && guest.is_executable(last);
    inside.then_some(Range { start, end })
}

/// The section headers, none where they are not all there.
pub(super) fn sections(guest: &Guest) -> Vec<SectionHeader> {
    let context = Ctx::new(Container::Big, Endian::Little);
    let bytes = guest.bytes();
    let Ok(header) = goblin::elf::Elf::parse_header(bytes) else {
        return Vec::new();
    };
    let (size, count) = (usize::from(header.e_shentsize), usize::from(header.e_shnum));
    let Ok(offset) = usize::try_from(header.e_shoff) else {
        return Vec::new();
    };
    let end = offset.checked_add(size * count);
    if count == 0 || size != 64 || end.is_none_or(|end| end > bytes.len()) {
        return Vec::new();
    }
    SectionHeader::parse(bytes, offset, count, context).unwrap_or_default()
}
