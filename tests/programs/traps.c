// skip: native, the instructions are the guest's
/* Instructions that trap, and a handler that reads and changes the guest's registers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include "check.h"

static sigjmp_buf out;
static volatile int number, code;
static volatile long at_pc, seen[4];

static void jump_out(int signal, siginfo_t *info, void *context) {
    ucontext_t *ucontext = context;
    number = signal;
    code = info->si_code;
    at_pc = (long)info->si_addr - (long)ucontext->uc_mcontext.__gregs[REG_PC];
    siglongjmp(out, 1);
}

#define TRAP(text)                                                               \
    do {                                                                         \
        number = 0;                                                              \
        if (sigsetjmp(out, 1) == 0)                                              \
            __asm__ volatile(text ::: "memory");                                 \
        printf("%s: signal %d code %d pc %ld\n", text, number, code, at_pc);     \
    } while (0)

/* Steps over the trapping instruction with other registers than before. */
static void step_over(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)info;
    ucontext_t *ucontext = context;
    unsigned long *registers = ucontext->uc_mcontext.__gregs;
    for (int i = 0; i < 4; i++) {
        seen[i] = (long)registers[18 + i];
        registers[18 + i] = (unsigned long)(i + 1) * 1000;
    }
    registers[REG_PC] += 4;
}

static void changing(void) {
    struct sigaction action = {.sa_sigaction = step_over, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    long a, b, c, d;
    __asm__ volatile("li s2, 11\nli s3, 22\nli s4, 33\nli s5, 44\n.word 0xffffffff\n"
                     "mv %0, s2\nmv %1, s3\nmv %2, s4\nmv %3, s5"
                     : "=r"(a), "=r"(b), "=r"(c), "=r"(d)::"s2", "s3", "s4", "s5", "memory");
    printf("%ld %ld %ld %ld, then %ld %ld %ld %ld\n", seen[0], seen[1], seen[2], seen[3], a, b, c, d);
    __asm__ volatile(".option push\n.option norvc\nli s2, 5\nli s3, 6\nli s4, 0\nli s5, 8\nlw s2, 8(s4)\n"
                     "mv %0, s2\nmv %1, s3\nmv %2, s4\nmv %3, s5\n.option pop"
                     : "=r"(a), "=r"(b), "=r"(c), "=r"(d)::"s2", "s3", "s4", "s5", "memory");
    printf("%ld %ld %ld %ld, then %ld %ld %ld %ld\n", seen[0], seen[1], seen[2], seen[3], a, b, c, d);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = jump_out, .sa_flags = SA_SIGINFO};
    sigaction(SIGILL, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    TRAP("unimp");
    TRAP(".half 0");
    TRAP(".word 0xffffffff");
    TRAP("csrw cycle, zero");
    TRAP("csrr t0, sstatus");
    TRAP("mret");
    TRAP(".option push\n.option norvc\nebreak\n.option pop");
    TRAP("c.ebreak");
    changing();
    return 0;
}
