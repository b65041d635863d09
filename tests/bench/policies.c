/* tests/bench/policies.c: texts, plain forms and requests of the measured policies. */
#include "policies.h"

#include <stdlib.h>

enum { TEAMS = 50, BOX_DOMAIN = 10000, BOX_TESTS = 3, MOST_TESTS = 3 };

static const char router_text[] =
    "edition 1\n"
    "timezone \"America/New_York\"\n"
    "let large = 5k\n"
    "let off-peak = time in 22:00..06:00\n"
    "pinned:      when force_tier is set                 -> force_tier\n"
    "user-facing: when priority in {critical, high}      -> default\n"
    "patient:     when priority == low or tokens > large -> flex timeout 15m retry 3 else default\n"
    "night:       when off-peak and priority == normal   -> flex else auto\n"
    "otherwise                                           -> auto\n";

static const char hybrid_text[] =
    "edition 1\n"
    "timezone \"America/New_York\"\n"
    "budget daily $100 per day\n"
    "let large = 3k\n"
    "let business-hours = hour in 9..17\n"
    "pinned:      when force_tier is set                      -> force_tier\n"
    "batch:       when batch_mode                             -> flex retry 5 else default\n"
    "interactive: when request_type == interactive            -> default\n"
    "large:       when tokens > large                         -> flex retry 1 else auto\n"
    "background:  when request_type == background             -> flex retry 3 else default\n"
    "near-limit:  when daily.used > 90%                       -> flex else auto\n"
    "careful:     when daily.used > 70% or not business-hours -> auto\n"
    "otherwise                                                -> default\n";

static void workload_begin(struct workload *workload, const char *name, uint32_t rules,
                           uint32_t conjunctions)
{
    *workload = (struct workload){.name = name, .rule_count = rules};
    buffer_init(&workload->text, TW_MAX_SOURCE);
    workload->tests = bench_memory((size_t)conjunctions * MOST_TESTS, sizeof(struct plain_test));
    workload->conjunctions = bench_memory(conjunctions, sizeof(struct conjunction));
}

void workload_free(struct workload *workload)
{
    buffer_free(&workload->text);
    free(workload->tests);
    free(workload->conjunctions);
}

/* Starts a conjunction; the tests added next are its own. */
static void add_conjunction(struct workload *workload, uint32_t rule)
{
    workload->conjunctions[workload->conjunction_count++] =
        (struct conjunction){.rule = rule, .first = workload->test_count};
}

static void add_test(struct workload *workload, int32_t slot, int32_t low, int32_t high)
{
    workload->tests[workload->test_count++] = (struct plain_test){slot, low, high};
    workload->conjunctions[workload->conjunction_count - 1].count++;
}

static void add_single(struct workload *workload, uint32_t rule, int32_t slot, int32_t low,
                       int32_t high)
{
    add_conjunction(workload, rule);
    add_test(workload, slot, low, high);
}

static int32_t one_in(struct random *random, int32_t chance)
{
    return random_below(random, chance) == 0;
}

static void fill_router(const struct workload *workload, struct random *random, int32_t *row)
{
    (void)workload;
    row[ROUTER_FORCE] = one_in(random, 10) ? random_below(random, 3) : SLOT_UNSET;
    row[ROUTER_PRIORITY] = random_below(random, 4);
    row[ROUTER_TOKENS] = random_below(random, 10000);
    row[ROUTER_TIME] = random_below(random, SECONDS_PER_DAY);
    row[ROUTER_WEEKDAY] = random_below(random, 7);
}

void workload_router(struct workload *workload)
{
    static const struct binding bindings[] = {{"force_tier", ROUTER_FORCE, 1, NULL},
                                              {"priority", ROUTER_PRIORITY, 1, NULL},
                                              {"tokens", ROUTER_TOKENS, 1, NULL},
                                              {"time", ROUTER_TIME, 1, NULL},
                                              {"weekday", ROUTER_WEEKDAY, 1, NULL}};
    workload_begin(workload, "P1 dynamic router", 4, 6);
    buffer_string(&workload->text, router_text);
    add_single(workload, 0, ROUTER_FORCE, 0, SLOT_MOST);
    add_single(workload, 1, ROUTER_PRIORITY, 0, 1);
    add_single(workload, 2, ROUTER_PRIORITY, 3, 3);
    add_single(workload, 2, ROUTER_TOKENS, 5001, SLOT_MOST);
    add_single(workload, 3, ROUTER_TIME, 22 * 3600, SLOT_MOST);
    add_test(workload, ROUTER_PRIORITY, 2, 2);
    add_single(workload, 3, ROUTER_TIME, 0, 6 * 3600 - 1);
    add_test(workload, ROUTER_PRIORITY, 2, 2);
    workload->bindings = bindings;
    workload->binding_count = sizeof bindings / sizeof bindings[0];
    workload->fill = fill_router;
}

static void fill_single(const struct workload *workload, struct random *random, int32_t *row)
{
    (void)workload;
    row[SINGLE_PRIORITY] = random_below(random, 4);
    row[SINGLE_TOKENS] = random_below(random, 10000);
}

void workload_single(struct workload *workload)
{
    static const struct binding bindings[] = {{"priority", SINGLE_PRIORITY, 1, NULL},
                                              {"tokens", SINGLE_TOKENS, 1, NULL}};
    workload_begin(workload, "one rule", 1, 2);
    buffer_string(&workload->text, "when priority == low or tokens > 5k -> flex else default\n");
    add_single(workload, 0, SINGLE_PRIORITY, 3, 3);
    add_single(workload, 0, SINGLE_TOKENS, 5001, SLOT_MOST);
    workload->bindings = bindings;
    workload->binding_count = sizeof bindings / sizeof bindings[0];
    workload->fill = fill_single;
}

static void fill_hybrid(const struct workload *workload, struct random *random, int32_t *row)
{
    (void)workload;
    row[HYBRID_FORCE] = one_in(random, 10) ? random_below(random, 3) : SLOT_UNSET;
    row[HYBRID_BATCH] = one_in(random, 8);
    row[HYBRID_TYPE] = random_below(random, 3);
    row[HYBRID_TOKENS] = random_below(random, 6000);
    row[HYBRID_CENTS] = random_below(random, 12000);
    row[HYBRID_TIME] = random_below(random, SECONDS_PER_DAY);
    row[HYBRID_WEEKDAY] = random_below(random, 7);
}

void workload_hybrid(struct workload *workload)
{
    static const struct binding bindings[] = {
        {"force_tier", HYBRID_FORCE, 1, NULL},
        {"batch_mode", HYBRID_BATCH, 1, NULL},
        {"request_type", HYBRID_TYPE, 1, NULL},
        {"tokens", HYBRID_TOKENS, 1, NULL},
        {"time", HYBRID_TIME, 1, NULL},
        {"weekday", HYBRID_WEEKDAY, 1, NULL},
        {"daily.spent", HYBRID_CENTS, MONEY_DOLLAR / 100, NULL}};
    workload_begin(workload, "P2 hybrid strategy", 7, 9);
    buffer_string(&workload->text, hybrid_text);
    add_single(workload, 0, HYBRID_FORCE, 0, SLOT_MOST);
    add_single(workload, 1, HYBRID_BATCH, 1, 1);
    add_single(workload, 2, HYBRID_TYPE, 0, 0);
    add_single(workload, 3, HYBRID_TOKENS, 3001, SLOT_MOST);
    add_single(workload, 4, HYBRID_TYPE, 2, 2);
    add_single(workload, 5, HYBRID_CENTS, 9001, SLOT_MOST);
    add_single(workload, 6, HYBRID_CENTS, 7001, SLOT_MOST);
    add_single(workload, 6, HYBRID_TIME, 0, 9 * 3600 - 1);
    add_single(workload, 6, HYBRID_TIME, 18 * 3600, SLOT_MOST);
    workload->bindings = bindings;
    workload->binding_count = sizeof bindings / sizeof bindings[0];
    workload->fill = fill_hybrid;
}

/* A model of the policy, now and then one that it does not name; half the time that rule's team. */
static void fill_models(const struct workload *workload, struct random *random, int32_t *row)
{
    int32_t model = random_below(random, (int32_t)workload->rule_count + 1);
    row[MODEL_MODEL] = model;
    row[MODEL_TEAM] = one_in(random, 2) ? model % TEAMS + 1 : random_below(random, TEAMS) + 1;
    row[MODEL_TOKENS] = random_below(random, 20000);
}

void workload_models_changed(struct workload *workload, uint32_t rules, uint32_t step)
{
    static const struct binding bindings[] = {{"model", MODEL_MODEL, 1, "m"},
                                              {"team", MODEL_TEAM, 1, "team"},
                                              {"tokens", MODEL_TOKENS, 1, NULL}};
    workload_begin(workload, "P3 models", rules, rules);
    buffer_string(&workload->text, "edition 1\nattribute team : string\n");
    for (uint32_t i = 1; i <= rules; i++) {
        int32_t tokens = (int32_t)(i * 37 % 100) * 100 + (i % step ? 0 : 50);
        int32_t team = (int32_t)(i % TEAMS) + 1;
        buffer_format(
            &workload->text,
            "when model == \"m%u\" and tokens > %d and team == \"team%d\" -> flex else auto\n", i,
            tokens, team);
        add_single(workload, i - 1, MODEL_MODEL, (int32_t)i, (int32_t)i);
        add_test(workload, MODEL_TOKENS, tokens + 1, SLOT_MOST);
        add_test(workload, MODEL_TEAM, team, team);
    }
    buffer_string(&workload->text, "otherwise -> auto\n");
    workload->bindings = bindings;
    workload->binding_count = sizeof bindings / sizeof bindings[0];
    workload->fill = fill_models;
}

void workload_models(struct workload *workload, uint32_t rules)
{
    workload_models_changed(workload, rules, rules + 1);
}

static void fill_boxes(const struct workload *workload, struct random *random, int32_t *row)
{
    (void)workload;
    for (int i = 0; i < SLOTS; i++)
        row[i] = random_below(random, BOX_DOMAIN);
}

/* widest: percent of the domain; a range is between a half and all of that. */
static void add_box(struct workload *workload, struct random *random, uint32_t rule, int32_t widest)
{
    int32_t least = BOX_DOMAIN / 200 * widest;
    unsigned taken = 0;
    add_conjunction(workload, rule);
    buffer_string(&workload->text, "when ");
    for (int i = 0; i < BOX_TESTS; i++) {
        int32_t slot = random_below(random, SLOTS);
        while (taken >> slot & 1)
            slot = (slot + 1) % SLOTS;
        taken |= 1u << slot;
        int32_t width = least + random_below(random, least);
        int32_t low = random_below(random, BOX_DOMAIN - width);
        add_test(workload, slot, low, low + width);
        buffer_format(&workload->text, "%sa%d in %d..%d", i ? " and " : "", slot, low, low + width);
    }
    buffer_string(&workload->text, " -> flex else auto\n");
}

static void add_boxes(struct workload *workload, const char *name, uint32_t rules, int32_t widest)
{
    static const struct binding bindings[SLOTS] = {
        {"a0", 0, 1, NULL}, {"a1", 1, 1, NULL}, {"a2", 2, 1, NULL}, {"a3", 3, 1, NULL},
        {"a4", 4, 1, NULL}, {"a5", 5, 1, NULL}, {"a6", 6, 1, NULL}, {"a7", 7, 1, NULL}};
    struct random random = {rules};
    workload_begin(workload, name, rules, rules);
    for (int i = 0; i < SLOTS; i++)
        buffer_format(&workload->text, "attribute a%d : int = 0\n", i);
    for (uint32_t i = 0; i < rules; i++)
        add_box(workload, &random, i, widest);
    buffer_string(&workload->text, "otherwise -> auto\n");
    workload->bindings = bindings;
    workload->binding_count = SLOTS;
    workload->fill = fill_boxes;
}

void workload_boxes(struct workload *workload, uint32_t rules)
{
    add_boxes(workload, "random boxes", rules, 14);
}

void workload_overlapping(struct workload *workload, uint32_t rules)
{
    add_boxes(workload, "overlapping boxes", rules, 66);
}

int32_t *workload_rows(const struct workload *workload, size_t count)
{
    struct random random = {count ^ 0x5eed};
    int32_t *rows = bench_memory(count * SLOTS, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        workload->fill(workload, &random, rows + i * SLOTS);
    return rows;
}
