//! From unit objects to an image: layout, relocation, entry table, and the ELF file around it.
//!
//! It knows what the runtime will map (see `vmtrans_abi`), not how units were made.

mod elf;
mod object_file;
mod start;
mod stub;

use std::collections::HashMap;

use thiserror::Error;
use vmtrans_abi::{Addressing, CONTRACT, IMAGE_BASE, IMAGE_MAGIC, LineEntry, Manifest};
use vmtrans_isa::GuestAddr;

use crate::lift::{
    CODE_SYMBOL, ENTRIES_SYMBOL, GUEST_PREFIX, HOST_PREFIX, MISMATCH_SYMBOL, START_SYMBOL,
    TABLE_SYMBOL, TEXT_SYMBOL,
};
use crate::unit::Placement;
use elf::Layout;
pub use object_file::UnitObject;
use object_file::{Part, Place, Relocation, RelocationKind, SymbolRef};

/// What cannot be linked.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each field is in the message")]
pub enum LinkError {
    /// The image's file cannot be laid out.
    #[error("the image cannot be written: {0}")]
    Write(object::write::Error),
    /// A unit's object is not what LLVM writes.
    #[error("object of the unit at {start}: {what}")]
    Object { start: GuestAddr, what: String },
    /// A value does not fit where the code has it.
    #[error(
        "unit at {start}: {kind:?} at text offset {offset:#x} would hold {value:#x}, which does not fit"
    )]
    OutOfRange {
        start: GuestAddr,
        kind: RelocationKind,
        offset: u64,
        value: i64,
    },
    /// Too much code for one image.
    #[error("the image would have {bytes} bytes, more than {limit}")]
    TooLarge { bytes: u64, limit: u64 },
}

/// What an image is made from besides its units.
#[derive(Clone, Debug)]
pub struct ImageInputs<'a> {
    /// The guest ELF.
    pub guest: &'a [u8],
    /// Its BLAKE3.
    pub guest_hash: [u8; 32],
    /// The translator and its options.
    pub build_hash: [u8; 32],
    /// Host features that the units may use, as a mask.
    pub host_features: u64,
    /// How units hold guest addresses.
    pub addressing: Addressing,
    /// Added to the guest ELF's addresses.
    pub guest_bias: u64,
    /// Whether state is exact at every access to memory.
    pub exact_faults: bool,
    /// First executable guest address, even.
    pub text_base: GuestAddr,
    /// Bytes up to the last one, even.
    pub text_length: u64,
    /// First address of the guest's mappings and their length; the image lies behind for
    /// [`Addressing::Relative`].
    pub guest_end: GuestAddr,
    /// Path of the program that runs an image.
    pub runner: String,
}

/// A unit to be linked.
#[derive(Debug)]
pub struct LinkUnit {
    /// Where it is.
    pub placement: Placement,
    /// What it is.
    pub object: UnitObject,
}

/// Links units into an image, in the order given.
///
/// # Errors
/// Where an object is damaged or something does not fit.
pub fn link(inputs: &ImageInputs<'_>, units: &[LinkUnit]) -> Result<Vec<u8>, LinkError> {
    let mut linker = Linker::new(inputs, units);
    linker.place_units();
    linker.place_misses();
    // What ends the records.
    linker.parts.frames.extend([0; 4]);
    let layout = Layout::new(
        inputs,
        linker.parts.text.len(),
        linker.parts.constants.len(),
        linker.parts.frames.len(),
        image_base(inputs),
    )?;
    linker.relocate(&layout)?;
    let table = linker.entry_table(&layout);
    let lines = linker.lines();
    let symbols = linker.symbols(&layout);
    let manifest = linker.manifest(&layout, lines.len());
    let contents = elf::Contents {
        inputs,
        layout: &layout,
        text: &linker.parts.text,
        constants: &linker.parts.constants,
        frames: &linker.parts.frames,
        table: &table,
        lines: &lines,
        symbols: &symbols,
    };
    elf::write(&contents, manifest)
}

/// Where the image's first byte is linked.
fn image_base(inputs: &ImageInputs<'_>) -> u64 {
    match inputs.addressing {
        Addressing::Absolute => IMAGE_BASE,
        // Room for the guest's heap between the two.
        Addressing::Relative => (inputs.guest_end.get() + (1 << 30)) & !0xfff,
    }
}

/// The contents of an image that come from units.
#[derive(Debug, Default)]
struct Parts {
    text: Vec<u8>,
    constants: Vec<u8>,
    frames: Vec<u8>,
}

impl Parts {
    fn get_mut(&mut self, part: Part) -> &mut Vec<u8> {
        match part {
            Part::Text => &mut self.text,
            Part::Constants => &mut self.constants,
            Part::Frames => &mut self.frames,
        }
    }
}

/// Text offset of [`MISMATCH_SYMBOL`].
const MISMATCH_OFFSET: usize = 16;

/// Units begin where the host's decoder does; a recursive function ran 1.25 times slower at multiples
/// of 16 (docs/performance.md).
const UNIT_ALIGNMENT: usize = 32;

struct Linker<'a> {
    inputs: &'a ImageInputs<'a>,
    units: &'a [LinkUnit],
    parts: Parts,
    /// Offsets of each unit's text and of its other sections.
    places: Vec<Vec<Place>>,
    /// Text offset of the code for a guest address.
    code: HashMap<GuestAddr, u64>,
    /// Text offset of the code that goes to the dispatcher for a guest address, and where in it
    /// that address is to be written.
    misses: HashMap<GuestAddr, u64>,
    miss_sites: Vec<(u64, GuestAddr)>,
}

impl<'a> Linker<'a> {
    fn new(inputs: &'a ImageInputs<'a>, units: &'a [LinkUnit]) -> Linker<'a> {
        // Offset 0 stands for no code in the entry table.
        let mut text = vec![0xcc; MISMATCH_OFFSET];
        stub::mismatch(&mut text);
        Linker {
            inputs,
            units,
            parts: Parts {
                text,
                ..Parts::default()
            },
            places: Vec::with_capacity(units.len()),
            code: HashMap::with_capacity(units.len()),
            misses: HashMap::new(),
            miss_sites: Vec::new(),
        }
    }

    fn place_units(&mut self) {
        for unit in self.units {
            let mut places = Vec::with_capacity(unit.object.sections.len());
            for section in &unit.object.sections {
                let align = usize::try_from(section.align).unwrap_or(16).max(1);
                let (filler, align) = match section.part {
                    Part::Text => (0xcc, align.max(UNIT_ALIGNMENT)),
                    Part::Constants => (0, align),
                    // A zero between two records would end them all.
                    Part::Frames => (0, 1),
                };
                let bytes = self.parts.get_mut(section.part);
                bytes.resize(bytes.len().next_multiple_of(align), filler);
                places.push(Place {
                    part: section.part,
                    offset: bytes.len() as u64,
                });
                bytes.extend_from_slice(&section.data);
            }
            let (section, offset) = unit.object.entry;
            self.code
                .insert(unit.placement.start, places[section].offset + offset);
            self.places.push(places);
        }
    }

    /// Code for every guest address that is called but has no unit.
    fn place_misses(&mut self) {
        for unit in self.units {
            for name in unit
                .object
                .undefined
                .iter()
                .filter_map(|n| n.strip_prefix(HOST_PREFIX))
            {
                let Some(&target) = reference(name, &unit.placement) else {
                    continue;
                };
                if self.code.contains_key(&target) || self.misses.contains_key(&target) {
                    continue;
                }
                self.parts
                    .text
                    .resize(self.parts.text.len().next_multiple_of(16), 0xcc);
                let at = self.parts.text.len() as u64;
                let site = stub::miss(self.inputs.addressing, &mut self.parts.text);
                self.misses.insert(target, at);
                self.miss_sites.push((site, target));
            }
        }
    }

    fn relocate(&mut self, layout: &Layout) -> Result<(), LinkError> {
        let units = self.units;
        for (index, unit) in units.iter().enumerate() {
            for relocation in &unit.object.relocations {
                self.relocate_one(layout, index, unit, relocation)?;
            }
        }
        for (site, target) in std::mem::take(&mut self.miss_sites) {
            let (kind, value) = match self.inputs.addressing {
                Addressing::Absolute => (RelocationKind::Signed32, target.get().cast_signed()),
                Addressing::Relative => {
                    let from = layout.text + site + 4;
                    (
                        RelocationKind::Pc32,
                        target.get().wrapping_sub(from).cast_signed(),
                    )
                }
            };
            self.patch(GuestAddr::new(target.get()), Part::Text, site, kind, value)?;
        }
        Ok(())
    }

    fn relocate_one(
        &mut self,
        layout: &Layout,
        index: usize,
        unit: &LinkUnit,
        relocation: &Relocation,
    ) -> Result<(), LinkError> {
        let start = unit.placement.start;
        let base = |place: Place| layout.address(place.part);
        let symbol = match &relocation.symbol {
            SymbolRef::Section(section, offset) => {
                let place = self.places[index][*section];
                base(place) + place.offset + offset
            }
            SymbolRef::Undefined(name) => self
                .symbol_value(layout, name, &unit.placement)
                .ok_or_else(|| LinkError::Object {
                    start,
                    what: format!("unknown symbol {name}"),
                })?,
        };
        let place = self.places[index][relocation.section];
        let site = place.offset + relocation.offset;
        let value = symbol.wrapping_add_signed(relocation.addend);
        let value = match relocation.kind {
            RelocationKind::Pc32 => value.wrapping_sub(base(place) + site),
            _ => value,
        };
        self.patch(
            start,
            place.part,
            site,
            relocation.kind,
            value.cast_signed(),
        )
    }

    fn symbol_value(&self, layout: &Layout, name: &str, placement: &Placement) -> Option<u64> {
        match name {
            START_SYMBOL => return Some(placement.start.get()),
            TABLE_SYMBOL => return Some(layout.table),
            TEXT_SYMBOL => return Some(self.inputs.text_base.get()),
            ENTRIES_SYMBOL => return Some(self.inputs.text_length / 2),
            CODE_SYMBOL => return Some(self.code_base(layout)),
            MISMATCH_SYMBOL => return Some(layout.text + MISMATCH_OFFSET as u64),
            _ => {}
        }
        if let Some(number) = name.strip_prefix(GUEST_PREFIX) {
            return reference(number, placement).map(|a| a.get());
        }
        let target = reference(name.strip_prefix(HOST_PREFIX)?, placement)?;
        let offset = self.code.get(target).or_else(|| self.misses.get(target))?;
        Some(layout.text + offset)
    }

    fn patch(
        &mut self,
        start: GuestAddr,
        part: Part,
        site: u64,
        kind: RelocationKind,
        value: i64,
    ) -> Result<(), LinkError> {
        let bytes = self.parts.get_mut(part);
        let at = usize::try_from(site).expect("offsets are of a vector");
        let fits = match kind {
            RelocationKind::Absolute64 => true,
            RelocationKind::Unsigned32 => u32::try_from(value).is_ok(),
            RelocationKind::Signed32 | RelocationKind::Pc32 => i32::try_from(value).is_ok(),
        };
        if !fits {
            return Err(LinkError::OutOfRange {
                start,
                kind,
                offset: site,
                value,
            });
        }
        let length = if kind == RelocationKind::Absolute64 {
            8
        } else {
            4
        };
        bytes[at..at + length].copy_from_slice(&value.to_le_bytes()[..length]);
        Ok(())
    }

    fn code_base(&self, layout: &Layout) -> u64 {
        match self.inputs.addressing {
            Addressing::Absolute => 0,
            Addressing::Relative => layout.text,
        }
    }

    /// For each two bytes of guest text, where its code is.
    fn entry_table(&self, layout: &Layout) -> Vec<u8> {
        let entries = usize::try_from(self.inputs.text_length / 2).expect("the guest is in memory");
        let mut table = vec![0; entries * 4];
        for (&addr, &offset) in &self.code {
            let index = addr.wrapping_distance(self.inputs.text_base) / 2;
            let Ok(at) = usize::try_from(index * 4) else {
                continue;
            };
            let value = layout.text + offset - self.code_base(layout);
            if let (Some(entry), Ok(value)) = (table.get_mut(at..at + 4), u32::try_from(value)) {
                entry.copy_from_slice(&value.to_le_bytes());
            }
        }
        table
    }

    fn lines(&self) -> Vec<LineEntry> {
        let mut lines = Vec::new();
        for (unit, places) in self.units.iter().zip(&self.places) {
            let (section, _) = unit.object.entry;
            let base = places[section].offset;
            for &(host, offset) in &unit.object.lines {
                let addr = unit.placement.start.wrapping_offset(offset);
                let guest = addr.wrapping_distance(self.inputs.text_base);
                let host = u32::try_from(base + host).unwrap_or(u32::MAX);
                lines.push(LineEntry {
                    host,
                    guest: u32::try_from(guest).unwrap_or(u32::MAX),
                });
            }
        }
        lines.sort_by_key(|l| l.host);
        lines
    }

    fn symbols(&self, layout: &Layout) -> Vec<elf::ImageSymbol> {
        self.units
            .iter()
            .zip(&self.places)
            .map(|(unit, places)| {
                let (section, offset) = unit.object.entry;
                let name = unit.placement.name.clone();
                elf::ImageSymbol {
                    name: name.unwrap_or_else(|| format!("guest_{:x}", unit.placement.start.get())),
                    address: layout.text + places[section].offset + offset,
                    size: unit.object.sections[section].data.len() as u64 - offset,
                }
            })
            .collect()
    }

    fn manifest(&self, layout: &Layout, lines: usize) -> Manifest {
        Manifest {
            magic: IMAGE_MAGIC,
            image_hash: [0; 32],
            guest_hash: self.inputs.guest_hash,
            build_hash: self.inputs.build_hash,
            contract: *CONTRACT,
            host_features: self.inputs.host_features,
            addressing: self.inputs.addressing as u32,
            exact_faults: u32::from(self.inputs.exact_faults),
            reserved: 0,
            units: u32::try_from(self.units.len()).unwrap_or(u32::MAX),
            guest_offset: layout.guest_offset,
            guest_length: self.inputs.guest.len() as u64,
            guest_bias: self.inputs.guest_bias,
            text_base: self.inputs.text_base.get(),
            text_length: self.inputs.text_length,
            table: layout.table,
            code_base: self.code_base(layout),
            code_start: layout.text,
            code_length: self.parts.text.len() as u64,
            lines_offset: layout.lines_offset,
            lines_count: lines as u64,
        }
    }
}

fn reference<'p>(number: &str, placement: &'p Placement) -> Option<&'p GuestAddr> {
    placement.references.get(number.parse::<usize>().ok()?)
}
