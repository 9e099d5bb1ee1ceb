//! `corpus/manifest.toml`: which guest programs there are, and how each is had.
//!
//! Only the text and its rules live here; fetching is [`crate::setup`]'s and building is
//! [`crate::corpus`]'s.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The whole manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// How programs are compiled.
    pub compilers: Compilers,
    /// Debian packages to fetch.
    #[serde(rename = "package")]
    pub packages: Vec<Package>,
    /// Our own programs.
    #[serde(rename = "program")]
    pub programs: Vec<Program>,
}

/// Flags for both sides, so that they stay the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compilers {
    /// Prefix of the guest's compiler: `riscv64-linux-gnu-`.
    pub guest_prefix: String,
    /// Flags for every program on both sides.
    pub flags: Vec<String>,
    /// Flags for C only.
    pub c_flags: Vec<String>,
    /// Flags for C++ only.
    pub cxx_flags: Vec<String>,
    /// Libraries, after the source.
    pub libraries: Vec<String>,
}

/// A package of Debian's that is unpacked under `target/`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Debian's name for it.
    pub name: String,
    /// Debian's name for the architecture.
    pub architecture: String,
    /// The version that the hash belongs to.
    pub version: String,
    /// SHA-256 of the `.deb`.
    pub sha256: String,
    /// The folder of its source in the archive's pool.
    pub pool: String,
    /// Where it is unpacked, below `target/`.
    pub folder: String,
}

/// The languages that programs are written in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Compiled by gcc.
    C,
    /// Compiled by g++.
    #[serde(rename = "c++")]
    Cxx,
}

/// One of our own programs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name, also of the binary.
    pub name: String,
    /// What it stands for.
    pub about: String,
    /// Source file, below `corpus/`.
    pub source: String,
    /// The language.
    pub language: Language,
    /// Arguments for a run that takes milliseconds.
    pub test: Vec<String>,
    /// Arguments for a run that takes about half a second natively; none: not measured.
    #[serde(default)]
    pub bench: Vec<String>,
    /// What the run with the test arguments prints, on any machine.
    pub test_output: String,
}

impl Manifest {
    /// Reads and checks the manifest.
    pub fn read(path: &Path) -> Result<Manifest> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        Manifest::parse(&text).with_context(|| format!("{}", path.display()))
    }

    fn parse(text: &str) -> Result<Manifest> {
        let manifest: Manifest = toml::from_str(text)?;
        for package in &manifest.packages {
            let hash = &package.sha256;
            if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                bail!(
                    "package {}: sha256 is {hash:?}, expected 64 hex digits",
                    package.name
                );
            }
            let folder = Path::new(&package.folder);
            let inside = |part| matches!(part, std::path::Component::Normal(_));
            if folder.as_os_str().is_empty() || !folder.components().all(inside) {
                bail!(
                    "package {}: folder {folder:?} is not below target",
                    package.name
                );
            }
        }
        for (index, program) in manifest.programs.iter().enumerate() {
            if manifest.programs[..index]
                .iter()
                .any(|earlier| earlier.name == program.name)
            {
                bail!("program {}: named twice", program.name);
            }
        }
        Ok(manifest)
    }

    /// The program of that name.
    pub fn program(&self, name: &str) -> Result<&Program> {
        let found = self.programs.iter().find(|program| program.name == name);
        found.with_context(|| format!("program {name}: not in the manifest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[compilers]\nguest_prefix = \"x-\"\nflags = []\nc_flags = []\ncxx_flags = []\nlibraries = []\n";

    fn package(sha256: &str, folder: &str) -> String {
        format!(
            "program = []\n{HEAD}[[package]]\nname = \"p\"\narchitecture = \"riscv64\"\n\
             version = \"1\"\nsha256 = \"{sha256}\"\npool = \"main/p/p\"\nfolder = \"{folder}\"\n"
        )
    }

    #[test]
    fn a_hash_must_be_a_hash() {
        assert!(Manifest::parse(&package(&"ab".repeat(32), "corpus/p")).is_ok());
        let error = Manifest::parse(&package("abc", "corpus/p")).expect_err("a short hash");
        assert_eq!(
            error.to_string(),
            "package p: sha256 is \"abc\", expected 64 hex digits"
        );
    }

    #[test]
    fn a_folder_stays_below_target() {
        for folder in ["/etc", "../x", "corpus/../../x", ""] {
            assert!(
                Manifest::parse(&package(&"ab".repeat(32), folder)).is_err(),
                "{folder}"
            );
        }
    }

    #[test]
    fn the_projects_own_manifest_is_well_formed() {
        let paths = crate::paths::Paths::find().expect("paths");
        let manifest = Manifest::read(&paths.manifest()).expect("manifest");
        for program in &manifest.programs {
            let source = paths.corpus().join(&program.source);
            assert!(
                source.is_file(),
                "{}: {} is missing",
                program.name,
                source.display()
            );
        }
        let measured = manifest
            .programs
            .iter()
            .filter(|program| !program.bench.is_empty());
        assert!(
            measured.count() >= 12,
            "the benchmark wants at least 12 programs"
        );
    }
}
