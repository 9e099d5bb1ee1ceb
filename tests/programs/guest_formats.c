// skip: native, the instructions are the guest's
/* Registers that come to one place as a single and as a double. */
#include "check.h"

long meets(long, long), in_loop(long, long), around(long, long), nan_meets(long, long), moved(long, long);

__asm__(
    ".text\n"
    ".macro function name\n .type \\name, @function\n .globl \\name\n\\name:\n .endm\n"
    /* The bits, whichever way they came. */
    "function meets\n beqz a0, 1f\n fcvt.s.l fa5, a1\n fadd.s fa5, fa5, fa5\n j 2f\n"
    "1: fcvt.d.l fa5, a1\n fadd.d fa5, fa5, fa5\n 2: fmv.x.d a0, fa5\n fclass.s a1, fa5\n slli a1, a1, 3\n add a0, a0, a1\n ret\n"
    /* A single in one turn of a loop and a double in the next. */
    "function in_loop\n fmv.d.x fa5, a1\n li a2, 0\n li a3, 5\n"
    "1: fmv.x.d a4, fa5\n xor a2, a2, a4\n slli a5, a2, 7\n add a2, a2, a5\n and a5, a3, a0\n beqz a5, 2f\n"
    " fcvt.s.w fa5, a3\n fsqrt.s fa5, fa5\n j 3f\n 2: fcvt.d.w fa5, a3\n fsqrt.d fa5, fa5\n"
    "3: addi a3, a3, -1\n bnez a3, 1b\n mv a0, a2\n ret\n"
    /* Not written on the way: what it was where the block began. */
    "function around\n fcvt.s.l fa4, a1\n fdiv.s fa4, fa4, fa4\n beqz a0, 1f\n addi a1, a1, 1\n j 2f\n"
    "1: fcvt.d.l fa4, a1\n fdiv.d fa4, fa4, fa4\n 2: addi a1, a1, 2\n fmv.x.d a0, fa4\n fmv.x.w a2, fa4\n add a0, a0, a2\n ret\n"
    /* Computed NaNs are canonical in their own format, loaded ones keep their bits. */
    "function nan_meets\n fmv.d.x fa5, a1\n beqz a0, 1f\n fmv.w.x fa4, zero\n fdiv.s fa5, fa4, fa4\n j 2f\n"
    "1: fmv.d.x fa4, a1\n fsgnj.d fa5, fa4, fa4\n 2: fmv.x.d a0, fa5\n fmv.s fa3, fa5\n fmv.x.w a2, fa3\n xor a0, a0, a2\n ret\n"
    "function moved\n fmv.w.x fa5, a1\n beqz a0, 1f\n fcvt.d.s fa5, fa5\n 1: fsd fa5, -8(sp)\n fsw fa5, -16(sp)\n"
    " ld a0, -8(sp)\n lw a1, -16(sp)\n sub a0, a0, a1\n ret\n");

int main(void)
{
    static const long values[] = {0, 1, -7, 1000003, 0x7ff0000000000001, (long)0xfff8000000001234, (long)0xffffffff7fa00001,
                                  (long)0xffffffff40490fdb, 0x400921fb54442d18};
    for (unsigned at = 0; at < sizeof values / sizeof *values; at++)
        for (long way = 0; way < 4; way++)
            printf("%lx %lx %lx %lx %lx\n", meets(way & 1, values[at]), in_loop(way, values[at]), around(way & 1, values[at]),
                   nan_meets(way & 1, values[at]), moved(way & 1, values[at]));
    return 0;
}
