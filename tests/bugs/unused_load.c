/* A load faults where it must, even if nobody uses what it loads. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

static sigjmp_buf out;

static void handler(int signal) { siglongjmp(out, signal); }

__attribute__((noinline)) static void load(volatile char *p) { (void)*p; }

int main(void) {
    signal(SIGSEGV, handler);
    int faulted = sigsetjmp(out, 1);
    if (!faulted)
        load((volatile char *)16);
    printf("%d\n", faulted);
    return 0;
}
