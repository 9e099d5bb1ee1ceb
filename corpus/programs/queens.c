/* Calls and bits: every way to place n queens. */

#include "program.h"

static long place(unsigned all, unsigned columns, unsigned left, unsigned right)
{
    if (columns == all)
        return 1;
    long count = 0;
    for (unsigned free = all & ~(columns | left | right); free != 0; free &= free - 1) {
        unsigned queen = free & -free;
        count += place(all, columns | queen, (left | queen) << 1, (right | queen) >> 1);
    }
    return count;
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 6);
    printf("%ld queens: %ld ways\n", n, place((1u << n) - 1, 0, 0, 0));
    return 0;
}
