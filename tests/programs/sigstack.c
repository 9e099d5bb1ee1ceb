/* A stack of its own for handlers, and a stack that overflows. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>

#include "check.h"

static char stack[1 << 16];
static sigjmp_buf out;
static volatile int on_own_stack, overflows;

static int is_inside(const void *p) {
    return (const char *)p >= stack && (const char *)p < stack + sizeof stack;
}

static void handler(int signal, siginfo_t *info, void *context) {
    (void)info, (void)context;
    int local = signal;
    on_own_stack = is_inside(&local);
    stack_t current;
    sigaltstack(NULL, &current);
    if (signal == SIGUSR1) {
        printf("flags %d\n", current.ss_flags);
        SHOW(sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL));
    } else {
        overflows++;
        siglongjmp(out, 1);
    }
}

static int recurse(volatile char *outer, int depth) {
    volatile char frame[4096];
    frame[depth % 4096] = outer ? outer[0] : 1;
    return recurse(frame, depth + 1) + frame[depth % 4096];
}

int main(void) {
    stack_t none, own = {.ss_sp = stack, .ss_size = sizeof stack};
    SHOW(sigaltstack(NULL, &none));
    printf("%d\n", none.ss_flags == SS_DISABLE);
    SHOW(sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = 100}, NULL));
    SHOW(sigaltstack(&own, NULL));
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("%d\n", on_own_stack);
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    printf("%d\n", on_own_stack);

    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    getrlimit(RLIMIT_STACK, &limit);
    limit.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_STACK, &limit);
    SHOW(sigaltstack(&own, NULL));
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 3; i++)
        if (sigsetjmp(out, 1) == 0)
            recurse(NULL, 0);
    printf("overflows %d %d\n", overflows, on_own_stack);
    return 0;
}
