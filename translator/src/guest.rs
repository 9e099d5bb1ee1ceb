//! A guest program as the translator sees it: its bytes at their guest addresses, and what its
//! file says of them.
//!
//! Addresses here include the bias, which is what a position-independent guest is moved by. It is
//! not known here what the bytes mean.

mod layout;
mod relocations;

use std::path::Path;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::ProgramHeader;
use goblin::elf::program_header::PT_GNU_RELRO;
use vmtrans_guest_elf::{ElfError, GuestElf, SymbolKind};
use vmtrans_isa::{GuestAddr, Width};

pub use relocations::{Relocated, Relocation};

/// Where a position-independent guest is linked to: above what a 32-bit immediate can be, so that
/// no immediate is taken for an address, and below the end of user space under Sv39.
const BIAS: u64 = 0x20_0000_0000;

/// Entry tables cover all executable segments only if those are not much further apart than they
/// are long.
const SPREAD_LIMIT: u64 = 64 << 20;

/// Why a file is no guest that can be translated.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct GuestError(#[from] ElfError);

/// A range of guest addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// First address.
    pub start: GuestAddr,
    /// First address after it.
    pub end: GuestAddr,
}

impl Range {
    /// Whether an address is inside.
    pub fn contains(&self, addr: GuestAddr) -> bool {
        self.start <= addr && addr < self.end
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.end.get().saturating_sub(self.start.get())
    }
}

/// A function symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSymbol {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: GuestAddr,
    /// Bytes, 0 where unknown.
    pub size: u64,
}

/// A part of the file in memory.
#[derive(Clone, Debug)]
struct Mapped {
    range: Range,
    file_end: GuestAddr,
    offset: usize,
    write: bool,
    execute: bool,
}

/// A guest program.
#[derive(Debug)]
pub struct Guest {
    bytes: Vec<u8>,
    elf: GuestElf,
    hash: [u8; 32],
    bias: u64,
    mapped: Vec<Mapped>,
    relro: Vec<Range>,
    code: Vec<Range>,
    has_code_sections: bool,
    text: Range,
    relocations: Vec<Relocation>,
}

impl Guest {
    /// Reads and checks a guest program; `path` is for messages.
    ///
    /// # Errors
    /// Where the file is no program for this guest machine.
    pub fn new(bytes: Vec<u8>, path: &Path) -> Result<Guest, GuestError> {
        let elf = GuestElf::parse(&bytes, path)?;
        let bias = if elf.is_position_independent() {
            BIAS
        } else {
            0
        };
        let hash = *blake3::hash(&bytes).as_bytes();
        let mapped = mapped(&elf, bias);
        let text = layout::text(&mapped, GuestAddr::new(elf.entry.get() + bias));
        let mut guest = Guest {
            relro: Vec::new(),
            code: Vec::new(),
            has_code_sections: false,
            relocations: Vec::new(),
            bytes,
            elf,
            hash,
            bias,
            mapped,
            text,
        };
        let headers = guest.program_headers();
        guest.relro = guest.read_relro(&headers);
        (guest.code, guest.has_code_sections) = layout::code(&guest);
        guest.relocations = relocations::read(&guest, &headers);
        Ok(guest)
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the file's headers say; addresses in it are as linked, without the bias.
    pub fn elf(&self) -> &GuestElf {
        &self.elf
    }

    /// BLAKE3 of the file.
    pub fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// What is added to the file's addresses.
    pub fn bias(&self) -> u64 {
        self.bias
    }

    /// Whether it may be mapped at any address.
    pub fn is_position_independent(&self) -> bool {
        self.elf.is_position_independent()
    }

    /// Where it starts.
    pub fn entry(&self) -> GuestAddr {
        self.biased(self.elf.entry.get())
    }

    /// The address of something that the file has at this address.
    pub fn biased(&self, address: u64) -> GuestAddr {
        GuestAddr::new(address.wrapping_add(self.bias))
    }

    /// First address and length of what may be translated: the executable segments and what is
    /// between them, in even numbers.
    pub fn text_range(&self) -> (GuestAddr, u64) {
        (self.text.start, self.text.bytes())
    }

    /// First address after all that is mapped.
    pub fn end(&self) -> GuestAddr {
        self.biased(self.elf.span().end.get())
    }

    /// Executable bytes that are probably instructions: those of executable sections, or all that
    /// are in executable segments where section headers are missing or cannot be right.
    pub fn code_ranges(&self) -> &[Range] {
        &self.code
    }

    /// Whether [`Guest::code_ranges`] are sections.
    pub fn has_code_sections(&self) -> bool {
        self.has_code_sections
    }

    /// The section headers, none where they are not all there. They are hints.
    pub(crate) fn sections(&self) -> Vec<goblin::elf::SectionHeader> {
        layout::sections(self)
    }

    /// All that is mapped from the file, and whether the guest may write it.
    pub(crate) fn data_ranges(&self) -> impl Iterator<Item = (Range, bool)> + '_ {
        self.mapped.iter().map(|m| {
            (
                Range {
                    start: m.range.start,
                    end: m.file_end,
                },
                m.write,
            )
        })
    }

    /// Executable segments as far as they come from the file.
    pub(crate) fn executable_ranges(&self) -> impl Iterator<Item = Range> + '_ {
        let executable = self.mapped.iter().filter(|m| m.execute);
        executable
            .map(|m| Range {
                start: m.range.start,
                end: m.file_end,
            })
            .filter(|r| self.text.start <= r.start && r.end <= self.text.end)
    }

    /// Bytes of the file at an address; `None` unless all of them are in one segment.
    pub fn read(&self, addr: GuestAddr, length: usize) -> Option<&[u8]> {
        let mapped = self.mapped_at(addr)?;
        let end = addr.checked_add(u64::try_from(length).ok()?)?;
        if end > mapped.file_end {
            return None;
        }
        let start =
            mapped.offset + usize::try_from(addr.wrapping_distance(mapped.range.start)).ok()?;
        self.bytes.get(start..start.checked_add(length)?)
    }

    /// All bytes of the file from an address to the end of its segment.
    pub(crate) fn read_on(&self, addr: GuestAddr) -> &[u8] {
        let length = self
            .mapped_at(addr)
            .map_or(0, |m| m.file_end.wrapping_distance(addr));
        usize::try_from(length)
            .ok()
            .and_then(|l| self.read(addr, l))
            .unwrap_or_default()
    }

    /// A little-endian number of 1, 2, 4 or 8 bytes.
    pub fn number(&self, addr: GuestAddr, w: Width) -> Option<u64> {
        let bytes = self.read(addr, w.bytes() as usize)?;
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        Some(u64::from_le_bytes(wide))
    }

    /// The 32 bits at an address to be decoded, or the last 16 of its segment.
    pub fn fetch(&self, addr: GuestAddr) -> Option<u32> {
        if let Some(bits) = self.number(addr, Width::W) {
            return u32::try_from(bits).ok();
        }
        u32::try_from(self.number(addr, Width::H)?)
            .ok()
            .filter(|half| half & 3 != 3)
    }

    /// Whether an address is in a segment.
    pub fn is_mapped(&self, addr: GuestAddr) -> bool {
        self.mapped_at(addr).is_some()
    }

    /// Whether the guest may execute what the file has at an address.
    pub fn is_executable(&self, addr: GuestAddr) -> bool {
        self.text.contains(addr)
            && self
                .mapped_at(addr)
                .is_some_and(|m| m.execute && addr < m.file_end)
    }

    /// Whether the guest may write an address of a segment.
    pub fn is_writable(&self, addr: GuestAddr) -> bool {
        self.mapped_at(addr).is_some_and(|m| m.write)
    }

    /// Whether the guest cannot write an address once it has relocated itself.
    pub fn is_read_only(&self, addr: GuestAddr) -> bool {
        self.mapped_at(addr).is_some_and(|m| !m.write)
            || self.relro.iter().any(|r| r.contains(addr))
    }

    /// Whether an address is probably that of an instruction (see [`Guest::code_ranges`]).
    pub fn is_code(&self, addr: GuestAddr) -> bool {
        let after = self.code.partition_point(|r| r.start <= addr);
        addr.get().is_multiple_of(2) && after > 0 && self.code[after - 1].contains(addr)
    }

    /// The number at an address, if it is the same from the first instruction to the last: never
    /// writable, and nothing relocates it.
    pub fn constant(&self, addr: GuestAddr, w: Width) -> Option<u64> {
        let last = addr.checked_add(u64::from(w.bytes()) - 1)?;
        let fixed = |a| self.mapped_at(a).is_some_and(|m| !m.write);
        let relocated = self.relocations_in(addr, w).next().is_some();
        if fixed(addr) && fixed(last) && !relocated {
            self.number(addr, w)
        } else {
            None
        }
    }

    /// The number at an address after relocation, if it does not change from then on.
    pub fn settled(&self, addr: GuestAddr, w: Width) -> Option<u64> {
        let last = addr.checked_add(u64::from(w.bytes()) - 1)?;
        if !self.is_read_only(addr) || !self.is_read_only(last) {
            return None;
        }
        let mut relocations = self.relocations_in(addr, w);
        match (relocations.next(), w) {
            (None, _) => self.number(addr, w),
            (
                Some(Relocation {
                    address,
                    to: Relocated::Address(value),
                }),
                Width::D,
            ) if *address == addr => Some(value.get()),
            _ => None,
        }
    }

    /// What changes words of the guest when it starts, by address.
    pub fn relocations(&self) -> &[Relocation] {
        &self.relocations
    }

    fn relocations_in(&self, addr: GuestAddr, w: Width) -> impl Iterator<Item = &Relocation> {
        // A relocated word has up to eight bytes.
        let first = addr.wrapping_offset(-7);
        let from = self.relocations.partition_point(|r| r.address < first);
        let end = addr.wrapping_offset(i64::from(w.bytes()));
        self.relocations[from..]
            .iter()
            .take_while(move |r| r.address < end)
    }

    /// The function symbols, by address.
    pub fn function_symbols(&self) -> Vec<FunctionSymbol> {
        let functions = [SymbolKind::Function, SymbolKind::IndirectFunction];
        let symbols = self.elf.symbols(&self.bytes);
        let symbols = symbols.into_iter().filter(|s| functions.contains(&s.kind));
        symbols
            .map(|s| FunctionSymbol {
                name: s.name.into_owned(),
                address: self.biased(s.address.get()),
                size: s.size,
            })
            .filter(|s| self.is_executable(s.address) && s.address.get() % 2 == 0)
            .collect()
    }

    fn mapped_at(&self, addr: GuestAddr) -> Option<&Mapped> {
        self.mapped.iter().find(|m| m.range.contains(addr))
    }

    fn program_headers(&self) -> Vec<ProgramHeader> {
        let table = self.elf.program_headers;
        let context = Ctx::new(Container::Big, Endian::Little);
        let offset = usize::try_from(table.offset).unwrap_or(usize::MAX);
        ProgramHeader::parse(&self.bytes, offset, usize::from(table.count), context)
            .unwrap_or_default()
    }

    fn read_relro(&self, headers: &[ProgramHeader]) -> Vec<Range> {
        let relro = headers.iter().filter(|h| h.p_type == PT_GNU_RELRO);
        relro
            .map(|h| Range {
                start: self.biased(h.p_vaddr),
                end: self.biased(h.p_vaddr.saturating_add(h.p_memsz)),
            })
            .collect()
    }
}

fn mapped(elf: &GuestElf, bias: u64) -> Vec<Mapped> {
    let at = |addr: GuestAddr| GuestAddr::new(addr.get().wrapping_add(bias));
    let segments = elf.segments.iter();
    segments
        .map(|s| Mapped {
            range: Range {
                start: at(s.address),
                end: at(s.end()),
            },
            file_end: at(s.file_end()),
            offset: usize::try_from(s.offset).unwrap_or(usize::MAX),
            write: s.write,
            execute: s.execute,
        })
        .collect()
}
