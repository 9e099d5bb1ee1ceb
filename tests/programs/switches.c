/* Switch statements of all shapes, and computed goto. */
#include "check.h"

__attribute__((noinline)) static int dense(int x) {
    switch (x) {
    case 0: return 11;
    case 1: return x * 31 + 5;
    case 2: x += 7; /* falls through */
    case 3: return x - 100;
    case 4: return 17;
    case 5: return ~x;
    case 6: return x << 5;
    case 8: return 88;
    case 9: return x * x * x;
    case 10: return 1010;
    case 11: return -x;
    default: return 5000 + x;
    }
}

__attribute__((noinline)) static int negative(long x) {
    switch (x) {
    case -5: return 1;
    case -4: return 20;
    case -3: return 3;
    case -2: return 44;
    case -1: return 5;
    case 0: return 60;
    case 1: return 7;
    case 2: return 81;
    default: return 0;
    }
}

__attribute__((noinline)) static int sparse(uint64_t x) {
    switch (x) {
    case 3: return 1;
    case 1000: return 2;
    case 70000: return 3;
    case 0x123456789: return 4;
    case 0xffffffffffffffff: return 5;
    case 0x8000000000000000: return 6;
    case 0xdeadbeef: return 7;
    case 99999999: return 8;
    default: return 9;
    }
}

__attribute__((noinline)) static const char *text(unsigned char c) {
    switch (c) {
    case 'a' ... 'f': return "low";
    case 'g' ... 'z': return "high";
    case '0' ... '9': return "digit";
    case ' ': case '\t': case '\n': return "blank";
    default: return "other";
    }
}

/* A state machine: a switch inside a loop, with jumps between its cases. */
__attribute__((noinline)) static unsigned machine(const unsigned char *program, int steps) {
    unsigned state = 0, sum = 1;
    for (int i = 0; i < steps; i++) {
        switch (state) {
        case 0: sum += program[i % 64]; state = program[i % 64] % 9; break;
        case 1: sum *= 3; state = 2; break;
        case 2: sum ^= 0x55; state = sum % 9; continue;
        case 3: sum -= 7; state = 0; break;
        case 4: sum = sum << 1 | sum >> 31; state = (state + 1) % 9; break;
        case 5: if (sum & 1) { state = 7; break; } /* falls through */
        case 6: sum += 1000; state = 0; break;
        case 7: sum = ~sum; state = 8; break;
        case 8: sum += (unsigned)i; state = 1; break;
        default: return 0;
        }
        sum += state;
    }
    return sum;
}

__attribute__((noinline)) static uint64_t threaded(const unsigned char *code, uint64_t limit) {
    static const void *const labels[] = {&&add, &&multiply, &&exclusive, &&shift, &&jump, &&halt};
    uint64_t x = 1, count = 0;
    const unsigned char *pc = code;
#define NEXT goto *labels[*pc++]
    NEXT;
add: x += 0x9e3779b97f4a7c15; NEXT;
multiply: x *= 31; NEXT;
exclusive: x ^= x >> 7; NEXT;
shift: x = x << 9 | x >> 55; NEXT;
jump: pc = ++count < limit ? code + x % 6 : code + 13; NEXT;
halt: return x;
}

#define CASE(n) case n: return n * 7 ^ (n >> 1);
#define CASES(n) CASE(n) CASE(n + 1) CASE(n + 2) CASE(n + 3) CASE(n + 4) CASE(n + 5) CASE(n + 6) CASE(n + 7)
#define MANY(n) CASES(n) CASES(n + 8) CASES(n + 16) CASES(n + 24) CASES(n + 32) CASES(n + 40) CASES(n + 48) CASES(n + 56)
__attribute__((noinline)) static int large(volatile int *log, int x) {
    *log += x;
    switch (x) { MANY(0) MANY(64) MANY(128) MANY(256) }
    return -1;
}

int main(void) {
    for (int i = -3; i < 15; i++)
        printf("%d ", dense(i));
    for (long i = -8; i < 5; i++)
        printf("%d ", negative(i));
    printf("%d %d\n", negative(1L << 32), negative(-5 - (1L << 40)));
    const uint64_t keys[] = {3, 4, 1000, 70000, 0x123456789, 0x23456789, UINT64_MAX, UINT32_MAX, 1ull << 63, 0xdeadbeef, 0xffffffffdeadbeef, 99999999};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        printf("%d ", sparse(keys[i]));
    for (int c = 0; c < 256; c += 5)
        printf("%s ", text((unsigned char)c));
    unsigned char program[64];
    for (int i = 0; i < 64; i++)
        program[i] = (unsigned char)(i * 37 % 251);
    printf("\n%u\n", machine(program, 200000));
    const unsigned char code[] = {0, 1, 2, 3, 0, 1, 2, 3, 1, 0, 2, 3, 4, 5};
    printf("%016llx\n", (unsigned long long)threaded(code, 100000));
    volatile int log = 0;
    long sum = 0;
    for (int i = -10; i < 400; i++)
        sum = sum * 3 % 1000003 + large(&log, i);
    printf("%ld %d\n", sum, log);
    return 0;
}
