// guest-flags: -nostdlib -ffreestanding -fno-tree-loop-distribute-patterns -fPIE -static-pie -Wl,--no-dynamic-linker
/* A program that can be anywhere in memory and relocates itself. The guest's C library comes without
   the start code for that, so the guest's has its own. */
#ifdef __riscv
typedef unsigned long word;

__asm__(".global _start\n_start:\n  mv a0, sp\n  lla a1, _DYNAMIC\n  lla a2, __ehdr_start\n  call begin\n");

static long call3(long number, long a, long b, long c) {
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}
static void write_all(const char *text, word length) { call3(64, 1, (long)text, (long)length); }
static void leave(int status) { call3(94, status, 0, 0); }
void *memcpy(void *to, const void *from, word size) {
    for (word i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
#else
#include <stdlib.h>
#include <unistd.h>
typedef unsigned long word;
static void write_all(const char *text, word length) { write(1, text, length); }
static void leave(int status) { _exit(status); }
#endif

static word length_of(const char *text) {
    word length = 0;
    while (text[length])
        length++;
    return length;
}
static void say(const char *text) { write_all(text, length_of(text)); }
static void say_number(word value) {
    char digits[24];
    int at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    write_all(digits + at, sizeof digits - (word)at);
    say("\n");
}

static word triple(word x) { return x * 3; }
static word square(word x) { return x * x; }
static word halve(word x) { return x / 2; }
/* Pointers in data need relocations. */
static word (*volatile functions[])(word) = {triple, square, halve};
static const char *volatile names[] = {"triple ", "square ", "halve "};
static word state = 7, *volatile to_state = &state;

static int work(int argc, char **argv) {
    for (int i = 0; i < 3; i++) {
        say(names[i]);
        say_number(functions[i](*to_state));
    }
    for (int i = 0; i < 1000; i++)
        *to_state = functions[i % 3](*to_state) % 1000003;
    say_number(state);
    say_number((word)argc);
    return argv[argc] == 0 ? 5 : 6;
}

#ifdef __riscv
struct dynamic { word tag, value; };
struct rela { word offset, info, addend; };

__attribute__((used, noreturn)) void begin(word *stack, struct dynamic *dynamic, char *base) {
    struct rela *rela = 0;
    word size = 0;
    for (; dynamic->tag; dynamic++) {
        if (dynamic->tag == 7)
            rela = (struct rela *)(base + dynamic->value);
        if (dynamic->tag == 8)
            size = dynamic->value;
    }
    for (word i = 0; i < size / sizeof *rela; i++)
        if ((rela[i].info & 0xffffffff) == 3)
            *(word *)(base + rela[i].offset) = (word)base + rela[i].addend;
    leave(work((int)stack[0], (char **)(stack + 1)));
    __builtin_unreachable();
}
#else
int main(int argc, char **argv) { leave(work(argc, argv)); }
#endif
