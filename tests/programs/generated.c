// skip: native, it writes the guest's instructions
/* Code that the program makes, changes and throws away. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "check.h"

typedef long function(long);

static void emit(uint32_t *code, unsigned addend) {
    code[0] = 0x00000013u | addend << 20 | 10u << 15 | 10u << 7; /* addi a0, a0, addend */
    code[1] = 0x00008067u;                                       /* ret */
    __builtin___clear_cache((char *)code, (char *)(code + 2));
}

int main(void) {
    char *area = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    uint32_t *code = (uint32_t *)area;
    long x = 0;
    for (unsigned i = 0; i < 300; i++) {
        emit(code, i);
        x = ((function *)code)(x);
        x = ((function *)code)(x);
    }
    printf("%ld\n", x);
    /* Many small functions beside each other. */
    for (unsigned i = 0; i < 500; i++)
        emit(code + 2 * i, i % 2000);
    x = 0;
    for (unsigned round = 0; round < 20; round++)
        for (unsigned i = 0; i < 500; i++)
            x = ((function *)(code + 2 * i))(x);
    printf("%ld\n", x);
    /* Written while it may not be executed, then executed while it may not be written. */
    for (unsigned i = 0; i < 50; i++) {
        mprotect(area, 4096, PROT_READ | PROT_WRITE);
        emit(code, 1000 + i);
        mprotect(area, 4096, PROT_READ | PROT_EXEC);
        x = ((function *)code)(x);
    }
    printf("%ld\n", x);
    /* Another page at the same place. */
    munmap(area, 4096);
    CHECK(mmap(area, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == area);
    emit(code, 5);
    printf("%ld\n", ((function *)code)(1));
    /* It calls back into the program. */
    code[0] = 0xff010113; /* addi sp, sp, -16 */
    code[1] = 0x00113423; /* sd ra, 8(sp) */
    code[2] = 0x000500e7 | 0; /* jalr ra, a0 */
    code[2] = 0x000580e7; /* jalr ra, a1 */
    code[3] = 0x00813083; /* ld ra, 8(sp) */
    code[4] = 0x01010113; /* addi sp, sp, 16 */
    code[5] = 0x00008067; /* ret */
    __builtin___clear_cache(area, area + 64);
    printf("%ld\n", ((long (*)(long, long (*)(long)))code)(-42, labs));
    return 0;
}
