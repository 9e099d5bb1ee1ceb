//! vfork: a child that runs in its parent's memory while the parent waits.
//!
//! The child is a host process that shares this one's memory, with a host stack of its own and
//! a copy of the guest thread. The kernel holds the parent back until the child executes a program
//! or ends, so that the two never run at once; that is what makes it sound for them to share every
//! lock and every table. What the kernel keeps apart for the two (descriptors, signal actions) but
//! is remembered in memory is put back when the parent goes on.

#![allow(unsafe_code)]

use std::arch::global_asm;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::mm::{MapFlags, ProtFlags};

use super::SyscallOutcome;
use super::clone::{Request, set_up_child};
use super::errno::Errno;
use super::kernel::Kernel;
use super::table::SyscallResult;
use crate::signals::host;
use crate::thread::Thread;
use crate::{dispatch, start};

/// Bytes of the child's host stack: as for the first thread, the guest's own is to overflow first.
const STACK: usize = 1 << 30;

// r8 and r9 are kept by the kernel; as the call's fifth and sixth argument they mean nothing
// without CLONE_SETTLS.
global_asm!(
    r#"
    // extern "C" fn(flags: u64, stack: u64, function: extern "C" fn(u64) -> !, argument: u64) -> i64
    .globl vmtrans_clone_on_stack
    .hidden vmtrans_clone_on_stack
vmtrans_clone_on_stack:
    mov %rdx, %r8
    mov %rcx, %r9
    xor %edx, %edx
    xor %r10d, %r10d
    mov $56, %eax
    syscall
    test %rax, %rax
    jz 1f
    ret
1:  xor %ebp, %ebp
    mov %r9, %rdi
    call *%r8
    ud2
"#,
    options(att_syntax)
);

unsafe extern "C" {
    fn vmtrans_clone_on_stack(
        flags: u64,
        stack: u64,
        function: extern "C" fn(u64) -> !,
        argument: u64,
    ) -> i64;
}

/// What the child finds.
struct Start<'a> {
    thread: Thread,
    request: &'a Request,
}

/// Makes a child, and waits until it executes a program or ends.
pub(super) fn vfork(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    // No signal is noted from here on until both have separate memory, so that none is lost.
    host::set_mask(u64::MAX);
    if k.thread.state.pending.load(Ordering::Relaxed) != 0 {
        // One came before: it is taken first, and the call is made again.
        return k.finish(SyscallOutcome::Replaced);
    }
    let result = make_child(k, request);
    host::set_mask(k.thread.signals.mask);
    result
}

fn make_child(k: &mut Kernel<'_>, request: &Request) -> SyscallResult {
    let stack = Stack::new()?;
    let actions = k.thread.process.signals.snapshot();
    let mut start = Box::new(Start {
        thread: copy(k.thread),
        request,
    });
    let argument = (&raw mut *start).expose_provenance() as u64;
    let parent = dispatch::current();
    let kept = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FS | libc::CLONE_FILES;
    let flags = request.flags & (kept.cast_unsigned() | 0xff);
    // SAFETY: the child starts on a fresh stack with an argument that lives until it is gone or
    // has executed a program, and never returns.
    let id = unsafe { vmtrans_clone_on_stack(flags.into(), stack.top(), run_child, argument) };
    dispatch::set_current(parent);
    // What the child had noted and not taken.
    let _ = host::take();
    k.thread.process.signals.restore(&actions);
    drop(start);
    Errno::check(id.cast_unsigned())
}

fn copy(t: &Thread) -> Thread {
    Thread {
        state: Box::new(start::copy_state(&t.state)),
        process: Arc::clone(&t.process),
        linux: t.linux.clone(),
        signals: t.signals.clone(),
        code: crate::code_cache::CodeCache::default(),
        depth: 0,
        interpreting: false,
    }
}

extern "C" fn run_child(start: u64) -> ! {
    let start = std::ptr::with_exposed_provenance_mut::<Start<'_>>(
        usize::try_from(start).expect("hosts have 64 bits"),
    );
    // SAFETY: the parent made it for this child alone, and waits.
    let Start { thread, request } = unsafe { &mut *start };
    set_up_child(thread, request);
    let hart = &mut thread.state.hart;
    hart.x[10] = 0;
    hart.pc = hart.pc.wrapping_add(4);
    start::point_gs_to(&raw mut *thread.state);
    dispatch::set_current(&raw mut *thread);
    dispatch::run()
}

/// A host stack.
struct Stack(*mut libc::c_void);

impl Stack {
    fn new() -> Result<Stack, Errno> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping.
        let stack =
            unsafe { rustix::mm::mmap_anonymous(std::ptr::null_mut(), STACK, protection, flags) };
        stack.map(Stack).map_err(super::clone::errno)
    }

    fn top(&self) -> u64 {
        (self.0.expose_provenance() + STACK) as u64
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the child that used it is gone or has executed a program.
        let _ = unsafe { rustix::mm::munmap(self.0, STACK) };
    }
}
