//! Where the executables and the sources are.

use std::path::{Path, PathBuf};

/// The `tests` folder.
pub fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `target/` in the workspace, where `cargo xtask` puts what it makes.
pub fn target_folder() -> PathBuf {
    tests_folder().join("../target")
}

/// Where the tests keep what they build, so that a second run need not.
pub fn work_folder() -> PathBuf {
    let folder = target_folder().join("tests");
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    folder
        .canonicalize()
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
}

/// `vmtrans`.
pub fn vmtrans() -> PathBuf {
    executable("vmtrans")
}

/// `vmtrans-compiler`.
pub fn compiler() -> PathBuf {
    executable("vmtrans-compiler")
}

/// QEMU's emulator of riscv64 programs.
pub fn qemu() -> PathBuf {
    let fetched = target_folder().join("tools/qemu-user/usr/bin/qemu-riscv64");
    let path = std::env::var_os("VMTRANS_QEMU").map_or(fetched, PathBuf::from);
    expect_file(path)
}

fn executable(name: &str) -> PathBuf {
    let built = target_folder().join("vmtrans/bin");
    let folder = std::env::var_os("VMTRANS_BIN_DIR").map_or(built, PathBuf::from);
    expect_file(folder.join(name))
}

fn expect_file(path: PathBuf) -> PathBuf {
    path.canonicalize()
        .unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` makes it", path.display()))
}
