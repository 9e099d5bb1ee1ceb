// flags: -fwrapv
/* Integer arithmetic at its edges. */
#include <limits.h>

#include "check.h"

typedef __int128 i128;
typedef unsigned __int128 u128;

static const int64_t edges[] = {0, 1, -1, 2, -2, 7, -7, 63, 64, INT8_MIN, INT16_MAX, INT32_MAX, INT32_MIN, UINT32_MAX, (int64_t)UINT32_MAX + 1,
                                INT64_MAX, INT64_MIN, INT64_MIN + 1, 0x123456789abcdef0, -0x123456789abcdef0};
enum { COUNT = sizeof edges / sizeof *edges };

static void pair(volatile int64_t a, volatile int64_t b) {
    uint64_t ua = (uint64_t)a, ub = (uint64_t)b;
    int32_t wa = (int32_t)a, wb = (int32_t)b;
    printf("%lld %lld:", (long long)a, (long long)b);
    printf(" %llx %llx %llx", (unsigned long long)(a + b), (unsigned long long)(a - b), (unsigned long long)(a * b));
    printf(" %llx %llx", (unsigned long long)(((i128)a * b) >> 64), (unsigned long long)(((u128)ua * ub) >> 64));
    printf(" %llx", (unsigned long long)(((i128)a * (i128)ub) >> 64));
    if (b != 0 && !(a == INT64_MIN && b == -1))
        printf(" %lld %lld", (long long)(a / b), (long long)(a % b));
    if (b != 0)
        printf(" %llu %llu", (unsigned long long)(ua / ub), (unsigned long long)(ua % ub));
    if (wb != 0 && !(wa == INT32_MIN && wb == -1))
        printf(" %d %d %u %u", wa / wb, wa % wb, (uint32_t)wa / (uint32_t)wb, (uint32_t)wa % (uint32_t)wb);
    printf(" %d %d %d", wa + wb, wa - wb, wa * wb);
    printf(" %llx %llx %llx", (unsigned long long)(ua << (ub & 63)), (unsigned long long)(ua >> (ub & 63)), (unsigned long long)(a >> (ub & 63)));
    printf(" %x %x %x", (uint32_t)wa << (ub & 31), (uint32_t)wa >> (ub & 31), (uint32_t)(wa >> (ub & 31)));
    printf(" %d%d%d%d%d%d", a < b, ua < ub, a <= b, wa < wb, (uint32_t)wa < (uint32_t)wb, a == b);
    int64_t sum;
    int32_t narrow;
    printf(" %d%d%d\n", __builtin_add_overflow(a, b, &sum), __builtin_mul_overflow(a, b, &sum), __builtin_sub_overflow(wa, wb, &narrow));
}

static void single(volatile uint64_t x) {
    printf("%llx: %d %d %d", (unsigned long long)x, __builtin_popcountll(x), x ? __builtin_clzll(x) : -1, x ? __builtin_ctzll(x) : -1);
    printf(" %llx %x %x", (unsigned long long)__builtin_bswap64(x), __builtin_bswap32((uint32_t)x), __builtin_bswap16((uint16_t)x));
    printf(" %llx %llx", (unsigned long long)(x << 13 | x >> 51), (unsigned long long)(x >> 7 | x << 57));
    printf(" %d %d %d %u %u", (int8_t)x, (int16_t)x, (int32_t)x, (uint8_t)x, (uint16_t)x);
    printf(" %lld %d %d %d\n", llabs((long long)x), __builtin_parityll(x), __builtin_ffsll((long long)x), x != 0);
}

struct bits { signed a : 3; unsigned b : 7; signed long long c : 40; unsigned d : 1; };

static void fields(void) {
    struct bits bits = {0};
    for (int i = 0; i < 200; i += 13) {
        bits.a = i;
        bits.b = (unsigned)i * 3;
        bits.c -= (long long)i << 33;
        bits.d ^= i & 1;
        printf("%d %u %lld %u\n", bits.a, bits.b, (long long)bits.c, bits.d);
    }
}

static void wide(void) {
    uint64_t state = 5;
    uint64_t hash = HASH_START;
    for (int i = 0; i < 2000; i++) {
        u128 a = (u128)next_random(&state) << 64 | next_random(&state);
        u128 b = (u128)(next_random(&state) >> (i % 64)) << (i % 3 ? 0 : 64) | next_random(&state);
        u128 quotient = a / b, rest = a % b;
        i128 signed_quotient = (i128)a / ((i128)b | 1);
        CHECK(quotient * b + rest == a);
        hash = hash_bytes(hash, &quotient, 16);
        hash = hash_bytes(hash, &signed_quotient, 16);
        u128 shifted = a << (i % 128) ^ b >> (i * 7 % 128);
        hash = hash_bytes(hash, &shifted, 16);
    }
    printf("%016llx\n", (unsigned long long)hash);
}

int main(void) {
    for (int i = 0; i < COUNT; i++) {
        single((uint64_t)edges[i]);
        for (int j = 0; j < COUNT; j++)
            pair(edges[i], edges[j]);
    }
    fields();
    wide();
    return 0;
}
