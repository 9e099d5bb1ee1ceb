/* Escapes by longjmp: out of deep recursion, past frames that never return. */

#include "program.h"
#include <setjmp.h>

static jmp_buf anchors[4];

/* Comes back only from depth 0 with a number that is divisible by 97. */
static __attribute__((noinline)) long dive(long number, int depth)
{
    if (depth == 0 && number % 97 == 0)
        return number;
    if (depth == 0)
        longjmp(anchors[number % 4], (int)(number % 1000) + 1);
    long below = dive(number + 1, depth - 1);
    return below + depth;
}

static __attribute__((noinline)) long attempt(long number, int level)
{
    volatile long steps = number;
    int came = setjmp(anchors[level]);
    if (came != 0)
        return came + steps * level;
    steps += 3;
    if (level < 3)
        return attempt(number, level + 1) + 1;
    return dive(number, (int)(number % 20));
}

int main(int argc, char **argv)
{
    long rounds = argument(argc, argv, 1, 100);
    long sum = 0;
    for (long i = 0; i < rounds; i++)
        sum += attempt(i, 0);
    printf("longjmp %ld\n", sum);
    return 0;
}
