//! Symbols, as far as the section headers are there and can be believed. Where they are not,
//! there are none: nothing depends on them but names and hints.

use std::ops::Range;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::section_header::{SHT_DYNSYM, SHT_SYMTAB, SectionHeader};
use goblin::elf::sym::{STT_FUNC, STT_GNU_IFUNC, STT_OBJECT, Symtab};
use vmtrans_isa::GuestAddr;

use crate::GuestElf;

const SECTION_HEADER_SIZE: u64 = 64;
const SYMBOL_SIZE: u64 = 24;

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SymbolKind {
    /// A function.
    Function,
    /// A function that returns the function to use.
    IndirectFunction,
    /// Data.
    Object,
    /// Something else, labels in assembly among it.
    Other,
}

/// A symbol that the file defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Its name; what was not UTF-8 is replaced.
    pub name: std::borrow::Cow<'a, str>,
    /// As linked.
    pub address: GuestAddr,
    /// Bytes, 0 where unknown.
    pub size: u64,
    /// What it stands for.
    pub kind: SymbolKind,
}

impl GuestElf {
    /// The symbols of `.symtab` and `.dynsym` that are defined in this file, by address.
    /// `bytes` is the whole file.
    pub fn symbols<'a>(&self, bytes: &'a [u8]) -> Vec<Symbol<'a>> {
        let context = Ctx::new(Container::Big, Endian::Little);
        let (offset, count) = self.section_headers;
        let size = u64::from(count) * SECTION_HEADER_SIZE;
        let Some(table) = slice(bytes, offset, size) else {
            return Vec::new();
        };
        let sections =
            SectionHeader::parse_from(table, 0, usize::from(count), context).unwrap_or_default();
        let mut symbols = sections
            .iter()
            .filter(|s| s.sh_type == SHT_SYMTAB || s.sh_type == SHT_DYNSYM)
            .flat_map(|s| table_symbols(bytes, s, &sections, context))
            .collect::<Vec<_>>();
        symbols.sort_by(|a, b| (a.address, a.kind, &a.name).cmp(&(b.address, b.kind, &b.name)));
        symbols.dedup();
        symbols
    }
}

fn table_symbols<'a>(
    bytes: &'a [u8],
    section: &SectionHeader,
    sections: &[SectionHeader],
    context: Ctx,
) -> Vec<Symbol<'a>> {
    let Some(table) = slice(bytes, section.sh_offset, section.sh_size) else {
        return Vec::new();
    };
    let count = usize::try_from(section.sh_size / SYMBOL_SIZE).unwrap_or(0);
    let Ok(table) = Symtab::parse(table, 0, count, context) else {
        return Vec::new();
    };
    let names = usize::try_from(section.sh_link)
        .ok()
        .and_then(|link| sections.get(link))
        .and_then(|strings| slice(bytes, strings.sh_offset, strings.sh_size))
        .unwrap_or_default();
    table
        .iter()
        .filter(|s| s.st_shndx != 0)
        .map(|s| Symbol {
            name: name_at(names, s.st_name),
            address: GuestAddr::new(s.st_value),
            size: s.st_size,
            kind: match s.st_type() {
                STT_FUNC => SymbolKind::Function,
                STT_GNU_IFUNC => SymbolKind::IndirectFunction,
                STT_OBJECT => SymbolKind::Object,
                _ => SymbolKind::Other,
            },
        })
        .collect()
}

fn name_at(names: &[u8], offset: usize) -> std::borrow::Cow<'_, str> {
    /// C++ has long names; a table without ends would cost the square of its size.
    const LONGEST: usize = 1 << 16;
    let rest = names.get(offset..).unwrap_or_default();
    let rest = &rest[..rest.len().min(LONGEST)];
    let end = rest.iter().position(|&b| b == 0).unwrap_or(0);
    String::from_utf8_lossy(&rest[..end])
}

fn slice(bytes: &[u8], offset: u64, size: u64) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    bytes.get(Range { start, end })
}
