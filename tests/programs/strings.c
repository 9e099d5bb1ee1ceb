/* Characters, strings, sorting and searching. */
#define _GNU_SOURCE
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

#include "check.h"

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

struct record { char name[12]; double weight; int number; };
static int by_weight(const void *a, const void *b) {
    const struct record *x = a, *y = b;
    return x->weight < y->weight ? -1 : x->weight > y->weight ? 1 : x->number - y->number;
}

static void characters(void) {
    for (int c = -1; c < 256; c++) {
        unsigned classes = 0;
        int (*const tests[])(int) = {isalnum, isalpha, isblank, iscntrl, isdigit, isgraph, islower, isprint, ispunct, isspace, isupper, isxdigit};
        for (unsigned i = 0; i < 12; i++)
            classes |= (tests[i](c) != 0) << i;
        printf("%x.%x.%x ", classes, toupper(c), tolower(c));
    }
    puts("");
}

static void searching(void) {
    const char *text = "the cat sat on the mat with the hat";
    printf("%td %td %td\n", strstr(text, "the mat") - text, strrchr(text, 't') - text, strpbrk(text, "xyzw") - text);
    printf("%zu %zu %d\n", strspn(text, "eht "), strcspn(text, "o"), strcasestr(text, "HAT") != NULL);
    printf("%td %d\n", (char *)memmem(text, 35, "with", 4) - text, memchr(text, 'q', 35) == NULL);
    char copy[64], *save, *word;
    strcpy(copy, text);
    for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        printf("%s.", word);
    char *fields = strdup("a,,b,"), *rest = fields;
    while ((word = strsep(&rest, ",")))
        printf("<%s>", word);
    free(fields);
    printf("\n%d %d %d %d\n", strcmp("a", "b") < 0, strncmp("abc", "abd", 2), strcasecmp("HeLLo", "hEllO"), strverscmp("a10", "a9") > 0);
    char padded[8];
    memset(padded, '#', 8);
    strncpy(padded, "ab", 5);
    printf("%d %d %c %zu\n", padded[1], padded[4], padded[5], strnlen("abcdef", 4));
    printf("%s %s %s\n", strerror(ENOENT), strerror(EWOULDBLOCK), strsignal(11));
}

static void numbers(void) {
    const char *texts[] = {"0", "-1", "+42", "  7x", "0x7fffffffffffffff", "0777", "99999999999999999999", "-99999999999999999999", "", "abc", "0x", "zz"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *end;
        errno = 0;
        long value = strtol(texts[i], &end, 0);
        printf("%ld %d %d ", value, (int)(end - texts[i]), errno);
        errno = 0;
        printf("%lu ", strtoul(texts[i], NULL, 10));
        printf("%lld ", strtoll(texts[i], NULL, 36));
        printf("%d\n", errno);
    }
    printf("%d %ld %" PRId64 " %lld\n", atoi("-12z"), atol("123"), (int64_t)strtoimax("-5", NULL, 10), (long long)div(-7, 2).quot);
}

static void sorting(void) {
    static int values[5000];
    uint64_t state = 9, hash = HASH_START;
    for (int i = 0; i < 5000; i++)
        values[i] = (int)(next_random(&state) % 3000) - 1500;
    qsort(values, 5000, sizeof *values, ascending);
    for (int i = 1; i < 5000; i++)
        CHECK(values[i - 1] <= values[i]);
    hash = hash_bytes(hash, values, sizeof values);
    int hits = 0;
    for (int key = -1600; key < 1600; key++)
        hits += bsearch(&key, values, 5000, sizeof *values, ascending) != NULL;
    static struct record records[1000];
    for (int i = 0; i < 1000; i++) {
        snprintf(records[i].name, sizeof records[i].name, "r%d", i);
        records[i].weight = (double)(next_random(&state) % 100) / 8;
        records[i].number = i;
    }
    qsort(records, 1000, sizeof *records, by_weight);
    for (int i = 0; i < 1000; i++)
        hash = hash_bytes(hash, records[i].name, strlen(records[i].name));
    printf("%d %016llx %s\n", hits, (unsigned long long)hash, records[500].name);
    srand(1);
    printf("%d ", rand());
    srandom(7);
    printf("%ld ", random());
    srand48(3);
    printf("%.10f\n", drand48());
}

int main(void) {
    characters();
    searching();
    numbers();
    sorting();
    return 0;
}
