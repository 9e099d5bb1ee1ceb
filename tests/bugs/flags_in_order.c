// skip: native, the instructions are the guest's
/* Flags are read before what comes later raises more: fclass raises none, the conversion after it does. */
#include <stdio.h>

int main(void) {
    double value;
    long class, before, after;
    float single;
    __asm__ volatile("fmv.d.x %0, %1" : "=f"(value) : "r"(0x7ff0000000000001));
    __asm__ volatile("csrw fflags, zero");
    __asm__ volatile("fclass.d %0, %1" : "=r"(class) : "f"(value));
    __asm__ volatile("csrrci %0, fflags, 31" : "=r"(before));
    __asm__ volatile("fcvt.s.d %0, %1" : "=f"(single) : "f"(value));
    __asm__ volatile("csrrci %0, fflags, 31" : "=r"(after));
    printf("%lx %lx %lx %d\n", class, before, after, single != single);
    return 0;
}
