//! How a guest ends.

#![allow(unsafe_code)]

use crate::report;
use crate::signals::host::{self, Info};
use crate::thread::Thread;

/// Ends the process with a status.
pub fn process(t: &mut Thread, status: i32) -> ! {
    leave(t);
    // Nothing of ours waits to be written, and a child of vfork must not end its parent's library.
    // SAFETY: it takes no pointer and does not return.
    unsafe { libc::_exit(status) }
}

/// Ends the process by a signal, as the kernel would.
pub fn by_signal(t: &mut Thread, info: &Info) -> ! {
    if t.process.options.crash_report {
        report::crash(t, info);
    }
    leave(t);
    host::die(info.signal())
}

/// What is to be kept is kept.
fn leave(t: &mut Thread) {
    if let Some(keep) = &t.process.on_exit {
        keep(t.process.misses.take());
    }
}
