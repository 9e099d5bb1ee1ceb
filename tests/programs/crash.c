// args: fault
/* A program that ends by a fault of its own. */
#include <signal.h>
#include <unistd.h>

#include "check.h"

__attribute__((noinline)) void crash_here(volatile int *where) { *where = 0x5a5a; }

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    puts("before");
    fflush(stdout);
    if (!strcmp(how, "fault"))
        crash_here((int *)0x40);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "illegal"))
#ifdef __riscv
        __asm__ volatile(".global illegal_here\nillegal_here: .word 0xffffffff");
#else
        __asm__ volatile("ud2");
#endif
    if (!strcmp(how, "trap"))
#ifdef __riscv
        __asm__ volatile("ebreak");
#else
        __asm__ volatile("int3");
#endif
    if (!strcmp(how, "signal"))
        kill(getpid(), atoi(argv[2]));
    if (!strcmp(how, "status"))
        _exit(atoi(argv[2]));
    if (!strcmp(how, "jump"))
        ((void (*)(void))(uintptr_t)0x40)();
    puts("after");
    return 0;
}
