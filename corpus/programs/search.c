/* Strings: looks for patterns with Horspool's and with Knuth, Morris and Pratt's algorithm. */

#include "program.h"
#include <string.h>

static long horspool(const unsigned char *text, long n, const unsigned char *pattern, long m)
{
    long shift[256], found = 0;
    for (int c = 0; c < 256; c++)
        shift[c] = m;
    for (long i = 0; i < m - 1; i++)
        shift[pattern[i]] = m - 1 - i;
    for (long at = 0; at + m <= n; at += shift[text[at + m - 1]])
        if (memcmp(text + at, pattern, (size_t)m) == 0)
            found++;
    return found;
}

static long prefix(const unsigned char *text, long n, const unsigned char *pattern, long m)
{
    long border[64], found = 0;
    border[0] = 0;
    for (long i = 1, k = 0; i < m; i++) {
        while (k > 0 && pattern[i] != pattern[k])
            k = border[k - 1];
        k += pattern[i] == pattern[k];
        border[i] = k;
    }
    for (long i = 0, k = 0; i < n; i++) {
        while (k > 0 && (k == m || text[i] != pattern[k]))
            k = border[k - 1];
        k += text[i] == pattern[k];
        found += k == m;
    }
    return found;
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 4000);
    long rounds = argument(argc, argv, 2, 2);
    unsigned char *text = allocate((size_t)n);
    uint64_t state = 31, sum = MIX_START;
    for (long i = 0; i < n; i++)
        text[i] = (unsigned char)('a' + (next_random(&state) >> 33) % 4);
    for (long round = 0; round < rounds; round++) {
        long m = 3 + round % 9;
        const unsigned char *pattern = text + (long)(next_random(&state) % (uint64_t)(n - 16));
        long one = horspool(text, n, pattern, m), other = prefix(text, n, pattern, m);
        if (one < 1 || one > other) {
            puts("the two ways differ");
            return 1;
        }
        sum = mix(sum, (uint64_t)other);
    }
    free(text);
    print_sum("search", sum);
    return 0;
}
