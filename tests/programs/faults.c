/* Faults are told with address and code, and a handler may mend them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static sigjmp_buf out;
static volatile uintptr_t address;
static volatile int code, number;

static void jump_out(int signal, siginfo_t *info, void *context) {
    (void)context;
    number = signal;
    code = info->si_code;
    address = (uintptr_t)info->si_addr;
    siglongjmp(out, 1);
}

#define FAULT(what, base, expression)                                                   \
    do {                                                                                \
        number = 0;                                                                     \
        if (sigsetjmp(out, 1) == 0) {                                                   \
            expression;                                                                 \
        }                                                                               \
        printf("%s: signal %d code %d at +%#lx\n", what, number, code,                  \
               (unsigned long)(address - (uintptr_t)(base)));                           \
    } while (0)

static char *area;

/* Makes the page writable and lets the store go on. */
static volatile int mended;
static void mend(int signal, siginfo_t *info, void *context) {
    (void)signal, (void)context;
    mended++;
    mprotect((void *)((uintptr_t)info->si_addr & ~(uintptr_t)4095), 4096, PROT_READ | PROT_WRITE);
}

static void mending(void) {
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    char *pages = mmap(NULL, 64 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 64; i++) {
        *(volatile uint64_t *)(pages + i * 4096 + i * 8) = (uint64_t)i * i;
        sum = sum * 3 + *(volatile uint64_t *)(pages + i * 4096 + i * 8);
    }
    memset(pages, 1, 64 * 4096);
    printf("mended %d sum %llu\n", mended, (unsigned long long)sum);
    /* Across a page: the first part is there, the second is not. */
    mprotect(pages + 4096, 4096, PROT_NONE);
    *(volatile uint32_t *)(pages + 100) = 5;
    memcpy(pages + 4090, "0123456789", 10);
    printf("mended %d %.10s\n", mended, pages + 4090);
}

int main(void) {
    struct sigaction action = {.sa_sigaction = jump_out, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    area = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(area + 4096, 4096);
    mprotect(area + 2 * 4096, 4096, PROT_READ);
    mprotect(area + 3 * 4096, 4096, PROT_NONE);
    volatile char *bytes = area;
    FAULT("read unmapped", area, (void)bytes[4096 + 17]);
    FAULT("write unmapped", area, bytes[4096 + 18] = 1);
    FAULT("write read-only", area, bytes[2 * 4096 + 19] = 1);
    FAULT("read forbidden", area, (void)bytes[3 * 4096 + 20]);
    FAULT("null", 0, *(volatile int *)0 = 1);
    FAULT("null plus", 0, (void)((volatile int *)0)[25]);
    FAULT("float", area, (void)*(volatile double *)(area + 4096 + 24));
    FAULT("float write", area, *(volatile float *)(area + 4096 + 28) = 1.0f);
    void (*volatile call)(void) = (void (*)(void))(uintptr_t)0x1000;
    FAULT("call unmapped", 0, call());
    call = (void (*)(void))(uintptr_t)(area + 64);
    FAULT("call data", area, call());
    call = NULL;
    FAULT("call null", 0, call());
    volatile size_t length = 0;
    FAULT("strlen", area, length = strlen(memset(area, 'x', 4096)));
    CHECK(length == 0);
    int fd = open("short", O_RDWR | O_CREAT, 0600);
    CHECK(ftruncate(fd, 10) == 0);
    char *file = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FAULT("beyond file", file, ((volatile char *)file)[4096 + 5] = 1);
    SHOW(write(fd, area + 4096, 5));
    mending();
    return 0;
}
