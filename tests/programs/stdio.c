// stdin: first line\nsecond 42 3.5 word\n\nlast without end
/* Buffered input and output. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <wchar.h>

#include "check.h"

static void formats(void) {
    printf("%d %5d|%-5d|%05d|%+d|% d|%i\n", 1, 22, 33, 44, 55, 66, -77);
    printf("%u %o %x %X %#x %#o\n", 4000000000u, 8u, 0xbeefu, 0xbeefu, 255u, 8u);
    printf("%ld %lld %zu %hhd %hd\n", -1L, -9223372036854775807LL - 1, (size_t)-1, 300, 70000);
    printf("%s|%10s|%-10s|%.2s|%c|%%|%5c|\n", "abc", "abc", "abc", "abc", 'x', 'y');
    printf("%*d|%-*d|%.*s|\n", 6, 42, 6, 42, 2, "hello");
    printf("%2$s %1$s\n", "world", "hello");
    printf("%p %s\n", (void *)0x1234, (char *)NULL ? "" : "null");
    int count = 0;
    printf("counted%n", &count);
    printf(" %d\n", count);
    char buffer[8];
    int needed = snprintf(buffer, sizeof buffer, "%s", "longer than that");
    printf("%d %s\n", needed, buffer);
    char *made = NULL;
    printf("%d ", asprintf(&made, "<%08.3f>", 3.14159));
    printf("%s\n", made);
    free(made);
}

static void input(void) {
    char line[64], word[16];
    int number;
    double real;
    CHECK(fgets(line, sizeof line, stdin) != NULL);
    printf("read %s", line);
    printf("scanned %d:", scanf("%15s %d %lf", word, &number, &real));
    printf(" %s %d %g\n", word, number, real);
    int c = getchar();
    ungetc('#', stdin);
    printf("%d %c\n", c, getchar());
    while (fgets(line, sizeof line, stdin))
        printf("[%s]", line);
    printf("\n%d %d\n", feof(stdin) != 0, ferror(stdin) != 0);
    int a = 0, b = 0;
    char rest[8] = "";
    printf("%d ", sscanf("0x1f,017;tail", "%i,%i;%7[a-z]", &a, &b, rest));
    printf("%d %d %s\n", a, b, rest);
}

static void files(void) {
    FILE *file = fopen("data", "w+");
    CHECK(file != NULL);
    for (int i = 0; i < 1000; i++)
        fprintf(file, "%d\n", i * i);
    printf("%ld\n", ftell(file));
    CHECK(fseek(file, 100, SEEK_SET) == 0);
    char line[32];
    CHECK(fgets(line, sizeof line, file) != NULL);
    printf("%s", line);
    CHECK(fseek(file, -8, SEEK_END) == 0);
    printf("%zu ", fread(line, 1, sizeof line, file));
    printf("%d\n", feof(file) != 0);
    rewind(file);
    fputs("CHANGED", file);
    fclose(file);
    file = fopen("data", "a");
    setvbuf(file, NULL, _IOFBF, 16);
    fputs("appended at the end\n", file);
    fclose(file);
    file = fopen("data", "r");
    uint64_t hash = HASH_START;
    int c;
    while ((c = getc(file)) != EOF) {
        unsigned char byte = (unsigned char)c;
        hash = hash_bytes(hash, &byte, 1);
    }
    printf("%016llx\n", (unsigned long long)hash);
    CHECK(fputc('x', file) == EOF && ferror(file));
    fclose(file);
    CHECK(fopen("missing/file", "r") == NULL);
    perror("missing/file");
    FILE *temporary = tmpfile();
    CHECK(temporary && fputs("abc", temporary) >= 0);
    rewind(temporary);
    printf("%c\n", getc(temporary));
    fclose(temporary);
}

static void memory_streams(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    for (int i = 0; i < 100; i++)
        fprintf(stream, "%d,", i);
    fclose(stream);
    printf("%zu %.20s\n", size, text);
    stream = fmemopen(text, size, "r");
    int first, second;
    printf("%d ", fscanf(stream, "%d,%d", &first, &second));
    printf("%d %d\n", first, second);
    fclose(stream);
    char *line = NULL;
    size_t room = 0;
    stream = fmemopen(text, size, "r");
    printf("%zd\n", getdelim(&line, &room, ',', stream));
    fclose(stream);
    free(line);
    free(text);
}

int main(void) {
    formats();
    input();
    files();
    memory_streams();
    fprintf(stderr, "to standard error: %d\n", 7);
    printf("no newline at the end");
    return 3;
}
