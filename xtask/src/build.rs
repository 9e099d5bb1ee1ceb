//! `cargo xtask build`: the two executables, in release mode, side by side.
//!
//! They differ in how they are linked, so one `cargo build` cannot make both: `vmtrans` is a
//! static position-independent executable that must start in about a millisecond, and
//! `vmtrans-compiler` needs the shared library of LLVM. The runtime looks for the compiler
//! beside itself, hence the common folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::paths::Paths;
use crate::process;

/// With a target named, cargo keeps these flags from build scripts and macros.
const HOST: &str = "x86_64-unknown-linux-gnu";
const STATIC_PIE: &str = "-Ctarget-feature=+crt-static -Crelocation-model=pie";

/// Builds both executables; quick when they are up to date.
pub fn run(paths: &Paths) -> Result<()> {
    let target = paths.cargo_target();
    process::run(
        cargo(paths, "vmtrans-cli", "vmtrans")
            .args(["--target", HOST])
            .env("RUSTFLAGS", STATIC_PIE),
    )?;
    process::run(&mut cargo(paths, "vmtrans-translator", "vmtrans-compiler"))?;
    let runtime = target.join(HOST).join("release/vmtrans");
    check_static(&runtime)?;
    publish(&runtime, paths)?;
    publish(&target.join("release/vmtrans-compiler"), paths)?;
    Ok(())
}

fn cargo(paths: &Paths, package: &str, binary: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(paths.root())
        .args(["build", "--release"]);
    command.args(["--package", package, "--bin", binary]);
    command
}

/// The runtime's start is part of every guest's run: a shared library would cost more than a
/// short guest does, LLVM's most of all.
fn check_static(binary: &Path) -> Result<()> {
    let dynamic = process::output(Command::new("readelf").arg("--dynamic").arg(binary))?;
    match dynamic.lines().find(|line| line.contains("(NEEDED)")) {
        Some(line) => bail!(
            "{}: linked with {}, expected none",
            binary.display(),
            line.trim()
        ),
        None => Ok(()),
    }
}

/// Puts a binary into the common folder by renaming, so that one that is running stays whole.
fn publish(binary: &Path, paths: &Paths) -> Result<PathBuf> {
    let folder = paths.binaries();
    let name = binary.file_name().context("a binary has a name")?;
    let (place, fresh) = (folder.join(name), folder.join(".fresh"));
    std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    std::fs::copy(binary, &fresh).with_context(|| format!("{}", binary.display()))?;
    std::fs::rename(&fresh, &place).with_context(|| format!("{}", place.display()))?;
    Ok(place)
}
