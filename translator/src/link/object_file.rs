//! Reads the objects that LLVM writes for units.

use object::read::elf::ElfFile64;
use object::{
    Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SectionKind,
    SymbolSection, elf,
};
use vmtrans_isa::GuestAddr;

use super::LinkError;
use crate::lift::UNIT_SYMBOL;
use crate::lift::offset_of_line;

/// A part of an image that units contribute to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Host code.
    Text,
    /// Its constants.
    Constants,
    /// Its frames, for debuggers: `.eh_frame`.
    Frames,
}

/// A section of a unit that becomes part of the image.
#[derive(Debug)]
pub struct Section {
    /// Which.
    pub part: Part,
    /// In bytes.
    pub align: u64,
    /// Its contents before relocation.
    pub data: Vec<u8>,
}

/// Where a section was placed.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// In which part of the image.
    pub part: Part,
    /// From the start of that.
    pub offset: u64,
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RelocationKind {
    /// 64 bits.
    Absolute64,
    /// 32 bits, zero-extended.
    Unsigned32,
    /// 32 bits, sign-extended.
    Signed32,
    /// 32 bits, relative to the field.
    Pc32,
}

/// What a relocation refers to.
#[derive(Debug)]
pub enum SymbolRef {
    /// An offset in a section of the same unit.
    Section(usize, u64),
    /// Something that the linker knows by name.
    Undefined(String),
}

/// A value to be written.
#[derive(Debug)]
pub struct Relocation {
    /// Index of the section.
    pub section: usize,
    /// Offset in it.
    pub offset: u64,
    /// How it is written.
    pub kind: RelocationKind,
    /// What it refers to.
    pub symbol: SymbolRef,
    /// Added to that.
    pub addend: i64,
}

/// A unit's object, read.
#[derive(Debug)]
pub struct UnitObject {
    /// Sections to be placed.
    pub sections: Vec<Section>,
    /// Section and offset of the unit's function.
    pub entry: (usize, u64),
    /// Values to be written.
    pub relocations: Vec<Relocation>,
    /// Names that the linker must know.
    pub undefined: Vec<String>,
    /// Text offsets and the offsets of their guest instructions from the unit's start.
    pub lines: Vec<(u64, i64)>,
}

impl UnitObject {
    /// Reads an object.
    ///
    /// # Errors
    /// Where it is not an object of the kind that LLVM writes for a unit.
    pub fn read(bytes: &[u8], start: GuestAddr) -> Result<UnitObject, LinkError> {
        let bad = |what: String| LinkError::Object { start, what };
        let file = ElfFile64::<object::Endianness>::parse(bytes).map_err(|e| bad(e.to_string()))?;
        let mut sections = Vec::new();
        let mut numbers = std::collections::HashMap::new();
        for section in file.sections() {
            let part = match section.kind() {
                _ if section.name() == Ok(".eh_frame") => Part::Frames,
                SectionKind::Text => Part::Text,
                SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => Part::Constants,
                _ => continue,
            };
            let data = section.data().map_err(|e| bad(e.to_string()))?.to_vec();
            if data.is_empty() {
                continue;
            }
            numbers.insert(section.index(), sections.len());
            sections.push(Section {
                part,
                align: section.align(),
                data,
            });
        }
        let mut unit = UnitObject {
            sections,
            entry: (usize::MAX, 0),
            relocations: Vec::new(),
            undefined: Vec::new(),
            lines: lines(&file),
        };
        unit.read_symbols(&file, &numbers).map_err(bad)?;
        unit.read_relocations(&file, &numbers).map_err(bad)?;
        if unit.entry.0 == usize::MAX {
            return Err(bad(format!("no symbol {UNIT_SYMBOL} in its text")));
        }
        Ok(unit)
    }

    fn read_symbols(&mut self, file: &File<'_>, numbers: &Numbers) -> Result<(), String> {
        for symbol in file.symbols() {
            let name = symbol.name().map_err(|e| e.to_string())?;
            match symbol.section() {
                SymbolSection::Section(section) if name == UNIT_SYMBOL => {
                    let number = numbers.get(&section).ok_or("its code is in no section")?;
                    self.entry = (*number, symbol.address());
                }
                SymbolSection::Undefined if !name.is_empty() => {
                    self.undefined.push(name.to_owned())
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read_relocations(&mut self, file: &File<'_>, numbers: &Numbers) -> Result<(), String> {
        for section in file.sections() {
            let Some(&number) = numbers.get(&section.index()) else {
                continue;
            };
            for (offset, relocation) in section.relocations() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else {
                    return Err("a relocation that is not ELF's".to_owned());
                };
                let kind = match r_type {
                    elf::R_X86_64_64 => RelocationKind::Absolute64,
                    elf::R_X86_64_32 => RelocationKind::Unsigned32,
                    elf::R_X86_64_32S => RelocationKind::Signed32,
                    elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => RelocationKind::Pc32,
                    other => {
                        return Err(format!(
                            "relocation of type {other:?}, which no unit should have"
                        ));
                    }
                };
                let RelocationTarget::Symbol(index) = relocation.target() else {
                    return Err("a relocation without a symbol".to_owned());
                };
                let symbol = file.symbol_by_index(index).map_err(|e| e.to_string())?;
                let symbol = match symbol.section() {
                    SymbolSection::Section(section) => {
                        let to = numbers
                            .get(&section)
                            .ok_or("a relocation to a section that is not kept")?;
                        SymbolRef::Section(*to, symbol.address())
                    }
                    _ => SymbolRef::Undefined(symbol.name().map_err(|e| e.to_string())?.to_owned()),
                };
                let addend = relocation.addend();
                self.relocations.push(Relocation {
                    section: number,
                    offset,
                    kind,
                    symbol,
                    addend,
                });
            }
        }
        Ok(())
    }
}

type File<'a> = ElfFile64<'a, object::Endianness>;
type Numbers = std::collections::HashMap<object::SectionIndex, usize>;

/// The guest instruction of each piece of host code, from the debug lines. Without any the list
/// is empty.
fn lines(file: &File<'_>) -> Vec<(u64, i64)> {
    let load = |id: gimli::SectionId| -> Result<&[u8], gimli::Error> {
        let section = file.section_by_name(id.name());
        Ok(section.and_then(|s| s.data().ok()).unwrap_or_default())
    };
    read_lines(load).unwrap_or_default()
}

fn read_lines<'a>(
    load: impl Fn(gimli::SectionId) -> Result<&'a [u8], gimli::Error>,
) -> Result<Vec<(u64, i64)>, gimli::Error> {
    let reader = |id| load(id).map(|bytes| gimli::EndianSlice::new(bytes, gimli::LittleEndian));
    let debug_line = gimli::DebugLine::from(reader(gimli::SectionId::DebugLine)?);
    let mut lines: Vec<(u64, i64)> = Vec::new();
    if debug_line.reader_is_empty() {
        return Ok(lines);
    }
    let program = debug_line.program(gimli::DebugLineOffset(0), 8, None, None)?;
    let mut rows = program.rows();
    while let Some((_, row)) = rows.next_row()? {
        if let (false, Some(line)) = (row.end_sequence(), row.line()) {
            let line = u32::try_from(line.get()).unwrap_or(0);
            lines.push((row.address(), offset_of_line(line)));
        }
    }
    lines.sort_by_key(|l| l.0);
    lines.dedup_by_key(|l| l.1);
    Ok(lines)
}

trait IsEmpty {
    fn reader_is_empty(&self) -> bool;
}

impl IsEmpty for gimli::DebugLine<gimli::EndianSlice<'_, gimli::LittleEndian>> {
    fn reader_is_empty(&self) -> bool {
        use gimli::Reader as _;
        use gimli::Section as _;
        self.reader().is_empty()
    }
}
