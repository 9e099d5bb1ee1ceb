// skip: native, its NaNs are negative
// flags: -fno-builtin
/* The root of a negative number is the canonical NaN, which is positive. */
#include <math.h>
#include <stdio.h>

int main(void) {
    volatile double negative = -1.0;
    printf("%f %f\n", sqrt(negative), (double)sqrtf((float)negative));
    return 0;
}
