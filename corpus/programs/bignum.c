/* Long arithmetic: factorials of many digits, divided by each other with Knuth's algorithm D
 * on 32-bit limbs, printed by division by a small number. */

#include "program.h"
#include <string.h>

struct number {
    uint32_t *limbs; /* the lowest first */
    long length;
};

static void multiply_small(struct number *n, uint32_t factor)
{
    uint64_t carry = 0;
    for (long i = 0; i < n->length; i++) {
        carry += (uint64_t)n->limbs[i] * factor;
        n->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0)
        n->limbs[n->length++] = (uint32_t)carry;
}

static uint32_t divide_small(struct number *n, uint32_t divisor)
{
    uint64_t rest = 0;
    for (long i = n->length - 1; i >= 0; i--) {
        rest = rest << 32 | n->limbs[i];
        n->limbs[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (n->length > 0 && n->limbs[n->length - 1] == 0)
        n->length--;
    return (uint32_t)rest;
}

/* high[0..m] -= digit * low[0..m-1]; gives the borrow. */
static int subtract_product(uint32_t *high, const uint32_t *low, long m, uint64_t digit)
{
    uint64_t carry = 0;
    int64_t borrow = 0;
    for (long i = 0; i < m; i++) {
        carry += digit * low[i];
        int64_t difference = (int64_t)high[i] - (int64_t)(uint32_t)carry + borrow;
        high[i] = (uint32_t)difference;
        borrow = difference >> 32;
        carry >>= 32;
    }
    int64_t difference = (int64_t)high[m] - (int64_t)carry + borrow;
    high[m] = (uint32_t)difference;
    return difference < 0;
}

static void add_back(uint32_t *high, const uint32_t *low, long m)
{
    uint64_t carry = 0;
    for (long i = 0; i < m; i++) {
        carry += (uint64_t)high[i] + low[i];
        high[i] = (uint32_t)carry;
        carry >>= 32;
    }
    high[m] += (uint32_t)carry;
}

/* quotient = dividend / divisor; the dividend becomes the remainder. Both are shifted first
 * so that the divisor's highest bit is set; the dividend has room for one more limb. */
static void divide(struct number *dividend, struct number *divisor, struct number *quotient)
{
    int shift = __builtin_clz(divisor->limbs[divisor->length - 1]);
    dividend->limbs[dividend->length] = 0;
    long n = dividend->length + 1, m = divisor->length;
    for (struct number *each = dividend;; each = divisor) {
        long length = each == dividend ? n : m;
        for (long i = length - 1; i >= 0 && shift > 0; i--)
            each->limbs[i] = each->limbs[i] << shift | (i > 0 ? each->limbs[i - 1] >> (32 - shift) : 0);
        if (each == divisor)
            break;
    }
    quotient->length = n - m;
    uint64_t top = divisor->limbs[m - 1], second = m > 1 ? divisor->limbs[m - 2] : 0;
    for (long at = n - m - 1; at >= 0; at--) {
        uint32_t *high = dividend->limbs + at;
        uint64_t both = (uint64_t)high[m] << 32 | high[m - 1];
        uint64_t digit = both / top, rest = both % top;
        uint64_t third = m > 1 ? high[m - 2] : 0;
        while (digit >> 32 != 0 || digit * second > (rest << 32 | third)) {
            digit--;
            rest += top;
            if (rest >> 32 != 0)
                break;
        }
        if (subtract_product(high, divisor->limbs, m, digit)) {
            digit--;
            add_back(high, divisor->limbs, m);
        }
        quotient->limbs[at] = (uint32_t)digit;
    }
    while (quotient->length > 0 && quotient->limbs[quotient->length - 1] == 0)
        quotient->length--;
}

static struct number make(long room)
{
    struct number number = {allocate((size_t)room * sizeof(uint32_t)), 1};
    memset(number.limbs, 0, (size_t)room * sizeof(uint32_t));
    number.limbs[0] = 1;
    return number;
}

int main(int argc, char **argv)
{
    long size = argument(argc, argv, 1, 100);
    long room = size * 2 + 16;
    struct number large = make(room), small = make(room), quotient = make(room);
    for (long i = 2; i <= size; i++)
        multiply_small(&large, (uint32_t)i);
    for (long i = 2; i <= size / 2; i++)
        multiply_small(&small, (uint32_t)i * 3 + 1);
    divide(&large, &small, &quotient);
    uint64_t sum = MIX_START;
    for (long i = 0; i < small.length; i++)
        sum = mix(sum, large.limbs[i]);
    long digits = 0;
    while (quotient.length > 0) {
        sum = mix(sum, divide_small(&quotient, 1000000000));
        digits += 9;
    }
    printf("about %ld digits\n", digits);
    print_sum("bignum", sum);
    free(large.limbs);
    free(small.limbs);
    free(quotient.limbs);
    return 0;
}
