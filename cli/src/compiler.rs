//! Starting `vmtrans-compiler`, in the foreground or behind a running guest.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

/// `vmtrans-compiler`: named by `VMTRANS_COMPILER`, beside this executable, or on the path.
pub fn find() -> PathBuf {
    if let Some(named) = std::env::var_os("VMTRANS_COMPILER") {
        return named.into();
    }
    let beside = std::env::current_exe()
        .ok()
        .map(|own| own.with_file_name("vmtrans-compiler"));
    beside
        .filter(|path| path.exists())
        .unwrap_or_else(|| "vmtrans-compiler".into())
}

/// Becomes the compiler, with this process's own arguments.
///
/// # Errors
/// Where the compiler cannot be started.
pub fn replace_process() -> Result<ExitCode> {
    let compiler = find();
    let arguments = std::env::args_os().skip(1).collect::<Vec<OsString>>();
    let error = Command::new(&compiler).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", compiler.display()))
}

/// Translates a guest in the background, at low priority, for this run or the next.
pub fn start_behind(guest: &Path) {
    let mut command = Command::new(find());
    command
        .arg("compile")
        .arg("--quiet")
        .arg("--jobs=1")
        .arg(guest);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // The guest's parent must see only the guest's own children and signals.
    command.process_group(0);
    spawn_detached(&mut command);
}

/// Starts a process that is nobody's child here, so that the guest never waits for it.
fn spawn_detached(command: &mut Command) {
    let program = command.get_program().to_owned();
    let arguments = command
        .get_args()
        .map(ToOwned::to_owned)
        .collect::<Vec<_>>();
    // `setsid --fork` and `nice` are in every Linux userland.
    let started = Command::new("setsid")
        .arg("--fork")
        .args(["nice", "-n", "10"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if let Err(error) = started {
        tracing::debug!("no translation behind the guest: {error}");
    }
}
