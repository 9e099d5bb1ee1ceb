/* Switching between stacks. */
#include <ucontext.h>

#include "check.h"

enum { COROUTINES = 8, STEPS = 500 };
static ucontext_t scheduler, contexts[COROUTINES];
static char stacks[COROUTINES][65536];
static uint64_t total;
static int current, finished;

static void yield(void) { swapcontext(&contexts[current], &scheduler); }

static void nested_yield(int depth) {
    volatile char frame[64];
    frame[0] = (char)depth;
    if (depth > 0)
        nested_yield(depth - 1);
    else
        yield();
    total += (uint64_t)frame[0];
}

static void body(int number, int factor) {
    double x = number;
    for (int i = 0; i < STEPS; i++) {
        x = x * 1.001 + 0.25;
        total = total * 31 + (uint64_t)(number * factor + i) + (uint64_t)x;
        nested_yield(i % 10);
    }
    finished++;
}

int main(void) {
    for (int i = 0; i < COROUTINES; i++) {
        CHECK(getcontext(&contexts[i]) == 0);
        contexts[i].uc_stack.ss_sp = stacks[i];
        contexts[i].uc_stack.ss_size = sizeof stacks[i];
        contexts[i].uc_link = &scheduler;
        makecontext(&contexts[i], (void (*)(void))body, 2, i, 7);
    }
    int left = COROUTINES;
    while (left > 0) {
        left = 0;
        for (current = 0; current < COROUTINES; current++) {
            static int done[COROUTINES];
            if (done[current])
                continue;
            int before = finished;
            swapcontext(&scheduler, &contexts[current]);
            done[current] = finished != before;
            left += !done[current];
        }
    }
    printf("%d %016llx\n", finished, (unsigned long long)total);
    return 0;
}
