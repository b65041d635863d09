/* tests/unit/budget_fixture.h: a policy with budgets, a store and prices to decide with. At the
 * tier default 100 tokens of output cost one cent, at flex half of that; input costs nothing. */
#ifndef TIERWAY_TESTS_BUDGET_FIXTURE_H
#define TIERWAY_TESTS_BUDGET_FIXTURE_H

#include "program/compile.h"
#include "runtime/budget.h"

#include "unit.h"

#define CENT (MONEY_DOLLAR / 100)

struct budget_fixture {
    tw_policy *policy;
    tw_request *request;
    struct zone *zone;
    struct store *store; /* NULL where a test opens its own */
    struct price_table *prices;
    struct arena arena;
};

static int64_t at(const char *text)
{
    int64_t instant = 0;
    CU_ASSERT_EQUAL(instant_parse(text_of(text), &instant, NULL), TW_OK);
    return instant;
}

/* location: of the store, NULL for none. */
static void budget_fixture_open(struct budget_fixture *fixture, const char *policy,
                                const char *location)
{
    static const char prices[] =
        "{\"currency\":\"USD\",\"unit\":\"USD per 1M tokens\",\"models\":[{\"model\":\"m\","
        "\"standard\":{\"input\":\"0\",\"output\":\"100\"},"
        "\"flex\":{\"input\":\"0\",\"output\":\"50\"}}]}";
    const struct store_options options = STORE_DEFAULTS;
    struct tw_error error = {0};
    *fixture = (struct budget_fixture){0};
    CU_ASSERT_EQUAL_FATAL(
        tw_policy_compile("test.tier", policy, strlen(policy), &fixture->policy, NULL), TW_OK);
    CU_ASSERT_EQUAL_FATAL(tw_request_new(fixture->policy, &fixture->request), TW_OK);
    CU_ASSERT_EQUAL_FATAL(zone_open(text_of(tw_policy_timezone(fixture->policy)), &fixture->zone),
                          TW_OK);
    CU_ASSERT_EQUAL_FATAL(price_table_parse(TEXT("test"), text_of(prices), &fixture->prices, NULL),
                          TW_OK);
    if (location)
        CU_ASSERT_EQUAL_FATAL(store_open(location, &options, &fixture->store, &error), TW_OK);
    arena_init(&fixture->arena, (size_t)64 << 20);
}

static void budget_fixture_close(struct budget_fixture *fixture)
{
    arena_free(&fixture->arena);
    store_close(fixture->store);
    price_table_free(fixture->prices);
    zone_free(fixture->zone);
    tw_request_free(fixture->request);
    tw_policy_free(fixture->policy);
}

/* A row as an answered attempt leaves it. */
static struct ledger_row budget_row(int64_t instant, int64_t cost)
{
    struct ledger_row row;
    ledger_row_init(&row);
    row.request_id = TEXT("r");
    row.attempt = 1;
    row.instant = instant;
    row.model = TEXT("m");
    row.chosen_tier = row.attempted_tier = row.served_tier = TEXT("default");
    row.rule = TEXT("otherwise");
    row.policy_hash = TEXT("0");
    row.cost = row.default_cost = cost;
    row.outcome = LEDGER_ANSWERED;
    return row;
}

static struct budget_question question_of(struct budget_fixture *fixture, int64_t instant,
                                          int64_t output_tokens)
{
    return (struct budget_question){.request = fixture->request,
                                    .zone = fixture->zone,
                                    .prices = fixture->prices,
                                    .model = TEXT("m"),
                                    .output_tokens = output_tokens,
                                    .instant = instant};
}

/* Decides a request of so many tokens of output, at most. */
static struct budget_question ask(struct budget_fixture *fixture, int64_t instant,
                                  int64_t output_tokens)
{
    struct budget_question question = question_of(fixture, instant, output_tokens);
    struct tw_error error = {0};
    CU_ASSERT_EQUAL(budget_question_open(&question, &fixture->arena, &error), TW_OK);
    CU_ASSERT_EQUAL(budget_decide(&question, fixture->store, &error), TW_OK);
    if (error.code)
        printf("\n%s\n", error.message);
    return question;
}

#endif
