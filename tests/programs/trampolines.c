// host-flags: -Wl,-z,execstack
// guest-flags: -Wl,-z,execstack
/* Nested functions, whose addresses are code that the program writes onto its stack. */
#include "check.h"

static long apply(long (*function)(long), long times, long value) {
    for (long i = 0; i < times; i++)
        value = function(value);
    return value;
}

__attribute__((noinline)) static long nested(long factor) {
    long calls = 0;
    long step(long x) {
        calls++;
        return (x * factor + 1) % 1000003;
    }
    long result = apply(step, 50, factor);
    return result * 100 + calls;
}

static int compare_with(int *order, int *values, int count) {
    int comparisons = 0;
    int compare(const void *a, const void *b) {
        comparisons++;
        return order[*(const int *)a] - order[*(const int *)b];
    }
    qsort(values, (size_t)count, sizeof *values, compare);
    return comparisons > 0;
}

int main(void) {
    long sum = 0;
    for (long i = 0; i < 200; i++)
        sum = sum * 7 % 1000003 + nested(i);
    printf("%ld\n", sum);
    int order[] = {3, 0, 4, 1, 2}, values[] = {0, 1, 2, 3, 4};
    printf("%d", compare_with(order, values, 5));
    for (int i = 0; i < 5; i++)
        printf(" %d", values[i]);
    puts("");
    return 0;
}
