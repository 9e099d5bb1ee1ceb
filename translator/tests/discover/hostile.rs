//! Programs that are damaged or mean no good: discovery ends soon and keeps its rules.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use vmtrans_isa::GuestAddr;
use vmtrans_translator::discover::discover;
use vmtrans_translator::guest::Guest;

use crate::build::{assemble, check, compile, find, guest};

/// Pseudo-random numbers, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).expect("less than the limit")
    }
}

#[test]
fn random_code() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for length in [2, 100, 5_000, 50_000] {
        let words = (0..length).map(|_| format!(".word {:#x}\n", random.next() >> 32));
        let source = format!(".globl _start\n _start:\n {}", words.collect::<String>());
        find(&guest(&assemble(&source)));
    }
}

#[test]
fn damaged_programs() {
    let source = r#"
        #include <cstdio>
        #include <stdexcept>
        int main(int argc, char **) {
            try { if (argc > 1) throw std::runtime_error("x"); } catch (...) { return 1; }
            std::puts("ok");
        }
    "#;
    let program = compile("program.cpp", source, &["-O1", "-static"]);
    let mut random = Random(0x1234_5678_9abc_def1);
    let extra = BTreeSet::from([GuestAddr::new(u64::MAX), GuestAddr::new(1)]);
    for round in 0..24 {
        let mut damaged = program.clone();
        // Some hit the headers and tables, others anything.
        let end = if round % 2 == 0 {
            0x1000
        } else {
            damaged.len()
        };
        for _ in 0..1 << random.below(10) {
            let at = 0x40 + random.below(end - 0x40);
            damaged[at] = random.next().to_le_bytes()[0];
        }
        if let Ok(guest) = Guest::new(damaged, Path::new("damaged")) {
            check(&discover(&guest, &extra));
        }
    }
}

/// Each function jumps into the middle of a long one, which its symbol says it is.
#[test]
fn shared_code_is_not_copied_without_end() {
    let source = "
        .globl _start
        .type _start, @function
        _start: j middle
        .size _start, .-_start
        .macro jumper
            .type jumper\\@, @function
            jumper\\@: j middle
            .size jumper\\@, .-jumper\\@
        .endm
        .rept 3000
            jumper
        .endr
        .type long, @function
        long:
            .rept 10
            addi a0, a0, 1
            .endr
        middle:
            .rept 7000
            addi a0, a0, 1
            .endr
            ret
        .size long, .-long
    ";
    let before = Instant::now();
    let found = find(&guest(&assemble(source)));
    assert!(
        before.elapsed() < Duration::from_secs(20),
        "{:?}",
        found.statistics
    );
    assert!(found.statistics.work < 10_000_000, "{:?}", found.statistics);
}

/// Each function is known only from the one before.
#[test]
fn long_chains_of_calls_end() {
    let source = "
        .globl _start
        .set n, 0
        _start:
        .rept 20000
            call 1f
            ret
            nop
        1:
        .endr
            ret
    ";
    let before = Instant::now();
    find(&guest(&assemble(source)));
    assert!(before.elapsed() < Duration::from_secs(20));
}

/// Each of many entries into a long function would be as long.
#[test]
fn entries_without_end() {
    let source = "
        .globl _start
        _start:
        .rept 20000
            addi a0, a0, 1
        .endr
            ret
    ";
    let guest = guest(&assemble(source));
    let entry = |n: i64| GuestAddr::new(guest.entry().get()).wrapping_offset(n * 2);
    let entries = (1..20_000).map(entry).collect::<BTreeSet<_>>();
    let before = Instant::now();
    let found = discover(&guest, &entries);
    check(&found);
    assert!(
        before.elapsed() < Duration::from_secs(20),
        "{:?}",
        found.statistics
    );
}
