// skip: qemu, it does not know SA_NOCLDWAIT
/* The signal that a child has ended. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t reaped, codes[3], last_status;

static void reap(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    if (info->si_code >= CLD_EXITED && info->si_code <= CLD_DUMPED)
        codes[info->si_code - CLD_EXITED]++;
    last_status = info->si_status;
    int saved = errno, status;
    while (waitpid(-1, &status, WNOHANG) > 0)
        reaped++;
    errno = saved;
}

static void wait_for(int count) {
    sigset_t none;
    sigemptyset(&none);
    while (reaped < count)
        sigsuspend(&none);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    struct sigaction action = {.sa_sigaction = reap, .sa_flags = SA_SIGINFO};
    SHOW(sigaction(SIGCHLD, &action, NULL));
    if (fork() == 0)
        _exit(13);
    wait_for(1);
    printf("exited %d status %d\n", codes[0], last_status);
    if (fork() == 0)
        raise(SIGKILL);
    wait_for(2);
    printf("killed %d status %d\n", codes[1], last_status);
    for (int i = 0; i < 20; i++)
        if (fork() == 0)
            _exit(i);
    wait_for(22);
    SHOW(waitpid(-1, NULL, 0));

    action.sa_flags = SA_SIGINFO | SA_NOCLDWAIT;
    sigaction(SIGCHLD, &action, NULL);
    if (fork() == 0)
        _exit(0);
    SHOW(wait(NULL));
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0)
        _exit(0);
    SHOW(wait(NULL));

    /* Stopping tells the parent, unless it does not want to know. */
    action.sa_flags = SA_SIGINFO | SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        _exit(2);
    }
    int status;
    while (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) {
    }
    reaped = 0;
    kill(child, SIGCONT);
    while (!reaped)
        usleep(1000);
    printf("%d\n", last_status);
    return 0;
}
