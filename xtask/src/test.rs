//! `cargo xtask test`: every test, against the release executables.

use std::process::Command;

use anyhow::Result;

use crate::paths::Paths;
use crate::{build, corpus, process, setup};

/// Sets up, builds what the tests run, and runs them; `arguments` go to `cargo test`.
pub fn run(paths: &Paths, arguments: &[String]) -> Result<()> {
    setup::run(paths)?;
    build::run(paths)?;
    corpus::build_all(paths)?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths.root()).arg("test");
    if !arguments
        .iter()
        .any(|argument| argument.starts_with("-p") || argument == "--package")
    {
        command.arg("--workspace");
    }
    command
        .args(arguments)
        .env("VMTRANS_BIN_DIR", paths.binaries())
        .env("VMTRANS_QEMU", paths.qemu())
        .env("VMTRANS_CORPUS_DIR", paths.target().join("corpus"));
    process::run(&mut command)
}
