/* What never ends by itself is left by a handler, wherever it is. */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "check.h"

#define APART __attribute__((noinline, noclone))
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))

static sigjmp_buf out;

static void leave(int signal)
{
    (void)signal;
    siglongjmp(out, 1);
}

APART static long tree(long depth)
{
    if (depth == 0)
        return 1;
    long left = tree(depth - 1);
    OPAQUE(left);
    return left + tree(depth - 1) * 3;
}

static long odd(long depth);
APART static long even(long depth)
{
    if (depth == 0)
        return 1;
    long left = odd(depth - 1);
    OPAQUE(left);
    return left ^ odd(depth - 1);
}
APART static long odd(long depth)
{
    if (depth == 0)
        return 2;
    long left = even(depth - 1);
    OPAQUE(left);
    return left + even(depth - 1);
}

struct visitor {
    long (*visit)(struct visitor *, long);
};
static long visit(struct visitor *v, long depth)
{
    if (depth == 0)
        return 1;
    long left = v->visit(v, depth - 1);
    return left * 5 + v->visit(v, depth - 1);
}
static struct visitor visitor = {visit};

APART static void by_pointer(void)
{
    struct visitor *v = &visitor;
    OPAQUE(v);
    v->visit(v, 90);
}

static void pong(long n);
APART static void ping(long n)
{
    OPAQUE(n);
    pong(n + 1);
}
APART static void pong(long n)
{
    OPAQUE(n);
    ping(n * 3);
}

APART static void labels(void)
{
    static void *const code[] = {&&add, &&twist, &&skip};
    long at = 0, sum = 1;
    goto *code[at];
add:
    sum += 3, at = sum & 1 ? 1 : 2;
    goto *code[at];
twist:
    sum ^= sum << 7, at = 2;
    goto *code[at];
skip:
    OPAQUE(sum);
    at = sum & 1;
    goto *code[at];
}

APART static void forever(void)
{
    for (long sum = 0;; sum++)
        OPAQUE(sum);
}

APART static void with_counted(void)
{
    for (long sum = 0;;)
        for (long i = 0; i < 100; i++) {
            sum += i;
            OPAQUE(sum);
        }
}

APART static void two_exits(void)
{
    for (long sum = 0; sum != -1; sum = (sum + 2) & 0xffff) {
        OPAQUE(sum);
        if (sum == 3)
            return;
    }
}

APART static void stepped_over(void)
{
    for (unsigned long i = 0; i != 1; i += 2)
        OPAQUE(i);
}

APART static void too_narrow(unsigned long end)
{
    for (int i = 0; (unsigned long)i != end; i = (int)((unsigned)i + 1))
        OPAQUE(i);
}

APART static void other_way(long end)
{
    for (long i = 0; i < end; i--)
        OPAQUE(i);
}

static void tree_whole(void) { tree(90); }
static void mutual(void) { even(91); }
static void tails(void) { ping(1); }
static void narrow_whole(void) { too_narrow(1ul << 40); }
static void other_whole(void) { other_way(1); }

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } endless[] = {{"tree", tree_whole}, {"mutual", mutual}, {"by pointer", by_pointer}, {"tails", tails},
                   {"labels", labels}, {"forever", forever}, {"with counted", with_counted}, {"two exits", two_exits},
                   {"stepped over", stepped_over}, {"too narrow", narrow_whole}, {"other way", other_whole}};
    signal(SIGALRM, leave);
    for (unsigned at = 0; at < sizeof endless / sizeof *endless; at++) {
        struct itimerval soon = {.it_value = {0, 20000}};
        if (sigsetjmp(out, 1) == 0) {
            CHECK(setitimer(ITIMER_REAL, &soon, NULL) == 0);
            endless[at].run();
            puts("it ended");
        }
        printf("%s left\n", endless[at].name);
    }
    return 0;
}
