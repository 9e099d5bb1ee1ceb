// skip: native, the instructions are the guest's
/* Functions that pass registers in ways of their own, which the calling convention does not have. */
#include "check.h"

long through_temporaries(long, long), back_in_temporaries(long), kept_in_temporaries(long, long),
    kept_in_arguments(long, long), saved_by_routine(long, long), through_tail(long, long),
    by_pointer(long, long), labels(long, long), into_cold(long), around_loop(long, long),
    results_of_many(long), label_behind_call(long, long), only_at_label(long, long, long, long, long, long);

__asm__(
    ".text\n"
    ".macro function name\n .type \\name, @function\n .globl \\name\n\\name:\n .endm\n"
    ".macro done name\n .size \\name, . - \\name\n .endm\n"

    /* A callee that takes what it works on in t3 and t5. */
    "function takes_temporaries\n mul a0, t3, t5\n ret\n done takes_temporaries\n"
    "function through_temporaries\n addi sp, sp, -16\n sd ra, 8(sp)\n"
    " addi t3, a0, 1\n addi t5, a1, 2\n call takes_temporaries\n ld ra, 8(sp)\n addi sp, sp, 16\n ret\n"
    " done through_temporaries\n"

    /* One that gives back in t4, a3 and a5. */
    "function gives_temporaries\n slli t4, a0, 3\n addi a3, a0, 7\n addi a5, a0, 9\n li a0, 0\n ret\n"
    " done gives_temporaries\n"
    "function back_in_temporaries\n addi sp, sp, -16\n sd ra, 8(sp)\n call gives_temporaries\n"
    " add a0, t4, a3\n add a0, a0, a5\n ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done back_in_temporaries\n"

    /* A caller that knows what its callee leaves alone, as gcc's -fipa-ra does. */
    "function leaves_alone\n addi a0, a0, 5\n ret\n done leaves_alone\n"
    "function kept_in_temporaries\n addi sp, sp, -16\n sd ra, 8(sp)\n slli t6, a1, 2\n fmv.d.x ft3, a1\n"
    " call leaves_alone\n fmv.x.d t0, ft3\n add a0, a0, t6\n add a0, a0, t0\n"
    " ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done kept_in_temporaries\n"
    "function kept_in_arguments\n addi sp, sp, -16\n sd ra, 8(sp)\n slli a2, a1, 2\n addi a6, a1, 3\n"
    " fcvt.d.l fa1, a1\n call leaves_alone\n fcvt.l.d t0, fa1\n add a0, a0, a2\n add a0, a0, a6\n"
    " add a0, a0, t0\n ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done kept_in_arguments\n"

    /* A routine that is called by t0, as -msave-restore has them, with t1 and a7 live around it. */
    "function save\n addi sp, sp, -16\n sd ra, 8(sp)\n sd s0, 0(sp)\n jr t0\n done save\n"
    "function restore\n ld ra, 8(sp)\n ld s0, 0(sp)\n addi sp, sp, 16\n ret\n done restore\n"
    "function saved_by_routine\n addi t1, a0, 11\n addi a7, a1, 13\n jal t0, save\n"
    " mv s0, t1\n add s0, s0, a7\n mv a0, s0\n call leaves_alone\n add a0, a0, s0\n tail restore\n"
    " done saved_by_routine\n"

    /* A tail call that takes t1 along, behind a call. */
    "function ends_it\n add a0, a0, t1\n ret\n done ends_it\n"
    "function through_tail\n addi sp, sp, -16\n sd ra, 8(sp)\n addi t1, a1, 21\n call leaves_alone\n"
    " ld ra, 8(sp)\n addi sp, sp, 16\n tail ends_it\n done through_tail\n"

    /* A function called through a register takes t2, as nested functions do, and t4. */
    "function is_nested\n add a0, t2, t4\n add a0, a0, a2\n ret\n done is_nested\n"
    "function by_pointer\n addi sp, sp, -16\n sd ra, 8(sp)\n ld a5, nested_address\n"
    " mv t2, a0\n slli t4, a1, 4\n li a2, 100\n jalr a5\n ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done by_pointer\n"

    /* Computed goto: labels, not functions, at which t3 and a4 are live, one of them behind a call. */
    "function labels\n addi sp, sp, -16\n sd ra, 8(sp)\n la t0, label_table\n andi t1, a0, 1\n slli t1, t1, 3\n"
    " add t0, t0, t1\n ld t0, 0(t0)\n slli t3, a1, 1\n addi a4, a1, 17\n jr t0\n"
    "label_one: add a0, t3, a4\n j label_end\n"
    "label_two: sub a0, t3, a4\n"
    "label_end: ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done labels\n"
    "function label_behind_call\n addi sp, sp, -16\n sd ra, 8(sp)\n slli t3, a1, 1\n addi a4, a1, 17\n"
    " call leaves_alone\n la t0, call_table\n andi t1, a0, 1\n slli t1, t1, 3\n add t0, t0, t1\n ld t0, 0(t0)\n jr t0\n"
    "call_one: add a0, t3, a4\n j call_end\n"
    "call_two: sub a0, t3, a4\n"
    "call_end: ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done label_behind_call\n"
    "function only_at_label\n la t0, only_table\n andi t1, a0, 1\n slli t1, t1, 3\n add t0, t0, t1\n ld t0, 0(t0)\n"
    " addi sp, sp, -16\n jr t0\n"
    "only_one: add a0, a5, a4\n addi sp, sp, 16\n ret\n"
    "only_two: sub a0, a5, a3\n addi sp, sp, 16\n ret\n done only_at_label\n"

    /* A part of a function that lies elsewhere, with everything live. */
    ".section .text.unlikely\n function cold_part\n add a0, a0, t5\n add a0, a0, a4\n j behind_cold\n done cold_part\n .text\n"
    "function into_cold\n li t5, 1000\n li a4, 200\n li t6, 3\n bgtz a0, 1f\n li a0, 0\n ret\n 1: tail cold_part\n"
    "behind_cold: add a0, a0, t6\n ret\n done into_cold\n"

    /* Values in t4 and ft5 that live around a loop with calls. */
    "function around_loop\n addi sp, sp, -32\n sd ra, 24(sp)\n sd s0, 16(sp)\n li t4, 0\n fmv.d.x ft5, zero\n mv s0, a1\n"
    " fcvt.d.l ft6, a0\n"
    "1: call leaves_alone\n add t4, t4, a0\n fadd.d ft5, ft5, ft6\n addi s0, s0, -1\n bgtz s0, 1b\n"
    " fcvt.l.d a0, ft5, rtz\n add a0, a0, t4\n ld ra, 24(sp)\n ld s0, 16(sp)\n addi sp, sp, 32\n ret\n done around_loop\n"

    /* Results in all argument registers, through a pointer. */
    "function gives_many\n addi a1, a0, 1\n addi a2, a0, 2\n addi a3, a0, 3\n addi a4, a0, 4\n addi a5, a0, 5\n"
    " addi a6, a0, 6\n addi a7, a0, 7\n addi t0, a0, 8\n ret\n done gives_many\n"
    "function results_of_many\n addi sp, sp, -16\n sd ra, 8(sp)\n ld a5, many_address\n jalr a5\n"
    " add a0, a0, a1\n slli a2, a2, 1\n add a0, a0, a2\n add a0, a0, a3\n slli a4, a4, 2\n add a0, a0, a4\n"
    " add a0, a0, a5\n slli a6, a6, 3\n add a0, a0, a6\n add a0, a0, a7\n slli t0, t0, 4\n add a0, a0, t0\n"
    " ld ra, 8(sp)\n addi sp, sp, 16\n ret\n done results_of_many\n"
    ".data\n .balign 8\nnested_address: .dword is_nested\nmany_address: .dword gives_many\n"
    "label_table: .dword label_one, label_two\ncall_table: .dword call_one, call_two\n"
    "only_table: .dword only_one, only_two\n .text\n");

int main(void)
{
    long sum = 0;
    for (long i = 0; i < 50; i++) {
        long results[] = {through_temporaries(i, 3), back_in_temporaries(i), kept_in_temporaries(i, 5),
                          kept_in_arguments(i, 6), saved_by_routine(i, 7), through_tail(i, 8),
                          by_pointer(i, 9), labels(i, 10), into_cold(i - 3), around_loop(i, 4),
                          results_of_many(i), label_behind_call(i, 11), only_at_label(i, 1, 2, 3, 4 + i, 5)};
        for (unsigned at = 0; at < sizeof results / sizeof *results; at++) {
            sum = sum * 31 + results[at];
            if (i == 5)
                printf("%u: %ld\n", at, results[at]);
        }
    }
    printf("%ld\n", sum);
    return 0;
}
