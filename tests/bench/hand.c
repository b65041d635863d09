/* tests/bench/hand.c: hand-written C to compare with. Called through pointers, like a library. */
#include "hand.h"

#include <stdlib.h>
#include <string.h>

#include "base/attribute.h"

enum { CRITICAL, HIGH, NORMAL, LOW };
enum { INTERACTIVE, ASYNC, BACKGROUND };

uint32_t hand_single(const void *data, const void *request)
{
    const int32_t *row = request;
    (void)data;
    return row[SINGLE_PRIORITY] == LOW || row[SINGLE_TOKENS] > 5000 ? 0 : 1;
}

uint32_t hand_single_wide(const void *data, const void *request)
{
    const int64_t *values = request;
    (void)data;
    return values[VARIABLE_PRIORITY] == LOW || values[VARIABLE_TOKENS] > 5000 ? 0 : 1;
}

uint32_t hand_router(const void *data, const void *request)
{
    const int32_t *row = request;
    (void)data;
    int32_t priority = row[ROUTER_PRIORITY];
    if (row[ROUTER_FORCE] != SLOT_UNSET)
        return 0;
    if (priority == CRITICAL || priority == HIGH)
        return 1;
    if (priority == LOW || row[ROUTER_TOKENS] > 5000)
        return 2;
    if ((row[ROUTER_TIME] >= 22 * 3600 || row[ROUTER_TIME] < 6 * 3600) && priority == NORMAL)
        return 3;
    return 4;
}

uint32_t hand_router_wide(const void *data, const void *request)
{
    const int64_t *values = request;
    (void)data;
    int64_t priority = values[VARIABLE_PRIORITY];
    if (values[VARIABLE_FORCE_TIER] != VALUE_UNSET)
        return 0;
    if (priority == CRITICAL || priority == HIGH)
        return 1;
    if (priority == LOW || values[VARIABLE_TOKENS] > 5000)
        return 2;
    int64_t time = values[VARIABLE_CLOCK] % SECONDS_PER_DAY;
    if ((time >= 22 * 3600 || time < 6 * 3600) && priority == NORMAL)
        return 3;
    return 4;
}

uint32_t hand_hybrid(const void *data, const void *request)
{
    const int32_t *row = request;
    (void)data;
    if (row[HYBRID_FORCE] != SLOT_UNSET)
        return 0;
    if (row[HYBRID_BATCH])
        return 1;
    if (row[HYBRID_TYPE] == INTERACTIVE)
        return 2;
    if (row[HYBRID_TOKENS] > 3000)
        return 3;
    if (row[HYBRID_TYPE] == BACKGROUND)
        return 4;
    if (row[HYBRID_CENTS] > 9000)
        return 5;
    if (row[HYBRID_CENTS] > 7000 || row[HYBRID_TIME] < 9 * 3600 || row[HYBRID_TIME] >= 18 * 3600)
        return 6;
    return 7;
}

uint32_t hand_hybrid_wide(const void *data, const void *request)
{
    const struct wide_slots *slots = data;
    const int64_t *values = request;
    if (values[VARIABLE_FORCE_TIER] != VALUE_UNSET)
        return 0;
    if (values[VARIABLE_BATCH_MODE])
        return 1;
    if (values[VARIABLE_REQUEST_TYPE] == INTERACTIVE)
        return 2;
    if (values[VARIABLE_TOKENS] > 3000)
        return 3;
    if (values[VARIABLE_REQUEST_TYPE] == BACKGROUND)
        return 4;
    int64_t spent = values[slots->spent], time = values[VARIABLE_CLOCK] % SECONDS_PER_DAY;
    if (spent > 90 * MONEY_DOLLAR)
        return 5;
    if (spent > 70 * MONEY_DOLLAR || time < 9 * 3600 || time >= 18 * 3600)
        return 6;
    return 7;
}

struct number_entry {
    int32_t model, team, tokens; /* model 0: free */
    uint32_t rule;
};

struct text_entry {
    char model[16], team[16];
    uint32_t model_length, team_length; /* model_length 0: free */
    int32_t tokens;
    uint32_t rule;
};

struct hand_table {
    uint32_t mask, rule_count;
    struct number_entry *numbers;
    struct text_entry *texts;
};

static uint32_t hash_number(int32_t number)
{
    return (uint32_t)number * 0x9e3779b1u >> 7;
}

/* FNV-1a, as many such tables use for short strings. */
static uint32_t hash_text(struct text text)
{
    uint32_t hash = 0x811c9dc5u;
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * 0x01000193u;
    return hash ^ hash >> 15;
}

static uint32_t print_name(char *name, const char *prefix, int32_t number)
{
    struct buffer text;
    buffer_init(&text, 15);
    buffer_format(&text, "%s%d", prefix, number);
    if (text.status)
        bench_trouble("a name is too long");
    uint32_t length = (uint32_t)text.length;
    memcpy(name, text.data, length + 1);
    buffer_free(&text);
    return length;
}

static void place_number(struct hand_table *table, struct number_entry entry)
{
    uint32_t at = hash_number(entry.model) & table->mask;
    while (table->numbers[at].model)
        at = (at + 1) & table->mask;
    table->numbers[at] = entry;
}

static void place_text(struct hand_table *table, struct number_entry entry)
{
    struct text_entry text = {.tokens = entry.tokens, .rule = entry.rule};
    text.model_length = print_name(text.model, "m", entry.model);
    text.team_length = print_name(text.team, "team", entry.team);
    uint32_t at = hash_text((struct text){text.model, text.model_length}) & table->mask;
    while (table->texts[at].model_length)
        at = (at + 1) & table->mask;
    table->texts[at] = text;
}

struct hand_table *hand_table_new(const struct workload *workload)
{
    struct hand_table *table = bench_memory(1, sizeof *table);
    uint32_t capacity = 16;
    while (capacity < workload->rule_count * 2)
        capacity *= 2;
    *table = (struct hand_table){.mask = capacity - 1, .rule_count = workload->rule_count};
    table->numbers = bench_memory(capacity, sizeof *table->numbers);
    table->texts = bench_memory(capacity, sizeof *table->texts);
    for (uint32_t i = 0; i < workload->rule_count; i++) {
        const struct plain_test *tests = workload->tests + workload->conjunctions[i].first;
        struct number_entry entry = {tests[0].low, tests[2].low, tests[1].low - 1, i};
        place_number(table, entry);
        place_text(table, entry);
    }
    return table;
}

void hand_table_free(struct hand_table *table)
{
    free(table->numbers);
    free(table->texts);
    free(table);
}

uint32_t hand_table_row(const void *data, const void *request)
{
    const struct hand_table *table = data;
    const int32_t *row = request;
    uint32_t at = hash_number(row[MODEL_MODEL]) & table->mask;
    for (; table->numbers[at].model; at = (at + 1) & table->mask) {
        const struct number_entry *entry = &table->numbers[at];
        if (entry->model == row[MODEL_MODEL])
            return row[MODEL_TOKENS] > entry->tokens && row[MODEL_TEAM] == entry->team
                       ? entry->rule
                       : table->rule_count;
    }
    return table->rule_count;
}

static bool is_text(const char *known, uint32_t length, struct text text)
{
    return text.length == length && memcmp(known, text.data, length) == 0;
}

uint32_t hand_table_text(const void *data, const void *request)
{
    const struct hand_table *table = data;
    const struct text_request *asked = request;
    uint32_t at = hash_text(asked->model) & table->mask;
    for (; table->texts[at].model_length; at = (at + 1) & table->mask) {
        const struct text_entry *entry = &table->texts[at];
        if (is_text(entry->model, entry->model_length, asked->model))
            return asked->tokens > entry->tokens &&
                           is_text(entry->team, entry->team_length, asked->team)
                       ? entry->rule
                       : table->rule_count;
    }
    return table->rule_count;
}

uint32_t hand_in_order(const void *data, const void *request)
{
    const struct workload *workload = data;
    const int32_t *row = request;
    for (uint32_t i = 0; i < workload->conjunction_count; i++) {
        const struct conjunction *conjunction = &workload->conjunctions[i];
        const struct plain_test *test = workload->tests + conjunction->first;
        uint32_t left = conjunction->count;
        while (left && row[test->slot] >= test->low && row[test->slot] <= test->high)
            test++, left--;
        if (left == 0)
            return conjunction->rule;
    }
    return workload->rule_count;
}
