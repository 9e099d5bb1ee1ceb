//! Building C and C++ for the host and for the guest, once for each change of a source.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use crate::directives::Directives;
use crate::tools;

/// For whom something is built.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// This machine.
    Host,
    /// The guest, riscv64.
    Guest,
}

impl Side {
    fn folder(self) -> &'static str {
        match self {
            Side::Host => "host",
            Side::Guest => "guest",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Side::Host => "",
            Side::Guest => "riscv64-linux-gnu-",
        }
    }
}

/// Contraction is off because riscv64 always has a fused multiply and add, and the host only
/// where a flag says so. What a program calls is also for the test to say, so nothing is hidden
/// behind warnings.
const FLAGS: [&str; 5] = [
    "-O2",
    "-ffp-contract=off",
    "-fno-builtin-printf",
    "-Wall",
    "-Wno-unused-result",
];

/// Where a program of `tests/programs` or `tests/bugs` is.
pub fn source(name: &str) -> PathBuf {
    let folders = ["programs", "bugs"].map(|folder| tools::tests_folder().join(folder));
    let files = ["c", "cpp"].map(|extension| format!("{name}.{extension}"));
    let mut paths = folders
        .iter()
        .flat_map(|folder| files.iter().map(|file| folder.join(file)));
    paths
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name}: no such program"))
}

/// Builds a program of `tests/programs`; gives the binary's path.
pub fn program(name: &str, side: Side) -> PathBuf {
    let source = source(name);
    let binary = tools::work_folder()
        .join("programs")
        .join(side.folder())
        .join(name);
    let lock = lock_for(&binary);
    let _guard = lock
        .lock()
        .expect("no builder panics while another waits for it");
    if !is_newer(&binary, &source) {
        let text = std::fs::read_to_string(&source).expect("a source can be read");
        let directives = Directives::read(&text);
        let own = match side {
            Side::Host => &directives.host_flags,
            Side::Guest => &directives.guest_flags,
        };
        compile(
            side,
            &source,
            &binary,
            directives.flags.iter().chain(own).map(String::as_str),
        );
    }
    binary
}

/// Compiles a source to a binary.
///
/// # Panics
/// Where the compiler fails.
pub fn compile<'a>(
    side: Side,
    source: &Path,
    binary: &Path,
    flags: impl IntoIterator<Item = &'a str>,
) {
    let flags = flags.into_iter().collect::<Vec<_>>();
    let is_cxx = source
        .extension()
        .is_some_and(|extension| extension == "cpp");
    let (compiler, standard) = if is_cxx {
        ("g++", "-std=c++17")
    } else {
        ("gcc", "-std=gnu11")
    };
    let folder = binary.parent().expect("a binary is in a folder");
    std::fs::create_dir_all(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    // Another test process may build the same; each has a name of its own until it is whole.
    let fresh = tempfile::NamedTempFile::new_in(folder)
        .expect("a temporary file")
        .into_temp_path();
    let mut command = Command::new(format!("{}{compiler}", side.prefix()));
    // gcc forgets one where it is told both.
    command.args((!flags.contains(&"-static-pie")).then_some("-static"));
    command
        .args(FLAGS)
        .arg(standard)
        .args(flags)
        .arg("-o")
        .arg(&fresh)
        .arg(source);
    // Atomic operations of less than four bytes are calls on riscv64.
    command.args(["-lm", "-latomic"]);
    run(&mut command);
    let kept = fresh.keep().expect("a temporary file can be kept");
    std::fs::rename(kept, binary).unwrap_or_else(|e| panic!("{}: {e}", binary.display()));
}

/// Assembles and links guest assembly without a C library.
pub fn assemble(source: &Path, binary: &Path, flags: &[&str]) {
    let mut command = Command::new("riscv64-linux-gnu-gcc");
    command
        .args(["-nostdlib", "-static", "-march=rv64gc"])
        .args(flags);
    run(command.arg("-o").arg(binary).arg(source));
}

/// A command that must succeed.
pub fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
}

fn lock_for(binary: &Path) -> Arc<Mutex<()>> {
    static LOCKS: Mutex<Option<HashMap<PathBuf, Arc<Mutex<()>>>>> = Mutex::new(None);
    let mut locks = LOCKS.lock().expect("nothing panics under this lock");
    let locks = locks.get_or_insert_with(HashMap::new);
    Arc::clone(locks.entry(binary.to_owned()).or_default())
}

fn is_newer(file: &Path, input: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|m| m.modified()).ok();
    let of_input = modified(input).unwrap_or(SystemTime::now());
    modified(file).is_some_and(|made| made > of_input)
}
