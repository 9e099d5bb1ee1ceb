//! Making processes.
//!
//! A child of vfork gets a copy of its parent's memory, as a child of fork does; the parent waits
//! until the child executes a program or ends, so that both see what they expect of each other's
//! progress. What such a child writes to memory is not seen by its parent.

#![allow(unsafe_code)]

use std::io::Read;
use std::os::fd::OwnedFd;

use vmtrans_isa::GuestAddr;

use super::errno::Errno;
use super::kernel::Kernel;
use super::table::SyscallResult;
use super::user;

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

/// Descriptors that are held for a moment are put here, out of the way of the guest's.
const HIGH_DESCRIPTOR: i32 = 500;

pub(super) fn clone(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    let shares_memory = request.has(libc::CLONE_VM) && !request.has(libc::CLONE_VFORK);
    if request.has(libc::CLONE_THREAD) || shares_memory {
        tracing::warn!("the guest wants a thread, which it cannot have yet; it gets ENOSYS");
        return Err(Errno::ENOSYS);
    }
    let waiting = if request.has(libc::CLONE_VFORK) {
        Some(pipe()?)
    } else {
        None
    };
    let id = fork(request)?;
    if id == 0 {
        let end = waiting.map(|(_, end)| end);
        // It stays open, and with it the parent waiting, until this process executes or ends.
        std::mem::forget(end);
        return child(k, request);
    }
    if request.has(libc::CLONE_PARENT_SETTID) {
        // The child is there; as in Linux, a bad address is the guest's own affair.
        let _ = user::write_u32(request.parent_tid, id);
    }
    if let Some((begin, end)) = waiting {
        drop(end);
        wait_for_end(begin);
    }
    Ok(u64::from(id))
}

fn child(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    crate::signals::after_fork(k.thread);
    let x = &mut k.thread.state.hart.x;
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
        k.host(
            libc::SYS_set_tid_address,
            [request.child_tid.get(), 0, 0, 0, 0, 0],
        )?;
        k.thread.linux.clear_child_tid = request.child_tid;
    }
    Ok(0)
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (begin, end) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(errno)?;
    let high = |fd: OwnedFd| rustix::io::fcntl_dupfd_cloexec(&fd, HIGH_DESCRIPTOR).unwrap_or(fd);
    Ok((high(begin), high(end)))
}

pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::of(&error.into())
}

/// Returns when nobody has the other end any more.
fn wait_for_end(begin: OwnedFd) {
    let mut begin = std::fs::File::from(begin);
    loop {
        match begin.read(&mut [0]) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// Gives the child's id, and 0 in the child.
fn fork(request: &Request) -> Result<u32, Errno> {
    /// What the child does for itself, and what a copy of memory makes meaningless.
    const LEFT_OUT: i32 = libc::CLONE_VM
        | libc::CLONE_VFORK
        | libc::CLONE_SETTLS
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
    u32::try_from(id).map_err(|_| Errno::of(&std::io::Error::last_os_error()))
}
