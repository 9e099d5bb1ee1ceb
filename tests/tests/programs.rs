//! Behaviour: each program of `tests/programs` does under vmtrans what it does natively and under
//! QEMU, from an image, from one that keeps state exact, and in the interpreter.

use std::collections::BTreeSet;

use vmtrans_tests::compare::{Tier, check};
use vmtrans_tests::tools;

macro_rules! programs {
    ($($name:ident)*) => {
        $(mod $name {
            #[test]
            fn image() {
                super::check(stringify!($name), super::Tier::Image);
            }

            #[test]
            fn exact_image() {
                super::check(stringify!($name), super::Tier::ExactImage);
            }

            #[test]
            fn interpreter() {
                super::check(stringify!($name), super::Tier::Interpreter);
            }
        })*

        const LISTED: &[&str] = &[$(stringify!($name)),*];
    };
}

programs! {
    arguments atomics calls clocks containers copies coroutines crash directories endless exceptions
    exec_self exits fault_registers faults files float_bits float_text generated guest_atomics guest_conventions guest_formats guest_integers guest_pieces
    identity integers ipc machine many_arguments mathematics memory objects pipes polling proc_view processes
    recursion rounding setjmp sigchld sigjump signal_order signals sigstack sockets spawn static_pie stdio
    streams strings switches terminals terminate timers trampolines traps wide_text
}

#[test]
fn every_program_is_listed() {
    let folder = tools::tests_folder().join("programs");
    let entries = std::fs::read_dir(&folder).expect("the folder of programs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let sources = paths.filter(|path| path.extension().is_some_and(|e| e == "c" || e == "cpp"));
    let stem =
        |path: std::path::PathBuf| path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let found = sources.filter_map(stem).collect::<BTreeSet<_>>();
    let listed = LISTED
        .iter()
        .map(|name| (*name).to_owned())
        .collect::<BTreeSet<_>>();
    assert_eq!(found, listed);
}
