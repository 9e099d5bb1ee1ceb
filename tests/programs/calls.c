/* Every way to pass arguments and results. */
#include <stdarg.h>

#include "check.h"

struct small { int a; float b; };
struct pair { double x, y; };
struct mixed { long n; double d; };
struct large { long values[9]; };
struct bytes { char c[3]; };
union either { double d; long n; };

__attribute__((noinline)) static struct small make_small(int a, float b) { return (struct small){a + 1, b * 2}; }
__attribute__((noinline)) static struct pair swap(struct pair p) { return (struct pair){p.y, p.x}; }
__attribute__((noinline)) static struct mixed mix(struct mixed m, char c) { return (struct mixed){m.n + c, m.d / 2}; }
__attribute__((noinline)) static struct large shift(struct large l, int by) {
    struct large r;
    for (int i = 0; i < 9; i++)
        r.values[i] = l.values[(i + by) % 9];
    return r;
}
__attribute__((noinline)) static struct bytes turn(struct bytes b) { return (struct bytes){{b.c[2], b.c[0], b.c[1]}}; }
__attribute__((noinline)) static __int128 wide(__int128 a, int b, __int128 c) { return a * b + c; }
__attribute__((noinline)) static double many(int a, double b, long c, float d, char e, double f, short g, double h, unsigned i, double j,
                                             long k, double l, int m, double n, long o, double p, double q, double r, long s, long t) {
    return a + b * 2 + (double)c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + (double)k * 11 + l * 12 + m * 13 + n * 14 +
           (double)o * 15 + p * 16 + q * 17 + r * 18 + (double)s * 19 + (double)t * 20;
}

__attribute__((noinline)) static double variadic(const char *kinds, ...) {
    va_list list, copy;
    va_start(list, kinds);
    va_copy(copy, list);
    double sum = 0;
    for (const char *k = kinds; *k; k++) {
        switch (*k) {
        case 'i': sum = sum * 1.5 + va_arg(list, int); break;
        case 'l': sum = sum * 1.5 + (double)va_arg(list, long); break;
        case 'd': sum = sum * 1.5 + va_arg(list, double); break;
        case 's': sum = sum * 1.5 + (double)strlen(va_arg(list, char *)); break;
        case 'p': sum = sum * 1.5 + va_arg(list, struct pair).y; break;
        case 'L': sum = sum * 1.5 + (double)va_arg(list, struct large).values[8]; break;
        }
    }
    if (*kinds == 'i')
        sum += va_arg(copy, int);
    va_end(copy);
    va_end(list);
    return sum;
}

static int add(int a, int b) { return a + b; }
static int subtract(int a, int b) { return a - b; }
static int multiply(int a, int b) { return a * b; }
static int (*const table[])(int, int) = {add, subtract, multiply};
static int (*choose(int i))(int, int) { return table[i % 3]; }

typedef struct node { struct node *left, *right; int value; int (*rate)(const struct node *); } node;
static int plain(const node *n) { return n->value; }
static int twice(const node *n) { return n->value * 2; }
static int of_children(const node *n) { return (n->left ? n->left->rate(n->left) : 1) + (n->right ? n->right->rate(n->right) : 1); }

static node *grow(int depth, int value) {
    node *n = malloc(sizeof *n);
    *n = (node){NULL, NULL, value, depth % 2 ? plain : twice};
    if (depth > 0) {
        n->left = grow(depth - 1, value * 2);
        n->right = grow(depth - 1, value * 2 + 1);
        n->rate = of_children;
    }
    return n;
}

/* A call in tail position through a pointer must not grow the stack. */
typedef long step(long, long);
static step down, up;
static step *volatile steps[] = {down, up};
static long down(long n, long sum) { return n == 0 ? sum : steps[n % 2](n - 1, sum + n % 3); }
static long up(long n, long sum) { return n == 0 ? sum : steps[n % 2](n - 1, sum * 3 % 1000003); }

int main(void) {
    struct small s = make_small(4, 1.25f);
    struct pair p = swap((struct pair){1.5, -2.5});
    struct mixed m = mix((struct mixed){7, 9.0}, 'A');
    struct large l = shift((struct large){{1, 2, 3, 4, 5, 6, 7, 8, 9}}, 4);
    struct bytes b = turn((struct bytes){"xyz"});
    union either e = {.d = -1.0};
    printf("%d %g %g %g %ld %g %ld %ld %.3s %lx\n", s.a, (double)s.b, p.x, p.y, m.n, m.d, l.values[0], l.values[8], b.c, e.n);
    __int128 w = wide((__int128)-5 << 70, 3, 17);
    printf("%llx %llx\n", (long long)(w >> 64), (long long)w);
    printf("%.6f\n", many(1, 2.5, -3, 4.25f, 'e', 6, -7, 8, 4000000000u, 10, 1L << 40, 12, 13, 14, 15, 16, 17, 18, 19, 20));
    printf("%.10g\n", variadic("idlspLdidididididsl", 1, 2.5, 3L, "four", p, l, 7.0, 8, 9.0, 10, 11.0, 12, 13.0, 14, 15.0, 16, 17.0, "eighteen", 19L));
    printf("%.10g\n", variadic("dddddddddddd", 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.));
    int value = 1;
    for (int i = 0; i < 1000; i++)
        value = choose(i)(value, i % 7) % 10007;
    printf("%d\n", value);
    node *root = grow(10, 1);
    printf("%d\n", root->rate(root));
    printf("%ld\n", down(10001, 5));
    return 0;
}
