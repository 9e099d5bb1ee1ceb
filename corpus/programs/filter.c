/* Floating point, single: y += a*x over arrays (vectorises) and a recursive filter (does not). */

#include "program.h"

static void saxpy(float *restrict y, const float *restrict x, float a, long n)
{
    for (long i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void smooth(float *data, long n, float keep)
{
    float last = 0.0f, before = 0.0f;
    for (long i = 0; i < n; i++) {
        float now = (1.0f - keep) * data[i] + keep * last - 0.125f * before;
        before = last;
        last = now;
        data[i] = now;
    }
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 1000);
    long rounds = argument(argc, argv, 2, 2);
    float *x = allocate((size_t)n * sizeof *x), *y = allocate((size_t)n * sizeof *y);
    uint64_t state = 17, sum = MIX_START;
    for (long i = 0; i < n; i++) {
        x[i] = (float)(next_random(&state) % 2000) / 1000.0f - 1.0f;
        y[i] = 0.0f;
    }
    for (long round = 0; round < rounds; round++) {
        for (int pass = 0; pass < 4; pass++)
            saxpy(y, x, 0.25f + (float)pass, n);
        smooth(y, n, 0.5f);
    }
    for (long i = 0; i < n; i++)
        sum = mix(sum, (uint64_t)(int64_t)(y[i] * 1000.0f));
    printf("%.9g %.9g\n", (double)y[0], (double)y[n - 1]);
    print_sum("filter", sum);
    free(x);
    free(y);
    return 0;
}
