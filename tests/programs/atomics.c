/* Atomic operations of all sizes, by one thread. */
#include <stdatomic.h>

#include "check.h"

#define ALL(type, name)                                                                                        \
    static void name(void) {                                                                                   \
        volatile _Atomic type x = 0;                                                                           \
        uint64_t state = 11, hash = HASH_START;                                                                \
        for (int i = 0; i < 2000; i++) {                                                                       \
            type operand = (type)next_random(&state), old = 0;                                                 \
            switch (next_random(&state) % 9) {                                                                 \
            case 0: old = atomic_fetch_add(&x, operand); break;                                                \
            case 1: old = atomic_fetch_sub_explicit(&x, operand, memory_order_relaxed); break;                 \
            case 2: old = atomic_fetch_and_explicit(&x, operand, memory_order_acquire); break;                 \
            case 3: old = atomic_fetch_or_explicit(&x, operand, memory_order_release); break;                  \
            case 4: old = atomic_fetch_xor(&x, operand); break;                                                \
            case 5: old = atomic_exchange(&x, operand); break;                                                 \
            case 6: old = x; atomic_compare_exchange_strong(&x, &old, (type)(old * 3 + operand)); break;       \
            case 7: old = (type)(x + 1); if (atomic_compare_exchange_strong(&x, &old, operand)) puts("no"); break; \
            case 8: atomic_store_explicit(&x, operand, memory_order_release); old = atomic_load(&x); break;    \
            }                                                                                                  \
            hash = hash_bytes(hash, &old, sizeof old);                                                         \
        }                                                                                                      \
        type last = x;                                                                                         \
        printf(#type " %016llx %016llx\n", (unsigned long long)hash, (unsigned long long)last);                \
    }

ALL(uint8_t, bytes)
ALL(uint16_t, halves)
ALL(uint32_t, words)
ALL(uint64_t, doubles)
ALL(int32_t, signed_words)

static struct { char before[3]; _Atomic uint8_t a[5]; _Atomic uint16_t b[3]; } packed;

int main(void) {
    bytes();
    halves();
    words();
    doubles();
    signed_words();
    for (int i = 0; i < 5; i++)
        atomic_fetch_add(&packed.a[i], (uint8_t)(250 + i));
    for (int i = 0; i < 3; i++)
        atomic_fetch_sub(&packed.b[i], (uint16_t)(i + 1));
    const unsigned char *raw = (const unsigned char *)&packed;
    for (size_t i = 0; i < sizeof packed; i++)
        printf("%02x", raw[i]);
    atomic_flag flag = ATOMIC_FLAG_INIT;
    printf("\n%d", atomic_flag_test_and_set(&flag));
    printf("%d", atomic_flag_test_and_set(&flag));
    atomic_flag_clear(&flag);
    printf("%d\n", atomic_flag_test_and_set(&flag));
    atomic_thread_fence(memory_order_seq_cst);
    __sync_synchronize();
    /* A spin lock, taken and given back. */
    _Atomic int lock = 0;
    int guarded = 0;
    for (int i = 0; i < 10000; i++) {
        int expected = 0;
        while (!atomic_compare_exchange_weak(&lock, &expected, 1))
            expected = 0;
        guarded += i;
        atomic_store(&lock, 0);
    }
    printf("%d\n", guarded);
    return 0;
}
