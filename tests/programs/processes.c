/* Children: how they are made, how they end, and what their parent sees of it. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static void show(const char *what, int status) {
    if (WIFEXITED(status))
        printf("%s: status %d\n", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("%s: signal %d\n", what, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        printf("%s: stopped by %d\n", what, WSTOPSIG(status));
    else if (WIFCONTINUED(status))
        printf("%s: continued\n", what);
}

static volatile int *nowhere;
static void by_fault(void) { *nowhere = 1; }
static void by_abort(void) { abort(); }
static void by_kill(void) { kill(getpid(), SIGKILL); }
static void by_term(void) { raise(SIGTERM); }
static void by_usr1(void) { raise(SIGUSR1); }
static void by_trap(void) { __builtin_trap(); }
static void by_exit(void) { exit(300); }
static void by_minus_one(void) { _exit(-1); }
static void by_return(void) {}
static void by_ignored(void) { signal(SIGSEGV, SIG_IGN); raise(SIGSEGV); _exit(9); }
static void by_blocked_fault(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    *nowhere = 1;
}

static void endings(void) {
    struct { const char *what; void (*body)(void); } cases[] = {
        {"fault", by_fault}, {"abort", by_abort}, {"kill", by_kill}, {"term", by_term},
        {"usr1", by_usr1}, {"trap", by_trap}, {"exit", by_exit}, {"minus one", by_minus_one},
        {"return", by_return}, {"ignored", by_ignored}, {"blocked fault", by_blocked_fault},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            /* Where this is a real trap instruction differs between machines. */
            if (cases[i].body == by_trap)
                raise(SIGILL);
            cases[i].body();
            _exit(17);
        }
        int status = 0;
        CHECK(waitpid(child, &status, 0) == child);
        show(cases[i].what, status);
    }
}

static void stopping(void) {
    int go[2];
    CHECK(pipe(go) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSTOP);
        /* Not before its going on was seen: Linux forgets that once the child has ended. */
        char byte;
        CHECK(read(go[0], &byte, 1) == 1);
        _exit(4);
    }
    int status;
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    show("stop", status);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child);
    show("go on", status);
    CHECK(write(go[1], "x", 1) == 1);
    CHECK(waitpid(child, &status, 0) == child);
    show("end", status);
    CHECK(waitpid(child, &status, 0) == -1 && errno == ECHILD);
    close(go[0]);
    close(go[1]);
}

static void memory_is_apart(void) {
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int *own = malloc(sizeof *own);
    *own = *shared = 1;
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        *own = 2;
        *shared = 2;
        _exit(getppid() == parent && getpid() != parent ? 0 : 1);
    }
    siginfo_t info = {0};
    CHECK(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
    printf("%d %d %d\n", info.si_signo == SIGCHLD, info.si_code == CLD_EXITED, info.si_status);
    CHECK(info.si_pid == child);
    struct rusage usage;
    int status;
    CHECK(wait4(child, &status, 0, &usage) == child);
    show("apart", status);
    printf("%d %d\n", *own, *shared);
    free(own);
}

static void many(void) {
    int sum = 0;
    fflush(stdout);
    for (int i = 0; i < 30; i++)
        if (fork() == 0)
            _exit(i);
    int status;
    while (wait(&status) > 0)
        sum += WEXITSTATUS(status);
    printf("sum %d\n", sum);
    if (fork() == 0) {
        /* A child of a child reports through its parent. */
        pid_t grandchild = fork();
        if (grandchild == 0)
            _exit(5);
        waitpid(grandchild, &status, 0);
        _exit(WEXITSTATUS(status) + 1);
    }
    wait(&status);
    show("grandchild", status);
}

static void groups(void) {
    int ready[2];
    CHECK(pipe(ready) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        if (getpgrp() != getpid())
            _exit(1);
        fork();
        write(ready[1], "x", 1);
        for (;;)
            pause();
    }
    close(ready[1]);
    char bytes[2];
    for (int got = 0; got < 2;)
        got += (int)read(ready[0], bytes, 1);
    CHECK(getpgid(child) == child);
    CHECK(kill(-child, SIGTERM) == 0);
    int status;
    CHECK(waitpid(-child, &status, 0) == child);
    show("group", status);
    CHECK(read(ready[0], bytes, 1) == 0);
    child = fork();
    if (child == 0)
        _exit(setsid() == getpid() && getsid(0) == getpid() ? 0 : 1);
    waitpid(child, &status, 0);
    show("session", status);
    SHOW(kill(child, 0));
    SHOW(kill(getpid(), 0));
    SHOW(kill(getpid(), 1000));
}

int main(void) {
    endings();
    stopping();
    memory_is_apart();
    many();
    groups();
    return 0;
}
