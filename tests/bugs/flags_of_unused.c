/* Nobody uses what is computed, only the flags that it raises, and those are looked at elsewhere.
   The operands are constants of the machine code, though not of the source. */
#include <fenv.h>
#include <stdio.h>

static __attribute__((noinline)) void third(void) {
#ifdef __riscv
    __asm__ volatile("li t0, 1; fcvt.d.l ft0, t0; li t0, 3; fcvt.d.l ft1, t0; fdiv.d ft0, ft0, ft1"
                     ::: "t0", "ft0", "ft1");
#else
    volatile double one = 1, three = 3;
    one = one / three;
#endif
}

static __attribute__((noinline)) void down(double x) {
#ifdef __riscv
    __asm__ volatile("fcvt.l.d t0, %0, rdn" ::"f"(x) : "t0");
#else
    volatile double y = x;
    volatile long z = (long)y;
    (void)z;
#endif
}

int main(void) {
    feclearexcept(FE_ALL_EXCEPT);
    printf("%d\n", fetestexcept(FE_INEXACT) != 0);
    third();
    printf("%d\n", fetestexcept(FE_INEXACT) != 0);
    feclearexcept(FE_ALL_EXCEPT);
    down(2.5);
    printf("%d %d\n", fetestexcept(FE_INEXACT) != 0, fetestexcept(FE_INVALID) != 0);
    feclearexcept(FE_ALL_EXCEPT);
    down(1e300);
    printf("%d %d\n", fetestexcept(FE_INEXACT) != 0, fetestexcept(FE_INVALID) != 0);
    return 0;
}
