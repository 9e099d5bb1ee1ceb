// args: plain '' --help -v -- --strace two\nlines ünïcödé %s%n $HOME * '' '' -
/* What a program is given at its start. */
#define _GNU_SOURCE
#include <elf.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "check.h"

extern char **environ;

static int by_text(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

int main(int argc, char **argv) {
    printf("%d\n", argc);
    for (int i = 1; i < argc; i++)
        printf("<%s>\n", argv[i]);
    CHECK(argv[argc] == NULL);
    CHECK(argv[0] != NULL && argv[0][0] != 0);
    int count = 0;
    while (environ[count])
        count++;
    qsort(environ, (size_t)count, sizeof *environ, by_text);
    for (int i = 0; i < count; i++)
        if (strncmp(environ[i], "HOME=", 5) && strncmp(environ[i], "VMTRANS_", 8))
            puts(environ[i]);
    CHECK(strcmp(getenv("HOME"), getcwd((char[4096]){0}, 4096)) == 0);
    setenv("NEW", "value", 1);
    setenv("NEW", "other", 0);
    unsetenv("TZ");
    printf("%s %d\n", getenv("NEW"), getenv("TZ") == NULL);
    putenv("NEW=put");
    printf("%s\n", getenv("NEW"));
    CHECK(clearenv() == 0 && getenv("NEW") == NULL);

    printf("%lu %lu\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK));
    CHECK(getauxval(AT_UID) == getuid() && getauxval(AT_EUID) == geteuid());
    CHECK(getauxval(AT_GID) == getgid() && getauxval(AT_SECURE) == 0);
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    int zeros = 0;
    for (int i = 0; i < 16; i++)
        zeros += random[i] == 0;
    CHECK(zeros < 8);
    CHECK(strlen((const char *)getauxval(AT_EXECFN)) > 0);
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int loads = 0;
    for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++)
        loads += headers[i].p_type == PT_LOAD;
    CHECK(loads >= 2 && getauxval(AT_PHENT) == sizeof *headers);
    CHECK(getauxval(AT_ENTRY) != 0);
    /* The stack is aligned as the ABI says, wherever the arguments end. */
    CHECK((uintptr_t)__builtin_frame_address(0) % 16 == 0);
    return argc;
}
