//! Where things lie, in one place. Nothing here touches the disk except to find the root.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The places that the commands read and write.
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// Finds the workspace: cargo runs us with the folder of the xtask package named. What was
    /// named when this was built may be another checkout, where two share a target folder.
    pub fn find() -> Result<Paths> {
        let package = std::env::var_os("CARGO_MANIFEST_DIR");
        let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let package = Path::new(&package);
        let root = package
            .parent()
            .context("the xtask package has no folder above it")?;
        Ok(Paths {
            root: root.to_owned(),
        })
    }

    /// The workspace's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `target/` in the workspace: what is fetched and what the commands produce.
    ///
    /// Deliberately not `CARGO_TARGET_DIR`, so that a second build folder neither fetches
    /// the packages again nor hides them from the tests.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// Where cargo puts what it builds.
    pub fn cargo_target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.target(),
        }
    }

    /// Our own programs, their sources and the manifest.
    pub fn corpus(&self) -> PathBuf {
        self.root.join("corpus")
    }

    /// The corpus' manifest.
    pub fn manifest(&self) -> PathBuf {
        self.corpus().join("manifest.toml")
    }

    /// Folder of apt's private state for one Debian architecture.
    pub fn apt(&self, architecture: &str) -> PathBuf {
        self.target().join("apt").join(architecture)
    }

    /// The two executables, side by side.
    pub fn binaries(&self) -> PathBuf {
        self.target().join("vmtrans/bin")
    }

    /// QEMU's user-mode emulator for riscv64 guests.
    pub fn qemu(&self) -> PathBuf {
        self.target().join("tools/qemu-user/usr/bin/qemu-riscv64")
    }

    /// The corpus programs as built for `side` (`host` or `guest`).
    pub fn programs(&self, side: &str) -> PathBuf {
        self.target().join("corpus/programs").join(side)
    }
}
