/* Statistics: the seed's get_stats and get_savings reproduced, and what it did not have to face. */
#include "runtime/stats.h"

#include "runtime/percent.h"
#include "runtime/price.h"

#include <stdlib.h>

#include "unit.h"

static struct store *memory_store(void)
{
    struct store *store;
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(store_open("memory:", &STORE_DEFAULTS, &store, &error), TW_OK);
    return store;
}

/* Appends an answered request, priced by a table as the router would. */
static void served(struct store *store, const struct price_table *table, const char *tier,
                   const char *rule, int64_t input, int64_t output)
{
    struct token_usage usage = {input, -1, -1, output, -1};
    struct price_quote quote, at_default;
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = TEXT("r");
    row.attempt = 1;
    row.model = TEXT("gpt-4.1-mini");
    row.served_tier = text_of(tier);
    row.rule = text_of(rule);
    struct price_question question = {.model = row.model, .tier = row.served_tier};
    price_usage(table, &question, &usage, &quote, NULL);
    question.tier = TEXT("default");
    price_usage(table, &question, &usage, &at_default, NULL);
    row.cost = quote.cost;
    row.default_cost = at_default.cost;
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
}

static struct price_table *table_of(const char *name)
{
    struct price_table *table;
    CU_ASSERT_EQUAL_FATAL(price_table_builtin(text_of(name), &table, NULL), TW_OK);
    return table;
}

static struct stats collect(struct store *store)
{
    const struct stats_query query = {.range = LEDGER_ALL};
    struct stats stats;
    struct tw_error error;
    CU_ASSERT_EQUAL_FATAL(stats_collect(store, &query, &stats, &error), TW_OK);
    return stats;
}

/* The JSON has to begin with this text. */
static void expect_json(const struct stats *stats, bool seed_rounding, const char *expected)
{
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    stats_write_json(&buffer, stats, TEXT(""), seed_rounding);
    CU_ASSERT_EQUAL_FATAL(buffer.status, TW_OK);
    bool same = strncmp(buffer.data, expected, strlen(expected)) == 0;
    if (!same)
        printf("\n%s\n", buffer.data);
    CU_ASSERT_TRUE(same);
    buffer_free(&buffer);
}

/* CostOptimizingRouter with an answer at default of 8 and 12 tokens, and one at flex of 632 and
 * 300: in Python 0.00014 and 0.00229, at default 0.00472 in all. */
static void seed_savings(void)
{
    struct store *store = memory_store();
    struct price_table *seed = table_of("seed");
    served(store, seed, "default", "interactive", 8, 12);
    served(store, seed, "flex", "background", 632, 300);
    struct stats stats = collect(store);
    struct savings savings = stats_savings(&stats);
    CU_ASSERT_TRUE(savings.default_spend == 140000000);
    CU_ASSERT_TRUE(savings.flex_spend == 2290000000);
    CU_ASSERT_TRUE(savings.would_have_spent == 4720000000);
    CU_ASSERT_TRUE(savings.saved == 2290000000);
    expect_json(&stats, false,
                "{\"counts\": {\"default\": 1, \"flex\": 1, \"auto\": 0}, \"percentages\": "
                "{\"default\": 50, \"flex\": 50, \"auto\": 0}, \"savings\": {\"default_spend\": "
                "\"0.00014\", \"flex_spend\": \"0.00229\", \"actual_total\": \"0.00243\", "
                "\"would_have_spent\": \"0.00472\", \"saved\": \"0.00229\", \"savings_percent\": "
                "48.5169491525}");
    expect_json(&stats, true,
                "{\"counts\": {\"default\": 1, \"flex\": 1, \"auto\": 0}, \"percentages\": "
                "{\"default\": 50, \"flex\": 50, \"auto\": 0}, \"savings\": {\"default_spend\": "
                "0.0001, \"flex_spend\": 0.0023, \"actual_total\": 0.0024, "
                "\"would_have_spent\": 0.0047, \"saved\": 0.0023, \"savings_percent\": 48.5}");
    stats_free(&stats);
    price_table_free(seed);
    store_close(store);
}

static void nothing_yet(void)
{
    struct store *store = memory_store();
    struct stats stats = collect(store);
    expect_json(&stats, false,
                "{\"counts\": {\"default\": 0, \"flex\": 0, \"auto\": 0}, \"percentages\": "
                "{\"default\": 0, \"flex\": 0, \"auto\": 0}, \"savings\": {\"default_spend\": "
                "\"0\", \"flex_spend\": \"0\", \"actual_total\": \"0\", \"would_have_spent\": "
                "\"0\", \"saved\": \"0\", \"savings_percent\": 0}, \"requests\": 0, ");
    stats_free(&stats);
    store_close(store);
}

/* Tiers dearer than default are default_spend, as in the seed's else branch, and can make the
 * saving negative. */
static void dearer_tiers(void)
{
    struct store *store = memory_store();
    struct price_table *openai = table_of("openai");
    served(store, openai, "priority", "urgent", 1000, 0);
    served(store, openai, "flex", "cheap", 1000, 0); /* no flex price for this model */
    served(store, openai, "", "urgent", 1000, 0);
    struct stats stats = collect(store);
    struct savings savings = stats_savings(&stats);
    CU_ASSERT_TRUE(savings.default_spend == 700000000);
    CU_ASSERT_TRUE(savings.flex_spend == 0);
    CU_ASSERT_TRUE(savings.would_have_spent == 400000000);
    CU_ASSERT_TRUE(savings.saved == -300000000);
    CU_ASSERT_EQUAL(stats.total.requests, 3);
    CU_ASSERT_EQUAL(stats.total.unpriced, 2);
    CU_ASSERT_EQUAL_FATAL(stats.tiers.count, 5);
    CU_ASSERT_TRUE(text_is(stats.tiers.items[3]->name, "priority"));
    CU_ASSERT_TRUE(text_is(stats.tiers.items[4]->name, "unknown"));
    CU_ASSERT_EQUAL_FATAL(stats.rules.count, 2);
    CU_ASSERT_TRUE(text_is(stats.rules.items[0]->name, "urgent"));
    CU_ASSERT_EQUAL(stats.rules.items[0]->requests, 2);
    stats_free(&stats);
    price_table_free(openai);
    store_close(store);
}

static void unanswered_attempts(void)
{
    struct store *store = memory_store();
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = row.model = row.rule = TEXT("x");
    row.outcome = LEDGER_REFUSED;
    row.cost = row.default_cost = 0;
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
    row.outcome = LEDGER_CANCELLED;
    row.cost = LEDGER_UNKNOWN;
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
    row.cost = 77;
    row.default_cost = LEDGER_UNKNOWN;
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
    row.outcome = LEDGER_ANSWERED;
    row.cost = 5;
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
    struct stats stats = collect(store);
    CU_ASSERT_EQUAL(stats.total.requests, 1);
    CU_ASSERT_EQUAL(stats.attempts[LEDGER_REFUSED], 1);
    CU_ASSERT_EQUAL(stats.attempts[LEDGER_CANCELLED], 2);
    CU_ASSERT_TRUE(stats.total.unanswered_spend == 77);
    CU_ASSERT_EQUAL(stats.unanswered_unpriced, 1);
    CU_ASSERT_EQUAL(stats.total.uncompared, 1);
    CU_ASSERT_TRUE(stats.total.uncompared_spend == 5);
    CU_ASSERT_TRUE(stats.total.spend == 0);
    stats_free(&stats);
    store_close(store);
}

static void add(struct store *store, const char *team, const char *chosen, const char *attempted,
                enum ledger_outcome outcome, int64_t delay)
{
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = row.model = row.rule = TEXT("x");
    row.attributes = text_of(team);
    row.chosen_tier = text_of(chosen);
    row.attempted_tier = text_of(attempted);
    row.outcome = outcome;
    row.cost = row.default_cost = outcome == LEDGER_ANSWERED ? 10 : 0;
    row.delay_added = delay;
    row.hour = 7;
    row.instant = 1772582400000; /* 2026-03-04T00:00:00Z */
    CU_ASSERT_EQUAL(ledger_append(store, &row, 1, NULL), TW_OK);
}

static void groups_and_filters(void)
{
    struct store *store = memory_store();
    struct zone *zone;
    struct stats stats;
    CU_ASSERT_EQUAL_FATAL(zone_open(TEXT("America/New_York"), &zone), TW_OK);
    add(store, "{\"team\":\"b\"}", "flex", "flex", LEDGER_REFUSED, 0);
    add(store, "{\"team\":\"b\"}", "flex", "default", LEDGER_ANSWERED, 1500);
    add(store, "{\"team\":\"a\"}", "flex", "flex", LEDGER_ANSWERED, 0);
    add(store, "", "default", "default", LEDGER_ANSWERED, 0);
    struct ledger_key team = ledger_key_of(TEXT("team"), zone);
    struct stats_query query = {.range = LEDGER_ALL, .by = &team};
    CU_ASSERT_EQUAL_FATAL(stats_collect(store, &query, &stats, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(stats.groups.count, 3);
    CU_ASSERT_TRUE(text_is(stats.groups.items[0]->name, ""));
    const struct stats_line *b = stats.groups.items[2];
    CU_ASSERT_TRUE(text_is(b->name, "b"));
    CU_ASSERT_EQUAL(b->requests, 1);
    CU_ASSERT_EQUAL(b->refused, 1);
    CU_ASSERT_EQUAL(b->unanswered, 1);
    CU_ASSERT_EQUAL(b->stepped_down, 1);
    CU_ASSERT_EQUAL(b->delayed, 1);
    CU_ASSERT_EQUAL(b->delay, 1500);
    CU_ASSERT_EQUAL(stats.total.stepped_down, 1);
    stats_free(&stats);
    const struct ledger_filter filters[] = {{team, TEXT("b")}};
    struct ledger_key day = ledger_key_of(TEXT("day"), zone);
    query = (struct stats_query){LEDGER_ALL, filters, 1, &day};
    CU_ASSERT_EQUAL_FATAL(stats_collect(store, &query, &stats, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(stats.groups.count, 1);
    CU_ASSERT_TRUE(text_is(stats.groups.items[0]->name, "2026-03-03"));
    CU_ASSERT_EQUAL(stats.total.requests, 1);
    stats_free(&stats);
    zone_free(zone);
    store_close(store);
}

static void many_rules(void)
{
    struct store *store = memory_store();
    struct price_table *seed = table_of("seed");
    for (int i = 0; i < 2000; i++) {
        char rule[16];
        snprintf(rule, sizeof rule, "line %d", i % 500);
        served(store, seed, i % 2 ? "flex" : "default", rule, 1, 1);
    }
    struct stats stats = collect(store);
    CU_ASSERT_EQUAL_FATAL(stats.rules.count, 500);
    for (size_t i = 0; i < stats.rules.count; i++)
        CU_ASSERT_EQUAL(stats.rules.items[i]->requests, 4);
    CU_ASSERT_EQUAL(stats.total.requests, 2000);
    stats_free(&stats);
    price_table_free(seed);
    store_close(store);
}

static void percents(void)
{
    static const struct {
        int64_t part, whole;
        int decimals;
        const char *expected, *fixed;
    } cases[] = {
        {1, 3, 4, "33.3333", "33.3333"},
        {2, 3, 4, "66.6667", "66.6667"},
        {1, 2, 1, "50", "50.0"},
        {0, 0, 1, "0", "0.0"},
        {5, 0, 1, "0", "0.0"},
        {-1, 3, 1, "-33.3", "-33.3"},
        {1, 2000, 1, "0", "0.0"},
        {3, 2000, 1, "0.2", "0.2"},
        {INT64_MAX, 1, 0, "922337203685477580700", "922337203685477580700"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 100);
        percent_print(&buffer, cases[i].part, cases[i].whole, cases[i].decimals);
        CU_ASSERT_STRING_EQUAL(buffer.data, cases[i].expected);
        buffer_clear(&buffer);
        percent_print_fixed(&buffer, cases[i].part, cases[i].whole, cases[i].decimals);
        CU_ASSERT_STRING_EQUAL(buffer.data, cases[i].fixed);
        buffer_free(&buffer);
    }
}

UNIT_TESTS({"the seed's savings", seed_savings}, {"nothing yet", nothing_yet},
           {"dearer tiers", dearer_tiers}, {"unanswered attempts", unanswered_attempts},
           {"groups and filters", groups_and_filters}, {"many rules", many_rules},
           {"percents", percents})
