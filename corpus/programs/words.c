/* Strings: makes a text, cuts it into words with the C library, counts each. */

#include "program.h"
#include <ctype.h>
#include <string.h>

#define BUCKETS 1024

struct word {
    struct word *next;
    long count;
    char text[];
};

static struct word *buckets[BUCKETS];

static unsigned hash(const char *text)
{
    unsigned value = 5381;
    for (; *text != '\0'; text++)
        value = value * 33 + (unsigned char)*text;
    return value % BUCKETS;
}

static void count_word(const char *text)
{
    struct word **place = &buckets[hash(text)];
    for (; *place != NULL; place = &(*place)->next) {
        if (strcmp((*place)->text, text) == 0) {
            (*place)->count++;
            return;
        }
    }
    size_t length = strlen(text);
    struct word *word = allocate(sizeof *word + length + 1);
    word->next = NULL;
    word->count = 1;
    memcpy(word->text, text, length + 1);
    *place = word;
}

static char *make_text(long words)
{
    static const char *const syllables[] = {"ka", "ri", "To", "men", "SU", "la", "pe", "od"};
    static const char *const breaks[] = {" ", " ", " ", ", ", ".\n", "; "};
    char *text = allocate((size_t)words * 20 + 1), *end = text;
    uint64_t state = 23;
    for (long i = 0; i < words; i++) {
        long parts = 1 + (long)(next_random(&state) % 4);
        while (parts-- > 0)
            end = stpcpy(end, syllables[next_random(&state) >> 20 & 7]);
        end = stpcpy(end, breaks[next_random(&state) % 6]);
    }
    return text;
}

int main(int argc, char **argv)
{
    long words = argument(argc, argv, 1, 500);
    char *text = make_text(words);
    for (char *c = text; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    long total = 0;
    for (char *word = strtok(text, " ,.;\n"); word != NULL; word = strtok(NULL, " ,.;\n")) {
        count_word(word);
        total++;
    }
    long distinct = 0, most = 0;
    uint64_t sum = MIX_START;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct word *word = buckets[i], *next; word != NULL; word = next) {
            next = word->next;
            distinct++;
            most = word->count > most ? word->count : most;
            sum = mix(sum, (uint64_t)word->count);
            free(word);
        }
    }
    free(text);
    printf("%ld words, %ld distinct, most %ld\n", total, distinct, most);
    print_sum("words", sum);
    return 0;
}
