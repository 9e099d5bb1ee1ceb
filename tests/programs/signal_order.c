/* Several signals that wait are taken together: frames lie above each other. */
#include <signal.h>
#include <unistd.h>

#include "check.h"

static volatile int depth, count, order[32];

static void note(int signal) {
    /* Before anything at which the next signal could be taken. */
    order[count++] = signal;
    printf("%d at depth %d\n", signal, depth);
    depth++;
    for (volatile int i = 0; i < 100; i++)
        ;
    depth--;
    printf("%d ends\n", signal);
}

static void note_value(int signal, siginfo_t *info, void *context) {
    (void)context;
    printf("%d value %d at depth %d\n", signal - SIGRTMIN, info->si_value.sival_int, depth);
}

int main(void) {
    sigset_t all, old;
    struct sigaction action = {.sa_handler = note};
    int signals[] = {SIGUSR2, SIGUSR1, SIGHUP, SIGTERM, SIGALRM};
    for (int i = 0; i < 5; i++)
        CHECK(sigaction(signals[i], &action, NULL) == 0);
    struct sigaction queued = {.sa_sigaction = note_value, .sa_flags = SA_SIGINFO};
    for (int i = 0; i < 3; i++)
        CHECK(sigaction(SIGRTMIN + i, &queued, NULL) == 0);
    sigfillset(&all);
    CHECK(sigprocmask(SIG_BLOCK, &all, &old) == 0);
    for (int i = 0; i < 5; i++)
        CHECK(raise(signals[i]) == 0);
    /* Standard signals are merged, real-time signals are queued. */
    CHECK(raise(SIGUSR1) == 0);
    for (int i = 0; i < 6; i++)
        CHECK(sigqueue(getpid(), SIGRTMIN + i % 3, (union sigval){.sival_int = i}) == 0);
    sigset_t waiting;
    CHECK(sigpending(&waiting) == 0);
    for (int i = 0; i < 5; i++)
        printf("%d", sigismember(&waiting, signals[i]));
    printf("\n");
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    printf("after\n");

    /* A handler that blocks the others keeps them waiting until it ends. */
    sigfillset(&action.sa_mask);
    for (int i = 0; i < 5; i++)
        CHECK(sigaction(signals[i], &action, NULL) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &all, &old) == 0);
    for (int i = 0; i < 5; i++)
        CHECK(raise(signals[i]) == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    for (int i = 0; i < count; i++)
        printf("%d ", order[i]);
    printf("end\n");
    return 0;
}
