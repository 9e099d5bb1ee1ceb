//! The ELF file of an image: where its parts lie, and writing them.
//!
//! Page 0 has the headers, the manifest and the code that runs when the file is executed. Sections
//! follow in the order of [`Layout`]'s fields.

use vmtrans_abi::{Addressing, LineEntry, Manifest, PT_VMTRANS};

use super::object_file::Part;
use super::{ImageInputs, LinkError, start};

const PAGE: u64 = 4096;
/// An image and its guest must lie within 2 GiB.
const LIMIT: u64 = 0x1e00_0000;

/// File offsets and linked addresses. A loaded part's address is the image's base plus its file
/// offset.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Address of the file's first byte.
    pub base: u64,
    /// Address of host text.
    pub text: u64,
    /// Address of constants.
    pub rodata: u64,
    /// Address of the frames, behind the constants in the same segment.
    pub frames: u64,
    /// Address of the entry table.
    pub table: u64,
    /// File offset of the lines.
    pub lines_offset: u64,
    /// File offset of the guest ELF.
    pub guest_offset: u64,
    text_length: u64,
    /// Constants and frames.
    rodata_length: u64,
    table_length: u64,
}

/// A guest function's host code.
#[derive(Clone, Debug)]
pub struct ImageSymbol {
    /// The guest's name for it.
    pub name: String,
    /// Linked address.
    pub address: u64,
    /// Bytes.
    pub size: u64,
}

impl Layout {
    /// Lays out an image whose first byte is at `base`.
    pub fn new(
        inputs: &ImageInputs<'_>,
        text: usize,
        constants: usize,
        frames: usize,
        base: u64,
    ) -> Result<Layout, LinkError> {
        let text_length = text as u64;
        let frames_at = (constants as u64).next_multiple_of(8);
        let rodata_length = frames_at + frames as u64;
        let table_length = inputs.text_length * 2;
        let text = PAGE;
        let rodata = (text + text_length).next_multiple_of(PAGE);
        let table = (rodata + rodata_length).next_multiple_of(PAGE);
        let guest_offset = (table + table_length).next_multiple_of(PAGE);
        let bytes = guest_offset;
        if bytes > LIMIT {
            return Err(LinkError::TooLarge {
                bytes,
                limit: LIMIT,
            });
        }
        let lines_offset = (guest_offset + inputs.guest.len() as u64).next_multiple_of(8);
        Ok(Layout {
            base,
            text: base + text,
            rodata: base + rodata,
            frames: base + rodata + frames_at,
            table: base + table,
            lines_offset,
            guest_offset,
            text_length,
            rodata_length,
            table_length,
        })
    }

    /// Where a part of the image is.
    pub fn address(&self, part: Part) -> u64 {
        match part {
            Part::Text => self.text,
            Part::Constants => self.rodata,
            Part::Frames => self.frames,
        }
    }
}

/// Little-endian fields, in order.
macro_rules! fields {
    ($($value:expr),* $(,)?) => {{
        let mut bytes = Vec::new();
        $(bytes.extend_from_slice(&$value.to_le_bytes());)*
        bytes
    }};
}

const EM_X86_64: u16 = 62;
const ET_DYN: u16 = 3;
const ET_EXEC: u16 = 2;
const PT_LOAD: u32 = 1;
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const READ: u32 = 4;
const READ_EXECUTE: u32 = 5;
const SHF_ALLOC: u64 = 2;
const SHF_EXECINSTR: u64 = 4;
const HEADER_LENGTH: u64 = 64;
const PROGRAM_HEADER_LENGTH: u64 = 56;

struct Section {
    name: &'static str,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    length: u64,
}

/// Writes the file.
#[expect(clippy::too_many_arguments, reason = "each is a part of the file")]
pub fn write(
    inputs: &ImageInputs<'_>,
    layout: &Layout,
    text: &[u8],
    rodata: &[u8],
    frames: &[u8],
    table: &[u8],
    lines: &[LineEntry],
    symbols: &[ImageSymbol],
    mut manifest: Manifest,
) -> Vec<u8> {
    let line_bytes = lines
        .iter()
        .flat_map(|l| fields![l.host, l.guest])
        .collect::<Vec<_>>();
    let (symtab, strtab) = symbol_table(symbols);
    let start_code = start::code(&inputs.runner);
    let start_offset = HEADER_LENGTH + PROGRAM_HEADER_LENGTH * 5 + size_of::<Manifest>() as u64;
    assert!(
        start_offset + start_code.len() as u64 <= PAGE,
        "headers and start code fit a page"
    );
    let mut file = File::default();
    file.put(start_offset, &start_code);
    let mut sections = vec![
        file.section(
            ".text",
            SHT_PROGBITS,
            SHF_ALLOC | SHF_EXECINSTR,
            layout.text,
            layout,
            text,
        ),
        file.section(
            ".rodata",
            SHT_PROGBITS,
            SHF_ALLOC,
            layout.rodata,
            layout,
            rodata,
        ),
        file.section(
            ".eh_frame",
            SHT_PROGBITS,
            SHF_ALLOC,
            layout.frames,
            layout,
            frames,
        ),
        file.section(
            ".vmtrans.table",
            SHT_PROGBITS,
            SHF_ALLOC,
            layout.table,
            layout,
            table,
        ),
    ];
    for (name, kind, offset, bytes) in [
        (
            ".vmtrans.guest",
            SHT_PROGBITS,
            layout.guest_offset,
            inputs.guest,
        ),
        (
            ".vmtrans.lines",
            SHT_PROGBITS,
            layout.lines_offset,
            &line_bytes,
        ),
        (".symtab", SHT_SYMTAB, 0, &symtab),
        (".strtab", SHT_STRTAB, 0, &strtab),
    ] {
        let offset = offset.max(file.end().next_multiple_of(8));
        file.put(offset, bytes);
        let length = bytes.len() as u64;
        sections.push(Section {
            name,
            kind,
            flags: 0,
            address: 0,
            offset,
            length,
        });
    }
    let (table_offset, count) = file.section_headers(sections, symbols.len() + 1);
    file.headers(layout, inputs, start_offset, table_offset, count);
    file.manifest(&manifest);
    manifest.image_hash = *blake3::hash(&file.bytes).as_bytes();
    file.manifest(&manifest);
    file.bytes
}

fn symbol_table(symbols: &[ImageSymbol]) -> (Vec<u8>, Vec<u8>) {
    const LOCAL_FUNCTION: u8 = 2;
    const TEXT_SECTION: u16 = 1;
    let mut strings = vec![0u8];
    let mut table = vec![0u8; 24];
    for symbol in symbols {
        let name = u32::try_from(strings.len()).unwrap_or(0);
        strings.extend(symbol.name.bytes().filter(|&b| b != 0));
        strings.push(0);
        table.extend(fields![
            name,
            LOCAL_FUNCTION,
            0u8,
            TEXT_SECTION,
            symbol.address,
            symbol.size
        ]);
    }
    (table, strings)
}

#[derive(Default)]
struct File {
    bytes: Vec<u8>,
}

impl File {
    fn end(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Writes bytes at an offset, over what is there.
    fn put(&mut self, offset: u64, bytes: &[u8]) {
        let offset = usize::try_from(offset).expect("the file is in memory");
        let end = offset + bytes.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[offset..end].copy_from_slice(bytes);
    }

    fn section(
        &mut self,
        name: &'static str,
        kind: u32,
        flags: u64,
        address: u64,
        layout: &Layout,
        bytes: &[u8],
    ) -> Section {
        let offset = address - layout.base;
        self.put(offset, bytes);
        Section {
            name,
            kind,
            flags,
            address,
            offset,
            length: bytes.len() as u64,
        }
    }

    /// Appends section names and headers: their offset and count.
    fn section_headers(&mut self, mut sections: Vec<Section>, local_symbols: usize) -> (u64, u16) {
        let mut names = vec![0u8];
        let name_length =
            sections.iter().map(|s| s.name.len() + 1).sum::<usize>() + ".shstrtab".len() + 2;
        let offset = self.end();
        let (kind, length) = (SHT_STRTAB, name_length as u64);
        sections.push(Section {
            name: ".shstrtab",
            kind,
            flags: 0,
            address: 0,
            offset,
            length,
        });
        let mut headers = vec![0u8; 64];
        for (index, section) in (1u32..).zip(&sections) {
            let name = u32::try_from(names.len()).unwrap_or(0);
            names.extend(section.name.bytes());
            names.push(0);
            let (link, info, entry) = match section.kind {
                SHT_SYMTAB => (
                    index + 1,
                    u32::try_from(local_symbols).unwrap_or(u32::MAX),
                    24u64,
                ),
                _ => (0, 0, 0),
            };
            let Section {
                kind,
                flags,
                address,
                offset,
                length,
                ..
            } = *section;
            headers.extend(fields![
                name, kind, flags, address, offset, length, link, info, 8u64, entry
            ]);
        }
        self.put(offset, &names);
        let at = self.end().next_multiple_of(8);
        self.put(at, &headers);
        (at, u16::try_from(sections.len() + 1).unwrap_or(0))
    }

    fn headers(
        &mut self,
        layout: &Layout,
        inputs: &ImageInputs<'_>,
        start: u64,
        section_headers: u64,
        sections: u16,
    ) {
        let kind = match inputs.addressing {
            Addressing::Absolute => ET_EXEC,
            Addressing::Relative => ET_DYN,
        };
        let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let entry = layout.base + start;
        header.extend(fields![
            kind,
            EM_X86_64,
            1u32,
            entry,
            HEADER_LENGTH,
            section_headers,
            0u32,
            64u16,
            56u16,
            5u16,
            64u16,
            sections,
            (sections - 1)
        ]);
        let mut load = |kind: u32, flags: u32, address: u64, length: u64| {
            let offset = address - layout.base;
            header.extend(fields![
                kind, flags, offset, address, address, length, length, PAGE
            ]);
        };
        load(PT_LOAD, READ_EXECUTE, layout.base, PAGE);
        load(PT_LOAD, READ_EXECUTE, layout.text, layout.text_length);
        load(PT_LOAD, READ, layout.rodata, layout.rodata_length);
        load(PT_LOAD, READ, layout.table, layout.table_length);
        let manifest = layout.base + MANIFEST_OFFSET;
        load(PT_VMTRANS, READ, manifest, size_of::<Manifest>() as u64);
        self.put(0, &header);
    }

    fn manifest(&mut self, manifest: &Manifest) {
        let Manifest {
            magic,
            image_hash,
            guest_hash,
            build_hash,
            contract,
            host_features,
            addressing,
            units,
            exact_faults,
            reserved,
            guest_offset,
            guest_length,
            guest_bias,
            text_base,
            text_length,
            table,
            code_base,
            code_start,
            code_length,
            lines_offset,
            lines_count,
        } = manifest;
        let mut bytes = [
            magic.as_slice(),
            image_hash,
            guest_hash,
            build_hash,
            contract,
        ]
        .concat();
        bytes.extend(fields![
            host_features,
            addressing,
            units,
            exact_faults,
            reserved,
            guest_offset,
            guest_length,
            guest_bias,
            text_base,
            text_length,
            table,
            code_base,
            code_start,
            code_length,
            lines_offset,
            lines_count
        ]);
        assert_eq!(
            bytes.len(),
            size_of::<Manifest>(),
            "the manifest has no padding"
        );
        self.put(MANIFEST_OFFSET, &bytes);
    }
}

const MANIFEST_OFFSET: u64 = HEADER_LENGTH + PROGRAM_HEADER_LENGTH * 5;
