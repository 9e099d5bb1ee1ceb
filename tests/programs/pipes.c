/* Pipes between processes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static void large_transfer(void) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        uint64_t state = 1;
        for (int i = 0; i < 2000; i++) {
            uint64_t words[64];
            for (int j = 0; j < 64; j++)
                words[j] = next_random(&state);
            size_t done = 0;
            while (done < sizeof words) {
                ssize_t wrote = write(ends[1], (char *)words + done, sizeof words - done);
                if (wrote < 0)
                    _exit(1);
                done += (size_t)wrote;
            }
        }
        _exit(0);
    }
    close(ends[1]);
    uint64_t hash = HASH_START;
    size_t total = 0;
    char buffer[3333];
    ssize_t got;
    while ((got = read(ends[0], buffer, sizeof buffer)) > 0) {
        hash = hash_bytes(hash, buffer, (size_t)got);
        total += (size_t)got;
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    printf("%zu %016llx %d\n", total, (unsigned long long)hash, status);
    close(ends[0]);
}

static void edges(void) {
    int ends[2];
    SHOW(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
    char byte = 0;
    SHOW(read(ends[0], &byte, 1));
    SHOW(write(ends[1], "abc", 3));
    int waiting = 0;
    SHOW(ioctl(ends[0], FIONREAD, &waiting));
    printf("%d\n", waiting);
    SHOW(lseek(ends[0], 0, SEEK_SET));
    char block[4096] = "";
    long long filled = 3;
    ssize_t wrote;
    while ((wrote = write(ends[1], block, sizeof block)) > 0)
        filled += wrote;
    printf("%d %s\n", filled > 4096, strerror(errno));
    CHECK(fcntl(ends[0], F_GETPIPE_SZ) >= 4096);
    SHOW(close(ends[0]));
    signal(SIGPIPE, SIG_IGN);
    SHOW(write(ends[1], "x", 1));
    signal(SIGPIPE, SIG_DFL);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        write(ends[1], "x", 1);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("%d %d\n", WIFSIGNALED(status), WTERMSIG(status) == SIGPIPE);
    SHOW(close(ends[1]));
    SHOW(pipe((int *)8));
}

/* A chain of filters, each of which adds one. */
static void chain(void) {
    int in[2];
    CHECK(pipe(in) == 0);
    int source = in[1], previous = in[0];
    fflush(stdout);
    for (int i = 0; i < 5; i++) {
        int next[2];
        CHECK(pipe(next) == 0);
        if (fork() == 0) {
            close(source);
            close(next[0]);
            int value;
            while (read(previous, &value, sizeof value) == sizeof value) {
                value++;
                write(next[1], &value, sizeof value);
            }
            _exit(0);
        }
        close(next[1]);
        close(previous);
        previous = next[0];
    }
    for (int i = 0; i < 10; i++)
        write(source, &(int){i * 100}, sizeof i);
    close(source);
    int value;
    while (read(previous, &value, sizeof value) == sizeof value)
        printf("%d ", value);
    while (wait(NULL) > 0) {
    }
    printf("%s\n", strerror(errno));
}

int main(void) {
    large_transfer();
    edges();
    chain();
    return 0;
}
