/* Integer: the sieve of Eratosthenes, a byte a number. */

#include "program.h"
#include <string.h>

static long sieve(unsigned char *composite, long limit, uint64_t *sum)
{
    long count = 0;
    memset(composite, 0, (size_t)limit + 1);
    for (long n = 2; n <= limit; n++) {
        if (composite[n])
            continue;
        count++;
        *sum = mix(*sum, (uint64_t)n);
        for (long multiple = n * n; multiple <= limit; multiple += n)
            composite[multiple] = 1;
    }
    return count;
}

int main(int argc, char **argv)
{
    long limit = argument(argc, argv, 1, 100000);
    long rounds = argument(argc, argv, 2, 1);
    unsigned char *composite = allocate((size_t)limit + 1);
    uint64_t sum = MIX_START;
    long count = 0;
    for (long round = 0; round < rounds; round++)
        count = sieve(composite, limit - round, &sum);
    free(composite);
    printf("%ld primes\n", count);
    print_sum("sieve", sum);
    return 0;
}
