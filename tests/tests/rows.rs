//! Every row of the instruction tables against QEMU: random and corner operands, all rounding
//! modes, by the tables' meanings, in the interpreter and as compiled code.

use std::collections::BTreeSet;

use vmtrans_isa::riscv;
use vmtrans_tests::rowcheck::{Shows, generate};
use vmtrans_tests::{Sandbox, Start, tools};

fn check(seed: u64, shows: Shows, extensions: &[&str]) {
    let program = generate(seed, shows, extensions);
    let sandbox = Sandbox::new();
    let elf = sandbox.write("rows", &program.elf);
    let image = sandbox.path("rows.bin");
    let output = |start: Start| start.succeed().stdout;

    let expected = output(sandbox.start(tools::qemu()).args(["-cpu", "max"]).arg(&elf));
    assert_eq!(expected.len(), program.output_size(), "QEMU printed all");
    let same = |witness: &str, found: &[u8]| {
        if let Some(difference) = program.difference(&expected, found) {
            panic!("{witness}: {difference}");
        }
    };
    same("meanings", &program.interpret());
    let interpreter = sandbox.vmtrans("run").args(["--tier", "interpreter"]);
    same("interpreter", &output(interpreter.arg(&elf)));
    sandbox.compile(&elf).arg("-o").arg(&image).succeed();
    same("compiled", &output(sandbox.run(&image)));
    println!("{} cases of {extensions:?} are QEMU's", program.cases());
}

/// The tests below, but for the seeds.
const INTEGERS: &[&str] = &["i", "zifencei", "m", "a"];
const BITS: &[&str] = &["zba", "zbb", "zbc", "zbs", "zicond"];
const OTHERS: [&[&str]; 5] = [&["zicsr"], &["c"], &["f"], &["d"], &["zfa"]];

#[test]
fn no_row_is_left_out() {
    let chapters = [INTEGERS, BITS].into_iter().chain(OTHERS).flatten();
    let chapters = chapters.copied().collect::<Vec<_>>();
    let program = generate(0, Shows::Results, &chapters);
    let executed = program.rows().collect::<BTreeSet<_>>();
    let all = riscv::rows().map(|row| row.name);
    let missing = all.filter(|name| !executed.contains(name));
    // These do not go on to the next instruction.
    assert_eq!(
        missing.collect::<Vec<_>>(),
        ["Ecall", "Ebreak", "CUnimp", "CEbreak"]
    );
}

#[test]
fn integer_rows() {
    check(1, Shows::Results, INTEGERS);
}

#[test]
fn control_and_status_rows() {
    check(8, Shows::Results, &["zicsr"]);
}

#[test]
fn bit_manipulation_rows() {
    check(2, Shows::Results, BITS);
}

#[test]
fn compressed_rows() {
    check(3, Shows::Results, &["c"]);
}

#[test]
fn single_precision_rows() {
    check(4, Shows::Results, &["f"]);
}

#[test]
fn double_precision_rows() {
    check(5, Shows::Results, &["d"]);
}

#[test]
fn additional_floating_point_rows() {
    check(6, Shows::Results, &["zfa"]);
}

#[test]
fn flags_and_rounding_modes_of_single_precision() {
    check(7, Shows::Flags, &["f"]);
}

#[test]
fn flags_and_rounding_modes_of_double_precision() {
    check(9, Shows::Flags, &["d"]);
}

#[test]
fn flags_and_rounding_modes_of_additional_rows() {
    check(10, Shows::Flags, &["zfa"]);
}
