/* The mathematical library: results to the last bit where the library promises them, else to a few digits. */
#include <complex.h>
#include <math.h>

#include "check.h"

int main(void) {
    for (int i = -20; i <= 20; i++) {
        volatile double x = i * 0.37 + 0.01, y = fabs(x);
        volatile float f = (float)x;
        printf("%a %a %a %a %a %a\n", sqrt(y), floor(x), ceil(x), trunc(x), round(x), rint(x));
        printf("%a %a %a %a\n", (double)sqrtf(fabsf(f)), (double)floorf(f), (double)roundf(f), (double)rintf(f));
        printf("%a %a %a %a\n", fma(x, y, 0.1), fmod(x, 0.3), remainder(x, 0.3), (double)fmaf(f, f, -0.1f));
        printf("%.10g %.10g %.10g %.10g\n", sin(x), cos(x), tan(x), exp(x));
        printf("%.10g %.10g %.10g %.10g\n", log(y), pow(y, 1.7), atan2(x, 0.5), cbrt(x));
        printf("%.10g %.10g %.10g %.10g\n", sinh(x), tgamma(y + 1), erf(x), hypot(x, 3));
        printf("%.6g %.6g %.6g\n", (double)sinf(f), (double)expf(f), (double)powf(fabsf(f), 0.3f));
        printf("%ld %ld %lld\n", lrint(x), lround(x), llrint(x * 1e6));
    }
    double complex z = cexp(I * 0.5) * (2.0 + 3.0 * I) / (1.0 - I);
    printf("%.10g %.10g %.10g\n", creal(z), cimag(z), cabs(z));
    volatile double a = 0.1, b = 3, c = -0.3;
    printf("%a %a %a\n", a * b + c, fma(a, b, c), a * b);
    printf("%d %d %d %d\n", isless(1.0, NAN), isunordered(NAN, a), isgreater(b, a), islessgreater(a, b));
    printf("%d %d %d\n", a < NAN, a != NAN, !(a >= NAN));
    printf("%a %a %a %a\n", fmin(a, NAN), fmax(NAN, b), fmin(a, c), fdim(b, a));
    double sum = 0, compensation = 0;
    for (int i = 1; i < 10000; i++) {
        double y = 1.0 / i - compensation, t = sum + y;
        compensation = t - sum - y;
        sum = t;
    }
    printf("%a %a\n", sum, compensation);
    return 0;
}
