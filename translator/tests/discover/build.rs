//! Guest programs for tests, and what every discovery must be like.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use vmtrans_translator::discover::{Discovery, discover};
use vmtrans_translator::function::Function;
use vmtrans_translator::guest::Guest;

/// Compiles a program; the extension says in which language it is.
pub fn compile(name: &str, source: &str, flags: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let input = dir.path().join(name);
    let output = dir.path().join("program");
    std::fs::write(&input, source).expect("the source is written");
    let compiler = if name.ends_with("cpp") { "g++" } else { "gcc" };
    run(Command::new(format!("riscv64-linux-gnu-{compiler}"))
        .arg("-o")
        .arg(&output)
        .arg(&input)
        .args(flags));
    std::fs::read(output).expect("the program is there")
}

/// Assembles a program without any library.
pub fn assemble(source: &str) -> Vec<u8> {
    let flags = [
        "-nostdlib",
        "-static",
        "-no-pie",
        "-march=rv64gc_zba_zbb",
        "-mabi=lp64d",
    ];
    compile("program.S", source, &flags)
}

/// The same program without symbols.
pub fn strip(program: &[u8]) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("program");
    std::fs::write(&path, program).expect("the program is written");
    run(Command::new("riscv64-linux-gnu-strip").arg(&path));
    std::fs::read(path).expect("the program is there")
}

/// The same program without section headers.
pub fn drop_sections(program: &[u8]) -> Vec<u8> {
    let mut program = program.to_vec();
    program[0x28..0x30].fill(0);
    program[0x3c..0x40].fill(0);
    program
}

fn run(command: &mut Command) {
    let output = command.output().expect("the guest's compiler is installed");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {message}");
}

/// The program as a guest.
pub fn guest(program: &[u8]) -> Guest {
    Guest::new(program.to_vec(), Path::new("program")).expect("a guest program")
}

/// What discovery finds in a guest, checked.
pub fn find(guest: &Guest) -> Discovery {
    let found = discover(guest, &BTreeSet::new());
    check(&found);
    found
}

/// The function with a name.
pub fn named<'a>(found: &'a Discovery, name: &str) -> &'a Function {
    let mut functions = found.functions.iter();
    functions
        .find(|f| f.name.as_deref() == Some(name))
        .unwrap_or_else(|| panic!("no {name}"))
}

/// What holds for all functions, whatever the guest.
pub fn check(found: &Discovery) {
    assert!(
        found
            .functions
            .windows(2)
            .all(|pair| pair[0].start < pair[1].start)
    );
    found.functions.iter().for_each(check_function);
    assert!((0.0..=1.0).contains(&found.coverage), "{}", found.coverage);
}

fn check_function(function: &Function) {
    let Function {
        start,
        insns,
        blocks,
        ..
    } = function;
    assert!(blocks.contains_key(start), "{start}");
    assert!(
        insns.windows(2).all(|pair| pair[0].addr < pair[1].addr),
        "{start}"
    );
    let mut next = 0;
    for (&addr, block) in blocks {
        assert_eq!(
            block.first, next,
            "{start}: blocks are in the order of instructions"
        );
        next += block.count;
        let insns = &insns[block.first..next];
        assert_eq!(insns[0].addr, addr, "{start}");
        for pair in insns.windows(2) {
            let length = pair[0].insn.map_or(2, |insn| u64::from(insn.len));
            assert_eq!(
                pair[1].addr.wrapping_distance(pair[0].addr),
                length,
                "{start}"
            );
        }
    }
    assert_eq!(next, insns.len(), "{start}");
    for table in insns.iter().filter_map(|i| i.note.table.as_ref()) {
        assert!(insns[table.load].insn.is_some(), "{start}");
        assert!(
            table.targets.iter().all(|t| blocks.contains_key(t)),
            "{start}"
        );
    }
}
