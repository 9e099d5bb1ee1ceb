//! Which functions are found, and which blocks are theirs.

use std::collections::{BTreeMap, BTreeSet};

use object::elf::R_RISCV_64;
use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolKind};
use vmtrans_isa::GuestAddr;
use vmtrans_translator::discover::discover;

use crate::build::{assemble, check, compile, drop_sections, find, guest, named, strip};

const HELLO: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
    int numbers[100];
    for (int i = 0; i < 100; i++) numbers[i] = (i * 37 + argc) % 101;
    qsort(numbers, 100, sizeof *numbers, compare);
    printf("%d %s %f\n", numbers[argc], argv[0], sin(argc));
    return 0;
}
#ifdef OWN_START
void _start(void) { exit(main(0, NULL)); }
#endif
"#;

/// A program that relocates itself, for which the cross compiler has no start-up code.
const PIE: &[&str] = &[
    "-Os",
    "-static",
    "-fpie",
    "-nostartfiles",
    "-DOWN_START",
    "-lm",
    "-Wl,-pie,--no-dynamic-linker,-z,notext",
];

/// How well discovery does on a program without symbols, held against the whole one.
#[derive(Debug)]
struct Recall {
    /// Functions that are alive.
    wanted: usize,
    /// Of those, how many are functions.
    starts: usize,
    /// Of those, how many are functions or in one.
    covered: usize,
}

fn recall(flags: &[&str], without: fn(&[u8]) -> Vec<u8>) -> Recall {
    let program = compile(
        "program.c",
        HELLO,
        &[flags, &["-Wl,--emit-relocs"]].concat(),
    );
    let wanted = alive(&program, guest(&program).bias());
    let found = find(&guest(&without(&program)));
    let starts = found
        .functions
        .iter()
        .map(|f| f.start)
        .collect::<BTreeSet<_>>();
    let covered = found
        .functions
        .iter()
        .flat_map(|f| f.insns.iter().map(|i| i.addr));
    let covered = covered.collect::<BTreeSet<_>>();
    Recall {
        wanted: wanted.len(),
        starts: wanted.intersection(&starts).count(),
        covered: wanted.intersection(&covered).count(),
    }
}

/// The functions that the entry or data lead to, by the relocations that the linker kept. A program
/// has others, which nobody refers to: the linker takes whole files from a library.
fn alive(program: &[u8], bias: u64) -> BTreeSet<GuestAddr> {
    let file = object::File::parse(program).expect("an ELF file");
    let functions = file
        .symbols()
        .filter(|s| s.kind() == SymbolKind::Text && s.size() > 0);
    let functions = functions.map(|s| (s.address(), s.address() + s.size()));
    let functions = functions.collect::<BTreeMap<_, _>>();
    let around = |address: u64| {
        let (&start, &end) = functions.range(..=address).next_back()?;
        (address < end).then_some(start)
    };
    let mut edges: BTreeMap<Option<u64>, BTreeSet<u64>> = BTreeMap::new();
    for section in file.sections().filter(|s| s.name() != Ok(".eh_frame")) {
        for (address, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                continue;
            };
            let symbol = file.symbol_by_index(symbol).expect("a symbol");
            let to = around(symbol.address().wrapping_add_signed(relocation.addend()));
            // What is in no function is data, and pointers there count as used. Differences, as in
            // jump tables, are used by the function itself.
            let from = around(address);
            let pointer = matches!(
                relocation.flags(),
                RelocationFlags::Elf { r_type: R_RISCV_64 }
            );
            if from.is_some() || pointer {
                edges.entry(from).or_default().extend(to);
            }
        }
    }
    let mut alive = BTreeSet::new();
    let mut work = edges
        .get(&None)
        .into_iter()
        .flatten()
        .copied()
        .collect::<Vec<_>>();
    work.extend(around(file.entry()));
    while let Some(start) = work.pop() {
        if alive.insert(start) {
            work.extend(edges.get(&Some(start)).into_iter().flatten());
        }
    }
    alive
        .into_iter()
        .map(|start| GuestAddr::new(start + bias))
        .collect()
}

fn assert_good(recall: &Recall) {
    let Recall {
        wanted,
        starts,
        covered,
    } = recall;
    assert!(*wanted > 500, "{recall:?}");
    assert!(covered == wanted, "{recall:?}");
    // Some that only one function jumps to are taken to be part of it.
    assert!(starts * 100 >= wanted * 98, "{recall:?}");
}

#[test]
fn a_stripped_program_has_the_functions_of_its_symbols() {
    for flags in [&["-O2", "-static", "-lm"][..], PIE] {
        assert_good(&recall(flags, strip));
    }
}

#[test]
fn section_headers_are_not_needed() {
    assert_good(&recall(&["-O2", "-static", "-lm"], |program| {
        drop_sections(&strip(program))
    }));
}

#[test]
fn a_jump_to_another_function_leaves() {
    let program = assemble(
        "
        .globl _start
        .type _start, @function
        _start: beqz a0, 1f
            tail other
        1:  call other
            li a7, 93
            ecall
        .size _start, .-_start
        .type other, @function
        other: addi a0, a0, 1
            bnez a0, _start
            ret
        .size other, .-other
        ",
    );
    let found = find(&guest(&program));
    let (start, other) = (named(&found, "_start"), named(&found, "other"));
    assert_eq!(found.functions.len(), 2);
    assert!(!start.blocks.contains_key(&other.start));
    assert!(!other.blocks.contains_key(&start.start));
    assert_eq!(other.blocks.len(), 2);
}

#[test]
fn a_tail_called_function_is_found_without_symbols() {
    let program = assemble(
        "
        .globl _start
        before: ret
        _start: call between
            j before
        between: ret
        ",
    );
    let found = find(&guest(&strip(&program)));
    assert_eq!(found.functions.len(), 3);
}

#[test]
fn what_follows_a_call_that_does_not_return_is_another_function() {
    let program = assemble(
        "
        .globl _start
        _start: lla a0, pointer
            ld a0, 0(a0)
            jalr a0
            call die
        pointed: addi a0, a0, 3
            ret
        die: li a7, 93
            ecall
            j die
        .data
        .balign 8
        pointer: .dword pointed
        ",
    );
    let found = find(&guest(&strip(&program)));
    let lengths = found
        .functions
        .iter()
        .map(|f| f.insns.len())
        .collect::<Vec<_>>();
    assert_eq!(
        lengths,
        [5, 2, 3],
        "start, pointed, die: {:?}",
        found.functions
    );
}

#[test]
fn exceptions_land_in_functions() {
    let source = r#"
        #include <cstdio>
        #include <stdexcept>
        struct Guard { ~Guard() { std::puts("gone"); } };
        __attribute__((noinline)) void check(int n) { if (n > 1) throw std::runtime_error("many"); }
        int main(int argc, char **) {
            Guard guard;
            try { check(argc); } catch (const std::exception &e) { std::puts(e.what()); return 2; }
            return 0;
        }
    "#;
    let program = compile("program.cpp", source, &["-O2", "-static"]);
    let found = find(&guest(&program));
    let pads = found.statistics.landing_pads;
    assert!(pads > 50, "libstdc++ has many: {pads}");
    let main = named(&found, "main").start;
    let inside = found.functions.iter().filter(|f| {
        f.name
            .as_deref()
            .is_some_and(|n| n.starts_with("main+") || n.starts_with("main.cold"))
    });
    assert!(
        inside.count() >= 2,
        "a catch and a cleanup of main at {main}"
    );
    // Landing pads repeat code of their functions, but not without measure.
    let distinct = found.statistics.covered_bytes / 2;
    assert!(
        found.statistics.instructions < distinct * 2,
        "{:?}",
        found.statistics
    );
}

#[test]
fn a_missed_entry_becomes_a_function_inside_of_another() {
    let program = assemble(
        "
        .globl _start
        _start: li a0, 10
        1:  addi a0, a0, -1
            nop
            bnez a0, 1b
            ret
        ",
    );
    let guest = guest(&program);
    let entry = guest.entry().wrapping_offset(4);
    let found = discover(&guest, &BTreeSet::from([entry, entry.wrapping_offset(1)]));
    check(&found);
    let starts = found.functions.iter().map(|f| f.start).collect::<Vec<_>>();
    assert_eq!(starts, [guest.entry(), entry]);
    assert_eq!(
        found.functions[1].insns.len(),
        4,
        "the loop from its middle"
    );
}

#[test]
fn long_functions_are_cut() {
    let source = "
        .globl _start
        .type _start, @function
        _start:
        1:  .rept 4000
            addi a0, a0, 1
            beqz a0, 2f
            addi a1, a1, 1
            bnez a1, 3f
            nop
            2: addi a2, a2, 1
            3: addi a2, a2, 1
            .endr
            .rept 9000
            xor a0, a0, a1
            .endr
            bnez a0, 4f
            ret
        4:  tail _start
        .size _start, .-_start
    ";
    let found = find(&guest(&assemble(source)));
    let longest = found.functions.iter().map(|f| f.insns.len()).max();
    assert!(longest <= Some(8100), "{longest:?}");
    assert!(found.functions.len() < 40, "{}", found.functions.len());
    let distinct = found.statistics.covered_bytes;
    assert!(
        found.statistics.instructions * 2 <= distinct,
        "nothing is in two of them"
    );
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let program = compile("program.c", HELLO, &["-O2", "-static", "-lm"]);
    let guest = guest(&program);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        format!("{:?}", pool.install(|| find(&guest)))
    };
    assert!(with(1) == with(4));
}
