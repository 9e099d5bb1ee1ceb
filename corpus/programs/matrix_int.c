/* Integer: products of 32-bit matrices, which a compiler may vectorise. */

#include "program.h"

static void multiply(uint32_t *restrict out, const uint32_t *left, const uint32_t *right, long n)
{
    for (long row = 0; row < n; row++) {
        for (long column = 0; column < n; column++)
            out[row * n + column] = 0;
        for (long inner = 0; inner < n; inner++) {
            uint32_t factor = left[row * n + inner];
            for (long column = 0; column < n; column++)
                out[row * n + column] += factor * right[inner * n + column];
        }
    }
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 64);
    long rounds = argument(argc, argv, 2, 1);
    size_t bytes = (size_t)(n * n) * sizeof(uint32_t);
    uint32_t *a = allocate(bytes), *b = allocate(bytes), *c = allocate(bytes);
    uint64_t state = 42, sum = MIX_START;
    for (long i = 0; i < n * n; i++) {
        a[i] = (uint32_t)next_random(&state);
        b[i] = (uint32_t)next_random(&state);
    }
    for (long round = 0; round < rounds; round++) {
        multiply(c, a, b, n);
        uint32_t *spare = a;
        a = c;
        c = spare;
    }
    for (long i = 0; i < n * n; i++)
        sum = mix(sum, a[i]);
    free(a);
    free(b);
    free(c);
    print_sum("matrix_int", sum);
    return 0;
}
