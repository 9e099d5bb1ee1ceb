/* Calls: Takeuchi's and Ackermann's functions: several arguments, deep recursion. */

#include "program.h"

static __attribute__((noinline)) int tak(int x, int y, int z)
{
    if (y >= x)
        return z;
    return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static __attribute__((noinline)) int ackermann(int m, int n)
{
    if (m == 0)
        return n + 1;
    if (n == 0)
        return ackermann(m - 1, 1);
    return ackermann(m - 1, ackermann(m, n - 1));
}

int main(int argc, char **argv)
{
    int size = (int)argument(argc, argv, 1, 4);
    int rounds = (int)argument(argc, argv, 2, 1);
    int took = 0, acked = 0;
    for (int round = 0; round < rounds; round++) {
        took += tak(3 * size + round % 2, 2 * size, size);
        acked += ackermann(2 + round % 2, size);
    }
    printf("tak %d ackermann %d\n", took, acked);
    return 0;
}
