// skip: native, the registers are the guest's
/* The handler of a fault sees every register as it is at the access, and may change any. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static uint64_t mended[8];
static volatile int base;

static void show(int signal, siginfo_t *info, void *context) {
    static int faults;
    if (++faults > 3)
        _exit(3);
    ucontext_t *at = context;
    unsigned long *x = at->uc_mcontext.__gregs;
    printf("signal %d at %#lx:", signal, (unsigned long)(uintptr_t)info->si_addr);
    /* Register 0 of these is the program counter; gp, tp and sp depend on the C library. */
    for (int i = 5; i < 32; i++)
        printf(" %lx", x[i] < 4096 ? x[i] : 0xffff);
    uint32_t word;
    memcpy(&word, (void *)x[0], 2);
    printf(" insn %x\n", word & 0xffff);
    double f[3];
    memcpy(f, at->uc_mcontext.__fpregs.__d.__f + 8, sizeof f);
    printf("fs0 %g fs1 %g fa0 %g\n", f[0], f[1], f[2]);
    /* The access is made again, elsewhere, and with another value. */
    x[base] = (uintptr_t)mended;
    x[28] = 77;
}

static __attribute__((noinline)) void stores(uint64_t *where) {
    __asm__ volatile(
        "mv t0, %0; li t1, 1; li t2, 2; li s2, 3; li s3, 4; li s4, 5; li s5, 6; li s6, 7\n"
        "li s7, 8; li s8, 9; li s9, 10; li s10, 11; li s11, 12; li t3, 13; li t4, 14; li t5, 15\n"
        "li t6, 16; li a1, 17; li a2, 18; li a3, 19; li a4, 20; li a5, 21; li a6, 22; li a7, 23\n"
        "fcvt.d.l fs0, t4; fcvt.d.l fs1, t5; fadd.d fa0, fs0, fs1\n"
        "addi t1, t1, 100\n"
        "sd t3, 8(t0)\n"
        /* Overwritten with nothing in between that looks at it but the next fault. */
        "li t1, 2; li t2, 3; fadd.d fa0, fa0, fa0; li t0, 64\n"
        "ld t4, 16(t0)\n"
        "li t1, 3; li t2, 4; add t4, t4, t3\n"
        "sd t4, 24(t0)\n"
        :: "r"(where)
        : "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
          "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "fs0", "fs1", "fa0", "memory");
}

static __attribute__((noinline)) long loop(volatile uint8_t *p, long n) {
    long sum = 0;
    for (long i = 0; i < n; i++)
        sum = sum * 3 + p[i];
    return sum;
}

static void skip(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    ucontext_t *at = context;
    unsigned long *x = at->uc_mcontext.__gregs;
    uint16_t low;
    memcpy(&low, (void *)x[0], 2);
    x[0] += (low & 3) == 3 ? 4 : 2;
}

int main(void) {
    struct sigaction action = {.sa_sigaction = show, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    base = 5;
    stores((uint64_t *)0x40);
    printf("%lu %lu\n", (unsigned long)mended[1], (unsigned long)mended[3]);

    /* Loads that fault are passed over, in the middle of a loop. */
    action.sa_sigaction = skip;
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    uint8_t *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(pages, 7, 8192);
    CHECK(mprotect(pages + 4096, 4096, PROT_NONE) == 0);
    printf("%ld\n", loop(pages + 4090, 10));
    return 0;
}
