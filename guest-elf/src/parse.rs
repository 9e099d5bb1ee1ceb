//! The ELF header and the program headers, checked.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::Elf;
use goblin::elf::header::{
    EI_CLASS, EI_DATA, ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB, ELFMAG, EM_RISCV, ET_CORE,
    ET_DYN, ET_EXEC, ET_REL, Header, machine_to_str,
};
use goblin::elf::program_header::{
    PF_X, PT_DYNAMIC, PT_GNU_EH_FRAME, PT_GNU_STACK, PT_INTERP, PT_LOAD, PT_TLS, ProgramHeader,
};
use vmtrans_isa::GuestAddr;

use crate::segment::{self, Segment, TableAddress};
use crate::{ElfError, Source};

const HEADER_SIZE: u64 = 64;
const PROGRAM_HEADER_SIZE: u16 = 56;
/// Linux refuses tables of more than 64 KiB.
const PROGRAM_HEADERS_LIMIT: u16 = 1170;
/// Linux refuses interpreters with longer names (`PATH_MAX`).
const INTERPRETER_LIMIT: u64 = 4096;
/// `EF_RISCV_RVE`.
const FLAG_EMBEDDED: u32 = 8;

/// How a program is linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// At fixed addresses, complete.
    Static,
    /// At any address, complete: it relocates itself.
    StaticPie,
    /// Started by another program, its interpreter.
    Dynamic {
        /// Path of the interpreter in the guest's file system.
        interpreter: PathBuf,
        /// Whether it may be mapped at any address.
        position_independent: bool,
    },
}

/// Where the program headers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramHeaders {
    /// In the file.
    pub offset: u64,
    /// In memory as linked, where a segment holds them.
    pub address: Option<GuestAddr>,
    /// How many there are, of 56 bytes each.
    pub count: u16,
}

/// A guest program that can be mapped and started.
#[derive(Clone, Debug)]
pub struct GuestElf {
    /// Where it was read from, for messages.
    pub path: PathBuf,
    /// How it is linked.
    pub kind: Kind,
    /// Where it starts, as linked.
    pub entry: GuestAddr,
    /// What is mapped, by address; at least one is executable and none overlap.
    pub segments: Vec<Segment>,
    /// Where the program headers are.
    pub program_headers: ProgramHeaders,
    /// The largest alignment that a segment asks for, a power of two and at least a page.
    pub alignment: u64,
    /// `PT_DYNAMIC`.
    pub dynamic: Option<TableAddress>,
    /// `PT_GNU_EH_FRAME`.
    pub eh_frame_header: Option<TableAddress>,
    /// `PT_TLS`.
    pub tls: Option<TableAddress>,
    /// Whether it executes code on its stack (`PT_GNU_STACK`).
    pub executable_stack: bool,
    /// The ELF header's flags: float ABI and the like.
    pub flags: u32,
    /// Where its section headers are said to be.
    pub(crate) section_headers: (u64, u16),
}

impl GuestElf {
    /// Reads and checks a file that is in memory.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<GuestElf, ElfError> {
        GuestElf::parse_from(bytes, path)
    }

    /// Reads and checks a file, of which only the headers are read.
    pub fn parse_from<S: Source + ?Sized>(source: &S, path: &Path) -> Result<GuestElf, ElfError> {
        let reader = Reader {
            source,
            path,
            length: read_length(source, path)?,
        };
        let header = reader.header()?;
        let headers = reader.program_headers(&header)?;
        let segments = segment::segments(&headers, reader.length, path)?;
        let elf = GuestElf {
            path: path.into(),
            kind: reader.kind(&header, &headers)?,
            entry: GuestAddr::new(header.e_entry),
            program_headers: ProgramHeaders {
                offset: header.e_phoff,
                address: address_of_headers(&header, &segments),
                count: header.e_phnum,
            },
            alignment: alignment(&headers),
            dynamic: table(&headers, PT_DYNAMIC),
            eh_frame_header: table(&headers, PT_GNU_EH_FRAME),
            tls: table(&headers, PT_TLS),
            executable_stack: headers
                .iter()
                .any(|h| h.p_type == PT_GNU_STACK && h.p_flags & PF_X != 0),
            flags: header.e_flags,
            section_headers: (header.e_shoff, header.e_shnum),
            segments,
        };
        elf.check_entry()?;
        Ok(elf)
    }

    /// Where the program is mapped as linked: its first page up to its last.
    pub fn span(&self) -> std::ops::Range<GuestAddr> {
        let start = self.segments.first().map_or(0, |s| s.address.get());
        let end = self.segments.last().map_or(0, |s| s.end().get());
        GuestAddr::new(start / crate::PAGE_SIZE * crate::PAGE_SIZE)
            ..GuestAddr::new(end.next_multiple_of(crate::PAGE_SIZE))
    }

    /// Whether it may be mapped at any address.
    pub fn is_position_independent(&self) -> bool {
        match &self.kind {
            Kind::Static => false,
            Kind::StaticPie => true,
            Kind::Dynamic {
                position_independent,
                ..
            } => *position_independent,
        }
    }

    fn check_entry(&self) -> Result<(), ElfError> {
        let path = || self.path.clone();
        let entry = self.entry;
        if self.segments.is_empty() {
            return Err(ElfError::NoSegment { path: path() });
        }
        // A library's first segment often starts at 0 and is executable, so this comes first.
        if self.kind == Kind::StaticPie && entry.get() == 0 {
            return Err(ElfError::SharedLibrary { path: path() });
        }
        let mut executable = self.segments.iter().filter(|s| s.execute).peekable();
        if executable.peek().is_none() {
            return Err(ElfError::NoExecutableSegment {
                path: path(),
                count: self.segments.len(),
            });
        }
        if !executable.any(|s| s.has_file_byte(entry)) {
            return Err(ElfError::EntryOutsideText {
                path: path(),
                entry,
            });
        }
        if !entry.get().is_multiple_of(2) {
            return Err(ElfError::EntryOdd {
                path: path(),
                entry,
            });
        }
        Ok(())
    }
}

struct Reader<'a, S: ?Sized> {
    source: &'a S,
    path: &'a Path,
    length: u64,
}

impl<S: Source + ?Sized> Reader<'_, S> {
    fn path(&self) -> PathBuf {
        self.path.to_path_buf()
    }

    fn read(&self, offset: u64, size: usize) -> Result<Vec<u8>, ElfError> {
        let mut buffer = vec![0; size];
        self.source
            .read_at(offset, &mut buffer)
            .map_err(|source| ElfError::Read {
                path: self.path(),
                source,
            })?;
        Ok(buffer)
    }

    fn header(&self) -> Result<Header, ElfError> {
        if self.length == 0 {
            return Err(ElfError::Empty { path: self.path() });
        }
        let available = self.length.min(HEADER_SIZE);
        let bytes = self.read(0, usize::try_from(available).unwrap_or(0))?;
        let magic = &bytes[..bytes.len().min(ELFMAG.len())];
        if magic != &ELFMAG[..magic.len()] {
            return Err(ElfError::NotElf {
                path: self.path(),
                found: magic.to_vec(),
            });
        }
        if available < HEADER_SIZE {
            return Err(ElfError::HeaderTruncated {
                path: self.path(),
                length: self.length,
            });
        }
        self.check_identity(&bytes)?;
        let header = Elf::parse_header(&bytes).map_err(|_| ElfError::HeaderTruncated {
            path: self.path(),
            length: self.length,
        })?;
        self.check_header(&header)?;
        Ok(header)
    }

    /// Class and byte order, without which the rest cannot be read.
    fn check_identity(&self, bytes: &[u8]) -> Result<(), ElfError> {
        if bytes[EI_CLASS] != ELFCLASS64 {
            let found = match bytes[EI_CLASS] {
                ELFCLASS32 => "32-bit".into(),
                other => format!("class-{other}"),
            };
            return Err(ElfError::Class {
                path: self.path(),
                found,
            });
        }
        if bytes[EI_DATA] != ELFDATA2LSB {
            let found = match bytes[EI_DATA] {
                ELFDATA2MSB => "big-endian".into(),
                other => format!("byte-order-{other}"),
            };
            return Err(ElfError::ByteOrder {
                path: self.path(),
                found,
            });
        }
        Ok(())
    }

    fn check_header(&self, header: &Header) -> Result<(), ElfError> {
        let path = || self.path();
        if header.e_machine != EM_RISCV {
            let found = header.e_machine;
            return Err(ElfError::Machine {
                path: path(),
                name: machine_to_str(found).into(),
                found,
            });
        }
        if header.e_version != 1 {
            return Err(ElfError::Version {
                path: path(),
                found: header.e_version,
            });
        }
        if header.e_flags & FLAG_EMBEDDED != 0 {
            return Err(ElfError::EmbeddedBase {
                path: path(),
                flags: header.e_flags,
            });
        }
        let found = match header.e_type {
            ET_EXEC | ET_DYN => return Ok(()),
            ET_REL => "an object file".into(),
            ET_CORE => "a core dump".into(),
            other => format!("an ELF file of type {other}"),
        };
        Err(ElfError::Type {
            path: path(),
            found,
        })
    }

    fn program_headers(&self, header: &Header) -> Result<Vec<ProgramHeader>, ElfError> {
        let path = || self.path();
        let count = header.e_phnum;
        if count == 0 {
            return Err(ElfError::NoSegment { path: path() });
        }
        if header.e_phentsize != PROGRAM_HEADER_SIZE {
            return Err(ElfError::ProgramHeaderSize {
                path: path(),
                found: header.e_phentsize,
            });
        }
        if count > PROGRAM_HEADERS_LIMIT {
            let limit = PROGRAM_HEADERS_LIMIT;
            return Err(ElfError::TooManyProgramHeaders {
                path: path(),
                found: count,
                limit,
            });
        }
        let size = usize::from(count) * usize::from(PROGRAM_HEADER_SIZE);
        let end = header.e_phoff.saturating_add(size as u64);
        let truncated = || ElfError::ProgramHeadersTruncated {
            path: path(),
            end,
            length: self.length,
        };
        if end > self.length {
            return Err(truncated());
        }
        let bytes = self.read(header.e_phoff, size)?;
        let context = Ctx::new(Container::Big, Endian::Little);
        ProgramHeader::parse(&bytes, 0, usize::from(count), context).map_err(|_| truncated())
    }

    fn kind(&self, header: &Header, headers: &[ProgramHeader]) -> Result<Kind, ElfError> {
        let position_independent = header.e_type == ET_DYN;
        match headers.iter().find(|h| h.p_type == PT_INTERP) {
            Some(interp) => Ok(Kind::Dynamic {
                interpreter: self.interpreter(interp)?,
                position_independent,
            }),
            None if position_independent => Ok(Kind::StaticPie),
            None => Ok(Kind::Static),
        }
    }

    fn interpreter(&self, header: &ProgramHeader) -> Result<PathBuf, ElfError> {
        let wrong = |found: String| ElfError::Interpreter {
            path: self.path(),
            found,
        };
        if !(2..=INTERPRETER_LIMIT).contains(&header.p_filesz) {
            return Err(wrong(format!(
                "has {} bytes, expected 2 to {INTERPRETER_LIMIT}",
                header.p_filesz
            )));
        }
        let end = header.p_offset.saturating_add(header.p_filesz);
        if end > self.length {
            return Err(wrong(format!(
                "ends at byte {end}, but the file has {}",
                self.length
            )));
        }
        let size = usize::try_from(header.p_filesz).unwrap_or(0);
        let mut name = self.read(header.p_offset, size)?;
        let Some(nul) = name.iter().position(|&b| b == 0) else {
            return Err(wrong("has no end, expected a zero byte".into()));
        };
        name.truncate(nul);
        if name.is_empty() {
            return Err(wrong("is empty, expected a path".into()));
        }
        Ok(OsString::from_vec(name).into())
    }
}

fn read_length<S: Source + ?Sized>(source: &S, path: &Path) -> Result<u64, ElfError> {
    source.length().map_err(|source| ElfError::Read {
        path: path.into(),
        source,
    })
}

fn address_of_headers(header: &Header, segments: &[Segment]) -> Option<GuestAddr> {
    let size = u64::from(header.e_phnum) * u64::from(PROGRAM_HEADER_SIZE);
    let end = header.e_phoff.checked_add(size)?;
    let holder = segments
        .iter()
        .find(|s| s.offset <= header.e_phoff && end <= s.offset + s.file_size)?;
    holder.address.checked_add(header.e_phoff - holder.offset)
}

/// What is not a power of two is left out, as Linux does; so is what no memory could satisfy.
fn alignment(headers: &[ProgramHeader]) -> u64 {
    headers
        .iter()
        .filter(|h| h.p_type == PT_LOAD && h.p_align.is_power_of_two() && h.p_align <= 1 << 30)
        .map(|h| h.p_align)
        .max()
        .unwrap_or(0)
        .max(crate::PAGE_SIZE)
}

fn table(headers: &[ProgramHeader], kind: u32) -> Option<TableAddress> {
    let header = headers.iter().find(|h| h.p_type == kind)?;
    Some(TableAddress {
        address: GuestAddr::new(header.p_vaddr),
        offset: header.p_offset,
        size: header.p_filesz,
    })
}
