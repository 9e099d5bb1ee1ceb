// skip: native, the instructions are the guest's
/* What C leaves undefined and the guest's instructions define. */
#include "check.h"

#define TWO(name)                                                                \
    static void name##_all(void) {                                               \
        for (int i = 0; i < COUNT; i++)                                          \
            for (int j = 0; j < COUNT; j++) {                                    \
                int64_t r;                                                       \
                __asm__ volatile(#name " %0, %1, %2" : "=r"(r) : "r"(edges[i]), "r"(edges[j])); \
                hash = hash_bytes(hash, &r, sizeof r);                           \
                if (i < 9 && j < 9)                                              \
                    printf(#name " %llx %llx = %llx\n", (long long)edges[i], (long long)edges[j], (long long)r); \
            }                                                                    \
        printf(#name " %016llx\n", (unsigned long long)hash);                    \
    }

static uint64_t hash = HASH_START;
static const int64_t edges[] = {0, 1, -1, INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX, 7, 0x80000000, 33, 64, -64, 0x123456789abcdef0};
enum { COUNT = sizeof edges / sizeof *edges };

TWO(div) TWO(divu) TWO(rem) TWO(remu) TWO(divw) TWO(divuw) TWO(remw) TWO(remuw)
TWO(mul) TWO(mulh) TWO(mulhsu) TWO(mulhu) TWO(mulw)
TWO(sll) TWO(srl) TWO(sra) TWO(sllw) TWO(srlw) TWO(sraw) TWO(slt) TWO(sltu) TWO(addw) TWO(subw)

int main(void) {
    div_all(), divu_all(), rem_all(), remu_all(), divw_all(), divuw_all(), remw_all(), remuw_all();
    mul_all(), mulh_all(), mulhsu_all(), mulhu_all(), mulw_all();
    sll_all(), srl_all(), sra_all(), sllw_all(), srlw_all(), sraw_all(), slt_all(), sltu_all(), addw_all(), subw_all();
    long counter, again;
    __asm__ volatile("rdcycle %0\nrdtime %1" : "=r"(counter), "=r"(again));
    CHECK(counter != 0 && again != 0);
    __asm__ volatile("rdinstret %0\nfence rw, rw\nfence.i\nrdinstret %1" : "=r"(counter), "=r"(again));
    CHECK(again >= counter);
    /* Nothing is ever written to x0. */
    long zero;
    __asm__ volatile("li x0, 5\nadd x0, %1, %1\nmv %0, x0" : "=r"(zero) : "r"(counter));
    printf("%ld\n", zero);
    return 0;
}
