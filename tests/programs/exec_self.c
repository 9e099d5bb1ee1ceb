// args: {self}
// skip: qemu, it starts guest programs only where the kernel is set up for it
/* A program of the guest's kind starts itself: what goes through exec and what does not. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static void nothing(int signal) { (void)signal; }

static int finish(pid_t child) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int inside(int argc, char **argv) {
    printf("inside, %d arguments:", argc);
    for (int i = 0; i < argc; i++)
        printf(" <%s>", i == 0 && argv[i][0] == '/' ? "path" : argv[i]);
    printf("\nenvironment:");
    for (char **variable = environ; *variable; variable++)
        if (strncmp(*variable, "GIVEN", 5) == 0 && strncmp(*variable, "GIVEN_PID", 9) != 0)
            printf(" <%s>", *variable);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    struct sigaction usr1, usr2;
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGUSR2, NULL, &usr2);
    printf("\nmask %d %d handlers %d %d\n", sigismember(&mask, SIGHUP), sigismember(&mask, SIGTERM),
           usr1.sa_handler == SIG_IGN, usr2.sa_handler == SIG_DFL);
    printf("descriptors %d %d\n", fcntl(50, F_GETFD) >= 0, fcntl(51, F_GETFD) >= 0);
    printf("pid %d\n", getenv("GIVEN_PID") ? atoi(getenv("GIVEN_PID")) == getpid() : -1);
    fflush(stdout);
    return 60 + argc;
}

static void run(const char *path, char **arguments, char **variables) {
    pid_t child = fork();
    if (child == 0) {
        char pid[32];
        snprintf(pid, sizeof pid, "GIVEN_PID=%d", getpid());
        char *with_pid[] = {pid, variables[0], variables[1], NULL};
        execve(path, arguments, with_pid);
        printf("exec: %s\n", strerror(errno));
        fflush(stdout);
        _exit(1);
    }
    printf("%d\n", finish(child));
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc != 2 || strcmp(argv[1], "inside") == 0 || getenv("GIVEN"))
        return inside(argc, argv);
    char *self = argv[1];
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGHUP);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, nothing);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 50);
    dup3(null, 51, O_CLOEXEC);
    char *none[] = {"GIVEN=1", NULL};
    char *some[] = {"GIVEN=", "GIVEN_TWO=a=b c", NULL};
    run(self, (char *[]){"name", "", "two words", "", NULL}, none);
    run(self, (char *[]){"inside", "inside", NULL}, some);
    run(self, (char *[]){"", NULL}, none);
    char script[4200];
    snprintf(script, sizeof script, "#!%s first second\n", self);
    int fd = open("script", O_CREAT | O_WRONLY, 0755);
    write(fd, script, strlen(script));
    close(fd);
    run("./script", (char *[]){"lost", "kept", NULL}, none);
    run("/proc/self/exe", (char *[]){"by proc", "inside", NULL}, none);
    CHECK(symlink(self, "link") == 0);
    run("./link", (char *[]){"by link", "inside", NULL}, none);
    pid_t child;
    char *spawned[] = {"spawned", "inside", NULL};
    int error = posix_spawn(&child, self, NULL, NULL, spawned, none);
    printf("%d\n", finish(child) + error);
    execve(self, (char *[]){"last", "inside", "x", NULL}, none);
    return 1;
}
