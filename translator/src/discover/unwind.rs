//! What a guest's unwind tables tell: where functions are, and where exceptions land.
//!
//! Tables are found through the program header, else the section header, else by looking for the
//! first entry: a static program without section headers has them too.

use std::collections::{BTreeSet, HashMap};

use gimli::{
    BaseAddresses, CieOrFde, DwEhPe, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, Reader,
    UnwindSection,
};
use vmtrans_isa::GuestAddr;

use crate::guest::{Guest, Range};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// What the tables tell.
#[derive(Debug, Default)]
pub struct Unwind {
    /// Ranges of functions, or of parts of them.
    pub ranges: Vec<Range>,
    /// Where exceptions land.
    pub landing_pads: BTreeSet<GuestAddr>,
}

/// Reads the tables of a guest; what is damaged ends the reading.
pub fn read(guest: &Guest) -> Unwind {
    let Some(start) = by_header(guest)
        .or_else(|| by_section(guest))
        .or_else(|| by_entry(guest))
    else {
        return Unwind::default();
    };
    read_frames(guest, start)
}

fn by_header(guest: &Guest) -> Option<GuestAddr> {
    let header = guest.biased(guest.elf().eh_frame_header?.address.get());
    let bases = BaseAddresses::default().set_eh_frame_hdr(header.get());
    let parsed = EhFrameHdr::new(guest.read_on(header), LittleEndian)
        .parse(&bases, 8)
        .ok()?;
    Some(GuestAddr::new(parsed.eh_frame_ptr().direct().ok()?))
}

fn by_section(guest: &Guest) -> Option<GuestAddr> {
    let elf = goblin::elf::Elf::parse_header(guest.bytes()).ok()?;
    let sections = guest.sections();
    let names = sections.get(usize::from(elf.e_shstrndx))?;
    let section = sections.iter().find(|s| {
        let at = names.sh_offset.checked_add(s.sh_name as u64);
        let at = at.and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| guest.bytes().get(at..))
            .is_some_and(|n| n.starts_with(b".eh_frame\0"))
    })?;
    let start = guest.biased(section.sh_addr);
    is_first_entry(guest.read_on(start)).then_some(start)
}

/// The first common information entry (CIE) of a table in read-only memory.
fn by_entry(guest: &Guest) -> Option<GuestAddr> {
    let mut tries = 16;
    for (range, _) in guest.data_ranges().filter(|(_, write)| !write) {
        let mut at = GuestAddr::new(range.start.get().next_multiple_of(4));
        let mut rest = guest.read_on(at);
        while !rest.is_empty() {
            if is_first_entry(rest) && tries > 0 {
                tries -= 1;
                if !read_frames(guest, at).ranges.is_empty() {
                    return Some(at);
                }
            }
            rest = rest.get(4..).unwrap_or_default();
            at = at.wrapping_offset(4);
        }
    }
    None
}

/// Whether this starts like a CIE: length, 0, version, augmentation `zR` or one with a
/// personality or an LSDA before the `R`.
fn is_first_entry(bytes: &[u8]) -> bool {
    let [length, 0, 0, 0, 0, 0, 0, 0, 1 | 3, augmentation @ ..] = bytes else {
        return false;
    };
    let augmentations: [&[u8]; 5] = [b"zR\0", b"zPLR\0", b"zPR\0", b"zLR\0", b"zRS\0"];
    length % 4 == 0
        && (8..=64).contains(length)
        && augmentations.iter().any(|a| augmentation.starts_with(a))
}

fn read_frames(guest: &Guest, start: GuestAddr) -> Unwind {
    let mut found = Unwind::default();
    let section = EhFrame::new(guest.read_on(start), LittleEndian);
    let bases = BaseAddresses::default().set_eh_frame(start.get());
    let mut cies = HashMap::new();
    let mut tables = ExceptionTables::new(guest);
    let mut entries = section.entries(&bases);
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else {
            continue;
        };
        let parsed = partial.parse(|section, bases, offset| match cies.get(&offset.0) {
            Some(cie) => Ok(Clone::clone(cie)),
            None => {
                let cie = section.cie_from_offset(bases, offset)?;
                cies.insert(offset.0, cie.clone());
                Ok(cie)
            }
        });
        let Ok(fde) = parsed else { continue };
        let start = GuestAddr::new(fde.initial_address());
        let Some(end) = start.checked_add(fde.len()) else {
            continue;
        };
        let range = Range { start, end };
        if start >= end || !guest.is_executable(start) || !start.get().is_multiple_of(2) {
            continue;
        }
        found.ranges.push(range);
        if let Some(Ok(table)) = fde.lsda().map(gimli::Pointer::direct) {
            tables.read(GuestAddr::new(table), start, &mut found.landing_pads);
        }
    }
    found
        .landing_pads
        .retain(|&pad| guest.is_executable(pad) && pad.get() % 2 == 0);
    found
}

/// Language-specific data areas as C++ has them.
struct ExceptionTables<'a> {
    guest: &'a Guest,
    done: BTreeSet<(GuestAddr, GuestAddr)>,
    /// Call sites that may still be read: no file has more than it has bytes.
    left: usize,
}

impl<'a> ExceptionTables<'a> {
    fn new(guest: &'a Guest) -> ExceptionTables<'a> {
        ExceptionTables {
            guest,
            done: BTreeSet::new(),
            left: guest.bytes().len(),
        }
    }

    fn read(&mut self, table: GuestAddr, function: GuestAddr, pads: &mut BTreeSet<GuestAddr>) {
        if self.done.insert((table, function)) {
            // A damaged table gives what was read before the damage.
            let _ = self.call_sites(table, function, pads);
        }
    }

    fn call_sites(
        &mut self,
        table: GuestAddr,
        function: GuestAddr,
        pads: &mut BTreeSet<GuestAddr>,
    ) -> gimli::Result<()> {
        let mut input = Bytes::new(self.guest.read_on(table), LittleEndian);
        // The base of landing pads; absent, it is the function's start.
        if input.read_u8()? != gimli::DW_EH_PE_omit.0 {
            return Err(gimli::Error::UnsupportedPointerEncoding(DwEhPe(0)));
        }
        if input.read_u8()? != gimli::DW_EH_PE_omit.0 {
            input.read_uleb128()?;
        }
        let encoding = DwEhPe(input.read_u8()?);
        let length = input.read_uleb128()?;
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(input.len());
        let mut sites = input.split(length)?;
        while !sites.is_empty() && self.left > 0 {
            self.left -= 1;
            encoded(&mut sites, encoding)?;
            encoded(&mut sites, encoding)?;
            let pad = encoded(&mut sites, encoding)?;
            sites.read_uleb128()?;
            if pad != 0 {
                pads.insert(GuestAddr::new(function.get().wrapping_add(pad)));
            }
        }
        Ok(())
    }
}

fn encoded(input: &mut Bytes<'_>, encoding: DwEhPe) -> gimli::Result<u64> {
    match encoding {
        gimli::DW_EH_PE_uleb128 => input.read_uleb128(),
        gimli::DW_EH_PE_udata2 => input.read_u16().map(u64::from),
        gimli::DW_EH_PE_udata4 => input.read_u32().map(u64::from),
        gimli::DW_EH_PE_udata8 => input.read_u64(),
        other => Err(gimli::Error::UnsupportedPointerEncoding(other)),
    }
}
