// skip: native, NaNs and conversions out of range are the guest's
// flags: -fno-builtin -fsignaling-nans
/* The bits of floating-point results where machines differ. */
#include <math.h>

#include "check.h"

static uint64_t d(double v) {
    uint64_t bits;
    memcpy(&bits, &v, 8);
    return bits;
}
static double of(uint64_t bits) {
    double v;
    memcpy(&v, &bits, 8);
    return v;
}
static uint32_t s(float v) {
    uint32_t bits;
    memcpy(&bits, &v, 4);
    return bits;
}
static float ofs(uint32_t bits) {
    float v;
    memcpy(&v, &bits, 4);
    return v;
}

static unsigned take_flags(void) {
    unsigned flags;
    __asm__ volatile("csrrci %0, fflags, 31" : "=r"(flags));
    return flags;
}

#define TWO(text, a, b)                                                                     \
    do {                                                                                    \
        double r;                                                                           \
        take_flags();                                                                       \
        __asm__ volatile(text " %0, %1, %2" : "=f"(r) : "f"(a), "f"(b));                    \
        printf(text " %016llx %02x\n", (unsigned long long)d(r), take_flags());             \
    } while (0)
#define TWO_SINGLE(text, a, b)                                                              \
    do {                                                                                    \
        float r;                                                                            \
        take_flags();                                                                       \
        __asm__ volatile(text " %0, %1, %2" : "=f"(r) : "f"(a), "f"(b));                    \
        printf(text " %08x %02x\n", s(r), take_flags());                                    \
    } while (0)
#define TO_INTEGER(text, a)                                                                 \
    do {                                                                                    \
        long r;                                                                             \
        take_flags();                                                                       \
        __asm__ volatile(text : "=r"(r) : "f"(a));                                          \
        printf(text " %016lx %02x\n", r, take_flags());                                     \
    } while (0)
#define COMPARE(text, a, b)                                                                 \
    do {                                                                                    \
        long r;                                                                             \
        take_flags();                                                                       \
        __asm__ volatile(text " %0, %1, %2" : "=r"(r) : "f"(a), "f"(b));                    \
        printf(text " %ld %02x\n", r, take_flags());                                        \
    } while (0)

static void pair(double a, double b) {
    printf("%016llx %016llx\n", (unsigned long long)d(a), (unsigned long long)d(b));
    TWO("fadd.d", a, b);
    TWO("fsub.d", a, b);
    TWO("fmul.d", a, b);
    TWO("fdiv.d", a, b);
    TWO("fmin.d", a, b);
    TWO("fmax.d", a, b);
    TWO("fsgnj.d", a, b);
    TWO("fsgnjn.d", a, b);
    TWO("fsgnjx.d", a, b);
    COMPARE("feq.d", a, b);
    COMPARE("flt.d", a, b);
    COMPARE("fle.d", a, b);
}

static void single_pair(float a, float b) {
    printf("%08x %08x\n", s(a), s(b));
    TWO_SINGLE("fadd.s", a, b);
    TWO_SINGLE("fmul.s", a, b);
    TWO_SINGLE("fdiv.s", a, b);
    TWO_SINGLE("fmin.s", a, b);
    TWO_SINGLE("fmax.s", a, b);
    TWO_SINGLE("fsgnjn.s", a, b);
    COMPARE("flt.s", a, b);
}

static void to_integers(double v) {
    printf("%016llx\n", (unsigned long long)d(v));
    TO_INTEGER("fcvt.w.d %0, %1, rtz", v);
    TO_INTEGER("fcvt.wu.d %0, %1, rtz", v);
    TO_INTEGER("fcvt.l.d %0, %1, rtz", v);
    TO_INTEGER("fcvt.lu.d %0, %1, rtz", v);
    TO_INTEGER("fcvt.w.d %0, %1, rne", v);
    TO_INTEGER("fcvt.l.d %0, %1, rmm", v);
    TO_INTEGER("fcvt.l.d %0, %1, rdn", v);
    TO_INTEGER("fcvt.wu.d %0, %1, rup", v);
    TO_INTEGER("fclass.d %0, %1", v);
    float f;
    take_flags();
    __asm__ volatile("fcvt.s.d %0, %1" : "=f"(f) : "f"(v));
    printf("single %08x %02x\n", s(f), take_flags());
    TO_INTEGER("fcvt.w.s %0, %1, rtz", f);
    TO_INTEGER("fcvt.lu.s %0, %1, rmm", f);
    TO_INTEGER("fclass.s %0, %1", f);
}

/* A single in a register that does not hold a single is a NaN. */
static void boxing(void) {
    double wide = 1.5;
    float result;
    unsigned long bits;
    __asm__ volatile("fadd.s %0, %1, %1" : "=f"(result) : "f"(wide));
    printf("unboxed %08x\n", s(result));
    __asm__ volatile("fsgnj.s %0, %1, %1" : "=f"(result) : "f"(wide));
    printf("unboxed sign %08x\n", s(result));
    __asm__ volatile("fmv.w.x %0, %1" : "=f"(wide) : "r"(0x3fc00000));
    __asm__ volatile("fmv.x.d %0, %1" : "=r"(bits) : "f"(wide));
    printf("boxed %016lx\n", bits);
    __asm__ volatile("fmv.x.w %0, %1" : "=r"(bits) : "f"(of(0x1234567887654321u)));
    printf("moved %016lx\n", bits);
}

/* Rounding to nearest with ties away from zero has no mode on most hosts. */
static void ties_away(void) {
    unsigned old;
    __asm__ volatile("csrrwi %0, frm, 4" : "=r"(old));
    const double pairs[][2] = {{1.0, 1.1102230246251565e-16}, {-1.0, -1.1102230246251565e-16}, {0.1, 0.2}, {1, 3}, {5e-324, 0.5}, {1e308, 10}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        TWO("fadd.d", pairs[i][0], pairs[i][1]);
        TWO("fmul.d", pairs[i][0], pairs[i][1]);
        TWO("fdiv.d", pairs[i][0], pairs[i][1]);
        TWO_SINGLE("fadd.s", (float)pairs[i][0], (float)pairs[i][1] * 536870912.0f);
        double root;
        __asm__ volatile("fsqrt.d %0, %1" : "=f"(root) : "f"(fabs(pairs[i][0])));
        printf("root %016llx\n", (unsigned long long)d(root));
    }
    TO_INTEGER("fcvt.l.d %0, %1", 2.5);
    TO_INTEGER("fcvt.l.d %0, %1", -2.5);
    __asm__ volatile("csrw frm, %0" ::"r"(old));
}

int main(void) {
    const uint64_t interesting[] = {0, 1ull << 63, 0x3ff0000000000000, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
                                    0xfff8000000000123, 0x7ff0000000000001, 0x0000000000000001, 0x7fefffffffffffff};
    size_t count = sizeof interesting / sizeof *interesting;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            pair(of(interesting[i]), of(interesting[j]));
    const uint32_t singles[] = {0, 0x80000000, 0x3f800000, 0x7f800000, 0x7fc00000, 0xffc00001, 0x7f800001, 1};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            single_pair(ofs(singles[i]), ofs(singles[j]));
    const double conversions[] = {0.5, -0.5, -0.9999, -1.0, 2147483647.0, 2147483647.5, 2147483648.0, -2147483648.0, -2147483649.0,
                                  4294967295.0, 4294967295.9, 4294967296.0, 9223372036854775807.0, 9223372036854774784.0, -9223372036854775808.0,
                                  -9223372036854777856.0, 18446744073709549568.0, 18446744073709551616.0, 1e300, -1e300};
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        to_integers(conversions[i]);
    for (size_t i = 0; i < count; i++)
        to_integers(of(interesting[i]));
    boxing();
    ties_away();
    printf("%f %f %f\n", sqrt(-1.0), 0.0 / fabs(0.0), -NAN);
    return 0;
}
