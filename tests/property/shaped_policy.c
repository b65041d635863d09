/* tests/property/shaped_policy.c: see shaped_policy.h. */
#include "shaped_policy.h"

#include "random.h"

static const char *const tiers[] = {"auto", "default", "flex", "priority"};

static const char *tier(struct random *random)
{
    return tiers[random_below(random, 4)];
}

/* Overlapping ranges of some of eight numbers: too large for a diagram from a few dozen on. */
static void write_boxes(struct random *random, struct buffer *out)
{
    size_t rules = 20 + random_below(random, 180);
    for (int i = 0; i < 8; i++)
        buffer_format(out, "attribute a%d : int%s\n", i, i % 2 ? " = 0" : "");
    for (size_t rule = 0; rule < rules; rule++) {
        size_t first = random_below(random, 6);
        buffer_string(out, "when ");
        for (size_t k = 0; k < 3; k++) {
            size_t low = random_below(random, 600), high = low + random_below(random, 400);
            buffer_format(out, "%sa%zu in %zu..%zu", k ? " and " : "", first + k, low, high);
        }
        if (random_chance(random, 20))
            buffer_format(out, " or model == \"m%zu\"", random_below(random, 9));
        buffer_format(out, " -> %s\n", tier(random));
    }
}

static void write_pattern(struct random *random, struct buffer *out)
{
    static const char *const pieces[] = {"a", "b", "ab", "?", "*", "é", "€", "-", "??", "*a"};
    size_t count = 1 + random_below(random, 4);
    buffer_byte(out, '"');
    for (size_t i = 0; i < count; i++)
        buffer_string(out, pieces[random_below(random, sizeof pieces / sizeof pieces[0])]);
    buffer_byte(out, '"');
}

/* From one pattern to so many that texts cannot be told apart any more. */
static void write_patterns(struct random *random, struct buffer *out)
{
    size_t rules = 1 + random_below(random, random_chance(random, 20) ? 60 : 8);
    buffer_string(out, "attribute label : string\n");
    for (size_t rule = 0; rule < rules; rule++) {
        const char *name = random_chance(random, 70) ? "label" : "model";
        buffer_format(out, "when %s %slike ", name, random_chance(random, 25) ? "not " : "");
        write_pattern(random, out);
        if (random_chance(random, 40))
            buffer_format(out, " and label != \"%s\"", random_chance(random, 50) ? "a" : "é-a");
        if (random_chance(random, 20))
            buffer_string(out, " or label is not set");
        buffer_format(out, " -> %s\n", tier(random));
    }
}

/* Rules that one key tells apart, and a threshold each. */
static void write_keys(struct random *random, struct buffer *out)
{
    size_t rules = 5 + random_below(random, 120), spread = random_chance(random, 50) ? 1 : 977;
    bool always_set = random_chance(random, 50);
    buffer_format(out, "attribute account : int%s\n", always_set ? " = 3" : "");
    for (size_t rule = 0; rule < rules; rule++)
        buffer_format(out, "when account == %zu and model == \"m%zu\" and tokens > %zu -> %s\n",
                      rule * spread, random_below(random, 20), random_below(random, 5000),
                      tier(random));
    if (!always_set)
        buffer_string(out, "when account is not set -> flex\n");
}

static void write_windows(struct random *random, struct buffer *out)
{
    static const char *const days[] = {"mon", "tue..thu", "fri..mon", "sat..sun"};
    size_t rules = 2 + random_below(random, 8);
    buffer_string(out, "timezone \"UTC\"\n");
    for (size_t rule = 0; rule < rules; rule++) {
        buffer_format(out, "when weekday in %s and time in %02zu:%02zu..%02zu:50",
                      days[random_below(random, 4)], random_below(random, 24),
                      random_below(random, 4) * 15, random_below(random, 24));
        if (random_chance(random, 50))
            buffer_format(out, " and date %s 2026-0%zu-1%zu",
                          random_chance(random, 50) ? ">" : "<=", 1 + random_below(random, 9),
                          random_below(random, 10));
        buffer_format(out, " -> %s\n", tier(random));
    }
}

void shaped_policy_write(uint64_t number, struct buffer *out)
{
    static void (*const shapes[])(struct random * random, struct buffer * out) = {
        write_boxes, write_patterns, write_keys, write_windows, write_patterns};
    struct random random = {number * 0x9e3779b97f4a7c15u + 7};
    shapes[number % (sizeof shapes / sizeof shapes[0])](&random, out);
}
