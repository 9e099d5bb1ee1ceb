/* Handlers, masks and what a handler is told. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t count, depth, deepest, order[16], seen;

static void counting(int signal) {
    count++;
    order[seen++ % 16] = signal;
}

static void informed(int signal, siginfo_t *info, void *context) {
    ucontext_t *ucontext = context;
    printf("signal %d code %d own pid %d value %d blocked %d\n", signal, info->si_code,
           info->si_pid == getpid(), info->si_value.sival_int,
           sigismember(&ucontext->uc_sigmask, SIGUSR2));
}

static void nesting(int signal) {
    if (++depth > deepest)
        deepest = depth;
    if (++count < 5)
        raise(signal);
    depth--;
}

static void set(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    SHOW(sigaction(signal, &action, NULL));
}

static void blocking(void) {
    sigset_t mask, old, pending;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGUSR2);
    sigaddset(&mask, SIGRTMIN + 1);
    SHOW(sigprocmask(SIG_BLOCK, &mask, &old));
    set(SIGUSR1, counting, 0);
    set(SIGUSR2, counting, 0);
    set(SIGRTMIN + 1, counting, 0);
    count = seen = 0;
    for (int i = 0; i < 3; i++) {
        raise(SIGUSR2);
        raise(SIGUSR1);
        raise(SIGRTMIN + 1);
    }
    SHOW(sigpending(&pending));
    printf("%d %d %d\n", count, sigismember(&pending, SIGUSR1), sigismember(&pending, SIGHUP));
    SHOW(sigprocmask(SIG_SETMASK, &old, NULL));
    /* Which of those that are pending is handled first is not promised. */
    int handled[65] = {0};
    for (int i = 0; i < seen; i++)
        handled[order[i]]++;
    printf("%d: %d %d %d\n", count, handled[SIGUSR1], handled[SIGUSR2], handled[SIGRTMIN + 1]);
    /* A set waited for is taken, not handled. */
    sigprocmask(SIG_BLOCK, &mask, NULL);
    sigqueue(getpid(), SIGUSR2, (union sigval){.sival_int = 77});
    siginfo_t info;
    SHOW(sigwaitinfo(&mask, &info));
    printf("%d\n", info.si_value.sival_int);
    SHOW(sigtimedwait(&mask, &info, &(struct timespec){0, 1000000}));
    raise(SIGUSR1);
    count = 0;
    sigset_t none;
    sigemptyset(&none);
    SHOW(sigsuspend(&none));
    printf("%d\n", count);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

static void kinds(void) {
    struct sigaction action = {.sa_sigaction = informed, .sa_flags = SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGUSR2);
    SHOW(sigaction(SIGUSR1, &action, NULL));
    kill(getpid(), SIGUSR1);
    raise(SIGUSR1);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = -5});
    struct sigaction read_back;
    SHOW(sigaction(SIGUSR1, NULL, &read_back));
    printf("%d %d\n", read_back.sa_sigaction == informed, (read_back.sa_flags & SA_SIGINFO) != 0);

    set(SIGUSR1, nesting, 0);
    count = deepest = 0;
    raise(SIGUSR1);
    printf("deepest %d\n", deepest);
    set(SIGUSR1, nesting, SA_NODEFER);
    count = depth = deepest = 0;
    raise(SIGUSR1);
    printf("deepest %d\n", deepest);
    set(SIGUSR1, counting, (int)SA_RESETHAND);
    count = 0;
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &read_back);
    printf("%d %d\n", count, read_back.sa_handler == SIG_DFL);
    signal(SIGUSR1, SIG_IGN);
    raise(SIGUSR1);
    SHOW(sigaction(SIGKILL, &action, NULL));
    SHOW(sigaction(65, &action, NULL));
    SHOW(raise(0));
}

/* Registers of all kinds survive a handler that uses them. */
static double busy(double x) {
    for (int i = 0; i < 1000; i++)
        x = x * 1.0000001 + 0.5;
    return x;
}

static volatile double noise;
static void noisy(int signal) {
    (void)signal;
    noise = busy(noise + 3.0);
}

static void registers(void) {
    set(SIGUSR1, noisy, 0);
    double x = 1.0, expected = 1.0;
    long integer = 1;
    for (int i = 0; i < 200; i++) {
        expected = expected * 1.01 + i;
        x = x * 1.01 + i;
        raise(SIGUSR1);
        integer = integer * 31 + i;
    }
    printf("%d %ld %a\n", x == expected, integer, x);
}

static void from_a_child(void) {
    count = 0;
    set(SIGUSR1, counting, 0);
    sigset_t mask, old;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, &old);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        kill(getppid(), SIGUSR1);
        /* Inherited. */
        raise(SIGUSR1);
        sigprocmask(SIG_SETMASK, &old, NULL);
        _exit(count == 1 ? 0 : 1);
    }
    while (count == 0)
        sigsuspend(&old);
    int status;
    while (waitpid(child, &status, 0) < 0) {
    }
    printf("child %d, %d\n", WEXITSTATUS(status), count);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    blocking();
    kinds();
    registers();
    from_a_child();
    return 0;
}
