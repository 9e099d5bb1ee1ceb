//! The tables by themselves: no encoding belongs to two rows, and encoding undoes decoding.

mod support;

use support::{Noise, row};
use vmtrans_isa::Pattern;
use vmtrans_isa::riscv::{self, Fields, Reg, Row, decode, encode, length};

/// Some bits match both patterns. Constraints count: a common word is looked for among all
/// values of the fields that have one.
fn overlap(a: &Pattern, b: &Pattern) -> bool {
    if a.bits != b.bits || (a.value ^ b.value) & a.mask & b.mask != 0 {
        return false;
    }
    let fixed = a.value | b.value;
    let fields = a.fields().iter().chain(b.fields());
    let bound = fields
        .clone()
        .filter(|field| field.not != u8::MAX)
        .map(|field| field.mask());
    let immediates = [a, b].into_iter().filter(|pattern| pattern.imm_nonzero);
    let immediates = immediates
        .flat_map(|pattern| pattern.fields())
        .map(|field| field.mask());
    let mut free = bound.chain(immediates).fold(0, |all, mask| all | mask);
    free |= fields
        .filter(|field| field.width == 3)
        .fold(0, |all, field| all | field.mask());
    free &= !(a.mask | b.mask);
    // All subsets of the free bits, from the full one down.
    let mut subset = free;
    loop {
        if a.matches(fixed | subset) && b.matches(fixed | subset) {
            return true;
        }
        if subset == 0 {
            return false;
        }
        subset = (subset - 1) & free;
    }
}

#[test]
fn no_two_rows_overlap() {
    let rows: Vec<&Row> = riscv::rows().collect();
    for (n, a) in rows.iter().enumerate() {
        for b in &rows[..n] {
            assert!(
                !overlap(&a.pattern, &b.pattern),
                "{} and {} overlap",
                a.name,
                b.name
            );
        }
    }
}

#[test]
fn each_halfword_matches_one_row_at_most() {
    for bits in 0..=0xffffu32 {
        let matching = riscv::rows().filter(|row| row.pattern.bits == 16);
        let matching: Vec<_> = matching
            .filter(|row| row.pattern.matches(bits))
            .map(|row| row.name)
            .collect();
        assert!(matching.len() <= 1, "{bits:#06x} is all of {matching:?}");
        let decoded = (bits & 3 != 3).then(|| decode(bits)).flatten();
        assert_eq!(
            decoded.map(|insn| insn.row.row().name),
            matching.first().copied()
        );
    }
}

#[test]
fn names_and_mnemonics_are_unique() {
    let mut names: Vec<_> = riscv::rows().map(|row| row.name).collect();
    let mut mnemonics: Vec<_> = riscv::rows().map(Row::mnemonic).collect();
    for list in [&mut names, &mut mnemonics] {
        list.sort_unstable();
        let twice = list.windows(2).find(|pair| pair[0] == pair[1]);
        assert_eq!(twice, None);
    }
}

#[test]
fn the_low_bits_give_the_length() {
    assert_eq!((length(0x0001), length(0x0013), length(0xffff)), (2, 4, 4));
    let compressed = decode(0xffff_0001).expect("c.nop");
    assert_eq!((compressed.len, compressed.raw), (2, 1));
    assert_eq!(decode(0xffff_ffff), None);
}

#[test]
fn a_decoded_instruction_is_small() {
    assert!(size_of::<riscv::Insn>() <= 32);
}

#[test]
fn encoding_undoes_decoding() {
    let mut noise = Noise(4);
    for row in riscv::rows() {
        for _ in 0..100 {
            let bits = riscv::sample(row, noise.next());
            let fields = decode(bits).expect("a sample decodes").fields;
            assert_eq!(encode(row, &fields), Some(bits), "{}", row.name);
        }
    }
}

#[test]
fn what_does_not_fit_is_not_encoded() {
    let x = Reg::new;
    let encode = |mnemonic, fields: Fields| encode(row(mnemonic), &fields);
    assert!(
        encode(
            "addi",
            Fields {
                rd: x(1),
                imm: -2048,
                ..Fields::NONE
            }
        )
        .is_some()
    );
    assert_eq!(
        encode(
            "addi",
            Fields {
                rd: x(1),
                imm: 2048,
                ..Fields::NONE
            }
        ),
        None
    );
    assert_eq!(
        encode(
            "addi",
            Fields {
                rs2: x(1),
                ..Fields::NONE
            }
        ),
        None
    );
    assert_eq!(
        encode(
            "beq",
            Fields {
                imm: 3,
                ..Fields::NONE
            }
        ),
        None
    );
    assert_eq!(
        encode(
            "c.sub",
            Fields {
                rd: x(8),
                rs1: x(9),
                rs2: x(8),
                ..Fields::NONE
            }
        ),
        None
    );
    assert_eq!(
        encode(
            "c.sub",
            Fields {
                rd: x(7),
                rs1: x(7),
                rs2: x(8),
                ..Fields::NONE
            }
        ),
        None
    );
    assert_eq!(
        encode(
            "c.lwsp",
            Fields {
                imm: 4,
                ..Fields::NONE
            }
        ),
        None
    );
}
