//! How an image (`cached.bin`) is laid out.
//!
//! An image is a host ELF file with `.text` (units), `.rodata` (their constants), `.eh_frame`,
//! `.vmtrans.table`, `.vmtrans.lines`, `.vmtrans.guest`, `.symtab` (guest functions by name)
//! and a program header of type [`PT_VMTRANS`] that points to the [`Manifest`]. Loading maps
//! its segments; nothing in it is relocated.

/// Type of the program header that points to the manifest.
pub const PT_VMTRANS: u32 = 0x6d76_7401;

/// First field of a manifest.
pub const IMAGE_MAGIC: [u8; 8] = *b"vmtrans\x01";

/// Where the image of a guest with fixed addresses is mapped. A guest's heap may grow to here.
pub const IMAGE_BASE: u64 = 0x6000_0000;

/// In a code map, in place of an address: the program handles faults of its own, and wants an image
/// with [`Manifest::exact_faults`].
pub const WANTS_EXACT_FAULTS: u64 = 1;

/// How compiled code holds guest addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u32)]
pub enum Addressing {
    /// Guest and image are at fixed addresses below 2 GiB, so an address is a 32-bit immediate.
    Absolute = 0,
    /// Guest and image are mapped at one distance from each other, within 2 GiB, so an address
    /// is relative to the host's program counter.
    Relative = 1,
}

/// What the runtime needs to know of an image. All integers are little-endian; addresses are as
/// linked (for [`Addressing::Relative`] the same number is added to all of them when loading).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Manifest {
    /// [`IMAGE_MAGIC`].
    pub magic: [u8; 8],
    /// BLAKE3 of the whole file with this field zero.
    pub image_hash: [u8; 32],
    /// BLAKE3 of the guest ELF.
    pub guest_hash: [u8; 32],
    /// BLAKE3 that stands for the translator's build and its options.
    pub build_hash: [u8; 32],
    /// [`crate::CONTRACT`] of the translator.
    pub contract: [u8; 32],
    /// Host features that the code may use (see [`crate::host_features`]).
    pub host_features: u64,
    /// [`Addressing`] as a number.
    pub addressing: u32,
    /// How many units the image has.
    pub units: u32,
    /// 1 where guest state is exact at every access to memory, for programs that handle faults.
    pub exact_faults: u32,
    /// 0
    pub reserved: u32,
    /// File offset of the guest ELF, a multiple of the page size.
    pub guest_offset: u64,
    /// Its length in bytes.
    pub guest_length: u64,
    /// What is added to the guest ELF's addresses; 0 for a guest at fixed addresses.
    pub guest_bias: u64,
    /// First guest address that the table covers (bias included), even.
    pub text_base: u64,
    /// Bytes of guest text that it covers, even.
    pub text_length: u64,
    /// Where the table is linked: for each two bytes of guest text a `u32`, the host address of
    /// the code for that guest address minus `code_base`, or 0 where there is none.
    pub table: u64,
    /// What table entries are relative to; 0 for [`Addressing::Absolute`].
    pub code_base: u64,
    /// Where host text is linked.
    pub code_start: u64,
    /// Bytes of host text.
    pub code_length: u64,
    /// File offset of the [`LineEntry`]s, sorted by host offset.
    pub lines_offset: u64,
    /// How many there are.
    pub lines_count: u64,
}

/// From here on the host code belongs to this guest instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct LineEntry {
    /// Bytes from `code_start`.
    pub host: u32,
    /// Bytes from `text_base`; `u32::MAX` for code of no guest instruction.
    pub guest: u32,
}
