/* tests/bench/families.c: see families.h.
 *
 * `pairs` and `diagonal` are after the families in Luc Maranget's "Compiling pattern matching to
 * good decision trees" (2008), whose decision trees are exponential; a diagram shares what a tree
 * repeats. `seats` has no small diagram in any order. */
#include "families.h"

#include "bench.h"

static void begin_rules(struct buffer *out)
{
    buffer_string(out, "edition 1\n");
}

static void end_rules(struct buffer *out)
{
    buffer_string(out, "otherwise -> auto\n");
}

static const char action[] = " -> flex else auto\n";

static void write_models(struct buffer *out, unsigned size)
{
    begin_rules(out);
    buffer_string(out, "attribute team : string\n");
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when model == \"m%u\" and tokens > %u and team == \"t%u\"%s", i,
                      i * 37 % 20000, i % 50, action);
    end_rules(out);
}

/* Few models and teams, and a number of its own in each rule: what has most classes is worst. */
static void write_misled(struct buffer *out, unsigned size)
{
    begin_rules(out);
    buffer_string(out, "attribute team : string\n");
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when tokens > %u and model == \"m%u\" and team == \"t%u\"%s",
                      1000 + 37 * i, i % 50, i / 50 % 40, action);
    end_rules(out);
}

static void write_numbers(struct buffer *out, unsigned size)
{
    begin_rules(out);
    for (unsigned i = size; i > 0; i--)
        buffer_format(out, "when tokens > %u%s", i * 10, action);
    end_rules(out);
}

static void write_lists(struct buffer *out, unsigned size)
{
    begin_rules(out);
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when model in {\"a%u\", \"b%u\", \"c%u\"} and tokens in %u..%u%s", i,
                      i * 7 % size, i * 13 % size, i, i + 1000, action);
    end_rules(out);
}

static void write_patterns(struct buffer *out, unsigned size)
{
    begin_rules(out);
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when model like \"m%u-*\" and tokens > %u%s", i, i * 37 % 20000,
                      action);
    end_rules(out);
}

/* Three of eight numbers, each in a range of about a tenth. */
static void write_boxes(struct buffer *out, unsigned size)
{
    enum { ATTRIBUTES = 8, TESTS = 3, DOMAIN_SIZE = 10000 };
    struct random random = {size};
    begin_rules(out);
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        buffer_format(out, "attribute a%u : int = 0\n", i);
    for (unsigned rule = 0; rule < size; rule++) {
        unsigned taken = 0;
        for (unsigned i = 0; i < TESTS; i++) {
            unsigned at = (unsigned)random_below(&random, ATTRIBUTES);
            while (taken >> at & 1)
                at = (at + 1) % ATTRIBUTES;
            taken |= 1u << at;
            unsigned width = DOMAIN_SIZE / 20 + (unsigned)random_below(&random, DOMAIN_SIZE / 10);
            unsigned low = (unsigned)random_below(&random, DOMAIN_SIZE - width);
            buffer_format(out, "%s a%u in %u..%u", i ? " and" : "when", at, low, low + width);
        }
        buffer_string(out, action);
    }
    end_rules(out);
}

/* Every rule meets every other: two of eight numbers, each in a half. */
static void write_overlaps(struct buffer *out, unsigned size)
{
    enum { ATTRIBUTES = 8 };
    begin_rules(out);
    for (unsigned i = 0; i < ATTRIBUTES; i++)
        buffer_format(out, "attribute a%u : int = 0\n", i);
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when a%u > %u and a%u < %u%s", i % ATTRIBUTES, 500 - i * 5,
                      (i + 1 + i / ATTRIBUTES % (ATTRIBUTES - 1)) % ATTRIBUTES, 500 + i * 5,
                      action);
    end_rules(out);
}

static void write_words(struct buffer *out, char letter, unsigned size, unsigned words)
{
    for (unsigned i = 0; i < size; i++) {
        buffer_format(out, "attribute %c%u : enum {", letter, i);
        for (unsigned word = 0; word < words; word++)
            buffer_format(out, "%sw%u", word ? ", " : "", word);
        buffer_string(out, "} = w0\n");
    }
}

/* x1 and y1, or x2 and y2, ...: in the order x1, x2, ..., y1, y2, ... 2^size nodes. */
static void write_pairs(struct buffer *out, unsigned size)
{
    begin_rules(out);
    write_words(out, 'x', size, 3);
    write_words(out, 'y', size, 3);
    for (unsigned i = 0; i < size; i++)
        buffer_format(out, "when x%u == w1 and y%u == w1%s", i, i, action);
    end_rules(out);
}

/* Rule i: x i is w1, and every x behind it is w2. */
static void write_diagonal(struct buffer *out, unsigned size)
{
    begin_rules(out);
    write_words(out, 'x', size, 3);
    for (unsigned i = 0; i < size; i++) {
        buffer_format(out, "when x%u == w1", i);
        for (unsigned k = i + 1; k < size; k++)
            buffer_format(out, " and x%u == w2", k);
        buffer_string(out, action);
    }
    end_rules(out);
}

/* Do two of them sit on one seat? 2^size nodes in every order. */
static void write_seats(struct buffer *out, unsigned size)
{
    begin_rules(out);
    write_words(out, 'x', size, size);
    for (unsigned i = 0; i < size; i++)
        for (unsigned k = i + 1; k < size; k++)
            for (unsigned seat = 0; seat < size; seat++)
                buffer_format(out, "when x%u == w%u and x%u == w%u%s", i, seat, k, seat, action);
    end_rules(out);
}

static const struct family models = {"models", "a model, a team, more tokens than", write_models};
static const struct family misled = {"misled", "50 models, 40 teams, a number each", write_misled};
static const struct family numbers = {"numbers", "tokens over a number", write_numbers};
static const struct family lists = {"lists", "three models, a range of tokens", write_lists};
static const struct family patterns = {"patterns", "model like, more tokens than", write_patterns};
static const struct family boxes = {"boxes", "3 of 8 numbers, each a tenth", write_boxes};
static const struct family overlaps = {"overlaps", "2 of 8 numbers, each a half", write_overlaps};
static const struct family pairs = {"pairs", "x i and y i, declared apart", write_pairs};
static const struct family diagonal = {"diagonal", "x i, and all behind it", write_diagonal};
static const struct family seats = {"seats", "no two on one seat", write_seats};

const struct family_case family_cases[] = {
    {&models, 200, 401, 3600, false},
    {&models, 2048, 4097, 43000, false},
    {&models, 10000, 20001, 234000, false},
    {&misled, 200, 401, 24000, false},
    {&misled, 2000, 2100, 38000, false},
    {&numbers, 10000, 1, 164000, false},
    {&lists, 2048, 2049, 39000, false},
    {&lists, 10000, 10001, 214000, false},
    {&patterns, 200, 201, 3000, false},
    {&patterns, 2048, 2049, 37000, false},
    {&patterns, 10000, 10001, 204000, false},
    {&boxes, 10, 220, 900, false},
    {&boxes, 20, 560, 3400, false},
    {&boxes, 40, 6300, 63000, false},
    {&boxes, 80, 210000, 2820000, false},
    {&boxes, 160, 0, 0, true},
    {&overlaps, 16, 78, 450, false},
    {&overlaps, 64, 420, 5100, false},
    {&pairs, 8, 510, 1100, false},
    {&pairs, 16, 32, 200, false},
    {&pairs, 100, 200, 1700, false},
    {&diagonal, 20, 20, 1300, false},
    {&diagonal, 100, 100, 136000, false},
    {&seats, 8, 124000, 1040000, false},
    {&seats, 14, 0, 0, true},
};

const size_t family_case_count = sizeof family_cases / sizeof family_cases[0];
