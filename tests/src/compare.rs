//! One program, run by everyone who can: natively, by QEMU, from an image and by the interpreter.
//! All must print the same and end the same way.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::build::{Side, program, run, source};
use crate::directives::Directives;
use crate::process::{Outcome, Start};
use crate::sandbox::Sandbox;
use crate::tools;

/// Which code vmtrans runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    /// An image, compiled before.
    Image,
    /// An image that keeps state exact at every access to memory.
    ExactImage,
    /// The interpreter alone.
    Interpreter,
}

/// Expects that vmtrans does what the machine itself and QEMU do.
///
/// # Panics
/// Where it does not.
pub fn check(name: &str, tier: Tier) {
    let text = std::fs::read_to_string(source(name)).expect("a source can be read");
    let directives = Directives::read(&text);
    let native = (!directives.skips("native")).then(|| by_host(name, &directives));
    let qemu = (!directives.skips("qemu")).then(|| by_qemu(name, &directives));
    if let (Some(native), Some(qemu)) = (&native, &qemu) {
        // A program on which these differ tells nothing about vmtrans. QEMU says more on
        // standard error than the program does.
        expect_same(&format!("{name}: native and QEMU"), native, qemu);
    }
    let vmtrans = by_vmtrans(name, &directives, tier);
    for (witness, theirs) in [("native", &native), ("QEMU", &qemu)] {
        if let Some(theirs) = theirs {
            expect_same(&format!("{name}: {witness} and vmtrans"), theirs, &vmtrans);
        }
    }
    if let Some(native) = &native {
        assert_eq!(
            native.err(),
            vmtrans.err(),
            "{name}: native and vmtrans, standard error"
        );
    }
}

/// Expects the same output and ending.
///
/// # Panics
/// Where they differ.
pub fn expect_same(what: &str, theirs: &Outcome, ours: &Outcome) {
    if theirs.stdout != ours.stdout {
        let (theirs_text, ours_text) = (theirs.out(), ours.out());
        let mut pairs = theirs_text.lines().zip(ours_text.lines()).enumerate();
        if let Some((line, (expected, found))) = pairs.find(|(_, (a, b))| a != b) {
            let line = line + 1;
            panic!("{what}: line {line}: expected {expected:?}, found {found:?}\n{ours:?}");
        }
        panic!("{what}: one prints more\nexpected {theirs:?}\nfound {ours:?}");
    }
    assert_eq!(theirs.ending, ours.ending, "{what}\n{ours:?}");
}

fn by_host(name: &str, directives: &Directives) -> Outcome {
    let (sandbox, binary) = (Sandbox::new(), program(name, Side::Host));
    finish(sandbox.start(&binary), directives, &binary)
}

fn by_qemu(name: &str, directives: &Directives) -> Outcome {
    let (sandbox, binary) = (Sandbox::new(), program(name, Side::Guest));
    finish(
        sandbox.start(tools::qemu()).arg(&binary),
        directives,
        &binary,
    )
}

fn by_vmtrans(name: &str, directives: &Directives, tier: Tier) -> Outcome {
    let (sandbox, guest) = (Sandbox::new(), program(name, Side::Guest));
    let start = match tier {
        Tier::Image => sandbox.run(image(name)),
        Tier::ExactImage => sandbox.run(exact_image(name)),
        Tier::Interpreter => {
            let start = sandbox
                .vmtrans("run")
                .args(["--no-background", "--tier", "interpreter"]);
            start.arg(&guest)
        }
    };
    finish(start, directives, &guest)
}

fn finish(start: Start, directives: &Directives, binary: &Path) -> Outcome {
    let own = binary.to_string_lossy();
    let arguments = directives
        .args
        .iter()
        .map(|argument| argument.replace("{self}", &own));
    start.args(arguments).input(&directives.stdin).outcome()
}

/// The image of a program of `tests/programs`. The units of the C library are compiled once for
/// all of them, in a cache that stays.
pub fn image(name: &str) -> PathBuf {
    compiled(&program(name, Side::Guest), name, "images", &[])
}

/// The same, with state kept exact.
pub fn exact_image(name: &str) -> PathBuf {
    let guest = program(name, Side::Guest);
    compiled(&guest, name, "exact-images", &["--exact-faults"])
}

/// A guest program's image, in a folder of images that stays.
///
/// # Panics
/// Where it cannot be compiled.
pub fn compiled(guest: &Path, name: &str, folder: &str, options: &[&str]) -> PathBuf {
    let folder = tools::work_folder().join(folder);
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let image = folder.join(name);
    // One at a time, for the next finds in the cache what this one compiles.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = Command::new(tools::vmtrans());
    command.env("VMTRANS_CACHE_DIR", tools::work_folder().join("cache"));
    run(command
        .args(["compile", "--quiet"])
        .args(options)
        .arg("-o")
        .args([&image, guest]));
    image
}
