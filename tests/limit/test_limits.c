/* tests/limit/test_limits.c: each named limit of the language, at the limit and one past it: the
 * first compiles, the second is refused by the right finding. The last line is "N passed, N
 * failed". */
#include "outcome.h"

#include "base/json.h"
#include "program/run/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_list(struct buffer *out, const char *format, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_string(out, i ? ", " : "");
        buffer_format(out, "%s%zu", format, i);
    }
}

static void write_times(struct buffer *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_string(out, text);
}

static void write_steps(struct buffer *out, size_t count)
{
    buffer_string(out, "when stream -> flex");
    write_times(out, " else flex", count - 1);
}

static void write_parentheses(struct buffer *out, size_t count)
{
    buffer_string(out, "when ");
    write_times(out, "(", count);
    buffer_string(out, "stream");
    write_times(out, ")", count);
    buffer_string(out, " -> flex");
}

static void write_nots(struct buffer *out, size_t count)
{
    buffer_string(out, "when ");
    write_times(out, "not ", count);
    buffer_string(out, "stream -> flex");
}

static void write_tiers(struct buffer *out, size_t count)
{
    buffer_string(out, "tiers {");
    write_list(out, "tier", count);
    buffer_string(out, "}\nwhen stream -> tier0");
}

/* The built-in attributes count too, and those of the six tiers. */
static void write_attributes(struct buffer *out, size_t count)
{
    for (size_t i = builtin_attribute_count + 6; i < count; i++)
        buffer_format(out, "attribute own-%zu : bool = true\n", i);
    buffer_string(out, "when stream -> flex");
}

static void write_budgets(struct buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_format(out, "budget own-%zu $5 per day\n", i);
    buffer_string(out, "when stream -> flex");
}

static void write_words(struct buffer *out, size_t count)
{
    buffer_string(out, "attribute own : enum {");
    write_list(out, "word", count);
    buffer_string(out, "} = word0\nwhen own == word1 -> flex");
}

static void write_items(struct buffer *out, size_t count)
{
    buffer_string(out, "when tokens in {");
    write_list(out, "", count);
    buffer_string(out, "} -> flex");
}

static void write_all_items(struct buffer *out, size_t count)
{
    buffer_string(out, "let many = {");
    write_list(out, "", MAX_ITEMS);
    buffer_string(out, "}\n");
    write_times(out, "when tokens in many -> flex\n", count / MAX_ITEMS);
    write_times(out, "when tokens in {1} -> flex\n", count % MAX_ITEMS);
}

static void write_let_conditions(struct buffer *out, size_t count)
{
    buffer_string(out, "let a0 = stream and tools\n");
    for (size_t i = 1; i < count; i++)
        buffer_format(out, "let a%zu = a%zu and tools\n", i, i - 1);
    buffer_format(out, "when a%zu -> flex", count - 1);
}

static void write_let_values(struct buffer *out, size_t count)
{
    buffer_string(out, "let a0 = 5\n");
    for (size_t i = 1; i < count; i++)
        buffer_format(out, "let a%zu = a%zu\n", i, i - 1);
    buffer_format(out, "when tokens > a%zu -> flex", count - 1);
}

/* A name of 1,000 parts: 999 tests, and the `or` that joins them. */
static void write_thousand(struct buffer *out)
{
    buffer_string(out, "let thousand = stream");
    write_times(out, " or stream", 998);
    buffer_string(out, "\n");
}

static void write_sized_rule(struct buffer *out, size_t count)
{
    buffer_string(out, "when thousand");
    write_times(out, " or thousand", (count - 1) / 1000 - 1);
    write_times(out, " or stream", (count - 1) % 1000);
    buffer_string(out, " -> flex\n");
}

static void write_condition_size(struct buffer *out, size_t count)
{
    write_thousand(out);
    write_sized_rule(out, count);
}

static void write_policy_size(struct buffer *out, size_t count)
{
    write_thousand(out);
    for (; count >= MAX_CONDITION_SIZE; count -= MAX_CONDITION_SIZE)
        write_sized_rule(out, MAX_CONDITION_SIZE);
    write_times(out, "when stream -> flex\n", count);
}

static void write_height(struct buffer *out, size_t count)
{
    size_t names = 0;
    for (size_t rest = count - 1; rest > 0; names++) {
        size_t part = rest < 150 ? rest : 150;
        buffer_format(out, "let a%zu = ", names);
        write_times(out, "not ", part - 1);
        if (names)
            buffer_format(out, "a%zu\n", names - 1);
        else
            buffer_string(out, "stream\n");
        rest -= part;
    }
    buffer_format(out, "when a%zu -> flex", names - 1);
}

static void write_retry(struct buffer *out, size_t count)
{
    buffer_format(out, "when stream -> flex retry %zu", count);
}

static void write_timeout(struct buffer *out, size_t count)
{
    buffer_format(out, "when stream -> flex timeout %zums", count);
}

static void write_source(struct buffer *out, size_t count)
{
    buffer_string(out, "when stream -> flex");
    buffer_repeat(out, ' ', count - out->length);
}

static void write_tokens(struct buffer *out, size_t count)
{
    buffer_string(out, "when stream -> flex\n");
    write_times(out, "#\n", count - 4);
}

static const struct limit {
    const char *name;
    void (*write)(struct buffer *out, size_t count);
    size_t most;
    enum finding_name finding;
} limits[] = {
    {"TW_MAX_STEPS", write_steps, TW_MAX_STEPS, FINDING_LONG_CHAIN},
    {"MAX_NESTING, parentheses", write_parentheses, MAX_NESTING, FINDING_TOO_LARGE},
    {"MAX_NESTING, not", write_nots, MAX_NESTING, FINDING_TOO_LARGE},
    {"MAX_TIERS", write_tiers, MAX_TIERS, FINDING_TOO_LARGE},
    {"MAX_ATTRIBUTES", write_attributes, MAX_ATTRIBUTES, FINDING_TOO_LARGE},
    {"MAX_ATTRIBUTES, budgets", write_budgets, (MAX_ATTRIBUTES - 28) / 3, FINDING_TOO_LARGE},
    {"MAX_WORDS", write_words, MAX_WORDS, FINDING_TOO_LARGE},
    {"MAX_ITEMS", write_items, MAX_ITEMS, FINDING_TOO_LARGE},
    {"MAX_POLICY_ITEMS", write_all_items, MAX_POLICY_ITEMS, FINDING_TOO_LARGE},
    {"MAX_LET_DEPTH, conditions", write_let_conditions, MAX_LET_DEPTH, FINDING_TOO_LARGE},
    {"MAX_LET_DEPTH, values", write_let_values, MAX_LET_DEPTH, FINDING_TOO_LARGE},
    {"MAX_CONDITION_SIZE", write_condition_size, MAX_CONDITION_SIZE, FINDING_TOO_LARGE},
    {"MAX_POLICY_SIZE", write_policy_size, MAX_POLICY_SIZE, FINDING_TOO_LARGE},
    {"MAX_CONDITION_HEIGHT", write_height, MAX_CONDITION_HEIGHT, FINDING_TOO_LARGE},
    {"MOST_RETRIES", write_retry, MOST_RETRIES, FINDING_BAD_OPTION},
    {"LONGEST_TIMEOUT", write_timeout, LONGEST_TIMEOUT, FINDING_BAD_OPTION},
    {"TW_MAX_SOURCE", write_source, TW_MAX_SOURCE, FINDING_TOO_LARGE},
    {"MAX_TOKENS", write_tokens, MAX_TOKENS, FINDING_TOO_LARGE},
};

struct tally {
    int passed, failed;
};

static void expect(struct tally *tally, bool good, const char *what)
{
    tally->passed += good;
    tally->failed += !good;
    if (!good)
        printf("FAILED: %s\n", what);
}

static struct outcome run(const struct limit *limit, size_t count, struct tally *tally)
{
    struct buffer text;
    char name[100];
    buffer_init(&text, TW_MAX_SOURCE + 100);
    limit->write(&text, count);
    struct outcome outcome = outcome_of(buffer_view(&text), NULL);
    snprintf(name, sizeof name, "%s: %zu", limit->name, count);
    expect(tally, text.status == TW_OK && outcome_good(name, &outcome), name);
    buffer_free(&text);
    return outcome;
}

static void test_limit(const struct limit *limit, struct tally *tally)
{
    struct outcome at = run(limit, limit->most, tally), past = run(limit, limit->most + 1, tally);
    expect(tally, at.errors == 0, "at the limit it compiles");
    expect(tally, past.errors > 0 && past.found[limit->finding], "past it, the right finding");
}

/* Files named by numbers: each includes the next one, or the first includes all others. */
struct files {
    size_t count;
    bool chain;
};

static enum tw_status read_numbered(void *context, struct arena *arena, struct text path,
                                    struct text *content, struct text *identity)
{
    const struct files *files = context;
    size_t number = (size_t)strtoul(path.data, NULL, 10);
    if (number == 0)
        return TW_NOT_FOUND;
    *identity = arena_format(arena, "%zu", number);
    if (content && files->chain && number < files->count)
        *content = arena_format(arena, "include \"%zu\"", number + 1);
    else if (content)
        *content = TEXT("when stream -> flex");
    return TW_OK;
}

/* The root is a file too. */
static void test_files(size_t count, bool chain, bool fits, struct tally *tally)
{
    struct files files = {count - 1, chain};
    const struct file_reader reader = {read_numbered, &files};
    struct buffer text;
    char name[100];
    buffer_init(&text, 1 << 16);
    for (size_t i = 1; i < (chain ? 2 : count); i++)
        buffer_format(&text, "include \"%zu\"\n", i);
    struct outcome outcome = outcome_of(buffer_view(&text), &reader);
    snprintf(name, sizeof name, "%s: %zu", chain ? "MAX_INCLUDE_DEPTH" : "MAX_SOURCES", count);
    expect(tally, outcome_good(name, &outcome), name);
    expect(tally, fits ? outcome.errors == 0 : outcome.found[FINDING_TOO_LARGE], "its finding");
    buffer_free(&text);
}

static void test_findings(size_t mistakes, struct tally *tally)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    for (size_t i = 0; i < mistakes; i++)
        buffer_format(&text, "when wrong-%zu -> flex\n", i);
    struct outcome outcome = outcome_of(buffer_view(&text), NULL);
    expect(tally, outcome_good("MAX_FINDINGS", &outcome), "MAX_FINDINGS");
    expect(tally, outcome.errors == (mistakes < MAX_FINDINGS ? mistakes : MAX_FINDINGS),
           "as many findings as there is room for");
    buffer_free(&text);
}

static void test_json_depth(size_t depth, enum tw_status expected, struct tally *tally)
{
    struct buffer text;
    struct json_value root;
    buffer_init(&text, 1 << 20);
    buffer_repeat(&text, '[', depth);
    buffer_repeat(&text, ']', depth);
    expect(tally, json_parse(buffer_view(&text), &root, NULL) == expected, "JSON_MAX_DEPTH");
    buffer_free(&text);
}

static void test_request_text(size_t length, enum tw_status expected, struct tally *tally)
{
    static const char policy_text[] = "when user == \"x\" -> flex";
    struct buffer text;
    tw_policy *policy;
    tw_request *request;
    buffer_init(&text, 1 << 22);
    buffer_repeat(&text, 'x', length);
    if (tw_policy_compile("x", policy_text, sizeof policy_text - 1, &policy, NULL) ||
        tw_request_new(policy, &request))
        abort();
    expect(tally, tw_request_set(request, "user", text.data, NULL) == expected,
           "a text of a request is copied up to 1 MB");
    tw_request_free(request);
    tw_policy_free(policy);
    buffer_free(&text);
}

static void test_image_length(struct tally *tally)
{
    tw_policy *policy;
    expect(tally, tw_policy_load("x", IMAGE_LIMIT + 1, &policy, NULL) == TW_DAMAGED && !policy,
           "an image over IMAGE_LIMIT is not even looked at");
}

int main(void)
{
    struct tally tally = {0};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        test_limit(&limits[i], &tally);
    test_files(MAX_SOURCES, false, true, &tally);
    test_files(MAX_SOURCES + 1, false, false, &tally);
    test_files(MAX_INCLUDE_DEPTH, true, true, &tally);
    test_files(MAX_INCLUDE_DEPTH + 1, true, false, &tally);
    test_findings(MAX_FINDINGS, &tally);
    test_findings(MAX_FINDINGS + 1, &tally);
    test_json_depth(JSON_MAX_DEPTH, TW_OK, &tally);
    test_json_depth(JSON_MAX_DEPTH + 1, TW_LIMIT, &tally);
    test_request_text(1 << 20, TW_OK, &tally);
    test_request_text((1 << 20) + 1, TW_LIMIT, &tally);
    test_image_length(&tally);
    printf("%d passed, %d failed\n", tally.passed, tally.failed);
    return tally.failed > 0;
}
