/* Out of handlers by a long jump. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "check.h"

static sigjmp_buf out;
static volatile int jumps;

static void jump(int signal) {
    jumps++;
    siglongjmp(out, signal);
}

static int is_blocked(int signal) {
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    return sigismember(&mask, signal);
}

static volatile int *nowhere = (int *)16;

static long deep(int depth, long x) {
    volatile long keep = x * 3;
    if (depth == 0) {
        if (x % 2)
            raise(SIGUSR1);
        else
            *nowhere = 1;
    }
    return deep(depth - 1, x) + keep;
}

int main(void) {
    struct sigaction action = {.sa_handler = jump};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    volatile long sum = 0;
    for (volatile int i = 0; i < 1000; i++) {
        int signal = sigsetjmp(out, 1);
        if (signal == 0)
            deep(i % 50, i);
        sum += signal * i;
    }
    printf("%d %ld %d %d\n", jumps, sum, is_blocked(SIGUSR1), is_blocked(SIGSEGV));

    /* Without a saved mask the signal stays blocked. */
    if (sigsetjmp(out, 0) == 0)
        raise(SIGUSR1);
    printf("%d\n", is_blocked(SIGUSR1));
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    /* Out of a loop that has no other end. */
    for (volatile int i = 0; i < 20; i++) {
        if (sigsetjmp(out, 1) == 0) {
            struct itimerval timer = {.it_value = {0, 1000}};
            setitimer(ITIMER_REAL, &timer, NULL);
            for (volatile unsigned spin = 0;; spin++) {
            }
        }
    }
    printf("%d\n", jumps);
    return 0;
}
