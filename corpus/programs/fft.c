/* Floating point, double: Fourier transforms there and back. The roots of unity come from
 * halving angles with square roots, because sines differ between libraries. */

#include "program.h"
#include <math.h>

struct complex {
    double re, im;
};

static struct complex times(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* roots[k] = exp(2 pi i k / n) for k < n / 2. */
static void make_roots(struct complex *roots, long n)
{
    roots[0] = (struct complex){1, 0};
    double cosine = -1, sine = 0;
    for (long stride = n / 2; stride >= 1; stride /= 2) {
        /* (cosine, sine) is the angle pi * stride / (n / 2). */
        if (stride < n / 2)
            for (long k = 0; k < n / 2; k += 2 * stride)
                roots[k + stride] = times(roots[k], (struct complex){cosine, sine});
        double half = sqrt((1 + cosine) / 2);
        sine = half == 0 ? 1 : sine / (2 * half);
        cosine = half;
    }
}

static void reorder(struct complex *data, long n)
{
    for (long i = 1, reversed = 0; i < n; i++) {
        long bit = n >> 1;
        for (; reversed & bit; bit >>= 1)
            reversed ^= bit;
        reversed ^= bit;
        if (i < reversed) {
            struct complex spare = data[i];
            data[i] = data[reversed];
            data[reversed] = spare;
        }
    }
}

static void transform(struct complex *data, const struct complex *roots, long n, double sign)
{
    reorder(data, n);
    for (long length = 2; length <= n; length *= 2) {
        long half = length / 2, step = n / length;
        for (long start = 0; start < n; start += length) {
            for (long k = 0; k < half; k++) {
                struct complex root = {roots[k * step].re, sign * roots[k * step].im};
                struct complex odd = times(root, data[start + k + half]);
                struct complex even = data[start + k];
                data[start + k] = (struct complex){even.re + odd.re, even.im + odd.im};
                data[start + k + half] = (struct complex){even.re - odd.re, even.im - odd.im};
            }
        }
    }
}

int main(int argc, char **argv)
{
    long n = 1L << argument(argc, argv, 1, 8);
    long rounds = argument(argc, argv, 2, 1);
    struct complex *data = allocate((size_t)n * sizeof *data);
    struct complex *roots = allocate((size_t)n * sizeof *roots);
    uint64_t state = 5;
    for (long i = 0; i < n; i++)
        data[i] = (struct complex){(double)(next_random(&state) % 1000), 0};
    make_roots(roots, n);
    for (long round = 0; round < rounds; round++) {
        transform(data, roots, n, 1);
        transform(data, roots, n, -1);
        for (long i = 0; i < n; i++) {
            data[i].re /= (double)n;
            data[i].im /= (double)n;
        }
    }
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += data[i].re * (double)(i % 7) + data[i].im;
    printf("fft %.17g\n", sum);
    free(data);
    free(roots);
    return 0;
}
