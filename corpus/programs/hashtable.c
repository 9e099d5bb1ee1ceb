/* Hashing: a table with open addressing: inserts, finds and removes 64-bit keys. */

#include "program.h"

struct table {
    uint64_t *keys, *values;
    uint64_t mask;
    long used;
};

#define EMPTY 0u

static uint64_t scatter(uint64_t key)
{
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 32;
}

static struct table make_table(uint64_t slots)
{
    struct table table = {calloc(slots, 8), calloc(slots, 8), slots - 1, 0};
    if (table.keys == NULL || table.values == NULL)
        exit(1);
    return table;
}

static uint64_t slot_of(const struct table *table, uint64_t key)
{
    uint64_t slot = scatter(key) & table->mask;
    while (table->keys[slot] != EMPTY && table->keys[slot] != key)
        slot = (slot + 1) & table->mask;
    return slot;
}

static void add(struct table *table, uint64_t key, uint64_t value);

static void grow(struct table *table)
{
    struct table larger = make_table(2 * (table->mask + 1));
    for (uint64_t slot = 0; slot <= table->mask; slot++)
        if (table->keys[slot] != EMPTY)
            add(&larger, table->keys[slot], table->values[slot]);
    free(table->keys);
    free(table->values);
    *table = larger;
}

static void add(struct table *table, uint64_t key, uint64_t value)
{
    if ((uint64_t)table->used * 4 > table->mask * 3)
        grow(table);
    uint64_t slot = slot_of(table, key);
    if (table->keys[slot] == EMPTY) {
        table->keys[slot] = key;
        table->used++;
    }
    table->values[slot] += value;
}

/* Removes a key and moves back what had been pushed past it. */
static void drop(struct table *table, uint64_t key)
{
    uint64_t hole = slot_of(table, key);
    if (table->keys[hole] == EMPTY)
        return;
    table->used--;
    for (uint64_t slot = (hole + 1) & table->mask; table->keys[slot] != EMPTY;
         slot = (slot + 1) & table->mask) {
        uint64_t home = scatter(table->keys[slot]) & table->mask;
        if (((slot - home) & table->mask) >= ((slot - hole) & table->mask)) {
            table->keys[hole] = table->keys[slot];
            table->values[hole] = table->values[slot];
            hole = slot;
        }
    }
    table->keys[hole] = EMPTY;
    table->values[hole] = 0;
}

int main(int argc, char **argv)
{
    long operations = argument(argc, argv, 1, 5000);
    struct table table = make_table(16);
    uint64_t state = 77, sum = MIX_START, range = (uint64_t)operations / 4 + 1;
    for (long i = 0; i < operations; i++) {
        uint64_t key = next_random(&state) % range + 1;
        switch (i % 4) {
        case 3:
            drop(&table, key);
            break;
        case 2:
            sum = mix(sum, table.values[slot_of(&table, key)]);
            break;
        default:
            add(&table, key, (uint64_t)i);
        }
    }
    printf("%ld keys\n", table.used);
    print_sum("hashtable", sum);
    free(table.keys);
    free(table.values);
    return 0;
}
