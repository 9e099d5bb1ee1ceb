//! `cargo xtask setup`: installs what is missing, fetches QEMU and the guest packages.
//!
//! Quick when nothing is missing: one `dpkg-query` and one small file read per package.
//! Debian packages go to the machine only through `apt-get install`, as a person would do
//! it; everything else stays under `target/`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::apt::Apt;
use crate::manifest::{Manifest, Package};
use crate::paths::Paths;
use crate::process;

/// What building, testing and measuring need, by Debian's names.
const REQUIRED: [(&str, &str); 8] = [
    ("build-essential", "the host's C and C++ compilers"),
    ("libc6-dev", "static linking of the host programs"),
    ("llvm-22", "llvm-mc, the witness for encodings"),
    ("llvm-22-dev", "LLVM for the translator"),
    ("gcc-riscv64-linux-gnu", "guest programs in C"),
    ("g++-riscv64-linux-gnu", "guest programs in C++"),
    ("binutils-riscv64-linux-gnu", "guest programs in assembly"),
    (
        "libc6-dev-riscv64-cross",
        "static linking of the guest programs",
    ),
];

/// Written beside an unpacked package: which version lies there, and for which pin.
const STAMP: &str = ".vmtrans-package";

/// Brings the machine and `target/` to what the other commands expect.
pub fn run(paths: &Paths) -> Result<()> {
    let missing = missing_packages()?;
    if !missing.is_empty() {
        install(&missing)?;
    }
    let manifest = Manifest::read(&paths.manifest())?;
    fetch_packages(paths, &manifest.packages)
}

fn missing_packages() -> Result<Vec<&'static str>> {
    let names = REQUIRED.map(|(name, _)| name);
    let installed = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(names)
        .output()
        .context("dpkg-query: could not be started; set-up knows only Debian and its kin")?;
    // It fails when any package is unknown, and still lists the others.
    let installed = String::from_utf8_lossy(&installed.stdout).into_owned();
    Ok(not_installed(&names, &installed))
}

fn not_installed(names: &[&'static str], listing: &str) -> Vec<&'static str> {
    let installed = |name: &str| {
        listing
            .lines()
            .any(|line| line.split_once(' ') == Some((name, "installed")))
    };
    names
        .iter()
        .copied()
        .filter(|name| !installed(name))
        .collect()
}

fn install(missing: &[&'static str]) -> Result<()> {
    for (name, purpose) in REQUIRED.iter().filter(|(name, _)| missing.contains(name)) {
        eprintln!("missing: {name} ({purpose})");
    }
    if process::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!(
            "installing them needs root; run: sudo apt-get install --no-install-recommends {}",
            missing.join(" ")
        );
    }
    let apt_get = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    let attempt = || {
        let mut command = apt_get();
        command
            .args(["install", "--yes", "--no-install-recommends"])
            .args(missing);
        command
    };
    // The machine's package lists may be absent or old; only then are they fetched.
    let simulated = process::run_quietly(attempt().arg("--simulate"));
    if simulated.is_ok() && process::run(&mut attempt()).is_ok() {
        return Ok(());
    }
    process::run(apt_get().args(["--quiet", "update"]))?;
    process::run(&mut attempt()).context("see what apt-get said above")
}

fn fetch_packages(paths: &Paths, packages: &[Package]) -> Result<()> {
    let mut apts: Vec<(&str, Apt)> = Vec::new();
    for package in packages {
        let folder = paths.target().join(&package.folder);
        let stamp = std::fs::read_to_string(folder.join(STAMP)).unwrap_or_default();
        if stamp.starts_with(&pin(package)) {
            continue;
        }
        let architecture = package.architecture.as_str();
        let known = apts.iter().position(|(name, _)| *name == architecture);
        let index = match known {
            Some(index) => index,
            None => {
                let apt = Apt::new(paths.apt(architecture), architecture)?;
                apts.push((architecture, apt));
                apts.len() - 1
            }
        };
        fetch(&mut apts[index].1, package, &folder)
            .with_context(|| format!("{} for {architecture}", package.name))?;
    }
    Ok(())
}

/// The stamp's first line: what the manifest asked for when the package was fetched.
fn pin(package: &Package) -> String {
    format!("pinned {} {}\n", package.version, package.sha256)
}

fn fetch(apt: &mut Apt, package: &Package, folder: &Path) -> Result<()> {
    // The pinned file needs no index, which a mirror may lack or have half of.
    let (archive, version, hash) = match apt.pinned(package) {
        Ok(archive) => (archive, package.version.clone(), package.sha256.clone()),
        Err(error) => {
            let (version, hash) = apt.newest(&package.name).with_context(|| {
                format!("{error:#}; and the index, where a newer one may be found")
            })?;
            if version == package.version {
                return Err(error);
            }
            eprintln!(
                "{}: the archive has {version}, the manifest {}; taking the archive's",
                package.name, package.version
            );
            (apt.download(&package.name, &version)?, version, hash)
        }
    };
    let found = sha256(&archive)?;
    if found != hash {
        bail!(
            "{}: its SHA-256 is {found}, expected {hash}",
            archive.display()
        );
    }
    unpack(&archive, folder)?;
    let stamp = format!("{}unpacked {version} {hash}\n", pin(package));
    std::fs::write(folder.join(STAMP), stamp)?;
    eprintln!(
        "unpacked {} {version} into {}",
        package.name,
        folder.display()
    );
    Ok(())
}

/// Unpacks beside the place and renames, so that a folder is never half a package.
fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    let fresh = folder.with_extension("unpacking");
    for old in [&fresh, folder] {
        if old.exists() {
            std::fs::remove_dir_all(old).with_context(|| format!("{}", old.display()))?;
        }
    }
    std::fs::create_dir_all(&fresh).with_context(|| format!("{}", fresh.display()))?;
    process::run_quietly(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(archive)
            .arg(&fresh),
    )?;
    std::fs::rename(&fresh, folder).with_context(|| format!("{}", folder.display()))
}

fn sha256(file: &Path) -> Result<String> {
    let line = process::output(
        Command::new("sha256sum")
            .arg("--binary")
            .arg("--")
            .arg(file),
    )?;
    // A name with odd characters makes sha256sum begin its line with a backslash.
    let hash = line
        .trim_start_matches('\\')
        .split(' ')
        .next()
        .unwrap_or_default();
    Ok(hash.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_package_is_missing() {
        let listing = "a installed\nb config-files\nab installed\n";
        assert_eq!(not_installed(&["a", "b", "c"], listing), ["b", "c"]);
    }

    #[test]
    fn the_hash_is_sha_256() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").expect("write");
        assert_eq!(
            sha256(&file).expect("hash"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
