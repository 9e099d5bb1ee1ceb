/* Signals that come by themselves: into busy loops, into calls that wait. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile sig_atomic_t ticks;
static void tick(int signal) {
    (void)signal;
    ticks++;
}

static void handle(int signal, int flags) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = flags};
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static void start(int which, long first, long every) {
    struct itimerval timer = {{0, every}, {0, first}};
    CHECK(setitimer(which, &timer, NULL) == 0);
}

static unsigned work(unsigned x) {
    for (int i = 0; i < 50; i++)
        x = x * 1664525u + 1013904223u;
    return x;
}

static int plain_flag;
static void set_flag(int signal) {
    (void)signal;
    __atomic_store_n(&plain_flag, 1, __ATOMIC_RELAXED);
}

static void busy_loops(void) {
    handle(SIGALRM, 0);
    start(ITIMER_REAL, 2000, 2000);
    while (ticks < 5) {
    }
    puts("empty loop");
    unsigned x = 1;
    for (ticks = 0; ticks < 5;)
        x = work(x);
    printf("working loop %d\n", x != 1);
    start(ITIMER_REAL, 0, 0);
    struct sigaction action = {.sa_handler = set_flag};
    sigaction(SIGALRM, &action, NULL);
    start(ITIMER_REAL, 2000, 0);
    while (!__atomic_load_n(&plain_flag, __ATOMIC_RELAXED)) {
    }
    puts("atomic loop");
    handle(SIGVTALRM, 0);
    ticks = 0;
    start(ITIMER_VIRTUAL, 2000, 0);
    while (!ticks)
        x = work(x);
    puts("virtual");
    handle(SIGPROF, 0);
    ticks = 0;
    start(ITIMER_PROF, 2000, 0);
    while (!ticks)
        x = work(x);
    puts("profile");
}

/* Ticks arrive at any place of a computation and change nothing in it. */
static void undisturbed(void) {
    handle(SIGALRM, SA_RESTART);
    double expected = 0, real = 0;
    uint64_t first = 7, second = 7, hash = HASH_START, other = HASH_START;
    for (int i = 0; i < 100000; i++) {
        expected += (double)(next_random(&first) >> 11) / 3.0;
        hash = hash_bytes(hash, &expected, sizeof expected);
    }
    start(ITIMER_REAL, 300, 300);
    for (int i = 0; i < 100000; i++) {
        real += (double)(next_random(&second) >> 11) / 3.0;
        other = hash_bytes(other, &real, sizeof real);
    }
    start(ITIMER_REAL, 0, 0);
    printf("undisturbed %d\n", hash == other);
}

static void waiting(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    char byte;
    handle(SIGALRM, 0);
    start(ITIMER_REAL, 10000, 0);
    SHOW(read(ends[0], &byte, 1));
    ticks = 0;
    start(ITIMER_REAL, 10000, 0);
    SHOW(pause());
    printf("%d\n", ticks);
    start(ITIMER_REAL, 10000, 0);
    struct timespec nap = {20, 0}, rest = {0, 0};
    SHOW(nanosleep(&nap, &rest));
    CHECK(rest.tv_sec == 19 && rest.tv_nsec > 0);
    struct itimerval left;
    SHOW(setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {100, 0}}, NULL));
    SHOW(getitimer(ITIMER_REAL, &left));
    CHECK(left.it_value.tv_sec >= 99);
    SHOW(alarm(0));
    ticks = 0;
    SHOW(alarm(1));
    CHECK(sleep(10) > 5 && ticks == 1);
}

/* With SA_RESTART the call goes on after the handler. */
static int restart_pipe[2];
static void write_then(int signal) {
    (void)signal;
    if (++ticks == 3)
        write(restart_pipe[1], "r", 1);
}

static void restarting(void) {
    CHECK(pipe(restart_pipe) == 0);
    struct sigaction action = {.sa_handler = write_then, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    ticks = 0;
    start(ITIMER_REAL, 5000, 5000);
    char byte = 0;
    ssize_t got = read(restart_pipe[0], &byte, 1);
    start(ITIMER_REAL, 0, 0);
    printf("%zd %c %d\n", got, byte, ticks >= 3);
}

static void more_timers(void) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    handle(SIGUSR1, 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    struct itimerspec when = {{0, 2000000}, {0, 2000000}};
    ticks = 0;
    CHECK(timer_settime(timer, 0, &when, NULL) == 0);
    while (ticks < 3)
        pause();
    CHECK(timer_delete(timer) == 0);
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    CHECK(timerfd_settime(fd, 0, &when, NULL) == 0);
    uint64_t expirations = 0;
    SHOW(read(fd, &expirations, sizeof expirations));
    CHECK(expirations >= 1);
}

int main(void) {
    busy_loops();
    undisturbed();
    waiting();
    restarting();
    more_timers();
    return 0;
}
