/* A store faults where it must, even if it would change nothing. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static sigjmp_buf out;

static void handler(int signal) { siglongjmp(out, signal); }

__attribute__((noinline)) static void store_back(volatile char *p) { *p = *p; }

int main(void) {
    signal(SIGSEGV, handler);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int faulted = sigsetjmp(out, 1);
    if (!faulted)
        store_back(page);
    printf("%d\n", faulted);
    return 0;
}
