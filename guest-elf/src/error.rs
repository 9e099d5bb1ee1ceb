//! Why a file cannot be a guest. Each message names the file, what was found and what was
//! expected.

use std::io;
use std::path::PathBuf;

use vmtrans_isa::GuestAddr;

use crate::ADDRESS_LIMIT;

/// Why a file is not a guest program.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each field is in the message")]
pub enum ElfError {
    /// The file could not be read.
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// No bytes at all.
    #[error("{} is empty, expected an ELF file", path.display())]
    Empty { path: PathBuf },
    /// The first bytes are others.
    #[error("{} is not an ELF file: it starts with {found:02x?}, expected [7f, 45, 4c, 46]", path.display())]
    NotElf { path: PathBuf, found: Vec<u8> },
    /// The ELF header is not all there.
    #[error("{} is cut short: it has {length} bytes, expected an ELF header of 64", path.display())]
    HeaderTruncated { path: PathBuf, length: u64 },
    /// A class other than 64 bits.
    #[error("{} is a {found} ELF file, expected a 64-bit one", path.display())]
    Class { path: PathBuf, found: String },
    /// A byte order other than little-endian.
    #[error("{} is a {found} ELF file, expected a little-endian one", path.display())]
    ByteOrder { path: PathBuf, found: String },
    /// An ELF version other than 1.
    #[error("{} has ELF version {found}, expected 1", path.display())]
    Version { path: PathBuf, found: u32 },
    /// For another machine.
    #[error("{} is for {name} (ELF machine {found}), expected RISC-V (243)", path.display())]
    Machine {
        path: PathBuf,
        name: String,
        found: u16,
    },
    /// RV64E has half of the registers and another ABI.
    #[error("{} is for the RISC-V E base (flags {flags:#x}), expected the I base", path.display())]
    EmbeddedBase { path: PathBuf, flags: u32 },
    /// An object file, a core dump or something unknown.
    #[error("{} is {found}, expected an executable", path.display())]
    Type { path: PathBuf, found: String },
    /// Entries of the program header table have another size.
    #[error("{} has program headers of {found} bytes, expected 56", path.display())]
    ProgramHeaderSize { path: PathBuf, found: u16 },
    /// More program headers than Linux takes.
    #[error("{} has {found} program headers, expected at most {limit}", path.display())]
    TooManyProgramHeaders {
        path: PathBuf,
        found: u16,
        limit: u16,
    },
    /// The program header table is not all there.
    #[error("{} is cut short: its program headers end at byte {end}, but the file has {length}", path.display())]
    ProgramHeadersTruncated {
        path: PathBuf,
        end: u64,
        length: u64,
    },
    /// Nothing to map.
    #[error("{} has no segment to load, expected at least one that is executable", path.display())]
    NoSegment { path: PathBuf },
    /// Nothing to execute.
    #[error("{} has no executable segment among its {count}, expected at least one", path.display())]
    NoExecutableSegment { path: PathBuf, count: usize },
    /// A segment's bytes are not all there.
    #[error("{} is cut short: segment {segment} ends at byte {end}, but the file has {length}", path.display())]
    Truncated {
        path: PathBuf,
        segment: usize,
        end: u64,
        length: u64,
    },
    /// A segment has more bytes in the file than in memory.
    #[error("{}: segment {segment} has {file} bytes in the file, expected at most its {memory} in memory", path.display())]
    FileLargerThanMemory {
        path: PathBuf,
        segment: usize,
        file: u64,
        memory: u64,
    },
    /// A segment's end is before its start.
    #[error("{}: segment {segment} at {address} with {size:#x} bytes wraps around the address space", path.display())]
    Wraps {
        path: PathBuf,
        segment: usize,
        address: GuestAddr,
        size: u64,
    },
    /// A segment reaches beyond what a guest can address.
    #[error("{}: segment {segment} at {address} needs {size:#x} bytes of memory and ends at {end}, \
             expected it to end by {limit:#x}", path.display(), limit = ADDRESS_LIMIT)]
    TooLarge {
        path: PathBuf,
        segment: usize,
        address: GuestAddr,
        size: u64,
        end: GuestAddr,
    },
    /// A segment cannot be mapped because its address and its offset differ within a page.
    #[error("{}: segment {segment} is at {address} in memory and {offset:#x} in the file, \
             expected the same offset within a page", path.display())]
    Misaligned {
        path: PathBuf,
        segment: usize,
        address: GuestAddr,
        offset: u64,
    },
    /// Two segments share memory.
    #[error("{}: segments {first} and {second} overlap at {address}, expected them to be apart", path.display())]
    Overlap {
        path: PathBuf,
        first: usize,
        second: usize,
        address: GuestAddr,
    },
    /// The entry is not in a segment's executable bytes.
    #[error("{} starts at {entry}, which is outside its executable segments", path.display())]
    EntryOutsideText { path: PathBuf, entry: GuestAddr },
    /// The entry is odd.
    #[error("{} starts at {entry}, expected an even address", path.display())]
    EntryOdd { path: PathBuf, entry: GuestAddr },
    /// A library that cannot be started.
    #[error("{} is a shared library without an entry, expected a program", path.display())]
    SharedLibrary { path: PathBuf },
    /// The name of the interpreter is not all there, or no name.
    #[error("{}: the name of its interpreter {found}", path.display())]
    Interpreter { path: PathBuf, found: String },
}
