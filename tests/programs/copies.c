// flags: -fno-builtin
/* The functions that touch memory by blocks, at every alignment and up to the last byte of a page. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "check.h"

enum { PAGE = 4096 };
static unsigned char *low, *high, *low_end, *high_end;

/* Two pages, with nothing readable after them. */
static unsigned char *guarded(void) {
    unsigned char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + 2 * PAGE, PAGE, PROT_NONE);
    return p;
}

static void fill(unsigned char *p, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        p[i] = (unsigned char)((i * 7 + seed) | 1);
}

static void copying(size_t from, size_t to, size_t size) {
    fill(low, 300, (unsigned)size);
    memset(high, 0xee, 300);
    CHECK(memcpy(high + to, low + from, size) == high + to);
    for (size_t i = 0; i < 300; i++) {
        unsigned char expected = i >= to && i < to + size ? low[from + i - to] : 0xee;
        if (high[i] != expected)
            printf("memcpy %zu %zu %zu at %zu\n", from, to, size, i);
    }
    static unsigned char model[300];
    memcpy(model, low, 300);
    for (size_t i = 0; i < size; i++)
        model[to + i] = low[from + i];
    memmove(low + to, low + from, size);
    CHECK(memcmp(model, low, 300) == 0);
}

static void at_the_end(size_t size) {
    fill(low_end - size, size, 3);
    memcpy(high_end - size, low_end - size, size);
    CHECK(memcmp(high_end - size, low_end - size, size) == 0);
    CHECK(memchr(high_end - size, 0, size) == NULL);
    memset(high_end - size, 'x', size);
    CHECK(strnlen((char *)high_end - size, size) == size);
    if (size == 0)
        return;
    high_end[-1] = 0;
    CHECK(strlen((char *)high_end - size) == size - 1);
    CHECK(stpcpy((char *)low_end - size, (char *)high_end - size) == (char *)low_end - 1);
    CHECK(strcmp((char *)low_end - size, (char *)high_end - size) == 0);
    CHECK(strchr((char *)high_end - size, 'y') == NULL);
    CHECK(strrchr((char *)high_end - size, 'x') == (size > 1 ? (char *)high_end - 2 : NULL));
    CHECK(rawmemchr(high_end - size, 0) == high_end - 1);
}

static void comparing(size_t offset, size_t size) {
    fill(low, 300, 1);
    memcpy(high + offset, low, 300);
    for (size_t i = 0; i < size; i += 3) {
        high[offset + i] ^= 0x80;
        int order = memcmp(low, high + offset, size);
        int expected = low[i] < high[offset + i] ? -1 : 1;
        if ((order > 0) - (order < 0) != expected)
            printf("memcmp %zu %zu %zu\n", offset, size, i);
        high[offset + i] ^= 0x80;
    }
    CHECK(memcmp(low, high + offset, size) == 0);
}

int main(void) {
    low = guarded();
    high = guarded();
    low_end = low + 2 * PAGE;
    high_end = high + 2 * PAGE;
    for (size_t from = 0; from < 9; from++)
        for (size_t to = 0; to < 9; to++)
            for (size_t size = 0; size < 140; size += size < 40 ? 1 : 13)
                copying(from * 2, to, size);
    for (size_t size = 0; size < 200; size++)
        at_the_end(size);
    for (size_t offset = 0; offset < 9; offset++)
        for (size_t size = 1; size < 80; size += 5)
            comparing(offset, size);
    uint64_t hash = hash_bytes(HASH_START, low, 2 * PAGE);
    hash = hash_bytes(hash, high, 2 * PAGE);
    printf("%016llx\n", (unsigned long long)hash);
    return 0;
}
