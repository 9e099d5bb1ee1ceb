//! Guests that crash: their parent sees what it would see natively, and a report says where.

use vmtrans_tests::compare::image;
use vmtrans_tests::{Ending, Outcome, Sandbox, Side, program};

/// Runs `crash` natively, from its image and in the interpreter.
fn everywhere(arguments: &[&str]) -> [Outcome; 3] {
    let sandbox = Sandbox::new();
    let native = sandbox
        .start(program("crash", Side::Host))
        .args(arguments)
        .outcome();
    let compiled = sandbox.run(image("crash")).args(arguments).outcome();
    let start = sandbox
        .vmtrans("run")
        .args(["--no-background", "--tier", "interpreter"]);
    let start = start.arg(program("crash", Side::Guest)).args(arguments);
    [native, compiled, start.outcome()]
}

#[track_caller]
fn same_everywhere(arguments: &[&str]) {
    let [native, compiled, interpreted] = everywhere(arguments);
    assert_eq!(native.ending, compiled.ending, "image: {compiled:?}");
    assert_eq!(
        native.ending, interpreted.ending,
        "interpreter: {interpreted:?}"
    );
    assert_eq!(native.out(), compiled.out());
    assert_eq!(native.out(), interpreted.out());
}

#[test]
fn the_same_signal_as_native() {
    for how in ["fault", "abort", "illegal", "trap", "jump"] {
        same_everywhere(&[how]);
    }
}

#[test]
fn every_signal_that_kills() {
    for signal in [
        "1", "2", "3", "6", "8", "9", "10", "13", "14", "15", "16", "24", "31", "34", "64",
    ] {
        same_everywhere(&["signal", signal]);
    }
    // These do not kill.
    for signal in ["17", "18", "23", "28"] {
        same_everywhere(&["signal", signal]);
    }
}

#[test]
fn every_status() {
    for status in [
        "0", "1", "42", "125", "126", "127", "128", "139", "255", "256",
    ] {
        same_everywhere(&["status", status]);
    }
}

fn with_report(arguments: &[&str], interpreter: bool) -> Outcome {
    let sandbox = Sandbox::new();
    let start = sandbox
        .vmtrans("run")
        .args(["--no-background", "--crash-report"]);
    let start = if interpreter {
        start
            .args(["--tier", "interpreter"])
            .arg(program("crash", Side::Guest))
    } else {
        start.arg(image("crash"))
    };
    start.args(arguments).outcome()
}

#[track_caller]
fn expect_report(outcome: &Outcome, parts: &[&str]) {
    let text = outcome.err();
    for part in parts {
        assert!(text.contains(part), "expected {part:?}: {outcome:?}");
    }
    let registers = ["ra", "sp", "a0", "s11", "t6"];
    for name in registers {
        let named = text.split_whitespace().any(|word| word == name);
        assert!(named, "expected register {name}: {outcome:?}");
    }
}

/// a0 holds the address and a5 what was to be stored there.
const EXPECTED: &[&str] = &[
    "signal 11",
    "0x40",
    "crash_here",
    "a0 0000000000000040",
    "a5 0000000000005a5a",
];

/// Compiled code that keeps state exact reports it without the interpreter.
#[test]
fn a_report_of_compiled_code_is_exact() {
    let sandbox = Sandbox::new();
    let image = sandbox.path("exact.bin");
    let compiled = sandbox
        .vmtrans("compile")
        .args(["--quiet", "--exact-faults", "-o"])
        .arg(&image)
        .arg(program("crash", Side::Guest))
        .outcome();
    assert_eq!(compiled.ending, Ending::Status(0), "{compiled:?}");
    let start = sandbox
        .vmtrans("run")
        .args(["--no-background", "--crash-report"]);
    let outcome = start.arg(&image).arg("fault").outcome();
    assert_eq!(outcome.ending, Ending::Signal(11), "{outcome:?}");
    expect_report(&outcome, EXPECTED);
}

#[test]
fn a_report_says_where() {
    for interpreter in [false, true] {
        let outcome = with_report(&["fault"], interpreter);
        assert_eq!(outcome.ending, Ending::Signal(11), "{outcome:?}");
        expect_report(&outcome, EXPECTED);
    }
}

#[test]
fn an_illegal_instruction_is_named() {
    for interpreter in [false, true] {
        let outcome = with_report(&["illegal"], interpreter);
        assert_eq!(outcome.ending, Ending::Signal(4), "{outcome:?}");
        expect_report(&outcome, &["illegal instruction", "0xffffffff"]);
    }
}

#[test]
fn no_report_is_printed_unasked() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(image("crash")).arg("fault").outcome();
    assert_eq!(outcome.err(), "");
    // Nor for a guest that ends well.
    let outcome = with_report(&["status", "3"], false);
    assert_eq!(
        (outcome.ending, outcome.err()),
        (Ending::Status(3), String::new())
    );
}
