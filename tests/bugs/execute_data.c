/* Memory that may not be executed is not executed: SIGSEGV with SEGV_ACCERR at the address. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

static sigjmp_buf out;

static void handler(int signal, siginfo_t *info, void *context) {
    (void)context;
    printf("%d %d %d\n", signal, info->si_code, (int)((unsigned long)info->si_addr % 4096));
    siglongjmp(out, 1);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGILL, &action, NULL);
    char *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(out, 1) == 0)
        ((void (*volatile)(void))(data + 64))();
    return 0;
}
