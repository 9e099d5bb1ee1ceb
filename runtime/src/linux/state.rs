//! What this module keeps for a guest process and for each of its threads.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmtrans_isa::GuestAddr;

use super::address_space::AddressSpace;

/// How system calls are run and reported.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where `--strace` writes, if at all (see [`private_copy`]).
    pub strace: Option<Arc<OwnedFd>>,
    /// Whether unknown system calls are reported.
    pub verbose: bool,
    /// Options of `vmtrans run` that hold for the guest programs that this one executes too.
    pub run_options: Vec<OsString>,
}

/// A copy of a descriptor that the guest neither sees in its way nor can close.
pub fn private_copy(fd: impl AsFd) -> std::io::Result<OwnedFd> {
    /// Guests take the lowest numbers; few are allowed more than this.
    const HIGH: RawFd = 900;
    let copy = rustix::io::fcntl_dupfd_cloexec(&fd, HIGH);
    Ok(copy.or_else(|_| rustix::io::fcntl_dupfd_cloexec(&fd, 0))?)
}

/// The program that a process executes.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The guest's executable, absolute: what `/proc/self/exe` is.
    pub path: PathBuf,
    /// Its arguments, each with a zero byte at its end.
    pub command_line: Vec<u8>,
    /// Its auxiliary vector.
    pub auxiliary_vector: Vec<u8>,
}

/// What belongs to a process.
#[derive(Debug, Default)]
pub struct ProcessState {
    /// How system calls are run and reported.
    pub config: Config,
    /// What is executed.
    pub program: Program,
    space: Mutex<AddressSpace>,
    unknown: Mutex<BTreeSet<u64>>,
    /// Limits that are not handed to the host, by resource: soft and hard.
    limits: Mutex<BTreeMap<i32, (u64, u64)>>,
}

impl ProcessState {
    /// The state of a process that has just been loaded.
    pub fn new(config: Config, program: Program, space: AddressSpace) -> ProcessState {
        ProcessState {
            config,
            program,
            space: Mutex::new(space),
            ..ProcessState::default()
        }
    }

    /// The guest's address space.
    pub fn space(&self) -> MutexGuard<'_, AddressSpace> {
        lock(&self.space)
    }

    /// Whether a descriptor is not the guest's.
    pub(super) fn is_private(&self, fd: RawFd) -> bool {
        self.private_descriptors().contains(&fd)
    }

    /// The descriptors that are not the guest's.
    pub(super) fn private_descriptors(&self) -> Vec<RawFd> {
        self.config.strace.iter().map(|fd| fd.as_raw_fd()).collect()
    }

    pub(super) fn kept_limit(&self, resource: i32) -> Option<(u64, u64)> {
        lock(&self.limits).get(&resource).copied()
    }

    pub(super) fn keep_limit(&self, resource: i32, limit: (u64, u64)) {
        lock(&self.limits).insert(resource, limit);
    }

    /// Notes an unknown system call. Says whether it is the first with this number.
    pub(super) fn is_new_unknown(&self, number: u64) -> bool {
        lock(&self.unknown).insert(number)
    }
}

/// What is behind a lock is consistent even where a holder panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What belongs to a thread.
#[derive(Clone, Debug, Default)]
pub struct ThreadState {
    /// Where the thread's id is cleared when it ends.
    pub clear_child_tid: GuestAddr,
    /// Where its list of robust futexes starts.
    pub robust_list: GuestAddr,
}
