//! A guest's ELF file, read and checked: what is mapped where, where it starts, what its
//! functions are called.
//!
//! Translator and runtime both start from here, so a file that one accepts the other accepts.
//! Only the ELF header and the program headers count; section headers are looked at for symbols
//! alone, and may lie. Time and memory are in proportion to the file, not to what it claims.
//! How a file is mapped and what its code means is not known here.
#![forbid(unsafe_code)]

mod error;
mod parse;
mod segment;
mod source;
mod symbols;

pub use error::ElfError;
pub use parse::{GuestElf, Kind, ProgramHeaders};
pub use segment::{Segment, TableAddress};
pub use source::Source;
pub use symbols::{Symbol, SymbolKind};

/// Bytes of a guest page.
pub const PAGE_SIZE: u64 = 4096;

/// First address that no guest file may be mapped at: the end of user space under Sv39.
pub const ADDRESS_LIMIT: u64 = 1 << 38;
