//! Segments: what of a file is mapped where.

use std::path::Path;

use goblin::elf::program_header::{PF_R, PF_W, PF_X, PT_LOAD, ProgramHeader};
use vmtrans_isa::GuestAddr;

use crate::{ADDRESS_LIMIT, ElfError, PAGE_SIZE};

/// A part of the file that is mapped (`PT_LOAD`). Its end does not wrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it is in memory, as linked.
    pub address: GuestAddr,
    /// Where it is in the file; the same within a page as the address.
    pub offset: u64,
    /// Bytes that come from the file, all of which are there.
    pub file_size: u64,
    /// Bytes in memory; those beyond `file_size` are zero.
    pub memory_size: u64,
    /// Whether the guest may read it.
    pub read: bool,
    /// Whether the guest may write it.
    pub write: bool,
    /// Whether the guest may execute it.
    pub execute: bool,
}

/// Where a table that a program header names is, in memory and in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableAddress {
    /// Address as linked.
    pub address: GuestAddr,
    /// Where it is in the file.
    pub offset: u64,
    /// Bytes that the program header claims; not checked.
    pub size: u64,
}

impl Segment {
    /// First address after its memory.
    pub fn end(&self) -> GuestAddr {
        GuestAddr::new(self.address.get() + self.memory_size)
    }

    /// First address after the bytes that come from the file.
    pub fn file_end(&self) -> GuestAddr {
        GuestAddr::new(self.address.get() + self.file_size)
    }

    /// Whether an address is among the bytes that come from the file.
    pub fn has_file_byte(&self, address: GuestAddr) -> bool {
        self.address <= address && address < self.file_end()
    }
}

/// The segments that are mapped, by address.
pub(crate) fn segments(
    headers: &[ProgramHeader],
    length: u64,
    path: &Path,
) -> Result<Vec<Segment>, ElfError> {
    let mut found = Vec::new();
    for (number, header) in headers.iter().enumerate() {
        if header.p_type == PT_LOAD && header.p_memsz | header.p_filesz != 0 {
            found.push((number, segment(header, number, length, path)?));
        }
    }
    found.sort_by_key(|(_, s)| s.address);
    for pair in found.windows(2) {
        let [(first, before), (second, after)] = pair else {
            continue;
        };
        if before.end() > after.address {
            return Err(ElfError::Overlap {
                path: path.into(),
                first: *first,
                second: *second,
                address: after.address,
            });
        }
    }
    Ok(found.into_iter().map(|(_, s)| s).collect())
}

fn segment(
    header: &ProgramHeader,
    segment: usize,
    length: u64,
    path: &Path,
) -> Result<Segment, ElfError> {
    let path = || path.to_path_buf();
    let address = GuestAddr::new(header.p_vaddr);
    let (offset, file, memory) = (header.p_offset, header.p_filesz, header.p_memsz);
    if file > memory {
        return Err(ElfError::FileLargerThanMemory {
            path: path(),
            segment,
            file,
            memory,
        });
    }
    let Some(end) = address.checked_add(memory) else {
        return Err(ElfError::Wraps {
            path: path(),
            segment,
            address,
            size: memory,
        });
    };
    if end.get() > ADDRESS_LIMIT {
        return Err(ElfError::TooLarge {
            path: path(),
            segment,
            address,
            size: memory,
            end,
        });
    }
    let file_end = offset.saturating_add(file);
    if file != 0 && file_end > length {
        return Err(ElfError::Truncated {
            path: path(),
            segment,
            end: file_end,
            length,
        });
    }
    if file != 0 && offset % PAGE_SIZE != address.get() % PAGE_SIZE {
        return Err(ElfError::Misaligned {
            path: path(),
            segment,
            address,
            offset,
        });
    }
    Ok(Segment {
        address,
        offset,
        file_size: file,
        memory_size: memory,
        read: header.p_flags & PF_R != 0,
        write: header.p_flags & PF_W != 0,
        execute: header.p_flags & PF_X != 0,
    })
}
