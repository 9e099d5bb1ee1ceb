//! Instructions in any order, to be translated.

use std::collections::BTreeSet;
use std::path::Path;

use vmtrans_isa::riscv::{rows, sample};
use vmtrans_tests::elf::TinyElf;
use vmtrans_translator::codegen::{Compiler, OptLevel};
use vmtrans_translator::compile::{CodeOptions, prepare};
use vmtrans_translator::discover::discover;
use vmtrans_translator::guest::Guest;

use crate::random::Random;

/// Compiles every function that is found in these instructions.
pub(crate) fn feed(input: &[u8]) {
    let mut elf = TinyElf::new(&[]);
    elf.content = input.to_vec();
    let size = elf.bytes().len() as u64;
    (elf.segments[0].p_filesz, elf.segments[0].p_memsz) = (size, size);
    let Ok(guest) = Guest::new(elf.bytes(), Path::new("input")) else {
        return;
    };
    let discovery = discover(&guest, &BTreeSet::new());
    let code = CodeOptions {
        level: OptLevel::O1,
        host_cpu: "x86-64-v3".to_owned(),
        exact_faults: false,
    };
    let Ok(prepared) = prepare(&guest, &discovery, &code) else {
        return;
    };
    let compiler = Compiler::new(&prepared.lift, code.level).expect("a compiler for this host");
    for unit in &prepared.units {
        let object = compiler.compile(&unit.unit, &unit.boundary);
        assert!(!object.expect("every unit compiles").is_empty());
    }
}

/// Instructions of all rows, some of which are none.
pub(crate) fn input(random: &mut Random) -> Vec<u8> {
    let rows = rows().collect::<Vec<_>>();
    let mut bytes = Vec::new();
    for _ in 0..1 + random.below(48) {
        let row = rows[random.below(rows.len())];
        let bits = sample(row, random.word());
        // The two lowest bits say whether an instruction has two bytes or four.
        let length = if bits & 3 == 3 { 4 } else { 2 };
        bytes.extend(&bits.to_le_bytes()[..length]);
        if random.below(32) == 0 {
            bytes.extend(random.short().to_le_bytes());
        }
    }
    bytes
}
