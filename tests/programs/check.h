/* Shared by the test programs: a check that says where it failed, and a hash for long output. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints what failed; the comparison with the other sides then shows it. */
#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition))                                                         \
            printf("line %d: not so: %s (errno %d)\n", __LINE__, #condition, errno); \
    } while (0)

/* Prints a call's result, and its error where it failed. */
#define SHOW(call)                                                                \
    do {                                                                          \
        errno = 0;                                                                \
        long long shown_ = (long long)(call);                                     \
        if (shown_ == -1)                                                         \
            printf("%s = -1 %s\n", #call, strerror(errno));                       \
        else                                                                      \
            printf("%s = %lld\n", #call, shown_);                                 \
    } while (0)

/* FNV-1a. */
__attribute__((unused)) static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

#define HASH_START 0xcbf29ce484222325u

__attribute__((unused)) static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
