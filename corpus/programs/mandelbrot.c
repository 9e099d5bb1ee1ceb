/* Floating point, double: how fast points of the plane escape; short loops with an exit. */

#include "program.h"

#define LIMIT 200

static int escape(double cr, double ci)
{
    double zr = 0, zi = 0;
    int count = 0;
    while (count < LIMIT) {
        double rr = zr * zr, ii = zi * zi;
        if (rr + ii > 4.0)
            break;
        zi = 2.0 * zr * zi + ci;
        zr = rr - ii + cr;
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    long size = argument(argc, argv, 1, 64);
    uint64_t sum = MIX_START;
    long inside = 0;
    for (long y = 0; y < size; y++) {
        for (long x = 0; x < size; x++) {
            double cr = 3.0 * (double)x / (double)size - 2.25;
            double ci = 3.0 * (double)y / (double)size - 1.5;
            int count = escape(cr, ci);
            inside += count == LIMIT;
            sum = mix(sum, (uint64_t)count);
        }
    }
    printf("%ld inside\n", inside);
    print_sum("mandelbrot", sum);
    return 0;
}
