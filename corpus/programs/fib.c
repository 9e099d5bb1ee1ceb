/* Calls: the Fibonacci numbers by recursion, which is nothing but calls and returns. */

#include "program.h"

static __attribute__((noinline)) uint64_t fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

int main(int argc, char **argv)
{
    unsigned n = (unsigned)argument(argc, argv, 1, 15);
    printf("fib(%u) = %llu\n", n, (unsigned long long)fib(n));
    return 0;
}
