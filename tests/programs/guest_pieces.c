// skip: native, the instructions are the guest's
/* Values stored in pieces and loaded whole, and what may come in between. */
#include "check.h"

long whole(const unsigned char *), overlapped(long), by_another(long *, long), widened(long), across_call(long),
    halves(long), outside(long), later(long);

__asm__(
    ".text\n"
    ".macro function name\n .type \\name, @function\n .globl \\name\n\\name:\n .endm\n"
    "function whole\n addi sp, sp, -16\n lbu a1, 0(a0)\n lbu a2, 1(a0)\n lbu a3, 2(a0)\n lbu a4, 3(a0)\n"
    " sb a2, 13(sp)\n sb a1, 12(sp)\n sb a4, 15(sp)\n sb a3, 14(sp)\n lw a0, 12(sp)\n addi sp, sp, 16\n ret\n"
    /* The last store of a byte counts. */
    "function overlapped\n addi sp, sp, -16\n sd a0, 0(sp)\n li a1, 0x55\n sb a1, 3(sp)\n slli a2, a0, 1\n sh a2, 6(sp)\n"
    " sb a0, 6(sp)\n ld a0, 0(sp)\n addi sp, sp, 16\n ret\n"
    /* A store through another register hits the same memory. */
    "function by_another\n addi sp, sp, -16\n addi a2, sp, 4\n sw a1, 0(sp)\n sw a1, 4(sp)\n sb zero, 1(a2)\n"
    " ld a3, 0(sp)\n sd a3, 0(a0)\n mv a0, a3\n addi sp, sp, 16\n ret\n"
    "function widened\n addi sp, sp, -16\n sb a0, 8(sp)\n srli a1, a0, 8\n sb a1, 9(sp)\n lh a2, 8(sp)\n lhu a3, 8(sp)\n"
    " slli a3, a3, 20\n add a0, a2, a3\n addi sp, sp, 16\n ret\n"
    "function stores_above\n sb a0, -15(a1)\n ret\n"
    "function across_call\n addi sp, sp, -32\n sd ra, 24(sp)\n addi a1, sp, 16\n sh a0, 0(sp)\n sh a0, 2(sp)\n call stores_above\n"
    " lw a0, 0(sp)\n ld ra, 24(sp)\n addi sp, sp, 32\n ret\n"
    "function halves\n addi sp, sp, -16\n sd a0, 0(sp)\n sd a0, 8(sp)\n ld a1, 4(sp)\n lwu a2, 6(sp)\n xor a0, a1, a2\n"
    " addi sp, sp, 16\n ret\n"
    /* Bytes that were not stored here. */
    "function outside\n addi sp, sp, -16\n sd a0, 0(sp)\n sd zero, 8(sp)\n mv a1, sp\n sb a0, 9(a1)\n sb a0, 10(a1)\n ld a0, 8(a1)\n"
    " addi sp, sp, 16\n ret\n"
    /* The register moves between the stores and the load. */
    "function later\n addi sp, sp, -32\n sd a0, 0(sp)\n sd a0, 8(sp)\n sd a0, 16(sp)\n mv a1, sp\n sb zero, 1(a1)\n sb zero, 0(a1)\n"
    " addi a1, a1, 8\n lh a0, 0(a1)\n addi sp, sp, 32\n ret\n");

int main(void)
{
    static const unsigned char bytes[] = {0x81, 2, 0xf3, 0x84, 5, 6, 7};
    long cell = 0;
    for (int at = 0; at < 4; at++)
        printf("%lx\n", whole(bytes + at));
    unsigned long seed = 0x0123456789abcdef;
    for (int round = 0; round < 20; round++, seed = seed * 6364136223846793005 + 1442695040888963407) {
        long value = (long)seed;
        long results[] = {overlapped(value), by_another(&cell, value), cell, widened(value), across_call(value),
                          halves(value), outside(value), later(value)};
        for (unsigned at = 0; at < sizeof results / sizeof *results; at++)
            printf("%lx ", results[at]);
        putchar('\n');
    }
    return 0;
}
