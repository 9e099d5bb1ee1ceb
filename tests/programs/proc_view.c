// args: one '' two
// skip: qemu, it gives another file for /proc/self/exe's status and does not name the heap
/* What a program finds about itself in /proc. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char path[4096];

static const char *own(const char *file) {
    snprintf(path, sizeof path, "/proc/%d/%s", getpid(), file);
    return path;
}

/* The permissions of the mapping that an address is in, and the last part of its name. */
static void show_mapping(const char *what, const void *address) {
    FILE *maps = fopen("/proc/self/maps", "re");
    CHECK(maps != NULL);
    char line[4096];
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long start, end;
        char permissions[5] = "", name[2048] = "";
        sscanf(line, "%lx-%lx %4s %*s %*s %*s %2047s", &start, &end, permissions, name);
        if (start <= (unsigned long)address && (unsigned long)address < end) {
            char *slash = strrchr(name, '/');
            printf("%s: %s %s\n", what, permissions,
                   slash == NULL ? name : slash[1] == '\0' ? "" : "a file");
            fclose(maps);
            return;
        }
    }
    printf("%s: not mapped\n", what);
    if (maps != NULL)
        fclose(maps);
}

static int variable = 1;

int main(int argc, char **argv) {
    char link[4096] = "", again[4096] = "";
    ssize_t length = readlink("/proc/self/exe", link, sizeof link - 1);
    char *real = realpath(argv[0], NULL);
    CHECK(length > 0 && real != NULL && strcmp(link, real) == 0);
    CHECK(readlink(own("exe"), again, sizeof again - 1) == length && strcmp(link, again) == 0);
    CHECK(readlink("/proc/self/exe", again, 4) == 4 && memcmp(link, again, 4) == 0);
    SHOW(readlink("/proc/self/exe", again, 0));
    struct stat through, direct, itself;
    CHECK(stat("/proc/self/exe", &through) == 0 && stat(argv[0], &direct) == 0);
    CHECK(through.st_ino == direct.st_ino && through.st_size == direct.st_size);
    CHECK(lstat("/proc/self/exe", &itself) == 0 && S_ISLNK(itself.st_mode));
    int file = open(own("exe"), O_RDONLY | O_CLOEXEC);
    char magic[4] = "";
    CHECK(read(file, magic, 4) == 4 && memcmp(magic, "\177ELF", 4) == 0);
    CHECK(fstat(file, &through) == 0 && through.st_ino == direct.st_ino);
    CHECK(fcntl(file, F_GETFD) == FD_CLOEXEC);
    SHOW(close(file));

    char line[4096];
    file = open("/proc/self/cmdline", O_RDONLY);
    length = read(file, line, sizeof line);
    int strings = 0;
    for (ssize_t at = 0; at < length; at += strlen(line + at) + 1, strings++)
        CHECK(strings < argc && strcmp(line + at, argv[strings]) == 0);
    printf("%d arguments\n", strings);
    SHOW(lseek(file, 0, SEEK_SET));
    CHECK(read(file, line, 1) == 1 && line[0] == argv[0][0]);
    close(file);
    CHECK(open("/proc/self/cmdline", O_RDWR) == -1 || geteuid() == 0);

    unsigned long entry[2];
    int seen = 0;
    file = open(own("auxv"), O_RDONLY);
    while (read(file, entry, sizeof entry) == sizeof entry && entry[0] != AT_NULL) {
        if (entry[0] == AT_ENTRY || entry[0] == AT_PHDR || entry[0] == AT_RANDOM)
            seen += entry[1] == getauxval(entry[0]);
    }
    printf("%d entries as in memory\n", seen);
    close(file);

    show_mapping("code", (void *)(unsigned long)main);
    show_mapping("variable", &variable);
    show_mapping("stack", &argc);
    char *memory = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(memory + 4096, 4096, PROT_READ);
    show_mapping("readable", memory + 4096);
    show_mapping("writable", memory + 8192);
    munmap(memory + 4096, 4096);
    show_mapping("unmapped", memory + 4096);
    char *heap = sbrk(8192);
    heap[0] = 1;
    show_mapping("heap", heap);
    return 0;
}
