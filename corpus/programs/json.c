/* A state machine over bytes and a recursive parser: reads a JSON-like text that it made. */

#include "program.h"
#include <string.h>

struct text {
    char *bytes;
    size_t length, capacity;
};

static void append(struct text *text, const char *piece)
{
    size_t length = strlen(piece);
    if (text->length + length + 1 > text->capacity) {
        text->capacity = 2 * (text->capacity + length + 1);
        text->bytes = realloc(text->bytes, text->capacity);
        if (text->bytes == NULL)
            exit(1);
    }
    memcpy(text->bytes + text->length, piece, length + 1);
    text->length += length;
}

static void make_value(struct text *text, int depth, uint64_t *state)
{
    char number[32];
    uint64_t choice = next_random(state) >> 17;
    if (depth > 0 && choice % 4 != 0) {
        int array = choice % 3 == 0;
        append(text, array ? "[" : "{ ");
        for (uint64_t i = 0; i < 3 + choice % 5; i++) {
            append(text, i > 0 ? ", " : "");
            if (!array) {
                snprintf(number, sizeof number, "\"k%llu\": ", (unsigned long long)i);
                append(text, number);
            }
            make_value(text, depth - 1, state);
        }
        append(text, array ? "]" : " }");
        return;
    }
    switch (choice >> 5 & 3) {
    case 0:
        append(text, "\"a \\\"text\\\" with\\nescapes\"");
        break;
    case 1:
        append(text, choice % 2 ? "true" : "null");
        break;
    default:
        snprintf(number, sizeof number, "%s%llu.%llu", choice % 2 ? "-" : "",
                 (unsigned long long)(choice % 1000), (unsigned long long)(choice % 97));
        append(text, number);
    }
}

struct parser {
    const char *at;
    uint64_t sum;
    long values;
};

static void fail(const struct parser *parser, const char *expected)
{
    printf("expected %s before %.10s\n", expected, parser->at);
    exit(1);
}

static void skip_spaces(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\n')
        parser->at++;
}

static void parse_string(struct parser *parser)
{
    enum { PLAIN, ESCAPED, CLOSED } state = PLAIN;
    for (parser->at++; state != CLOSED; parser->at++) {
        unsigned char c = (unsigned char)*parser->at;
        if (c == '\0')
            fail(parser, "a quote");
        switch (state) {
        case PLAIN:
            state = c == '\\' ? ESCAPED : c == '"' ? CLOSED : PLAIN;
            break;
        case ESCAPED:
            c = c == 'n' ? '\n' : c;
            state = PLAIN;
            break;
        case CLOSED:
            break;
        }
        parser->sum = mix(parser->sum, c);
    }
}

static void parse_number(struct parser *parser)
{
    uint64_t value = 0;
    int negative = *parser->at == '-';
    parser->at += negative;
    for (; (*parser->at >= '0' && *parser->at <= '9') || *parser->at == '.'; parser->at++)
        if (*parser->at != '.')
            value = value * 10 + (uint64_t)(*parser->at - '0');
    parser->sum = mix(parser->sum, negative ? ~value : value);
}

static void parse_value(struct parser *parser);

static void parse_list(struct parser *parser, char close, int named)
{
    parser->at++;
    for (skip_spaces(parser); *parser->at != close; skip_spaces(parser)) {
        if (named) {
            parse_string(parser);
            skip_spaces(parser);
            if (*parser->at++ != ':')
                fail(parser, "a colon");
        }
        parse_value(parser);
        skip_spaces(parser);
        if (*parser->at == ',')
            parser->at++;
        else if (*parser->at != close)
            fail(parser, "a comma");
        skip_spaces(parser);
    }
    parser->at++;
}

static void parse_value(struct parser *parser)
{
    skip_spaces(parser);
    parser->values++;
    switch (*parser->at) {
    case '{':
        parse_list(parser, '}', 1);
        break;
    case '[':
        parse_list(parser, ']', 0);
        break;
    case '"':
        parse_string(parser);
        break;
    case 't':
    case 'n':
        if (strncmp(parser->at, "true", 4) != 0 && strncmp(parser->at, "null", 4) != 0)
            fail(parser, "true or null");
        parser->at += 4;
        break;
    default:
        if (*parser->at != '-' && (*parser->at < '0' || *parser->at > '9'))
            fail(parser, "a value");
        parse_number(parser);
    }
}

int main(int argc, char **argv)
{
    long pieces = argument(argc, argv, 1, 4);
    long rounds = argument(argc, argv, 2, 2);
    struct text text = {NULL, 0, 0};
    uint64_t state = 71;
    append(&text, "[");
    for (long i = 0; i < pieces; i++) {
        append(&text, i > 0 ? ",\n" : "");
        make_value(&text, 4, &state);
    }
    append(&text, "]");
    struct parser parser = {text.bytes, MIX_START, 0};
    for (long round = 0; round < rounds; round++) {
        parser.at = text.bytes;
        parse_value(&parser);
    }
    printf("%zu bytes, %ld values\n", text.length, parser.values);
    print_sum("json", parser.sum);
    free(text.bytes);
    return 0;
}
