// skip: native, the instructions are the guest's
/* Atomic instructions as such, and reservations. */
#include "check.h"

#define AMO(name, type)                                                                         \
    do {                                                                                        \
        type cell = (type)0x8123456789abcdef;                                                   \
        for (int i = 0; i < 6; i++) {                                                           \
            long old;                                                                           \
            __asm__ volatile(#name " %0, %2, %1" : "=r"(old), "+A"(cell) : "r"(operands[i]));   \
            printf(#name " %016lx %016llx\n", old, (unsigned long long)cell);                   \
        }                                                                                       \
    } while (0)

static const long operands[] = {1, -1, 0x7fffffff, -0x80000000l, 0x123456789abcdef0, 0};

int main(void) {
    AMO(amoswap.w, uint32_t);
    AMO(amoadd.w.aqrl, uint32_t);
    AMO(amoxor.w, uint32_t);
    AMO(amoand.w.aq, uint32_t);
    AMO(amoor.w.rl, uint32_t);
    AMO(amomin.w, uint32_t);
    AMO(amomax.w, uint32_t);
    AMO(amominu.w, uint32_t);
    AMO(amomaxu.w, uint32_t);
    AMO(amoswap.d, uint64_t);
    AMO(amoadd.d, uint64_t);
    AMO(amoxor.d, uint64_t);
    AMO(amoand.d, uint64_t);
    AMO(amoor.d, uint64_t);
    AMO(amomin.d, uint64_t);
    AMO(amomax.d, uint64_t);
    AMO(amominu.d, uint64_t);
    AMO(amomaxu.d, uint64_t);
    uint64_t cell = 5, other = 6;
    uint32_t word = 0xfffffff0;
    long loaded, failed;
    __asm__ volatile("lr.d %0, %2\naddi %0, %0, 1\nsc.d %1, %0, %2" : "=&r"(loaded), "=&r"(failed), "+A"(cell));
    printf("%ld %d %lu\n", loaded, failed != 0, cell);
    __asm__ volatile("lr.w %0, %2\nsc.w %1, zero, %2" : "=&r"(loaded), "=&r"(failed), "+A"(word));
    printf("%lx %d %x\n", loaded, failed != 0, word);
    /* Without a reservation nothing is stored. */
    __asm__ volatile("sc.d %0, %1, %2" : "=&r"(failed) : "r"(99l), "A"(cell));
    printf("%d %lu\n", failed != 0, cell);
    __asm__ volatile("lr.d %0, %2\nsc.d %1, zero, %3" : "=&r"(loaded), "=&r"(failed) : "A"(cell), "A"(other) : "memory");
    printf("%d %lu\n", failed != 0, other);
    return 0;
}
