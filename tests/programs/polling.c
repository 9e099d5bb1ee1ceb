/* Waiting for several descriptors. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "check.h"

static void nothing(int signal) { (void)signal; }

int main(void) {
    int a[2], b[2];
    CHECK(pipe(a) == 0 && pipe(b) == 0);
    struct pollfd fds[] = {{a[0], POLLIN, 0}, {b[1], POLLOUT, 0}, {-1, POLLIN, 0}, {999, POLLIN, 0}};
    SHOW(poll(fds, 1, 0));
    SHOW(poll(fds, 1, 5));
    SHOW(poll(fds, 4, -1));
    printf("%x %x %x %x\n", fds[0].revents, fds[1].revents, fds[2].revents, fds[3].revents);
    write(a[1], "x", 1);
    SHOW(ppoll(fds, 1, &(struct timespec){1, 0}, NULL));
    printf("%x\n", fds[0].revents);
    fd_set readable, writable;
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(a[0], &readable);
    FD_SET(b[0], &readable);
    FD_SET(b[1], &writable);
    SHOW(select(b[1] + 1, &readable, &writable, NULL, &(struct timeval){1, 0}));
    printf("%d %d %d\n", FD_ISSET(a[0], &readable), FD_ISSET(b[0], &readable), FD_ISSET(b[1], &writable));
    struct timeval short_time = {0, 2000};
    FD_ZERO(&readable);
    FD_SET(b[0], &readable);
    SHOW(select(b[0] + 1, &readable, NULL, NULL, &short_time));
    SHOW(select(-1, NULL, NULL, NULL, NULL));

    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef0}, events[8];
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, a[0], &event));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, a[0], &event));
    event.data.u64 = 7;
    event.events = EPOLLOUT | EPOLLET;
    SHOW(epoll_ctl(epoll, EPOLL_CTL_ADD, b[1], &event));
    int count = epoll_wait(epoll, events, 8, 100);
    uint64_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += events[i].data.u64 * events[i].events;
    printf("%d %llx\n", count, (unsigned long long)sum);
    SHOW(epoll_wait(epoll, events, 8, 0));
    SHOW(epoll_ctl(epoll, EPOLL_CTL_DEL, a[0], NULL));
    SHOW(epoll_wait(epoll, events, 8, 0));
    close(a[1]);
    char byte;
    read(a[0], &byte, 1);
    SHOW(poll(fds, 1, 0));
    printf("%x\n", fds[0].revents);

    int counter = eventfd(3, EFD_NONBLOCK);
    uint64_t value = 4;
    SHOW(write(counter, &value, 8));
    SHOW(read(counter, &value, 8));
    printf("%llu\n", (unsigned long long)value);
    SHOW(read(counter, &value, 8));

    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    int signals = signalfd(-1, &mask, 0);
    raise(SIGUSR1);
    struct signalfd_siginfo info;
    SHOW(read(signals, &info, sizeof info));
    printf("%u %d\n", info.ssi_signo, info.ssi_pid == (uint32_t)getpid());

    /* The mask of the call is in force only while it waits. */
    signal(SIGUSR1, nothing);
    raise(SIGUSR1);
    sigset_t none;
    sigemptyset(&none);
    SHOW(ppoll(NULL, 0, &(struct timespec){5, 0}, &none));
    raise(SIGUSR1);
    SHOW(pselect(0, NULL, NULL, NULL, &(struct timespec){5, 0}, &none));
    raise(SIGUSR1);
    SHOW(epoll_pwait(epoll, events, 8, 5000, &none));

    int notify = inotify_init1(IN_NONBLOCK);
    CHECK(inotify_add_watch(notify, ".", IN_CREATE) >= 0);
    close(creat("made", 0600));
    char buffer[512];
    CHECK(read(notify, buffer, sizeof buffer) > 0);
    printf("%s\n", ((struct inotify_event *)buffer)->name);
    return 0;
}
