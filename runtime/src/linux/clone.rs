//! Making processes.

#![allow(unsafe_code)]

use vmtrans_isa::GuestAddr;

use super::arguments::low_half;
use super::errno::Errno;
use super::kernel::Kernel;
use super::table::SyscallResult;
use super::{host_call, user, vfork};
use crate::thread::Thread;

/// What the guest asks for.
pub(super) struct Request {
    /// `CLONE_…`, and in the low byte the signal that the parent gets in the end.
    pub(super) flags: u32,
    /// The child's stack pointer, 0 for its parent's.
    pub(super) stack: GuestAddr,
    /// Where the child's id is written in the parent.
    pub(super) parent_tid: GuestAddr,
    /// The child's thread pointer.
    pub(super) tls: u64,
    /// Where the child's id is written and cleared in the child.
    pub(super) child_tid: GuestAddr,
}

const fn bits(flags: i32) -> u32 {
    flags.cast_unsigned()
}

impl Request {
    fn has(&self, flag: i32) -> bool {
        self.flags & bits(flag) != 0
    }
}

pub(super) fn clone(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    let shares_memory = request.has(libc::CLONE_VM);
    let waits = request.has(libc::CLONE_VFORK);
    if request.has(libc::CLONE_THREAD) || shares_memory && !waits {
        tracing::warn!("the guest wants a thread, which it cannot have yet; it gets ENOSYS");
        return Err(Errno::ENOSYS);
    }
    let id = if shares_memory {
        vfork::vfork(k, request)?
    } else {
        fork(k, request)?
    };
    if id != 0 && request.has(libc::CLONE_PARENT_SETTID) {
        // The child is there; as in Linux, a bad address is the guest's own affair.
        let _ = user::write_u32(request.parent_tid, low_half(id));
    }
    Ok(id)
}

/// Gives a new child what it asked for. It returns from the call like its parent, with 0.
pub(super) fn set_up_child(t: &mut Thread, request: &Request) {
    crate::signals::after_fork(t);
    let x = &mut t.state.hart.x;
    if request.stack.get() != 0 {
        x[2] = request.stack.get();
    }
    if request.has(libc::CLONE_SETTLS) {
        x[4] = request.tls;
    }
    if request.has(libc::CLONE_CHILD_SETTID) {
        let _ = user::write_u32(request.child_tid, std::process::id());
    }
    if request.has(libc::CLONE_CHILD_CLEARTID) {
        let arguments = [request.child_tid.get(), 0, 0, 0, 0, 0];
        let _ = host_call::call(libc::SYS_set_tid_address, &arguments);
        t.linux.clear_child_tid = request.child_tid;
    }
}

pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::of(&error.into())
}

/// Gives the child's id, and 0 in the child. A parent that asked for it is held back by the
/// kernel until its child executes a program or ends.
fn fork(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    /// What the child does for itself, and what a copy of memory makes meaningless.
    const LEFT_OUT: i32 = libc::CLONE_SETTLS
        | libc::CLONE_SIGHAND
        | libc::CLONE_CHILD_SETTID
        | libc::CLONE_CHILD_CLEARTID
        | libc::CLONE_PARENT_SETTID;
    let flags = request.flags & !bits(LEFT_OUT);
    let id = if flags == bits(libc::SIGCHLD) {
        // SAFETY: the process has one thread, so that the child's memory is as consistent as the
        // parent's.
        i64::from(unsafe { libc::fork() })
    } else {
        // SAFETY: as above; without CLONE_VM and a stack of its own this is a fork.
        unsafe { libc::syscall(libc::SYS_clone, u64::from(flags), 0u64, 0u64, 0u64, 0u64) }
    };
    if id < 0 {
        return Err(Errno::of(&std::io::Error::last_os_error()));
    }
    if id == 0 {
        set_up_child(k.thread, request);
    }
    Ok(id.cast_unsigned())
}
