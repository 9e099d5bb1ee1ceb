/* What happens at the end of a program. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void first(void) { puts("first registered, last called"); }
static void second(void) {
    puts("second");
    atexit(first);
}
static void with_status(int status, void *data) { printf("status %d %s\n", status, (char *)data); }
static void quick(void) { write(1, "quick\n", 6); }
__attribute__((destructor)) static void destructor(void) { puts("destructor"); }
__attribute__((destructor(101))) static void late(void) { puts("late destructor"); }

static void child(void (*body)(void)) {
    fflush(stdout);
    if (fork() == 0)
        body();
    int status;
    wait(&status);
    printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

static void by_exit(void) { exit(256 + 3); }
static void by_underscore(void) {
    printf("never flushed");
    _exit(4);
}
static void by_quick(void) { quick_exit(5); }
static void by_abort(void) {
    printf("never flushed");
    abort();
}

int main(void) {
    atexit(first);
    atexit(second);
    on_exit(with_status, "data");
    at_quick_exit(quick);
    child(by_exit);
    child(by_underscore);
    child(by_quick);
    child(by_abort);
    printf("at the end, without newline");
    return 42;
}
