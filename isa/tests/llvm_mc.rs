//! Encodings and assembly text held against `llvm-mc`, in both directions.

mod support;

use support::{Noise, llvm_mc};
use vmtrans_isa::GuestAddr;
use vmtrans_isa::riscv::{self, Csr, decode, disassemble};

/// How many instructions of each row are tried.
const SAMPLES: usize = 200;
/// How many random words are tried.
const WORDS: usize = 200_000;

/// Our text, or `None` where we do not decode.
fn ours(bits: u32) -> Option<String> {
    decode(bits).map(|insn| disassemble(&insn, GuestAddr::new(0)))
}

/// `llvm-mc` knows the names of some 400 CSRs; the tables name those that user code can use,
/// and the others are numbers. So the operand is left out of the comparison for these.
fn without_unnamed_csr(bits: u32, text: String) -> String {
    match decode(bits) {
        Some(insn) if insn.row.row().extension == "zicsr" => {
            if Csr::new(insn.fields.csr).name().is_some() {
                return text;
            }
            let operands: Vec<&str> = text.split(", ").collect();
            assert_eq!(operands.len(), 3, "{text}");
            format!("{}, _, {}", operands[0], operands[2])
        }
        _ => text,
    }
}

fn compare(instructions: &[u32], excused: impl Fn(u32, Option<&str>) -> bool) {
    let mut wrong = Vec::new();
    for (&bits, theirs) in instructions.iter().zip(llvm_mc(instructions)) {
        if excused(bits, theirs.as_deref()) {
            continue;
        }
        let theirs = theirs.map(|text| without_unnamed_csr(bits, text));
        let ours = ours(bits).map(|text| without_unnamed_csr(bits, text));
        if ours != theirs {
            wrong.push(format!("{bits:#010x}: ours {ours:?}, llvm-mc {theirs:?}"));
        }
    }
    let shown = &wrong[..wrong.len().min(40)];
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

/// `mret` and its like trap in user mode, which is all there is here. Bits that the manual says
/// to ignore in fences, `llvm-mc` does not ignore.
fn excused(bits: u32, theirs: Option<&str>) -> bool {
    let privileged = [
        "mret",
        "sret",
        "mnret",
        "wfi",
        "sfence.vma",
        "sctrclr",
        "dret",
    ];
    let mnemonic = theirs.and_then(|text| text.split(' ').next());
    let is_fence = decode(bits).is_some_and(|insn| insn.row.row().mnemonic().starts_with("fence"));
    mnemonic.is_some_and(|name| privileged.contains(&name)) || is_fence && theirs.is_none()
}

#[test]
fn every_row_reads_as_llvm_mc_reads_it() {
    let mut noise = Noise(1);
    let mut instructions = Vec::new();
    for row in riscv::rows() {
        for _ in 0..SAMPLES {
            let bits = riscv::sample(row, noise.next());
            let insn = decode(bits).unwrap_or_else(|| panic!("{}: {bits:#x} is lost", row.name));
            assert_eq!(insn.row.row().name, row.name, "{bits:#x}");
            instructions.push(bits);
        }
    }
    compare(&instructions, |_, _| false);
}

#[test]
fn all_halfwords_decode_as_with_llvm_mc() {
    let halfwords: Vec<u32> = (0..=0xffff).filter(|bits| bits & 3 != 3).collect();
    compare(&halfwords, excused);
}

#[test]
fn random_words_decode_as_with_llvm_mc() {
    let mut noise = Noise(2);
    // The low five bits set would be a longer encoding.
    let words = std::iter::repeat_with(|| noise.next().to_le_bytes())
        .map(|[a, b, c, d, ..]| u32::from_le_bytes([a | 3, b, c, d]))
        .filter(|bits| bits & 0x1f != 0x1f);
    let words: Vec<u32> = words.take(WORDS).collect();
    compare(&words, excused);
}

/// Words that are one bit away from an instruction, where random ones seldom are.
#[test]
fn neighbours_of_instructions_decode_as_with_llvm_mc() {
    let mut noise = Noise(3);
    let mut words = Vec::new();
    for row in riscv::rows().filter(|row| row.pattern.bits == 32) {
        for bit in 2..32 {
            for _ in 0..8 {
                let bits = riscv::sample(row, noise.next()) ^ 1 << bit;
                words.extend((bits & 0x1f != 0x1f).then_some(bits));
            }
        }
    }
    compare(&words, excused);
}
