//! Code that runs when an image is executed as a program: it starts the runner on the image.

#![allow(unsafe_code)]

use std::arch::global_asm;

// On entry the stack holds argc, argv, 0, envp, 0 and the auxiliary vector (System V ABI, x86-64,
// "Initial Stack and Register State"). The new argument vector is
// runner "run" "--argv0" argv[0] "--" execfn argv[1]…; the environment is handed on.
global_asm!(
    r#"
    .pushsection .rodata.vmtrans_start,"a",@progbits
    .globl vmtrans_image_start
    .hidden vmtrans_image_start
    .globl vmtrans_image_start_end
    .hidden vmtrans_image_start_end
vmtrans_image_start:
    mov (%rsp), %rbx                 // argc
    lea 8(%rsp), %r12                // argv
    lea 8(%r12,%rbx,8), %r13         // envp
    mov %r13, %r14
1:  mov (%r14), %rax                 // end of envp
    add $8, %r14
    test %rax, %rax
    jnz 1b
    xor %r15d, %r15d                 // AT_EXECFN
2:  mov (%r14), %rax
    test %rax, %rax
    jz 3f
    cmp $31, %rax
    cmove 8(%r14), %r15
    add $16, %r14
    jmp 2b
3:  lea 8(,%rbx,8), %rax             // room: argc + 6 pointers
    add $64, %rax
    sub %rax, %rsp
    and $-16, %rsp
    lea 90f(%rip), %rax
    mov %rax, (%rsp)
    lea 91f(%rip), %rax
    mov %rax, 8(%rsp)
    lea 92f(%rip), %rax
    mov %rax, 16(%rsp)
    mov (%r12), %rax
    test %rax, %rax
    cmovz %r15, %rax
    mov %rax, 24(%rsp)
    lea 93f(%rip), %rax
    mov %rax, 32(%rsp)
    mov %r15, 40(%rsp)
    lea 48(%rsp), %rdi
    test %rbx, %rbx
    jz 5f
    lea 8(%r12), %rsi
4:  mov (%rsi), %rax                 // argv[1]… and the closing 0
    mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    test %rax, %rax
    jnz 4b
5:  movq $0, (%rdi)
    lea 90f(%rip), %rdi
    mov %rsp, %rsi
    mov %r13, %rdx
    mov $59, %eax                    // execve
    syscall
    mov $1, %eax                     // write
    mov $2, %edi
    lea 94f(%rip), %rsi
    mov $(95f - 94f), %edx
    syscall
    mov $231, %eax                   // exit_group
    mov $127, %edi
    syscall
91: .asciz "run"
92: .asciz "--argv0"
93: .asciz "--"
94: .ascii "vmtrans: cannot start the program that runs this image; use: vmtrans run IMAGE\n"
95:
90:
vmtrans_image_start_end:
    .popsection
"#,
    options(att_syntax)
);

/// The code, with the runner's path at its end.
pub fn code(runner: &str) -> Vec<u8> {
    let mut code = raw().to_vec();
    code.extend(runner.bytes().filter(|&b| b != 0).take(1024));
    code.push(0);
    code
}

fn raw() -> &'static [u8] {
    unsafe extern "C" {
        static vmtrans_image_start: u8;
        static vmtrans_image_start_end: u8;
    }
    let (start, end) = (
        &raw const vmtrans_image_start,
        &raw const vmtrans_image_start_end,
    );
    let length = end.addr() - start.addr();
    // SAFETY: both labels are in one section, which the assembly above fills from the first to
    // the second.
    unsafe { std::slice::from_raw_parts(start, length) }
}
