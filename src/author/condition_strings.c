/* author/condition_strings.c: see condition_internal.h. The fewest tests that tell the wanted
 * texts from those that are left out.
 *
 * Every text that tests name is an example of its own, and every other class of texts has one
 * (its sample). A class that is wanted gets all tests that its example passes; then tests are
 * dropped while no example that is left out passes all that remain. */
#include "author/condition_internal.h"

#define MOST_WORK 20000000u /* examples * examples * tests up to which tests are dropped */

struct example {
    struct text text;
    uint32_t class;
    uint32_t failures; /* how many of the tests that are kept it fails */
    bool covered;      /* by the tests that are written so far */
};

struct strings {
    struct writing *writing;
    const struct chosen *chosen;
    struct example *examples; /* the named ones first */
    size_t example_count, named_count;
    size_t test_count; /* patterns, then `!=` for each named text */
    bool *kept;        /* of each test */
    bool *matches;     /* of each example, of each pattern; NULL where no tests are dropped */
};

static size_t pattern_count(const struct strings *strings)
{
    return strings->chosen->classes->patterns.count;
}

static bool does_match(const struct strings *strings, size_t example, size_t pattern)
{
    return glob_matches(strings->chosen->classes->patterns.items[pattern],
                        strings->examples[example].text);
}

/* Does the example pass the test as the leading one's class means it? */
static bool passes(const struct strings *strings, size_t leading, size_t example, size_t test)
{
    size_t patterns = pattern_count(strings);
    if (test >= patterns)
        return example != test - patterns;
    return strings->matches[example * patterns + test] ==
           strings->matches[leading * patterns + test];
}

/* What matches what, where that is little enough for tests to be dropped. */
static bool fill_matches(struct strings *strings)
{
    size_t examples = strings->example_count, patterns = pattern_count(strings);
    size_t work = examples * strings->test_count;
    if (work > MOST_WORK || work * examples > MOST_WORK)
        return true;
    strings->matches = ARENA_ARRAY(strings->writing->built->arena, bool, examples *patterns + 1);
    for (size_t i = 0; strings->matches && i < examples * patterns; i++)
        strings->matches[i] = does_match(strings, i / patterns, i % patterns);
    return strings->matches != NULL;
}

static bool add_examples(struct strings *strings)
{
    const struct variable_classes *classes = strings->chosen->classes;
    struct arena *arena = strings->writing->built->arena;
    size_t most = classes->text_count + classes->sample_count;
    strings->test_count = pattern_count(strings) + classes->text_count;
    strings->examples = ARENA_ARRAY(arena, struct example, most + 1);
    strings->kept = ARENA_ARRAY(arena, bool, strings->test_count + 1);
    bool *named = ARENA_ARRAY(arena, bool, classes->count + 1); /* of each class */
    if (!strings->examples || !strings->kept || !named)
        return false;
    for (size_t i = 0; i < classes->text_count; i++) {
        named[classes->text_classes[i]] = true;
        strings->examples[strings->example_count++] =
            (struct example){.text = classes->texts[i], .class = classes->text_classes[i]};
    }
    strings->named_count = strings->example_count;
    for (uint32_t class = 0; class < classes->sample_count; class ++)
        if (!named[class])
            strings->examples[strings->example_count++] =
                (struct example){.text = classes->samples[class], .class = class};
    return fill_matches(strings);
}

/* Would the tests without this one let in what is left out? */
static bool is_needed(const struct strings *strings, size_t leading, size_t test)
{
    for (size_t i = 0; i < strings->example_count; i++) {
        const struct example *example = &strings->examples[i];
        if (strings->chosen->marks[example->class] != WANTED && example->failures == 1 &&
            !passes(strings, leading, i, test))
            return true;
    }
    return false;
}

static void drop(struct strings *strings, size_t leading, size_t test)
{
    strings->kept[test] = false;
    for (size_t i = 0; i < strings->example_count; i++)
        strings->examples[i].failures -= !passes(strings, leading, i, test);
}

static bool is_positive(const struct strings *strings, size_t leading, size_t test)
{
    return test < pattern_count(strings) && does_match(strings, leading, test);
}

/* Negated tests go first: what is said positively is read more easily. */
static void drop_needless(struct strings *strings, size_t leading)
{
    for (int positive = 0; positive < 2; positive++)
        for (size_t test = strings->test_count; test-- > 0;)
            if (is_positive(strings, leading, test) == positive &&
                !is_needed(strings, leading, test))
                drop(strings, leading, test);
}

/* Keeps the tests that are needed for the leading example's class; marks what they cover. */
static void choose_tests(struct strings *strings, size_t leading)
{
    memset(strings->kept, true, strings->test_count);
    strings->examples[leading].covered = true;
    if (!strings->matches)
        return;
    for (size_t i = 0; i < strings->example_count; i++) {
        strings->examples[i].failures = 0;
        for (size_t test = 0; test < strings->test_count; test++)
            strings->examples[i].failures += !passes(strings, leading, i, test);
    }
    drop_needless(strings, leading);
    for (size_t i = 0; i < strings->example_count; i++)
        strings->examples[i].covered |= strings->examples[i].failures == 0;
}

static void write_quoted(struct strings *strings, const char *comparison, struct text text)
{
    buffer_format(strings->writing->out, "%.*s %s ", TEXT_ARGUMENTS(strings->chosen->name),
                  comparison);
    value_quote(strings->writing->out, text);
}

/* One test of those named texts that are shown. */
static void write_named(struct strings *strings, bool negated, const bool *shown, size_t count)
{
    struct buffer *out = strings->writing->out;
    const char *between = "";
    if (count > 1)
        buffer_format(out, "%.*s %s", TEXT_ARGUMENTS(strings->chosen->name),
                      negated ? "not in {" : "in {");
    for (size_t i = 0; i < strings->named_count; i++) {
        if (!shown[i])
            continue;
        if (count == 1)
            write_quoted(strings, negated ? "!=" : "==", strings->examples[i].text);
        buffer_string(out, between);
        if (count > 1)
            value_quote(out, strings->examples[i].text);
        between = ", ";
    }
    buffer_string(out, count > 1 ? "}" : "");
}

static void write_chosen_tests(struct strings *strings, size_t leading)
{
    struct buffer *out = strings->writing->out;
    size_t patterns = pattern_count(strings), named = 0, start = out->length;
    for (size_t test = 0; test < patterns; test++) {
        if (!strings->kept[test])
            continue;
        buffer_string(out, out->length > start ? " and " : "");
        write_quoted(strings, is_positive(strings, leading, test) ? "like" : "not like",
                     strings->chosen->classes->patterns.items[test]);
    }
    for (size_t i = 0; i < strings->named_count; i++)
        named += strings->kept[patterns + i];
    buffer_string(out, named && out->length > start ? " and " : "");
    write_named(strings, true, strings->kept + patterns, named);
    if (out->length == start)
        buffer_format(out, "%.*s is set", TEXT_ARGUMENTS(strings->chosen->name));
}

/* The named texts that are wanted and that no test so far covers. */
static size_t write_rest(struct strings *strings, size_t parts)
{
    size_t count = 0;
    for (size_t i = 0; i < strings->named_count; i++) {
        const struct example *example = &strings->examples[i];
        strings->kept[i] = strings->chosen->marks[example->class] == WANTED && !example->covered;
        count += strings->kept[i];
    }
    buffer_string(strings->writing->out, count && parts ? " or " : "");
    write_named(strings, false, strings->kept, count);
    return parts + (count > 0);
}

size_t condition_write_strings(struct writing *writing, const struct chosen *chosen)
{
    struct strings strings = {.writing = writing, .chosen = chosen};
    size_t parts = 0;
    if (!add_examples(&strings)) {
        writing->out->status = TW_NO_MEMORY;
        return 0;
    }
    for (size_t i = strings.named_count; i < strings.example_count; i++) {
        if (chosen->marks[strings.examples[i].class] != WANTED || strings.examples[i].covered)
            continue;
        choose_tests(&strings, i);
        buffer_string(writing->out, parts++ ? " or " : "");
        write_chosen_tests(&strings, i);
    }
    return write_rest(&strings, parts);
}
