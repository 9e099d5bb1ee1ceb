/* An interpreter's loop: a stack machine with a switch. Its program looks for the number
 * below a limit whose Collatz chain is the longest, with a subroutine for the chain. */

#include "program.h"

enum operation {
    PUSH, LOAD, STORE, ADD, MUL, MOD, SHR, LESS, EQUAL, JUMP, JUMP_ZERO, CALL, RETURN, HALT
};

enum variable { LIMIT, START, CURRENT, LENGTH, LONGEST, FOUND, VARIABLES };

struct instruction {
    enum operation operation;
    int operand;
};

static struct instruction code[128];
static int code_length;

static int64_t variables[VARIABLES];

static uint64_t execute(void)
{
    int64_t stack[32];
    int calls[32], pc = 0, sp = 0, depth = 0;
    for (uint64_t steps = 1;; steps++) {
        int operand = code[pc].operand;
        switch (code[pc++].operation) {
        case PUSH:
            stack[sp++] = operand;
            break;
        case LOAD:
            stack[sp++] = variables[operand];
            break;
        case STORE:
            variables[operand] = stack[--sp];
            break;
        case ADD:
            sp--;
            stack[sp - 1] += stack[sp];
            break;
        case MUL:
            sp--;
            stack[sp - 1] *= stack[sp];
            break;
        case MOD:
            sp--;
            stack[sp - 1] %= stack[sp];
            break;
        case SHR:
            sp--;
            stack[sp - 1] >>= stack[sp];
            break;
        case LESS:
            sp--;
            stack[sp - 1] = stack[sp - 1] < stack[sp];
            break;
        case EQUAL:
            sp--;
            stack[sp - 1] = stack[sp - 1] == stack[sp];
            break;
        case JUMP:
            pc = operand;
            break;
        case JUMP_ZERO:
            if (stack[--sp] == 0)
                pc = operand;
            break;
        case CALL:
            calls[depth++] = pc;
            pc = operand;
            break;
        case RETURN:
            pc = calls[--depth];
            break;
        case HALT:
            return steps;
        }
    }
}

static int emit(enum operation operation, int operand)
{
    code[code_length] = (struct instruction){operation, operand};
    return code_length++;
}

/* variable = variable operation constant */
static void emit_update(enum variable variable, enum operation operation, int constant)
{
    emit(LOAD, variable);
    emit(PUSH, constant);
    emit(operation, 0);
    emit(STORE, variable);
}

static void land_here(int jump)
{
    code[jump].operand = code_length;
}

/* A subroutine: LENGTH = how many steps take CURRENT to 1. */
static int emit_chain(void)
{
    emit(PUSH, 0);
    int entry = code_length - 1;
    emit(STORE, LENGTH);
    int again = code_length;
    emit(LOAD, CURRENT);
    emit(PUSH, 1);
    emit(EQUAL, 0);
    int more = emit(JUMP_ZERO, 0);
    emit(RETURN, 0);
    land_here(more);
    emit_update(LENGTH, ADD, 1);
    emit(LOAD, CURRENT);
    emit(PUSH, 2);
    emit(MOD, 0);
    int even = emit(JUMP_ZERO, 0);
    emit_update(CURRENT, MUL, 3);
    emit_update(CURRENT, ADD, 1);
    emit(JUMP, again);
    land_here(even);
    emit_update(CURRENT, SHR, 1);
    emit(JUMP, again);
    return entry;
}

static void emit_program(int limit)
{
    int start = emit(JUMP, 0);
    int chain = emit_chain();
    land_here(start);
    emit(PUSH, limit);
    emit(STORE, LIMIT);
    emit(PUSH, 1);
    emit(STORE, START);
    int next = code_length;
    emit(LOAD, START);
    emit(LOAD, LIMIT);
    emit(LESS, 0);
    int done = emit(JUMP_ZERO, 0);
    emit(LOAD, START);
    emit(STORE, CURRENT);
    emit(CALL, chain);
    emit(LOAD, LONGEST);
    emit(LOAD, LENGTH);
    emit(LESS, 0);
    int shorter = emit(JUMP_ZERO, 0);
    emit(LOAD, LENGTH);
    emit(STORE, LONGEST);
    emit(LOAD, START);
    emit(STORE, FOUND);
    land_here(shorter);
    emit_update(START, ADD, 1);
    emit(JUMP, next);
    land_here(done);
    emit(HALT, 0);
}

int main(int argc, char **argv)
{
    emit_program((int)argument(argc, argv, 1, 100));
    uint64_t steps = execute();
    printf("%lld takes %lld, found in %llu steps\n", (long long)variables[FOUND],
           (long long)variables[LONGEST], (unsigned long long)steps);
    return 0;
}
