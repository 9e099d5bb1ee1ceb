//! This test binary, started again as another process that does one thing.
//!
//! A child runs only the test [`child`], which without the variable does nothing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::{kill, refusals, upkeep};

const ROLE: &str = "VMTRANS_CACHE_TEST_ROLE";
const DIRECTORY: &str = "VMTRANS_CACHE_TEST_DIRECTORY";
const SEED: &str = "VMTRANS_CACHE_TEST_SEED";

/// A process that does `role` with the cache in `directory`.
pub fn command(role: &str, directory: &Path, seed: u64) -> Command {
    let mut command = Command::new(env::current_exe().expect("own path"));
    command
        .args([
            "--exact",
            "children::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(ROLE, role)
        .env(DIRECTORY, directory)
        .env(SEED, seed.to_string());
    command
}

/// A child that is killed when dropped, at the latest: a test that fails leaves none behind.
pub struct Running(Child);

impl Running {
    /// Fails if the child ended by itself, which it does if one of its assertions fails.
    pub fn kill(&mut self) {
        let ended = self.0.try_wait().expect("wait");
        assert!(ended.is_none(), "a child ended: {ended:?}");
        self.0.kill().expect("kill");
        self.0.wait().expect("wait");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn spawn(role: &str, directory: &Path, seed: u64) -> Running {
    let mut command = command(role, directory, seed);
    Running(command.stdout(Stdio::null()).spawn().expect("child"))
}

/// Runs a child to its end; what it printed if it did not fail.
pub fn output(mut command: Command) -> Result<String, Output> {
    let output = command.output().expect("child");
    let text = [&*output.stdout, &*output.stderr].concat();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&text).into_owned())
    } else {
        Err(output)
    }
}

#[test]
fn child() {
    let Ok(role) = env::var(ROLE) else {
        return;
    };
    let directory = PathBuf::from(env::var_os(DIRECTORY).expect("directory"));
    let seed = env::var(SEED).expect("seed").parse().expect("number");
    match &*role {
        "write" => kill::write_for_ever(&directory, seed),
        "clean" => kill::clean_for_ever(&directory),
        "maintain" => upkeep::child(&directory),
        "hold index" => kill::maintain_for_ever(&directory),
        #[cfg(feature = "index")]
        "panic" => crate::index::panicking_child(&directory),
        "refused" => refusals::child(&directory),
        other => panic!("no role {other}"),
    }
}
