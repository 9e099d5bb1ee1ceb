//! Builds the programs of `corpus/` for the host and for the guest, with the same flags.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::manifest::{Compilers, Language, Manifest, Program};
use crate::paths::Paths;
use crate::process;

/// For whom a program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This machine.
    Host,
    /// The guest, riscv64.
    Guest,
}

impl Side {
    /// Name of the folder below `target/corpus/programs/`.
    pub fn folder(self) -> &'static str {
        match self {
            Side::Host => "host",
            Side::Guest => "guest",
        }
    }
}

/// Builds every program for both sides; programs that are up to date are left alone.
pub fn build_all(paths: &Paths) -> Result<()> {
    let manifest = Manifest::read(&paths.manifest())?;
    for program in &manifest.programs {
        for side in [Side::Host, Side::Guest] {
            build(paths, &manifest.compilers, program, side)?;
        }
    }
    Ok(())
}

/// Builds one program for one side; gives the binary's path.
pub fn build(
    paths: &Paths,
    compilers: &Compilers,
    program: &Program,
    side: Side,
) -> Result<PathBuf> {
    let binary = paths.programs(side.folder()).join(&program.name);
    let source = paths.corpus().join(&program.source);
    let header = paths.corpus().join("programs/program.h");
    if !is_newer(&binary, &[&source, &header, &paths.manifest()]) {
        let folder = paths.programs(side.folder());
        std::fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
        let mut compiler = compiler(compilers, program.language, side);
        compiler
            .arg("-o")
            .args([&binary, &source])
            .args(&compilers.libraries);
        process::run(&mut compiler)?;
        check(paths, program, side, &binary)?;
    }
    Ok(binary)
}

/// Runs what was just built with the test arguments, on the machine itself or under QEMU: a
/// program whose output depends on the machine is no yardstick.
fn check(paths: &Paths, program: &Program, side: Side, binary: &Path) -> Result<()> {
    let mut command = match side {
        Side::Host => Command::new(binary),
        Side::Guest => Command::new(paths.qemu()),
    };
    if side == Side::Guest {
        command.arg(binary);
    }
    let output = process::output(command.args(&program.test));
    let printed = output.map(|output| output.trim_end().to_owned());
    match printed {
        Ok(printed) if printed == program.test_output => Ok(()),
        Ok(printed) => Err(anyhow!(
            "{} ({}) printed {printed:?}, expected {:?}",
            program.name,
            side.folder(),
            program.test_output
        )),
        Err(error) => Err(error),
    }
    // Not to be taken for up to date next time.
    .inspect_err(|_| drop(std::fs::remove_file(binary)))
}

/// The compiler for one side and language, with the manifest's flags.
pub fn compiler(compilers: &Compilers, language: Language, side: Side) -> Command {
    let (name, flags) = match language {
        Language::C => ("gcc", &compilers.c_flags),
        Language::Cxx => ("g++", &compilers.cxx_flags),
    };
    let mut command = match side {
        Side::Host => Command::new(name),
        Side::Guest => Command::new(format!("{}{name}", compilers.guest_prefix)),
    };
    command.args(&compilers.flags).args(flags);
    command
}

/// Whether `file` exists and is newer than everything it is made from.
pub fn is_newer(file: &Path, inputs: &[&Path]) -> bool {
    let modified = |path: &Path| {
        path.metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(made) = modified(file) else {
        return false;
    };
    inputs
        .iter()
        .all(|input| modified(input).is_some_and(|changed| changed < made))
}
