//! The border between Rust and compiled guest code: how one enters the other, in assembly.
//!
//! Compiled code has guest registers in host registers (`vmtrans_abi`); Rust finds them in guest
//! state. Each stub here moves them, switches `mxcsr`, and keeps what the other side relies on.
//! What a guest means is not known here.

#![allow(unsafe_code)]

use std::arch::global_asm;
use std::mem::offset_of;

use vmtrans_abi::GuestState;
use vmtrans_isa::riscv::Hart;

const fn x(number: usize) -> usize {
    offset_of!(GuestState, hart) + offset_of!(Hart, x) + 8 * number
}

const fn f(number: usize) -> usize {
    offset_of!(GuestState, hart) + offset_of!(Hart, f) + 8 * number
}

// The order of registers is LLVM's for `x86_regcallcc`; the guest registers are those of
// `INT_SLOTS` and `FLOAT_SLOTS`, checked by a test below.
global_asm!(
    r#"
    .macro vmtrans_save_slots
    mov %rax, %gs:{x1}
    mov %rcx, %gs:{x2}
    mov %rdx, %gs:{x8}
    mov %rdi, %gs:{x9}
    mov %rsi, %gs:{x18}
    mov %r8, %gs:{x10}
    mov %r9, %gs:{x11}
    mov %r12, %gs:{x12}
    mov %r13, %gs:{x13}
    mov %r14, %gs:{x14}
    mov %r15, %gs:{x15}
    movsd %xmm0, %gs:{f10}
    movsd %xmm1, %gs:{f11}
    movsd %xmm2, %gs:{f12}
    movsd %xmm3, %gs:{f13}
    .endm

    .macro vmtrans_load_slots
    mov %gs:{x1}, %rax
    mov %gs:{x2}, %rcx
    mov %gs:{x8}, %rdx
    mov %gs:{x9}, %rdi
    mov %gs:{x18}, %rsi
    mov %gs:{x10}, %r8
    mov %gs:{x11}, %r9
    mov %gs:{x12}, %r12
    mov %gs:{x13}, %r13
    mov %gs:{x14}, %r14
    mov %gs:{x15}, %r15
    movsd %gs:{f10}, %xmm0
    movsd %gs:{f11}, %xmm1
    movsd %gs:{f12}, %xmm2
    movsd %gs:{f13}, %xmm3
    .endm

    // What an escape comes back to: the host's preserved registers and the outer escape's stack.
    .macro vmtrans_open_frame
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    push %gs:{host_sp}
    mov %rsp, %gs:{host_sp}
    .endm

    .macro vmtrans_close_frame
    pop %gs:{host_sp}
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .endm

    .text

    // extern "C" fn(code: u64)
    .globl vmtrans_enter_compiled
    .hidden vmtrans_enter_compiled
vmtrans_enter_compiled:
    vmtrans_open_frame
    stmxcsr %gs:{host_mxcsr}
    ldmxcsr %gs:{mxcsr}
    mov %rdi, %r11
    vmtrans_load_slots
    call *%r11
    vmtrans_save_slots
    and $-2, %rax
    mov %rax, %gs:{pc}
    // An escape from compiled code comes here with the stack of the frame.
    .globl vmtrans_land_from_guest
    .hidden vmtrans_land_from_guest
vmtrans_land_from_guest:
    stmxcsr %gs:{mxcsr}
    ldmxcsr %gs:{host_mxcsr}
    cld
    vmtrans_close_frame

    // extern "C" fn(function: extern "C" fn(u64), argument: u64): calls Rust so that an escape may
    // end the call.
    .globl vmtrans_enter_host
    .hidden vmtrans_enter_host
vmtrans_enter_host:
    vmtrans_open_frame
    mov %rdi, %rax
    mov %rsi, %rdi
    call *%rax
    .globl vmtrans_land_from_host
    .hidden vmtrans_land_from_host
vmtrans_land_from_host:
    cld
    vmtrans_close_frame

    // extern "C" fn() -> !: an escape from Rust.
    .globl vmtrans_escape_from_host
    .hidden vmtrans_escape_from_host
vmtrans_escape_from_host:
    mov %gs:{host_sp}, %rsp
    jmp vmtrans_land_from_host

    // Helper::Escape
    .globl vmtrans_helper_escape
    .hidden vmtrans_helper_escape
vmtrans_helper_escape:
    vmtrans_save_slots
    and $-2, %rax
    mov %rax, %gs:{pc}
    mov %gs:{host_sp}, %rsp
    jmp vmtrans_land_from_guest

    // A helper in Rust, called as compiled code calls: keeps the registers that are preserved there
    // but not in Rust.
    .macro vmtrans_helper_in_rust function
    vmtrans_save_slots
    stmxcsr %gs:{mxcsr}
    ldmxcsr %gs:{host_mxcsr}
    sub $136, %rsp
    movaps %xmm8, (%rsp)
    movaps %xmm9, 16(%rsp)
    movaps %xmm10, 32(%rsp)
    movaps %xmm11, 48(%rsp)
    movaps %xmm12, 64(%rsp)
    movaps %xmm13, 80(%rsp)
    movaps %xmm14, 96(%rsp)
    movaps %xmm15, 112(%rsp)
    call \function
    movaps (%rsp), %xmm8
    movaps 16(%rsp), %xmm9
    movaps 32(%rsp), %xmm10
    movaps 48(%rsp), %xmm11
    movaps 64(%rsp), %xmm12
    movaps 80(%rsp), %xmm13
    movaps 96(%rsp), %xmm14
    movaps 112(%rsp), %xmm15
    add $136, %rsp
    ldmxcsr %gs:{mxcsr}
    vmtrans_load_slots
    ret
    .endm

    .globl vmtrans_helper_miss
    .hidden vmtrans_helper_miss
vmtrans_helper_miss:
    vmtrans_helper_in_rust {miss}

    .globl vmtrans_helper_interpret
    .hidden vmtrans_helper_interpret
vmtrans_helper_interpret:
    vmtrans_helper_in_rust {interpret}

    // Helper::Safepoint preserves every register, and vector registers in their full width: 0xe6
    // is SSE, AVX and the three parts of AVX-512.
    .globl vmtrans_helper_safepoint
    .hidden vmtrans_helper_safepoint
vmtrans_helper_safepoint:
    push %rbp
    mov %rsp, %rbp
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    push %r12
    push %r13
    push %r14
    push %r15
    push %rbx
    sub $4096, %rsp
    and $-64, %rsp
    xor %eax, %eax
    mov %rax, 512(%rsp)
    mov %rax, 520(%rsp)
    mov %rax, 528(%rsp)
    mov %rax, 536(%rsp)
    mov %rax, 544(%rsp)
    mov %rax, 552(%rsp)
    mov %rax, 560(%rsp)
    mov %rax, 568(%rsp)
    stmxcsr %gs:{mxcsr}
    ldmxcsr %gs:{host_mxcsr}
    mov $0xe6, %eax
    xor %edx, %edx
    xsave (%rsp)
    call {safepoint}
    mov $0xe6, %eax
    xor %edx, %edx
    xrstor (%rsp)
    ldmxcsr %gs:{mxcsr}
    lea -112(%rbp), %rsp
    pop %rbx
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    pop %rbp
    ret

    // extern "C" fn(number: u64, arguments: *const [u64; 6], pending: *const u32) -> u64
    // A signal that arrives before the `syscall` instruction is seen by the check, or its handler
    // moves the program counter from between the labels to the third.
    .globl vmtrans_safe_syscall
    .hidden vmtrans_safe_syscall
    .globl vmtrans_safe_syscall_begin
    .hidden vmtrans_safe_syscall_begin
    .globl vmtrans_safe_syscall_end
    .hidden vmtrans_safe_syscall_end
    .globl vmtrans_safe_syscall_abort
    .hidden vmtrans_safe_syscall_abort
vmtrans_safe_syscall:
    mov %rdi, %rax
    mov %rsi, %r11
    mov %rdx, %rcx
    mov (%r11), %rdi
    mov 8(%r11), %rsi
    mov 16(%r11), %rdx
    mov 24(%r11), %r10
    mov 32(%r11), %r8
    mov 40(%r11), %r9
vmtrans_safe_syscall_begin:
    cmpl $0, (%rcx)
    jne vmtrans_safe_syscall_abort
    syscall
vmtrans_safe_syscall_end:
    ret
vmtrans_safe_syscall_abort:
    mov $-4, %rax
    ret

    // extern "C" fn(to: u64, from: u64, length: u64) -> u64: bytes that were not copied. A fault
    // between the labels goes to the end.
    .globl vmtrans_copy
    .hidden vmtrans_copy
    .globl vmtrans_copy_end
    .hidden vmtrans_copy_end
vmtrans_copy:
    mov %rdx, %rcx
    rep movsb
vmtrans_copy_end:
    mov %rcx, %rax
    ret
"#,
    x1 = const x(1), x2 = const x(2), x8 = const x(8), x9 = const x(9), x18 = const x(18),
    x10 = const x(10), x11 = const x(11), x12 = const x(12), x13 = const x(13), x14 = const x(14),
    x15 = const x(15),
    f10 = const f(10), f11 = const f(11), f12 = const f(12), f13 = const f(13),
    pc = const offset_of!(GuestState, hart) + offset_of!(Hart, pc),
    host_sp = const offset_of!(GuestState, host_sp),
    mxcsr = const offset_of!(GuestState, mxcsr),
    host_mxcsr = const offset_of!(GuestState, host_mxcsr),
    miss = sym crate::dispatch::helper_miss,
    interpret = sym crate::dispatch::helper_interpret,
    safepoint = sym crate::dispatch::helper_safepoint,
    options(att_syntax)
);

unsafe extern "C" {
    fn vmtrans_enter_compiled(code: u64);
    fn vmtrans_enter_host(function: extern "C" fn(u64), argument: u64);
    fn vmtrans_escape_from_host() -> !;
    fn vmtrans_land_from_guest();
    fn vmtrans_land_from_host();
    fn vmtrans_helper_miss();
    fn vmtrans_helper_escape();
    fn vmtrans_helper_interpret();
    fn vmtrans_helper_safepoint();
    fn vmtrans_safe_syscall(number: u64, arguments: *const [u64; 6], pending: *const u32) -> u64;
    fn vmtrans_safe_syscall_begin();
    fn vmtrans_safe_syscall_end();
    fn vmtrans_safe_syscall_abort();
    fn vmtrans_copy(to: u64, from: u64, length: u64) -> u64;
    fn vmtrans_copy_end();
}

/// Addresses of the helpers, in the order of [`vmtrans_abi::HELPERS`].
pub fn helpers() -> [u64; 4] {
    [
        address(vmtrans_helper_miss),
        address(vmtrans_helper_escape),
        address(vmtrans_helper_interpret),
        address(vmtrans_helper_safepoint),
    ]
}

fn address(function: unsafe extern "C" fn()) -> u64 {
    (function as *const ()).addr() as u64
}

/// Runs compiled code until it returns or escapes.
///
/// # Safety
/// `%gs` points to the state of the current thread, and `code` is the entry of a guest function in
/// a mapped image.
pub unsafe fn enter_compiled(code: u64) {
    // SAFETY: by the caller's promise; the stub keeps what the C convention preserves.
    unsafe { vmtrans_enter_compiled(code) }
}

/// Calls a function in whose course [`escape`] may be called, which then ends the call.
pub fn enter_host(function: extern "C" fn(u64), argument: u64) {
    // SAFETY: the stub opens the frame that an escape closes.
    unsafe { vmtrans_enter_host(function, argument) }
}

/// Ends the innermost [`enter_compiled`] or [`enter_host`].
///
/// # Safety
/// Called within one of them, and no frame in between owns anything.
pub unsafe fn escape() -> ! {
    // SAFETY: by the caller's promise.
    unsafe { vmtrans_escape_from_host() }
}

/// Where a signal handler sends a thread that was in compiled code, with the stack in `host_sp`.
pub fn landing_from_guest() -> u64 {
    address(vmtrans_land_from_guest)
}

/// The same for a thread that was in the interpreter.
pub fn landing_from_host() -> u64 {
    address(vmtrans_land_from_host)
}

/// A system call that does not begin while `pending` is not zero: then, as where a signal ends it,
/// it gives `-EINTR`.
pub fn safe_syscall(number: u64, arguments: &[u64; 6], pending: *const u32) -> u64 {
    // SAFETY: what the call does with its arguments is the kernel's to check; `pending` is read
    // only.
    unsafe { vmtrans_safe_syscall(number, arguments, pending) }
}

/// Where a handler sends a thread that it interrupted before its system call had begun.
pub fn abort_of_syscall(pc: u64) -> Option<u64> {
    let (begin, end) = (
        address(vmtrans_safe_syscall_begin),
        address(vmtrans_safe_syscall_end),
    );
    (begin..end)
        .contains(&pc)
        .then(|| address(vmtrans_safe_syscall_abort))
}

/// Copies bytes; either address may be bad. Gives how many were not copied.
pub fn copy(to: u64, from: u64, length: u64) -> u64 {
    // SAFETY: a fault in the copy is caught by the handler; that neither side is memory of ours
    // that is in use is the caller's affair, who names guest addresses.
    unsafe { vmtrans_copy(to, from, length) }
}

/// Where a handler sends a thread that faulted in [`copy`].
pub fn end_of_copy(pc: u64) -> Option<u64> {
    let start = (vmtrans_copy as *const ()).addr() as u64;
    let end = address(vmtrans_copy_end);
    (start..end).contains(&pc).then_some(end)
}

#[cfg(test)]
mod tests {
    use vmtrans_abi::{FLOAT_SLOTS, HELPERS, Helper, INT_SLOTS};

    #[test]
    fn the_assembly_has_the_slots_in_order() {
        assert_eq!(
            INT_SLOTS.map(|r| r.number()),
            [1, 2, 8, 9, 18, 10, 11, 12, 13, 14, 15]
        );
        assert_eq!(FLOAT_SLOTS.map(|r| r.number()), [10, 11, 12, 13]);
        assert_eq!(
            HELPERS,
            [
                Helper::Miss,
                Helper::Escape,
                Helper::Interpret,
                Helper::Safepoint
            ]
        );
    }
}
