/* Function pointers: qsort from the library, and our own quicksort, with comparators. */

#include "program.h"

struct record {
    uint32_t key;
    uint32_t weight;
    double value;
};

typedef int (*comparator)(const void *, const void *);

static int by_key(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->weight < b->weight ? -1 : a->weight > b->weight;
}

static int by_value(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return by_key(left, right);
}

static void swap(struct record *a, struct record *b)
{
    struct record spare = *a;
    *a = *b;
    *b = spare;
}

static void quicksort(struct record *records, long n, comparator compare)
{
    while (n > 1) {
        struct record pivot = records[n / 2];
        long low = 0, high = n - 1;
        while (low <= high) {
            while (compare(&records[low], &pivot) < 0)
                low++;
            while (compare(&records[high], &pivot) > 0)
                high--;
            if (low <= high)
                swap(&records[low++], &records[high--]);
        }
        quicksort(records, high + 1, compare);
        records += low;
        n -= low;
    }
}

static uint64_t check(const struct record *records, long n, comparator compare, uint64_t sum)
{
    for (long i = 0; i < n; i++) {
        if (i > 0 && compare(&records[i - 1], &records[i]) > 0) {
            puts("not sorted");
            exit(1);
        }
        sum = mix(sum, records[i].key * 31u + records[i].weight);
    }
    return sum;
}

int main(int argc, char **argv)
{
    long n = argument(argc, argv, 1, 500);
    long rounds = argument(argc, argv, 2, 2);
    static const comparator comparators[] = {by_key, by_value};
    struct record *records = allocate((size_t)n * sizeof *records);
    uint64_t state = 13, sum = MIX_START;
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < n; i++) {
            records[i].key = (uint32_t)(next_random(&state) % (uint64_t)n);
            records[i].weight = (uint32_t)(next_random(&state) >> 40);
            records[i].value = (double)records[i].weight / 256.0;
        }
        comparator compare = comparators[round % 2];
        if (round % 4 < 2)
            qsort(records, (size_t)n, sizeof *records, compare);
        else
            quicksort(records, n, compare);
        sum = check(records, n, compare, sum);
    }
    free(records);
    print_sum("sort", sum);
    return 0;
}
