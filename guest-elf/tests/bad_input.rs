//! Files that are no guest, or nearly one: each gets its error, none a panic.

use std::path::{Path, PathBuf};

use vmtrans_guest_elf::{ElfError, GuestElf, Kind};
use vmtrans_isa::GuestAddr;

const TEXT: u64 = 0x10000;
const DATA: u64 = 0x11000;
const PHOFF: usize = 64;

/// Field offsets in the ELF header and in a program header (gABI, chapters 4 and 5).
const E_TYPE: usize = 16;
const E_MACHINE: usize = 18;
const E_ENTRY: usize = 24;
const E_PHENTSIZE: usize = 54;
const E_PHNUM: usize = 56;
const P_FLAGS: usize = 4;
const P_OFFSET: usize = 8;
const P_VADDR: usize = 16;
const P_FILESZ: usize = 32;
const P_MEMSZ: usize = 40;

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

fn header(segment: usize, field: usize) -> usize {
    PHOFF + 56 * segment + field
}

/// A program of one page of text with its headers, and one page of data.
fn small() -> Vec<u8> {
    let mut b = vec![0; 0x1010];
    put(&mut b, 0, *b"\x7fELF\x02\x01\x01");
    put(&mut b, E_TYPE, 2u16.to_le_bytes());
    put(&mut b, E_MACHINE, 243u16.to_le_bytes());
    put(&mut b, 20, 1u32.to_le_bytes());
    put(&mut b, E_ENTRY, (TEXT + 0x200).to_le_bytes());
    put(&mut b, 32, (PHOFF as u64).to_le_bytes());
    put(&mut b, 52, 64u16.to_le_bytes());
    put(&mut b, E_PHENTSIZE, 56u16.to_le_bytes());
    put(&mut b, E_PHNUM, 2u16.to_le_bytes());
    for (segment, flags, offset, address, file, memory) in [
        (0, 5u32, 0u64, TEXT, 0x1000u64, 0x1000u64),
        (1, 6, 0x1000, DATA, 0x10, 0x2000),
    ] {
        put(&mut b, header(segment, 0), 1u32.to_le_bytes());
        put(&mut b, header(segment, P_FLAGS), flags.to_le_bytes());
        put(&mut b, header(segment, P_OFFSET), offset.to_le_bytes());
        put(&mut b, header(segment, P_VADDR), address.to_le_bytes());
        put(&mut b, header(segment, P_FILESZ), file.to_le_bytes());
        put(&mut b, header(segment, P_MEMSZ), memory.to_le_bytes());
        put(&mut b, header(segment, 48), 0x1000u64.to_le_bytes());
    }
    b
}

fn parse(bytes: &[u8]) -> Result<GuestElf, ElfError> {
    GuestElf::parse(bytes, Path::new("guest"))
}

/// The message for a small program after a change.
fn message<const N: usize>(at: usize, value: [u8; N]) -> String {
    let mut bytes = small();
    put(&mut bytes, at, value);
    parse(&bytes)
        .expect_err("the change is an error")
        .to_string()
}

#[test]
fn the_small_program_is_read() {
    let elf = parse(&small()).expect("it is right");
    assert_eq!(elf.kind, Kind::Static);
    assert_eq!(elf.entry, GuestAddr::new(TEXT + 0x200));
    assert_eq!(elf.segments.len(), 2);
    assert_eq!(elf.segments[1].end(), GuestAddr::new(DATA + 0x2000));
    assert_eq!(elf.program_headers.address, Some(GuestAddr::new(TEXT + 64)));
    assert_eq!(
        elf.span(),
        GuestAddr::new(TEXT)..GuestAddr::new(DATA + 0x2000)
    );
    assert!(elf.symbols(&small()).is_empty());
}

#[test]
fn a_file_is_read_as_memory_is() {
    let path = std::env::temp_dir().join(format!("vmtrans-guest-elf-{}", std::process::id()));
    std::fs::write(&path, small()).expect("the temporary folder can be written");
    let file = std::fs::File::open(&path).expect("it was just written");
    let read = GuestElf::parse_from(&file, &path);
    std::fs::remove_file(&path).expect("it was just written");
    assert_eq!(
        read.expect("it is right").segments,
        parse(&small()).expect("it is right").segments
    );
}

#[test]
fn every_prefix_is_an_error() {
    let bytes = small();
    for length in 0..bytes.len() {
        let error = parse(&bytes[..length])
            .expect_err("a part is missing")
            .to_string();
        assert!(error.starts_with("guest"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn no_flipped_byte_panics() {
    let bytes = small();
    for at in 0..512 {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(elf) = parse(&flipped) {
                elf.symbols(&flipped);
            }
        }
    }
}

#[test]
fn what_is_no_elf_file() {
    assert_eq!(
        parse(b"").unwrap_err().to_string(),
        "guest is empty, expected an ELF file"
    );
    assert_eq!(
        parse(b"#!/bin/sh\n").unwrap_err().to_string(),
        "guest is not an ELF file: it starts with [23, 21, 2f, 62], expected [7f, 45, 4c, 46]"
    );
}

#[test]
fn other_machines() {
    assert_eq!(
        message(4, [1]),
        "guest is a 32-bit ELF file, expected a 64-bit one"
    );
    assert_eq!(
        message(5, [2]),
        "guest is a big-endian ELF file, expected a little-endian one"
    );
    assert_eq!(
        message(E_MACHINE, 62u16.to_le_bytes()),
        "guest is for X86_64 (ELF machine 62), expected RISC-V (243)"
    );
    assert_eq!(
        message(48, [8]),
        "guest is for the RISC-V E base (flags 0x8), expected the I base"
    );
}

#[test]
fn what_cannot_be_started() {
    assert_eq!(
        message(E_TYPE, [1, 0]),
        "guest is an object file, expected an executable"
    );
    let mut library = small();
    put(&mut library, E_TYPE, [3, 0]);
    put(&mut library, E_ENTRY, 0u64.to_le_bytes());
    assert_eq!(
        parse(&library).unwrap_err().to_string(),
        "guest is a shared library without an entry, expected a program"
    );
    assert_eq!(
        message(header(0, P_FLAGS), [4]),
        "guest has no executable segment among its 2, expected at least one"
    );
    assert_eq!(
        message(E_ENTRY, DATA.to_le_bytes()),
        "guest starts at 0x11000, which is outside its executable segments"
    );
    assert_eq!(
        message(E_ENTRY, (TEXT + 1).to_le_bytes()),
        "guest starts at 0x10001, expected an even address"
    );
}

#[test]
fn segments_that_cannot_be() {
    assert_eq!(
        message(header(1, P_VADDR), (TEXT + 0x800).to_le_bytes()),
        "guest: segment 1 is at 0x10800 in memory and 0x1000 in the file, expected the same offset \
         within a page"
    );
    assert_eq!(
        message(header(0, P_MEMSZ), 0x1001u64.to_le_bytes()),
        "guest: segments 0 and 1 overlap at 0x11000, expected them to be apart"
    );
    assert_eq!(
        message(header(1, P_MEMSZ), (u64::MAX - 0x1000).to_le_bytes()),
        "guest: segment 1 at 0x11000 with 0xffffffffffffefff bytes wraps around the address space"
    );
    assert_eq!(
        message(header(1, P_MEMSZ), (1u64 << 42).to_le_bytes()),
        "guest: segment 1 at 0x11000 needs 0x40000000000 bytes of memory and ends at \
         0x40000011000, expected it to end by 0x4000000000"
    );
    assert_eq!(
        message(header(1, P_FILESZ), 0x11u64.to_le_bytes()),
        "guest is cut short: segment 1 ends at byte 4113, but the file has 4112"
    );
}

#[test]
fn the_interpreter_is_named() {
    let mut bytes = small();
    put(&mut bytes, E_PHNUM, 3u16.to_le_bytes());
    put(&mut bytes, header(2, 0), 3u32.to_le_bytes());
    put(&mut bytes, header(2, P_OFFSET), 0x300u64.to_le_bytes());
    put(&mut bytes, header(2, P_FILESZ), 9u64.to_le_bytes());
    put(&mut bytes, 0x300, *b"/lib/ld.1");
    assert_eq!(
        parse(&bytes).unwrap_err().to_string(),
        "guest: the name of its interpreter has no end, expected a zero byte"
    );
    put(&mut bytes, 0x300, *b"/lib/ld.\0");
    assert_eq!(
        parse(&bytes).expect("it is right").kind,
        Kind::Dynamic {
            interpreter: PathBuf::from("/lib/ld."),
            position_independent: false
        }
    );
}
