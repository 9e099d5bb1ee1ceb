/* Who we are, and limits, where the answer is the machine's own. */
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "check.h"

int main(void) {
    printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
    uid_t r, e, s;
    SHOW(getresuid(&r, &e, &s));
    CHECK(r == getuid() && e == geteuid());
    gid_t groups[64];
    printf("%d\n", getgroups(64, groups) >= 0);
    CHECK(getpid() == syscall(SYS_getpid) && getpid() == syscall(SYS_gettid));
    CHECK(getppid() > 0 && getsid(0) > 0);
    printf("%ld %ld\n", sysconf(_SC_PAGESIZE), sysconf(_SC_CLK_TCK));
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    cpu_set_t cpus;
    CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) >= 1);
    SHOW(sched_yield());
    SHOW(getpriority(PRIO_PROCESS, 0));

    struct rlimit limit;
    SHOW(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 64;
    SHOW(setrlimit(RLIMIT_NOFILE, &limit));
    SHOW(dup2(0, 64));
    SHOW(dup2(0, 63));
    limit.rlim_cur = limit.rlim_max + 1;
    if (limit.rlim_max != RLIM_INFINITY)
        SHOW(setrlimit(RLIMIT_NOFILE, &limit));
    SHOW(getrlimit(RLIMIT_STACK, &limit));
    printf("%lld\n", (long long)limit.rlim_cur);

    unsigned char first[64] = {0}, second[64] = {0};
    SHOW(getrandom(first, sizeof first, 0));
    SHOW(getrandom(second, sizeof second, GRND_NONBLOCK));
    CHECK(memcmp(first, second, sizeof first) != 0);
    SHOW(getrandom((void *)8, 16, 0));
    SHOW(getentropy(first, 32));
    FILE *urandom = fopen("/dev/urandom", "r");
    CHECK(fread(first, 1, 64, urandom) == 64);

    char host[256];
    SHOW(gethostname(host, sizeof host));
    puts(host);
    struct sysinfo info;
    SHOW(sysinfo(&info));
    CHECK(info.totalram > 0 && info.procs > 0);
    SHOW(syscall(9999));
    SHOW(syscall(SYS_getcpu, NULL, NULL, NULL));
    SHOW(setuid(getuid()));
    SHOW(umask(022));
    return 0;
}
