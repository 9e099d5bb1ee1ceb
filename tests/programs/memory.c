/* The heap and mappings. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

static sigjmp_buf out;
static volatile int faults;

static void on_fault(int signal) {
    (void)signal;
    faults++;
    siglongjmp(out, 1);
}

static int can_read(const volatile char *p) {
    if (sigsetjmp(out, 1))
        return 0;
    (void)*p;
    return 1;
}

static int can_write(volatile char *p) {
    if (sigsetjmp(out, 1))
        return 0;
    *p = (char)(*p + 1);
    return 1;
}

static void heap(void) {
    void *blocks[500] = {0};
    size_t sizes[500] = {0};
    uint64_t state = 42, hash = HASH_START;
    for (int round = 0; round < 20000; round++) {
        size_t i = next_random(&state) % 500;
        if (blocks[i])
            hash = hash_bytes(hash, blocks[i], sizes[i] < 16 ? sizes[i] : 16);
        size_t size = next_random(&state) % (round % 100 == 0 ? 300000 : 600);
        blocks[i] = realloc(blocks[i], size + 1);
        if (size > sizes[i])
            memset((char *)blocks[i] + sizes[i], (int)i, size - sizes[i]);
        sizes[i] = size;
    }
    for (int i = 0; i < 500; i++)
        free(blocks[i]);
    printf("heap %016llx\n", (unsigned long long)hash);
    char *zeros = calloc(1000, 1000);
    int nonzero = 0;
    for (int i = 0; i < 1000000; i++)
        nonzero |= zeros[i];
    free(zeros);
    void *aligned = NULL;
    int error = posix_memalign(&aligned, 65536, 100);
    printf("%d %d %d\n", nonzero, error, (int)((uintptr_t)aligned % 65536));
    free(aligned);
    CHECK(malloc(SIZE_MAX / 2) == NULL && errno == ENOMEM);
}

static void program_break(void) {
    char *start = sbrk(0);
    CHECK(start != (char *)-1);
    char *more = sbrk(1 << 20);
    CHECK(more >= start);
    memset(more, 7, 1 << 20);
    CHECK(sbrk(-(1 << 20)) == more + (1 << 20));
    CHECK(sbrk(0) == more);
    sbrk(4096);
    printf("new page %d\n", more[100]);
}

static void mappings(void) {
    size_t page = 4096;
    char *map = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(map != MAP_FAILED && (uintptr_t)map % page == 0);
    for (size_t i = 0; i < 16; i++)
        map[i * page] = (char)i;
    SHOW(mprotect(map + 2 * page, page, PROT_READ));
    SHOW(mprotect(map + 4 * page, page, PROT_NONE));
    SHOW(munmap(map + 6 * page, page));
    for (size_t i = 0; i < 8; i++)
        printf("%d%d ", can_read(map + i * page), can_write(map + i * page));
    printf("faults %d\n", faults);
    char *fixed = mmap(map + 6 * page, page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(fixed == map + 6 * page && *fixed == 0);
    CHECK(mmap(map, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
              MAP_FAILED && errno == EEXIST);
    char *moved = mremap(map + 8 * page, 8 * page, 64 * page, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    printf("moved %d %d\n", moved[0], moved[7 * page]);
    memset(moved + 8 * page, 1, 56 * page);
    CHECK(mremap(moved, 64 * page, 8 * page, 0) == moved);
    SHOW(can_read(moved + 20 * page));
    SHOW(madvise(moved, page, MADV_DONTNEED));
    SHOW(*moved);
    SHOW(msync(moved, page, MS_SYNC));
    SHOW(mprotect((void *)(uintptr_t)0x3000001, page, PROT_READ));
    SHOW(munmap(map + 1, page));
    SHOW(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    unsigned char resident[1];
    SHOW(mincore(map, page, resident));
    SHOW(mlock(map, page));
    char *reserved = mmap(NULL, (size_t)8 << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(reserved != MAP_FAILED);
    SHOW(mprotect(reserved + ((size_t)5 << 30), page, PROT_READ | PROT_WRITE));
    reserved[(size_t)5 << 30] = 9;
    SHOW(munmap(reserved, (size_t)8 << 30));
}

static void of_files(void) {
    int fd = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    char text[10000];
    memset(text, 'f', sizeof text);
    CHECK(write(fd, text, sizeof text) == sizeof text);
    char *shared = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *second = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
    shared[5000] = 'S';
    private[5001] = 'P';
    printf("%c %c %c %c\n", second[904], second[905], private[5001], shared[5001]);
    pread(fd, text, 2, 5000);
    printf("%.2s tail %d\n", text, shared[10001]);
    SHOW(ftruncate(fd, 4096));
    SHOW(can_read(shared + 100));
    SHOW(can_read(shared + 8192));
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 999, 0) == MAP_FAILED && errno == EBADF);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 100) == MAP_FAILED && errno == EINVAL);
    int readonly = open("mapped", O_RDONLY);
    CHECK(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, readonly, 0) == MAP_FAILED && errno == EACCES);
    int memory = memfd_create("memory", MFD_CLOEXEC);
    CHECK(memory >= 0 && ftruncate(memory, 4096) == 0);
    char *anonymous = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    anonymous[1] = 'm';
    pread(memory, text, 2, 0);
    printf("%d %c\n", text[0], text[1]);
}

int main(void) {
    struct sigaction action = {.sa_handler = on_fault};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    heap();
    program_break();
    mappings();
    of_files();
    return 0;
}
