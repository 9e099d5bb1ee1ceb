/* Deep recursion, large frames, many frames. */
#include <alloca.h>

#include "check.h"

__attribute__((noinline)) static unsigned long deep(unsigned long depth, volatile unsigned long *above) {
    volatile unsigned long frame[10];
    frame[depth % 10] = depth + *above;
    if (depth == 0)
        return frame[0];
    return deep(depth - 1, &frame[depth % 10]) + frame[depth % 10] % 7;
}

static int is_odd(unsigned n);
__attribute__((noinline)) static int is_even(unsigned n) {
    volatile unsigned keep = n;
    int result = n == 0 ? 1 : is_odd(n - 1);
    return result + (int)(keep - n);
}
__attribute__((noinline)) static int is_odd(unsigned n) {
    volatile unsigned keep = n;
    int result = n == 0 ? 0 : is_even(n - 1);
    return result + (int)(keep - n);
}

static int ackermann(int m, int n) {
    return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__attribute__((noinline)) static unsigned large_frame(unsigned x) {
    volatile unsigned char frame[1000000];
    for (unsigned i = 0; i < sizeof frame; i += 4096)
        frame[i] = (unsigned char)(x + i / 4096);
    unsigned sum = 0;
    for (unsigned i = 0; i < sizeof frame; i += 4096)
        sum = sum * 3 + frame[i];
    return sum;
}

__attribute__((noinline)) static unsigned variable_frame(unsigned size) {
    unsigned char array[size], *more = alloca(size / 2 + 1);
    memset(array, (int)size, size);
    memset(more, (int)size / 3, size / 2 + 1);
    unsigned sum = array[size - 1] + more[size / 2];
    return size > 100 ? sum + variable_frame(size - 37) : sum;
}

/* Every frame calls back through a pointer. */
typedef long visitor(long, void *);
__attribute__((noinline)) static long through(visitor *visit, long depth, void *data) {
    return depth == 0 ? 1 : visit(depth - 1, data) + 1;
}
static long visit(long depth, void *data) {
    ++*(long *)data;
    return through(visit, depth, data);
}

int main(void) {
    unsigned long start = 1;
    /* About 7 of the usual 8 MB, at some 100 to 140 bytes a frame. */
    printf("%lu\n", deep(50000, &start));
    printf("%d %d\n", is_even(50000), is_odd(40001));
    printf("%d\n", ackermann(2, 300));
    printf("%u %u\n", large_frame(3), large_frame(200));
    printf("%u\n", variable_frame(4000));
    long count = 0;
    printf("%ld", through(visit, 20000, &count));
    printf(" %ld\n", count);
    return 0;
}
