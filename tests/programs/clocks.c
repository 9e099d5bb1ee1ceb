/* Time passes, in the right direction, at about the right speed. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int64_t now(clockid_t clock) {
    struct timespec t;
    CHECK(clock_gettime(clock, &t) == 0);
    CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(void) {
    clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                          CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME, CLOCK_MONOTONIC_RAW};
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        int64_t before = now(clocks[i]);
        struct timespec resolution;
        CHECK(now(clocks[i]) >= before && clock_getres(clocks[i], &resolution) == 0);
    }
    SHOW(clock_gettime(999, &(struct timespec){0}));

    int64_t before = now(CLOCK_MONOTONIC);
    struct timespec nap = {0, 30000000}, rest;
    CHECK(nanosleep(&nap, NULL) == 0);
    int64_t slept = now(CLOCK_MONOTONIC) - before;
    CHECK(slept >= 30000000 && slept < 5000000000);
    before = now(CLOCK_MONOTONIC);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 10000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    CHECK(now(CLOCK_MONOTONIC) - before >= 9000000);
    nap.tv_nsec = 1000000000;
    SHOW(nanosleep(&nap, &rest));
    usleep(1000);

    struct timeval day;
    CHECK(gettimeofday(&day, NULL) == 0);
    time_t seconds = time(NULL);
    CHECK(seconds - day.tv_sec <= 1 && seconds > 1700000000);
    CHECK(now(CLOCK_REALTIME) / 1000000000 - seconds <= 1);

    /* Work takes processor time; sleeping takes none. */
    volatile uint64_t sum = 0;
    int64_t used = now(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < 2000000; i++)
        sum += (uint64_t)i;
    CHECK(now(CLOCK_PROCESS_CPUTIME_ID) > used && clock() >= 0);
    struct rusage usage;
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > 0);
    struct tms tms;
    CHECK(times(&tms) != (clock_t)-1);

    time_t stamps[] = {0, 951782400, 1234567890, 4102444799, -1};
    for (size_t i = 0; i < sizeof stamps / sizeof *stamps; i++) {
        struct tm tm;
        char text[64];
        gmtime_r(&stamps[i], &tm);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %j %U", &tm);
        printf("%s %d\n", text, timegm(&tm) == stamps[i]);
        localtime_r(&stamps[i], &tm);
        tm.tm_mday += 40;
        printf("%lld\n", (long long)mktime(&tm));
    }
    struct tm parsed = {0};
    CHECK(strptime("2024-02-29 12:34:56", "%Y-%m-%d %T", &parsed) != NULL);
    printf("%d %d\n", parsed.tm_yday, parsed.tm_wday);
    return 0;
}
