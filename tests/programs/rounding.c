// flags: -frounding-math -fsignaling-nans -fno-builtin
/* Rounding modes and exception flags. */
#include <fenv.h>
#include <math.h>

#include "check.h"

static const struct { int mode; const char *name; } modes[] = {
    {FE_TONEAREST, "nearest"}, {FE_TOWARDZERO, "zero"}, {FE_DOWNWARD, "down"}, {FE_UPWARD, "up"}};

static const char *flags(void) {
    static char text[16];
    int raised = fetestexcept(FE_ALL_EXCEPT);
    snprintf(text, sizeof text, "%s%s%s%s%s", raised & FE_INVALID ? "V" : "", raised & FE_DIVBYZERO ? "Z" : "",
             raised & FE_OVERFLOW ? "O" : "", raised & FE_UNDERFLOW ? "U" : "", raised & FE_INEXACT ? "X" : "");
    feclearexcept(FE_ALL_EXCEPT);
    return text;
}

/* NaNs differ in sign between machines, so only their kind is printed. */
#define OPERATION(text, type, expression)                                   \
    do {                                                                    \
        feclearexcept(FE_ALL_EXCEPT);                                       \
        volatile type result = (expression);                                \
        const char *raised = flags();                                       \
        if (isnan((double)result))                                          \
            printf("%s = nan %s\n", text, raised);                          \
        else                                                                \
            printf("%s = %a %s\n", text, (double)result, raised);           \
    } while (0)

#define CONVERSION(text, expression)                                        \
    do {                                                                    \
        feclearexcept(FE_ALL_EXCEPT);                                       \
        volatile long long result = (expression);                           \
        printf("%s = %lld %s\n", text, result, flags());                    \
    } while (0)

static void doubles(volatile double a, volatile double b) {
    OPERATION("a + b", double, a + b);
    OPERATION("a - b", double, a - b);
    OPERATION("a * b", double, a * b);
    OPERATION("a / b", double, a / b);
    OPERATION("sqrt a", double, sqrt(a));
    OPERATION("fma", double, fma(a, b, 1.0));
    OPERATION("float a", float, (float)a);
    OPERATION("rint", double, rint(a));
    OPERATION("nearbyint", double, nearbyint(a));
}

static void singles(volatile float a, volatile float b) {
    OPERATION("a + b", float, a + b);
    OPERATION("a * b", float, a * b);
    OPERATION("a / b", float, a / b);
    OPERATION("sqrt a", float, sqrtf(a));
    OPERATION("fma", float, fmaf(a, b, -1.0f));
    OPERATION("double a", double, (double)a);
}

static void integers(void) {
    const double values[] = {0.5, -0.5, 1.5, 2.5, -2.5, 1e9 + 0.3, -7.999999999};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        volatile double v = values[i];
        CONVERSION("lrint", lrint(v));
        CONVERSION("cast", (long long)v);
        CONVERSION("int", (int)v);
    }
    volatile long long large = 9007199254740993, all = -1;
    volatile unsigned long long unsigned_large = 18446744073709551615u;
    OPERATION("double of long", double, (double)large);
    OPERATION("float of long", float, (float)large);
    OPERATION("double of unsigned", double, (double)unsigned_large);
    OPERATION("float of minus one", float, (float)all);
    OPERATION("float of int", float, (float)(volatile int){16777217});
}

static void mode(int which) {
    printf("--- %s\n", modes[which].name);
    const double pairs[][2] = {{1.0, 3.0}, {0.1, 0.2}, {-1.0, 3.0}, {1e308, 1e308}, {-1e308, 1e308}, {5e-324, 0.5},
                               {2.2250738585072014e-308, 1.0000000000000002}, {1.0, 0.0}, {0.0, 0.0}, {-0.0, 0.0},
                               {INFINITY, -INFINITY}, {1.0, -1.0}, {1.0000000000000002, 2.220446049250313e-16},
                               {NAN, 1.0}, {-2.0, 0.5}, {2.5, 1e-300}, {1e-40, 1e-10}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        printf("%a %a\n", isnan(pairs[i][0]) ? 0 : pairs[i][0], pairs[i][1]);
        doubles(pairs[i][0], pairs[i][1]);
    }
    const float small[][2] = {{1.0f, 3.0f}, {1e38f, 1e38f}, {1e-45f, 0.5f}, {1.1754944e-38f, 0.99999994f}, {16777216.0f, 1.0f},
                              {-0.1f, 0.7f}, {0.0f, -1.0f}};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        singles(small[i][0], small[i][1]);
    integers();
    printf("%.3f %.0f %.1f\n", 0.0625, 2.5, 0.25);
}

static void environment(void) {
    fenv_t saved;
    fesetround(FE_UPWARD);
    feraiseexcept(FE_INEXACT | FE_DIVBYZERO);
    CHECK(feholdexcept(&saved) == 0);
    printf("held %s", flags());
    printf(" %d\n", fegetround() == FE_UPWARD);
    feraiseexcept(FE_OVERFLOW);
    CHECK(feupdateenv(&saved) == 0);
    fexcept_t some;
    fegetexceptflag(&some, FE_ALL_EXCEPT);
    printf("updated %s\n", flags());
    fesetexceptflag(&some, FE_DIVBYZERO);
    printf("set %s\n", flags());
    CHECK(fesetenv(FE_DFL_ENV) == 0);
    printf("%d %s\n", fegetround() == FE_TONEAREST, flags());
    CHECK(fesetround(12345) != 0);
    feraiseexcept(FE_ALL_EXCEPT);
    feclearexcept(FE_UNDERFLOW | FE_INVALID);
    printf("%s\n", flags());
}

int main(void) {
    for (int i = 0; i < 4; i++) {
        CHECK(fesetround(modes[i].mode) == 0 && fegetround() == modes[i].mode);
        mode(i);
    }
    fesetround(FE_TONEAREST);
    environment();
    return 0;
}
