/* Floating-point numbers as text, both ways. */
#include <float.h>
#include <math.h>

#include "check.h"

static double of_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t to_bits(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

int main(void) {
    const double values[] = {0.0, -0.0, 1.0, -1.0, 0.1, 1.0 / 3, 2.5, 3.5, 0.5, 1.5, 1e15, 1e16, 1e17, 123456.789,
                             1e-5, 1e-4, DBL_MAX, DBL_MIN, DBL_TRUE_MIN, DBL_EPSILON, 9007199254740993.0,
                             1e22, 1e23, 5e-324, 2.2250738585072011e-308, M_PI, 100, 99999.95, 0.045, 1.005};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double v = values[i];
        printf("%g %e %.0e %a %.3a %.17g %G %#.3g\n", v, v, v, v, v, v, v, v);
        printf("%f %.0f %.2f %+.1f %015.3f\n", fabs(v) > 1e30 ? 0 : v, fabs(v) > 1e30 ? 0 : v, fabs(v) > 1e30 ? 0 : v,
               fabs(v) > 1e30 ? 0 : v, fabs(v) > 1e30 ? 0 : v);
    }
    printf("%f %e %g %a %F\n", INFINITY, -INFINITY, INFINITY, -INFINITY, INFINITY);
    printf("%f %g %a\n", fabs(NAN), copysign(NAN, -1), fabs(NAN));
    printf("%.60f\n%.40e\n", 0.1, 1.0 / 3);
    uint64_t state = 3;
    int wrong = 0;
    uint64_t hash = HASH_START;
    for (int i = 0; i < 3000; i++) {
        uint64_t bits = next_random(&state);
        double v = of_bits(bits);
        if (!isfinite(v))
            continue;
        char text[64];
        int length = snprintf(text, sizeof text, "%.17g", v);
        hash = hash_bytes(hash, text, (size_t)length);
        wrong += to_bits(strtod(text, NULL)) != bits;
        snprintf(text, sizeof text, "%a", v);
        wrong += to_bits(strtod(text, NULL)) != bits;
        float f = (float)v;
        snprintf(text, sizeof text, "%.9g", (double)f);
        wrong += strtof(text, NULL) != f;
    }
    printf("%d %016llx\n", wrong, (unsigned long long)hash);
    const char *texts[] = {"1e400", "-1e400", "1e-400", "0x1.8p3", "0x.0000001p-1050", "inf", "-Infinity", "infinit",
                           "1e", "+.5", "-.", "  12abc", "0x", "179769313486231580793e289", "4.9406564584124654e-324",
                           "2.4703282292062327e-324", "2.4703282292062328e-324", "9007199254740993", "1.00000000000000011102230246251565"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *end;
        errno = 0;
        double v = strtod(texts[i], &end);
        printf("%s: %016llx %d %s\n", texts[i], (unsigned long long)to_bits(v), (int)(end - texts[i]),
               errno ? strerror(errno) : "");
    }
    int exponent;
    double whole;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        double v = values[i];
        double fraction = frexp(v, &exponent), rest = modf(v, &whole);
        printf("%a %d %a %a ", fraction, exponent, rest, whole);
        printf("%a %a %a %a %d\n", nextafter(v, 2), ldexp(v, 3), scalbn(v, -60), logb(v == 0 ? 1 : v), ilogb(v == 0 ? 1 : v));
    }
    return 0;
}
