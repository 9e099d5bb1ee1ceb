//! What this module keeps for a guest process and for each of its threads.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vmtrans_isa::GuestAddr;

use super::address_space::AddressSpace;

/// `si_code` where nothing is mapped, and where what is mapped may not be accessed so
/// (include/uapi/asm-generic/siginfo.h).
const SEGV_MAPERR: i32 = 1;
const SEGV_ACCERR: i32 = 2;

/// How system calls are run and reported.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where `--strace` writes, if at all (see [`super::private_copy`]).
    pub strace: Option<Arc<OwnedFd>>,
    /// Whether unknown system calls are reported.
    pub verbose: bool,
    /// Options of `vmtrans run` that hold for the guest programs that this one executes too.
    pub run_options: Vec<OsString>,
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
    /// The process that was started; its children say in the trace who they are.
    first_process: u32,
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
            first_process: std::process::id(),
            ..ProcessState::default()
        }
    }

    /// What the lines of a trace start with: nothing, or the process in a child.
    pub(super) fn trace_prefix(&self) -> String {
        match std::process::id() {
            id if id == self.first_process => String::new(),
            id => format!("[pid {id}] "),
        }
    }

    /// The guest's address space.
    pub fn space(&self) -> MutexGuard<'_, AddressSpace> {
        lock(&self.space)
    }

    /// Whether the guest may execute what is at an address.
    ///
    /// # Errors
    /// The code of the `SIGSEGV` that it gets where not.
    pub fn check_fetch(&self, pc: GuestAddr) -> Result<(), i32> {
        match self.space().at(pc) {
            Some(mapping) if mapping.is_executable() => Ok(()),
            Some(_) => Err(SEGV_ACCERR),
            None => Err(SEGV_MAPERR),
        }
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
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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
