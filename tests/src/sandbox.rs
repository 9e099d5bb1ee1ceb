//! A folder for one test: a current directory and a cache, gone at the end.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::Start;
use crate::tools;

/// A folder for one test.
pub struct Sandbox {
    folder: TempDir,
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox::new()
    }
}

impl Sandbox {
    /// An empty one.
    pub fn new() -> Sandbox {
        let folder = tempfile::Builder::new()
            .prefix("test-")
            .tempdir_in(tools::work_folder())
            .expect("a temporary folder");
        for name in ["cwd", "cache"] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).expect("an empty folder takes a folder");
        }
        Sandbox { folder }
    }

    /// Where commands are started; its own files, no others.
    pub fn cwd(&self) -> PathBuf {
        self.folder.path().join("cwd")
    }

    /// The cache that commands use.
    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// A path outside of the current directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file outside of the current directory.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        write(&path, content.as_ref());
        path
    }

    /// A command in this folder with this cache.
    pub fn start(&self, program: impl AsRef<Path>) -> Start {
        Start::new(program.as_ref(), &self.cwd()).env("VMTRANS_CACHE_DIR", self.cache())
    }

    /// `vmtrans` with a command.
    pub fn vmtrans(&self, command: &str) -> Start {
        self.start(tools::vmtrans()).arg(command)
    }

    /// `vmtrans run`, with nothing started behind the guest.
    pub fn run(&self, program: impl AsRef<Path>) -> Start {
        self.vmtrans("run")
            .arg("--no-background")
            .arg(program.as_ref())
    }

    /// `vmtrans compile --quiet`.
    pub fn compile(&self, guest: impl AsRef<Path>) -> Start {
        self.vmtrans("compile").arg("--quiet").arg(guest.as_ref())
    }

    /// Every file below the current directory.
    pub fn left_in_cwd(&self) -> BTreeSet<PathBuf> {
        files(&self.cwd())
    }

    /// Every file below the cache.
    pub fn left_in_cache(&self) -> BTreeSet<PathBuf> {
        files(&self.cache())
    }
}

/// Writes a file that may be executed.
pub fn write(path: &Path, content: &[u8]) {
    std::fs::write(path, content).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    set_mode(path, 0o755);
}

/// Sets a file's permissions.
pub fn set_mode(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

/// Every file below a folder that can be read, without the folders themselves.
pub fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files(&entry.path())),
            _ => drop(found.insert(entry.path())),
        }
    }
    found
}
