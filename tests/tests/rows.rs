//! Every row of the instruction tables against QEMU: random and corner operands, in the
//! interpreter and as compiled code.

use std::path::Path;

use vmtrans_tests::rowcheck::{Program, Shows, generate};
use vmtrans_tests::{Sandbox, tools};

/// The first difference of two outputs, by row.
fn difference(program: &Program, expected: &[u8], found: &[u8]) -> Option<String> {
    let mut at = 0;
    let mut wrong = Vec::new();
    for (name, length) in &program.rows {
        let (e, f) = (expected.get(at..at + length), found.get(at..at + length));
        if e != f {
            let word = e
                .unwrap_or_default()
                .iter()
                .zip(f.unwrap_or_default())
                .position(|(a, b)| a != b);
            let word = word.unwrap_or(0) / 8 * 8;
            let show = |bytes: Option<&[u8]>| {
                bytes.map_or("nothing".to_owned(), |b| {
                    format!("{:02x?}", &b[word..word + 8])
                })
            };
            wrong.push(format!(
                "{name} at {word}: QEMU {}, vmtrans {}",
                show(e),
                show(f)
            ));
        }
        at += length;
    }
    (!wrong.is_empty()).then(|| format!("{} rows differ:\n{}", wrong.len(), wrong.join("\n")))
}

fn output(start: vmtrans_tests::Start) -> Vec<u8> {
    start.succeed().stdout
}

fn qemu(sandbox: &Sandbox, program: &Path) -> Vec<u8> {
    output(
        sandbox
            .start(tools::qemu())
            .args(["-cpu", "max"])
            .arg(program),
    )
}

fn check(seed: u64, shows: Shows, extensions: &[&str]) {
    let program = generate(seed, shows, extensions);
    let sandbox = Sandbox::new();
    let elf = sandbox.write("rows", &program.elf);
    vmtrans_tests::sandbox::set_mode(&elf, 0o755);
    let expected = qemu(&sandbox, &elf);
    let total = program.rows.iter().map(|(_, length)| length).sum::<usize>();
    assert_eq!(expected.len(), total, "QEMU printed all results");
    let interpreted = output(
        sandbox
            .vmtrans("run")
            .args(["--tier", "interpreter"])
            .arg(&elf),
    );
    if let Some(difference) = difference(&program, &expected, &interpreted) {
        panic!("interpreter: {difference}");
    }
    let image = sandbox.path("rows.bin");
    sandbox.compile(&elf).arg("-o").arg(&image).succeed();
    let compiled = output(sandbox.run(&image));
    if let Some(difference) = difference(&program, &expected, &compiled) {
        panic!("compiled: {difference}");
    }
}

#[test]
fn integer_rows() {
    check(1, Shows::Results, &["i", "m", "a"]);
}

#[test]
fn bit_manipulation_rows() {
    check(2, Shows::Results, &["zba", "zbb", "zbc", "zbs", "zicond"]);
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
fn flags_and_rounding_modes() {
    check(7, Shows::Flags, &["f", "d", "zfa"]);
}
