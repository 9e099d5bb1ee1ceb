//! Linux as the guest sees it: system calls, program loading, `/proc`.
//!
//! Guest addresses are host addresses, so a pointer to plain bytes goes to the host as it is and
//! the host checks it. Structures that differ between RISC-V and x86-64 are copied and converted.
//! How guest code is executed and how signals reach it is not known here.

mod address_space;
mod arguments;
mod attributes;
mod clone;
mod descriptors;
mod directories;
mod document;
mod errno;
mod events;
mod execute;
mod files;
mod host_call;
mod host_memory;
mod identity;
mod ioctl;
mod ipc;
mod kernel;
pub mod load;
mod memory;
mod private;
mod proc_files;
mod process;
mod refused;
mod scheduling;
mod signals_rows;
mod sockets;
mod stack;
mod state;
mod status;
mod strace;
mod system;
mod table;
mod time;
mod user;
mod vfork;

use std::os::fd::AsFd;

pub use address_space::{AddressSpace, Backing, Mapping};
pub use document::document;
pub use errno::Errno;
pub use private::private_copy;
pub use state::{Config, ProcessState, Program, ThreadState};
pub use table::{Row, Support, rows};

use crate::thread::Thread;
use kernel::Kernel;

/// What becomes of a thread after a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallOutcome {
    /// The guest goes on after its `ecall` with this in `a0`.
    Return(u64),
    /// A signal ended the call before it did anything. It returns `EINTR`, or is made again after
    /// the handler where `restartable` and the signal's action says so.
    Interrupted {
        /// Whether a call of this kind may be made again.
        restartable: bool,
    },
    /// The guest's registers were replaced; it goes on at its program counter.
    Replaced,
    /// The thread ends with this status.
    ExitThread(i32),
    /// The process ends with this status.
    Exit(i32),
}

/// Calls that a handler ends even if its action asks for a restart (signal(7)).
const NEVER_RESTARTED: &[&str] = &[
    "nanosleep",
    "clock_nanosleep",
    "ppoll",
    "pselect6",
    "epoll_pwait",
    "epoll_pwait2",
    "rt_sigtimedwait",
    "rt_sigsuspend",
    "semop",
    "semtimedop",
    "msgrcv",
    "msgsnd",
    "io_getevents",
];

/// Makes the system call that the thread asks for: its number is in `a7`, its arguments are in
/// `a0` to `a5`.
pub fn syscall(thread: &mut Thread) -> SyscallOutcome {
    let x = &thread.state.hart.x;
    let number = x[17];
    let arguments = [x[10], x[11], x[12], x[13], x[14], x[15]];
    let Some(row) = table::row(number) else {
        return unknown(thread, number, &arguments);
    };
    let strace = thread.process.linux.config.strace.clone();
    let line = strace.map(|fd| (fd, strace::before(row, &arguments)));
    let mut kernel = Kernel {
        thread,
        row,
        arguments,
        outcome: None,
    };
    let result = (row.body)(&mut kernel, &arguments);
    let outcome = kernel.outcome;
    if let Some((fd, line)) = line {
        let text = match outcome {
            Some(SyscallOutcome::Exit(_) | SyscallOutcome::ExitThread(_)) => {
                strace::unfinished(line, "?")
            }
            _ => strace::after(line, row, result),
        };
        report(&thread.process.linux, &fd, &text);
    }
    match (outcome, result) {
        (Some(outcome), _) => outcome,
        (None, Err(Errno::EINTR)) => SyscallOutcome::Interrupted {
            restartable: !NEVER_RESTARTED.contains(&row.name),
        },
        (None, Err(error)) => SyscallOutcome::Return(error.to_result()),
        (None, Ok(value)) => SyscallOutcome::Return(value),
    }
}

fn unknown(thread: &Thread, number: u64, arguments: &[u64; 6]) -> SyscallOutcome {
    let linux = &thread.process.linux;
    if let Some(fd) = &linux.config.strace {
        report(linux, fd, &strace::unknown(number, arguments));
    }
    if linux.config.verbose && linux.is_new_unknown(number) {
        tracing::warn!("system call {number} is unknown, the guest gets ENOSYS");
    }
    SyscallOutcome::Return(Errno::ENOSYS.to_result())
}

/// Writes a line in one piece, so that lines of several processes are not mixed.
fn report(process: &ProcessState, fd: impl AsFd, line: &str) {
    // A trace that nobody can read any more is no reason to disturb the guest.
    let _ = rustix::io::write(fd, format!("{}{line}\n", process.trace_prefix()).as_bytes());
}
