//! The host's stack for a guest thread: so large that the guest's own overflows first.

#![allow(unsafe_code)]

use std::arch::global_asm;

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

/// A guest frame of 16 bytes may cost a host frame of a few hundred.
const LENGTH: usize = 1 << 30;
const GUARD: usize = 1 << 16;

global_asm!(
    r#"
    // extern "C" fn(stack: u64, function: extern "C" fn() -> !) -> !
    .globl vmtrans_on_stack
    .hidden vmtrans_on_stack
vmtrans_on_stack:
    mov %rdi, %rsp
    xor %ebp, %ebp
    call *%rsi
    ud2
"#,
    options(att_syntax)
);

unsafe extern "C" {
    fn vmtrans_on_stack(stack: u64, function: extern "C" fn() -> !) -> !;
}

/// Calls a function on a new, large stack.
///
/// # Errors
/// Where there is no address space for it.
pub fn call_on_large(function: extern "C" fn() -> !) -> std::io::Error {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping.
    let start = match unsafe { mmap_anonymous(std::ptr::null_mut(), LENGTH, protection, flags) } {
        Ok(start) => start,
        Err(error) => return error.into(),
    };
    // SAFETY: its lowest part, where nothing is yet.
    let guarded = unsafe { mprotect(start, GUARD, MprotectFlags::empty()) };
    if let Err(error) = guarded {
        return error.into();
    }
    let top = (start.expose_provenance() + LENGTH) as u64;
    // SAFETY: the stack is fresh and aligned, and the function never returns.
    unsafe { vmtrans_on_stack(top, function) }
}
