//! Filetests: guest assembly and what translation makes of it, in one file.
//!
//! A file of `tests/filetests` holds assembly, then sections that begin with `# ==== NAME` and
//! whose lines are comments: `result` (the status that the program ends with), `guest`,
//! `optimised` and `assembly` (what `inspect` shows of the function `test`). They are written
//! anew where `VMTRANS_BLESS` is set. The host CPU is fixed, so that the text depends on the
//! compiler alone.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vmtrans_tests::build::assemble;
use vmtrans_tests::{Ending, Sandbox, tools};

const SECTION: &str = "# ==== ";
const HOST_CPU: &str = "x86-64-v3";

#[test]
fn all() {
    let folder = tools::tests_folder().join("filetests");
    let entries = std::fs::read_dir(&folder).expect("the folder of filetests");
    let mut paths = entries
        .map(|entry| entry.expect("an entry").path())
        .collect::<Vec<PathBuf>>();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(paths.len() >= 10, "{paths:?}");
    let wrong = paths
        .iter()
        .filter_map(|path| check(path).err())
        .collect::<Vec<_>>();
    assert!(
        wrong.is_empty(),
        "{}\nVMTRANS_BLESS=1 writes what was found",
        wrong.join("\n")
    );
}

fn check(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).expect("a filetest can be read");
    let (assembly, sections) = text.split_at(text.find(SECTION).unwrap_or(text.len()));
    let names = sections
        .lines()
        .filter_map(|line| line.strip_prefix(SECTION));
    let mut found = assembly.to_owned();
    let sandbox = Sandbox::new();
    let guest = build(&sandbox, assembly);
    for name in names {
        let _ = writeln!(found, "{SECTION}{name}");
        let section = match name {
            "result" => result(&sandbox, &guest),
            stage => inspect(&sandbox, &guest, stage),
        };
        for line in section.lines() {
            let _ = writeln!(found, "{}", format!("#   {line}").trim_end());
        }
    }
    if found == text {
        return Ok(());
    }
    if std::env::var_os("VMTRANS_BLESS").is_some() {
        std::fs::write(path, found).expect("a filetest can be written");
        return Ok(());
    }
    Err(difference(path, &text, &found))
}

fn difference(path: &Path, expected: &str, found: &str) -> String {
    let pairs = expected.lines().zip(found.lines()).enumerate();
    let first = pairs
        .into_iter()
        .find(|(_, (expected, found))| expected != found);
    match first {
        Some((line, (expected, found))) => {
            let line = line + 1;
            format!(
                "{}:{line}: expected\n  {expected}\nfound\n  {found}",
                path.display()
            )
        }
        None => format!("{}: one is longer than the other", path.display()),
    }
}

/// A program that calls `test` with a pointer to `data` and 100, and ends with its result. It looks at
/// no register that `test` leaves but that.
fn build(sandbox: &Sandbox, assembly: &str) -> PathBuf {
    let text = format!(
        ".globl _start\n_start: la a0, data\nli a1, 100\ncall test\nandi a0, a0, 255\n\
         li a1, 0\nli a2, 0\nli a3, 0\nli a4, 0\nli a5, 0\nli a6, 0\nli a7, 94\necall\n.globl test\n.type test, @function\n{assembly}\n.size test, . - test\n\
         .data\n.balign 64\ndata: .rept 64\n.dword 0x0102030405060708\n.endr\n.zero 512\n"
    );
    let source = sandbox.write("test.S", text);
    let guest = sandbox.path("test");
    assemble(&source, &guest, &[]);
    guest
}

fn result(sandbox: &Sandbox, guest: &Path) -> String {
    let ending = |outcome: vmtrans_tests::Outcome| match outcome.ending {
        Ending::Status(status) => status,
        _ => panic!("{outcome:?}"),
    };
    let qemu = ending(sandbox.start(tools::qemu()).arg(guest).outcome());
    let interpreter = sandbox
        .vmtrans("run")
        .args(["--no-background", "--tier", "interpreter"]);
    let interpreter = ending(interpreter.arg(guest).outcome());
    assert_eq!(
        interpreter,
        qemu,
        "interpreter and QEMU: {}",
        guest.display()
    );
    for level in ["-O0", "-O1", "-O2", "-O3"] {
        sandbox
            .compile(guest)
            .args([level, "-o", "image"])
            .succeed();
        let compiled = ending(sandbox.run(sandbox.cwd().join("image")).outcome());
        assert_eq!(compiled, qemu, "{level} and QEMU");
    }
    qemu.to_string()
}

fn inspect(sandbox: &Sandbox, guest: &Path, stage: &str) -> String {
    let (stage, is_count) = match stage {
        "instructions" => ("assembly", true),
        other => (other, false),
    };
    let start = sandbox.start(tools::compiler()).arg("inspect").arg(guest);
    let start = start.args([
        "--host-cpu",
        HOST_CPU,
        "--function",
        "test",
        "--stage",
        stage,
    ]);
    let text = start.succeed().out();
    if is_count {
        count(&text)
    } else {
        text.lines()
            .filter_map(essence)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// A line without what says nothing of the code: the compiler's name, debug information.
fn essence(line: &str) -> Option<String> {
    let noise = [
        "source_filename",
        "target ",
        "; ModuleID",
        "attributes ",
        "!",
        "\t.ident",
        "\t.file",
    ];
    if noise.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let mut line = line.to_owned();
    while let Some(at) = line.find(", !dbg !").or_else(|| line.find(" !dbg !")) {
        let rest = &line[at + 1..];
        let number = rest.find("!dbg !").map_or(0, |n| n + "!dbg !".len());
        let end = rest[number..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len(), |e| number + e);
        line.replace_range(at..=at + end, "");
    }
    Some(line)
}

/// Host instructions by mnemonic.
fn count(assembly: &str) -> String {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    let lines = assembly.lines().filter_map(|line| line.strip_prefix('\t'));
    for line in lines.filter(|line| !line.starts_with(['.', '#'])) {
        *counts
            .entry(line.split_whitespace().next().unwrap_or_default())
            .or_default() += 1;
    }
    let total = counts.values().sum::<usize>();
    let list = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect::<Vec<_>>();
    format!("{total} host instructions: {}", list.join(", "))
}
