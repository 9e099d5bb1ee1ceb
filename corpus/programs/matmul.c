/* Floating point, double: a product of matrices by dot products, in the order of the text
 * (the compiler may not reorder the sums, so this is bound by the latency of an add). */

#include "program.h"

static double dot(const double *row, const double *column, long n)
{
    double sum = 0;
    for (long i = 0; i < n; i++)
        sum += row[i] * column[i];
    return sum;
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 48);
    size_t bytes = (size_t)(n * n) * sizeof(double);
    double *a = allocate(bytes), *transposed = allocate(bytes), *c = allocate(bytes);
    uint64_t state = 11;
    for (long i = 0; i < n * n; i++) {
        a[i] = (double)(next_random(&state) % 2001) / 1000.0 - 1.0;
        transposed[i] = (double)(next_random(&state) % 2001) / 1000.0 - 1.0;
    }
    for (long row = 0; row < n; row++)
        for (long column = 0; column < n; column++)
            c[row * n + column] = dot(a + row * n, transposed + column * n, n);
    double trace = 0, total = 0;
    for (long i = 0; i < n; i++)
        trace += c[i * n + i];
    for (long i = 0; i < n * n; i++)
        total += c[i] * c[i];
    printf("matmul %.17g %.17g\n", trace, total);
    free(a);
    free(transposed);
    free(c);
    return 0;
}
