/* What every program of the corpus shares: its size argument, numbers to work on, and a
 * checksum. All of it gives the same on every machine: no plain char (its sign differs),
 * no pointer values, no library function whose last bit a libc may choose. */

#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The argument at `index`, or `otherwise` where it is not given. */
static inline long argument(int argc, char **argv, int index, long otherwise)
{
    return argc > index ? strtol(argv[index], NULL, 10) : otherwise;
}

/* Xorshift, so that each program sees the same numbers everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    *state = x;
    return x;
}

/* One step of FNV-1a over a whole word. */
static inline uint64_t mix(uint64_t sum, uint64_t word)
{
    sum ^= word;
    sum *= 0x100000001b3u;
    return sum ^ (sum >> 29);
}

#define MIX_START 0xcbf29ce484222325u

/* malloc that ends the program instead of failing. */
static inline void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static inline void print_sum(const char *name, uint64_t sum)
{
    printf("%s %016llx\n", name, (unsigned long long)sum);
}

#endif
