//! Which functions are found, and which blocks are theirs.

use std::collections::BTreeSet;

use vmtrans_translator::discover::discover;

use crate::build::{assemble, check, compile, drop_sections, find, guest, named, strip, symbols};

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
    "-static-pie",
    "-fpie",
    "-nostartfiles",
    "-DOWN_START",
    "-lm",
];

/// Of the functions that the symbols of the whole program name, how many a discovery without
/// symbols finds, in percent.
fn recall(flags: &[&str], without: fn(&[u8]) -> Vec<u8>) -> (f64, f64) {
    let program = compile("program.c", HELLO, flags);
    let wanted = symbols(&guest(&program))
        .into_values()
        .collect::<BTreeSet<_>>();
    let found = find(&guest(&without(&program)));
    let starts = found
        .functions
        .iter()
        .map(|f| f.start)
        .collect::<BTreeSet<_>>();
    let percent = |n: usize| 100.0 * f64::from(u32::try_from(n).expect("few functions"));
    let recall = percent(wanted.intersection(&starts).count()) / percent(wanted.len()) * 100.0;
    assert!(wanted.len() > 500, "a static program has all of libc");
    (recall, found.coverage)
}

#[test]
fn a_stripped_program_has_the_functions_of_its_symbols() {
    for flags in [&["-O2", "-static", "-lm"][..], PIE] {
        let (recall, coverage) = recall(flags, strip);
        assert!(recall >= 99.0, "{flags:?}: {recall} %");
        assert!(coverage >= 0.95, "{flags:?}: {coverage}");
    }
}

#[test]
fn section_headers_are_not_needed() {
    let (recall, _) = recall(&["-O2", "-static", "-lm"], |program| {
        drop_sections(&strip(program))
    });
    assert!(recall >= 99.0, "{recall} %");
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
