// flags: -frounding-math -fno-builtin
/* Rounding to an integral number raises the inexact flag. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>

int main(void) {
    volatile double half = 0.5;
    feclearexcept(FE_ALL_EXCEPT);
    volatile double rounded = rint(half);
    printf("%g %d\n", rounded, fetestexcept(FE_INEXACT) != 0);
    return 0;
}
