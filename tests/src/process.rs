//! Starting a process, bounded in time, and what became of it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No test waits for longer, unless it says so.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// By this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed because it took too long.
    Timeout,
}

/// What became of a process.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said.
    pub stderr: Vec<u8>,
}

/// A process to be started.
pub struct Start {
    command: Command,
    input: Vec<u8>,
    patience: Duration,
}

impl Start {
    /// A process with few variables, none of which differs between machines.
    pub fn new(program: &Path, cwd: &Path) -> Start {
        let mut command = Command::new(program);
        command.env_clear();
        for (name, value) in [("PATH", "/usr/bin:/bin"), ("LC_ALL", "C"), ("TZ", "UTC")] {
            command.env(name, value);
        }
        // The shell sets PWD to what it was told only where that is right.
        command.current_dir(cwd).env("HOME", cwd);
        // A signal that ends the test must not be taken for one that ends the guest.
        command.process_group(0);
        Start {
            command,
            input: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Start {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Start {
        self.command.args(arguments);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Start {
        self.command.env(name, value);
        self
    }

    /// Starts in another folder.
    #[must_use]
    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Start {
        self.command.current_dir(folder);
        self
    }

    /// What it reads from its standard input.
    #[must_use]
    pub fn input(mut self, input: impl AsRef<[u8]>) -> Start {
        self.input = input.as_ref().to_vec();
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Start {
        self.patience = patience;
        self
    }

    /// Runs it to its end.
    pub fn outcome(mut self) -> Outcome {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .unwrap_or_else(|e| panic!("{:?}: {e}", self.command));
        let stdin = child.stdin.take();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let input = std::mem::take(&mut self.input);
        std::thread::scope(|scope| {
            // One that does not read has a closed pipe; that is its business.
            scope.spawn(move || stdin.map(|mut pipe| pipe.write_all(&input)));
            let stdout = scope.spawn(move || read_all(stdout));
            let stderr = scope.spawn(move || read_all(stderr));
            let ending = wait(&mut child, self.patience);
            Outcome {
                ending,
                stdout: stdout.join().expect("reading does not panic"),
                stderr: stderr.join().expect("reading does not panic"),
            }
        })
    }

    /// Runs it and expects that it ends by status 0.
    pub fn succeed(self) -> Outcome {
        let line = format!("{:?}", self.command);
        let outcome = self.outcome();
        assert_eq!(outcome.ending, Ending::Status(0), "{line}\n{outcome:?}");
        outcome
    }
}

fn read_all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read until an error is what there is to compare.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

fn wait(child: &mut Child, patience: Duration) -> Ending {
    let begin = Instant::now();
    let mut nap = Duration::from_micros(200);
    while begin.elapsed() < patience {
        if let Some(status) = child.try_wait().expect("our own child can be waited for") {
            return ending(status);
        }
        std::thread::sleep(nap);
        nap = (nap * 2).min(Duration::from_millis(10));
    }
    kill_group(child);
    // A descendant that has left the group may still hold the pipes; the test fails anyhow.
    let _ = child.wait();
    Ending::Timeout
}

fn kill_group(child: &Child) {
    let id = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Status(code),
        (None, Some(signal)) => Ending::Signal(signal),
        (None, None) => panic!("{status}: neither status nor signal"),
    }
}

impl Outcome {
    /// What it printed, as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// What it said, as text.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Expects a failure of vmtrans itself: this status and one line that has all of `parts`.
    #[track_caller]
    pub fn expect_failure(&self, status: u8, parts: &[&str]) {
        assert_eq!(self.ending, Ending::Status(status.into()), "{self:?}");
        let text = self.err();
        assert_eq!(text.lines().count(), 1, "one line: {self:?}");
        assert!(
            text.starts_with("vmtrans: ") && text.ends_with('\n'),
            "{self:?}"
        );
        for part in parts {
            assert!(text.contains(part), "expected {part:?} in {text:?}");
        }
        assert!(self.stdout.is_empty(), "{self:?}");
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.ending)?;
        for (name, bytes) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            let tail = text.char_indices().rev().nth(6000).map_or(0, |(at, _)| at);
            writeln!(f, "--- {name}\n{}", &text[tail..])?;
        }
        Ok(())
    }
}

/// The path of a program that is on the usual path.
pub fn which(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
    folders
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

/// Arguments from strings.
pub fn arguments<const N: usize>(list: [&str; N]) -> Vec<OsString> {
    list.iter().map(OsString::from).collect()
}
