/* Long jumps in loops and across many frames. */
#include <setjmp.h>

#include "check.h"

static jmp_buf env, inner_env;
static int frames;

__attribute__((noinline)) static int descend(int depth, int value, double keep) {
    volatile char frame[100];
    frame[depth % 100] = (char)value;
    frames++;
    if (depth == 0)
        longjmp(env, value);
    return descend(depth - 1, value, keep * 1.5) + frame[depth % 100] + (int)keep;
}

static void loops(void) {
    volatile long sum = 0;
    for (volatile int i = 1; i <= 5000; i++) {
        int value = setjmp(env);
        if (value == 0)
            descend(i % 100, i, 1.0);
        else
            sum += value;
    }
    printf("%ld %d\n", sum, frames);
    volatile int tries = 0;
    int result = setjmp(env);
    if (++tries < 100)
        longjmp(env, result + 2);
    printf("%d %d\n", tries, result);
    tries = 0;
    result = setjmp(env);
    if (tries++ == 0)
        longjmp(env, 0);
    printf("zero becomes %d\n", result);
}

/* Registers that a callee preserves come back with their old values. */
__attribute__((noinline)) static long preserved(long a, long b, double x, double y) {
    long p = a * 3, q = b * 5, r = a ^ b, s = a + b;
    double u = x * y, v = x + y, w = x - y;
    int value = setjmp(env);
    if (value == 0) {
        descend(20, 9, x);
    }
    return p + q + r + s + value + (long)(u + v + w);
}

static int compare(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    if (x == 777)
        longjmp(env, 55);
    return (x > y) - (x < y);
}

static void nested(void) {
    volatile int outer = 0, inner = 0;
    if (setjmp(env) == 0) {
        for (;;) {
            if (setjmp(inner_env) != 0)
                inner++;
            if (inner == 10)
                longjmp(env, 1);
            longjmp(inner_env, 1);
        }
    } else {
        outer++;
    }
    printf("%d %d\n", outer, inner);
    int numbers[] = {5, 3, 777, 1, 2};
    int value = setjmp(env);
    if (value == 0)
        qsort(numbers, 5, sizeof *numbers, compare);
    printf("out of qsort %d\n", value);
}

int main(void) {
    loops();
    printf("%ld\n", preserved(11, 22, 1.25, 3.5));
    nested();
    return 0;
}
