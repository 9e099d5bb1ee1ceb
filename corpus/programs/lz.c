/* Compression: an LZ77 coder with hash chains, its decoder, and a comparison. */

#include "program.h"
#include <string.h>

#define WINDOW 32768
#define HASHES 16384
#define SHORTEST 4
#define LONGEST 250
#define CHAIN 16

static long newest[HASHES], older[WINDOW];

static unsigned hash(const unsigned char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word * 2654435761u >> 18;
}

static long match_length(const unsigned char *a, const unsigned char *b, long limit)
{
    long length = 0;
    while (length < limit && a[length] == b[length])
        length++;
    return length;
}

static long find(const unsigned char *data, long at, long size, long *distance)
{
    long best = 0, limit = size - at < LONGEST ? size - at : LONGEST;
    long candidate = newest[hash(data + at)];
    for (int tries = 0; tries < CHAIN && candidate >= 0 && at - candidate < WINDOW; tries++) {
        long length = match_length(data + candidate, data + at, limit);
        if (length > best) {
            best = length;
            *distance = at - candidate;
        }
        candidate = older[candidate % WINDOW];
    }
    return best;
}

static void remember(const unsigned char *data, long at)
{
    unsigned slot = hash(data + at);
    older[at % WINDOW] = newest[slot];
    newest[slot] = at;
}

/* Codes: 0 and a literal; or a length, and the distance in two bytes. */
static long pack(const unsigned char *data, long size, unsigned char *out)
{
    long written = 0;
    for (int i = 0; i < HASHES; i++)
        newest[i] = -1;
    for (long at = 0; at < size;) {
        long distance = 0;
        long length = at + SHORTEST <= size ? find(data, at, size, &distance) : 0;
        if (length < SHORTEST) {
            out[written++] = 0;
            out[written++] = data[at];
            length = 1;
        } else {
            out[written++] = (unsigned char)length;
            out[written++] = (unsigned char)distance;
            out[written++] = (unsigned char)(distance >> 8);
        }
        for (long end = at + length; at < end; at++)
            if (at + SHORTEST <= size)
                remember(data, at);
    }
    return written;
}

static long unpack(const unsigned char *in, long size, unsigned char *out)
{
    long written = 0;
    for (long at = 0; at < size;) {
        long length = in[at++];
        if (length == 0) {
            out[written++] = in[at++];
            continue;
        }
        long distance = in[at] | in[at + 1] << 8;
        at += 2;
        for (; length > 0; length--, written++)
            out[written] = out[written - distance];
    }
    return written;
}

int main(int argc, char **argv)
{
    long size = argument(argc, argv, 1, 5000);
    unsigned char *data = allocate((size_t)size + 64);
    unsigned char *packed = allocate(2 * (size_t)size + 64), *again = allocate((size_t)size + 64);
    uint64_t state = 37, sum = MIX_START;
    for (long at = 0; at < size;) {
        uint64_t choice = next_random(&state);
        long length = 1 + (long)(choice % 40), back = 1 + (long)((choice >> 8) % 5000);
        for (; length > 0 && at < size; length--, at++)
            data[at] = choice >> 60 != 0 && back <= at ? data[at - back]
                                                       : (unsigned char)(choice >> (length % 48));
    }
    long written = pack(data, size, packed);
    if (unpack(packed, written, again) != size || memcmp(data, again, (size_t)size) != 0) {
        puts("what came back differs");
        return 1;
    }
    for (long i = 0; i < written; i++)
        sum = mix(sum, packed[i]);
    printf("%ld bytes from %ld\n", written, size);
    print_sum("lz", sum);
    free(data);
    free(packed);
    free(again);
    return 0;
}
