//! The ELF file of an image: where its parts lie, and writing them.
//!
//! Page 0 has the headers, the manifest and the code that runs when the file is executed. Sections
//! follow in the order of [`Layout`]'s fields.

use object::elf;
use object::endian::Endianness;
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, SinglePhase, Sym, Writer};
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

/// What an image is made of.
pub struct Contents<'a> {
    /// What was linked.
    pub inputs: &'a ImageInputs<'a>,
    /// Where it goes.
    pub layout: &'a Layout,
    /// Host code.
    pub text: &'a [u8],
    /// Its constants.
    pub constants: &'a [u8],
    /// Its frames.
    pub frames: &'a [u8],
    /// The entry table.
    pub table: &'a [u8],
    /// Which guest instruction host code belongs to.
    pub lines: &'a [LineEntry],
    /// Names of guest functions.
    pub symbols: &'a [ImageSymbol],
}

/// How many program headers there are.
const SEGMENTS: u32 = 5;
const HEADER_LENGTH: u64 = 64;
const PROGRAM_HEADER_LENGTH: u64 = 56;
const MANIFEST_OFFSET: u64 = HEADER_LENGTH + PROGRAM_HEADER_LENGTH * SEGMENTS as u64;
const START_OFFSET: u64 = MANIFEST_OFFSET + size_of::<Manifest>() as u64;
/// `.text` is the first section that is written.
const TEXT_SECTION: u16 = 1;

/// Writes an image file. The hash in `manifest` is computed here.
///
/// # Errors
/// [`LinkError::Write`].
pub fn write(contents: &Contents<'_>, mut manifest: Manifest) -> Result<Vec<u8>, LinkError> {
    let mut bytes = Vec::new();
    let mut headers = Vec::new();
    let mut writer = Writer::new_single_phase(Endianness::Little, true, &mut bytes);
    write_file(&mut writer, &mut headers, contents).map_err(LinkError::Write)?;
    bytes[..headers.len()].copy_from_slice(&headers);
    put_manifest(&mut bytes, &manifest);
    manifest.image_hash = *blake3::hash(&bytes).as_bytes();
    put_manifest(&mut bytes, &manifest);
    Ok(bytes)
}

fn write_file<'a>(
    writer: &mut Writer<'a, SinglePhase>,
    headers: &mut Vec<u8>,
    contents: &'a Contents<'a>,
) -> object::write::Result<()> {
    let (inputs, layout) = (contents.inputs, contents.layout);
    writer.write_file_header(&file_header(inputs, layout))?;
    writer.write_program_headers_placeholder(SEGMENTS);
    writer.pad_until(START_OFFSET);
    writer.write(&start::code(&inputs.runner));
    assert!(writer.offset() <= PAGE, "headers and start code fit a page");
    let mut sections = Vec::new();
    for (name, flags, address, bytes) in [
        (
            ".text",
            elf::SHF_ALLOC | elf::SHF_EXECINSTR,
            layout.text,
            contents.text,
        ),
        (".rodata", elf::SHF_ALLOC, layout.rodata, contents.constants),
        (".eh_frame", elf::SHF_ALLOC, layout.frames, contents.frames),
        (
            ".vmtrans.table",
            elf::SHF_ALLOC,
            layout.table,
            contents.table,
        ),
    ] {
        sections.push(section(
            writer,
            name,
            flags,
            address,
            address - layout.base,
            bytes,
        ));
    }
    let none = elf::SectionFlags(0);
    let lines = contents.lines.iter();
    let lines = lines
        .flat_map(|l| fields![l.host, l.guest])
        .collect::<Vec<_>>();
    for (name, offset, bytes) in [
        (".vmtrans.guest", layout.guest_offset, inputs.guest),
        (".vmtrans.lines", layout.lines_offset, &lines),
    ] {
        sections.push(section(writer, name, none, 0, offset, bytes));
    }
    write_symbols(writer, contents.symbols);
    writer.write_strtab()?;
    writer.write_shstrtab()?;
    writer.write_null_section_header();
    for section in &sections {
        writer.write_section_header(section);
    }
    writer.write_strtab_section_header();
    let local = u32::try_from(contents.symbols.len() + 1).unwrap_or(u32::MAX);
    writer.write_symtab_section_header(local);
    writer.write_shstrtab_section_header();
    writer.write_headers_to(headers, &segments(layout))
}

/// Writes a section's bytes at an offset, behind everything before it: its header.
fn section(
    writer: &mut Writer<'_, SinglePhase>,
    name: &'static str,
    flags: elf::SectionFlags,
    address: u64,
    offset: u64,
    bytes: &[u8],
) -> SectionHeader {
    writer.pad_until(offset);
    writer.write(bytes);
    let name = writer.add_section_name(name.as_bytes());
    SectionHeader {
        sh_name: writer.section_name_offset(Some(name)),
        sh_type: elf::SHT_PROGBITS,
        sh_flags: flags,
        sh_addr: address,
        sh_offset: offset,
        sh_size: bytes.len() as u64,
        sh_link: 0,
        sh_info: 0,
        sh_addralign: 8,
        sh_entsize: 0,
    }
}

fn file_header(inputs: &ImageInputs<'_>, layout: &Layout) -> FileHeader {
    FileHeader {
        os_abi: elf::ELFOSABI_NONE,
        abi_version: 0,
        e_type: match inputs.addressing {
            Addressing::Absolute => elf::ET_EXEC,
            Addressing::Relative => elf::ET_DYN,
        },
        e_machine: elf::EM_X86_64,
        e_entry: layout.base + START_OFFSET,
        e_flags: elf::FileFlags(0),
    }
}

fn segments(layout: &Layout) -> [ProgramHeader; SEGMENTS as usize] {
    let segment = |p_type, p_flags, address: u64, length: u64| ProgramHeader {
        p_type,
        p_flags,
        p_offset: address - layout.base,
        p_vaddr: address,
        p_paddr: address,
        p_filesz: length,
        p_memsz: length,
        p_align: if p_type == elf::PT_LOAD { PAGE } else { 8 },
    };
    let (read, code) = (elf::PF_R, elf::PF_R | elf::PF_X);
    let manifest = layout.base + MANIFEST_OFFSET;
    [
        segment(elf::PT_LOAD, code, layout.base, PAGE),
        segment(elf::PT_LOAD, code, layout.text, layout.text_length),
        segment(elf::PT_LOAD, read, layout.rodata, layout.rodata_length),
        segment(elf::PT_LOAD, read, layout.table, layout.table_length),
        segment(
            elf::ProgramType(PT_VMTRANS),
            read,
            manifest,
            size_of::<Manifest>() as u64,
        ),
    ]
}

fn write_symbols<'a>(writer: &mut Writer<'a, SinglePhase>, symbols: &'a [ImageSymbol]) {
    writer.write_null_symbol();
    for symbol in symbols {
        let name = writer.add_string(symbol.name.as_bytes());
        let st_name = writer.string_offset(Some(name));
        writer.write_symbol(&Sym {
            section: None,
            st_name,
            st_info: elf::SymbolInfo::new(elf::STB_LOCAL, elf::STT_FUNC),
            st_other: elf::SymbolOther(0),
            st_shndx: elf::SymbolSection(TEXT_SECTION),
            st_value: symbol.address,
            st_size: symbol.size,
        });
    }
}

fn put_manifest(file: &mut [u8], manifest: &Manifest) {
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
    let at = usize::try_from(MANIFEST_OFFSET).expect("it is in the first page");
    file[at..at + bytes.len()].copy_from_slice(&bytes);
}
