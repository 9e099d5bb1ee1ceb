// skip: qemu, its vfork is a fork, so that a failed exec is not seen
/* Programs started from a program: by spawning, by a shell, by name, as scripts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static int finish(pid_t child) {
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void spawning(void) {
    pid_t child;
    char *echo[] = {"echo", "spawned", "with  blanks", "", NULL};
    int error = posix_spawnp(&child, "echo", NULL, NULL, echo, environ);
    printf("%d\n", finish(child) + error);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "out", O_CREAT | O_WRONLY | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    char *shell[] = {"sh", "-c", "echo to file; echo $VARIABLE >&2; exit 12", NULL};
    char *variables[] = {"VARIABLE=its value", "PATH=/usr/bin:/bin", NULL};
    printf("%d\n", posix_spawn(&child, "/bin/sh", &actions, NULL, shell, variables));
    printf("%d\n", finish(child));
    posix_spawn_file_actions_destroy(&actions);
    printf("%d\n", posix_spawn(&child, "/missing/program", NULL, NULL, echo, environ));
}

static void by_vfork(void) {
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "kill -USR2 $$", (char *)NULL);
        _exit(99);
    }
    printf("vfork %d\n", finish(child));
    child = vfork();
    if (child == 0)
        _exit(21);
    printf("vfork %d\n", finish(child));
}

static void by_shell(void) {
    printf("system %d\n", system(NULL) != 0);
    printf("system %d\n", WEXITSTATUS(system("exit 5")));
    printf("system %d\n", WEXITSTATUS(system("missing-program-of-no-name 2>/dev/null")));
    int status = system("kill -TERM $$");
    printf("system %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    FILE *pipe = popen("tr a-z A-Z; exit 7", "w");
    fputs("through a pipe\n", pipe);
    printf("popen %d\n", WEXITSTATUS(pclose(pipe)));
    pipe = popen("seq 1 5; echo $0", "r");
    char line[64];
    while (fgets(line, sizeof line, pipe))
        fputs(line, stdout);
    printf("popen %d\n", WEXITSTATUS(pclose(pipe)));
}

static void script(const char *path, const char *text, mode_t mode) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
    chmod(path, mode);
}

static void try_exec(const char *path) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, "one", "two", (char *)NULL);
        printf("exec %s: %s\n", path, strerror(errno));
        fflush(stdout);
        _exit(90);
    }
    printf("%d\n", finish(child));
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    spawning();
    by_vfork();
    by_shell();
    script("./shebang", "#!/bin/sh\necho script $0 $#: \"$@\"\nexit 33\n", 0755);
    script("./option", "#! /bin/sh -e \necho before; false; echo after\n", 0755);
    script("./nested", "#!./shebang extra\n", 0755);
    script("./forbidden", "#!/bin/sh\n", 0644);
    script("./lost", "#!/missing/interpreter\n", 0755);
    script("./text", "neither this nor that\n", 0755);
    script("./empty", "", 0755);
    const char *paths[] = {"./shebang", "./option", "./nested", "./forbidden", "./lost", "./text",
                           "./empty", "./missing", ".", "./shebang/x"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        try_exec(paths[i]);
    char *const plain[] = {"env", NULL};
    char *const few[] = {"ONE=1", "TWO=", NULL};
    if (fork() == 0)
        execve("/usr/bin/env", plain, few);
    wait(NULL);
    execlp("sh", "sh", "-c", "echo last; exit 44", (char *)NULL);
    return 1;
}
