// args: {self}
// skip: qemu, it starts guest programs only where the kernel is set up for it
/* Arguments and variables by the megabyte, through exec. */
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char **environ;
enum { COUNT = 3000 };

static uint64_t hash_all(char **list, int *count) {
    uint64_t hash = HASH_START;
    for (*count = 0; list[*count]; ++*count)
        hash = hash_bytes(hash, list[*count], strlen(list[*count]) + 1);
    return hash;
}

int main(int argc, char **argv) {
    int arguments, variables;
    if (argc > 2) {
        uint64_t first = hash_all(argv, &arguments), second = hash_all(environ, &variables);
        printf("%d %016llx\n", arguments, (unsigned long long)first);
        printf("%d %016llx\n", variables, (unsigned long long)second);
        return arguments == argc ? 8 : 9;
    }
    static char *list[COUNT + 1], *environment[COUNT + 1];
    for (int i = 0; i < COUNT; i++) {
        list[i] = malloc(160);
        memset(list[i], 'a' + i % 26, 150);
        list[i][i % 150] = 0;
        environment[i] = malloc(64);
        snprintf(environment[i], 64, "VARIABLE_%d=%d", i, i * i);
    }
    pid_t child = fork();
    if (child == 0) {
        execve(argv[1], list, environment);
        _exit(1);
    }
    int status;
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
    /* More than the limit for one argument. */
    list[1] = malloc(200000);
    memset(list[1], 'x', 199999);
    list[1][199999] = 0;
    child = fork();
    if (child == 0) {
        execve(argv[1], list, environment);
        _exit(errno == E2BIG ? 77 : 78);
    }
    wait(&status);
    printf("%d\n", WEXITSTATUS(status));
    return 0;
}
