//! Guest programs that are none: one line that says which file, what was found and what was
//! expected, the right exit status, nothing left behind.

use vmtrans_tests::elf::TinyElf;
use vmtrans_tests::{Ending, Sandbox};

const CANNOT_EXECUTE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Expects that both commands refuse a file.
#[track_caller]
fn refused(content: &[u8], parts: &[&str]) {
    let sandbox = Sandbox::new();
    let path = sandbox.write("input", content);
    let name = path.to_string_lossy().into_owned();
    let parts = [&[name.as_str()], parts].concat();
    let compiled = sandbox.compile(&path).args(["-o", "image"]).outcome();
    compiled.expect_failure(CANNOT_EXECUTE, &parts);
    sandbox
        .run(&path)
        .outcome()
        .expect_failure(CANNOT_EXECUTE, &parts);
    nothing_left(&sandbox);
}

#[track_caller]
fn nothing_left(sandbox: &Sandbox) {
    assert!(
        sandbox.left_in_cwd().is_empty(),
        "{:?}",
        sandbox.left_in_cwd()
    );
    let cache = sandbox.left_in_cache();
    // What may be remembered is what a file's identity stands for, but no object of it.
    let objects = cache.iter().filter(|path| {
        let text = path.to_string_lossy();
        text.contains("/units/") || text.contains("/images/") || text.contains(".tmp-")
    });
    assert_eq!(objects.count(), 0, "{cache:?}");
}

#[track_caller]
fn refused_elf(change: impl FnOnce(&mut TinyElf), parts: &[&str]) {
    refused(&TinyElf::default().with(change).bytes(), parts);
}

#[test]
fn the_tiny_program_itself_is_good() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("input", TinyElf::default().bytes());
    assert_eq!(sandbox.run(&path).outcome().ending, Ending::Status(42));
    sandbox.compile(&path).args(["-o", "image"]).succeed();
    assert_eq!(
        sandbox.run(sandbox.cwd().join("image")).outcome().ending,
        Ending::Status(42)
    );
}

#[test]
fn not_an_elf_file() {
    refused(b"", &["is empty", "expected an ELF file"]);
    refused(b"#!/bin/sh\n", &["is not an ELF file", "expected"]);
    refused(
        b"\x7fELG",
        &["is not an ELF file", "7f, 45, 4c, 47", "expected"],
    );
    refused(&[0; 4096], &["is not an ELF file", "expected"]);
}

#[test]
fn a_missing_file() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("missing");
    let name = path.to_string_lossy().into_owned();
    sandbox
        .compile(&path)
        .outcome()
        .expect_failure(NOT_FOUND, &[&name]);
    sandbox
        .run(&path)
        .outcome()
        .expect_failure(NOT_FOUND, &[&name]);
    let inside = sandbox.write("file", "x").join("below");
    sandbox
        .run(&inside)
        .outcome()
        .expect_failure(CANNOT_EXECUTE, &["file/below"]);
    nothing_left(&sandbox);
}

#[test]
fn a_directory() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("folder");
    std::fs::create_dir(&path).expect("a folder");
    sandbox
        .run(&path)
        .outcome()
        .expect_failure(CANNOT_EXECUTE, &["/folder"]);
    let compiled = sandbox.compile(&path).outcome();
    assert!(
        matches!(compiled.ending, Ending::Status(125 | 126)),
        "{compiled:?}"
    );
    nothing_left(&sandbox);
}

/// Nothing crashes, hangs or runs, wherever a file is cut.
#[test]
fn every_prefix_of_a_program() {
    let sandbox = Sandbox::new();
    let whole = TinyElf::default().bytes();
    for length in 0..whole.len() {
        let path = sandbox.write("input", &whole[..length]);
        let outcome = sandbox.run(&path).outcome();
        outcome.expect_failure(CANNOT_EXECUTE, &["/input"]);
        if length % 10 == 0 {
            sandbox
                .compile(&path)
                .outcome()
                .expect_failure(CANNOT_EXECUTE, &["/input"]);
        }
    }
    nothing_left(&sandbox);
}

#[test]
fn another_kind_of_machine() {
    refused_elf(|e| e.ei_class = 1, &["32-bit", "expected a 64-bit one"]);
    refused_elf(
        |e| e.ei_data = 2,
        &["big-endian", "expected a little-endian one"],
    );
    refused_elf(
        |e| e.e_machine = 183,
        &["ARCH64", "183", "expected RISC-V (243)"],
    );
    refused_elf(|e| e.e_machine = 8, &["MIPS", "expected RISC-V"]);
    refused_elf(|e| e.e_machine = 0xfeed, &["65261", "expected RISC-V"]);
    refused_elf(|e| e.e_version = 7, &["version 7", "expected 1"]);
}

/// A host program is neither a guest program nor an image.
#[test]
fn a_host_program() {
    let sandbox = Sandbox::new();
    let compiled = sandbox.compile("/bin/sh").outcome();
    compiled.expect_failure(CANNOT_EXECUTE, &["/bin/sh", "X86_64", "expected RISC-V"]);
    sandbox
        .run("/bin/sh")
        .outcome()
        .expect_failure(CANNOT_EXECUTE, &["/bin/sh", "expected"]);
    nothing_left(&sandbox);
}

#[test]
fn no_program() {
    refused_elf(|e| e.e_type = 1, &["object file", "expected an executable"]);
    refused_elf(|e| e.e_type = 4, &["core", "expected an executable"]);
    let library = |e: &mut TinyElf| (e.e_type, e.e_entry) = (3, 0);
    refused_elf(
        library,
        &["shared library without an entry", "expected a program"],
    );
    refused_elf(
        |e| e.segments.clear(),
        &["no segment", "expected at least one"],
    );
    refused_elf(
        |e| e.segments[0].p_flags = 6,
        &["no executable segment", "expected"],
    );
    refused_elf(|e| e.e_phentsize = 32, &["32 bytes", "expected 56"]);
}

#[test]
fn segments_that_cannot_be() {
    let add = |change: fn(&mut vmtrans_tests::elf::Segment)| {
        TinyElf::default().and_segment(change).bytes()
    };
    refused(
        &add(|s| s.p_vaddr = 0x10010),
        &["segments 0 and 1 overlap", "expected"],
    );
    refused(
        &add(|s| (s.p_vaddr, s.p_memsz) = (0xffff_ffff_ffff_f000, 0x2000)),
        &["segment 1", "wraps"],
    );
    refused(
        &add(|s| s.p_memsz = 4 << 40),
        &["segment 1", "0x40000000000 bytes", "expected"],
    );
    refused(&add(|s| s.p_memsz = u64::MAX), &["segment 1"]);
    refused(
        &add(|s| (s.p_filesz, s.p_memsz) = (99, 9)),
        &["99 bytes", "at most its 9"],
    );
    refused(
        &add(|s| (s.p_offset, s.p_filesz, s.p_memsz) = (0x1000, 0x100, 0x100)),
        &["cut short", "segment 1", "but the file has"],
    );
    refused(
        &add(|s| (s.p_offset, s.p_filesz, s.p_memsz) = (8, 16, 16)),
        &["segment 1", "expected the same offset within a page"],
    );
    refused(
        &add(|s| (s.p_offset, s.p_filesz, s.p_memsz) = (u64::MAX - 4095, 0x2000, 0x2000)),
        &["segment 1"],
    );
}

/// Memory that is asked for and not touched is not taken.
#[test]
fn a_large_segment_is_reserved_only() {
    let sandbox = Sandbox::new();
    let large =
        TinyElf::default().and_segment(|s| (s.p_vaddr, s.p_memsz) = (0x4000_0000, 256 << 20));
    let path = sandbox.write("input", large.bytes());
    sandbox.compile(&path).args(["-o", "image"]).succeed();
    assert_eq!(
        sandbox.run(sandbox.cwd().join("image")).outcome().ending,
        Ending::Status(42)
    );
    let length = std::fs::metadata(sandbox.cwd().join("image"))
        .expect("an image")
        .len();
    assert!(length < 1 << 20, "{length} bytes");
}

#[test]
fn entries_that_cannot_be() {
    refused_elf(
        |e| e.e_entry = 0x9000,
        &["starts at 0x9000", "outside its executable segments"],
    );
    refused_elf(
        |e| e.e_entry = u64::MAX,
        &["outside its executable segments"],
    );
    refused_elf(|e| e.e_entry += 1, &["expected an even address"]);
    let data = TinyElf::default()
        .and_segment(|s| s.p_filesz = 64)
        .with(|e| e.e_entry = 0x20000);
    refused(
        &data.bytes(),
        &["0x20000", "outside its executable segments"],
    );
}

/// The interpreter of a dynamic program is looked for where the guest's files are.
#[test]
fn an_interpreter_that_is_not_there() {
    let sandbox = Sandbox::new();
    let name = b"/lib/ld-linux-of-nowhere.so.1\0";
    let elf = TinyElf::default().and_segment(|s| s.p_type = 3);
    let size = elf.bytes().len() as u64;
    let elf = elf.with(|e| {
        (e.segments[1].p_offset, e.segments[1].p_filesz) = (size, name.len() as u64);
        e.content.extend(name);
    });
    let path = sandbox.write("input", elf.bytes());
    let outcome = sandbox.run(&path).outcome();
    outcome.expect_failure(CANNOT_EXECUTE, &["/input", "ld-linux-of-nowhere.so.1"]);
}

/// Any byte of the headers may be anything: it is refused or runs, and does not crash us.
#[test]
fn any_byte_of_the_headers_may_be_wrong() {
    let sandbox = Sandbox::new();
    let whole = TinyElf::default().bytes();
    for at in 0..120 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x81;
        let path = sandbox.write("input", &bytes);
        let outcome = sandbox.run(&path).outcome();
        let is_fine = match outcome.ending {
            Ending::Status(42 | 126) => true,
            // Another entry or size within the segment: the guest's own fault.
            Ending::Signal(4 | 11) => !outcome.err().contains("bug"),
            _ => false,
        };
        assert!(is_fine, "byte {at}: {outcome:?}");
    }
    assert!(sandbox.left_in_cwd().is_empty());
}

/// The output cannot be written: one line, and no part of it stays.
#[test]
fn an_output_that_cannot_be() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("input", TinyElf::default().bytes());
    let outcome = sandbox
        .compile(&path)
        .args(["-o", "missing/image"])
        .outcome();
    outcome.expect_failure(125, &["missing/image"]);
    std::fs::create_dir(sandbox.cwd().join("folder")).expect("a folder");
    let outcome = sandbox.compile(&path).args(["-o", "folder"]).outcome();
    outcome.expect_failure(125, &["folder"]);
    assert!(
        sandbox.left_in_cwd().is_empty(),
        "{:?}",
        sandbox.left_in_cwd()
    );
    let outcome = sandbox
        .compile(&path)
        .args(["--stats", "missing/stats"])
        .outcome();
    outcome.expect_failure(125, &["missing/stats"]);
}

#[test]
fn wrong_arguments() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["compile"][..],
        &["run"],
        &["frobnicate"],
        &["compile", "x", "-O9"],
        &[],
    ] {
        let start = sandbox
            .start(vmtrans_tests::tools::vmtrans())
            .args(arguments);
        let outcome = start.outcome();
        assert!(
            matches!(outcome.ending, Ending::Status(125)),
            "{arguments:?} {outcome:?}"
        );
        assert!(
            outcome.stdout.is_empty() && !outcome.stderr.is_empty(),
            "{arguments:?} {outcome:?}"
        );
    }
    let path = sandbox.write("input", TinyElf::default().bytes());
    let outcome = sandbox
        .compile(&path)
        .args(["--host-cpu", "pdp11"])
        .outcome();
    outcome.expect_failure(125, &["pdp11"]);
}
